//! Between channels and the dialogue core: makes every message durable before it is acknowledged, lets one worker at
//! a time handle a conversation in order, commits reply and state together, and delivers from a durable outbox.
//!
//! Open next: [`inbox`] (a message arrives), [`worker`] (it is handled), [`outbox`] (the reply leaves), [`thread`]
//! (a device reads). [`lease`] says who may work, [`fetching`] gets the files that citizens send, [`sweeper`] mends what
//! events missed.

pub mod fetching;
pub mod files;
pub mod inbox;
pub mod lease;
mod login;
pub mod notes;
pub mod outbox;
pub mod progress;
mod shown;
pub mod sweeper;
pub mod thread;
pub mod translate;
mod waiting;
pub mod worker;

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use adapters::{Channel, ChannelId, Enterprise, Limits, Peer, Recognition};
use governor::{DefaultKeyedRateLimiter, Quota};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::dialogue::Engine;
use crate::identity::Identities;
use crate::records::{Doubts, Files, Ledger, keys};
use crate::store::{StoreError, StoreExt};
use crate::telemetry::Metrics;
use waiting::Waiting;

/// What the gateway is told by the configuration.
#[derive(Clone, Debug)]
pub struct GatewaySettings {
    /// The longest message, in characters.
    pub message_chars: usize,
    /// Messages a minute from one citizen; 0 is unlimited.
    pub per_citizen: u32,
    /// How many messages may wait to be handled before citizens are asked to wait.
    pub queue_depth: usize,
    /// How many turns run side by side.
    pub turns: usize,
    /// How long after its end a conversation is taken up again rather than begun anew.
    pub reopen_within: Duration,
    /// How long a platform's message ids are remembered.
    pub remember_ids: Duration,
    /// How long an answer goes on being streamed when nobody watches.
    pub unwatched: Duration,
    /// The longest pause between two attempts to deliver a reply.
    pub longest_pause: Duration,
    /// Answers and questions back that were less sure than this are listed.
    pub doubt_below: f32,
    /// How long files are kept.
    pub keep_files: Duration,
    /// How long it is kept what was hidden in messages.
    pub keep_private: Duration,
}

/// How many files are got from platforms at a time.
const FETCHES: usize = 4;

/// The gateway.
pub struct Gateway {
    ledger: Ledger,
    engine: Engine,
    doubts: Arc<Doubts>,
    files: Files,
    identities: Option<Arc<Identities>>,
    settings: GatewaySettings,
    metrics: Metrics,
    channels: HashMap<ChannelId, Arc<dyn Channel>>,
    /// Names this process in leases.
    node: String,
    limiter: Option<DefaultKeyedRateLimiter<String>>,
    /// Messages accepted and not yet handled, here.
    waiting: Waiting,
    /// Conversations that a task of this process works on; the flag asks it to look once more before it ends.
    working: Mutex<HashMap<String, bool>>,
    /// The same for deliveries.
    delivering: Mutex<HashMap<String, bool>>,
    /// The same for files that are got from platforms.
    fetching: Mutex<HashMap<String, bool>>,
    turns: Semaphore,
    fetches: Semaphore,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Gateway {
    #[expect(clippy::too_many_arguments, reason = "each is one part of the program, and there is one caller")]
    /// Puts the gateway together. Nothing runs before [`Gateway::start`].
    pub fn new(
        ledger: Ledger,
        engine: Engine,
        doubts: Arc<Doubts>,
        files: Files,
        identities: Option<Arc<Identities>>,
        settings: GatewaySettings,
        metrics: Metrics,
        channels: Vec<Arc<dyn Channel>>,
        stop: CancellationToken,
    ) -> Arc<Self> {
        let limiter = NonZeroU32::new(settings.per_citizen)
            .map(|rate| DefaultKeyedRateLimiter::keyed(Quota::per_minute(rate)));
        Arc::new(Self {
            ledger,
            engine,
            doubts,
            files,
            identities,
            metrics,
            channels: channels.into_iter().map(|channel| (channel.id().clone(), channel)).collect(),
            node: uuid::Uuid::new_v4().simple().to_string(),
            limiter,
            waiting: Waiting::default(),
            working: Mutex::new(HashMap::new()),
            delivering: Mutex::new(HashMap::new()),
            fetching: Mutex::new(HashMap::new()),
            fetches: Semaphore::new(FETCHES),
            turns: Semaphore::new(settings.turns.max(1)),
            tasks: TaskTracker::new(),
            settings,
            stop,
        })
    }

    /// Takes up what an earlier process left behind, and begins to sweep.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn start(self: &Arc<Self>) -> Result<(), StoreError> {
        self.forget_leases().await?;
        let waiting = self.ledger.store().scan_all(&keys::inboxes()).await?;
        self.waiting.begin_with(waiting.len());
        self.sweep_inboxes().await?;
        self.sweep_outboxes().await?;
        self.sweep_fetches().await?;
        self.spawn_sweeper();
        self.spawn_outbox_listener();
        Ok(())
    }

    /// Waits until everything in hand is done. Call after `stop` was cancelled; what is not done by then is durable
    /// and is taken up at the next start.
    pub async fn drain(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// How many accepted messages wait to be handled.
    pub fn pending(&self) -> usize {
        self.waiting.count()
    }

    /// The ledger of conversations.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The dialogue core.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Where a citizen works, if their channel knows.
    pub async fn enterprise(&self, of: &Peer) -> Option<Enterprise> {
        self.channels.get(&of.channel)?.enterprise(of).await
    }

    /// Whether nobody but the citizen reads what is sent to them.
    pub fn is_private(&self, peer: &Peer) -> bool {
        self.channels.get(&peer.channel).is_some_and(|channel| channel.is_private(peer))
    }

    /// The most that one message holds on a channel, if it is little.
    pub fn limits(&self, channel: &ChannelId) -> Option<Limits> {
        self.channels.get(channel)?.limits()
    }

    /// How the platform of this peer says who opens a page of ours, if it does.
    pub fn recognition(&self, peer: &Peer) -> Option<&dyn Recognition> {
        self.channels.get(&peer.channel)?.recognition(peer)
    }

    /// The channels, for mounting their routes.
    pub fn channels(&self) -> impl Iterator<Item = &Arc<dyn Channel>> {
        self.channels.values()
    }
}

/// Claims a conversation for a task of this process. False: one is at work already and will look once more.
fn claim_task(tasks: &Mutex<HashMap<String, bool>>, id: &str) -> bool {
    let mut tasks = tasks.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(again) = tasks.get_mut(id) {
        *again = true;
        return false;
    }
    tasks.insert(id.to_owned(), false);
    true
}

/// Ends a task's claim. False: somebody asked for one more look meanwhile.
fn release_task(tasks: &Mutex<HashMap<String, bool>>, id: &str) -> bool {
    let mut tasks = tasks.lock().unwrap_or_else(PoisonError::into_inner);
    match tasks.get_mut(id) {
        Some(again) if *again => {
            *again = false;
            false
        }
        _ => {
            tasks.remove(id);
            true
        }
    }
}
