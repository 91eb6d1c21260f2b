//! What channels remember, in the store: each channel sees its own notes only. Words in them are masked like those of messages,
//! and the channel reads them as it wrote them.

use std::sync::Arc;

use adapters::{ChannelId, Note, Notes, NotesError, Now};
use async_trait::async_trait;
use serde_json::Value;

use crate::privacy::{Hidden, is_labelled};
use crate::records::private::{Fields, PrivateRecord};
use crate::records::{Vault, keys};
use crate::store::{Commit, Committed, OwnedPart, Store, StoreError, StoreExt, Version, decode};

/// The notes of one channel.
pub struct StoreNotes {
    store: Arc<dyn Store>,
    channel: ChannelId,
    vault: Vault,
    now: Now,
}

impl StoreNotes {
    /// Opens the notes of this channel.
    pub fn new(store: Arc<dyn Store>, channel: ChannelId, vault: Vault, now: Now) -> Self {
        Self { store, channel, vault, now }
    }

    /// The value as the channel wrote it in the commit of this version. `None`: it was written anew meanwhile.
    async fn whole(
        &self,
        key: &[&str],
        mut value: Value,
        version: Version,
    ) -> Result<Option<Value>, StoreError> {
        let mut labelled = false;
        each_text(&mut value, &mut String::new(), &mut |_, text| labelled |= is_labelled(text));
        if !labelled {
            return Ok(Some(value));
        }
        let key = keys::private_note(self.channel.as_str(), key);
        let Some((record, hides)) = self.store.get_json::<PrivateRecord>(&key).await? else {
            // Its time is over, or somebody wrote the label.
            return Ok(Some(value));
        };
        // Both are written by the same commit.
        if hides != version {
            return Ok(None);
        }
        if let Some(hidden) = self.vault.opened(&key, &record) {
            each_text(&mut value, &mut String::new(), &mut |path, text| {
                if let Some(hidden) = hidden.get(path) {
                    *text = hidden.open(text).into_owned();
                }
            });
        }
        Ok(Some(value))
    }

    async fn note(&self, key: &[&str]) -> Result<Option<Note>, StoreError> {
        let at = keys::note(self.channel.as_str(), key);
        for _ in 0..TRIES {
            let Some((value, version)) = self.store.get_json::<Value>(&at).await? else { return Ok(None) };
            if let Some(value) = self.whole(key, value, version).await? {
                return Ok(Some(Note { value, version: version.0 }));
            }
        }
        Err(StoreError::Unavailable("a note changes too often to be read".into()))
    }
}

/// How often a note is read again that was written between its two halves.
const TRIES: usize = 8;

/// Members of notes that hold words, be they only a number.
const WORDS: [&str; 3] = ["text", "below", "rest"];

/// Whether a text is words rather than an id, a token or an address, which have to stay what they are.
fn is_words(path: &str, text: &str) -> bool {
    let member = path.rsplit('/').next().unwrap_or_default();
    WORDS.contains(&member) || text.chars().any(|c| c.is_whitespace() || !c.is_ascii())
}

/// Shows every text in a value with its path.
fn each_text(value: &mut Value, path: &mut String, see: &mut impl FnMut(&str, &mut String)) {
    let length = path.len();
    match value {
        Value::String(text) => see(path, text),
        Value::Array(values) => {
            for (place, value) in values.iter_mut().enumerate() {
                path.push('/');
                path.push_str(&place.to_string());
                each_text(value, path, see);
                path.truncate(length);
            }
        }
        Value::Object(members) => {
            for (name, value) in members {
                path.push('/');
                path.push_str(name);
                each_text(value, path, see);
                path.truncate(length);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Puts labels into the words of a value.
fn hide(value: &mut Value) -> Fields {
    let mut fields = Fields::new();
    each_text(value, &mut String::new(), &mut |path, text| {
        let hidden = if is_words(path, text) { Hidden::take(text) } else { Hidden::default() };
        if !hidden.is_empty() {
            fields.insert(path.to_owned(), hidden);
        }
    });
    fields
}

/// The store's words name the space of a record, never its key, so nothing personal is in them.
fn unavailable(error: &StoreError) -> NotesError {
    NotesError(error.to_string())
}

#[async_trait]
impl Notes for StoreNotes {
    async fn read(&self, key: &[&str]) -> Result<Option<Note>, NotesError> {
        self.note(key).await.map_err(|error| unavailable(&error))
    }

    async fn write(&self, key: &[&str], seen: Option<u64>, value: Option<Value>) -> Result<bool, NotesError> {
        let hides = keys::private_note(self.channel.as_str(), key);
        let key = keys::note(self.channel.as_str(), key);
        let commit = Commit::new().check(key.clone(), seen.map(Version));
        let mut hidden = Fields::new();
        let commit = match value {
            Some(mut value) => {
                hidden = hide(&mut value);
                commit.put_json(key, &value)
            }
            None => commit.delete(key),
        };
        let commit = if hidden.is_empty() {
            commit.delete(hides)
        } else {
            let sealed = self.vault.seal(&hides, &hidden, (self.now)());
            let sealed = sealed.map_err(|error| unavailable(&error))?;
            commit.put_json(hides, &sealed)
        };
        let committed = self.store.commit(commit).await.map_err(|error| unavailable(&error))?;
        Ok(matches!(committed, Committed::Done(_)))
    }

    async fn list(&self, prefix: &[&str], limit: usize) -> Result<Vec<(Vec<String>, Note)>, NotesError> {
        let range = keys::notes(self.channel.as_str(), prefix);
        let found = self.store.scan(&range, limit, false).await.map_err(|error| unavailable(&error))?;
        let mut notes = Vec::with_capacity(found.len());
        for record in found {
            let parts = record.key.parts();
            // The first part is the channel's name.
            let key: Vec<&str> = parts.iter().skip(1).filter_map(OwnedPart::text).collect();
            let value = decode(&record.key, &record.value).map_err(|error| unavailable(&error))?;
            let whole = self.whole(&key, value, record.version).await.map_err(|error| unavailable(&error))?;
            let note = match whole {
                Some(value) => Some(Note { value, version: record.version.0 }),
                None => self.read(&key).await?,
            };
            let key: Vec<String> = key.into_iter().map(str::to_owned).collect();
            notes.extend(note.map(|note| (key, note)));
        }
        Ok(notes)
    }
}

#[cfg(test)]
mod tests {
    use adapters::NotesExt;

    use super::*;
    use crate::store::MemoryStore;

    fn notes_of(store: &Arc<dyn Store>, channel: &str) -> StoreNotes {
        let now: Now = Arc::new(|| "2026-11-20T08:00:00Z".parse().unwrap());
        let vault = Vault::new(b"a secret").unwrap();
        StoreNotes::new(Arc::clone(store), ChannelId::new(channel), vault, now)
    }

    #[tokio::test]
    async fn a_note_is_written_only_over_what_was_read() {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let notes = notes_of(&store, "gzh");
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
        let other = notes_of(&store, "gzh2");
        assert_eq!(other.list(&["pending"], 10).await.unwrap(), []);
    }

    #[tokio::test]
    async fn words_in_notes_are_masked_in_the_store_and_ids_are_not() {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let notes = notes_of(&store, "gzh");
        let value = serde_json::json!({
            "given": [{ "id": "4111111111111111", "text": "13812345678" }, { "text": "谢谢" }],
            "rest": "call 13812345678", "nick": "老王13912345678",
        });
        assert!(notes.write(&["reader", "o1"], None, Some(value.clone())).await.unwrap());
        let stored: Value = store.get_json(&keys::note("gzh", &["reader", "o1"])).await.unwrap().unwrap().0;
        assert_eq!(
            stored,
            serde_json::json!({
                "given": [{ "id": "4111111111111111", "text": "【手机号】" }, { "text": "谢谢" }],
                "rest": "call 【手机号】", "nick": "老王【手机号】",
            })
        );
        let note = notes.read(&["reader", "o1"]).await.unwrap().unwrap();
        assert_eq!(note.value, value);
        assert_eq!(notes.list(&["reader"], 9).await.unwrap()[0].1.value, value);
        assert!(notes.write(&["reader", "o1"], Some(note.version), Some(Value::Null)).await.unwrap());
        assert!(store.scan_all(&keys::privates()).await.unwrap().is_empty(), "what nobody needs is not kept");
    }
}
