//! What is hidden in messages: helpers read labels. Who serves the citizen, and supervisors, see what one message hides on a
//! press, and each such look is written down before anything is shown.

use std::sync::LazyLock;

use regex::Regex;
use serde::Serialize;
use utoipa::ToSchema;

use super::accounts::HelperRecord;
use super::{Desk, DeskError};
use crate::privacy;
use crate::records::{AuthorRecord, ConversationRecord, MessageRecord, RevealRecord, keys};
use crate::store::{Commit, OwnedPart, StoreError, StoreExt};

/// The most looks that are listed.
const LISTED: usize = 500;

/// A message as it was written.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Revealed {
    /// The words.
    pub text: String,
    /// What the platform calls the place that was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The names of the files, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
}

/// Six digits that stand alone. What the program itself tells a citizen has such digits only as the code that proves who
/// opens a link (`[code]` in `config/words/assist.toml`); telephone numbers are longer or joined by hyphens.
static CODE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?P<before>^|[^0-9-])[0-9]{6}(?P<after>$|[^0-9-])").ok());

/// Words of the program without the codes that are for the citizen alone: whoever knows code and link could open the form in
/// the citizen's place. A pattern that could not be made hides everything.
fn without_codes(text: &str) -> String {
    CODE.as_ref()
        .map(|code| code.replace_all(text, "${before}••••••${after}").into_owned())
        .unwrap_or_default()
}

impl Desk {
    /// Whether the helper may see what is hidden in a conversation's messages.
    pub(super) fn may_reveal(helper: &HelperRecord, record: &ConversationRecord) -> Result<bool, DeskError> {
        Ok(Self::serves(helper, record)? || helper.role.sees_all())
    }

    /// Messages of a conversation as helpers see them: with labels, also where a store of an earlier version holds what was
    /// written. Where the reader may reveal what is hidden, each message says whether something is.
    pub(super) async fn masked(
        &self,
        id: &str,
        mut messages: Vec<MessageRecord>,
        may_reveal: bool,
    ) -> Result<Vec<MessageRecord>, StoreError> {
        let Some(first) = messages.first().map(|message| message.seq) else { return Ok(messages) };
        let range = keys::privates_of(id).after(&keys::private(id, first.saturating_sub(1)));
        let found = self.ledger.store().scan(&range, messages.len(), false).await?;
        let kept: Vec<u64> =
            found.iter().filter_map(|record| record.key.parts().get(2).and_then(OwnedPart::number)).collect();
        for message in &mut messages {
            if message.author == AuthorRecord::System {
                message.text = without_codes(&message.text);
            }
            let in_clear = !message.hide().is_empty();
            message.hidden = in_clear || kept.binary_search(&message.seq).is_ok();
            for file in &mut message.attachments {
                let masked = privacy::mask(&file.name).into_owned();
                let in_clear = masked != file.name;
                file.name = masked;
                message.hidden |= in_clear
                    || privacy::is_labelled(&file.name)
                        && self.ledger.store().get(&keys::private_name(&file.id)).await?.is_some();
            }
        }
        for message in messages.iter_mut().filter(|_| !may_reveal) {
            message.hidden = false;
        }
        Ok(messages)
    }

    /// What is hidden in a message.
    ///
    /// # Errors
    /// When there is no such message, it is not the helper's to see, or what was hidden is not kept any more.
    pub async fn reveal(&self, helper: &HelperRecord, id: &str, seq: u64) -> Result<Revealed, DeskError> {
        let record = self.ledger.conversation(id).await?.ok_or(DeskError::Unknown)?;
        if !Self::may_reveal(helper, &record)? {
            return Err(DeskError::Forbidden);
        }
        let store = self.ledger.store();
        let found = store.get_json::<MessageRecord>(&keys::message(id, seq)).await?;
        let (stored, _) = found.ok_or(DeskError::UnknownMessage)?;
        let hides = self.masked(id, vec![stored.clone()], true).await?.iter().any(|message| message.hidden);
        if !hides || !matches!(stored.author, AuthorRecord::Citizen | AuthorRecord::Helper) {
            return Err(DeskError::NotKept);
        }
        let at = self.ledger.now();
        let look = RevealRecord { by: helper.name.clone(), at, conversation: id.to_owned(), seq };
        let key = keys::reveal(at, id, seq);
        // Read, commit, then act: nothing is shown that is not written down.
        store.attempt(Commit::new().put_json(key, &look)).await?;
        tracing::info!(
            conversation.id = id,
            message.seq = seq,
            "what is hidden in a message was revealed at the desk"
        );
        let opened = self.ledger.opened(id, vec![stored]).await?;
        let message = opened.into_iter().next().ok_or(DeskError::UnknownMessage)?;
        Ok(Revealed {
            text: message.text,
            place: message.place,
            files: message.attachments.into_iter().map(|file| file.name).collect(),
        })
    }

    /// Who looked at what was hidden, the newest first; for supervisors alone.
    ///
    /// # Errors
    /// When it is not the helper's to see.
    pub async fn reveals(&self, helper: &HelperRecord) -> Result<Vec<RevealRecord>, DeskError> {
        if !helper.role.sees_all() {
            return Err(DeskError::Forbidden);
        }
        let found = self.ledger.store().scan_json(&keys::reveals(), LISTED, true).await?;
        Ok(found.into_iter().map(|(_, look, _)| look).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::without_codes;

    #[test]
    fn only_the_code_is_hidden() {
        let table = [
            (
                "打开链接后请输入这 6 位数字：012345。请不要告诉别人。",
                "打开链接后请输入这 6 位数字：••••••。请不要告诉别人。",
            ),
            ("enter these 6 digits: 012345", "enter these 6 digits: ••••••"),
            ("请打 0571-123456 或 13800138000", "请打 0571-123456 或 13800138000"),
            ("前面还有 3 位", "前面还有 3 位"),
        ];
        for (text, shown) in table {
            assert_eq!(without_codes(text), shown);
        }
    }
}
