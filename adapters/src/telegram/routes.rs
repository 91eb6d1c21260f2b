//! In by webhook: Telegram calls, and is answered with success only once its update is durable.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use sha2::{Digest, Sha256};

use super::account::Account;
use super::intake::Taken;
use crate::Inbox;

/// In this header Telegram says the secret that it was given with the webhook's address (Bot API, setWebhook).
const SECRET: &str = "x-telegram-bot-api-secret-token";

struct Webhook {
    account: Arc<Account>,
    inbox: Inbox,
    secret: String,
}

pub(super) fn router(account: Arc<Account>, inbox: Inbox) -> Router {
    let secret = account.secret();
    Router::new().route("/", post(update)).with_state(Arc::new(Webhook { account, inbox, secret }))
}

/// Whether two secrets are the same, in a time that does not depend on where they differ.
fn same(given: &[u8], wanted: &[u8]) -> bool {
    let (given, wanted) = (Sha256::digest(given), Sha256::digest(wanted));
    given.iter().zip(wanted.iter()).fold(0, |different, (left, right)| different | (left ^ right)) == 0
}

async fn update(State(webhook): State<Arc<Webhook>>, headers: HeaderMap, body: Bytes) -> Response {
    let given = headers.get(SECRET).map(axum::http::HeaderValue::as_bytes).unwrap_or_default();
    if !same(given, webhook.secret.as_bytes()) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let Ok(update) = serde_json::from_slice(&body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    match webhook.account.take(&webhook.inbox, &update).await {
        Taken::Done => StatusCode::OK.into_response(),
        Taken::Later(pause) => {
            let seconds = pause.as_secs().max(1).to_string();
            (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, seconds)]).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn only_the_same_secret_is_the_same() {
        assert!(same(b"secret", b"secret"));
        for other in [&b""[..], b"secre", b"secret ", b"Secret"] {
            assert!(!same(other, b"secret"));
        }
    }
}
