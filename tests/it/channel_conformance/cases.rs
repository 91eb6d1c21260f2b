//! The stories.

use yikouwen::desk::Role;

use super::{Platform, Sent};
use crate::support::helper::Helper;
use crate::support::{MEMORY, Server, config, eventually};

/// Words that the rules answer, without the knowledge.
const HUMAN: &str = "转人工";
const QUESTION: &str = "身份证丢了怎么补办";

async fn server<P: Platform>(platform: &P, more: &str) -> Server {
    let data = tempfile::tempdir().unwrap().keep();
    start(platform, &data, &format!("{MEMORY}{more}")).await
}

async fn start<P: Platform>(platform: &P, data: &std::path::Path, more: &str) -> Server {
    let own = format!("{}{more}", platform.section());
    let server = Server::start(config(data, &own), &[("王老师", Role::Responder)]).await;
    platform.connect(&server).await;
    server
}

async fn arrived<P: Platform>(platform: &P, citizen: u32, count: usize) -> Vec<String> {
    eventually(&format!("{count} messages"), async || {
        let arrived = platform.arrived(citizen);
        (arrived.len() >= count).then_some(arrived)
    })
    .await
}

/// A citizen who is served by a person.
async fn served<P: Platform>(platform: &P, server: &Server, citizen: u32) -> (Helper, String) {
    assert_eq!(platform.send(server, &platform.write(citizen, HUMAN)).await, Sent::Taken);
    arrived(platform, citizen, 1).await;
    let helper = Helper::log_in(server, "王老师").await;
    let conversation = eventually("the queue", async || {
        helper.get("/queue").await["queue"][0]["conversation"].as_str().map(str::to_owned)
    })
    .await;
    assert_eq!(helper.claim(&conversation).await.0, 200);
    arrived(platform, citizen, 2).await;
    (helper, conversation)
}

pub(super) async fn a_forged_message_is_refused<P: Platform>() {
    let platform = P::start().await;
    let server = server(&platform, "").await;
    let message = platform.write(1, HUMAN);
    let forged = platform.forge(&server, &message).await;
    if P::IS_CALLED {
        assert!(matches!(forged, Sent::Refused(400..=403)), "{forged:?}");
    }
    // The true one is taken, as the first: nothing of the forged one was kept.
    assert_eq!(platform.send(&server, &message).await, Sent::Taken);
    let texts = arrived(&platform, 1, 1).await;
    assert!(texts[0].contains("第 1 位"), "{texts:?}");
    let helper = Helper::log_in(&server, "王老师").await;
    assert_eq!(helper.get("/queue").await["queue"].as_array().unwrap().len(), 1);
    server.stop().await;
}

pub(super) async fn a_redelivered_message_is_answered_once<P: Platform>() {
    let platform = P::start().await;
    let server = server(&platform, "").await;
    let message = platform.write(1, QUESTION);
    for _ in 0..3 {
        assert_eq!(platform.send(&server, &message).await, Sent::Taken);
    }
    arrived(&platform, 1, 1).await;
    assert_eq!(platform.send(&server, &message).await, Sent::Taken, "also after it was answered");
    assert_eq!(platform.send(&server, &platform.write(1, HUMAN)).await, Sent::Taken);
    let texts = arrived(&platform, 1, 2).await;
    assert!(texts[0].contains("身份证") && texts[1].contains("第 1 位"), "{texts:?}");
    server.stop().await;
}

pub(super) async fn nothing_is_longer_than_the_platform_takes<P: Platform>() {
    let platform = P::start().await;
    let server = server(&platform, "[desk]\nmessage_chars = 100000\n").await;
    let (helper, conversation) = served(&platform, &server, 1).await;
    let text: String = (1..=900).map(|number| format!("第 {number} 句话，😀 **重要**。")).collect();
    assert_eq!(helper.write(&conversation, &text).await.0, 201);
    let bare = |text: &str| {
        text.chars().filter(|letter| !letter.is_whitespace() && *letter != '*').collect::<String>()
    };
    let texts = eventually("all of it", async || {
        let texts = platform.arrived(1);
        texts.last().is_some_and(|last| last.contains("第 900 句话")).then_some(texts)
    })
    .await;
    for text in &texts {
        let (limit, size) = platform.limit(text);
        assert!(size <= limit, "{size} of {limit}");
    }
    let whole = bare(&texts[2..].concat());
    assert!(whole.contains(&bare(&text)), "not a word is lost");
    server.stop().await;
}

pub(super) async fn a_failed_delivery_is_repeated_and_harmless<P: Platform>() {
    let platform = P::start().await;
    let server = server(&platform, "").await;
    platform.fail(2);
    assert_eq!(platform.send(&server, &platform.write(1, QUESTION)).await, Sent::Taken);
    assert_eq!(platform.send(&server, &platform.write(1, HUMAN)).await, Sent::Taken);
    let texts = arrived(&platform, 1, 2).await;
    assert!(texts[0].contains("身份证") && texts[1].contains("第 1 位"), "in order, each once: {texts:?}");
    assert!(platform.attempts() >= 4);
    server.stop().await;
}

pub(super) async fn a_restart_between_acceptance_and_delivery_loses_nothing<P: Platform>() {
    let platform = P::start().await;
    let data = tempfile::tempdir().unwrap();
    let first = start(&platform, data.path(), "").await;
    platform.fail(10_000);
    assert_eq!(platform.send(&first, &platform.write(1, QUESTION)).await, Sent::Taken);
    eventually("an attempt", async || (platform.attempts() > 0).then_some(())).await;
    first.stop().await;
    platform.fail(0);
    assert_eq!(platform.arrived(1), Vec::<String>::new());
    let second = start(&platform, data.path(), "").await;
    arrived(&platform, 1, 1).await;
    assert_eq!(platform.send(&second, &platform.write(1, HUMAN)).await, Sent::Taken);
    let texts = arrived(&platform, 1, 2).await;
    assert!(texts[0].contains("身份证") && texts[1].contains("第 1 位"), "{texts:?}");
    second.stop().await;
}

pub(super) async fn replies_come_in_their_order<P: Platform>() {
    let platform = P::start().await;
    let server = server(&platform, "").await;
    let (helper, conversation) = served(&platform, &server, 1).await;
    platform.fail(1);
    for number in 1..=8 {
        assert_eq!(helper.write(&conversation, &format!("第 {number} 句")).await.0, 201);
    }
    let texts = arrived(&platform, 1, 10).await;
    for (text, number) in texts[2..].iter().zip(1..) {
        assert!(text.contains(&format!("第 {number} 句")), "{texts:?}");
    }
    server.stop().await;
}

pub(super) async fn citizens_do_not_see_each_other<P: Platform>() {
    let platform = P::start().await;
    let server = server(&platform, "").await;
    for citizen in 1..=3 {
        assert_eq!(platform.send(&server, &platform.write(citizen, HUMAN)).await, Sent::Taken);
        arrived(&platform, citizen, 1).await;
    }
    for citizen in 1..=3 {
        let texts = platform.arrived(citizen);
        assert_eq!(texts.len(), 1, "{texts:?}");
        assert!(texts[0].contains(&format!("第 {citizen} 位")), "{texts:?}");
    }
    server.stop().await;
}
