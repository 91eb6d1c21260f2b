//! Entries in the store, and the index that follows them. Every change raises the knowledge's generation in the same
//! commit; the index carries the generation it was built from, and so proves that it is current.
//!
//! `base/reading.rs` is what the rest of the program asks for most. A change is checked in `base/changing.rs` and made by
//! `base/writer.rs`, one group after another; `base/rebuild.rs` fills indexes, `base/shelf.rs` says where they lie,
//! `base/journal.rs` what changed of late.

mod changing;
mod journal;
mod pace;
mod placing;
mod queue;
mod reading;
mod rebuild;
mod shelf;
mod status;
mod writer;

use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use knowledge::import::Report;
use knowledge::{Change, Index, IndexError, Model, Places, RegionCode, Regions};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use self::shelf::{Found, Shelf};
use self::writer::{Request, Writer};
use super::dense::Dense;
use crate::dialogue::Clock;
use crate::records::keys;
use crate::store::{Store, StoreError};

pub use self::changing::{ImportStep, Imported, Taking};
pub use self::status::{IndexStatus, LastChange, RebuildStatus};

/// Changes that may wait for the writer before asking for another has to wait, too.
const QUEUE: usize = 1_024;

/// A restarted service may come up while the old process still lets go of its index.
const LOCK_PATIENCE: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(100);

/// Why the knowledge could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum KnowledgeError {
    /// The import was refused as a whole; nothing of it was taken over.
    #[error("the import was refused:\n{0}")]
    Refused(Report),
    /// The table of regions cannot be used.
    #[error("the table of regions cannot be used: {0}")]
    Regions(String),
    /// The index failed.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// Tell the operator: the files of the index cannot be used.
    #[error("could not {doing}")]
    Files {
        /// What was being done.
        doing: &'static str,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Try again later: there is no index to search, or no new one could be built.
    #[error("there is no index: {0}")]
    Unsearchable(String),
    /// Nothing to do: the change is kept, and is found once the index can be written again.
    #[error("the change is kept, but the index cannot take it at the moment")]
    Behind,
    /// Try again: so much changed while an index was built that it could not catch up.
    #[error("more has changed than is listed")]
    Overtaken,
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// The program is ending.
    #[error("the work was cut short")]
    Cancelled,
}

/// Which city's knowledge it is.
pub struct Site {
    /// The table of regions, at home where the site is.
    pub regions: Regions,
    /// The region questions are about unless they name another.
    pub region: Option<RegionCode>,
}

/// What the parts of the knowledge base share.
struct Shared {
    store: Arc<dyn Store>,
    site: Site,
    places: Places,
    clock: Arc<dyn Clock>,
    shelf: Shelf,
    /// What is searched. Replaced as a whole; the lock is held for as long as it takes to copy a pointer.
    index: RwLock<Option<Arc<Index>>>,
    status: watch::Sender<IndexStatus>,
    stop: CancellationToken,
    /// Search by meaning, where it is switched on.
    dense: OnceLock<Arc<Dense>>,
    /// The weights in place of those that ship.
    model: OnceLock<Arc<Model>>,
    /// The windows as of a generation and a day.
    windows: tokio::sync::Mutex<Option<WindowsAsOf>>,
}

/// A generation of the knowledge and a day, and the windows that were known then.
type WindowsAsOf = ((u64, jiff::civil::Date), Arc<Vec<crate::dialogue::evidence::Located>>);

impl Shared {
    /// Puts an index in the place of the one that is searched.
    fn replace(&self, index: Option<Arc<Index>>) -> Option<Arc<Index>> {
        if let (Some(index), Some(model)) = (&index, self.model.get()) {
            index.set_model(Arc::clone(model));
        }
        std::mem::replace(&mut *self.index.write().unwrap_or_else(PoisonError::into_inner), index)
    }

    /// Tells the vectors which entries were changed.
    fn changed(&self, changes: &[Change]) {
        if let Some(dense) = self.dense.get() {
            dense.changed(changes.iter().map(|change| change.id().clone()));
        }
    }

    fn index(&self) -> Option<Arc<Index>> {
        self.index.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The knowledge and who follows its changes.
pub struct KnowledgeBase {
    shared: Arc<Shared>,
    requests: mpsc::Sender<Request>,
    writer: Mutex<Option<JoinHandle<()>>>,
    /// Ends the writer with the last handle.
    _ending: DropGuard,
}

/// A shared handle.
pub type Knowledge = Arc<KnowledgeBase>;

impl KnowledgeBase {
    /// Opens the index in `directory`, or one in memory. An index that is a little behind the store catches up first; in
    /// place of one that is of no use another is built in the background, and searches wait for it.
    ///
    /// # Errors
    /// When the store cannot be read, or another process has the index.
    pub async fn open(
        store: Arc<dyn Store>,
        directory: Option<&Path>,
        site: Site,
        clock: Arc<dyn Clock>,
    ) -> Result<Knowledge, KnowledgeError> {
        let shared = Arc::new(Shared {
            store,
            places: Places::new(&site.regions),
            site,
            clock,
            shelf: Shelf::new(directory),
            index: RwLock::new(None),
            status: watch::Sender::new(IndexStatus::default()),
            stop: CancellationToken::new(),
            dense: OnceLock::new(),
            model: OnceLock::new(),
            windows: tokio::sync::Mutex::default(),
        });
        let (shelved, reason) = match take_up(&shared).await? {
            Found::Whole(shelved) => (Some(shelved), None),
            Found::Nothing(reason) => {
                tracing::warn!(reason, "there is no search index to use");
                (None, Some(reason))
            }
        };
        let (head, _) = journal::head(&*shared.store).await?;
        let index = shelved.as_ref().map(|shelved| Arc::clone(&shelved.index));
        shared.status.send_modify(|status| {
            status.serving = index.is_some();
            status.generation = index.as_ref().map_or(0, |index| index.generation());
            status.entries = index.as_ref().map_or(0, |index| index.len());
            status.store_generation = head.generation;
        });
        drop(shared.replace(index));
        let (requests, waiting) = mpsc::channel(QUEUE);
        let writer = Writer::new(Arc::clone(&shared), waiting, shelved);
        let writer = tokio::spawn(writer.run(reason));
        let ending = shared.stop.clone().drop_guard();
        Ok(Arc::new(Self { shared, requests, writer: Mutex::new(Some(writer)), _ending: ending }))
    }

    /// Ends the writer and lets go of the index, so that both can be opened again at once. What was acknowledged is kept;
    /// everything asked later is refused.
    pub async fn close(&self) {
        self.shared.stop.cancel();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer
            && writer.await.is_err()
        {
            tracing::error!("the writer of the knowledge had failed");
        }
    }

    /// What the index is doing.
    pub fn status(&self) -> IndexStatus {
        self.shared.status.borrow().clone()
    }

    /// The generation of the store: how often entries were changed.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn generation(&self) -> Result<u64, StoreError> {
        Ok(journal::head(&*self.shared.store).await?.0.generation)
    }

    /// Whether the store has any entry, whatever the index knows of it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn has_entries(&self) -> Result<bool, StoreError> {
        Ok(!self.shared.store.scan(&keys::entries(), 1, false).await?.is_empty())
    }

    /// Builds an index beside the present one, which answers and takes changes meanwhile, and swaps it in. Returns how
    /// many entries it has. One that is being built already is waited for instead.
    ///
    /// # Errors
    /// When the store or the disk fails; the present index stays in use.
    pub async fn rebuild(
        &self,
        progress: impl Fn(usize, usize) + Send + Sync,
    ) -> Result<usize, KnowledgeError> {
        let (answer, mut answered) = oneshot::channel();
        let reason = "it was asked for".to_owned();
        self.ask(Request::Rebuild { reason, answer: Some(answer) }).await?;
        let mut status = self.shared.status.subscribe();
        loop {
            tokio::select! {
                built = &mut answered => return built.map_err(|_| KnowledgeError::Cancelled)?,
                Ok(()) = status.changed() => {
                    let rebuild = status.borrow_and_update().rebuild.clone();
                    if let Some(rebuild) = rebuild.filter(|rebuild| rebuild.total > 0) {
                        progress(rebuild.done, rebuild.total);
                    }
                }
            }
        }
    }

    async fn ask(&self, request: Request) -> Result<(), KnowledgeError> {
        self.requests.send(request).await.map_err(|_| KnowledgeError::Cancelled)
    }
}

/// The current index, caught up with the store. An empty store gets an empty one.
async fn take_up(shared: &Arc<Shared>) -> Result<Found, KnowledgeError> {
    let mut attempts = 0;
    let found = loop {
        let base = Arc::clone(shared);
        match blocking(move || base.shelf.open()).await? {
            Err(KnowledgeError::Index(IndexError::InUse)) if attempts < LOCK_PATIENCE => {
                attempts += 1;
                tokio::time::sleep(LOCK_PAUSE).await;
            }
            found => break found?,
        }
    };
    match found {
        Found::Whole(shelved) => match rebuild::catch_up(shared, &shelved.index).await {
            Ok(Some(_)) => Ok(Found::Whole(shelved)),
            Ok(None) => Ok(Found::Nothing("it is too far from the store to catch up".to_owned())),
            Err(KnowledgeError::Index(error)) => Ok(Found::Nothing(error.to_string())),
            Err(error) => Err(error),
        },
        Found::Nothing(why) => {
            if journal::head(&*shared.store).await?.0.generation > 0 {
                return Ok(Found::Nothing(why));
            }
            let base = Arc::clone(shared);
            let fresh = blocking(move || {
                let fresh = base.shelf.fresh()?;
                base.shelf.point(&fresh)?;
                Ok::<_, KnowledgeError>(fresh)
            });
            Ok(Found::Whole(fresh.await??))
        }
    }
}

/// The index is read and written off the async threads.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, KnowledgeError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| KnowledgeError::Cancelled)
}
