//! The desk: claims, capacity, release, return, presence, live socket.

use futures::{SinkExt, StreamExt};
use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::support::helper::Helper;
use crate::support::visitor::Visitor;
use crate::support::{MEMORY, Server, config, eventually};

async fn queued(server: &Server) -> String {
    server.ask("转人工", None).await["conversation"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_claim_at_once_exactly_one_wins() {
    let names: Vec<String> = (0..12).map(|number| format!("helper{number}")).collect();
    let server = Server::in_memory(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let helpers = futures::future::join_all(names.iter().map(|name| Helper::log_in(&server, name))).await;
    let mut lost = 0;
    for round in 0..25 {
        let conversation = queued(&server).await;
        let claims =
            futures::future::join_all(helpers.iter().map(|helper| helper.claim(&conversation))).await;
        let winners = claims.iter().filter(|(status, _)| *status == 200).count();
        assert_eq!(winners, 1, "round {round}");
        lost += claims.iter().filter(|(status, _)| *status == 409).count();
        let winner = claims.iter().position(|(status, _)| *status == 200).unwrap();
        assert_eq!(helpers[winner].act(&conversation, "close").await.0, 200);
    }
    println!("claims: 25 rounds of 12 helpers, 25 won, {lost} refused with 409");
    assert_eq!(lost, 25 * 11);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_helper_ever_carries_more_than_the_capacity() {
    let server = Server::in_memory(&["王老师"]).await;
    let helper = Helper::log_in(&server, "王老师").await;
    let conversations = futures::future::join_all((0..12).map(|_| queued(&server))).await;
    let claims = futures::future::join_all(conversations.iter().map(|id| helper.claim(id))).await;
    assert_eq!(claims.iter().filter(|(status, _)| *status == 200).count(), 3);
    let full: Vec<&Value> =
        claims.iter().filter(|(status, _)| *status == 409).map(|(_, problem)| problem).collect();
    assert_eq!(full.len(), 9);
    assert!(full.iter().all(|problem| problem["code"] == "at_capacity"), "{full:?}");
    assert_eq!(helper.get("/me").await["load"], 3);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn released_conversations_keep_their_place_and_the_next_helper_takes_them() {
    let server = Server::in_memory(&["王老师", "李老师"]).await;
    let (first, second) = (Helper::log_in(&server, "王老师").await, Helper::log_in(&server, "李老师").await);
    let early = queued(&server).await;
    let late = queued(&server).await;
    assert_eq!(first.claim(&early).await.0, 200);
    assert_eq!(first.act(&early, "release").await.0, 200);
    let queue = second.get("/queue").await;
    let order: Vec<&str> = queue["queue"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["conversation"].as_str().unwrap())
        .collect();
    assert_eq!(order, [early.as_str(), late.as_str()], "in front, as before");
    assert_eq!(queue["queue"][0]["previous_helper"], "王老师");
    assert_eq!(first.write(&early, "还在吗").await.0, 409, "who released it does not write any more");
    assert_eq!(second.claim(&early).await.0, 200);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_writes_after_the_end_comes_back_to_people() {
    let server = Server::in_memory(&["王老师"]).await;
    let helper = Helper::log_in(&server, "王老师").await;
    let conversation = queued(&server).await;
    assert_eq!(helper.claim(&conversation).await.0, 200);
    assert_eq!(helper.act(&conversation, "close").await.0, 200);
    let thanks = server.ask("谢谢", Some(&conversation)).await;
    assert_eq!(thanks["stage"], "wrap_up", "thanks call nobody: {thanks}");
    let again = server.ask("对了，还有一件事", Some(&conversation)).await;
    assert_eq!((again["outcome"].as_str(), again["stage"].as_str()), (Some("handoff"), Some("queued")));
    assert_eq!(helper.get("/queue").await["queue"][0]["previous_helper"], "王老师");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_is_first_in_the_queue_at_every_stage() {
    let server = Server::in_memory(&["王老师"]).await;
    let helper = Helper::log_in(&server, "王老师").await;
    queued(&server).await;
    let danger = server.ask("救命，我爸突然晕倒了没有呼吸", None).await;
    assert_eq!(danger["outcome"], "emergency", "{danger}");
    let queue = helper.get("/queue").await;
    assert_eq!(queue["queue"][0]["conversation"], danger["conversation"]);
    assert_eq!(queue["queue"][0]["priority"], 1);
    let visitor = Visitor::new(&server).await;
    visitor.say("1", "着火了！").await;
    let thread = eventually("the numbers", async || {
        let thread = visitor.thread().await;
        (thread.len() == 2).then_some(thread)
    })
    .await;
    assert_eq!(thread[1]["call"][0]["number"], "119", "{thread:?}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_without_bound_and_a_left_message_is_answered_later() {
    let data = tempfile::tempdir().unwrap();
    let own = format!("{MEMORY}[desk]\nwait_limit = \"1s\"\n");
    let server =
        Server::start(config(data.path(), &own), &[("王老师", yikouwen::desk::Role::Responder)]).await;
    let visitor = Visitor::new(&server).await;
    visitor.post(json!({ "t": "human", "id": "1" })).await;
    let thread = eventually("the message is kept", async || {
        let thread = visitor.thread().await;
        (thread.len() == 3).then_some(thread)
    })
    .await;
    assert!(thread[2]["text"].as_str().unwrap().contains("留言"), "{thread:?}");
    let helper = Helper::log_in(&server, "王老师").await;
    let queue = helper.get("/queue").await;
    assert_eq!(queue["queue"][0]["left_message"], true);
    let conversation = queue["queue"][0]["conversation"].as_str().unwrap().to_owned();
    assert_eq!(helper.claim(&conversation).await.0, 200);
    assert_eq!(helper.write(&conversation, "您好，昨天的问题我来答复").await.0, 201);
    assert_eq!(visitor.thread().await.last().unwrap()["author"], "helper");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_live_socket_shows_the_queue_and_own_conversations_only() {
    let server = Server::in_memory(&["王老师", "李老师"]).await;
    let (helper, other) = (Helper::log_in(&server, "王老师").await, Helper::log_in(&server, "李老师").await);
    let open = async |helper: &Helper| {
        let mut request =
            server.url("/api/v1/desk/live").replacen("http", "ws", 1).into_client_request().unwrap();
        request.headers_mut().insert("cookie", helper.cookie().parse().unwrap());
        tokio_tungstenite::connect_async(request).await.unwrap().0
    };
    let (mut mine, mut theirs) = (open(&helper).await, open(&other).await);
    let conversation = queued(&server).await;
    async fn wait_for(
        socket: &mut (impl StreamExt<Item = Result<Message, tokio_tungstenite::tungstenite::Error>> + Unpin),
        wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        loop {
            let frame = tokio::time::timeout(std::time::Duration::from_secs(10), socket.next())
                .await
                .unwrap()
                .unwrap()
                .unwrap();
            if let Message::Text(text) = frame {
                let value: Value = serde_json::from_str(&text).unwrap();
                if wanted(&value) {
                    return value;
                }
            }
        }
    }
    let has_it =
        |frame: &Value| frame["t"] == "queue" && frame["queue"][0]["conversation"] == conversation.as_str();
    wait_for(&mut mine, has_it).await;
    wait_for(&mut theirs, has_it).await;
    assert_eq!(helper.claim(&conversation).await.0, 200);
    wait_for(&mut mine, |frame| {
        frame["t"] == "queue" && frame["mine"][0]["conversation"] == conversation.as_str()
    })
    .await;
    wait_for(&mut theirs, |frame| frame["t"] == "conversation" && frame["stage"] == "gone").await;
    server.ask("我想问一下", Some(&conversation)).await;
    let told =
        wait_for(&mut mine, |frame| frame["t"] == "message" && frame["message"]["text"] == "我想问一下")
            .await;
    assert_eq!(told["conversation"], conversation.as_str());
    theirs.send(Message::text("{\"t\":\"ping\"}")).await.unwrap();
    let next = wait_for(&mut theirs, |frame| frame["t"] != "queue").await;
    assert_eq!(next["t"], "pong", "nothing of it reached the other helper");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_password_ends_the_old_logins_and_logging_out_ends_one() {
    let server = Server::in_memory(&["王老师"]).await;
    let old = Helper::log_in(&server, "王老师").await;
    let here = Helper::log_in(&server, "王老师").await;
    let short = here
        .call(Method::POST, "/password", Some(json!({ "current": crate::support::PASSWORD, "new": "short" })))
        .await;
    assert_eq!((short.0.as_u16(), short.1["code"].as_str()), (422, Some("short_password")));
    let changed = here
        .call(
            Method::POST,
            "/password",
            Some(json!({ "current": crate::support::PASSWORD, "new": "a new long password" })),
        )
        .await;
    assert_eq!(changed.0, 204);
    assert_eq!(old.call(Method::GET, "/me", None).await.0, 401);
    server.stop().await;
}
