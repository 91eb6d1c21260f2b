//! The reply leaves: in order per conversation, safe to repeat, with back-off, across restarts.

use std::sync::Arc;
use std::time::Duration;

use adapters::{ChannelError, ChannelId, Peer};
use backon::{BackoffBuilder, ExponentialBuilder};
use futures::StreamExt;

use super::{Gateway, claim_task, release_task};
use crate::bus::{Event, topic};
use crate::records::{MessageRecord, OutboxRecord, keys};
use crate::store::{Commit, Key, StoreError, StoreExt};

/// How many replies of one conversation are delivered before their entries are taken away together.
const BATCH: usize = 32;

/// The first pause after a failure.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// What delivering one reply came to.
enum Delivery {
    Done,
    /// Try again after this pause.
    Later(Duration),
}

impl Gateway {
    /// Delivers whenever a commit has put something into the outbox.
    pub(super) fn spawn_outbox_listener(self: &Arc<Self>) {
        let gateway = Arc::clone(self);
        let mut events = self.ledger.events().subscribe(topic::OUTBOX);
        self.tasks.spawn(async move {
            loop {
                tokio::select! {
                    () = gateway.stop.cancelled() => return,
                    event = events.next() => match event {
                        Some(Event::Changed { conversation }) if !conversation.is_empty() => gateway.deliver(&conversation),
                        // Events were missed: look everywhere.
                        Some(_) => if let Err(error) = gateway.sweep_outboxes().await {
                            tracing::error!(%error, "the outbox could not be read");
                        },
                        None => return,
                    }
                }
            }
        });
    }

    /// Makes sure that a task delivers the conversation's replies.
    pub(super) fn deliver(self: &Arc<Self>, conversation: &str) {
        if self.stop.is_cancelled() || !claim_task(&self.delivering, conversation) {
            return;
        }
        let gateway = Arc::clone(self);
        let conversation = conversation.to_owned();
        self.tasks.spawn(async move {
            loop {
                if let Err(error) = gateway.deliver_all(&conversation).await {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        conversation.id = conversation,
                        "replies could not be delivered"
                    );
                }
                if release_task(&gateway.delivering, &conversation) || gateway.stop.is_cancelled() {
                    return;
                }
            }
        });
    }

    /// Delivers in order; a reply that has to wait holds back those after it.
    async fn deliver_all(&self, conversation: &str) -> Result<(), StoreError> {
        loop {
            let waiting: Vec<(Key, OutboxRecord, _)> =
                self.ledger.store().scan_json(&keys::outbox_of(conversation), BATCH, false).await?;
            if waiting.is_empty() {
                return Ok(());
            }
            let Some(record) = self.ledger.conversation(conversation).await? else { return Ok(()) };
            let peer = Peer { channel: ChannelId::new(&record.channel), address: record.address };
            let mut done = Commit::new();
            let mut delivered = 0_usize;
            let mut pause = None;
            for (key, entry, _) in waiting {
                let now = self.ledger.now();
                if let Some(early) = entry.not_before.filter(|&moment| now < moment) {
                    pause = Some(early.duration_since(now).unsigned_abs());
                    break;
                }
                let Some(message) = self.message_of(&key, conversation).await? else {
                    done = done.delete(key);
                    delivered += 1;
                    continue;
                };
                match self.deliver_one(conversation, &peer, message, &entry).await? {
                    Delivery::Done => {
                        done = done.delete(key);
                        delivered += 1;
                    }
                    Delivery::Later(delay) => {
                        let not_before = self.ledger.now().checked_add(delay).ok();
                        done = done.put_json(key, &OutboxRecord { attempts: entry.attempts + 1, not_before });
                        delivered += 1;
                        pause = Some(delay);
                        break;
                    }
                }
            }
            if delivered > 0 {
                self.ledger.store().attempt(done).await?;
            }
            if let Some(delay) = pause {
                tokio::select! {
                    () = self.stop.cancelled() => return Ok(()),
                    () = tokio::time::sleep(delay) => {}
                }
            }
        }
    }

    async fn message_of(&self, key: &Key, conversation: &str) -> Result<Option<MessageRecord>, StoreError> {
        let Some(seq) = key.parts().get(1).and_then(crate::store::OwnedPart::number) else { return Ok(None) };
        let found = self.ledger.store().get_json(&keys::message(conversation, seq)).await?;
        Ok(found.map(|(message, _)| message))
    }

    async fn deliver_one(
        &self,
        conversation: &str,
        peer: &Peer,
        message: MessageRecord,
        entry: &OutboxRecord,
    ) -> Result<Delivery, StoreError> {
        let Some(channel) = self.channels.get(&peer.channel) else {
            // The channel was taken out of the configuration: the reply is kept for its return.
            return Ok(Delivery::Later(self.settings.longest_pause));
        };
        let waited = self.ledger.now().duration_since(message.at);
        let outbound = self.outbound(conversation, vec![message]).await?;
        let Some(outbound) = outbound.first() else { return Ok(Delivery::Done) };
        Ok(match channel.deliver(peer, outbound).await {
            Ok(_) => {
                self.metrics.delivered(peer.channel.as_str(), waited.unsigned_abs());
                Delivery::Done
            }
            Err(ChannelError::Gone(reason)) => {
                tracing::warn!(channel.id = %peer.channel, reason, "a reply has no recipient any more");
                self.metrics.undeliverable(peer.channel.as_str());
                Delivery::Done
            }
            Err(ChannelError::Unavailable { reason, retry_after }) => {
                let delay = retry_after.unwrap_or_else(|| self.pause(entry.attempts));
                tracing::warn!(channel.id = %peer.channel, reason, attempts = entry.attempts + 1, "a reply waits for its platform");
                Delivery::Later(delay)
            }
            Err(ChannelError::Misconfigured(reason)) => {
                tracing::error!(channel.id = %peer.channel, reason, "a channel is misconfigured; its replies are kept");
                Delivery::Later(self.settings.longest_pause)
            }
        })
    }

    /// The pause after so many failures: doubled each time, with jitter, so that a platform that returns is not met
    /// by everything at once.
    pub(super) fn pause(&self, attempts: u32) -> Duration {
        let longest = self.settings.longest_pause;
        let mut pauses = ExponentialBuilder::default()
            .with_min_delay(FIRST_PAUSE)
            .with_max_delay(longest)
            .without_max_times()
            .with_jitter()
            .build();
        pauses.nth(attempts as usize).unwrap_or(longest).min(longest)
    }

    /// Delivers whatever waits anywhere.
    pub(super) async fn sweep_outboxes(self: &Arc<Self>) -> Result<(), StoreError> {
        let mut last = String::new();
        for record in self.ledger.store().scan_all(&keys::outboxes()).await? {
            let parts = record.key.parts();
            let Some(conversation) = parts.first().and_then(|part| part.text()) else { continue };
            if conversation != last {
                conversation.clone_into(&mut last);
                self.deliver(conversation);
            }
        }
        Ok(())
    }
}
