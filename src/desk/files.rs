//! Files at the desk: a helper sends one to the citizen, and reads those of conversations that the helper may read.

use bytes::Bytes;
use uuid::Uuid;

use super::accounts::HelperRecord;
use super::{Desk, DeskError};
use crate::privacy::mask;
use crate::records::files::sent_by;
use crate::records::{FileError, FileHead, MessageRecord};

impl Desk {
    /// Sends a file, with words if there are any. Sending the same message id again returns the message that was sent
    /// first.
    ///
    /// # Errors
    /// When the conversation is not the helper's, the words are too long, or the file is not taken.
    pub async fn send_file(
        &self,
        helper: &HelperRecord,
        id: &str,
        (name, data): (Option<&str>, Bytes),
        text: &str,
        message_id: Option<String>,
    ) -> Result<MessageRecord, DeskError> {
        let text = self.readable(text)?;
        // Asked before anything is written; the commit asks again.
        let record = self.ledger.conversation(id).await?.ok_or(DeskError::Unknown)?;
        let state = record.conversation()?;
        if state.owner.as_deref() != Some(&helper.name) || !state.stage.helper_may_write() {
            return Err(DeskError::NotYours { owner: state.owner });
        }
        let (file, owner) = (Uuid::new_v4().simple().to_string(), sent_by(&helper.name));
        match self.files.stage(&file, &owner, name, data, self.ledger.now()).await {
            Ok(_) => {}
            Err(FileError::Store(error)) => return Err(error.into()),
            Err(error) => return Err(DeskError::File(error)),
        }
        let staged = self.files.staged_by(&file, &owner).await?.ok_or(DeskError::UnknownFile)?;
        let said = self.say(helper, id, &text, message_id, Some(staged)).await;
        // Nothing to forget if the message has it; else nobody would ever send it.
        self.files.forget(&file, &owner).await?;
        said
    }

    /// A file of a conversation that the helper may read, whole.
    ///
    /// # Errors
    /// When there is none, it is not kept any more, or its conversation is not the helper's to see.
    pub async fn file(&self, helper: &HelperRecord, id: &str) -> Result<(FileHead, Bytes), DeskError> {
        let mut head = self.files.head(id).await?.ok_or(DeskError::UnknownFile)?;
        let record = self.ledger.conversation(&head.conversation).await?.ok_or(DeskError::UnknownFile)?;
        if !self.may_read(helper, &record).await? {
            return Err(DeskError::NotYours { owner: record.conversation()?.owner });
        }
        let content = self.files.content(&head).await?.ok_or(DeskError::UnknownFile)?;
        // Stores of earlier versions hold names as they were given.
        head.name = mask(&head.name).into_owned();
        Ok((head, content))
    }
}
