//! One language model, on any server that speaks OpenAI's chat protocol.
//!
//! The request is made of `async-openai`'s types, and of what the server's profile adds. The transport is our own: that
//! crate's stream ends silently where an answer is cut off, loses the status behind an unusual error body, and refuses what
//! many compatible servers send. What comes is read leniently (`wire`), cleaned of the model's thoughts and split into
//! words and citation marks (`text`). Whatever goes wrong ends in a [`Failure`]; [`super::Models`] then asks the next model,
//! or the answer is quoted.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::profiles::Profile;
use crate::dialogue::Piece;
use crate::dialogue::ports::{Origin, Usage};

mod answer;
pub(super) mod failure;
mod harmless;
mod lines;
mod links;
mod marks;
mod prompts;
pub(super) mod question;
mod reading;
mod request;
mod text;
mod tokens;
mod transport;
mod wire;

use answer::Answer;
use failure::Failure;
pub(super) use prompts::Errand;
pub use prompts::Prompts;

/// Which model, where, and how long it may take.
#[derive(Clone, Debug)]
pub struct ModelSettings {
    /// What it is called in figures and alarms: the section of the configuration.
    pub section: String,
    /// The address up to `/chat/completions`, with the version in it if the server wants one.
    pub base_url: String,
    /// The key; a server of one's own may need none.
    pub api_key: Option<SecretString>,
    /// The model's name.
    pub model: String,
    /// The name of the server's profile.
    pub profile_name: String,
    /// What the server needs beyond the common protocol.
    pub profile: Profile,
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
    /// Fields that are left out.
    pub omit: Vec<String>,
}

/// One model, and how it is asked.
pub(super) struct OpenAi {
    settings: ModelSettings,
    client: reqwest::Client,
}

/// An answer that has begun: at least one piece of it can be shown.
pub(super) struct Begun {
    /// Who writes.
    pub(super) origin: Origin,
    /// The first words.
    pub(super) first: Piece,
    answer: Answer,
}

/// An answer that never began.
pub(super) struct Failed {
    /// Why.
    pub(super) failure: Failure,
    /// What it took all the same, about; a server that never answered took nothing.
    pub(super) usage: Usage,
}

impl OpenAi {
    /// The client has to have the connect timeout, which reqwest can set on a client only.
    pub(super) fn new(settings: ModelSettings, client: reqwest::Client) -> Self {
        Self { settings, client }
    }

    pub(super) fn settings(&self) -> &ModelSettings {
        &self.settings
    }

    /// About how many tokens it is sent.
    pub(super) fn reads(errand: &Errand) -> u64 {
        tokens::estimate(&errand.system) + tokens::estimate(&errand.user)
    }

    /// About how many tokens an answer to this takes at most.
    pub(super) fn most_tokens(&self, errand: &Errand) -> u64 {
        Self::reads(errand) + u64::from(errand.max_tokens(self.settings.max_tokens))
    }

    /// Asks, and waits for the first words that can be shown. A wait that the server asks for is taken up to `patience`.
    pub(super) async fn begin(
        &self,
        errand: &Errand,
        deadline: Instant,
        patience: Duration,
    ) -> Result<Begun, Failed> {
        let deadline = deadline.min(Instant::now() + self.settings.total_timeout);
        let sent: Arc<str> = format!("{}\n{}", errand.system, errand.user).into();
        let failed = |failure: Failure| {
            // A server that was slow has read the request; one that refused it has not charged for it.
            let prompt = if matches!(failure, Failure::Slow(_)) { tokens::estimate(&sent) } else { 0 };
            Failed { failure: failure.without(&sent), usage: Usage { prompt, completion: 0 } }
        };
        let request = request::request(&self.settings, errand).map_err(failed)?;
        let opened = transport::open(&self.client, &self.settings, &request.body, deadline, patience).await;
        let (reading, first) = opened.map_err(failed)?;
        let mut answer = Answer::new(
            reading,
            first,
            errand.max_tokens(self.settings.max_tokens),
            Arc::clone(&sent),
            errand.links.clone(),
        );
        match answer.next().await {
            Some(Ok(first)) => Ok(Begun { origin: request.origin, first, answer }),
            Some(Err(failure)) => Err(Failed { failure, usage: answer.usage() }),
            None => Err(Failed { failure: Failure::Broken("it is empty".to_owned()), usage: answer.usage() }),
        }
    }
}

impl Begun {
    /// The next piece after the first; none when the answer is over.
    pub(super) async fn next(&mut self) -> Option<Result<Piece, Failure>> {
        self.answer.next().await
    }

    /// What it took so far: as the server says, or about.
    pub(super) fn usage(&self) -> Usage {
        self.answer.usage()
    }
}
