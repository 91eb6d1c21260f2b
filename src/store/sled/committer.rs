//! The one thread that writes. It gathers the commits that wait, checks them in order, applies what passes as one
//! batch, flushes once, and only then answers. Many tasks that flush for themselves make sled 0.34 hang; one flush for
//! all who wait is also what makes durable commits cheap.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::disk::{Disk, explain};
use super::{FORMAT, FORMAT_NOW, LAST_VERSION, Shared, join, split};
use crate::store::Visit;
use crate::store::commit::{Commit, Committed, Version};
use crate::store::error::StoreError;
use crate::store::key::{Key, Range};

/// A batch is closed at either of these, so that one flush stays short and the first in it need not wait for long.
const BATCH_COMMITS: usize = 512;
const BATCH_BYTES: usize = 4 << 20;

/// What callers may ask of the thread. Each is answered through its channel, or by dropping it when the store stops.
pub(super) enum Request {
    Commit(Commit, oneshot::Sender<Result<Committed, StoreError>>),
    Snapshot(Visit, oneshot::Sender<Result<(), StoreError>>),
    Close(oneshot::Sender<()>),
}

pub(super) struct Committer {
    database: ::sled::Db,
    disk: Disk,
    requests: mpsc::Receiver<Request>,
    last_version: Version,
    shared: Arc<Shared>,
}

/// What one flush will make durable.
#[derive(Default)]
struct Batch {
    writes: ::sled::Batch,
    /// The version each key will have: later commits of the batch are checked against it.
    versions: HashMap<Vec<u8>, Option<Version>>,
    answers: Vec<(oneshot::Sender<Result<Committed, StoreError>>, Committed)>,
    bytes: usize,
}

impl Batch {
    fn is_full(&self) -> bool {
        self.answers.len() >= BATCH_COMMITS || self.bytes >= BATCH_BYTES
    }
}

impl Committer {
    pub(super) fn new(
        database: ::sled::Db,
        disk: Disk,
        requests: mpsc::Receiver<Request>,
        last_version: Version,
        shared: Arc<Shared>,
    ) -> Self {
        Self { database, disk, requests, last_version, shared }
    }

    /// Starts the thread. It ends when the store is closed, dropped, or stopped by an error.
    pub(super) fn spawn(self) -> Result<(), StoreError> {
        let run = move || {
            let shared = self.shared.clone();
            let ended = catch_unwind(AssertUnwindSafe(|| self.run()));
            if ended.is_err() {
                shared.stop("the thread that writes has panicked");
            }
        };
        let thread = std::thread::Builder::new().name("store-committer".into()).spawn(run);
        thread
            .map(drop)
            .map_err(|source| StoreError::Files { doing: "start the store's thread".into(), source })
    }

    fn run(mut self) {
        while let Some(first) = self.requests.blocking_recv() {
            let mut batch = Batch::default();
            let mut next = Some(first);
            let mut other = None;
            while let Some(request) = next.take() {
                match request {
                    Request::Commit(commit, answer) => {
                        if let Err(error) = self.take(&mut batch, commit, answer) {
                            // Before the batch is dropped: those who wait in it learn the reason from here.
                            return self.shared.stop(&error.to_string());
                        }
                    }
                    Request::Snapshot(..) | Request::Close(_) => {
                        other = Some(request);
                        break;
                    }
                }
                if !batch.is_full() {
                    next = self.requests.try_recv().ok();
                }
            }
            if let Err(error) = self.write(&mut batch) {
                return self.shared.stop(&format!("{error}; mend the disk, then start again"));
            }
            match other {
                Some(Request::Snapshot(visit, answer)) => reply(answer, self.copy(visit)),
                Some(Request::Close(answer)) => {
                    // sled's lock goes with its last handle, and whoever closes may open again at once.
                    self.shared.release();
                    drop(self.database);
                    return reply(answer, ());
                }
                Some(Request::Commit(..)) | None => {}
            }
        }
    }

    /// Checks a commit against the tree and the batch, and adds it to the batch if nothing speaks against it.
    fn take(
        &mut self,
        batch: &mut Batch,
        commit: Commit,
        answer: oneshot::Sender<Result<Committed, StoreError>>,
    ) -> Result<(), StoreError> {
        for (key, expected) in &commit.checks {
            if self.version(batch, key)? != *expected {
                batch.answers.push((answer, Committed::Conflict(key.clone())));
                return Ok(());
            }
        }
        let version = Version(self.last_version.max(commit.floor).0 + 1);
        self.last_version = version;
        batch.bytes += commit.size();
        for key in commit.deletes {
            batch.writes.remove(key.as_bytes());
            batch.versions.insert(key.as_bytes().to_vec(), None);
        }
        for (key, value) in commit.puts {
            batch.writes.insert(key.as_bytes(), join(version, &value));
            batch.versions.insert(key.as_bytes().to_vec(), Some(version));
        }
        batch.answers.push((answer, Committed::Done(version)));
        Ok(())
    }

    fn version(&self, batch: &Batch, key: &Key) -> Result<Option<Version>, StoreError> {
        if let Some(version) = batch.versions.get(key.as_bytes()) {
            return Ok(*version);
        }
        let stored = self.database.get(key.as_bytes()).map_err(|error| explain(error, &self.shared.path))?;
        let Some(stored) = stored else { return Ok(None) };
        match split(&stored) {
            Ok((_, version)) => Ok(Some(version)),
            Err(_) => Err(StoreError::Corrupt(format!("the record `{key}` has no version"))),
        }
    }

    /// Makes the batch durable and answers those who wait for it.
    fn write(&mut self, batch: &mut Batch) -> Result<(), StoreError> {
        let has_changes = batch.answers.iter().any(|(_, outcome)| outcome.is_done());
        if has_changes {
            let mut writes = std::mem::take(&mut batch.writes);
            // The counter is written with every batch, so that no version is given twice.
            writes.insert(LAST_VERSION, &self.last_version.0.to_be_bytes());
            writes.insert(FORMAT, &FORMAT_NOW.to_be_bytes());
            self.database
                .apply_batch(writes)
                .and_then(|()| self.disk.sync(&self.database))
                .map_err(|error| explain(error, &self.shared.path))?;
        }
        for (answer, outcome) in batch.answers.drain(..) {
            reply(answer, Ok(outcome));
        }
        Ok(())
    }

    /// Shows every record between two batches, which is a moment at which all of them belong together.
    fn copy(&self, mut visit: Visit) -> Result<(), StoreError> {
        let range = Range::all();
        for stored in self.database.range(range.start()..range.end()) {
            let (key, value) = stored.map_err(|error| explain(error, &self.shared.path))?;
            visit(self.shared.record(&key, &value)?)?;
        }
        Ok(())
    }
}

impl Shared {
    fn stop(&self, reason: &str) {
        // Only the first reason counts: what fails later fails because of it.
        if self.stopped.set(reason.to_owned()).is_ok() {
            tracing::error!(store.path = %self.path.display(), reason, "the store has stopped");
        }
    }
}

/// Answers a caller. One that no longer waits was told that a dropped commit may happen nevertheless.
fn reply<T>(answer: oneshot::Sender<T>, outcome: T) {
    drop(answer.send(outcome));
}
