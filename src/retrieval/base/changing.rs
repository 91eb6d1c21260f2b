//! Taking changes in: what is wrong with them is found here, before any of it is made.

use std::cell::RefCell;
use std::collections::HashSet;

use knowledge::import::{self, Report, Row};
use knowledge::{Change, Entry, EntryId, Placed};
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use super::queue::{Bulk, Single};
use super::writer::Request;
use super::{KnowledgeBase, KnowledgeError, blocking};
use crate::records::keys;
use crate::store::StoreError;

impl KnowledgeBase {
    /// Takes files over, all of them or none. Entries of the same id are replaced.
    ///
    /// # Errors
    /// [`KnowledgeError::Refused`] lists every fault of every row.
    pub async fn import(
        &self,
        files: Vec<(String, Vec<u8>)>,
        progress: impl Fn(usize, usize) + Send + Sync,
    ) -> Result<usize, KnowledgeError> {
        let rows = blocking(move || read(&files)).await?.map_err(KnowledgeError::Refused)?;
        self.take_over(rows, progress).await
    }

    async fn take_over(
        &self,
        rows: Vec<Row>,
        progress: impl Fn(usize, usize) + Send + Sync,
    ) -> Result<usize, KnowledgeError> {
        self.check(&rows).await?;
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
        let rows = read(&[("body".to_owned(), line)]).map_err(KnowledgeError::Refused)?;
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
