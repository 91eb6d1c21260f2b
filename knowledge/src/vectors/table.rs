//! Which entry has which texts, and which text has which vector.

use std::collections::{HashMap, HashSet};

use super::Holdings;
use super::log::Record;
use super::quantised::Asked;
use super::rows::Rows;
use super::text::TextHash;
use crate::entry::EntryId;

/// Everything that is kept, in memory.
#[derive(Default)]
pub(super) struct Table {
    rows: Rows,
    /// The text of each row.
    text_of: Vec<TextHash>,
    texts: HashMap<TextHash, Text>,
    entries: HashMap<EntryId, Vec<TextHash>>,
}

#[derive(Default)]
struct Text {
    /// Where its vector is, once it is there.
    row: Option<u32>,
    /// The entries that have it; usually one.
    entries: Vec<EntryId>,
}

impl Table {
    pub(super) fn dimensions(&self) -> Option<usize> {
        self.rows.dimensions()
    }

    /// How many vectors there are, also of texts that no entry has any more.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn lacks(&self, text: TextHash) -> bool {
        self.texts.get(&text).is_none_or(|text| text.row.is_none())
    }

    pub(super) fn texts_of(&self, entry: &EntryId) -> &[TextHash] {
        self.entries.get(entry).map_or(&[], Vec::as_slice)
    }

    pub(super) fn entries(&self) -> Vec<EntryId> {
        self.entries.keys().cloned().collect()
    }

    pub(super) fn entry_count(&self) -> usize {
        self.entries.len()
    }

    /// Takes over what a record says.
    pub(super) fn take(&mut self, record: Record) {
        match record {
            Record::Text { hash, vector } => {
                let text = self.texts.entry(hash).or_default();
                // The same text has the same vector, so the first one serves.
                if text.row.is_none()
                    && let Some(row) = self.rows.push(&vector)
                {
                    text.row = Some(row);
                    self.text_of.push(hash);
                }
            }
            Record::Entry { id, texts } => self.hold(id, texts),
        }
    }

    fn hold(&mut self, id: EntryId, texts: Vec<TextHash>) {
        for hash in self.entries.remove(&id).unwrap_or_default() {
            if let Some(text) = self.texts.get_mut(&hash) {
                text.entries.retain(|other| *other != id);
                if text.entries.is_empty() && text.row.is_none() {
                    self.texts.remove(&hash);
                }
            }
        }
        for hash in &texts {
            self.texts.entry(*hash).or_default().entries.push(id.clone());
        }
        if !texts.is_empty() {
            self.entries.insert(id, texts);
        }
    }

    pub(super) fn nearest(
        &self,
        asked: &Asked,
        limit: usize,
        mut admits: impl FnMut(&EntryId) -> bool,
    ) -> Vec<(EntryId, f32)> {
        let mut found = Vec::with_capacity(limit);
        let mut seen = HashSet::new();
        for (row, cosine) in self.rows.nearest(asked) {
            let entries = self.text_of.get(row as usize).and_then(|hash| self.texts.get(hash));
            for entry in entries.iter().flat_map(|text| &text.entries) {
                if found.len() == limit {
                    return found;
                }
                if seen.insert(entry) && admits(entry) {
                    found.push((entry.clone(), cosine));
                }
            }
        }
        found
    }

    pub(super) fn holdings(&self) -> Holdings {
        let held = self.texts.values().filter(|text| !text.entries.is_empty());
        let (with, lacking): (Vec<_>, Vec<_>) = held.partition(|text| text.row.is_some());
        Holdings { vectors: with.len(), lacking: lacking.len(), bytes: self.rows.size() }
    }

    /// What a file has to hold to give all that entries have.
    pub(super) fn live(&self) -> Vec<Record> {
        let vectors =
            self.texts.iter().filter(|(_, text)| !text.entries.is_empty()).filter_map(|(hash, text)| {
                text.row.map(|row| Record::Text { hash: *hash, vector: self.rows.get(row) })
            });
        let entries = self.entries.iter();
        let entries = entries.map(|(id, texts)| Record::Entry { id: id.clone(), texts: texts.clone() });
        vectors.chain(entries).collect()
    }
}
