//! What crosses the border between a platform and the gateway.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The name of a configured channel, as in `[channels.NAME]`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChannelId(String);

impl ChannelId {
    /// Wraps a configured name.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ChannelId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Whom a message comes from or goes to: an address that only its channel understands (an openid, a visitor id).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Peer {
    /// The channel the address belongs to.
    pub channel: ChannelId,
    /// The platform's address of the citizen. It is personal data: never logged.
    pub address: String,
}

impl fmt::Debug for Peer {
    /// Leaves the address out, because `Debug` output ends up in logs.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Peer").field("channel", &self.channel).finish_non_exhaustive()
    }
}

/// Where somebody works, as their platform knows it: for the helper who serves them, and for nothing else. It is personal
/// data, so it has no `Debug`.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Enterprise {
    /// The company.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub organisation: Option<String>,
    /// Their part of it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub department: Option<String>,
    /// What they do there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub position: Option<String>,
}

/// The language in which the citizen is spoken to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Locale {
    /// Chinese.
    #[default]
    Zh,
    /// English.
    En,
}

/// What a citizen did.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Content {
    /// Wrote something.
    Text {
        /// The words, as typed.
        text: String,
    },
    /// Pressed one of the choices of a message.
    Choice {
        /// The message that offered the choice.
        message: String,
        /// The choice's key.
        key: String,
    },
    /// Said whether an answer helped.
    Feedback {
        /// The message judged.
        message: String,
        /// True for 有用, false for 没用.
        useful: bool,
    },
    /// Sent a picture, a recording or a file.
    Media {
        /// What it is and where the platform keeps it.
        media: Media,
        /// Words that came with it, or what the platform heard in a recording.
        text: Option<String>,
    },
    /// Sent where they are. The coordinates are GCJ-02, as on Chinese maps and in the knowledge; a channel whose platform
    /// has others converts them, because they lie up to some 700 m apart.
    Place {
        /// Degrees north.
        lat: f64,
        /// Degrees east.
        lng: f64,
        /// What the platform calls the place.
        label: Option<String>,
    },
    /// Opened an entry directly: by a menu, a QR code at a counter, a link.
    Open {
        /// The entry's id.
        entry: String,
    },
    /// Came for the first time, or opened the chat, without a question yet.
    Hello,
    /// Asked for a person by a button.
    Human,
    /// Rated the service after a person closed the conversation.
    Rating {
        /// One (very dissatisfied) to five (very satisfied).
        score: u8,
        /// A few words, if any.
        comment: Option<String>,
    },
    /// Wants to begin anew with the robot.
    Anew,
    /// Wants the answer that is being written to stop.
    Stop,
}

/// What kind of file a message carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MediaKind {
    /// A picture.
    Image,
    /// A recording of a voice.
    Voice,
    /// A film.
    Video,
    /// Anything else.
    File,
}

/// A file that the platform keeps for us, for a while.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Media {
    /// What it is.
    pub kind: MediaKind,
    /// Its name, when the platform knows one.
    #[serde(default)]
    pub name: Option<String>,
    /// By what [`crate::Channel::fetch`] gets it.
    pub reference: String,
    /// Its size in bytes, when the platform says it.
    #[serde(default)]
    pub bytes: Option<u64>,
}

/// How the reference of a file begins that was handed in, see [`crate::Files::hand_in`].
const HANDED_IN: &str = "kept:";

impl Media {
    /// A file that was handed in and has this id.
    pub fn handed_in(kind: MediaKind, name: String, id: &str, bytes: u64) -> Self {
        Self { kind, name: Some(name), reference: format!("{HANDED_IN}{id}"), bytes: Some(bytes) }
    }

    /// The id of a file that was handed in; `None` for one that a platform keeps.
    pub fn handed_in_id(&self) -> Option<&str> {
        self.reference.strip_prefix(HANDED_IN)
    }
}

/// A file that goes with a message of ours. Its content is read by [`crate::Files::file`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Attachment {
    /// By what it is read.
    pub id: String,
    /// What it is.
    pub kind: MediaKind,
    /// Its name.
    pub name: String,
    /// Its media type.
    pub mime: String,
    /// Its size.
    pub bytes: u64,
}

/// One thing a citizen did, verified and parsed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Inbound {
    /// The platform's message id. The same id from the same peer is the same message, however often it comes.
    pub id: String,
    /// Who did it.
    pub peer: Peer,
    /// What was done.
    pub content: Content,
    /// The language the citizen reads.
    pub locale: Locale,
    /// The place asked about, when the channel knows it: a 行政区划 code or name.
    pub region: Option<String>,
    /// For whom, when the channel knows it. Answers are then only from what holds for them.
    #[serde(default)]
    pub audience: Option<Audience>,
    /// When it reached us.
    pub received_at: Timestamp,
}

/// For whom a question is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    /// 群众
    Citizen,
    /// 企业
    Enterprise,
}

/// Who wrote a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Author {
    /// The citizen.
    Citizen,
    /// The program.
    Robot,
    /// A human helper.
    Helper,
    /// The program, about the conversation itself ("a person has joined").
    System,
}

/// A source of an answer, as the citizen sees it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Citation {
    /// The number that stands in the text as `[n]`.
    pub number: usize,
    /// The entry's id.
    pub id: String,
    /// The entry's title.
    pub title: String,
    /// `faq`, `matter`, `policy` or `scenario`.
    pub kind: String,
    /// Where the source can be read in full.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The sentences the answer relies on.
    pub quote: String,
    /// The title of the rule behind the entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The office responsible.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    /// Where the entry leads besides: maps of its windows, its appointments.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub links: Vec<Link>,
}

/// Where an entry leads besides its own page.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Link {
    /// What is there.
    pub kind: LinkKind,
    /// The name of what is there: a window, or the matter an appointment is for.
    pub label: String,
    /// The address.
    pub url: String,
}

/// What is behind a link of an entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkKind {
    /// A window on a map.
    Map,
    /// A page where an appointment is made.
    Appointment,
}

/// A possible answer to a question asked back.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Choice {
    /// What the platform sends back when it is pressed.
    pub key: String,
    /// What the citizen reads.
    pub label: String,
}

/// A number to call, shown as a large button.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Call {
    /// What it is for, such as 报警.
    pub label: String,
    /// The number, such as 110.
    pub number: String,
}

/// One message of a thread, ready to be shown. The citizen's own messages are in it too, so that a page that was
/// loaded again shows the whole conversation.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Outbound {
    /// The place in the conversation, from 1, without gaps.
    pub seq: u64,
    /// The message's own id; delivering the same id twice shows one message.
    pub id: String,
    /// Who wrote it.
    pub author: Author,
    /// The helper's display name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When it was written.
    pub at: Timestamp,
    /// Markdown: paragraphs, lists, bold, links, and marks such as `[1]`.
    pub text: String,
    /// How the turn ended, for the robot's messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// The sources.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub citations: Vec<Citation>,
    /// Files that go with it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub attachments: Vec<Attachment>,
    /// The choices offered.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub choices: Vec<Choice>,
    /// Whether a person should be offered below the message.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub offer_human: bool,
    /// Numbers to call at once.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub call: Vec<Call>,
    /// Whether the citizen is asked to rate the service.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub ask_rating: bool,
    /// The id the citizen's device gave the message, so that it recognises its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// What the citizen said of it: `useful` or `useless`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feedback: Option<String>,
    /// Whether what identifies a person stands in it: the helpers see labels in its place. A page that is shared with one hides it.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub private: bool,
    /// The page of ours whose link stands in the text, where it matters who opens it. A platform that says so of whoever
    /// presses a button shows one. It is for the channel alone, and no part of what is shown.
    #[serde(skip)]
    pub opens: Option<String>,
}

impl Outbound {
    /// A message of words alone.
    pub fn new(
        seq: u64,
        id: impl Into<String>,
        author: Author,
        at: Timestamp,
        text: impl Into<String>,
    ) -> Self {
        Self {
            seq,
            id: id.into(),
            author,
            name: None,
            at,
            text: text.into(),
            outcome: None,
            citations: Vec::new(),
            attachments: Vec::new(),
            choices: Vec::new(),
            offer_human: false,
            call: Vec::new(),
            ask_rating: false,
            client_id: None,
            private: false,
            feedback: None,
            opens: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peers_address_is_never_in_its_debug_output() {
        let peer = Peer { channel: ChannelId::new("web"), address: "openid-secret".to_owned() };
        assert!(!format!("{peer:?}").contains("openid-secret"));
    }
}
