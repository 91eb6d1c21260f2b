//! The WeChat channel's calls to the platform: tokens, windows and quotas, errors, long answers, and the operator's commands.

use std::sync::Arc;
use std::time::Duration;

use adapters::wechat::{WechatChannel, errors};
use adapters::{
    Alarms, Channel, ChannelError, ChannelId, File, Files, Kit, Media, MediaKind, NotesError, Now,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use yikouwen::config::{ChannelConfig, words};
use yikouwen::store::{MemoryStore, Store};

use crate::support::process::{run, stderr, stdout};
use crate::support::wechat::{Platform, Seen, account, mark, model, question, slow_model};
use crate::support::weixin::FakeApi;
use crate::support::{MEMORY, Server, config, eventually};

struct NoFiles;

#[async_trait::async_trait]
impl Files for NoFiles {
    async fn file(&self, _: &str) -> Result<Option<File>, NotesError> {
        Ok(None)
    }
}

/// A channel of a node of its own over a store that nodes share, with a clock that is set.
fn node(
    store: &Arc<dyn Store>,
    api: &FakeApi,
    clock: &Arc<std::sync::Mutex<Timestamp>>,
) -> Arc<WechatChannel> {
    let data = tempfile::tempdir().unwrap();
    let all = config(data.path(), &account("gzh", &api.url, "verified = true"));
    let ChannelConfig::Wechat(settings) = &all.channels["gzh"] else { panic!("a WeChat account") };
    let clock = Arc::clone(clock);
    let now: Now = Arc::new(move || *clock.lock().unwrap());
    let id = ChannelId::new("gzh");
    let kit = Kit {
        notes: Arc::new(crate::support::direct::notes(id.as_str(), store)),
        files: Arc::new(NoFiles),
        alarms: Alarms::new(Arc::clone(&now)),
        now,
        http: reqwest::Client::new(),
        trust: adapters::Trust::default(),
        public_url: None,
        id,
    };
    WechatChannel::new(kit, (**settings).clone(), Arc::new(words::wechat().unwrap()))
}

fn nodes(api: &FakeApi, count: usize) -> (Vec<Arc<WechatChannel>>, Arc<std::sync::Mutex<Timestamp>>) {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let clock = Arc::new(std::sync::Mutex::new("2026-11-26T08:00:00Z".parse().unwrap()));
    ((0..count).map(|_| node(&store, api, &clock)).collect(), clock)
}

fn pass(clock: &Arc<std::sync::Mutex<Timestamp>>, seconds: i64) {
    let mut now = clock.lock().unwrap();
    *now = now.checked_add(SignedDuration::from_secs(seconds)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_node_fetches_the_token_for_all_and_again_before_its_end() {
    let api = FakeApi::start(true).await;
    let (nodes, clock) = nodes(&api, 4);
    let tries = nodes.iter().cycle().take(20).map(|node| node.api().typing("o1"));
    for done in futures::future::join_all(tries).await {
        done.unwrap();
    }
    assert_eq!(api.with(|told| told.fetched), (1, 0));
    pass(&clock, 7_200 - 301);
    nodes[0].api().typing("o1").await.unwrap();
    assert_eq!(api.with(|told| told.fetched), (1, 0), "it still holds");
    pass(&clock, 2);
    let tries = nodes.iter().map(|node| node.api().typing("o1"));
    assert!(futures::future::join_all(tries).await.iter().all(Result::is_ok));
    assert_eq!(api.with(|told| told.fetched), (2, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_refused_is_replaced_once_by_force_if_need_be() {
    let api = FakeApi::start(true).await;
    let (nodes, _clock) = nodes(&api, 2);
    for code in [40001, 40014, 42001] {
        api.with(|told| told.refuse.push_back(code));
        nodes[0].api().typing("o1").await.unwrap();
    }
    // Another program has replaced it: the normal way brings the new one.
    api.with(|told| told.token = "another".to_owned());
    nodes[1].api().typing("o1").await.unwrap();
    let (fetched, forced) = api.with(|told| told.fetched);
    assert!(forced <= 1, "{forced}: the platform allows it every 30 seconds, and 20 times a day");
    assert!(fetched <= 6, "{fetched}");
    assert!(nodes[1].alarms().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_operator_has_to_mend_is_an_alarm_with_words_and_ends_by_itself() {
    let api = FakeApi::start(true).await;
    let (nodes, _clock) = nodes(&api, 1);
    let node = &nodes[0];
    let table = [
        (
            40164,
            "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist",
            errors::ADDRESS,
            "203.0.113.7",
        ),
        (40125, "invalid appsecret", errors::SECRET, "40125"),
        (50004, "forbidden", errors::BLOCKED, "50004"),
    ];
    for (code, words, alarm, detail) in table {
        api.with(|told| told.refuse_token = Some((code, words)));
        let error = ChannelError::from(node.api().typing("o1").await.unwrap_err());
        assert!(matches!(error, ChannelError::Misconfigured(_)), "{code}");
        let raised = node.alarms().into_iter().find(|raised| raised.code == alarm).unwrap();
        assert!(raised.detail.contains(detail), "{raised:?}");
        assert!(words::alarm(alarm).is_some());
    }
    api.with(|told| told.refuse_token = None);
    node.api().typing("o1").await.unwrap();
    assert_eq!(node.alarms(), []);
    api.with(|told| told.refuse.push_back(45009));
    let error = ChannelError::from(node.api().typing("o1").await.unwrap_err());
    assert!(matches!(error, ChannelError::Unavailable { retry_after: Some(_), .. }), "{error}");
    assert_eq!(node.alarms()[0].code, errors::QUOTA);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_citizens_send_is_fetched() {
    let api = FakeApi::start(true).await;
    let (nodes, _clock) = nodes(&api, 1);
    let media =
        |kind, reference: &str| Media { kind, name: None, reference: reference.to_owned(), bytes: None };
    let picture = nodes[0].fetch(&media(MediaKind::Image, "picture")).await.unwrap();
    assert_eq!(
        (picture.name.as_str(), picture.mime.as_str(), picture.data.len()),
        ("p1.jpg", "image/jpeg", 5)
    );
    let film = nodes[0].fetch(&media(MediaKind::Video, "film")).await.unwrap();
    assert_eq!((film.name.as_str(), &film.data[..]), ("video.mp4", &b"a film"[..]));
    let gone = nodes[0].fetch(&media(MediaKind::Image, "nothing")).await.unwrap_err();
    assert!(matches!(gone, ChannelError::Gone(_)), "{gone}");
}

/// A server with an account that is configured as verified.
async fn verified(api: &FakeApi, more: &str) -> (Server, Platform) {
    let data = tempfile::tempdir().unwrap().keep();
    let own = format!(
        "{MEMORY}{more}[retention]\nlongest_pause = \"1s\"\n{}{}",
        model(&slow_model().await),
        account("gzh", &api.url, "mode = \"plain\"\nverified = true")
    );
    let server = Server::start(config(&data, &own), &[]).await;
    let platform = Platform::new(&server.url(""), "gzh");
    (server, platform)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_turns_out_to_have_no_right_falls_back_and_loses_nothing() {
    let api = FakeApi::start(false).await;
    let (server, platform) = verified(&api, "").await;
    // The indicator finds it out, in time for the platform to ask again.
    let seen = platform.says("o1", 1, &question(6_500)).await;
    assert!(matches!(&seen, Seen::Words(words, 2) if words.contains(&mark(6_500))), "{seen:?}");
    let seen = platform.says("o2", 1, &question(5_200)).await;
    assert!(matches!(&seen, Seen::Words(words, 2) if words.contains(&mark(5_200))), "known by now: {seen:?}");
    assert!(api.sent_to("o1").is_empty());
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_window_is_closed_the_answer_waits_for_the_next_message() {
    let api = FakeApi::start(true).await;
    let (server, platform) = verified(&api, "").await;
    api.with(|told| told.quota.insert("o1".to_owned(), 0));
    assert_eq!(platform.says("o1", 1, &question(5_500)).await, Seen::Nothing(1));
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(api.sent_to("o1").is_empty());
    let seen = platform.says("o1", 2, "你是机器人吗").await;
    let words = seen.words();
    assert!(words.find(&mark(5_500)) < words.find("我是机器人") && words.contains(&mark(5_500)), "{words}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_that_fails_for_a_while_gets_the_answer_once() {
    let api = FakeApi::start(true).await;
    let (server, platform) = verified(&api, "").await;
    let asked = async { platform.says("o1", 1, &question(5_500)).await };
    let failing = async {
        // After "is writing": busy, then the day's calls per minute, then a token that ended.
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        api.with(|told| told.refuse.extend([-1, 45011, 42001]));
    };
    let (seen, ()) = futures::future::join(asked, failing).await;
    assert_eq!(seen, Seen::Nothing(1));
    eventually("the answer", async || (!api.sent_to("o1").is_empty()).then_some(())).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let sent = api.sent_to("o1");
    assert_eq!(sent.iter().filter(|text| text.contains(&mark(5_500))).count(), 1, "{sent:?}");
    server.stop().await;
}

/// An entry with a very long answer.
async fn long_entry(server: &Server, token: &str) -> String {
    let sentences: String = (1..=500).map(|number| format!("长文第{number}条要求逐项核对。")).collect();
    let entry = serde_json::json!({
        "id": "very-long", "kind": "faq", "title": "青石巷老楼加装电梯的全部要求有哪些", "answer": sentences,
        "status": "published", "audience": "citizen",
    });
    let url = server.url("/api/v1/knowledge/very-long");
    let answer = server.client.put(url).bearer_auth(token).json(&entry).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    sentences
}

const LONG: &str = "青石巷老楼加装电梯的全部要求有哪些";

fn numbers(text: &str) -> Vec<usize> {
    text.split("长文第").skip(1).filter_map(|part| part.split('条').next()?.parse().ok()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_answer_is_read_on_part_by_part() {
    let api = FakeApi::start(false).await;
    let data = tempfile::tempdir().unwrap().keep();
    let own =
        format!("{MEMORY}[server]\napi_token = \"t0ken\"\n{}", account("gzh", &api.url, "mode = \"plain\""));
    let server = Server::start(config(&data, &own), &[]).await;
    long_entry(&server, "t0ken").await;
    let platform = Platform::new(&server.url(""), "gzh");
    let mut read = numbers(platform.says("o1", 1, LONG).await.words());
    let first = read.len();
    assert!(first > 10, "{first}");
    for id in 2..40 {
        let seen = platform.says("o1", id, "继续").await;
        let words = seen.words();
        if words.contains("已经全部发给您") {
            break;
        }
        read.extend(numbers(words));
        let last = !words.contains("看下文");
        if last {
            break;
        }
    }
    let expected: Vec<usize> = (1..=*read.last().unwrap()).collect();
    assert_eq!(read, expected, "in order, none twice, none left out");
    assert!(read.len() > first * 2, "{}", read.len());
    server.stop().await;
}

#[test]
fn the_operators_commands_set_the_menu_make_codes_and_say_what_is_wrong() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let api = runtime.block_on(FakeApi::start(true));
    let data = tempfile::tempdir().unwrap();
    let own = data.path().join("own.toml");
    let menu = "[[channels.gzh.menu]]\nname = \"补证\"\nopen = \"id-card\"\n[[channels.gzh.menu]]\nname = \"服务\"\nitems = [{ name = \"转人工\", human = true }, { name = \"网站\", url = \"https://a.example\" }]\n[[channels.gzh.qr]]\nname = \"window-3\"\nopen = \"id-card\"\n";
    std::fs::write(&own, account("gzh", &api.url, "verified = true") + menu).unwrap();
    let own = own.to_str().unwrap();
    let dry = run(data.path(), &["wechat", "menu", "--dry-run", "--config", own]);
    assert!(stdout(&dry).contains("open:id-card"), "{}", stderr(&dry));
    assert!(api.with(|told| told.menu.is_none()));
    let set = run(data.path(), &["wechat", "menu", "--config", own]);
    assert!(set.status.success(), "{}", stderr(&set));
    let menu = api.with(|told| told.menu.clone()).unwrap();
    assert_eq!(menu["button"][1]["sub_button"][0]["key"], "human");
    let pictures = data.path().join("pictures");
    let made = run(data.path(), &["wechat", "qr", "--config", own, "--output", pictures.to_str().unwrap()]);
    assert!(stdout(&made).contains("window-3\thttp://weixin.qq.com/q/"), "{}", stderr(&made));
    assert_eq!(std::fs::read(pictures.join("window-3.jpg")).unwrap(), [0xff, 0xd8]);
    let code: Value = api.with(|told| told.codes[0].clone());
    assert_eq!(code["action_info"]["scene"]["scene_str"], "open:id-card");

    let fine = run(data.path(), &["check", "--online", "--config", own]);
    assert!(fine.status.success() && stdout(&fine).contains("gives an access token"), "{}", stdout(&fine));
    assert!(stdout(&fine).contains("/channels/gzh") && !stdout(&fine).contains("s3cret"));
    api.with(|told| told.refuse_token = Some((40164, "invalid ip 203.0.113.7, not in whitelist")));
    let refused = run(data.path(), &["check", "--online", "--config", own]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        stdout(&refused).contains("203.0.113.7") && stdout(&refused).contains("白名单"),
        "{}",
        stdout(&refused)
    );
    let failed = run(data.path(), &["wechat", "menu", "--config", own]);
    assert!(failed.status.code() == Some(1) && stderr(&failed).contains("白名单"), "{}", stderr(&failed));
    let none = run(data.path(), &["wechat", "menu"]);
    assert!(stderr(&none).contains("no channel of type wechat"), "{}", stderr(&none));
}
