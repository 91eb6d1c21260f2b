//! What is wrong is said by the running server while it lasts, and no longer.

use serde_json::json;

use super::platform::{Person, Platform, TEMPLATE};
use super::server;
use crate::support::eventually;

const QUESTION: &str = "身份证丢了怎么补";

#[tokio::test(flavor = "multi_thread")]
async fn cards_that_are_refused_are_said_until_one_is_shown() {
    let platform = Platform::start().await;
    let server = server(&platform, &format!("card_template_id = \"{TEMPLATE}\""), "", &[]).await;
    let create = "/v1.0/card/instances/createAndDeliver";
    let refusal = json!({ "code": "Forbidden.AccessDenied.AccessTokenPermissionDenied", "requestid": "r", "message": "应用尚未开通所需的权限：[Card.Instance.Write]，用户张三" });
    platform.answer_always(create, Some((403, refusal)));
    let person = Person::new(&platform, "u1");
    person.says("m1", QUESTION).await;
    let told = person.sees_so_many(1).await;
    assert!(told[0].contains("[1]"), "the answer comes as a message: {told:?}");
    server.says_wrong("ding", &["dingtalk_card_refused"]).await;
    let detail = server.channel("ding").alarms().remove(0).detail;
    assert!(detail.contains("Card.Instance.Write") && !detail.contains("张三"), "{detail}");

    platform.answer_always(create, None);
    person.says("m2", "公积金租房怎么提取").await;
    eventually("a card", async || (!platform.cards().is_empty()).then_some(())).await;
    server.says_wrong("ding", &[]).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_that_is_used_up_is_said_until_messages_have_words_again() {
    let platform = Platform::start().await;
    let server = server(&platform, "", "", &[]).await;
    platform.connected().await;
    server.says_wrong("ding", &[]).await;
    platform.say_acked(&json!({ "errorCode": 20001, "errorMessage": "the quota is used up" })).await;
    server.says_wrong("ding", &["dingtalk_quota_used_up"]).await;
    Person::new(&platform, "u1").says("m1", "你好").await;
    server.says_wrong("ding", &[]).await;
    server.stop().await;
}
