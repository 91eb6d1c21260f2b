//! A DingTalk of our own: connections and sockets, tokens, session webhooks, messages of robots, cards, files. It is as
//! strict as the documents are, records everything it is sent, and fails on demand. `oracle.rs` proves it by the vendor's
//! own SDK before our channel is run against it.

mod methods;
mod staff;
mod visitor;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::http::Method;
use axum::routing::{any, get, post};
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;

use crate::support::eventually;
use crate::support::tls::Authority;

pub(crate) const ID: &str = "dingrobot";
pub(crate) const SECRET: &str = "secret-of-the-application";
pub(crate) const TEMPLATE: &str = "template.schema";

/// A call that was made.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) at: Instant,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) body: Value,
}

/// A message that people see.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    /// `session:…`, `user:…` or `group:…`.
    pub(crate) to: String,
    /// `text`, `markdown`, `sampleMarkdown` …
    pub(crate) kind: String,
    /// The whole message.
    pub(crate) body: Value,
}

impl Shown {
    pub(crate) fn text(&self) -> &str {
        let place = if self.kind == "markdown" { "/markdown/text" } else { "/text" };
        self.body.pointer(place).and_then(Value::as_str).unwrap_or_default()
    }
}

/// A card as people see it.
#[derive(Clone, Default, Debug)]
pub(crate) struct Card {
    pub(crate) space: String,
    pub(crate) parameters: HashMap<String, String>,
    /// Every text that was streamed onto it.
    pub(crate) texts: Vec<String>,
    pub(crate) is_final: bool,
    pub(crate) is_error: bool,
}

enum Order {
    Send(String),
    /// Nothing is read or written any more, but the line stands.
    FallSilent,
    /// The line breaks.
    Break,
    Close,
}

struct Line {
    orders: UnboundedSender<Order>,
    is_open: Arc<std::sync::atomic::AtomicBool>,
}

#[derive(Default)]
pub(crate) struct Recorded {
    pub(crate) base: Mutex<String>,
    calls: Mutex<Vec<Call>>,
    shown: Mutex<Vec<Shown>>,
    cards: Mutex<HashMap<String, Card>>,
    guids: Mutex<HashSet<String>>,
    tickets: Mutex<HashSet<String>>,
    lines: Mutex<Vec<Line>>,
    acks: Mutex<HashMap<String, (Value, Duration)>>,
    sent: Mutex<HashMap<String, Instant>>,
    /// What is answered next, by path.
    next: Mutex<HashMap<String, VecDeque<(u16, String)>>>,
    /// What is answered until it is mended, by path.
    lasting: Mutex<HashMap<String, (u16, String)>>,
    /// How long answering takes, by path.
    slow: Mutex<HashMap<String, Duration>>,
    pub(crate) sessions_over: std::sync::atomic::AtomicBool,
    token: AtomicUsize,
    /// Since when the token holds; it is asked for again to hold on.
    token_since: Mutex<Option<tokio::time::Instant>>,
    uploads: Mutex<Vec<(String, Bytes)>>,
    /// People who have agreed to be known: the code they went back with, and whether it was used.
    visitors: Mutex<Vec<(String, bool)>>,
    number: AtomicU64,
}

type Shared = Arc<Recorded>;

#[derive(Clone)]
pub(crate) struct Platform(Shared);

impl std::ops::Deref for Platform {
    type Target = Recorded;
    fn deref(&self) -> &Recorded {
        &self.0
    }
}

impl Platform {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        Self::serve(listener, base)
    }

    /// The same with a certificate of this authority.
    pub(super) async fn over_tls(authority: &Authority) -> Self {
        let listener = authority.listener().await;
        let base = format!("https://127.0.0.1:{}", listener.port());
        Self::serve(listener, base)
    }

    fn serve<L: axum::serve::Listener<Addr: std::fmt::Debug>>(listener: L, base: String) -> Self {
        let state = Shared::default();
        *state.base.lock().unwrap() = base;
        let router = Router::new()
            .route("/v1.0/gateway/connections/open", post(methods::open))
            .route("/connect", get(methods::connect))
            .route("/v1.0/oauth2/accessToken", post(methods::token))
            .route("/robot/sendBySession", post(methods::session))
            .route("/media/upload", post(methods::upload))
            .route("/topapi/v2/user/get", post(staff::user))
            .route("/topapi/v2/department/get", post(staff::department))
            .route("/topapi/user/getbyunionid", post(visitor::member))
            .route("/oauth2/auth", get(visitor::page))
            .route("/v1.0/oauth2/userAccessToken", post(visitor::token))
            .route("/v1.0/contact/users/me", get(visitor::me))
            .route("/files/{code}", get(methods::file))
            .route("/v1.0/{*rest}", any(methods::method))
            .with_state(Arc::clone(&state));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self(state)
    }

    pub(crate) fn base(&self) -> String {
        self.base.lock().unwrap().clone()
    }

    /// The calls of a path, oldest first.
    pub(crate) fn calls(&self, path: &str) -> Vec<Call> {
        self.calls.lock().unwrap().iter().filter(|call| call.path == path).cloned().collect()
    }

    /// All calls, oldest first.
    pub(crate) fn all_calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    pub(crate) fn shown(&self) -> Vec<Shown> {
        self.shown.lock().unwrap().clone()
    }

    pub(crate) fn cards(&self) -> HashMap<String, Card> {
        self.cards.lock().unwrap().clone()
    }

    pub(crate) fn uploads(&self) -> Vec<(String, Bytes)> {
        self.uploads.lock().unwrap().clone()
    }

    /// Answers this path so, once for each.
    pub(crate) fn answer_next(&self, path: &str, answers: &[(u16, Value)]) {
        let answers = answers.iter().map(|(status, body)| (*status, body.to_string()));
        self.next.lock().unwrap().entry(path.to_owned()).or_default().extend(answers);
    }

    pub(crate) fn answer_as_usual(&self) {
        self.next.lock().unwrap().clear();
    }

    /// From now on this path is answered so.
    pub(crate) fn answer_always(&self, path: &str, answer: Option<(u16, Value)>) {
        let mut lasting = self.lasting.lock().unwrap();
        match answer {
            Some((status, body)) => lasting.insert(path.to_owned(), (status, body.to_string())),
            None => lasting.remove(path),
        };
    }

    pub(crate) fn slow_down(&self, path: &str, by: Duration) {
        self.slow.lock().unwrap().insert(path.to_owned(), by);
    }

    /// The token that was given out is no longer good.
    pub(crate) fn revoke_token(&self) {
        self.token.fetch_add(1, Ordering::SeqCst);
    }

    /// The numbers of the sockets that are open.
    pub(crate) fn open_lines(&self) -> Vec<usize> {
        let lines = self.lines.lock().unwrap();
        (0..lines.len()).filter(|&number| lines[number].is_open.load(Ordering::SeqCst)).collect()
    }

    pub(crate) async fn connected(&self) -> usize {
        eventually("a connection", async || self.open_lines().last().copied()).await
    }

    fn order(&self, line: usize, order: Order) {
        // A line whose other end is gone takes no orders, which some tests want.
        drop(self.lines.lock().unwrap()[line].orders.send(order));
    }

    /// Cuts a socket without a word.
    pub(crate) fn cut(&self, line: usize) {
        self.order(line, Order::Break);
    }

    pub(crate) fn fall_silent(&self, line: usize) {
        self.order(line, Order::FallSilent);
    }

    pub(crate) fn close(&self, line: usize) {
        self.order(line, Order::Close);
    }

    /// Sends a frame on a socket; returns the id by which it is acknowledged.
    pub(crate) fn frame(&self, line: usize, kind: &str, topic: &str, data: &Value) -> String {
        let id = format!("frame-{}", self.number.fetch_add(1, Ordering::SeqCst));
        let frame = json!({
            "specVersion": "1.0", "type": kind,
            "headers": { "appId": "app", "connectionId": "c", "contentType": "application/json", "messageId": id, "time": "1690362102194", "topic": topic },
            "data": data.to_string(),
        });
        self.sent.lock().unwrap().insert(id.clone(), Instant::now());
        self.order(line, Order::Send(frame.to_string()));
        id
    }

    /// Sends a message on the newest open socket.
    pub(crate) async fn say(&self, message: &Value) -> String {
        let line = self.connected().await;
        self.frame(line, "CALLBACK", "/v1.0/im/bot/messages/get", message)
    }

    /// Sends a message and waits until it is acknowledged with 200.
    pub(crate) async fn say_acked(&self, message: &Value) {
        let id = self.say(message).await;
        let (ack, _) = self.ack(&id).await;
        assert_eq!(ack["code"], 200, "{ack}");
        assert_eq!(ack["data"], "{\"response\":null}", "{ack}");
    }

    /// The code of a frame's acknowledgement, if it has come.
    pub(crate) fn acked(&self, id: &str) -> Option<i64> {
        self.acks.lock().unwrap().get(id).and_then(|(ack, _)| ack["code"].as_i64())
    }

    /// The acknowledgement of a frame, and how long it took.
    pub(crate) async fn ack(&self, id: &str) -> (Value, Duration) {
        eventually("an acknowledgement", async || self.acks.lock().unwrap().get(id).cloned()).await
    }

    /// The first message shown that satisfies `wanted`.
    pub(crate) async fn shows(&self, what: &str, wanted: impl Fn(&Shown) -> bool) -> Shown {
        eventually(what, async || self.shown().into_iter().find(|shown| wanted(shown))).await
    }
}

/// A person in DingTalk.
#[derive(Clone)]
pub(crate) struct Person<'a> {
    pub(crate) platform: &'a Platform,
    pub(crate) staff: &'a str,
    pub(crate) group: Option<&'a str>,
}

impl<'a> Person<'a> {
    pub(crate) fn new(platform: &'a Platform, staff: &'a str) -> Self {
        Self { platform, staff, group: None }
    }

    pub(crate) fn in_group(&self, group: &'a str) -> Self {
        Self { group: Some(group), ..self.clone() }
    }

    /// The session that answers to this person come by.
    pub(crate) fn session(&self) -> String {
        format!("session:{}", self.group.unwrap_or(self.staff))
    }

    /// A message, as the platform sends it.
    pub(crate) fn message(&self, id: &str, fields: &Value) -> Value {
        let mut message = json!({
            "conversationId": self.group.map_or_else(|| format!("cid-{}==", self.staff), str::to_owned),
            "conversationType": if self.group.is_some() { "2" } else { "1" },
            "chatbotCorpId": "ding-corp", "chatbotUserId": "$:LWCP_v1:$robot", "robotCode": ID, "msgId": id,
            "senderNick": format!("{}某", self.staff), "senderStaffId": self.staff, "senderCorpId": "ding-corp",
            "senderId": format!("$:LWCP_v1:${}", self.staff), "isAdmin": false, "isInAtList": self.group.is_some(),
            "createAt": 1_613_630_252_678_i64, "sessionWebhookExpiredTime": 4_102_444_800_000_i64,
            "sessionWebhook": format!("{}/robot/sendBySession?session={}", self.platform.base(), self.group.unwrap_or(self.staff)),
        });
        for (name, value) in fields.as_object().unwrap() {
            message[name] = value.clone();
        }
        message
    }

    pub(crate) fn text(&self, id: &str, words: &str) -> Value {
        self.message(id, &json!({ "msgtype": "text", "text": { "content": format!(" {words}") } }))
    }

    pub(crate) async fn says(&self, id: &str, words: &str) {
        self.platform.say_acked(&self.text(id, words)).await;
    }

    /// What this person is shown in the single chat, or the group, by session webhook.
    pub(crate) fn sees(&self) -> Vec<String> {
        let session = self.session();
        let shown = self.platform.shown().into_iter().filter(|shown| shown.to == session);
        shown.map(|shown| shown.text().to_owned()).collect()
    }

    /// Waits until so many messages are shown, and returns them.
    pub(crate) async fn sees_so_many(&self, number: usize) -> Vec<String> {
        eventually(&format!("{number} messages"), async || {
            Some(self.sees()).filter(|seen| seen.len() >= number)
        })
        .await
    }
}
