//! Who a citizen is, when the citizen wants it known: login with a provider of identities, and the joining of channels by
//! consent.
//!
//! A channel is joined in three steps, and each stands for something. Logging in at the [`provider`] says who it is.
//! Consent on our own page says that it is wanted. A code shown there that comes back through the channel says that
//! whoever consented also holds that channel: a link that was sent to a stranger joins nothing, because the stranger's code
//! would have to come back through the sender's conversation.
//!
//! Open next: [`login`] (the steps to the provider and back), [`link`] (joining a channel), [`session`] (who is logged in on our pages), [`provider`].

pub mod link;
pub mod login;
pub mod provider;
pub mod session;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::time::Duration;

use crate::records::{Ledger, token};
use crate::store::StoreError;
pub use link::{Confirmed, Consented};
pub use login::{Begun, LoginStage, LoginView, Returned};
pub use provider::{Provider, ProviderError, ProviderSettings};

/// What the configuration says of logins.
#[derive(Clone, Debug)]
pub struct IdentitySettings {
    /// The address by which citizens reach the server, without a slash at the end.
    pub public_url: String,
    /// What the provider is called, Chinese and English.
    pub label: (String, String),
    /// How long a login on our own pages lasts without being used.
    pub session: Duration,
    /// What a citizen consents to, Chinese and English.
    pub consent: (String, String),
}

/// Why a step of a login did not happen.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// There is no such login, or it took too long.
    #[error("there is no such login, or it took too long")]
    Expired,
    /// Nobody is logged in.
    #[error("not logged in")]
    NotLoggedIn,
    /// The channel was joined to somebody else before.
    #[error("the channel belongs to another login")]
    Elsewhere,
    /// There is no such link.
    #[error("there is no such link")]
    Unknown,
    /// The provider was of no use.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// Logins of citizens.
pub struct Identities {
    ledger: Ledger,
    provider: Provider,
    settings: IdentitySettings,
    key: Vec<u8>,
}

impl Identities {
    /// Logins over a ledger. `key` is a secret of at least 32 random bytes, under which identities are kept.
    pub fn new(ledger: Ledger, provider: Provider, settings: IdentitySettings, key: Vec<u8>) -> Self {
        Self { ledger, provider, settings, key }
    }

    /// What the configuration says.
    pub fn settings(&self) -> &IdentitySettings {
        &self.settings
    }

    /// The provider.
    pub fn provider(&self) -> &Provider {
        &self.provider
    }

    /// Under what an identity is kept. The store says of nobody which person of the provider's it is.
    fn identity(&self, issuer: &str, subject: &str) -> String {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) else { return String::new() };
        mac.update(issuer.as_bytes());
        mac.update(b"\0");
        mac.update(subject.as_bytes());
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }

    /// Which words were consented to.
    fn consent_digest(&self) -> String {
        let (zh, en) = &self.settings.consent;
        token::digest(&format!("{zh}\0{en}"))
    }
}

/// A name of which only the beginning is kept: 张** for 张小三, A** for Ada.
fn masked(name: &str) -> String {
    let mut characters = name.chars();
    let first = characters.next().map(String::from).unwrap_or_default();
    first + &"*".repeat(characters.count().clamp(1, 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_name_the_beginning_is_kept() {
        assert_eq!(masked("张三"), "张*");
        assert_eq!(masked("张小三"), "张**");
        assert_eq!(masked("Ada Lovelace"), "A**");
        assert_eq!(masked("李"), "李*");
    }
}
