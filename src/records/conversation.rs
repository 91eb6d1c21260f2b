//! A conversation as it is stored, and the small records around it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::dialogue::context::{Context, Locale, Offer, Past, Topic, Walk};
use crate::dialogue::{Conversation, Reason, Stage};
use crate::store::StoreError;

/// A rating.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RatingRecord {
    /// One (very dissatisfied) to five (very satisfied).
    pub score: u8,
    /// A few words.
    pub comment: Option<String>,
    /// When it was given.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who is rated.
    pub helper: Option<String>,
}

impl RatingRecord {
    /// Whether it says that the matter was not settled, so that somebody looks after it.
    pub fn is_bad(&self) -> bool {
        const BAD: u8 = 2;
        self.score <= BAD
    }
}

/// A conversation.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ConversationRecord {
    /// Its id.
    pub id: String,
    /// The channel the citizen uses.
    pub channel: String,
    /// The citizen's address there.
    pub address: String,
    /// Whether the citizen reads English; Chinese otherwise.
    #[serde(default)]
    pub english: bool,
    /// Where it stands, and whose it is.
    #[serde(flatten)]
    pub state: StateRecord,
    /// When it began.
    pub opened_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// The place of the last message.
    pub last_seq: u64,
    /// The number of the last inbox item.
    pub last_inbox: u64,
    /// When its clock strikes next.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub due_at: Option<Timestamp>,
    /// What the robot remembers.
    #[serde(default)]
    pub memory: MemoryRecord,
    /// The citizen's last words, shortened and masked, for lists.
    #[serde(default)]
    pub preview: String,
    /// The citizen's rating.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rating: Option<RatingRecord>,
}

/// The stage machine's part of a conversation.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct StateRecord {
    stage: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    owner: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    previous_owner: Option<String>,
    owner_epoch: u64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    queued_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    closed_at: Option<Timestamp>,
    since: Timestamp,
}

impl From<&Conversation> for StateRecord {
    fn from(state: &Conversation) -> Self {
        Self {
            stage: state.stage.name().to_owned(),
            owner: state.owner.clone(),
            previous_owner: state.previous_owner.clone(),
            owner_epoch: state.owner_epoch,
            queued_at: state.queued_at,
            reason: state.reason.map(|reason| reason.name().to_owned()),
            closed_at: state.closed_at,
            since: state.since,
        }
    }
}

impl ConversationRecord {
    /// A new conversation with the robot.
    pub fn new(id: String, channel: &str, address: &str, locale: Locale, now: Timestamp) -> Self {
        Self {
            id,
            channel: channel.to_owned(),
            address: address.to_owned(),
            english: locale == Locale::En,
            state: StateRecord::from(&Conversation::new(now)),
            opened_at: now,
            updated_at: now,
            last_seq: 0,
            last_inbox: 0,
            due_at: None,
            memory: MemoryRecord::default(),
            preview: String::new(),
            rating: None,
        }
    }

    /// The language the citizen is spoken to in.
    pub fn locale(&self) -> Locale {
        if self.english { Locale::En } else { Locale::Zh }
    }

    /// The stage machine's view.
    ///
    /// # Errors
    /// A stage or reason that this version does not know: the store was written by a newer one.
    pub fn conversation(&self) -> Result<Conversation, StoreError> {
        let unknown = |what: String| StoreError::Corrupt(format!("conversation record: {what}"));
        let state = &self.state;
        Ok(Conversation {
            stage: state.stage.parse::<Stage>().map_err(|error| unknown(error.to_string()))?,
            owner: state.owner.clone(),
            previous_owner: state.previous_owner.clone(),
            owner_epoch: state.owner_epoch,
            queued_at: state.queued_at,
            reason: state
                .reason
                .as_deref()
                .map(str::parse::<Reason>)
                .transpose()
                .map_err(|error| unknown(error.to_string()))?,
            closed_at: state.closed_at,
            since: state.since,
        })
    }
}

/// What the robot remembers.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MemoryRecord {
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<(String, String)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_question: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending_question: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    offers: Vec<(String, String, Option<String>)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    walk: Option<(String, String, BTreeMap<String, String>)>,
    unanswered: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    /// The last questions, masked, and the titles of what answered them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    past: Vec<(String, Option<String>)>,
}

impl From<Context> for MemoryRecord {
    fn from(context: Context) -> Self {
        Self {
            topic: context.topic.map(|topic| (topic.entry, topic.title)),
            last_question: context.last_question,
            pending_question: context.pending_question,
            offers: context.offers.into_iter().map(|offer| (offer.key, offer.label, offer.entry)).collect(),
            walk: context.walk.map(|walk| (walk.entry, walk.node, walk.facts)),
            unanswered: context.unanswered,
            region: context.region,
            past: context.past.into_iter().map(|past| (past.question, past.title)).collect(),
        }
    }
}

impl From<MemoryRecord> for Context {
    fn from(memory: MemoryRecord) -> Self {
        Self {
            topic: memory.topic.map(|(entry, title)| Topic { entry, title }),
            last_question: memory.last_question,
            pending_question: memory.pending_question,
            offers: memory
                .offers
                .into_iter()
                .map(|(key, label, entry)| Offer { key, label, entry })
                .collect(),
            walk: memory.walk.map(|(entry, node, facts)| Walk { entry, node, facts }),
            unanswered: memory.unanswered,
            region: memory.region,
            past: memory.past.into_iter().map(|(question, title)| Past { question, title }).collect(),
        }
    }
}

/// Which conversation a peer is in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PeerRecord {
    /// The conversation's id.
    pub conversation: String,
}

/// A place in the queue. The key carries rank and time; this is what lists show without reading the conversation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct QueueRecord {
    /// The conversation's id.
    pub conversation: String,
    /// Since when.
    pub queued_at: Timestamp,
    /// Why.
    pub reason: String,
    /// The channel.
    pub channel: String,
    /// The citizen's last words, shortened and masked.
    pub preview: String,
    /// Whether it is a message left behind rather than a citizen who waits.
    pub left_message: bool,
    /// The helper who served before.
    pub previous_owner: Option<String>,
}

/// The conversations a helper owns at the stages that cost attention.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadRecord {
    /// Their ids, oldest first.
    pub conversations: Vec<String>,
}

/// Until when a helper counts as present.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PresenceRecord {
    /// The end.
    pub until: Timestamp,
}

/// A reply that waits to be delivered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OutboxRecord {
    /// How often delivery failed.
    pub attempts: u32,
    /// Not before this moment.
    pub not_before: Option<Timestamp>,
}
