//! A citizen who has logged in, and the channels that were joined by consent.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Ledger, keys};
use crate::store::{StoreError, StoreExt};

/// A citizen who is known by name to a provider of identities. Of the name only the surname is kept, and of the
/// provider's subject only a keyed digest, in a record of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CitizenRecord {
    /// Names the citizen here; means nothing elsewhere.
    pub id: String,
    /// The name, masked, such as 张**.
    pub name: Option<String>,
    /// The digest under which the identity is kept, so that it can be forgotten with the citizen.
    pub identity: String,
    /// Since when.
    pub since: Timestamp,
    /// The channels that were joined.
    pub links: Vec<LinkRecord>,
}

/// A channel that a citizen has joined by consent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkRecord {
    /// Names the link.
    pub id: String,
    /// The channel.
    pub channel: String,
    /// The citizen's address there.
    pub address: String,
    /// Since when.
    pub since: Timestamp,
    /// The SHA-256 of the words that were consented to, in base64url.
    pub consent: String,
}

/// Which citizen somebody is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CitizenOf {
    /// The citizen's id.
    pub citizen: String,
}

impl CitizenRecord {
    /// Whether the citizen has joined this peer.
    pub fn has(&self, channel: &str, address: &str) -> bool {
        self.links.iter().any(|link| link.channel == channel && link.address == address)
    }

    /// The peers that the citizen has joined.
    pub fn peers(&self) -> Vec<(&str, &str)> {
        self.links.iter().map(|link| (link.channel.as_str(), link.address.as_str())).collect()
    }
}

impl Ledger {
    /// A citizen by id.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn citizen(&self, id: &str) -> Result<Option<CitizenRecord>, StoreError> {
        Ok(self.store().get_json(&keys::citizen(id)).await?.map(|(record, _)| record))
    }

    /// The citizen that a peer is, if the peer was joined.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn citizen_of(
        &self,
        channel: &str,
        address: &str,
    ) -> Result<Option<CitizenRecord>, StoreError> {
        let linked = self.store().get_json::<CitizenOf>(&keys::linked(channel, address)).await?;
        let Some((linked, _)) = linked else { return Ok(None) };
        // A link whose citizen has gone, or has let go of it, is no link.
        let citizen = self.citizen(&linked.citizen).await?;
        Ok(citizen.filter(|citizen| {
            citizen.links.iter().any(|link| link.channel == channel && link.address == address)
        }))
    }
}
