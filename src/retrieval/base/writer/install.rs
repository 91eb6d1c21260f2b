//! Swapping a new index in: it catches up with the last changes while nothing else is written, is named as the current
//! one on the disk, and then takes the old one's place. Searches see the old one or the new one, never something between.

use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::super::rebuild::catch_up;
use super::super::shelf::Shelved;
use super::super::{KnowledgeError, blocking};
use super::{RETRY, Writer};

impl Writer {
    /// Takes a built index, or the news that building it failed.
    pub(super) async fn install(&mut self, built: Result<Shelved, KnowledgeError>) {
        let answers = self.building.take().map(|building| building.answers).unwrap_or_default();
        let swapped = match built {
            Ok(built) => self.swap(built).await,
            Err(error) => Err(error),
        };
        match swapped {
            Ok(entries) => {
                for answer in answers {
                    drop(answer.send(Ok(entries)));
                }
            }
            Err(error) => self.give_up(answers, &error),
        }
    }

    async fn swap(&mut self, built: Shelved) -> Result<usize, KnowledgeError> {
        let shared = Arc::clone(&self.shared);
        if let Err(error) = self.prepare(&built).await {
            drop(blocking(move || shared.shelf.retire(built)).await);
            return Err(error);
        }
        let entries = built.index.len();
        self.applied = built.index.generation();
        self.staged = 0;
        self.live = Some(Arc::clone(&built.index));
        // Whoever finds the index there reads in the status what it holds, and whoever is told that it serves finds it there.
        self.shared.status.send_modify(|status| {
            status.generation = self.applied;
            status.store_generation = status.store_generation.max(self.applied);
            status.entries = entries;
        });
        drop(self.shared.replace(Some(Arc::clone(&built.index))));
        let old = self.shelved.replace(built.clone());
        self.shared.status.send_modify(|status| {
            status.serving = true;
            status.rebuild = None;
            status.failure = None;
        });
        self.answer();
        tracing::info!(entries, generation = self.applied, "a new search index is in use");
        // The old one may have threads to wait for and many files to remove; nobody needs to wait for that. Searches that
        // still read it keep what they have open.
        self.tidying = Some(tokio::task::spawn_blocking(move || {
            drop(old);
            shared.shelf.remove_before(&built);
        }));
        Ok(entries)
    }

    /// Brings a built index up to the store, and names it as the current one.
    async fn prepare(&self, built: &Shelved) -> Result<(), KnowledgeError> {
        catch_up(&self.shared, &built.index).await?.ok_or(KnowledgeError::Overtaken)?;
        let (shared, built) = (Arc::clone(&self.shared), built.clone());
        blocking(move || shared.shelf.point(&built)).await?
    }

    /// Tells everybody who waits for a rebuild that it failed. The next one is tried a little later.
    pub(super) fn give_up(
        &mut self,
        answers: Vec<oneshot::Sender<Result<usize, KnowledgeError>>>,
        error: &KnowledgeError,
    ) {
        if !self.shared.stop.is_cancelled() {
            tracing::error!(error = error as &dyn std::error::Error, "building a search index failed");
        }
        self.rebuild_after = Instant::now() + RETRY;
        self.shared.status.send_modify(|status| {
            status.rebuild = None;
            // While the index takes changes, a failed attempt at another one is nobody's concern but the asker's.
            if self.live.is_none() {
                status.failure = Some(error.to_string());
            }
        });
        for answer in answers {
            drop(answer.send(Err(KnowledgeError::Unsearchable(error.to_string()))));
        }
    }
}
