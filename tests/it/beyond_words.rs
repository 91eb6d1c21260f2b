//! What a message can be besides words, by a platform that keeps files, knows places and has no buttons.

use std::sync::Arc;

use adapters::{Content, Locale, MediaKind};
use futures::StreamExt;
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use yikouwen::desk::Role;

use crate::files::PNG;
use crate::support::helper::Helper;
use crate::support::platform::{PushChannel, Recorder, platform};
use crate::support::visitor::Visitor;
use crate::support::{MEMORY, Server, config, eventually};

struct Town {
    server: Server,
    channel: Arc<PushChannel>,
    recorder: Arc<Recorder>,
}

async fn town(own: &str) -> Town {
    let data = tempfile::tempdir().unwrap().keep();
    let recorder = Arc::new(Recorder::default());
    let url = platform(Arc::clone(&recorder)).await;
    let config = config(&data, &format!("{MEMORY}{own}"));
    let (server, channel) = Server::with_platform(config, &[("王老师", Role::Responder)], &url).await;
    Town { server, channel, recorder }
}

/// A citizen of this name who waits for a person.
async fn waiting(town: &Town, helper: &Helper, citizen: &str) -> String {
    town.channel.says(citizen, "human", "转人工").await;
    let queue = helper.get("/queue").await;
    queue["queue"][0]["conversation"].as_str().unwrap().to_owned()
}

/// The last message of a transcript that has attachments, once its file is no longer pending.
async fn settled(helper: &Helper, conversation: &str) -> Value {
    eventually("the file is there or lost", async || {
        let seen = helper.conversation(conversation).await;
        let messages = seen["transcript"].as_array().unwrap().clone();
        let last = messages.into_iter().rev().find(|message| message["attachments"].is_array())?;
        (last["attachments"][0]["state"] != "pending").then_some(last)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_robot_says_that_it_sees_no_pictures_and_hears_what_the_platform_heard() {
    let town = town("").await;
    town.recorder.has_file("p1", "image/png", PNG);
    town.recorder.has_file("v1", "audio/amr", b"#!AMR\n\0\0\0\0\0\0\0\0");
    let replies = town.channel.sends("ada", "1", MediaKind::Image, "p1", None).await;
    assert_eq!(replies.len(), 1);
    assert!(replies[0].text.contains("图片") && replies[0].offer_human, "{}", replies[0].text);
    assert_eq!(replies[0].outcome, None, "no question was left unanswered");
    let replies = town.channel.sends("ada", "2", MediaKind::Voice, "v1", None).await;
    assert!(replies[0].text.contains("语音"), "{}", replies[0].text);
    let replies = town.channel.sends("ada", "3", MediaKind::Voice, "v1", Some("身份证丢了怎么补办")).await;
    assert_eq!(replies[0].outcome.as_deref(), Some("answered"), "{}", replies[0].text);
    let replies = town.channel.sends("ada", "4", MediaKind::Image, "p1", Some("居住证怎么办")).await;
    assert!(replies[0].text.starts_with("您发的图片或文件我看不了"), "{}", replies[0].text);
    let media =
        adapters::Media { kind: MediaKind::Image, name: None, reference: "p1".to_owned(), bytes: None };
    let content = Content::Media { media, text: None };
    let replies = town.channel.does_in("bob", "1", content, Locale::En).await;
    assert!(replies[0].text.contains("pictures"), "{}", replies[0].text);
    town.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helper_sees_the_picture_though_the_platform_fails_at_first_and_learns_why_one_is_lost() {
    let town = town("[limits]\nfile_bytes = 1000\n").await;
    let helper = Helper::log_in(&town.server, "王老师").await;
    let conversation = waiting(&town, &helper, "ada").await;
    helper.claim(&conversation).await;
    town.recorder.has_file("p1", "image/png", PNG);
    town.recorder.next_file.lock().unwrap().extend([500, 503, 429]);
    town.channel.sends("ada", "p1", MediaKind::Image, "p1", None).await;
    let message = settled(&helper, &conversation).await;
    let file = &message["attachments"][0];
    assert_eq!((&file["state"], &file["mime"]), (&"kept".into(), &"image/png".into()), "{message}");
    assert_eq!(town.recorder.asked.lock().unwrap().len(), 4, "three failures and a success");
    let read = helper.file(file["id"].as_str().unwrap(), &[]).await;
    assert_eq!(read.bytes().await.unwrap(), PNG);

    let large: Vec<u8> = PNG.iter().copied().chain([0; 1_000]).collect();
    town.recorder.has_file("large", "image/png", &large);
    town.recorder.has_file("page", "image/png", b"<html></html>");
    for (reference, why, words) in
        [("large", "too_large", "太大"), ("page", "forbidden_file", "不能接收"), ("none", "gone", "没有收到")]
    {
        town.channel.sends("ada", reference, MediaKind::Image, reference, None).await;
        let file = settled(&helper, &conversation).await["attachments"][0].clone();
        assert_eq!((&file["state"], &file["why"]), (&"lost".into(), &why.into()), "{file}");
        eventually("the citizen is told", async || {
            town.recorder.texts().last().is_some_and(|text| text.contains(words)).then_some(())
        })
        .await;
    }
    // It is counted a moment after it was told.
    for line in ["how=\"kept\"} 1", "how=\"lost\"} 3"] {
        let figure = format!("yikouwen_files_fetched_total{{channel=\"push\",{line}");
        eventually(&figure, async || town.server.metrics().await.contains(&figure).then_some(())).await;
    }
    town.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_desk_is_told_when_the_picture_has_come() {
    let town = town("").await;
    let helper = Helper::log_in(&town.server, "王老师").await;
    let conversation = waiting(&town, &helper, "ada").await;
    helper.claim(&conversation).await;
    let url = town.server.url("/api/v1/desk/live").replacen("http", "ws", 1);
    let mut request = url.into_client_request().unwrap();
    request.headers_mut().insert("cookie", helper.cookie().parse().unwrap());
    let (mut desk, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    // The first frame comes once the desk listens; what happens before is no news to it.
    desk.next().await.unwrap().unwrap();
    town.recorder.has_file("p1", "image/png", PNG);
    // The platform has no picture to give before the desk has seen the message.
    town.recorder.next_file.lock().unwrap().extend([503; 1_000]);
    town.channel.sends("ada", "p1", MediaKind::Image, "p1", None).await;
    let mut states = Vec::new();
    while states.last().is_none_or(|state| state != "kept") {
        let frame = tokio::time::timeout(std::time::Duration::from_secs(60), desk.next()).await;
        let Message::Text(text) = frame.unwrap().unwrap().unwrap() else { continue };
        let frame: Value = serde_json::from_str(&text).unwrap();
        if let Some(state) = frame["message"]["attachments"][0]["state"].as_str() {
            states.push(state.to_owned());
            town.recorder.next_file.lock().unwrap().clear();
        }
    }
    assert_eq!(states, ["pending", "kept"], "the same message, once more");
    town.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_being_got_when_the_program_ended_is_got_after_it() {
    let data = tempfile::tempdir().unwrap();
    let recorder = Arc::new(Recorder::default());
    let url = platform(Arc::clone(&recorder)).await;
    recorder.has_file("p1", "image/png", PNG);
    // The platform takes the request and never answers.
    recorder.next_file.lock().unwrap().push_back(0);
    let helpers = [("王老师", Role::Responder)];
    let (server, channel) = Server::with_platform(config(data.path(), ""), &helpers, &url).await;
    channel.sends("ada", "1", MediaKind::Image, "p1", None).await;
    channel.says("ada", "2", "转人工").await;
    eventually("the platform is asked", async || (recorder.asked.lock().unwrap().len() == 1).then_some(()))
        .await;
    server.stop().await;
    let (server, _) = Server::with_platform(config(data.path(), ""), &helpers, &url).await;
    let helper = Helper::log_in(&server, "王老师").await;
    let queue = helper.get("/queue").await;
    let conversation = queue["queue"][0]["conversation"].as_str().unwrap();
    let message = settled(&helper, conversation).await;
    assert_eq!(message["attachments"][0]["state"], "kept", "{message}");
    assert_eq!(recorder.asked.lock().unwrap().len(), 2);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helpers_file_reaches_the_platform() {
    let town = town("").await;
    let helper = Helper::log_in(&town.server, "王老师").await;
    let conversation = waiting(&town, &helper, "ada").await;
    helper.claim(&conversation).await;
    assert_eq!(helper.send_file(&conversation, "h", "样表.png", PNG).await.0, 201);
    let (attachment, content) = eventually("the channel is handed the file", async || {
        town.channel.carried.lock().unwrap().first().cloned()
    })
    .await;
    assert_eq!((attachment.name.as_str(), attachment.mime.as_str()), ("样表.png", "image/png"));
    assert_eq!(content, PNG);
    town.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_handed_in_can_be_sent_by_its_citizen_only_and_once() {
    let town = town("").await;
    let files = town.channel.kit.as_ref().unwrap().files.clone();
    let peer =
        |name: &str| adapters::Peer { channel: adapters::ChannelId::new("push"), address: name.to_owned() };
    let media = files.hand_in(&peer("ada"), Some("证件.png"), PNG.into()).await.unwrap();
    let send = async |citizen: &str, id: &str| {
        let content = Content::Media { media: media.clone(), text: None };
        town.channel.submits(town.channel.inbound(citizen, id, content)).await
    };
    assert!(send("bob", "1").await.is_err(), "it is not his");
    assert!(files.owner(media.handed_in_id().unwrap()).await.unwrap().is_none(), "it is no file yet");
    assert!(!send("ada", "1").await.unwrap().accepted.repeated);
    assert!(send("ada", "1").await.unwrap().accepted.repeated);
    assert!(send("ada", "2").await.is_err(), "it has been sent");
    assert_eq!(files.owner(media.handed_in_id().unwrap()).await.unwrap(), Some(peer("ada")));
    let unsent = files.hand_in(&peer("ada"), None, PNG.into()).await.unwrap();
    files.take_back(&peer("bob"), &unsent).await.unwrap();
    files.take_back(&peer("ada"), &unsent).await.unwrap();
    let content = Content::Media { media: unsent, text: None };
    assert!(town.channel.submits(town.channel.inbound("ada", "3", content)).await.is_err());
    town.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_greeting_and_an_opened_entry_need_no_question() {
    let town = town("").await;
    let replies = town.channel.does("ada", "1", Content::Hello).await;
    assert!(replies[0].text.contains("政务智能助手"), "{}", replies[0].text);
    let open = |entry: &str| Content::Open { entry: entry.to_owned() };
    let replies = town.channel.does("ada", "2", open("ent-company-setup")).await;
    assert_eq!(replies[0].outcome.as_deref(), Some("answered"), "{}", replies[0].text);
    assert_eq!(replies[0].citations[0].id, "ent-company-setup");
    for id in ["3", "4", "5"] {
        let replies = town.channel.does("ada", id, open("no-such-entry")).await;
        assert!(replies[0].text.contains("没有可靠的答案"), "{}", replies[0].text);
    }
    let helper = Helper::log_in(&town.server, "王老师").await;
    assert_eq!(helper.get("/queue").await["queue"], serde_json::json!([]), "nobody is called for a bad code");
    let conversation = waiting(&town, &helper, "ada").await;
    let seen = helper.conversation(&conversation).await;
    let texts: Vec<&str> = seen["transcript"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["text"].as_str().unwrap())
        .collect();
    assert!(texts.contains(&"有限责任公司设立登记"), "the helper sees what was opened: {texts:?}");
    // While people serve, the robot is silent; after the end an opened entry is answered anew by the robot.
    assert!(town.channel.does("ada", "6", open("ent-company-setup")).await.is_empty());
    helper.claim(&conversation).await;
    helper.write(&conversation, "您好").await;
    helper.act(&conversation, "close").await;
    let replies = town.channel.does("ada", "7", open("ent-company-setup")).await;
    assert_eq!(replies[0].outcome.as_deref(), Some("answered"));
    town.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_is_answered_with_the_nearest_windows_and_kept_nowhere() {
    let town = town("").await;
    let helper = Helper::log_in(&town.server, "王老师").await;
    let place = |lat, lng| Content::Place { lat, lng, label: Some("演示广场".to_owned()) };
    let (lat, lng) = (30.123_456_7, 120.765_432_1);
    let replies = town.channel.does("ada", "1", place(lat, lng)).await;
    let reply = &replies[0];
    assert_eq!(reply.outcome.as_deref(), Some("answered"));
    assert!(reply.text.contains("https://uri.amap.com/marker?position="), "{}", reply.text);
    assert!(reply.text.contains("公里") && reply.text.contains("[1]"), "{}", reply.text);
    assert!(!reply.citations.is_empty());
    // With a topic, it is the matter's own windows.
    town.channel.does("bob", "1", Content::Open { entry: "ent-company-setup".to_owned() }).await;
    let replies = town.channel.does("bob", "2", place(lat, lng)).await;
    assert!(replies[0].text.contains("有限责任公司设立登记"), "{}", replies[0].text);
    assert_eq!(replies[0].citations[0].id, "ent-company-setup");

    let conversation = waiting(&town, &helper, "ada").await;
    let seen = helper.conversation(&conversation).await;
    let sent = &seen["transcript"][0];
    assert_eq!((&sent["text"], &sent["place"]), (&"[位置]".into(), &"演示广场".into()));
    let said = town.channel.does("ada", "2", Content::Place { lat, lng, label: None }).await;
    assert!(said.is_empty(), "the robot is silent while somebody waits for a person");
    let whole = helper.conversation(&conversation).await.to_string();
    for digits in ["30.12345", "120.7654"] {
        assert!(!whole.contains(digits), "coordinates are nowhere: {whole}");
    }
    for (lat, lng) in [(91.0, 0.0), (0.0, 181.0), (f64::NAN, 0.0)] {
        let content = Content::Place { lat, lng, label: None };
        let inbound = town.channel.inbound("eve", &format!("bad{lat}{lng}"), content);
        assert!(town.channel.submits(inbound).await.is_err());
    }
    town.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn coordinates_are_not_in_the_store_once_the_turn_is_over() {
    let data = tempfile::tempdir().unwrap();
    let recorder = Arc::new(Recorder::default());
    let url = platform(Arc::clone(&recorder)).await;
    let (server, channel) = Server::with_platform(config(data.path(), ""), &[], &url).await;
    channel.does("ada", "1", Content::Place { lat: 30.123_456_7, lng: 120.765_432_1, label: None }).await;
    server.stop().await;
    let store =
        yikouwen::store::open(&format!("sled:{}", data.path().join("store").display())).await.unwrap();
    let records = yikouwen::store::StoreExt::scan_all(&*store, &yikouwen::store::Range::all()).await.unwrap();
    assert!(records.iter().any(|record| record.key.space() == "message"));
    for record in records {
        let text = String::from_utf8_lossy(&record.value).into_owned();
        assert!(!text.contains("30.12345") && !text.contains("120.7654"), "{}", record.key.space());
    }
    store.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digit_rates_where_there_are_no_stars_and_only_when_it_was_asked_for() {
    let town = town("").await;
    let helper = Helper::log_in(&town.server, "王老师").await;
    for (citizen, words, score) in
        [("ada", "5", Some(5)), ("bob", "不满意", Some(2)), ("cyd", "还有个问题", None), ("dan", "9", None)]
    {
        let conversation = waiting(&town, &helper, citizen).await;
        helper.claim(&conversation).await;
        helper.write(&conversation, "办好了").await;
        // Before the end a digit is what it says.
        town.channel.says(citizen, "digit", "3").await;
        assert_eq!(helper.conversation(&conversation).await["rating"], Value::Null);
        helper.act(&conversation, "close").await;
        town.channel.says(citizen, "rating", words).await;
        town.channel.says(citizen, "rating", words).await;
        let seen = eventually("the rating is counted or passed on", async || {
            let (status, seen) =
                helper.call(reqwest::Method::GET, &format!("/conversations/{conversation}"), None).await;
            (status == 200 && seen["stage"] != "wrap_up").then_some(seen)
        })
        .await;
        assert_eq!(seen["rating"]["score"].as_u64(), score, "{citizen}: {words}");
        let stage = if score.is_some() { "closed" } else { "queued" };
        assert_eq!(seen["stage"], stage, "{citizen}");
        if score.is_none() {
            helper.claim(&conversation).await;
            helper.act(&conversation, "close").await;
        }
    }
    // The website has stars: there a digit is a question.
    let visitor = Visitor::new(&town.server).await;
    visitor.say("1", "转人工").await;
    let conversation = eventually("the visitor waits", async || {
        helper.get("/queue").await["queue"][0]["conversation"].as_str().map(str::to_owned)
    })
    .await;
    helper.claim(&conversation).await;
    helper.act(&conversation, "close").await;
    visitor.say("2", "5").await;
    let seen = eventually("back in the queue", async || {
        let (_, seen) =
            helper.call(reqwest::Method::GET, &format!("/conversations/{conversation}"), None).await;
        (seen["stage"] == "queued").then_some(seen)
    })
    .await;
    assert_eq!(seen["rating"], Value::Null);
    town.server.stop().await;
}
