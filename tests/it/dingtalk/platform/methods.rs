//! What the platform answers.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::sync::mpsc::unbounded_channel;

use super::{Call, Card, ID, Line, Order, SECRET, Shared, Shown, TEMPLATE};
use crate::channel_conformance::{FORM, SOUND};

/// How long a token is good.
const TOKEN_LIFE: Duration = Duration::from_secs(7_200);

pub(super) fn ok(body: &Value) -> Response {
    ([("content-type", "application/json")], body.to_string()).into_response()
}

pub(super) fn refuse(status: u16, code: &str) -> Response {
    let body = json!({ "code": code, "requestid": "r", "message": "refused" }).to_string();
    (StatusCode::from_u16(status).unwrap(), [("content-type", "application/json")], body).into_response()
}

/// Records a call, and answers it as it was ordered, if it was.
pub(super) async fn note(state: &Shared, method: Method, path: &str, body: &Value) -> Option<Response> {
    let call = Call { at: Instant::now(), method, path: path.to_owned(), body: body.clone() };
    state.calls.lock().unwrap().push(call);
    let slow = state.slow.lock().unwrap().get(path).copied();
    if let Some(delay) = slow {
        tokio::time::sleep(delay).await;
    }
    let ordered = state.next.lock().unwrap().get_mut(path).and_then(std::collections::VecDeque::pop_front);
    let (status, body) = ordered.or_else(|| state.lasting.lock().unwrap().get(path).cloned())?;
    Some(
        (StatusCode::from_u16(status).unwrap(), [("content-type", "application/json")], body).into_response(),
    )
}

pub(super) fn field<'a>(body: &'a Value, name: &str) -> &'a str {
    body[name].as_str().unwrap_or_default()
}

pub(super) async fn open(State(state): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    if let Some(ordered) = note(&state, Method::POST, "/v1.0/gateway/connections/open", &body).await {
        return ordered;
    }
    // Without it the platform answers in XML.
    assert!(headers["accept"].to_str().unwrap().contains("application/json"));
    if field(&body, "clientId") != ID || field(&body, "clientSecret") != SECRET {
        return refuse(401, "authFailed");
    }
    let topics: Vec<&str> =
        body["subscriptions"].as_array().unwrap().iter().map(|topic| field(topic, "topic")).collect();
    assert!(topics.contains(&"/v1.0/im/bot/messages/get"), "{body}");
    let ticket = format!("{}+/=", uuid::Uuid::new_v4());
    state.tickets.lock().unwrap().insert(ticket.clone());
    let endpoint = format!("{}/connect", state.base.lock().unwrap().replacen("http", "ws", 1));
    ok(&json!({ "endpoint": endpoint, "ticket": ticket }))
}

pub(super) async fn connect(
    State(state): State<Shared>,
    Query(query): Query<HashMap<String, String>>,
    upgrade: WebSocketUpgrade,
) -> Response {
    // A ticket is good for one connection.
    let ticket = query.get("ticket").cloned().unwrap_or_default();
    if !state.tickets.lock().unwrap().remove(&ticket) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    upgrade.on_upgrade(move |socket| line(state, socket))
}

async fn line(state: Shared, mut socket: WebSocket) {
    let (orders, mut ordered) = unbounded_channel();
    let is_open = Arc::new(std::sync::atomic::AtomicBool::new(true));
    state.lines.lock().unwrap().push(Line { orders, is_open: Arc::clone(&is_open) });
    loop {
        tokio::select! {
            order = ordered.recv() => match order {
                Some(Order::Send(text)) => if socket.send(Message::text(text)).await.is_err() { break },
                Some(Order::FallSilent) => std::future::pending().await,
                Some(Order::Break) => break,
                Some(Order::Close) | None => { drop(socket.send(Message::Close(None)).await); break }
            },
            frame = socket.recv() => match frame {
                Some(Ok(Message::Text(text))) => {
                    let ack: Value = serde_json::from_str(&text).unwrap();
                    let id = ack["headers"]["messageId"].as_str().unwrap_or_default().to_owned();
                    let took = state.sent.lock().unwrap().get(&id).map(Instant::elapsed).unwrap_or_default();
                    state.acks.lock().unwrap().insert(id, (ack, took));
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                Some(Ok(_)) => {}
            }
        }
    }
    is_open.store(false, Ordering::SeqCst);
}

pub(super) async fn token(State(state): State<Shared>, body: Bytes) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    if let Some(ordered) = note(&state, Method::POST, "/v1.0/oauth2/accessToken", &body).await {
        return ordered;
    }
    if field(&body, "appKey") != ID || field(&body, "appSecret") != SECRET {
        return refuse(400, "invalidClientIdOrSecret");
    }
    // Repeated calls return the same one while it is good, and it is good for longer from then on.
    let now = tokio::time::Instant::now();
    let since = state.token_since.lock().unwrap().replace(now);
    if since.is_some_and(|since| now - since >= TOKEN_LIFE) {
        state.token.fetch_add(1, Ordering::SeqCst);
    }
    ok(&json!({ "accessToken": format!("token-{}", state.token.load(Ordering::SeqCst)), "expireIn": 7_200 }))
}

/// A session webhook, which takes the robot's message types and no token.
pub(super) async fn session(
    State(state): State<Shared>,
    Query(query): Query<HashMap<String, String>>,
    body: Bytes,
) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    if let Some(ordered) = note(&state, Method::POST, "/robot/sendBySession", &body).await {
        return ordered;
    }
    if state.sessions_over.load(Ordering::SeqCst) {
        return ok(&json!({ "errcode": 300_001, "errmsg": "session is not exist" }));
    }
    let kind = field(&body, "msgtype").to_owned();
    let complete = match kind.as_str() {
        "text" => body["text"]["content"].is_string(),
        "markdown" => body["markdown"]["title"].is_string() && body["markdown"]["text"].is_string(),
        _ => false,
    };
    if !complete {
        return ok(&json!({ "errcode": 40_035, "errmsg": "缺少参数 json" }));
    }
    let to = format!("session:{}", query["session"]);
    state.shown.lock().unwrap().push(Shown { to, kind, body });
    ok(&json!({ "errcode": 0, "errmsg": "ok" }))
}

pub(super) async fn upload(
    State(state): State<Shared>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let kind = query.get("type").cloned().unwrap_or_default();
    if let Some(ordered) = note(&state, Method::POST, "/media/upload", &json!({ "type": kind })).await {
        return ordered;
    }
    if query.get("access_token") != Some(&format!("token-{}", state.token.load(Ordering::SeqCst))) {
        return ok(&json!({ "errcode": 40_014, "errmsg": "不合法的access_token" }));
    }
    let multipart = headers["content-type"].to_str().unwrap().starts_with("multipart/form-data");
    let text = String::from_utf8_lossy(&body).into_owned();
    if !multipart || !text.contains("name=\"media\"") || !text.contains("filename=") {
        return ok(&json!({ "errcode": 40_035, "errmsg": "no media" }));
    }
    let mut uploads = state.uploads.lock().unwrap();
    uploads.push((kind.clone(), body));
    ok(
        &json!({ "errcode": 0, "errmsg": "ok", "media_id": format!("@media-{}", uploads.len()), "type": kind, "created_at": 1 }),
    )
}

pub(super) async fn file(Path(code): Path<String>) -> Response {
    match code.as_str() {
        "gone" => StatusCode::NOT_FOUND.into_response(),
        "photo" => ([("content-type", "image/png")], crate::files::PNG).into_response(),
        "sound" => ([("content-type", "audio/amr")], SOUND).into_response(),
        "form" => ([("content-type", "application/pdf")], FORM).into_response(),
        code => ([("content-type", "image/png")], format!("bytes of {code}")).into_response(),
    }
}

/// The newer methods, which want a token.
pub(super) async fn method(
    State(state): State<Shared>,
    Path(rest): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = format!("/v1.0/{rest}");
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    if let Some(ordered) = note(&state, method.clone(), &path, &body).await {
        return ordered;
    }
    let good = format!("token-{}", state.token.load(Ordering::SeqCst));
    if state.token_since.lock().unwrap().is_some_and(|since| since.elapsed() >= TOKEN_LIFE) {
        return refuse(401, "InvalidAuthentication");
    }
    if headers.get("x-acs-dingtalk-access-token").and_then(|token| token.to_str().ok()) != Some(&good) {
        return refuse(401, "InvalidAuthentication");
    }
    match (method.as_str(), rest.as_str()) {
        ("GET", "contact/organizations/authInfos") => super::staff::company(&query),
        ("POST", "robot/oToMessages/batchSend") => batch_send(&state, &body),
        ("POST", "robot/groupMessages/send") => group_send(&state, &body),
        ("POST", "robot/messageFiles/download") => {
            match (field(&body, "downloadCode"), field(&body, "robotCode")) {
                ("", _) | (_, "") => refuse(400, "invalidParameter.downloadCode"),
                (code, _) => {
                    ok(&json!({ "downloadUrl": format!("{}/files/{code}", state.base.lock().unwrap()) }))
                }
            }
        }
        ("POST", "card/instances") => new_card(&state, &body, false),
        ("POST", "card/instances/createAndDeliver") => new_card(&state, &body, true),
        ("POST", "card/instances/deliver") => deliver_card(&state, &body),
        ("PUT", "card/instances") => update_card(&state, &body),
        ("PUT", "card/streaming") => stream_card(&state, &body),
        ("POST", "card/callbacks/register") => {
            ok(&json!({ "success": true, "result": { "apiSecret": body["apiSecret"] } }))
        }
        _ => refuse(404, "InvalidAction.NotFound"),
    }
}

/// Checks key and parameters of a robot's message.
fn robot_message(state: &Shared, to: String, body: &Value) -> Result<(), &'static str> {
    if field(body, "robotCode") != ID {
        return Err("invalidParameter.robotCode");
    }
    let parameters: Value =
        serde_json::from_str(field(body, "msgParam")).map_err(|_| "invalidParameter.msgParam")?;
    if field(body, "msgParam").len() > 15_000 {
        return Err("invalidParameter.msgParam.tooLong");
    }
    let wanted: &[&str] = match field(body, "msgKey") {
        "sampleText" => &["content"],
        "sampleMarkdown" => &["title", "text"],
        "sampleImageMsg" => &["photoURL"],
        "sampleFile" => &["mediaId", "fileName", "fileType"],
        _ => return Err("invalidParameter.msgKey"),
    };
    if wanted.iter().any(|name| !parameters[name].is_string()) {
        return Err("invalidParameter.msgParam");
    }
    let kind = field(body, "msgKey").to_owned();
    state.shown.lock().unwrap().push(Shown { to, kind, body: parameters });
    Ok(())
}

fn batch_send(state: &Shared, body: &Value) -> Response {
    let users: Vec<&str> =
        body["userIds"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if users.is_empty() || users.len() > 20 {
        return refuse(400, "invalidParameter.userIds");
    }
    let (known, unknown): (Vec<&str>, Vec<&str>) =
        users.into_iter().partition(|user| !user.starts_with("gone"));
    for user in known {
        if let Err(code) = robot_message(state, format!("user:{user}"), body) {
            return refuse(400, code);
        }
    }
    ok(&json!({ "processQueryKey": "q", "invalidStaffIdList": unknown, "flowControlledStaffIdList": [] }))
}

fn group_send(state: &Shared, body: &Value) -> Response {
    let group = field(body, "openConversationId");
    if group.is_empty() {
        return refuse(400, "invalidParameter.openConversationId");
    }
    match robot_message(state, format!("group:{group}"), body) {
        Ok(()) => ok(&json!({ "processQueryKey": "q" })),
        Err(code) => refuse(400, code),
    }
}

fn parameters(body: &Value) -> HashMap<String, String> {
    let map = body["cardData"]["cardParamMap"].as_object().cloned().unwrap_or_default();
    // The SDK's own status is a number in one place; the documents want text.
    let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    map.into_iter().map(|(name, value)| (name, text(value))).collect()
}

fn is_space(space: &str) -> bool {
    ["dtv1.card//IM_GROUP.", "dtv1.card//IM_ROBOT."]
        .iter()
        .any(|prefix| space.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty()))
}

fn has_deliver_model(body: &Value) -> bool {
    match field(body, "openSpaceId").contains("IM_ROBOT") {
        true => body["imRobotOpenDeliverModel"]["spaceType"] == "IM_ROBOT",
        false => body["imGroupOpenDeliverModel"]["robotCode"] == ID,
    }
}

fn new_card(state: &Shared, body: &Value, deliver: bool) -> Response {
    if field(body, "cardTemplateId") != TEMPLATE {
        return refuse(400, "param.templateNotExist");
    }
    if deliver && !(is_space(field(body, "openSpaceId")) && has_deliver_model(body)) {
        return refuse(400, "param.openSpaceId");
    }
    let track = field(body, "outTrackId").to_owned();
    let space = if deliver { field(body, "openSpaceId").to_owned() } else { String::new() };
    let card = Card { space: space.clone(), parameters: parameters(body), ..Card::default() };
    if track.is_empty() || state.cards.lock().unwrap().insert(track.clone(), card).is_some() {
        return refuse(400, "param.outTrackId");
    }
    let delivered =
        json!([{ "spaceType": "x", "spaceId": space, "success": true, "carrierId": "c", "errorMsg": "" }]);
    ok(&json!({ "success": true, "result": { "outTrackId": track, "deliverResults": delivered } }))
}

fn deliver_card(state: &Shared, body: &Value) -> Response {
    let mut cards = state.cards.lock().unwrap();
    let Some(card) = cards.get_mut(field(body, "outTrackId")) else { return refuse(400, "param.outTrackId") };
    if !is_space(field(body, "openSpaceId")) || !has_deliver_model(body) {
        return refuse(400, "param.openSpaceId");
    }
    card.space = field(body, "openSpaceId").to_owned();
    ok(&json!({ "success": true, "result": [{ "success": true }] }))
}

fn update_card(state: &Shared, body: &Value) -> Response {
    let mut cards = state.cards.lock().unwrap();
    let Some(card) = cards.get_mut(field(body, "outTrackId")) else { return refuse(400, "param.outTrackId") };
    card.parameters.extend(parameters(body));
    ok(&json!({ "success": true, "result": true }))
}

fn stream_card(state: &Shared, body: &Value) -> Response {
    let mut cards = state.cards.lock().unwrap();
    let Some(card) = cards.get_mut(field(body, "outTrackId")) else { return refuse(400, "param.outTrackId") };
    if card.is_final {
        return refuse(400, "param.stream.finalized");
    }
    if !state.guids.lock().unwrap().insert(field(body, "guid").to_owned()) {
        return refuse(400, "param.guid");
    }
    let content = field(body, "content");
    if content.chars().count() > 3_000 {
        return refuse(400, "param.stream.content");
    }
    if body["isFull"] != true {
        return refuse(400, "param.stream.isFull");
    }
    card.texts.push(content.to_owned());
    card.parameters.insert(field(body, "key").to_owned(), content.to_owned());
    card.is_final = body["isFinalize"] == true;
    card.is_error = body["isError"] == true;
    ok(&json!({ "success": true, "result": true }))
}
