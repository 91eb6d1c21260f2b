//! `[channels.NAME]`: one section an account.

mod http;
mod telegram;

use adapters::wechat::WechatConfig;
use secrecy::SecretString;
use serde::{Deserialize, Serialize, Serializer};

pub use http::HttpConfig;
pub use telegram::{TelegramConfig, TelegramMode};

use super::dingtalk::DingtalkConfig;

/// A channel's settings, by its type.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub enum ChannelConfig {
    /// The widget on websites.
    Web {
        /// Origins of the pages that may carry it, besides our own.
        #[serde(default)]
        allowed_origins: Vec<String>,
    },
    /// A Telegram bot.
    Telegram(TelegramConfig),
    /// A platform of one's own, over signed HTTP.
    Http(HttpConfig),
    /// A robot of DingTalk.
    Dingtalk(Box<DingtalkConfig>),
    /// A WeChat official account.
    Wechat(Box<WechatConfig>),
}

impl ChannelConfig {
    /// What stands behind `type`.
    pub fn type_name(&self) -> String {
        let printed = serde_json::to_value(self).unwrap_or_default();
        printed.get("type").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
    }

    pub(super) fn check(&self, name: &str, public_url: Option<&str>, faults: &mut Vec<String>) {
        let simple = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        if !simple || name == "api" || name == "desk" {
            faults.push(format!(
                "[channels.{name}]: a channel's name has letters, digits, - and _ only, and is not `api` or `desk`"
            ));
        }
        match self {
            Self::Web { allowed_origins } => check_origins(name, allowed_origins, faults),
            Self::Telegram(telegram) => telegram.check(name, faults),
            Self::Http(http) => http.check(name, faults),
            Self::Dingtalk(settings) => settings.check(name, public_url, faults),
            Self::Wechat(wechat) => {
                faults.extend(wechat.faults().into_iter().map(|fault| format!("[channels.{name}] {fault}")));
                if wechat.oauth && public_url.is_none() {
                    faults.push(format!(
                        "[channels.{name}] oauth: WeChat sends people back to this server; set [server] public_url"
                    ));
                }
            }
        }
    }
}

fn check_origins(name: &str, allowed_origins: &[String], faults: &mut Vec<String>) {
    for origin in allowed_origins {
        let fine = origin == "*"
            || (origin.starts_with("http://") || origin.starts_with("https://"))
                && origin.split('/').count() == 3
                && !origin.ends_with('/');
        if !fine {
            faults.push(format!(
                "[channels.{name}] allowed_origins: `{origin}` is no origin; write it like \"https://www.city.example\", without a path"
            ));
        }
    }
}

/// Whether a text is the address of an HTTP server.
fn is_address(text: &str) -> bool {
    reqwest::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// Keeps a secret out of everything that is printed.
fn hidden<S: Serializer>(_: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str("(hidden)")
}

/// The same for a secret that may be absent.
fn hidden_if_any<S: Serializer>(secret: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    match secret {
        Some(_) => serializer.serialize_str("(hidden)"),
        None => serializer.serialize_none(),
    }
}
