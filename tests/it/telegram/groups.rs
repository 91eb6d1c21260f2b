//! Groups: only who means the bot is answered, each for themselves, and a group that moves is followed.

use serde_json::json;

use super::{LI, polling, say, shown, transcript, waiting};
use crate::support::bot_api::BotApi;
use crate::support::eventually;
use crate::support::helper::Helper;

/// A small group, and what it becomes.
const GROUP: i64 = -5_000;
const SUPERGROUP: i64 = -1_000_000_005_000;

#[tokio::test(flavor = "multi_thread")]
async fn only_who_means_the_bot_is_answered_and_each_for_themselves() {
    let api = BotApi::start().await;
    let server = polling(&api, "").await;
    api.queue(api.in_group(GROUP, 1, json!({ "text": "身份证丢了怎么补办" })));
    let asked = api.in_group(GROUP, 1, json!({ "text": "@anhe_bot 护照" }));
    let message = asked["message"]["message_id"].as_i64();
    api.queue(asked);
    let texts = shown(&api, GROUP, 1).await;
    assert!(texts[0].contains("护照"), "{texts:?}");
    assert_eq!(api.chat(GROUP)[0].answers, message, "it refers to the question");
    let number =
        texts[0].lines().find_map(|line| line.strip_suffix(". 普通护照首次申领")).unwrap().to_owned();
    // The other one has no choices open: a number is no answer to what the first was asked.
    let answers_bot = json!({ "message_id": 1, "date": 1, "from": { "id": 123_456, "is_bot": true }, "chat": { "id": GROUP, "type": "group" } });
    api.queue(api.in_group(GROUP, 2, json!({ "text": number, "reply_to_message": answers_bot })));
    let texts = shown(&api, GROUP, 2).await;
    assert!(!texts[1].contains("出处"), "{texts:?}");
    api.queue(api.in_group(GROUP, 1, json!({ "text": number, "reply_to_message": answers_bot })));
    let texts = shown(&api, GROUP, 3).await;
    assert!(texts[2].contains("普通护照首次申领"), "{texts:?}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_becomes_a_supergroup_keeps_its_conversations() {
    let api = BotApi::start().await;
    let server = polling(&api, "").await;
    api.queue(api.in_group(GROUP, 1, json!({ "text": "/human@anhe_bot" })));
    shown(&api, GROUP, 1).await;
    let helper = Helper::log_in(&server, "王老师").await;
    let conversation = waiting(&helper).await;
    api.migrate(GROUP, SUPERGROUP);
    // Nobody has told us but the refusal.
    assert_eq!(helper.claim(&conversation).await.0, 200);
    assert_eq!(helper.write(&conversation, "您好").await.0, 201);
    let texts = shown(&api, SUPERGROUP, 2).await;
    assert_eq!(texts[1], "王老师\n\n您好");
    api.queue(api.in_group(SUPERGROUP, 1, json!({ "text": "@anhe_bot 我还在" })));
    eventually("the same conversation", async || {
        let said = transcript(&helper, &conversation).await;
        said.iter().any(|(author, text)| author == "citizen" && text == "我还在").then_some(())
    })
    .await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_not_shown_the_numbers_of_whoever_asked() {
    let api = BotApi::start().await;
    let server = polling(&api, "").await;
    let asked = "转人工，我的手机是13800138000，身份证11010519491231002X";
    api.queue(api.in_group(GROUP, 1, json!({ "text": format!("@anhe_bot {asked}") })));
    shown(&api, GROUP, 1).await;
    let helper = Helper::log_in(&server, "王老师").await;
    let conversation = waiting(&helper).await;
    assert_eq!(helper.claim(&conversation).await.0, 200);
    shown(&api, GROUP, 2).await;
    // Half of the number is bold, so that it stands in two pieces of the message.
    let words = "核对一下：手机 138 **0013** 8000，身份证 11010519491231002X，对吗？窗口电话 13900139000。";
    assert_eq!(helper.write(&conversation, words).await.0, 201);
    let told = shown(&api, GROUP, 3).await.remove(2);
    assert!(
        !told.contains("11010519491231002X") && !told.contains("138") && !told.contains("0013 "),
        "{told}"
    );
    assert!(told.contains("【身份证号】") && told.contains("【手机号】"), "{told}");
    assert!(told.contains("13900139000"), "the office's own number stays: {told}");

    // In a chat that nobody else reads nothing is hidden.
    say(&api, LI, asked);
    shown(&api, LI, 1).await;
    let conversation = waiting(&helper).await;
    assert_eq!(helper.claim(&conversation).await.0, 200);
    assert_eq!(helper.write(&conversation, words).await.0, 201);
    let told = shown(&api, LI, 3).await.remove(2);
    assert!(told.contains("138 0013 8000") && told.contains("11010519491231002X"), "{told}");
    server.stop().await;
}
