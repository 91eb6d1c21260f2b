//! Copying a store to a file and back.
//!
//! A backup is one file of lines: a head, then for each record a line of JSON that names it and the record's value on
//! a line of its own, and at last the number of records and a checksum. Values are copied byte for byte, so what comes
//! back is what was written, and a person can still read the file.

mod file;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;
use serde::de::IgnoredAny;

use self::file::{Reader, Writer};
use super::commit::Commit;
use super::error::StoreError;
use super::key::{Key, Range};
use super::{Record, Store, blocking, open_any, restoring};

/// The name of the file inside the directory that `backup` and `restore` are given.
pub const BACKUP_FILE: &str = "store.backup";

/// How many records are read, or restored by one commit, at a time.
const PAGE: usize = 500;
const PAGE_BYTES: usize = 4 << 20;

/// What a store, or a backup of it, holds.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Summary {
    /// How many records there are in each space.
    pub spaces: BTreeMap<String, u64>,
    /// How many there are in all.
    pub records: u64,
    /// The bytes of all values.
    pub bytes: u64,
    /// The keys, in full, of records whose value is not the JSON it begins like. Only [`verify`] looks for them.
    pub broken: Vec<String>,
}

impl Summary {
    fn add(&mut self, record: &Record) {
        let space = record.key.space();
        match self.spaces.get_mut(space) {
            Some(count) => *count += 1,
            None => drop(self.spaces.insert(space.to_owned(), 1)),
        }
        self.records += 1;
        self.bytes += record.value.len() as u64;
    }
}

/// Writes everything the store holds at one moment to [`BACKUP_FILE`] in `directory`. Safe while the store serves;
/// commits wait while it copies. An older backup there stays until the new one is complete.
pub async fn backup(
    store: &dyn Store,
    directory: &Path,
    created_at: Timestamp,
) -> Result<Summary, StoreError> {
    let writer = Writer::create(directory, created_at)?;
    let progress = Arc::new(Mutex::new((writer, Summary::default())));
    let copy = progress.clone();
    store
        .snapshot(Box::new(move |record| {
            let mut progress = copy.lock().unwrap_or_else(PoisonError::into_inner);
            let (writer, summary) = &mut *progress;
            summary.add(&record);
            writer.write(&record)
        }))
        .await?;
    // Waiting for the disk to have all of a big file may take seconds.
    blocking(move || {
        let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
        let (writer, summary) = &mut *progress;
        writer.finish()?;
        Ok(std::mem::take(summary))
    })
    .await
}

/// Opens the store at `into`, fills it from the backup in `directory` and closes it.
pub async fn restore(directory: &Path, into: &str) -> Result<Summary, StoreError> {
    // Before the store is opened, because opening one that does not exist makes it.
    Reader::check(directory)?;
    let store = open_any(into).await?;
    let restored = restore_into(directory, &*store).await;
    store.close().await?;
    restored
}

/// Fills an empty store from the backup in `directory`, after checking all of that. The records get new versions,
/// greater than every one the backed-up store had given.
pub async fn restore_into(directory: &Path, store: &dyn Store) -> Result<Summary, StoreError> {
    let checked = Reader::check(directory)?;
    if !store.scan(&Range::all(), 1, false).await?.is_empty() {
        return Err(StoreError::Misconfigured(
            "the store to restore into is not empty; name an empty one, or move this one aside first".into(),
        ));
    }
    // Opening refuses a store that has this record, so nobody serves half a backup.
    let begin = Commit::new().put_json(restoring(), &true).above(checked.last_version);
    write(store, begin).await?;
    let mut reader = Reader::open(directory)?;
    let mut summary = Summary::default();
    let mut page = Commit::new();
    let mut bytes = 0;
    while let Some(record) = reader.next()? {
        summary.add(&record);
        bytes += record.value.len();
        page = page.put(record.key, record.value);
        if summary.records.is_multiple_of(PAGE as u64) || bytes > PAGE_BYTES {
            write(store, std::mem::take(&mut page)).await?;
            bytes = 0;
        }
    }
    write(store, page.delete(restoring())).await?;
    Ok(summary)
}

/// Fails on a conflict, which can only mean that somebody else uses the store.
async fn write(store: &dyn Store, commit: Commit) -> Result<(), StoreError> {
    match store.commit(commit).await?.done() {
        Some(_) => Ok(()),
        None => Err(StoreError::Busy("something else writes to it".into())),
    }
}

/// Reads every record and counts. A record that can't be read at all is an error; one whose value begins like JSON
/// and is none is listed. Safe while the store serves.
pub async fn verify(store: &dyn Store) -> Result<Summary, StoreError> {
    let mut summary = Summary::default();
    let mut range = Range::all();
    loop {
        let page = store.scan(&range, PAGE, false).await?;
        let Some(last) = page.last() else { return Ok(summary) };
        range = range.after(&last.key);
        for record in &page {
            summary.add(record);
            let is_json = serde_json::from_slice::<IgnoredAny>(&record.value).is_ok();
            if !is_json && begins_like_json(&record.value) {
                summary.broken.push(describe(&record.key));
            }
        }
    }
}

fn begins_like_json(value: &[u8]) -> bool {
    value.first().is_some_and(|byte| b"{[\"-0123456789tfn".contains(byte))
}

/// Names a record in full, unlike a log would: the report is for the operator, who has to find it.
fn describe(key: &Key) -> String {
    let parts = serde_json::to_string(&key.parts()).unwrap_or_default();
    format!("{} {parts}", key.space())
}

#[cfg(test)]
mod tests;
