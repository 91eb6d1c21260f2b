//! `api.weixin.qq.com`, which is not there: it records what it is told, and refuses as the real one does.
//! `wechat_oracle.rs` proves it with a client of others.

mod oauth;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::wechat::{APP, now};
use crate::channel_conformance::{FORM, SOUND};

/// What the interface was told, and how it answers.
#[derive(Default)]
pub(crate) struct Told {
    /// Messages that were sent, with their citizens.
    pub(crate) sent: Vec<(String, Value)>,
    /// Citizens who were shown "is writing".
    pub(crate) typing: Vec<String>,
    /// How often a token was fetched, and by force.
    pub(crate) fetched: (u32, u32),
    /// The token that holds.
    pub(crate) token: String,
    /// When it was made.
    since: Option<Instant>,
    /// The one before it, which holds until its own end, unless it was replaced by force.
    previous: Option<(String, Instant)>,
    /// What is wrong with every call until it is mended.
    pub(crate) trouble: Option<Trouble>,
    /// Codes that the next calls with a token are refused with.
    pub(crate) refuse: VecDeque<i64>,
    /// A code that fetching a token is refused with.
    pub(crate) refuse_token: Option<(i64, &'static str)>,
    /// Whether the account may send by itself.
    pub(crate) verified: bool,
    /// How many messages a citizen may still be sent; unlimited who is not in it.
    pub(crate) quota: HashMap<String, u32>,
    pub(crate) menu: Option<Value>,
    pub(crate) codes: Vec<Value>,
    pub(crate) uploads: BTreeMap<String, (String, String, Vec<u8>)>,
    /// How long a call to send takes before it is answered, after it was taken.
    pub(crate) slow: Duration,
    /// Codes that browsers were sent back with, and for whom.
    pub(crate) web_codes: BTreeMap<String, oauth::Code>,
}

/// What is wrong with the interface for a while.
#[derive(Clone, Copy)]
pub(crate) enum Trouble {
    /// Every call with a token is refused with this code.
    Refuses(i64),
    /// Every call fails with this status.
    Fails(u16),
}

/// How long a token holds, and how long before its end the next is given.
const LIFE: Duration = Duration::from_secs(7_200);
const EARLY: Duration = Duration::from_secs(300);

/// `api.weixin.qq.com`
#[derive(Clone)]
pub(crate) struct FakeApi {
    pub(crate) url: String,
    pub(crate) told: Arc<Mutex<Told>>,
}

type Shared = Arc<Mutex<Told>>;
type Parameters = Query<HashMap<String, String>>;

fn error(code: i64, words: &str) -> Response {
    json_text(&json!({ "errcode": code, "errmsg": format!("{words} rid: 65f1") }))
}

/// The platform says `text/plain` of its JSON as often as not.
fn json_text(value: &Value) -> Response {
    ([("content-type", "text/plain")], value.to_string()).into_response()
}

fn fine() -> Response {
    json_text(&json!({ "errcode": 0, "errmsg": "ok" }))
}

/// What a call is refused with: because of its token, or because a test asked for it.
fn refusal(told: &mut Told, query: &HashMap<String, String>) -> Option<Response> {
    if let Some(Trouble::Fails(status)) = told.trouble {
        return Some(StatusCode::from_u16(status).unwrap().into_response());
    }
    let given = query.get("access_token").map(String::as_str).unwrap_or_default();
    let is_previous =
        told.previous.as_ref().is_some_and(|(token, until)| token == given && Instant::now() < *until);
    if !is_previous && (given != told.token || told.token.is_empty()) {
        return Some(error(40001, "invalid credential, access_token is invalid or not latest"));
    }
    if !is_previous && told.since.is_some_and(|since| since.elapsed() >= LIFE) {
        return Some(error(42001, "access_token expired"));
    }
    if let Some(Trouble::Refuses(code)) = told.trouble {
        return Some(error(code, "refused"));
    }
    match told.refuse.pop_front() {
        Some(0) | None => None,
        Some(code) => Some(error(code, "refused")),
    }
}

fn fresh(told: &mut Told) {
    let token = format!("token-{}", uuid::Uuid::new_v4().simple());
    let old = std::mem::replace(&mut told.token, token);
    told.previous = told.since.replace(Instant::now()).map(|since| (old, since + LIFE));
}

async fn stable_token(State(state): State<Shared>, body: String) -> Response {
    let body: Value = serde_json::from_str(&body).unwrap();
    let mut told = state.lock().unwrap();
    if let Some(Trouble::Fails(status)) = told.trouble {
        return StatusCode::from_u16(status).unwrap().into_response();
    }
    if let Some((code, words)) = told.refuse_token {
        return error(code, words);
    }
    if body["grant_type"] != "client_credential" {
        return error(40002, "invalid grant_type");
    }
    if body["appid"] != APP || body["secret"] != "s3cret" {
        return error(40125, "invalid appsecret");
    }
    told.fetched.0 += 1;
    let force = body["force_refresh"] == true;
    if force {
        told.fetched.1 += 1;
    }
    let age = told.since.map_or(Duration::ZERO, |since| since.elapsed());
    if force || told.token.is_empty() || age >= LIFE - EARLY {
        fresh(&mut told);
    }
    if force {
        told.previous = None;
    }
    let age = told.since.map_or(Duration::ZERO, |since| since.elapsed());
    json_text(&json!({ "access_token": told.token, "expires_in": LIFE.as_secs() - age.as_secs() }))
}

/// The older way to a token, which the library of others knows.
async fn token(State(state): State<Shared>, Query(query): Parameters) -> Response {
    if query.get("appid").is_none_or(|app| app != APP)
        || query.get("secret").is_none_or(|secret| secret != "s3cret")
    {
        return error(40125, "invalid appsecret");
    }
    let mut told = state.lock().unwrap();
    fresh(&mut told);
    json_text(&json!({ "access_token": told.token, "expires_in": 7200 }))
}

/// What is wrong with a message to be sent.
fn fault(body: &Value) -> Option<i64> {
    let kind = body["msgtype"].as_str()?;
    match kind {
        "text" => match body["text"]["content"].as_str() {
            None | Some("") => Some(44004),
            Some(text) if text.len() > 2_048 => Some(45002),
            Some(_) => None,
        },
        "msgmenu" => {
            let list = body["msgmenu"]["list"].as_array();
            let whole = list.is_some_and(|list| {
                !list.is_empty()
                    && list.iter().all(|item| item["id"].is_string() && item["content"].is_string())
            });
            (!whole).then_some(40035)
        }
        "news" => match body["news"]["articles"].as_array().map(Vec::len) {
            Some(1) => None,
            _ => Some(45008),
        },
        "image" | "voice" => (!body[kind]["media_id"].is_string()).then_some(40007),
        _ => Some(40008),
    }
}

async fn send(State(state): State<Shared>, Query(query): Parameters, body: String) -> Response {
    let slow = state.lock().unwrap().slow;
    let answer = {
        let mut told = state.lock().unwrap();
        if let Some(refusal) = refusal(&mut told, &query) {
            return refusal;
        }
        assert!(!body.contains("\\u"), "the platform shows escapes as they are");
        let Ok(body) = serde_json::from_str::<Value>(&body) else { return error(47001, "data format error") };
        let Some(openid) = body["touser"].as_str().map(str::to_owned) else {
            return error(40003, "invalid openid");
        };
        if !told.verified {
            return error(48001, "api unauthorized");
        }
        if let Some(code) = fault(&body) {
            return error(code, "invalid message");
        }
        if let Some(left) = told.quota.get_mut(&openid) {
            if *left == 0 {
                return error(45047, "out of response count limit");
            }
            *left -= 1;
        }
        told.sent.push((openid, body));
        fine()
    };
    // A sleep of no time ends with the next millisecond, which may be far away while the clock is paused.
    if !slow.is_zero() {
        tokio::time::sleep(slow).await;
    }
    answer
}

async fn typing(State(state): State<Shared>, Query(query): Parameters, body: String) -> Response {
    let mut told = state.lock().unwrap();
    if let Some(refusal) = refusal(&mut told, &query) {
        return refusal;
    }
    if !told.verified {
        return error(48001, "api unauthorized");
    }
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["command"], "Typing");
    told.typing.push(body["touser"].as_str().unwrap().to_owned());
    fine()
}

/// The file name and the bytes of the field `media` of a form.
fn form_file(headers: &HeaderMap, body: &[u8]) -> Option<(String, Vec<u8>)> {
    let boundary =
        headers.get("content-type")?.to_str().ok()?.split_once("boundary=")?.1.trim_matches('"').to_owned();
    let find =
        |within: &[u8], wanted: &[u8]| within.windows(wanted.len()).position(|window| window == wanted);
    let begin = find(body, b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&body[..begin]).into_owned();
    let after = &body[begin + 4..];
    let end = find(after, format!("\r\n--{boundary}").as_bytes())?;
    let name = head.split_once("filename=\"")?.1.split('"').next()?.to_owned();
    head.contains("name=\"media\"").then(|| (name, after[..end].to_vec()))
}

async fn upload(
    State(state): State<Shared>,
    Query(query): Parameters,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let found = form_file(&headers, &body);
    let mut told = state.lock().unwrap();
    if let Some(refusal) = refusal(&mut told, &query) {
        return refusal;
    }
    let Some((name, bytes)) = found.filter(|(name, _)| !name.is_empty()) else {
        return error(41005, "media data missing");
    };
    let kind = query.get("type").cloned().unwrap_or_default();
    if !["image", "voice", "video", "thumb"].contains(&kind.as_str()) {
        return error(40004, "invalid media type");
    }
    let id = format!("media-{}", told.uploads.len() + 1);
    told.uploads.insert(id.clone(), (kind.clone(), name, bytes));
    json_text(&json!({ "type": kind, "media_id": id, "created_at": now() }))
}

async fn media(State(state): State<Shared>, Query(query): Parameters, headers: HeaderMap) -> Response {
    let mut told = state.lock().unwrap();
    if let Some(refusal) = refusal(&mut told, &query) {
        return refusal;
    }
    match query.get("media_id").map(String::as_str) {
        Some("film") => {
            let host = headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
            json_text(&json!({ "video_url": format!("http://{host}/film.mp4") }))
        }
        Some("sound") => ([("content-type", "audio/amr")], SOUND).into_response(),
        Some("form") => ([("content-type", "application/pdf")], FORM).into_response(),
        Some("photo") => ([("content-type", "image/png")], crate::files::PNG).into_response(),
        Some("picture") => (
            [("content-type", "image/jpeg"), ("content-disposition", "attachment; filename=\"p1.jpg\"")],
            vec![0xff, 0xd8, 0xff, 0xe0, 7],
        )
            .into_response(),
        _ => error(40007, "invalid media_id"),
    }
}

async fn menu(State(state): State<Shared>, Query(query): Parameters, body: String) -> Response {
    let mut told = state.lock().unwrap();
    if let Some(refusal) = refusal(&mut told, &query) {
        return refusal;
    }
    let menu: Value = serde_json::from_str(&body).unwrap();
    let count = menu["button"].as_array().map_or(0, Vec::len);
    if !(1..=3).contains(&count) {
        return error(40016, "invalid button size");
    }
    told.menu = Some(menu);
    fine()
}

async fn no_menu(State(state): State<Shared>, Query(query): Parameters) -> Response {
    let mut told = state.lock().unwrap();
    if let Some(refusal) = refusal(&mut told, &query) {
        return refusal;
    }
    told.menu = None;
    fine()
}

async fn code(State(state): State<Shared>, Query(query): Parameters, body: String) -> Response {
    let mut told = state.lock().unwrap();
    if let Some(refusal) = refusal(&mut told, &query) {
        return refusal;
    }
    let code: Value = serde_json::from_str(&body).unwrap();
    let scene = &code["action_info"]["scene"];
    if scene["scene_str"].as_str().is_none_or(|scene| scene.is_empty() || scene.chars().count() > 64)
        && !scene["scene_id"].is_u64()
    {
        return error(40051, "invalid scene");
    }
    told.codes.push(code);
    json_text(
        &json!({ "ticket": "gQ/a+b=", "expire_seconds": 60, "url": "http://weixin.qq.com/q/kZgfwMTm72WWPkovabbI" }),
    )
}

async fn picture(Query(query): Parameters) -> Response {
    assert_eq!(query["ticket"], "gQ/a+b=");
    Response::builder().header("content-type", "image/jpg").body(Body::from(vec![0xff, 0xd8])).unwrap()
}

impl FakeApi {
    pub(crate) async fn start(verified: bool) -> Self {
        let told = Arc::new(Mutex::new(Told { verified, ..Told::default() }));
        let router = Router::new()
            .route("/cgi-bin/stable_token", post(stable_token))
            .route("/cgi-bin/token", get(token))
            .route("/cgi-bin/message/custom/send", post(send))
            .route("/cgi-bin/message/custom/typing", post(typing))
            .route("/cgi-bin/media/upload", post(upload))
            .route("/cgi-bin/media/get", get(media))
            .route("/cgi-bin/menu/create", post(menu))
            .route("/cgi-bin/menu/delete", get(no_menu))
            .route("/cgi-bin/qrcode/create", post(code))
            .route("/cgi-bin/showqrcode", get(picture))
            .route("/film.mp4", get(async || ([("content-type", "video/mp4")], "a film")))
            .merge(oauth::router())
            .with_state(Arc::clone(&told));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, told }
    }

    /// Another program has got a token by force: the one that was given out is not good any more.
    pub(crate) fn replace_token(&self) {
        self.with(|told| {
            fresh(told);
            told.previous = None;
        });
    }

    /// What a citizen was sent, as words.
    pub(crate) fn sent_to(&self, openid: &str) -> Vec<String> {
        let told = self.told.lock().unwrap();
        told.sent.iter().filter(|(to, _)| to == openid).map(|(_, body)| said(body)).collect()
    }

    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut Told) -> T) -> T {
        look(&mut self.told.lock().unwrap())
    }
}

/// The words of a message that was sent.
pub(crate) fn said(body: &Value) -> String {
    match body["msgtype"].as_str().unwrap() {
        "text" => body["text"]["content"].as_str().unwrap().to_owned(),
        "msgmenu" => body["msgmenu"]["head_content"].as_str().unwrap().to_owned(),
        "news" => format!("card {}", body["news"]["articles"][0]["url"].as_str().unwrap()),
        other => format!("{other} {}", body[other]["media_id"].as_str().unwrap()),
    }
}
