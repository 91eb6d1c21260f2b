//! One message to one chat: by the session webhook while that lasts, then by the robot's own methods.

use reqwest::Method;
use serde_json::{Value, json};

use super::address::{Address, Who};
use super::alarms;
use super::api::{Api, Family};
use super::fault::{Fault, Kind};
use super::memory::Chat;
use crate::Now;

/// A webhook that ends so soon is not used any more, in milliseconds: the call takes time too.
const ENDS_SOON_MS: i64 = 5_000;

/// What sends.
pub(super) struct Sender<'a> {
    /// The platform.
    pub(super) api: &'a Api,
    /// The robot's code.
    pub(super) robot_code: &'a str,
    /// The time of day.
    pub(super) now: &'a Now,
}

/// Where a message goes.
pub(super) struct To<'a> {
    /// The peer.
    pub(super) address: &'a Address,
    /// What is known of the chat.
    pub(super) chat: &'a Chat,
}

impl Sender<'_> {
    /// Sends Markdown. With `mention`, the person is @-ed where others read along.
    pub(super) async fn markdown(
        &self,
        to: &To<'_>,
        title: &str,
        text: &str,
        mention: bool,
    ) -> Result<(), Fault> {
        let mention = mention && to.address.is_group();
        if let Some(result) = self.by_webhook(to, title, text, mention).await {
            match result {
                Ok(()) => return Ok(()),
                // Whether it arrived is not known, or calling on would make it worse: the outbox tries again.
                Err(fault) if matches!(fault.kind, Kind::Away | Kind::TooFast | Kind::Blocked) => {
                    return Err(fault);
                }
                Err(fault) => {
                    tracing::debug!(reason = fault.code, "a session webhook is over; sending as the robot");
                }
            }
        }
        // These methods cannot @ anybody, so the name stands in the text.
        let named = match (&to.chat.nick, mention) {
            (Some(nick), true) => format!("@{nick}\n\n{text}"),
            _ => text.to_owned(),
        };
        self.as_robot(to, "sampleMarkdown", &json!({ "title": title, "text": named })).await
    }

    async fn by_webhook(
        &self,
        to: &To<'_>,
        title: &str,
        text: &str,
        mention: bool,
    ) -> Option<Result<(), Fault>> {
        let webhook = to.chat.webhook.as_ref()?;
        let left = webhook.until.as_millisecond().saturating_sub((self.now)().as_millisecond());
        if left < ENDS_SOON_MS {
            return None;
        }
        let body = match (mention, to.address.who(), &to.chat.nick) {
            // The id has to stand in the text too, or nobody is @-ed.
            (true, Who::Staff(id), _) => json!({
                "msgtype": "markdown",
                "markdown": { "title": title, "text": format!("@{id}\n\n{text}") },
                "at": { "atUserIds": [id], "isAtAll": false },
            }),
            (true, Who::Sender(_), Some(nick)) => json!({
                "msgtype": "markdown", "markdown": { "title": title, "text": format!("@{nick}\n\n{text}") },
            }),
            _ => json!({ "msgtype": "markdown", "markdown": { "title": title, "text": text } }),
        };
        Some(self.api.post_session(&webhook.url, &body).await.map(drop))
    }

    /// Sends one of the platform's message types as the robot.
    pub(super) async fn as_robot(&self, to: &To<'_>, key: &str, parameters: &Value) -> Result<(), Fault> {
        let parameters = parameters.to_string();
        match to.address {
            Address::Group { conversation, .. } => {
                let body = json!({
                    "robotCode": self.robot_code, "openConversationId": conversation,
                    "msgKey": key, "msgParam": parameters,
                });
                self.api
                    .call(Family::Send, Method::POST, "/v1.0/robot/groupMessages/send", &body)
                    .await
                    .map(drop)
            }
            Address::Single(Who::Staff(id)) => {
                let body = json!({
                    "robotCode": self.robot_code, "userIds": [id], "msgKey": key, "msgParam": parameters,
                });
                let path = "/v1.0/robot/oToMessages/batchSend";
                let answer = self.api.call(Family::Send, Method::POST, path, &body).await?;
                self.check_lists(&answer)
            }
            Address::Single(Who::Sender(_)) => {
                self.api.alarms.raise(alarms::NO_STAFF_ID, "a reply came too late for its session");
                Err(Fault::new(Kind::Session, "the session is over and the person has no userid"))
            }
        }
    }

    /// 200 does not mean delivered: the answer lists who was not written to.
    fn check_lists(&self, answer: &Value) -> Result<(), Fault> {
        let names =
            |list: &str| answer.get(list).and_then(Value::as_array).is_some_and(|list| !list.is_empty());
        if names("invalidStaffIdList") {
            return Err(Fault::new(Kind::Recipient, "invalidStaffIdList"));
        }
        if names("flowControlledStaffIdList") {
            return Err(Fault::new(Kind::TooFast, "flowControlledStaffIdList")
                .after(std::time::Duration::from_secs(20)));
        }
        Ok(())
    }
}
