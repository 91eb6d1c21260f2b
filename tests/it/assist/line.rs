//! A bad line: frames that are dropped, doubled and shuffled, and a viewer that is too slow.

use std::time::{Duration, Instant};

use serde_json::json;

use super::people::{Got, Scene, deflate, form, typed};

#[tokio::test(flavor = "multi_thread")]
async fn dropped_doubled_and_shuffled_frames_are_repaired() {
    let scene = Scene::new().await;
    let mut page = scene.shown().await;
    let mut viewer = scene.viewer().await;
    viewer.until_events(1).await;
    let frames: Vec<_> = (0..60)
        .map(|number| page.bulk(2, &deflate(typed(10, &format!("第{number}字")).to_string().as_bytes())))
        .collect();
    let begun = Instant::now();
    for (index, message) in frames.iter().enumerate() {
        match index % 6 {
            // Lost, and only sent when it is asked for.
            0 => {}
            1 => {
                page.put(message.clone()).await;
                page.put(message.clone()).await;
            }
            // Two change places.
            2 => {
                page.put(frames[index + 1].clone()).await;
                page.put(message.clone()).await;
            }
            3 => {}
            _ => page.put(message.clone()).await,
        }
    }
    let mend = async { page.until(|frame| frame["t"] == "never").await };
    let look = async {
        for number in 0..60 {
            assert_eq!(viewer.until_events(2).await, typed(10, &format!("第{number}字")));
        }
    };
    tokio::select! {
        _ = mend => unreachable!(),
        () = look => {}
    }
    println!(
        "60 frames, 10 lost, 10 doubled, 10 pairs turned: repaired in {} ms",
        begun.elapsed().as_millis()
    );
    assert!(begun.elapsed() < Duration::from_secs(6));
    scene.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_sent_again_is_mended_by_a_fresh_picture() {
    let scene = Scene::new().await;
    let mut page = scene.shown().await;
    let mut viewer = scene.viewer().await;
    viewer.until_events(1).await;
    // This one is lost for good.
    drop(page.bulk(2, &deflate(typed(10, "丢了").to_string().as_bytes())));
    let lost = page.sent.len() - 1;
    page.sent[lost] = page.sent[0].clone();
    let begun = Instant::now();
    page.inc(&typed(10, "之后")).await;
    page.until(|frame| frame["t"] == "snap.request").await;
    page.snap(&form()).await;
    // Nobody was shown a change whose predecessor lacks.
    let next = viewer.until(|got| matches!(got, Got::Bulk { .. })).await;
    assert!(matches!(next, Got::Bulk { kind: 1, .. }), "{next:?}");
    println!("a frame lost for good: a fresh picture after {} ms", begun.elapsed().as_millis());
    assert!(begun.elapsed() < Duration::from_secs(6));
    page.inc(&typed(10, "好了")).await;
    assert_eq!(viewer.until_events(2).await, typed(10, "好了"));
    scene.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn digests_say_what_the_viewer_has_and_a_wish_brings_a_fresh_picture() {
    let scene = Scene::new().await;
    let mut page = scene.shown().await;
    let mut viewer = scene.viewer().await;
    let shown = viewer.until(|got| matches!(got, Got::Bulk { .. })).await.seq();
    page.say(json!({ "t": "digest", "nodes": 9, "hash": 4_294_967_295_u32 })).await;
    let digest = viewer.until_text("digest").await;
    assert_eq!(digest["hash"], 4_294_967_295_u32);
    assert!(
        digest["at_seq"].as_u64().unwrap() >= shown && digest["at_seq"].as_u64() < digest["seq"].as_u64()
    );
    viewer.say(page.epoch, json!({ "t": "resnap", "reason": "digest" })).await;
    page.until(|frame| frame["t"] == "snap.request").await;
    page.snap(&form()).await;
    viewer.until_events(1).await;
    // The viewer's own direction can be asked for again, too.
    viewer.say(page.epoch, json!({ "t": "need", "from": 1 })).await;
    assert_eq!(viewer.quiet(Duration::from_secs(2), &[]).await.unwrap_err().seq(), 1);
    scene.server.stop().await;
}
