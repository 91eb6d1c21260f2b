//! Who opens a page of ours inside of WeChat: 网页授权, silently (`snsapi_base`). Verified service accounts have it. Facts of
//! the page 网页授权.

use async_trait::async_trait;
use reqwest::Url;

use super::client::WechatChannel;
use super::errors::{ApiError, OAUTH};
use crate::recognition::{Proof, Recognition};
use crate::{ChannelError, Peer};

/// Where a browser goes to be known. The platform matches the address by a pattern, so the order of its members matters.
fn authorise(base: &str, app_id: &str, back: &str, state: &str) -> Option<String> {
    let members = [
        ("appid", app_id),
        ("redirect_uri", back),
        ("response_type", "code"),
        ("scope", "snsapi_base"),
        ("state", state),
    ];
    let mut url = Url::parse_with_params(&format!("{base}/connect/oauth2/authorize"), members).ok()?;
    url.set_fragment(Some("wechat_redirect"));
    Some(url.into())
}

/// Whether a browser is WeChat's own. The one of 企业微信 calls itself so as well, and knows nobody of an account.
fn is_wechat(agent: &str) -> bool {
    agent.contains("MicroMessenger") && !agent.contains("wxwork")
}

#[async_trait]
impl Recognition for WechatChannel {
    fn door(&self, agent: &str, back: &str, state: &str) -> Option<String> {
        is_wechat(agent).then(|| authorise(&self.config.oauth_base, &self.config.app_id, back, state))?
    }

    async fn is(&self, peer: &Peer, proof: Proof<'_>) -> Result<bool, ChannelError> {
        let Proof::Code(code) = proof else { return Ok(false) };
        match self.api.openid(code).await {
            Ok(openid) => {
                self.kit.alarms.clear(OAUTH);
                Ok(openid.is_some_and(|openid| openid == peer.address))
            }
            Err(error) => {
                match &error {
                    ApiError::NoRight(code) => self.kit.alarms.raise(OAUTH, format!("errcode {code}")),
                    other => other.tell(&self.kit.alarms),
                }
                Err(error.into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_as_the_platform_matches_it() {
        let url = authorise("https://open.weixin.qq.com", "wx1", "https://ask.city.example/s/back", "5f0a");
        assert_eq!(
            url.as_deref(),
            Some(
                "https://open.weixin.qq.com/connect/oauth2/authorize?appid=wx1\
                 &redirect_uri=https%3A%2F%2Fask.city.example%2Fs%2Fback\
                 &response_type=code&scope=snsapi_base&state=5f0a#wechat_redirect"
            )
        );
    }

    #[test]
    fn other_browsers_stay() {
        for (agent, leaves) in [
            (
                "Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 MicroMessenger/8.0.49(0x18003137) NetType/WIFI",
                true,
            ),
            ("Mozilla/5.0 (Windows NT 10.0) Chrome/116 MicroMessenger/7.0.20 WindowsWechat/3.9", true),
            ("Mozilla/5.0 (iPhone) MicroMessenger/7.0.1 wxwork/4.1.0", false),
            ("Mozilla/5.0 (iPhone) Version/17.0 Mobile Safari/604.1", false),
            ("", false),
        ] {
            assert_eq!(is_wechat(agent), leaves, "{agent}");
        }
    }
}
