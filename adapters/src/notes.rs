//! What a channel has to remember across restarts and nodes: tokens, answers that wait to be fetched, how far a citizen
//! has read. The gateway keeps conversations; notes are the channel's own.

use async_trait::async_trait;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Notes could not be read or written; what was asked did not happen, or is not known to have happened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the channel's notes are unavailable: {0}")]
pub struct NotesError(pub String);

/// A note and the version that a later write has to name.
#[derive(Clone, PartialEq, Debug)]
pub struct Note<T = Value> {
    /// What was noted.
    pub value: T,
    /// Changes with every write.
    pub version: u64,
}

/// Durable notes of one channel, under keys of a few parts. Keys may hold addresses of citizens: they are never logged.
#[async_trait]
pub trait Notes: Send + Sync + 'static {
    /// Reads a note.
    async fn read(&self, key: &[&str]) -> Result<Option<Note>, NotesError>;

    /// Writes a note if it is still as it was read: `seen` is the version read, `None` if there was none. A `value` of
    /// `None` takes the note away. False: somebody else was first, and nothing was written. Durable once it returns.
    async fn write(&self, key: &[&str], seen: Option<u64>, value: Option<Value>) -> Result<bool, NotesError>;

    /// Up to `limit` notes whose keys begin with these parts, in the order of their keys.
    async fn list(&self, prefix: &[&str], limit: usize) -> Result<Vec<(Vec<String>, Note)>, NotesError>;
}

/// Notes of a type of their own.
#[async_trait]
pub trait NotesExt: Notes {
    /// Reads a note; one of another form (an older version's) counts as an error, so that it is not overwritten unseen.
    ///
    /// # Errors
    /// When the notes are unavailable or hold something else.
    async fn get<T: DeserializeOwned>(&self, key: &[&str]) -> Result<Option<Note<T>>, NotesError> {
        let Some(note) = self.read(key).await? else { return Ok(None) };
        let value = serde_json::from_value(note.value).map_err(|error| NotesError(error.to_string()))?;
        Ok(Some(Note { value, version: note.version }))
    }

    /// Writes a note as [`Notes::write`] does.
    ///
    /// # Errors
    /// When the notes are unavailable.
    async fn put<T: Serialize + Sync>(
        &self,
        key: &[&str],
        seen: Option<u64>,
        value: &T,
    ) -> Result<bool, NotesError> {
        let value = serde_json::to_value(value).map_err(|error| NotesError(error.to_string()))?;
        self.write(key, seen, Some(value)).await
    }
}

#[async_trait]
impl<N: Notes + ?Sized> NotesExt for N {}
