//! The platform's formats: frames of the socket here, robot messages in [`message`], buttons of cards in [`press`].
//!
//! Everything is read leniently: unknown fields are passed over, numbers may come as text and text as numbers, because
//! the platform's own samples differ among themselves.

pub mod message;
pub mod press;

use serde_json::{Value, json};

/// The topic of robot messages.
pub const MESSAGES: &str = "/v1.0/im/bot/messages/get";
/// The topic of buttons on cards.
pub const CARDS: &str = "/v1.0/card/instances/callback";

/// What kind of frame it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// About the connection itself.
    System,
    /// Something happened in the company; this channel does not subscribe to any.
    Event,
    /// A message or a press of a button.
    Callback,
    /// Of a newer protocol.
    Other,
}

/// A frame of the platform.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// What kind it is.
    pub kind: Kind,
    /// What it is about.
    pub topic: String,
    /// By what it is acknowledged.
    pub message_id: String,
    /// Its content: text that is JSON again.
    pub data: String,
}

/// Text of a field, whatever it is written as. Empty text counts as none.
pub(super) fn text(value: &Value, name: &str) -> Option<String> {
    match value.get(name)? {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// A number of a field, also when it is written as text.
pub(super) fn number(value: &Value, name: &str) -> Option<i64> {
    match value.get(name)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Reads a frame. `None`: it is none.
pub fn frame(raw: &str) -> Option<Frame> {
    let value: Value = serde_json::from_str(raw).ok()?;
    let kind = match value.get("type")?.as_str()? {
        "SYSTEM" => Kind::System,
        "EVENT" => Kind::Event,
        "CALLBACK" => Kind::Callback,
        _ => Kind::Other,
    };
    // One sample of the documents writes `header`.
    let headers = value.get("headers").or_else(|| value.get("header"))?;
    let data = match value.get("data") {
        Some(Value::String(data)) => data.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    Some(Frame {
        kind,
        topic: text(headers, "topic").unwrap_or_default(),
        message_id: text(headers, "messageId").unwrap_or_default(),
        data,
    })
}

/// How a frame was taken.
#[derive(Clone, PartialEq, Debug)]
pub enum Ack {
    /// Taken, with this as the response: `null` for messages, what changes on the card for presses.
    Response(Value),
    /// A ping, whose data goes back as it came.
    Echo,
    /// An event, which this channel does not use.
    Event,
    /// Nobody here knows the topic.
    Unknown,
    /// Not taken; the platform may send it again.
    Failed,
}

/// Prints an acknowledgement.
pub fn ack(frame: &Frame, ack: &Ack) -> String {
    let (code, message, data) = match ack {
        Ack::Response(response) => (200, "OK", json!({ "response": response }).to_string()),
        Ack::Echo => (200, "OK", frame.data.clone()),
        Ack::Event => (200, "OK", json!({ "status": "SUCCESS", "message": "" }).to_string()),
        Ack::Unknown => (404, "unknown topic", json!({ "response": null }).to_string()),
        Ack::Failed => (500, "not taken", json!({ "response": null }).to_string()),
    };
    json!({
        "code": code,
        "headers": { "messageId": frame.message_id, "contentType": "application/json" },
        "message": message,
        "data": data,
    })
    .to_string()
}

/// The request that opens a connection.
pub fn open_request(client_id: &str, client_secret: &str, local_ip: &str) -> Value {
    json!({
        "clientId": client_id,
        "clientSecret": client_secret,
        "ua": concat!("yikouwen/", env!("CARGO_PKG_VERSION")),
        "localIp": local_ip,
        "subscriptions": [{ "type": "CALLBACK", "topic": MESSAGES }, { "type": "CALLBACK", "topic": CARDS }],
    })
}

/// The socket's address, from the answer to [`open_request`]. The ticket is good for 90 s and one connection.
pub fn socket_url(answer: &Value) -> Option<reqwest::Url> {
    let mut url = reqwest::Url::parse(&text(answer, "endpoint")?).ok()?;
    if !matches!(url.scheme(), "ws" | "wss") {
        return None;
    }
    url.query_pairs_mut().append_pair("ticket", &text(answer, "ticket")?);
    Some(url)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::fuzz::spoilt;

    const NAMES: &[&str] = &[
        "specVersion",
        "type",
        "headers",
        "header",
        "data",
        "topic",
        "messageId",
        "time",
        "opaque",
        "endpoint",
        "ticket",
        "reason",
    ];

    const TEXTS: &[&str] = &[
        "SYSTEM",
        "EVENT",
        "CALLBACK",
        "ping",
        "disconnect",
        MESSAGES,
        CARDS,
        "wss://w.example/connect?a=b",
        "https://w.example",
        "file:///etc/passwd",
        "{\"opaque\":1}",
    ];

    const PING: &str = r#"{"specVersion":"1.0","type":"SYSTEM","headers":{"contentType":"application/json","messageId":"m1","time":"1690362102194","topic":"ping"},"data":"{\"opaque\":\"0d75\"}"}"#;

    #[test]
    fn a_ping_goes_back_with_its_own_data() {
        let frame = frame(PING).unwrap();
        assert_eq!((frame.kind, frame.topic.as_str()), (Kind::System, "ping"));
        let answer: Value = serde_json::from_str(&ack(&frame, &Ack::Echo)).unwrap();
        assert_eq!((&answer["code"], &answer["headers"]["messageId"]), (&json!(200), &json!("m1")));
        assert_eq!(answer["data"], "{\"opaque\":\"0d75\"}");
    }

    #[test]
    fn the_misspelt_sample_and_data_that_is_no_text_are_read_too() {
        let odd = r#"{"type":"CALLBACK","header":{"messageId":7,"topic":"/v1.0/im/bot/messages/get"},"data":{"a":1}}"#;
        let frame = frame(odd).unwrap();
        assert_eq!((frame.message_id.as_str(), frame.topic.as_str()), ("7", MESSAGES));
        assert_eq!(frame.data, r#"{"a":1}"#);
    }

    #[test]
    fn a_ticket_is_escaped_and_only_sockets_are_followed() {
        let url =
            socket_url(&json!({ "endpoint": "wss://w.example:443/connect", "ticket": "a b+/=&c" })).unwrap();
        let ticket =
            url.query_pairs().find(|(name, _)| name == "ticket").map(|(_, value)| value.into_owned());
        assert_eq!(ticket.as_deref(), Some("a b+/=&c"));
        assert!(url.as_str().starts_with("wss://w.example/connect?ticket=a"), "{url}");
        assert!(socket_url(&json!({ "endpoint": "file:///etc", "ticket": "t" })).is_none());
        assert!(socket_url(&json!({ "endpoint": "wss://w.example" })).is_none());
    }

    proptest! {
        #[test]
        fn anything_is_read_without_a_panic(raw in "\\PC{0,80}") {
            drop(frame(&raw));
        }

        /// JSON that looks like a frame and is none.
        #[test]
        fn what_looks_like_a_frame_is_read_and_can_be_acknowledged(sent in spoilt(serde_json::from_str(PING).unwrap(), NAMES, TEXTS)) {
            let Some(read) = frame(&sent.to_string()) else { return Ok(()) };
            drop((message::parse(&read.data), press::parse(&read.data)));
            for how in [Ack::Response(Value::Null), Ack::Echo, Ack::Event, Ack::Unknown, Ack::Failed] {
                let answer: Value = serde_json::from_str(&ack(&read, &how)).unwrap();
                prop_assert_eq!(&answer["headers"]["messageId"], &read.message_id);
                prop_assert!(answer["code"].is_i64() && answer["data"].is_string());
            }
        }

        /// The platform's answer to being asked for a socket, and answers that are none.
        #[test]
        fn only_addresses_of_sockets_are_followed(answer in spoilt(json!({ "endpoint": "wss://w.example/connect", "ticket": "t" }), NAMES, TEXTS)) {
            if let Some(url) = socket_url(&answer) {
                prop_assert!(matches!(url.scheme(), "ws" | "wss"));
                prop_assert!(url.query_pairs().any(|(name, value)| name == "ticket" && !value.is_empty()));
            }
        }

        #[test]
        fn what_is_acknowledged_names_the_frame_and_is_json(id in "\\PC{0,30}", data in "\\PC{0,60}", topic in "\\PC{0,20}", failed: bool) {
            let sent = json!({ "type": "CALLBACK", "headers": { "messageId": id, "topic": topic }, "data": data }).to_string();
            let read = frame(&sent).unwrap();
            prop_assert_eq!((&read.message_id, &read.data, &read.topic), (&id, &data, &topic));
            let how = if failed { Ack::Failed } else { Ack::Response(Value::Null) };
            let answer: Value = serde_json::from_str(&ack(&read, &how)).unwrap();
            prop_assert_eq!(&answer["headers"]["messageId"], &json!(id));
            prop_assert_eq!(&answer["code"], &json!(if failed { 500 } else { 200 }));
        }
    }
}
