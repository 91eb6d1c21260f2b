//! Over TLS, as at the real platform: with an authority that the operator has added, and without.

use std::time::Duration;

use adapters::Trust;
use adapters::dingtalk::Pace;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::platform::{Person, Platform};
use super::stream::nobody;
use super::{Alone, server};
use crate::support::eventually;
use crate::support::tls::Authority;

const OPEN: &str = "/v1.0/gateway/connections/open";

#[tokio::test(flavor = "multi_thread")]
async fn with_an_authority_of_ones_own_messages_arrive_by_wss_and_answers_leave_by_https() {
    let authority = Authority::new();
    let platform = Platform::over_tls(&authority).await;
    let trusting = format!("[server]\nextra_ca = {:?}\n", authority.file());
    let server = server(&platform, "", &trusting, &[]).await;
    let person = Person::new(&platform, "u1");
    person.says("m1", "身份证丢了怎么补办").await;
    assert!(person.sees_so_many(1).await[0].contains("身份证"));
    // The same by the robot's methods, with a token.
    platform.sessions_over.store(true, std::sync::atomic::Ordering::SeqCst);
    person.says("m2", "转人工").await;
    eventually("a message by the robot itself", async || {
        (!platform.calls("/v1.0/robot/oToMessages/batchSend").is_empty()).then_some(())
    })
    .await;
    assert_eq!(server.alarms("ding"), [""; 0]);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_that_nobody_added_is_refused_and_the_operator_is_told_in_words() {
    let words = yikouwen::config::words::alarm("dingtalk_certificate_refused").unwrap();
    assert!(words.title_zh.contains("证书不可信") && words.do_zh.contains("extra_ca"));
    let platform = Platform::over_tls(&Authority::new()).await;
    let another = format!("[server]\nextra_ca = {:?}\n", Authority::new().file());
    for sections in ["", another.as_str()] {
        let server = server(&platform, "", sections, &[]).await;
        eventually("the alarm", async || {
            (server.alarms("ding") == ["dingtalk_certificate_refused"]).then_some(())
        })
        .await;
        assert_eq!(platform.all_calls().len(), 0, "nothing was said to whoever is not believed");
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_alone_that_is_not_believed_is_not_opened() {
    let (authority, other) = (Authority::new(), Authority::new());
    let (platform, stranger) = (Platform::over_tls(&authority).await, Platform::over_tls(&other).await);
    let elsewhere = stranger.base().replacen("https", "wss", 1) + "/connect";
    let ticket = json!({ "endpoint": elsewhere, "ticket": "a-secret-ticket" });
    platform.answer_next(OPEN, &[(200, ticket.clone()), (200, ticket)]);
    let quick = |settings: &mut adapters::dingtalk::DingtalkSettings| {
        settings.pace = Pace {
            first_pause: Duration::from_millis(200),
            longest_pause: Duration::from_millis(400),
            ..Pace::default()
        };
    };
    let trust = Trust::read(authority.pem().as_bytes()).unwrap();
    let alone = Alone::trusting(trust, &platform, quick).await;
    let (stop, channel) = (CancellationToken::new(), alone.channel.clone());
    let stopping = stop.clone();
    let task = tokio::spawn(async move { adapters::Channel::listen(&*channel, nobody(), stopping).await });
    let alarm = eventually("the alarm", async || alone.alarms.raised().first().cloned()).await;
    assert_eq!(alarm.code, "dingtalk_certificate_refused");
    assert!(alarm.detail.starts_with("127.0.0.1: ") && !alarm.detail.contains("ticket"), "{}", alarm.detail);
    assert!(stranger.open_lines().is_empty());
    // The third try is sent to the platform itself.
    platform.connected().await;
    eventually("the end of the alarm", async || alone.alarms.raised().is_empty().then_some(())).await;
    stop.cancel();
    task.await.unwrap().unwrap();
}
