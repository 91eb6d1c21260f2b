//! `memory:`, the reference: what it does is what every store must do. It forgets everything when it is dropped.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::commit::{Commit, Committed, Record, Value, Version};
use super::error::StoreError;
use super::key::{Key, Range};
use super::{Store, Visit};

/// A store for tests and for trying things out.
#[derive(Default)]
pub struct MemoryStore {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// By encoded key, because a range's ends need not be keys.
    records: BTreeMap<Vec<u8>, Record>,
    last_version: Version,
    is_closed: bool,
}

impl MemoryStore {
    fn state(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        // No code that holds the lock can panic half-way through a change.
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.is_closed {
            return Err(StoreError::Unavailable("it was closed".into()));
        }
        Ok(state)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn get(&self, key: &Key) -> Result<Option<(Value, Version)>, StoreError> {
        let state = self.state()?;
        Ok(state.records.get(key.as_bytes()).map(|record| (record.value.clone(), record.version)))
    }

    async fn scan(&self, range: &Range, limit: usize, reverse: bool) -> Result<Vec<Record>, StoreError> {
        let state = self.state()?;
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let records =
            state.records.range(range.start().to_vec()..range.end().to_vec()).map(|(_, record)| record);
        Ok(if reverse {
            records.rev().take(limit).cloned().collect()
        } else {
            records.take(limit).cloned().collect()
        })
    }

    async fn commit(&self, commit: Commit) -> Result<Committed, StoreError> {
        commit.validate()?;
        let mut state = self.state()?;
        for (key, expected) in commit.checks {
            let found = state.records.get(key.as_bytes()).map(|record| record.version);
            if found != expected {
                return Ok(Committed::Conflict(key));
            }
        }
        let version = Version(state.last_version.max(commit.floor).0 + 1);
        state.last_version = version;
        for key in commit.deletes {
            state.records.remove(key.as_bytes());
        }
        for (key, value) in commit.puts {
            state.records.insert(key.as_bytes().to_vec(), Record { key, value, version });
        }
        Ok(Committed::Done(version))
    }

    async fn snapshot(&self, mut visit: Visit) -> Result<(), StoreError> {
        let records: Vec<Record> = self.state()?.records.values().cloned().collect();
        records.into_iter().try_for_each(&mut visit)
    }

    async fn close(&self) -> Result<(), StoreError> {
        if let Ok(mut state) = self.state() {
            state.is_closed = true;
        }
        Ok(())
    }

    fn scheme(&self) -> &'static str {
        "memory"
    }
}
