//! What servers send, read leniently: vendors leave out fields, add their own, and report errors in many shapes.
//!
//! Nothing but the few values an answer needs is looked at, so that no oddity elsewhere can spoil it.

use serde_json::Value;

use super::failure::Failure;

/// A chunk of an answer.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Delta {
    /// Words for the citizen.
    pub(super) content: String,
    /// How many characters of thoughts came; the thoughts themselves are never kept.
    pub(super) thoughts: usize,
    /// Why the model ended, if it did.
    pub(super) finish: Option<String>,
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
    let Some(choice) = chunk.get("choices").and_then(|choices| choices.get(0)) else {
        return Ok(Delta::default());
    };
    let message = choice.get("delta").filter(|delta| delta.is_object()).or_else(|| choice.get("message"));
    let field = |name: &str| message.and_then(|message| message.get(name)).map(words).unwrap_or_default();
    let finish = choice.get("finish_reason").and_then(Value::as_str).filter(|reason| !reason.is_empty());
    Ok(Delta {
        content: field("content"),
        thoughts: field("reasoning_content").chars().count() + field("reasoning").chars().count(),
        finish: finish.map(str::to_owned),
    })
}

/// A text, or a list of parts with texts.
fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts
            .iter()
            .filter(|part| part.get("type").and_then(Value::as_str).is_none_or(|kind| kind == "text"))
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
        let plain = Delta { content: "好".into(), ..Delta::default() };
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
            assert_eq!(delta(&data).unwrap(), Delta { thoughts: 2, ..Delta::default() });
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
        assert!(matches!(delta(r#"{"code":"DataInspectionFailed","message":"x"}"#), Err(Failure::Declined)));
        assert!(matches!(delta("{"), Err(Failure::Broken(_))));
    }
}
