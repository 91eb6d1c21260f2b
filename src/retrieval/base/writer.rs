//! The one writer. It gathers the changes that wait into one commit of the store, hands them to the index, commits that
//! as often as somebody waits for it, and answers each when its change can be found. It also notices an index that is
//! behind the store, for whatever reason, and has another one built when catching up is not possible.

mod gather;
mod install;

use std::sync::Arc;
use std::time::Duration;

use knowledge::{Change, Index};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::pace::Pace;
use super::queue::{Answer, Bulk, Queue, Single};
use super::rebuild::{build, catch_up};
use super::shelf::Shelved;
use super::status::{LastChange, RebuildStatus};
use super::{KnowledgeError, Shared, blocking, journal};

/// How often the generations are compared. Only another node, or a failure, lets them differ.
const CHECK_EVERY: Duration = Duration::from_secs(3);

/// How long a change may wait for others that are coming in, before the index is committed all the same.
const LINGER: Duration = Duration::from_millis(150);

/// After a failed rebuild the next is tried this much later.
const RETRY: Duration = Duration::from_secs(10);

/// How long a change waits for an index that cannot take it. The change itself is kept.
const GIVE_UP: Duration = Duration::from_secs(20);

/// What the writer is asked for.
pub(super) enum Request {
    /// One change.
    Change(Single),
    /// An import.
    Import(Bulk),
    /// A new index; the answer is how many entries it has.
    Rebuild { reason: String, answer: Option<oneshot::Sender<Result<usize, KnowledgeError>>> },
}

/// A change that the store has, and that cannot be found yet.
struct Waiting {
    generation: u64,
    since: Instant,
    answer: Answer,
}

/// The one writer.
pub(super) struct Writer {
    shared: Arc<Shared>,
    requests: mpsc::Receiver<Request>,
    queue: Queue,
    pace: Pace,
    /// The index that takes changes. `None`: there is none, or it has failed; then another one is being built.
    live: Option<Arc<Index>>,
    /// What is searched, on its shelf.
    shelved: Option<Shelved>,
    /// The generation that the live index has, or will have with its next commit.
    applied: u64,
    /// Entries handed to the live index since its last commit, and since when.
    staged: usize,
    staging: Instant,
    waiting: Vec<Waiting>,
    building: Option<Building>,
    /// The removal of indexes that are no longer in use.
    tidying: Option<JoinHandle<()>>,
    /// No rebuild before this moment, because one has just failed.
    rebuild_after: Instant,
}

/// An index that is being built.
struct Building {
    task: JoinHandle<Result<Shelved, KnowledgeError>>,
    /// What it began from: lists of later changes have to stay.
    since: u64,
    answers: Vec<oneshot::Sender<Result<usize, KnowledgeError>>>,
}

impl Writer {
    /// A writer over what was found at the start.
    pub(super) fn new(
        shared: Arc<Shared>,
        requests: mpsc::Receiver<Request>,
        shelved: Option<Shelved>,
    ) -> Self {
        let live = shelved.as_ref().map(|shelved| Arc::clone(&shelved.index));
        let now = Instant::now();
        Self {
            applied: live.as_ref().map_or(0, |index| index.generation()),
            shared,
            requests,
            queue: Queue::default(),
            pace: Pace::default(),
            live,
            shelved,
            staged: 0,
            staging: now,
            waiting: Vec::new(),
            building: None,
            tidying: None,
            rebuild_after: now,
        }
    }

    /// Works until the knowledge is closed. `reason`: why an index has to be built first.
    pub(super) async fn run(mut self, reason: Option<String>) {
        if let Some(reason) = reason {
            self.rebuild(reason, None).await;
        }
        let mut tick = tokio::time::interval(CHECK_EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let stop = self.shared.stop.clone();
        while !stop.is_cancelled() {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                built = finished(&mut self.building) => self.install(built).await,
                request = self.requests.recv() => match request {
                    Some(request) => self.take(request).await,
                    None => break,
                },
                _ = tick.tick() => self.check().await,
            }
            while !self.queue.is_empty() && !stop.is_cancelled() {
                while self.queue.singles() < gather::MOST
                    && let Ok(request) = self.requests.try_recv()
                {
                    self.take(request).await;
                }
                self.write().await;
                if self.is_due() {
                    self.commit().await;
                }
                if self.building.as_ref().is_some_and(|building| building.task.is_finished()) {
                    let built = finished(&mut self.building).await;
                    self.install(built).await;
                }
            }
            // What an import that broke off has left.
            if self.staged > 0 && !stop.is_cancelled() {
                self.commit().await;
            }
        }
        self.end().await;
    }

    async fn take(&mut self, request: Request) {
        match request {
            Request::Change(single) => self.queue.add(single),
            Request::Import(bulk) => self.queue.add_bulk(bulk),
            Request::Rebuild { reason, answer } => self.rebuild(reason, answer).await,
        }
    }

    /// Whether the index has to be committed now: somebody waits and no more changes are coming in, or enough is staged.
    fn is_due(&self) -> bool {
        let oldest = self.waiting.first();
        self.staged >= self.pace.entries()
            || oldest.is_some_and(|first| self.queue.singles() == 0 || first.since.elapsed() >= LINGER)
    }

    /// Hands changes that the store has to the live index.
    async fn stage(&mut self, changes: Vec<Change>, generation: u64) {
        self.shared.changed(&changes);
        let Some(live) = self.live.clone() else { return };
        if self.staged == 0 {
            self.staging = Instant::now();
        }
        self.staged += changes.len();
        self.applied = generation;
        if let Err(error) = flat(blocking(move || live.stage(&changes)).await) {
            self.fail(&error).await;
        }
    }

    /// Makes what is staged findable, and answers those who wait for it.
    async fn commit(&mut self) {
        let Some(live) = self.live.clone() else { return };
        let generation = self.applied;
        match flat(blocking(move || live.commit(generation)).await) {
            Ok(()) => {
                self.pace.learn(self.staged, self.staging.elapsed());
                self.staged = 0;
                self.answer();
            }
            Err(error) => self.fail(&error).await,
        }
    }

    /// Answers every change that can be found now.
    fn answer(&mut self) {
        let Some(shelved) = &self.shelved else { return };
        let generation = shelved.index.generation();
        let entries = shelved.index.len();
        let at = self.shared.clock.now();
        let found: Vec<_> = self.waiting.extract_if(.., |waiting| waiting.generation <= generation).collect();
        let last = found.last().map(|waiting| LastChange { at, took: waiting.since.elapsed() });
        // First the status, then the answers: whoever is answered may look.
        self.shared.status.send_modify(|status| {
            status.generation = generation;
            status.store_generation = status.store_generation.max(generation);
            status.entries = entries;
            status.last_change = last.or(status.last_change);
        });
        for waiting in found {
            drop(waiting.answer.send(Ok(true)));
        }
    }

    /// The live index cannot be written any more: it is searched on, and another one is built.
    async fn fail(&mut self, error: &KnowledgeError) {
        tracing::error!(error = error as &dyn std::error::Error, "the search index cannot take changes");
        self.live = None;
        self.staged = 0;
        self.shared.status.send_modify(|status| status.failure = Some(error.to_string()));
        self.rebuild("the index could not be written".to_owned(), None).await;
    }

    /// Begins to build an index, or follows the one that is being built.
    async fn rebuild(
        &mut self,
        reason: String,
        answer: Option<oneshot::Sender<Result<usize, KnowledgeError>>>,
    ) {
        if let Some(building) = &mut self.building {
            building.answers.extend(answer);
            return;
        }
        let since = match journal::head(&*self.shared.store).await {
            Ok((head, _)) => head.generation,
            Err(error) => return self.give_up(answer.into_iter().collect(), &error.into()),
        };
        tracing::info!(reason, generation = since, "the search index is built anew from the store");
        self.shared.status.send_modify(|status| {
            status.rebuild = Some(RebuildStatus { reason, done: 0, total: 0 });
        });
        let task = tokio::spawn(build(Arc::clone(&self.shared), since));
        self.building = Some(Building { task, since, answers: answer.into_iter().collect() });
    }

    /// Compares the generations, and does what has to be done when they differ.
    async fn check(&mut self) {
        let generation = match journal::head(&*self.shared.store).await {
            Ok((head, _)) => head.generation,
            // Whoever uses the store meets the same and says so.
            Err(_) => return,
        };
        self.shared.status.send_if_modified(|status| {
            std::mem::replace(&mut status.store_generation, generation) != generation
        });
        if self.live.is_some() && generation != self.applied {
            self.follow().await;
        }
        if self.live.is_none() && self.building.is_none() && Instant::now() >= self.rebuild_after {
            self.rebuild("the index is behind the store".to_owned(), None).await;
        }
        if self.live.is_none() && self.building.is_none() {
            for waiting in self.waiting.extract_if(.., |waiting| waiting.since.elapsed() > GIVE_UP) {
                drop(waiting.answer.send(Err(KnowledgeError::Behind)));
            }
        }
    }

    /// Catches up with changes that did not come through this writer.
    async fn follow(&mut self) {
        let Some(live) = self.live.clone() else { return };
        match catch_up(&self.shared, &live).await {
            Ok(Some(head)) => {
                self.applied = head.generation;
                self.staged = 0;
                self.answer();
            }
            Ok(None) => {
                self.live = None;
                self.staged = 0;
                self.rebuild("the index is too far from the store to catch up".to_owned(), None).await;
            }
            Err(KnowledgeError::Store(error)) => {
                tracing::warn!(%error, "the search index is behind and will catch up later");
            }
            Err(error) => self.fail(&error).await,
        }
    }

    /// Lets go of everything, so that the index can be opened again at once.
    async fn end(mut self) {
        if let Some(building) = self.building.take()
            && let Ok(Ok(built)) = building.task.await
        {
            let shared = Arc::clone(&self.shared);
            drop(blocking(move || shared.shelf.retire(built)).await);
        }
        if let Some(tidying) = self.tidying.take() {
            drop(tidying.await);
        }
        let (live, shelved) = (self.live.take(), self.shelved.take());
        drop(self.shared.replace(None));
        self.shared.status.send_modify(|status| {
            status.serving = false;
            status.failure = Some("it was closed".to_owned());
        });
        // Dropping an index waits for its threads.
        drop(blocking(move || drop((live, shelved))).await);
    }
}

/// Waits for the index that is being built; forever, if none is.
async fn finished(building: &mut Option<Building>) -> Result<Shelved, KnowledgeError> {
    match building {
        Some(building) => (&mut building.task).await.unwrap_or(Err(KnowledgeError::Cancelled)),
        None => std::future::pending().await,
    }
}

/// One error for both that the thread and that the index failed.
fn flat<T>(outcome: Result<Result<T, knowledge::IndexError>, KnowledgeError>) -> Result<T, KnowledgeError> {
    Ok(outcome??)
}
