//! `[channels.NAME]` with `type = "dingtalk"`. The meaning of every setting stands in `config/default.toml` and
//! `docs/channels/dingtalk.md`.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};

use super::duration::Span;

/// How messages reach us.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DingtalkMode {
    /// Over a socket that we open.
    #[default]
    Stream,
    /// By calls to `/channels/NAME`.
    Webhook,
}

/// For whom members of the company ask.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DingtalkAudience {
    /// For their enterprise.
    #[default]
    Enterprise,
    /// For themselves.
    Citizen,
    /// Not known: answers may be for either.
    Any,
}

/// The language the channel speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DingtalkLocale {
    /// Chinese.
    #[default]
    Zh,
    /// English.
    En,
}

/// A robot of an internal application.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each setting means")]
pub struct DingtalkConfig {
    pub client_id: String,
    #[serde(serialize_with = "hidden")]
    pub client_secret: SecretString,
    #[serde(default)]
    pub robot_code: Option<String>,
    #[serde(default)]
    pub mode: DingtalkMode,
    #[serde(default)]
    pub card_template_id: Option<String>,
    #[serde(default = "content")]
    pub card_content_key: String,
    #[serde(default)]
    pub audience: DingtalkAudience,
    #[serde(default)]
    pub staff_profile: bool,
    #[serde(default)]
    pub oauth: bool,
    #[serde(default)]
    pub locale: DingtalkLocale,
    #[serde(default = "yes")]
    pub ai_label: bool,
    #[serde(default = "minute")]
    pub idle: Span,
    #[serde(default = "api")]
    pub api_base: String,
    #[serde(default = "oapi")]
    pub oapi_base: String,
    #[serde(default = "login")]
    pub login_base: String,
}

fn content() -> String {
    "content".to_owned()
}

fn yes() -> bool {
    true
}

fn minute() -> Span {
    Span(std::time::Duration::from_secs(60))
}

fn api() -> String {
    "https://api.dingtalk.com".to_owned()
}

fn oapi() -> String {
    "https://oapi.dingtalk.com".to_owned()
}

fn login() -> String {
    "https://login.dingtalk.com".to_owned()
}

fn hidden<S: Serializer>(_: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str("(hidden)")
}

impl DingtalkConfig {
    pub(super) fn check(&self, name: &str, public_url: Option<&str>, faults: &mut Vec<String>) {
        let mut fault = |text: String| faults.push(format!("[channels.{name}] {text}"));
        if self.client_id.trim().is_empty() {
            fault(
                "client_id: is empty; it is the Client ID (AppKey) on the application's page of credentials"
                    .to_owned(),
            );
        }
        if self.client_secret.expose_secret().trim().is_empty() {
            fault("client_secret: is empty; it is the Client Secret (AppSecret) on the same page".to_owned());
        }
        for (setting, url) in
            [("api_base", &self.api_base), ("oapi_base", &self.oapi_base), ("login_base", &self.login_base)]
        {
            if !(url.starts_with("http://") || url.starts_with("https://")) || url.ends_with('/') {
                fault(format!("{setting}: `{url}` has to begin with https:// and end without a slash"));
            }
        }
        if self.idle.0.is_zero() {
            fault("idle: 0 would replace the connection all the time; 60s suits the platform".to_owned());
        }
        if self.card_content_key.trim().is_empty() {
            fault("card_content_key: is empty; it is the name of the template's text variable".to_owned());
        }
        if self.oauth && public_url.is_none() {
            fault("oauth: DingTalk sends people back to this server; set [server] public_url".to_owned());
        }
        if self.card_template_id.is_some() && self.mode == DingtalkMode::Webhook && public_url.is_none() {
            fault("card_template_id: with mode = \"webhook\" the platform has to reach this server when a button is pressed; set [server] public_url".to_owned());
        }
    }
}
