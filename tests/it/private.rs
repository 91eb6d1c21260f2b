//! What identifies a person is masked before it is stored: hundreds of lines in many spellings go in, and nothing but their own
//! writers' view and what is encrypted has them.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aho_corasick::AhoCorasick;
use reqwest::Method;
use serde_json::{Value, json};
use yikouwen::desk::{Role, accounts};
use yikouwen::privacy;
use yikouwen::store::{self, Commit, Key, StoreExt};

use crate::support::helper::Helper;
use crate::support::process::PROGRAM;
use crate::support::visitor::{Visitor, messages};
use crate::support::wechat::{CUT, Platform, account, text_message};
use crate::support::weixin::FakeApi;
use crate::support::{MEMORY, PASSWORD, Server, config, eventually};

/// How many messages one visitor writes; a thread is read in one page.
const EACH: usize = 40;

/// A line and the values in it that must not be found anywhere.
struct Planted {
    text: String,
    values: Vec<String>,
}

/// The lines of a corpus, with the values of those that are recognised. What is not is measured by `evaluate masking`.
fn corpus(name: &str) -> Vec<Planted> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    let mut all = 0;
    let mut planted = Vec::new();
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let text = line["text"].as_str().unwrap().trim().to_owned();
        let masked = privacy::mask(&text).into_owned();
        let secrets: Vec<String> = line["secrets"]
            .as_array()
            .unwrap()
            .iter()
            .map(|secret| secret["value"].as_str().unwrap().trim_matches('+').to_owned())
            .collect();
        all += secrets.len();
        let values = secrets.into_iter().filter(|value| !masked.contains(value)).collect();
        planted.push(Planted { text, values });
    }
    let recognised: usize = planted.iter().map(|line| line.values.len()).sum();
    assert!(recognised * 100 >= all * 90, "{name}: {recognised} of {all}");
    planted
}

fn luhn(mut digits: Vec<u32>) -> String {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &digit)| match digit * (1 + u32::from(place % 2 == 0)) {
            double @ 10.. => double - 9,
            single => single,
        })
        .sum();
    digits.push((10 - sum % 10) % 10);
    digits.iter().map(u32::to_string).collect()
}

fn identity_card(number: usize) -> String {
    const WEIGHTS: [usize; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let body = format!(
        "3301{:02}{}{:02}{:02}{:03}",
        1 + number % 50,
        1950 + number % 60,
        1 + number % 12,
        1 + number % 28,
        number % 1_000
    );
    let sum: usize =
        body.bytes().zip(WEIGHTS).map(|(digit, weight)| usize::from(digit - b'0') * weight).sum();
    format!("{body}{}", char::from(b"10X98765432"[sum % 11]))
}

/// The same number in other clothes.
fn written(value: &str, how: usize) -> String {
    let wide = |c: char| char::from_u32(u32::from(c) + 0xfee0).unwrap();
    match how % 4 {
        0 => value.to_owned(),
        1 => value.chars().map(wide).collect(),
        2 => value.chars().map(|c| c.to_string()).collect::<Vec<_>>().join("\u{200b}"),
        _ => value.to_owned() + "🙂",
    }
}

/// Lines with unusual writing.
fn unusual() -> Vec<Planted> {
    (0..300)
        .map(|number| {
            let how = number / 4;
            let value = match number % 4 {
                0 => written(&format!("139{:08}", 10_000_019 + number * 7_919), [0, 1, 3][how % 3]),
                1 => written(&identity_card(number), [0, 1, 3][how % 3]),
                2 => {
                    let digits = format!("62220212{:010}", number * 104_729);
                    written(&luhn(digits.chars().map(|c| c.to_digit(10).unwrap()).collect()), [0, 1][how % 2])
                }
                _ => format!("citizen.{number}+a@mail{number}.example.com"),
            };
            let bare = value.trim_end_matches('🙂').to_owned();
            let text = match number % 5 {
                0 => format!("{{position}}【手机号】{value}，医保怎么办"),
                1 => format!("{value}\n{value} 社保卡丢了怎么补"),
                2 => format!("“{value}”<b>&amp;</b> \\u0031 公积金怎么提取"),
                3 => format!("𠮷{value}，第{number}次问了，居住证怎么办"),
                _ => format!("我要办理身份证：{value}。\tThanks"),
            };
            assert!(!privacy::mask(&text).contains(&bare), "not recognised: {text}");
            Planted { text, values: vec![bare] }
        })
        .collect()
}

/// The program over one directory, started and killed as often as one likes.
struct Site {
    data: PathBuf,
    own: PathBuf,
    log: PathBuf,
    api: FakeApi,
    _directory: tempfile::TempDir,
}

struct Running {
    child: Child,
    url: String,
    printed: Arc<Mutex<String>>,
}

impl Site {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let api = FakeApi::start(true).await;
        let own = directory.path().join("own.toml");
        let text = format!(
            "[limits]\nper_citizen = 0\nper_address = 0\n[log]\nlevel = \"info,yikouwen=debug\"\n{}",
            account("gzh", &api.url, "mode = \"plain\"\nverified = true")
        );
        std::fs::write(&own, text).unwrap();
        let (data, log) = (directory.path().join("data"), directory.path().join("log"));
        let site = Self { data, own, log, api, _directory: directory };
        let store = site.store().await;
        let now = crate::support::time::now();
        for (name, role) in [("ada", Role::Responder), ("bob", Role::Responder), ("sue", Role::Supervisor)] {
            accounts::add(&*store, name, role, PASSWORD, false, now).await.unwrap();
        }
        store.close().await.unwrap();
        site
    }

    async fn store(&self) -> Arc<dyn store::Store> {
        std::fs::create_dir_all(&self.data).unwrap();
        store::open(&format!("sled:{}", self.data.join("store").display())).await.unwrap()
    }

    fn start(&self, settings: &[(&str, &str)]) -> Running {
        let log = File::options().create(true).append(true).open(&self.log).unwrap();
        let mut child = Command::new(PROGRAM)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(&self.data)
            .arg("--config")
            .arg(&self.own)
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let printed = Arc::new(Mutex::new(String::new()));
        let url = loop {
            let line = lines.next().expect("the server prints its address").unwrap();
            if let Some(url) = line.strip_prefix("listening on ") {
                break url.to_owned();
            }
            printed.lock().unwrap().push_str(&line);
        };
        let all = Arc::clone(&printed);
        std::thread::spawn(move || {
            lines.map_while(Result::ok).for_each(|line| all.lock().unwrap().push_str(&line));
        });
        Running { child, url, printed }
    }

    /// Everything that is on disk under the data directory, and what was logged.
    fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        fn walk(directory: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
            for entry in std::fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, found);
                } else {
                    let bytes = std::fs::read(&path).unwrap();
                    found.push((path, bytes));
                }
            }
        }
        let mut found = vec![(self.log.clone(), std::fs::read(&self.log).unwrap())];
        walk(&self.data, &mut found);
        found
    }
}

impl Running {
    /// `kill -9`, or an orderly end.
    fn end(mut self, signal: &str) -> String {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        self.child.wait().unwrap();
        let printed = self.printed.lock().unwrap();
        printed.clone()
    }
}

/// Every record of a store: its space, and its key and value as they are.
async fn records(store: &Arc<dyn store::Store>) -> Vec<(String, Vec<u8>)> {
    let all = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&all);
    let visit: store::Visit = Box::new(move |record| {
        let bytes = [record.key.as_bytes(), b"\n", &record.value].concat();
        into.lock().unwrap().push((record.key.space().to_owned(), bytes));
        Ok(())
    });
    store.snapshot(visit).await.unwrap();
    std::mem::take(&mut *all.lock().unwrap())
}

/// What a citizen sees of the own words.
async fn own_words(visitor: &Visitor) -> Vec<String> {
    let thread = visitor.thread().await;
    let own = thread.iter().filter(|message| {
        message["author"] == "citizen" && message["client_id"].as_str().is_some_and(|id| id.starts_with('m'))
    });
    own.map(|message| message["text"].as_str().unwrap().to_owned()).collect()
}

/// Writes these lines, to the robot or to people, who cost no time.
async fn say_all(url: &str, lines: &[Planted], to_people: bool) -> Visitor {
    let visitor = Visitor::with_base(url, reqwest::Client::new()).await;
    if to_people {
        assert_eq!(visitor.post(json!({ "t": "human", "id": "human" })).await.0, 202);
    }
    for (number, line) in lines.iter().enumerate() {
        let (status, said) = visitor.say(&format!("m{number}"), &line.text).await;
        assert_eq!(status, 202, "{}: {said}", line.text);
    }
    visitor
}

fn texts(lines: &[Planted]) -> Vec<String> {
    lines.iter().map(|line| line.text.clone()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_identifies_a_person_is_stored_or_logged_in_clear() {
    let site = Site::new().await;
    let mut planted = corpus("masking.jsonl");
    planted.extend(corpus("masking_unseen.jsonl"));
    planted.extend(unusual());
    let values: Vec<&str> = planted
        .iter()
        .flat_map(|line| &line.values)
        .map(String::as_str)
        .filter(|value| value.chars().count() >= 6)
        .collect();
    assert!(values.len() > 500, "{}", values.len());
    let search = AhoCorasick::new(&values).unwrap();
    let found = |bytes: &[u8]| search.find(bytes).map(|hit| values[hit.pattern().as_usize()]);

    // Web, before and after a `kill -9`.
    let running = tokio::task::block_in_place(|| site.start(&[]));
    let shares: Vec<&[Planted]> = planted.chunks(EACH).collect();
    let (early, late) = shares.split_at(shares.len() / 2);
    let mut visitors = Vec::new();
    for (number, lines) in early.iter().enumerate() {
        visitors.push((say_all(&running.url, lines, number % 3 > 0).await, *lines));
    }
    running.end("-KILL");
    let running = tokio::task::block_in_place(|| site.start(&[]));
    for (visitor, lines) in &mut visitors {
        *visitor = visitor.moved_to(&running.url);
        assert_eq!(own_words(visitor).await, texts(lines), "exactly as it was written");
        // A page that is shared with a helper hides just what has labels at the desk.
        for message in visitor.thread().await.iter().filter(|message| message["author"] == "citizen") {
            let text = message["text"].as_str().unwrap();
            assert_eq!(message["private"] == true, privacy::mask(text) != text, "{text}");
        }
    }
    for (number, lines) in late.iter().enumerate() {
        visitors.push((say_all(&running.url, lines, number % 3 > 0).await, *lines));
    }
    // A file whose name tells, and the interface for one question.
    let png: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";
    let name = format!("身份证{}.png", planted[planted.len() - 3].values[0]);
    let (status, _) = visitors[0].0.upload("file", &name, png).await;
    assert_eq!(status, 202);
    let client = reqwest::Client::new();
    for line in planted.iter().rev().take(20) {
        let asked = client.post(format!("{}/api/v1/ask", running.url));
        let answer =
            asked.json(&json!({ "question": line.text, "region": line.values.first() })).send().await;
        assert_eq!(answer.unwrap().status(), 200);
    }

    // WeChat: what a helper writes reaches the citizen whole.
    let platform = Platform::new(&running.url, "gzh");
    for (number, line) in planted.iter().rev().take(30).enumerate() {
        let body = text_message(&format!("o{number}"), number as u64 + 1, &line.text);
        platform.once(&body, CUT).await;
    }
    let openid = "o-served";
    platform.once(&text_message(openid, 1_000, "转人工"), CUT).await;
    platform.once(&text_message(openid, 1_001, &planted[0].text), CUT).await;
    let ada = Helper::at(&running.url, "ada").await;
    let conversation = eventually("a place in the queue", async || {
        let queue = ada.get("/queue").await;
        let waiting = queue["queue"]
            .as_array()
            .unwrap()
            .iter()
            .find(|item| item["channel"] == "gzh" && item["preview"] == *privacy::mask(&planted[0].text));
        waiting.map(|item| item["conversation"].as_str().unwrap().to_owned())
    })
    .await;
    assert_eq!(ada.claim(&conversation).await.0, 200);
    let told = format!("您登记的是{}，对吗？", planted[0].values[0]);
    let (status, sent) = ada.write(&conversation, &told).await;
    assert_eq!((status.as_u16(), sent["hidden"].as_bool()), (201, Some(true)), "{sent}");
    assert!(found(sent.to_string().as_bytes()).is_none(), "{sent}");
    eventually("the helper's words", async || {
        site.api.sent_to(openid).iter().any(|words| words.contains(&told)).then_some(())
    })
    .await;

    // The desk: labels, and what one message hides on a press, which is written down.
    let transcript = ada.conversation(&conversation).await;
    assert!(found(transcript.to_string().as_bytes()).is_none(), "{transcript}");
    let message = transcript["transcript"]
        .as_array()
        .unwrap()
        .iter()
        .find(|message| message["author"] == "citizen" && message["hidden"] == true);
    let seq = message.unwrap()["seq"].as_u64().unwrap();
    let path = format!("/conversations/{conversation}/messages/{seq}/reveal");
    let (bob, sue) = (Helper::at(&running.url, "bob").await, Helper::at(&running.url, "sue").await);
    for (helper, expected) in [(&bob, 403), (&ada, 200), (&sue, 200)] {
        let (status, shown) = helper.call(Method::POST, &path, None).await;
        assert_eq!(status, expected, "{shown}");
        if expected == 200 {
            assert_eq!(shown["text"], planted[0].text.as_str());
        }
    }
    let looks = sue.get("/reveals").await;
    let looks: Vec<_> = looks["reveals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|look| (look["by"].clone(), look["conversation"].clone(), look["seq"].clone()))
        .collect();
    let look = |by: &str| (json!(by), json!(conversation), json!(seq));
    assert_eq!(looks, [look("sue"), look("ada")], "the newest first, and no refused one");
    assert_eq!(ada.call(Method::GET, "/reveals", None).await.0, 403);
    for (what, expected) in
        [(path.replace(&format!("/{seq}/"), "/9999/"), 404), (path.replace(&format!("/{seq}/"), "/2/"), 410)]
    {
        assert_eq!(ada.call(Method::POST, &what, None).await.0, expected, "{what}");
    }

    // Every turn is over; then nothing is anywhere. There are hundreds, so a busy machine takes its time.
    let all_turns = async {
        loop {
            let metrics = client.get(format!("{}/metrics", running.url)).send().await.unwrap();
            let metrics = metrics.text().await.unwrap();
            if metrics.lines().any(|line| line == "yikouwen_messages_pending 0") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(180), all_turns).await.expect("the end of all turns");
    tokio::time::sleep(Duration::from_secs(2)).await;
    for (visitor, lines) in &visitors {
        let own = own_words(visitor).await;
        assert_eq!(own[..lines.len()], texts(lines));
    }
    let thread = visitors[0].0.thread().await;
    let file = thread.iter().find(|message| message["attachments"].is_array()).unwrap();
    assert_eq!(file["attachments"][0]["name"], name.as_str());
    let metrics = client.get(format!("{}/metrics", running.url)).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("yikouwen_"));
    assert_eq!(found(metrics.as_bytes()), None, "/metrics");
    let printed = running.end("-TERM");
    assert_eq!(found(printed.as_bytes()), None, "the standard output");
    for (path, bytes) in site.files() {
        assert_eq!(found(&bytes), None, "{}", path.display());
    }
    let store = site.store().await;
    let all = records(&store).await;
    for (space, bytes) in &all {
        assert_eq!(found(bytes), None, "a record of {space}");
    }
    let hidden = all.iter().filter(|(space, _)| space == "private").count();
    assert!(hidden > 500, "{hidden} records hide something");

    // With another secret nothing opens, and nothing breaks.
    let key = Key::new("meta", &["private_key".into()]);
    let secret: String = store.get_json(&key).await.unwrap().unwrap().0;
    let other = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    store.attempt(Commit::new().put_json(key.clone(), other)).await.unwrap();
    store.close().await.unwrap();
    drop(store);
    let running = tokio::task::block_in_place(|| site.start(&[]));
    for (visitor, lines) in &mut visitors {
        *visitor = visitor.moved_to(&running.url);
        let masked: Vec<String> = lines.iter().map(|line| privacy::mask(&line.text).into_owned()).collect();
        assert_eq!(own_words(visitor).await[..lines.len()], masked);
    }
    running.end("-TERM");
    let store = site.store().await;
    store.attempt(Commit::new().put_json(key, &secret)).await.unwrap();
    store.close().await.unwrap();
    drop(store);
    let running = tokio::task::block_in_place(|| site.start(&[]));
    let back = visitors[0].0.moved_to(&running.url);
    assert_eq!(own_words(&back).await[..visitors[0].1.len()], texts(visitors[0].1));
    running.end("-TERM");

    // After its time what is hidden goes, and labels stay for everybody.
    let running = tokio::task::block_in_place(|| site.start(&[("YIKOUWEN__RETENTION__PRIVATE", "0s")]));
    let (visitor, lines) = &visitors[0];
    let visitor = visitor.moved_to(&running.url);
    let masked: Vec<String> = lines.iter().map(|line| privacy::mask(&line.text).into_owned()).collect();
    eventually("labels", async || (own_words(&visitor).await[..lines.len()] == masked).then_some(())).await;
    let ada = Helper::at(&running.url, "ada").await;
    eventually("nothing to reveal", async || {
        let transcript = ada.conversation(&conversation).await;
        transcript["transcript"]
            .as_array()
            .unwrap()
            .iter()
            .all(|message| message["hidden"] != true)
            .then_some(())
    })
    .await;
    assert_eq!(ada.call(Method::POST, &path, None).await.0, 410);
    running.end("-TERM");
    let store = site.store().await;
    let left = records(&store).await;
    assert_eq!(left.iter().filter(|(space, _)| space == "private").count(), 0);
    assert_eq!(left.iter().filter(|(space, _)| space == "reveal").count(), 2, "the account stays");
    store.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_before_is_shown_as_it_is_and_masked_at_the_desk() {
    let data = tempfile::tempdir().unwrap();
    let own = "[store]\nurl = \"sled:DIR\"\n".replace("DIR", data.path().join("store").to_str().unwrap());
    let helpers = [("ada", Role::Responder)];
    let server = Server::start(config(data.path(), &own), &helpers).await;
    let visitor = Visitor::new(&server).await;
    visitor.ask("a", "转人工").await;
    let frames = visitor.poll("", 0, 0).await;
    let conversation = frames.iter().find_map(|frame| frame["conversation"].as_str()).unwrap().to_owned();
    server.stop().await;
    let old = "我的电话是13812345678";
    let store = store::open(&format!("sled:{}", data.path().join("store").display())).await.unwrap();
    let key = Key::new("message", &[(&conversation).into(), 1.into()]);
    let (mut message, _): (Value, _) = store.get_json(&key).await.unwrap().unwrap();
    message["text"] = old.into();
    store.attempt(Commit::new().put_json(key, &message)).await.unwrap();
    store.close().await.unwrap();
    drop(store);
    let server = Server::start(config(data.path(), &own), &helpers).await;
    let visitor = visitor.moved_to(&server.url(""));
    assert_eq!(messages(&visitor.poll("", 0, 0).await)[0]["text"], old);
    let ada = Helper::log_in(&server, "ada").await;
    assert_eq!(ada.claim(&conversation).await.0, 200);
    let shown = ada.conversation(&conversation).await["transcript"][0].clone();
    assert_eq!((&shown["text"], &shown["hidden"]), (&json!("我的电话是【手机号】"), &json!(true)));
    let path = format!("/conversations/{conversation}/messages/1/reveal");
    let (status, revealed) = ada.call(Method::POST, &path, None).await;
    assert_eq!((status.as_u16(), &revealed["text"]), (200, &json!(old)));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_with_a_number_is_answered_like_the_same_without() {
    let data = tempfile::tempdir().unwrap().keep();
    let server = Server::start(config(&data, MEMORY), &[]).await;
    for (plain, hidden) in [
        ("老年卡怎么办", "老年卡怎么办，我的电话13812345678"),
        ("身份证丢了怎么补办", "身份证丢了怎么补办，原来的号是11010519491231002X"),
        ("你们是机器人吗", "你们是机器人吗，回我13812345678"),
    ] {
        let (plain, hidden) = (server.ask(plain, None).await, server.ask(hidden, None).await);
        assert_eq!(plain["outcome"], hidden["outcome"], "{plain} {hidden}");
        let ids = crate::support::entries_of;
        assert_eq!(ids(&plain).first(), ids(&hidden).first(), "{hidden}");
    }
    server.stop().await;
}

#[test]
fn wishes_and_the_screen_hear_the_same_in_masked_words() {
    let words = yikouwen::config::words::words(None).unwrap();
    let screen = yikouwen::config::words::screen(None).unwrap();
    let mut planted = corpus("masking.jsonl");
    planted.extend(corpus("masking_unseen.jsonl"));
    planted.extend(unusual());
    let (mut newly, mut otherwise) = (Vec::new(), 0);
    for Planted { text, .. } in &planted {
        let masked = privacy::mask(text);
        let hear = |text: &str| (words.intent(text), screen.notice(text).map(|noticed| noticed.category));
        let (plain, masked) = (hear(text), hear(&masked));
        // Letters of an e-mail address and the names in an address sound like something at times, and are gone now.
        otherwise += usize::from(plain != masked);
        if plain != masked && (plain.0.is_none() && masked.0.is_some() || plain.1 != masked.1) {
            newly.push(format!("{text}: {plain:?}, masked {masked:?}"));
        }
    }
    println!("{otherwise} of {} are heard otherwise", planted.len());
    assert!(newly.len() <= 5 && otherwise <= 15, "{otherwise} heard otherwise:\n{}", newly.join("\n"));
    let asked = "帮我查张三，身份证110101199003071233";
    assert_eq!(
        screen.notice(asked).map(|noticed| noticed.category),
        screen.notice(&privacy::mask(asked)).map(|noticed| noticed.category)
    );
}
