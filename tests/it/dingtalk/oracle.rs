//! The platform of these tests is proved by the vendor's own robot (PyPI dingtalk-stream) before ours is run against it;
//! and what ours sends is read by the vendor's own description of its methods (PyPI alibabacloud-dingtalk).

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use adapters::Channel;
use adapters::dingtalk::Mode;
use adapters::message::{Attachment, Media, MediaKind};

use super::platform::{ID, Person, Platform, SECRET, TEMPLATE};
use super::{Alone, card, peer, reply, server};
use crate::support::eventually;

/// A robot made of the vendor's SDK, as a process; it is ended by its id.
struct Robot {
    child: Child,
    seen: Arc<Mutex<Vec<Value>>>,
}

impl Drop for Robot {
    fn drop(&mut self) {
        // The SDK swallows cancellation.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The Python that has the vendor's SDK.
fn python() -> std::path::PathBuf {
    crate::support::oracle::python("dingtalk")
}

impl Robot {
    fn start(platform: &Platform) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracles/dingtalk_sdk.py");
        let mut child = Command::new(python())
            .args([script, ID, SECRET])
            .env("DINGTALK_OPENAPI_ENDPOINT", platform.base())
            .env_remove("http_proxy")
            .env_remove("https_proxy")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&seen);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Ok(value) = serde_json::from_str(&line) {
                    into.lock().unwrap().push(value);
                }
            }
        });
        Self { child, seen }
    }

    async fn saw(&self, what: &str) -> Value {
        eventually(what, async || self.seen.lock().unwrap().iter().find(|seen| seen["saw"] == what).cloned())
            .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_vendors_own_robot_lives_with_this_platform() {
    let platform = Platform::start().await;
    let robot = Robot::start(&platform);
    // Starting Python takes its time.
    let first = eventually("the first connection", async || {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        platform.open_lines().last().copied()
    })
    .await;

    let ping = platform.frame(first, "SYSTEM", "ping", &json!({ "opaque": "0d75" }));
    let (ack, _) = platform.ack(&ping).await;
    assert_eq!(ack["code"], 200);
    assert_eq!(
        serde_json::from_str::<Value>(ack["data"].as_str().unwrap()).unwrap(),
        json!({ "opaque": "0d75" })
    );

    let person = Person::new(&platform, "u1");
    let message = platform.say(&person.text("m1", "请用卡片回答")).await;
    let heard = robot.saw("message").await;
    assert_eq!(
        (&heard["id"], &heard["staff"], &heard["conversation"]),
        (&json!("m1"), &json!("u1"), &json!("1"))
    );
    assert_eq!(robot.saw("text reply").await["answer"]["errcode"], 0);
    assert_eq!(robot.saw("markdown reply").await["answer"]["errcode"], 0);
    assert_eq!(robot.saw("token").await["got"], true);
    let kinds: Vec<String> = platform.shown().into_iter().map(|shown| shown.kind).collect();
    assert_eq!(kinds, ["text", "markdown"]);
    let track = robot.saw("card").await["track"].as_str().unwrap().to_owned();
    let card = platform.cards()[&track].clone();
    assert_eq!(card.space, "dtv1.card//IM_ROBOT.u1");
    assert_eq!(card.texts, ["写到一半", "写完了"]);
    assert!(card.is_final && card.parameters["flowStatus"] == "3", "{card:?}");
    assert_eq!(platform.ack(&message).await.0["code"], 200);

    let press = json!({ "type": "actionCallback", "outTrackId": track, "corpId": "c", "userId": "u1", "extension": "{}", "content": "{\"cardPrivateData\":{\"actionIds\":[\"1\"],\"params\":{\"action\":\"human\"}}}" });
    let pressed = platform.frame(first, "CALLBACK", "/v1.0/card/instances/callback", &press);
    assert_eq!(robot.saw("press").await["content"]["cardPrivateData"]["params"]["action"], "human");
    assert!(platform.ack(&pressed).await.0["data"].as_str().unwrap().contains("updateCardDataByKey"));

    let rich = json!({ "msgtype": "richText", "content": { "richText": [{ "text": "看图" }, { "downloadCode": "d1", "type": "picture" }] } });
    platform.say(&person.message("m2", &rich)).await;
    eventually("words with a picture", async || {
        robot
            .seen
            .lock()
            .unwrap()
            .iter()
            .any(|seen| seen["id"] == "m2" && seen["pictures"] == json!(["d1"]))
            .then_some(())
    })
    .await;

    platform.frame(first, "SYSTEM", "disconnect", &json!({ "reason": "deploying" }));
    let second = eventually("another connection", async || {
        platform.open_lines().into_iter().find(|&line| line > first)
    })
    .await;
    assert_eq!(platform.calls("/v1.0/gateway/connections/open").len(), 2);
    platform.frame(second, "CALLBACK", "/v1.0/im/bot/messages/get", &person.text("m3", "还在吗"));
    eventually("a message after that", async || {
        robot.seen.lock().unwrap().iter().any(|seen| seen["id"] == "m3").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_vendors_own_client_reads_a_companys_name_from_this_platform() {
    let platform = Platform::start().await;
    let host = platform.base().trim_start_matches("http://").to_owned();
    let ask = async |token: &str, company: &str| {
        tokio::process::Command::new(python())
            .args([
                concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracles/dingtalk_contacts.py"),
                &host,
                token,
                company,
            ])
            .output()
            .await
            .unwrap()
    };
    let told = ask("token-0", "ding-corp").await;
    let read: Value = serde_json::from_slice(&told.stdout).unwrap_or_else(|_| panic!("{told:?}"));
    assert_eq!((&read["orgName"], &read["authLevel"]), (&json!("某某公司"), &json!(1)), "{read}");
    let refused = ask("token-0", "ding-other").await;
    assert!(
        !refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("invalidParameter"),
        "{refused:?}"
    );
    let refused = ask("another", "ding-corp").await;
    assert!(String::from_utf8_lossy(&refused.stderr).contains("InvalidAuthentication"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_vendors_own_client_learns_who_came_back() {
    let platform = Platform::start().await;
    let door = "redirect_uri=https%3A%2F%2Fask.city.example%2Fs%2Fback&response_type=code&scope=openid&prompt=consent";
    let back =
        platform.pass(&format!("{}/oauth2/auth?{door}&client_id={ID}&state=s", platform.base()), "u1").await;
    let code = back.split("authCode=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let host = platform.base().replace("http://", "");
    let mut command = Command::new(python());
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracles/dingtalk_visitor.py"));
    command.args([&host, ID, SECRET, &code]);
    let told = crate::support::oracle::printed(&crate::support::oracle::run(command).await);
    assert_eq!((&told["person"], &told["expires"]), (&json!("union-of-u1"), &json!(7200)), "{told}");
    for (name, code) in [("again", "authCode"), ("made_up", "InvalidAuthentication")] {
        assert!(told[name].as_str().unwrap().contains(code), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_that_we_send_is_one_that_the_vendor_describes() {
    let platform = Platform::start().await;
    let server = server(&platform, &format!("card_template_id = \"{TEMPLATE}\""), "", &[]).await;
    let person = Person::new(&platform, "u1");
    person.says("m1", "身份证丢了怎么补").await;
    person.in_group("cidG==").says("m2", "身份证丢了怎么补").await;
    eventually("two cards", async || {
        let done = platform.cards().into_values().filter(|card| card.parameters["flowStatus"] == "3").count();
        (done == 2).then_some(())
    })
    .await;
    server.stop().await;

    let alone =
        Alone::new(&platform, |settings| (settings.mode, settings.card) = (Mode::Webhook, Some(card())))
            .await;
    let mut sent = reply("r1", "回答");
    let attachment = |id: &str, kind| Attachment {
        id: id.to_owned(),
        kind,
        name: id.to_owned(),
        mime: "x/y".to_owned(),
        bytes: 1,
    };
    sent.attachments = vec![attachment("picture", MediaKind::Image), attachment("form", MediaKind::File)];
    alone.channel.deliver(&peer("single:staff:u1"), &sent).await.unwrap();
    alone.channel.deliver(&peer("group:cidG==:staff:u1"), &reply("r2", "回答")).await.unwrap();
    let media = Media { kind: MediaKind::Image, name: None, reference: "c".to_owned(), bytes: None };
    alone.channel.fetch(&media).await.unwrap();

    let mut described = std::collections::BTreeSet::new();
    let mut check = Command::new(python())
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracles/dingtalk_models.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = check.stdin.take().unwrap();
    for call in platform.all_calls() {
        described.insert(call.path.clone());
        let line = json!({ "method": call.method.as_str(), "path": call.path, "body": call.body });
        writeln!(input, "{line}").unwrap();
    }
    drop(input);
    let output = check.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    for path in [
        "robot/oToMessages/batchSend",
        "robot/groupMessages/send",
        "robot/messageFiles/download",
        "card/instances/createAndDeliver",
        "card/instances",
        "card/streaming",
        "oauth2/accessToken",
    ] {
        assert!(described.contains(&format!("/v1.0/{path}")), "{path} was not called: {described:?}");
        assert!(said.contains(&format!("/v1.0/{path} ")), "{path} was not checked: {said}");
    }
}
