//! What a helper does with a conversation. Each is one commit with the conversation's version and, where the right to
//! speak changes hands, the helper's load: of two who claim at the same moment one wins, and the other is told who.

use uuid::Uuid;

use super::Desk;
use super::accounts::HelperRecord;
use crate::bus::{Event, topic};
use crate::dialogue::{Phrase, Stage, StageEvent};
use crate::privacy::is_labelled;
use crate::records::files::settle;
use crate::records::{
    AuthorRecord, Change, ChangeError, ConversationRecord, FileError, MessageRecord, StagedFile, keys,
};
use crate::store::{StoreError, Version};

/// Why a helper's request was refused.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// There is no such conversation.
    #[error("there is no conversation of this id")]
    Unknown,
    /// Somebody else has it, or nobody does.
    #[error("the conversation is not yours")]
    NotYours {
        /// Who has it, if anyone.
        owner: Option<String>,
    },
    /// It is not possible at this stage.
    #[error("that is not possible in stage `{stage}`")]
    WrongStage {
        /// The stage.
        stage: &'static str,
        /// Who has it, if anyone.
        owner: Option<String>,
    },
    /// The helper carries as many conversations as allowed.
    #[error("you carry as many conversations as allowed")]
    Full,
    /// There is nothing to read in the message.
    #[error("the message is empty")]
    Empty,
    /// The message is too long.
    #[error("the message is longer than {limit} characters")]
    TooLong {
        /// The limit.
        limit: usize,
    },
    /// The file is not taken.
    #[error("the file is not taken")]
    File(#[source] FileError),
    /// There is no such file, or it is not kept any more.
    #[error("there is no file of this id")]
    UnknownFile,
    /// The helper may not do that.
    #[error("that is not yours to do")]
    Forbidden,
    /// There is no such message.
    #[error("there is no message of this number")]
    UnknownMessage,
    /// Nothing is hidden in the message, or it is not kept any more.
    #[error("nothing is kept that is hidden in the message")]
    NotKept,
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl From<ChangeError> for DeskError {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Unknown => Self::Unknown,
            ChangeError::Undrawn(undrawn) => Self::WrongStage { stage: undrawn.stage.name(), owner: None },
            ChangeError::Full => Self::Full,
            ChangeError::NotYours { owner } => Self::NotYours { owner },
            ChangeError::Refused(_) | ChangeError::Fenced => {
                Self::Store(StoreError::Unavailable("overtaken by another request".into()))
            }
            ChangeError::Store(error) => Self::Store(error),
        }
    }
}

/// What became of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Moved {
    /// The conversation's id.
    pub conversation: String,
    /// Where it stands now.
    pub stage: String,
}

impl Desk {
    fn moved(record: &ConversationRecord) -> Result<Moved, DeskError> {
        let stage = record.conversation()?.stage.name().to_owned();
        Ok(Moved { conversation: record.id.clone(), stage })
    }

    fn notice(&self, change: &mut Change, phrase: Phrase) -> MessageRecord {
        let words = self.phrases.get(phrase, change.record.locale()).to_owned();
        MessageRecord::new(Uuid::now_v7().to_string(), AuthorRecord::System, change.now, words)
    }

    /// Takes a conversation out of the queue. Taking what one has already is harmless.
    ///
    /// # Errors
    /// When somebody else has it, or the helper carries enough.
    pub async fn claim(&self, helper: &HelperRecord, id: &str) -> Result<Moved, DeskError> {
        let claimed = self.ledger.change(id, |change| {
            let state = change.state();
            if state.owner.as_deref() == Some(&helper.name) && state.stage.helper_may_write() {
                return Ok(());
            }
            if !state.stage.is_waiting() {
                return Err(ChangeError::NotYours { owner: state.owner.clone() });
            }
            change.apply(StageEvent::Claim(helper.name.clone()))?;
            let mut message = self.notice(change, Phrase::Joined);
            message.text = message.text.replace("{helper}", &helper.name);
            change.append(message);
            Ok(())
        });
        Self::moved(&claimed.await?.1)
    }

    /// Sends the helper's words. Sending the same id again returns the message that was sent first.
    ///
    /// # Errors
    /// When the conversation is not the helper's, or the words are empty or too long.
    pub async fn send(
        &self,
        helper: &HelperRecord,
        id: &str,
        text: &str,
        message_id: Option<String>,
    ) -> Result<MessageRecord, DeskError> {
        let text = self.readable(text)?;
        if text.is_empty() {
            return Err(DeskError::Empty);
        }
        self.say(helper, id, &text, message_id, None).await
    }

    /// The words without what no reader can see.
    pub(super) fn readable(&self, text: &str) -> Result<String, DeskError> {
        let limit = self.settings.message_chars;
        let text: String = text.chars().filter(|&c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
        let text = text.trim().to_owned();
        if text.chars().count() > limit { Err(DeskError::TooLong { limit }) } else { Ok(text) }
    }

    /// Appends the helper's message, with a file that waits for it if there is one.
    pub(super) async fn say(
        &self,
        helper: &HelperRecord,
        id: &str,
        text: &str,
        message_id: Option<String>,
        file: Option<(StagedFile, Version)>,
    ) -> Result<MessageRecord, DeskError> {
        let message_id = message_id.filter(|id| !id.is_empty() && id.len() <= 64);
        let message_id = message_id.unwrap_or_else(|| Uuid::now_v7().to_string());
        let repeated = keys::dedupe("desk", &helper.name, &message_id);
        let sent = self.ledger.change(id, |change| {
            own(change, helper)?;
            if change.state().stage == Stage::ReclaimGrace {
                change.apply(StageEvent::HelperBack)?;
            }
            if change.state().stage == Stage::Claimed {
                change.apply(StageEvent::Serve)?;
            }
            let mut message = MessageRecord::new(message_id.clone(), AuthorRecord::Helper, change.now, text);
            message.name = Some(helper.name.clone());
            if let Some((file, version)) = &file {
                message.attachments.push(settle(change, file, *version, AuthorRecord::Helper));
            }
            let seq = change.append(message.clone());
            // As it is stored, and as the desk shows it.
            message.hidden =
                !message.hide().is_empty() || message.attachments.iter().any(|file| is_labelled(&file.name));
            message.seq = seq;
            change.check(repeated.clone(), None);
            let remembered =
                serde_json::json!({ "conversation": id, "seq": seq, "number": null, "at": change.now });
            change.put(repeated.clone(), &remembered);
            Ok(message)
        });
        match sent.await {
            Ok((message, _)) => Ok(message),
            Err(ChangeError::Fenced) => {
                let known = self.ledger.message(id, &message_id).await?.ok_or(DeskError::Unknown)?;
                self.masked(id, vec![known], true).await?.into_iter().next().ok_or(DeskError::Unknown)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Puts a conversation back to the front of the queue.
    ///
    /// # Errors
    /// When it is not the helper's.
    pub async fn release(&self, helper: &HelperRecord, id: &str) -> Result<Moved, DeskError> {
        let released = self.ledger.change(id, |change| {
            own(change, helper)?;
            change.apply(StageEvent::Release)?;
            let message = self.notice(change, Phrase::BackInQueue);
            change.append(message);
            Ok(())
        });
        Self::moved(&released.await?.1)
    }

    /// Ends the service and asks the citizen for a rating.
    ///
    /// # Errors
    /// When it is not the helper's.
    pub async fn close(&self, helper: &HelperRecord, id: &str) -> Result<Moved, DeskError> {
        let closed = self.ledger.change(id, |change| {
            let state = change.state();
            if state.stage == Stage::WrapUp && state.owner.as_deref() == Some(&helper.name) {
                return Ok(());
            }
            own(change, helper)?;
            change.apply(StageEvent::Finish)?;
            let mut message = self.notice(change, Phrase::AskRating);
            message.ask_rating = true;
            change.append(message);
            Ok(())
        });
        Self::moved(&closed.await?.1)
    }

    /// Tells the citizen that the helper is writing.
    ///
    /// # Errors
    /// When the conversation is not the helper's.
    pub async fn typing(&self, helper: &HelperRecord, id: &str) -> Result<(), DeskError> {
        let record = self.ledger.conversation(id).await?.ok_or(DeskError::Unknown)?;
        let owner = record.conversation()?.owner;
        if owner.as_deref() != Some(&helper.name) {
            return Err(DeskError::NotYours { owner });
        }
        let topic = topic::peer(&record.channel, &record.address);
        self.ledger.events().publish(&topic, &Event::HelperTypes);
        Ok(())
    }
}

/// Refuses whoever does not serve the conversation.
pub(super) fn own(change: &Change, helper: &HelperRecord) -> Result<(), ChangeError> {
    let state = change.state();
    if state.owner.as_deref() == Some(&helper.name) && state.stage.helper_may_write() {
        Ok(())
    } else {
        Err(ChangeError::NotYours { owner: state.owner.clone() })
    }
}
