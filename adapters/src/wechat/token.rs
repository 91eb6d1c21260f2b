//! How the access token is fetched; [`crate::token`] keeps it for all nodes.
//!
//! `stable_token` gives the same token to everybody who asks, so that another program with the same account is not locked
//! out, as `token` would do. Facts of the page 获取稳定版接口调用凭据.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use secrecy::{ExposeSecret, SecretString};

use super::errors::ApiError;
use crate::token::{Fresh, Tokens as Kept};
use crate::{Notes, NotesError, Now};

/// How long the platform may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a token may be replaced by force again; the platform allows it every 30 seconds, and 20 times a day.
const FORCED: SignedDuration = SignedDuration::from_mins(2);

/// Gets access tokens.
pub struct Tokens {
    kept: Kept,
    http: reqwest::Client,
    base: String,
    app_id: String,
    secret: SecretString,
}

impl From<NotesError> for ApiError {
    fn from(error: NotesError) -> Self {
        Self::Unreachable(error.to_string())
    }
}

impl Tokens {
    /// For one account.
    pub fn new(
        notes: Arc<dyn Notes>,
        now: Now,
        http: reqwest::Client,
        base: String,
        app_id: String,
        secret: SecretString,
    ) -> Self {
        Self { kept: Kept::new(notes, now, Some(FORCED)), http, base, app_id, secret }
    }

    /// A token that holds, other than the one that was `refused`.
    ///
    /// # Errors
    /// When there is none to be had.
    pub async fn get(&self, refused: Option<&str>) -> Result<String, ApiError> {
        self.kept.get(refused, |force| self.fetch(force)).await
    }

    async fn fetch(&self, force_refresh: bool) -> Result<Fresh, ApiError> {
        let body = serde_json::json!({
            "grant_type": "client_credential",
            "appid": self.app_id,
            "secret": self.secret.expose_secret(),
            "force_refresh": force_refresh,
        });
        let url = format!("{}/cgi-bin/stable_token", self.base);
        let answer = self.http.post(url).timeout(PATIENCE).json(&body).send().await.map_err(unreachable)?;
        let status = answer.status();
        if !status.is_success() {
            return Err(ApiError::Unreachable(format!("it answered {status}")));
        }
        let answer: serde_json::Value = answer.json().await.map_err(unreachable)?;
        check(&answer)?;
        let token = answer["access_token"].as_str().filter(|token| !token.is_empty());
        let seconds = answer["expires_in"].as_i64();
        let (Some(token), Some(seconds)) = (token, seconds) else {
            return Err(ApiError::Unreachable("its answer has no access token".to_owned()));
        };
        Ok(Fresh { token: token.to_owned(), seconds })
    }
}

/// Takes the address out of an error of the HTTP client: the token stands in it.
pub(super) fn unreachable(error: reqwest::Error) -> ApiError {
    let error = error.without_url();
    let mut reason = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        reason.push_str(": ");
        reason.push_str(&cause.to_string());
        source = cause.source();
    }
    ApiError::Unreachable(reason)
}

/// Errors come with the status 200 and a code in the body.
pub(super) fn check(answer: &serde_json::Value) -> Result<(), ApiError> {
    match answer["errcode"].as_i64() {
        None | Some(0) => Ok(()),
        Some(code) => Err(ApiError::of(code, answer["errmsg"].as_str().unwrap_or_default())),
    }
}
