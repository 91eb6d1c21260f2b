//! The searchable copy of the knowledge base.
//!
//! The caller's store holds the entries; the index holds what is needed to find them. Changes are staged, and then
//! committed with the caller's generation number: they are searchable when [`Index::commit`] returns. Searches run on
//! the snapshot of the last commit and never wait for a change in progress.

pub(crate) mod bm25;
mod error;
pub(crate) mod forward;
mod placed;
mod snapshot;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use tantivy::indexer::UserOperation;
use tantivy::{IndexReader, IndexWriter, ReloadPolicy, TantivyDocument, Term};

use crate::analyzer::Analyzer;
use crate::entry::EntryId;
use crate::schema::{self, Fields, MixedTokenizer};
use crate::search::explain::{self, Explained, Version};
use crate::search::{self, Found, Hit, Model, Near, Query, Scope};
use crate::suggest::{self, Suggestion};

pub use error::IndexError;
pub use placed::{Change, Placed, UnknownRegion};
pub(crate) use snapshot::{Corpus, Segment, Snapshot};

/// What one indexing thread may gather in memory before it writes a segment. Enough for a city's knowledge in one segment
/// a thread: every question looks its tokens up in every segment, and merging them later costs as much as making them.
const MEMORY_PER_THREAD: usize = 160 << 20;

/// Bytes of stored text that are compressed together. A search reads back the hits it returns, each from another place:
/// tantivy's own 16 KB would be decompressed for one title.
const STORED_BLOCK: usize = 2_048;

/// Indexing is mostly cutting words; more threads than this make more segments, not more speed.
const MAX_THREADS: usize = 4;

/// The searchable copy of the knowledge base.
pub struct Index {
    analyzer: Arc<Analyzer>,
    fields: Fields,
    index: tantivy::Index,
    reader: IndexReader,
    /// One change at a time; tantivy allows one writer an index.
    writer: Mutex<IndexWriter>,
    model: RwLock<Arc<Model>>,
    /// What searches see. Replaced as a whole after each commit.
    snapshot: RwLock<Arc<Snapshot>>,
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Index").field("generation", &self.generation()).field("entries", &self.len()).finish()
    }
}

impl Index {
    /// Opens the index in that directory, or makes an empty one of generation 0 where there is none.
    /// [`IndexError::Rebuild`] means that what lies there is of no use: fill an index in another directory with
    /// [`Index::rebuild`], and [`Index::discard`] this one.
    pub fn open(dir: &Path, analyzer: Arc<Analyzer>) -> Result<Index, IndexError> {
        std::fs::create_dir_all(dir).map_err(tantivy::TantivyError::from)?;
        let directory = tantivy::directory::MmapDirectory::open(dir).map_err(tantivy::TantivyError::from)?;
        let (schema, _) = schema::schema();
        let exists = tantivy::Index::exists(&directory).map_err(tantivy::TantivyError::from)?;
        let index =
            if exists { tantivy::Index::open(directory) } else { builder(schema).open_or_create(directory) };
        Index::start(index.map_err(IndexError::on_open)?, analyzer)
    }

    /// Removes the index in that directory file by file, so that a wrong path costs nothing but an index.
    pub fn discard(dir: &Path) -> std::io::Result<()> {
        const ENDINGS: [&str; 9] =
            ["json", "lock", "term", "idx", "pos", "store", "fast", "fieldnorm", "del"];
        if !dir.exists() {
            return Ok(());
        }
        for file in std::fs::read_dir(dir)? {
            let file = file?;
            let name = file.file_name().to_string_lossy().into_owned();
            let ours = name.rsplit_once('.').is_some_and(|(start, ending)| {
                ENDINGS.contains(&ending)
                    && (start == "meta"
                        || start == ".managed"
                        || start.starts_with(".tantivy-")
                        || start.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'.'))
            });
            if ours && file.file_type()?.is_file() {
                std::fs::remove_file(file.path())?;
            }
        }
        Ok(())
    }

    /// An empty index that is gone with the process.
    pub fn in_memory(analyzer: Arc<Analyzer>) -> Result<Index, IndexError> {
        Index::start(builder(schema::schema().0).create_in_ram()?, analyzer)
    }

    fn start(index: tantivy::Index, analyzer: Arc<Analyzer>) -> Result<Index, IndexError> {
        let (schema, fields) = schema::schema();
        if index.schema() != schema {
            return Err(IndexError::Rebuild("its schema is of another version".to_owned()));
        }
        // Reading everything once costs little and finds what would otherwise surface in the middle of a search.
        let damaged = index.validate_checksum().map_err(IndexError::on_open)?;
        if !damaged.is_empty() {
            return Err(IndexError::Rebuild(format!("{} of its files are damaged", damaged.len())));
        }
        index.tokenizers().register(schema::QUESTIONS, MixedTokenizer::questions(Arc::clone(&analyzer)));
        index.tokenizers().register(schema::BODIES, MixedTokenizer::bodies(Arc::clone(&analyzer)));
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
        let mut writer = index
            .writer_with_num_threads(threads, threads * MEMORY_PER_THREAD)
            .map_err(IndexError::on_open)?;
        let fresh = index.load_metas().map_err(IndexError::on_open)?.payload.is_none();
        if fresh {
            commit(&mut writer, 0)?;
        }
        let reader = index
            .reader_builder()
            // Reloaded by hand after each commit, so that a change is searchable when `apply` returns.
            .reload_policy(ReloadPolicy::Manual)
            .try_into()
            .map_err(IndexError::on_open)?;
        let snapshot = Snapshot::take(&index, &reader, fields, None).map_err(IndexError::on_open)?;
        Ok(Index {
            analyzer,
            fields,
            index,
            reader,
            writer: Mutex::new(writer),
            model: RwLock::new(Model::shipped()),
            snapshot: RwLock::new(Arc::new(snapshot)),
        })
    }

    /// [`Index::stage`] and [`Index::commit`] in one.
    pub fn apply(&self, changes: &[Change], generation: u64) -> Result<(), IndexError> {
        self.stage(changes)?;
        self.commit(generation)
    }

    /// Hands changes to the indexing threads, in order; nothing is searchable before the next [`Index::commit`], which
    /// waits for them. After an error nothing that was staged since the last commit is in the index.
    pub fn stage(&self, changes: &[Change]) -> Result<(), IndexError> {
        let mut writer = self.writer();
        let batch = || -> Result<(), tantivy::TantivyError> {
            for change in changes {
                let term = Term::from_field_text(self.fields.id, change.id().as_str());
                let mut operations = vec![UserOperation::Delete(term)];
                if let Change::Upsert(placed) = change {
                    operations.push(UserOperation::Add(self.fields.document(placed, &self.analyzer)));
                }
                writer.run(operations)?;
            }
            Ok(())
        };
        batch().or_else(|error| {
            writer.rollback()?;
            Err(error.into())
        })
    }

    /// Makes everything staged so far durable and searchable, and records the generation with it. Blocks for as long as
    /// indexing and the disk take. After an error nothing that was staged since the last commit is in the index.
    pub fn commit(&self, generation: u64) -> Result<(), IndexError> {
        let mut writer = self.writer();
        self.finish(&mut writer, Ok(()), generation)
    }

    /// Replaces everything in one commit. Until it returns, searches see what was there before.
    pub fn rebuild(
        &self,
        entries: impl IntoIterator<Item = Placed>,
        generation: u64,
    ) -> Result<(), IndexError> {
        let mut writer = self.writer();
        let batch = || -> Result<(), tantivy::TantivyError> {
            writer.delete_all_documents()?;
            for placed in entries {
                writer.add_document(self.fields.document(&placed, &self.analyzer))?;
            }
            Ok(())
        };
        let outcome = batch();
        self.finish(&mut writer, outcome, generation)
    }

    fn finish(
        &self,
        writer: &mut IndexWriter,
        outcome: Result<(), tantivy::TantivyError>,
        generation: u64,
    ) -> Result<(), IndexError> {
        if let Err(error) = outcome.and_then(|()| commit(writer, generation)) {
            // Whatever was added before the failure must not ride along with the next batch.
            writer.rollback()?;
            return Err(error.into());
        }
        self.reader.reload()?;
        let before = self.snapshot();
        let snapshot = Arc::new(Snapshot::take(&self.index, &self.reader, self.fields, Some(&before))?);
        *self.snapshot.write().unwrap_or_else(PoisonError::into_inner) = snapshot;
        Ok(())
    }

    fn writer(&self) -> MutexGuard<'_, IndexWriter> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The generation of the last commit.
    pub fn generation(&self) -> u64 {
        self.snapshot().generation()
    }

    /// How many entries are in the index, whatever their status.
    pub fn len(&self) -> usize {
        self.snapshot().entries()
    }

    /// Whether there is no entry at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes the index takes.
    pub fn size(&self) -> Result<u64, IndexError> {
        Ok(self.snapshot().searcher().space_usage().map_err(tantivy::TantivyError::from)?.total().get_bytes())
    }

    /// Whether that entry is in the index, whatever its status.
    pub fn has(&self, id: &EntryId) -> Result<bool, IndexError> {
        Ok(self.snapshot().has(id)?)
    }

    /// The weights that searches use.
    pub fn model(&self) -> Arc<Model> {
        Arc::clone(&self.model.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Uses other weights from the next search on.
    pub fn set_model(&self, model: Arc<Model>) {
        *self.model.write().unwrap_or_else(PoisonError::into_inner) = model;
    }

    /// The entries that best answer a question, best first. Only what is in force in the query's scope.
    pub fn search(&self, query: &Query, limit: usize) -> Result<Vec<Hit>, IndexError> {
        Ok(self.look(query, limit)?.hits)
    }

    /// The same, and the entry that would have answered but is no longer in force.
    pub fn look(&self, query: &Query, limit: usize) -> Result<Found, IndexError> {
        Ok(search::search(&self.snapshot(), &self.analyzer, &self.model(), query, limit)?)
    }

    /// The same hits as [`Index::look_fused`] with what gave each its place. Several times slower; for people who look into
    /// one question.
    pub fn explain(&self, query: &Query, limit: usize, near: Near<'_>) -> Result<Vec<Explained>, IndexError> {
        Ok(explain::explain(&self.snapshot(), &self.analyzer, &self.model(), query, limit, near)?)
    }

    /// What the answers of this moment depend on.
    pub fn version(&self) -> Version {
        Version::of(self.generation(), &self.model())
    }

    /// The same with the entries nearest by embedding. Those out of the query's scope are left out here as well.
    pub fn look_fused(&self, query: &Query, limit: usize, near: Near<'_>) -> Result<Found, IndexError> {
        Ok(search::fused(&self.snapshot(), &self.analyzer, &self.model(), query, limit, near)?)
    }

    /// Whether that entry may be shown in that scope, so that only such entries are looked for elsewhere.
    pub fn admits(&self, id: &EntryId, scope: &Scope) -> Result<bool, IndexError> {
        Ok(search::admits(&self.snapshot(), id, scope)?)
    }

    /// What someone who has typed this may be about to ask, best first; at most one line an entry.
    pub fn suggest(&self, typed: &str, scope: &Scope, limit: usize) -> Result<Vec<Suggestion>, IndexError> {
        Ok(suggest::suggest(&self.snapshot(), &self.analyzer, &self.model(), typed, scope, limit)?)
    }
}

/// An index that is to be made.
fn builder(schema: tantivy::schema::Schema) -> tantivy::IndexBuilder {
    let settings =
        tantivy::IndexSettings { docstore_blocksize: STORED_BLOCK, ..tantivy::IndexSettings::default() };
    tantivy::IndexBuilder::new().schema(schema).settings(settings)
}

/// Commits with the generation and the fingerprint of this code on it.
fn commit(writer: &mut IndexWriter<TantivyDocument>, generation: u64) -> Result<(), tantivy::TantivyError> {
    let mut prepared = writer.prepare_commit()?;
    prepared.set_payload(&snapshot::payload(generation));
    prepared.commit().map(|_| ())
}
