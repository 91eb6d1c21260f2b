//! One struct a section. The meaning and default of every setting stand in `config/default.toml`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use adapters::Trust;
use secrecy::SecretString;
use serde::{Deserialize, Serialize, Serializer};

use super::duration::Span;

/// `[server]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each setting means")]
pub struct ServerConfig {
    pub listen: SocketAddr,
    pub public_url: Option<String>,
    pub drain: Span,
    pub body_bytes: usize,
    pub trusted_proxies: usize,
    #[serde(default)]
    pub extra_ca: Option<PathBuf>,
    #[serde(default, serialize_with = "hidden")]
    pub api_token: Option<SecretString>,
}

impl ServerConfig {
    /// Whom the program believes when it calls somebody over TLS.
    ///
    /// # Errors
    /// Says what is wrong with the file of further authorities.
    pub fn trust(&self) -> Result<Trust, String> {
        let Some(path) = &self.extra_ca else { return Ok(Trust::default()) };
        let at = |error: &dyn std::fmt::Display| format!("[server] extra_ca: {}: {error}", path.display());
        let pem = std::fs::read(path).map_err(|error| at(&error))?;
        Trust::read(&pem).map_err(|error| at(&error))
    }

    pub(super) fn check(&self, faults: &mut Vec<String>) {
        if let Some(url) = &self.public_url
            && !(url.starts_with("http://") || url.starts_with("https://"))
        {
            faults.push(format!("[server] public_url: `{url}` does not begin with http:// or https://"));
        }
        if let Err(fault) = self.trust() {
            faults.push(fault);
        }
        if self.body_bytes < 1024 {
            faults.push("[server] body_bytes: less than 1024 refuses almost every request".to_owned());
        }
    }
}

/// `[store]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each setting means")]
pub struct StoreConfig {
    pub url: String,
}

/// `[bus]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each setting means")]
pub struct BusConfig {
    pub url: String,
}

/// `[city]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each setting means")]
pub struct CityConfig {
    pub region: String,
    pub regions: Option<PathBuf>,
    pub demo: bool,
    pub name: String,
    pub name_en: String,
}

/// Keeps a secret out of everything that is printed.
pub(super) fn hidden<S: Serializer>(secret: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    match secret {
        Some(_) => serializer.serialize_str("(hidden)"),
        None => serializer.serialize_none(),
    }
}

/// `[embedding]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each setting means")]
pub struct EmbeddingConfig {
    pub base_url: String,
    #[serde(default, serialize_with = "hidden")]
    pub api_key: Option<SecretString>,
    pub model: String,
    pub dimensions: Option<usize>,
    #[serde(default = "EmbeddingConfig::moment")]
    pub timeout: Span,
    #[serde(default = "EmbeddingConfig::minute")]
    pub batch_timeout: Span,
    #[serde(default = "EmbeddingConfig::batch")]
    pub batch: usize,
    #[serde(default)]
    pub query_prefix: String,
    #[serde(default)]
    pub document_prefix: String,
    pub query_type: Option<String>,
    pub document_type: Option<String>,
    #[serde(default = "EmbeddingConfig::characters")]
    pub characters: usize,
    #[serde(default = "EmbeddingConfig::texts")]
    pub texts: usize,
    #[serde(default = "EmbeddingConfig::weight")]
    pub weight: f32,
}

impl EmbeddingConfig {
    fn moment() -> Span {
        Span(Duration::from_millis(300))
    }
    fn minute() -> Span {
        Span(Duration::from_secs(60))
    }
    fn batch() -> usize {
        32
    }
    fn characters() -> usize {
        400
    }
    fn texts() -> usize {
        12
    }
    fn weight() -> f32 {
        1.0
    }

    pub(super) fn check(&self, faults: &mut Vec<String>) {
        if !(self.base_url.starts_with("http://") || self.base_url.starts_with("https://")) {
            faults.push(format!(
                "[embedding] base_url: `{}` does not begin with http:// or https://",
                self.base_url
            ));
        }
        if self.model.trim().is_empty() {
            faults.push("[embedding] model: the model's name is missing".to_owned());
        }
        // As many as vectors can be compared with.
        let most = 8192;
        if self.dimensions.is_some_and(|dimensions| !(1..=most).contains(&dimensions)) {
            faults.push(format!("[embedding] dimensions: not between 1 and {most}"));
        }
        for (name, value, most) in [
            ("batch", self.batch, 2048),
            ("characters", self.characters, 100_000),
            ("texts", self.texts, 1000),
        ] {
            if !(1..=most).contains(&value) {
                faults.push(format!("[embedding] {name}: {value} is not between 1 and {most}"));
            }
        }
        if !(0.0..=10.0).contains(&self.weight) {
            faults.push(format!("[embedding] weight: {} is not between 0 and 10", self.weight));
        }
    }
}

/// `[limits]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each setting means")]
pub struct LimitsConfig {
    pub per_citizen: u32,
    pub per_address: u32,
    pub queue_depth: usize,
    pub turns: usize,
    pub message_chars: usize,
    pub file_bytes: usize,
}

/// A file is read whole, so a larger one would cost the memory of the machine.
const LARGEST_FILE: usize = 100 << 20;

impl LimitsConfig {
    pub(super) fn check(&self, faults: &mut Vec<String>) {
        for (name, value) in [
            ("queue_depth", self.queue_depth),
            ("turns", self.turns),
            ("message_chars", self.message_chars),
            ("file_bytes", self.file_bytes),
        ] {
            if value == 0 {
                faults.push(format!("[limits] {name}: 0 would let nothing through"));
            }
        }
        if self.file_bytes > LARGEST_FILE {
            faults.push(format!("[limits] file_bytes: more than {LARGEST_FILE} is not possible"));
        }
    }
}

/// `[dialogue]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each setting means")]
pub struct DialogueConfig {
    pub answer_at: f32,
    pub clarify_at: f32,
    pub ask_model_at: f32,
    pub decline_odds: f32,
    pub close_margin: f32,
    pub choices: usize,
    pub evidence: usize,
    pub reopen_within: Span,
    pub unwatched: Span,
    pub intents: Option<PathBuf>,
    pub replies: Option<PathBuf>,
    pub screen: Option<PathBuf>,
    pub patience: Span,
    pub rewrite_within: Span,
    pub rewrite: Rewrite,
    pub rewrite_patience: Span,
    pub cache: usize,
    pub cache_for: Span,
}

/// What spells out what a question leaves to earlier turns.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Rewrite {
    /// Rules alone.
    Rules,
    /// A model, where the rules find that it leans on them.
    Model,
}

/// A shorter patience leaves no model the time for a line.
const LEAST_PATIENCE: Duration = Duration::from_millis(100);

impl DialogueConfig {
    /// How long whoever waits may see nothing new; none where it has no end.
    pub fn patience(&self) -> Option<Duration> {
        Some(self.patience.0).filter(|patience| !patience.is_zero())
    }

    pub(super) fn check(&self, has_model: bool, faults: &mut Vec<String>) {
        let within = |value: f32| (0.0..=1.0).contains(&value);
        for (name, value) in [
            ("answer_at", self.answer_at),
            ("clarify_at", self.clarify_at),
            ("ask_model_at", self.ask_model_at),
        ] {
            if !within(value) {
                faults.push(format!("[dialogue] {name}: {value} is not between 0 and 1"));
            }
        }
        if self.close_margin.is_nan() || self.close_margin < 0.0 {
            faults.push(format!("[dialogue] close_margin: {} is negative", self.close_margin));
        }
        if self.decline_odds.is_nan() || self.decline_odds < 1.0 {
            faults.push(format!(
                "[dialogue] decline_odds: {} is below 1: that a model finds no answer would make one likelier",
                self.decline_odds
            ));
        }
        if self.clarify_at > self.answer_at {
            faults
                .push("[dialogue] clarify_at is above answer_at: nothing would ever be answered".to_owned());
        }
        if !(1..=9).contains(&self.choices) {
            faults.push(format!("[dialogue] choices: {} is not between 1 and 9", self.choices));
        }
        if self.evidence == 0 {
            faults.push("[dialogue] evidence: with 0 nothing is ever found".to_owned());
        }
        if self.patience().is_some_and(|patience| patience < LEAST_PATIENCE) {
            faults.push(format!(
                "[dialogue] patience: in less than {}ms no model writes a line; 0s waits as long as the model takes",
                LEAST_PATIENCE.as_millis()
            ));
        }
        if self.rewrite == Rewrite::Model && !has_model {
            faults.push("[dialogue] rewrite = \"model\" needs a section [model]".to_owned());
        }
        let whole = self.patience().unwrap_or(Duration::MAX);
        if !(LEAST_PATIENCE..=whole).contains(&self.rewrite_patience.0) && self.rewrite == Rewrite::Model {
            faults.push(format!(
                "[dialogue] rewrite_patience: not between {}ms and patience, of which it is a part",
                LEAST_PATIENCE.as_millis()
            ));
        }
    }
}

/// `[desk]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each setting means")]
pub struct DeskConfig {
    pub capacity: usize,
    pub wait_limit: Span,
    pub session: Span,
    pub presence: Span,
    pub grace: Span,
    pub rating_wait: Span,
    pub message_chars: usize,
}

impl DeskConfig {
    pub(super) fn check(&self, faults: &mut Vec<String>) {
        if self.capacity == 0 {
            faults.push("[desk] capacity: with 0 no helper could take anybody".to_owned());
        }
        if self.presence.0 < Duration::from_secs(20) {
            faults.push(
                "[desk] presence: shorter than 20s loses helpers between two signs of life (one every 15s)"
                    .to_owned(),
            );
        }
    }
}

/// `[retention]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each setting means")]
pub struct RetentionConfig {
    pub message_ids: Span,
    pub longest_pause: Span,
    pub files: Span,
    pub private: Span,
}

/// `[search]`: how entries are ranked.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SearchConfig {
    /// Weights of the ranking in place of those that ship.
    pub weights: Option<PathBuf>,
}

/// `[trial]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each setting means")]
pub struct TrialConfig {
    pub doubt_below: f32,
    pub doubts: usize,
    pub runs: usize,
}

impl TrialConfig {
    pub(super) fn check(&self, faults: &mut Vec<String>) {
        if !(0.0..=1.0).contains(&self.doubt_below) {
            faults.push(format!("[trial] doubt_below: {} is not between 0 and 1", self.doubt_below));
        }
        for (name, value) in [("doubts", self.doubts), ("runs", self.runs)] {
            if value == 0 {
                faults.push(format!("[trial] {name}: with 0 nothing is kept"));
            }
        }
    }
}

/// `[log]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each setting means")]
pub struct LogConfig {
    pub level: String,
    pub format: LogFormat,
}

/// How log lines look.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}
