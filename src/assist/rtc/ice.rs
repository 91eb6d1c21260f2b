//! By which servers two browsers find each other. Those of a relay get a name and a password that hold for a while, as
//! coturn's `use-auth-secret` has it (draft-uberti-behave-turn-rest-00): the name begins with the time at which it ends, and
//! the password is the name's HMAC. So nothing is kept, and what a browser has is of no use tomorrow.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha1::Sha1;

/// A relay.
#[derive(Clone, Debug)]
pub struct Turn {
    /// Where it is: `turn:` and `turns:`.
    pub urls: Vec<String>,
    /// What it shares with us (`static-auth-secret`).
    pub secret: SecretString,
    /// How long a name holds.
    pub ttl: Duration,
}

/// The servers, and whether nothing but the relay is used.
#[derive(Clone, Debug, Default)]
pub struct Ice {
    /// Servers that tell a browser its outer address: `stun:`.
    pub stun: Vec<String>,
    /// The relay, if there is one.
    pub turn: Option<Turn>,
    /// Whether everything goes over the relay, so that neither side learns the other's address.
    pub relay_only: bool,
}

/// A server as browsers take it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of RTCIceServer")]
pub struct IceServer {
    pub urls: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

/// A password stands in it.
impl fmt::Debug for IceServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "IceServer({})", self.urls.join(" "))
    }
}

impl Turn {
    /// The name and the password for somebody, from now on.
    fn credentials(&self, name: &str, now: Timestamp) -> (String, String) {
        let ends = now.as_second().saturating_add(i64::try_from(self.ttl.as_secs()).unwrap_or(i64::MAX));
        let username = format!("{ends}:{name}");
        let password = password(self.secret.expose_secret(), &username);
        (username, password)
    }
}

fn password(secret: &str, username: &str) -> String {
    // An HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(username.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

impl Ice {
    /// What the browser of one side gets; `name` tells the two sides of a call apart in the relay's log, and says nothing
    /// of who they are.
    pub fn servers(&self, name: &str, now: Timestamp) -> Vec<IceServer> {
        let mut servers = Vec::new();
        if !self.relay_only && !self.stun.is_empty() {
            servers.push(IceServer { urls: self.stun.clone(), username: None, credential: None });
        }
        if let Some(turn) = &self.turn {
            let (username, credential) = turn.credentials(name, now);
            servers.push(IceServer {
                urls: turn.urls.clone(),
                username: Some(username),
                credential: Some(credential),
            });
        }
        servers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_those_that_coturn_computes() {
        // printf 1433895918:alice | openssl dgst -sha1 -hmac north -binary | base64
        // What a running coturn says to such a password is asked in tests/e2e/assist-voice.spec.ts.
        assert_eq!(password("north", "1433895918:alice"), "RqMvcGPYTJMGThVLSi4amT4zFtI=");
        let turn = Turn {
            urls: vec!["turn:turn.city.example:3478".to_owned()],
            secret: SecretString::from("north"),
            ttl: Duration::from_secs(3_600),
        };
        let now = Timestamp::from_second(1_433_892_318).unwrap();
        let mut ice =
            Ice { stun: vec!["stun:stun.city.example".to_owned()], turn: Some(turn), relay_only: false };
        let servers = ice.servers("alice", now);
        assert_eq!(servers.len(), 2);
        assert_eq!(servers[1].username.as_deref(), Some("1433895918:alice"));
        assert_eq!(servers[1].credential.as_deref(), Some("RqMvcGPYTJMGThVLSi4amT4zFtI="));
        ice.relay_only = true;
        let servers = ice.servers("alice", now);
        assert_eq!(servers.len(), 1, "nobody is asked for an address that is not used");
        assert!(!format!("{ice:?} {servers:?}").contains("north"), "neither secret nor password is printed");
        assert!(!format!("{servers:?}").contains("RqMvcGPYTJMGThVLSi4amT4zFtI="));
    }
}
