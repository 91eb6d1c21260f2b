//! The Telegram channel against a Bot API of our own, which an independent client proves first.

mod check;
mod delivery;
mod direct;
mod groups;
mod oracle;
mod pace;
mod polling;
mod secrecy;
mod streaming;
mod webhook;

use serde_json::{Value, json};
use yikouwen::desk::Role;

use crate::support::bot_api::{BotApi, TOKEN};
use crate::support::helper::Helper;
use crate::support::{MEMORY, Server, config, eventually};

/// A citizen's number.
const LI: i64 = 1001;

/// The section of a bot; the rates are far above Telegram's, so that stories need not wait for them.
fn section(api: &BotApi, mode: &str) -> String {
    format!(
        "[server]\npublic_url = \"https://ask.city.example\"\n[channels.tg]\ntype = \"telegram\"\ntoken = \"{TOKEN}\"\nmode = \"{mode}\"\napi_base = \"{}\"\npoll = \"5s\"\nper_chat = 100\nper_group = 1000\noverall = 1000\n",
        api.base
    )
}

/// A server that polls the Bot API, with one helper.
async fn polling(api: &BotApi, more: &str) -> Server {
    let data = tempfile::tempdir().unwrap().keep();
    let own = format!("{}{MEMORY}{more}", section(api, "polling"));
    let server = Server::start(config(&data, &own), &[("王老师", Role::Responder)]).await;
    eventually("a poll", async || (!api.calls("getUpdates").is_empty()).then_some(())).await;
    server
}

/// A citizen writes, and it is handed out by poll.
fn say(api: &BotApi, citizen: i64, text: &str) {
    api.queue(api.private(citizen, json!({ "text": text })));
}

/// A citizen presses a button.
fn press(api: &BotApi, citizen: i64, label: &str) {
    api.queue(api.press(citizen, label));
}

/// Waits until a chat shows so many messages that are not being written any more, and returns the texts. A quick answer
/// may stand there as a draft for a moment, too.
async fn shown(api: &BotApi, chat: i64, count: usize) -> Vec<String> {
    eventually(&format!("{count} messages in {chat}"), async || {
        let texts = api.texts(chat);
        (texts.len() >= count && !texts.iter().any(|text| text.ends_with('…'))).then_some(texts)
    })
    .await
}

/// The one conversation that waits for a helper.
async fn waiting(helper: &Helper) -> String {
    eventually("a conversation in the queue", async || {
        let queue = helper.get("/queue").await;
        queue["queue"][0]["conversation"].as_str().map(str::to_owned)
    })
    .await
}

/// What was said in a conversation: by whom, and the words.
async fn transcript(helper: &Helper, conversation: &str) -> Vec<(String, String)> {
    let view = helper.conversation(conversation).await;
    let text = |message: &Value, name: &str| message[name].as_str().unwrap_or_default().to_owned();
    view["transcript"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| (text(message, "author"), text(message, "text")))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_answered_with_its_sources_and_a_helper_takes_over() {
    let api = BotApi::start().await;
    let server = polling(&api, "").await;
    say(&api, LI, "我的医保卡里有历年余额，能给老父亲用吗");
    let texts = shown(&api, LI, 1).await;
    assert!(texts[0].contains("[1]") && texts[0].contains("出处") && texts[0].contains("机器"), "{texts:?}");

    press(&api, LI, "没用");
    let texts = shown(&api, LI, 2).await;
    assert!(texts[1].contains("第 1 位"), "{texts:?}");
    let answered =
        eventually("the button stops waiting", async || api.calls("answerCallbackQuery").pop()).await;
    assert_eq!(answered.params.text("text").as_deref(), Some("谢谢您的反馈"));

    let helper = Helper::log_in(&server, "王老师").await;
    let conversation = waiting(&helper).await;
    assert_eq!(helper.claim(&conversation).await.0, 200);
    let texts = shown(&api, LI, 3).await;
    assert!(texts[2].contains("王老师 正在为您服务"), "{texts:?}");
    for number in 1..=12 {
        assert_eq!(helper.write(&conversation, &format!("第 {number} 句")).await.0, 201);
    }
    let texts = shown(&api, LI, 15).await;
    let expected: Vec<String> = (1..=12).map(|number| format!("王老师\n\n第 {number} 句")).collect();
    assert_eq!(texts[3..], expected, "in the order in which they were written");

    for number in 1..=12 {
        say(&api, LI, &format!("回 {number}"));
    }
    let said = eventually("everything at the desk", async || {
        let said = transcript(&helper, &conversation).await;
        said.last().is_some_and(|(_, text)| text == "回 12").then_some(said)
    })
    .await;
    let newest: Vec<&str> = said[said.len() - 12..].iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(newest, (1..=12).map(|number| format!("回 {number}")).collect::<Vec<_>>(), "in order");
    assert_eq!(api.texts(LI).len(), 15, "the robot is silent: {:?}", api.texts(LI));

    assert_eq!(helper.act(&conversation, "close").await.0, 200);
    shown(&api, LI, 16).await;
    press(&api, LI, "★★★★★");
    let texts = shown(&api, LI, 17).await;
    assert!(texts[16].contains("谢谢您的评价"), "{texts:?}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_button_below_an_answer_calls_a_person() {
    let api = BotApi::start().await;
    let server = polling(&api, "").await;
    say(&api, LI, "火星签证去哪儿");
    shown(&api, LI, 1).await;
    press(&api, LI, "转人工");
    let texts = shown(&api, LI, 2).await;
    assert!(texts[1].contains("第 1 位"), "{texts:?}");
    let answered =
        eventually("the button stops waiting", async || api.calls("answerCallbackQuery").pop()).await;
    let calling = yikouwen::config::words::telegram().unwrap().calling;
    assert_eq!(answered.params.text("text"), Some(calling.zh));
    let helper = Helper::log_in(&server, "王老师").await;
    waiting(&helper).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_choice_is_made_by_its_button_once_however_often_it_is_tapped() {
    let api = BotApi::start().await;
    let server = polling(&api, "").await;
    say(&api, LI, "护照");
    let texts = shown(&api, LI, 1).await;
    assert!(texts[0].contains(". 普通护照首次申领") && texts[0].contains("0. 都不是"), "{texts:?}");
    press(&api, LI, "普通护照首次申领");
    press(&api, LI, "普通护照首次申领");
    let texts = shown(&api, LI, 2).await;
    assert!(texts[1].contains("护照"), "{texts:?}");
    eventually("both taps answered", async || (api.calls("answerCallbackQuery").len() == 2).then_some(()))
        .await;
    // A later question is answered after whatever the second tap might have brought.
    say(&api, LI, "/human");
    let texts = shown(&api, LI, 3).await;
    assert!(texts[2].contains("第 1 位"), "{texts:?}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_says_something_else_is_answered_and_another_is_not() {
    let api = BotApi::start().await;
    let server = polling(&api, "").await;
    let first = api.private(LI, json!({ "text": "身份证丢了怎么补办" }));
    let message = first["message"].clone();
    api.queue(first);
    shown(&api, LI, 1).await;
    let edited = |text: &str| {
        let mut message = message.clone();
        message["text"] = text.into();
        message["edit_date"] = 1_795_161_700.into();
        api.update("edited_message", message)
    };
    api.queue(edited("身份证丢了怎么补办"));
    api.queue(edited("公积金租房怎么提取"));
    let texts = shown(&api, LI, 2).await;
    assert!(texts[1].contains("公积金"), "{texts:?}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_of_english_settings_speaks_english() {
    let api = BotApi::start().await;
    let server = polling(&api, "").await;
    let mut update = api.private(LI, json!({ "text": "身份证丢了怎么补办" }));
    update["message"]["from"]["language_code"] = "en-GB".into();
    api.queue(update);
    let texts = shown(&api, LI, 1).await;
    assert!(texts[0].contains("Sources") && texts[0].contains("machine"), "{texts:?}");
    assert!(api.chat(LI)[0].buttons.iter().any(|(says, _)| says.contains("Not useful")));
    server.stop().await;
}
