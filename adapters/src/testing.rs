//! What the unit tests of all channels share.

pub(crate) mod fuzz;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

use crate::{Alarms, ChannelId, File, Files, Kit, Note, Notes, NotesError, Now, Trust};

/// Notes that are gone with the test.
#[derive(Default)]
pub(crate) struct MemoryNotes(Mutex<(u64, BTreeMap<Vec<String>, Note>)>);

fn owned(key: &[&str]) -> Vec<String> {
    key.iter().map(|&part| part.to_owned()).collect()
}

#[async_trait]
impl Notes for MemoryNotes {
    async fn read(&self, key: &[&str]) -> Result<Option<Note>, NotesError> {
        Ok(self.0.lock().unwrap().1.get(&owned(key)).cloned())
    }

    async fn write(&self, key: &[&str], seen: Option<u64>, value: Option<Value>) -> Result<bool, NotesError> {
        let (last, kept) = &mut *self.0.lock().unwrap();
        if kept.get(&owned(key)).map(|note| note.version) != seen {
            return Ok(false);
        }
        *last += 1;
        match value {
            Some(value) => kept.insert(owned(key), Note { value, version: *last }),
            None => kept.remove(&owned(key)),
        };
        Ok(true)
    }

    async fn list(&self, prefix: &[&str], limit: usize) -> Result<Vec<(Vec<String>, Note)>, NotesError> {
        let prefix = owned(prefix);
        let kept = &self.0.lock().unwrap().1;
        let found = kept.iter().filter(|(key, _)| key.starts_with(&prefix)).take(limit);
        Ok(found.map(|(key, note)| (key.clone(), note.clone())).collect())
    }
}

struct NoFiles;

#[async_trait]
impl Files for NoFiles {
    async fn file(&self, _: &str) -> Result<Option<File>, NotesError> {
        Ok(None)
    }
}

/// What a channel is handed, at the beginning of 1970.
pub(crate) fn kit(name: &str) -> Kit {
    let now: Now = Arc::new(|| Timestamp::UNIX_EPOCH);
    Kit {
        id: ChannelId::new(name),
        notes: Arc::new(MemoryNotes::default()),
        files: Arc::new(NoFiles),
        alarms: Alarms::new(Arc::clone(&now)),
        now,
        http: reqwest::Client::new(),
        trust: Trust::default(),
        public_url: None,
    }
}
