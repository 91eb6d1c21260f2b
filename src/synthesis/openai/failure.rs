//! What can go wrong between us and the model, with what the server said about it, as far as that may be kept.

use std::error::Error;
use std::time::Duration;

use serde_json::Value;

use crate::dialogue::SynthesisError;

/// The characters of a server's own words that are kept for the log.
const KEPT: usize = 300;

/// So many characters in a row that stood in the request, too, are no chance.
const REPEATED: usize = 8;

/// A failed request or a broken answer.
#[derive(Debug, thiserror::Error)]
pub(in crate::synthesis) enum Failure {
    /// The server could not be reached, or the connection broke.
    #[error("{cause}")]
    Unreachable {
        /// What happened.
        cause: String,
        /// No byte of an answer has come, so asking again is harmless.
        unanswered: bool,
    },
    /// The server answered with a status other than success, or with an error object.
    #[error("status {status}: {said}")]
    Status {
        /// The status, or the code inside the error object; 0 where there is none.
        status: u16,
        /// What the server said.
        said: String,
        /// What it means.
        meaning: Meaning,
        /// When it wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// Something took too long.
    #[error("{0} took too long")]
    Slow(&'static str),
    /// The model found no answer in the evidence.
    #[error("declined")]
    Declined,
    /// The model, or a filter before or behind it, does not speak of such things.
    #[error("filtered")]
    Filtered,
    /// It reached the limit of its length before its end.
    #[error("it is longer than it may be")]
    Long,
    /// What came is no answer.
    #[error("{0}")]
    Broken(String),
}

/// What a refusal of a server means for the operator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::synthesis) enum Meaning {
    /// It does not take the key.
    Key,
    /// The account is empty.
    Unpaid,
    /// It is asked too often.
    Busy,
    /// It does not know the model or does not take the request.
    Request,
    /// It cannot at present.
    Trouble,
    /// It works, but its limit was too short for this answer.
    Long,
}

/// What vendors call a text that their filter stopped.
const FILTERED: [&str; 5] =
    ["content_filter", "content_policy", "data_inspection_failed", "datainspectionfailed", "\"1301\""];

/// What vendors call an account that is empty: OpenAI's, DeepSeek's, DashScope's (two), Moonshot's and Zhipu's words.
const UNPAID: [&str; 8] = [
    "insufficient_quota",
    "insufficient balance",
    "arrearage",
    "allocationquota",
    "exceeded_current_quota",
    "\"1113\"",
    "欠费",
    "余额",
];

/// What servers say of a wrong key with a status that means something else: OpenAI-like ones, and LiteLLM without a database.
const KEY: [&str; 6] = [
    "invalid_api_key",
    "invalid api key",
    "incorrect api key",
    "invalid_authentication",
    "authentication_error",
    "no_db_connection",
];

impl Failure {
    /// The error of a request or of a body, with its causes and without the address, which may hold a key.
    pub(super) fn of_request(error: reqwest::Error) -> Self {
        // Who did not take a connection in its time will not take the next one either, and the citizen waits.
        let unanswered = (error.is_connect() || error.is_request()) && !error.is_timeout();
        let error = error.without_url();
        let mut cause = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            cause.push_str(": ");
            cause.push_str(&inner.to_string());
            source = inner.source();
        }
        Self::Unreachable { cause, unanswered }
    }

    /// The server's refusal to answer, told apart from its inability.
    pub(super) fn of_status(status: u16, body: &str, retry_after: Option<Duration>) -> Self {
        let lower = body.to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        if status != 429 && status < 500 && says(&FILTERED) {
            return Self::Filtered;
        }
        let meaning = if status == 402 || says(&UNPAID) {
            Meaning::Unpaid
        } else if matches!(status, 401 | 403) || says(&KEY) {
            Meaning::Key
        } else if status == 429 {
            Meaning::Busy
        } else if (300..500).contains(&status) && status != 408 {
            Meaning::Request
        } else {
            Meaning::Trouble
        };
        Self::Status { status, said: said(body), meaning, retry_after }
    }

    /// The same without the server's words where they repeat what it was sent, as some do with a request that they do not
    /// understand: it is logged, and logs hold no words of citizens.
    pub(super) fn without(self, sent: &str) -> Self {
        match self {
            Self::Status { status, said, meaning, retry_after } => {
                Self::Status { status, said: unless_repeated(said, sent), meaning, retry_after }
            }
            Self::Broken(what) => Self::Broken(unless_repeated(what, sent)),
            other => other,
        }
    }

    /// Asking again may help. An exhausted account is reported as 429 too, but waiting does not fill it.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { unanswered, .. } => *unanswered,
            Self::Status { meaning: Meaning::Busy, .. } => true,
            Self::Status { meaning: Meaning::Trouble, status, .. } => (500..600).contains(status),
            Self::Status { .. } | Self::Slow(_) | Self::Declined | Self::Filtered => false,
            Self::Long | Self::Broken(_) => false,
        }
    }

    /// How long the server wants us to wait.
    pub(in crate::synthesis) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// What it means for the operator; none for what is the model's own decision.
    pub(in crate::synthesis) fn meaning(&self) -> Option<Meaning> {
        match self {
            Self::Declined | Self::Filtered => None,
            Self::Status { meaning, .. } => Some(*meaning),
            Self::Long => Some(Meaning::Long),
            Self::Unreachable { .. } | Self::Slow(_) | Self::Broken(_) => Some(Meaning::Trouble),
        }
    }

    /// In a word or two, for an alarm: nothing in it is the server's.
    pub(in crate::synthesis) fn brief(&self) -> String {
        match self {
            Self::Unreachable { .. } => "no connection".to_owned(),
            Self::Status { status: 0, .. } => "an error in place of an answer".to_owned(),
            Self::Status { status, .. } => format!("status {status}"),
            Self::Slow(what) => format!("{what} took too long"),
            Self::Declined => "declined".to_owned(),
            Self::Filtered => "filtered".to_owned(),
            Self::Long => "too long".to_owned(),
            Self::Broken(_) => "what it sends is no answer".to_owned(),
        }
    }
}

/// What an error's body says: code, type and message where it has them, and else its beginning.
fn said(body: &str) -> String {
    let parsed: Option<Value> = serde_json::from_str(body).ok();
    let place = parsed.as_ref().map(|whole| match whole.get("error") {
        Some(error) if !error.is_null() => error,
        _ => whole,
    });
    let text = match place {
        Some(Value::String(text)) => text.clone(),
        Some(place) => {
            let words = ["code", "type", "message", "detail"].into_iter().filter_map(|name| {
                match place.get(name)? {
                    Value::String(text) => Some(text.clone()),
                    Value::Number(number) => Some(number.to_string()),
                    _ => None,
                }
            });
            words.collect::<Vec<_>>().join(" ")
        }
        None => body.split_whitespace().collect::<Vec<_>>().join(" "),
    };
    text.chars().take(KEPT).collect()
}

fn unless_repeated(said: String, sent: &str) -> String {
    let characters: Vec<char> = said.chars().collect();
    let repeated =
        characters.windows(REPEATED).any(|window| sent.contains(&window.iter().collect::<String>()));
    if repeated { "it repeats what it was sent".to_owned() } else { said }
}

impl From<Failure> for SynthesisError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Declined => Self::Refused,
            Failure::Filtered => Self::Filtered,
            Failure::Broken(what) => Self::Unusable(what),
            Failure::Long => Self::Unusable(failure.to_string()),
            Failure::Slow(_) => Self::Slow(failure.to_string()),
            Failure::Unreachable { .. } | Failure::Status { .. } => Self::Unavailable(failure.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_apart_by_what_the_operator_has_to_do() {
        for (status, body, meaning) in [
            // DeepSeek.
            (402, r#"{"error":{"message":"Insufficient Balance","type":"unknown_error"}}"#, Meaning::Unpaid),
            (
                401,
                r#"{"error":{"message":"Authentication Fails","type":"authentication_error","code":"invalid_request_error"}}"#,
                Meaning::Key,
            ),
            (422, r#"{"detail":"x"}"#, Meaning::Request),
            // DashScope: an empty account is a bad request, and a key of another region a wrong one.
            (
                400,
                r#"{"code":"Arrearage","message":"Access denied, please make sure your account is in good standing."}"#,
                Meaning::Unpaid,
            ),
            (403, r#"{"error":{"code":"AllocationQuota.FreeTierOnly","message":"x"}}"#, Meaning::Unpaid),
            (401, r#"{"code":"InvalidApiKey","message":"x","request_id":"y"}"#, Meaning::Key),
            (429, r#"{"code":"Throttling.RateQuota","message":"x"}"#, Meaning::Busy),
            // Zhipu, whose codes are texts.
            (429, r#"{"error":{"code":"1113","message":"您的账户已欠费"}}"#, Meaning::Unpaid),
            (429, r#"{"error":{"code":"1302","message":"x"}}"#, Meaning::Busy),
            (400, r#"{"error":{"code":"1214","message":"x"}}"#, Meaning::Request),
            // Moonshot and OpenAI.
            (429, r#"{"error":{"type":"exceeded_current_quota_error","message":"x"}}"#, Meaning::Unpaid),
            (429, r#"{"error":{"code":"insufficient_quota","message":"x"}}"#, Meaning::Unpaid),
            (404, r#"{"error":{"code":"model_not_found","message":"x"}}"#, Meaning::Request),
            // vLLM, llama.cpp, llama-cpp-python, LiteLLM.
            (400, r#"{"object":"error","message":"x","code":400}"#, Meaning::Request),
            (
                400,
                r#"{"error":{"code":400,"message":"x","type":"exceed_context_size_error"}}"#,
                Meaning::Request,
            ),
            (401, r#"{"detail":"Invalid API key"}"#, Meaning::Key),
            (
                500,
                r#"{"error":{"type":"internal_server_error","code":null,"message":"x"}}"#,
                Meaning::Trouble,
            ),
            (
                400,
                r#"{"error":{"message":"No connected db.","type":"no_db_connection","code":"400"}}"#,
                Meaning::Key,
            ),
            // A path that is none, and a proxy's page.
            (307, "", Meaning::Request),
            (502, "<html>Bad Gateway</html>", Meaning::Trouble),
            (408, "", Meaning::Trouble),
        ] {
            let failure = Failure::of_status(status, body, None);
            assert_eq!(failure.meaning(), Some(meaning), "{status} {body}");
            assert_eq!(failure.is_passing(), meaning == Meaning::Busy || status >= 500, "{status} {body}");
        }
        for body in [r#"{"error":{"code":"data_inspection_failed"}}"#, r#"{"error":{"code":"1301"}}"#] {
            assert!(matches!(Failure::of_status(400, body, None), Failure::Filtered));
        }
    }

    #[test]
    fn a_servers_words_are_kept_but_not_those_it_repeats() {
        let body = r#"{"error":{"code":400,"type":"BadRequest","message":"no such model"}}"#;
        assert_eq!(
            Failure::of_status(400, body, None).to_string(),
            "status 400: 400 BadRequest no such model"
        );
        let echo = r#"{"detail":"cannot read: 我的孩子在第三医院住院怎么报销"}"#;
        let failure = Failure::of_status(422, echo, None)
            .without("<question>我的孩子在第三医院住院怎么报销</question>");
        assert_eq!(failure.to_string(), "status 422: it repeats what it was sent");
        // FastAPI lists what is wrong together with the input; nothing of a list is kept.
        let list = r#"{"detail":[{"loc":["body"],"input":"我的孩子"}]}"#;
        assert_eq!(Failure::of_status(422, list, None).to_string(), "status 422: ");
    }
}
