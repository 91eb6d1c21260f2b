//! `sled:PATH`, the embedded default: one tree, read directly, written by one thread (`sled/committer.rs`).
//!
//! A stored value is eight big-endian bytes of version and then the value. Keys of the program begin with a letter or
//! digit; the store's own begin with a zero byte, so no scan can meet them.

mod committer;
mod disk;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use self::committer::{Committer, Request};
use self::disk::{Disk, advice, explain};
use super::commit::{Commit, Committed, Record, Value, Version};
use super::error::StoreError;
use super::key::{Key, Range};
use super::{Store, Visit, blocking};

/// Commits that may wait before `commit` itself has to: a few batches.
const QUEUE: usize = 1_024;
/// A scan that may return more leaves the async thread; a shorter one takes about as long as the change of threads.
const LONG_SCAN: usize = 1_000;
/// A restarted service may come up while the old process still lets go of its files.
const LOCK_PATIENCE: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(100);

const LAST_VERSION: &[u8] = b"\0last-version";
const FORMAT: &[u8] = b"\0format";
/// Raised when an older program could no longer read what this one writes.
const FORMAT_NOW: u64 = 1;

/// The embedded store. One process at a time can have it open.
pub struct SledStore {
    shared: Arc<Shared>,
    requests: mpsc::Sender<Request>,
}

/// What readers and the committer thread share.
struct Shared {
    path: PathBuf,
    /// `None` once closed: sled releases its lock on the files only when the last handle is gone.
    database: RwLock<Option<::sled::Db>>,
    /// Why the store stopped. Set once, when the disk refused a commit: from then on the tree may hold what the disk
    /// does not, so readers are refused as well as writers, and only opening the files anew tells what is true.
    stopped: OnceLock<String>,
}

impl SledStore {
    /// Opens the store in this directory, making it if need be.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let (database, disk) = Self::files(path).await?;
        Self::start(path, database, disk)
    }

    /// Opens the files, with patience for one who had them open a moment ago.
    async fn files(path: &Path) -> Result<(::sled::Db, Disk), StoreError> {
        let mut attempts = 0;
        loop {
            let directory = path.to_path_buf();
            match blocking(move || disk::open(&directory)).await {
                Err(StoreError::Busy(_)) if attempts < LOCK_PATIENCE => {
                    attempts += 1;
                    tokio::time::sleep(LOCK_PAUSE).await;
                }
                opened => return opened,
            }
        }
    }

    fn start(path: &Path, database: ::sled::Db, disk: Disk) -> Result<Self, StoreError> {
        let last_version = check_format(&database, path)?;
        let shared = Arc::new(Shared {
            path: path.to_path_buf(),
            database: RwLock::new(Some(database.clone())),
            stopped: OnceLock::new(),
        });
        let (requests, waiting) = mpsc::channel(QUEUE);
        Committer::new(database, disk, waiting, last_version, shared.clone()).spawn()?;
        Ok(Self { shared, requests })
    }

    /// Hands a request to the committer thread and waits for its answer.
    async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<T>) -> Request + Send,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let gone = || self.shared.unavailable();
        self.requests.send(request(answer)).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())
    }
}

#[async_trait]
impl Store for SledStore {
    async fn get(&self, key: &Key) -> Result<Option<(Value, Version)>, StoreError> {
        self.shared
            .read(|database| {
                let found = database.get(key.as_bytes())?;
                Ok(found.map(|stored| split(&stored)))
            })?
            .transpose()
            .map_err(|Unversioned| {
                StoreError::Corrupt(format!("the record `{key}` has no version; {}", self.shared.advice()))
            })
    }

    async fn scan(&self, range: &Range, limit: usize, reverse: bool) -> Result<Vec<Record>, StoreError> {
        if limit <= LONG_SCAN {
            return self.shared.scan(range, limit, reverse);
        }
        let (shared, range) = (self.shared.clone(), range.clone());
        blocking(move || shared.scan(&range, limit, reverse)).await
    }

    async fn commit(&self, commit: Commit) -> Result<Committed, StoreError> {
        commit.validate()?;
        self.ask(|answer| Request::Commit(commit, answer)).await?
    }

    async fn snapshot(&self, visit: Visit) -> Result<(), StoreError> {
        self.ask(|answer| Request::Snapshot(visit, answer)).await?
    }

    async fn close(&self) -> Result<(), StoreError> {
        // A store that has stopped has nothing left to finish, so an error here only says that it is closed already.
        match self.ask(Request::Close).await {
            Ok(()) | Err(_) => self.shared.release(),
        }
        Ok(())
    }

    fn scheme(&self) -> &'static str {
        "sled"
    }
}

impl Shared {
    /// Runs a read, unless the store is closed or stopped.
    fn read<T>(&self, read: impl FnOnce(&::sled::Db) -> ::sled::Result<T>) -> Result<T, StoreError> {
        if self.stopped.get().is_some() {
            return Err(self.unavailable());
        }
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        let database = database.as_ref().ok_or_else(|| self.unavailable())?;
        read(database).map_err(|error| explain(error, &self.path))
    }

    fn scan(&self, range: &Range, limit: usize, reverse: bool) -> Result<Vec<Record>, StoreError> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let stored = self.read(|database| {
            let found = database.range(range.start()..range.end());
            if reverse {
                found.rev().take(limit).collect()
            } else {
                found.take(limit).collect::<Result<Vec<_>, _>>()
            }
        })?;
        stored.into_iter().map(|(key, value)| self.record(&key, &value)).collect()
    }

    fn record(&self, key: &[u8], stored: &[u8]) -> Result<Record, StoreError> {
        let key = Key::from_bytes(key.to_vec())
            .map_err(|why| StoreError::Corrupt(format!("a key does not decode: {why}; {}", self.advice())))?;
        let (value, version) = split(stored).map_err(|Unversioned| {
            StoreError::Corrupt(format!("the record `{key}` has no version; {}", self.advice()))
        })?;
        Ok(Record { key, value, version })
    }

    fn advice(&self) -> String {
        advice(&self.path)
    }

    fn unavailable(&self) -> StoreError {
        StoreError::Unavailable(self.stopped.get().cloned().unwrap_or_else(|| "it was closed".into()))
    }

    fn release(&self) {
        drop(self.database.write().unwrap_or_else(PoisonError::into_inner).take());
    }
}

struct Unversioned;

fn join(version: Version, value: &[u8]) -> Vec<u8> {
    let mut stored = Vec::with_capacity(8 + value.len());
    stored.extend_from_slice(&version.0.to_be_bytes());
    stored.extend_from_slice(value);
    stored
}

fn split(stored: &[u8]) -> Result<(Value, Version), Unversioned> {
    let (version, value) = stored.split_first_chunk::<8>().ok_or(Unversioned)?;
    Ok((Bytes::copy_from_slice(value), Version(u64::from_be_bytes(*version))))
}

/// Returns the version of the last commit, after making sure that this program knows the format.
fn check_format(database: &::sled::Db, path: &Path) -> Result<Version, StoreError> {
    let number = |name: &[u8]| -> Result<Option<u64>, StoreError> {
        let stored = database.get(name).map_err(|error| explain(error, path))?;
        let Some(stored) = stored else { return Ok(None) };
        let bytes = stored
            .as_ref()
            .try_into()
            .map_err(|_| StoreError::Corrupt(format!("its own records do not decode; {}", advice(path))))?;
        Ok(Some(u64::from_be_bytes(bytes)))
    };
    match number(FORMAT)? {
        Some(format) if format > FORMAT_NOW => Err(StoreError::Misconfigured(format!(
            "the store has format {format}, this program knows {FORMAT_NOW}; use the newer program"
        ))),
        // The committer writes the format together with the first version.
        _ => Ok(Version(number(LAST_VERSION)?.unwrap_or_default())),
    }
}

#[cfg(test)]
mod tests;
