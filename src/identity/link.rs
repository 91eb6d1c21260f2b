//! Joining a channel and letting go of it: consent, the code that comes back through the channel, and being forgotten.

use jiff::Timestamp;
use rand::RngExt;
use uuid::Uuid;

use super::login::{LoginStage, TRIES, busy};
use super::{Identities, IdentityError};
use crate::records::citizen::CitizenOf;
use crate::records::private;
use crate::records::token::digest;
use crate::records::{CitizenRecord, LinkRecord, keys};
use crate::store::{Commit, Committed, StoreExt};

/// How often a code may be wrong before it is worth nothing.
const WRONG_CODES: u8 = 5;

/// How many channels one citizen may join. Nobody has so many; without a bound a record could grow for ever.
const MOST_LINKS: usize = 50;

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

    /// Forgets a citizen: identity, name, links and logins, and what was hidden in the words. The conversations stay with the
    /// channels they were held in, with labels for good.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn forget(&self, citizen: &str) -> Result<(), IdentityError> {
        let store = self.ledger.store();
        for _ in 0..TRIES {
            let key = keys::citizen(citizen);
            let Some((record, version)) = store.get_json::<CitizenRecord>(&key).await? else { break };
            // First, because afterwards nobody knows any more whose conversations they were.
            for link in &record.links {
                for id in self.ledger.of(&link.channel, &link.address).await? {
                    private::erase(store, &id).await?;
                }
            }
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
}
