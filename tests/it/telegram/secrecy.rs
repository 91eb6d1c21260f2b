//! The bot's token is in every address that is called, and in nothing that is printed.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use super::{LI, section, shown};
use crate::support::bot_api::{BotApi, Failure, TOKEN};
use crate::support::eventually;
use crate::support::process::PROGRAM;

/// Runs a server with everything logged until `enough` of the log is there, and returns all it printed.
async fn everything_logged(own: &str, enough: impl AsyncFnOnce(&Path)) -> String {
    let data = tempfile::tempdir().unwrap();
    let (own_file, log) = (data.path().join("own.toml"), data.path().join("log"));
    std::fs::write(&own_file, own).unwrap();
    let mut child = Command::new(PROGRAM)
        .args(["serve", "--listen", "127.0.0.1:0", "--config"])
        .arg(&own_file)
        .arg("--data")
        .arg(data.path())
        .envs([
            ("YIKOUWEN__LOG__LEVEL", "trace,sled=info,tantivy=info"),
            ("YIKOUWEN__STORE__URL", "memory:"),
            // Of the knowledge nothing is needed, and everything would be logged.
            ("YIKOUWEN__CITY__DEMO", "false"),
        ])
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    // However long the start takes: what follows is waited for from here on.
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().starts_with("listening on ")));
    enough(&log).await;
    child.kill().unwrap();
    child.wait().unwrap();
    read(&log)
}

fn read(log: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(log).unwrap()).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_the_token_nor_the_citizen_is_in_the_most_talkative_log() {
    let api = BotApi::start().await;
    api.fail([Failure::of(
        "getUpdates",
        409,
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    )]);
    api.fail([Failure::of("sendMessage", 403, "Forbidden: bot was blocked by the user")]);
    let logged = everything_logged(&section(&api, "polling"), async |_: &Path| {
        let citizen = 7_700_123_456;
        api.queue(api.private(citizen, json!({ "text": "我的手机号是13912345678，身份证丢了怎么补办" })));
        eventually("the refusal", async || (!api.calls("sendMessage").is_empty()).then_some(())).await;
        api.queue(api.private(citizen, json!({ "text": "/human" })));
        shown(&api, citizen, 1).await;
    })
    .await;
    assert!(logged.contains("a poll failed") && logged.contains("TRACE"), "it was talkative");
    let secret = TOKEN.split_once(':').unwrap().1;
    for private in [secret, "7700123456", "13912345678"] {
        let line = logged.lines().find(|line| line.contains(private));
        assert_eq!(line, None, "{private}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_not_told_when_telegram_cannot_be_reached() {
    let api = BotApi::start().await;
    // Nobody listens on the discard port.
    let own = section(&api, "polling").replace(&api.base, "http://127.0.0.1:9");
    let logged = everything_logged(&own, async |log: &Path| {
        eventually("a failed poll", async || read(log).contains("a poll failed").then_some(())).await;
    })
    .await;
    assert!(logged.contains("a poll failed") && logged.contains("no connection"), "{logged}");
    assert!(!logged.contains(TOKEN.split_once(':').unwrap().1));
    assert_eq!(api.texts(LI), Vec::<String>::new());
}
