//! Reads and writes what citizens have been shown, each change whole or not at all.

use std::sync::Arc;

use super::reader::Reader;
use crate::{Notes, NotesError, NotesExt};

/// How often a change is tried again when another came first.
const TRIES: usize = 64;

/// The notes of all citizens.
#[derive(Clone)]
pub struct Mailbox {
    notes: Arc<dyn Notes>,
}

/// A citizen's note with the version that a later write has to name.
pub struct Opened {
    /// What was noted; a new citizen's is empty.
    pub reader: Reader,
    seen: Option<u64>,
}

impl Mailbox {
    /// Keeps them among these notes.
    pub fn new(notes: Arc<dyn Notes>) -> Self {
        Self { notes }
    }

    /// Reads a citizen's note.
    ///
    /// # Errors
    /// When the notes are unavailable.
    pub async fn open(&self, openid: &str) -> Result<Opened, NotesError> {
        let note = self.notes.get::<Reader>(&["reader", openid]).await?;
        Ok(match note {
            Some(note) => Opened { reader: note.value, seen: Some(note.version) },
            None => Opened { reader: Reader::default(), seen: None },
        })
    }

    /// Writes it if nobody else has done so meanwhile.
    ///
    /// # Errors
    /// When the notes are unavailable.
    pub async fn write(&self, openid: &str, opened: &Opened, next: &Reader) -> Result<bool, NotesError> {
        if *next == opened.reader {
            return Ok(true);
        }
        self.notes.put(&["reader", openid], opened.seen, next).await
    }

    /// Changes it, however often it takes.
    ///
    /// # Errors
    /// When the notes are unavailable.
    pub async fn change<T>(
        &self,
        openid: &str,
        mut change: impl FnMut(&mut Reader) -> T,
    ) -> Result<T, NotesError> {
        for _ in 0..TRIES {
            let opened = self.open(openid).await?;
            let mut next = opened.reader.clone();
            let value = change(&mut next);
            if self.write(openid, &opened, &next).await? {
                return Ok(value);
            }
        }
        Err(busy())
    }

    /// The openid behind an alias of a link.
    ///
    /// # Errors
    /// When the notes are unavailable.
    pub async fn behind(&self, alias: &str) -> Result<Option<String>, NotesError> {
        Ok(self.notes.get::<String>(&["alias", alias]).await?.map(|note| note.value))
    }

    /// Notes who stands behind an alias.
    ///
    /// # Errors
    /// When the notes are unavailable.
    pub async fn name(&self, alias: &str, openid: &str) -> Result<(), NotesError> {
        self.notes.put(&["alias", alias], None, &openid).await.map(drop)
    }

    /// The citizen has left: forgets all but how far they had read.
    ///
    /// # Errors
    /// When the notes are unavailable.
    pub async fn forget(&self, openid: &str) -> Result<(), NotesError> {
        let alias = self.change(openid, |reader| {
            let alias = reader.alias.clone();
            reader.forget();
            alias
        });
        if let Some(alias) = alias.await?
            && let Some(note) = self.notes.read(&["alias", &alias]).await?
        {
            self.notes.write(&["alias", &alias], Some(note.version), None).await?;
        }
        Ok(())
    }
}

/// Others were always first.
pub(super) fn busy() -> NotesError {
    NotesError("a note changed under every try".to_owned())
}
