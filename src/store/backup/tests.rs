//! A backup holds one moment, comes back whole, and is refused when a byte of it has changed.

use super::*;
use crate::store::{MemoryStore, StoreExt, Version, open};

fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

async fn filled() -> MemoryStore {
    let store = MemoryStore::default();
    for number in 0..1_234_u64 {
        let commit = Commit::new()
            .put_json(Key::new("number", &[number.into(), "办\0事".into()]), &number)
            .put_json(Key::new("text", &[(&number.to_string()).into()]), "第一行\n第二行");
        write(&store, commit).await.unwrap();
    }
    store
}

async fn content(store: &dyn Store) -> Vec<(Key, bytes::Bytes)> {
    let records = store.scan_all(&Range::all()).await.unwrap();
    records.into_iter().map(|record| (record.key, record.value)).collect()
}

#[tokio::test]
async fn what_was_backed_up_comes_back() {
    let directory = tempfile::tempdir().unwrap();
    let store = filled().await;
    let written = backup(&store, directory.path(), now()).await.unwrap();
    assert_eq!(written.spaces, BTreeMap::from([("number".to_owned(), 1_234), ("text".to_owned(), 1_234)]));

    let url = format!("sled:{}", directory.path().join("store").display());
    assert_eq!(restore(directory.path(), &url).await.unwrap(), written);
    let restored = open(&url).await.unwrap();
    assert_eq!(content(&*restored).await, content(&store).await);
    assert_eq!(verify(&*restored).await.unwrap(), written);

    // No version of the old store comes again.
    let last =
        store.scan_all(&Range::all()).await.unwrap().iter().map(|record| record.version).max().unwrap();
    let first =
        restored.scan_all(&Range::all()).await.unwrap().iter().map(|record| record.version).min().unwrap();
    assert!(first > last && last > Version(1_000));

    restored.close().await.unwrap();
    assert!(matches!(restore(directory.path(), &url).await, Err(StoreError::Misconfigured(_))));
}

#[tokio::test]
async fn a_changed_or_shortened_backup_is_refused_before_the_store_is_touched() {
    let directory = tempfile::tempdir().unwrap();
    backup(&filled().await, directory.path(), now()).await.unwrap();
    let path = directory.path().join(BACKUP_FILE);
    let whole = std::fs::read(&path).unwrap();
    let changed_at = |place: usize| {
        let mut bytes = whole.clone();
        *bytes.get_mut(place).unwrap() ^= 1;
        bytes
    };
    let mut damaged: Vec<Vec<u8>> = (0..whole.len()).step_by(9_973).map(changed_at).collect();
    damaged.push(changed_at(whole.len() - 20));
    damaged.push(whole.iter().copied().take(whole.len() / 2).collect());
    damaged.push(Vec::new());
    let target = MemoryStore::default();
    for bytes in damaged {
        std::fs::write(&path, bytes).unwrap();
        assert!(restore_into(directory.path(), &target).await.is_err());
        assert!(content(&target).await.is_empty());
    }
}

#[tokio::test]
async fn half_a_restored_store_is_not_opened() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sled:{}", directory.path().join("store").display());
    let store = open(&url).await.unwrap();
    write(&*store, Commit::new().put_json(restoring(), &true)).await.unwrap();
    store.close().await.unwrap();
    assert!(matches!(open(&url).await, Err(StoreError::Corrupt(_))));
}

/// Each commit writes two records that belong together; a backup taken meanwhile has both or neither, and no gap.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_taken_while_serving_is_one_moment() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sled:{}", directory.path().join("store").display());
    let store = open(&url).await.unwrap();
    let busy = store.clone();
    let writer = tokio::spawn(async move {
        for number in 0_u64.. {
            let commit = Commit::new()
                .put_json(Key::new("a", &[number.into()]), &number)
                .put_json(Key::new("z", &[number.into()]), &number);
            match busy.commit(commit).await {
                Ok(committed) => assert!(committed.is_done()),
                Err(_) => return number,
            }
        }
        0
    });
    let mut seen = 0;
    while seen < 500 {
        backup(&*store, directory.path(), now()).await.unwrap();
        let copy = MemoryStore::default();
        restore_into(directory.path(), &copy).await.unwrap();
        let left = copy.scan_all(&Range::prefix("a", &[])).await.unwrap();
        let right = copy.scan_all(&Range::prefix("z", &[])).await.unwrap();
        assert_eq!(left.len(), right.len());
        for (number, record) in left.iter().enumerate() {
            assert_eq!(record.decode::<usize>().unwrap(), number);
        }
        seen = left.len();
    }
    store.close().await.unwrap();
    assert!(writer.await.unwrap() >= seen as u64);
}

#[tokio::test]
async fn verify_lists_what_is_not_json() {
    let store = MemoryStore::default();
    let commit = Commit::new()
        .put(Key::new("good", &[]), "{}")
        .put(Key::new("bad", &["c1".into(), 7.into()]), "{\"text\":")
        .put(Key::new("binary", &[]), vec![0, 1, 2]);
    write(&store, commit).await.unwrap();
    assert_eq!(verify(&store).await.unwrap().broken, vec!["bad [\"c1\",7]"]);
}
