//! The one place where conversations are read and changed.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::change::{Change, Finished};
use super::conversation::{ConversationRecord, LoadRecord, PeerRecord, QueueRecord};
use super::keys;
use super::message::{AuthorRecord, MessageRecord};
use super::private::{self, PrivateRecord, Vault};
use crate::bus::{Event, Events, topic};
use crate::dialogue::Clock;
use crate::dialogue::answer::PLACE_IN_QUEUE;
use crate::dialogue::conversation::Undrawn;
use crate::store::{Commit, Committed, Key, Store, StoreError, StoreExt};

/// How often a change is tried again when another one came first. Each try sees the newer state, so the number bounds
/// only the contention on one conversation, which is a handful of writers.
const TRIES: usize = 64;

/// The most of the queue that lists show.
const QUEUE_SHOWN: usize = 1_000;

/// How long each clock of a conversation runs.
#[derive(Clone, Copy, Debug)]
pub struct LedgerPolicy {
    /// How long a citizen waits for a person before the words are kept as a message.
    pub wait_limit: Duration,
    /// How long a lost helper keeps a conversation.
    pub grace: Duration,
    /// How long the citizen has for a rating.
    pub rating_wait: Duration,
    /// How many conversations one helper may carry.
    pub capacity: usize,
}

/// Why a change did not happen.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// There is no such conversation.
    #[error("there is no conversation of this id")]
    Unknown,
    /// The stage machine has no arrow for it.
    #[error(transparent)]
    Undrawn(#[from] Undrawn),
    /// The helper carries as many conversations as allowed.
    #[error("the helper is at capacity")]
    Full,
    /// Somebody else has it.
    #[error("the conversation belongs to somebody else")]
    NotYours {
        /// Who has it, if anyone.
        owner: Option<String>,
    },
    /// A condition that trying again cannot restore has changed: the lease passed to another worker, or the same
    /// message was accepted meanwhile.
    #[error("overtaken by another worker")]
    Fenced,
    /// A condition of the caller's own does not hold.
    #[error("{0}")]
    Refused(&'static str),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// The ledger of conversations.
#[derive(Clone)]
pub struct Ledger {
    store: Arc<dyn Store>,
    events: Events,
    clock: Arc<dyn Clock>,
    policy: LedgerPolicy,
    vault: Vault,
}

impl Ledger {
    /// A ledger over a store, with what encrypts what is hidden in messages.
    pub fn new(
        store: Arc<dyn Store>,
        events: Events,
        clock: Arc<dyn Clock>,
        policy: LedgerPolicy,
        vault: Vault,
    ) -> Self {
        Self { store, events, clock, policy, vault }
    }

    /// The store beneath.
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// The bus on which changes are told.
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The clocks and limits.
    pub fn policy(&self) -> &LedgerPolicy {
        &self.policy
    }

    /// A conversation.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn conversation(&self, id: &str) -> Result<Option<ConversationRecord>, StoreError> {
        Ok(self.store.get_json(&keys::conversation(id)).await?.map(|(record, _)| record))
    }

    /// The conversation a peer is in.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn of_peer(
        &self,
        channel: &str,
        address: &str,
    ) -> Result<Option<ConversationRecord>, StoreError> {
        let Some((peer, _)) = self.store.get_json::<PeerRecord>(&keys::peer(channel, address)).await? else {
            return Ok(None);
        };
        self.conversation(&peer.conversation).await
    }

    /// The messages of a conversation after a place, in order.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn messages(
        &self,
        id: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<MessageRecord>, StoreError> {
        let range = keys::messages(id).after(&keys::message(id, after));
        let found = self.store.scan_json(&range, limit, false).await?;
        Ok(found.into_iter().map(|(_, message, _)| message).collect())
    }

    /// A message by its id, looked for among the newest.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn message(&self, conversation: &str, id: &str) -> Result<Option<MessageRecord>, StoreError> {
        const NEWEST: usize = 200;
        let found: Vec<(Key, MessageRecord, _)> =
            self.store.scan_json(&keys::messages(conversation), NEWEST, true).await?;
        Ok(found.into_iter().map(|(_, message, _)| message).find(|message| message.id == id))
    }

    /// Messages of a conversation, in their order, as its citizen sees them: with what was hidden in what people wrote, and in
    /// the robot's replies with the values of the message that each replies to. A model was given labels, and where nobody
    /// knows which value a label stands for, it stays.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn opened(
        &self,
        id: &str,
        mut messages: Vec<MessageRecord>,
    ) -> Result<Vec<MessageRecord>, StoreError> {
        let Some(first) = messages.first().map(|message| message.seq) else { return Ok(messages) };
        let range = keys::privates_of(id).after(&keys::private(id, first.saturating_sub(1)));
        // No message has more than one.
        let found = self.store.scan_json::<PrivateRecord>(&range, messages.len(), false).await?;
        for (key, record, _) in found {
            let seq = key.parts().get(2).and_then(crate::store::OwnedPart::number);
            let message = messages.iter_mut().find(|message| Some(message.seq) == seq);
            if let (Some(message), Some(fields)) = (message, self.vault.opened(&key, &record)) {
                message.reveal(&fields);
            }
        }
        for message in &mut messages {
            let labelled =
                message.author == AuthorRecord::Robot && crate::privacy::is_labelled(&message.text);
            if let Some(asked) = message.asked.filter(|_| labelled)
                && let Some(words) = self.words(id, asked).await?
            {
                let given = crate::privacy::give_back(&message.text, &words).into_owned();
                message.private |= given != message.text;
                message.text = given;
            }
            for file in &mut message.attachments {
                file.name = self.vault.name(&*self.store, &file.id, std::mem::take(&mut file.name)).await?;
            }
        }
        Ok(messages)
    }

    /// The words of a message as they were written.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn words(&self, id: &str, seq: u64) -> Result<Option<String>, StoreError> {
        let found = self.store.get_json::<MessageRecord>(&keys::message(id, seq)).await?;
        let Some((mut message, _)) = found else { return Ok(None) };
        if let Some(fields) = self.vault.read(&*self.store, &keys::private(id, seq)).await? {
            message.reveal(&fields);
        }
        Ok(Some(message.text))
    }

    /// Deletes what was hidden longer ago than `keep`. Returns how many records went.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sweep_hidden(&self, keep: Duration) -> Result<usize, StoreError> {
        private::sweep(&*self.store, self.now(), keep).await
    }

    /// The queue, first come first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn queue(&self) -> Result<Vec<QueueRecord>, StoreError> {
        let found = self.store.scan_json(&keys::queues(), QUEUE_SHOWN, false).await?;
        Ok(found.into_iter().map(|(_, place, _)| place).collect())
    }

    /// A conversation's place in the queue, from 1.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn position(&self, id: &str) -> Result<Option<usize>, StoreError> {
        Ok(self.queue().await?.iter().position(|place| place.conversation == id).map(|index| index + 1))
    }

    /// The conversations a helper carries.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn load(&self, helper: &str) -> Result<LoadRecord, StoreError> {
        let load = self.store.get_json(&keys::load(helper)).await?;
        Ok(load.map(|(load, _)| load).unwrap_or_default())
    }

    /// Changes a conversation: `edit` sees its newest state and is called again when another change came first, so it
    /// must have no effect besides the change.
    ///
    /// # Errors
    /// What `edit` returns, or why the commit failed; nothing has happened then.
    pub async fn change<T>(
        &self,
        id: &str,
        mut edit: impl FnMut(&mut Change) -> Result<T, ChangeError> + Send,
    ) -> Result<(T, ConversationRecord), ChangeError> {
        for _ in 0..TRIES {
            let Some((record, version)) =
                self.store.get_json::<ConversationRecord>(&keys::conversation(id)).await?
            else {
                return Err(ChangeError::Unknown);
            };
            let state = record.conversation()?;
            let mut change = Change::new(record, state, Some(version), self.now());
            let result = edit(&mut change)?;
            if let Some(record) = self.commit(change).await? {
                return Ok((result, record));
            }
        }
        Err(StoreError::Unavailable("too many changes of one conversation at once".into()).into())
    }

    /// Begins a conversation. `None` when something the commit depends on has changed.
    ///
    /// # Errors
    /// What `edit` returns, or why the commit failed; nothing has happened then.
    pub async fn begin(
        &self,
        record: ConversationRecord,
        edit: impl FnOnce(&mut Change) -> Result<(), ChangeError> + Send,
    ) -> Result<Option<ConversationRecord>, ChangeError> {
        let state = record.conversation()?;
        let mut change = Change::new(record, state, None, self.now());
        edit(&mut change)?;
        self.commit(change).await
    }

    /// Commits a change together with its indexes, and tells who watches. `None` on a conflict.
    async fn commit(&self, change: Change) -> Result<Option<ConversationRecord>, ChangeError> {
        let mut finished = change.finish(&self.policy);
        self.place_in_queue(&mut finished).await?;
        let mut commit = std::mem::take(&mut finished.commit);
        for (key, hidden) in &finished.hidden {
            let record = self.vault.seal(key, hidden, self.now())?;
            commit = commit.put_json(key.clone(), &record);
        }
        for message in &finished.messages {
            commit = commit.put_json(keys::message(&finished.record.id, message.seq), message);
        }
        commit = self.move_load(commit, &finished).await?;
        match self.store.commit(commit).await? {
            // Trying again cannot bring a lost lease back, nor undo that the same message was accepted, the same file
            // was sent or another screen was shared already.
            Committed::Conflict(key)
                if matches!(key.space(), "lease" | "dedupe" | "inbox" | "file" | "fetch" | "share_open") =>
            {
                Err(ChangeError::Fenced)
            }
            Committed::Conflict(_) => Ok(None),
            Committed::Done(_) => {
                self.tell(&finished);
                Ok(Some(finished.record))
            }
        }
    }

    /// Writes the place in the queue into the messages that speak of it.
    async fn place_in_queue(&self, finished: &mut Finished) -> Result<(), StoreError> {
        // What people write stays as it is.
        let speaks = |message: &MessageRecord| {
            matches!(message.author, AuthorRecord::Robot | AuthorRecord::System)
                && message.text.contains(PLACE_IN_QUEUE)
        };
        if !finished.messages.iter().any(speaks) {
            return Ok(());
        }
        let ahead = match &finished.queue {
            Some(key) => self.store.scan(&keys::queues().before(key), QUEUE_SHOWN, false).await?.len(),
            None => 0,
        };
        for message in finished.messages.iter_mut().filter(|message| speaks(message)) {
            message.text = message.text.replace(PLACE_IN_QUEUE, &(ahead + 1).to_string());
        }
        Ok(())
    }

    /// Moves the conversation from one helper's load to another's, within the same commit: the capacity holds also
    /// when one helper claims two conversations at the same moment.
    async fn move_load(&self, mut commit: Commit, finished: &Finished) -> Result<Commit, ChangeError> {
        let id = &finished.record.id;
        if let Some(helper) = &finished.loses {
            let key = keys::load(helper);
            if let Some((mut load, version)) = self.store.get_json::<LoadRecord>(&key).await? {
                load.conversations.retain(|carried| carried != id);
                commit = commit.check(key.clone(), Some(version)).put_json(key, &load);
            }
        }
        if let Some(helper) = &finished.gains {
            let key = keys::load(helper);
            let known = self.store.get_json::<LoadRecord>(&key).await?;
            let version = known.as_ref().map(|(_, version)| *version);
            let mut load = known.map(|(load, _)| load).unwrap_or_default();
            if load.conversations.len() >= self.policy.capacity {
                return Err(ChangeError::Full);
            }
            load.conversations.push(id.clone());
            commit = commit.check(key.clone(), version).put_json(key, &load);
        }
        Ok(commit)
    }

    fn tell(&self, finished: &Finished) {
        let record = &finished.record;
        let changed = Event::Changed { conversation: record.id.clone() };
        self.events.publish(&topic::peer(&record.channel, &record.address), &changed);
        self.events.publish(topic::DESK, &changed);
        if finished.queue_changed {
            self.events.publish(topic::DESK, &Event::Queue);
            self.events.publish(topic::QUEUE, &Event::Queue);
        }
        if finished.messages.iter().any(|message| message.author != AuthorRecord::Citizen) {
            self.events.publish(topic::OUTBOX, &changed);
        }
    }
}
