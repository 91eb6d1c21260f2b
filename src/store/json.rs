//! Reading records as the types they were written from.

use async_trait::async_trait;
use serde::de::DeserializeOwned;

use super::commit::{Commit, Committed, Version, decode};
use super::error::StoreError;
use super::key::{Key, Range};
use super::{Record, Store};

/// How many records [`StoreExt::scan_all`] asks for at a time: few enough to be read without leaving the async thread.
const PAGE: usize = 1_000;

/// What every store can do by virtue of being one.
#[async_trait]
pub trait StoreExt: Store {
    /// The record of this key, decoded.
    async fn get_json<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<(T, Version)>, StoreError> {
        match self.get(key).await? {
            Some((value, version)) => Ok(Some((decode(key, &value)?, version))),
            None => Ok(None),
        }
    }

    /// Up to `limit` records of the range, decoded, with their keys and versions.
    async fn scan_json<T: DeserializeOwned>(
        &self,
        range: &Range,
        limit: usize,
        reverse: bool,
    ) -> Result<Vec<(Key, T, Version)>, StoreError> {
        let records = self.scan(range, limit, reverse).await?;
        let decoded = records.into_iter().map(|record| {
            let value = record.decode()?;
            Ok((record.key, value, record.version))
        });
        decoded.collect()
    }

    /// Commits where a conflict needs no answer: the commit has no checks, or whoever came first did the same.
    async fn attempt(&self, commit: Commit) -> Result<(), StoreError> {
        match self.commit(commit).await? {
            Committed::Done(_) | Committed::Conflict(_) => Ok(()),
        }
    }

    /// Every record of the range in the order of keys, read page by page so that it blocks nobody.
    async fn scan_all(&self, range: &Range) -> Result<Vec<Record>, StoreError> {
        let mut records = Vec::new();
        let mut rest = range.clone();
        loop {
            let page = self.scan(&rest, PAGE, false).await?;
            let is_last = page.len() < PAGE;
            records.extend(page);
            match records.last() {
                Some(last) if !is_last => rest = rest.after(&last.key),
                _ => return Ok(records),
            }
        }
    }
}

impl<S: Store + ?Sized> StoreExt for S {}
