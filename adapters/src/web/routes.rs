//! The channel's inward half: sessions, the socket, and long polling.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{DefaultBodyLimit, Query, Request as HttpRequest, State as Shared};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures::StreamExt;
use serde::Deserialize;
use tokio::time::Instant;
use tower_http::cors::{AllowOrigin, CorsLayer};
use uuid::Uuid;

use super::client::WebChannel;
use super::files;
use super::login;
use super::wire::{self, Request, ServerFrame};
use crate::{Content, Cursor, Inbound, Inbox, Live, LiveStream, Locale, Peer, State, Thread};

/// How long a socket may stay silent before it counts as dead; devices ping every 20 seconds.
const SILENCE: Duration = Duration::from_secs(60);
/// How often the thread is read even when no event came, because live events may be lost.
const SWEEP: Duration = Duration::from_secs(5);
/// How long a new socket has for its first frame.
const HELLO: Duration = Duration::from_secs(10);
/// The longest a poll is held open.
const LONGEST_POLL: u64 = 30;
/// A socket's read buffer: axum's default of 128 KiB costs a hundred times more for sockets that are mostly idle.
const READ_BUFFER: usize = 8 * 1024;

pub(super) struct Web {
    pub(super) channel: Arc<WebChannel>,
    pub(super) inbox: Inbox,
}

pub(super) fn router(channel: Arc<WebChannel>, inbox: Inbox) -> Router {
    let frame_bytes = channel.settings.frame_bytes;
    let for_cors = Arc::clone(&channel);
    let cors = CorsLayer::new()
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
        .allow_origin(AllowOrigin::predicate(move |origin, parts| {
            let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
            for_cors.origin_allowed(origin.to_str().ok(), host)
        }));
    let web = Arc::new(Web { channel, inbox });
    Router::new()
        .route("/session", post(session))
        .route("/socket", get(socket))
        .route("/events", get(poll).post(submit))
        .route("/files", post(files::upload).layer(DefaultBodyLimit::max(files::longest_body(&web))))
        .route("/files/{file}", get(files::read))
        .route("/login", get(login::state).post(login::begin))
        .route("/login/confirm", post(login::confirm))
        .layer(DefaultBodyLimit::max(frame_bytes))
        .layer(from_fn_with_state(Arc::clone(&web), check_origin))
        .layer(cors)
        .with_state(web)
}

/// Refuses pages that the operator has not listed; CORS alone does not stop a WebSocket.
async fn check_origin(Shared(web): Shared<Arc<Web>>, request: HttpRequest, next: Next) -> Response {
    let headers = request.headers();
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if web.channel.origin_allowed(text(header::ORIGIN), text(header::HOST)) {
        next.run(request).await
    } else {
        problem(StatusCode::FORBIDDEN, None, "origin_refused", None)
    }
}

/// Prints an error as a problem document (RFC 9457) with the word that devices translate.
pub(super) fn problem(
    status: StatusCode,
    id: Option<&str>,
    code: &str,
    retry_after: Option<Duration>,
) -> Response {
    let body = serde_json::json!({
        "type": "about:blank", "title": code, "status": status.as_u16(), "code": code, "id": id,
    });
    let mut response = (status, body.to_string()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if let Some(delay) = retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(delay.as_secs().max(1)));
    }
    response
}

pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

pub(super) fn json(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")], text).into_response()
}

/// Issues a visitor token, or renews one that still holds.
async fn session(Shared(web): Shared<Arc<Web>>, headers: HeaderMap) -> Response {
    let settings = &web.channel.settings;
    let now = web.channel.now();
    let known = bearer(&headers).and_then(|token| settings.signer.check(token, now));
    let id = known.map_or_else(Uuid::new_v4, |visitor| visitor.id);
    let (token, visitor) = settings.signer.issue(id, now);
    json(
        serde_json::json!({
            "token": token, "visitor": visitor.id.simple().to_string(), "expires_at": visitor.expires_at.to_string(),
            "file_bytes": settings.kit.files.limit(),
        })
        .to_string(),
    )
}

async fn socket(Shared(web): Shared<Arc<Web>>, upgrade: WebSocketUpgrade) -> Response {
    let limit = web.channel.settings.frame_bytes;
    upgrade
        .read_buffer_size(READ_BUFFER)
        .max_message_size(limit)
        .max_frame_size(limit)
        .on_upgrade(move |socket| async move { serve(&web, socket).await })
}

/// A socket after its hello.
struct Session {
    peer: Peer,
    locale: Locale,
    cursor: Cursor,
    shown: Option<State>,
}

impl Session {
    /// What a thread adds to what the device has.
    fn print(&mut self, web: &Web, thread: &Thread) -> Vec<String> {
        let link = |file: &str| web.channel.link(&self.peer.address, file);
        wire::print_thread(thread, &mut self.cursor, &mut self.shown, &link)
    }
}

/// Speaks with one device until it leaves. Any failed send ends the socket; the device comes back with its cursor.
async fn serve(web: &Web, mut socket: WebSocket) {
    let Some((mut session, mut live)) = open(web, &mut socket).await else { return };
    let mut sweep = tokio::time::interval(SWEEP);
    sweep.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut last_heard = Instant::now();
    loop {
        let sent = tokio::select! {
            frame = socket.recv() => match frame {
                Some(Ok(Message::Text(text))) => {
                    last_heard = Instant::now();
                    answer(web, &mut session, &mut socket, &text).await
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => { last_heard = Instant::now(); Ok(()) }
            },
            event = live.next() => match event {
                Some(Live::Changed) => read_on(web, &mut session, &mut socket).await,
                Some(event) => match wire::print_live(&event) {
                    Some(frame) => socket.send(frame.into()).await,
                    None => Ok(()),
                },
                None => return,
            },
            _ = sweep.tick() => {
                if last_heard.elapsed() > SILENCE { return; }
                read_on(web, &mut session, &mut socket).await
            }
        };
        if sent.is_err() {
            return;
        }
    }
}

/// Waits for the hello, and brings the device up to date.
async fn open(web: &Web, socket: &mut WebSocket) -> Option<(Session, LiveStream)> {
    let first = tokio::time::timeout(HELLO, socket.recv()).await.ok()??.ok()?;
    let request = first.to_text().ok().map(wire::parse);
    let Some(Ok(Request::Hello { token, locale, cursor })) = request else {
        refuse(socket, "bad_frame").await;
        return None;
    };
    let Some(peer) = web.channel.peer(&token) else {
        refuse(socket, "unauthorized").await;
        return None;
    };
    // Watching begins before the thread is read, so that no change falls between the two.
    let live = web.inbox.watch(&peer);
    let mut session = Session { peer, locale, cursor, shown: None };
    match web.inbox.thread(&session.peer, &session.cursor).await {
        Ok(thread) => {
            socket.send(wire::welcome(&thread).into()).await.ok()?;
            for frame in session.print(web, &thread) {
                socket.send(frame.into()).await.ok()?;
            }
        }
        Err(_) => {
            refuse(socket, "unavailable").await;
            return None;
        }
    }
    Some((session, live))
}

async fn refuse(socket: &mut WebSocket, code: &str) {
    let frame = ServerFrame::Error { id: None, code, retry_after: None };
    // The device is about to lose the socket anyway; whether it still reads the reason does not matter here.
    drop(socket.send(frame.print().into()).await);
    drop(socket.send(Message::Close(None)).await);
}

async fn read_on(web: &Web, session: &mut Session, socket: &mut WebSocket) -> Result<(), axum::Error> {
    let Ok(thread) = web.inbox.thread(&session.peer, &session.cursor).await else { return Ok(()) };
    for frame in session.print(web, &thread) {
        socket.send(frame.into()).await?;
    }
    Ok(())
}

async fn answer(
    web: &Web,
    session: &mut Session,
    socket: &mut WebSocket,
    text: &str,
) -> Result<(), axum::Error> {
    let frame = match wire::parse(text) {
        Ok(Request::Submit(id, content)) => {
            let inbound = inbound(web, session.peer.clone(), session.locale, &id, content);
            match web.inbox.submit(inbound).await {
                Ok(ticket) => ServerFrame::Accepted { id: &id, seq: ticket.accepted.seq }.print(),
                Err(error) => ServerFrame::refused(&id, &error).print(),
            }
        }
        Ok(Request::Typing) => {
            web.inbox.typing(&session.peer).await;
            return Ok(());
        }
        Ok(Request::Ping) => ServerFrame::Pong.print(),
        Ok(Request::Hello { .. }) | Err(None) => {
            ServerFrame::Error { id: None, code: "bad_frame", retry_after: None }.print()
        }
        Err(Some(id)) => ServerFrame::Error { id: Some(&id), code: "bad_frame", retry_after: None }.print(),
    };
    socket.send(frame.into()).await
}

pub(super) fn inbound(web: &Web, peer: Peer, locale: Locale, id: &str, content: Content) -> Inbound {
    let received_at = web.channel.now();
    Inbound { id: id.to_owned(), peer, content, locale, region: None, audience: None, received_at }
}

/// The language of a request.
pub(super) fn locale(headers: &HeaderMap) -> Locale {
    let english = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("en"));
    if english { Locale::En } else { Locale::Zh }
}

/// One client frame over HTTP, for networks that block sockets.
async fn submit(Shared(web): Shared<Arc<Web>>, headers: HeaderMap, body: String) -> Response {
    let Some(peer) = bearer(&headers).and_then(|token| web.channel.peer(token)) else {
        return problem(StatusCode::UNAUTHORIZED, None, "unauthorized", None);
    };
    let locale = locale(&headers);
    match wire::parse(&body) {
        Ok(Request::Submit(id, content)) => {
            match web.inbox.submit(inbound(&web, peer, locale, &id, content)).await {
                Ok(ticket) => {
                    let frame = ServerFrame::Accepted { id: &id, seq: ticket.accepted.seq }.print();
                    (StatusCode::ACCEPTED, json(frame)).into_response()
                }
                Err(error) => problem(status_of(&error), Some(&id), error.code(), error.retry_after()),
            }
        }
        Ok(Request::Typing) => {
            web.inbox.typing(&peer).await;
            StatusCode::NO_CONTENT.into_response()
        }
        Ok(Request::Ping) => json(ServerFrame::Pong.print()),
        Ok(Request::Hello { .. }) | Err(None) => problem(StatusCode::BAD_REQUEST, None, "bad_frame", None),
        Err(Some(id)) => problem(StatusCode::BAD_REQUEST, Some(&id), "bad_frame", None),
    }
}

pub(super) fn status_of(error: &crate::SubmitError) -> StatusCode {
    use crate::SubmitError as E;
    match error {
        E::Empty => StatusCode::UNPROCESSABLE_ENTITY,
        E::TooLong { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        E::UnknownMessage | E::UnknownConversation => StatusCode::NOT_FOUND,
        E::NotNow => StatusCode::CONFLICT,
        E::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
        E::Busy { .. } | E::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

#[derive(Deserialize)]
struct PollQuery {
    conversation: Option<String>,
    #[serde(default)]
    after: u64,
    #[serde(default)]
    wait: u64,
}

/// What is new since a cursor; holds the request until something is, or until `wait` seconds are over.
async fn poll(Shared(web): Shared<Arc<Web>>, headers: HeaderMap, Query(query): Query<PollQuery>) -> Response {
    let Some(peer) = bearer(&headers).and_then(|token| web.channel.peer(token)) else {
        return problem(StatusCode::UNAUTHORIZED, None, "unauthorized", None);
    };
    let deadline = Instant::now() + Duration::from_secs(query.wait.min(LONGEST_POLL));
    let mut cursor =
        Cursor { conversation: query.conversation.filter(|id| !id.is_empty()), after: query.after };
    let mut live = web.inbox.watch(&peer);
    // The state is sent with the first answer of every poll that has something to say, because a poll has no memory.
    let mut first = true;
    let mut shown = None;
    let link = |file: &str| web.channel.link(&peer.address, file);
    loop {
        let Ok(thread) = web.inbox.thread(&peer, &cursor).await else {
            return problem(
                StatusCode::SERVICE_UNAVAILABLE,
                None,
                "unavailable",
                Some(Duration::from_secs(2)),
            );
        };
        let before = cursor.clone();
        let known_state = shown.clone();
        let mut frames = wire::print_thread(&thread, &mut cursor, &mut shown, &link);
        if query.wait == 0 {
            // A device that begins asks without waiting, and is greeted as on a socket.
            frames.insert(0, wire::welcome(&thread));
        }
        let new = cursor != before || (!first && shown != known_state);
        if new || Instant::now() >= deadline {
            return json(format!("{{\"frames\":[{}]}}", frames.join(",")));
        }
        first = false;
        tokio::select! {
            event = live.next() => match event {
                Some(Live::Changed) => {}
                Some(event) => {
                    if let Some(frame) = wire::print_live(&event) {
                        return json(format!("{{\"frames\":[{frame}]}}"));
                    }
                }
                None => return json("{\"frames\":[]}".to_owned()),
            },
            () = tokio::time::sleep_until(deadline) => {}
        }
    }
}
