//! Taking changes in: what is wrong with them is found here, before any of it is made.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::Arc;

use knowledge::import::{self, Mapping, Report, Row, SourceFile};
use knowledge::{Change, Entry, EntryId, Placed};
use serde::{Deserialize, Serialize};
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use super::queue::{Bulk, Single};
use super::writer::Request;
use super::{KnowledgeBase, KnowledgeError, blocking};
use crate::records::keys;
use crate::store::{Record, StoreError, StoreExt};

/// What of an import is taken over when some of its files are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Taking {
    /// The other files.
    EachFile,
    /// Nothing.
    AllOrNothing,
}

/// What an import is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportStep {
    /// Reading files; counted in bytes.
    Reading,
    /// Putting entries into store and index; counted in entries.
    TakingOver,
}

/// What an import did.
#[derive(Debug)]
pub struct Imported {
    /// How many entries were taken over.
    pub entries: usize,
    /// Of how many files.
    pub files: usize,
    /// How many files were refused.
    pub refused_files: usize,
    /// Why they were.
    pub report: Report,
    /// Files in archives that are of no kind that is read.
    pub left_out: Vec<String>,
}

impl KnowledgeBase {
    /// Takes files over, each whole or not at all. Entries of the same id are replaced.
    ///
    /// # Errors
    /// With [`Taking::AllOrNothing`], [`KnowledgeError::Refused`] lists every fault of every row.
    pub async fn import(
        &self,
        files: Vec<SourceFile>,
        mapping: Option<Mapping>,
        taking: Taking,
        progress: impl Fn(ImportStep, usize, usize) + Send + Sync + 'static,
    ) -> Result<Imported, KnowledgeError> {
        let progress = Arc::new(progress);
        let reading = Arc::clone(&progress);
        let known = self.known().await?;
        let shared = Arc::clone(&self.shared);
        let (judged, left_out) = blocking(move || {
            let mut step = |done, total| reading(ImportStep::Reading, done, total);
            let read = import::read(files, mapping.as_ref(), &mut step);
            let known = |id: &EntryId| known.contains(id.as_ref());
            (import::judge(read.files, &known, &shared.site.regions), read.left_out)
        })
        .await?;
        if taking == Taking::AllOrNothing && judged.refused_files > 0 {
            return Err(KnowledgeError::Refused(judged.report));
        }
        let entries =
            self.take_over(judged.rows, |done, total| progress(ImportStep::TakingOver, done, total)).await?;
        Ok(Imported {
            entries,
            files: judged.files,
            refused_files: judged.refused_files,
            report: judged.report,
            left_out,
        })
    }

    /// The ids of all entries.
    async fn known(&self) -> Result<HashSet<String>, StoreError> {
        let records = self.shared.store.scan_all(&keys::entries()).await?;
        let id = |record: &Record| record.key.parts().first().and_then(|part| part.text().map(str::to_owned));
        Ok(records.iter().filter_map(id).collect())
    }

    /// Puts rows in, with which nothing is wrong.
    async fn take_over(
        &self,
        rows: Vec<Row>,
        progress: impl Fn(usize, usize) + Send + Sync,
    ) -> Result<usize, KnowledgeError> {
        let total = rows.len();
        let mut entries = Vec::with_capacity(total);
        for row in rows {
            entries.push(self.place(row.entry)?);
        }
        let (done, mut taken) = watch::channel(0);
        let (answer, mut answered) = oneshot::channel();
        self.ask(Request::Import(Bulk::new(entries, done, answer))).await?;
        loop {
            tokio::select! {
                changed = &mut answered => {
                    changed.map_err(|_| KnowledgeError::Cancelled)??;
                    progress(total, total);
                    return Ok(total);
                }
                Ok(()) = taken.changed() => progress((*taken.borrow_and_update()).min(total.saturating_sub(1)), total),
            }
        }
    }

    /// What only the store and the table of regions can tell of rows.
    async fn check(&self, rows: &[Row]) -> Result<(), KnowledgeError> {
        let known = self.existing(referenced(rows)).await?;
        let mut faults = import::check_references(rows, &|id: &EntryId| known.contains(id));
        faults.extend(import::check_regions(rows, &self.shared.site.regions));
        faults.sort();
        if let Some(report) = Report::of(faults) {
            return Err(KnowledgeError::Refused(report));
        }
        Ok(())
    }

    fn place(&self, entry: Entry) -> Result<Placed, KnowledgeError> {
        Placed::new(entry, &self.shared.site.regions)
            .map_err(|error| KnowledgeError::Regions(error.to_string()))
    }

    /// Those of the entries that the store has.
    async fn existing(&self, ids: HashSet<EntryId>) -> Result<HashSet<EntryId>, StoreError> {
        let mut existing = HashSet::new();
        for id in ids {
            if self.shared.store.get(&keys::entry(id.as_ref())).await?.is_some() {
                existing.insert(id);
            }
        }
        Ok(existing)
    }

    /// Puts one entry in, or replaces it.
    ///
    /// # Errors
    /// [`KnowledgeError::Refused`] lists what is wrong with it.
    pub async fn put(&self, line: Vec<u8>) -> Result<Entry, KnowledgeError> {
        let rows = import::jsonl::read("body", &line).map_err(KnowledgeError::Refused)?;
        let Some(entry) = rows.first().map(|row| row.entry.clone()) else {
            return Err(KnowledgeError::Refused(Report::default()));
        };
        self.check(&rows).await?;
        self.change(Change::Upsert(Box::new(self.place(entry.clone())?))).await?;
        Ok(entry)
    }

    /// Takes an entry out. False: there was none.
    ///
    /// # Errors
    /// When the store or the index fails.
    pub async fn delete(&self, id: &str) -> Result<bool, KnowledgeError> {
        // What cannot be an id names no entry.
        let Ok(id) = EntryId::new(id) else { return Ok(false) };
        self.change(Change::Delete(id)).await
    }

    /// Hands a change to the writer, and returns when it can be found.
    async fn change(&self, change: Change) -> Result<bool, KnowledgeError> {
        let (answer, answered) = oneshot::channel();
        self.ask(Request::Change(Single { change, since: Instant::now(), answer })).await?;
        answered.await.map_err(|_| KnowledgeError::Cancelled)?
    }
}

/// The entries that rows refer to.
fn referenced(rows: &[Row]) -> HashSet<EntryId> {
    let asked = RefCell::new(HashSet::new());
    drop(import::check_references(rows, &|id| {
        asked.borrow_mut().insert(id.clone());
        true
    }));
    asked.into_inner()
}
