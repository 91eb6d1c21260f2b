//! Search by meaning beside search by words: the entries whose embeddings lie nearest to a question's.
//!
//! The vectors are no part of the knowledge: they follow it in the background (`upkeep`), and a question that gets no
//! vector in time is answered by words alone.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use knowledge::vectors::{Holdings, TextHash, TextLimits, Vectors, texts};
use knowledge::{Entry, EntryId, Explained, Found, Index, IndexError, Near, Query};
use tokio::sync::Notify;

use crate::embedding::{Embedder, QuestionCounts};

mod upkeep;

/// How many entries a question is given at most.
pub(crate) const NEAREST: usize = 50;

/// Words decide alone while more than one entry in so many lacks vectors: an entry without any would look unlike every question
/// beside those that have theirs.
const BEHIND: usize = 10;

/// How entries are embedded, and what it counts.
#[derive(Clone, Copy, Debug)]
pub struct DenseSettings {
    /// How much of an entry is embedded.
    pub limits: TextLimits,
    /// How many texts a request carries.
    pub batch: usize,
    /// What meaning counts beside words: 1 as the weights have it, 0 only adds candidates.
    pub weight: f32,
}

/// What the operator sees.
#[derive(Clone, PartialEq, Debug)]
pub struct DenseState {
    /// Why the endpoint counts as away.
    pub away: Option<String>,
    /// What is kept, and how many texts have no vector yet.
    pub holdings: Holdings,
    /// What happened to questions.
    pub questions: QuestionCounts,
}

/// Embeddings of entries and questions.
pub struct Dense {
    embedder: Embedder,
    vectors: Vectors,
    settings: DenseSettings,
    /// Entries that were changed and not looked at since.
    changed: Mutex<BTreeSet<EntryId>>,
    /// Told when one is added.
    woken: Notify,
    /// More entries than [`BEHIND`] allows lack vectors.
    behind: AtomicBool,
}

impl Dense {
    /// Puts the parts together; nothing is embedded before [`Dense::keep`] runs.
    pub fn new(embedder: Embedder, vectors: Vectors, settings: DenseSettings) -> Arc<Self> {
        Arc::new(Self {
            embedder,
            vectors,
            settings,
            changed: Mutex::default(),
            woken: Notify::new(),
            behind: AtomicBool::new(false),
        })
    }

    /// Entries were put in, replaced or taken out. Returns at once.
    pub(super) fn changed(&self, ids: impl Iterator<Item = EntryId>) {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner).extend(ids);
        self.woken.notify_one();
    }

    /// How it stands.
    pub fn state(&self) -> DenseState {
        DenseState {
            away: self.embedder.away().reason().map(str::to_owned),
            holdings: self.vectors.holdings(),
            questions: self.embedder.counts(),
        }
    }

    /// The model that questions are compared by now; `None` while words decide alone.
    pub(super) fn in_use(&self) -> Option<String> {
        let used = self.is_usable() && !self.embedder.away().is_away();
        used.then(|| self.embedder.settings().model.clone())
    }

    fn is_usable(&self) -> bool {
        !self.vectors.is_empty() && !self.behind.load(Ordering::Relaxed)
    }

    /// The question's vector, if there is anything to compare it with and it comes in time.
    pub(super) async fn question(self: &Arc<Self>, text: &str) -> Option<Asked> {
        // Otherwise the citizen would wait in vain.
        if !self.is_usable() {
            return None;
        }
        let vector = self.embedder.question(text, self.vectors.dimensions()).await?;
        Some(Asked { dense: Arc::clone(self), vector })
    }
}

/// A question with its vector.
pub(super) struct Asked {
    dense: Arc<Dense>,
    vector: Arc<[f32]>,
}

impl Asked {
    /// The nearest entries that `admits` lets through, best first.
    fn nearest(&self, admits: impl FnMut(&EntryId) -> bool) -> Vec<(EntryId, f32)> {
        self.dense.vectors.nearest(&self.vector, NEAREST, admits).unwrap_or_else(|error| {
            tracing::warn!(%error, "a question is answered without its embedding");
            Vec::new()
        })
    }
}

/// The texts of an entry as the endpoint is sent them, each with what its vector is kept under.
pub(crate) fn sent(embedder: &Embedder, entry: &Entry, limits: TextLimits) -> Vec<(TextHash, String)> {
    let sent = texts(entry, limits).into_iter().map(|text| embedder.document(&text));
    sent.map(|sent| (TextHash::of(&embedder.identity(&sent)), sent)).collect()
}

/// Searches by words, and by meaning where there is a vector.
pub(super) fn look(
    index: &Index,
    query: &Query,
    limit: usize,
    asked: Option<&Asked>,
) -> Result<Found, IndexError> {
    near(index, query, asked, |near| index.look_fused(query, limit, near))
}

/// The same hits with what gave each its place.
pub(super) fn explain(
    index: &Index,
    query: &Query,
    limit: usize,
    asked: Option<&Asked>,
) -> Result<Vec<Explained>, IndexError> {
    near(index, query, asked, |near| index.explain(query, limit, near))
}

/// Does something with what lies near the question and may be shown.
fn near<T>(index: &Index, query: &Query, asked: Option<&Asked>, with: impl FnOnce(Near<'_>) -> T) -> T {
    let Some(asked) = asked else { return with(Near::default()) };
    // An entry about which the index cannot be asked is none that may be shown.
    let entries = asked.nearest(|id| index.admits(id, &query.scope).unwrap_or(false));
    with(Near { entries: &entries, weight: asked.dense.settings.weight })
}
