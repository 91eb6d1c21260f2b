//! A platform of somebody's own, over signed HTTP.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use super::{Platform, Sent, channel_conformance};
use crate::support::Server;
use crate::support::counterpart::{Counterpart, SECRET, signed};

struct Custom {
    platform: Counterpart,
    written: AtomicU32,
}

impl Custom {
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
        let mut message = self.write(citizen, "");
        message.as_object_mut().unwrap().remove("text");
        message["media_url"] = self.platform.url.replace("/replies", "/photo.png").into();
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
        let citizen = format!("c{citizen}");
        let mut pictures = Vec::new();
        for reply in self.platform.taken().iter().filter(|reply| reply["citizen"] == citizen.as_str()) {
            for attachment in reply["attachments"].as_array().unwrap() {
                let query = format!("id={}", attachment["id"].as_str().unwrap());
                let (timestamp, signature) = signed(SECRET, query.as_bytes(), 0);
                let request = server.client.get(server.url(&format!("/channels/tested/files?{query}")));
                let request = request
                    .header("X-Yikouwen-Timestamp", timestamp)
                    .header("X-Yikouwen-Signature", signature);
                let answer = request.send().await.unwrap();
                assert_eq!(answer.status(), 200);
                pictures.push(answer.bytes().await.unwrap().to_vec());
            }
        }
        pictures
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
