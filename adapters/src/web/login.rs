//! A visitor's login: begun by the page, confirmed by the code that our own page showed.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State as Shared;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::routes::{Web, bearer, json, problem};
use crate::{LoginRefused, Peer};

fn refused(error: &LoginRefused) -> Response {
    let status = match error {
        LoginRefused::Off | LoginRefused::UnknownCode => StatusCode::NOT_FOUND,
        LoginRefused::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
        LoginRefused::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    };
    problem(status, None, error.code(), error.retry_after())
}

fn visitor(web: &Web, headers: &HeaderMap) -> Option<Peer> {
    bearer(headers).and_then(|token| web.channel.peer(token))
}

fn unauthorized() -> Response {
    problem(StatusCode::UNAUTHORIZED, None, "unauthorized", None)
}

fn printed<T: serde::Serialize>(value: &T) -> Response {
    match serde_json::to_string(value) {
        Ok(text) => json(text),
        Err(_) => problem(StatusCode::SERVICE_UNAVAILABLE, None, "unavailable", Some(Duration::from_secs(2))),
    }
}

/// Whether the visitor is joined to a citizen.
pub(super) async fn state(Shared(web): Shared<Arc<Web>>, headers: HeaderMap) -> Response {
    let Some(peer) = visitor(&web, &headers) else { return unauthorized() };
    match web.inbox.login_state(&peer).await {
        Ok(state) => printed(&state),
        Err(error) => refused(&error),
    }
}

/// Begins a login. The page that asks is remembered: the code may be handed to it and to no other.
pub(super) async fn begin(Shared(web): Shared<Arc<Web>>, headers: HeaderMap) -> Response {
    let Some(peer) = visitor(&web, &headers) else { return unauthorized() };
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let origin = text(header::ORIGIN).filter(|origin| web.channel.origin_known(origin, text(header::HOST)));
    match web.inbox.begin_login(&peer, origin).await {
        Ok(link) => printed(&link),
        Err(error) => refused(&error),
    }
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

/// Takes the code from the page.
pub(super) async fn confirm(Shared(web): Shared<Arc<Web>>, headers: HeaderMap, body: String) -> Response {
    let Some(peer) = visitor(&web, &headers) else { return unauthorized() };
    let Ok(Code { code }) = serde_json::from_str(&body) else {
        return problem(StatusCode::BAD_REQUEST, None, "bad_frame", None);
    };
    match web.inbox.confirm_login(&peer, &code).await {
        Ok(()) => json(r#"{"linked":true}"#.to_owned()).into_response(),
        Err(error) => refused(&error),
    }
}
