//! What `yikouwen check --online` says of a bot.

use serde_json::json;

use super::section;
use crate::support::MEMORY;
use crate::support::bot_api::{BotApi, TOKEN};
use crate::support::check::check_online;

async fn set(api: &BotApi, url: &str) {
    let method = format!("{}/bot{TOKEN}/setWebhook", api.base);
    let answer = reqwest::Client::new().post(method).json(&json!({ "url": url })).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_is_tried_and_its_webhook_is_looked_at_and_left_alone() {
    let api = BotApi::start().await;
    let check = async |mode: &str| check_online(&format!("{}{MEMORY}", section(&api, mode))).await;
    let (code, text) = check("polling").await;
    assert!(code == Some(0) && text.contains("轮询收消息 is polled"), "{text}");
    let (code, text) = check("webhook").await;
    assert!(code == Some(0) && text.contains("set when the server starts"), "{text}");
    set(&api, "https://ask.city.example/channels/tg").await;
    let (code, text) = check("webhook").await;
    assert!(code == Some(0) && text.contains("webhook 已登记"), "{text}");
    let (code, text) = check("polling").await;
    assert!(code == Some(1) && text.contains("a webhook is set") && text.contains("轮询"), "{text}");
    set(&api, "https://elsewhere.example/secret-path").await;
    let (code, text) = check("webhook").await;
    assert!(code == Some(1) && text.contains("another address is set"), "{text}");
    assert!(!text.contains("secret-path") && !text.contains(TOKEN), "{text}");
    set(&api, "https://ask.city.example/channels/tg").await;
    api.say_webhook_fails("Connection refused");
    let (code, text) = check("webhook").await;
    assert!(
        code == Some(1) && text.contains("Connection refused; 3 updates wait") && text.contains("public_url"),
        "{text}"
    );
    for changing in ["deleteWebhook", "setMyCommands", "getUpdates"] {
        assert!(api.calls(changing).is_empty(), "{changing} would change what a running server needs");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_and_a_platform_that_is_away_are_told_with_what_to_do() {
    let api = BotApi::start().await;
    let wrong = section(&api, "polling").replace(TOKEN, "123456:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB");
    let (code, text) = check_online(&format!("{wrong}{MEMORY}")).await;
    assert!(code == Some(1) && text.contains("BotFather"), "{text}");
    let away = section(&api, "polling").replace(&api.base, "http://127.0.0.1:9");
    let (code, text) = check_online(&format!("{away}{MEMORY}")).await;
    assert!(code == Some(1) && text.contains("no connection"), "{text}");
}
