//! Keeps the vectors up with the entries: after the start for all of them, then for those that change.
//!
//! What an entry says is taken over at once, so that vectors of words it no longer has find nothing; vectors of its
//! new words follow as the endpoint gives them. Nothing is lost by a failure or an end: what lacks a vector is found
//! again at the next start.

use std::collections::{BTreeSet, HashSet};
use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use knowledge::vectors::{TextHash, Vectors, VectorsError};
use knowledge::{Entry, EntryId};
use tokio::time::Instant;

use super::{BEHIND, Dense, sent};
use crate::embedding::EmbeddingError;
use crate::records::keys;
use crate::store::{Record, Store, StoreError, StoreExt};

/// Entries that are looked at together.
const PAGE: usize = 200;

/// Why the upkeep has to pause.
#[derive(Debug, thiserror::Error)]
enum Pause {
    #[error("{0}")]
    Endpoint(#[from] EmbeddingError),
    #[error("{0}")]
    Vectors(#[from] VectorsError),
    #[error("{0}")]
    Store(#[from] StoreError),
}

/// A text without a vector.
struct Wanted {
    entry: EntryId,
    hash: TextHash,
    sent: String,
}

/// Where the upkeep is.
struct Progress {
    /// All entries were looked at since the start.
    walked: bool,
    /// The vectors that are kept have the size that the endpoint gives now.
    fits: bool,
    /// Entries with texts that lack a vector.
    lacking: BTreeSet<EntryId>,
    /// Texts that the endpoint declined. They are not sent again before the next start.
    declined: HashSet<TextHash>,
}

fn pauses() -> ExponentialBackoff {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_secs(1))
        .with_max_delay(Duration::from_secs(60))
        .without_max_times()
        .with_jitter()
        .build()
}

impl Dense {
    /// Follows the entries of the store. Never ends.
    pub async fn keep(self: Arc<Self>, store: Arc<dyn Store>) {
        let store = &*store;
        tokio::join!(self.embedder.watch(), self.follow(store));
    }

    fn begin(&self) -> Progress {
        Progress {
            walked: false,
            fits: self.embedder.settings().dimensions.is_some() || self.vectors.dimensions().is_none(),
            lacking: BTreeSet::new(),
            declined: HashSet::new(),
        }
    }

    /// Has all entries of the store embedded that are not yet, once, so that what is measured next has them all. `after` is
    /// told how many are done, and of how many.
    ///
    /// # Errors
    /// At the first thing that fails; what was embedded until then is kept.
    pub async fn catch_up(
        self: &Arc<Self>,
        store: &dyn Store,
        after: impl Fn(usize, usize),
    ) -> anyhow::Result<()> {
        let mut progress = self.begin();
        let outcome = self.catch_up_with(store, &mut progress, after).await;
        if outcome.is_err() {
            // Changes that were seen here are not seen again by whoever follows the entries.
            self.changed(progress.lacking.into_iter());
        }
        Ok(outcome?)
    }

    async fn catch_up_with(
        self: &Arc<Self>,
        store: &dyn Store,
        progress: &mut Progress,
        after: impl Fn(usize, usize),
    ) -> Result<(), Pause> {
        let mut most = 0;
        loop {
            self.look(store, progress).await?;
            let left = progress.lacking.len();
            if progress.fits && left == 0 {
                return Ok(());
            }
            most = most.max(left);
            self.embed(store, progress).await?;
            after(most.saturating_sub(progress.lacking.len()), most);
        }
    }

    async fn follow(self: &Arc<Self>, store: &dyn Store) {
        let mut progress = self.begin();
        let mut backoff = pauses();
        let mut not_before: Option<Instant> = None;
        loop {
            if let Err(error) = self.look(store, &mut progress).await {
                tracing::error!(%error, "embeddings do not follow the entries for now");
                tokio::time::sleep(backoff.next().unwrap_or_default()).await;
                continue;
            }
            let behind = progress.lacking.len() * BEHIND > self.vectors.entry_count();
            self.behind.store(behind, Ordering::Relaxed);
            if progress.fits && progress.lacking.is_empty() {
                self.rest().await;
                continue;
            }
            if let Some(then) = not_before.take_if(|then| *then > Instant::now()) {
                // Changes are taken over meanwhile; only the endpoint is left alone.
                tokio::select! {
                    () = tokio::time::sleep_until(then) => {}
                    () = self.woken.notified() => not_before = Some(then),
                }
                continue;
            }
            match self.embed(store, &mut progress).await {
                Ok(()) => {
                    backoff = pauses();
                    if progress.lacking.is_empty() {
                        let holdings = self.vectors.holdings();
                        tracing::info!(
                            vectors = holdings.vectors,
                            lacking = holdings.lacking,
                            "embeddings are up with the entries"
                        );
                    }
                }
                Err(error) => {
                    let wanted = match &error {
                        Pause::Endpoint(error) => error.retry_after(),
                        _ => None,
                    };
                    let pause = backoff.next().unwrap_or_default().max(wanted.unwrap_or_default());
                    tracing::warn!(%error, ?pause, entries = progress.lacking.len(), "entries wait for their embeddings");
                    not_before = Instant::now().checked_add(pause);
                }
            }
        }
    }

    /// Nothing lacks: the file may be put in order, and then a change is waited for.
    async fn rest(self: &Arc<Self>) {
        match self.on_disk(Vectors::compact).await {
            Ok(true) => tracing::info!("the file of vectors was written anew without those nobody needs"),
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "the file of vectors could not be written anew"),
        }
        self.woken.notified().await;
    }

    /// Takes over what entries say now: all of them once, then those that were changed.
    async fn look(self: &Arc<Self>, store: &dyn Store, progress: &mut Progress) -> Result<(), Pause> {
        if !progress.walked {
            self.walk(store, progress).await?;
            progress.walked = true;
        }
        loop {
            let ids: Vec<EntryId> = {
                let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
                let ids: Vec<EntryId> = changed.iter().take(PAGE).cloned().collect();
                for id in &ids {
                    changed.remove(id);
                }
                ids
            };
            if ids.is_empty() {
                return Ok(());
            }
            let mut entries = Vec::with_capacity(ids.len());
            for id in &ids {
                match store.get_json::<Entry>(&keys::entry(id.as_ref())).await {
                    Ok(entry) => entries.push((id.clone(), entry.map(|(entry, _)| entry))),
                    Err(error) => {
                        self.changed(ids.into_iter());
                        return Err(error.into());
                    }
                }
            }
            if let Err(error) = self.take_over(&entries, progress).await {
                self.changed(ids.into_iter());
                return Err(error.into());
            }
        }
    }

    async fn walk(self: &Arc<Self>, store: &dyn Store, progress: &mut Progress) -> Result<(), Pause> {
        let mut gone: HashSet<EntryId> = self.vectors.entries().into_iter().collect();
        let mut rest = keys::entries();
        loop {
            let page = store.scan(&rest, PAGE, false).await?;
            let entries: Vec<Entry> = page.iter().map(Record::decode).collect::<Result<_, _>>()?;
            let entries: Vec<_> = entries.into_iter().map(|entry| (entry.id.clone(), Some(entry))).collect();
            for (id, _) in &entries {
                gone.remove(id);
            }
            self.take_over(&entries, progress).await?;
            match page.last() {
                Some(last) if page.len() == PAGE => rest = rest.after(&last.key),
                _ => break,
            }
        }
        let gone: Vec<_> = gone.into_iter().map(|id| (id, None)).collect();
        Ok(self.take_over(&gone, progress).await?)
    }

    /// The texts of an entry as they are sent, with their hashes.
    fn wanted(&self, entry: &Entry) -> Vec<Wanted> {
        let sent = sent(&self.embedder, entry, self.settings.limits);
        sent.into_iter().map(|(hash, sent)| Wanted { entry: entry.id.clone(), hash, sent }).collect()
    }

    /// Says which texts the entries have; none for one that is gone.
    async fn take_over(
        self: &Arc<Self>,
        entries: &[(EntryId, Option<Entry>)],
        progress: &mut Progress,
    ) -> Result<(), VectorsError> {
        let mut held = Vec::with_capacity(entries.len());
        for (id, entry) in entries {
            let hashes: Vec<TextHash> =
                entry.iter().flat_map(|entry| self.wanted(entry)).map(|wanted| wanted.hash).collect();
            let lacks = |hash: &TextHash| !progress.declined.contains(hash) && self.vectors.lacks(*hash);
            if hashes.iter().any(lacks) {
                progress.lacking.insert(id.clone());
            } else {
                progress.lacking.remove(id);
            }
            held.push((id.clone(), hashes));
        }
        self.on_disk(move |vectors| vectors.hold(&held)).await?;
        Ok(())
    }

    /// A file is written to: not on an async thread.
    async fn on_disk<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Vectors) -> Result<T, VectorsError> + Send + 'static,
    ) -> Result<T, VectorsError> {
        let dense = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || work(&dense.vectors)).await;
        done.unwrap_or_else(|failure| Err(VectorsError::Unavailable(io::Error::other(failure))))
    }

    /// Has the texts of some entries embedded.
    async fn embed(self: &Arc<Self>, store: &dyn Store, progress: &mut Progress) -> Result<(), Pause> {
        if !progress.fits {
            let size = self.embedder.probe().await?;
            if self.vectors.dimensions().is_some_and(|kept| kept != size) {
                tracing::warn!(
                    size,
                    "the model gives vectors of another size; all entries are embedded anew"
                );
                self.on_disk(Vectors::begin_anew).await?;
                progress.walked = false;
            }
            progress.fits = true;
            return Ok(());
        }
        let mut batch: Vec<Wanted> = Vec::new();
        let mut done = Vec::new();
        for id in &progress.lacking {
            let entry = store.get_json::<Entry>(&keys::entry(id.as_ref())).await?;
            let texts = entry.map(|(entry, _)| self.wanted(&entry)).unwrap_or_default();
            let lacking = texts.into_iter().filter(|wanted| {
                !progress.declined.contains(&wanted.hash) && self.vectors.lacks(wanted.hash)
            });
            for wanted in lacking {
                if !batch.iter().any(|other| other.hash == wanted.hash) {
                    batch.push(wanted);
                }
            }
            done.push(id.clone());
            if batch.len() >= self.settings.batch {
                break;
            }
        }
        let size = self.settings.batch.max(1);
        let mut parts: Vec<Vec<Wanted>> = Vec::new();
        while !batch.is_empty() {
            parts.push(batch.drain(..size.min(batch.len())).collect());
        }
        while let Some(mut part) = parts.pop() {
            let sent: Vec<String> = part.iter().map(|wanted| wanted.sent.clone()).collect();
            match self.embedder.documents(&sent).await {
                Ok(vectors) => {
                    let vectors: Vec<_> = part.iter().map(|wanted| wanted.hash).zip(vectors).collect();
                    self.on_disk(move |kept| kept.add(&vectors)).await?;
                }
                // One text of them is too long or otherwise not to its liking: halves find out which.
                Err(EmbeddingError::Refused(_)) if part.len() > 1 => {
                    let half = part.split_off(part.len() / 2);
                    parts.extend([part, half]);
                }
                Err(error @ EmbeddingError::Refused(_)) => {
                    for wanted in part {
                        tracing::warn!(%error, entry.id = %wanted.entry, "a text of an entry stays without embedding");
                        progress.declined.insert(wanted.hash);
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        for id in done {
            progress.lacking.remove(&id);
        }
        Ok(())
    }
}
