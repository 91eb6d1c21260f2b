//! Pages that are hostile, too large, or not what they should be: the gateway stays up and says what was wrong.

use serde_json::{Value, json};

use super::people::{Scene, deflate, form, typed};
use crate::support::MEMORY;
use crate::support::eventually;
use crate::support::helper::Helper;

#[expect(clippy::needless_pass_by_value, reason = "pages are written as literals")]
fn snapshot(children: Value) -> Value {
    json!([{ "type": 2, "data": { "node": { "type": 0, "id": 1, "childNodes": children }, "initialOffset": { "top": 0, "left": 0 } }, "timestamp": 1 }])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tampered_page_that_shows_numbers_is_ended_and_nobody_sees_them() {
    let supervisor_name = super::people::HELPERS[2].0;
    for secret in ["330106199001011234", "13800138000", "6222021001116245702"] {
        for events in [
            typed(10, secret),
            snapshot(json!([{ "type": 3, "id": 2, "textContent": secret }])),
            json!([{ "type": 3, "data": { "source": 0, "attributes": [{ "id": 10, "attributes": { "title": secret } }] }, "timestamp": 2 }]),
        ] {
            let scene = Scene::new().await;
            let mut page = scene.shown().await;
            let mut viewer = scene.viewer().await;
            viewer.until_events(1).await;
            page.inc(&events).await;
            let mut seen = Vec::new();
            while let Some(got) = viewer.next().await {
                seen.push(format!("{got:?}"));
                if got.is("end") {
                    assert_eq!(got.text()["reason"], "leak");
                    break;
                }
            }
            assert!(!seen.join("\n").contains(secret));
            assert_eq!(page.end().await, "leak");
            assert_eq!(scene.ended().await, "leak");
            let supervisor = Helper::log_in(&scene.server, supervisor_name).await;
            // The end is written down before it is told and counted.
            let alarms = eventually("the alarm", async || {
                let alarms = supervisor.get("/channels").await.to_string();
                alarms.contains("assist_leak").then_some(alarms)
            })
            .await;
            assert!(!alarms.contains(secret), "{alarms}");
            let figure = "yikouwen_assist_ended_total{reason=\"leak\"} 1";
            eventually(figure, async || scene.server.metrics().await.contains(figure).then_some(())).await;
            scene.server.stop().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_page_arrives_without_teeth() {
    let scene = Scene::new().await;
    let mut page = scene.page().await;
    page.consent("view").await;
    page.snap(&snapshot(json!([
        { "type": 2, "id": 2, "tagName": "script", "attributes": { "src": "https://evil.example/a.js" }, "childNodes": [{ "type": 3, "id": 3, "textContent": "alert(1)" }] },
        { "type": 2, "id": 4, "tagName": "img", "attributes": { "src": "https://evil.example/a.png", "onerror": "alert(1)" }, "childNodes": [] },
        { "type": 2, "id": 5, "tagName": "iframe", "attributes": { "srcdoc": "<script>alert(1)</script>" }, "childNodes": [] },
        { "type": 2, "id": 6, "tagName": "link", "attributes": { "rel": "stylesheet", "href": "https://evil.example/a.css" }, "childNodes": [] },
        { "type": 2, "id": 7, "tagName": "meta", "attributes": { "http-equiv": "refresh", "content": "0;url=https://evil.example" }, "childNodes": [] },
    ])))
    .await;
    let mut viewer = scene.viewer().await;
    let events = viewer.until_events(1).await.to_string();
    for bad in ["evil", "alert", "onerror", "srcdoc", "http-equiv", "\"script\""] {
        assert!(!events.contains(bad), "{bad}: {events}");
    }
    for id in 2..=7 {
        assert!(events.contains(&format!("\"id\":{id}")), "every node keeps its number: {events}");
    }
    scene.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_much_ends_the_share_with_a_clear_word() {
    let nodes: Vec<Value> =
        (2..200_002).map(|id| json!({ "type": 3, "id": id, "textContent": "x" })).collect();
    let mut deep = json!({ "type": 3, "id": 500, "textContent": "x" });
    for id in 0..300 {
        deep = json!({ "type": 2, "id": 100 + id, "tagName": "b", "attributes": {}, "childNodes": [deep] });
        if id == 70 {
            break;
        }
    }
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("too_many_nodes", deflate(snapshot(Value::Array(nodes)).to_string().as_bytes())),
        ("too_large", deflate(&vec![b' '; 64 << 20])),
        ("too_deep", deflate(snapshot(json!([deep])).to_string().as_bytes())),
        ("too_large", vec![0; (1 << 20) + 100]),
    ];
    for (reason, body) in cases {
        let scene = Scene::new().await;
        let mut page = scene.shown().await;
        let message = page.bulk(1, &body);
        page.put(message).await;
        assert_eq!(page.end().await, reason);
        assert_eq!(scene.ended().await, reason);
        // The gateway is well.
        assert_eq!(scene.server.client.get(scene.server.url("/live")).send().await.unwrap().status(), 200);
        scene.server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_asked_for_again_and_then_ended() {
    let scene = Scene::new().await;
    let mut page = scene.shown().await;
    let mut viewer = scene.viewer().await;
    viewer.until_events(1).await;
    for body in [deflate(b"not json"), b"not deflate".to_vec()] {
        let message = page.bulk(2, &body);
        page.put(message).await;
        page.until(|frame| frame["t"] == "snap.request").await;
        page.snap(&form()).await;
        viewer.until_events(1).await;
        tokio::time::sleep(std::time::Duration::from_millis(1_050)).await;
    }
    for _ in 0..3 {
        page.say(json!({ "t": "nonsense" })).await;
    }
    assert_eq!(page.end().await, "malformed");
    scene.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_never_rests_is_read_later_and_loses_nothing() {
    // Small frames that become large: what counts is what they cost.
    let scene =
        Scene::with(&format!("{MEMORY}[assist]\ninflated_bytes = 10000\nbytes_per_second = 2000\n")).await;
    let mut page = scene.shown().await;
    let mut viewer = scene.viewer().await;
    viewer.until_events(1).await;
    let texts: Vec<String> = (0..5).map(|number| format!("{number}{}", "大".repeat(3_000))).collect();
    let (last, first) = texts.split_last().unwrap();
    for text in first {
        page.inc(&typed(10, text)).await;
    }
    for text in first {
        let events = viewer.until_events(2).await.to_string();
        assert!(events.contains(text), "in their order, and each once");
    }
    page.inc(&typed(10, last)).await;
    assert!(viewer.until_events(2).await.to_string().contains(last));
    let metrics = scene.server.metrics().await;
    let held = metrics.lines().find(|line| line.contains("assist_frames_total{how=\"held\"}"));
    assert!(held.is_some(), "{metrics}");
    assert_eq!(scene.server.client.get(scene.server.url("/live")).send().await.unwrap().status(), 200);
    scene.server.stop().await;
}
