//! `kill -9` in each phase of a slow answer: no answer is lost, and none is told twice.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::support::helper::Helper;
use crate::support::process::{Process, run, stdout};
use crate::support::wechat::{
    CUT, Platform, Seen, account, content, event, mark, message, model, now, question, slow_model,
    text_message,
};
use crate::support::weixin::FakeApi;
use crate::support::{PASSWORD, eventually};

struct Site {
    data: PathBuf,
    own: PathBuf,
    api: FakeApi,
    _directory: tempfile::TempDir,
}

impl Site {
    async fn new(verified: bool) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let api = FakeApi::start(verified).await;
        let own = directory.path().join("own.toml");
        let settings = format!("mode = \"plain\"\nverified = {verified}");
        let text = format!(
            "[retention]\nlongest_pause = \"1s\"\n{}{}",
            model(&slow_model().await),
            account("gzh", &api.url, &settings)
        );
        std::fs::write(&own, text).unwrap();
        Self { data: directory.path().join("data"), own, api, _directory: directory }
    }

    /// Starts the real program over the same data.
    async fn start(&self) -> (Process, Platform) {
        let (data, own): (&Path, &str) = (&self.data, self.own.to_str().unwrap());
        let process = tokio::task::block_in_place(|| Process::serve(data, &["--config", own]));
        let platform = Platform::new(&process.url, "gzh");
        (process, platform)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_model_thinks_and_the_platform_asks_again() {
    let site = Site::new(false).await;
    let (process, platform) = site.start().await;
    let body = text_message("o1", 1, &question(3_000));
    // Accepted, and the model has begun.
    assert_eq!(platform.once(&body, Duration::from_millis(1_500)).await, None);
    process.kill();
    let (process, platform) = site.start().await;
    // The turn is taken anew: usually the next delivery is answered, on a slow machine the one after it.
    let answer = platform.deliver(&body).await;
    let answer = answer.words();
    assert!(answer.contains(&mark(3_000)), "{answer}");
    // The answer was given; the process ends before the platform asks for anything else.
    process.kill();
    let (process, platform) = site.start().await;
    assert_eq!(
        platform.once(&body, CUT).await.map(|again| content(&again)).as_deref(),
        Some(answer),
        "word for word"
    );
    let next = platform.says("o1", 2, "你是机器人吗").await;
    assert!(!next.words().contains(&mark(3_000)), "{next:?}");
    process.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_captured_request_that_comes_again_after_a_restart_changes_nothing() {
    let site = Site::new(false).await;
    let (process, platform) = site.start().await;
    let said = text_message("o1", 1, "你是机器人吗");
    // Events have no MsgId; who and when make one (the page 接收事件推送).
    let pressed = message("o2", now(), &event("CLICK", "human"));
    let captured = [(platform.signed(now(), "n1"), said), (platform.signed(now(), "n2"), pressed)];
    let mut answers = Vec::new();
    for (proof, body) in &captured {
        let (status, answer) = platform.post(proof, body.clone()).await;
        assert_eq!(status, 200);
        answers.push(content(&answer));
    }
    assert!(answers[0].contains("我是机器人") && !answers[1].is_empty(), "{answers:?}");
    process.kill();
    let (process, platform) = site.start().await;
    let here = |proof: &str| format!("{}?{}", platform.url, proof.split_once('?').unwrap().1);
    for ((proof, body), answer) in captured.iter().zip(&answers) {
        assert_eq!(platform.post(&here(proof), body.clone()).await.0, 200);
        let (_, again) = platform.post(&here(proof), body.clone()).await;
        assert_eq!(content(&again), *answer, "the same answer, word for word");
        let forged = text_message("o1", 7, "转人工");
        assert_eq!(platform.post(&here(proof), forged).await.0, 403, "other words below the same proof");
    }
    assert_eq!(process.terminate(), Some(0));
    let exported = run(&site.data, &["export", "--conversations"]);
    let conversations: Vec<Value> =
        stdout(&exported).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(conversations.len(), 2, "{conversations:?}");
    for conversation in conversations {
        let messages = conversation["transcript"].as_array().or(conversation["messages"].as_array()).unwrap();
        let own = messages.iter().filter(|message| message["author"] == "citizen").count();
        assert_eq!(own, 1, "what was captured is there once: {conversation}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_middle_of_a_long_message_at_most_the_part_on_its_way_comes_twice() {
    let site = Site::new(true).await;
    let added = run(&site.data, &["helper", "add", "王芳", "--password", PASSWORD]);
    assert!(added.status.success(), "{added:?}");
    let (process, platform) = site.start().await;
    platform.says("o1", 1, "转人工").await;
    let helper = Helper::at(&process.url, "王芳").await;
    let id = eventually("a conversation in the queue", async || {
        helper.get("/queue").await["queue"][0]["conversation"].as_str().map(str::to_owned)
    })
    .await;
    assert_eq!(helper.claim(&id).await.0, 200);
    eventually("who serves", async || (site.api.sent_to("o1").len() == 1).then_some(())).await;
    assert_eq!(platform.says("o1", 2, "请把要求都告诉我").await, Seen::Nothing(1));
    let long: String = (1..=300).map(|number| format!("第{number}条要核对。")).collect();
    assert_eq!(helper.write(&id, &long).await.0, 201);
    eventually("the second part", async || (site.api.sent_to("o1").len() >= 3).then_some(())).await;
    // The platform takes the next part, and the process ends before it hears so.
    let before = site.api.with(|told| {
        told.slow = Duration::from_secs(30);
        told.sent.len()
    });
    eventually("the next part", async || (site.api.sent_to("o1").len() > before).then_some(())).await;
    process.kill();
    site.api.with(|told| told.slow = Duration::ZERO);
    let (process, _platform) = site.start().await;
    let last = "第300条要核对。";
    for _ in 0..120 {
        if site.api.sent_to("o1").iter().any(|part| part.contains(last)) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let parts = site.api.sent_to("o1").split_off(1);
    let mut seen = parts.clone();
    seen.dedup();
    assert!(parts.len() <= seen.len() + 1, "one part at most comes twice, right behind itself: {parts:?}");
    let numbers: Vec<usize> =
        seen.concat().split('第').skip(1).filter_map(|part| part.split('条').next()?.parse().ok()).collect();
    assert_eq!(numbers, (1..=300).collect::<Vec<_>>(), "none is lost, and the order stays");
    process.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn after_please_wait() {
    let site = Site::new(false).await;
    let (process, platform) = site.start().await;
    let hint = platform.says("o1", 1, &question(16_000)).await;
    assert!(matches!(&hint, Seen::Words(words, 3) if words.contains("正在为您查")), "{hint:?}");
    process.kill();
    let (process, platform) = site.start().await;
    // The turn is taken anew; a word that only asks is no question, though this process has never seen the first one.
    let mut seen = Vec::new();
    for id in 2..6 {
        seen.push(platform.says("o1", id, "1").await);
        if seen.last().unwrap().words().contains(&mark(16_000)) {
            break;
        }
    }
    let found: usize = seen.iter().map(|seen| seen.words().matches(&mark(16_000)).count()).sum();
    assert_eq!(found, 1, "{seen:?}");
    process.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn after_success_and_before_the_answer_is_sent() {
    let site = Site::new(true).await;
    let (process, platform) = site.start().await;
    assert_eq!(platform.says("o1", 1, &question(7_000)).await, Seen::Nothing(1));
    process.kill();
    let (process, platform) = site.start().await;
    eventually("the answer is sent", async || {
        site.api.sent_to("o1").iter().any(|text| text.contains(&mark(7_000))).then_some(())
    })
    .await;
    // A card that leads to the matter follows; what is asked meanwhile would come after it by itself.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let next = platform.says("o1", 2, "你是机器人吗").await;
    assert!(!next.words().contains(&mark(7_000)), "{next:?}");
    process.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_answer_is_being_sent() {
    let site = Site::new(true).await;
    let (process, platform) = site.start().await;
    assert_eq!(platform.says("o1", 1, &question(5_500)).await, Seen::Nothing(1));
    // The platform takes the answer, and the process ends before it hears so.
    site.api.with(|told| told.slow = Duration::from_secs(30));
    eventually("the platform has it", async || (!site.api.sent_to("o1").is_empty()).then_some(())).await;
    process.kill();
    site.api.with(|told| told.slow = Duration::ZERO);
    let (process, platform) = site.start().await;
    // Nobody can know whether it arrived, so this one part may come twice; it is never lost, and never three times.
    tokio::time::sleep(Duration::from_secs(25)).await;
    let next = platform.says("o1", 2, "你是机器人吗").await;
    let sent = site.api.sent_to("o1").iter().filter(|text| text.contains(&mark(5_500))).count();
    assert!((1..=2).contains(&sent), "{sent}");
    assert!(!next.words().contains(&mark(5_500)), "{next:?}");
    process.kill();
}
