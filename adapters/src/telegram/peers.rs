//! What the channel remembers of a citizen's chat, in its notes: what has been sent of the last replies, which draft is on
//! the screen, the language, and where in a group to answer. And which groups have moved.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use teloxide_core::types::ChatId;

use super::wire::Place;
use crate::{ChannelError, Locale, Notes, NotesError, NotesExt};

/// How many replies are remembered. The outbox hands them over in order, so it asks about the last; an older conversation
/// of the same citizen may have one more in hand.
const REPLIES: usize = 8;

/// How often a note is tried again that somebody else has changed.
const TRIES: usize = 16;

/// What has been sent of a reply.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Sent {
    /// The reply.
    pub(super) id: String,
    /// How many steps of it.
    pub(super) steps: usize,
    /// Whether it is complete.
    pub(super) whole: bool,
    /// The last message it became.
    pub(super) message: Option<i32>,
}

/// A draft on the citizen's screen.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Draft {
    /// The id of the reply to come.
    pub(super) turn: String,
    /// The message that shows it.
    pub(super) message: i32,
}

/// What is remembered of a citizen's chat.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Known {
    #[serde(default)]
    pub(super) locale: Locale,
    #[serde(default)]
    pub(super) draft: Option<Draft>,
    #[serde(default)]
    pub(super) replies: VecDeque<Sent>,
    /// In a group: the message to answer.
    #[serde(default)]
    pub(super) last: Option<i32>,
    /// In a forum: its topic.
    #[serde(default)]
    pub(super) thread: Option<i32>,
}

impl Known {
    pub(super) fn sent(&self, reply: &str) -> Option<&Sent> {
        self.replies.iter().find(|sent| sent.id == reply)
    }

    pub(super) fn set_sent(&mut self, sent: Sent) {
        self.replies.retain(|known| known.id != sent.id);
        self.replies.push_back(sent);
        while self.replies.len() > REPLIES {
            self.replies.pop_front();
        }
    }
}

/// The address of a citizen: the chat, and in groups the sender, too, so that each speaks for themselves.
pub(super) fn address(place: &Place, chat: i64) -> String {
    if place.group { format!("{chat}/{}", place.sender) } else { chat.to_string() }
}

/// Whether others read along.
pub(super) fn is_group(address: &str) -> bool {
    address.contains('/')
}

/// The chat of an address.
pub(super) fn chat_of(address: &str) -> Option<i64> {
    let chat = address.split_once('/').map_or(address, |(chat, _)| chat);
    chat.parse().ok().filter(|&chat| super::wire::usable(chat))
}

/// The channel's notes.
#[derive(Clone)]
pub(super) struct Peers(pub(super) Arc<dyn Notes>);

impl Peers {
    /// What is known of this citizen.
    pub(super) async fn known(&self, address: &str) -> Result<Known, NotesError> {
        Ok(self.0.get::<Known>(&["peer", address]).await?.map(|note| note.value).unwrap_or_default())
    }

    /// Changes what is known of this citizen, and returns what it is then. Durable once it returns.
    pub(super) async fn change(
        &self,
        address: &str,
        change: impl Fn(&mut Known) + Send,
    ) -> Result<Known, NotesError> {
        let key = ["peer", address];
        for _ in 0..TRIES {
            let note = self.0.get::<Known>(&key).await?;
            let (mut known, version) = match note {
                Some(note) => (note.value, Some(note.version)),
                None => (Known::default(), None),
            };
            let before = known.clone();
            change(&mut known);
            let is_kept = (version.is_some() && known == before) || self.0.put(&key, version, &known).await?;
            if is_kept {
                return Ok(known);
            }
        }
        Err(NotesError("a note changes faster than it can be written".to_owned()))
    }

    /// The chat by which a group is known here: the one it had when it was first met.
    pub(super) async fn first_chat(&self, chat: i64) -> Result<i64, NotesError> {
        let found = self.0.get::<i64>(&["first", &chat.to_string()]).await?;
        Ok(found.map_or(chat, |note| note.value))
    }

    /// Where a chat is now.
    pub(super) async fn present_chat(&self, chat: i64) -> Result<ChatId, NotesError> {
        let found = self.0.get::<i64>(&["present", &chat.to_string()]).await?;
        Ok(ChatId(found.map_or(chat, |note| note.value)))
    }

    /// Remembers that a group goes on under another id.
    pub(super) async fn moved(&self, from: i64, to: i64) -> Result<(), NotesError> {
        let first = self.first_chat(from).await?;
        self.set(&["present", &first.to_string()], to).await?;
        self.set(&["first", &to.to_string()], first).await
    }

    async fn set(&self, key: &[&str], value: i64) -> Result<(), NotesError> {
        for _ in 0..TRIES {
            let seen = self.0.get::<i64>(key).await?;
            if seen.as_ref().is_some_and(|note| note.value == value) {
                return Ok(());
            }
            if self.0.put(key, seen.map(|note| note.version), &value).await? {
                return Ok(());
            }
        }
        Err(NotesError("a note changes faster than it can be written".to_owned()))
    }
}

/// What the outbox does when the notes cannot be read: it waits.
pub(super) fn unavailable(error: &NotesError) -> ChannelError {
    ChannelError::Unavailable { reason: error.to_string(), retry_after: None }
}
