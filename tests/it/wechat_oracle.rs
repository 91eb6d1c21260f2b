//! The WeChat channel against wechatpy, a library of others: it plays the platform for our server, and it is a client of
//! our stand-in of the platform, which is thereby proved before our own client is tested with it.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::process::{Process, run, stdout};
use crate::support::wechat::{APP, KEY, TOKEN, account};
use crate::support::weixin::FakeApi;

/// Runs one of `tests/oracles/` and returns what it printed.
fn oracle(program: &str, arguments: &[&str]) -> String {
    let python = crate::support::oracle::python("wechat");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles").join(program);
    let done = Command::new(python).arg(path).args(arguments).env("NO_PROXY", "*").output().unwrap();
    assert!(done.status.success(), "{program}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stand_in_of_the_platform_satisfies_a_client_that_is_not_ours() {
    let api = FakeApi::start(true).await;
    let url = api.url.clone();
    let printed = tokio::task::spawn_blocking(move || oracle("wechat_client.py", &[&url, APP, "s3cret"]))
        .await
        .unwrap();
    assert_eq!(printed.trim(), "proved");
    let told = api.told.lock().unwrap();
    assert_eq!(told.sent.len(), 4);
    assert_eq!(
        told.uploads["media-1"],
        ("image".to_owned(), "p.jpg".to_owned(), b"\xff\xd8\xff\xe0picture".to_vec())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_random_secure_messages_both_ways() {
    let api = FakeApi::start(false).await;
    let directory = tempfile::tempdir().unwrap();
    let own = directory.path().join("own.toml");
    std::fs::write(&own, account("gzh", &api.url, "") + "[limits]\nper_address = 0\n").unwrap();
    let data = directory.path().join("data");
    let sent = directory.path().join("sent.jsonl");
    let exchanged = tokio::task::spawn_blocking(move || {
        let server = Process::serve(&data, &["--config", own.to_str().unwrap()]);
        let url = format!("{}/channels/gzh", server.url);
        let printed = oracle("wechat_platform.py", &[&url, TOKEN, KEY, APP, "1000", sent.to_str().unwrap()]);
        // What the server understood is in its transcripts.
        let export = stdout(&run(&data, &["export", "--conversations", "--config", own.to_str().unwrap()]));
        server.kill();
        (printed, std::fs::read_to_string(sent).unwrap(), export)
    });
    let (printed, sent, export) = exchanged.await.unwrap();
    println!("{printed}");
    assert!(printed.contains("exchanged 1000"), "{printed}");
    let mut understood = HashMap::new();
    for line in export.lines() {
        let conversation: Value = serde_json::from_str(line).unwrap();
        let address =
            conversation["address"].as_str().or(conversation["peer"].as_str()).unwrap_or_default().to_owned();
        let first = conversation["messages"][0]["text"].as_str().unwrap().to_owned();
        understood.insert(address, first);
    }
    assert_eq!(understood.len(), 1000);
    for line in sent.lines() {
        let pair: Value = serde_json::from_str(line).unwrap();
        assert_eq!(understood[pair[0].as_str().unwrap()], pair[1].as_str().unwrap());
    }
}
