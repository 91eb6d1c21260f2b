//! Vectors of texts, from any server that speaks OpenAI's embeddings protocol.
//!
//! Questions and documents go different ways. A citizen waits for a question's vector, so it has a tight limit, is
//! asked for once, remembered (`cache`), and not asked for at all while the server is away (`away`). Documents are
//! embedded in the background, many at a time, by a caller that tries again. Nothing here is needed for an answer:
//! whoever gets no vector searches by words.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::privacy;

mod away;
mod cache;
mod failure;
#[cfg(test)]
mod tests;
mod transport;
mod wire;

use away::Away;
use cache::Cache;

pub use failure::EmbeddingError;

/// What is sent to see whether the server is there. No citizen's words.
pub const PROBE: &str = "一口问";

/// Which model, where, and how long it may take.
#[derive(Clone, Debug)]
pub struct EmbeddingSettings {
    /// The address up to `/embeddings`, with the version in it if the server wants one.
    pub base_url: String,
    /// The key; a server of one's own may need none.
    pub api_key: Option<SecretString>,
    /// The model's name.
    pub model: String,
    /// How many dimensions to ask for; `None` takes what the model gives.
    pub dimensions: Option<usize>,
    /// How long a citizen waits for a question's vector.
    pub timeout: Duration,
    /// How long a batch of documents may take.
    pub batch_timeout: Duration,
    /// What stands before a question.
    pub query_prefix: String,
    /// What stands before a document.
    pub document_prefix: String,
    /// What a question is called as `input_type`, for servers that embed questions and documents differently.
    pub query_type: Option<String>,
    /// What a document is called.
    pub document_type: Option<String>,
    /// The most characters of a question that are sent, without what stands before it.
    pub characters: usize,
}

/// What happened to questions since the start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct QuestionCounts {
    /// The server gave a vector.
    pub embedded: u64,
    /// It was remembered.
    pub remembered: u64,
    /// The server failed or took too long.
    pub failed: u64,
    /// The server was away and not asked.
    pub skipped: u64,
}

#[derive(Default)]
struct Counters {
    embedded: AtomicU64,
    remembered: AtomicU64,
    failed: AtomicU64,
    skipped: AtomicU64,
}

/// Has texts embedded.
pub struct Embedder {
    settings: EmbeddingSettings,
    client: reqwest::Client,
    away: Mutex<Away>,
    /// Told when the server has just gone away.
    gone: Notify,
    cache: Mutex<Cache>,
    counters: Counters,
}

impl Embedder {
    /// An embedder that asks the server of these settings.
    pub fn new(settings: EmbeddingSettings, client: reqwest::Client) -> Self {
        Self {
            settings,
            client,
            away: Mutex::default(),
            gone: Notify::new(),
            cache: Mutex::default(),
            counters: Counters::default(),
        }
    }

    /// The settings.
    pub fn settings(&self) -> &EmbeddingSettings {
        &self.settings
    }

    /// The vector of a question, of `expected` dimensions if that is known; `None` if the question has to be answered
    /// without. Personal data is masked before anything leaves.
    pub async fn question(&self, text: &str, expected: Option<usize>) -> Option<Arc<[f32]>> {
        let sent = self.asked(text)?;
        let usable = |vector: &Arc<[f32]>| expected.is_none_or(|expected| expected == vector.len());
        if let Some(vector) = self.cache().get(&sent).filter(usable) {
            self.counters.remembered.fetch_add(1, Ordering::Relaxed);
            return Some(vector);
        }
        if self.away().is_away() {
            self.counters.skipped.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        match self.ask(&sent, expected).await {
            Ok(vector) => {
                self.counters.embedded.fetch_add(1, Ordering::Relaxed);
                let vector: Arc<[f32]> = vector.into();
                self.cache().put(sent, Arc::clone(&vector));
                Some(vector)
            }
            Err(error) => {
                tracing::debug!(%error, "a question is answered without its embedding");
                self.counters.failed.fetch_add(1, Ordering::Relaxed);
                None
            }
        }
    }

    /// A question as it is sent, with personal data masked; `None` if nothing is left of it.
    fn asked(&self, text: &str) -> Option<String> {
        let masked = privacy::mask(text.trim());
        let cut: String = masked.chars().take(self.settings.characters).collect();
        (!cut.is_empty()).then(|| format!("{}{cut}", self.settings.query_prefix))
    }

    /// The vectors of many questions that nobody waits for, in their order; none for one of which nothing is left. They are
    /// not remembered.
    ///
    /// # Errors
    /// What the caller should do next; none of the questions has a vector then.
    pub async fn questions(&self, texts: &[String]) -> Result<Vec<Option<Vec<f32>>>, EmbeddingError> {
        let asked: Vec<Option<String>> = texts.iter().map(|text| self.asked(text)).collect();
        let sent: Vec<String> = asked.iter().flatten().cloned().collect();
        if sent.is_empty() {
            return Ok(vec![None; texts.len()]);
        }
        let deadline = Instant::now() + self.settings.batch_timeout;
        let as_what = self.settings.query_type.as_deref();
        let mut vectors =
            transport::embed(&self.client, &self.settings, as_what, &sent, deadline).await?.into_iter();
        Ok(asked.into_iter().map(|asked| asked.and_then(|_| vectors.next())).collect())
    }

    /// Whether the server is there, and how many dimensions its vectors have.
    ///
    /// # Errors
    /// When it is not, or answers nonsense.
    pub async fn probe(&self) -> Result<usize, EmbeddingError> {
        let sent = format!("{}{PROBE}", self.settings.query_prefix);
        Ok(self.ask(&sent, None).await?.len())
    }

    /// Asks as a citizen would wait for it, and remembers whether the server is there.
    async fn ask(&self, sent: &str, expected: Option<usize>) -> Result<Vec<f32>, EmbeddingError> {
        let deadline = Instant::now() + self.settings.timeout;
        let texts = [sent.to_owned()];
        let as_what = self.settings.query_type.as_deref();
        let outcome = transport::embed(&self.client, &self.settings, as_what, &texts, deadline)
            .await
            .and_then(|vectors| wire::only(vectors, expected));
        match &outcome {
            Ok(_) => {
                if self.away().answered() {
                    tracing::info!("the embedding endpoint is back");
                }
            }
            // What one question contains says nothing about the next.
            Err(EmbeddingError::Refused(_)) => {}
            Err(error) => {
                if self.away().failed(error) {
                    tracing::warn!(%error, "the embedding endpoint is away: lexical only");
                    self.gone.notify_one();
                }
            }
        }
        outcome
    }

    /// A document as it is sent.
    pub fn document(&self, text: &str) -> String {
        format!("{}{text}", self.settings.document_prefix)
    }

    /// What a document's vector depends on beside the model: another text, or the same sent as something else, has another.
    pub fn identity(&self, sent: &str) -> String {
        match &self.settings.document_type {
            None => sent.to_owned(),
            Some(as_what) => format!("{as_what}\n{sent}"),
        }
    }

    /// The vectors of documents as [`Embedder::document`] prints them, in their order.
    ///
    /// # Errors
    /// What the caller should do next; none of the documents has a vector then.
    pub async fn documents(&self, sent: &[String]) -> Result<Vec<Vec<f32>>, EmbeddingError> {
        let deadline = Instant::now() + self.settings.batch_timeout;
        let as_what = self.settings.document_type.as_deref();
        transport::embed(&self.client, &self.settings, as_what, sent, deadline).await
    }

    /// Why the server is not asked at present.
    pub fn away(&self) -> MutexGuard<'_, Away> {
        self.away.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What happened to questions.
    pub fn counts(&self) -> QuestionCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        QuestionCounts {
            embedded: read(&self.counters.embedded),
            remembered: read(&self.counters.remembered),
            failed: read(&self.counters.failed),
            skipped: read(&self.counters.skipped),
        }
    }

    /// Waits until the server goes away, then looks for it now and then until it is back, so that no citizen has to.
    /// Never ends.
    pub async fn watch(&self) {
        loop {
            let pause = self.away().pause();
            match pause {
                None => self.gone.notified().await,
                Some(pause) => {
                    tokio::time::sleep(pause).await;
                    if let Err(error) = self.probe().await {
                        tracing::debug!(%error, "the embedding endpoint is still away");
                    }
                }
            }
        }
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
