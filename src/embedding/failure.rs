//! Why there is no vector, by what is to be done about it. No message holds words of a text: servers like to repeat
//! what they refuse, so their bodies are not kept.

use std::error::Error;
use std::time::Duration;

/// Why there is no vector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmbeddingError {
    /// The server cannot be reached, fails or wants to be left alone: try again later.
    #[error("the embedding endpoint is unavailable: {reason}")]
    Unavailable {
        /// What happened.
        reason: String,
        /// When it wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// It took too long: try again later, or allow more time.
    #[error("the embedding endpoint took too long")]
    Slow,
    /// Address, key or model are wrong: tell the operator.
    #[error("the embedding endpoint answered {0}{hint}", hint = hint(*.0))]
    Misconfigured(u16),
    /// It declined these texts: send them one by one, and leave out the one it does not like.
    #[error("the embedding endpoint declined the text with status {0}")]
    Refused(u16),
    /// What came are no vectors that can be used: tell the operator.
    #[error("the embedding endpoint's answer cannot be used: {0}")]
    Unusable(String),
}

fn hint(status: u16) -> &'static str {
    match status {
        401 | 403 => ": the key is wrong or lacks the right; see [embedding] api_key",
        402 => ": the account has no balance",
        404 | 405 => ": no such address or model; see [embedding] base_url and model",
        _ => "",
    }
}

impl EmbeddingError {
    pub(super) fn of_status(status: u16, retry_after: Option<Duration>) -> Self {
        match status {
            408 | 425 | 429 | 500.. => Self::Unavailable { reason: format!("status {status}"), retry_after },
            400 | 413 | 422 => Self::Refused(status),
            _ => Self::Misconfigured(status),
        }
    }

    /// The error of a request or of a body, with its causes and without the address, which may hold a key.
    pub(super) fn of_request(error: reqwest::Error) -> Self {
        if error.is_timeout() {
            return Self::Slow;
        }
        let error = error.without_url();
        let mut reason = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            reason.push_str(": ");
            reason.push_str(&inner.to_string());
            source = inner.source();
        }
        Self::Unavailable { reason, retry_after: None }
    }

    /// When the server wants to be asked again.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}
