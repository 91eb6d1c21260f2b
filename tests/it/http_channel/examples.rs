//! The examples of `docs/channels/http.md`, run as they stand: what is written there works, and a client that is not ours
//! signs, asks, pulls and receives.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{call, message, server};
use crate::support::counterpart::SECRET;
use crate::support::oracle;

const DOCUMENT: &str = include_str!("../../../docs/channels/http.md");

/// The code of a block of the document.
fn block(language: &str) -> String {
    let fence = format!("\n```{language}\n");
    let (_, after) = DOCUMENT.split_once(&fence).unwrap();
    after.split_once("\n```").unwrap().0.to_owned()
}

fn python(script: &Path, base: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("python3");
    command
        .arg(script)
        .args(arguments)
        .env("BASE", base)
        .env("SECRET", SECRET)
        .env("PYTHONIOENCODING", "utf-8");
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_of_the_document_run() {
    let directory = tempfile::tempdir().unwrap();
    let script = directory.path().join("kiosk.py");
    std::fs::write(&script, block("python")).unwrap();

    // The client receives what we push, on a port of its choice.
    let mut receiver = python(&script, "", &["receive", "0", "3"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(receiver.stdout.take().unwrap()).lines();
    let port = lines.next().unwrap().unwrap();
    let server = server(&format!("deliver_url = \"http://127.0.0.1:{port}/\"\n")).await;
    let base = server.url("/channels/kiosk");

    let vector = oracle::printed(&oracle::run(python(&script, &base, &["vector"])).await);
    assert!(DOCUMENT.contains(&format!("| 签名 | `{}` |", vector.as_str().unwrap())), "{vector}");

    let asked = oracle::printed(&oracle::run(python(&script, &base, &["ask", "身份证丢了怎么补办"])).await);
    assert_eq!(asked["replies"][0]["outcome"], "answered", "{asked}");
    let again = oracle::printed(&oracle::run(python(&script, &base, &["ask", "转人工"])).await);
    assert_eq!(again["conversation"], asked["conversation"]);
    let thread = oracle::printed(&oracle::run(python(&script, &base, &["thread"])).await);
    assert_eq!(
        (thread["messages"].as_array().unwrap().len(), &thread["state"]["stage"]),
        (4, &json!("queued"))
    );

    let mut shell = Command::new("sh");
    shell.arg("-euc").arg(block("sh")).env("BASE", &base).env("SECRET", SECRET);
    let printed = oracle::run(shell).await;
    let out = String::from_utf8(printed.stdout).unwrap();
    assert!(printed.status.success(), "{out} {}", String::from_utf8_lossy(&printed.stderr));
    let answers: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), 2, "{out}");
    assert_eq!(answers[0]["repeated"], false);
    assert_eq!(answers[1]["messages"].as_array().unwrap().len(), 5, "the citizen's words go to a person now");

    // The third thing that is pushed to it: another citizen's answer.
    let (status, _) = call(&server, "/messages", Some(&message("m", "c2", json!({ "text": "你好" })))).await;
    assert_eq!(status, 202);
    let pushed = tokio::task::spawn_blocking(move || {
        let pushed: Vec<Value> = lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
        assert!(receiver.wait().unwrap().success());
        pushed
    })
    .await
    .unwrap();
    assert_eq!(pushed[0], asked["replies"][0]);
    assert_eq!((pushed.len(), &pushed[2]["citizen"]), (3, &json!("c2")));
    server.stop().await;
}
