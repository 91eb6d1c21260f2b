//! The configuration: defaults from `config/default.toml`, which is compiled in, then files, then the environment.
//!
//! A section is one struct in `config/`. [`Config::load`] gives the raw sections, [`Config::check`] what is wrong with
//! them in an operator's words.

pub mod assist;
pub mod channels;
pub mod dingtalk;
pub mod duration;
pub mod login;
pub mod model;
pub mod sections;
pub mod words;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use config::{Environment, File, FileFormat};
use serde::{Deserialize, Serialize};

pub use assist::{AssistConfig, OwnPage};
pub use channels::{ChannelConfig, HttpConfig, TelegramConfig, TelegramMode};
pub use dingtalk::{DingtalkAudience, DingtalkConfig, DingtalkLocale, DingtalkMode};
pub use login::LoginConfig;
pub use model::{FallbackConfig, ModelConfig};
pub use sections::{
    BusConfig, CityConfig, DeskConfig, DialogueConfig, EmbeddingConfig, LimitsConfig, LogConfig, LogFormat,
    RetentionConfig, Rewrite, SearchConfig, ServerConfig, StoreConfig, TrialConfig,
};

/// Every setting with its default, as text.
pub const DEFAULTS: &str = include_str!("../config/default.toml");

/// The variables that override settings begin like this.
const PREFIX: &str = "YIKOUWEN";

/// The whole configuration.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How the server is reached.
    pub server: ServerConfig,
    /// Where everything durable is.
    pub store: StoreConfig,
    /// How nodes hear of each other.
    pub bus: BusConfig,
    /// Which city this is.
    pub city: CityConfig,
    /// The language model, if there is one.
    pub model: Option<ModelConfig>,
    /// The embedding model, if there is one.
    pub embedding: Option<EmbeddingConfig>,
    /// Citizens' real-name login, if there is one.
    pub login: Option<LoginConfig>,
    /// The channels by name.
    pub channels: BTreeMap<String, ChannelConfig>,
    /// What is too much.
    pub limits: LimitsConfig,
    /// When the robot is sure enough.
    pub dialogue: DialogueConfig,
    /// The helpers' side.
    pub desk: DeskConfig,
    /// The shared screen.
    pub assist: AssistConfig,
    /// How long what is kept.
    pub retention: RetentionConfig,
    /// How entries are ranked.
    pub search: SearchConfig,
    /// Which questions are listed, and how many tries are kept.
    pub trial: TrialConfig,
    /// What is logged.
    pub log: LogConfig,
    /// The directory of `--data`; not a setting of the file.
    #[serde(skip)]
    pub data: PathBuf,
}

/// A configuration that cannot be used, in an operator's words.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file is missing, malformed, or has an unknown or ill-typed key.
    #[error("the configuration cannot be read: {0}")]
    Unreadable(String),
    /// Everything can be read, but does not make sense.
    #[error("the configuration does not make sense:\n{}", .0.iter().map(|fault| format!("  - {fault}")).collect::<Vec<_>>().join("\n"))]
    Senseless(Vec<String>),
}

impl Config {
    /// Reads defaults, files and environment, in this order.
    ///
    /// # Errors
    /// Names the file and the key that cannot be read.
    pub fn load(files: &[PathBuf], data: &Path) -> Result<Self, ConfigError> {
        let environment = Environment::with_prefix(PREFIX)
            .prefix_separator("__")
            .separator("__")
            .try_parsing(true)
            .list_separator(",")
            .with_list_parse_key("channels.web.allowed_origins");
        Self::build(files, data, environment, |name| std::env::var(name).ok())
    }

    fn build(
        files: &[PathBuf],
        data: &Path,
        environment: Environment,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let unreadable = |error: config::ConfigError| ConfigError::Unreadable(error.to_string());
        let mut builder = config::Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
        for file in files {
            builder = builder.add_source(File::from(file.as_path()).format(FileFormat::Toml));
        }
        let raw = builder.add_source(environment).build().map_err(unreadable)?;
        let mut config: Self = raw.try_deserialize().map_err(unreadable)?;
        data.clone_into(&mut config.data);
        config.model = ModelConfig::with_standard_variables(config.model, variable);
        Ok(config)
    }

    /// The store's URL with the data directory put in.
    pub fn store_url(&self) -> String {
        match self.store.url.strip_prefix("sled:data/") {
            Some(rest) => format!("sled:{}", self.data.join(rest).display()),
            None => self.store.url.clone(),
        }
    }

    /// Everything that does not make sense, so that the operator mends it in one go.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        self.server.check(&mut faults);
        self.dialogue.check(self.model.is_some(), &mut faults);
        self.limits.check(&mut faults);
        self.desk.check(&mut faults);
        self.trial.check(&mut faults);
        self.assist.check(&mut faults);
        if let Some(model) = &self.model {
            model.check(&mut faults);
        }
        if let Some(embedding) = &self.embedding {
            embedding.check(&mut faults);
        }
        if let Some(login) = &self.login {
            login.check(self.server.public_url.as_deref(), &mut faults);
        }
        if self.bus.url != "local:" {
            faults.push(format!("[bus] url = \"{}\": this version knows \"local:\" only", self.bus.url));
        }
        for (name, channel) in &self.channels {
            channel.check(name, self.server.public_url.as_deref(), &mut faults);
        }
        faults
    }

    /// Refuses a configuration that does not make sense.
    ///
    /// # Errors
    /// Lists everything that is wrong.
    pub fn check(&self) -> Result<(), ConfigError> {
        let faults = self.faults();
        if faults.is_empty() { Ok(()) } else { Err(ConfigError::Senseless(faults)) }
    }
}

#[cfg(test)]
mod tests;
