//! A model's server of which every byte is ours to say: what real servers send when they behave, and when they do not.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What it does with a request, one after another; at the end it closes the connection.
#[derive(Clone)]
pub(crate) enum Act {
    /// Writes these bytes.
    Send(Vec<u8>),
    /// Waits.
    Pause(Duration),
    /// Writes these bytes again and again, until nobody listens, with this pause between.
    Repeat(Vec<u8>, Duration),
    /// Says nothing more and keeps the connection.
    Hang,
    /// Breaks the connection as a machine does that is gone.
    Reset,
}

#[derive(Default)]
struct World {
    script: Vec<Act>,
    /// The head and the body of each request.
    asked: Vec<(String, Value)>,
}

/// The server.
#[derive(Clone)]
pub(crate) struct Endpoint {
    pub(crate) url: String,
    world: Arc<Mutex<World>>,
}

impl Endpoint {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let world = Arc::<Mutex<World>>::default();
        let handed = Arc::clone(&world);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&handed)));
            }
        });
        Self { url, world }
    }

    /// A server that does this with every request.
    pub(crate) async fn with(script: Vec<Act>) -> Self {
        let endpoint = Self::start().await;
        endpoint.play(script);
        endpoint
    }

    /// From now on it does this with every request.
    pub(crate) fn play(&self, script: Vec<Act>) {
        self.world.lock().unwrap().script = script;
    }

    pub(crate) fn asked(&self) -> Vec<(String, Value)> {
        self.world.lock().unwrap().asked.clone()
    }
}

async fn serve(mut stream: TcpStream, world: Arc<Mutex<World>>) {
    let Some((head, body)) = request(&mut stream).await else { return };
    let script = {
        let mut world = world.lock().unwrap();
        world.asked.push((head, serde_json::from_slice(&body).unwrap_or_default()));
        world.script.clone()
    };
    for act in script {
        match act {
            Act::Send(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Act::Pause(time) => tokio::time::sleep(time).await,
            Act::Repeat(bytes, pause) => {
                while stream.write_all(&bytes).await.is_ok() {
                    tokio::time::sleep(pause).await;
                }
                return;
            }
            Act::Hang => std::future::pending().await,
            Act::Reset => return stream.set_zero_linger().unwrap(),
        }
    }
    stream.shutdown().await.ok();
}

/// Reads a whole request: its head, and its body.
async fn request(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 16_384];
    loop {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.and_then(|length| length.trim().parse().ok()).unwrap_or(0);
            if bytes.len() >= end + 4 + length {
                return Some((head, bytes[end + 4..end + 4 + length].to_vec()));
            }
        }
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&buffer[..read]),
        }
    }
}

/// The head of an answer; what follows ends with the connection.
pub(crate) fn head(status: u16, headers: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} X\r\nconnection: close\r\n{headers}\r\n").into_bytes()
}

/// An answer with a status and a body.
pub(crate) fn plain(status: u16, headers: &str, body: &str) -> Vec<Act> {
    vec![Act::Send([head(status, headers), body.as_bytes().to_vec()].concat())]
}

pub(crate) fn json_body(status: u16, body: &str) -> Vec<Act> {
    plain(status, "content-type: application/json\r\n", body)
}

/// The head of a stream of events.
pub(crate) fn stream_head() -> Vec<u8> {
    head(200, "content-type: text/event-stream\r\n")
}

/// A stream of these bytes.
pub(crate) fn stream(body: &str) -> Vec<Act> {
    vec![Act::Send([stream_head(), body.as_bytes().to_vec()].concat())]
}

/// A stream of these chunks of data, with the blank lines between them.
pub(crate) fn events(data: &[&str]) -> Vec<Act> {
    stream(&data.iter().map(|data| event(data)).collect::<String>())
}

pub(crate) fn event(data: &str) -> String {
    format!("data: {data}\n\n")
}

/// A chunk with these words.
pub(crate) fn words(words: &str) -> String {
    json!({ "choices": [{ "index": 0, "delta": { "content": words } }] }).to_string()
}

/// A chunk that ends for this reason.
pub(crate) fn finish(reason: &str) -> String {
    json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": reason }] }).to_string()
}
