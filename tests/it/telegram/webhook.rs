//! The webhook: set with a secret, refused without it, acknowledged once the update is durable.

use serde_json::json;
use yikouwen::desk::Role;

use super::{LI, section, shown};
use crate::support::bot_api::{BotApi, Failure};
use crate::support::helper::Helper;
use crate::support::{MEMORY, Server, config, eventually};

async fn called(api: &BotApi, more: &str) -> (Server, String) {
    let data = tempfile::tempdir().unwrap().keep();
    let own = format!("{}{MEMORY}{more}", section(api, "webhook"));
    let server = Server::start(config(&data, &own), &[("王老师", Role::Responder)]).await;
    let (url, secret) = eventually("the webhook set", async || api.webhook()).await;
    assert_eq!(url, "https://ask.city.example/channels/tg");
    (server, secret.expect("a secret"))
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_know_the_secret_is_refused_and_nothing_is_stored() {
    let api = BotApi::start().await;
    let (server, secret) = called(&api, "").await;
    assert!(secret.len() >= 32 && !secret.contains("AAAA"), "derived, and not the token");
    let update = api.private(LI, json!({ "text": "/human" }));
    let base = server.url("");
    for wrong in [None, Some(""), Some("wrong"), Some(&secret.to_uppercase())] {
        assert_eq!(api.call_webhook(&base, wrong, &update).await, 401, "{wrong:?}");
    }
    let helper = Helper::log_in(&server, "王老师").await;
    assert_eq!(helper.get("/queue").await["queue"], json!([]));
    assert_eq!(api.call_webhook(&base, Some(&secret), &update).await, 200);
    shown(&api, LI, 1).await;
    assert_eq!(
        api.call_webhook(&base, Some(&secret), &json!("no update")).await,
        200,
        "nothing for us is no fault"
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redelivered_update_is_answered_once_also_at_the_same_moment() {
    let api = BotApi::start().await;
    let (server, secret) = called(&api, "").await;
    let base = server.url("");
    let update = api.private(LI, json!({ "text": "身份证丢了怎么补办" }));
    let calls = (0..8).map(|_| api.call_webhook(&base, Some(&secret), &update));
    assert_eq!(futures::future::join_all(calls).await, [200; 8]);
    let human = api.private(LI, json!({ "text": "/human" }));
    assert_eq!(api.call_webhook(&base, Some(&secret), &human).await, 200);
    let texts = shown(&api, LI, 2).await;
    assert!(texts[0].contains("身份证") && texts[1].contains("第 1 位"), "{texts:?}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_of_the_operators_own_is_used_and_polls_are_not() {
    let api = BotApi::start().await;
    let data = tempfile::tempdir().unwrap().keep();
    let own = format!("{}secret_token = \"the-operators-own-secret\"\n{MEMORY}", section(&api, "webhook"));
    let server = Server::start(config(&data, &own), &[]).await;
    let (_, secret) = eventually("the webhook set", async || api.webhook()).await;
    assert_eq!(secret.as_deref(), Some("the-operators-own-secret"));
    assert!(api.calls("getUpdates").is_empty());
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_public_address_the_operator_is_told() {
    let api = BotApi::start().await;
    let data = tempfile::tempdir().unwrap().keep();
    let own = section(&api, "webhook").replace("public_url", "# public_url") + MEMORY;
    let server = Server::start(config(&data, &own), &[]).await;
    eventually("the alarm", async || server.alarms("tg").contains(&"telegram_no_public_url").then_some(()))
        .await;
    assert!(api.webhook().is_none());
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_that_comes_again_after_a_restart_is_the_same_update() {
    let api = BotApi::start().await;
    let data = tempfile::tempdir().unwrap();
    let own = section(&api, "webhook");
    let server = Server::start(config(data.path(), &own), &[]).await;
    let (_, secret) = eventually("the webhook set", async || api.webhook()).await;
    let secret = secret.as_deref();
    let asked = api.private(LI, json!({ "text": "护照" }));
    assert_eq!(api.call_webhook(&server.url(""), secret, &asked).await, 200);
    shown(&api, LI, 1).await;
    let pressed = api.press(LI, "普通护照首次申领");
    assert_eq!(api.call_webhook(&server.url(""), secret, &pressed).await, 200);
    shown(&api, LI, 2).await;
    server.stop().await;

    let server = Server::start(config(data.path(), &own), &[]).await;
    // Telegram has lost our answers to both.
    for update in [&asked, &pressed] {
        assert_eq!(api.call_webhook(&server.url(""), secret, update).await, 200);
    }
    // A later question is answered after whatever they might have brought.
    let human = api.private(LI, json!({ "text": "/human" }));
    assert_eq!(api.call_webhook(&server.url(""), secret, &human).await, 200);
    let texts = shown(&api, LI, 3).await;
    assert!(texts[2].contains("第 1 位"), "{texts:?}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_telegram_refuses_is_said_until_it_is_taken() {
    let api = BotApi::start().await;
    let refusal = "Bad Request: bad webhook: Failed to resolve host: Name or service not known";
    api.trouble(Some(Failure::of("setWebhook", 400, refusal)));
    let data = tempfile::tempdir().unwrap().keep();
    let own = format!("{}{MEMORY}", section(&api, "webhook"));
    let server = Server::start(config(&data, &own), &[]).await;
    server.says_wrong("tg", &["telegram_webhook_refused"]).await;
    assert!(api.webhook().is_none());
    api.trouble(None);
    server.says_wrong("tg", &[]).await;
    assert!(api.webhook().is_some());
    server.stop().await;
}
