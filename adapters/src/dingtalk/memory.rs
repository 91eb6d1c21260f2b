//! What the channel remembers of a person's chat: where answers can be sent for a while, and the name the person shows.
//! It is personal data, and is forgotten a day after it has lost its use.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::address::Address;
use super::wire::message::{Message, Webhook};
use crate::{Notes, NotesError, NotesExt};

/// The first part of the keys.
pub(super) const PEERS: &str = "peer";
/// How often writing is tried again when somebody else wrote first.
const TRIES: usize = 8;
/// A later end of the same webhook is not worth a write unless it is so much later.
const WORTH_NOTING: SignedDuration = SignedDuration::from_mins(10);
/// How long a chat is remembered after its last message.
pub(super) const KEEP: SignedDuration = SignedDuration::from_hours(26);

/// What is known of a chat.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Chat {
    /// Where answers can be sent without a token.
    #[serde(default)]
    pub webhook: Option<Webhook>,
    /// The name the person shows, by which a group sees who is answered.
    #[serde(default)]
    pub nick: Option<String>,
    /// The company that a member of it belongs to.
    #[serde(default)]
    pub company: Option<String>,
    /// The last message from the person.
    #[serde(default)]
    pub seen: Option<Timestamp>,
}

impl Chat {
    /// Takes over what a new message says of the chat.
    pub fn heard(&mut self, message: &Message, now: Timestamp) {
        let nick = message.nick.as_deref();
        if let Some(new) = &message.webhook {
            let same = self.webhook.as_ref().is_some_and(|old| {
                old.url == new.url && new.until.duration_since(old.until).abs() < WORTH_NOTING
            });
            if !same {
                self.webhook = Some(new.clone());
            }
        }
        if nick.is_some() && self.nick.as_deref() != nick {
            self.nick = nick.map(str::to_owned);
        }
        if message.company.is_some() {
            self.company.clone_from(&message.company);
        }
        if self.seen.is_none_or(|seen| now.duration_since(seen) > WORTH_NOTING) {
            self.seen = Some(now);
        }
    }
}

/// The memory of chats.
#[derive(Clone)]
pub struct Chats(pub Arc<dyn Notes>);

impl Chats {
    /// What is known of a chat.
    ///
    /// # Errors
    /// When the notes are unavailable.
    pub async fn read(&self, address: &Address) -> Result<Chat, NotesError> {
        let note = self.0.get(&[PEERS, &address.to_string()]).await?;
        Ok(note.map(|note| note.value).unwrap_or_default())
    }

    /// Changes what is known; writes only what is new. Returns it as it is afterwards.
    ///
    /// # Errors
    /// When the notes are unavailable, or too many write at once.
    pub async fn change(&self, address: &Address, change: impl Fn(&mut Chat)) -> Result<Chat, NotesError> {
        let address = address.to_string();
        let key = [PEERS, address.as_str()];
        for _ in 0..TRIES {
            let note = self.0.get::<Chat>(&key).await?;
            let known = note.is_some();
            let (mut chat, seen) =
                note.map_or((Chat::default(), None), |note| (note.value, Some(note.version)));
            let before = chat.clone();
            change(&mut chat);
            if (known && chat == before) || self.0.put(&key, seen, &chat).await? {
                return Ok(chat);
            }
        }
        Err(NotesError("a chat was changed by too many at once".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dingtalk::address::Who;
    use crate::dingtalk::wire::message::Body;
    use crate::testing::MemoryNotes;

    #[tokio::test]
    async fn only_what_is_new_is_written() {
        let notes = Arc::new(MemoryNotes::default());
        let chats = Chats(Arc::<MemoryNotes>::clone(&notes));
        let address = Address::Single(Who::Staff("u".to_owned()));
        let now = Timestamp::from_second(1_000).unwrap();
        let webhook = Webhook { url: "https://w".to_owned(), until: Timestamp::from_second(6_400).unwrap() };
        let hear = async |webhook: &Webhook, now| {
            let message = Message {
                id: "m".to_owned(),
                address: address.clone(),
                nick: Some("杨某".to_owned()),
                is_member: true,
                company: Some("ding1".to_owned()),
                is_for_robot: true,
                webhook: Some(webhook.clone()),
                body: Body::Text("好".to_owned()),
            };
            chats.change(&address, |chat| chat.heard(&message, now)).await.unwrap();
            notes.list(&[], 1).await.unwrap()[0].1.version
        };
        assert_eq!(hear(&webhook, now).await, 1);
        assert_eq!(hear(&webhook, Timestamp::from_second(1_030).unwrap()).await, 1, "nothing new");
        let other = Webhook { url: "https://x".to_owned(), ..webhook };
        assert_eq!(hear(&other, now).await, 2);
        assert!(chats.read(&address).await.unwrap().webhook == Some(other));
    }
}
