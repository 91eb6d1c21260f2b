//! The channel by itself: what the gateway refuses, what helpers attach, what is taken up again.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use adapters::message::Choice;
use adapters::telegram::{Mode, Rates, TelegramChannel, TelegramSettings};
use adapters::{Attachment, Channel, ChannelError, ChannelId, Content, MediaKind, Peer, SubmitError};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use yikouwen::config::words;
use yikouwen::store::{self, Store};

use super::{LI, press, say, shown};
use crate::support::bot_api::{BotApi, Failure, TOKEN};
use crate::support::direct::{Scripted, Shelf, file, kit, reply};
use crate::support::eventually;

const ID: &str = "0192f3c4-5d6e-7f80-9a1b-2c3d4e5f6071";

fn channel(api: &BotApi, store: &Arc<dyn Store>, files: Shelf) -> Arc<TelegramChannel> {
    TelegramChannel::new(settings(api, store, files)).unwrap()
}

fn settings(api: &BotApi, store: &Arc<dyn Store>, files: Shelf) -> TelegramSettings {
    TelegramSettings {
        kit: kit("tg", store, files, Some("https://ask.city.example")),
        token: TOKEN.to_owned(),
        mode: Mode::Polling,
        secret_token: None,
        api_base: api.base.parse().unwrap(),
        poll: Duration::from_secs(5),
        rates: Rates { per_chat: 100, per_group: 1_000, overall: 1_000 },
        look: Duration::from_millis(50),
        web_app: true,
        personal: Arc::new(|_| Vec::new()),
        words: words::telegram().unwrap(),
    }
}

fn peer() -> Peer {
    Peer { channel: ChannelId::new("tg"), address: LI.to_string() }
}

async fn memory() -> Arc<dyn Store> {
    store::open("memory:").await.unwrap()
}

/// A channel that polls, before a gateway that refuses so.
async fn refusing(api: &BotApi, refusals: &[SubmitError]) -> (Arc<Scripted>, CancellationToken) {
    let gateway =
        Arc::new(Scripted { refusals: VecDeque::from(refusals.to_vec()).into(), ..Scripted::default() });
    let stop = CancellationToken::new();
    let channel = channel(api, &memory().await, Shelf::default());
    let (inbox, stopped) = (gateway.inbox(), stop.clone());
    tokio::spawn(async move { channel.listen(inbox, stopped).await.unwrap() });
    (gateway, stop)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_gateway_cannot_take_now_is_not_confirmed_and_is_taken_later_in_order() {
    let api = BotApi::start().await;
    let busy = SubmitError::Busy { retry_after: Duration::from_secs(1) };
    let (gateway, stop) = refusing(&api, &[busy, SubmitError::Unavailable]).await;
    say(&api, LI, "一");
    say(&api, LI, "二");
    eventually("both taken", async || {
        let left = api.unconfirmed();
        let taken = gateway.contents().len();
        assert!(left == 2 || taken > 0, "nothing is confirmed that is not durable");
        (taken == 2).then_some(())
    })
    .await;
    assert!(gateway.refusals.lock().unwrap().is_empty(), "the gateway was asked, and asked again");
    let text = |words: &str| Content::Text { text: words.to_owned() };
    assert_eq!(gateway.contents(), [text("一"), text("二")]);
    eventually("both confirmed", async || (api.unconfirmed() == 0).then_some(())).await;
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_told_to_the_citizen_in_plain_words() {
    let sizes = json!([{ "file_id": "p", "file_unique_id": "u", "width": 9, "height": 9 }]);
    let table = [
        (json!({ "text": "x" }), SubmitError::TooLong { limit: 2_000 }, "不超过 2000 个字"),
        (json!({ "text": "x" }), SubmitError::RateLimited { retry_after: Duration::from_secs(9) }, "太快"),
        (json!({ "photo": sizes }), SubmitError::NotNow, "请用文字写给我"),
        (json!({ "location": { "latitude": 1.0, "longitude": 2.0 } }), SubmitError::NotNow, "请用文字写给我"),
        (json!({ "text": "/start" }), SubmitError::NotNow, "您好"),
        (json!({ "text": "/new" }), SubmitError::NotNow, "现在还不能"),
    ];
    for (more, refusal, expected) in table {
        let api = BotApi::start().await;
        let (gateway, stop) = refusing(&api, &[refusal]).await;
        api.queue(api.private(LI, more.clone()));
        let texts = shown(&api, LI, 1).await;
        assert!(texts[0].contains(expected), "{more}: {texts:?}");
        eventually("it is over", async || (api.unconfirmed() == 0).then_some(())).await;
        assert!(gateway.contents().is_empty());
        stop.cancel();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_message_reaches_the_gateway() {
    let api = BotApi::start().await;
    let (gateway, stop) = refusing(&api, &[]).await;
    let file = json!({ "file_id": "f", "file_unique_id": "u", "file_size": 9, "duration": 1, "mime_type": "audio/ogg" });
    api.queue(api.private(LI, json!({ "voice": file, "caption": "听" })));
    api.queue(api.private(LI, json!({ "location": { "latitude": 48.5, "longitude": 2.25 } })));
    api.queue(api.private(LI, json!({ "text": "/start open_soc-1" })));
    api.queue(api.private(LI, json!({ "sticker": { "file_id": "s" } })));
    let texts = shown(&api, LI, 1).await;
    assert!(texts[0].contains("看不懂"), "{texts:?}");
    let media =
        adapters::Media { kind: MediaKind::Voice, name: None, reference: "f".to_owned(), bytes: Some(9) };
    let expected = [
        Content::Media { media, text: Some("听".to_owned()) },
        Content::Place { lat: 48.5, lng: 2.25, label: None },
        Content::Open { entry: "soc-1".to_owned() },
    ];
    assert_eq!(gateway.contents(), expected);
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_choice_whose_key_is_too_long_for_a_button_is_found_in_the_thread() {
    let api = BotApi::start().await;
    let store = memory().await;
    let key = "长".repeat(30);
    let mut offer = reply(ID, "哪一件？");
    offer.choices = vec![Choice { key: key.clone(), label: "这一件".to_owned() }];
    let gateway = Arc::new(Scripted::default());
    gateway.thread.lock().unwrap().push(offer.clone());
    let channel = channel(&api, &store, Shelf::default());
    channel.deliver(&peer(), &offer).await.unwrap();
    let stop = CancellationToken::new();
    let (inbox, stopped) = (gateway.inbox(), stop.clone());
    tokio::spawn(async move { channel.listen(inbox, stopped).await.unwrap() });
    press(&api, LI, "这一件");
    eventually("the choice", async || (!gateway.contents().is_empty()).then_some(())).await;
    assert_eq!(gateway.contents(), [Content::Choice { message: ID.to_owned(), key }]);
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_helper_attaches_is_sent_as_picture_or_file() {
    let api = BotApi::start().await;
    let mut shelf = Shelf::default();
    shelf.0.insert("pic".to_owned(), file("窗口.jpg", "image/jpeg", b"jpeg"));
    shelf.0.insert("doc".to_owned(), file("申请表.pdf", "application/pdf", b"%PDF"));
    let channel = channel(&api, &memory().await, shelf);
    let attachment = |id: &str, kind, name: &str| Attachment {
        id: id.to_owned(),
        kind,
        name: name.to_owned(),
        mime: String::new(),
        bytes: 4,
    };
    let mut sent = reply(ID, "请看");
    sent.attachments = vec![
        attachment("pic", MediaKind::Image, "窗口.jpg"),
        attachment("doc", MediaKind::File, "申请表.pdf"),
        attachment("gone", MediaKind::File, "旧表.pdf"),
    ];
    // The picture is refused for its form, and taken as a file.
    api.fail([Failure::of("sendPhoto", 400, "Bad Request: PHOTO_INVALID_DIMENSIONS")]);
    channel.deliver(&peer(), &sent).await.unwrap();
    let chat = api.chat(LI);
    assert_eq!(chat[0].text, "请看");
    assert_eq!(chat[1].file, Some(("窗口.jpg".to_owned(), b"jpeg".to_vec())));
    assert_eq!(chat[2].file, Some(("申请表.pdf".to_owned(), b"%PDF".to_vec())));
    assert!(chat[3].text.contains("旧表.pdf"), "{chat:?}");
    assert_eq!((api.calls("sendPhoto").len(), api.calls("sendDocument").len()), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_was_sent_in_part_is_gone_on_with_and_a_whole_one_is_not_sent_again() {
    let api = BotApi::start().await;
    let store = memory().await;
    let long = reply(ID, &"一句话。".repeat(3_000));
    {
        // The first part is let through, and then Telegram asks for a pause.
        api.fail_after(1, Failure::too_many("sendMessage"));
        let failed = channel(&api, &store, Shelf::default()).deliver(&peer(), &long).await;
        match failed {
            Err(ChannelError::Unavailable { retry_after, .. }) => {
                assert_eq!(retry_after, Some(Duration::from_secs(1)));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(api.texts(LI).len(), 1);
    }
    // Another process.
    let channel = channel(&api, &store, Shelf::default());
    for _ in 0..3 {
        channel.deliver(&peer(), &long).await.unwrap();
    }
    let texts = api.texts(LI);
    assert_eq!(texts.len(), 3, "each part once");
    assert_eq!(texts.concat(), "一句话。".repeat(3_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_fails_or_is_taken_is_noticed() {
    let api = BotApi::start().await;
    let settings =
        TelegramSettings { mode: Mode::Webhook, ..settings(&api, &memory().await, Shelf::default()) };
    let channel = TelegramChannel::new(settings).unwrap();
    let stop = CancellationToken::new();
    let (listening, stopped) = (Arc::clone(&channel), stop.clone());
    let inbox = Arc::new(Scripted::default()).inbox();
    tokio::spawn(async move { listening.listen(inbox, stopped).await.unwrap() });
    let codes = || channel.alarms().iter().map(|alarm| alarm.code).collect::<Vec<_>>();
    let (url, _) = eventually("the webhook set", async || api.webhook()).await;
    let rival = format!("{}/bot{TOKEN}/setWebhook", api.base);
    let body = json!({ "url": "https://else.example/hook" });
    reqwest::Client::new().post(rival).json(&body).send().await.unwrap();
    eventually("the rival named", async || codes().contains(&"telegram_webhook_taken").then_some(())).await;
    eventually("it is set back", async || api.webhook().filter(|(set, _)| *set == url)).await;
    api.say_webhook_fails("Connection refused");
    eventually("the failure named", async || codes().contains(&"telegram_webhook_failing").then_some(()))
        .await;
    assert_eq!(channel.alarms()[0].detail, "Connection refused; 3 updates wait");
    stop.cancel();
}
