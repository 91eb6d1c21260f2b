//! The file: a log of records, each with its length and checksum. Whatever a crash leaves behind is whole records and
//! perhaps a piece of one, which is cut off.
//!
//! ```text
//! file    = magic, record of the space, records …
//! record  = length of the payload (4 bytes, little-endian), CRC-32 of the payload (4), payload
//! payload = 'S', the space in JSON
//!         | 'T', hash of the text (16), scale (4), one byte a dimension
//!         | 'E', number of texts (2), their hashes (16 each), the entry's id
//! ```

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::Space;
use super::quantised::Quantised;
use super::text::TextHash;
use crate::entry::EntryId;

const MAGIC: &[u8; 8] = b"ykwvec1\n";

/// No payload is longer; a damaged length must not make the reader take all memory.
const LONGEST: usize = 2 << 20;

/// One line of the log.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Record {
    /// A text has this vector.
    Text { hash: TextHash, vector: Quantised },
    /// An entry has these texts and no others.
    Entry { id: EntryId, texts: Vec<TextHash> },
}

/// What lay in the file when it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// Vectors of this model.
    Vectors,
    /// Vectors of this model, and damage; what came after it was dropped.
    Damage,
    /// Something else, or vectors of another model or size. It was dropped.
    Other,
}

/// The open file.
pub(super) struct Log {
    path: PathBuf,
    file: File,
    /// Up to here every record is whole.
    length: u64,
}

impl Log {
    /// Opens or begins the file and hands over what it holds of that space.
    pub(super) fn open(path: &Path, space: &Space, mut take: impl FnMut(Record)) -> io::Result<(Log, Found)> {
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory)?;
        }
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let mut log = Log { path: path.to_owned(), file, length: 0 };
        let size = log.file.metadata()?.len();
        let mut reader = BufReader::with_capacity(1 << 20, &log.file);
        let mut payload = Vec::new();
        let begins = read_magic(&mut reader)? && read(&mut reader, &mut payload)?;
        if !begins || space_of(&payload).as_ref() != Some(space) {
            drop(reader);
            log.replace(space, &[])?;
            return Ok((log, if size == 0 { Found::Nothing } else { Found::Other }));
        }
        let mut length = (MAGIC.len() + 8 + payload.len()) as u64;
        while read(&mut reader, &mut payload)? {
            let Some(record) = decode(&payload) else { break };
            take(record);
            length += (8 + payload.len()) as u64;
        }
        drop(reader);
        log.length = length;
        if length < size {
            log.file.set_len(length)?;
        }
        Ok((log, if length < size { Found::Damage } else { Found::Vectors }))
    }

    /// Appends records. After an error the file is as long as before.
    pub(super) fn append(&mut self, records: &[Record]) -> io::Result<()> {
        let mut bytes = Vec::new();
        for record in records {
            frame(&encode(record), &mut bytes);
        }
        let mut write = || -> io::Result<()> {
            self.file.seek(SeekFrom::Start(self.length))?;
            self.file.write_all(&bytes)?;
            self.file.sync_data()
        };
        if let Err(error) = write() {
            // If that fails too, the next opening cuts the piece off.
            drop(self.file.set_len(self.length));
            return Err(error);
        }
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Puts a new file with these records in the place of this one, whole or not at all.
    pub(super) fn replace(&mut self, space: &Space, records: &[Record]) -> io::Result<()> {
        let fresh = self.path.with_extension("new");
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&fresh)?;
        let mut writer = BufWriter::with_capacity(1 << 20, file);
        let mut payload = b"S".to_vec();
        payload.extend(serde_json::to_vec(space)?);
        let mut bytes = MAGIC.to_vec();
        frame(&payload, &mut bytes);
        let mut length = 0;
        for record in records {
            writer.write_all(&bytes)?;
            length += bytes.len() as u64;
            bytes.clear();
            frame(&encode(record), &mut bytes);
        }
        writer.write_all(&bytes)?;
        length += bytes.len() as u64;
        let file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        std::fs::rename(&fresh, &self.path)?;
        if let Some(directory) = self.path.parent() {
            File::open(directory)?.sync_all()?;
        }
        (self.file, self.length) = (file, length);
        Ok(())
    }
}

fn frame(payload: &[u8], bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&crc32fast::hash(payload).to_le_bytes());
    bytes.extend_from_slice(payload);
}

fn encode(record: &Record) -> Vec<u8> {
    let mut payload = Vec::new();
    match record {
        Record::Text { hash, vector } => {
            payload.push(b'T');
            payload.extend_from_slice(&hash.0);
            payload.extend_from_slice(&vector.scale.to_le_bytes());
            payload.extend(vector.bytes.iter().map(|&value| value as u8));
        }
        Record::Entry { id, texts } => {
            payload.push(b'E');
            payload.extend_from_slice(&(texts.len() as u16).to_le_bytes());
            payload.extend(texts.iter().flat_map(|hash| hash.0));
            payload.extend_from_slice(id.as_str().as_bytes());
        }
    }
    payload
}

fn decode(payload: &[u8]) -> Option<Record> {
    let (&kind, rest) = payload.split_first()?;
    match kind {
        b'T' => {
            let (hash, rest) = rest.split_first_chunk()?;
            let (scale, bytes) = rest.split_first_chunk()?;
            let vector = Quantised {
                scale: f32::from_le_bytes(*scale),
                bytes: bytes.iter().map(|&value| value as i8).collect(),
            };
            Some(Record::Text { hash: TextHash(*hash), vector })
        }
        b'E' => {
            let (count, mut rest) = rest.split_first_chunk()?;
            let mut texts = Vec::new();
            for _ in 0..u16::from_le_bytes(*count) {
                let (hash, after) = rest.split_first_chunk()?;
                texts.push(TextHash(*hash));
                rest = after;
            }
            let id = EntryId::new(std::str::from_utf8(rest).ok()?).ok()?;
            Some(Record::Entry { id, texts })
        }
        _ => None,
    }
}

fn space_of(payload: &[u8]) -> Option<Space> {
    serde_json::from_slice(payload.strip_prefix(b"S")?).ok()
}

fn read_magic(reader: &mut impl Read) -> io::Result<bool> {
    let mut magic = [0; MAGIC.len()];
    Ok(fill(reader, &mut magic)? && &magic == MAGIC)
}

/// Reads the next payload; false at the end, and where a record is not whole.
fn read(reader: &mut impl Read, payload: &mut Vec<u8>) -> io::Result<bool> {
    let (mut length, mut checksum) = ([0; 4], [0; 4]);
    if !fill(reader, &mut length)? || !fill(reader, &mut checksum)? {
        return Ok(false);
    }
    let length = u32::from_le_bytes(length) as usize;
    if length > LONGEST {
        return Ok(false);
    }
    payload.resize(length, 0);
    Ok(fill(reader, payload)? && crc32fast::hash(payload) == u32::from_le_bytes(checksum))
}

/// Fills the buffer; false if the file ends before.
fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match reader.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
