//! Bad input gets a clear error, panics nothing, and loses nothing.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::helper::Helper;
use crate::support::visitor::{Visitor, messages};
use crate::support::{Server, eventually};

async fn post(server: &Server, path: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
    let answer = server
        .client
        .post(server.url(path))
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await
        .unwrap();
    let status = answer.status().as_u16();
    let kind = answer.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
    let text = answer.text().await.unwrap();
    if status >= 400 {
        assert_eq!(kind.as_deref(), Some("application/problem+json"), "{path} {status} {text}");
    }
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_bad_question_is_refused_in_words() {
    let server = Server::in_memory(&[]).await;
    let question = |text: &str| json!({ "question": text }).to_string();
    let table: Vec<(&str, String, u16, &str)> = vec![
        ("malformed JSON", "{\"question\": ".to_owned(), 400, "bad_json"),
        ("not an object", "[1,2]".to_owned(), 400, "bad_json"),
        ("a field is missing", "{}".to_owned(), 400, "bad_json"),
        ("the wrong type", "{\"question\": 7}".to_owned(), 400, "bad_json"),
        ("a lone surrogate", "{\"question\": \"\\ud800\"}".to_owned(), 400, "bad_json"),
        ("more after the end", "{\"question\": \"a\"} x".to_owned(), 400, "bad_json"),
        ("1 MB", question(&"长".repeat(350_000)), 413, "too_large"),
        ("longer than a message may be", question(&"长".repeat(2_001)), 413, "too_long"),
        ("empty", question(""), 422, "empty"),
        ("blanks", question(" \n\t "), 422, "empty"),
        ("control characters alone", question("\u{0}\u{1}\u{7f}\u{200b}"), 422, "empty"),
        (
            "an unknown conversation",
            json!({ "question": "a", "conversation": "no-such" }).to_string(),
            404,
            "unknown_conversation",
        ),
        (
            "a strange conversation id",
            json!({ "question": "a", "conversation": "\u{0}/../\u{ffff}" }).to_string(),
            404,
            "unknown_conversation",
        ),
    ];
    for (what, body, status, code) in table {
        let (got, problem) = post(&server, "/api/v1/ask", body).await;
        assert_eq!((got, problem["code"].as_str()), (status, Some(code)), "{what}: {problem}");
        assert!(!problem["title"].as_str().unwrap().is_empty(), "{what} has words");
    }
    let invalid = post(&server, "/api/v1/ask", vec![b'{', 0xff, 0xfe, b'}']).await;
    assert_eq!(invalid.0, 400, "bytes that are no UTF-8");
    for odd in [
        "🙂🙂🙂",
        "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
        "a\u{0}b身份证\u{202e}丢了",
        "﷽",
        "<script>alert(1)</script>",
        "'; DROP TABLE",
    ] {
        let answer = server.ask(odd, None).await;
        assert!(answer["outcome"].is_string(), "{odd} is answered one way or the other");
    }
    let (status, _) = post(&server, "/api/v1/nothing", "{}").await;
    assert_eq!(status, 404);
    let (status, _) = post(&server, "/api/v1/suggest", "{}").await;
    assert_eq!(status, 405);
    assert_eq!(server.client.get(server.url("/ready")).send().await.unwrap().status(), 200);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn problems_speak_the_readers_language() {
    let server = Server::in_memory(&[]).await;
    let title = async |language: &str| {
        let answer = server
            .client
            .post(server.url("/api/v1/ask"))
            .header("accept-language", language)
            .body("{")
            .send()
            .await
            .unwrap();
        answer.json::<Value>().await.unwrap()["title"].as_str().unwrap().to_owned()
    };
    assert!(title("zh-CN").await.contains("JSON，"));
    assert!(title("en-GB").await.starts_with("The request body"));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_cookies_and_tokens_open_nothing() {
    let server = Server::in_memory(&["王老师"]).await;
    let long = "x".repeat(5_000);
    for cookie in [
        "yikouwen_desk=forged",
        "yikouwen_desk=",
        "yikouwen_desk=../../etc",
        &format!("yikouwen_desk={long}"),
    ] {
        let answer = server
            .client
            .get(server.url("/api/v1/desk/queue"))
            .header("cookie", cookie)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 401, "{}", cookie.len());
    }
    for token in ["", "a.b", "forged", &long] {
        let url = server.url("/channels/web/events");
        let answer = server.client.get(url).bearer_auth(token).send().await.unwrap();
        assert_eq!(answer.status(), 401);
    }
    let helper = Helper::log_in(&server, "王老师").await;
    for id in ["no-such", "%00", "..%2f..", "\u{1f642}"] {
        let (status, problem) = helper.call(Method::GET, &format!("/conversations/{id}"), None).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{id}: {problem}");
    }
    let request = server.client.post(server.url("/api/v1/desk/logout")).header("cookie", helper.cookie());
    let answer = request.header("origin", "https://evil.example").send().await.unwrap();
    assert_eq!(answer.status(), 403, "another site cannot act with the helper's cookie");
    let (status, _) = helper.call(Method::GET, "/me", None).await;
    assert_eq!(status, 200, "and nothing happened");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_are_slowed_down() {
    let server = Server::in_memory(&["王老师"]).await;
    let mut throttled = false;
    for _ in 0..20 {
        let body = json!({ "name": "王老师", "password": "wrong wrong wrong" });
        let answer = server.client.post(server.url("/api/v1/desk/login")).json(&body).send().await.unwrap();
        match answer.status().as_u16() {
            401 => assert!(!throttled, "once throttled, stays so for a while"),
            429 => {
                throttled = true;
                assert!(answer.headers().contains_key("retry-after"));
            }
            other => panic!("{other}"),
        }
    }
    assert!(throttled);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_survives_nonsense_and_loses_nothing() {
    let server = Server::in_memory(&[]).await;
    let visitor = Visitor::new(&server).await;
    let mut socket = visitor.connect(None, 0).await;
    socket.until(|frame| frame["t"] == "welcome").await;
    for nonsense in [
        "",
        "{",
        "[]",
        "null",
        "{\"t\":\"dance\"}",
        "{\"t\":\"say\",\"id\":\"a\",\"text\":\"\\ud800\"}",
        "{\"t\":\"rate\",\"id\":\"b\",\"score\":9}",
    ] {
        socket.send_text(nonsense).await;
        let frame = socket.until(|frame| frame["t"] == "error").await;
        assert_eq!(frame["code"], "bad_frame", "{nonsense}");
    }
    socket.send(json!({ "t": "say", "id": "e", "text": "  " })).await;
    assert_eq!(socket.until(|frame| frame["t"] == "error").await["code"], "empty");
    socket.send(json!({ "t": "say", "id": "l", "text": "长".repeat(2_001) })).await;
    assert_eq!(socket.until(|frame| frame["t"] == "error").await["code"], "too_long");
    socket.send(json!({ "t": "choose", "id": "c", "message": "none", "key": "1" })).await;
    assert_eq!(socket.until(|frame| frame["t"] == "error").await["code"], "unknown_message");
    socket.send(json!({ "t": "say", "id": "ok", "text": "身份证丢了怎么补🙂" })).await;
    socket.until(|frame| frame["t"] == "accepted" && frame["id"] == "ok").await;
    let thread = eventually("the answer", async || {
        let thread = visitor.thread().await;
        (thread.len() == 2).then_some(thread)
    })
    .await;
    assert_eq!(thread[0]["text"], "身份证丢了怎么补🙂");
    // A frame over the limit ends the socket, and the thread is what it was.
    socket.send_too_much(&"x".repeat(1_000_000)).await;
    let frames = visitor.poll("", 0, 0).await;
    assert_eq!(messages(&frames).len(), 2);
    server.stop().await;
}
