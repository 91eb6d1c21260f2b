//! The pace that is set is kept, as Telegram's own book shows. The calls of one chat come one after the other, each behind the
//! answer to the one before. So between the first and the third of three calls lies a whole second wherever one a second
//! is allowed, however slow the machine is.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use yikouwen::desk::Role;

use super::{LI, say, section, shown, waiting};
use crate::support::bot_api::BotApi;
use crate::support::helper::Helper;
use crate::support::{MEMORY, Server, config, eventually};

const SUPERGROUP: i64 = -1_000_000_007_000;

/// A server with this rate in the place of one that no story reaches.
async fn paced(api: &BotApi, unlimited: &str, rate: &str) -> Server {
    let data = tempfile::tempdir().unwrap().keep();
    let section = section(api, "polling");
    assert!(section.contains(unlimited), "{section}");
    let own = format!("{}{MEMORY}", section.replace(unlimited, rate));
    let server = Server::start(config(&data, &own), &[("王老师", Role::Responder)]).await;
    eventually("a poll", async || (!api.calls("getUpdates").is_empty()).then_some(())).await;
    server
}

/// When messages were sent, to this chat or to anybody.
fn sent(api: &BotApi, chat: Option<i64>) -> Vec<Instant> {
    let calls = api.calls("sendMessage").into_iter();
    let wanted = calls.filter(|call| chat.is_none_or(|chat| call.params.number("chat_id") == Some(chat)));
    wanted.map(|call| call.at).collect()
}

fn assert_one_a_second(sent: &[Instant]) {
    for three in sent.windows(3) {
        let gap = three[2] - three[0];
        assert!(gap >= Duration::from_secs(1), "three messages within {gap:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_chat_is_sent_no_more_a_second_than_is_set() {
    let api = BotApi::start().await;
    let server = paced(&api, "per_chat = 100", "per_chat = 1").await;
    say(&api, LI, "/human");
    shown(&api, LI, 1).await;
    let helper = Helper::log_in(&server, "王老师").await;
    let conversation = waiting(&helper).await;
    assert_eq!(helper.claim(&conversation).await.0, 200);
    for number in 1..=4 {
        assert_eq!(helper.write(&conversation, &format!("第 {number} 句")).await.0, 201);
    }
    shown(&api, LI, 6).await;
    assert_one_a_second(&sent(&api, Some(LI)));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_together_is_sent_no_more_a_second_than_is_set() {
    let api = BotApi::start().await;
    let server = paced(&api, "overall = 1000", "overall = 1").await;
    for citizen in LI..LI + 5 {
        say(&api, citizen, "/human");
        shown(&api, citizen, 1).await;
    }
    assert_one_a_second(&sent(&api, None));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_sent_no_more_a_minute_than_is_set_and_others_do_not_wait_for_it() {
    let api = BotApi::start().await;
    let server = paced(&api, "per_group = 1000", "per_group = 1").await;
    api.queue(api.in_group(SUPERGROUP, 1, json!({ "text": "@anhe_bot /human" })));
    shown(&api, SUPERGROUP, 1).await;
    api.queue(api.in_group(SUPERGROUP, 2, json!({ "text": "/human@anhe_bot" })));
    say(&api, LI, "/human");
    shown(&api, LI, 1).await;
    // The second message had all the time that the other chat's took, and this.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let sent = sent(&api, Some(SUPERGROUP));
    // Only a machine that stood still for a minute has seen two.
    if let [first, second, ..] = sent[..] {
        assert!(second - first >= Duration::from_secs(59), "{:?}", second - first);
    }
    server.stop().await;
}
