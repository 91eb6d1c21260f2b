//! How problems are printed: RFC 9457 documents, with a word for programs and a title in the reader's language.

use std::any::Any;
use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::Shared;
use crate::desk::{AccountError, DeskError, SessionError};
use crate::identity::IdentityError;
use crate::records::FileError;
use crate::retrieval::KnowledgeError;
use crate::store::StoreError;

/// A problem on its way to whoever asked. What only the operator may know has been logged when it is made.
#[derive(Clone, Debug)]
pub struct ApiError(Box<Problem>);

#[derive(Clone, Debug)]
struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: Option<String>,
    retry_after: Option<Duration>,
    more: serde_json::Map<String, serde_json::Value>,
}

impl ApiError {
    /// A problem with this status and word.
    pub fn new(status: StatusCode, code: &'static str) -> Self {
        Self(Box::new(Problem {
            status,
            code,
            detail: None,
            retry_after: None,
            more: serde_json::Map::new(),
        }))
    }

    /// Says more, in words that may be shown.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Says when to try again.
    #[must_use]
    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.0.retry_after = Some(delay);
        self
    }

    /// Adds a member to the document.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<serde_json::Value>) -> Self {
        self.0.more.insert(name.to_owned(), value.into());
        self
    }

    /// The whole chain is logged here, once; the reader learns only that it happened.
    fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error, "a request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal")
    }

    fn print(&self, problems: &Problems, english: bool) -> Response {
        let Problem { status, code, detail, retry_after, more } = &*self.0;
        let mut document = serde_json::Map::new();
        document.insert("type".into(), format!("urn:yikouwen:problem:{code}").into());
        document.insert("title".into(), problems.title(code, english).into());
        document.insert("status".into(), status.as_u16().into());
        document.insert("code".into(), (*code).into());
        if let Some(detail) = detail {
            document.insert("detail".into(), detail.as_str().into());
        }
        document.extend(more.clone());
        let mut response = Response::new(Body::from(serde_json::Value::Object(document).to_string()));
        *response.status_mut() = *status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(delay) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(delay.as_secs().max(1)));
        }
        response
    }
}

impl IntoResponse for ApiError {
    /// Only carries the problem to [`localise`], which knows the reader's language.
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) | StoreError::Busy(_) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the store is unavailable");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable").retry_after(Duration::from_secs(2))
            }
            other => Self::internal(&other),
        }
    }
}

impl From<DeskError> for ApiError {
    fn from(error: DeskError) -> Self {
        let conflict = |code, owner: Option<String>| {
            let problem = Self::new(StatusCode::CONFLICT, code);
            match owner {
                Some(owner) => problem.with("winner", owner),
                None => problem,
            }
        };
        match error {
            DeskError::Unknown => Self::new(StatusCode::NOT_FOUND, "unknown_conversation"),
            DeskError::NotYours { owner } => conflict("not_yours", owner),
            DeskError::WrongStage { stage, owner } => conflict("wrong_stage", owner).with("stage", stage),
            DeskError::Full => conflict("at_capacity", None),
            DeskError::Empty => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "empty"),
            DeskError::TooLong { limit } => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "too_long").with("limit", limit)
            }
            DeskError::File(error) => match error {
                FileError::Empty => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "file_empty"),
                FileError::TooLarge { limit } => super::files::too_large(limit),
                FileError::Forbidden => Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "file_forbidden"),
                FileError::Store(error) => error.into(),
            },
            DeskError::Forbidden => Self::new(StatusCode::FORBIDDEN, "not_yours"),
            DeskError::UnknownMessage => Self::new(StatusCode::NOT_FOUND, "unknown_message"),
            DeskError::NotKept => Self::new(StatusCode::GONE, "not_kept"),
            DeskError::UnknownFile => Self::new(StatusCode::NOT_FOUND, "unknown_file"),
            DeskError::Store(error) => error.into(),
        }
    }
}

impl From<SessionError> for ApiError {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::NotLoggedIn => Self::new(StatusCode::UNAUTHORIZED, "not_logged_in"),
            SessionError::Store(error) => error.into(),
        }
    }
}

impl From<IdentityError> for ApiError {
    fn from(error: IdentityError) -> Self {
        match error {
            IdentityError::Expired => Self::new(StatusCode::NOT_FOUND, "login_expired"),
            IdentityError::NotLoggedIn => Self::new(StatusCode::UNAUTHORIZED, "not_logged_in"),
            IdentityError::Elsewhere => Self::new(StatusCode::CONFLICT, "linked_elsewhere"),
            IdentityError::Unknown => Self::new(StatusCode::NOT_FOUND, "unknown_link"),
            IdentityError::Provider(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the provider of identities failed"
                );
                Self::new(StatusCode::BAD_GATEWAY, "provider_unreachable")
            }
            IdentityError::Store(error) => error.into(),
        }
    }
}

impl From<AccountError> for ApiError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::WrongPassword => Self::new(StatusCode::UNAUTHORIZED, "wrong_password"),
            AccountError::Throttled(delay) => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "throttled").retry_after(delay)
            }
            AccountError::ShortPassword => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "short_password"),
            AccountError::Store(error) => error.into(),
            other => Self::internal(&other),
        }
    }
}

impl From<KnowledgeError> for ApiError {
    fn from(error: KnowledgeError) -> Self {
        match error {
            KnowledgeError::Refused(report) => {
                let faults = serde_json::to_value(&report.faults).unwrap_or_default();
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_entry").with("faults", faults)
            }
            KnowledgeError::Store(error) => error.into(),
            KnowledgeError::Unsearchable(_) | KnowledgeError::Behind | KnowledgeError::Cancelled => {
                tracing::error!(error = &error as &dyn std::error::Error, "the knowledge is unavailable");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable").retry_after(Duration::from_secs(2))
            }
            other => Self::internal(&other),
        }
    }
}

/// The titles of problems, from `config/words/problems.toml`.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct Problems(BTreeMap<String, Title>);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Title {
    zh: String,
    en: String,
}

impl Problems {
    /// The compiled titles.
    ///
    /// # Errors
    /// When the file is malformed, which a test rules out.
    pub fn compiled() -> Result<Self, toml::de::Error> {
        toml::from_str(include_str!("../../config/words/problems.toml"))
    }

    fn title(&self, code: &str, english: bool) -> &str {
        self.0.get(code).map_or("", |title| if english { &title.en } else { &title.zh })
    }
}

/// Whether the reader prefers English to Chinese.
pub fn prefers_english(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| {
            value.split(',').map(str::trim).find(|tag| tag.starts_with("zh") || tag.starts_with("en"))
        })
        .is_some_and(|tag| tag.starts_with("en"))
}

/// Prints problems in the reader's language.
pub(super) async fn localise(State(web): State<Shared>, request: Request, next: Next) -> Response {
    let english = prefers_english(request.headers());
    let response = next.run(request).await;
    match response.extensions().get::<ApiError>() {
        Some(problem) => {
            let mut printed = problem.print(&web.problems, english);
            for (name, value) in response.headers() {
                printed.headers_mut().entry(name).or_insert_with(|| value.clone());
            }
            printed
        }
        // The framework refuses over-long bodies by itself where no extractor of ours is asked.
        None if response.status() == StatusCode::PAYLOAD_TOO_LARGE
            && response
                .headers()
                .get(header::CONTENT_TYPE)
                .is_none_or(|kind| kind != "application/problem+json") =>
        {
            ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large").print(&web.problems, english)
        }
        None => response,
    }
}

pub(super) async fn not_found() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "not_found")
}

pub(super) async fn method_not_allowed() -> ApiError {
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed")
}

/// The last line of defence: a panic becomes an answer, and the other requests go on.
#[expect(clippy::needless_pass_by_value, reason = "the layer hands the panic over")]
pub(super) fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let what = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("unknown");
    tracing::error!(what, "a handler panicked");
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal").into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_that_is_used_has_a_title_in_both_languages() {
        let problems = Problems::compiled().unwrap();
        let sources = [
            include_str!("error.rs"),
            include_str!("ask.rs"),
            include_str!("assist.rs"),
            include_str!("auth.rs"),
            include_str!("channels.rs"),
            include_str!("desk.rs"),
            include_str!("extract.rs"),
            include_str!("files.rs"),
            include_str!("knowledge.rs"),
            include_str!("limits.rs"),
            include_str!("search.rs"),
            include_str!("search/trial.rs"),
        ];
        let pattern = regex::Regex::new(r#"(?s)ApiError::new\(\s*StatusCode::\w+,\s*"(\w+)""#).unwrap();
        let own = regex::Regex::new(r#"(?s)Self::new\(\s*StatusCode::\w+,\s*"(\w+)""#).unwrap();
        let mut seen = 0;
        for source in sources {
            for found in pattern.captures_iter(source).chain(own.captures_iter(source)) {
                for english in [false, true] {
                    assert!(!problems.title(&found[1], english).is_empty(), "{}", &found[1]);
                }
                seen += 1;
            }
        }
        assert!(seen > 15, "the pattern finds the codes");
    }

    #[test]
    fn the_first_language_that_is_ours_counts() {
        let table =
            [("en-GB,en;q=0.9", true), ("zh-CN,zh;q=0.9,en;q=0.8", false), ("fr,en", true), ("", false)];
        for (value, expected) in table {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, value.parse().unwrap());
            assert_eq!(prefers_english(&headers), expected, "{value}");
        }
    }
}
