//! What a citizen sees of one answer while it is written.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Server;
use super::visitor::Visitor;

/// One answer, as it came about before the citizen's eyes.
pub(crate) struct Seen {
    /// Everything that was shown as a draft.
    pub(crate) drafts: String,
    /// How often a draft was taken back.
    pub(crate) dropped: usize,
    /// The robot's message.
    pub(crate) message: Value,
    /// How long it took.
    pub(crate) took: Duration,
    /// Who asked.
    pub(crate) visitor: Visitor,
}

/// Asks over the socket of the website as a new visitor, and notes everything that is shown, in order.
pub(crate) async fn seen(server: &Server, words: &str) -> Seen {
    let visitor = Visitor::new(server).await;
    let mut socket = visitor.connect(None, 0).await;
    let begun = Instant::now();
    socket.send(json!({ "t": "say", "id": "a", "text": words })).await;
    let (mut drafts, mut dropped) = (String::new(), 0);
    loop {
        let frame = socket.next().await.unwrap();
        match frame["t"].as_str().unwrap() {
            "delta" => drafts.push_str(frame["text"].as_str().unwrap()),
            "drop" => dropped += 1,
            "message" if frame["message"]["author"] == "robot" => {
                let message = frame["message"].clone();
                return Seen { drafts, dropped, message, took: begun.elapsed(), visitor };
            }
            _ => {}
        }
    }
}
