//! What a device reads: the thread from its cursor on, and where the conversation stands.

use std::time::Duration;

use adapters::{Cursor, Live, LiveStream, Peer, State, SubmitError, Thread};
use futures::StreamExt;

use super::Gateway;
use crate::bus::{Event, topic};
use crate::dialogue::Stage;
use crate::records::{ConversationRecord, PresenceRecord, keys};
use crate::store::{StoreError, StoreExt};

/// The most messages one read returns; a longer thread is read in several.
const PAGE: usize = 200;

/// What one place in the queue costs in time before there are figures of the desk's own.
const PER_PLACE: Duration = Duration::from_secs(60);

impl Gateway {
    pub(super) async fn read(&self, peer: &Peer, cursor: &Cursor) -> Result<Thread, SubmitError> {
        self.try_read(peer, cursor).await.map_err(|error| {
            tracing::error!(%error, channel.id = %peer.channel, "a thread could not be read");
            SubmitError::Unavailable
        })
    }

    async fn try_read(&self, peer: &Peer, cursor: &Cursor) -> Result<Thread, StoreError> {
        let Some(record) = self.ledger.of_peer(peer.channel.as_str(), &peer.address).await? else {
            let stage = Stage::Robot.name().to_owned();
            let desk_open = self.desk_open().await?;
            let state = State { stage, position: None, wait_seconds: None, helper: None, desk_open };
            return Ok(Thread { conversation: None, last: 0, state, messages: Vec::new() });
        };
        let after = if cursor.conversation.as_deref() == Some(&record.id) { cursor.after } else { 0 };
        let messages = self.ledger.messages(&record.id, after, PAGE).await?;
        let state = self.state(&record).await?;
        let id = record.id;
        Ok(Thread {
            last: record.last_seq,
            conversation: Some(id.clone()),
            state,
            messages: self.outbound(&id, messages).await?,
        })
    }

    /// Where a conversation stands, as the citizen may know it.
    pub(crate) async fn state(&self, record: &ConversationRecord) -> Result<State, StoreError> {
        let conversation = record.conversation()?;
        let position = match conversation.stage {
            Stage::Queued => self.ledger.position(&record.id).await?,
            _ => None,
        };
        let wait = position.and_then(|place| u32::try_from(place).ok()).map(|place| PER_PLACE * place);
        Ok(State {
            stage: conversation.stage.name().to_owned(),
            position,
            wait_seconds: wait.map(|wait| wait.as_secs()),
            helper: conversation.owner.filter(|_| conversation.stage.helper_may_write()),
            desk_open: self.desk_open().await?,
        })
    }

    /// Whether any helper is at the desk.
    async fn desk_open(&self) -> Result<bool, StoreError> {
        let now = self.ledger.now();
        let present = self.ledger.store().scan_all(&keys::presences()).await?;
        Ok(present
            .iter()
            .any(|record| record.decode::<PresenceRecord>().is_ok_and(|presence| now < presence.until)))
    }

    pub(super) fn live(&self, peer: &Peer) -> LiveStream {
        let own = self.ledger.events().subscribe(&topic::peer(peer.channel.as_str(), &peer.address));
        let queue = self.ledger.events().subscribe(topic::QUEUE);
        Box::pin(futures::stream::select(own, queue).filter_map(async |event| match event {
            Event::Changed { .. } | Event::Queue => Some(Live::Changed),
            Event::Thinking { turn } => Some(Live::Thinking { turn }),
            Event::Delta { turn, text } => Some(Live::Delta { turn, text }),
            Event::Drop { turn } => Some(Live::Drop { turn }),
            Event::HelperTypes => Some(Live::Typing),
            Event::CitizenTypes { .. } | Event::Stop => None,
        }))
    }
}
