//! Logs and metrics. Log lines carry ids, never words, addresses or keys; metrics carry counts and durations alone.

mod answers;
mod assist;

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
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
use answers::AnswerCounters;
use assist::AssistGauges;

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
struct FetchedFile {
    channel: String,
    how: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ChannelAlarm {
    channel: String,
    code: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Model {
    section: String,
    model: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ModelCount {
    section: String,
    model: String,
    how: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ModelAlarm {
    section: String,
    code: &'static str,
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
    fetched: Family<FetchedFile, Counter>,
    alarms: Family<ChannelAlarm, Gauge<i64, AtomicI64>>,
    pending: Gauge<i64, AtomicI64>,
    queue: Gauge<i64, AtomicI64>,
    online: Gauge<i64, AtomicI64>,
    knowledge: KnowledgeGauges,
    embedding: EmbeddingGauges,
    answers: AnswerCounters,
    models: ModelGauges,
    assist: AssistGauges,
}

/// What is measured of language models.
#[derive(Clone, Default)]
struct ModelGauges {
    breaker: Family<Model, Gauge<i64, AtomicI64>>,
    requests: Family<ModelCount, Counter>,
    tokens: Family<ModelCount, Counter>,
    alarms: Family<ModelAlarm, Gauge<i64, AtomicI64>>,
}

impl ModelGauges {
    fn register(&self, registry: &mut Registry) {
        registry.register(
            "model_breaker",
            "Whether a language model is left alone: 0 closed, 1 half open, 2 open",
            self.breaker.clone(),
        );
        registry.register(
            "model_requests",
            "Answers that a language model was asked for, or was not, by what came of it",
            self.requests.clone(),
        );
        registry.register(
            "model_tokens",
            "Tokens that a language model read and wrote, as far as its server says",
            self.tokens.clone(),
        );
        registry.register(
            "model_alarm",
            "What is wrong with a language model at present",
            self.alarms.clone(),
        );
    }
}

/// What is read of a language model at the moment of asking.
#[derive(Clone, Debug)]
pub struct ModelFigures {
    /// The section of the configuration.
    pub section: String,
    /// The model's name.
    pub model: String,
    /// Whether it is left alone: `closed`, `half_open` or `open`, as of a breaker.
    pub standing: &'static str,
    /// How often it was asked, by what came of it.
    pub asked: Vec<(&'static str, u64)>,
    /// The tokens it took, by `prompt` and `completion`.
    pub tokens: Vec<(&'static str, u64)>,
}

/// What is measured of the knowledge.
#[derive(Clone, Default)]
struct KnowledgeGauges {
    entries: Gauge<i64, AtomicI64>,
    store_generation: Gauge<i64, AtomicI64>,
    index_generation: Gauge<i64, AtomicI64>,
    rebuilding: Gauge<i64, AtomicI64>,
    last_change: Gauge<f64, AtomicU64>,
}

impl KnowledgeGauges {
    fn register(&self, registry: &mut Registry) {
        registry.register("entries", "Entries in the search index", self.entries.clone());
        registry.register(
            "store_generation",
            "How often entries were changed in the store",
            self.store_generation.clone(),
        );
        registry.register(
            "index_generation",
            "Up to which of these changes the search index is",
            self.index_generation.clone(),
        );
        registry.register("index_rebuilding", "Whether an index is being built", self.rebuilding.clone());
        registry.register_with_unit(
            "last_change",
            "From the request to being searchable, for the last change of an entry",
            Unit::Seconds,
            self.last_change.clone(),
        );
    }
}

/// What is measured of embeddings.
#[derive(Clone, Default)]
struct EmbeddingGauges {
    away: Gauge<i64, AtomicI64>,
    vectors: Gauge<i64, AtomicI64>,
    lacking: Gauge<i64, AtomicI64>,
    questions: Family<How, Counter>,
}

impl EmbeddingGauges {
    fn register(&self, registry: &mut Registry) {
        registry.register(
            "embedding_away",
            "Whether the embedding endpoint is away and search is lexical only",
            self.away.clone(),
        );
        registry.register("vectors", "Texts of entries that have a vector", self.vectors.clone());
        registry.register(
            "vectors_lacking",
            "Texts of entries that have no vector yet",
            self.lacking.clone(),
        );
        registry.register(
            "embedding_questions",
            "Questions by how they came to a vector, or came to none",
            self.questions.clone(),
        );
    }
}

/// What is read of the knowledge at the moment of asking.
#[derive(Clone, Copy, Debug)]
pub struct KnowledgeFigures {
    /// Entries in the index.
    pub entries: usize,
    /// The generation of the store.
    pub store_generation: u64,
    /// The generation of the index.
    pub index_generation: u64,
    /// Whether an index is being built.
    pub rebuilding: bool,
    /// How long the last change took to become searchable.
    pub last_change: Option<Duration>,
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
        let fetched = Family::default();
        let alarms = Family::default();
        let (pending, queue, online) = (Gauge::default(), Gauge::default(), Gauge::default());
        let knowledge = KnowledgeGauges::default();
        let embedding = EmbeddingGauges::default();
        let models = ModelGauges::default();
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
        registry.register("files_fetched", "Files of citizens, by what became of them", fetched.clone());
        registry.register("channel_alarm", "What is wrong with a channel at present", alarms.clone());
        registry.register("messages_pending", "Accepted messages that wait to be handled", pending.clone());
        registry.register("queue_length", "Conversations that wait for a person", queue.clone());
        registry.register("helpers_online", "Helpers at the desk", online.clone());
        knowledge.register(&mut registry);
        embedding.register(&mut registry);
        let answers = AnswerCounters::default();
        answers.register(&mut registry);
        models.register(&mut registry);
        let assist = AssistGauges::default();
        assist.register(&mut registry);
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
            fetched,
            alarms,
            pending,
            queue,
            online,
            knowledge,
            embedding,
            answers,
            models,
            assist,
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

    /// A file of a citizen was got from its platform, or will not be: `kept` or `lost`.
    pub fn fetched(&self, channel: &str, how: &'static str) {
        self.fetched.get_or_create(&FetchedFile { channel: channel.to_owned(), how }).inc();
    }

    /// Sets what is wrong with the channels at the moment of asking: channel and code.
    pub fn observe_alarms<'a>(&self, alarms: impl Iterator<Item = (&'a str, &'static str)>) {
        // What is over must not stay at 1.
        self.alarms.clear();
        for (channel, code) in alarms {
            self.alarms.get_or_create(&ChannelAlarm { channel: channel.to_owned(), code }).set(1);
        }
    }

    /// Sets what is read at the moment of asking.
    pub fn observe(&self, pending: usize, queue: usize, online: usize) {
        self.pending.set(count(pending));
        self.queue.set(count(queue));
        self.online.set(count(online));
    }

    /// Sets what is read of the knowledge at the moment of asking.
    pub fn observe_knowledge(&self, figures: KnowledgeFigures) {
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        self.knowledge.entries.set(count(figures.entries));
        self.knowledge.store_generation.set(number(figures.store_generation));
        self.knowledge.index_generation.set(number(figures.index_generation));
        self.knowledge.rebuilding.set(figures.rebuilding.into());
        self.knowledge.last_change.set(figures.last_change.unwrap_or_default().as_secs_f64());
    }

    /// Sets what is wrong with the language models at the moment of asking: section and code.
    pub fn observe_model_alarms<'a>(&self, alarms: impl Iterator<Item = (&'a str, &'static str)>) {
        // What is over must not stay at 1.
        self.models.alarms.clear();
        for (section, code) in alarms {
            self.models.alarms.get_or_create(&ModelAlarm { section: section.to_owned(), code }).set(1);
        }
    }

    /// Sets what the language models have done up to the moment of asking.
    pub fn observe_models<'a>(&self, models: impl Iterator<Item = &'a ModelFigures>) {
        for figures in models {
            let (section, model) = (figures.section.clone(), figures.model.clone());
            let standing = match figures.standing {
                "closed" => 0,
                "half_open" => 1,
                _ => 2,
            };
            self.models
                .breaker
                .get_or_create(&Model { section: section.clone(), model: model.clone() })
                .set(standing);
            for (family, counts) in
                [(&self.models.requests, &figures.asked), (&self.models.tokens, &figures.tokens)]
            {
                for &(how, number) in counts {
                    let labels = ModelCount { section: section.clone(), model: model.clone(), how };
                    family.get_or_create(&labels).inner().fetch_max(number, Ordering::Relaxed);
                }
            }
        }
    }

    /// Sets what the embedding endpoint has done up to the moment of asking.
    pub fn observe_embedding(
        &self,
        away: bool,
        vectors: usize,
        lacking: usize,
        questions: &[(&'static str, u64)],
    ) {
        self.embedding.away.set(i64::from(away));
        self.embedding.vectors.set(count(vectors));
        self.embedding.lacking.set(count(lacking));
        for &(how, number) in questions {
            let counter = self.embedding.questions.get_or_create(&How { how });
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
