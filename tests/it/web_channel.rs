//! The website channel: sockets, polling, reconnects without loss or repetition, origins.

use std::sync::Arc;

use serde_json::{Value, json};
use yikouwen::App;
use yikouwen::dialogue::Clock;

use crate::support::helper::Helper;
use crate::support::time::MovedClock;
use crate::support::visitor::{Visitor, messages};
use crate::support::{MEMORY, Server, config, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_streams_the_answer_and_the_final_message_replaces_the_draft() {
    let server = Server::in_memory(&[]).await;
    let visitor = Visitor::new(&server).await;
    let mut socket = visitor.connect(None, 0).await;
    assert_eq!(socket.next().await.unwrap()["t"], "welcome");
    socket.send(json!({ "t": "say", "id": "a", "text": "身份证丢了怎么补办" })).await;
    let mut draft = String::new();
    let mut turn = None;
    let last = loop {
        let frame = socket.next().await.unwrap();
        match frame["t"].as_str().unwrap() {
            "thinking" => turn = frame["turn"].as_str().map(str::to_owned),
            "delta" => draft.push_str(frame["text"].as_str().unwrap()),
            "message" if frame["message"]["author"] == "robot" => break frame["message"].clone(),
            _ => {}
        }
    };
    assert_eq!(last["id"].as_str(), turn.as_deref());
    assert_eq!(draft.trim(), last["text"].as_str().unwrap(), "what was streamed is what stays");
    assert!(!last["citations"].as_array().unwrap().is_empty());
    assert!(
        last.get("evidence").is_none() && last.get("confidence").is_none(),
        "what helpers see is not sent to citizens"
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_was_away_gets_what_it_missed_and_nothing_twice() {
    let server = Server::in_memory(&["王老师"]).await;
    let visitor = Visitor::new(&server).await;
    visitor.say("a", "转人工").await;
    let helper = Helper::log_in(&server, "王老师").await;
    let conversation = eventually("the queue", async || {
        helper.get("/queue").await["queue"][0]["conversation"].as_str().map(str::to_owned)
    })
    .await;
    helper.claim(&conversation).await;
    let mut socket = visitor.connect(None, 0).await;
    let mut seen = 0;
    while seen < 3 {
        let frame = socket.until(|frame| frame["t"] == "message").await;
        seen = frame["message"]["seq"].as_u64().unwrap();
    }
    drop(socket);
    for number in 0..20 {
        assert_eq!(helper.write(&conversation, &format!("消息 {number}")).await.0, 201);
    }
    let mut socket = visitor.connect(Some(&conversation), seen).await;
    let mut texts = Vec::new();
    while texts.len() < 20 {
        let frame = socket.until(|frame| frame["t"] == "message").await;
        texts.push(frame["message"]["text"].as_str().unwrap().to_owned());
    }
    assert_eq!(texts, (0..20).map(|number| format!("消息 {number}")).collect::<Vec<_>>());
    let after = visitor.poll(&conversation, seen, 0).await;
    assert_eq!(messages(&after).len(), 20, "polling shows the same thread");
    assert!(messages(&visitor.poll(&conversation, seen + 20, 0).await).is_empty());
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poll_waits_for_what_comes() {
    let server = Server::in_memory(&[]).await;
    let visitor = Visitor::new(&server).await;
    visitor.say("a", "你好").await;
    let frames = eventually("the greeting", async || {
        let frames = visitor.poll("", 0, 0).await;
        (messages(&frames).len() == 2).then_some(frames)
    })
    .await;
    assert_eq!(frames[0]["t"], "welcome");
    let conversation = frames.iter().find(|frame| frame["t"] == "conversation").unwrap()["conversation"]
        .as_str()
        .unwrap()
        .to_owned();
    let (waited, ()) = tokio::join!(visitor.poll(&conversation, 2, 10), async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        visitor.say("b", "谢谢").await;
    });
    assert!(!waited.is_empty(), "the poll ends when something comes");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn choices_feedback_and_a_new_conversation_work_over_the_wire() {
    let server = Server::in_memory(&["王老师"]).await;
    let visitor = Visitor::new(&server).await;
    visitor.say("a", "身份证丢了怎么补办").await;
    let answer = eventually("the answer", async || visitor.thread().await.get(1).cloned()).await;
    let thumb = |id: &str, useful: bool| json!({ "t": "feedback", "id": id, "message": answer["id"], "useful": useful });
    assert_eq!(visitor.post(thumb("up", true)).await.0, 202);
    assert_eq!(visitor.thread().await[1]["feedback"], "useful");
    assert_eq!(visitor.post(json!({ "t": "new", "id": "n0" })).await.0, 409, "the robot still speaks");
    assert_eq!(visitor.post(thumb("down", false)).await.0, 202);
    eventually("a person is called", async || {
        let frames = visitor.poll("", 0, 0).await;
        frames.iter().any(|frame| frame["t"] == "state" && frame["stage"] == "queued").then_some(())
    })
    .await;
    let helper = Helper::log_in(&server, "王老师").await;
    let queue = helper.get("/queue").await;
    assert_eq!(queue["queue"][0]["reason"], "dissatisfied");
    let conversation = queue["queue"][0]["conversation"].as_str().unwrap().to_owned();
    helper.claim(&conversation).await;
    helper.act(&conversation, "close").await;
    assert_eq!(visitor.post(json!({ "t": "rate", "id": "r", "score": 1, "comment": "等太久" })).await.0, 202);
    assert_eq!(helper.conversation(&conversation).await["rating"]["score"], 1);
    assert_eq!(visitor.post(json!({ "t": "new", "id": "n1" })).await.0, 202);
    let frames = visitor.poll(&conversation, 99, 0).await;
    let fresh = frames.iter().find(|frame| frame["t"] == "conversation").expect("a new conversation");
    assert_ne!(fresh["conversation"], conversation.as_str());
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ambiguous_question_offers_choices_and_a_choice_answers() {
    let server = Server::in_memory(&[]).await;
    let visitor = Visitor::new(&server).await;
    visitor.say("a", "我要过户").await;
    let asked = eventually("a reply", async || visitor.thread().await.get(1).cloned()).await;
    assert_eq!(asked["outcome"], "clarify", "two characters name no matter: {asked}");
    let choices = asked["choices"].as_array().unwrap();
    assert!((3..=5).contains(&choices.len()), "up to four and none of these: {choices:?}");
    visitor.post(json!({ "t": "choose", "id": "b", "message": asked["id"], "key": "1" })).await;
    let answer = eventually("the answer", async || visitor.thread().await.get(3).cloned()).await;
    assert_eq!(answer["outcome"], "answered", "{answer}");
    assert_eq!(visitor.thread().await[2]["text"], choices[0]["label"]);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_sites_are_refused_and_ours_are_not() {
    let server = Server::in_memory(&[]).await;
    let session = async |origin: Option<String>| {
        let mut request = server.client.post(server.url("/channels/web/session"));
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(session(None).await, 200);
    assert_eq!(session(Some(server.url(""))).await, 200);
    assert_eq!(session(Some("https://evil.example".to_owned())).await, 403);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_and_the_description_are_served() {
    let server = Server::in_memory(&[]).await;
    for (path, kind) in [
        ("/", "text/html"),
        ("/widget.js", "text/javascript"),
        ("/desk/", "text/html"),
        ("/api/openapi.json", "application/json"),
        ("/metrics", "application/openmetrics-text"),
    ] {
        let answer = server.client.get(server.url(path)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}; build the web parts first with `make web`");
        assert!(answer.headers()["content-type"].to_str().unwrap().starts_with(kind), "{path}");
    }
    let page = server.client.get(server.url("/desk/")).send().await.unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe-eval"));
    let description: Value =
        server.client.get(server.url("/api/openapi.json")).send().await.unwrap().json().await.unwrap();
    for path in ["/api/v1/ask", "/api/v1/desk/conversations/{id}/claim", "/api/v1/knowledge/{id}"] {
        assert!(description["paths"].get(path).is_some(), "{path} is described");
    }
    let site: Value =
        server.client.get(server.url("/api/v1/site")).send().await.unwrap().json().await.unwrap();
    assert!(site["starters"]["zh"].as_array().unwrap().len() >= 3);
    let suggested: Value = server
        .client
        .get(server.url("/api/v1/suggest?q=护照&limit=3"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert!(!suggested["suggestions"].as_array().unwrap().is_empty());
    server.stop().await;
}

/// Asks for a session with the token that a device kept, and returns the new token and whose it is.
async fn session(server: &Server, token: &str) -> (String, String) {
    let request = server.client.post(server.url("/channels/web/session")).bearer_auth(token);
    let session: Value = request.send().await.unwrap().json().await.unwrap();
    let text = |name: &str| session[name].as_str().unwrap().to_owned();
    (text("token"), text("visitor"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_citizen_is_the_same_after_a_month_and_a_new_one_after_half_a_year_away() {
    const QUESTION: &str = "身份证丢了怎么补办";
    let data = tempfile::tempdir().unwrap();
    let clock = Arc::new(MovedClock::default());
    let moved: Arc<dyn Clock> = Arc::clone(&clock) as Arc<dyn Clock>;
    let app = App::open_at(config(data.path(), MEMORY), moved, |_| Vec::new()).await.unwrap();
    let server = Server::run(app, &[]).await;
    let mut visitor = Visitor::new(&server).await;
    let first = visitor.token.clone();
    visitor.ask("a", QUESTION).await;
    let (_, citizen) = session(&server, &first).await;

    clock.pass(31);
    let (renewed, same) = session(&server, &first).await;
    assert_eq!(same, citizen, "the token of a month ago");
    assert_ne!(renewed, first);
    visitor.token = renewed.clone();
    let thread = visitor.thread().await;
    assert_eq!(thread[0]["text"], QUESTION, "with their conversation: {thread:?}");

    // The first token has ended, and the renewed one has not.
    clock.pass(150);
    visitor.token = first.clone();
    assert_eq!(visitor.say("b", "你好").await.0, 401);
    let (stranger, other) = session(&server, &first).await;
    assert_ne!(other, citizen, "who comes back with a token that has ended is somebody new");
    assert_eq!(session(&server, &renewed).await.1, citizen);

    // Somebody new sees nothing of anybody, and what they say is theirs.
    visitor.token = stranger.clone();
    assert_eq!(visitor.thread().await, Vec::<Value>::new());
    visitor.ask("c", "公积金租房怎么提取").await;
    let said = |thread: Vec<Value>| -> Vec<String> {
        let own = thread.iter().filter(|message| message["author"] == "citizen");
        own.map(|message| message["text"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(said(visitor.thread().await), ["公积金租房怎么提取"]);
    visitor.token = renewed.clone();
    assert!(!said(visitor.thread().await).contains(&"公积金租房怎么提取".to_owned()));

    clock.pass(181);
    let (_, last) = session(&server, &renewed).await;
    assert!(last != citizen && last != other, "nobody's token, nobody's conversation");
    server.stop().await;
}
