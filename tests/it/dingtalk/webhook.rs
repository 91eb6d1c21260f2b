//! Messages by webhook: only the platform's own, of the last hour.

use adapters::dingtalk::sign;
use serde_json::{Value, json};
use yikouwen::dialogue::Clock;

use super::platform::{Person, Platform, SECRET, TEMPLATE};
use super::server;
use crate::support::{Server, eventually};

async fn post(server: &Server, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, Value) {
    let mut request =
        server.client.post(server.url(path)).header("content-type", "application/json; charset=utf-8");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.body(body.to_owned()).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or(Value::Null))
}

fn now() -> i64 {
    yikouwen::app::SystemClock.now().as_millisecond()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_the_platform_has_signed_in_the_last_hour_is_taken() {
    let platform = Platform::start().await;
    let server = server(&platform, "mode = \"webhook\"", "", &[]).await;
    let person = Person::new(&platform, "u1");
    let body = person.text("m1", "你好").to_string();
    let hour = 3_600_000;
    for (secret, time) in [("other", now()), (SECRET, now() - hour - 5_000), (SECRET, now() + hour + 5_000)] {
        let time = time.to_string();
        let headers = [("timestamp", time.as_str()), ("sign", &sign::message_signature(secret, &time))];
        assert_eq!(post(&server, "/channels/ding", &headers, &body).await.0, 401);
    }
    assert_eq!(post(&server, "/channels/ding", &[], &body).await.0, 401);
    let time = now().to_string();
    let headers = [("timestamp", time.as_str()), ("sign", &sign::message_signature(SECRET, &time))];
    for _ in 0..3 {
        let (status, answer) = post(&server, "/channels/ding", &headers, &body).await;
        assert_eq!((status, answer), (200, json!({ "msgtype": "empty" })));
    }
    person.sees_so_many(1).await;
    for junk in ["", "{", "{\"errorCode\":20001}", "[]"] {
        assert_eq!(post(&server, "/channels/ding", &headers, junk).await.0, 200, "{junk}");
    }
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert_eq!(person.sees().len(), 1, "taken once");
    assert!(platform.calls("/v1.0/gateway/connections/open").is_empty(), "no socket is opened");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn buttons_come_by_webhook_too_and_only_signed() {
    let platform = Platform::start().await;
    let channel = format!("mode = \"webhook\"\ncard_template_id = \"{TEMPLATE}\"");
    let server =
        server(&platform, &channel, "[server]\npublic_url = \"https://ask.city.example\"\n", &[]).await;
    let registered = eventually("a registration", async || {
        platform.calls("/v1.0/card/callbacks/register").first().map(|call| call.body.clone())
    })
    .await;
    assert_eq!(registered["callbackUrl"], "https://ask.city.example/channels/ding/card");
    let secret = registered["apiSecret"].as_str().unwrap().to_owned();
    assert_ne!(secret, SECRET);

    let person = Person::new(&platform, "u1");
    let time = now().to_string();
    let headers = [("timestamp", time.as_str()), ("sign", &sign::message_signature(SECRET, &time))];
    assert_eq!(
        post(&server, "/channels/ding", &headers, &person.text("m1", "身份证丢了怎么补").to_string()).await.0,
        200
    );
    let (track, card) = eventually("a card with the answer", async || {
        platform
            .cards()
            .into_iter()
            .find(|(_, card)| card.parameters.get("flowStatus").is_some_and(|status| status == "3"))
    })
    .await;
    assert!(card.texts.last().unwrap().contains("[1]"), "{card:?}");
    let made = &platform.calls("/v1.0/card/instances/createAndDeliver")[0].body;
    assert_eq!(
        (&made["callbackType"], &made["callbackRouteKey"]),
        (&json!("HTTP"), &registered["callbackRouteKey"])
    );

    let press = json!({ "type": "actionCallback", "outTrackId": track, "userId": "u1", "content": "{\"cardPrivateData\":{\"params\":{\"action\":\"human\"}}}" }).to_string();
    assert_eq!(post(&server, "/channels/ding/card", &headers, &press).await.0, 401);
    let signature = sign::card_signature(&secret, &time);
    let signed =
        [("x-ddpaas-signature-timestamp", time.as_str()), ("x-ddpaas-signature", signature.as_str())];
    let (status, answer) = post(&server, "/channels/ding/card", &signed, &press).await;
    assert_eq!(status, 200);
    assert_eq!(answer["cardData"]["cardParamMap"]["can_ask_human"], "false", "{answer}");
    let queued = person.sees_so_many(1).await.remove(0);
    assert!(queued.contains("第 1 位"), "{queued}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signatures_that_never_fitted_are_said_until_one_fits() {
    let platform = Platform::start().await;
    let server = server(&platform, "mode = \"webhook\"", "", &[]).await;
    let body = Person::new(&platform, "u1").text("m1", "你好").to_string();
    let time = now().to_string();
    let signed = |secret| [("timestamp", time.clone()), ("sign", sign::message_signature(secret, &time))];
    let send = async |secret| {
        let headers = signed(secret);
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        post(&server, "/channels/ding", &headers, &body).await.0
    };
    server.says_wrong("ding", &[]).await;
    // As with a secret that was copied from another application.
    assert_eq!(send("secret-of-another-application").await, 401);
    server.says_wrong("ding", &["dingtalk_signature_refused"]).await;
    assert_eq!(send(SECRET).await, 200);
    server.says_wrong("ding", &[]).await;
    // From now on it is an attack, which the operator cannot mend.
    assert_eq!(send("secret-of-another-application").await, 401);
    assert!(server.ready_alarms("ding").await.is_empty());
    server.stop().await;
}
