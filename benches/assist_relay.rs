//! The shared screen's relay: 200 pages that each send 5 KB of events ten times a second to one viewer, beside a bare axum
//! relay in the same run. Printed are the times from a page's send to the viewer's arrival and the relay's CPU time for a
//! thousand frames; nothing is asserted. `cargo bench --bench assist_relay`; ROOMS, SECONDS in the environment.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::ws::{Message as Served, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::routing::get;
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use yikouwen::desk::{Role, accounts};
use yikouwen::{App, Config};

/// Set in the processes that this one starts, to what they are.
const PART: &str = "YIKOUWEN_BENCH_PART";
const PASSWORD: &str = "correct horse battery";
const SETTINGS: &str = "[server]\nlisten = \"127.0.0.1:0\"\n[store]\nurl = \"memory:\"\n[log]\nlevel = \"error\"\n\
    [desk]\ncapacity = 100000\n[limits]\nper_citizen = 0\nper_address = 0\n";

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    match std::env::var(PART).as_deref() {
        Ok("gateway") => runtime.block_on(gateway()),
        Ok("bare") => runtime.block_on(bare()),
        _ => runtime.block_on(measure()),
    }
}

/// The program, with a helper.
async fn gateway() {
    let data = tempfile::tempdir().expect("a directory");
    let file = data.path().join("bench.toml");
    std::fs::write(&file, SETTINGS).expect("written");
    let config = Config::load(&[file], data.path()).expect("a configuration");
    let app = App::open(config).await.expect("opened");
    accounts::add(&*app.store, "helper", Role::Responder, PASSWORD, false, app.ledger.now())
        .await
        .expect("a helper");
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    println!("http://{}", listener.local_addr().expect("an address"));
    app.quietly().serve(listener, std::future::pending()).await.expect("served");
}

type Rooms = Arc<Mutex<HashMap<String, broadcast::Sender<bytes::Bytes>>>>;

/// Nothing but sockets: what a page sends goes to whoever listens.
async fn bare() {
    async fn serve(
        State(rooms): State<Rooms>,
        Path((side, room)): Path<(String, String)>,
        upgrade: WebSocketUpgrade,
    ) -> axum::response::Response {
        let sender =
            rooms.lock().expect("a lock").entry(room).or_insert_with(|| broadcast::channel(64).0).clone();
        upgrade.read_buffer_size(8 * 1024).on_upgrade(async move |mut socket| {
            if side == "page" {
                while let Some(Ok(message)) = socket.recv().await {
                    if let Served::Binary(bytes) = message {
                        drop(sender.send(bytes));
                    }
                }
            } else {
                let mut receiver = sender.subscribe();
                while let Ok(bytes) = receiver.recv().await {
                    if socket.send(Served::Binary(bytes)).await.is_err() {
                        return;
                    }
                }
            }
        })
    }
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    println!("http://{}", listener.local_addr().expect("an address"));
    let router = Router::new().route("/{side}/{room}", get(serve)).with_state(Rooms::default());
    axum::serve(listener, router).await.expect("served");
}

fn start(part: &str) -> (Child, String) {
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .env(PART, part)
        .stdout(Stdio::piped())
        .spawn()
        .expect("started");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let url = lines.next().expect("an address").expect("text");
    std::thread::spawn(move || lines.for_each(drop));
    (child, url)
}

/// The CPU time a process took so far, in seconds.
fn cpu(child: &Child) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap_or_default();
    let rest = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 =
        rest.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    ticks as f64 / 100.0
}

type Socket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

async fn connect(url: &str, cookie: Option<&str>) -> Socket {
    let mut request = url.replacen("http", "ws", 1).into_client_request().expect("a request");
    if let Some(cookie) = cookie {
        request.headers_mut().insert("cookie", cookie.parse().expect("a cookie"));
    }
    tokio_tungstenite::connect_async(request).await.expect("a socket").0
}

fn deflate(events: &Value) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(events.to_string().as_bytes()).expect("memory");
    encoder.finish().expect("memory")
}

/// About 5 KB of events as rrweb prints them: rows that are put into a table. Letters are not alike, so it deflates as pages do.
fn events() -> Value {
    let row = |id: u64| {
        let words: String =
            (0..4).map(|_| char::from_u32(0x4e00 + rand::random_range(0..5_000)).unwrap_or('字')).collect();
        json!({ "parentId": 4, "nextId": null, "node": { "type": 2, "id": id, "tagName": "li", "attributes": { "class": format!("row item-{}", id % 7) },
            "childNodes": [{ "type": 3, "id": id + 1, "textContent": words }] } })
    };
    let adds: Vec<Value> = (0..28).map(|place| row(100 + 2 * place)).collect();
    json!([{ "type": 3, "data": { "source": 0, "texts": [], "attributes": [], "removes": [], "adds": adds }, "timestamp": 2 }])
}

fn snapshot() -> Value {
    let body = json!({ "type": 2, "id": 4, "tagName": "body", "attributes": {}, "childNodes": [] });
    json!([{ "type": 2, "data": { "node": { "type": 0, "id": 1, "childNodes": [body] }, "initialOffset": { "top": 0, "left": 0 } }, "timestamp": 1 }])
}

fn frame(kind: u8, seq: u32, body: &[u8]) -> Message {
    let mut frame = vec![kind, 0, 0, 0, 1];
    frame.extend(seq.to_be_bytes());
    frame.extend(body);
    Message::binary(frame)
}

fn text(share: &str, seq: u32, mut body: Value) -> Message {
    for (name, value) in [
        ("v", json!(1)),
        ("sid", json!(share)),
        ("epoch", json!(u32::from(seq > 0))),
        ("seq", json!(seq)),
        ("ack", json!(0)),
        ("ts", json!(0)),
    ] {
        body[name] = value;
    }
    Message::text(body.to_string())
}

/// A page and a viewer whose share is allowed and shown, and the number of the page's last frame.
async fn shared(client: &reqwest::Client, url: &str, cookie: &str) -> (Socket, Socket, u32) {
    let post = async |path: &str, token: Option<&str>, body: Value| -> Value {
        let mut request = client.post(format!("{url}{path}")).header("cookie", cookie).body(body.to_string());
        request = request.header("content-type", "application/json");
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        request.send().await.expect("an answer").json().await.unwrap_or_default()
    };
    let token =
        post("/channels/web/session", None, json!({})).await["token"].as_str().expect("a token").to_owned();
    post("/channels/web/events", Some(&token), json!({ "t": "say", "id": "1", "text": "转人工" })).await;
    let conversation = loop {
        let queue: Value = client
            .get(format!("{url}/api/v1/desk/queue"))
            .header("cookie", cookie)
            .send()
            .await
            .expect("an answer")
            .json()
            .await
            .expect("JSON");
        if let Some(id) = queue["queue"][0]["conversation"].as_str() {
            break id.to_owned();
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    post(&format!("/api/v1/desk/conversations/{conversation}/claim"), None, json!({})).await;
    let begun = post(
        &format!("/api/v1/desk/conversations/{conversation}/shares"),
        None,
        json!({ "purpose": "填表" }),
    )
    .await;
    let share = begun["share"]["id"].as_str().expect("a share").to_owned();
    let key = begun["link"].as_str().expect("a link").split_once("#k=").expect("a key").1.to_owned();
    let opened = post("/api/v1/assist/open", None, json!({ "id": share, "key": key })).await;
    let mut page = connect(&format!("{url}/api/v1/assist/citizen"), None).await;
    let hello = json!({ "t": "hello", "token": opened["token"], "rec_ver": "2.1.6", "url": "", "title": "", "viewport": { "w": 1, "h": 1 } });
    page.send(text(&share, 0, hello)).await.expect("sent");
    page.send(text(&share, 1, json!({ "t": "consent", "scope": "view" }))).await.expect("sent");
    page.send(frame(1, 2, &deflate(&snapshot()))).await.expect("sent");
    let mut viewer = connect(&format!("{url}/api/v1/assist/helper?share={share}"), Some(cookie)).await;
    while !matches!(viewer.next().await, Some(Ok(Message::Binary(_)))) {}
    (page, viewer, 2)
}

/// Sends at 10 Hz through every pair, and returns the times from send to arrival.
async fn load(pairs: Vec<(Socket, Socket, u32)>, seconds: u64) -> Vec<Duration> {
    let body = deflate(&events());
    println!("  a frame: {} bytes of events, {} deflated", events().to_string().len(), body.len());
    let runs = pairs.into_iter().enumerate().map(|(index, (page, mut viewer, last))| {
        let body = body.clone();
        tokio::spawn(async move {
            let (mut page, mut heard) = page.split();
            // What the gateway says to the page has to be read, or the socket stops.
            let listening = tokio::spawn(async move { while let Some(Ok(_)) = heard.next().await {} });
            tokio::time::sleep(Duration::from_millis(u64::try_from(index).unwrap_or(0) % 100)).await;
            let mut tick = tokio::time::interval(Duration::from_millis(100));
            let mut times = Vec::new();
            for number in 0..u32::try_from(seconds * 10).unwrap_or(u32::MAX) {
                tick.tick().await;
                let sent = Instant::now();
                page.send(frame(2, last + 1 + number, &body)).await.expect("sent");
                loop {
                    match viewer.next().await {
                        Some(Ok(Message::Binary(_))) => break,
                        Some(Ok(_)) => {}
                        other => panic!("the viewer's socket ended: {other:?}"),
                    }
                }
                times.push(sent.elapsed());
            }
            listening.abort();
            times
        })
    });
    let mut times = Vec::new();
    for run in futures::future::join_all(runs).await {
        times.extend(run.expect("a pair"));
    }
    times.sort_unstable();
    times
}

fn report(name: &str, times: &[Duration], cpu: f64) {
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "{name}: {} frames, p50 {:.2} ms, p99 {:.2} ms, CPU {:.3} s for 1,000 frames",
        times.len(),
        at(0.5),
        at(0.99),
        cpu / times.len() as f64 * 1e3
    );
}

async fn measure() {
    let (rooms, seconds) = (number("ROOMS", 200), number("SECONDS", 20));
    let (mut child, url) = start("bare");
    let mut pairs = Vec::new();
    for room in 0..rooms {
        let viewer = connect(&format!("{url}/viewer/{room}"), None).await;
        pairs.push((connect(&format!("{url}/page/{room}"), None).await, viewer, 0));
    }
    let before = cpu(&child);
    let times = load(pairs, seconds).await;
    report("bare axum relay", &times, cpu(&child) - before);
    child.kill().expect("killed");
    child.wait().expect("ended");

    let (mut child, url) = start("gateway");
    let client = reqwest::Client::new();
    let login = client
        .post(format!("{url}/api/v1/desk/login"))
        .json(&json!({ "name": "helper", "password": PASSWORD }));
    let login = login.send().await.expect("a login");
    let cookie = login.headers()["set-cookie"]
        .to_str()
        .expect("text")
        .split(';')
        .next()
        .unwrap_or_default()
        .to_owned();
    let mut pairs = Vec::new();
    for _ in 0..rooms {
        pairs.push(shared(&client, &url, &cookie).await);
    }
    let before = cpu(&child);
    let times = load(pairs, seconds).await;
    report("yikouwen's relay", &times, cpu(&child) - before);
    child.kill().expect("killed");
    child.wait().expect("ended");
}
