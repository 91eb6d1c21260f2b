//! What can go wrong between us and the model, with everything the server said about it.

use std::error::Error;
use std::time::Duration;

use crate::dialogue::SynthesisError;

/// The characters of a server's own words that are kept for the log.
const KEPT: usize = 600;

/// A failed request or a broken answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The server could not be reached, or the connection broke.
    #[error("{cause}")]
    Unreachable {
        /// What happened.
        cause: String,
        /// No byte of an answer has come, so asking again is harmless.
        unanswered: bool,
    },
    /// The server answered with a status other than success, or with an error object.
    #[error("status {status}: {body}")]
    Status {
        /// The status, or the code inside the error object; 0 where there is none.
        status: u16,
        /// What the server said.
        body: String,
        /// When it wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// Something took too long.
    #[error("{0} took too long")]
    Slow(&'static str),
    /// The model or a filter before it declined.
    #[error("declined")]
    Declined,
    /// What came is no answer.
    #[error("{0}")]
    Broken(String),
}

impl Failure {
    /// The error of a request or of a body, with its causes and without the address, which may hold a key.
    pub(super) fn of_request(error: reqwest::Error) -> Self {
        let unanswered = error.is_connect() || (error.is_request() && !error.is_timeout());
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
        /// What vendors call a text that their filter stopped.
        const FILTERED: [&str; 5] = [
            "content_filter",
            "content_policy",
            "data_inspection_failed",
            "datainspectionfailed",
            "\"1301\"",
        ];
        let lower = body.to_ascii_lowercase();
        if status != 429 && status < 500 && FILTERED.iter().any(|word| lower.contains(word)) {
            return Self::Declined;
        }
        Self::Status { status, body: body.chars().take(KEPT).collect(), retry_after }
    }

    /// Asking again may help. An exhausted account is reported as 429 too, but waiting does not fill it.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { unanswered, .. } => *unanswered,
            Self::Status { status: 429, body, .. } => !body.contains("insufficient_quota"),
            Self::Status { status, .. } => (500..600).contains(status),
            Self::Slow(_) | Self::Declined | Self::Broken(_) => false,
        }
    }

    /// How long the server wants us to wait.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

impl From<Failure> for SynthesisError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Declined => Self::Refused,
            Failure::Broken(what) => Self::Unusable(what),
            Failure::Slow(_) => Self::Slow(failure.to_string()),
            Failure::Unreachable { .. } | Failure::Status { .. } => Self::Unavailable(failure.to_string()),
        }
    }
}
