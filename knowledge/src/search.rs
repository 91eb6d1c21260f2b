//! Which entries answer a question, how sure that is, and why.
//!
//! Two stages. The first scores every question and every body by BM25 over the mixed tokens (`search/score.rs`) and
//! keeps the best few dozen entries that the scope admits (`search/candidates.rs`). The second compares the question
//! with the best question of each of them, character by character (`search/features.rs`), and turns what it sees into
//! an order and a confidence (`search/rank.rs`). A later stage, learned or by embeddings, goes behind the second:
//! [`Hit::features`] is what it gets.

mod candidates;
mod features;
pub(crate) mod fused;
mod rank;
mod scope;
mod score;
#[cfg(test)]
mod tests;

use tantivy::TantivyError;

use crate::analyzer::Analyzer;
use crate::entry::{EntryId, Kind};
use crate::index::Snapshot;

pub use features::Features;
pub use scope::{Query, Scope};

/// One entry that may answer the question.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Which entry.
    pub id: EntryId,
    /// Its kind, so that the caller can choose before loading it.
    pub kind: Kind,
    /// What hits are ordered by. Comparable within one answer only.
    pub score: f32,
    /// How likely this entry is meant, from 0 to 1. Comparable between questions.
    pub confidence: f32,
    /// The title or similar question that matched best, as it was written; empty if the entry has none.
    pub unit: String,
    /// Words of the question that the entry has.
    pub matched: Vec<String>,
    /// Words of the question that say something and that the entry does not have.
    pub missing: Vec<String>,
    /// What the second stage saw.
    pub features: Features,
}

/// The entries that best answer the query, best first.
pub(crate) fn search(
    snapshot: &Snapshot,
    analyzer: &Analyzer,
    query: &Query,
    limit: usize,
) -> Result<Vec<Hit>, TantivyError> {
    let question = analyzer.canonical(analyzer.question(&query.text));
    let weighed = score::Weighed::new(snapshot, analyzer, &question)?;
    let candidates = candidates::find(snapshot, &weighed, &query.scope)?;
    let mut hits = features::compare(snapshot, analyzer, &weighed, &candidates)?;
    rank::order(&mut hits, &query.scope);
    hits.truncate(limit);
    Ok(hits.into_iter().map(|ranked| ranked.hit).collect())
}
