//! Who is logged in on our own pages. The cookie holds a random token; the store holds only its digest.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Identities, IdentityError};
use crate::records::token::{self, digest};
use crate::records::{CitizenRecord, keys};
use crate::store::{Commit, StoreError, StoreExt};

/// A login on our own pages.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct SessionRecord {
    citizen: String,
    expires_at: Timestamp,
}

impl Identities {
    fn session_end(&self) -> Timestamp {
        self.ledger.now().checked_add(self.settings.session).unwrap_or(Timestamp::MAX)
    }

    /// Logs a citizen in and returns the cookie's token.
    pub(super) async fn log_in(&self, citizen: &str) -> Result<String, StoreError> {
        let token = token::fresh();
        let record = SessionRecord { citizen: citizen.to_owned(), expires_at: self.session_end() };
        let commit = Commit::new().put_json(keys::citizen_session(&digest(&token)), &record);
        self.ledger.store().attempt(commit).await?;
        Ok(token)
    }

    /// The citizen behind a cookie's token. Every use prolongs the login.
    ///
    /// # Errors
    /// When there is none.
    pub async fn citizen_behind(&self, token: &str) -> Result<CitizenRecord, IdentityError> {
        let store = self.ledger.store();
        let key = keys::citizen_session(&digest(token));
        let found = store.get_json::<SessionRecord>(&key).await?;
        let (session, version) = found.ok_or(IdentityError::NotLoggedIn)?;
        let now = self.ledger.now();
        if session.expires_at <= now {
            store.attempt(Commit::new().delete(key)).await?;
            return Err(IdentityError::NotLoggedIn);
        }
        let citizen = self.ledger.citizen(&session.citizen).await?.ok_or(IdentityError::NotLoggedIn)?;
        // Prolonged at most once in a tenth of its length, because every write is durable and therefore dear.
        if session.expires_at.duration_since(now).unsigned_abs() < self.settings.session * 9 / 10 {
            let record = SessionRecord { expires_at: self.session_end(), ..session };
            // Losing this race means that another request has prolonged it.
            store.attempt(Commit::new().check(key.clone(), Some(version)).put_json(key, &record)).await?;
        }
        Ok(citizen)
    }

    /// Ends a login on our own pages.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn log_out(&self, token: &str) -> Result<(), StoreError> {
        self.ledger.store().attempt(Commit::new().delete(keys::citizen_session(&digest(token)))).await
    }

    /// Ends every login of a citizen on our own pages.
    pub(super) async fn log_out_everywhere(&self, citizen: &str) -> Result<(), StoreError> {
        let store = self.ledger.store();
        for record in store.scan_all(&keys::citizen_sessions()).await? {
            if record.decode::<SessionRecord>().is_ok_and(|session| session.citizen == citizen) {
                store.attempt(Commit::new().delete(record.key)).await?;
            }
        }
        Ok(())
    }

    /// Forgets the logins that are over, begun and done.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sweep(&self) -> Result<(), StoreError> {
        let store = self.ledger.store();
        let now = self.ledger.now();
        for record in store.scan_all(&keys::citizen_sessions()).await? {
            if record.decode::<SessionRecord>().is_ok_and(|session| session.expires_at <= now) {
                store.attempt(Commit::new().delete(record.key)).await?;
            }
        }
        self.sweep_logins().await
    }
}
