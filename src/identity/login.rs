//! The steps of a login: begun by a channel or on our own page, sent to the provider, and returned from it. What follows for
//! the channel stands in `link`.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::provider::Arrival;
use super::{Identities, IdentityError, masked};
use crate::records::citizen::CitizenOf;
use crate::records::token::{self, digest};
use crate::records::{CitizenRecord, keys};
use crate::store::{Commit, Committed, StoreError, StoreExt, Version};

/// How long each of the two halves of a login may take: until one is back from the provider, and from there on.
const HALF: SignedDuration = SignedDuration::from_mins(10);

/// How often a change is tried again when another one came first.
pub(super) const TRIES: usize = 16;

/// How far a login has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LoginStage {
    /// It has begun.
    Started,
    /// The citizen has consented; the code has still to come back through the channel.
    Consented,
    /// The channel is joined.
    Linked,
}

/// A login under way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct LoginRecord {
    /// The channel and the address to be joined; none when it was begun on our own page.
    pub(super) peer: Option<(String, String)>,
    /// The page that began it, where one did.
    pub(super) origin: Option<String>,
    pub(super) until: Timestamp,
    pub(super) stage: LoginStage,
    /// The digests of what comes back with the address and with the cookie.
    pub(super) state: Option<String>,
    pub(super) browser: Option<String>,
    pub(super) nonce: String,
    pub(super) verifier: String,
    pub(super) citizen: Option<String>,
    pub(super) code: Option<String>,
    pub(super) wrong: u8,
}

/// A login that was begun for a channel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Begun {
    /// Its id.
    pub id: String,
    /// The page to open.
    pub url: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// The way to the provider.
#[derive(Debug)]
pub struct Sent {
    /// The provider's page.
    pub url: String,
    /// What this browser has to bring back.
    pub browser: String,
}

/// Somebody is back from the provider and logged in on our pages.
#[derive(Debug)]
pub struct Returned {
    /// The login that waits for consent, if one does.
    pub login: Option<String>,
    /// The token of the cookie.
    pub session: String,
}

/// A login as our page shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoginView {
    /// The channel that is to be joined.
    pub channel: Option<String>,
    /// The page that began it, where one did.
    pub origin: Option<String>,
    /// When it ends.
    pub expires_at: Timestamp,
    /// How far it has come.
    pub stage: LoginStage,
}

impl Identities {
    /// Begins to join a channel. A second login of the same peer takes the place of the first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn begin(
        &self,
        channel: &str,
        address: &str,
        origin: Option<String>,
    ) -> Result<Begun, StoreError> {
        let id = token::fresh();
        let peer = Some((channel.to_owned(), address.to_owned()));
        let record = LoginRecord { peer, origin, ..self.fresh() };
        let commit = Commit::new()
            .put_json(keys::login(&digest(&id)), &record)
            .put_json(keys::login_of(channel, address), &digest(&id));
        self.ledger.store().attempt(commit).await?;
        let url = format!("{}/login/{id}", self.settings.public_url);
        Ok(Begun { id, url, expires_at: record.until })
    }

    fn fresh(&self) -> LoginRecord {
        LoginRecord {
            peer: None,
            origin: None,
            until: self.later(),
            stage: LoginStage::Started,
            state: None,
            browser: None,
            nonce: String::new(),
            verifier: String::new(),
            citizen: None,
            code: None,
            wrong: 0,
        }
    }

    pub(super) fn later(&self) -> Timestamp {
        self.ledger.now().checked_add(HALF).unwrap_or(Timestamp::MAX)
    }

    pub(super) async fn login(&self, key: &str) -> Result<(LoginRecord, Version), IdentityError> {
        let found = self.ledger.store().get_json::<LoginRecord>(&keys::login(key)).await?;
        let now = self.ledger.now();
        found.filter(|(login, _)| now < login.until).ok_or(IdentityError::Expired)
    }

    /// A login, looked at without changing it.
    ///
    /// # Errors
    /// When there is none.
    pub async fn login_view(&self, id: &str) -> Result<LoginView, IdentityError> {
        let (login, _) = self.login(&digest(id)).await?;
        let channel = login.peer.map(|(channel, _)| channel);
        Ok(LoginView { channel, origin: login.origin, expires_at: login.until, stage: login.stage })
    }

    /// Sends a browser to the provider, with a login that a channel began or without; `again` has the provider ask who it is
    /// even of somebody it knows.
    ///
    /// # Errors
    /// When there is no such login, or the provider cannot be reached.
    pub async fn send(&self, id: Option<&str>, again: bool) -> Result<Sent, IdentityError> {
        let (id, login, version) = match id {
            Some(id) => {
                let (login, version) = self.login(&digest(id)).await?;
                (id.to_owned(), login, Some(version))
            }
            None => (token::fresh(), self.fresh(), None),
        };
        let (state, browser) = (token::fresh(), token::fresh());
        let departure = self.provider.depart(format!("{id}.{state}"), again).await?;
        let login = LoginRecord {
            state: Some(digest(&state)),
            browser: Some(digest(&browser)),
            nonce: departure.nonce,
            verifier: departure.verifier,
            ..login
        };
        let key = keys::login(&digest(&id));
        let commit = Commit::new().check(key.clone(), version).put_json(key, &login);
        match self.ledger.store().commit(commit).await? {
            Committed::Done(_) => Ok(Sent { url: departure.url, browser }),
            Committed::Conflict(_) => Err(IdentityError::Expired),
        }
    }

    /// The id of the login that an address of return belongs to.
    pub fn login_of_state(state: &str) -> Option<&str> {
        state.split_once('.').map(|(id, _)| id)
    }

    /// Takes somebody back from the provider. What was sent along is good once, and only in the browser that left.
    ///
    /// # Errors
    /// When the login is not the one that left, or the provider's word does not hold.
    pub async fn take_back(
        &self,
        state: &str,
        browser: Option<&str>,
        code: String,
    ) -> Result<Returned, IdentityError> {
        let (id, state) = state.split_once('.').ok_or(IdentityError::Expired)?;
        let (mut login, version) = self.login(&digest(id)).await?;
        let left = login.state.take().zip(login.browser.take());
        let back = browser.map(|browser| (digest(state), digest(browser)));
        if left.is_none() || left != back {
            return Err(IdentityError::Expired);
        }
        let (verifier, nonce) = (std::mem::take(&mut login.verifier), std::mem::take(&mut login.nonce));
        let key = keys::login(&digest(id));
        let used = Commit::new().check(key.clone(), Some(version)).put_json(key.clone(), &login);
        let Committed::Done(version) = self.ledger.store().commit(used).await? else {
            return Err(IdentityError::Expired);
        };
        let Arrival { subject, name } = self.provider.arrive(code, verifier, nonce).await?;
        let citizen = self.known(&subject, name).await?;
        let session = self.log_in(&citizen.id).await?;
        let joined = login.peer.as_ref().is_some_and(|(channel, address)| citizen.has(channel, address));
        login.citizen = Some(citizen.id);
        login.until = self.later();
        if joined {
            login.stage = LoginStage::Linked;
        }
        let waits = login.peer.is_some() && !joined;
        let store = self.ledger.store();
        let commit = Commit::new().check(key.clone(), Some(version));
        let commit = if login.peer.is_some() { commit.put_json(key, &login) } else { commit.delete(key) };
        match store.commit(commit).await? {
            Committed::Done(_) => Ok(Returned { login: waits.then(|| id.to_owned()), session }),
            Committed::Conflict(_) => Err(IdentityError::Expired),
        }
    }

    /// The citizen of a provider's subject, met again or for the first time.
    async fn known(&self, subject: &str, name: Option<String>) -> Result<CitizenRecord, IdentityError> {
        let store = self.ledger.store();
        let identity = self.identity(self.provider.issuer(), subject);
        let name = name.as_deref().map(masked);
        for _ in 0..TRIES {
            let key = keys::identity(&identity);
            let of = store.get_json::<CitizenOf>(&key).await?;
            let known = match &of {
                Some((of, _)) => store.get_json::<CitizenRecord>(&keys::citizen(&of.citizen)).await?,
                None => None,
            };
            let (record, commit) = match known {
                Some((record, _)) if name.is_none() || record.name == name => return Ok(record),
                Some((record, version)) => {
                    let record = CitizenRecord { name: name.clone(), ..record };
                    let key = keys::citizen(&record.id);
                    (record, Commit::new().check(key, Some(version)))
                }
                None => {
                    let record = CitizenRecord {
                        id: Uuid::new_v4().simple().to_string(),
                        name: name.clone(),
                        identity: identity.clone(),
                        since: self.ledger.now(),
                        links: Vec::new(),
                    };
                    let mine = CitizenOf { citizen: record.id.clone() };
                    let version = of.map(|(_, version)| version);
                    (record, Commit::new().check(key.clone(), version).put_json(key, &mine))
                }
            };
            let commit = commit.put_json(keys::citizen(&record.id), &record);
            if let Committed::Done(_) = store.commit(commit).await? {
                return Ok(record);
            }
        }
        Err(busy().into())
    }

    /// Forgets the logins that took too long or are done.
    pub(super) async fn sweep_logins(&self) -> Result<(), StoreError> {
        let store = self.ledger.store();
        let now = self.ledger.now();
        for record in store.scan_all(&keys::logins()).await? {
            let Ok(login) = record.decode::<LoginRecord>() else { continue };
            if login.until > now {
                continue;
            }
            let mut commit = Commit::new().delete(record.key.clone());
            if let Some((channel, address)) = &login.peer {
                let of = keys::login_of(channel, address);
                let newest = store.get_json::<String>(&of).await?;
                let parts = record.key.parts();
                let own = parts.first().and_then(|part| part.text());
                if let Some((newest, version)) = newest
                    && own == Some(newest.as_str())
                {
                    commit = commit.check(of.clone(), Some(version)).delete(of);
                }
            }
            store.attempt(commit).await?;
        }
        Ok(())
    }
}

pub(super) fn busy() -> StoreError {
    StoreError::Unavailable("too many changes of one citizen at once".into())
}
