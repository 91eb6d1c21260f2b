//! A Bot API that is not Telegram's: it checks what it is sent as Telegram does, keeps the chats, hands out updates by poll
//! or by webhook, and fails on demand. `tests/oracles/telegram_client.py` proves it against python-telegram-bot.

mod html;
mod methods;
mod page;
mod params;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::time::Instant;

pub(crate) use methods::{METHODS, TEXT_UNITS};
pub(crate) use page::signed;
pub(crate) use params::Params;

/// The token of the bot; long enough for teloxide to know it as one.
pub(crate) const TOKEN: &str = "123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The bot's name.
pub(crate) const BOT: &str = "anhe_bot";

/// A message of a chat, as the citizen sees it.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) id: i64,
    /// Without marks.
    pub(crate) text: String,
    /// The buttons: what they say, and what they send.
    pub(crate) buttons: Vec<(String, String)>,
    /// The buttons that open a page in Telegram's view: what they say, and its address.
    pub(crate) apps: Vec<(String, String)>,
    pub(crate) answers: Option<i64>,
    /// The name and the content of a file.
    pub(crate) file: Option<(String, Vec<u8>)>,
    /// When it was sent and edited, and what it said then.
    pub(crate) history: Vec<(Instant, String)>,
}

/// A failure on demand.
#[derive(Clone)]
pub(crate) struct Failure {
    /// The methods that fail; empty for all.
    pub(crate) method: &'static str,
    /// The text that fails; any, if none is named.
    pub(crate) text: Option<&'static str>,
    pub(crate) status: u16,
    pub(crate) description: &'static str,
    pub(crate) parameters: Value,
}

impl Failure {
    /// Telegram asks to be left alone for a second.
    pub(crate) fn too_many(method: &'static str) -> Self {
        let description = "Too Many Requests: retry after 1";
        Self { method, text: None, status: 429, description, parameters: json!({ "retry_after": 1 }) }
    }

    /// A refusal without more to it.
    pub(crate) fn of(method: &'static str, status: u16, description: &'static str) -> Self {
        Self { method, text: None, status, description, parameters: Value::Null }
    }
}

/// What was asked.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) at: Instant,
    pub(crate) method: String,
    pub(crate) params: Params,
}

#[derive(Default)]
struct World {
    calls: Vec<Call>,
    chats: BTreeMap<i64, Vec<Shown>>,
    /// Groups that go on under another id.
    moved: BTreeMap<i64, i64>,
    updates: VecDeque<Value>,
    next_update: i64,
    next_message: i64,
    failures: VecDeque<Failure>,
    /// How calls fail until it is mended.
    trouble: Option<Failure>,
    /// The method whose calls are done and not answered yet.
    held: Option<&'static str>,
    webhook: Option<(String, Option<String>)>,
    webhook_error: Option<String>,
    polls: usize,
    files: BTreeMap<String, (String, Vec<u8>)>,
}

/// The Bot API.
#[derive(Clone)]
pub(crate) struct BotApi {
    pub(crate) base: String,
    world: Arc<Mutex<World>>,
    arrived: Arc<Notify>,
}

impl BotApi {
    /// Starts it on a free port.
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let world = World { next_update: 900, next_message: 10, ..World::default() };
        let api = Self { base, world: Arc::new(Mutex::new(world)), arrived: Arc::default() };
        let router = Router::new()
            .route("/{bot}/{method}", any(call))
            .route("/file/{bot}/{*path}", get(file))
            .layer(axum::extract::DefaultBodyLimit::max(64 << 20))
            .with_state(api.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        api
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// What a chat shows.
    pub(crate) fn chat(&self, chat: i64) -> Vec<Shown> {
        self.world().chats.get(&chat).cloned().unwrap_or_default()
    }

    /// The texts of a chat.
    pub(crate) fn texts(&self, chat: i64) -> Vec<String> {
        self.chat(chat).into_iter().map(|shown| shown.text).collect()
    }

    /// The calls of a method.
    pub(crate) fn calls(&self, method: &str) -> Vec<Call> {
        self.world().calls.iter().filter(|call| call.method == method).cloned().collect()
    }

    /// Lets the next calls fail.
    pub(crate) fn fail(&self, failures: impl IntoIterator<Item = Failure>) {
        self.world().failures.extend(failures);
    }

    /// From now on calls fail so.
    pub(crate) fn trouble(&self, failure: Option<Failure>) {
        self.world().trouble = failure;
    }

    /// Lets a call fail after so many of its method have not.
    pub(crate) fn fail_after(&self, calls: usize, failure: Failure) {
        let fine = (0..calls).map(|_| Failure { status: 0, parameters: Value::Null, ..failure });
        self.world().failures.extend(fine);
        self.world().failures.push_back(failure);
    }

    /// From now on calls of this method are done at once and answered only when they are held no more.
    pub(crate) fn hold(&self, method: Option<&'static str>) {
        self.world().held = method;
    }

    /// No failures any more.
    pub(crate) fn mend(&self) {
        self.world().failures.clear();
    }

    /// A group goes on under another id.
    pub(crate) fn migrate(&self, from: i64, to: i64) {
        self.world().moved.insert(from, to);
    }

    /// Keeps a file that a citizen sent.
    pub(crate) fn keep_file(&self, id: &str, path: &str, data: &[u8]) {
        self.world().files.insert(id.to_owned(), (path.to_owned(), data.to_vec()));
    }

    /// What Telegram says of its last call of the webhook.
    pub(crate) fn say_webhook_fails(&self, message: &str) {
        self.world().webhook_error = Some(message.to_owned());
    }

    /// The webhook that is set: its address and its secret.
    pub(crate) fn webhook(&self) -> Option<(String, Option<String>)> {
        self.world().webhook.clone()
    }

    /// An update with the next number.
    pub(crate) fn update(&self, kind: &str, content: impl Into<Value>) -> Value {
        let mut world = self.world();
        world.next_update += 1;
        let mut update = json!({ "update_id": world.next_update });
        update[kind] = content.into();
        update
    }

    /// A message of a citizen in their private chat.
    pub(crate) fn private(&self, citizen: i64, more: Value) -> Value {
        let message = json!({
            "message_id": self.next_message(), "date": 1_795_161_600,
            "chat": { "id": citizen, "type": "private", "first_name": "李" },
            "from": { "id": citizen, "is_bot": false, "first_name": "李", "language_code": "zh-hans" },
        });
        self.update("message", merged(message, more))
    }

    /// A message of a citizen in a group.
    pub(crate) fn in_group(&self, group: i64, citizen: i64, more: Value) -> Value {
        let kind = if group > -1_000_000_000_000 { "group" } else { "supergroup" };
        let message = json!({
            "message_id": self.next_message(), "date": 1_795_161_600,
            "chat": { "id": group, "type": kind, "title": "业主群" },
            "from": { "id": citizen, "is_bot": false, "first_name": "李", "language_code": "zh-hans" },
        });
        self.update("message", merged(message, more))
    }

    /// A citizen presses the button of this label on the newest message that has it.
    pub(crate) fn press(&self, chat: i64, label: &str) -> Value {
        let shown = self.chat(chat);
        let found = shown.iter().rev().find_map(|shown| {
            let data = &shown.buttons.iter().find(|(says, _)| says.contains(label))?.1;
            Some((shown.id, data.clone()))
        });
        let (message, data) = found.unwrap_or_else(|| panic!("no button {label} in {shown:?}"));
        let query = json!({
            "id": self.next_message().to_string(), "chat_instance": "1", "data": data,
            "from": { "id": chat, "is_bot": false, "first_name": "李", "language_code": "zh-hans" },
            "message": {
                "message_id": message, "date": 1_795_161_600, "text": "…",
                "chat": { "id": chat, "type": "private", "first_name": "李" },
            },
        });
        self.update("callback_query", query)
    }

    fn next_message(&self) -> i64 {
        let mut world = self.world();
        world.next_message += 1;
        world.next_message
    }

    /// Hands an update out to whoever polls.
    pub(crate) fn queue(&self, update: Value) {
        self.world().updates.push_back(update);
        self.arrived.notify_waiters();
    }

    /// How many updates were not confirmed yet.
    pub(crate) fn unconfirmed(&self) -> usize {
        self.world().updates.len()
    }

    /// Calls the webhook, once, and returns the status. The address that was set is called on `server` in place of the host
    /// that only the internet knows.
    pub(crate) async fn call_webhook(&self, server: &str, secret: Option<&str>, update: &Value) -> u16 {
        let (url, _) = self.webhook().expect("a webhook is set");
        let path = url.splitn(4, '/').nth(3).unwrap().to_owned();
        let mut request = reqwest::Client::new().post(format!("{server}/{path}")).body(update.to_string());
        if let Some(secret) = secret {
            request = request.header("X-Telegram-Bot-Api-Secret-Token", secret);
        }
        request.send().await.unwrap().status().as_u16()
    }
}

fn merged(mut message: Value, more: Value) -> Value {
    let (Value::Object(fields), Value::Object(more)) = (&mut message, more) else { panic!("objects") };
    fields.extend(more);
    message
}

/// A refusal as Telegram prints it.
struct Refusal(u16, String, Value);

impl Refusal {
    fn bad(description: &str) -> Self {
        Self(400, format!("Bad Request: {description}"), Value::Null)
    }
}

fn print(result: Result<Value, Refusal>) -> Response {
    let (status, body) = match result {
        Ok(value) => (200, json!({ "ok": true, "result": value })),
        Err(Refusal(status, description, parameters)) => {
            let mut body = json!({ "ok": false, "error_code": status, "description": description });
            if !parameters.is_null() {
                body["parameters"] = parameters;
            }
            (status, body)
        }
    };
    let status = StatusCode::from_u16(status).unwrap();
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

async fn call(
    State(api): State<BotApi>,
    Path((bot, method)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if bot != format!("bot{TOKEN}") {
        return print(Err(Refusal(401, "Unauthorized".to_owned(), Value::Null)));
    }
    // Telegram takes names of methods in any case.
    let method = methods::spelt(&method);
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let params = Params::read(kind, &body);
    let failure = {
        let mut world = api.world();
        world.calls.push(Call { at: Instant::now(), method: method.clone(), params: params.clone() });
        let said = params.text("text");
        let failing = world.failures.iter().position(|failure| {
            (failure.method.is_empty() || failure.method == method)
                && failure.text.is_none_or(|text| said.as_deref() == Some(text))
        });
        let lasting = || {
            let lasting = world.trouble.as_ref();
            lasting.filter(|failure| failure.method.is_empty() || failure.method == method).cloned()
        };
        match failing {
            Some(index) => world.failures.remove(index),
            None => lasting(),
        }
    };
    if let Some(failure) = failure.filter(|failure| failure.status != 0) {
        return print(Err(Refusal(failure.status, failure.description.to_owned(), failure.parameters)));
    }
    if method == "getUpdates" {
        return print(api.poll(&params).await);
    }
    let done = methods::run(&mut api.world(), &method, &params);
    while api.world().held == Some(method.as_str()) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    print(done)
}

impl BotApi {
    async fn poll(&self, params: &Params) -> Result<Value, Refusal> {
        {
            let mut world = self.world();
            if world.webhook.is_some() {
                let text = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first";
                return Err(Refusal(409, text.to_owned(), Value::Null));
            }
            if let Some(offset) = params.number("offset") {
                world.updates.retain(|update| update["update_id"].as_i64().unwrap() >= offset);
            }
            // A newer poll ends an older one.
            world.polls += 1;
        }
        let mine = self.world().polls;
        self.arrived.notify_waiters();
        let deadline =
            Instant::now() + Duration::from_secs(params.number("timeout").unwrap_or(0).unsigned_abs());
        loop {
            let arrived = self.arrived.notified();
            {
                let world = self.world();
                if world.polls != mine {
                    let text = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running";
                    return Err(Refusal(409, text.to_owned(), Value::Null));
                }
                let limit = usize::try_from(params.number("limit").unwrap_or(100)).unwrap();
                let found: Vec<Value> = world.updates.iter().take(limit).cloned().collect();
                if !found.is_empty() || Instant::now() >= deadline {
                    return Ok(found.into());
                }
            }
            drop(tokio::time::timeout_at(deadline, arrived).await);
        }
    }
}

async fn file(State(api): State<BotApi>, Path((bot, path)): Path<(String, String)>) -> Response {
    if bot != format!("bot{TOKEN}") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let world = api.world();
    match world.files.values().find(|(known, _)| *known == path) {
        Some((_, data)) => {
            ([(header::CONTENT_TYPE, "application/octet-stream")], data.clone()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
