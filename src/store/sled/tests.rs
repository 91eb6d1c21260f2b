//! What only this store can do: fail with its disk, and refuse files it should not touch.

use super::*;

fn key(name: &str) -> Key {
    Key::new("test", &[name.into()])
}

async fn put(store: &SledStore, name: &str) -> Result<Committed, StoreError> {
    store.commit(Commit::new().put_json(key(name), name)).await
}

#[tokio::test]
async fn nothing_is_acknowledged_once_the_disk_has_failed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    let store = SledStore::open(&path).await.unwrap();
    assert!(put(&store, "before").await.unwrap().is_done());
    store.close().await.unwrap();

    let (database, mut disk) = SledStore::files(&path).await.unwrap();
    disk.fails = true;
    let store = SledStore::start(&path, database, disk).unwrap();
    assert!(store.get(&key("before")).await.unwrap().is_some());
    for name in ["lost", "later"] {
        assert!(matches!(put(&store, name).await, Err(StoreError::Unavailable(_))));
    }
    // What the tree holds may not be on the disk, so readers are refused as well.
    assert!(matches!(store.get(&key("before")).await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.scan(&Range::all(), 9, false).await, Err(StoreError::Unavailable(_))));
    store.close().await.unwrap();

    let store = SledStore::open(&path).await.unwrap();
    assert!(store.get(&key("before")).await.unwrap().is_some());
}

#[tokio::test]
async fn a_store_in_use_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let first = SledStore::open(directory.path()).await.unwrap();
    let second = disk::open(directory.path());
    assert!(matches!(second, Err(StoreError::Busy(_))));
    first.close().await.unwrap();
    assert!(disk::open(directory.path()).is_ok());
}

#[tokio::test]
async fn a_newer_format_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let (database, _disk) = disk::open(directory.path()).unwrap();
    database.insert(FORMAT, &(FORMAT_NOW + 1).to_be_bytes()).unwrap();
    assert!(matches!(check_format(&database, directory.path()), Err(StoreError::Misconfigured(_))));
}

#[tokio::test]
async fn a_damaged_store_says_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let store = SledStore::open(directory.path()).await.unwrap();
    for number in 0..200_u64 {
        let record = Key::new("test", &[number.into()]);
        assert!(store.commit(Commit::new().put(record, vec![b'1'; 10_000])).await.unwrap().is_done());
    }
    store.close().await.unwrap();
    std::fs::write(directory.path().join("conf"), b"no configuration").unwrap();
    let Err(error) = SledStore::open(directory.path()).await else { panic!("a damaged store was opened") };
    assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}");
    assert!(error.to_string().contains("yikouwen restore"), "{error}");
}
