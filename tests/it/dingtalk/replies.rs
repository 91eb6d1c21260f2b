//! Replies: by session webhook while it lasts, then as the robot; refusals, limits, restarts.

use std::time::{Duration, Instant};

use adapters::message::{Media, MediaKind};
use adapters::{Channel, ChannelError};
use serde_json::json;

use super::platform::{Person, Platform};
use super::{Alone, lasting, peer, reply, server};
use crate::support::{Server, eventually};

const ONE: &str = "/v1.0/robot/oToMessages/batchSend";

#[tokio::test(flavor = "multi_thread")]
async fn when_the_session_is_over_the_robot_writes_by_itself() {
    let platform = Platform::start().await;
    platform.sessions_over.store(true, std::sync::atomic::Ordering::SeqCst);
    let server = server(&platform, "", "", &[]).await;
    let person = Person::new(&platform, "u1");
    person.says("m1", "你好").await;
    let shown = platform.shows("a message of the robot", |shown| shown.to == "user:u1").await;
    assert_eq!(shown.kind, "sampleMarkdown");
    assert!(shown.text().contains("智能助手"));
    // A session whose end has come is not tried at all.
    let before = platform.calls("/robot/sendBySession").len();
    let late = person.message("m2", &json!({ "msgtype": "text", "text": { "content": "谢谢" }, "sessionWebhookExpiredTime": 1_613_635_652_738_i64, "sessionWebhook": format!("{}/robot/sendBySession?session=old", platform.base()) }));
    platform.say_acked(&late).await;
    eventually("the second message", async || (platform.shown().len() == 2).then_some(())).await;
    assert_eq!(platform.calls("/robot/sendBySession").len(), before);
    let group = person.in_group("cidG==");
    group.says("m3", "你好").await;
    let shown = platform.shows("a message to the group", |shown| shown.to == "group:cidG==").await;
    assert!(shown.text().starts_with("@u1某"), "who is meant: {}", shown.text());
    assert_eq!(platform.calls("/v1.0/oauth2/accessToken").len(), 1, "one token for all");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_is_not_the_platforms_is_never_written_to() {
    let platform = Platform::start().await;
    let stranger = Platform::start().await;
    let server = server(&platform, "", "", &[]).await;
    let person = Person::new(&platform, "u1");
    let forged = format!("{}/robot/sendBySession?session=x", stranger.base());
    platform
        .say_acked(&person.message(
            "m1",
            &json!({ "msgtype": "text", "text": { "content": "你好" }, "sessionWebhook": forged }),
        ))
        .await;
    platform.shows("a message of the robot", |shown| shown.to == "user:u1").await;
    assert!(stranger.shown().is_empty() && stranger.calls("/robot/sendBySession").is_empty());
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_reply_arrives_whole_in_order_and_within_the_limits() {
    let platform = Platform::start().await;
    let alone = Alone::new(&platform, |_| {}).await;
    let text: String = (0..400)
        .map(|number| format!("第{number}条：先到窗口取号，再把材料交给工作人员，最后等通知。\n\n"))
        .collect();
    // The second part fails once.
    platform.answer_next(
        ONE,
        &[(200, json!({ "processQueryKey": "q" })), (500, json!({ "code": "system.error" }))],
    );
    let long = reply("long", &text);
    assert!(matches!(
        alone.channel.deliver(&peer("single:staff:u1"), &long).await,
        Err(ChannelError::Unavailable { .. })
    ));
    alone.channel.deliver(&peer("single:staff:u1"), &long).await.unwrap();
    let parameters = |call: &super::platform::Call| call.body["msgParam"].as_str().unwrap().to_owned();
    let calls = platform.calls(ONE);
    assert!(calls.len() > 4, "{}", calls.len());
    assert!(calls.iter().all(|call| parameters(call).len() <= 15_000));
    // The first was answered by order and not shown; the second came twice.
    assert_eq!(parameters(&calls[1]), parameters(&calls[2]), "the part that failed comes again");
    let first: serde_json::Value = serde_json::from_str(&parameters(&calls[0])).unwrap();
    let mut whole = vec![first["text"].as_str().unwrap().to_owned()];
    whole.extend(platform.shown().iter().map(|shown| shown.text().to_owned()));
    assert!(whole.iter().all(|part| part.ends_with('。')), "cut between sentences");
    let bare = |text: &str| text.split_whitespace().collect::<String>();
    assert_eq!(bare(&whole.concat()), bare(&text));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_becomes_what_the_outbox_and_the_operator_should_do() {
    let platform = Platform::start().await;
    let to = peer("single:staff:u1");
    let denied = "Forbidden.AccessDenied.AccessTokenPermissionDenied";
    let cases = [
        (
            403,
            json!({ "code": denied, "message": "所需的权限：[qyapi_robot_sendmsg]" }),
            "misconfigured",
            Some("dingtalk_send_refused"),
        ),
        (
            400,
            json!({ "code": "invalidParameter.robotCode.notExsit" }),
            "misconfigured",
            Some("dingtalk_robot_refused"),
        ),
        (400, json!({ "code": "staffId.notExisted" }), "gone", None),
        (400, json!({ "code": "somethingNew" }), "gone", Some("dingtalk_message_refused")),
        (500, json!({ "code": "system.error" }), "unavailable", None),
        (400, json!({ "code": "send.too.fast" }), "unavailable", Some("dingtalk_throttled")),
        (200, json!({ "processQueryKey": "q", "invalidStaffIdList": ["u1"] }), "gone", None),
        (200, json!({ "processQueryKey": "q", "flowControlledStaffIdList": ["u1"] }), "unavailable", None),
        (
            200,
            json!({ "status": 1111, "wait": 5, "source": "x5", "punish": "deny" }),
            "unavailable",
            Some("dingtalk_throttled"),
        ),
    ];
    for (status, answer, expected, alarm) in cases {
        let alone = Alone::new(&platform, |_| {}).await;
        platform.answer_next(ONE, &[(status, answer.clone())]);
        let error = alone.channel.deliver(&to, &reply("r", "你好")).await.unwrap_err();
        let (kind, reason) = match &error {
            ChannelError::Misconfigured(reason) => ("misconfigured", reason),
            ChannelError::Gone(reason) => ("gone", reason),
            ChannelError::Unavailable { reason, .. } => ("unavailable", reason),
        };
        assert_eq!(kind, expected, "{answer}: {error}");
        assert!(!reason.contains("u1"), "no person is named: {reason}");
        assert_eq!(alone.raised(), alarm.into_iter().collect::<Vec<_>>(), "{answer}");
        if alarm.is_some_and(|code| code.ends_with("send_refused")) {
            assert!(alone.alarms.raised()[0].detail.contains("qyapi_robot_sendmsg"));
        }
        if alarm != Some("dingtalk_throttled") {
            alone.channel.deliver(&to, &reply("r2", "你好")).await.unwrap();
            assert!(alone.raised().is_empty(), "what works again is no alarm: {:?}", alone.raised());
        }
    }
    let alone = Alone::new(&platform, |_| {}).await;
    let lost = alone.channel.deliver(&peer("single:sender:$:x"), &reply("r", "你好")).await.unwrap_err();
    assert!(matches!(lost, ChannelError::Gone(_)) && alone.raised() == ["dingtalk_no_staff_id"]);
    let odd = alone.channel.deliver(&peer("who knows"), &reply("r", "你好")).await.unwrap_err();
    assert!(matches!(odd, ChannelError::Gone(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn words_that_the_platform_refuses_are_replaced_by_a_word_about_it() {
    let platform = Platform::start().await;
    let alone = Alone::new(&platform, |_| {}).await;
    platform.answer_next(ONE, &[(400, json!({ "code": "contain.notAllowed.text" }))]);
    alone.channel.deliver(&peer("single:staff:u1"), &reply("r", "不许说的话")).await.unwrap();
    assert!(platform.shown()[0].text().contains("这条回复没有发出来"));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_too_fast_nothing_is_sent_for_a_while_and_each_while_is_longer() {
    let platform = Platform::start().await;
    let alone = Alone::new(&platform, |_| {}).await;
    let to = peer("single:staff:u1");
    let wait = async |id: &str| match alone.channel.deliver(&to, &reply(id, "你好")).await {
        Err(ChannelError::Unavailable { retry_after: Some(delay), .. }) => delay,
        other => panic!("{other:?}"),
    };
    platform.answer_next(ONE, &vec![(400, json!({ "code": "send.too.fast" })); 2]);
    assert_eq!(wait("a").await, Duration::from_secs(1));
    let calls = platform.calls(ONE).len();
    assert!(wait("b").await <= Duration::from_secs(1));
    assert_eq!(platform.calls(ONE).len(), calls, "the platform is left alone meanwhile");
    tokio::time::sleep(Duration::from_millis(1_050)).await;
    assert_eq!(wait("a").await, Duration::from_secs(2));
    tokio::time::sleep(Duration::from_millis(2_050)).await;
    alone.channel.deliver(&to, &reply("a", "你好")).await.unwrap();
    assert!(alone.raised().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_no_longer_good_is_replaced_once() {
    let platform = Platform::start().await;
    let alone = Alone::new(&platform, |_| {}).await;
    let to = peer("single:staff:u1");
    alone.channel.deliver(&to, &reply("a", "一")).await.unwrap();
    platform.revoke_token();
    alone.channel.deliver(&to, &reply("b", "二")).await.unwrap();
    assert_eq!(platform.calls("/v1.0/oauth2/accessToken").len(), 2);
    assert_eq!(platform.calls(ONE).len(), 3, "the refused call once more");
    assert_eq!(platform.shown().len(), 2);
    // A second node uses the token of the first.
    let other = Alone::over(std::sync::Arc::clone(&alone.store), &platform, |_| {});
    other.channel.deliver(&to, &reply("c", "三")).await.unwrap();
    assert_eq!(platform.calls("/v1.0/oauth2/accessToken").len(), 2);
    let wrong = Alone::new(&platform, |settings| settings.client_secret = "wrong".to_owned().into()).await;
    let error = wrong.channel.deliver(&to, &reply("d", "四")).await.unwrap_err();
    assert!(matches!(error, ChannelError::Misconfigured(_)), "{error}");
    assert_eq!(wrong.raised(), ["dingtalk_secret_refused"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_before_a_restart_is_delivered_once_after_it() {
    let platform = Platform::start().await;
    let data = tempfile::tempdir().unwrap();
    let down = (503, json!({}));
    platform.answer_next("/robot/sendBySession", &vec![down; 500]);
    let server = Server::start(lasting(&platform, data.path()), &[]).await;
    let person = Person::new(&platform, "u1");
    for number in 0..3 {
        person.says(&format!("m{number}"), "你好").await;
    }
    eventually("an attempt", async || (!platform.calls("/robot/sendBySession").is_empty()).then_some(()))
        .await;
    server.stop().await;
    assert!(person.sees().is_empty());
    platform.answer_as_usual();
    let server = Server::start(lasting(&platform, data.path()), &[]).await;
    platform.connected().await;
    // Sent again by the platform, as after a restart.
    person.says("m1", "你好").await;
    person.sees_so_many(3).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(person.sees().len(), 3, "each once");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_sent_is_fetched_by_its_code() {
    let platform = Platform::start().await;
    let alone = Alone::new(&platform, |_| {}).await;
    let media = |code: &str, name: Option<&str>| Media {
        kind: MediaKind::Image,
        name: name.map(str::to_owned),
        reference: code.to_owned(),
        bytes: None,
    };
    let file = alone.channel.fetch(&media("code-1", None)).await.unwrap();
    assert_eq!(
        (file.name.as_str(), file.mime.as_str(), &file.data[..]),
        ("image.jpg", "image/png", &b"bytes of code-1"[..])
    );
    assert_eq!(alone.channel.fetch(&media("code-2", Some("证件.png"))).await.unwrap().name, "证件.png");
    let call = &platform.calls("/v1.0/robot/messageFiles/download")[0].body;
    assert_eq!(call, &json!({ "downloadCode": "code-1", "robotCode": super::ID }));
    assert!(matches!(alone.channel.fetch(&media("gone", None)).await, Err(ChannelError::Gone(_))));
    platform.answer_next(
        "/v1.0/robot/messageFiles/download",
        &[(403, json!({ "code": "Forbidden.AccessDenied" }))],
    );
    assert!(matches!(alone.channel.fetch(&media("x", None)).await, Err(ChannelError::Misconfigured(_))));
    assert_eq!(alone.raised(), ["dingtalk_file_refused"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_people_at_once_are_all_answered() {
    let platform = Platform::start().await;
    let server = server(&platform, "", "", &[]).await;
    let names: Vec<String> = (0..100).map(|number| format!("u{number}")).collect();
    let begun = Instant::now();
    let mut frames = Vec::new();
    for name in &names {
        frames.push(platform.say(&Person::new(&platform, name).text(&format!("m-{name}"), "你好")).await);
    }
    for (name, frame) in names.iter().zip(&frames) {
        let (ack, took) = platform.ack(frame).await;
        // A machine that has others to serve may take longer than the platform waits; then it asks for it again.
        if ack["code"] == 500 {
            println!("{name}: not durable after {took:?}, sent again");
            platform.say_acked(&Person::new(&platform, name).text(&format!("m-{name}"), "你好")).await;
        } else {
            assert_eq!(ack["code"], 200);
        }
    }
    for name in &names {
        Person::new(&platform, name).sees_so_many(1).await;
    }
    println!("100 people answered in {:?}", begun.elapsed());
    assert_eq!(platform.shown().len(), 100);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn for_whom_members_of_the_company_ask_is_a_setting() {
    // An entry for citizens only.
    let question = "我的医保卡里有历年余额，能给老父亲用吗";
    for (setting, member, answered) in [
        ("", true, false),
        ("audience = \"enterprise\"", true, false),
        ("audience = \"citizen\"", true, true),
        ("audience = \"any\"", true, true),
        // Of an outsider it is not known.
        ("audience = \"enterprise\"", false, true),
    ] {
        let platform = Platform::start().await;
        let server = server(&platform, setting, "", &[]).await;
        let person = Person::new(&platform, "u1");
        let mut asked = person.text("m1", question);
        if !member {
            asked["senderStaffId"] = "".into();
            asked["senderCorpId"] = "ding-other".into();
        }
        platform.say_acked(&asked).await;
        let told = person.sees_so_many(1).await.remove(0);
        assert_eq!(told.contains("[1]"), answered, "{setting} {member}: {told}");
        server.stop().await;
    }
}
