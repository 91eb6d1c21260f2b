//! Who opens a link, where the citizen's platform can say it. A browser leaves for the platform with a state of its own and a
//! ticket in a cookie, and comes back once. When the platform says that it is the citizen's, its ticket opens the link in the
//! place of the code. Whatever goes wrong on the way leaves the code.

use adapters::{ChannelId, Peer};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

use super::shares::{ShareError, Shares};
use crate::records::token::{digest, fresh_short};
use crate::records::{LeftRecord, ShareRecord, ShareState};

/// How many browsers may leave with one link. A stranger who holds it must not be able to send many, and the citizen's own is
/// seldom the second.
const LEAVE: u8 = 3;

/// The characters of the first half of a state, which names the share.
const HALF: usize = 32;

/// What a browser leaves with.
pub struct Departure {
    /// For the platform, which brings it back: letters and digits alone, as WeChat takes nothing else.
    pub state: String,
    /// For the browser's cookie: a secret, and behind it the link's key, which is needed again when the browser is back.
    pub ticket: String,
}

impl Departure {
    /// One for this link; `None`: it is no link of ours.
    pub fn new(share: &str, key: &str) -> Option<Self> {
        let share = Uuid::from_slice(&URL_SAFE_NO_PAD.decode(share).ok()?).ok()?;
        let state = format!("{}{}", share.simple(), Uuid::new_v4().simple());
        Some(Self { state, ticket: format!("{}.{key}", fresh_short()) })
    }
}

/// The share that a state is of, if it is one of ours.
fn share_of(state: &str) -> Option<String> {
    let share = Uuid::try_parse(state.get(..HALF)?).ok()?;
    Some(URL_SAFE_NO_PAD.encode(share.as_bytes()))
}

/// The link's key that stands in a ticket.
pub fn key_of(ticket: &str) -> Option<&str> {
    ticket.split_once('.').map(|(_, key)| key)
}

/// A browser that is back.
pub struct Returned {
    /// The share it left for.
    pub share: String,
    /// To whom the link was sent, if it is the browser that left, and the link still waits.
    pub peer: Option<Peer>,
}

/// With what somebody opens a link, besides its key.
#[derive(Clone, Copy, Default)]
pub struct Opener<'a> {
    /// The digits of the chat.
    pub code: Option<&'a str>,
    /// The ticket of the browser's cookie.
    pub ticket: Option<&'a str>,
    /// Whether the platform has just said that it is the citizen.
    pub is_citizen: bool,
}

impl Opener<'_> {
    /// Whether the platform says that it is the citizen, by now or before.
    pub(super) fn is_known(&self, record: &ShareRecord) -> bool {
        let is_known = |known: &String| self.ticket.is_some_and(|ticket| digest(ticket) == *known);
        self.is_citizen || record.known.as_ref().is_some_and(is_known)
    }
}

impl Shares {
    /// To whom a link was sent that waits to be opened. `None`: whoever opens it needs to prove nothing.
    ///
    /// # Errors
    /// When the link is over, or none.
    pub async fn sent_to(&self, id: &str, key: &str) -> Result<Option<Peer>, ShareError> {
        let record = self.get(id).await?.ok_or(ShareError::Gone)?;
        let waits = record.key == digest(key) && record.state == ShareState::Asked;
        if !waits || self.ended_by_now(&record).await?.is_some() {
            return Err(ShareError::Gone);
        }
        if record.code.is_none() {
            return Ok(None);
        }
        self.citizen_of(&record).await
    }

    async fn citizen_of(&self, record: &ShareRecord) -> Result<Option<Peer>, ShareError> {
        let conversation = self.ledger().conversation(&record.conversation).await?;
        Ok(conversation.map(|found| Peer { channel: ChannelId::new(&found.channel), address: found.address }))
    }

    /// A browser leaves with a link. False: too many have, or one was not known, and the code has to do.
    ///
    /// # Errors
    /// When the share is over, or the store fails.
    pub async fn leave(&self, id: &str, departure: &Departure) -> Result<bool, ShareError> {
        let mut leaves = false;
        let left = LeftRecord { state: digest(&departure.state), ticket: digest(&departure.ticket) };
        self.change(id, "citizen", |record, _| {
            leaves = record.state == ShareState::Asked && record.departures < LEAVE;
            if !leaves {
                return None;
            }
            record.departures += 1;
            record.left = Some(left.clone());
            Some(("left", None))
        })
        .await?;
        Ok(leaves)
    }

    /// A browser is back, with the state that the platform brings and the ticket of its own cookie. The state is used up by
    /// that, whoever brings it. `None`: the state is none that is waited for.
    ///
    /// # Errors
    /// When the share is over, or the store fails.
    pub async fn come_back(&self, state: &str, ticket: Option<&str>) -> Result<Option<Returned>, ShareError> {
        let Some(share) = share_of(state) else { return Ok(None) };
        let (mut awaited, mut own) = (false, false);
        let record = self.change(&share, "citizen", |record, _| {
            let left = record.left.take_if(|left| left.state == digest(state));
            awaited = left.is_some();
            own = left?.ticket == digest(ticket.unwrap_or_default()) && record.state == ShareState::Asked;
            if !own {
                // Somebody let another one's browser finish, or this one keeps no cookies. Nobody is sent there any more.
                record.departures = LEAVE;
            }
            Some(("came_back", (!own).then(|| "other_browser".to_owned())))
        });
        let record = record.await?;
        if !awaited {
            return Ok(None);
        }
        let waits = own && self.ended_by_now(&record).await?.is_none();
        let peer = if waits { self.citizen_of(&record).await? } else { None };
        Ok(Some(Returned { share, peer }))
    }

    /// The platform has said of a browser that is back whether it is the citizen's; `None`: it has not said who it is.
    ///
    /// # Errors
    /// When the share is over, or the store fails.
    pub async fn know(&self, id: &str, ticket: &str, is_citizen: Option<bool>) -> Result<(), ShareError> {
        let known = self.change(id, "citizen", |record, _| {
            if record.state != ShareState::Asked {
                return None;
            }
            if is_citizen == Some(true) {
                record.known = Some(digest(ticket));
                return Some(("known", None));
            }
            let why = if is_citizen.is_some() { "somebody_else" } else { "not_said" };
            Some(("not_known", Some(why.to_owned())))
        });
        known.await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_has_letters_and_digits_and_names_its_share() {
        for _ in 0..50 {
            let share = fresh_short();
            let departure = Departure::new(&share, "the-key").unwrap();
            let state = departure.state;
            assert!(state.len() <= 128 && state.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{state}");
            assert_eq!(share_of(&state).as_deref(), Some(share.as_str()));
            assert_eq!(key_of(&departure.ticket), Some("the-key"));
        }
        for strange in ["", "short", "字字字字字字字字字字字字字字字字", &"z".repeat(64)] {
            assert_eq!(share_of(strange), None, "{strange}");
        }
        assert!(Departure::new("no/share", "k").is_none());
    }
}
