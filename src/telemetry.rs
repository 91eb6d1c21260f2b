//! Logs and metrics. Log lines carry ids, never words, addresses or keys; metrics carry counts and durations alone.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use tracing_subscriber::EnvFilter;

use crate::config::{LogConfig, LogFormat};

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Channel {
    channel: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Turn {
    channel: String,
    outcome: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Why {
    reason: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct How {
    how: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Score {
    score: u32,
}

/// The program's metrics. Cheap to clone; all clones count together.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    accepted: Family<Channel, Counter>,
    refused: Family<Why, Counter>,
    turns: Family<Turn, Counter>,
    turn_seconds: Family<Channel, Histogram>,
    handoffs: Family<Why, Counter>,
    delivered: Family<Channel, Counter>,
    delivery_seconds: Family<Channel, Histogram>,
    undeliverable: Family<Channel, Counter>,
    ratings: Family<Score, Counter>,
    pending: Gauge<i64, AtomicI64>,
    queue: Gauge<i64, AtomicI64>,
    online: Gauge<i64, AtomicI64>,
    entries: Gauge<i64, AtomicI64>,
    embedding_away: Gauge<i64, AtomicI64>,
    vectors: Gauge<i64, AtomicI64>,
    vectors_lacking: Gauge<i64, AtomicI64>,
    questions_embedded: Family<How, Counter>,
}

fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.001, 2.0, 16))
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("yikouwen");
        let accepted = Family::default();
        let refused = Family::default();
        let turns = Family::default();
        let turn_seconds = Family::<Channel, Histogram>::new_with_constructor(seconds);
        let handoffs = Family::default();
        let delivered = Family::default();
        let delivery_seconds = Family::<Channel, Histogram>::new_with_constructor(seconds);
        let undeliverable = Family::default();
        let ratings = Family::default();
        let (pending, queue, online, entries) =
            (Gauge::default(), Gauge::default(), Gauge::default(), Gauge::default());
        let (embedding_away, vectors, vectors_lacking) =
            (Gauge::default(), Gauge::default(), Gauge::default());
        let questions_embedded = Family::default();
        registry.register("messages_accepted", "Messages made durable", accepted.clone());
        registry.register("messages_refused", "Messages refused before anything was stored", refused.clone());
        registry.register("turns", "Turns the robot took, by how they ended", turns.clone());
        registry.register_with_unit(
            "turn",
            "From a worker's start to the durable reply",
            Unit::Seconds,
            turn_seconds.clone(),
        );
        registry.register("handoffs", "Conversations handed to people, by reason", handoffs.clone());
        registry.register("replies_delivered", "Replies handed to their platform", delivered.clone());
        registry.register_with_unit(
            "delivery",
            "From the durable reply to its delivery",
            Unit::Seconds,
            delivery_seconds.clone(),
        );
        registry.register("replies_undeliverable", "Replies whose recipient is gone", undeliverable.clone());
        registry.register("ratings", "Ratings by score", ratings.clone());
        registry.register("messages_pending", "Accepted messages that wait to be handled", pending.clone());
        registry.register("queue_length", "Conversations that wait for a person", queue.clone());
        registry.register("helpers_online", "Helpers at the desk", online.clone());
        registry.register("entries", "Entries in the search index", entries.clone());
        registry.register(
            "embedding_away",
            "Whether the embedding endpoint is away and search is lexical only",
            embedding_away.clone(),
        );
        registry.register("vectors", "Texts of entries that have a vector", vectors.clone());
        registry.register(
            "vectors_lacking",
            "Texts of entries that have no vector yet",
            vectors_lacking.clone(),
        );
        registry.register(
            "embedding_questions",
            "Questions by how they came to a vector, or came to none",
            questions_embedded.clone(),
        );
        Self {
            registry: Arc::new(registry),
            accepted,
            refused,
            turns,
            turn_seconds,
            handoffs,
            delivered,
            delivery_seconds,
            undeliverable,
            ratings,
            pending,
            queue,
            online,
            entries,
            embedding_away,
            vectors,
            vectors_lacking,
            questions_embedded,
        }
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl Metrics {
    fn channel(name: &str) -> Channel {
        Channel { channel: name.to_owned() }
    }

    /// A message was made durable.
    pub fn accepted(&self, channel: &str) {
        self.accepted.get_or_create(&Self::channel(channel)).inc();
    }

    /// A message was refused.
    pub fn refused(&self, reason: &str) {
        self.refused.get_or_create(&Why { reason: reason.to_owned() }).inc();
    }

    /// A turn ended.
    pub fn turn(&self, channel: &str, outcome: Option<&str>, took: Duration) {
        let outcome = outcome.unwrap_or("none").to_owned();
        self.turns.get_or_create(&Turn { channel: channel.to_owned(), outcome }).inc();
        self.turn_seconds.get_or_create(&Self::channel(channel)).observe(took.as_secs_f64());
    }

    /// A person was called.
    pub fn handoff(&self, reason: &str) {
        self.handoffs.get_or_create(&Why { reason: reason.to_owned() }).inc();
    }

    /// A reply was delivered.
    pub fn delivered(&self, channel: &str, waited: Duration) {
        self.delivered.get_or_create(&Self::channel(channel)).inc();
        self.delivery_seconds.get_or_create(&Self::channel(channel)).observe(waited.as_secs_f64());
    }

    /// A reply's recipient is gone.
    pub fn undeliverable(&self, channel: &str) {
        self.undeliverable.get_or_create(&Self::channel(channel)).inc();
    }

    /// A rating was given.
    pub fn rated(&self, score: u8) {
        self.ratings.get_or_create(&Score { score: score.into() }).inc();
    }

    /// Sets what is read at the moment of asking.
    pub fn observe(&self, pending: usize, queue: usize, online: usize, entries: usize) {
        self.pending.set(count(pending));
        self.queue.set(count(queue));
        self.online.set(count(online));
        self.entries.set(count(entries));
    }

    /// Sets what the embedding endpoint has done up to the moment of asking.
    pub fn observe_embedding(
        &self,
        away: bool,
        vectors: usize,
        lacking: usize,
        questions: &[(&'static str, u64)],
    ) {
        self.embedding_away.set(i64::from(away));
        self.vectors.set(count(vectors));
        self.vectors_lacking.set(count(lacking));
        for &(how, number) in questions {
            let counter = self.questions_embedded.get_or_create(&How { how });
            counter.inner().fetch_max(number, Ordering::Relaxed);
        }
    }

    /// Prints everything in the OpenMetrics text format.
    pub fn print(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        match encode(&mut text, &self.registry) {
            Ok(()) => text,
            Err(std::fmt::Error) => String::new(),
        }
    }
}

/// Begins to log. A second call changes nothing, so that tests may call it, too.
pub fn init(config: &LogConfig) {
    let filter = EnvFilter::try_new(&config.level).unwrap_or_else(|_| EnvFilter::new("info"));
    // Colours are for people at a terminal; in a file they are noise.
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let begun = match config.format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    drop(begun);
}
