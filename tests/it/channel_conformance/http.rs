//! A platform of somebody's own, over signed HTTP.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use super::{FORM_NAME, Platform, Sent, channel_conformance};
use crate::support::Server;
use crate::support::counterpart::{Counterpart, SECRET, signed};

struct Custom {
    platform: Counterpart,
    written: AtomicU32,
}

impl Custom {
    /// A file that the platform keeps.
    fn media(&self, citizen: u32, path: &str) -> Value {
        let mut message = self.write(citizen, "");
        message.as_object_mut().unwrap().remove("text");
        message["media_url"] = self.platform.url.replace("/replies", path).into();
        message
    }

    /// What was pushed and got by its id.
    async fn attached(&self, server: &Server, citizen: u32, kind: &str) -> Vec<Vec<u8>> {
        let citizen = format!("c{citizen}");
        let mut files = Vec::new();
        for reply in self.platform.taken().iter().filter(|reply| reply["citizen"] == citizen.as_str()) {
            let all = reply["attachments"].as_array().unwrap().iter();
            for attachment in all.filter(|attachment| attachment["kind"] == kind) {
                let query = format!("id={}", attachment["id"].as_str().unwrap());
                let (timestamp, signature) = signed(SECRET, query.as_bytes(), 0);
                let request = server.client.get(server.url(&format!("/channels/tested/files?{query}")));
                let request = request
                    .header("X-Yikouwen-Timestamp", timestamp)
                    .header("X-Yikouwen-Signature", signature);
                let answer = request.send().await.unwrap();
                assert_eq!(answer.status(), 200);
                files.push(answer.bytes().await.unwrap().to_vec());
            }
        }
        files
    }

    async fn post(&self, server: &Server, message: &Value, secret: &str) -> Sent {
        let body = message.to_string();
        let (timestamp, signature) = signed(secret, body.as_bytes(), 0);
        let request = server.client.post(server.url("/channels/tested/messages")).body(body);
        let request =
            request.header("X-Yikouwen-Timestamp", timestamp).header("X-Yikouwen-Signature", signature);
        match request.send().await.unwrap().status().as_u16() {
            202 => Sent::Taken,
            status => Sent::Refused(status),
        }
    }
}

impl Platform for Custom {
    type Message = Value;

    const HEARS: bool = true;

    async fn start() -> Self {
        Self { platform: Counterpart::start().await, written: AtomicU32::default() }
    }

    fn section(&self) -> String {
        format!(
            "[channels.tested]\ntype = \"http\"\nsecret = \"{SECRET}\"\ndeliver_url = \"{}\"\n",
            self.platform.url
        )
    }

    async fn connect(&self, _: &Server) {}

    fn write(&self, citizen: u32, text: &str) -> Value {
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        json!({ "id": format!("m{number}"), "citizen": format!("c{citizen}"), "text": text, "at": "2026-11-20T08:00:00Z" })
    }

    fn photo(&self, citizen: u32) -> Value {
        self.media(citizen, "/photo.png")
    }

    fn voice(&self, citizen: u32, words: &str) -> Value {
        let mut message = self.media(citizen, "/sound.amr");
        message["text"] = words.into();
        message
    }

    fn form(&self, citizen: u32) -> Value {
        let mut message = self.media(citizen, "/form.pdf");
        message["media_name"] = FORM_NAME.into();
        message
    }

    async fn send(&self, server: &Server, message: &Value) -> Sent {
        self.post(server, message, SECRET).await
    }

    async fn forge(&self, server: &Server, message: &Value) -> Sent {
        self.post(server, message, "a-secret-of-another").await
    }

    fn arrived(&self, citizen: u32) -> Vec<String> {
        let citizen = format!("c{citizen}");
        let taken = self.platform.taken();
        let own = taken.iter().filter(|reply| reply["citizen"] == citizen.as_str());
        let said = |reply: &Value| {
            format!("{}\n{}", reply["name"].as_str().unwrap_or_default(), reply["text"].as_str().unwrap())
        };
        own.map(said).collect()
    }

    async fn pictures(&self, server: &Server, citizen: u32) -> Vec<Vec<u8>> {
        self.attached(server, citizen, "image").await
    }

    async fn files(&self, server: &Server, citizen: u32) -> Vec<Vec<u8>> {
        self.attached(server, citizen, "file").await
    }

    fn limit(&self, text: &str) -> (usize, usize) {
        // The channel has no limit of its own; the desk's is set to this.
        (100_000, text.chars().count())
    }

    fn fail(&self, times: usize) {
        self.platform.answer((0..times).map(|_| (503, Some("1"))));
    }

    fn attempts(&self) -> usize {
        self.platform.attempts()
    }
}

channel_conformance!(Custom);
