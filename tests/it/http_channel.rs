//! The HTTP channel: signatures, waiting, pulling, pushing, and the examples of its document as they stand.

mod check;
mod examples;

use adapters::{ChannelError, Media, MediaKind};
use reqwest::StatusCode;
use serde_json::{Value, json};
use yikouwen::desk::Role;

use crate::support::counterpart::{Counterpart, SECRET, Trouble, signed};
use crate::support::helper::Helper;
use crate::support::{MEMORY, Server, config, eventually};

const QUESTION: &str = "身份证丢了怎么补办";

async fn server(more: &str) -> Server {
    let data = tempfile::tempdir().unwrap().keep();
    let own = format!(
        "{MEMORY}[channels.kiosk]\ntype = \"http\"\nsecret = \"{SECRET}\"\nname = \"大厅终端\"\n{more}"
    );
    Server::start(config(&data, &own), &[("王老师", Role::Responder)]).await
}

/// A signed request; without a body, its query is signed.
async fn call(server: &Server, path: &str, body: Option<&Value>) -> (StatusCode, Value) {
    let query = path.split_once('?').map_or("", |(_, query)| query);
    let payload = body.map_or_else(|| query.to_owned(), Value::to_string);
    let headers = signed(SECRET, payload.as_bytes(), 0);
    send(server, path, body.map(|_| payload), headers, "zh").await
}

async fn send(
    server: &Server,
    path: &str,
    body: Option<String>,
    (timestamp, signature): (String, String),
    language: &str,
) -> (StatusCode, Value) {
    let url = server.url(&format!("/channels/kiosk{path}"));
    let request = match body {
        Some(body) => server.client.post(url).body(body),
        None => server.client.get(url),
    };
    let request = request
        .header("X-Yikouwen-Timestamp", timestamp)
        .header("X-Yikouwen-Signature", signature)
        .header("Accept-Language", language);
    let answer = request.send().await.unwrap();
    let status = answer.status();
    (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or(Value::Null))
}

fn message(id: &str, citizen: &str, more: impl Into<Value>) -> Value {
    let Value::Object(more) = more.into() else { panic!("an object") };
    let mut message = json!({ "id": id, "citizen": citizen, "at": "2026-11-20T08:00:00Z" });
    message.as_object_mut().unwrap().extend(more);
    message
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_waits_for_its_replies_and_a_repeated_one_gets_the_same() {
    let server = server("").await;
    let asked = message("m1", "c1", json!({ "text": QUESTION }));
    let (status, first) = call(&server, "/messages?wait=20", Some(&asked)).await;
    assert_eq!((status.as_u16(), &first["repeated"]), (200, &json!(false)), "{first}");
    let reply = &first["replies"][0];
    assert_eq!(
        (&reply["author"], &reply["citizen"], &reply["outcome"]),
        (&json!("robot"), &json!("c1"), &json!("answered"))
    );
    assert!(
        reply["text"].as_str().unwrap().contains("[1]") && !reply["plain"].as_str().unwrap().contains("**")
    );
    assert!(!reply["citations"].as_array().unwrap().is_empty());
    let (status, again) = call(&server, "/messages?wait=20", Some(&asked)).await;
    assert_eq!((status.as_u16(), &again["repeated"]), (200, &json!(true)));
    assert_eq!((&again["replies"], &again["seq"]), (&first["replies"], &first["seq"]));
    let (status, quick) =
        call(&server, "/messages", Some(&message("m2", "c1", json!({ "text": QUESTION })))).await;
    assert_eq!((status.as_u16(), &quick["conversation"]), (202, &first["conversation"]));
    assert!(quick.get("replies").is_none());
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_thread_is_pulled_from_any_place() {
    let server = server("").await;
    let (_, first) =
        call(&server, "/messages?wait=20", Some(&message("m1", "c1", json!({ "text": QUESTION })))).await;
    let (status, thread) = call(&server, "/thread?citizen=c1&after=0", None).await;
    assert_eq!(status, 200);
    let messages = thread["messages"].as_array().unwrap();
    assert_eq!((messages.len(), &messages[0]["client_id"]), (2, &json!("m1")));
    assert_eq!((&thread["conversation"], &thread["last"]), (&first["conversation"], &json!(2)));
    assert_eq!(thread["state"]["stage"], "robot");
    let (_, rest) = call(&server, "/thread?citizen=c1&after=1", None).await;
    assert_eq!(rest["messages"], json!([messages[1]]));
    let (_, other) = call(&server, "/thread?citizen=c2&after=0", None).await;
    assert_eq!(
        (&other["conversation"], &other["messages"]),
        (&Value::Null, &json!([])),
        "another's is not shown"
    );
    let (_, about) = call(&server, "", None).await;
    assert_eq!((&about["name"], &about["pushes"]), (&json!("大厅终端"), &json!(false)));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_signed_rightly_is_refused_before_it_is_read() {
    let server = server("previous_secret = \"the-secret-before-this\"\n").await;
    let body = message("m1", "c1", json!({ "text": QUESTION })).to_string();
    let good = signed(SECRET, body.as_bytes(), 0);
    let other = signed(SECRET, b"{}", 0);
    let table = [
        ((good.0.clone(), "sha256=00".to_owned()), "bad_signature"),
        ((good.0.clone(), other.1), "bad_signature"),
        (signed("a-secret-of-another", body.as_bytes(), 0), "bad_signature"),
        (signed(SECRET, body.as_bytes(), -400), "stale_signature"),
        (signed(SECRET, body.as_bytes(), 400), "stale_signature"),
    ];
    for (headers, code) in table {
        let (status, problem) = send(&server, "/messages", Some(body.clone()), headers, "zh").await;
        assert_eq!((status.as_u16(), &problem["code"]), (401, &json!(code)), "{problem}");
        assert!(!problem.to_string().contains("c1"), "{problem}");
    }
    let (status, _) = send(&server, "/messages", Some("{not json".to_owned()), good.clone(), "zh").await;
    assert_eq!(status, 401, "not even looked at");
    for path in ["/thread?citizen=c1", "", "/files?id=x"] {
        let (status, _) = send(&server, path, None, signed(SECRET, b"citizen=c2", 0), "zh").await;
        assert_eq!(status, 401, "{path}");
    }
    let unsigned = server.client.get(server.url("/channels/kiosk/thread?citizen=c1")).send().await.unwrap();
    assert_eq!(unsigned.status(), 401);
    let (_, thread) = call(&server, "/thread?citizen=c1", None).await;
    assert_eq!(thread["conversation"], Value::Null, "nothing was stored");
    // The secret of before still counts, so that it can be changed without a gap.
    let (status, _) = send(
        &server,
        "/messages",
        Some(body.clone()),
        signed("the-secret-before-this", body.as_bytes(), 0),
        "zh",
    )
    .await;
    assert_eq!(status, 202);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn problems_are_told_in_both_languages_without_what_was_said() {
    let server = server("").await;
    let long = "长".repeat(2_001);
    let table = [
        (json!({ "text": " " }), 422, "empty", "内容不能为空", "empty"),
        (json!({ "text": long }), 413, "too_long", "内容过长", "too long"),
        (
            json!({ "choice": { "message": "none", "key": "1" } }),
            404,
            "unknown_message",
            "没有这条消息",
            "no such message",
        ),
        (json!({ "rating": { "score": 3 } }), 409, "not_now", "现在还不能", "not possible"),
        (json!({ "txt": "13912345678" }), 400, "bad_request", "格式", "not as described"),
        (json!({ "text": 13_912_345_678_u64 }), 400, "bad_request", "格式", "not as described"),
    ];
    for (number, (more, status, code, chinese, english)) in table.into_iter().enumerate() {
        let body = message(&format!("m{number}"), "c-139", more).to_string();
        for (language, words) in [("zh-CN", chinese), ("en-GB", english)] {
            let headers = signed(SECRET, body.as_bytes(), 0);
            let (got, problem) = send(&server, "/messages", Some(body.clone()), headers, language).await;
            assert_eq!((got.as_u16(), &problem["code"]), (status, &json!(code)), "{problem}");
            assert!(problem["title"].as_str().unwrap().contains(words), "{problem}");
            assert!(!problem.to_string().contains("139"), "{problem}");
        }
    }
    let (status, problem) =
        call(&server, "/messages?wait=soon", Some(&message("m", "c", json!({ "text": "a" })))).await;
    assert_eq!((status.as_u16(), &problem["code"]), (400, &json!("bad_request")));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_are_pushed_also_those_of_a_helper_and_a_rating_comes_back() {
    let platform = Counterpart::start().await;
    let server = server(&format!("deliver_url = \"{}\"\n", platform.url)).await;
    let (_, asked) =
        call(&server, "/messages?wait=20", Some(&message("m1", "c1", json!({ "text": "护照" })))).await;
    let reply = &asked["replies"][0];
    assert_eq!(reply["outcome"], "clarify");
    let pushed = eventually("the push", async || platform.taken().pop()).await;
    assert_eq!(&pushed, reply, "the same reply, by both ways");
    let choice = json!({ "choice": { "message": reply["id"], "key": reply["choices"][1]["key"] } });
    let (_, chosen) = call(&server, "/messages?wait=20", Some(&message("m2", "c1", choice))).await;
    let feedback = json!({ "feedback": { "message": chosen["replies"][0]["id"], "useful": false } });
    let (_, queued) = call(&server, "/messages?wait=20", Some(&message("m3", "c1", feedback))).await;
    assert!(queued["replies"][0]["plain"].as_str().unwrap().contains("第 1 位"), "{queued}");

    let helper = Helper::log_in(&server, "王老师").await;
    let conversation = asked["conversation"].as_str().unwrap();
    assert_eq!(helper.claim(conversation).await.0, 200);
    assert_eq!(helper.write(conversation, "您好，带上**户口簿**").await.0, 201);
    let said = eventually("the helper's words", async || {
        platform.taken().into_iter().find(|reply| reply["author"] == "helper")
    })
    .await;
    assert_eq!((&said["name"], &said["plain"]), (&json!("王老师"), &json!("您好，带上户口簿")));
    let (status, silent) =
        call(&server, "/messages?wait=5", Some(&message("m4", "c1", json!({ "text": "好的" })))).await;
    assert_eq!((status.as_u16(), &silent["replies"]), (200, &json!([])), "the robot is silent");
    assert_eq!(helper.act(conversation, "close").await.0, 200);
    eventually("the question for a rating", async || {
        platform.taken().into_iter().find(|reply| reply["ask_rating"] == true)
    })
    .await;
    let (status, _) =
        call(&server, "/messages", Some(&message("m5", "c1", json!({ "rating": { "score": 5 } })))).await;
    assert_eq!(status, 202);
    let seqs: Vec<u64> = eventually("the thanks", async || {
        let taken = platform.taken();
        taken.last()?["text"]
            .as_str()?
            .contains("谢谢您的评价")
            .then(|| taken.iter().map(|reply| reply["seq"].as_u64().unwrap()).collect())
    })
    .await;
    assert!(seqs.is_sorted(), "in order: {seqs:?}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_other_side_answers_says_what_is_done_next() {
    let platform = Counterpart::start().await;
    let server =
        server(&format!("deliver_url = \"{}\"\n[retention]\nlongest_pause = \"1s\"\n", platform.url)).await;
    let ask = async |id: &str| {
        let (status, _) = call(&server, "/messages", Some(&message(id, id, json!({ "text": "你好" })))).await;
        assert_eq!(status, 202);
    };
    platform.answer([(410, None)]);
    ask("gone").await;
    eventually("the only attempt", async || (platform.attempts() == 1).then_some(())).await;
    platform.answer([(429, Some("1")), (503, None)]);
    ask("later").await;
    eventually("taken", async || (platform.taken().len() == 1).then_some(())).await;
    assert_eq!(platform.attempts(), 4, "gone once, later three times");
    platform.answer([(401, None)]);
    ask("refused").await;
    eventually("the alarm", async || server.alarms("kiosk").contains(&"http_refused").then_some(())).await;
    eventually("taken after it was mended", async || (platform.taken().len() == 2).then_some(())).await;
    // The other side has it before the gateway has read that it does.
    eventually("no alarm any more", async || server.alarms("kiosk").is_empty().then_some(())).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_got_from_the_other_side_and_from_nowhere_else() {
    let platform = Counterpart::start().await;
    let server = server(&format!("deliver_url = \"{}\"\n", platform.url)).await;
    let channel = server.channel("kiosk");
    let host = platform.url.trim_end_matches("/replies");
    let fetch = async |url: String| {
        channel.fetch(&Media { kind: MediaKind::Image, name: None, reference: url, bytes: None }).await
    };
    let file = fetch(format!("{host}/photo.jpg")).await.unwrap();
    assert_eq!(
        (file.name.as_str(), file.mime.as_str(), &file.data[..]),
        ("photo.jpg", "image/jpeg", &b"jpeg"[..])
    );
    for elsewhere in [
        server.url("/metrics"),
        format!("{host}/away"),
        format!("{host}/nothing"),
        "file:///etc/passwd".to_owned(),
    ] {
        let refused = fetch(elsewhere.clone()).await;
        assert!(matches!(refused, Err(ChannelError::Gone(_))), "{elsewhere}: {refused:?}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_side_being_away_is_said_to_the_operator() {
    let server = server("deliver_url = \"http://127.0.0.1:9/replies\"\n").await;
    let (status, _) = call(&server, "/messages", Some(&message("m", "c", json!({ "text": "你好" })))).await;
    assert_eq!(status, 202);
    eventually("the alarm", async || server.alarms("kiosk").contains(&"http_unreachable").then_some(()))
        .await;
    let alarm = &server.channel("kiosk").alarms()[0];
    assert_eq!(alarm.detail, "no connection");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_the_other_side_are_said_to_the_operator_until_they_are_over() {
    let platform = Counterpart::start().await;
    let server =
        server(&format!("deliver_url = \"{}\"\n[retention]\nlongest_pause = \"1s\"\n", platform.url)).await;
    platform.trouble(Some(Trouble::Status(503)));
    call(&server, "/messages", Some(&message("m", "c", json!({ "text": "你好" })))).await;
    let alarm = eventually("the alarm", async || server.channel("kiosk").alarms().pop()).await;
    assert_eq!((alarm.code, alarm.detail.as_str()), ("http_unreachable", "status 503"));
    platform.trouble(None);
    eventually("the end of it", async || server.alarms("kiosk").is_empty().then_some(())).await;
    assert_eq!(platform.taken().len(), 1);
    server.stop().await;
}
