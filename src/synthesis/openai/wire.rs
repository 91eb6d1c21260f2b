//! What servers send, read leniently: vendors leave out fields, add their own, and report errors in many shapes.
//!
//! Nothing but the few values an answer needs is looked at, so that no oddity elsewhere can spoil it.

use serde_json::Value;

use super::failure::Failure;
use super::tokens::estimate;
use crate::dialogue::ports::Usage;

/// A chunk of an answer.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Delta {
    /// Words for the citizen.
    pub(super) content: String,
    /// How many characters of thoughts came; the thoughts themselves are never kept.
    pub(super) thoughts: usize,
    /// About how many tokens came, thoughts included.
    pub(super) tokens: u64,
    /// Why the model ended, if it did.
    pub(super) finish: Option<String>,
    /// What the answer took so far, where the server says so.
    pub(super) usage: Option<Usage>,
}

impl Delta {
    /// Something was written or thought, so the model is at work.
    pub(super) fn is_token(&self) -> bool {
        !self.content.is_empty() || self.thoughts > 0
    }
}

/// Reads a chunk, or a whole answer of a server that does not stream.
pub(super) fn delta(data: &str) -> Result<Delta, Failure> {
    let chunk: Value = serde_json::from_str(data)
        .map_err(|error| Failure::Broken(format!("a chunk is no JSON: {error}")))?;
    if let Some(status) = error_status(&chunk) {
        return Err(Failure::of_status(status, data, None));
    }
    let choice = chunk.get("choices").and_then(|choices| choices.get(0)).unwrap_or(&Value::Null);
    let message = choice.get("delta").filter(|delta| delta.is_object()).or_else(|| choice.get("message"));
    let field = |name: &str, thoughts: bool| {
        message.and_then(|message| message.get(name)).map(|value| words(value, thoughts)).unwrap_or_default()
    };
    let finish = choice.get("finish_reason").and_then(Value::as_str).filter(|reason| !reason.is_empty());
    let content = field("content", false);
    // One of them, but some servers send the same thoughts under two names.
    let thoughts = ["reasoning_content", "reasoning", "reasoning_details"]
        .into_iter()
        .map(|name| field(name, true))
        .find(|thoughts| !thoughts.is_empty())
        .unwrap_or_default();
    Ok(Delta {
        tokens: estimate(&content) + estimate(&thoughts),
        content,
        thoughts: thoughts.chars().count(),
        finish: finish.map(str::to_owned),
        // Moonshot puts it into the choice.
        usage: [chunk.get("usage"), choice.get("usage")].into_iter().flatten().find_map(usage),
    })
}

/// What an answer took. Vendors leave it out, send `null` or an empty object, or only a part; half of it is nothing.
fn usage(value: &Value) -> Option<Usage> {
    let number = |names: &[&str]| {
        names.iter().find_map(|name| match value.get(name)? {
            Value::Number(number) => {
                number.as_u64().or_else(|| number.as_f64().filter(|&n| n >= 0.0).map(|n| n.round() as u64))
            }
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        })
    };
    let prompt = number(&["prompt_tokens", "input_tokens"]);
    let completion = number(&["completion_tokens", "output_tokens"]);
    let total = number(&["total_tokens"]);
    let usage = match (prompt, completion, total) {
        (Some(prompt), Some(completion), _) => Usage { prompt, completion },
        (Some(prompt), None, Some(total)) => Usage { prompt, completion: total.checked_sub(prompt)? },
        (None, Some(completion), Some(total)) => Usage { prompt: total.checked_sub(completion)?, completion },
        _ => return None,
    };
    // Some servers count from 0 in every chunk and tell the truth only in the last.
    (usage != Usage::default()).then_some(usage)
}

/// A text, or a list of parts with texts, of the content or of the thoughts.
fn words(value: &Value, thoughts: bool) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts
            .iter()
            .filter(|part| {
                let kind = part.get("type").and_then(Value::as_str);
                // `reasoning.text` stands in a field of thoughts only; in the content it would be no text for citizens.
                kind.is_none_or(|kind| kind == "text" || (thoughts && kind.starts_with("reasoning")))
            })
            .filter_map(|part| part.as_str().or_else(|| part.get("text")?.as_str()))
            .collect(),
        _ => String::new(),
    }
}

/// The status inside an error object, 0 where it names none; `None` for what is no error.
fn error_status(chunk: &Value) -> Option<u16> {
    let error = chunk.get("error").filter(|error| !error.is_null());
    let unwrapped = chunk.get("object").and_then(Value::as_str) == Some("error")
        || (chunk.get("choices").is_none()
            && (chunk.get("message").is_some() || chunk.get("detail").is_some()));
    let place = match error {
        Some(error) => error,
        None if unwrapped => chunk,
        None => return None,
    };
    let number = |name: &str| match place.get(name)? {
        Value::Number(number) => number.as_u64().and_then(|number| u16::try_from(number).ok()),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    let code = ["status", "status_code", "code"].into_iter().find_map(number);
    // Codes that are not HTTP's, such as Zhipu's 1214, say nothing about asking again.
    Some(code.filter(|code| (400..600).contains(code)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status_of(data: &str) -> Option<u16> {
        match delta(data) {
            Err(Failure::Status { status, .. }) => Some(status),
            _ => None,
        }
    }

    #[test]
    fn oddities_of_vendors_do_not_matter() {
        let plain = Delta { content: "好".into(), tokens: 1, ..Delta::default() };
        for data in [
            r#"{"choices":[{"delta":{"content":"好"}}]}"#,
            r#"{"id":1,"created":1.5,"choices":[{"delta":{"role":"","content":"好","tool_calls":[{}]},"finish_reason":""}],"usage":{}}"#,
            r#"{"choices":[{"delta":{"content":[{"type":"text","text":"好"}]},"finish_reason":null}],"error":null}"#,
            r#"{"choices":[{"message":{"content":"好"}}]}"#,
        ] {
            assert_eq!(delta(data).unwrap(), plain, "{data}");
        }
        for data in [
            r#"{"choices":[],"usage":{"total_tokens":1}}"#,
            r#"{"choices":[],"usage":{}}"#,
            r#"{"choices":[],"usage":null}"#,
            r#"{"choices":[],"usage":{"prompt_tokens":0,"completion_tokens":0}}"#,
            r#"{"choices":[],"usage":{"prompt_tokens":9,"total_tokens":3}}"#,
            r#"{"choices":[{}]}"#,
            r#"{"choices":null}"#,
            "{}",
            "[]",
        ] {
            assert_eq!(delta(data).unwrap(), Delta::default(), "{data}");
        }
    }

    #[test]
    fn thoughts_are_counted_and_not_kept() {
        for name in ["reasoning", "reasoning_content"] {
            let data = format!(r#"{{"choices":[{{"delta":{{"{name}":"我想","content":null}}}}]}}"#);
            assert_eq!(delta(&data).unwrap(), Delta { thoughts: 2, tokens: 2, ..Delta::default() });
        }
        // MiniMax's, where they are split from the text; and vLLM's under both names.
        for data in [
            r#"{"choices":[{"delta":{"reasoning_details":[{"type":"reasoning.text","text":"我想"}]}}]}"#,
            r#"{"choices":[{"delta":{"reasoning":"我想","reasoning_content":"我想"}}]}"#,
        ] {
            assert_eq!(delta(data).unwrap(), Delta { thoughts: 2, tokens: 2, ..Delta::default() }, "{data}");
        }
    }

    #[test]
    fn the_figures_are_read_wherever_they_stand() {
        for data in [
            r#"{"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}"#,
            r#"{"choices":[{"delta":{},"usage":{"prompt_tokens":7,"completion_tokens":3}}]}"#,
            r#"{"usage":{"prompt_tokens":7,"total_tokens":10}}"#,
            r#"{"usage":{"completion_tokens":3.0,"total_tokens":"10"},"choices":null}"#,
            r#"{"usage":{"input_tokens":7,"output_tokens":3}}"#,
        ] {
            assert_eq!(delta(data).unwrap().usage, Some(Usage { prompt: 7, completion: 3 }), "{data}");
        }
    }

    #[test]
    fn errors_come_in_many_shapes() {
        assert_eq!(status_of(r#"{"error":{"code":"1214","message":"x"}}"#), Some(0));
        assert_eq!(status_of(r#"{"error":{"code":429,"message":"x"}}"#), Some(429));
        assert_eq!(status_of(r#"{"error":{"code":"503","message":"x"}}"#), Some(503));
        assert_eq!(status_of(r#"{"error":"overloaded"}"#), Some(0));
        assert_eq!(status_of(r#"{"code":"InternalError","message":"x","request_id":"y"}"#), Some(0));
        assert_eq!(status_of(r#"{"object":"error","message":"x","code":500}"#), Some(500));
        assert_eq!(status_of(r#"{"detail":"Invalid API key"}"#), Some(0));
        assert!(matches!(delta(r#"{"code":"DataInspectionFailed","message":"x"}"#), Err(Failure::Filtered)));
        assert!(matches!(delta("{"), Err(Failure::Broken(_))));
    }
}
