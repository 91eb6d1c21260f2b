//! In WeChat: 网页授权, silently.

use std::time::Duration;

use serde_json::json;

use super::{CITY, Sent, server};
use crate::support::eventually;
use crate::support::identity::Browser;
use crate::support::wechat::{Platform, account, text_message};
use crate::support::weixin::{FakeApi, Trouble};

/// WeChat's browser, as it calls itself.
pub(super) const WECHAT: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.49(0x18003137) NetType/WIFI Language/zh_CN";

const CITIZEN: &str = "openid-of-zhang";
const OTHER: &str = "openid-of-somebody-else";

/// An account that knows who opens a page, and a citizen whom somebody serves and has sent a link to.
async fn sent() -> (FakeApi, Sent) {
    let api = FakeApi::start(true).await;
    let more = format!("mode = \"plain\"\nverified = true\noauth = true\noauth_base = \"{}\"", api.url);
    let server = server(&account("gzh", &api.url, &more)).await;
    let platform = Platform::new(&server.url(""), "gzh");
    let answer = platform.once(&text_message(CITIZEN, 1, "转人工"), Duration::from_secs(5)).await;
    assert!(answer.is_some());
    (api, Sent::by_helper(server).await)
}

/// Another link. The citizen says something first, since no more than five messages may follow each of theirs.
async fn again(sent: &mut Sent) {
    let platform = Platform::new(&sent.server.url(""), "gzh");
    let number = 100 + u64::try_from(sent.links).unwrap();
    platform.once(&text_message(CITIZEN, number, "我再点一次"), Duration::from_secs(5)).await;
    sent.again().await;
}

fn browser(sent: &Sent) -> Browser {
    let mut browser = Browser::new(&sent.server);
    browser.agent = WECHAT;
    browser
}

/// Leaves for WeChat as this person, and comes back; the page that is shown then.
async fn pass(api: &FakeApi, sent: &Sent, browser: &mut Browser, openid: &str) -> String {
    let door = sent.leave(browser).await.expect("a door");
    let back = api.pass(&door, openid, false).await;
    browser.come_back(&back).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_citizen_opens_the_link_without_digits_and_once() {
    let (api, sent) = sent().await;
    eventually("words that the digits are seldom needed", async || {
        api.sent_to(CITIZEN).join("\n").contains("一般点开就行，不用输入数字").then_some(())
    })
    .await;
    // Programs that look at links leave nothing behind, and use nothing up.
    for path in [format!("/s/{}", sent.share), "/s/back".to_owned(), "/s/back?code=c&state=s".to_owned()] {
        let mut preview = browser(&sent);
        preview.get(&path).await;
        assert!(preview.cookies.is_empty(), "{path}");
    }
    let mut phone = browser(&sent);
    assert_eq!(sent.open(&mut phone, json!({})).await.0, 401);
    assert_eq!(pass(&api, &sent, &mut phone, CITIZEN).await, sent.known());
    // It is that browser alone that is known.
    assert_eq!(sent.open(&mut browser(&sent), json!({})).await.0, 401);
    assert_eq!(sent.open(&mut phone, json!({})).await.0, 200);
    assert!(phone.cookies.is_empty(), "the ticket is taken away");
    assert_eq!(sent.open(&mut phone, json!({})).await.0, 410, "once");
    assert_eq!(sent.audit().await, ["asked", "left", "came_back", "known", "opened known"]);
    let metrics = sent.server.metrics().await;
    for how in ["left", "known"] {
        assert!(metrics.contains(&format!("yikouwen_assist_known_total{{how=\"{how}\"}} 1")), "{metrics}");
    }
    assert!(!metrics.contains("openid"), "{metrics}");
    sent.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_whom_the_link_was_forwarded_to_needs_the_digits() {
    let (api, sent) = sent().await;
    let mut stranger = browser(&sent);
    assert_eq!(pass(&api, &sent, &mut stranger, OTHER).await, sent.unknown());
    assert_eq!(sent.open(&mut stranger, json!({})).await.0, 401);
    assert_eq!(sent.audit().await, ["asked", "left", "came_back", "not_known somebody_else"]);
    assert_eq!(sent.leave(&mut stranger).await, None, "nobody is sent there twice");
    // The citizen is known as before, with the stranger's page still open.
    let mut phone = browser(&sent);
    assert_eq!(pass(&api, &sent, &mut phone, CITIZEN).await, sent.known());
    assert_eq!(sent.open(&mut stranger, json!({})).await.0, 401);
    assert_eq!(sent.open(&mut phone, json!({})).await.0, 200);
    assert_eq!(
        sent.open(&mut stranger, json!({ "code": sent.code(|| api.sent_to(CITIZEN)).await })).await.0,
        410,
        "once"
    );
    sent.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_leaves_the_digits() {
    let (api, mut sent) = sent().await;
    // A person made up by the platform, a code that is used, made up, or missing, and a platform that refuses or is away.
    for case in ["snapshot", "used", "made up", "refused", "no right", "secret", "away"] {
        let mut phone = browser(&sent);
        let door = sent.leave(&mut phone).await.expect("a door");
        let mut back = api.pass(&door, CITIZEN, case == "snapshot").await;
        let (path, query) = back.split_once("?code=").unwrap();
        let (code, state) = query.split_once('&').unwrap();
        match case {
            "used" => api.with(|told| told.web_codes.get_mut(code).unwrap().is_used = true),
            "made up" => back = format!("{path}?code=x&{state}"),
            "refused" => back = format!("{path}?{state}"),
            "no right" => api.with(|told| told.trouble = Some(Trouble::Refuses(48001))),
            "secret" => api.with(|told| told.trouble = Some(Trouble::Refuses(40125))),
            "away" => api.with(|told| told.trouble = Some(Trouble::Fails(502))),
            _ => {}
        }
        assert_eq!(phone.come_back(&back).await, sent.unknown(), "{case}");
        api.with(|told| told.trouble = None);
        assert_eq!(sent.open(&mut phone, json!({})).await.0, 401, "{case}");
        let alarm = match case {
            "no right" => Some("wechat_oauth_refused"),
            "secret" => Some("wechat_secret_refused"),
            "away" => Some("wechat_unreachable"),
            _ => None,
        };
        assert!(alarm.is_none_or(|alarm| sent.server.alarms("gzh").contains(&alarm)), "{case}");
        sent.digits_are_needed_and_do(|| api.sent_to(CITIZEN)).await;
        again(&mut sent).await;
    }
    // Whoever went and did not return is not sent again to where they were stuck.
    let mut phone = browser(&sent);
    assert!(sent.leave(&mut phone).await.is_some());
    assert_eq!(sent.leave(&mut phone).await, None);
    // And no more than a few browsers are sent.
    assert!(sent.leave(&mut browser(&sent)).await.is_some());
    assert!(sent.leave(&mut browser(&sent)).await.is_some());
    assert_eq!(sent.leave(&mut browser(&sent)).await, None);
    sent.digits_are_needed_and_do(|| api.sent_to(CITIZEN)).await;
    sent.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_begins_and_lets_the_citizen_finish_gets_nothing() {
    let (api, mut sent) = sent().await;
    for own in [false, true] {
        let (mut attacker, mut citizen) = (browser(&sent), browser(&sent));
        if own {
            // The citizen has left with the same link as well, and has a ticket of their own.
            sent.leave(&mut citizen).await.unwrap();
        }
        let door = sent.leave(&mut attacker).await.unwrap();
        // The attacker's address is opened in the citizen's WeChat.
        let back = api.pass(&door, CITIZEN, false).await;
        let place = citizen.come_back(&back).await;
        assert_eq!(place, format!("{CITY}/s/{}", sent.share), "not even the key is told");
        // Neither has won anything by it, and the state is used up.
        for browser in [&mut attacker, &mut citizen] {
            assert_eq!(sent.open(browser, json!({})).await.0, 401);
        }
        assert_eq!(attacker.come_back(&back).await, format!("{CITY}/s/-"));
        assert_eq!(sent.open(&mut attacker, json!({})).await.0, 401);
        assert!(sent.audit().await.contains(&"came_back other_browser".to_owned()));
        sent.digits_are_needed_and_do(|| api.sent_to(CITIZEN)).await;
        again(&mut sent).await;
    }
    // The citizen's own code behind the attacker's state, or the other way round: the states are not interchangeable.
    let (mut attacker, mut citizen) = (browser(&sent), browser(&sent));
    let own = sent.leave(&mut citizen).await.unwrap();
    let foreign = sent.leave(&mut attacker).await.unwrap();
    let state = |door: &str| door.split("state=").nth(1).unwrap().split('#').next().unwrap().to_owned();
    let back = api.pass(&own, CITIZEN, false).await;
    assert_eq!(
        attacker.come_back(&back).await,
        format!("{CITY}/s/-"),
        "the later departure is the one awaited"
    );
    let swapped = back.replace(&state(&own), &state(&foreign));
    assert_eq!(citizen.come_back(&swapped).await, format!("{CITY}/s/{}", sent.share));
    assert_eq!(sent.open(&mut attacker, json!({})).await.0, 401);
    sent.digits_are_needed_and_do(|| api.sent_to(CITIZEN)).await;
    sent.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_wechat_is_left_for_and_only_with_the_link() {
    let (api, sent) = sent().await;
    for agent in
        ["Mozilla/5.0 (iPhone) Version/17.0 Mobile Safari/604.1", "MicroMessenger/7.0.1 wxwork/4.1.0"]
    {
        let mut other = browser(&sent);
        other.agent = agent;
        assert_eq!(sent.leave(&mut other).await, None, "{agent}");
        assert!(other.cookies.is_empty());
    }
    let mut phone = browser(&sent);
    for (id, key) in [
        (sent.share.as_str(), "AAAAAAAAAAAAAAAAAAAAAA"),
        ("AAAAAAAAAAAAAAAAAAAAAA", sent.key.as_str()),
        ("", ""),
    ] {
        let link = json!({ "id": id, "key": key });
        assert_eq!(phone.post("/api/v1/assist/leave", link).await.0, 410);
    }
    // Another site cannot send a browser away with a link of its own.
    let forged = sent.server.client.post(sent.server.url("/api/v1/assist/leave")).json(&sent.link());
    let forged = forged.header("origin", "https://evil.example").header("user-agent", WECHAT);
    assert_eq!(forged.send().await.unwrap().status(), 403);
    // What is no state of ours leads to our own page, and nothing of it is in the address.
    for state in ["", "x", "https://evil.example", &"0".repeat(64), "%0d%0aset-cookie:x"] {
        let place = phone.come_back(&format!("/s/back?code=c&state={state}")).await;
        assert_eq!(place, format!("{CITY}/s/-"));
    }
    assert_eq!(pass(&api, &sent, &mut phone, CITIZEN).await, sent.known());
    let (_, answer) = phone.post("/api/v1/assist/open", sent.link()).await;
    assert!(answer["token"].is_string(), "{answer}");
    sent.server.stop().await;
}
