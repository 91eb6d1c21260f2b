//! A citizen on the website, by socket or by polling.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::Server;

pub(crate) struct Visitor {
    pub(crate) token: String,
    base: String,
    socket_url: String,
    client: reqwest::Client,
}

impl Visitor {
    pub(crate) async fn new(server: &Server) -> Self {
        Self::with_base(&server.url(""), server.client.clone()).await
    }

    pub(crate) async fn with_base(root: &str, client: reqwest::Client) -> Self {
        let base = format!("{root}/channels/web");
        let answer = client.post(format!("{base}/session")).send().await.unwrap();
        let session: Value = answer.json().await.unwrap();
        let token = session["token"].as_str().unwrap().to_owned();
        let socket_url = format!("{}/socket", base.replacen("http", "ws", 1));
        Self { token, base, socket_url, client }
    }

    /// The same citizen at another address, after a restart.
    pub(crate) fn moved_to(&self, root: &str) -> Self {
        let base = format!("{root}/channels/web");
        let socket_url = format!("{}/socket", base.replacen("http", "ws", 1));
        Self { token: self.token.clone(), base, socket_url, client: self.client.clone() }
    }

    /// Sends one frame over HTTP.
    pub(crate) async fn post(&self, frame: Value) -> (StatusCode, Value) {
        let request = self.client.post(format!("{}/events", self.base)).bearer_auth(&self.token);
        let answer = request.body(frame.to_string()).send().await.unwrap();
        let status = answer.status();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or(Value::Null))
    }

    pub(crate) async fn say(&self, id: &str, text: &str) -> (StatusCode, Value) {
        self.post(json!({ "t": "say", "id": id, "text": text })).await
    }

    /// Hands in a file.
    pub(crate) async fn upload(&self, id: &str, name: &str, content: &[u8]) -> (StatusCode, Value) {
        self.upload_in("zh", id, name, content).await
    }

    pub(crate) async fn upload_in(
        &self,
        language: &str,
        id: &str,
        name: &str,
        content: &[u8],
    ) -> (StatusCode, Value) {
        let form = form(id, name, content);
        let request = self.client.post(format!("{}/files", self.base)).bearer_auth(&self.token);
        let answer = request.header("accept-language", language).multipart(form).send().await.unwrap();
        let status = answer.status();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or(Value::Null))
    }

    /// The frames after a cursor.
    pub(crate) async fn poll(&self, conversation: &str, after: u64, wait: u64) -> Vec<Value> {
        let url = format!("{}/events?conversation={conversation}&after={after}&wait={wait}", self.base);
        let answer = self.client.get(url).bearer_auth(&self.token).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let value: Value = answer.json().await.unwrap();
        value["frames"].as_array().unwrap().clone()
    }

    /// The whole thread of the current conversation.
    pub(crate) async fn thread(&self) -> Vec<Value> {
        messages(&self.poll("", 0, 0).await)
    }

    /// Calls a route of the channel besides those of messages.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let mut request =
            self.client.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.header("origin", "https://page.city.test").body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or(Value::Null))
    }

    /// Says something and waits for what is said to it.
    pub(crate) async fn ask(&self, id: &str, text: &str) -> Value {
        let (status, said) = self.say(id, text).await;
        assert_eq!(status, 202, "{said}");
        super::eventually("a reply", async || {
            let thread = self.thread().await;
            let own = thread.iter().position(|message| message["client_id"] == id)?;
            thread.get(own + 1).cloned()
        })
        .await
    }

    /// Opens a socket and says hello.
    pub(crate) async fn connect(&self, conversation: Option<&str>, after: u64) -> Socket {
        self.try_connect(conversation, after).await.expect("the website is there")
    }

    /// The same, if the website is there.
    pub(crate) async fn try_connect(&self, conversation: Option<&str>, after: u64) -> Option<Socket> {
        let (mut stream, _) = tokio_tungstenite::connect_async(&self.socket_url).await.ok()?;
        let hello = json!({ "t": "hello", "token": self.token, "locale": "zh", "conversation": conversation, "after": after });
        stream.send(Message::text(hello.to_string())).await.ok()?;
        Some(Socket { stream })
    }
}

/// A form with a file.
pub(crate) fn form(id: &str, name: &str, content: &[u8]) -> reqwest::multipart::Form {
    let file = reqwest::multipart::Part::bytes(content.to_vec()).file_name(name.to_owned());
    reqwest::multipart::Form::new().text("id", id.to_owned()).part("file", file)
}

/// The messages among frames.
pub(crate) fn messages(frames: &[Value]) -> Vec<Value> {
    frames.iter().filter(|frame| frame["t"] == "message").map(|frame| frame["message"].clone()).collect()
}

pub(crate) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Socket {
    pub(crate) async fn send(&mut self, frame: Value) {
        self.send_text(&frame.to_string()).await;
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        self.stream.send(Message::text(text.to_owned())).await.unwrap();
    }

    /// Sends text that the server may refuse while it still comes in; the socket is of no use afterwards.
    pub(crate) async fn send_too_much(mut self, text: &str) {
        // The line may break before all of it is written, which is the refusal.
        drop(self.stream.send(Message::text(text.to_owned())).await);
    }

    /// The next frame, which must come soon.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        tokio::time::timeout(Duration::from_secs(10), self.frame()).await.expect("a frame within 10 s")
    }

    /// The next frame, whenever it comes.
    pub(crate) async fn frame(&mut self) -> Option<Value> {
        loop {
            match self.stream.next().await? {
                Ok(Message::Text(text)) => return Some(serde_json::from_str(&text).unwrap()),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// Reads on until a frame satisfies `wanted`.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let frame = self.next().await.expect("the socket stays open");
            if wanted(&frame) {
                return frame;
            }
        }
    }
}
