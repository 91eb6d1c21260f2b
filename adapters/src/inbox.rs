//! What a channel may ask of the gateway.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::Stream;
use serde::{Deserialize, Serialize};

use crate::{Inbound, Outbound, Peer};

/// Why a message was not taken. Nothing of it is stored in that case, so the platform may send it again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// There is nothing to read in it.
    #[error("the message is empty")]
    Empty,
    /// It is longer than the configured limit.
    #[error("the message is longer than {limit} characters")]
    TooLong {
        /// The limit, in characters.
        limit: usize,
    },
    /// It refers to a message that this conversation does not have.
    #[error("the message refers to one that is not in this conversation")]
    UnknownMessage,
    /// The conversation that was named does not exist, or is not this peer's.
    #[error("there is no such conversation")]
    UnknownConversation,
    /// What was asked is not possible at the conversation's present stage.
    #[error("that is not possible at this stage of the conversation")]
    NotNow,
    /// Too many messages are waiting: the citizen is asked to wait, and nothing is queued without bound.
    #[error("too many messages are waiting")]
    Busy {
        /// When to try again.
        retry_after: Duration,
    },
    /// This citizen sends faster than the configured rate.
    #[error("messages come faster than the configured rate")]
    RateLimited {
        /// When to try again.
        retry_after: Duration,
    },
    /// The store does not take the message at present.
    #[error("the store is unavailable")]
    Unavailable,
}

impl SubmitError {
    /// The name of the error on the wire; devices turn it into words of their reader's language.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong { .. } => "too_long",
            Self::UnknownMessage => "unknown_message",
            Self::UnknownConversation => "unknown_conversation",
            Self::NotNow => "not_now",
            Self::Busy { .. } => "busy",
            Self::RateLimited { .. } => "rate_limited",
            Self::Unavailable => "unavailable",
        }
    }

    /// When trying again makes sense, if it does.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { retry_after } | Self::RateLimited { retry_after } => Some(*retry_after),
            Self::Unavailable => Some(Duration::from_secs(2)),
            _ => None,
        }
    }
}

/// A message that is durable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Accepted {
    /// The conversation it belongs to.
    pub conversation: String,
    /// Its place in the thread; absent for what is not shown there, such as a thumb.
    pub seq: Option<u64>,
    /// Whether the same id had been accepted before.
    pub repeated: bool,
}

/// The promise of a reply to a message that was accepted.
pub struct Ticket {
    /// What was accepted.
    pub accepted: Accepted,
    reply: Pin<Box<dyn Future<Output = Vec<Outbound>> + Send>>,
}

impl Ticket {
    /// Pairs what was accepted with the future that ends when the turn is durable.
    pub fn new(accepted: Accepted, reply: impl Future<Output = Vec<Outbound>> + Send + 'static) -> Self {
        Self { accepted, reply: Box::pin(reply) }
    }

    /// Waits for the turn's replies, no longer than `patience`. `None` means that the outbox delivers them later.
    pub async fn reply_within(self, patience: Duration) -> Option<Vec<Outbound>> {
        tokio::time::timeout(patience, self.reply).await.ok()
    }
}

/// How far a device has read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Cursor {
    /// The conversation last shown.
    pub conversation: Option<String>,
    /// The highest `seq` shown of it.
    pub after: u64,
}

/// Where a conversation stands, as the citizen may know it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct State {
    /// The stage's name.
    pub stage: String,
    /// The place in the queue, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<usize>,
    /// The estimated wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_seconds: Option<u64>,
    /// The display name of the person who serves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub helper: Option<String>,
    /// Whether any helper is at the desk.
    pub desk_open: bool,
}

/// A peer's current conversation from a cursor on.
#[derive(Clone, PartialEq, Debug)]
pub struct Thread {
    /// Its id; absent before the first message.
    pub conversation: Option<String>,
    /// The highest `seq` there is.
    pub last: u64,
    /// Where it stands.
    pub state: State,
    /// What the cursor has not seen, in order.
    pub messages: Vec<Outbound>,
}

/// Something that happens while a device watches. Only [`Live::Changed`] matters for completeness: it says that the
/// thread should be read again. The rest is seen or missed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum Live {
    /// The thread or the stage has changed.
    Changed,
    /// The robot has begun on a turn.
    Thinking {
        /// The id of the message to come.
        turn: String,
    },
    /// A piece of the answer being written.
    Delta {
        /// The id of the message to come.
        turn: String,
        /// The piece, to be appended.
        text: String,
    },
    /// What was written of this turn will not come.
    Drop {
        /// The id of the message that does not come.
        turn: String,
    },
    /// The helper is writing.
    Typing,
}

/// Live events of one peer.
pub type LiveStream = Pin<Box<dyn Stream<Item = Live> + Send>>;

/// Why a step of a citizen's login did not happen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginRefused {
    /// There is no login here, or not for this peer.
    #[error("there is no login here")]
    Off,
    /// The code is not the one that is waited for.
    #[error("the code is not the one that is waited for")]
    UnknownCode,
    /// This citizen asks more often than the configured rate.
    #[error("logins come faster than the configured rate")]
    RateLimited {
        /// When to try again.
        retry_after: Duration,
    },
    /// The store does not answer at present.
    #[error("the store is unavailable")]
    Unavailable,
}

impl LoginRefused {
    /// The name of the error on the wire.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Off => "login_off",
            Self::UnknownCode => "unknown_code",
            Self::RateLimited { .. } => "rate_limited",
            Self::Unavailable => "unavailable",
        }
    }

    /// When trying again makes sense, if it does.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after } => Some(*retry_after),
            Self::Unavailable => Some(Duration::from_secs(2)),
            Self::Off | Self::UnknownCode => None,
        }
    }
}

/// A login that was begun for a peer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LoginLink {
    /// Its id.
    pub id: String,
    /// The page to open.
    pub url: String,
    /// When it ends.
    pub expires_at: jiff::Timestamp,
}

/// What is known of the citizen behind a peer.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct LoginState {
    /// Whether the peer is joined to a citizen who has logged in.
    pub linked: bool,
    /// The citizen's name, masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How many conversations, on all of the citizen's channels, are still owed something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unresolved: Option<usize>,
}

/// The gateway's side of the border.
#[async_trait]
pub trait Intake: Send + Sync + 'static {
    /// Makes a message durable. The ticket exists only once it is.
    async fn submit(&self, inbound: Inbound) -> Result<Ticket, SubmitError>;

    /// Reads a peer's current conversation.
    async fn thread(&self, peer: &Peer, cursor: &Cursor) -> Result<Thread, SubmitError>;

    /// Watches a peer's conversation. Dropping the stream ends it; when the last one ends, an answer being streamed
    /// to nobody is no longer paid for.
    fn watch(&self, peer: &Peer) -> LiveStream;

    /// Tells the helper that the citizen is writing.
    async fn typing(&self, peer: &Peer);

    /// Begins a login by which a peer is joined to a citizen. `origin` is the page that asks, if one does: the code may be
    /// handed to it and to no other.
    async fn begin_login(&self, _peer: &Peer, _origin: Option<&str>) -> Result<LoginLink, LoginRefused> {
        Err(LoginRefused::Off)
    }

    /// What is known of the citizen behind a peer.
    async fn login_state(&self, _peer: &Peer) -> Result<LoginState, LoginRefused> {
        Err(LoginRefused::Off)
    }

    /// Brings the code of a login back through the channel that is to be joined.
    async fn confirm_login(&self, _peer: &Peer, _code: &str) -> Result<(), LoginRefused> {
        Err(LoginRefused::Off)
    }
}

/// A channel's handle on the gateway.
#[derive(Clone)]
pub struct Inbox(Arc<dyn Intake>);

impl Inbox {
    /// Wraps the gateway.
    pub fn new(intake: Arc<dyn Intake>) -> Self {
        Self(intake)
    }
}

impl std::ops::Deref for Inbox {
    type Target = dyn Intake;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}
