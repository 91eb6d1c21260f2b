//! What a store that keeps its records must do across closing and opening.

use serde_json::json;
use yikouwen::store::{Commit, Key, Range, StoreExt, Version, open};

fn key(number: u64) -> Key {
    Key::new("durable", &[number.into()])
}

pub(super) async fn reopening_keeps_everything(url: &str) {
    let store = open(url).await.expect("it opens");
    for number in 0..300 {
        let commit = Commit::new().put_json(key(number), &json!({ "number": number }));
        assert!(store.commit(commit).await.expect("it commits").is_done());
    }
    let commit = Commit::new().delete(key(7)).put_json(key(8), &json!({ "number": "eight" }));
    assert!(store.commit(commit).await.expect("it commits").is_done());
    let before = store.scan_all(&Range::all()).await.expect("it reads");
    store.close().await.expect("it closes");

    for _ in 0..3 {
        let store = open(url).await.expect("it opens again");
        let after = store.scan_all(&Range::all()).await.expect("it reads");
        assert_eq!(after, before);
        assert_eq!(after.len(), 299);
        store.close().await.expect("it closes");
    }
}

pub(super) async fn versions_go_on_after_reopening(url: &str) {
    let mut last = Version(0);
    for _ in 0..4 {
        let store = open(url).await.expect("it opens");
        // The record with the greatest version is gone again, and the version must not come back with another.
        for commit in [Commit::new().put_json(key(1), &1), Commit::new().delete(key(1))] {
            let version =
                store.commit(commit).await.expect("it commits").done().expect("nothing speaks against it");
            assert!(version > last);
            last = version;
        }
        store.close().await.expect("it closes");
    }
}

pub(super) async fn closing_finishes_what_was_begun(url: &str) {
    let store = open(url).await.expect("it opens");
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..64 {
        let store = store.clone();
        writers.spawn(async move {
            let committed = store.commit(Commit::new().put_json(key(number), &number)).await;
            committed.is_ok_and(|committed| committed.is_done()).then_some(number)
        });
    }
    tokio::task::yield_now().await;
    store.close().await.expect("it closes");
    let acknowledged: Vec<u64> = writers.join_all().await.into_iter().flatten().collect();

    let store = open(url).await.expect("it opens again");
    for number in acknowledged {
        assert!(store.get(&key(number)).await.expect("it reads").is_some(), "{number} was lost");
    }
    store.close().await.expect("it closes");
}
