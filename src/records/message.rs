//! A message as it is stored and as the desk's API shows it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::files::FileKind;
use crate::dialogue;

/// Who wrote a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AuthorRecord {
    /// The citizen.
    Citizen,
    /// The robot.
    Robot,
    /// A helper.
    Helper,
    /// The program, about the conversation itself.
    System,
}

/// A source of an answer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CitationRecord {
    /// The number that stands in the text as `[n]`.
    pub number: usize,
    /// The entry's id.
    pub id: String,
    /// The entry's title.
    pub title: String,
    /// The entry's kind.
    pub kind: String,
    /// Where the source can be read in full.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub url: Option<String>,
    /// The sentences relied on.
    pub quote: String,
    /// The rule behind the entry.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub source: Option<String>,
    /// The office responsible.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub department: Option<String>,
    /// Where the entry leads besides.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub links: Vec<LinkRecord>,
}

/// Where an entry leads besides its own page.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LinkRecord {
    /// What is there.
    pub kind: LinkKindRecord,
    /// The name of what is there: a window, or the matter an appointment is for.
    pub label: String,
    /// The address.
    pub url: String,
}

/// What is behind a link of an entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum LinkKindRecord {
    /// A window on a map.
    Map,
    /// A page where an appointment is made.
    Appointment,
}

impl From<dialogue::Link> for LinkRecord {
    fn from(link: dialogue::Link) -> Self {
        let kind = match link.kind {
            dialogue::LinkKind::Map => LinkKindRecord::Map,
            dialogue::LinkKind::Appointment => LinkKindRecord::Appointment,
        };
        Self { kind, label: link.label, url: link.url }
    }
}

/// A choice that was offered.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ChoiceRecord {
    /// What comes back when it is pressed.
    pub key: String,
    /// What the citizen reads.
    pub label: String,
}

/// A number to call.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CallRecord {
    /// What it is for.
    pub label: String,
    /// The number.
    pub number: String,
}

/// Whether a file is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AttachmentState {
    /// It is still being got from its platform.
    Pending,
    /// It can be read.
    Kept,
    /// It could not be got, or is not taken.
    Lost,
}

/// A file that goes with a message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AttachmentRecord {
    /// By what it is read.
    pub id: String,
    /// What it is.
    pub kind: FileKind,
    /// Its name; empty while the platform has told none.
    #[serde(default)]
    pub name: String,
    /// Its media type, once it is known by its content.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub mime: Option<String>,
    /// Its size in bytes, once it is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bytes: Option<u64>,
    /// Whether it is there.
    pub state: AttachmentState,
    /// Why it is lost: `gone`, `too_large`, `forbidden_file` or `unreachable`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub why: Option<String>,
}

/// What was retrieved for an answer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EvidenceRecord {
    /// The entry's id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its kind.
    pub kind: String,
    /// The confidence that it answers, 0 to 1.
    pub confidence: f32,
    /// The title or similar question that matched best.
    pub unit: String,
}

/// A message.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MessageRecord {
    /// The place in the conversation, from 1, without gaps.
    pub seq: u64,
    /// The message's own id.
    pub id: String,
    /// Who wrote it.
    pub author: AuthorRecord,
    /// The helper's name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Markdown.
    pub text: String,
    /// Files that go with it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub attachments: Vec<AttachmentRecord>,
    /// What the platform calls the place that a citizen sent. The coordinates are nowhere.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub place: Option<String>,
    /// How the turn ended.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub outcome: Option<String>,
    /// The sources.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub citations: Vec<CitationRecord>,
    /// The choices offered.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub choices: Vec<ChoiceRecord>,
    /// Whether a person was offered below.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub offer_human: bool,
    /// Numbers to call at once.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub call: Vec<CallRecord>,
    /// Whether the citizen was asked for a rating.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub ask_rating: bool,
    /// The id the citizen's device gave it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub client_id: Option<String>,
    /// What the citizen said of it: `useful` or `useless`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub feedback: Option<String>,
    /// The confidence of the best evidence, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub confidence: Option<f32>,
    /// What the robot saw.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub evidence: Vec<EvidenceRecord>,
    /// The number of the inbox item it replies to.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reply_to: Option<u64>,
    /// The place of the citizen's message it replies to.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub asked: Option<u64>,
    /// The page whose link stands in the text, for channels that show it in a way of their own.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub opens: Option<String>,
    /// Whether something is hidden in it that the reader may reveal. It is known when the message is shown, and not stored.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub hidden: bool,
    /// Whether something stands in it again that was hidden, for the citizen alone. It is known when the message is shown, and
    /// not stored.
    #[serde(skip)]
    pub private: bool,
}

impl MessageRecord {
    /// A message of words alone; its place is given when it is appended.
    pub fn new(id: String, author: AuthorRecord, at: Timestamp, text: impl Into<String>) -> Self {
        Self {
            seq: 0,
            id,
            author,
            name: None,
            at,
            text: text.into(),
            attachments: Vec::new(),
            place: None,
            outcome: None,
            citations: Vec::new(),
            choices: Vec::new(),
            offer_human: false,
            call: Vec::new(),
            ask_rating: false,
            client_id: None,
            feedback: None,
            confidence: None,
            evidence: Vec::new(),
            reply_to: None,
            asked: None,
            opens: None,
            hidden: false,
            private: false,
        }
    }

    /// The robot's reply of one turn.
    pub fn reply(id: String, at: Timestamp, reply: dialogue::Reply, reply_to: u64) -> Self {
        let citations = reply.citations.into_iter().map(|citation| CitationRecord {
            number: citation.number,
            id: citation.id,
            title: citation.title,
            kind: citation.kind,
            url: citation.url,
            quote: citation.quote,
            source: citation.source,
            department: citation.department,
            links: citation.links.into_iter().map(LinkRecord::from).collect(),
        });
        let choices =
            reply.choices.into_iter().map(|choice| ChoiceRecord { key: choice.key, label: choice.label });
        let call = reply.call.into_iter().map(|call| CallRecord { label: call.label, number: call.number });
        let evidence = reply.evidence.into_iter().map(|note| EvidenceRecord {
            id: note.id,
            title: note.title,
            kind: note.kind,
            confidence: note.confidence,
            unit: note.unit,
        });
        Self {
            outcome: reply.outcome.map(|outcome| outcome.name().to_owned()),
            citations: citations.collect(),
            choices: choices.collect(),
            offer_human: reply.offer_human,
            call: call.collect(),
            confidence: reply.confidence,
            evidence: evidence.collect(),
            reply_to: Some(reply_to),
            ..Self::new(id, AuthorRecord::Robot, at, reply.text)
        }
    }
}
