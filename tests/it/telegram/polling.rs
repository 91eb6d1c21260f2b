//! Polling: nothing is confirmed before it is durable, nothing is answered twice, and rivals are named.

use serde_json::json;

use super::{LI, polling, say, section, shown};
use crate::support::bot_api::{BotApi, Failure, TOKEN};
use crate::support::{Server, config, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn updates_are_confirmed_once_they_are_durable_and_a_redelivered_one_is_answered_once() {
    let api = BotApi::start().await;
    let server = polling(&api, "").await;
    assert!(!api.calls("deleteWebhook").is_empty(), "a webhook would refuse every poll");
    let update = api.private(LI, json!({ "text": "身份证丢了怎么补办" }));
    api.queue(update.clone());
    shown(&api, LI, 1).await;
    eventually("the update confirmed", async || (api.unconfirmed() == 0).then_some(())).await;
    // As after a restart whose offset was lost.
    api.queue(update);
    say(&api, LI, "/human");
    let texts = shown(&api, LI, 2).await;
    assert!(texts[1].contains("第 1 位"), "{texts:?}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_goes_on_where_the_last_process_stopped() {
    let api = BotApi::start().await;
    let data = tempfile::tempdir().unwrap();
    let own = section(&api, "polling");
    let server = Server::start(config(data.path(), &own), &[]).await;
    say(&api, LI, "身份证丢了怎么补办");
    shown(&api, LI, 1).await;
    eventually("the update confirmed", async || (api.unconfirmed() == 0).then_some(())).await;
    server.stop().await;
    let polls = api.calls("getUpdates").len();
    say(&api, LI, "公积金租房怎么提取");
    let server = Server::start(config(data.path(), &own), &[]).await;
    let texts = shown(&api, LI, 2).await;
    assert!(texts[1].contains("公积金"), "{texts:?}");
    let first = api.calls("getUpdates").swap_remove(polls);
    assert_eq!(first.params.number("offset"), Some(902), "the next after the one that was taken");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_poller_and_a_foreign_webhook_are_named_and_the_polls_go_on() {
    let api = BotApi::start().await;
    let server = polling(&api, "").await;
    let method = |name: &str| format!("{}/bot{TOKEN}/{name}", api.base);
    let client = reqwest::Client::new();
    let rival = client.post(method("getUpdates")).json(&json!({ "timeout": 0 })).send().await.unwrap();
    assert_eq!(rival.status(), 200);
    eventually("the rival named", async || {
        server.alarms("tg").contains(&"telegram_other_poller").then_some(())
    })
    .await;
    eventually("the alarm over", async || server.alarms("tg").is_empty().then_some(())).await;
    let set = client
        .post(method("setWebhook"))
        .json(&json!({ "url": "https://else.example/" }))
        .send()
        .await
        .unwrap();
    assert_eq!(set.status(), 200);
    // The present poll was let in before; the next one is not.
    say(&api, LI, "你好");
    eventually("the webhook named", async || {
        server.alarms("tg").contains(&"telegram_webhook_elsewhere").then_some(())
    })
    .await;
    say(&api, LI, "/human");
    shown(&api, LI, 2).await;
    eventually("the alarm over", async || server.alarms("tg").is_empty().then_some(())).await;
    assert!(api.webhook().is_none(), "it was taken away");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_refused_is_said_to_the_operator() {
    let api = BotApi::start().await;
    api.fail([Failure::of("getMe", 401, "Unauthorized")]);
    let server = polling(&api, "").await;
    // It was mended meanwhile: the next attempt succeeds.
    eventually("the alarm over", async || server.alarms("tg").is_empty().then_some(())).await;
    let asked = api.calls("getMe").len();
    assert!(asked >= 2, "{asked}");
    server.stop().await;
}
