//! Messages by socket: acknowledged at once, answered once, in order, over connections that come and go.

use std::time::Duration;

use adapters::Channel;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::handoff::claim_first;
use super::platform::{Person, Platform};
use super::{Alone, server};
use crate::support::eventually;
use crate::support::helper::Helper;

const QUESTION: &str = "我的医保卡里有历年余额，能给老父亲用吗";

#[tokio::test(flavor = "multi_thread")]
async fn our_robot_does_what_the_vendors_own_does() {
    let platform = Platform::start().await;
    let server = server(&platform, "audience = \"citizen\"", "", &[]).await;
    let line = platform.connected().await;
    let opened = platform.calls("/v1.0/gateway/connections/open")[0].body.clone();
    assert!(opened["ua"].as_str().unwrap().starts_with("yikouwen/"), "{opened}");
    assert!(!opened["localIp"].as_str().unwrap().is_empty());

    let ping = platform.frame(line, "SYSTEM", "ping", &json!({ "opaque": "0d75" }));
    let (ack, _) = platform.ack(&ping).await;
    assert_eq!((&ack["code"], &ack["data"]), (&json!(200), &json!("{\"opaque\":\"0d75\"}")));
    let odd = platform.frame(line, "CALLBACK", "/v1.0/something/new", &json!({}));
    assert_eq!(platform.ack(&odd).await.0["code"], 404);
    let event = platform.frame(line, "EVENT", "*", &json!({}));
    assert!(platform.ack(&event).await.0["data"].as_str().unwrap().contains("SUCCESS"));

    let person = Person::new(&platform, "u1");
    person.says("m1", QUESTION).await;
    let answer = person.sees_so_many(1).await.remove(0);
    assert!(answer.contains("[1]") && answer.contains("依据"), "{answer}");
    assert!(answer.contains("转人工") && answer.contains("内容由 AI 生成"), "{answer}");
    let shown = platform.shown().remove(0);
    assert_eq!(shown.kind, "markdown");
    assert!(!shown.body["markdown"]["title"].as_str().unwrap().is_empty());
    assert!(shown.body.get("at").is_none(), "nobody is @-ed in a single chat");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_acknowledged_long_before_its_answer_is_there() {
    let platform = Platform::start().await;
    // A model that says nothing for three seconds; then the answer is quoted.
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((socket, _)) = listener.accept().await {
            held.push(socket);
        }
    });
    let model =
        format!("[model]\nbase_url = \"http://{address}/v1\"\nmodel = \"m\"\nfirst_token_timeout = \"3s\"\n");
    let server = server(&platform, "audience = \"any\"", &model, &[]).await;
    let person = Person::new(&platform, "u1");
    let id = platform.say(&person.text("m1", QUESTION)).await;
    let (ack, took) = platform.ack(&id).await;
    assert_eq!(ack["code"], 200);
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert!(person.sees().is_empty(), "the answer is not there yet");
    assert!(person.sees_so_many(1).await[0].contains("[1]"));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_comes_twice_is_answered_once_and_messages_keep_their_order() {
    let platform = Platform::start().await;
    let server = server(&platform, "", "", &["王老师"]).await;
    let person = Person::new(&platform, "u1");
    let again = person.text("m0", "你好");
    for _ in 0..4 {
        platform.say_acked(&again).await;
    }
    let mut frames = Vec::new();
    for number in 1..=20 {
        frames.push(
            platform
                .say(&person.text(&format!("m{number}"), &format!("{number}号问题，营业执照丢了怎么补")))
                .await,
        );
        frames.push(platform.say(&again).await);
    }
    for frame in &frames {
        assert_eq!(platform.ack(frame).await.0["code"], 200);
    }
    person.sees_so_many(21).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(person.sees().len(), 21, "each once");
    person.says("m21", "转人工").await;
    person.sees_so_many(22).await;
    let helper = Helper::log_in(&server, "王老师").await;
    let conversation = claim_first(&helper).await;
    let view = helper.conversation(&conversation).await;
    let transcript = view["transcript"].as_array().unwrap();
    let said: Vec<&str> = transcript
        .iter()
        .filter(|message| message["author"] == "citizen")
        .map(|message| message["text"].as_str().unwrap())
        .collect();
    let middle = (1..=20).map(|number| format!("{number}号问题，营业执照丢了怎么补"));
    let expected: Vec<String> = std::iter::once("你好".to_owned())
        .chain(middle)
        .chain(std::iter::once("转人工".to_owned()))
        .collect();
    assert_eq!(said, expected);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_connection_is_open_before_the_old_one_is_left_and_nothing_is_lost() {
    let platform = Platform::start().await;
    let server = server(&platform, "", "", &[]).await;
    let person = Person::new(&platform, "u1");
    let mut expected = 0;
    for round in 0..3 {
        let old = platform.connected().await;
        // Opening takes a while, so that there would be a gap if the old one were closed first.
        platform.slow_down("/v1.0/gateway/connections/open", Duration::from_millis(300));
        platform.frame(old, "SYSTEM", "disconnect", &json!({ "reason": "deploying" }));
        let mut sent = 0;
        let new = loop {
            // The old one is still read while the next is being opened.
            assert!(platform.open_lines().contains(&old), "the old one is left too early");
            let id = format!("r{round}-{sent}");
            platform.frame(old, "CALLBACK", "/v1.0/im/bot/messages/get", &person.text(&id, "你好"));
            sent += 1;
            tokio::time::sleep(Duration::from_millis(40)).await;
            if let Some(new) = platform.open_lines().into_iter().find(|&line| line > old) {
                break new;
            }
            assert!(sent < 200, "no other connection is opened");
        };
        expected += sent + 1;
        platform.frame(
            new,
            "CALLBACK",
            "/v1.0/im/bot/messages/get",
            &person.text(&format!("r{round}-new"), "你好"),
        );
        person.sees_so_many(expected).await;
        platform.close(old);
    }
    let sent = platform.calls("/v1.0/gateway/connections/open").len();
    assert_eq!(sent, 4, "one connection for each goodbye");
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(person.sees().len(), expected, "every message answered once");
    server.stop().await;
    // Our side has closed it; the platform reads that a moment later.
    eventually("the last one is closed at the end", async || platform.open_lines().is_empty().then_some(()))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_stands_while_nobody_is_there_any_more_is_replaced() {
    let platform = Platform::start().await;
    let server = server(&platform, "idle = \"600ms\"", "", &[]).await;
    let silent = platform.connected().await;
    platform.fall_silent(silent);
    let next = eventually("another connection", async || {
        platform.open_lines().into_iter().find(|&line| line > silent)
    })
    .await;
    // From the platform's own book: when this test got to look is another matter.
    let opened = platform.calls("/v1.0/gateway/connections/open");
    assert!(opened[1].at - opened[0].at >= Duration::from_millis(550), "not before the idle time");
    let person = Person::new(&platform, "u1");
    let id = platform.frame(next, "CALLBACK", "/v1.0/im/bot/messages/get", &person.text("m1", "你好"));
    assert_eq!(platform.ack(&id).await.0["code"], 200);
    person.sees_so_many(1).await;
    // A line on which only pongs come is alive.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert!(platform.open_lines().contains(&next));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_breaks_and_a_platform_that_is_away_are_tried_again() {
    let platform = Platform::start().await;
    platform.answer_next(
        "/v1.0/gateway/connections/open",
        &[(503, json!({})), (429, json!({ "code": "Throttling.User" }))],
    );
    let server = server(&platform, "", "", &[]).await;
    let first = platform.connected().await;
    platform.close(first);
    let second = eventually("another connection", async || {
        platform.open_lines().into_iter().find(|&line| line > first)
    })
    .await;
    let id = platform.frame(
        second,
        "CALLBACK",
        "/v1.0/im/bot/messages/get",
        &Person::new(&platform, "u1").text("m", "你好"),
    );
    assert_eq!(platform.ack(&id).await.0["code"], 200);
    let calls = platform.calls("/v1.0/gateway/connections/open");
    assert!(calls[1].at - calls[0].at > Duration::from_millis(800), "it waits between attempts");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_connection_or_with_a_wrong_secret_the_operator_is_told() {
    let platform = Platform::start().await;
    let shorten = |settings: &mut adapters::dingtalk::DingtalkSettings| {
        settings.pace.down_alarm = Duration::from_millis(300);
        settings.pace.first_pause = Duration::from_millis(50);
    };
    let alone = Alone::new(&platform, |settings| {
        shorten(settings);
        settings.client_secret = "wrong".to_owned().into();
    })
    .await;
    let stop = CancellationToken::new();
    let (channel, inbox, stopping) = (alone.channel.clone(), nobody(), stop.clone());
    let task = tokio::spawn(async move { channel.listen(inbox, stopping).await });
    eventually("both alarms", async || {
        let raised = alone.raised();
        (raised == ["dingtalk_secret_refused", "dingtalk_stream_down"]).then_some(())
    })
    .await;
    assert!(alone.alarms.raised().iter().all(|alarm| !alarm.detail.contains("wrong")));
    stop.cancel();
    task.await.unwrap().unwrap();

    platform.answer_next("/v1.0/gateway/connections/open", &vec![(503, json!({})); 8]);
    let alone = Alone::new(&platform, shorten).await;
    let stop = CancellationToken::new();
    let (channel, inbox, stopping) = (alone.channel.clone(), nobody(), stop.clone());
    let task = tokio::spawn(async move { channel.listen(inbox, stopping).await });
    eventually("the alarm", async || alone.raised().contains(&"dingtalk_stream_down").then_some(())).await;
    platform.answer_as_usual();
    eventually("its end", async || alone.raised().is_empty().then_some(())).await;
    stop.cancel();
    task.await.unwrap().unwrap();
}

/// A gateway that takes nothing, because its store is away.
struct Away;

#[async_trait::async_trait]
impl adapters::Intake for Away {
    async fn submit(&self, _: adapters::Inbound) -> Result<adapters::Ticket, adapters::SubmitError> {
        Err(adapters::SubmitError::Unavailable)
    }
    async fn thread(
        &self,
        _: &adapters::Peer,
        _: &adapters::Cursor,
    ) -> Result<adapters::Thread, adapters::SubmitError> {
        Err(adapters::SubmitError::Unavailable)
    }
    fn watch(&self, _: &adapters::Peer) -> adapters::LiveStream {
        Box::pin(futures::stream::pending())
    }
    async fn typing(&self, _: &adapters::Peer) {}
}

pub(super) fn nobody() -> adapters::Inbox {
    adapters::Inbox::new(std::sync::Arc::new(Away))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_durable_is_not_acknowledged_as_taken_and_the_person_is_told() {
    let platform = Platform::start().await;
    let alone = Alone::new(&platform, |_| {}).await;
    let stop = CancellationToken::new();
    let (channel, stopping) = (alone.channel.clone(), stop.clone());
    let task = tokio::spawn(async move { channel.listen(nobody(), stopping).await });
    let person = Person::new(&platform, "u1");
    let id = platform.say(&person.text("m1", "你好")).await;
    let (ack, took) = platform.ack(&id).await;
    assert_eq!(ack["code"], 500, "the platform is to send it again");
    assert!(took < Duration::from_secs(2), "{took:?}");
    let told = eventually("a word to the person", async || person.sees().first().cloned()).await;
    assert!(told.contains("没有收下"), "{told}");
    stop.cancel();
    task.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_sent_somebody_says_something() {
    let platform = Platform::start().await;
    let server = server(&platform, "", "[limits]\nmessage_chars = 50\n", &[]).await;
    let person = Person::new(&platform, "u1");
    let too_long = "长".repeat(60);
    let cases: [(&str, Value, &str); 8] = [
        (
            "picture",
            json!({ "msgtype": "picture", "content": { "downloadCode": "d" } }),
            "图片和视频我看不懂",
        ),
        (
            "file",
            json!({ "msgtype": "file", "content": { "downloadCode": "d", "fileName": "x.pdf" } }),
            "文件我打不开",
        ),
        (
            "video",
            json!({ "msgtype": "video", "content": { "downloadCode": "d", "videoType": "mp4" } }),
            "图片和视频我看不懂",
        ),
        (
            "unheard",
            json!({ "msgtype": "audio", "content": { "downloadCode": "d", "duration": 1 } }),
            "语音我还听不懂",
        ),
        (
            "heard",
            json!({ "msgtype": "audio", "content": { "downloadCode": "d", "recognition": "你好" } }),
            "智能助手",
        ),
        ("card", json!({ "msgtype": "interactiveCard", "content": {} }), "这种消息我还看不懂"),
        ("empty", json!({ "msgtype": "text", "text": { "content": " " } }), "智能助手"),
        ("long", json!({ "msgtype": "text", "text": { "content": too_long } }), "一次最多 50 个字"),
    ];
    for (id, fields, expected) in cases {
        let before = person.sees().len();
        platform.say_acked(&person.message(id, &fields)).await;
        let told = person.sees_so_many(before + 1).await;
        assert!(told[before].contains(expected), "{id}: {told:?}");
    }
    let before = person.sees().len();
    let rich = json!({ "msgtype": "richText", "content": { "richText": [{ "text": "你好" }, { "downloadCode": "a" }, { "downloadCode": "b" }] } });
    platform.say_acked(&person.message("rich", &rich)).await;
    let told = person.sees_so_many(before + 2).await.split_off(before).join("\n");
    assert!(
        told.contains("图片和视频我看不懂") && told.contains("智能助手"),
        "words are answered, pictures are named: {told}"
    );

    // What nobody can be told about is acknowledged, and does not end the connection.
    let line = platform.connected().await;
    for junk in [
        json!({ "errorCode": 20001, "errorMessage": "quota" }),
        json!({ "msgId": "x" }),
        json!("?"),
        json!(null),
    ] {
        platform.say_acked(&junk).await;
    }
    assert_eq!(platform.connected().await, line);
    server.stop().await;
}
