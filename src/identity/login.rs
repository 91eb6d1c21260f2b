//! The steps of a login: begun by a channel or on our own page, sent to the provider, returned from it, consented to, and
//! confirmed through the channel that is to be joined.

use jiff::{SignedDuration, Timestamp};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::provider::Arrival;
use super::{Identities, IdentityError, digest, masked, secret};
use crate::records::citizen::CitizenOf;
use crate::records::{CitizenRecord, LinkRecord, keys};
use crate::store::{Commit, Committed, StoreError, StoreExt, Version};

/// How long each of the two halves of a login may take: until one is back from the provider, and from there on.
const HALF: SignedDuration = SignedDuration::from_mins(10);

/// How often a code may be wrong before it is worth nothing.
const WRONG_CODES: u8 = 5;

/// How often a change is tried again when another one came first.
const TRIES: usize = 16;

/// How many channels one citizen may join. Nobody has so many; without a bound a record could grow for ever.
const MOST_LINKS: usize = 50;

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
struct LoginRecord {
    /// The channel and the address to be joined; none when it was begun on our own page.
    peer: Option<(String, String)>,
    /// The page that began it, where one did.
    origin: Option<String>,
    until: Timestamp,
    stage: LoginStage,
    /// The digests of what comes back with the address and with the cookie.
    state: Option<String>,
    browser: Option<String>,
    nonce: String,
    verifier: String,
    citizen: Option<String>,
    code: Option<String>,
    wrong: u8,
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

/// What has to come back through the channel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Consented {
    /// Six digits.
    pub code: String,
    /// When they end.
    pub expires_at: Timestamp,
    /// The page to which they may be handed.
    pub origin: Option<String>,
}

/// What a code that came through a channel was worth.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Confirmed {
    /// The channel is joined.
    Linked {
        /// To whom.
        citizen: CitizenRecord,
        /// Whether by this code, rather than before.
        anew: bool,
    },
    /// It is not the one.
    Wrong,
    /// No code is waited for.
    NotAsked,
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
        let id = secret();
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

    fn later(&self) -> Timestamp {
        self.ledger.now().checked_add(HALF).unwrap_or(Timestamp::MAX)
    }

    async fn login(&self, key: &str) -> Result<(LoginRecord, Version), IdentityError> {
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
            None => (secret(), self.fresh(), None),
        };
        let (state, browser) = (secret(), secret());
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

    /// Notes the consent of whoever is logged in, and makes the code that has to come back through the channel.
    ///
    /// # Errors
    /// When the login belongs to somebody else or to nobody, or its channel is joined to another citizen.
    pub async fn consent(&self, id: &str, citizen: &CitizenRecord) -> Result<Consented, IdentityError> {
        let key = digest(id);
        let (mut login, version) = self.login(&key).await?;
        // Whoever is logged in here already need not go to the provider once more; whoever went there for this login is
        // the one to consent to it.
        let own = login.citizen.as_ref().is_none_or(|of| *of == citizen.id);
        let (channel, address) = login.peer.clone().filter(|_| own).ok_or(IdentityError::Expired)?;
        login.citizen = Some(citizen.id.clone());
        self.free(&channel, &address, citizen).await?;
        let code = format!("{:06}", rand::rng().random_range(0..1_000_000_u32));
        login.code = Some(code.clone());
        login.wrong = 0;
        login.stage = LoginStage::Consented;
        login.until = self.later();
        let (expires_at, origin) = (login.until, login.origin.clone());
        let commit = Commit::new()
            .check(keys::login(&key), Some(version))
            .put_json(keys::login(&key), &login)
            // Whoever began another login meanwhile and consents to this one means this one.
            .put_json(keys::login_of(&channel, &address), &key);
        match self.ledger.store().commit(commit).await? {
            Committed::Done(_) => Ok(Consented { code, expires_at, origin }),
            Committed::Conflict(_) => Err(IdentityError::Expired),
        }
    }

    /// Whether a peer belongs to nobody else.
    async fn free(&self, channel: &str, address: &str, citizen: &CitizenRecord) -> Result<(), IdentityError> {
        match self.ledger.citizen_of(channel, address).await? {
            Some(other) if other.id != citizen.id => Err(IdentityError::Elsewhere),
            _ => Ok(()),
        }
    }

    /// Takes a code that came through a channel. A code that was right is right again, because a platform may deliver the
    /// same message twice and a worker may have to begin anew.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn confirm(
        &self,
        channel: &str,
        address: &str,
        code: &str,
    ) -> Result<Confirmed, IdentityError> {
        let store = self.ledger.store();
        for _ in 0..TRIES {
            let of = store.get_json::<String>(&keys::login_of(channel, address)).await?;
            let Some((key, _)) = of else { return Ok(Confirmed::NotAsked) };
            let (mut login, version) = match self.login(&key).await {
                Err(IdentityError::Expired) => return Ok(Confirmed::NotAsked),
                found => found?,
            };
            let (Some(expected), Some(citizen)) = (&login.code, &login.citizen) else {
                return Ok(Confirmed::NotAsked);
            };
            if login.wrong >= WRONG_CODES {
                return Ok(Confirmed::NotAsked);
            }
            let id = keys::login(&key);
            let mut commit = Commit::new().check(id.clone(), Some(version));
            if expected != code.trim() {
                login.wrong += 1;
                match store.commit(commit.put_json(id, &login)).await? {
                    Committed::Done(_) => return Ok(Confirmed::Wrong),
                    Committed::Conflict(_) => continue,
                }
            }
            let key = keys::citizen(citizen);
            let Some((mut citizen, version)) = store.get_json::<CitizenRecord>(&key).await? else {
                return Ok(Confirmed::NotAsked);
            };
            if citizen.has(channel, address) {
                return Ok(Confirmed::Linked { citizen, anew: false });
            }
            match self.free(channel, address, &citizen).await {
                Err(IdentityError::Elsewhere) => return Ok(Confirmed::NotAsked),
                free => free?,
            }
            if citizen.links.len() >= MOST_LINKS {
                citizen.links.remove(0);
            }
            citizen.links.push(LinkRecord {
                id: Uuid::new_v4().simple().to_string(),
                channel: channel.to_owned(),
                address: address.to_owned(),
                since: self.ledger.now(),
                consent: self.consent_digest(),
            });
            login.stage = LoginStage::Linked;
            let mine = keys::linked(channel, address);
            let known = store.get(&mine).await?.map(|(_, version)| version);
            commit = commit
                .put_json(id, &login)
                .check(key.clone(), Some(version))
                .put_json(key, &citizen)
                .check(mine.clone(), known)
                .put_json(mine, &CitizenOf { citizen: citizen.id.clone() });
            if let Committed::Done(_) = store.commit(commit).await? {
                return Ok(Confirmed::Linked { citizen, anew: true });
            }
        }
        Err(busy().into())
    }

    /// Lets go of a channel.
    ///
    /// # Errors
    /// When the citizen has no such link.
    pub async fn unlink(&self, citizen: &str, link: &str) -> Result<(), IdentityError> {
        let store = self.ledger.store();
        for _ in 0..TRIES {
            let key = keys::citizen(citizen);
            let found = store.get_json::<CitizenRecord>(&key).await?;
            let (mut record, version) = found.ok_or(IdentityError::NotLoggedIn)?;
            let place = record.links.iter().position(|known| known.id == link);
            let gone = record.links.remove(place.ok_or(IdentityError::Unknown)?);
            let commit = Commit::new()
                .check(key.clone(), Some(version))
                .put_json(key, &record)
                .delete(keys::linked(&gone.channel, &gone.address));
            if let Committed::Done(_) = store.commit(commit).await? {
                return Ok(());
            }
        }
        Err(busy().into())
    }

    /// Forgets a citizen: identity, name, links and logins. The conversations stay with the channels they were held in.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn forget(&self, citizen: &str) -> Result<(), IdentityError> {
        let store = self.ledger.store();
        for _ in 0..TRIES {
            let key = keys::citizen(citizen);
            let Some((record, version)) = store.get_json::<CitizenRecord>(&key).await? else { break };
            let mut commit = Commit::new()
                .check(key.clone(), Some(version))
                .delete(key)
                .delete(keys::identity(&record.identity));
            for link in &record.links {
                commit = commit.delete(keys::linked(&link.channel, &link.address));
            }
            if let Committed::Done(_) = store.commit(commit).await? {
                break;
            }
        }
        Ok(self.log_out_everywhere(citizen).await?)
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

fn busy() -> StoreError {
    StoreError::Unavailable("too many changes of one citizen at once".into())
}
