//! In Telegram: a button opens the page in Telegram's own view, with what Telegram signs of the person.

use std::path::Path;
use std::process::Command;

use reqwest::StatusCode;
use serde_json::json;

use super::{CITY, Sent, server};
use crate::support::bot_api::{BotApi, Failure, TOKEN, signed};
use crate::support::identity::Browser;
use crate::support::{eventually, oracle, time};

const CITIZEN: i64 = 1001;

fn section(api: &BotApi, more: &str) -> String {
    let base = &api.base;
    format!(
        "[channels.tg]\ntype = \"telegram\"\ntoken = \"{TOKEN}\"\napi_base = \"{base}\"\npoll = \"5s\"\nper_chat = 100\nper_group = 1000\noverall = 1000\n{more}"
    )
}

/// A citizen whom somebody serves and has sent a link to.
async fn sent(api: &BotApi, more: &str) -> Sent {
    let server = server(&section(api, more)).await;
    api.queue(api.private(CITIZEN, json!({ "text": "转人工" })));
    Sent::by_helper(server).await
}

fn now() -> i64 {
    time::now().as_second()
}

/// The newest message of the citizen's chat that holds the share's link, and the labels of its buttons.
async fn shown(api: &BotApi, sent: &Sent) -> Vec<String> {
    eventually("the link", async || {
        let chat = api.chat(CITIZEN);
        let shown =
            chat.into_iter().find(|shown| shown.text.contains(&format!("{CITY}/s/{}", sent.share)))?;
        Some(shown.apps.into_iter().map(|(says, _)| says).collect())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_citizen_opens_the_form_by_its_button_and_others_do_not() {
    let api = BotApi::start().await;
    let sent = sent(&api, "").await;
    assert_eq!(shown(&api, &sent).await, ["📝 打开表单，请工作人员帮忙"]);
    let mut view = Browser::new(&sent.server);
    // Nobody has to go anywhere.
    assert_eq!(sent.leave(&mut view).await, None);
    let proof = |person, age| json!({ "proof": signed(TOKEN, person, now() - age) });
    let refused = (StatusCode::UNAUTHORIZED, "code_needed".to_owned());
    for (case, proof) in [
        ("somebody else, who was forwarded the link", proof(CITIZEN + 1, 0)),
        ("what was signed too long ago", proof(CITIZEN, 700)),
        ("what is not signed by now", proof(CITIZEN, -120)),
        ("another bot's", json!({ "proof": signed("123456:another", CITIZEN, now()) })),
        ("changed", json!({ "proof": signed(TOKEN, CITIZEN + 1, now()).replace("1002", "1001") })),
        ("nothing", json!({ "proof": "" })),
    ] {
        assert_eq!(sent.open(&mut view, proof).await, refused, "{case}");
    }
    let page = api.open_page(CITIZEN, CITIZEN, now()).unwrap();
    assert_eq!((&page.share, &page.key), (&sent.share, &sent.key));
    let proof = json!({ "proof": page.proof });
    let made_up = json!({ "id": sent.share, "key": "AAAAAAAAAAAAAAAAAAAAAA", "proof": page.proof });
    assert_eq!(view.post("/api/v1/assist/open", made_up).await.0, 410);
    assert_eq!(sent.open(&mut view, proof.clone()).await.0, 200);
    assert_eq!(sent.open(&mut view, proof).await.0, 410, "once");
    assert_eq!(sent.audit().await, ["asked", "opened known"]);
    assert!(sent.server.metrics().await.contains("yikouwen_assist_known_total{how=\"somebody_else\"} 6"));
    sent.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_button_that_telegram_refuses_leaves_the_link_and_the_digits() {
    for refusal in [
        "Bad Request: BUTTON_URL_INVALID",
        "Bad Request: BUTTON_TYPE_INVALID",
        "Bad Request: inline keyboard button Web App URL 'https://ask.city.example/s/1' is invalid: Wrong HTTP URL",
    ] {
        let api = BotApi::start().await;
        let server = server(&section(&api, "")).await;
        api.queue(api.private(CITIZEN, json!({ "text": "转人工" })));
        // The greeting, and who serves, go through.
        api.fail_after(2, Failure::of("sendMessage", 400, refusal));
        let sent = Sent::by_helper(server).await;
        assert!(shown(&api, &sent).await.is_empty(), "{refusal}");
        eventually("the digits", async || {
            api.texts(CITIZEN).iter().any(|text| text.contains("数字：")).then_some(())
        })
        .await;
        sent.digits_are_needed_and_do(|| api.texts(CITIZEN)).await;
        sent.server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_switches_it_off_has_the_digits() {
    let api = BotApi::start().await;
    let sent = sent(&api, "web_app = false\n").await;
    assert!(shown(&api, &sent).await.is_empty());
    let mut view = Browser::new(&sent.server);
    let proof = json!({ "proof": signed(TOKEN, CITIZEN, now()) });
    assert_eq!(sent.open(&mut view, proof).await.0, 401);
    sent.digits_are_needed_and_do(|| api.texts(CITIZEN)).await;
    sent.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_program_of_others_signs_as_telegram_is_believed() {
    let api = BotApi::start().await;
    let mut sent = sent(&api, "").await;
    let people: Vec<i64> = (0..40).map(|step| CITIZEN - 20 + step).collect();
    let mut command = Command::new(oracle::python("telegram"));
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/telegram_page.py"));
    command.args([TOKEN, &signed(TOKEN, 77, now()), &now().to_string()]);
    command.args(people.iter().map(ToString::to_string));
    let played = oracle::printed(&oracle::run(command).await);
    assert_eq!(played["read"], 77, "it reads what our stand-in has signed");
    let mut view = Browser::new(&sent.server);
    for (person, signed) in people.iter().zip(played["signed"].as_array().unwrap()) {
        let (status, _) = sent.open(&mut view, json!({ "proof": signed })).await;
        assert_eq!(status.as_u16(), if *person == CITIZEN { 200 } else { 401 }, "{person}: {signed}");
        if *person == CITIZEN {
            sent.again().await;
        }
    }
    sent.server.stop().await;
}
