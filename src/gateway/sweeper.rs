//! Looks again: at what an event missed, at clocks that struck, and at what may be forgotten.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::Gateway;
use super::inbox::DedupeRecord;
use super::worker::notice;
use crate::dialogue::{Phrase, Stage, StageEvent};
use crate::records::{Change, ChangeError, keys};
use crate::store::{Commit, StoreError, StoreExt};

/// How often inboxes, outboxes and clocks are looked at.
const LOOK: Duration = Duration::from_secs(5);

/// How many of these rounds pass between two rounds of forgetting.
const FORGET_EVERY: u64 = 720;

/// How many clocks are served in one round.
const STRUCK: usize = 500;

impl Gateway {
    pub(super) fn spawn_sweeper(self: &Arc<Self>) {
        let gateway = Arc::clone(self);
        self.tasks.spawn(async move {
            let mut look = tokio::time::interval(LOOK);
            let mut round = 0_u64;
            loop {
                tokio::select! {
                    () = gateway.stop.cancelled() => return,
                    _ = look.tick() => {}
                }
                if let Err(error) = gateway.sweep(round).await {
                    tracing::error!(error = &error as &dyn std::error::Error, "a sweep did not finish");
                }
                round += 1;
            }
        });
    }

    async fn sweep(self: &Arc<Self>, round: u64) -> Result<(), StoreError> {
        self.sweep_inboxes().await?;
        self.sweep_outboxes().await?;
        self.sweep_fetches().await?;
        self.strike().await?;
        if round.is_multiple_of(FORGET_EVERY) {
            if let Some(limiter) = &self.limiter {
                // Whoever has not written for a while needs no count, and counts of everybody would pile up.
                limiter.retain_recent();
            }
            self.forget_ids().await?;
            if let Some(identities) = &self.identities {
                identities.sweep().await?;
            }
            let swept = self.files.sweep(self.ledger.now(), self.settings.keep_files).await?;
            let hidden = self.ledger.sweep_hidden(self.settings.keep_private).await?;
            if hidden > 0 {
                tracing::info!(records = hidden, "what was hidden in messages was deleted after its time");
            }
            if swept > 0 {
                tracing::info!(files = swept, "files past their time were swept");
            }
        }
        Ok(())
    }

    /// Serves the clocks that have struck: nobody waits without bound.
    async fn strike(&self) -> Result<(), StoreError> {
        let now = self.ledger.now();
        for (key, conversation, _) in
            self.ledger.store().scan_json::<String>(&keys::dues(), STRUCK, false).await?
        {
            if due_at(&key) > now {
                return Ok(());
            }
            match self.ledger.change(&conversation, |change| self.struck(change)).await {
                Ok(_) | Err(ChangeError::Undrawn(_)) => {}
                Err(ChangeError::Unknown) => {
                    self.ledger.store().attempt(Commit::new().delete(key)).await?;
                }
                Err(ChangeError::Store(error)) => return Err(error),
                Err(error) => {
                    tracing::warn!(%error, conversation.id = conversation, "a clock could not be served");
                }
            }
        }
        Ok(())
    }

    fn struck(&self, change: &mut Change) -> Result<(), ChangeError> {
        if change.record.due_at.is_none_or(|at| change.now < at) {
            return Ok(());
        }
        let phrases = self.engine.phrases();
        let locale = change.record.locale();
        match change.state().stage {
            Stage::Queued => {
                change.apply(StageEvent::WaitedTooLong)?;
                let message = notice(change, phrases.get(Phrase::LeftMessage, locale).to_owned());
                change.append(message);
            }
            Stage::ReclaimGrace => {
                change.apply(StageEvent::GraceOver)?;
                let message = notice(change, phrases.get(Phrase::BackInQueue, locale).to_owned());
                change.append(message);
            }
            Stage::WrapUp => change.apply(StageEvent::Settle)?,
            _ => change.touch(),
        }
        Ok(())
    }

    /// Forgets the message ids that no platform repeats any more.
    async fn forget_ids(&self) -> Result<(), StoreError> {
        let keep = self.settings.remember_ids;
        let now = self.ledger.now();
        for record in self.ledger.store().scan_all(&keys::dedupes()).await? {
            let Ok(known) = record.decode::<DedupeRecord>() else { continue };
            if now.duration_since(known.at).unsigned_abs() > keep {
                self.ledger.store().attempt(Commit::new().delete(record.key)).await?;
            }
        }
        Ok(())
    }
}

fn due_at(key: &crate::store::Key) -> Timestamp {
    let micros = key.parts().first().and_then(crate::store::OwnedPart::number).unwrap_or(0);
    i64::try_from(micros)
        .ok()
        .and_then(|micros| Timestamp::from_microsecond(micros).ok())
        .unwrap_or(Timestamp::MAX)
}
