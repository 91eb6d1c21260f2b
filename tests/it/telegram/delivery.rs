//! Replies arrive whole and once, whatever Telegram says meanwhile.

use serde_json::json;

use super::{LI, polling, say, section, shown};
use crate::support::bot_api::{BotApi, Failure};
use crate::support::{Server, config, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn telegram_is_left_alone_for_as_long_as_it_asks() {
    let api = BotApi::start().await;
    let server = polling(&api, "").await;
    api.fail([Failure::too_many("sendMessage")]);
    // Nothing of this is written bit by bit, so that no draft is refused in its place.
    say(&api, LI, "/human");
    let texts = shown(&api, LI, 1).await;
    assert!(texts[0].contains("第 1 位"), "{texts:?}");
    let calls = api.calls("sendMessage");
    assert_eq!(calls.len(), 2, "asked once more, and no more");
    let pause = calls[1].at.duration_since(calls[0].at);
    assert!(pause >= std::time::Duration::from_millis(990), "a second was asked for, and not {pause:?}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn markup_that_is_refused_is_sent_as_plain_text() {
    let api = BotApi::start().await;
    let server = polling(&api, "").await;
    let refusal = "Bad Request: can't parse entities: Unsupported start tag \"x\" at byte offset 3";
    api.fail([Failure::of("sendMessage", 400, refusal)]);
    say(&api, LI, "身份证丢了怎么补办");
    let texts = shown(&api, LI, 1).await;
    assert!(texts[0].contains("[1]") && !texts[0].contains("<b>"), "{texts:?}");
    let modes: Vec<Option<String>> =
        api.calls("sendMessage").iter().map(|call| call.params.text("parse_mode")).collect();
    assert_eq!(modes, [Some("HTML".to_owned()), None]);
    assert!(!api.chat(LI)[0].buttons.is_empty(), "with its buttons");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_blocked_the_bot_is_not_written_to_again_and_holds_nobody_up() {
    let api = BotApi::start().await;
    let server = polling(&api, "").await;
    api.fail([Failure::of("sendMessage", 403, "Forbidden: bot was blocked by the user")]);
    say(&api, LI, "你好");
    eventually("the refusal", async || (api.calls("sendMessage").len() == 1).then_some(())).await;
    // They come back.
    say(&api, LI, "/human");
    let texts = shown(&api, LI, 1).await;
    assert!(texts[0].contains("第 1 位"), "{texts:?}");
    assert_eq!(api.calls("sendMessage").len(), 2);
    assert!(server.metrics().await.contains("yikouwen_replies_undeliverable_total{channel=\"tg\"} 1"));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_before_a_restart_is_delivered_after_it_once() {
    let api = BotApi::start().await;
    let data = tempfile::tempdir().unwrap();
    let own = section(&api, "polling");
    let server = Server::start(config(data.path(), &own), &[]).await;
    api.fail((0..200).map(|_| Failure::too_many("sendMessage")));
    say(&api, LI, "身份证丢了怎么补办");
    eventually("an attempt", async || (!api.calls("sendMessage").is_empty()).then_some(())).await;
    server.stop().await;
    api.mend();
    assert_eq!(api.texts(LI), Vec::<String>::new());
    let server = Server::start(config(data.path(), &own), &[]).await;
    shown(&api, LI, 1).await;
    say(&api, LI, "/human");
    let texts = shown(&api, LI, 2).await;
    assert!(texts[0].contains("身份证") && texts[1].contains("第 1 位"), "each once: {texts:?}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_a_citizen_sent_is_got_whole() {
    let api = BotApi::start().await;
    let server = polling(&api, "").await;
    api.keep_file("voice-1", "voice/file_7.oga", b"OggS");
    let channel = server.channel("tg");
    let media = |reference: &str| adapters::Media {
        kind: adapters::MediaKind::Voice,
        name: None,
        reference: reference.to_owned(),
        bytes: None,
    };
    let file = channel.fetch(&media("voice-1")).await.unwrap();
    assert_eq!(
        (file.name.as_str(), file.mime.as_str(), &file.data[..]),
        ("file_7.oga", "audio/ogg", &b"OggS"[..])
    );
    let gone = channel.fetch(&media("nothing")).await.unwrap_err();
    assert!(matches!(gone, adapters::ChannelError::Gone(_)), "{gone}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_menu_of_commands_is_set_in_both_languages() {
    let api = BotApi::start().await;
    let server = polling(&api, "").await;
    let languages: Vec<Option<String>> =
        api.calls("setMyCommands").iter().map(|call| call.params.text("language_code")).collect();
    assert_eq!(languages, [None, Some("zh".to_owned())]);
    let commands = api.calls("setMyCommands")[1].params.get("commands").unwrap().clone();
    assert_eq!(commands[0], json!({ "command": "human", "description": "转人工" }));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_menu_that_is_refused_holds_nobody_up() {
    let api = BotApi::start().await;
    api.fail([Failure::of("setMyCommands", 400, "Bad Request: BOT_COMMAND_INVALID")]);
    let server = polling(&api, "").await;
    say(&api, LI, "/human");
    shown(&api, LI, 1).await;
    server.stop().await;
}
