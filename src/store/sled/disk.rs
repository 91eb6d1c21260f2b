//! Opening sled's files, and making what was written to them durable.
//!
//! `flush` of sled 0.34 on Linux asks for `sync_file_range` only, which neither records that the file has grown nor
//! empties the cache of the drive, and it never syncs the files it keeps large pages in. That survives the end of the
//! process but not a power cut; [`Disk::sync`] adds what is missing.

use std::fs::{DirBuilder, File};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use crate::store::error::StoreError;

/// sled would take a gigabyte. A city's open conversations and queue fit in this many times over.
const CACHE_BYTES: u64 = 128 << 20;

/// sled's files, as far as the committer thread has to know them.
pub(super) struct Disk {
    log: File,
    blobs: PathBuf,
    /// sled names each large page by its place in the log, which only grows.
    last_synced_blob: i64,
    /// Tests make the disk fail here.
    #[cfg(test)]
    pub(super) fails: bool,
}

/// Opens the database in this directory, making it if need be.
pub(super) fn open(path: &Path) -> Result<(::sled::Db, Disk), StoreError> {
    make_directory(path).map_err(StoreError::files("make the directory", path))?;
    let config = ::sled::Config::new()
        .path(path)
        .cache_capacity(CACHE_BYTES)
        // The committer thread flushes once a batch; sled's own flusher would only get in its way.
        .flush_every_ms(None);
    // sled panics on some files that it can't make sense of, and an operator needs more than a backtrace.
    let opened = catch_unwind(AssertUnwindSafe(|| config.open()));
    let database = match opened {
        Ok(opened) => opened.map_err(|error| explain(error, path))?,
        Err(_) => return Err(StoreError::Corrupt(format!("opening it failed; {}", advice(path)))),
    };
    let disk = Disk::open(path).map_err(StoreError::files("open the files in", path))?;
    Ok((database, disk))
}

impl Disk {
    fn open(path: &Path) -> io::Result<Self> {
        let log = File::open(path.join("db"))?;
        let blobs = path.join("blobs");
        // Files that sled has just made are durable only with the directories that name them.
        for directory in
            [&blobs, path, path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."))]
        {
            File::open(directory)?.sync_all()?;
        }
        Ok(Self {
            log,
            blobs,
            last_synced_blob: -1,
            #[cfg(test)]
            fails: false,
        })
    }

    /// Returns once everything sled has written so far would survive a power cut.
    pub(super) fn sync(&mut self, database: &::sled::Db) -> ::sled::Result<()> {
        #[cfg(test)]
        if self.fails {
            return Err(::sled::Error::Io(io::Error::other("the disk fails, as the test wants")));
        }
        database.flush()?;
        self.log.sync_data()?;
        self.sync_blobs()?;
        Ok(())
    }

    /// Syncs the large pages written since the last time.
    fn sync_blobs(&mut self) -> io::Result<()> {
        let mut newest = self.last_synced_blob;
        for entry in std::fs::read_dir(&self.blobs)? {
            let entry = entry?;
            let Some(place) = entry.file_name().to_str().and_then(|name| name.parse::<i64>().ok()) else {
                continue;
            };
            if place > self.last_synced_blob {
                sync_if_there(&entry.path())?;
                newest = newest.max(place);
            }
        }
        if newest > self.last_synced_blob {
            File::open(&self.blobs)?.sync_all()?;
            self.last_synced_blob = newest;
        }
        Ok(())
    }
}

/// sled removes a large page that it has replaced, perhaps at this moment.
fn sync_if_there(path: &Path) -> io::Result<()> {
    match File::open(path).and_then(|file| file.sync_all()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Conversations are nobody else's business on a shared machine, so a new directory is the owner's alone.
fn make_directory(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// What to do about a damaged store.
pub(super) fn advice(path: &Path) -> String {
    format!("move `{}` aside, then run `yikouwen restore DIR` with the newest backup", path.display())
}

/// Says what an error of sled means for whoever runs the program.
pub(super) fn explain(error: ::sled::Error, path: &Path) -> StoreError {
    match error {
        // sled 0.34 reports a lock that another process holds as an error of no particular kind.
        ::sled::Error::Io(error) if error.to_string().contains("could not acquire lock") => StoreError::Busy(
            format!("another process has `{}` open; stop it first, or use that one", path.display()),
        ),
        // A log shorter than what it refers to reads as an unexpected end, which is no fault of the disk.
        ::sled::Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            StoreError::Corrupt(format!("{error}; {}", advice(path)))
        }
        ::sled::Error::Io(source) => StoreError::Files { doing: format!("use `{}`", path.display()), source },
        ::sled::Error::Corruption { .. }
        | ::sled::Error::ReportableBug(_)
        | ::sled::Error::Unsupported(_) => StoreError::Corrupt(format!("{error}; {}", advice(path))),
        ::sled::Error::CollectionNotFound(_) => StoreError::Corrupt(advice(path)),
    }
}
