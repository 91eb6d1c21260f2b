//! In DingTalk: OAuth 2.0, which ends in the userid of the company.

use serde_json::{Value, json};

use super::{CITY, Sent, server};
use crate::dingtalk::platform::{ID, Person, Platform, SECRET};
use crate::support::identity::Browser;

/// DingTalk's browser, as it calls itself.
pub(super) const DINGTALK: &str = "Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 Chrome/69.0.3497.100 Mobile Safari/537.36 AliApp(DingTalk/7.6.0) com.alibaba.android.rimet/37";

const TOKEN: &str = "/v1.0/oauth2/userAccessToken";
const ME: &str = "/v1.0/contact/users/me";
const MEMBER: &str = "/topapi/user/getbyunionid";

/// A robot that knows who opens a page, and somebody whom a helper serves and has sent a link to.
async fn sent(platform: &Platform, message: &Value) -> Sent {
    let base = platform.base();
    let server = server(&format!(
        "[channels.ding]\ntype = \"dingtalk\"\nclient_id = \"{ID}\"\nclient_secret = \"{SECRET}\"\napi_base = \"{base}\"\noapi_base = \"{base}\"\nlogin_base = \"{base}\"\noauth = true\n"
    ))
    .await;
    platform.say_acked(message).await;
    Sent::by_helper(server).await
}

/// What was said to anybody.
fn words(platform: &Platform) -> Vec<String> {
    platform.shown().iter().map(|shown| shown.text().to_owned()).collect()
}

fn browser(sent: &Sent) -> Browser {
    let mut browser = Browser::new(&sent.server);
    browser.agent = DINGTALK;
    browser
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_opens_the_link_without_digits_and_others_do_not() {
    let platform = Platform::start().await;
    let member = Person::new(&platform, "u1").text("m1", "转人工");
    let mut sent = sent(&platform, &member).await;
    // A colleague, an outside contact of the same name, and somebody who is not in the company at all.
    for other in ["u2", "contact-u1", "outsider"] {
        let mut phone = browser(&sent);
        let back = platform.pass(&sent.leave(&mut phone).await.unwrap(), other).await;
        assert_eq!(phone.come_back(&back).await, sent.unknown(), "{other}");
        assert_eq!(sent.open(&mut phone, json!({})).await.0, 401, "{other}");
        assert!(sent.audit().await.contains(&"not_known somebody_else".to_owned()), "{other}");
    }
    sent.digits_are_needed_and_do(|| words(&platform)).await;
    sent.again().await;
    let mut phone = browser(&sent);
    let back = platform.pass(&sent.leave(&mut phone).await.unwrap(), "u1").await;
    assert_eq!(phone.come_back(&back).await, sent.known());
    assert_eq!(sent.open(&mut phone, json!({})).await.0, 200);
    assert_eq!(sent.open(&mut phone, json!({})).await.0, 410, "once");
    // Whoever lets the member finish what they began gets nothing.
    sent.again().await;
    let (mut attacker, mut phone) = (browser(&sent), browser(&sent));
    let back = platform.pass(&sent.leave(&mut attacker).await.unwrap(), "u1").await;
    assert_eq!(phone.come_back(&back).await, format!("{CITY}/s/{}", sent.share));
    assert_eq!(sent.open(&mut attacker, json!({})).await.0, 401);
    // Other browsers stay.
    let mut other = Browser::new(&sent.server);
    assert_eq!(sent.leave(&mut other).await, None);
    sent.digits_are_needed_and_do(|| words(&platform)).await;
    sent.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_platform_refuses_leaves_the_digits_and_is_told_the_operator() {
    let platform = Platform::start().await;
    let member = Person::new(&platform, "u1").text("m1", "转人工");
    let mut sent = sent(&platform, &member).await;
    let no_right = json!({ "code": "Forbidden.AccessDenied.AccessTokenPermissionDenied", "message": "no", "accessdenieddetail": { "requiredScopes": ["Contact.User.Read"] } });
    let no_member = json!({ "errcode": 88, "sub_code": "60011", "sub_msg": "应用尚未开通所需的权限：[qyapi_get_member]" });
    let used = json!({ "code": "invalidParameter.authCode.notFound", "message": "不存在的临时授权码" });
    for (path, answer, alarm) in [
        (ME, (403, no_right), Some("Contact.User.Read")),
        (MEMBER, (200, no_member), Some("qyapi_get_member")),
        (TOKEN, (400, used), None),
        (TOKEN, (200, json!({})), None),
        (ME, (200, json!({ "nick": "张三" })), None),
        (MEMBER, (503, json!({})), None),
    ] {
        let mut phone = browser(&sent);
        let back = platform.pass(&sent.leave(&mut phone).await.unwrap(), "u1").await;
        platform.answer_next(path, &[answer]);
        assert_eq!(phone.come_back(&back).await, sent.unknown(), "{path}");
        assert_eq!(sent.open(&mut phone, json!({})).await.0, 401, "{path}");
        if let Some(permission) = alarm {
            let alarms = sent.server.channel("ding").alarms();
            let raised = alarms.iter().find(|alarm| alarm.code == "dingtalk_visitor_refused").unwrap();
            assert!(raised.detail.contains(permission), "{raised:?}");
        }
        sent.digits_are_needed_and_do(|| words(&platform)).await;
        sent.again().await;
    }
    // Somebody who says no comes back without a code.
    let mut phone = browser(&sent);
    let back = platform.pass(&sent.leave(&mut phone).await.unwrap(), "u1").await;
    let back = back.replace("authCode", "error");
    assert_eq!(phone.come_back(&back).await, sent.unknown());
    sent.again().await;
    // Once it is permitted the alarm ends.
    let mut phone = browser(&sent);
    let back = platform.pass(&sent.leave(&mut phone).await.unwrap(), "u1").await;
    assert_eq!(phone.come_back(&back).await, sent.known());
    assert!(!sent.server.alarms("ding").contains(&"dingtalk_visitor_refused"));
    sent.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_the_company_does_not_know_is_not_sent_away() {
    let platform = Platform::start().await;
    let guest = Person::new(&platform, "guest");
    let message = guest
        .message("m1", &json!({ "msgtype": "text", "text": { "content": "转人工" }, "senderStaffId": null }));
    let sent = sent(&platform, &message).await;
    assert_eq!(sent.leave(&mut browser(&sent)).await, None);
    let said = words(&platform);
    assert!(!said.iter().any(|text| text.contains("不用输入数字")), "{said:?}");
    sent.digits_are_needed_and_do(|| words(&platform)).await;
    sent.server.stop().await;
}
