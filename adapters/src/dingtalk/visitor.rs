//! Who opens a page of ours inside of DingTalk: the platform's page of OAuth 2.0 asks the person to agree and sends a code back, which
//! is exchanged for the person's own token, that for who it is in DingTalk, and that for the userid in the company. Facts of the
//! pages 获取用户委托的访问凭证, 获取用户token, 获取用户通讯录个人信息 and 根据unionid获取用户userid.

use async_trait::async_trait;
use reqwest::{Method, Url};
use serde_json::json;

use super::address::{Address, Who};
use super::alarms;
use super::api::Family;
use super::client::DingtalkChannel;
use super::fault::{Fault, Kind};
use super::wire::{number, text};
use crate::recognition::{Proof, Recognition};
use crate::{ChannelError, Peer};

/// Where a browser goes to be known.
fn authorise(base: &str, client_id: &str, back: &str, state: &str) -> Option<String> {
    let members = [
        ("redirect_uri", back),
        ("response_type", "code"),
        ("client_id", client_id),
        ("scope", "openid"),
        ("state", state),
        // Nothing else is taken.
        ("prompt", "consent"),
    ];
    Url::parse_with_params(&format!("{base}/oauth2/auth"), members).ok().map(Into::into)
}

/// The member of the company whom a chat with the robot is held with. Others have no userid.
pub(super) fn member(peer: &Peer) -> Option<String> {
    match Address::parse(&peer.address)? {
        Address::Single(Who::Staff(staff)) => Some(staff),
        Address::Single(Who::Sender(_)) | Address::Group { .. } => None,
    }
}

impl DingtalkChannel {
    /// The userid of whoever came back with this code. `None`: they are no member of the company.
    async fn visitor(&self, code: &str) -> Result<Option<String>, Fault> {
        let lacks = |what: &str| Fault::new(Kind::Away, format!("an answer without {what}"));
        let token = self.api.user_token(code).await?;
        let person = self.api.as_user(&token, Method::GET, "/v1.0/contact/users/me").await?;
        let person = text(&person, "unionId").ok_or_else(|| lacks("unionId"))?;
        let body = json!({ "unionid": person });
        let answer = match self.api.call_old(Family::Visitor, "/topapi/user/getbyunionid", &body).await {
            Err(fault) if fault.kind == Kind::Recipient => return Ok(None),
            other => other?,
        };
        let found = answer.get("result").unwrap_or(&serde_json::Value::Null);
        // 1 is an outside contact of the company.
        Ok(text(found, "userid").filter(|_| number(found, "contact_type").is_none_or(|kind| kind == 0)))
    }
}

#[async_trait]
impl Recognition for DingtalkChannel {
    fn door(&self, agent: &str, back: &str, state: &str) -> Option<String> {
        let settings = &self.settings;
        agent
            .contains("DingTalk")
            .then(|| authorise(&settings.login_base, &settings.client_id, back, state))?
    }

    async fn is(&self, peer: &Peer, proof: Proof<'_>) -> Result<bool, ChannelError> {
        let (Proof::Code(code), Some(member)) = (proof, member(peer)) else { return Ok(false) };
        let visitor = self.visitor(code).await?;
        self.kit.alarms.clear(alarms::VISITOR_REFUSED);
        Ok(visitor.is_some_and(|visitor| visitor == member))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ChannelId;

    #[test]
    fn the_address_is_as_the_platform_documents_it() {
        let url = authorise("https://login.dingtalk.com", "ding1", "https://ask.city.example/s/back", "5f0a");
        assert_eq!(
            url.as_deref(),
            Some(
                "https://login.dingtalk.com/oauth2/auth?redirect_uri=https%3A%2F%2Fask.city.example%2Fs%2Fback\
                 &response_type=code&client_id=ding1&scope=openid&state=5f0a&prompt=consent"
            )
        );
    }

    #[test]
    fn only_members_in_a_chat_of_their_own_can_be_known() {
        let of = |address: &str| member(&Peer { channel: ChannelId::new("d"), address: address.to_owned() });
        assert_eq!(of("single:staff:u1").as_deref(), Some("u1"));
        for other in ["single:sender:x", "group:cid:staff:u1", "", "u1"] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
