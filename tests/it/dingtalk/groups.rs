//! Groups: everybody a dialogue of their own, nobody's numbers before the others.

use adapters::Channel;
use serde_json::json;

use super::handoff::claim_first;
use super::platform::{Person, Platform};
use super::{peer, reply, server};
use crate::support::eventually;
use crate::support::helper::Helper;

#[tokio::test(flavor = "multi_thread")]
async fn two_people_in_a_group_do_not_share_a_dialogue() {
    let platform = Platform::start().await;
    let server = server(&platform, "", "", &["王老师"]).await;
    let first = Person::new(&platform, "u1").in_group("cidG==");
    let second = Person::new(&platform, "u2").in_group("cidG==");
    first.says("m1", "转人工").await;
    first.sees_so_many(1).await;
    second.says("m2", "你好").await;
    let seen = second.sees_so_many(2).await;
    assert!(seen[0].starts_with("@u1\n\n") && seen[0].contains("第 1 位"), "{seen:?}");
    assert!(
        seen[1].starts_with("@u2\n\n") && seen[1].contains("智能助手"),
        "the robot answers the second: {seen:?}"
    );
    let shown = platform.shown();
    assert_eq!(shown[1].body["at"], json!({ "atUserIds": ["u2"], "isAtAll": false }));

    let ignored = second.message(
        "m3",
        &json!({ "msgtype": "text", "text": { "content": "不是问你的" }, "isInAtList": false }),
    );
    platform.say_acked(&ignored).await;
    second.says("m4", "谢谢").await;
    let seen = second.sees_so_many(3).await;
    assert!(seen[2].contains("不客气"), "{seen:?}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_not_shown_the_numbers_of_whoever_asked() {
    let platform = Platform::start().await;
    let server = server(&platform, "", "", &["王老师"]).await;
    let group = Person::new(&platform, "u1").in_group("cidG==");
    group.says("m1", "转人工，我的手机是13800138000，身份证11010519491231002X").await;
    group.sees_so_many(1).await;
    let helper = Helper::log_in(&server, "王老师").await;
    let conversation = claim_first(&helper).await;
    group.sees_so_many(2).await;
    let words = "核对一下：手机 138 0013 8000，身份证 11010519491231002X，对吗？窗口电话 13900139000。";
    assert_eq!(helper.write(&conversation, words).await.0, 201);
    let told = group.sees_so_many(3).await.remove(2);
    assert!(!told.contains("11010519491231002X") && !told.contains("138 0013 8000"), "{told}");
    assert!(told.contains("【身份证号】") && told.contains("【手机号】"), "{told}");
    assert!(told.contains("13900139000"), "the office's own number stays: {told}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_single_chat_nothing_is_hidden() {
    let platform = Platform::start().await;
    let alone = super::Alone::new(&platform, |settings| {
        settings.personal = std::sync::Arc::new(|text| {
            let found = text.find("13800138000");
            found
                .map(|at| adapters::Personal { range: at..at + 11, label: "【机】", published: true })
                .into_iter()
                .collect()
        });
    })
    .await;
    alone.channel.deliver(&peer("single:staff:u1"), &reply("a", "打 13800138000")).await.unwrap();
    alone.channel.deliver(&peer("group:cidG==:staff:u1"), &reply("b", "打 13800138000")).await.unwrap();
    let texts = eventually("both", async || (platform.shown().len() == 2).then(|| platform.shown())).await;
    assert!(texts[0].text().contains("13800138000"));
    assert!(
        texts[1].text().contains("【机】"),
        "where the citizen's words are not known, it is hidden: {:?}",
        texts[1]
    );
}
