//! Embeddings of the entries' texts, kept beside the index: a third source of candidates, by meaning instead of by
//! words.
//!
//! The crate computes no embedding and reaches no network: the caller asks [`texts`] what is to be embedded, sends it
//! to a model, hands the vectors to [`Vectors::add`], and later asks [`Vectors::nearest`] with the question's vector.
//! Everything here can be computed again, so a damaged file is cut where the damage begins, and another model's file
//! is replaced. Vectors belong to texts (`vectors/text.rs`), not to entries: the same title in forty districts is
//! embedded once, and an entry that is changed keeps the vectors of what was not.
//!
//! A vector is kept in one byte a dimension (`vectors/quantised.rs`), in memory and in an append-only file
//! (`vectors/log.rs`). The search looks at every vector, first at one bit of each dimension (`vectors/rows.rs`).

mod log;
mod quantised;
mod rows;
mod table;
#[cfg(test)]
mod tests;
mod text;

use std::fmt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use serde::{Deserialize, Serialize};

use crate::entry::EntryId;
use log::{Log, Record};
use quantised::{Asked, Quantised};
use table::Table;

pub use log::Found;
pub use text::{TextHash, TextLimits, texts};

/// The most dimensions a vector may have; beyond it a product would not fit into 32 bits.
pub const MAX_DIMENSIONS: usize = 8192;

/// A file is written anew when it holds so many vectors that no entry has any more, and more of them than others.
const WORTH_COMPACTING: usize = 1000;

/// Which vectors can be compared with each other: those of one model and one size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Space {
    /// The model's name.
    pub model: String,
    /// How many dimensions were asked for; `None` takes what the model gives.
    pub dimensions: Option<usize>,
}

/// What can go wrong with vectors, by what is to be done about it.
#[derive(Debug, thiserror::Error)]
pub enum VectorsError {
    /// The disk refuses: tell the operator, then try again.
    #[error("the file of vectors cannot be read or written")]
    Unavailable(#[from] std::io::Error),
    /// The vector is of another model or size: do not use it, and look at what the endpoint serves.
    #[error("a vector has {found} dimensions, and those that are kept have {expected}")]
    Dimensions {
        /// What it has.
        found: usize,
        /// What the others have.
        expected: usize,
    },
    /// Nothing can be compared with it: it holds something that is no number, or nothing but zeros.
    #[error("a vector points nowhere")]
    Directionless,
}

/// How much is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Holdings {
    /// Vectors that an entry has.
    pub vectors: usize,
    /// Texts of entries that have no vector yet.
    pub lacking: usize,
    /// Bytes in memory that vectors take.
    pub bytes: usize,
}

/// The vectors of all entries. Searches and changes may come from any thread; a search waits for a change only while
/// it is put into memory.
pub struct Vectors {
    space: Space,
    /// Whoever changes something has it; `None` keeps nothing on disk.
    log: Mutex<Option<Log>>,
    table: RwLock<Table>,
}

impl fmt::Debug for Vectors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vectors").field("space", &self.space).field("holds", &self.holdings()).finish()
    }
}

impl Vectors {
    /// Opens the file, or begins one. What was computed by another model or with another size is dropped, and so is
    /// what cannot be read; [`Found`] says so.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn open(path: &Path, space: Space) -> Result<(Vectors, Found), VectorsError> {
        let mut table = Table::default();
        let (log, found) = Log::open(path, &space, |record| table.take(record))?;
        let vectors = Vectors { space, log: Mutex::new(Some(log)), table: RwLock::new(table) };
        Ok((vectors, found))
    }

    /// Vectors that are gone with the process.
    pub fn in_memory(space: Space) -> Vectors {
        Vectors { space, log: Mutex::new(None), table: RwLock::new(Table::default()) }
    }

    /// How many dimensions the vectors have; `None` while there is none and no number was asked for.
    pub fn dimensions(&self) -> Option<usize> {
        self.read().dimensions().or(self.space.dimensions)
    }

    /// Whether there is no vector at all.
    pub fn is_empty(&self) -> bool {
        self.read().len() == 0
    }

    /// Forgets every vector and every entry, for a model that gives another size than it did.
    ///
    /// # Errors
    /// When the disk refuses; then nothing is forgotten.
    pub fn begin_anew(&self) -> Result<(), VectorsError> {
        let mut log = self.log();
        if let Some(log) = &mut *log {
            log.replace(&self.space, &[])?;
        }
        *self.write() = Table::default();
        Ok(())
    }

    /// Says which texts an entry has, in place of those it had; none for an entry that is gone. Texts whose vectors
    /// are kept are found from now on, the others as soon as [`Vectors::add`] brings them. True if anything changed.
    ///
    /// # Errors
    /// When the disk refuses; then nothing is changed.
    pub fn hold(&self, entries: &[(EntryId, Vec<TextHash>)]) -> Result<bool, VectorsError> {
        let mut log = self.log();
        let records: Vec<Record> = {
            let table = self.read();
            let changed = entries.iter().filter(|(id, texts)| table.texts_of(id) != texts.as_slice());
            changed.map(|(id, texts)| Record::Entry { id: id.clone(), texts: texts.clone() }).collect()
        };
        if records.is_empty() {
            return Ok(false);
        }
        self.keep(&mut log, records)?;
        Ok(true)
    }

    /// Whether that text's vector is missing.
    pub fn lacks(&self, text: TextHash) -> bool {
        self.read().lacks(text)
    }

    /// The entries that are held, in no order.
    pub fn entries(&self) -> Vec<EntryId> {
        self.read().entries()
    }

    /// How many entries are held.
    pub fn entry_count(&self) -> usize {
        self.read().entry_count()
    }

    /// Keeps the vectors of texts. They need no particular length.
    ///
    /// # Errors
    /// When one of them cannot be used or the disk refuses; then none of them is kept.
    pub fn add(&self, vectors: &[(TextHash, Vec<f32>)]) -> Result<(), VectorsError> {
        let mut log = self.log();
        let mut expected = self.dimensions();
        let mut records = Vec::with_capacity(vectors.len());
        for (hash, values) in vectors {
            let expected = *expected.get_or_insert(values.len());
            if values.len() != expected || values.len() > MAX_DIMENSIONS {
                return Err(VectorsError::Dimensions { found: values.len(), expected });
            }
            let vector = Quantised::new(values).ok_or(VectorsError::Directionless)?;
            records.push(Record::Text { hash: *hash, vector });
        }
        self.keep(&mut log, records)
    }

    /// On disk first, then in memory: what was searched once is there after a crash as well.
    fn keep(&self, log: &mut Option<Log>, records: Vec<Record>) -> Result<(), VectorsError> {
        if let Some(log) = log {
            log.append(&records)?;
        }
        let mut table = self.write();
        for record in records {
            table.take(record);
        }
        Ok(())
    }

    /// The entries whose best text lies nearest to the question's vector, with the cosine of the angle between them,
    /// best first. `admits` is asked about an entry before it counts, so that entries out of scope take no place.
    ///
    /// # Errors
    /// When the vector cannot be compared with those that are kept.
    pub fn nearest(
        &self,
        question: &[f32],
        limit: usize,
        admits: impl FnMut(&EntryId) -> bool,
    ) -> Result<Vec<(EntryId, f32)>, VectorsError> {
        let table = self.read();
        let Some(expected) = table.dimensions() else { return Ok(Vec::new()) };
        if question.len() != expected {
            return Err(VectorsError::Dimensions { found: question.len(), expected });
        }
        let asked = Asked::new(question).ok_or(VectorsError::Directionless)?;
        Ok(table.nearest(&asked, limit, admits))
    }

    /// Writes the file anew without the vectors that no entry has any more, if that is worth it. Searches go on
    /// meanwhile; it takes the memory of the vectors a second time. True if it was done.
    ///
    /// # Errors
    /// When the disk refuses; then the old file stays.
    pub fn compact(&self) -> Result<bool, VectorsError> {
        let mut log = self.log();
        let live = {
            let table = self.read();
            let holdings = table.holdings();
            let unused = table.len().saturating_sub(holdings.vectors);
            if unused < WORTH_COMPACTING || unused <= holdings.vectors {
                return Ok(false);
            }
            table.live()
        };
        let mut fresh = Table::default();
        if let Some(log) = &mut *log {
            log.replace(&self.space, &live)?;
        }
        for record in live {
            fresh.take(record);
        }
        *self.write() = fresh;
        Ok(true)
    }

    /// How much is kept.
    pub fn holdings(&self) -> Holdings {
        self.read().holdings()
    }

    fn log(&self) -> MutexGuard<'_, Option<Log>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self) -> RwLockReadGuard<'_, Table> {
        self.table.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Table> {
        self.table.write().unwrap_or_else(PoisonError::into_inner)
    }
}
