//! What a person wrote to the robot, by webhook and by socket alike. Facts: 钉钉开放平台 "robot-receive-message".

use jiff::Timestamp;
use serde_json::Value;

use super::{number, text};
use crate::dingtalk::address::{Address, Who};

/// A message. It names people, so it has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// The platform's id.
    pub id: String,
    /// Whom an answer goes to.
    pub address: Address,
    /// The name the sender shows.
    pub nick: Option<String>,
    /// Whether the sender belongs to the robot's company.
    pub is_member: bool,
    /// The sender's company, for members of the robot's.
    pub company: Option<String>,
    /// Whether it is meant for the robot: in a single chat always, in a group when it is @-ed.
    pub is_for_robot: bool,
    /// Where answers can be sent for a while.
    pub webhook: Option<Webhook>,
    /// What was sent.
    pub body: Body,
}

/// An address that answers can be sent to without a token.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Webhook {
    /// The address; whoever knows it can write into the chat.
    pub url: String,
    /// Until when it works.
    pub until: Timestamp,
}

/// What a message holds.
#[derive(Clone, PartialEq, Eq)]
pub enum Body {
    /// Words.
    Text(String),
    /// A recording.
    Voice {
        /// By what it is fetched.
        code: String,
        /// What the platform heard in it.
        heard: Option<String>,
    },
    /// A picture.
    Picture {
        /// By what it is fetched.
        code: String,
    },
    /// A film.
    Video {
        /// By what it is fetched.
        code: String,
        /// Its type, such as `mp4`.
        format: Option<String>,
    },
    /// A file.
    File {
        /// By what it is fetched.
        code: String,
        /// Its name.
        name: Option<String>,
    },
    /// Words and pictures.
    Rich {
        /// The words, joined.
        text: String,
        /// By what the pictures are fetched.
        pictures: Vec<String>,
    },
    /// Something else.
    Unknown(String),
}

/// What arrived.
#[derive(Clone, PartialEq, Eq)]
pub enum Arrived {
    /// A message.
    Message(Box<Message>),
    /// The robot's quota is used up, and the platform sends its complaint (errcode 20001) in place of the words.
    Quota,
    /// Nothing that can be answered; says why, for the log.
    Unreadable(&'static str),
}

/// Reads a message.
pub fn parse(raw: &str) -> Arrived {
    let Ok(value) = serde_json::from_str::<Value>(raw) else { return Arrived::Unreadable("it is no JSON") };
    let complains = value.get("errorMessage").is_some()
        || ["errorCode", "errcode", "code"].iter().any(|name| number(&value, name) == Some(20_001));
    if complains && value.get("text").is_none_or(|content| text(content, "content").is_none()) {
        return Arrived::Quota;
    }
    let Some(id) = text(&value, "msgId") else { return Arrived::Unreadable("it has no msgId") };
    let who = match (text(&value, "senderStaffId"), text(&value, "senderId")) {
        (Some(staff), _) => Who::Staff(staff),
        (None, Some(sender)) => Who::Sender(sender),
        (None, None) => return Arrived::Unreadable("it has neither senderStaffId nor senderId"),
    };
    if text(&value, "senderId").is_some() && text(&value, "senderId") == text(&value, "chatbotUserId") {
        return Arrived::Unreadable("it is the robot's own");
    }
    let is_group = text(&value, "conversationType").as_deref() == Some("2");
    let address = match (is_group, text(&value, "conversationId")) {
        (true, Some(conversation)) => Address::Group { conversation, who },
        (true, None) => return Arrived::Unreadable("it is of a group without conversationId"),
        (false, _) => Address::Single(who),
    };
    let company = text(&value, "chatbotCorpId");
    let is_member =
        address.who().staff().is_some() || (company.is_some() && text(&value, "senderCorpId") == company);
    let webhook = text(&value, "sessionWebhook").and_then(|url| {
        let until = number(&value, "sessionWebhookExpiredTime")?;
        Some(Webhook { url, until: Timestamp::from_millisecond(until).ok()? })
    });
    Arrived::Message(Box::new(Message {
        id,
        address,
        nick: text(&value, "senderNick"),
        is_member,
        company: text(&value, "senderCorpId").filter(|_| is_member),
        is_for_robot: !is_group || text(&value, "isInAtList").as_deref() != Some("false"),
        webhook,
        body: body(&value),
    }))
}

fn body(value: &Value) -> Body {
    let kind = text(value, "msgtype").unwrap_or_default();
    let content = value.get("content").unwrap_or(&Value::Null);
    let words = || {
        let own = value
            .get("text")
            .and_then(|inner| text(inner, "content").or_else(|| inner.as_str().map(str::to_owned)));
        // One sample of the documents has the words directly in `content`.
        own.or_else(|| content.as_str().map(str::to_owned)).unwrap_or_default().trim().to_owned()
    };
    let code = || text(content, "downloadCode").or_else(|| text(content, "pictureDownloadCode"));
    match (kind.as_str(), code()) {
        ("text", _) => Body::Text(words()),
        ("richText", _) => rich(content),
        ("audio", Some(code)) => {
            let heard = text(content, "recognition").map(|heard| heard.trim().to_owned());
            Body::Voice { code, heard: heard.filter(|heard| !heard.is_empty()) }
        }
        ("picture", Some(code)) => Body::Picture { code },
        ("video", Some(code)) => Body::Video { code, format: text(content, "videoType") },
        ("file", Some(code)) => Body::File { code, name: text(content, "fileName") },
        ("", _) if !words().is_empty() => Body::Text(words()),
        _ => Body::Unknown(kind),
    }
}

fn rich(content: &Value) -> Body {
    let mut words = String::new();
    let mut pictures = Vec::new();
    for part in content.get("richText").and_then(Value::as_array).into_iter().flatten() {
        if let Some(piece) = text(part, "text") {
            words.push_str(&piece);
        }
        if let Some(code) = text(part, "downloadCode").or_else(|| text(part, "pictureDownloadCode")) {
            pictures.push(code);
        }
    }
    Body::Rich { text: words.trim().to_owned(), pictures }
}

#[cfg(test)]
mod tests;
