//! `[model]`: the language models that word answers, in the order in which they are asked.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::duration::Span;
use super::sections::hidden;

/// `[model]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each setting means")]
pub struct ModelConfig {
    #[serde(default)]
    pub base_url: String,
    #[serde(default, serialize_with = "hidden")]
    pub api_key: Option<SecretString>,
    #[serde(default = "ModelConfig::any_model")]
    pub model: String,
    #[serde(default)]
    pub profile: Option<String>,
    #[serde(default = "ModelConfig::five")]
    pub connect_timeout: Span,
    #[serde(default = "ModelConfig::six")]
    pub first_token_timeout: Span,
    #[serde(default = "ModelConfig::five")]
    pub idle_timeout: Span,
    #[serde(default = "ModelConfig::thirty")]
    pub total_timeout: Span,
    #[serde(default = "ModelConfig::tokens")]
    pub max_tokens: u32,
    #[serde(default = "ModelConfig::cool")]
    pub temperature: f32,
    #[serde(default)]
    pub extra_body: Map<String, Value>,
    #[serde(default)]
    pub omit: Vec<String>,
    #[serde(default)]
    pub fallback: Vec<FallbackConfig>,
    #[serde(default)]
    pub profiles: Option<PathBuf>,
    #[serde(default = "ModelConfig::three")]
    pub breaker_failures: u32,
    #[serde(default = "ModelConfig::thirty")]
    pub breaker_pause: Span,
    #[serde(default)]
    pub tokens_per_day: u64,
    #[serde(default)]
    pub tokens_per_citizen_per_day: u64,
}

/// `[[model.fallback]]`: a further model. What it does not say is as in `[model]`, but for what belongs to one server
/// alone: key, profile and fields of the request.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each setting means")]
pub struct FallbackConfig {
    pub base_url: String,
    #[serde(default, serialize_with = "hidden")]
    pub api_key: Option<SecretString>,
    #[serde(default)]
    pub api_key_env: Option<String>,
    pub model: String,
    #[serde(default)]
    pub profile: Option<String>,
    #[serde(default)]
    pub connect_timeout: Option<Span>,
    #[serde(default)]
    pub first_token_timeout: Option<Span>,
    #[serde(default)]
    pub idle_timeout: Option<Span>,
    #[serde(default)]
    pub total_timeout: Option<Span>,
    #[serde(default)]
    pub max_tokens: Option<u32>,
    #[serde(default)]
    pub temperature: Option<f32>,
    #[serde(default)]
    pub extra_body: Map<String, Value>,
    #[serde(default)]
    pub omit: Vec<String>,
}

/// The address of OpenAI's own service.
const OPENAI: &str = "https://api.openai.com/v1";

impl ModelConfig {
    fn any_model() -> String {
        "gpt-4o-mini".to_owned()
    }
    fn three() -> u32 {
        3
    }
    fn five() -> Span {
        Span(Duration::from_secs(5))
    }
    fn six() -> Span {
        Span(Duration::from_secs(6))
    }
    fn thirty() -> Span {
        Span(Duration::from_secs(30))
    }
    fn tokens() -> u32 {
        1200
    }
    fn cool() -> f32 {
        0.1
    }

    /// Fills in the variables that OpenAI's own clients read. They also switch the model on where no section does.
    /// A fallback's key may stand in a variable, too, which it names itself.
    pub(super) fn with_standard_variables(
        section: Option<Self>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Option<Self> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let base_url = variable("OPENAI_BASE_URL");
        let api_key = variable("OPENAI_API_KEY");
        let mut model = match section {
            Some(model) => model,
            None if base_url.is_some() || api_key.is_some() => {
                serde_json::from_value(serde_json::json!({})).ok()?
            }
            None => return None,
        };
        if model.base_url.is_empty() {
            model.base_url = base_url.unwrap_or_else(|| OPENAI.to_owned());
        }
        if is_missing(model.api_key.as_ref()) {
            model.api_key = api_key.map(SecretString::from);
        }
        for fallback in &mut model.fallback {
            if is_missing(fallback.api_key.as_ref()) {
                let named = fallback.api_key_env.as_deref().and_then(&variable);
                fallback.api_key = named.map(SecretString::from);
            }
        }
        Some(model)
    }

    /// Every model in the order in which they are asked, with the name of its section. Nothing of the first is left open
    /// in the others, and they have no fallbacks and budgets of their own.
    pub fn all(&self) -> Vec<(String, Self)> {
        let first = Self { fallback: Vec::new(), ..self.clone() };
        let others = self.fallback.iter().enumerate().map(|(place, further)| {
            let model = Self {
                base_url: further.base_url.clone(),
                api_key: further.api_key.clone(),
                model: further.model.clone(),
                profile: further.profile.clone(),
                connect_timeout: further.connect_timeout.unwrap_or(self.connect_timeout),
                first_token_timeout: further.first_token_timeout.unwrap_or(self.first_token_timeout),
                idle_timeout: further.idle_timeout.unwrap_or(self.idle_timeout),
                total_timeout: further.total_timeout.unwrap_or(self.total_timeout),
                max_tokens: further.max_tokens.unwrap_or(self.max_tokens),
                temperature: further.temperature.unwrap_or(self.temperature),
                extra_body: further.extra_body.clone(),
                omit: further.omit.clone(),
                ..first.clone()
            };
            (format!("model.fallback.{}", place + 1), model)
        });
        std::iter::once(("model".to_owned(), first.clone())).chain(others).collect()
    }

    /// The address without what may be secret in it: user, password and query.
    pub fn shown_url(&self) -> String {
        let Some((scheme, rest)) = self.base_url.split_once("://") else { return self.base_url.clone() };
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (authority, path) = rest.split_once('/').map_or((rest, None), |(host, path)| (host, Some(path)));
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let path = path.map(|path| format!("/{path}")).unwrap_or_default();
        format!("{scheme}://{host}{path}")
    }

    pub(super) fn check(&self, faults: &mut Vec<String>) {
        for (section, model) in self.all() {
            if !(model.base_url.starts_with("http://") || model.base_url.starts_with("https://")) {
                faults.push(format!(
                    "[{section}] base_url: `{}` does not begin with http:// or https://",
                    model.shown_url()
                ));
            }
            if model.base_url.contains(['?', '#']) {
                faults.push(format!(
                    "[{section}] base_url: nothing may follow the path, because /chat/completions is added to it"
                ));
            }
            if model.model.trim().is_empty() {
                faults.push(format!("[{section}] model: the model's name is missing"));
            }
            if model.max_tokens == 0 {
                faults.push(format!("[{section}] max_tokens: with 0 nothing could be answered"));
            }
            if !(0.0..=2.0).contains(&model.temperature) {
                faults.push(format!("[{section}] temperature: {} is not between 0 and 2", model.temperature));
            }
            for (name, span) in [
                ("connect_timeout", model.connect_timeout),
                ("first_token_timeout", model.first_token_timeout),
                ("idle_timeout", model.idle_timeout),
                ("total_timeout", model.total_timeout),
            ] {
                if span.0.is_zero() {
                    faults.push(format!("[{section}] {name}: with 0 no model is in time"));
                }
            }
        }
        for (place, further) in self.fallback.iter().enumerate() {
            if let Some(name) = &further.api_key_env
                && is_missing(further.api_key.as_ref())
            {
                faults.push(format!(
                    "[model.fallback.{}] api_key_env: the variable `{name}` is not set",
                    place + 1
                ));
            }
        }
        if self.breaker_failures > 0 && self.breaker_pause.0.is_zero() {
            faults.push("[model] breaker_pause: with 0 a model is never left alone; to have no breaker, set breaker_failures = 0".to_owned());
        }
    }
}

fn is_missing(key: Option<&SecretString>) -> bool {
    key.is_none_or(|key| key.expose_secret().is_empty())
}
