//! What the embedded store has acknowledged survives `kill -9`.
//!
//! The test starts its own executable again as a child ([`child`]), which writes as fast as it can and prints each
//! commit once the store has acknowledged it. The test kills it at a random moment, opens the store itself, looks for
//! every line it has read, and lets the next child go on with the same files.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use yikouwen::store::{Commit, Key, OwnedPart, Range, Store, StoreExt, Version, open, verify};

const KILLS: usize = 60;
/// So often the next child starts with new files, so that kills also hit a store that is just being made.
const KILLS_OF_ONE_STORE: usize = 20;
const CLIENTS: u64 = 32;
/// Each client keeps this many of its newest records, so that the store also deletes and tidies up under fire.
const KEPT: u64 = 40;
/// Tells the child that it is one, and where to write.
const STORE_URL: &str = "YIKOUWEN_CRASH_CHILD";
/// A child that nobody kills, because the test itself has died, ends by itself.
const CHILD_LIFE: Duration = Duration::from_secs(20);

fn count_key(client: u64) -> Key {
    Key::new("count", &[client.into()])
}

/// The two records of one commit lie far apart in the tree, so that half a commit could not hide.
fn left_key(client: u64, number: u64) -> Key {
    Key::new("left", &[client.into(), number.into()])
}

fn right_key(client: u64, number: u64) -> Key {
    Key::new("right", &[number.into(), client.into()])
}

/// Mostly short, as messages are; some longer than a page of sled's log, and some that it keeps in a file of their own.
fn content(number: u64) -> Value {
    let length = match number % 50 {
        7 => 10_000,
        23 => 70_000,
        _ => 100,
    };
    json!({ "number": number, "text": "x".repeat(length) })
}

/// Not a test: the process that gets killed. Does nothing unless it is started as that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Ok(url) = std::env::var(STORE_URL) else { return };
    let store = open(&url).await.expect("the child opens the store");
    // The harness has begun a line of its own.
    report(format_args!("\nopen"));
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let store = store.clone();
        clients.spawn(async move {
            let found = store.get_json::<u64>(&count_key(client)).await.expect("the child reads");
            let (mut number, mut version) =
                found.map_or((0, None), |(number, version)| (number, Some(version)));
            loop {
                number += 1;
                let mut commit = Commit::new()
                    .check(count_key(client), version)
                    .put_json(count_key(client), &number)
                    .put_json(left_key(client, number), &content(number))
                    .put_json(right_key(client, number), &content(number));
                if let Some(old) = number.checked_sub(KEPT) {
                    commit = commit.delete(left_key(client, old)).delete(right_key(client, old));
                }
                let committed = store.commit(commit).await.expect("the child commits");
                version = Some(committed.done().expect("each client has its own records"));
                report(format_args!("acknowledged {client} {number}"));
            }
        });
    }
    // No client ever ends well: the first that does ends the child, which the parent takes for a failure.
    let ended = tokio::time::timeout(CHILD_LIFE, clients.join_next()).await;
    panic!("the child was not killed: {ended:?}");
}

/// Prints a line at once and whole. `println!` would go to the harness, which may keep it.
fn report(line: std::fmt::Arguments<'_>) {
    let mut output = std::io::stdout().lock();
    output.write_all(format!("{line}\n").as_bytes()).expect("the parent reads");
    output.flush().expect("the parent reads");
}

fn start_child(url: &str) -> Child {
    let child_test = format!("{}::child", module_path!().split_once("::").map_or("", |(_, path)| path));
    Command::new(std::env::current_exe().expect("the path of this test"))
        .args(["--exact", &child_test, "--nocapture"])
        .env(STORE_URL, url)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the child starts")
}

/// What a killed child had printed: for each client the last number acknowledged, and how many commits in all.
fn acknowledged(output: ChildStdout) -> (BTreeMap<u64, u64>, u64) {
    let (mut last, mut commits) = (BTreeMap::new(), 0);
    let mut output = BufReader::new(output);
    let mut line = String::new();
    while output.read_line(&mut line).expect("the child's output is text") > 0 {
        // The kill may have cut the last line, but never an earlier one.
        let words: Vec<&str> =
            line.strip_suffix('\n').map(|line| line.split(' ').collect()).unwrap_or_default();
        if let ["acknowledged", client, number] = words[..] {
            last.insert(client.parse().expect("a client"), number.parse().expect("a number"));
            commits += 1;
        }
        line.clear();
    }
    (last, commits)
}

/// Every client's records are the newest of one unbroken series, both halves of each from the same commit.
async fn check_whole(store: &dyn Store, acknowledged: &BTreeMap<u64, u64>) {
    let mut halves: BTreeMap<(u64, u64), (Value, Version)> = BTreeMap::new();
    for record in store.scan_all(&Range::prefix("right", &[])).await.expect("the parent reads") {
        let parts: Vec<u64> = record.key.parts().iter().filter_map(OwnedPart::number).collect();
        let [number, client] = parts[..] else { panic!("an illegal key") };
        halves.insert((client, number), (record.decode().expect("JSON"), record.version));
    }
    for client in 0..CLIENTS {
        let found = store.get_json::<u64>(&count_key(client)).await.expect("the parent reads");
        let (count, version) = found.unwrap_or_default();
        let wanted = acknowledged.get(&client).copied().unwrap_or_default();
        assert!(count >= wanted, "client {client} was promised {wanted} and has {count}");
        let left = Range::prefix("left", &[client.into()]);
        let series = store.scan_json::<Value>(&left, 1_000, false).await.expect("the parent reads");
        let numbers: Vec<u64> = (count.saturating_sub(KEPT) + 1..=count).collect();
        assert_eq!(series.len(), numbers.len(), "client {client} has records missing or left over");
        assert_eq!(series.last().map(|(_, _, version)| *version).unwrap_or_default(), version);
        for ((key, value, version), number) in series.into_iter().zip(numbers) {
            assert_eq!(key, left_key(client, number));
            assert!(value == content(number), "record {number} of client {client} has changed");
            assert!(halves.remove(&(client, number)) == Some((value, version)), "half a commit");
        }
    }
    assert!(halves.is_empty(), "half a commit");
}

#[tokio::test]
async fn acknowledged_commits_survive_kills() {
    let directory = tempfile::tempdir().expect("a directory for the test");
    let url_of =
        |number: usize| format!("sled:{}", directory.path().join(format!("store {number}")).display());
    let mut promised = BTreeMap::new();
    let mut commits = 0;
    for round in 0..KILLS {
        let url = url_of(round / KILLS_OF_ONE_STORE);
        if round % KILLS_OF_ONE_STORE == 0 {
            promised.clear();
        }
        let mut child = start_child(&url);
        let output = child.stdout.take().expect("the child's output");
        // Read meanwhile, or the child would stop at a full pipe.
        let reader = tokio::task::spawn_blocking(move || acknowledged(output));
        tokio::time::sleep(Duration::from_millis(rand::random_range(20..=300))).await;
        assert!(child.try_wait().expect("the child's state").is_none(), "the child ended by itself");
        child.kill().expect("the child is killed");
        child.wait().expect("the child is gone");
        let (last, count) = reader.await.expect("the child's output is read");
        commits += count;
        promised.extend(last);
        let store = open(&url).await.unwrap_or_else(|error| panic!("after kill {}: {error}", round + 1));
        check_whole(&*store, &promised).await;
        assert!(verify(&*store).await.expect("every record is readable").broken.is_empty());
        store.close().await.expect("it closes");
    }
    assert!(commits > 1_000, "only {commits} commits: the children hardly wrote");
    println!("crash: {KILLS} kills, {commits} acknowledged commits, 0 lost");
}
