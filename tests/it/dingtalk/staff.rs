//! Where a member of the company works, for the helper who serves them.

use adapters::Channel;
use serde_json::{Value, json};

use adapters::{Notes, NotesExt};
use yikouwen::dialogue::Clock;

use super::handoff::claim_first;
use super::platform::{Person, Platform};
use super::stream::nobody;
use super::{Alone, peer, server};
use crate::support::eventually;
use crate::support::helper::Helper;

const COMPANY: &str = "/v1.0/contact/organizations/authInfos";
const USER: &str = "/topapi/v2/user/get";
const DEPARTMENT: &str = "/topapi/v2/department/get";

fn asked(platform: &Platform) -> usize {
    [COMPANY, USER, DEPARTMENT].iter().map(|path| platform.calls(path).len()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helper_sees_where_a_member_works_and_nobody_is_asked_before() {
    let platform = Platform::start().await;
    let server = server(&platform, "staff_profile = true", "", &["王老师", "李老师"]).await;
    let person = Person::new(&platform, "u1");
    person.says("m1", "身份证丢了怎么补办").await;
    person.sees_so_many(1).await;
    person.says("m2", "转人工").await;
    person.sees_so_many(2).await;
    assert_eq!(asked(&platform), 0, "an answer needs none of it");
    let helper = Helper::log_in(&server, "王老师").await;
    let conversation = claim_first(&helper).await;
    let path = format!("/conversations/{conversation}/enterprise");
    let seen = helper.get(&path).await;
    assert_eq!(
        seen,
        json!({ "organisation": "某某公司", "department": "财务部", "position": "会计" }),
        "and no more"
    );
    assert_eq!(asked(&platform), 3);
    assert_eq!(helper.get(&path).await, seen);
    assert_eq!(asked(&platform), 3, "for a day it is known");
    let other = Helper::log_in(&server, "李老师").await;
    assert_eq!(other.call(reqwest::Method::GET, &path, None).await.0, 409, "it is for the one who serves");
    // A colleague of the same company: its name is known.
    let colleague = Person::new(&platform, "u2");
    colleague.says("m3", "转人工").await;
    colleague.sees_so_many(1).await;
    let conversation = eventually("the colleague in the queue", async || {
        helper.get("/queue").await["queue"][0]["conversation"].as_str().map(str::to_owned)
    })
    .await;
    helper.get(&format!("/conversations/{conversation}/enterprise")).await;
    assert_eq!((platform.calls(COMPANY).len(), platform.calls(USER).len()), (1, 2));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_setting_nothing_is_asked() {
    let platform = Platform::start().await;
    let server = server(&platform, "", "", &["王老师"]).await;
    Person::new(&platform, "u1").says("m1", "转人工").await;
    let helper = Helper::log_in(&server, "王老师").await;
    let conversation = claim_first(&helper).await;
    let path = format!("/conversations/{conversation}/enterprise");
    assert_eq!(
        helper.call(reqwest::Method::GET, &path, None).await,
        (reqwest::StatusCode::NO_CONTENT, Value::Null)
    );
    assert_eq!(asked(&platform), 0);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_permitted_stays_open_and_is_one_alarm_that_ends_by_itself() {
    let platform = Platform::start().await;
    let alone = Alone::new(&platform, |settings| settings.staff_profile = true).await;
    let who = peer("single:staff:u1");
    // Each way in which the platform says that a permission is missing.
    let company = json!({ "code": "permission.denied", "message": "没有权限获取企业认证信息" });
    let missing = json!({ "code": "Forbidden.AccessDenied.AccessTokenPermissionDenied", "message": "没有调用该接口的权限", "accessdenieddetail": { "requiredScopes": ["Contact.Org.Read"] } });
    let user = json!({ "errcode": 88, "sub_code": "60011", "sub_msg": "应用尚未开通所需的权限：[qyapi_get_member]" });
    let outside = json!({ "errcode": 50_004, "errmsg": "请求的部门id不在授权范围内" });
    let of = async || {
        let found = alone.channel.enterprise(&who).await;
        found.map(|found| (found.organisation, found.department, found.position))
    };
    let text = |text: &str| Some(text.to_owned());
    platform.answer_next(COMPANY, &[(400, company), (403, missing.clone()), (403, missing)]);
    platform.answer_next(USER, &[(200, user)]);
    platform.answer_next(DEPARTMENT, &[(200, outside)]);
    assert_eq!(of().await, None);
    assert_eq!(alone.raised(), ["dingtalk_staff_refused"]);
    let alarm = alone.alarms.raised().remove(0);
    assert_eq!(alarm.detail, "/topapi/v2/user/get: 60011 (qyapi_get_member)");
    assert_eq!(of().await, Some((None, None, text("会计"))), "what is permitted is shown");
    assert_eq!(alone.raised(), ["dingtalk_staff_refused"]);
    assert_eq!(of().await, Some((None, text("财务部"), text("会计"))));
    assert_eq!(alone.raised(), ["dingtalk_staff_refused"], "one that is granted does not end it");
    assert_eq!(of().await, Some((text("某某公司"), text("财务部"), text("会计"))));
    assert_eq!(alone.raised(), [""; 0]);
    // Whoever has left the company, or never was in it, is no reason for an alarm.
    assert!(
        alone.channel.enterprise(&peer("single:staff:gone1")).await.is_some_and(|of| of.position.is_none())
    );
    assert!(alone.channel.enterprise(&peer("single:sender:x")).await.is_none());
    assert_eq!(alone.raised(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_found_is_forgotten_after_a_day() {
    let platform = Platform::start().await;
    let alone = Alone::new(&platform, |settings| settings.staff_profile = true).await;
    let notes = crate::support::direct::notes("ding", &alone.store);
    let at = |hours: i64| yikouwen::app::SystemClock.now() - jiff::SignedDuration::from_hours(hours);
    let old = |position: &str, hours| json!({ "of": { "position": position }, "at": at(hours) });
    notes.put(&["staff", "u1"], None, &old("出纳", 23)).await.unwrap();
    notes.put(&["staff", "u2"], None, &old("出纳", 25)).await.unwrap();
    notes.put(&["staff", "u3"], None, &old("出纳", 25)).await.unwrap();
    let position = async |who: &str| {
        alone.channel.enterprise(&peer(&format!("single:staff:{who}"))).await.unwrap().position.unwrap()
    };
    assert_eq!(position("u1").await, "出纳");
    assert_eq!(position("u2").await, "会计", "after a day it is asked anew");
    let kept = notes.list(&["staff"], 10).await.unwrap();
    let kept =
        serde_json::to_string(&kept.into_iter().map(|(_, note)| note.value).collect::<Vec<_>>()).unwrap();
    for private in ["18513027676", "corp.example", "张三", "86123456"] {
        assert!(!kept.contains(private), "{private} is kept: {kept}");
    }
    let (stop, channel) = (tokio_util::sync::CancellationToken::new(), std::sync::Arc::clone(&alone.channel));
    let stopping = stop.clone();
    let task = tokio::spawn(async move { channel.listen(nobody(), stopping).await });
    eventually("what is old to be swept", async || {
        notes.read(&["staff", "u3"]).await.unwrap().is_none().then_some(())
    })
    .await;
    assert!(notes.read(&["staff", "u1"]).await.unwrap().is_some());
    stop.cancel();
    task.await.unwrap().unwrap();
}
