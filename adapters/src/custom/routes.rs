//! In: signed messages, and what is pulled. Nothing is read of a request whose signature does not count.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, RawQuery, State as Shared};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::HttpChannel;
use super::sign::{self, Refused};
use super::wire::{self, Reply};
use crate::{Cursor, Inbound, Inbox, Locale, Peer, SubmitError};

/// The longest a request waits for its replies.
const LONGEST_WAIT: u64 = 25;

struct Door {
    channel: Arc<HttpChannel>,
    inbox: Inbox,
}

pub(super) fn router(channel: Arc<HttpChannel>, inbox: Inbox) -> Router {
    Router::new()
        .route("/", get(about))
        .route("/messages", post(message))
        .route("/thread", get(thread))
        .route("/files", get(file))
        .with_state(Arc::new(Door { channel, inbox }))
}

impl Door {
    fn check(&self, headers: &HeaderMap, payload: &[u8]) -> Result<(), Box<Response>> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let settings = &self.channel.settings;
        let now = (settings.kit.now)();
        let checked = settings.signer.check(text(sign::TIMESTAMP), text(sign::SIGNATURE), payload, now);
        checked.map_err(|refused| {
            let code = match refused {
                Refused::Bad => "bad_signature",
                Refused::Stale => "stale_signature",
            };
            Box::new(self.problem(headers, StatusCode::UNAUTHORIZED, code, None))
        })
    }

    fn peer(&self, citizen: String) -> Peer {
        Peer { channel: self.channel.settings.kit.id.clone(), address: citizen }
    }

    /// A problem document (RFC 9457) in the language that was asked for. It quotes nothing of the request.
    fn problem(&self, headers: &HeaderMap, status: StatusCode, code: &str, detail: Option<&str>) -> Response {
        let title = self.channel.settings.words.title(code, language(headers));
        let mut document = json!({
            "type": format!("urn:yikouwen:problem:{code}"), "title": title, "status": status.as_u16(), "code": code,
        });
        if let Some(detail) = detail {
            document["detail"] = detail.into();
        }
        let kind = [(header::CONTENT_TYPE, "application/problem+json"), (header::CACHE_CONTROL, "no-store")];
        (status, kind, document.to_string()).into_response()
    }

    fn malformed(&self, headers: &HeaderMap, wire::Malformed(detail): &wire::Malformed) -> Response {
        self.problem(headers, StatusCode::BAD_REQUEST, "bad_request", Some(detail))
    }

    fn refused(&self, headers: &HeaderMap, error: &SubmitError) -> Response {
        use SubmitError as E;
        let status = match error {
            E::Empty => StatusCode::UNPROCESSABLE_ENTITY,
            E::TooLong { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            E::UnknownMessage | E::UnknownConversation => StatusCode::NOT_FOUND,
            E::NotNow => StatusCode::CONFLICT,
            E::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
            E::Busy { .. } | E::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        };
        let mut response = self.problem(headers, status, error.code(), None);
        if let Some(pause) = error.retry_after() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(pause.as_secs().max(1)));
        }
        response
    }
}

/// The first language named that is ours.
fn language(headers: &HeaderMap) -> Locale {
    let wanted =
        headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let first = wanted.split(',').map(str::trim).find(|tag| tag.starts_with("zh") || tag.starts_with("en"));
    if first.is_some_and(|tag| tag.starts_with("en")) { Locale::En } else { Locale::Zh }
}

fn print(status: StatusCode, value: &Value) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (status, kind, value.to_string()).into_response()
}

/// Who answers, and whether the signature is right: the first call of whoever builds the other side.
async fn about(Shared(door): Shared<Arc<Door>>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    if let Err(refusal) = door.check(&headers, query.unwrap_or_default().as_bytes()) {
        return *refusal;
    }
    let settings = &door.channel.settings;
    let pushes = settings.deliver_url.is_some();
    print(
        StatusCode::OK,
        &json!({ "channel": settings.kit.id, "name": settings.name, "pushes": pushes, "now": (settings.kit.now)() }),
    )
}

#[derive(Deserialize)]
struct Waiting {
    #[serde(default)]
    wait: u64,
}

/// Takes a message.
async fn message(
    Shared(door): Shared<Arc<Door>>,
    waiting: Result<Query<Waiting>, axum::extract::rejection::QueryRejection>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Err(refusal) = door.check(&headers, &body) {
        return *refusal;
    }
    let Ok(Query(waiting)) = waiting else {
        let detail = format!("`wait` is a number of seconds, at most {LONGEST_WAIT}");
        return door.problem(&headers, StatusCode::BAD_REQUEST, "bad_request", Some(&detail));
    };
    let message = match wire::parse(&body) {
        Ok(message) => message,
        Err(malformed) => return door.malformed(&headers, &malformed),
    };
    let citizen = message.citizen.clone();
    let now = (door.channel.settings.kit.now)();
    let inbound = Inbound {
        id: message.id,
        peer: door.peer(message.citizen),
        content: message.content,
        locale: message.locale,
        region: message.region,
        audience: message.audience,
        // A message cannot have been written after it came.
        received_at: message.at.min(now),
    };
    let ticket = match door.inbox.submit(inbound).await {
        Ok(ticket) => ticket,
        Err(error) => return door.refused(&headers, &error),
    };
    let accepted = ticket.accepted.clone();
    let mut answer = json!({
        "conversation": accepted.conversation, "seq": accepted.seq, "repeated": accepted.repeated,
    });
    if waiting.wait > 0 {
        let patience = Duration::from_secs(waiting.wait.min(LONGEST_WAIT));
        if let Some(replies) = ticket.reply_within(patience).await {
            let replies: Vec<Reply<'_>> = replies.iter().map(|reply| Reply::of(&citizen, reply)).collect();
            answer["replies"] = serde_json::to_value(replies).unwrap_or_default();
            return print(StatusCode::OK, &answer);
        }
    }
    print(StatusCode::ACCEPTED, &answer)
}

#[derive(Deserialize)]
struct Reading {
    citizen: String,
    conversation: Option<String>,
    #[serde(default)]
    after: u64,
}

/// The present conversation of a citizen, from a place on.
async fn thread(
    Shared(door): Shared<Arc<Door>>,
    RawQuery(query): RawQuery,
    reading: Result<Query<Reading>, axum::extract::rejection::QueryRejection>,
    headers: HeaderMap,
) -> Response {
    if let Err(refusal) = door.check(&headers, query.unwrap_or_default().as_bytes()) {
        return *refusal;
    }
    let Ok(Query(reading)) = reading else {
        let detail = "`citizen` is needed; `after` is a number";
        return door.problem(&headers, StatusCode::BAD_REQUEST, "bad_request", Some(detail));
    };
    if let Err(malformed) = wire::check_citizen(&reading.citizen) {
        return door.malformed(&headers, &malformed);
    }
    let peer = door.peer(reading.citizen.clone());
    let mut cursor = Cursor { conversation: reading.conversation, after: reading.after };
    if cursor.conversation.is_none() && cursor.after > 0 {
        // A place counts in its conversation only; whoever names none means the present one.
        match door.inbox.thread(&peer, &Cursor::default()).await {
            Ok(thread) => cursor.conversation = thread.conversation,
            Err(error) => return door.refused(&headers, &error),
        }
    }
    match door.inbox.thread(&peer, &cursor).await {
        Ok(thread) => {
            let messages: Vec<Reply<'_>> =
                thread.messages.iter().map(|message| Reply::of(&reading.citizen, message)).collect();
            print(
                StatusCode::OK,
                &json!({
                    "conversation": thread.conversation, "last": thread.last, "state": thread.state,
                    "messages": messages,
                }),
            )
        }
        Err(error) => door.refused(&headers, &error),
    }
}

#[derive(Deserialize)]
struct Wanted {
    id: String,
}

/// A file that a helper sent: the content of an attachment.
async fn file(
    Shared(door): Shared<Arc<Door>>,
    RawQuery(query): RawQuery,
    wanted: Result<Query<Wanted>, axum::extract::rejection::QueryRejection>,
    headers: HeaderMap,
) -> Response {
    if let Err(refusal) = door.check(&headers, query.unwrap_or_default().as_bytes()) {
        return *refusal;
    }
    let Ok(Query(wanted)) = wanted else {
        return door.problem(&headers, StatusCode::BAD_REQUEST, "bad_request", Some("`id` is needed"));
    };
    match door.channel.settings.kit.files.file(&wanted.id).await {
        Ok(Some(file)) => {
            let kind = HeaderValue::from_str(&file.mime)
                .unwrap_or(HeaderValue::from_static("application/octet-stream"));
            let headers = [
                (header::CONTENT_TYPE, kind),
                (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment")),
                (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            ];
            (headers, file.data).into_response()
        }
        Ok(None) => door.problem(&headers, StatusCode::NOT_FOUND, "unknown_file", None),
        Err(_) => door.refused(&headers, &SubmitError::Unavailable),
    }
}
