//! A citizen's page and a helper's viewer, as their scripts are: real sockets to a real server.

use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::{DeflateDecoder, DeflateEncoder};
use futures::{SinkExt, StreamExt};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use yikouwen::desk::Role;

use crate::support::helper::Helper;
use crate::support::visitor::Visitor;
use crate::support::{MEMORY, Server, config, eventually};

pub(crate) type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The responder who serves, one who does not, and a supervisor.
pub(crate) const HELPERS: [(&str, Role); 3] =
    [("王老师", Role::Responder), ("李老师", Role::Responder), ("督办", Role::Supervisor)];

/// A conversation in which somebody has asked to share a screen.
pub(crate) struct Scene {
    pub(crate) server: Server,
    pub(crate) helper: Helper,
    pub(crate) visitor: Visitor,
    pub(crate) conversation: String,
    pub(crate) share: String,
    pub(crate) key: String,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        Self::with(MEMORY).await
    }

    pub(crate) async fn with(settings: &str) -> Self {
        let data = tempfile::tempdir().unwrap().keep();
        let server = Server::start(config(&data, settings), &HELPERS).await;
        Self::at(server).await
    }

    pub(crate) async fn at(server: Server) -> Self {
        Self::asked(server, json!({ "purpose": "一起填写经营范围" })).await
    }

    /// One in which this was asked for.
    pub(crate) async fn of(settings: &str, request: Value) -> Self {
        let data = tempfile::tempdir().unwrap().keep();
        let server = Server::start(config(&data, settings), &HELPERS).await;
        Self::asked(server, request).await
    }

    async fn asked(server: Server, request: Value) -> Self {
        let helper = Helper::log_in(&server, HELPERS[0].0).await;
        let visitor = Visitor::new(&server).await;
        let conversation = served(&helper, &visitor).await;
        let path = format!("/conversations/{conversation}/shares");
        let (status, begun) = helper.call(Method::POST, &path, Some(request)).await;
        assert_eq!(status, 201, "{begun}");
        let share = begun["share"]["id"].as_str().unwrap().to_owned();
        let key = begun["link"].as_str().unwrap().split_once("#k=").unwrap().1.to_owned();
        Self { server, helper, visitor, conversation, share, key }
    }

    /// `POST /api/v1/assist/open`.
    pub(crate) async fn open(&self, key: &str, code: Option<&str>) -> (StatusCode, Value) {
        let mut body = json!({ "id": self.share, "key": key });
        if let Some(code) = code {
            body["code"] = code.into();
        }
        let answer =
            self.server.client.post(self.server.url("/api/v1/assist/open")).json(&body).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    /// Opens the link and loads the form's page.
    pub(crate) async fn page(&self) -> Page {
        let (status, opened) = self.open(&self.key, None).await;
        assert_eq!(status, 200, "{opened}");
        assert_eq!(opened["form_url"], "/forms/enterprise");
        Page::load(&self.server, &self.share, opened["token"].as_str().unwrap()).await
    }

    /// A page that may be seen and shows itself.
    pub(crate) async fn shown(&self) -> Page {
        let mut page = self.page().await;
        page.consent("view").await;
        page.snap(&form()).await;
        page
    }

    pub(crate) async fn viewer(&self) -> Viewer {
        Viewer::connect(&self.server, &self.helper, &self.share).await.unwrap()
    }

    /// Why the share ended.
    pub(crate) async fn ended(&self) -> String {
        eventually("the end", async || {
            let shares = self.helper.get(&format!("/conversations/{}/shares", self.conversation)).await;
            let share = shares["shares"]
                .as_array()
                .unwrap()
                .iter()
                .find(|share| share["id"] == self.share)
                .cloned()?;
            share["ended"]["reason"].as_str().map(str::to_owned)
        })
        .await
    }

    pub(crate) async fn audit(&self) -> Vec<String> {
        let rows = self.helper.get(&format!("/shares/{}/audit", self.share)).await;
        let row = |row: &Value| {
            format!(
                "{} {} {}",
                row["who"].as_str().unwrap(),
                row["what"].as_str().unwrap(),
                row["detail"].as_str().unwrap_or("-")
            )
        };
        rows.as_array().unwrap().iter().map(row).collect()
    }

    /// Waits until all of these were written down. A frame reaches the other side before its row reaches the store.
    pub(crate) async fn audited(&self, wanted: &[&str]) {
        eventually(&format!("{wanted:?} in the audit"), async || {
            let rows = self.audit().await;
            wanted.iter().all(|row| rows.iter().any(|known| known == row)).then_some(())
        })
        .await;
    }
}

/// A citizen who is served by this helper.
pub(crate) async fn served(helper: &Helper, visitor: &Visitor) -> String {
    let (status, _) = visitor.say("h", "转人工").await;
    assert_eq!(status, 202);
    let conversation = eventually("a place in the queue", async || {
        let queue = helper.get("/queue").await;
        queue["queue"][0]["conversation"].as_str().map(str::to_owned)
    })
    .await;
    assert_eq!(helper.claim(&conversation).await.0, 200);
    conversation
}

pub(crate) async fn ask(helper: &Helper, conversation: &str) -> (StatusCode, Value) {
    let body = json!({ "purpose": "一起填写经营范围" });
    helper.call(Method::POST, &format!("/conversations/{conversation}/shares"), Some(body)).await
}

#[expect(clippy::needless_pass_by_value, reason = "pages are written as literals")]
fn node(id: u32, tag: &str, attributes: Value, children: Vec<Value>) -> Value {
    json!({ "type": 2, "id": id, "tagName": tag, "attributes": attributes, "childNodes": children })
}

fn words(id: u32, text: &str) -> Value {
    json!({ "type": 3, "id": id, "textContent": text })
}

/// A form as rrweb prints it: 10 may be filled; 20 is a declaration, 21 a password, 22 submits, 23 takes a file.
pub(crate) fn form() -> Value {
    let fields = vec![
        node(5, "label", json!({ "for": "scope" }), vec![words(6, "经营范围")]),
        node(10, "input", json!({ "id": "scope", "type": "text", "name": "scope", "value": "" }), vec![]),
        node(
            7,
            "label",
            json!({}),
            vec![words(8, "本人承诺以上内容属实"), node(20, "input", json!({ "type": "checkbox" }), vec![])],
        ),
        node(21, "input", json!({ "type": "password" }), vec![]),
        node(22, "button", json!({ "type": "submit" }), vec![words(9, "提交")]),
        node(23, "input", json!({ "type": "file" }), vec![]),
    ];
    let document = json!({ "type": 0, "id": 1, "childNodes": [node(2, "html", json!({}), vec![node(3, "body", json!({}), vec![node(4, "form", json!({}), fields)])])] });
    json!([
        { "type": 4, "data": { "href": "https://city.example/forms/enterprise", "width": 390, "height": 844 }, "timestamp": 1 },
        { "type": 2, "data": { "node": document, "initialOffset": { "top": 0, "left": 0 } }, "timestamp": 1 },
    ])
}

/// Somebody typed.
pub(crate) fn typed(node: u32, text: &str) -> Value {
    json!([{ "type": 3, "data": { "source": 5, "id": node, "text": text, "isChecked": false }, "timestamp": 2 }])
}

pub(crate) fn deflate(text: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn inflate(body: &[u8]) -> Value {
    let mut decoder = DeflateDecoder::new(Vec::new());
    decoder.write_all(body).unwrap();
    serde_json::from_slice(&decoder.finish().unwrap()).unwrap()
}

pub(crate) fn bulk(kind: u8, epoch: u32, seq: u32, body: &[u8]) -> Vec<u8> {
    let mut frame = vec![kind];
    frame.extend(epoch.to_be_bytes());
    frame.extend(seq.to_be_bytes());
    frame.extend(body);
    frame
}

/// What comes in on a socket.
#[derive(Clone, Debug)]
pub(crate) enum Got {
    Text(Value),
    Bulk { kind: u8, seq: u32, events: Value },
}

impl Got {
    pub(crate) fn is(&self, kind: &str) -> bool {
        matches!(self, Self::Text(frame) if frame["t"] == kind)
    }

    pub(crate) fn text(self) -> Value {
        match self {
            Self::Text(frame) => frame,
            Self::Bulk { .. } => panic!("no text"),
        }
    }

    pub(crate) fn seq(&self) -> u64 {
        match self {
            Self::Text(frame) => frame["seq"].as_u64().unwrap(),
            Self::Bulk { seq, .. } => u64::from(*seq),
        }
    }
}

async fn frame(stream: &mut Stream) -> Option<Got> {
    loop {
        match stream.next().await? {
            Ok(Message::Text(text)) => return Some(Got::Text(serde_json::from_str(&text).unwrap())),
            Ok(Message::Binary(bytes)) => {
                let number = |from: usize| u32::from_be_bytes(bytes[from..from + 4].try_into().unwrap());
                let events = inflate(&bytes[9..]);
                return Some(Got::Bulk { kind: bytes[0], seq: number(5), events });
            }
            Ok(Message::Close(_)) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}

/// The citizen's page.
pub(crate) struct Page {
    stream: Stream,
    pub(crate) share: String,
    pub(crate) token: String,
    pub(crate) epoch: u32,
    pub(crate) seq: u32,
    /// Everything that was sent, for sending again.
    pub(crate) sent: Vec<Message>,
    pub(crate) welcome: Value,
}

impl Page {
    pub(crate) async fn load(server: &Server, share: &str, token: &str) -> Self {
        Self::hello(server, share, token, 0, None).await.expect("a welcome")
    }

    /// Says hello, as a page that was just loaded (epoch 0) or as one that comes again.
    pub(crate) async fn hello(
        server: &Server,
        share: &str,
        token: &str,
        epoch: u32,
        last: Option<u32>,
    ) -> Result<Self, Value> {
        let url = server.url("/api/v1/assist/citizen").replacen("http", "ws", 1);
        let (mut stream, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        let mut hello = json!({ "v": 1, "t": "hello", "sid": share, "epoch": epoch, "seq": 0, "ack": 0, "ts": 0, "token": token,
            "rec_ver": "2.1.6", "url": "https://city.example/forms/enterprise", "title": "", "viewport": { "w": 390, "h": 844 } });
        if let Some(last) = last {
            hello["last_seq"] = last.into();
        }
        // Over a long line the answer to the server's first ping is there before the hello.
        let ping = stream.next().await.unwrap().unwrap();
        assert!(ping.is_ping(), "{ping:?}");
        stream.flush().await.unwrap();
        stream.send(Message::text(hello.to_string())).await.unwrap();
        let welcome = frame(&mut stream).await.expect("an answer").text();
        if welcome["t"] != "welcome" {
            return Err(welcome);
        }
        assert_eq!(welcome["seq"], 0);
        let epoch = u32::try_from(welcome["epoch"].as_u64().unwrap()).unwrap();
        Ok(Self {
            stream,
            share: share.to_owned(),
            token: token.to_owned(),
            epoch,
            seq: 0,
            sent: Vec::new(),
            welcome,
        })
    }

    /// A text frame with the next number.
    pub(crate) fn text(&mut self, mut body: Value) -> Message {
        self.seq += 1;
        for (name, value) in [
            ("v", json!(1)),
            ("sid", json!(self.share)),
            ("epoch", json!(self.epoch)),
            ("seq", json!(self.seq)),
            ("ack", json!(0)),
            ("ts", json!(0)),
        ] {
            body[name] = value;
        }
        let message = Message::text(body.to_string());
        self.sent.push(message.clone());
        message
    }

    /// A binary frame with the next number.
    pub(crate) fn bulk(&mut self, kind: u8, body: &[u8]) -> Message {
        self.seq += 1;
        let message = Message::binary(bulk(kind, self.epoch, self.seq, body));
        self.sent.push(message.clone());
        message
    }

    pub(crate) async fn put(&mut self, message: Message) {
        self.stream.send(message).await.unwrap();
    }

    pub(crate) async fn say(&mut self, body: Value) {
        let message = self.text(body);
        self.put(message).await;
    }

    pub(crate) async fn consent(&mut self, scope: &str) {
        self.say(json!({ "t": "consent", "scope": scope })).await;
        self.until(|frame| frame["t"] == "perm" && frame[scope] == true).await;
    }

    pub(crate) async fn snap(&mut self, events: &Value) {
        let message = self.bulk(1, &deflate(events.to_string().as_bytes()));
        self.put(message).await;
    }

    pub(crate) async fn inc(&mut self, events: &Value) {
        let message = self.bulk(2, &deflate(events.to_string().as_bytes()));
        self.put(message).await;
    }

    /// Reads on until a frame satisfies `wanted`, and sends again what is asked for.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let found = async {
            loop {
                let frame = frame(&mut self.stream).await.expect("the socket stays open").text();
                if wanted(&frame) {
                    return frame;
                }
                if frame["t"] == "need" {
                    let from = usize::try_from(frame["from"].as_u64().unwrap()).unwrap();
                    for message in self.sent.clone().into_iter().skip(from - 1) {
                        self.stream.send(message).await.unwrap();
                    }
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(10), found).await.expect("a frame within 10 s")
    }

    /// Reads until the end.
    pub(crate) async fn end(&mut self) -> String {
        self.until(|frame| frame["t"] == "end").await["reason"].as_str().unwrap().to_owned()
    }
}

/// A helper's viewer.
pub(crate) struct Viewer {
    stream: Stream,
    share: String,
    seq: u32,
    /// The last number of the server, for noticing gaps.
    last: u64,
}

impl Viewer {
    pub(crate) async fn connect(server: &Server, helper: &Helper, share: &str) -> Result<Self, u16> {
        let url = server.url(&format!("/api/v1/assist/helper?share={share}")).replacen("http", "ws", 1);
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("cookie", helper.cookie().parse().unwrap());
        match tokio_tungstenite::connect_async(request).await {
            Ok((stream, _)) => Ok(Self { stream, share: share.to_owned(), seq: 0, last: 0 }),
            Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) async fn say(&mut self, epoch: u32, mut body: Value) {
        self.seq += 1;
        for (name, value) in [
            ("v", json!(1)),
            ("sid", json!(self.share)),
            ("epoch", json!(epoch)),
            ("seq", json!(self.seq)),
            ("ack", json!(0)),
            ("ts", json!(0)),
        ] {
            body[name] = value;
        }
        self.stream.send(Message::text(body.to_string())).await.unwrap();
    }

    /// The next frame; none may lack.
    pub(crate) async fn next(&mut self) -> Option<Got> {
        let got = tokio::time::timeout(Duration::from_secs(10), frame(&mut self.stream))
            .await
            .expect("a frame within 10 s")?;
        match got.seq() {
            0 => self.last = 0,
            seq => {
                assert_eq!(seq, self.last + 1, "{got:?}");
                self.last = seq;
            }
        }
        Some(got)
    }

    /// Whether nothing but these kinds of text comes for a while.
    pub(crate) async fn quiet(&mut self, while_: Duration, but: &[&str]) -> Result<(), Got> {
        let end = tokio::time::Instant::now() + while_;
        loop {
            match tokio::time::timeout_at(end, frame(&mut self.stream)).await {
                Err(_) => return Ok(()),
                Ok(None) => return Ok(()),
                Ok(Some(got)) if but.iter().any(|kind| got.is(kind)) => {
                    if got.seq() > 0 {
                        self.last = got.seq();
                    }
                }
                Ok(Some(got)) => return Err(got),
            }
        }
    }

    pub(crate) async fn until(&mut self, wanted: impl Fn(&Got) -> bool) -> Got {
        loop {
            let got = self.next().await.expect("the socket stays open");
            if wanted(&got) {
                return got;
            }
        }
    }

    pub(crate) async fn until_text(&mut self, kind: &str) -> Value {
        self.until(|got| got.is(kind)).await.text()
    }

    /// The next events of this kind (1 the whole page, 2 changes).
    pub(crate) async fn until_events(&mut self, wanted: u8) -> Value {
        match self.until(|got| matches!(got, Got::Bulk { kind, .. } if *kind == wanted)).await {
            Got::Bulk { events, .. } => events,
            Got::Text(_) => panic!("no events"),
        }
    }
}
