//! The access token. One node fetches it and notes it for the others; a token that is refused is replaced once.
//!
//! `stable_token` gives the same token to everybody who asks, so that another program with the same account is not locked
//! out, as `token` would do. Facts of the page 获取稳定版接口调用凭据.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::errors::ApiError;
use crate::{Notes, NotesError, NotesExt, Now};

/// How long before its end a token is replaced; from then on the platform itself gives a new one, and both hold.
const BEFORE_END: SignedDuration = SignedDuration::from_mins(5);
/// How long one node may take to fetch a token before another tries.
const LEASE: SignedDuration = SignedDuration::from_secs(15);
/// How long the platform may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a token may be replaced by force again; the platform allows it every 30 seconds, and 20 times a day.
const FORCED: SignedDuration = SignedDuration::from_mins(2);
/// How often it is looked whether another node has fetched one, and how often at most.
const LOOK: (Duration, usize) = (Duration::from_millis(250), 80);

/// A token as it is noted for all nodes.
#[derive(Clone, Serialize, Deserialize)]
struct Held {
    token: String,
    until: Timestamp,
}

/// A node that is fetching.
#[derive(Serialize, Deserialize)]
struct Lease {
    until: Timestamp,
    /// When a token was last replaced by force.
    forced: Option<Timestamp>,
}

/// Gets access tokens.
pub struct Tokens {
    notes: Arc<dyn Notes>,
    now: Now,
    http: reqwest::Client,
    base: String,
    app_id: String,
    secret: SecretString,
    held: Mutex<Option<Held>>,
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
        Self { notes, now, http, base, app_id, secret, held: Mutex::new(None) }
    }

    /// A token that holds.
    ///
    /// # Errors
    /// When there is none to be had.
    pub async fn token(&self) -> Result<String, ApiError> {
        self.other_than(None).await
    }

    /// A token in place of one that was refused.
    ///
    /// # Errors
    /// When there is none to be had.
    pub async fn replace(&self, refused: &str) -> Result<String, ApiError> {
        self.other_than(Some(refused)).await
    }

    async fn other_than(&self, refused: Option<&str>) -> Result<String, ApiError> {
        for _ in 0..LOOK.1 {
            if let Some(token) = self.good(refused).await? {
                return Ok(token);
            }
            let now = (self.now)();
            let lease = self.notes.get::<Lease>(&["token_lease"]).await?;
            let free = lease.as_ref().is_none_or(|lease| lease.value.until <= now);
            let forced = lease.as_ref().and_then(|lease| lease.value.forced);
            let ours = Lease { until: now.checked_add(LEASE).unwrap_or(Timestamp::MAX), forced };
            let seen = lease.map(|lease| lease.version);
            if free && self.notes.put(&["token_lease"], seen, &ours).await? {
                return self.refresh(refused, forced).await;
            }
            tokio::time::sleep(LOOK.0).await;
        }
        Err(ApiError::Unreachable("another node fetches the access token and does not end".to_owned()))
    }

    /// The token that is held here or noted by another node.
    async fn good(&self, refused: Option<&str>) -> Result<Option<String>, NotesError> {
        let now = (self.now)();
        let holds = |held: &Held| {
            now.checked_add(BEFORE_END).is_ok_and(|soon| soon < held.until)
                && Some(held.token.as_str()) != refused
        };
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(held) = held.filter(holds) {
            return Ok(Some(held.token));
        }
        let noted = self.notes.get::<Held>(&["token"]).await?.map(|note| note.value).filter(holds);
        if let Some(noted) = &noted {
            *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(noted.clone());
        }
        Ok(noted.map(|held| held.token))
    }

    /// Fetches a token while the lease is ours, and gives the lease back.
    async fn refresh(&self, refused: Option<&str>, forced: Option<Timestamp>) -> Result<String, ApiError> {
        let (fetched, forced) = self.fetch_other_than(refused, forced).await;
        if let Ok(held) = &fetched {
            let seen = self.notes.read(&["token"]).await?.map(|note| note.version);
            self.notes.put(&["token"], seen, held).await?;
            *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(held.clone());
        }
        let seen = self.notes.read(&["token_lease"]).await?.map(|note| note.version);
        let over = Lease { until: Timestamp::UNIX_EPOCH, forced };
        self.notes.put(&["token_lease"], seen, &over).await?;
        fetched.map(|held| held.token)
    }

    async fn fetch_other_than(
        &self,
        refused: Option<&str>,
        forced: Option<Timestamp>,
    ) -> (Result<Held, ApiError>, Option<Timestamp>) {
        let fetched = self.fetch(false).await;
        let same = matches!(&fetched, Ok(held) if Some(held.token.as_str()) == refused);
        let now = (self.now)();
        let may_force = forced.is_none_or(|at| now.duration_since(at) >= FORCED);
        if same && may_force { (self.fetch(true).await, Some(now)) } else { (fetched, forced) }
    }

    async fn fetch(&self, force_refresh: bool) -> Result<Held, ApiError> {
        let body = serde_json::json!({
            "grant_type": "client_credential",
            "appid": self.app_id,
            "secret": self.secret.expose_secret(),
            "force_refresh": force_refresh,
        });
        let url = format!("{}/cgi-bin/stable_token", self.base);
        let answer = self.http.post(url).timeout(PATIENCE).json(&body).send().await.map_err(unreachable)?;
        let answer: serde_json::Value = answer.json().await.map_err(unreachable)?;
        check(&answer)?;
        let token = answer["access_token"].as_str().filter(|token| !token.is_empty());
        let seconds = answer["expires_in"].as_i64();
        let (Some(token), Some(seconds)) = (token, seconds) else {
            return Err(ApiError::Unreachable("its answer has no access token".to_owned()));
        };
        // A token that is about to end is used all the same: the platform gives no better one at that moment.
        let hold = SignedDuration::from_secs(seconds.max(310));
        let until = (self.now)().checked_add(hold).unwrap_or(Timestamp::MAX);
        Ok(Held { token: token.to_owned(), until })
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
