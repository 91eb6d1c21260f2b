//! Helpers' logins. The cookie holds a random token; the store holds only its digest, so that a stolen backup logs
//! nobody in.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Desk;
use super::accounts::{self, AccountError, HelperRecord};
use crate::records::keys;
use crate::records::token::{self, digest};
use crate::store::{Commit, Store, StoreError, StoreExt};

/// A login.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct SessionRecord {
    helper: String,
    expires_at: Timestamp,
}

/// Why a cookie does not log anybody in.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// There is no such login, or it has ended.
    #[error("not logged in")]
    NotLoggedIn,
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl Desk {
    /// Logs a helper in and returns the account and the cookie's token.
    ///
    /// # Errors
    /// When name and password do not belong together, or attempts come too fast.
    pub async fn log_in(
        &self,
        name: &str,
        password: &str,
        address: &str,
    ) -> Result<(HelperRecord, String), AccountError> {
        self.throttle.admit(name, address)?;
        let store = self.ledger.store();
        let helper = match accounts::verify(store, name, password).await {
            Err(AccountError::WrongPassword) => return Err(self.throttle.failed(name)),
            verified => verified?,
        };
        let token = token::fresh();
        let record = SessionRecord { helper: helper.name.clone(), expires_at: self.session_end() };
        store.attempt(Commit::new().put_json(keys::session(&digest(&token)), &record)).await?;
        self.sign_of_life(&helper.name).await?;
        Ok((helper, token))
    }

    fn session_end(&self) -> Timestamp {
        self.ledger.now().checked_add(self.settings.session).unwrap_or(Timestamp::MAX)
    }

    /// The helper behind a cookie's token. Every use prolongs the login.
    ///
    /// # Errors
    /// When there is none.
    pub async fn helper_of(&self, token: &str) -> Result<HelperRecord, SessionError> {
        let store = self.ledger.store();
        let key = keys::session(&digest(token));
        let Some((session, version)) = store.get_json::<SessionRecord>(&key).await? else {
            return Err(SessionError::NotLoggedIn);
        };
        let now = self.ledger.now();
        if session.expires_at <= now {
            store.attempt(Commit::new().delete(key)).await?;
            return Err(SessionError::NotLoggedIn);
        }
        let helper = store.get_json::<HelperRecord>(&keys::helper(&session.helper)).await?;
        let Some((helper, _)) = helper.filter(|(helper, _)| !helper.disabled) else {
            return Err(SessionError::NotLoggedIn);
        };
        // Prolonged at most once in a tenth of its length, because every write is durable and therefore dear.
        let left = session.expires_at.duration_since(now).unsigned_abs();
        if left < self.settings.session * 9 / 10 {
            let record = SessionRecord { expires_at: self.session_end(), ..session };
            // Losing this race means that another request has prolonged it.
            store.attempt(Commit::new().check(key.clone(), Some(version)).put_json(key, &record)).await?;
        }
        Ok(helper)
    }

    /// Ends a login.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn log_out(&self, token: &str) -> Result<(), StoreError> {
        self.ledger.store().attempt(Commit::new().delete(keys::session(&digest(token)))).await?;
        Ok(())
    }
}

/// Ends every login of a helper.
pub(super) async fn end_all_of(store: &dyn Store, name: &str) -> Result<(), StoreError> {
    for record in store.scan_all(&keys::sessions()).await? {
        if record.decode::<SessionRecord>().is_ok_and(|session| session.helper == name) {
            store.attempt(Commit::new().delete(record.key)).await?;
        }
    }
    Ok(())
}
