//! What channels remember, in the store: each channel sees its own notes only.

use std::sync::Arc;

use adapters::{ChannelId, Note, Notes, NotesError};
use async_trait::async_trait;
use serde_json::Value;

use crate::records::keys;
use crate::store::{Commit, Committed, OwnedPart, Store, StoreError, StoreExt, Version, decode};

/// The notes of one channel.
pub struct StoreNotes {
    store: Arc<dyn Store>,
    channel: ChannelId,
}

impl StoreNotes {
    /// Opens the notes of this channel.
    pub fn new(store: Arc<dyn Store>, channel: ChannelId) -> Self {
        Self { store, channel }
    }
}

/// The store's words name the space of a record, never its key, so nothing personal is in them.
fn unavailable(error: &StoreError) -> NotesError {
    NotesError(error.to_string())
}

#[async_trait]
impl Notes for StoreNotes {
    async fn read(&self, key: &[&str]) -> Result<Option<Note>, NotesError> {
        let key = keys::note(self.channel.as_str(), key);
        let found = self.store.get_json::<Value>(&key).await.map_err(|error| unavailable(&error))?;
        Ok(found.map(|(value, version)| Note { value, version: version.0 }))
    }

    async fn write(&self, key: &[&str], seen: Option<u64>, value: Option<Value>) -> Result<bool, NotesError> {
        let key = keys::note(self.channel.as_str(), key);
        let commit = Commit::new().check(key.clone(), seen.map(Version));
        let commit = match value {
            Some(value) => commit.put_json(key, &value),
            None => commit.delete(key),
        };
        let committed = self.store.commit(commit).await.map_err(|error| unavailable(&error))?;
        Ok(matches!(committed, Committed::Done(_)))
    }

    async fn list(&self, prefix: &[&str], limit: usize) -> Result<Vec<(Vec<String>, Note)>, NotesError> {
        let range = keys::notes(self.channel.as_str(), prefix);
        let found = self.store.scan(&range, limit, false).await.map_err(|error| unavailable(&error))?;
        found
            .into_iter()
            .map(|record| {
                let parts = record.key.parts();
                // The first part is the channel's name.
                let key = parts.iter().skip(1).filter_map(OwnedPart::text).map(str::to_owned).collect();
                let value = decode(&record.key, &record.value).map_err(|error| unavailable(&error))?;
                Ok((key, Note { value, version: record.version.0 }))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use adapters::NotesExt;

    use super::*;
    use crate::store::MemoryStore;

    #[tokio::test]
    async fn a_note_is_written_only_over_what_was_read() {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let notes = StoreNotes::new(Arc::clone(&store), ChannelId::new("gzh"));
        assert_eq!(notes.read(&["token"]).await.unwrap(), None);
        assert!(notes.put(&["token"], None, &"one").await.unwrap());
        assert!(!notes.put(&["token"], None, &"two").await.unwrap(), "somebody was first");
        let note: Note<String> = notes.get(&["token"]).await.unwrap().unwrap();
        assert_eq!(note.value, "one");
        assert!(notes.put(&["token"], Some(note.version), &"three").await.unwrap());
        assert!(!notes.write(&["token"], Some(note.version), None).await.unwrap(), "it has changed since");
        notes.put(&["pending", "o1"], None, &1).await.unwrap();
        notes.put(&["pending", "o2"], None, &2).await.unwrap();
        let listed = notes.list(&["pending"], 10).await.unwrap();
        assert_eq!(listed.iter().map(|(key, _)| key[1].as_str()).collect::<Vec<_>>(), ["o1", "o2"]);
        let other = StoreNotes::new(store, ChannelId::new("gzh2"));
        assert_eq!(other.list(&["pending"], 10).await.unwrap(), []);
    }
}
