//! `kill -9` in each phase of a slow answer: no answer is lost, and none is told twice.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::support::eventually;
use crate::support::process::Process;
use crate::support::wechat::{
    CUT, Platform, Seen, account, content, mark, model, question, slow_model, text_message,
};
use crate::support::weixin::FakeApi;

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
    let answer = platform.once(&body, CUT).await.expect("the second delivery is answered");
    assert!(content(&answer).contains(&mark(3_000)));
    // The answer was given; the process ends before the platform asks for anything else.
    process.kill();
    let (process, platform) = site.start().await;
    assert_eq!(
        platform.once(&body, CUT).await.map(|answer| content(&answer)),
        Some(content(&answer)),
        "word for word"
    );
    let next = platform.says("o1", 2, "你是机器人吗").await;
    assert!(!next.words().contains(&mark(3_000)), "{next:?}");
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
