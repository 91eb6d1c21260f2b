//! The body of a request, and what of it is told with the answer.

use async_openai::types::chat::{
    ChatCompletionRequestSystemMessage, ChatCompletionRequestUserMessage, CreateChatCompletionRequest,
};
use serde_json::{Map, Value, json};

use super::ModelSettings;
use super::failure::Failure;
use super::prompts::Errand;
use crate::dialogue::ports::Origin;

/// A request, ready to be sent.
pub(super) struct Request {
    /// Its body, in JSON.
    pub(super) body: String,
    /// Who will have written the answer, and how.
    pub(super) origin: Origin,
}

/// Fields whose values may be secrets, by parts of their names, in small letters.
const SECRET: [&str; 5] = ["key", "secret", "password", "authorization", "credential"];

/// The request for this text, with what the server's profile and the operator add and leave out.
pub(super) fn request(settings: &ModelSettings, errand: &Errand) -> Result<Request, Failure> {
    let fields =
        fields(settings, errand).map_err(|error| Failure::Broken(format!("the request: {error}")))?;
    let origin = Origin {
        model: settings.model.clone(),
        prompt: errand.prompt.clone(),
        parameters: parameters(settings, &fields).to_string(),
    };
    let body = Value::Object(fields).to_string();
    Ok(Request { body, origin })
}

fn fields(settings: &ModelSettings, errand: &Errand) -> serde_json::Result<Map<String, Value>> {
    let profile = &settings.profile;
    let [low, high] = profile.temperature;
    let system = ChatCompletionRequestSystemMessage::from(errand.system.as_str());
    let user = ChatCompletionRequestUserMessage::from(errand.user.as_str());
    let request = CreateChatCompletionRequest {
        model: settings.model.clone(),
        messages: vec![system.into(), user.into()],
        temperature: Some(settings.temperature.max(low).min(high)),
        ..CreateChatCompletionRequest::default()
    };
    // Through text, because a value would carry the temperature's binary digits: 0.2 as 0.20000000298023224.
    let mut fields: Map<String, Value> = serde_json::from_str(&serde_json::to_string(&request)?)?;
    fields.insert(profile.max_tokens.clone(), errand.max_tokens(settings.max_tokens).into());
    if profile.include_usage {
        fields.insert("stream_options".to_owned(), json!({ "include_usage": true }));
    }
    fields.extend(profile.body.clone());
    for name in &profile.omit {
        fields.shift_remove(name);
    }
    for (name, value) in &settings.extra_body {
        if value.is_null() {
            fields.shift_remove(name);
        } else {
            fields.insert(name.clone(), value.clone());
        }
    }
    for name in &settings.omit {
        fields.shift_remove(name);
    }
    // Whatever the extra fields say: nothing but a stream is understood here.
    fields.insert("stream".to_owned(), Value::Bool(true));
    Ok(fields)
}

/// What the request says besides the texts, without what may be secret.
fn parameters(settings: &ModelSettings, fields: &Map<String, Value>) -> Value {
    let mut told = Map::new();
    told.insert("profile".to_owned(), settings.profile_name.clone().into());
    let limit = fields.get(&settings.profile.max_tokens);
    for (name, value) in [("temperature", fields.get("temperature")), ("max_tokens", limit)] {
        told.extend(value.map(|value| (name.to_owned(), value.clone())));
    }
    let known = ["model", "messages", "stream", "temperature", settings.profile.max_tokens.as_str()];
    let mut extra: Map<String, Value> =
        fields.iter().filter(|(name, _)| !known.contains(&name.as_str())).map(owned).collect();
    extra.values_mut().for_each(hide);
    hide_secrets(&mut extra);
    if !extra.is_empty() {
        told.insert("extra_body".to_owned(), extra.into());
    }
    told.into()
}

fn owned((name, value): (&String, &Value)) -> (String, Value) {
    (name.clone(), value.clone())
}

fn hide(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(hide);
            hide_secrets(fields);
        }
        Value::Array(items) => items.iter_mut().for_each(hide),
        // An address may hold a password.
        Value::String(text) if text.contains("://") => *value = "(hidden)".into(),
        _ => {}
    }
}

fn hide_secrets(fields: &mut Map<String, Value>) {
    for (name, value) in fields {
        let name = name.to_ascii_lowercase();
        // `token` alone may be a secret, but `max_tokens` is a number.
        let secret =
            SECRET.iter().any(|part| name.contains(part)) || (name.ends_with("token") && value.is_string());
        if secret && !value.is_null() && !value.is_boolean() {
            *value = "(hidden)".into();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::dialogue::ports::{FollowUp, Waiting};
    use crate::dialogue::{Brief, Locale};
    use crate::synthesis::{Profiles, Prompts};

    /// To answer.
    fn errand() -> Errand {
        Prompts::default().answering(&Brief::new("x", &[], Locale::Zh))
    }

    fn settings(profile: &str, model: &str) -> ModelSettings {
        let (profile_name, profile) =
            Profiles::read(None).unwrap().choose(Some(profile), "http://a.example", model).unwrap();
        ModelSettings {
            section: "model".to_owned(),
            base_url: "http://user:pw@a.example".to_owned(),
            api_key: Some("sk-secret".into()),
            model: model.to_owned(),
            profile_name,
            profile,
            first_token_timeout: Duration::ZERO,
            idle_timeout: Duration::ZERO,
            total_timeout: Duration::ZERO,
            max_tokens: 700,
            temperature: 0.1,
            extra_body: Map::new(),
            omit: Vec::new(),
        }
    }

    /// What is sent beside model, messages and stream.
    fn sent(settings: &ModelSettings) -> Value {
        let request = request(settings, &errand()).unwrap();
        let mut body: Value = serde_json::from_str(&request.body).unwrap();
        let fields = body.as_object_mut().unwrap();
        assert_eq!(fields.remove("stream"), Some(true.into()));
        assert_eq!(fields.remove("model"), Some(settings.model.clone().into()));
        let messages = fields.remove("messages").unwrap();
        // No vendor but OpenAI knows the role `developer`.
        assert_eq!((&messages[0]["role"], &messages[1]["role"]), (&json!("system"), &json!("user")));
        assert!(!request.body.contains("sk-secret"));
        body
    }

    #[test]
    fn each_vendor_is_sent_what_it_takes() {
        let usage = json!({ "include_usage": true });
        let off = json!({ "type": "disabled" });
        let template = json!({ "enable_thinking": false });
        for (profile, model, expected) in [
            ("plain", "m", json!({ "temperature": 0.1, "max_tokens": 700 })),
            (
                "deepseek",
                "deepseek-chat",
                json!({ "temperature": 0.1, "max_tokens": 700, "stream_options": usage, "thinking": off }),
            ),
            (
                "deepseek",
                "deepseek-reasoner",
                json!({ "temperature": 0.1, "max_tokens": 700, "stream_options": usage }),
            ),
            (
                "qwen",
                "qwen-plus",
                json!({ "temperature": 0.1, "max_tokens": 700, "stream_options": usage, "enable_thinking": false }),
            ),
            ("qwen", "qwq-plus", json!({ "temperature": 0.1, "max_tokens": 700, "stream_options": usage })),
            ("zhipu", "glm-4-flash", json!({ "temperature": 0.1, "max_tokens": 700 })),
            ("zhipu", "glm-4.6", json!({ "temperature": 0.1, "max_tokens": 700, "thinking": off })),
            (
                "moonshot",
                "moonshot-v1-8k",
                json!({ "temperature": 0.1, "max_completion_tokens": 700, "stream_options": usage }),
            ),
            (
                "moonshot",
                "kimi-k2.5",
                json!({ "max_completion_tokens": 700, "stream_options": usage, "thinking": off }),
            ),
            (
                "minimax",
                "MiniMax-M2.1",
                json!({ "temperature": 0.1, "max_completion_tokens": 700, "stream_options": usage, "reasoning_split": true }),
            ),
            (
                "minimax",
                "MiniMax-M3",
                json!({ "temperature": 0.1, "max_completion_tokens": 700, "stream_options": usage, "reasoning_split": true, "thinking": off }),
            ),
            (
                "ollama",
                "qwen3:8b",
                json!({ "temperature": 0.1, "max_tokens": 700, "stream_options": usage, "reasoning_effort": "none" }),
            ),
            (
                "vllm",
                "m",
                json!({ "temperature": 0.1, "max_tokens": 700, "stream_options": usage, "chat_template_kwargs": template }),
            ),
            (
                "sglang",
                "m",
                json!({ "temperature": 0.1, "max_tokens": 700, "stream_options": usage, "chat_template_kwargs": template }),
            ),
            (
                "llama_cpp",
                "m",
                json!({ "temperature": 0.1, "max_tokens": 700, "stream_options": usage, "chat_template_kwargs": template }),
            ),
            ("litellm", "m", json!({ "temperature": 0.1, "max_tokens": 700, "stream_options": usage })),
            (
                "openai",
                "gpt-4o-mini",
                json!({ "temperature": 0.1, "max_completion_tokens": 700, "stream_options": usage }),
            ),
            ("openai", "gpt-5-mini", json!({ "max_completion_tokens": 700, "stream_options": usage })),
        ] {
            assert_eq!(sent(&settings(profile, model)), expected, "{profile} {model}");
        }
    }

    #[test]
    fn a_question_is_spelt_out_with_few_tokens() {
        let waiting = Waiting::new(Duration::ZERO, Duration::ZERO);
        let follow_up =
            FollowUp { question: "x", earlier: &[], locale: Locale::Zh, asker: None, waiting: &waiting };
        let errand = Prompts::default().spelling(&follow_up);
        for (most, sent) in [(700, 256), (100, 100)] {
            let settings = ModelSettings { max_tokens: most, ..settings("plain", "m") };
            let request = request(&settings, &errand).unwrap();
            let body: Value = serde_json::from_str(&request.body).unwrap();
            assert_eq!(body["max_tokens"], sent);
            assert!(request.origin.prompt != Prompts::default().version());
        }
    }

    #[test]
    fn temperatures_are_moved_into_the_range_of_the_server() {
        for (profile, wanted, expected) in [
            ("zhipu", 1.7, 1.0),
            ("minimax", 0.0, 0.01),
            ("qwen", 2.0, 1.99),
            ("deepseek", 2.0, 2.0),
            ("moonshot", 0.0, 0.0),
        ] {
            let settings = ModelSettings { temperature: wanted, ..settings(profile, "m") };
            assert_eq!(sent(&settings)["temperature"].to_string(), format!("{expected:?}"), "{profile}");
        }
    }

    #[test]
    fn the_operator_has_the_last_word() {
        let mut own = settings("qwen", "qwen-plus");
        own.extra_body.insert("enable_thinking".to_owned(), true.into());
        own.extra_body.insert("top_p".to_owned(), json!(0.5));
        own.extra_body.insert("stream".to_owned(), false.into());
        own.omit = vec!["stream_options".to_owned(), "temperature".to_owned()];
        assert_eq!(sent(&own), json!({ "max_tokens": 700, "enable_thinking": true, "top_p": 0.5 }));
        // What a profile leaves out can be put in again.
        let mut own = settings("openai", "gpt-5-mini");
        own.extra_body.insert("temperature".to_owned(), json!(1));
        assert_eq!(sent(&own)["temperature"], json!(1));
    }
}
