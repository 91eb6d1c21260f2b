//! Who sees and may do what: nothing before consent, nothing after it was taken back, and every frame of a helper decided.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::people::{Got, HELPERS, Page, Scene, Viewer, form, typed};
use crate::support::helper::Helper;

/// What a viewer may be told at any time.
const NEWS: [&str; 4] = ["perm", "peer", "lag", "welcome"];

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_shown_before_the_citizen_allows_it() {
    let scene = Scene::new().await;
    let mut viewer = scene.viewer().await;
    let mut page = scene.page().await;
    assert_eq!(page.welcome["perm"]["view"], false);
    assert_eq!(page.welcome["helper"]["name"], "王老师");
    page.say(json!({ "t": "ptr", "node": 10, "dx": 0.5, "dy": 0.5 })).await;
    page.say(json!({ "t": "digest", "nodes": 9, "hash": 7 })).await;
    viewer.quiet(Duration::from_millis(500), &NEWS).await.unwrap();
    // A page that shows itself all the same is not ours.
    page.snap(&form()).await;
    assert_eq!(page.end().await, "early");
    viewer.until_text("end").await;
    assert_eq!(scene.ended().await, "early");
    let supervisor = Helper::log_in(&scene.server, HELPERS[2].0).await;
    let alarms = supervisor.get("/channels").await.to_string();
    assert!(alarms.contains("assist_early"), "{alarms}");
    scene.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn taking_back_cuts_view_and_control_at_once() {
    let scene = Scene::new().await;
    let mut page = scene.shown().await;
    page.consent("point").await;
    let mut viewer = scene.viewer().await;
    viewer.until_events(1).await;
    viewer.say(page.epoch, json!({ "t": "ptr", "node": 10, "dx": 0.5, "dy": 0.5 })).await;
    page.until(|frame| frame["t"] == "ptr").await;

    let begun = Instant::now();
    page.say(json!({ "t": "revoke", "scope": "view" })).await;
    viewer
        .until(|got| matches!(got, Got::Text(frame) if frame["t"] == "perm" && frame["view"] == false))
        .await;
    let took = begun.elapsed();
    println!("from the citizen's stop to the viewer's: {} ms", took.as_millis());
    assert!(took < Duration::from_millis(500), "{took:?}");
    // What was still on its way, or is sent on purpose, reaches nobody; nor does the helper reach the page.
    page.inc(&typed(10, "晚了")).await;
    page.snap(&form()).await;
    viewer.say(page.epoch, json!({ "t": "ptr", "node": 10, "dx": 0.5, "dy": 0.5 })).await;
    let denied = viewer.until_text("denied").await;
    assert_eq!((denied["of"].as_str(), denied["why"].as_str()), (Some("ptr"), Some("consent")));
    viewer.quiet(Duration::from_millis(400), &NEWS).await.unwrap();
    // Nor does somebody who comes now.
    let mut late = scene.viewer().await;
    late.quiet(Duration::from_millis(400), &NEWS).await.unwrap();
    // It may be allowed again; then a fresh picture is asked for.
    page.consent("view").await;
    page.snap(&form()).await;
    viewer.until_events(1).await;

    let begun = Instant::now();
    page.say(json!({ "t": "end", "reason": "citizen" })).await;
    assert_eq!(viewer.until_text("end").await["reason"], "citizen");
    println!("from the citizen's end to the viewer's: {} ms", begun.elapsed().as_millis());
    assert!(begun.elapsed() < Duration::from_millis(500));
    scene
        .audited(&[
            "citizen allowed view",
            "citizen allowed point",
            "citizen took_back view",
            "citizen ended citizen",
        ])
        .await;
    scene.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_frame_of_a_forged_helper_is_denied() {
    let scene = Scene::new().await;
    let mut page = scene.shown().await;
    let epoch = page.epoch;
    let mut viewer = scene.viewer().await;
    viewer.until_events(1).await;
    let fill = |node: u32| json!({ "t": "fill.propose", "id": format!("f{node}"), "node": node, "value": "贸易", "purpose": "经营范围", "expect": { "name": "scope", "label": "经营范围" } });
    let hl = |node: u32| json!({ "t": "hl", "id": "h", "node": node, "kind": "box", "text": "先填这里", "ttl": 5.0 });
    let denied = async |viewer: &mut Viewer, epoch: u32, body: Value| -> String {
        viewer.say(epoch, body).await;
        viewer.until_text("denied").await["why"].as_str().unwrap().to_owned()
    };
    assert_eq!(denied(&mut viewer, epoch, hl(10)).await, "consent");
    page.consent("point").await;
    assert_eq!(denied(&mut viewer, epoch, fill(10)).await, "consent", "pointing is not filling");
    assert_eq!(denied(&mut viewer, epoch + 1, hl(10)).await, "epoch");
    assert_eq!(denied(&mut viewer, epoch, hl(999)).await, "node");
    assert_eq!(
        denied(&mut viewer, epoch, json!({ "t": "ptr", "node": 10, "dx": 2.0, "dy": 0.5 })).await,
        "out_of_range"
    );
    assert_eq!(
        denied(
            &mut viewer,
            epoch,
            json!({ "t": "steps", "id": "s", "list": [{ "node": 10, "text": "字".repeat(500) }], "at": 0 })
        )
        .await,
        "too_long"
    );
    assert_eq!(
        denied(&mut viewer, epoch, json!({ "t": "click", "node": 22 })).await,
        "malformed",
        "there is no such frame"
    );
    assert_eq!(
        denied(&mut viewer, epoch, json!({ "t": "consent", "scope": "fill" })).await,
        "malformed",
        "consent is the citizen's"
    );
    page.consent("fill").await;
    for (node, why) in
        [(20, "declaration"), (21, "password"), (22, "submit"), (23, "upload"), (4, "no_field")]
    {
        // One proposal in two seconds; the measure is not what is asked about here.
        tokio::time::sleep(Duration::from_millis(2_050)).await;
        assert_eq!(denied(&mut viewer, epoch, fill(node)).await, why, "{node}");
    }
    assert_eq!(denied(&mut viewer, epoch, fill(10)).await, "rate");
    tokio::time::sleep(Duration::from_millis(2_050)).await;
    viewer.say(epoch, fill(10)).await;
    let proposed = page.until(|frame| frame["t"] != "perm" && frame["t"] != "ack").await;
    assert_eq!(
        (proposed["t"].as_str(), proposed["id"].as_str()),
        (Some("fill.propose"), Some("f10")),
        "the only one that came through"
    );
    page.say(json!({ "t": "fill.result", "id": "f10", "result": "applied" })).await;
    assert_eq!(viewer.until_text("fill.result").await["result"], "applied");
    page.say(json!({ "t": "pause", "on": true })).await;
    viewer
        .until(|got| matches!(got, Got::Text(frame) if frame["t"] == "perm" && frame["paused"] == true))
        .await;
    assert_eq!(denied(&mut viewer, epoch, hl(10)).await, "paused");
    scene.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_viewer_watches_is_named_and_may_do_nothing() {
    let scene = Scene::new().await;
    let mut page = scene.shown().await;
    page.consent("point").await;
    let mut owner = scene.viewer().await;
    let first = owner.until_events(1).await;
    page.inc(&typed(10, "贸")).await;
    page.inc(&typed(10, "贸易")).await;
    owner.until_events(2).await;
    owner.until_events(2).await;

    let stranger = Helper::log_in(&scene.server, HELPERS[1].0).await;
    assert_eq!(Viewer::connect(&scene.server, &stranger, &scene.share).await.err(), Some(403));
    let supervisor = Helper::log_in(&scene.server, HELPERS[2].0).await;
    let mut watcher = Viewer::connect(&scene.server, &supervisor, &scene.share).await.unwrap();
    // The page as it is now: the same picture, and all that changed since.
    assert_eq!(watcher.until_events(1).await, first);
    assert_eq!(watcher.until_events(2).await, typed(10, "贸"));
    assert_eq!(watcher.until_events(2).await, typed(10, "贸易"));
    let perm =
        page.until(|frame| frame["t"] == "perm" && frame["viewers"].as_array().unwrap().len() == 2).await;
    assert!(perm["viewers"].to_string().contains("督办"), "{perm}");
    watcher.say(page.epoch, json!({ "t": "ptr", "node": 10, "dx": 0.5, "dy": 0.5 })).await;
    assert_eq!(watcher.until_text("denied").await["why"], "role");

    // What the citizen shows to the helper for a moment is the helper's alone.
    page.say(json!({ "t": "reveal", "node": 10, "ttl": 60 })).await;
    page.inc(&typed(10, "13800138000")).await;
    assert_eq!(owner.until_events(2).await, typed(10, "13800138000"));
    assert_eq!(watcher.until_events(2).await, typed(10, "••••••••"));
    page.inc(&typed(10, "欧阳小明")).await;
    assert_eq!(owner.until_events(2).await, typed(10, "欧阳小明"));
    assert_eq!(watcher.until_events(2).await, typed(10, "••••"));

    // A colleague's leaving ends nothing.
    drop(watcher);
    page.until(|frame| frame["t"] == "perm" && frame["viewers"].as_array().unwrap().len() == 1).await;
    page.inc(&typed(10, "批发")).await;
    assert_eq!(owner.until_events(2).await, typed(10, "批发"));
    scene.audited(&["helper:督办 watches -", "helper:督办 left -", "citizen revealed node 10"]).await;
    scene.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helper_asks_and_the_citizen_s_page_comes_and_goes() {
    let scene = Scene::new().await;
    let mut viewer = scene.viewer().await;
    assert_eq!(viewer.until_text("welcome").await["peer"], "gone");
    viewer.say(0, json!({ "t": "ask", "scope": "view" })).await;
    assert_eq!(viewer.until_text("denied").await["why"], "gone");
    let mut page = scene.page().await;
    viewer
        .until(|got| matches!(got, Got::Text(frame) if frame["t"] == "welcome" && frame["peer"] == "online"))
        .await;
    viewer.say(page.epoch, json!({ "t": "ask", "scope": "point" })).await;
    let request = page.until(|frame| frame["t"] == "share.request").await;
    assert_eq!(
        (request["scope"].as_str(), request["helper"]["name"].as_str()),
        (Some("point"), Some("王老师"))
    );
    let (token, epoch) = (page.token.clone(), page.epoch);
    drop(page);
    viewer
        .until(|got| matches!(got, Got::Text(frame) if frame["t"] == "peer" && frame["state"] == "gone"))
        .await;
    let page = Page::hello(&scene.server, &scene.share, &token, epoch, Some(1)).await.unwrap();
    assert_eq!(page.epoch, epoch);
    viewer
        .until(|got| matches!(got, Got::Text(frame) if frame["t"] == "peer" && frame["state"] == "online"))
        .await;
    viewer.say(epoch, json!({ "t": "ping", "n": 7 })).await;
    assert_eq!(viewer.until_text("pong").await["n"], 7);
    let metrics = scene.server.metrics().await;
    for line in ["yikouwen_assist_shares 1\n", "yikouwen_assist_lag_seconds_count 0\n"] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
    scene.server.stop().await;
}
