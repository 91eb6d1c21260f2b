//! The log says why whatever was not answered was not answered, and names nobody.

use std::process::{Command, Stdio};

use serde_json::json;

use super::platform::{Person, Platform, SECRET};
use super::settings;
use crate::support::eventually;
use crate::support::process::PROGRAM;

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_is_in_the_log_and_no_person_is() {
    let platform = Platform::start().await;
    let data = tempfile::tempdir().unwrap();
    let config = data.path().join("own.toml");
    let sections = "[store]\nurl = \"memory:\"\n[limits]\nmessage_chars = 50\n[log]\nlevel = \"info,adapters=debug,yikouwen=debug\"\n";
    std::fs::write(&config, settings(&platform, "", sections)).unwrap();
    let mut child = Command::new(PROGRAM)
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(data.path())
        .arg("--config")
        .arg(&config)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = child.stderr.take().unwrap();
    let reading = std::thread::spawn(move || {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut log, &mut text).unwrap();
        text
    });
    // A process that takes over the demo city's knowledge first.
    for _ in 0..20 {
        if !platform.open_lines().is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }

    let person = Person::new(&platform, "staff-zhang-777");
    let send =
        async |id: &str, fields: serde_json::Value| platform.say_acked(&person.message(id, &fields)).await;
    send("m1", json!({ "msgtype": "text", "text": { "content": "月亮石登记怎么办理" } })).await;
    send("m2", json!({ "msgtype": "picture", "content": { "downloadCode": "d" } })).await;
    send("m3", json!({ "msgtype": "hologram", "content": { "text": "月亮石登记怎么办理" } })).await;
    send("m4", json!({ "msgtype": "text", "text": { "content": "月亮石登记怎么办理".repeat(10) } })).await;
    let aside =
        json!({ "msgtype": "text", "text": { "content": "月亮石登记怎么办理" }, "isInAtList": false });
    platform.say_acked(&person.in_group("cid-secret-group").message("m5", &aside)).await;
    platform.say_acked(&json!({ "senderNick": "staff-zhang-777某" })).await;
    platform.say_acked(&json!({ "errorCode": 20001, "errorMessage": "staff-zhang-777" })).await;
    // A reply that nobody can be given.
    platform.sessions_over.store(true, std::sync::atomic::Ordering::SeqCst);
    let refusal = json!({ "code": "staffId.notExisted", "message": "staff-zhang-777 is gone" });
    platform.answer_next("/v1.0/robot/oToMessages/batchSend", &[(400, refusal)]);
    send("m6", json!({ "msgtype": "text", "text": { "content": "你好" } })).await;
    eventually("the refused reply", async || {
        (!platform.calls("/v1.0/robot/oToMessages/batchSend").is_empty()).then_some(())
    })
    .await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let done = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(done.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));

    let log = reading.join().unwrap();
    let expected = [
        "a message is not taken",
        "unsupported",
        "too_long",
        "not for the robot",
        "it has no msgId",
        "quota",
        "a reply has no recipient any more",
        "staffId.notExisted",
        "a connection is open",
    ];
    for part in expected {
        assert!(log.contains(part), "{part} is missing:\n{log}");
    }
    for part in [
        "staff-zhang-777",
        "cid-secret-group",
        "ding-corp",
        "独一无二",
        "session=",
        "ticket=",
        "token-0",
        SECRET,
    ] {
        assert!(!log.contains(part), "{part} is in the log:\n{log}");
    }
}
