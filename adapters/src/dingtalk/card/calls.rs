//! What a card asks of the platform, and what is noted of it. Facts: 钉钉开放平台 "create-and-deliver-cards",
//! "api-streamingupdate".

use reqwest::Method;
use serde_json::{Value, json};

use super::{CARDS, CardNote, Stage};
use crate::dingtalk::address::{Address, Who};
use crate::dingtalk::api::Family;
use crate::dingtalk::client::DingtalkChannel;
use crate::dingtalk::config::{CardSettings, Mode};
use crate::dingtalk::fault::{Fault, Kind};
use crate::dingtalk::routes::callback_key;
use crate::{NotesError, NotesExt};

impl DingtalkChannel {
    /// Makes a card and puts it into the chat. False: another node has begun to.
    pub(super) async fn make_card(
        &self,
        card: &CardSettings,
        turn: &str,
        address: &Address,
    ) -> Result<bool, Fault> {
        let note = CardNote {
            address: address.to_string(),
            stage: Stage::Making,
            at: (self.kit.now)(),
            choices: Vec::new(),
        };
        let noted = self.kit.notes.put(&[CARDS, turn], None, &note).await;
        if !noted.map_err(|error| Fault::new(Kind::Away, error.0))? {
            return Ok(false);
        }
        let body = self.new_card(card, turn, address).await;
        let path = "/v1.0/card/instances/createAndDeliver";
        let answer = self.api.call(Family::Card, Method::POST, path, &body).await?;
        check_delivery(&answer).map(|()| true)
    }

    async fn new_card(&self, card: &CardSettings, turn: &str, address: &Address) -> Value {
        let robot = &self.settings.robot_code;
        let thinking = self.settings.words.thinking.say(self.settings.locale);
        let mut body = json!({
            "cardTemplateId": card.template,
            "outTrackId": turn,
            "callbackType": "STREAM",
            "cardData": { "cardParamMap": {
                card.content_key.as_str(): thinking, "flowStatus": "1",
                "can_choose": "false", "can_rate": "false", "can_ask_human": "false",
            } },
            "imGroupOpenSpaceModel": { "supportForward": false },
            "imRobotOpenSpaceModel": { "supportForward": false },
            "userIdType": 1,
        });
        if self.settings.mode == Mode::Webhook {
            body["callbackType"] = "HTTP".into();
            body["callbackRouteKey"] = callback_key(&self.kit.id).into();
        }
        match address {
            Address::Group { conversation, who } => {
                body["openSpaceId"] = format!("dtv1.card//IM_GROUP.{conversation}").into();
                body["imGroupOpenDeliverModel"] = json!({ "robotCode": robot });
                if let Who::Staff(id) = who {
                    let chat = self.chats.read(address).await.unwrap_or_default();
                    body["imGroupOpenDeliverModel"]["atUserIds"] =
                        json!({ id.as_str(): chat.nick.unwrap_or_default() });
                }
            }
            Address::Single(who) => {
                body["openSpaceId"] =
                    format!("dtv1.card//IM_ROBOT.{}", who.staff().unwrap_or_default()).into();
                body["imRobotOpenDeliverModel"] = json!({ "spaceType": "IM_ROBOT", "robotCode": robot });
            }
        }
        body
    }

    /// Ends a card whose answer comes another way.
    pub(in crate::dingtalk) async fn give_up(&self, turn: &str, words: &crate::Wording) {
        self.note_card(turn, |note| note.stage = Stage::Given).await;
        let Some(card) = &self.settings.card else { return };
        let text = words.say(self.settings.locale);
        if let Err(fault) = self.stream_card(card, turn, text, true, true).await {
            tracing::debug!(channel.id = %self.kit.id, reason = fault.code, "a card could not be ended");
        }
    }

    pub(super) async fn note_card(&self, turn: &str, change: impl FnOnce(&mut CardNote)) {
        let changed = async {
            if let Some(note) = self.kit.notes.get::<CardNote>(&[CARDS, turn]).await? {
                let mut value = note.value;
                change(&mut value);
                self.kit.notes.put(&[CARDS, turn], Some(note.version), &value).await?;
            }
            Ok::<_, NotesError>(())
        };
        if let Err(error) = changed.await {
            tracing::warn!(channel.id = %self.kit.id, reason = error.0, "a card could not be noted");
        }
    }

    /// Shows the text so far.
    pub(super) async fn stream_card(
        &self,
        card: &CardSettings,
        turn: &str,
        text: &str,
        is_last: bool,
        is_error: bool,
    ) -> Result<(), Fault> {
        // Markdown variables take the whole text each time.
        let body = json!({
            "outTrackId": turn, "guid": uuid::Uuid::new_v4().to_string(), "key": card.content_key, "content": text,
            "isFull": true, "isFinalize": is_last, "isError": is_error,
        });
        self.api.call(Family::Card, Method::PUT, "/v1.0/card/streaming", &body).await.map(drop)
    }

    pub(super) async fn update_card(&self, turn: &str, variables: &Value) -> Result<(), Fault> {
        let body = json!({
            "outTrackId": turn, "cardData": { "cardParamMap": variables },
            "cardUpdateOptions": { "updateCardDataByKey": true, "updatePrivateDataByKey": true },
        });
        self.api.call(Family::Card, Method::PUT, "/v1.0/card/instances", &body).await.map(drop)
    }
}

/// 200 does not mean delivered: each space says so for itself.
fn check_delivery(answer: &Value) -> Result<(), Fault> {
    let results = answer.pointer("/result/deliverResults").and_then(Value::as_array);
    let refused = results.is_some_and(|results| {
        results.iter().any(|result| result.get("success").and_then(Value::as_bool) == Some(false))
    });
    if refused { Err(Fault::new(Kind::Unknown, "deliverResults")) } else { Ok(()) }
}
