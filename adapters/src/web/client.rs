//! The channel's outward half. A web page holds its own cursor into the durable thread, so delivering a reply means
//! telling the sockets of that visitor to read on; a page that is closed reads on when it opens.

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;

use super::sign::Signer;
use crate::{Channel, ChannelError, ChannelId, Delivered, Inbox, Limits, Now, Outbound, Peer};

/// What the channel is built from.
#[derive(Clone)]
pub struct WebSettings {
    /// The configured name.
    pub id: ChannelId,
    /// Pages of which origins may carry the widget, besides our own; `*` for any.
    pub allowed_origins: Vec<String>,
    /// The longest frame a device may send, in bytes.
    pub frame_bytes: usize,
    /// The secret that visitor tokens are signed with.
    pub signer: Signer,
    /// The clock.
    pub now: Now,
}

/// The website channel.
pub struct WebChannel {
    pub(super) settings: WebSettings,
}

impl WebChannel {
    /// Builds the channel.
    pub fn new(settings: WebSettings) -> Arc<Self> {
        Arc::new(Self { settings })
    }

    /// The peer behind a visitor token.
    pub(super) fn peer(&self, token: &str) -> Option<Peer> {
        let visitor = self.settings.signer.check(token, (self.settings.now)())?;
        Some(Peer { channel: self.settings.id.clone(), address: visitor.id.simple().to_string() })
    }

    /// Whether a page of this origin may carry the widget. A request without an origin comes from no page.
    pub fn origin_allowed(&self, origin: Option<&str>, host: Option<&str>) -> bool {
        let Some(origin) = origin else { return true };
        let own = origin.split_once("://").map(|(_, rest)| rest);
        (own.is_some() && own == host)
            || self.settings.allowed_origins.iter().any(|allowed| allowed == "*" || allowed == origin)
    }
}

#[async_trait]
impl Channel for WebChannel {
    fn id(&self) -> &ChannelId {
        &self.settings.id
    }

    fn limits(&self) -> Limits {
        Limits { text_chars: 20_000, markdown: true, buttons: true, streaming: true }
    }

    fn routes(self: Arc<Self>, inbox: Inbox) -> Router {
        super::routes::router(self, inbox)
    }

    async fn deliver(&self, _to: &Peer, _reply: &Outbound) -> Result<Delivered, ChannelError> {
        // The commit that made the reply durable has already told every watching socket to read on, and a page that
        // is away asks from its cursor when it returns: there is nothing else to hand over.
        Ok(Delivered { platform_id: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(allowed: &[&str]) -> Arc<WebChannel> {
        WebChannel::new(WebSettings {
            id: ChannelId::new("web"),
            allowed_origins: allowed.iter().map(|&origin| origin.to_owned()).collect(),
            frame_bytes: 16_384,
            signer: Signer::new(vec![1; 32]),
            now: Arc::new(|| jiff::Timestamp::UNIX_EPOCH),
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
