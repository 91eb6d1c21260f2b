//! What the desk shows, as its API prints it.

use adapters::{ChannelId, Peer};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::accounts::HelperRecord;
use super::{Desk, DeskError};
use crate::dialogue::Stage;
use crate::records::conversation::RatingRecord;
use crate::records::{CitizenRecord, ConversationRecord, MessageRecord, Reader, Standing, keys};
use crate::store::StoreExt;

/// The most earlier conversations that are listed.
const EARLIER: usize = 20;

/// The longest transcript that is shown at once.
const TRANSCRIPT: usize = 5_000;

/// A place in the queue.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct QueueItem {
    /// The conversation's id.
    pub conversation: String,
    /// The place, from 1.
    pub position: usize,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub queued_at: Timestamp,
    /// For how long.
    pub waiting_seconds: u64,
    /// Why a person is wanted.
    pub reason: String,
    /// The channel.
    pub channel: String,
    /// The citizen's last words, shortened and masked.
    pub preview: String,
    /// 1 for what goes before everything else.
    pub priority: u8,
    /// Whether it is a message left behind.
    pub left_message: bool,
    /// The helper who served before.
    pub previous_helper: Option<String>,
}

/// One of the helper's own conversations.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Summary {
    /// The conversation's id.
    pub conversation: String,
    /// Where it stands.
    pub stage: String,
    /// The channel.
    pub channel: String,
    /// The citizen's last words, shortened and masked.
    pub preview: String,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    pub last_at: Timestamp,
}

/// The queue as one helper sees it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct QueueView {
    /// Who waits, first come first.
    pub queue: Vec<QueueItem>,
    /// What the helper has.
    pub mine: Vec<Summary>,
    /// Whether anybody is at the desk.
    pub desk_open: bool,
    /// How many are.
    pub online: usize,
}

/// A conversation as a helper sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ConversationView {
    /// Its id.
    pub id: String,
    /// Where it stands.
    pub stage: String,
    /// Rises with every change.
    pub version: u64,
    /// The channel.
    pub channel: String,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub opened_at: Timestamp,
    /// Whose it is.
    pub owner: Option<String>,
    /// Why a person was wanted.
    pub reason: Option<String>,
    /// The place in the queue.
    pub position: Option<usize>,
    /// The whole transcript, masked, with what the robot saw.
    pub transcript: Vec<MessageRecord>,
    /// The citizen's rating.
    pub rating: Option<RatingRecord>,
    /// The citizen, when the channel was joined to a login by consent.
    pub citizen: Option<CitizenView>,
    /// What the citizen asked before, the newest first: on all joined channels, else in this one.
    pub earlier: Vec<EarlierView>,
    /// The most that one message holds on the channel; what is longer goes out in several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<LimitView>,
}

/// The most that one message holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct LimitView {
    /// How long its text may be.
    pub text: usize,
    /// In what that is counted: `bytes` of UTF-8, or units of `utf16`.
    pub unit: &'static str,
}

/// A citizen who has logged in.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CitizenView {
    /// The name, masked.
    pub name: Option<String>,
    /// Since when the citizen is known.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
}

/// Another conversation of the same citizen.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EarlierView {
    /// Its id.
    pub id: String,
    /// The channel.
    pub channel: String,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub opened_at: Timestamp,
    /// What was asked, masked.
    pub question: String,
    /// What became of it.
    pub state: Standing,
}

impl Desk {
    /// The queue and the helper's own conversations.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn queue(&self, helper: &HelperRecord) -> Result<QueueView, DeskError> {
        let now = self.ledger.now();
        let queue = self.ledger.queue().await?;
        let online = self.online().await?;
        let items = queue.into_iter().enumerate().map(|(index, place)| QueueItem {
            position: index + 1,
            waiting_seconds: now.duration_since(place.queued_at).as_secs().try_into().unwrap_or(0),
            priority: u8::from(matches!(place.reason.as_str(), "emergency")),
            conversation: place.conversation,
            queued_at: place.queued_at,
            reason: place.reason,
            channel: place.channel,
            preview: place.preview,
            left_message: place.left_message,
            previous_helper: place.previous_owner,
        });
        let mut mine = Vec::new();
        for id in self.ledger.load(&helper.name).await?.conversations {
            if let Some(record) = self.ledger.conversation(&id).await? {
                let stage = record.conversation()?.stage.name().to_owned();
                mine.push(Summary {
                    conversation: id,
                    stage,
                    channel: record.channel,
                    preview: record.preview,
                    last_at: record.updated_at,
                });
            }
        }
        Ok(QueueView { queue: items.collect(), mine, desk_open: online > 0, online })
    }

    /// Whether a helper may read a conversation: those that wait, one's own, what the citizen who is being served asked
    /// before, and everything for supervisors. Whoever loses a claim loses sight of it, too.
    pub(super) async fn may_read(
        &self,
        helper: &HelperRecord,
        record: &ConversationRecord,
    ) -> Result<bool, DeskError> {
        let state = record.conversation()?;
        let own = state.owner.as_deref() == Some(&helper.name)
            || (state.stage == Stage::Closed && state.previous_owner.as_deref() == Some(&helper.name));
        if own || state.stage.is_waiting() || helper.role.sees_all() {
            return Ok(true);
        }
        self.serves_elsewhere(helper, record).await
    }

    /// The citizen of a conversation.
    ///
    /// # Errors
    /// When there is none, or it is not the helper's to see.
    pub async fn citizen(&self, helper: &HelperRecord, id: &str) -> Result<Peer, DeskError> {
        let record = self.ledger.conversation(id).await?.ok_or(DeskError::Unknown)?;
        if !self.may_read(helper, &record).await? {
            return Err(DeskError::NotYours { owner: record.conversation()?.owner });
        }
        Ok(Peer { channel: ChannelId::new(record.channel), address: record.address })
    }

    /// A conversation with its transcript, and with who the citizen is and what was asked before.
    ///
    /// # Errors
    /// When there is none, or it is not the helper's to see.
    pub async fn view_whole(&self, helper: &HelperRecord, id: &str) -> Result<ConversationView, DeskError> {
        let view = self.view(helper, id).await?;
        let record = self.ledger.conversation(id).await?.ok_or(DeskError::Unknown)?;
        let (citizen, earlier) = self.known_of(helper, &record).await?;
        Ok(ConversationView { citizen, earlier, ..view })
    }

    /// A conversation with its transcript alone: every message of it asks for this, and what was asked before is dear to
    /// look up.
    ///
    /// # Errors
    /// When there is none, or it is not the helper's to see.
    pub async fn view(&self, helper: &HelperRecord, id: &str) -> Result<ConversationView, DeskError> {
        let found = self.ledger.store().get_json::<ConversationRecord>(&keys::conversation(id)).await?;
        let (record, version) = found.ok_or(DeskError::Unknown)?;
        if !self.may_read(helper, &record).await? {
            return Err(DeskError::NotYours { owner: record.conversation()?.owner });
        }
        let messages = self.ledger.messages(id, 0, TRANSCRIPT).await?;
        let transcript = self.masked(id, messages, Self::may_reveal(helper, &record)?).await?;
        let state = record.conversation()?;
        let position = if state.stage.is_waiting() { self.ledger.position(id).await? } else { None };
        Ok(ConversationView {
            id: id.to_owned(),
            stage: state.stage.name().to_owned(),
            version: version.0,
            channel: record.channel,
            opened_at: record.opened_at,
            owner: state.owner,
            reason: state.reason.map(|reason| reason.name().to_owned()),
            position,
            transcript,
            rating: record.rating,
            citizen: None,
            earlier: Vec::new(),
            limit: None,
        })
    }

    /// Who the citizen is, if the channel was joined to a login, and what was asked before.
    async fn known_of(
        &self,
        helper: &HelperRecord,
        record: &ConversationRecord,
    ) -> Result<(Option<CitizenView>, Vec<EarlierView>), DeskError> {
        // The consent is for whoever serves, not for everybody who looks at the queue.
        let serves = Self::serves(helper, record)?;
        if !serves && !helper.role.sees_all() {
            return Ok((None, Vec::new()));
        }
        let citizen = self.ledger.citizen_of(&record.channel, &record.address).await?;
        let own = [(record.channel.as_str(), record.address.as_str())];
        let peers = citizen.as_ref().map_or_else(|| own.to_vec(), CitizenRecord::peers);
        let past = self.ledger.past(&peers, EARLIER + 1, Reader::Other).await?;
        let mut earlier = Vec::new();
        for past in past.into_iter().filter(|past| past.id != record.id).take(EARLIER) {
            earlier.push(EarlierView {
                id: past.id,
                channel: past.channel,
                opened_at: past.opened_at,
                question: past.question,
                state: past.standing,
            });
        }
        let citizen = citizen.map(|citizen| CitizenView { name: citizen.name, since: citizen.since });
        Ok((citizen, earlier))
    }

    /// Whether the helper serves this conversation now.
    pub(super) fn serves(helper: &HelperRecord, record: &ConversationRecord) -> Result<bool, DeskError> {
        let state = record.conversation()?;
        Ok(state.owner.as_deref() == Some(&helper.name))
    }

    /// Whether the helper serves the citizen of this conversation in another one: what was asked before belongs to it, on
    /// the same address, and on others that the citizen joined by consent.
    async fn serves_elsewhere(
        &self,
        helper: &HelperRecord,
        record: &ConversationRecord,
    ) -> Result<bool, DeskError> {
        let citizen = self.ledger.citizen_of(&record.channel, &record.address).await?;
        for id in self.ledger.load(&helper.name).await?.conversations {
            let Some(served) = self.ledger.conversation(&id).await? else { continue };
            let same = served.channel == record.channel && served.address == record.address;
            let joined =
                citizen.as_ref().is_some_and(|citizen| citizen.has(&served.channel, &served.address));
            if (same || joined) && Self::serves(helper, &served)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
