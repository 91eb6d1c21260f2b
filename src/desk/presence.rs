//! Whether a helper is there: a stored lease that every sign of life renews. It survives restarts, and a sweeper acts
//! on those that ran out, so that no conversation stays with somebody who has gone.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::Desk;
use crate::bus::{Event, topic};
use crate::dialogue::{Stage, StageEvent};
use crate::records::{ChangeError, PresenceRecord, keys};
use crate::store::{Commit, StoreError, StoreExt};

/// How often presences are looked at.
const LOOK: Duration = Duration::from_secs(5);

impl Desk {
    /// Notes a sign of life. It is written only when a third of the term is over, because every write is durable.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sign_of_life(&self, helper: &str) -> Result<(), StoreError> {
        let store = self.ledger.store();
        let key = keys::presence(helper);
        let now = self.ledger.now();
        let term = self.settings.presence;
        let known = store.get_json::<PresenceRecord>(&key).await?.map(|(record, _)| record);
        let left = known.map(|record| record.until.duration_since(now));
        if left.is_some_and(|left| left.is_positive() && left.unsigned_abs() > term * 2 / 3) {
            return Ok(());
        }
        let until = now.checked_add(term).unwrap_or(Timestamp::MAX);
        store.attempt(Commit::new().put_json(key, &PresenceRecord { until })).await?;
        if left.is_none_or(|left| !left.is_positive()) {
            self.welcome_back(helper).await?;
            self.tell_queue();
        }
        Ok(())
    }

    /// Gives a helper who was lost for a moment the conversations back that are still theirs.
    async fn welcome_back(&self, helper: &str) -> Result<(), StoreError> {
        for id in self.ledger.load(helper).await?.conversations {
            let back = self.ledger.change(&id, |change| {
                if change.state().stage == Stage::ReclaimGrace {
                    change.apply(StageEvent::HelperBack)?;
                }
                Ok(())
            });
            if let Err(ChangeError::Store(error)) = back.await {
                return Err(error);
            }
        }
        Ok(())
    }

    /// Ends a presence at once, on logout.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn leave(&self, helper: &str) -> Result<(), StoreError> {
        self.ledger.store().attempt(Commit::new().delete(keys::presence(helper))).await?;
        self.lose(helper).await?;
        self.tell_queue();
        Ok(())
    }

    /// How many helpers are present.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn online(&self) -> Result<usize, StoreError> {
        let now = self.ledger.now();
        let records = self.ledger.store().scan_all(&keys::presences()).await?;
        Ok(records
            .iter()
            .filter(|record| record.decode::<PresenceRecord>().is_ok_and(|presence| now < presence.until))
            .count())
    }

    /// Looks for presences that ran out, until `stop`.
    pub async fn sweep(self: Arc<Self>, stop: CancellationToken) {
        let mut look = tokio::time::interval(LOOK);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = look.tick() => {}
            }
            self.throttle.forget();
            if let Err(error) = self.sweep_once().await {
                tracing::error!(error = &error as &dyn std::error::Error, "presences could not be looked at");
            }
        }
    }

    async fn sweep_once(&self) -> Result<(), StoreError> {
        let now = self.ledger.now();
        let mut any = false;
        for record in self.ledger.store().scan_all(&keys::presences()).await? {
            let presence: PresenceRecord = record.decode()?;
            let parts = record.key.parts();
            let Some(helper) = parts.first().and_then(|part| part.text()) else { continue };
            if presence.until <= now {
                self.lose(helper).await?;
                let commit = Commit::new().check(record.key.clone(), Some(record.version)).delete(record.key);
                self.ledger.store().attempt(commit).await?;
                any = true;
            }
        }
        if any {
            self.tell_queue();
        }
        Ok(())
    }

    /// A helper is gone: conversations being served wait for the grace time, claimed ones go back at once.
    async fn lose(&self, helper: &str) -> Result<(), StoreError> {
        for id in self.ledger.load(helper).await?.conversations {
            let lost = self.ledger.change(&id, |change| {
                if matches!(change.state().stage, Stage::Serving | Stage::Claimed) {
                    change.apply(StageEvent::HelperLost)?;
                }
                Ok(())
            });
            if let Err(ChangeError::Store(error)) = lost.await {
                return Err(error);
            }
        }
        Ok(())
    }

    fn tell_queue(&self) {
        self.ledger.events().publish(topic::DESK, &Event::Queue);
        self.ledger.events().publish(topic::QUEUE, &Event::Queue);
    }
}
