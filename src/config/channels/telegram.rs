//! `type = "telegram"`: a bot account.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{hidden, hidden_if_any, is_address};
use crate::config::duration::Span;

/// How updates come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TelegramMode {
    /// The program asks Telegram.
    #[default]
    Polling,
    /// Telegram calls the program.
    Webhook,
}

/// The settings of a bot.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TelegramConfig {
    /// From @BotFather.
    #[serde(serialize_with = "hidden")]
    pub token: SecretString,
    /// How updates come.
    #[serde(default)]
    pub mode: TelegramMode,
    /// What Telegram says in each call of the webhook.
    #[serde(default, serialize_with = "hidden_if_any")]
    pub secret_token: Option<SecretString>,
    /// Where the Bot API is.
    #[serde(default = "api")]
    pub api_base: String,
    /// How long one poll waits.
    #[serde(default = "poll")]
    pub poll: Span,
    /// Messages a second to one chat.
    #[serde(default = "per_chat")]
    pub per_chat: u32,
    /// Messages a minute to one group.
    #[serde(default = "per_group")]
    pub per_group: u32,
    /// Messages a second to everybody.
    #[serde(default = "overall")]
    pub overall: u32,
    /// Whether shared forms are opened by a button.
    #[serde(default = "yes")]
    pub web_app: bool,
}

fn api() -> String {
    "https://api.telegram.org".to_owned()
}

fn poll() -> Span {
    Span(Duration::from_secs(50))
}

fn per_chat() -> u32 {
    1
}

fn per_group() -> u32 {
    20
}

fn overall() -> u32 {
    30
}

fn yes() -> bool {
    true
}

impl TelegramConfig {
    pub(super) fn check(&self, name: &str, faults: &mut Vec<String>) {
        let mut fault = |what: &str| faults.push(format!("[channels.{name}] {what}"));
        let is_token = self.token.expose_secret().split_once(':').is_some_and(|(bot, secret)| {
            !bot.is_empty()
                && bot.chars().all(|c| c.is_ascii_digit())
                && !secret.is_empty()
                && secret.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        });
        if !is_token {
            fault("token: this is no token of a bot; @BotFather gives one like 123456:ABC-DEF");
        }
        if let Some(secret) = &self.secret_token {
            let secret = secret.expose_secret();
            let simple = secret.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
            if !simple || !(16..=256).contains(&secret.len()) {
                fault("secret_token: 16 to 256 letters, digits, - and _");
            }
        }
        if !is_address(&self.api_base) {
            fault("api_base: this is no address; write it like \"https://api.telegram.org\"");
        }
        if self.per_chat == 0 || self.per_group == 0 || self.overall == 0 {
            fault("per_chat, per_group, overall: 0 would let nothing through");
        }
        // Telegram takes 50 seconds at most (Bot API, getUpdates).
        if self.poll.0 > Duration::from_secs(50) {
            fault("poll: at most 50s");
        }
    }
}
