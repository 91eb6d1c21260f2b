//! The website: visitors who read their thread by a socket.
//!
//! Nothing is pushed to anybody, so "a delivery fails" means here that the visitor's line breaks while a message is on its
//! way: it is lost, and read again from where the visitor has got to.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;
use tokio::task::JoinHandle;

use super::{FORM, FORM_NAME, Platform, SOUND, Sent, channel_conformance};
use crate::files::PNG;
use crate::support::Server;
use crate::support::visitor::Visitor;

/// What a visitor sends.
#[derive(Clone)]
struct Written {
    citizen: u32,
    id: String,
    what: What,
}

#[derive(Clone)]
enum What {
    Words(String),
    /// A file of this name.
    File(&'static str, &'static [u8]),
}

/// What all browsers share.
#[derive(Default)]
struct Lines {
    /// Where the website is.
    root: Mutex<String>,
    /// How many messages get lost with their line.
    lost: AtomicUsize,
    /// How many messages came, the lost ones included.
    came: AtomicUsize,
}

/// One citizen's browser: it reads on whatever happens to the line.
struct Browser {
    visitor: Visitor,
    read: Arc<Mutex<Vec<Value>>>,
    reading: JoinHandle<()>,
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

/// Reads on until the line breaks.
async fn read(visitor: Visitor, lines: &Lines, read: &Mutex<Vec<Value>>, conversation: &mut Option<String>) {
    let after = read.lock().unwrap().last().map_or(0, |message| message["seq"].as_u64().unwrap());
    let Some(mut socket) = visitor.try_connect(conversation.as_deref(), after).await else { return };
    while let Some(frame) = socket.frame().await {
        match frame["t"].as_str().unwrap() {
            "conversation" => *conversation = frame["conversation"].as_str().map(str::to_owned),
            "message" => {
                lines.came.fetch_add(1, Ordering::SeqCst);
                let less = |lost: usize| lost.checked_sub(1);
                if lines.lost.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok() {
                    return;
                }
                read.lock().unwrap().push(frame["message"].clone());
            }
            _ => {}
        }
    }
}

impl Browser {
    async fn open(lines: &Arc<Lines>, server: &Server) -> Self {
        let visitor = Visitor::new(server).await;
        let messages: Arc<Mutex<Vec<Value>>> = Arc::default();
        let (own, kept, lines) = (visitor.moved_to(""), Arc::clone(&messages), Arc::clone(lines));
        let reading = tokio::spawn(async move {
            let mut conversation = None;
            loop {
                let root = lines.root.lock().unwrap().clone();
                read(own.moved_to(&root), &lines, &kept, &mut conversation).await;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        Self { visitor, read: messages, reading }
    }
}

/// The citizens' browsers.
#[derive(Default)]
struct Web {
    lines: Arc<Lines>,
    browsers: tokio::sync::Mutex<HashMap<u32, Arc<Browser>>>,
    read: Mutex<HashMap<u32, Arc<Mutex<Vec<Value>>>>>,
    number: AtomicUsize,
}

impl Web {
    async fn browser(&self, server: &Server, citizen: u32) -> Arc<Browser> {
        let mut browsers = self.browsers.lock().await;
        if let Some(known) = browsers.get(&citizen) {
            return Arc::clone(known);
        }
        let browser = Arc::new(Browser::open(&self.lines, server).await);
        self.read.lock().unwrap().insert(citizen, Arc::clone(&browser.read));
        browsers.insert(citizen, Arc::clone(&browser));
        browser
    }

    fn written(&self, citizen: u32, what: What) -> Written {
        let id = format!("w{}", self.number.fetch_add(1, Ordering::Relaxed));
        Written { citizen, id, what }
    }

    /// What can be read by the links of messages.
    async fn linked(&self, server: &Server, citizen: u32, kind: &str) -> Vec<Vec<u8>> {
        let mut contents = Vec::new();
        for message in self.said(citizen) {
            let all = message["attachments"].as_array().into_iter().flatten();
            for file in all.filter(|file| file["kind"] == kind) {
                let url = server.url(file["url"].as_str().unwrap());
                let answer = server.client.get(url).send().await.unwrap();
                assert_eq!(answer.status(), 200);
                contents.push(answer.bytes().await.unwrap().to_vec());
            }
        }
        contents
    }

    /// What others than the citizen said.
    fn said(&self, citizen: u32) -> Vec<Value> {
        let read = self.read.lock().unwrap().get(&citizen).cloned();
        let read = read.map(|read| read.lock().unwrap().clone()).unwrap_or_default();
        read.into_iter().filter(|message| message["author"] != "citizen").collect()
    }
}

fn outcome(status: StatusCode) -> Sent {
    if status == StatusCode::ACCEPTED { Sent::Taken } else { Sent::Refused(status.as_u16()) }
}

impl Platform for Web {
    type Message = Written;

    const SAYS_WHO_OPENS: bool = true;

    async fn start() -> Self {
        Self::default()
    }

    fn channel(&self) -> &'static str {
        "web"
    }

    /// The website is there by itself.
    fn section(&self) -> String {
        String::new()
    }

    async fn connect(&self, server: &Server) {
        *self.lines.root.lock().unwrap() = server.url("");
    }

    fn write(&self, citizen: u32, text: &str) -> Written {
        self.written(citizen, What::Words(text.to_owned()))
    }

    fn photo(&self, citizen: u32) -> Written {
        self.written(citizen, What::File("证件.png", PNG))
    }

    /// Nobody hears words in it.
    fn voice(&self, citizen: u32, _: &str) -> Written {
        self.written(citizen, What::File("录音.amr", SOUND))
    }

    fn form(&self, citizen: u32) -> Written {
        self.written(citizen, What::File(FORM_NAME, FORM))
    }

    async fn send(&self, server: &Server, written: &Written) -> Sent {
        let browser = self.browser(server, written.citizen).await;
        let visitor = browser.visitor.moved_to(&server.url(""));
        let (status, _) = match &written.what {
            What::Words(text) => visitor.say(&written.id, text).await,
            What::File(name, content) => visitor.upload(&written.id, name, content).await,
        };
        outcome(status)
    }

    /// With a token of one's own making, and from a page of another site.
    async fn forge(&self, server: &Server, written: &Written) -> Sent {
        let browser = self.browser(server, written.citizen).await;
        let What::Words(text) = &written.what else { panic!("only words are forged") };
        let frame = serde_json::json!({ "t": "say", "id": written.id, "text": text });
        let post = async |token: &str, origin: Option<&str>| {
            let mut request = server.client.post(server.url("/channels/web/events")).bearer_auth(token);
            if let Some(origin) = origin {
                request = request.header("origin", origin);
            }
            outcome(request.body(frame.to_string()).send().await.unwrap().status())
        };
        let good = &browser.visitor.token;
        assert_eq!(post(good, Some("https://evil.example")).await, Sent::Refused(403));
        post(&format!("{good}x"), None).await
    }

    fn arrived(&self, citizen: u32) -> Vec<String> {
        let said = self.said(citizen);
        let words = |message: &Value, name: &str| message[name].as_str().unwrap_or_default().to_owned();
        said.iter().map(|message| format!("{}\n{}", words(message, "name"), words(message, "text"))).collect()
    }

    async fn pictures(&self, server: &Server, citizen: u32) -> Vec<Vec<u8>> {
        self.linked(server, citizen, "image").await
    }

    async fn files(&self, server: &Server, citizen: u32) -> Vec<Vec<u8>> {
        self.linked(server, citizen, "file").await
    }

    /// A page has room for whatever the desk may write, which these stories set to this.
    fn limit(&self, text: &str) -> (usize, usize) {
        (100_000, text.chars().count())
    }

    fn fail(&self, times: usize) {
        self.lines.lost.store(times, Ordering::SeqCst);
    }

    fn attempts(&self) -> usize {
        self.lines.came.load(Ordering::SeqCst)
    }
}

channel_conformance!(Web);
