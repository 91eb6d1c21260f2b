//! A citizen's login, as far as it happens in the conversation: the link, and the code that comes back.

use adapters::{Content, LoginLink, LoginRefused, LoginState, Peer};

use super::worker::notice;
use super::{Gateway, translate};
use crate::dialogue::{Locale, Phrase};
use crate::identity::{Confirmed, Identities, IdentityError};
use crate::records::{CitizenRecord, ConversationRecord, Reader};
use crate::store::StoreError;

/// How many conversations are looked at to count those that are still owed something.
const COUNTED: usize = 50;

/// How many digits a code has.
const DIGITS: usize = 6;

impl Gateway {
    /// Whether a citizen may log in through this peer: others must not read along.
    fn logs_in(&self, peer: &Peer) -> Option<&Identities> {
        let identities = self.identities.as_deref()?;
        self.channels.get(&peer.channel)?.is_private(peer).then_some(identities)
    }

    pub(super) async fn begin_login(
        &self,
        peer: &Peer,
        origin: Option<&str>,
    ) -> Result<LoginLink, LoginRefused> {
        let identities = self.logs_in(peer).ok_or(LoginRefused::Off)?;
        if let Some(retry_after) = self.too_fast(peer) {
            return Err(LoginRefused::RateLimited { retry_after });
        }
        let begun = identities.begin(peer.channel.as_str(), &peer.address, origin.map(str::to_owned)).await;
        let begun = begun.map_err(|error| unavailable(&error.into()))?;
        Ok(LoginLink { id: begun.id, url: begun.url, expires_at: begun.expires_at })
    }

    pub(super) async fn login_state(&self, peer: &Peer) -> Result<LoginState, LoginRefused> {
        self.logs_in(peer).ok_or(LoginRefused::Off)?;
        self.state_of(peer).await.map_err(|error| unavailable(&error.into()))
    }

    async fn state_of(&self, peer: &Peer) -> Result<LoginState, StoreError> {
        let Some(citizen) = self.ledger.citizen_of(peer.channel.as_str(), &peer.address).await? else {
            return Ok(LoginState::default());
        };
        let past = self.ledger.past(&citizen.peers(), COUNTED, Reader::Other).await?;
        let owed = past.iter().filter(|past| past.standing.is_owed()).count();
        Ok(LoginState { linked: true, name: citizen.name, unresolved: Some(owed) })
    }

    /// Takes the code from the channel itself rather than from the citizen's words.
    pub(super) async fn confirm_login(&self, peer: &Peer, code: &str) -> Result<(), LoginRefused> {
        let identities = self.logs_in(peer).ok_or(LoginRefused::Off)?;
        let (channel, address) = (peer.channel.as_str(), peer.address.as_str());
        match identities.confirm(channel, address, code).await.map_err(|error| unavailable(&error))? {
            Confirmed::Linked { citizen, anew: true } => {
                // The thread says so, for whoever reads it later. Without a thread there is nobody to tell.
                let current = self.ledger.of_peer(channel, address).await;
                if let Ok(Some(record)) = current {
                    let words = self.linked_words(&citizen, record.locale());
                    let said = self.ledger.change(&record.id, |change| {
                        let message = notice(change, words.clone());
                        change.append(message);
                        Ok(())
                    });
                    if let Err(error) = said.await {
                        tracing::warn!(%error, conversation.id = record.id, "a login could not be told");
                    }
                }
                Ok(())
            }
            Confirmed::Linked { anew: false, .. } => Ok(()),
            Confirmed::Wrong | Confirmed::NotAsked => Err(LoginRefused::UnknownCode),
        }
    }

    /// What is said to words that concern a login. `None`: they do not.
    pub(super) async fn about_login(
        &self,
        record: &ConversationRecord,
        content: &Content,
    ) -> Result<Option<String>, StoreError> {
        let (Content::Text { text }, Some(_)) = (content, &self.identities) else { return Ok(None) };
        let peer = translate::peer(record);
        let locale = record.locale();
        let code = text.trim();
        let is_code = code.len() == DIGITS && code.bytes().all(|byte| byte.is_ascii_digit());
        if !is_code && !self.engine.is_login(text) {
            return Ok(None);
        }
        let say = |phrase| self.engine.phrases().get(phrase, locale).to_owned();
        let Some(identities) = self.logs_in(&peer) else {
            return Ok((!is_code).then(|| say(Phrase::LoginPrivately)));
        };
        if is_code {
            return Ok(match identities.confirm(&record.channel, &record.address, code).await {
                Ok(Confirmed::Linked { citizen, .. }) => Some(self.linked_words(&citizen, locale)),
                Ok(Confirmed::Wrong) => Some(say(Phrase::LoginWrongCode)),
                Ok(Confirmed::NotAsked) => None,
                Err(IdentityError::Store(error)) => return Err(error),
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "a code could not be taken");
                    None
                }
            });
        }
        let settings = identities.settings();
        if let Some(citizen) = self.ledger.citizen_of(&record.channel, &record.address).await? {
            let url = format!("{}/me", settings.public_url);
            let words = say(Phrase::LoginKnown).replace("{name}", &self.name(&citizen, locale));
            return Ok(Some(words.replace("{url}", &url)));
        }
        let begun = identities.begin(&record.channel, &record.address, None).await?;
        let label = match locale {
            Locale::Zh => &settings.label.0,
            Locale::En => &settings.label.1,
        };
        Ok(Some(say(Phrase::LoginLink).replace("{label}", label).replace("{url}", &begun.url)))
    }

    fn name(&self, citizen: &CitizenRecord, locale: Locale) -> String {
        let unnamed = || self.engine.phrases().get(Phrase::LoginUnnamed, locale).to_owned();
        citizen.name.clone().unwrap_or_else(unnamed)
    }

    fn linked_words(&self, citizen: &CitizenRecord, locale: Locale) -> String {
        let words = self.engine.phrases().get(Phrase::LoginLinked, locale);
        words.replace("{name}", &self.name(citizen, locale))
    }
}

fn unavailable(error: &IdentityError) -> LoginRefused {
    tracing::error!(error = error as &dyn std::error::Error, "a login could not go on");
    LoginRefused::Unavailable
}
