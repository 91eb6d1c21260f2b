//! What any store must do. Values are JSON, and are compared as JSON: a store may change spacing and order.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::task::JoinSet;
use yikouwen::store::{
    Commit, Committed, Key, MAX_COMMIT_BYTES, Part, Range, Store, StoreError, StoreExt, Version,
};

type Subject = Arc<dyn Store>;

fn key(name: &str) -> Key {
    Key::new("test", &[name.into()])
}

async fn commit(store: &Subject, commit: Commit) -> Committed {
    store.commit(commit).await.expect("the store takes a commit")
}

async fn put(store: &Subject, key: Key, value: Value) -> Version {
    commit(store, Commit::new().put_json(key, &value))
        .await
        .done()
        .expect("a put without checks never conflicts")
}

async fn value(store: &Subject, key: &Key) -> Option<Value> {
    store.get_json(key).await.expect("the store reads").map(|(value, _)| value)
}

async fn keys(store: &Subject, range: &Range, limit: usize, reverse: bool) -> Vec<Key> {
    let records = store.scan(range, limit, reverse).await.expect("the store scans");
    records.into_iter().map(|record| record.key).collect()
}

pub(super) async fn an_absent_key_is_none(store: Subject) {
    assert_eq!(store.get(&key("a")).await.expect("it reads"), None);
    assert!(keys(&store, &Range::all(), 10, false).await.is_empty());
}

pub(super) async fn a_put_is_read_back_and_its_version_changes(store: Subject) {
    let first = put(&store, key("a"), json!({ "text": "办理居住证" })).await;
    let second = put(&store, key("a"), json!(["其他"])).await;
    assert!(second > first);
    let (found, version) = store.get_json::<Value>(&key("a")).await.expect("it reads").expect("it is there");
    assert_eq!((found, version), (json!(["其他"]), second));
    let records = store.scan(&Range::all(), 10, false).await.expect("it scans");
    assert_eq!(records.first().map(|record| record.version), Some(second));
}

pub(super) async fn a_check_of_none_means_absent(store: Subject) {
    let create = || Commit::new().check(key("a"), None).put_json(key("a"), &1);
    assert!(commit(&store, create()).await.is_done());
    assert_eq!(commit(&store, create()).await, Committed::Conflict(key("a")));
    assert!(commit(&store, Commit::new().delete(key("a"))).await.is_done());
    assert!(commit(&store, create()).await.is_done());
}

pub(super) async fn a_check_of_a_version_means_unchanged(store: Subject) {
    let first = put(&store, key("a"), json!(1)).await;
    let change = |version, to: i32| Commit::new().check(key("a"), Some(version)).put_json(key("a"), &to);
    let second = commit(&store, change(first, 2)).await.done().expect("it is unchanged");
    assert_eq!(commit(&store, change(first, 3)).await, Committed::Conflict(key("a")));
    assert_eq!(value(&store, &key("a")).await, Some(json!(2)));
    // The same value written again is a change too.
    put(&store, key("a"), json!(2)).await;
    assert_eq!(commit(&store, change(second, 3)).await, Committed::Conflict(key("a")));
    assert!(commit(&store, Commit::new().delete(key("a"))).await.is_done());
    assert_eq!(commit(&store, change(second, 3)).await, Committed::Conflict(key("a")));
}

pub(super) async fn a_check_names_the_conflict(store: Subject) {
    let version = put(&store, key("a"), json!(1)).await;
    let checks = Commit::new().check(key("a"), Some(version)).check(key("b"), Some(version));
    assert_eq!(commit(&store, checks.put_json(key("c"), &1)).await, Committed::Conflict(key("b")));
    assert_eq!(value(&store, &key("c")).await, None);
}

pub(super) async fn commits_are_whole(store: Subject) {
    let version = put(&store, key("old"), json!("old")).await;
    let change = |expected| {
        Commit::new()
            .check(key("old"), Some(expected))
            .put_json(key("a"), &"a")
            .put_json(Key::new("other", &["b".into()]), &"b")
            .delete(key("old"))
    };
    assert!(!commit(&store, change(Version(version.0 + 1_000))).await.is_done());
    assert_eq!(keys(&store, &Range::all(), 10, false).await, [key("old")]);
    let done = commit(&store, change(version)).await.done().expect("the check holds");
    let records = store.scan(&Range::all(), 10, false).await.expect("it scans");
    assert_eq!(records.len(), 2);
    assert!(records.iter().all(|record| record.version == done));
}

pub(super) async fn a_commit_of_checks_alone_is_answered(store: Subject) {
    assert!(commit(&store, Commit::new()).await.is_done());
    assert!(commit(&store, Commit::new().check(key("a"), None)).await.is_done());
    put(&store, key("a"), json!(1)).await;
    assert!(!commit(&store, Commit::new().check(key("a"), None)).await.is_done());
}

pub(super) async fn a_deleted_record_is_absent(store: Subject) {
    put(&store, key("a"), json!(1)).await;
    put(&store, key("b"), json!(2)).await;
    assert!(commit(&store, Commit::new().delete(key("a")).delete(key("never"))).await.is_done());
    assert_eq!(value(&store, &key("a")).await, None);
    assert_eq!(keys(&store, &Range::all(), 10, false).await, [key("b")]);
}

pub(super) async fn changing_a_key_twice_is_refused(store: Subject) {
    for twice in [
        Commit::new().put_json(key("a"), &1).put_json(key("a"), &2),
        Commit::new().put_json(key("a"), &1).delete(key("a")),
        Commit::new().delete(key("a")).delete(key("a")),
    ] {
        assert!(matches!(store.commit(twice).await, Err(StoreError::Refused(_))));
    }
    assert_eq!(value(&store, &key("a")).await, None);
}

pub(super) async fn what_can_not_be_json_is_refused(store: Subject) {
    let unwritable = std::collections::BTreeMap::from([((1, 2), 3)]);
    let refused = store.commit(Commit::new().put_json(key("b"), &1).put_json(key("a"), &unwritable)).await;
    assert!(matches!(refused, Err(StoreError::Refused(_))));
    assert_eq!(value(&store, &key("b")).await, None);
}

pub(super) async fn too_much_at_once_is_refused(store: Subject) {
    let text = "x".repeat(MAX_COMMIT_BYTES);
    assert!(matches!(
        store.commit(Commit::new().put_json(key("a"), &text)).await,
        Err(StoreError::Refused(_))
    ));
}

pub(super) async fn scans_are_ordered_limited_and_reversible(store: Subject) {
    let numbers = [5, 1, 300, 2, 65_536, 256, u64::MAX, 0];
    let numbered = |number: u64| Key::new("scan", &["队列".into(), number.into()]);
    for number in numbers {
        put(&store, numbered(number), json!(number)).await;
    }
    let range = Range::prefix("scan", &["队列".into()]);
    let mut ascending = numbers.map(numbered).to_vec();
    ascending.sort();
    assert_eq!(ascending.first(), Some(&numbered(0)));
    assert_eq!(ascending.last(), Some(&numbered(u64::MAX)));
    let descending: Vec<Key> = ascending.iter().rev().cloned().collect();
    for limit in [0, 1, 3, 8, 9, 5_000, usize::MAX] {
        let first = |all: &[Key]| all.iter().take(limit).cloned().collect::<Vec<_>>();
        assert_eq!(keys(&store, &range, limit, false).await, first(&ascending));
        assert_eq!(keys(&store, &range, limit, true).await, first(&descending));
    }
}

pub(super) async fn ranges_end_where_they_should(store: Subject) {
    let path = |parts: &[Part<'_>]| Key::new("range", parts);
    let (inside, outside) = (
        [path(&["a".into()]), path(&["a".into(), 0.into()]), path(&["a".into(), "".into()])],
        [path(&[]), path(&["".into()]), path(&["a\0".into()]), path(&["ab".into()]), Key::new("rangea", &[])],
    );
    for key in inside.iter().chain(&outside) {
        put(&store, key.clone(), json!(0)).await;
    }
    let range = || Range::prefix("range", &["a".into()]);
    let [first, middle, last] = inside.clone();
    assert_eq!(keys(&store, &range(), 99, false).await, inside);
    assert_eq!(keys(&store, &range().after(&first), 99, false).await, [middle.clone(), last.clone()]);
    assert_eq!(keys(&store, &range().before(&last), 99, false).await, [first, middle.clone()]);
    assert_eq!(keys(&store, &range().after(&middle).before(&last), 99, true).await, []);
    // Bounds beyond the range don't widen it, and bounds that cross leave nothing.
    assert_eq!(
        keys(&store, &range().after(&path(&[])).before(&path(&["z".into()])), 99, false).await,
        inside
    );
    assert_eq!(keys(&store, &range().after(&last).before(&middle), 99, false).await, []);
    assert_eq!(keys(&store, &Range::prefix("rang", &[]), 99, false).await, []);
    assert_eq!(keys(&store, &Range::prefix("range", &[]), 99, false).await.len(), 7);
    assert_eq!(keys(&store, &Range::all(), 99, false).await.len(), 8);
}

pub(super) async fn pages_join_without_gap_or_overlap(store: Subject) {
    let mut all = Commit::new();
    for number in 0..2_345_u64 {
        all = all.put_json(Key::new("page", &[number.into()]), &number);
    }
    assert!(commit(&store, all).await.is_done());
    let range = Range::prefix("page", &[]);
    let numbers: Vec<u64> = (0..2_345).collect();
    let records = store.scan_all(&range).await.expect("it scans");
    let found: Vec<u64> = records.iter().map(|record| record.decode().expect("a number")).collect();
    assert_eq!(found, numbers);
    let (mut rest, mut backwards) = (range, Vec::new());
    loop {
        let page = store.scan_json::<u64>(&rest, 100, true).await.expect("it scans");
        let Some((last, ..)) = page.last() else { break };
        rest = rest.before(last);
        backwards.extend(page.into_iter().map(|(_, number, _)| number));
    }
    backwards.reverse();
    assert_eq!(backwards, numbers);
}

pub(super) async fn texts_of_any_characters_are_keys(store: Subject) {
    let texts = [
        "",
        "\0",
        "\0\0",
        "\0\u{1}",
        "\u{1}",
        "\u{ff}",
        "a",
        "a\0",
        "a\0\u{ff}",
        "a/b",
        "办事",
        "\u{10ffff}",
    ];
    let mut paths: Vec<Key> = texts.iter().map(|text| key(text)).collect();
    for first in texts {
        paths.extend(texts.map(|second| Key::new("test", &[first.into(), second.into()])));
    }
    for (number, path) in paths.iter().enumerate() {
        put(&store, path.clone(), json!(number)).await;
    }
    for (number, path) in paths.iter().enumerate() {
        assert_eq!(value(&store, path).await, Some(json!(number)));
    }
    paths.sort();
    assert_eq!(keys(&store, &Range::prefix("test", &[]), 999, false).await, paths);
    for text in texts {
        assert_eq!(
            keys(&store, &Range::prefix("test", &[text.into()]), 999, false).await.len(),
            texts.len() + 1
        );
    }
}

pub(super) async fn many_spaces_stay_apart(store: Subject) {
    let spaces = ["a", "a-b", "a.b", "a_b", "aa", "ab", "b", "0", "z9"];
    for space in spaces {
        put(&store, Key::new(space, &["same".into()]), json!(space)).await;
    }
    for space in spaces {
        assert_eq!(
            keys(&store, &Range::prefix(space, &[]), 99, false).await,
            [Key::new(space, &["same".into()])]
        );
        assert_eq!(value(&store, &Key::new(space, &["same".into()])).await, Some(json!(space)));
    }
    assert_eq!(keys(&store, &Range::all(), 99, false).await.len(), spaces.len());
}

pub(super) async fn big_values_come_back(store: Subject) {
    let text = |number: usize| json!("问".repeat(350_000 + number));
    for number in 0..20 {
        put(&store, key(&format!("{number:02}")), text(number)).await;
    }
    put(&store, key("05"), text(99)).await;
    assert_eq!(value(&store, &key("05")).await, Some(text(99)));
    for (number, record) in store.scan(&Range::all(), 99, false).await.expect("it scans").iter().enumerate() {
        let expected = if number == 5 { text(99) } else { text(number) };
        assert!(record.decode::<Value>().expect("a text") == expected, "value {number} has changed");
    }
}

pub(super) async fn a_snapshot_shows_everything_once(store: Subject) {
    for number in 0..50 {
        put(&store, key(&number.to_string()), json!(number)).await;
    }
    let seen = Arc::new(Mutex::new(Vec::new()));
    let visited = seen.clone();
    let visit = move |record| {
        visited.lock().expect("no visit has failed").push(record);
        Ok(())
    };
    store.snapshot(Box::new(visit)).await.expect("it shows everything");
    let seen = std::mem::take(&mut *seen.lock().expect("no visit has failed"));
    assert_eq!(seen, store.scan(&Range::all(), 99, false).await.expect("it scans"));
}

pub(super) async fn a_snapshot_ends_with_its_visitor(store: Subject) {
    put(&store, key("a"), json!(1)).await;
    let refuse = |_| Err(StoreError::Refused("enough".into()));
    assert!(matches!(store.snapshot(Box::new(refuse)).await, Err(StoreError::Refused(_))));
    put(&store, key("a"), json!(2)).await;
}

pub(super) async fn concurrent_increments_all_count(store: Subject) {
    let mut writers = JoinSet::new();
    for _ in 0..64 {
        let store = store.clone();
        writers.spawn(async move {
            let mut done = 0;
            while done < 10 {
                let found = store.get_json::<u64>(&key("count")).await.expect("it reads");
                let (count, version) = found.map_or((0, None), |(count, version)| (count, Some(version)));
                let change = Commit::new().check(key("count"), version).put_json(key("count"), &(count + 1));
                done += u32::from(commit(&store, change).await.is_done());
            }
        });
    }
    writers.join_all().await;
    assert_eq!(value(&store, &key("count")).await, Some(json!(640)));
}

pub(super) async fn one_of_many_claims_wins(store: Subject) {
    for round in 0..10 {
        let conversation = key(&format!("conversation {round}"));
        let queued = put(&store, conversation.clone(), json!("queued")).await;
        let mut helpers = JoinSet::new();
        for helper in 0..16 {
            let (store, conversation) = (store.clone(), conversation.clone());
            helpers.spawn(async move {
                let claim = Commit::new()
                    .check(conversation.clone(), Some(queued))
                    .put_json(conversation, &helper)
                    .put_json(Key::new("load", &[helper.into(), round.into()]), &1);
                commit(&store, claim).await.is_done().then_some(helper)
            });
        }
        let winners: BTreeSet<u64> = helpers.join_all().await.into_iter().flatten().collect();
        assert_eq!(winners.len(), 1);
        assert_eq!(value(&store, &conversation).await, winners.first().map(|winner| json!(winner)));
    }
    assert_eq!(keys(&store, &Range::prefix("load", &[]), 99, false).await.len(), 10);
}

pub(super) async fn a_closed_store_refuses(store: Subject) {
    put(&store, key("a"), json!(1)).await;
    store.close().await.expect("it closes");
    store.close().await.expect("closing again is harmless");
    let unavailable = |refused: bool| assert!(refused, "a closed store must refuse");
    unavailable(matches!(store.get(&key("a")).await, Err(StoreError::Unavailable(_))));
    unavailable(matches!(store.scan(&Range::all(), 1, false).await, Err(StoreError::Unavailable(_))));
    unavailable(matches!(
        store.commit(Commit::new().delete(key("a"))).await,
        Err(StoreError::Unavailable(_))
    ));
    unavailable(matches!(store.snapshot(Box::new(|_| Ok(()))).await, Err(StoreError::Unavailable(_))));
}
