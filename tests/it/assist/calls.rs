//! Calls: what two browsers say to each other through the gateway, and what it does not pass on.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use yikouwen::app::SystemClock;
use yikouwen::dialogue::Clock as _;

use super::people::{Got, HELPERS, Page, Scene, Viewer};
use crate::support::helper::Helper;
use crate::support::{MEMORY, eventually};

/// A description as Chromium prints it, cut to what it needs.
const VOICE: &str = "v=0\r\no=- 46117 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendrecv\r\na=rtpmap:111 opus/48000/2\r\n";
const CAMERA: &str = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=sendrecv\r\n";
const ADDRESS: &str = "candidate:1 1 udp 2122194687 192.0.2.7 33567 typ host generation 0";

fn rtc(kind: &str, call: &str, media: &str, more: Value) -> Value {
    let mut frame = json!({ "t": "rtc", "kind": kind, "call": call, "media": media });
    let Value::Object(more) = more else { panic!("members") };
    frame.as_object_mut().unwrap().extend(more);
    frame
}

fn offer(call: &str, sdp: &str) -> Value {
    rtc("offer", call, "voice", json!({ "sdp": sdp }))
}

fn answer(call: &str, sdp: &str) -> Value {
    rtc("answer", call, "voice", json!({ "sdp": sdp }))
}

/// What the helper's frame is refused for.
async fn denied(viewer: &mut Viewer, epoch: u32, body: Value) -> String {
    viewer.say(epoch, body).await;
    viewer.until_text("denied").await["why"].as_str().unwrap().to_owned()
}

/// A helper asks for this, and the citizen allows it. Returns what the citizen's and the helper's browser are told.
async fn call(page: &mut Page, viewer: &mut Viewer, media: &str) -> (Value, Value) {
    viewer.say(page.epoch, json!({ "t": "ask", "scope": media })).await;
    page.until(|frame| frame["t"] == "share.request" && frame["scope"] == media).await;
    page.say(json!({ "t": "consent", "scope": media })).await;
    let citizen = page.until(|frame| frame["t"] == "call").await;
    let helper = viewer.until_text("call").await;
    assert_eq!(citizen["call"], helper["call"]);
    (citizen, helper)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_asked_for_allowed_signalled_and_ended() {
    let scene = Scene::new().await;
    let mut page = scene.shown().await;
    let mut viewer = scene.viewer().await;
    assert_eq!(viewer.until_text("welcome").await["calls"], json!(["voice", "screen"]));
    viewer.until_events(1).await;
    let supervisor = Helper::log_in(&scene.server, HELPERS[2].0).await;
    let mut watcher = Viewer::connect(&scene.server, &supervisor, &scene.share).await.unwrap();
    watcher.until_events(1).await;

    let (citizen, helper) = call(&mut page, &mut viewer, "voice").await;
    assert_eq!((citizen["ice"].clone(), citizen["relay_only"].clone()), (json!([]), json!(false)));
    let id = citizen["call"].as_str().unwrap().to_owned();
    assert_eq!(helper["media"], "voice");
    page.say(offer(&id, VOICE)).await;
    let offered = viewer.until_text("rtc").await;
    assert_eq!((offered["kind"].as_str(), offered["sdp"].as_str()), (Some("offer"), Some(VOICE)));
    viewer.say(page.epoch, answer(&id, VOICE)).await;
    let answered = page.until(|frame| frame["t"] == "rtc").await;
    assert_eq!((answered["kind"].as_str(), answered["sdp"].as_str()), (Some("answer"), Some(VOICE)));
    let address = json!({ "candidate": { "candidate": ADDRESS, "sdpMid": "0", "sdpMLineIndex": 0 } });
    page.say(rtc("ice", &id, "voice", address.clone())).await;
    assert_eq!(viewer.until_text("rtc").await["candidate"], address["candidate"]);
    viewer.say(page.epoch, rtc("ice", &id, "voice", address.clone())).await;
    assert_eq!(page.until(|frame| frame["t"] == "rtc").await["candidate"], address["candidate"]);
    page.say(rtc("up", &id, "voice", json!({}))).await;
    page.say(rtc("mute", &id, "voice", json!({ "on": true }))).await;
    assert_eq!(viewer.until_text("rtc").await["on"], true);
    // A second one of the same kind is not begun beside it.
    assert_eq!(denied(&mut viewer, page.epoch, json!({ "t": "ask", "scope": "voice" })).await, "busy");

    // Who watches learns that they speak, and gets nothing of the call.
    let heard = watcher.quiet(Duration::from_millis(300), &["perm", "peer", "lag"]).await;
    heard.expect("nothing of the call");
    assert_eq!(denied(&mut watcher, page.epoch, answer(&id, VOICE)).await, "role");
    assert_eq!(denied(&mut watcher, page.epoch, json!({ "t": "ask", "scope": "voice" })).await, "role");

    // The citizen takes it back: over for both, and nothing of it passes any more.
    let begun = Instant::now();
    page.say(json!({ "t": "revoke", "scope": "voice" })).await;
    let over = viewer.until_text("call.end").await;
    println!("from the citizen's hanging up to the helper's news: {} ms", begun.elapsed().as_millis());
    assert!(begun.elapsed() < Duration::from_millis(500));
    assert_eq!((over["media"].as_str(), over["why"].as_str()), (Some("voice"), Some("hangup")));
    page.until(|frame| frame["t"] == "call.end").await;
    assert_eq!(denied(&mut viewer, page.epoch, answer(&id, VOICE)).await, "consent");
    page.say(offer(&id, VOICE)).await;
    viewer.quiet(Duration::from_millis(300), &["perm", "peer", "lag"]).await.expect("nothing after the end");

    // A call of before is none, and the helper may end one as well: then it has to be allowed again.
    let (citizen, _) = call(&mut page, &mut viewer, "voice").await;
    let next = citizen["call"].as_str().unwrap().to_owned();
    assert_ne!(next, id);
    assert_eq!(denied(&mut viewer, page.epoch, answer(&id, VOICE)).await, "no_call");
    viewer.say(page.epoch, rtc("bye", &next, "voice", json!({ "why": "hangup" }))).await;
    page.until(|frame| frame["t"] == "perm" && frame["voice"] == false).await;
    viewer
        .until(|got| matches!(got, Got::Text(frame) if frame["t"] == "perm" && frame["voice"] == false))
        .await;
    assert_eq!(denied(&mut viewer, page.epoch, answer(&next, VOICE)).await, "consent");

    scene
        .audited(&[
            "helper:王老师 asked_for voice",
            "citizen allowed voice",
            "helper:王老师 call_begun voice",
            "citizen call_connected voice",
            "citizen call_ended voice hangup",
            "helper:王老师 call_ended voice hangup",
        ])
        .await;
    assert!(!scene.audit().await.join(" ").contains("192.0.2.7"), "no address is kept");
    for line in [
        r#"yikouwen_assist_calls_total{media="voice",how="asked"} 2"#,
        r#"yikouwen_assist_calls_total{media="voice",how="connected"} 1"#,
        r#"yikouwen_assist_calls_total{media="voice",how="ended"} 2"#,
    ] {
        eventually(line, async || scene.server.metrics().await.contains(line).then_some(())).await;
    }
    scene.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_belong_into_a_call_ends_it_or_is_denied() {
    let scene = Scene::new().await;
    let mut page = scene.shown().await;
    let mut viewer = scene.viewer().await;
    viewer.until_events(1).await;
    let epoch = page.epoch;
    assert_eq!(
        denied(&mut viewer, epoch, answer("c", VOICE)).await,
        "consent",
        "nobody has allowed anything"
    );
    // What nobody asked for cannot be allowed, either.
    page.say(json!({ "t": "consent", "scope": "voice" })).await;
    assert_eq!(page.until(|frame| frame["t"] == "call.end").await["why"], "gone");
    assert_eq!(denied(&mut viewer, epoch, answer("c", VOICE)).await, "consent");

    let (citizen, _) = call(&mut page, &mut viewer, "voice").await;
    let id = citizen["call"].as_str().unwrap().to_owned();
    assert_eq!(denied(&mut viewer, epoch + 1, answer(&id, VOICE)).await, "epoch");
    assert_eq!(denied(&mut viewer, epoch, answer(&id, &format!("{VOICE}{CAMERA}"))).await, "sdp");
    assert_eq!(
        denied(&mut viewer, epoch, answer(&id, &format!("{VOICE}{}", "a=x:y\r\n".repeat(4_000)))).await,
        "too_long"
    );
    assert_eq!(denied(&mut viewer, epoch, offer(&id, VOICE)).await, "role", "the citizen's browser offers");
    let screen = rtc("answer", &id, "screen", json!({ "sdp": VOICE }));
    assert_eq!(denied(&mut viewer, epoch, screen).await, "consent", "to speak is not to show");
    assert_eq!(denied(&mut viewer, epoch, json!({ "t": "rtc", "kind": "click" })).await, "malformed");
    // The same of the citizen's page ends the call, and the share goes on.
    let mut first = Some(id);
    for (sdp, why) in
        [(format!("{VOICE}{CAMERA}"), "sdp"), (format!("{VOICE}{}", "a=x:y\r\n".repeat(4_000)), "too_long")]
    {
        let running = match first.take() {
            Some(id) => id,
            None => call(&mut page, &mut viewer, "voice").await.0["call"].as_str().unwrap().to_owned(),
        };
        page.say(offer(&running, &sdp)).await;
        assert_eq!(viewer.until_text("call.end").await["why"], why);
        assert_eq!(page.until(|frame| frame["t"] == "call.end").await["why"], why);
    }
    // A flood of addresses is no call.
    let (citizen, _) = call(&mut page, &mut viewer, "voice").await;
    let id = citizen["call"].as_str().unwrap().to_owned();
    for _ in 0..60 {
        page.say(rtc("ice", &id, "voice", json!({ "candidate": { "candidate": ADDRESS } }))).await;
    }
    viewer
        .until(|got| matches!(got, Got::Text(frame) if frame["t"] == "call.end" && frame["why"] == "rate"))
        .await;
    page.say(json!({ "t": "ptr", "node": 10, "dx": 0.5, "dy": 0.5 })).await;
    viewer.until_text("ptr").await;
    scene.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_ends_with_its_page_its_helper_and_its_share() {
    let scene = Scene::new().await;
    let mut page = scene.shown().await;
    let mut viewer = scene.viewer().await;
    viewer.until_events(1).await;
    // The citizen's browser has no microphone, which the helper learns.
    viewer.say(page.epoch, json!({ "t": "ask", "scope": "voice" })).await;
    page.until(|frame| frame["t"] == "share.request").await;
    page.say(json!({ "t": "revoke", "scope": "voice", "why": "missing" })).await;
    assert_eq!(viewer.until_text("call.end").await["why"], "missing");
    // The helper asks no longer.
    viewer.say(page.epoch, json!({ "t": "ask", "scope": "voice" })).await;
    page.until(|frame| frame["t"] == "share.request").await;
    viewer.say(page.epoch, rtc("bye", "", "voice", json!({ "why": "hangup" }))).await;
    assert_eq!(page.until(|frame| frame["t"] == "call.end").await["why"], "helper");

    // Another page: nobody's microphone goes on by itself.
    call(&mut page, &mut viewer, "voice").await;
    let token = page.token.clone();
    let mut page = Page::load(&scene.server, &scene.share, &token).await;
    assert_eq!(
        (page.welcome["perm"]["view"].clone(), page.welcome["perm"]["voice"].clone()),
        (json!(true), json!(false))
    );
    viewer
        .until(
            |got| matches!(got, Got::Text(frame) if frame["t"] == "welcome" && frame["epoch"] == page.epoch),
        )
        .await;
    assert_eq!(viewer.until_text("call.end").await["why"], "page");
    // The same page on a new socket goes on speaking.
    let (citizen, _) = call(&mut page, &mut viewer, "voice").await;
    let id = citizen["call"].as_str().unwrap().to_owned();
    let (epoch, seen) = (page.epoch, u32::try_from(citizen["seq"].as_u64().unwrap()).unwrap());
    let (said, sent) = (page.seq, page.sent.clone());
    drop(page);
    let mut page = Page::hello(&scene.server, &scene.share, &token, epoch, Some(seen)).await.unwrap();
    (page.seq, page.sent) = (said, sent);
    assert_eq!(page.welcome["perm"]["voice"], true);
    page.say(offer(&id, VOICE)).await;
    assert_eq!(viewer.until_text("rtc").await["kind"], "offer");
    // The helper's socket is gone, and with it the call.
    drop(viewer);
    assert_eq!(page.until(|frame| frame["t"] == "call.end").await["why"], "lost");
    let mut viewer = scene.viewer().await;
    viewer
        .until(|got| matches!(got, Got::Text(frame) if frame["t"] == "welcome" && frame["peer"] == "online"))
        .await;
    call(&mut page, &mut viewer, "screen").await;
    page.say(json!({ "t": "end", "reason": "citizen" })).await;
    viewer.until_text("end").await;
    let rows = [
        "citizen call_refused voice missing",
        "citizen call_ended voice page",
        "system call_ended voice lost",
        "system call_ended screen share",
    ];
    // The last of them is written when both sides have been told.
    eventually("the rows of the audit", async || {
        let audit = scene.audit().await;
        rows.iter().all(|row| audit.iter().any(|known| known == row)).then_some(())
    })
    .await;
    scene.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_share_of_the_desktop_is_itself_the_question() {
    let scene = Scene::of(MEMORY, json!({ "purpose": "一起看社保网站", "kind": "screen" })).await;
    let (_, opened) = scene.open(&scene.key, None).await;
    assert_eq!(opened["kind"], "screen");
    let mut page = Page::load(&scene.server, &scene.share, opened["token"].as_str().unwrap()).await;
    assert_eq!(page.welcome["kind"], "screen");
    // There has to be somebody to see it.
    page.say(json!({ "t": "consent", "scope": "screen" })).await;
    assert_eq!(page.until(|frame| frame["t"] == "call.end").await["why"], "gone");
    let mut viewer = scene.viewer().await;
    viewer
        .until(|got| matches!(got, Got::Text(frame) if frame["t"] == "welcome" && frame["peer"] == "online"))
        .await;
    page.say(json!({ "t": "consent", "scope": "screen" })).await;
    let shown =
        |got: &Got| matches!(got, Got::Text(frame) if frame["t"] == "perm" && frame["screen"] == true);
    assert_eq!(viewer.until(shown).await.text()["view"], false);
    assert_eq!(viewer.until_text("call").await["media"], "screen");
    // To see a desktop is not to touch it.
    let denied_for = async |viewer: &mut Viewer, body: Value| denied(viewer, page.epoch, body).await;
    let pointer = json!({ "t": "ptr", "node": 10, "dx": 0.5, "dy": 0.5 });
    assert_eq!(denied_for(&mut viewer, pointer).await, "consent");
    let fill = json!({ "t": "fill.propose", "id": "f", "node": 10, "value": "x", "purpose": "", "expect": { "name": "", "label": "" } });
    assert_eq!(denied_for(&mut viewer, fill).await, "consent");
    scene.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_is_told_of_by_time_limited_names_and_hides_addresses() {
    let relay = format!(
        "{MEMORY}\n[assist]\nscreen = false\n[assist.turn]\nurls = [\"turn:turn.city.example:3478\"]\nsecret = \"north\"\nttl = \"1h\"\n"
    );
    let scene = Scene::with(&relay).await;
    let mut page = scene.shown().await;
    let mut viewer = scene.viewer().await;
    viewer.until_events(1).await;
    assert_eq!(denied(&mut viewer, page.epoch, json!({ "t": "ask", "scope": "screen" })).await, "off");
    let (citizen, helper) = call(&mut page, &mut viewer, "voice").await;
    for side in [&citizen, &helper] {
        assert_eq!(side["relay_only"], true, "where there is a relay, addresses are nobody's business");
        let server = &side["ice"][0];
        assert_eq!(server["urls"], json!(["turn:turn.city.example:3478"]));
        let (ends, name) = server["username"].as_str().unwrap().split_once(':').unwrap();
        let left = ends.parse::<i64>().unwrap() - SystemClock.now().as_second();
        assert!((3_590..=3_600).contains(&left), "{left}");
        assert!(!name.contains("王老师"));
    }
    assert_ne!(citizen["ice"], helper["ice"]);
    let id = citizen["call"].as_str().unwrap().to_owned();
    page.say(rtc("ice", &id, "voice", json!({ "candidate": { "candidate": ADDRESS } }))).await;
    page.say(offer(&id, &format!("{VOICE}a={ADDRESS}\r\n"))).await;
    let first = viewer.until_text("rtc").await;
    assert_eq!(first["kind"], "offer", "the address is not passed on");
    assert!(!first.to_string().contains("192.0.2.7"), "{first}");
    scene.server.stop().await;
}
