//! What was acknowledged of the knowledge survives `kill -9` and can be found afterwards, and what was taken out cannot.
//!
//! As in `store_crash.rs` the test starts its own executable again as a child ([`child`]), which changes entries as fast
//! as it can and prints each change once it was acknowledged. In every second round it also builds its index anew all the
//! time. The test kills it, opens store and index itself, and looks for every change.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use yikouwen::retrieval::Knowledge;

use crate::support::knowledge::{check_current, close, line, open_in, take_in, titles_of};

const KILLS: u64 = 44;
const CLIENTS: u64 = 6;
/// How many entries each client changes in turn.
const SLOTS: u64 = 6;
/// Entries that nobody changes, so that building an index takes a while.
const STAYING: u64 = 200;
/// No client does as much in one round.
const ROUND: u64 = 100_000;
/// Tells the child that it is one, and where its data lies.
const DATA: &str = "YIKOUWEN_KNOWLEDGE_CRASH_DATA";
/// Where the child begins to count, and whether it builds the index anew meanwhile.
const FIRST: &str = "YIKOUWEN_KNOWLEDGE_CRASH_FIRST";
const REBUILDS: &str = "YIKOUWEN_KNOWLEDGE_CRASH_REBUILDS";
/// A child that nobody kills, because the test itself has died, ends by itself.
const CHILD_LIFE: Duration = Duration::from_secs(30);

/// What a client does as its deed of that number: which entry gets which title, or goes.
fn deed(client: u64, number: u64) -> (String, Option<String>) {
    let things = ["居住证签注", "公积金提取", "医保异地备案", "不动产过户", "食品经营许可"];
    let thing = things[usize::try_from(number % 5).unwrap()];
    let goes = (number / SLOTS + number) % 3 == 2;
    let title = format!("{client}号窗口第{number}件{thing}");
    (format!("c{client}-{}", number % SLOTS), (!goes).then_some(title))
}

fn staying(number: u64) -> (String, String) {
    (format!("s{number}"), format!("办事指南第{number}条"))
}

/// Not a test: the process that gets killed. Does nothing unless it is started as that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Ok(data) = std::env::var(DATA) else { return };
    let first: u64 = std::env::var(FIRST).unwrap().parse().unwrap();
    let (_store, base) = open_in(Path::new(&data)).await;
    // The harness has begun a line of its own.
    report(format_args!(""));
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let base = base.clone();
        clients.spawn(async move {
            for number in first + 1.. {
                let (id, title) = deed(client, number);
                match title {
                    Some(title) => drop(base.put(line(&id, &title)).await.expect("the child writes")),
                    None => drop(base.delete(&id).await.expect("the child deletes")),
                }
                report(format_args!("acknowledged {client} {number}"));
            }
        });
    }
    if std::env::var(REBUILDS).is_ok() {
        clients.spawn(async move {
            loop {
                base.rebuild(|_, _| {}).await.expect("the child builds");
                report(format_args!("rebuilt"));
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

fn start_child(data: &Path, first: u64, rebuilds: bool) -> Child {
    let child_test = format!("{}::child", module_path!().split_once("::").map_or("", |(_, path)| path));
    let mut command = Command::new(std::env::current_exe().expect("the path of this test"));
    command.args(["--exact", &child_test, "--nocapture"]).env(DATA, data).env(FIRST, first.to_string());
    if rebuilds {
        command.env(REBUILDS, "1");
    }
    command.stdout(Stdio::piped()).spawn().expect("the child starts")
}

/// What a killed child had printed.
#[derive(Default)]
struct Printed {
    /// For each client the last number acknowledged.
    last: BTreeMap<u64, u64>,
    changes: u64,
    rebuilds: u64,
}

/// What the child has done so far: changes, rebuilds.
type Deeds = (u64, u64);

/// Reads what the child prints, and tells of it meanwhile.
fn read(output: ChildStdout, deeds: &watch::Sender<Deeds>) -> Printed {
    let mut printed = Printed::default();
    let mut output = BufReader::new(output);
    let mut line = String::new();
    while output.read_line(&mut line).expect("the child's output is text") > 0 {
        // The kill may have cut the last line, but never an earlier one.
        let words: Vec<&str> =
            line.strip_suffix('\n').map(|line| line.split(' ').collect()).unwrap_or_default();
        match words[..] {
            ["acknowledged", client, number] => {
                printed.last.insert(client.parse().expect("a client"), number.parse().expect("a number"));
                printed.changes += 1;
            }
            ["rebuilt"] => printed.rebuilds += 1,
            _ => {}
        }
        deeds.send_replace((printed.changes, printed.rebuilds));
        line.clear();
    }
    printed
}

/// What is known of an entry: the state that was acknowledged last, and the one that may have come after it.
#[derive(Clone, Default)]
struct Known {
    title: Option<String>,
    /// Titles it once had, by which it must not be found any more.
    past: Option<String>,
    perhaps: Option<Option<String>>,
}

type Model = BTreeMap<String, Known>;

fn promise(model: &mut Model, first: u64, last: &BTreeMap<u64, u64>) {
    for client in 0..CLIENTS {
        let last = last.get(&client).copied().unwrap_or(first);
        for number in first + 1..=last {
            let (id, title) = deed(client, number);
            let known = model.entry(id).or_default();
            known.past = std::mem::replace(&mut known.title, title).or(known.past.take());
        }
        let (id, title) = deed(client, last + 1);
        model.entry(id).or_default().perhaps = Some(title);
    }
}

/// Store, index and promises agree, entry by entry.
async fn check(base: &Knowledge, model: &mut Model, round: u64) {
    check_current(base).await;
    for (id, known) in model {
        let stored = base.entry(id).await.expect("the store reads").map(|entry| entry.title);
        if let Some(perhaps) = known.perhaps.take()
            && stored == perhaps
        {
            known.past = std::mem::replace(&mut known.title, perhaps).or(known.past.take());
        }
        assert_eq!(stored, known.title, "after kill {round}: `{id}` in the store");
        for words in [&known.title, &known.past].into_iter().flatten() {
            let found = titles_of(base, id, words).await;
            assert!(
                found.iter().eq(known.title.iter()),
                "after kill {round}: `{id}` is found as {found:?}, not as {:?}",
                known.title
            );
        }
    }
    let (id, title) = staying(round % STAYING);
    assert_eq!(titles_of(base, &id, &title).await, [title], "after kill {round}");
}

#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_changes_are_found_after_kills() {
    let directory = tempfile::tempdir().expect("a directory for the test");
    let data = directory.path();
    let opened = open_in(data).await;
    let entries: Vec<(String, String)> = (0..STAYING).map(staying).collect();
    let entries = entries.iter().map(|(id, title)| (id.as_str(), title.as_str()));
    take_in(&opened.1, entries).await;
    close(opened).await;

    let mut model = Model::new();
    let (mut changes, mut rebuilds) = (0, 0);
    for round in 0..KILLS {
        let first = round * ROUND;
        let mut child = start_child(data, first, round % 2 == 1);
        let output = child.stdout.take().expect("the child's output");
        let (sender, mut deeds) = watch::channel(Deeds::default());
        // Read meanwhile, or the child would stop at a full pipe.
        let reader = tokio::task::spawn_blocking(move || read(output, &sender));
        // Most kills hit the writing, some the opening, and what has to be caught up with there.
        if round % 4 != 3 {
            let (changes, rebuilds) = (rand::random_range(1..=30), round % 2 * rand::random_range(0..=1));
            let done = deeds.wait_for(|deeds| deeds.0 >= changes && deeds.1 >= rebuilds).await;
            assert!(done.is_ok(), "the child ended by itself");
        }
        tokio::time::sleep(Duration::from_millis(rand::random_range(0..=200))).await;
        assert!(child.try_wait().expect("the child's state").is_none(), "the child ended by itself");
        child.kill().expect("the child is killed");
        child.wait().expect("the child is gone");
        let printed = reader.await.expect("the child's output is read");
        changes += printed.changes;
        rebuilds += printed.rebuilds;
        promise(&mut model, first, &printed.last);
        let opened = open_in(data).await;
        check(&opened.1, &mut model, round).await;
        close(opened).await;
    }
    assert!(changes > KILLS && rebuilds > 0, "{changes} changes and {rebuilds} rebuilds: too few");
    println!("crash: {KILLS} kills, {changes} acknowledged changes, {rebuilds} rebuilds finished, 0 lost");
}
