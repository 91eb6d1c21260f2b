//! The index follows the store, whatever happens to its files: older, damaged, of another version, gone. And while
//! another one is built, nothing that was found is missed.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use yikouwen::records::keys;
use yikouwen::retrieval::Knowledge;
use yikouwen::store::{Commit, MemoryStore, Store, StoreExt, open};

use crate::support::eventually;
use crate::support::knowledge::{self, check_current, close, line, open_in, take_in, titles_of};

const THINGS: [&str; 8] = [
    "居住证签注",
    "公积金提取",
    "医保异地备案",
    "不动产过户",
    "食品经营许可",
    "残疾人补贴",
    "婚姻登记预约",
    "车辆年检",
];

fn thing(number: usize) -> (String, String) {
    (format!("e{number}"), format!("{}第{number}号", THINGS[number % THINGS.len()]))
}

async fn import(base: &Knowledge, numbers: std::ops::Range<usize>) {
    let entries: Vec<_> = numbers.map(thing).collect();
    let entries = entries.iter().map(|(id, title)| (id.as_str(), title.as_str()));
    take_in(base, entries).await;
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The directory of the index in use.
fn current(data: &Path) -> std::path::PathBuf {
    let index = data.join("index");
    index.join(fs::read_to_string(index.join("current")).unwrap().trim())
}

fn each_file(directory: &Path, change: impl Fn(&Path)) {
    for entry in fs::read_dir(directory).unwrap() {
        change(&entry.unwrap().path());
    }
}

/// What becomes of the directory of the index between two starts; `older` is a copy of it from before the last changes.
type Damage = fn(index: &Path, older: &Path);

fn put_back(index: &Path, older: &Path) {
    fs::remove_dir_all(index).unwrap();
    copy(older, index);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_is_older_damaged_or_gone_is_current_again_after_the_start() {
    // Whether the same index goes on after catching up, or another one is built.
    let cases: [(&str, bool, Damage); 8] = [
        ("untouched", true, |_, _| {}),
        ("an older copy, as if killed between store and index", true, put_back),
        ("garbage", false, |index, _| {
            each_file(&current(index.parent().unwrap()), |path| fs::write(path, b"garbage").unwrap());
        }),
        ("cut short", false, |index, _| {
            each_file(&current(index.parent().unwrap()), |path| fs::write(path, b"").unwrap());
        }),
        ("of another version", false, |index, _| {
            let meta = current(index.parent().unwrap()).join("meta.json");
            let text = fs::read_to_string(&meta).unwrap();
            assert!(text.contains("layout"), "{text}");
            fs::write(meta, text.replace("layout", "older layout")).unwrap();
        }),
        ("gone", false, |index, _| fs::remove_dir_all(index).unwrap()),
        ("without a pointer, beside half an index", false, |index, _| {
            fs::remove_file(index.join("current")).unwrap();
            fs::create_dir_all(index.join("7")).unwrap();
        }),
        ("where the first version kept it", false, |index, _| {
            let inner = current(index.parent().unwrap());
            each_file(&inner, |path| fs::rename(path, index.join(path.file_name().unwrap())).unwrap());
            fs::remove_file(index.join("current")).unwrap();
        }),
    ];
    for (name, goes_on, damage) in cases {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path();
        let (index, older) = (data.join("index"), data.join("older"));
        let opened = open_in(data).await;
        import(&opened.1, 0..40).await;
        close(opened).await;
        fs::write(current(data).join("mark"), b"the index of the first start").unwrap();
        copy(&index, &older);
        let opened = open_in(data).await;
        opened.1.put(line("new", "月球旅行许可")).await.unwrap();
        opened.1.put(line("e3", "火星签证延期")).await.unwrap();
        assert!(opened.1.delete("e5").await.unwrap());
        assert!(!opened.1.delete("e5").await.unwrap(), "it is gone");
        close(opened).await;
        damage(&index, &older);

        let opened = open_in(data).await;
        let base = &opened.1;
        check_current(base).await;
        assert_eq!(base.status().entries, 40, "{name}");
        assert_eq!(titles_of(base, "new", "月球旅行许可").await, ["月球旅行许可"], "{name}");
        assert_eq!(titles_of(base, "e3", "火星签证延期").await, ["火星签证延期"], "{name}");
        for number in [3, 5] {
            let (id, title) = thing(number);
            assert!(!titles_of(base, &id, &title).await.contains(&title), "{name}: {title}");
        }
        let (id, title) = thing(7);
        assert_eq!(titles_of(base, &id, &title).await, [title], "{name}");
        base.put(line("later", "木星停车证")).await.unwrap();
        assert_eq!(titles_of(base, "later", "木星停车证").await.len(), 1, "{name}");
        close(opened).await;
        assert_eq!(current(data).join("mark").exists(), goes_on, "{name}");
        let left =
            fs::read_dir(&index).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_dir()).count();
        assert_eq!(left, 1, "{name}: other indexes are left over");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_cannot_catch_up_is_built_anew() {
    // Without the lists of what changed, and with a store that is older than the index.
    for store_is_older in [false, true] {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path();
        let opened = open_in(data).await;
        import(&opened.1, 0..20).await;
        close(opened).await;
        let changed = if store_is_older { "store" } else { "index" };
        copy(&data.join(changed), &data.join("older"));
        let opened = open_in(data).await;
        for number in 20..25 {
            let (id, title) = thing(number);
            opened.1.put(line(&id, &title)).await.unwrap();
        }
        let generation = opened.1.generation().await.unwrap();
        close(opened).await;
        put_back(&data.join(changed), &data.join("older"));
        if !store_is_older {
            let store = open(&format!("sled:{}", data.join("store").display())).await.unwrap();
            store.attempt(Commit::new().delete(keys::knowledge_change(generation - 1))).await.unwrap();
            store.close().await.unwrap();
        }
        let opened = open_in(data).await;
        check_current(&opened.1).await;
        assert_eq!(opened.1.status().entries, if store_is_older { 20 } else { 25 });
        close(opened).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_whose_files_vanish_while_it_serves_is_replaced_and_no_change_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    let opened = open_in(directory.path()).await;
    import(&opened.1, 0..20).await;
    fs::remove_dir_all(current(directory.path())).unwrap();
    let (id, title) = thing(3);
    assert_eq!(titles_of(&opened.1, &id, &title).await, [title], "what is open is still searched");
    opened.1.put(line("new", "月球旅行许可")).await.unwrap();
    assert_eq!(titles_of(&opened.1, "new", "月球旅行许可").await, ["月球旅行许可"]);
    check_current(&opened.1).await;
    assert_eq!(opened.1.status().failure, None);
    close(opened).await;
    let opened = open_in(directory.path()).await;
    assert_eq!(titles_of(&opened.1, "new", "月球旅行许可").await, ["月球旅行许可"]);
    close(opened).await;
}

/// Searches for entries that are always there, until it is told to end; counts the searches.
async fn search_on(base: Knowledge, numbers: usize, end: Arc<AtomicBool>, count: Arc<AtomicUsize>) {
    while !end.load(Ordering::Relaxed) {
        let (id, title) = thing(count.fetch_add(1, Ordering::Relaxed) % numbers);
        assert_eq!(titles_of(&base, &id, &title).await, [title]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_missed_while_another_index_is_built_and_changes_go_on() {
    let directory = tempfile::tempdir().unwrap();
    let opened = open_in(directory.path()).await;
    import(&opened.1, 0..300).await;
    let (end, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let searching: Vec<_> = (0..3)
        .map(|_| tokio::spawn(search_on(opened.1.clone(), 300, Arc::clone(&end), Arc::clone(&count))))
        .collect();
    let seen = AtomicUsize::new(0);
    for round in 0..4 {
        let changes = AtomicUsize::new(0);
        let rebuild = async {
            let entries = opened
                .1
                .rebuild(|_, _| {
                    seen.fetch_add(1, Ordering::Relaxed);
                })
                .await
                .unwrap();
            assert!(entries >= 300, "{entries}");
            changes.load(Ordering::Relaxed)
        };
        let changing = async {
            let mut number = 0;
            loop {
                let (id, title) = (format!("x{round}-{number}"), format!("行星{round}第{number}号通行证"));
                opened.1.put(line(&id, &title)).await.unwrap();
                assert_eq!(titles_of(&opened.1, &id, &title).await, std::slice::from_ref(&title));
                assert!(opened.1.delete(&id).await.unwrap());
                assert!(titles_of(&opened.1, &id, &title).await.is_empty(), "{title} is gone");
                changes.fetch_add(2, Ordering::Relaxed);
                number += 1;
            }
        };
        tokio::select! {
            meanwhile = rebuild => println!("rebuild {round}: {meanwhile} changes meanwhile"),
            () = changing => {}
        }
    }
    end.store(true, Ordering::Relaxed);
    for task in searching {
        task.await.unwrap();
    }
    // The last change of each round was dropped by the one who asked, not by the writer; it comes before this one.
    opened.1.put(line("last", "最后一项")).await.unwrap();
    assert!(count.load(Ordering::Relaxed) > 0 && seen.load(Ordering::Relaxed) > 0);
    check_current(&opened.1).await;
    close(opened).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_share_a_store_follow_each_other() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let first = knowledge::open(Arc::clone(&store), None).await;
    import(&first, 0..10).await;
    let second = knowledge::open(Arc::clone(&store), None).await;
    check_current(&second).await;
    first.put(line("new", "月球旅行许可")).await.unwrap();
    eventually("following the other node", || async {
        (titles_of(&second, "new", "月球旅行许可").await.len() == 1).then_some(())
    })
    .await;
    // At the same moment neither loses anything of the other's.
    let writing = |base: Knowledge, name: &'static str| async move {
        for number in 0..10 {
            base.put(line(&format!("{name}{number}"), &format!("{name}站第{number}号"))).await.unwrap();
        }
    };
    tokio::join!(writing(first.clone(), "甲"), writing(second.clone(), "乙"));
    for base in [&first, &second] {
        eventually("having both", || async { (base.status().entries == 31).then_some(()) }).await;
        check_current(base).await;
    }
    first.close().await;
    second.close().await;
}
