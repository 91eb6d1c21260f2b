//! Answers in a language model's words, from any server that speaks OpenAI's chat protocol.
//!
//! The request is made of `async-openai`'s types. The transport is our own: that crate's stream ends silently where an
//! answer is cut off, loses the status behind an unusual error body, and refuses what many compatible servers send.
//! What comes is read leniently (`wire`), cleaned of the model's thoughts and split into words and citation marks
//! (`text`). Whatever goes wrong ends in a [`SynthesisError`], and the answer is then quoted instead.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;
use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::dialogue::{AnswerStream, Brief, SynthesisError, Synthesizer};

mod answer;
mod failure;
mod lines;
mod marks;
mod prompts;
mod reading;
mod request;
mod text;
mod transport;
mod wire;

pub use prompts::Prompts;

/// Which model, where, and how long it may take.
#[derive(Clone, Debug)]
pub struct ModelSettings {
    /// The address up to `/chat/completions`, with the version in it if the server wants one.
    pub base_url: String,
    /// The key; a server of one's own may need none.
    pub api_key: Option<SecretString>,
    /// The model's name.
    pub model: String,
    /// How long connecting may take. It works through the client; see [`Self::client`].
    pub connect_timeout: Duration,
    /// How long the first word, or the first thought, may take.
    pub first_token_timeout: Duration,
    /// How long the model may pause after that.
    pub idle_timeout: Duration,
    /// How long everything together may take, with repetitions.
    pub total_timeout: Duration,
    /// The most tokens of an answer.
    pub max_tokens: u32,
    /// How freely the model words; low is faithful.
    pub temperature: f32,
    /// More fields of the request's body, for what only one vendor knows; `null` removes a field of ours.
    pub extra_body: Map<String, Value>,
}

impl ModelSettings {
    /// A client with the connect timeout of these settings, which reqwest can set on a client only.
    ///
    /// # Errors
    /// When the machine's TLS cannot be set up.
    pub fn client(&self) -> reqwest::Result<reqwest::Client> {
        reqwest::Client::builder().connect_timeout(self.connect_timeout).build()
    }
}

/// Has a model put the evidence into words.
#[derive(Clone)]
pub struct OpenAi {
    settings: Arc<ModelSettings>,
    client: reqwest::Client,
    prompts: Arc<Prompts>,
}

impl OpenAi {
    /// A writer that asks the model of these settings.
    pub fn new(settings: ModelSettings, client: reqwest::Client, prompts: Prompts) -> Self {
        Self { settings: Arc::new(settings), client, prompts: Arc::new(prompts) }
    }
}

#[async_trait]
impl Synthesizer for OpenAi {
    async fn write(&self, brief: Brief<'_>) -> Result<AnswerStream, SynthesisError> {
        if brief.evidence.is_empty() {
            return Err(SynthesisError::Unusable("there is no evidence".to_owned()));
        }
        let deadline = Instant::now() + self.settings.total_timeout;
        let body = request::body(&self.settings, &self.prompts, &brief)?;
        let (reading, first) = transport::open(&self.client, &self.settings, &body, deadline).await?;
        Ok(answer::stream(reading, first, self.settings.max_tokens))
    }
}

#[cfg(test)]
mod tests;
