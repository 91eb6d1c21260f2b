//! The channel's outward half. A web page holds its own cursor into the durable thread, so delivering a reply means
//! telling the sockets of that visitor to read on; a page that is closed reads on when it opens.

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;

use serde::Deserialize;
use tokio::sync::Semaphore;

use super::sign::Signer;
use crate::{Alarm, Channel, ChannelError, ChannelId, Delivered, Inbox, Kit, Outbound, Peer, Wording};

/// How many files are taken in at a time; each is held in memory meanwhile.
const UPLOADS: usize = 16;

/// What a link to a file says when it does not lead to one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebWords {
    /// The link is not one of ours, or somebody else's.
    pub file_forged: Wording,
    /// The link held once; the page knows a new one.
    pub file_expired: Wording,
    /// The file is not kept any more.
    pub file_gone: Wording,
    /// The file is empty.
    pub file_empty: Wording,
    /// The file is larger than `{limit}` megabytes.
    pub file_too_large: Wording,
    /// Files of this kind are not taken.
    pub file_forbidden: Wording,
}

/// What the channel is built from.
#[derive(Clone)]
pub struct WebSettings {
    /// What the program hands to every channel.
    pub kit: Kit,
    /// Pages of which origins may carry the widget, besides our own; `*` for any.
    pub allowed_origins: Vec<String>,
    /// The longest frame a device may send, in bytes.
    pub frame_bytes: usize,
    /// The secret that visitor tokens are signed with.
    pub signer: Signer,
    /// What the channel says.
    pub words: WebWords,
}

/// The website channel.
pub struct WebChannel {
    pub(super) settings: WebSettings,
    pub(super) uploads: Semaphore,
}

impl WebChannel {
    /// Builds the channel.
    pub fn new(settings: WebSettings) -> Arc<Self> {
        Arc::new(Self { settings, uploads: Semaphore::new(UPLOADS) })
    }

    /// The time of day.
    pub(super) fn now(&self) -> jiff::Timestamp {
        (self.settings.kit.now)()
    }

    /// Where the visitor of this address reads a file of the conversation.
    pub(super) fn link(&self, address: &str, file: &str) -> String {
        let query = self.settings.signer.file_query(address, file, self.now());
        format!("/channels/{}/files/{file}?{query}", self.settings.kit.id)
    }

    /// The peer behind a visitor token.
    pub(super) fn peer(&self, token: &str) -> Option<Peer> {
        let visitor = self.settings.signer.check(token, self.now())?;
        Some(Peer { channel: self.settings.kit.id.clone(), address: visitor.id.simple().to_string() })
    }

    /// Whether a page of this origin is ours or named by the operator: any page may carry the widget where `*` is allowed,
    /// but not every page may be handed what belongs to a citizen.
    pub(super) fn origin_known(&self, origin: &str, host: Option<&str>) -> bool {
        let own = origin.split_once("://").map(|(_, rest)| rest);
        (own.is_some() && own == host)
            || self.settings.allowed_origins.iter().any(|allowed| allowed != "*" && allowed == origin)
    }

    /// Whether a page of this origin may carry the widget. A request without an origin comes from no page.
    pub fn origin_allowed(&self, origin: Option<&str>, host: Option<&str>) -> bool {
        let Some(origin) = origin else { return true };
        self.origin_known(origin, host) || self.settings.allowed_origins.iter().any(|allowed| allowed == "*")
    }
}

#[async_trait]
impl Channel for WebChannel {
    fn id(&self) -> &ChannelId {
        &self.settings.kit.id
    }

    fn is_left_when_unwatched(&self) -> bool {
        true
    }

    fn routes(self: Arc<Self>, inbox: Inbox) -> Router {
        super::routes::router(self, inbox)
    }

    async fn deliver(&self, _to: &Peer, _reply: &Outbound) -> Result<Delivered, ChannelError> {
        // The commit that made the reply durable has already told every watching socket to read on, and a page that
        // is away asks from its cursor when it returns: there is nothing else to hand over.
        Ok(Delivered { platform_id: None })
    }

    fn rates_in_words(&self) -> bool {
        // The page has stars to tap, and a digit may be a question.
        false
    }

    fn alarms(&self) -> Vec<Alarm> {
        self.settings.kit.alarms.raised()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(allowed: &[&str]) -> Arc<WebChannel> {
        let say = || Wording { zh: "无".to_owned(), en: "none".to_owned() };
        WebChannel::new(WebSettings {
            kit: crate::testing::kit("web"),
            allowed_origins: allowed.iter().map(|&origin| origin.to_owned()).collect(),
            frame_bytes: 16_384,
            signer: Signer::new(vec![1; 32]),
            words: WebWords {
                file_forged: say(),
                file_expired: say(),
                file_gone: say(),
                file_empty: say(),
                file_too_large: say(),
                file_forbidden: say(),
            },
        })
    }

    #[test]
    fn only_our_own_and_the_listed_origins_may_carry_the_widget() {
        let table = [
            (None, true),
            (Some("https://ask.city.example"), true),
            (Some("https://portal.city.example"), true),
            (Some("https://evil.example"), false),
            (Some("null"), false),
        ];
        for (origin, expected) in table {
            let allowed =
                channel(&["https://portal.city.example"]).origin_allowed(origin, Some("ask.city.example"));
            assert_eq!(allowed, expected, "{origin:?}");
        }
        assert!(channel(&["*"]).origin_allowed(Some("https://evil.example"), Some("ask.city.example")));
    }
}
