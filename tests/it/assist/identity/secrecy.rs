//! Who somebody is, and what proves it, is in no log.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::dingtalk::DINGTALK;
use super::wechat::WECHAT;
use super::{CITY, HELPER};
use crate::dingtalk::platform as ding;
use crate::support::bot_api::{self, BotApi, signed};
use crate::support::helper::Helper;
use crate::support::identity::Browser;
use crate::support::process::{PROGRAM, run};
use crate::support::wechat::{Platform, account, text_message};
use crate::support::weixin::FakeApi;
use crate::support::{PASSWORD, eventually, time};

const OPENID: &str = "openid-7700123";
const PERSON: i64 = 7_700_123_456;
const STAFF: &str = "staff-7700123";

/// A helper takes whoever waits, and asks to see a form; the share and the key of its link.
async fn ask(helper: &Helper) -> (String, String) {
    let conversation = eventually("the queue", async || {
        helper.get("/queue").await["queue"][0]["conversation"].as_str().map(str::to_owned)
    })
    .await;
    assert_eq!(helper.claim(&conversation).await.0, 200);
    let path = format!("/conversations/{conversation}/shares");
    let (status, begun) = helper.call(Method::POST, &path, Some(json!({ "purpose": "填表" }))).await;
    assert_eq!(status, 201, "{begun}");
    let key = begun["link"].as_str().unwrap().split_once("#k=").unwrap().1.to_owned();
    (begun["share"]["id"].as_str().unwrap().to_owned(), key)
}

/// Leaves for the platform with a link; its page.
async fn leave(browser: &mut Browser, link: &Value, secrets: &mut Vec<String>) -> String {
    let (status, door) = browser.post("/api/v1/assist/leave", link.clone()).await;
    assert_eq!(status, 200, "{door}");
    secrets.push(browser.cookies["yikouwen_share"].clone());
    door["url"].as_str().unwrap().to_owned()
}

/// Comes back, and opens the link.
async fn open(browser: &mut Browser, back: &str, link: &Value, secrets: &mut Vec<String>) {
    let place = browser.come_back(back).await;
    assert!(place.ends_with("&known"), "{place}");
    let query = back.split_once('?').unwrap().1;
    secrets.extend(query.split('&').map(|member| member.split_once('=').unwrap().1.to_owned()));
    let (status, opened) = browser.post("/api/v1/assist/open", link.clone()).await;
    assert_eq!(status, 200, "{opened}");
    secrets.push(opened["token"].as_str().unwrap().to_owned());
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_people_nor_what_proves_them_are_in_the_most_talkative_log() {
    let (weixin, telegram, dingtalk) =
        (FakeApi::start(true).await, BotApi::start().await, ding::Platform::start().await);
    let more = format!("mode = \"plain\"\nverified = true\noauth = true\noauth_base = \"{}\"", weixin.url);
    let (bot, robot) = (&telegram.base, dingtalk.base());
    let own = format!(
        "[server]\npublic_url = \"{CITY}\"\n{}[channels.tg]\ntype = \"telegram\"\ntoken = \"{}\"\napi_base = \"{bot}\"\npoll = \"5s\"\n\
         [channels.ding]\ntype = \"dingtalk\"\nclient_id = \"{}\"\nclient_secret = \"{}\"\napi_base = \"{robot}\"\noapi_base = \"{robot}\"\nlogin_base = \"{robot}\"\noauth = true\n",
        account("gzh", &weixin.url, &more),
        bot_api::TOKEN,
        ding::ID,
        ding::SECRET,
    );
    let data = tempfile::tempdir().unwrap();
    let (file, log) = (data.path().join("own.toml"), data.path().join("log"));
    std::fs::write(&file, own).unwrap();
    let added = run(data.path(), &["helper", "add", HELPER, "--password", PASSWORD, "--role", "responder"]);
    assert!(added.status.success(), "{added:?}");
    let mut child = Command::new(PROGRAM)
        .args(["serve", "--listen", "127.0.0.1:0", "--config"])
        .arg(&file)
        .arg("--data")
        .arg(data.path())
        // The library of sockets prints every message it gets, and that of the store what it keeps.
        .env("YIKOUWEN__LOG__LEVEL", "trace,tungstenite=info,sled=info,tantivy=info")
        .env("YIKOUWEN__CITY__DEMO", "false")
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let url = lines.find_map(|line| line.unwrap().strip_prefix("listening on ").map(str::to_owned)).unwrap();

    let helper = Helper::at(&url, HELPER).await;
    let mut secrets = [OPENID, "7700123456", STAFF, "s3cret", ding::SECRET].map(str::to_owned).to_vec();
    secrets.push(bot_api::TOKEN.split_once(':').unwrap().1.to_owned());

    let push = text_message(OPENID, 1, "转人工");
    assert!(Platform::new(&url, "gzh").once(&push, Duration::from_secs(5)).await.is_some());
    let (share, key) = ask(&helper).await;
    let link = json!({ "id": share, "key": key });
    let mut phone = Browser::at(&url);
    phone.agent = WECHAT;
    let door = leave(&mut phone, &link, &mut secrets).await;
    let back = weixin.pass(&door, OPENID, false).await;
    open(&mut phone, &back, &link, &mut secrets).await;
    secrets.push(key);

    dingtalk.say_acked(&ding::Person::new(&dingtalk, STAFF).text("m1", "转人工")).await;
    let (share, key) = ask(&helper).await;
    let link = json!({ "id": share, "key": key });
    let mut phone = Browser::at(&url);
    phone.agent = DINGTALK;
    let door = leave(&mut phone, &link, &mut secrets).await;
    let back = dingtalk.pass(&door, STAFF).await;
    open(&mut phone, &back, &link, &mut secrets).await;
    // Codes of this stand-in are so short that they may stand anywhere.
    secrets.retain(|secret| !secret.starts_with("auth-"));
    secrets.push(key);

    telegram.queue(telegram.private(PERSON, json!({ "text": "转人工" })));
    let (share, key) = ask(&helper).await;
    let proof = signed(bot_api::TOKEN, PERSON, time::now().as_second());
    let body = json!({ "id": share, "key": key, "proof": proof });
    let (status, opened) = Browser::at(&url).post("/api/v1/assist/open", body).await;
    assert_eq!(status, 200, "{opened}");
    secrets.extend([key, proof.rsplit_once("hash=").unwrap().1.to_owned()]);

    child.kill().unwrap();
    child.wait().unwrap();
    let logged = String::from_utf8_lossy(&std::fs::read(&log).unwrap()).into_owned();
    assert!(logged.contains("TRACE"), "it was talkative");
    for secret in &secrets {
        let line = logged.lines().find(|line| line.contains(secret.as_str()));
        assert_eq!(line, None, "{secret}");
    }
}
