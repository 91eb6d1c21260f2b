//! A change of one conversation in the making. It gathers what happens, and [`super::Ledger`] turns it into one commit
//! in which the conversation, its messages and all its indexes agree.

use std::time::Duration;

use jiff::Timestamp;

use super::conversation::{ConversationRecord, OutboxRecord, QueueRecord, StateRecord};
use super::keys;
use super::ledger::LedgerPolicy;
use super::message::{AuthorRecord, MessageRecord};
use super::private::Fields;
use crate::dialogue::conversation::Undrawn;
use crate::dialogue::{Conversation, Stage, StageEvent};
use crate::store::{Commit, Key, Version};

/// How long a preview is, in characters.
const PREVIEW: usize = 60;

/// The rank of messages left behind: after everyone who waits.
const LEFT_MESSAGE_RANK: u64 = 9;

/// A conversation being changed.
pub struct Change {
    /// The record as it will be. Stage and owner are changed through [`Change::apply`] alone.
    pub record: ConversationRecord,
    /// The moment of the change.
    pub now: Timestamp,
    /// Further changes that belong to the same commit.
    pub commit: Commit,
    state: Conversation,
    before: Option<Before>,
    messages: Vec<MessageRecord>,
    hidden: Vec<(Key, Fields)>,
    touched: bool,
}

/// What the conversation was, for taking back its old index entries.
struct Before {
    version: Version,
    queue: Option<Key>,
    due: Option<Key>,
    owner: Option<String>,
}

/// What has to be known beside the change to commit it.
pub(super) struct Finished {
    pub(super) commit: Commit,
    pub(super) queue: Option<Key>,
    pub(super) queue_changed: bool,
    pub(super) messages: Vec<MessageRecord>,
    pub(super) hidden: Vec<(Key, Fields)>,
    pub(super) loses: Option<String>,
    pub(super) gains: Option<String>,
    pub(super) record: ConversationRecord,
}

impl Change {
    pub(super) fn new(
        record: ConversationRecord,
        state: Conversation,
        version: Option<Version>,
        now: Timestamp,
    ) -> Self {
        let before = version.map(|version| Before {
            version,
            queue: queue_key(&record, &state),
            due: record.due_at.map(|at| keys::due(at, &record.id)),
            owner: carrying(&state),
        });
        Self {
            record,
            now,
            commit: Commit::new(),
            state,
            before,
            messages: Vec::new(),
            hidden: Vec::new(),
            touched: false,
        }
    }

    /// Where the conversation stands.
    pub fn state(&self) -> &Conversation {
        &self.state
    }

    /// Takes an event of the stage machine.
    ///
    /// # Errors
    /// [`Undrawn`] when the event is not possible now.
    pub fn apply(&mut self, event: StageEvent) -> Result<(), Undrawn> {
        self.touched = true;
        self.state.apply(event, self.now)
    }

    /// Appends a message and returns its place. What people write in it is masked here, so that nothing else is ever
    /// stored. Everything but the citizen's own words goes to the outbox.
    pub fn append(&mut self, mut message: MessageRecord) -> u64 {
        self.touched = true;
        self.record.last_seq += 1;
        message.seq = self.record.last_seq;
        let hidden = message.hide();
        self.keep_hidden(keys::private(&self.record.id, message.seq), hidden);
        if message.author == AuthorRecord::Citizen {
            self.record.preview = preview(&message.text);
        } else {
            let key = keys::outbox(&self.record.id, message.seq);
            self.put(key, &OutboxRecord { attempts: 0, not_before: None });
        }
        let seq = message.seq;
        self.messages.push(message);
        seq
    }

    /// Keeps what was hidden, encrypted, in the same commit.
    pub(crate) fn keep_hidden(&mut self, key: Key, hidden: Fields) {
        if !hidden.is_empty() {
            self.hidden.push((key, hidden));
        }
    }

    /// Adds a record to the commit.
    pub fn put<T: serde::Serialize>(&mut self, key: Key, value: &T) {
        self.commit = std::mem::take(&mut self.commit).put_json(key, value);
    }

    /// Takes a record away with the commit.
    pub fn delete(&mut self, key: Key) {
        self.commit = std::mem::take(&mut self.commit).delete(key);
    }

    /// Makes the commit depend on a record's version.
    pub fn check(&mut self, key: Key, version: Option<Version>) {
        self.commit = std::mem::take(&mut self.commit).check(key, version);
    }

    /// Marks the conversation's own record as changed.
    pub fn touch(&mut self) {
        self.touched = true;
    }

    /// Brings the indexes into line.
    pub(super) fn finish(mut self, policy: &LedgerPolicy) -> Finished {
        let id = self.record.id.clone();
        self.record.state = StateRecord::from(&self.state);
        self.record.due_at = clock(&self.state, policy);
        self.record.updated_at = self.now;
        let queue = queue_key(&self.record, &self.state);
        let due = self.record.due_at.map(|at| keys::due(at, &id));
        let owner = carrying(&self.state);
        let mut commit = self.commit;
        if !self.touched && self.before.is_some() {
            // Nothing about the conversation itself changed, so its version need not rise.
            return Finished {
                commit,
                queue,
                queue_changed: false,
                messages: Vec::new(),
                hidden: self.hidden,
                loses: None,
                gains: None,
                record: self.record,
            };
        }
        let (version, old_queue, old_due, old_owner) = match self.before {
            Some(before) => (Some(before.version), before.queue, before.due, before.owner),
            None => (None, None, None, None),
        };
        commit =
            commit.check(keys::conversation(&id), version).put_json(keys::conversation(&id), &self.record);
        if old_queue != queue
            && let Some(key) = old_queue.clone()
        {
            commit = commit.delete(key);
        }
        if let Some(key) = queue.clone() {
            commit = commit.put_json(key, &place(&self.record, &self.state));
        }
        if old_due != due {
            if let Some(key) = old_due {
                commit = commit.delete(key);
            }
            if let Some(key) = due {
                commit = commit.put_json(key, &id);
            }
        }
        let (loses, gains) = if old_owner == owner { (None, None) } else { (old_owner, owner) };
        Finished {
            commit,
            queue_changed: old_queue != queue,
            queue,
            messages: self.messages,
            hidden: self.hidden,
            loses,
            gains,
            record: self.record,
        }
    }
}

/// The helper whose attention the conversation takes at this stage; wrapping up takes none.
fn carrying(state: &Conversation) -> Option<String> {
    state.owner.clone().filter(|_| state.stage.helper_may_write())
}

fn queue_key(record: &ConversationRecord, state: &Conversation) -> Option<Key> {
    let since = state.queued_at.filter(|_| state.stage.is_waiting())?;
    let rank =
        if state.stage == Stage::LeftMessage { LEFT_MESSAGE_RANK } else { u64::from(state.priority()) };
    Some(keys::queue(rank, since, &record.id))
}

fn place(record: &ConversationRecord, state: &Conversation) -> QueueRecord {
    QueueRecord {
        conversation: record.id.clone(),
        queued_at: state.queued_at.unwrap_or(state.since),
        reason: state.reason.map(|reason| reason.name().to_owned()).unwrap_or_default(),
        channel: record.channel.clone(),
        preview: record.preview.clone(),
        left_message: state.stage == Stage::LeftMessage,
        previous_owner: state.previous_owner.clone(),
    }
}

/// When the stage's own clock strikes: nobody waits without bound, for a person, for a lost helper, or for a rating.
fn clock(state: &Conversation, policy: &LedgerPolicy) -> Option<Timestamp> {
    let after = |start: Timestamp, wait: Duration| start.checked_add(wait).ok();
    match state.stage {
        Stage::Queued => after(state.since, policy.wait_limit),
        Stage::ReclaimGrace => after(state.since, policy.grace),
        Stage::WrapUp => after(state.since, policy.rating_wait),
        _ => None,
    }
}

/// The first words of a masked text, for lists that many people see.
fn preview(masked: &str) -> String {
    let mut words: String = masked.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.chars().count() > PREVIEW {
        words = words.chars().take(PREVIEW).collect::<String>() + "…";
    }
    words
}
