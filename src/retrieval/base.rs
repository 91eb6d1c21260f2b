//! Entries in the store, and the index that follows them. Every change raises the knowledge's generation in the same
//! commit; the index carries the generation it was built from, and so proves that it is current.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use knowledge::import::{self, Report, Row};
use knowledge::{
    Analyzer, Change, Entry, EntryId, Hit, Index, IndexError, Placed, Query, RegionCode, Regions, Scope,
    Status, Suggestion,
};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::dense::{self, Dense};
use crate::dialogue::Clock;
use crate::records::keys;
use crate::store::{Commit, Committed, Store, StoreError, StoreExt};

/// Entries a commit carries at most; far below the store's limit even for long ones.
const CHUNK: usize = 500;

/// The most bytes of entries that one commit carries.
const CHUNK_BYTES: usize = 4 << 20;

/// How current the knowledge is.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct GenerationRecord {
    generation: u64,
}

/// Why the knowledge could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum KnowledgeError {
    /// The import was refused as a whole; nothing of it was taken over.
    #[error("the import was refused:\n{0}")]
    Refused(Report),
    /// The table of regions cannot be used.
    #[error("the table of regions cannot be used: {0}")]
    Regions(String),
    /// The index failed.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// The program is ending.
    #[error("the work was cut short")]
    Cancelled,
}

/// Which city's knowledge it is.
pub struct Site {
    /// The table of regions.
    pub regions: Regions,
    /// The region questions are about unless they name another.
    pub region: Option<RegionCode>,
}

/// The knowledge and who follows its changes.
pub struct KnowledgeBase {
    store: Arc<dyn Store>,
    index: Index,
    site: Site,
    clock: Arc<dyn Clock>,
    /// One change at a time, so that the index takes them in the order of their generations.
    writing: Mutex<()>,
    /// Search by meaning, where it is switched on.
    dense: OnceLock<Arc<Dense>>,
}

/// A shared handle.
pub type Knowledge = Arc<KnowledgeBase>;

impl KnowledgeBase {
    /// Opens the index in `directory`, or one in memory, and brings it up to the store's generation.
    ///
    /// # Errors
    /// When the store cannot be read, or another process has the index.
    pub async fn open(
        store: Arc<dyn Store>,
        directory: Option<&Path>,
        site: Site,
        clock: Arc<dyn Clock>,
    ) -> Result<Knowledge, KnowledgeError> {
        let directory = directory.map(Path::to_owned);
        let index = blocking(move || {
            let analyzer = Analyzer::shared();
            match directory {
                None => Index::in_memory(analyzer),
                Some(directory) => match Index::open(&directory, Arc::clone(&analyzer)) {
                    Err(IndexError::Rebuild(why)) => {
                        tracing::warn!(why, "the search index is rebuilt from the store");
                        Index::recreate(&directory, analyzer)
                    }
                    opened => opened,
                },
            }
        })
        .await??;
        let base =
            Arc::new(Self { store, index, site, clock, writing: Mutex::new(()), dense: OnceLock::new() });
        if base.index.generation() != base.generation().await?.0.generation {
            base.rebuild().await?;
        }
        Ok(base)
    }

    async fn generation(&self) -> Result<(GenerationRecord, Option<crate::store::Version>), StoreError> {
        let found = self.store.get_json(&keys::meta("knowledge")).await?;
        Ok(found.map_or((GenerationRecord::default(), None), |(record, version)| (record, Some(version))))
    }

    /// Builds the index anew from the store.
    ///
    /// # Errors
    /// When the store or the index fails.
    pub async fn rebuild(self: &Arc<Self>) -> Result<usize, KnowledgeError> {
        let writing = self.writing.lock().await;
        let (generation, _) = self.generation().await?;
        let mut placed = Vec::new();
        for record in self.store.scan_all(&keys::entries()).await? {
            let entry: Entry = record.decode()?;
            // A region that was taken out of the table since: the entry is kept, and found nowhere but everywhere it
            // cannot mislead, that is not at all.
            match Placed::new(entry, &self.site.regions) {
                Ok(entry) => placed.push(entry),
                Err(error) => tracing::error!(%error, "an entry has no place any more and is not searched"),
            }
        }
        let count = placed.len();
        let base = Arc::clone(self);
        blocking(move || base.index.rebuild(placed, generation.generation)).await??;
        drop(writing);
        Ok(count)
    }

    /// The entry of this id, whatever its status.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn entry(&self, id: &str) -> Result<Option<Entry>, StoreError> {
        Ok(self.store.get_json(&keys::entry(id)).await?.map(|(entry, _)| entry))
    }

    /// All entries, whatever their status, in the order of their ids.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn entries(&self) -> Result<Vec<Entry>, StoreError> {
        self.store.scan_all(&keys::entries()).await?.iter().map(crate::store::Record::decode).collect()
    }

    /// Takes files over, all of them or none. Entries of the same id are replaced.
    ///
    /// # Errors
    /// [`KnowledgeError::Refused`] lists every fault of every row.
    pub async fn import(
        self: &Arc<Self>,
        files: Vec<(String, Vec<u8>)>,
        progress: impl Fn(usize, usize) + Send + Sync,
    ) -> Result<usize, KnowledgeError> {
        let rows = blocking(move || read(&files)).await?.map_err(KnowledgeError::Refused)?;
        self.take_over(rows, progress).await
    }

    async fn take_over(
        self: &Arc<Self>,
        rows: Vec<Row>,
        progress: impl Fn(usize, usize) + Send + Sync,
    ) -> Result<usize, KnowledgeError> {
        let known: std::collections::HashSet<String> = self
            .store
            .scan_all(&keys::entries())
            .await?
            .iter()
            .filter_map(|record| record.key.parts().first().and_then(|part| part.text().map(str::to_owned)))
            .collect();
        let mut faults = import::check_references(&rows, &|id: &EntryId| known.contains(id.as_ref()));
        faults.extend(import::check_regions(&rows, &self.site.regions));
        faults.sort();
        if let Some(report) = Report::of(faults) {
            return Err(KnowledgeError::Refused(report));
        }
        let total = rows.len();
        let mut done = 0;
        let mut rest = rows.into_iter().map(|row| row.entry).peekable();
        while rest.peek().is_some() {
            let mut chunk = Vec::new();
            let mut bytes = 0;
            while chunk.len() < CHUNK && bytes < CHUNK_BYTES {
                let Some(entry) = rest.next() else { break };
                bytes += entry.answer.len() + entry.title.len() + 4_096;
                chunk.push(entry);
            }
            done += chunk.len();
            self.apply(chunk, Vec::new()).await?;
            progress(done, total);
        }
        Ok(total)
    }

    /// Puts one entry in, or replaces it.
    ///
    /// # Errors
    /// [`KnowledgeError::Refused`] lists what is wrong with it.
    pub async fn put(self: &Arc<Self>, line: Vec<u8>) -> Result<Entry, KnowledgeError> {
        let rows = read(&[("body".to_owned(), line)]).map_err(KnowledgeError::Refused)?;
        let Some(entry) = rows.first().map(|row| row.entry.clone()) else {
            return Err(KnowledgeError::Refused(Report::default()));
        };
        self.take_over(rows, |_, _| {}).await?;
        Ok(entry)
    }

    /// Takes an entry out. False: there was none.
    ///
    /// # Errors
    /// When the store or the index fails.
    pub async fn delete(self: &Arc<Self>, id: &str) -> Result<bool, KnowledgeError> {
        let Some(entry) = self.entry(id).await? else { return Ok(false) };
        self.apply(Vec::new(), vec![entry.id]).await?;
        Ok(true)
    }

    /// One durable change of entries and generation, and then of the index. When this returns, it is searchable.
    async fn apply(self: &Arc<Self>, puts: Vec<Entry>, deletes: Vec<EntryId>) -> Result<(), KnowledgeError> {
        let writing = self.writing.lock().await;
        let mut changes = Vec::new();
        let mut commit = Commit::new();
        for entry in puts {
            commit = commit.put_json(keys::entry(entry.id.as_ref()), &entry);
            let placed = Placed::new(entry, &self.site.regions)
                .map_err(|error| KnowledgeError::Regions(error.to_string()))?;
            changes.push(Change::Upsert(Box::new(placed)));
        }
        for id in deletes {
            commit = commit.delete(keys::entry(id.as_ref()));
            changes.push(Change::Delete(id));
        }
        let (mut generation, version) = self.generation().await?;
        generation.generation += 1;
        let key = keys::meta("knowledge");
        let commit = commit.check(key.clone(), version).put_json(key, &generation);
        match self.store.commit(commit).await? {
            Committed::Done(_) => {}
            // Another node changed the knowledge at the same moment; whoever asked tries again.
            Committed::Conflict(_) => {
                return Err(
                    StoreError::Unavailable("the knowledge was changed at the same moment".into()).into()
                );
            }
        }
        if let Some(dense) = self.dense.get() {
            dense.changed(changes.iter().map(|change| change.id().clone()));
        }
        let base = Arc::clone(self);
        blocking(move || base.index.apply(&changes, generation.generation)).await??;
        drop(writing);
        Ok(())
    }

    /// Today in the city.
    pub(super) fn today(&self) -> Date {
        self.clock.now().to_zoned(shanghai()).date()
    }

    /// Whether an entry is in force today.
    pub fn in_force(&self, entry: &Entry) -> bool {
        let today = self.today();
        entry.status == Status::Published
            && entry.effective_from.is_none_or(|from| from <= today)
            && entry.expires_on.is_none_or(|until| today <= until)
    }

    /// The scope of a question about a region, by code or name.
    fn scope(&self, region: Option<&str>) -> Scope {
        let region = region.and_then(|name| self.site.regions.resolve(name)).or(self.site.region);
        Scope { region, audience: None, on: self.today() }
    }

    /// The best hits for a question.
    ///
    /// # Errors
    /// When the index fails.
    pub async fn search(
        self: &Arc<Self>,
        text: &str,
        region: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Hit>, KnowledgeError> {
        let query = Query { text: text.to_owned(), scope: self.scope(region) };
        let asked = match self.dense.get() {
            Some(dense) => dense.question(text).await,
            None => None,
        };
        let base = Arc::clone(self);
        Ok(blocking(move || dense::search(&base.index, &query, limit, asked.as_ref())).await??)
    }

    /// Searches by meaning as well from now on. A second call changes nothing.
    pub fn search_by_meaning(&self, dense: Arc<Dense>) {
        drop(self.dense.set(dense));
    }

    /// Search by meaning, where it is switched on.
    pub fn dense(&self) -> Option<&Arc<Dense>> {
        self.dense.get()
    }

    /// What the citizen may be typing.
    ///
    /// # Errors
    /// When the index fails.
    pub async fn suggest(
        self: &Arc<Self>,
        typed: &str,
        limit: usize,
    ) -> Result<Vec<Suggestion>, KnowledgeError> {
        let scope = self.scope(None);
        let typed = typed.to_owned();
        let base = Arc::clone(self);
        Ok(blocking(move || base.index.suggest(&typed, &scope, limit)).await??)
    }

    /// How many entries the index has.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether the index has none.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }
}

/// Reads all files and lists what is wrong with any of them.
fn read(files: &[(String, Vec<u8>)]) -> Result<Vec<Row>, Report> {
    let mut rows = Vec::new();
    let mut faults = Vec::new();
    for (name, bytes) in files {
        match import::jsonl::read(name, bytes) {
            Ok(read) => rows.extend(read),
            Err(report) => faults.extend(report.faults),
        }
    }
    match Report::of(faults) {
        Some(report) => Err(report),
        None => Ok(rows),
    }
}

/// The time zone of everything that people read.
fn shanghai() -> TimeZone {
    // China has one time zone and no daylight saving, so the fixed offset says the same where the database is missing.
    TimeZone::get("Asia/Shanghai").unwrap_or_else(|_| TimeZone::fixed(jiff::tz::offset(8)))
}

/// The index is read and written off the async threads.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, KnowledgeError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| KnowledgeError::Cancelled)
}
