//! The backup file: writing it so that it is complete or absent, reading it only when nothing in it has changed.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::BACKUP_FILE;
use crate::store::commit::{MAX_COMMIT_BYTES, Record, Version};
use crate::store::error::StoreError;
use crate::store::key::{Key, OwnedPart};

const FORMAT_NOW: u32 = 1;
/// No line that names a record is longer; a damaged file must not make the reader take all memory for one.
const LONGEST_LINE: u64 = 2 * MAX_COMMIT_BYTES as u64;

/// The lines of the file, apart from the values between them.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// The first one.
    YikouwenStore { format: u32, created_at: Timestamp },
    /// Announces a value: so many bytes follow, and a line feed.
    Record { space: String, parts: Vec<OwnedPart>, version: Version, bytes: usize },
    /// The last one. The checksum is of all bytes before this line.
    End { records: u64, sha256: String },
}

/// Writes under another name and renames at the end, so that a backup cut short never looks like one.
pub(super) struct Writer {
    directory: PathBuf,
    file: BufWriter<File>,
    hash: Sha256,
    records: u64,
}

impl Writer {
    pub(super) fn create(directory: &Path, created_at: Timestamp) -> Result<Self, StoreError> {
        std::fs::create_dir_all(directory).map_err(StoreError::files("make the directory", directory))?;
        let path = unfinished(directory);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        // It holds what citizens wrote, so it is the owner's alone.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(StoreError::files("write", &path))?;
        let mut writer = Self {
            directory: directory.to_path_buf(),
            file: BufWriter::new(file),
            hash: Sha256::new(),
            records: 0,
        };
        writer.line(&Line::YikouwenStore { format: FORMAT_NOW, created_at })?;
        Ok(writer)
    }

    pub(super) fn write(&mut self, record: &Record) -> Result<(), StoreError> {
        self.line(&Line::Record {
            space: record.key.space().to_owned(),
            parts: record.key.parts(),
            version: record.version,
            bytes: record.value.len(),
        })?;
        self.put(&record.value)?;
        self.put(b"\n")?;
        self.records += 1;
        Ok(())
    }

    /// Returns once the file has its final name and is on the disk.
    pub(super) fn finish(&mut self) -> Result<(), StoreError> {
        let sha256 = hex(&std::mem::take(&mut self.hash));
        self.line(&Line::End { records: self.records, sha256 })?;
        self.publish().map_err(StoreError::files("write a backup to", &self.directory))
    }

    fn publish(&mut self) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        std::fs::rename(unfinished(&self.directory), self.directory.join(BACKUP_FILE))?;
        // The new name is durable only with the directory that holds it.
        File::open(&self.directory)?.sync_all()
    }

    fn line(&mut self, line: &Line) -> Result<(), StoreError> {
        let mut json = serde_json::to_vec(line).map_err(|error| StoreError::Refused(error.to_string()))?;
        json.push(b'\n');
        self.put(&json)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.hash.update(bytes);
        self.file.write_all(bytes).map_err(StoreError::files("write", &unfinished(&self.directory)))
    }
}

/// What a whole and unchanged backup says about itself.
pub(super) struct Checked {
    /// The greatest version in it.
    pub(super) last_version: Version,
}

/// Gives back the records in the order they were written.
pub(super) struct Reader {
    path: PathBuf,
    file: BufReader<File>,
    hash: Sha256,
    records: u64,
}

impl Reader {
    /// Reads all of the file: its checksum, its count and every record have to be right.
    pub(super) fn check(directory: &Path) -> Result<Checked, StoreError> {
        let mut reader = Self::open(directory)?;
        let mut last_version = Version::default();
        while let Some(record) = reader.next()? {
            last_version = last_version.max(record.version);
        }
        Ok(Checked { last_version })
    }

    pub(super) fn open(directory: &Path) -> Result<Self, StoreError> {
        let path = directory.join(BACKUP_FILE);
        let file = File::open(&path).map_err(StoreError::files("read", &path))?;
        let mut reader = Self { path, file: BufReader::new(file), hash: Sha256::new(), records: 0 };
        match reader.line()? {
            Line::YikouwenStore { format: FORMAT_NOW, .. } => Ok(reader),
            Line::YikouwenStore { format, .. } => Err(StoreError::Misconfigured(format!(
                "the backup has format {format}, this program knows {FORMAT_NOW}; use the newer program"
            ))),
            Line::Record { .. } | Line::End { .. } => Err(reader.damaged("it has no head")),
        }
    }

    /// The next record; `None` after the last, once the checksum has been found right.
    pub(super) fn next(&mut self) -> Result<Option<Record>, StoreError> {
        let before = self.hash.clone();
        match self.line()? {
            Line::Record { space, parts, version, bytes } => {
                let key = Key::from_parts(&space, &parts).map_err(|_| self.damaged("a key is illegal"))?;
                let value = self.value(bytes)?;
                self.records += 1;
                Ok(Some(Record { key, value, version }))
            }
            Line::End { records, sha256 } => {
                if records != self.records || sha256 != hex(&before) {
                    return Err(self.damaged("the checksum is wrong"));
                }
                Ok(None)
            }
            Line::YikouwenStore { .. } => Err(self.damaged("it has a second head")),
        }
    }

    fn value(&mut self, length: usize) -> Result<Bytes, StoreError> {
        if length > MAX_COMMIT_BYTES {
            return Err(self.damaged("a value is too long"));
        }
        let mut value = vec![0; length + 1];
        self.file.read_exact(&mut value).map_err(|_| self.damaged("it is cut short"))?;
        self.hash.update(&value);
        if value.pop() != Some(b'\n') {
            return Err(self.damaged("a value is longer than announced"));
        }
        Ok(value.into())
    }

    fn line(&mut self) -> Result<Line, StoreError> {
        let mut line = Vec::new();
        let mut limited = self.file.by_ref().take(LONGEST_LINE);
        limited.read_until(b'\n', &mut line).map_err(StoreError::files("read", &self.path))?;
        if line.is_empty() {
            return Err(self.damaged("it is cut short"));
        }
        self.hash.update(&line);
        serde_json::from_slice(&line).map_err(|_| self.damaged("a line is not what it should be"))
    }

    fn damaged(&self, why: &str) -> StoreError {
        StoreError::Corrupt(format!(
            "the backup `{}` can't be used: {why}; take another one",
            self.path.display()
        ))
    }
}

fn unfinished(directory: &Path) -> PathBuf {
    directory.join(format!("{BACKUP_FILE}.unfinished"))
}

fn hex(hash: &Sha256) -> String {
    hash.clone().finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
