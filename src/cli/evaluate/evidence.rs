//! Entries from files as the evidence that answers are written from.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context;
use knowledge::Entry;

use super::fitting;
use crate::dialogue::Evidence;
use crate::retrieval;

/// Entries by their ids.
pub(super) struct Entries(BTreeMap<String, Entry>);

impl Entries {
    /// Reads entries as `yikouwen export --entries` prints them.
    pub(super) fn read(files: &[PathBuf]) -> anyhow::Result<Self> {
        let entries = fitting::read_entries(files)?;
        Ok(Self(entries.into_iter().map(|entry| (entry.id.as_ref().to_owned(), entry)).collect()))
    }

    /// An entry as evidence.
    pub(super) fn evidence(&self, id: &str) -> anyhow::Result<Evidence> {
        let entry = self.0.get(id).with_context(|| format!("there is no entry `{id}`"))?;
        Ok(retrieval::evidence_of(entry.clone()))
    }
}
