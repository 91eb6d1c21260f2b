//! From the robot to a person and back: how a helper's words look in DingTalk, files, the rating. What is said to and fro is
//! told in `channel_conformance`.

use adapters::Channel;
use adapters::message::{Attachment, Author, MediaKind};
use serde_json::json;

use super::platform::{Person, Platform};
use super::{Alone, peer, reply, server};
use crate::support::eventually;
use crate::support::helper::Helper;

/// Claims the first conversation of the queue; returns its id.
pub(super) async fn claim_first(helper: &Helper) -> String {
    let conversation = eventually("somebody in the queue", async || {
        helper.get("/queue").await["queue"][0]["conversation"].as_str().map(str::to_owned)
    })
    .await;
    assert_eq!(helper.claim(&conversation).await.0, 200);
    conversation
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helper_takes_over_in_dingtalk_and_is_rated_there() {
    let platform = Platform::start().await;
    let server = server(&platform, "audience = \"citizen\"", "", &["王老师"]).await;
    let person = Person::new(&platform, "u1");
    person.says("m1", "我的医保卡里有历年余额，能给老父亲用吗").await;
    person.sees_so_many(1).await;
    person.says("m2", "没用，我要人工").await;
    let queued = person.sees_so_many(2).await.remove(1);
    assert!(queued.contains("第 1 位"), "{queued}");

    let helper = Helper::log_in(&server, "王老师").await;
    let conversation = claim_first(&helper).await;
    assert!(person.sees_so_many(3).await[2].contains("王老师 正在为您服务"));
    let words = "您好，可以的。\n带上双方身份证，网上办：https://www.city.example/share";
    assert_eq!(helper.write(&conversation, words).await.0, 201);
    let told = person.sees_so_many(4).await.remove(3);
    assert!(told.contains("**王老师**") && told.contains("https://www.city.example/share"), "{told}");
    assert!(!told.contains("AI 生成"), "a person wrote it: {told}");

    assert_eq!(helper.act(&conversation, "close").await.0, 200);
    let asked = person.sees_so_many(5).await.remove(4);
    assert!(asked.contains("5 非常满意"), "{asked}");
    person.says("m4", "5").await;
    let thanks = person.sees_so_many(6).await.remove(5);
    assert!(thanks.contains("谢谢您的评价"), "{thanks}");
    person.says("m5", "5").await;
    // It is acknowledged once it is durable, and handled after that.
    eventually("a second 5 is words, and calls a person again", async || {
        let view = helper.get("/queue").await;
        (view["queue"].as_array().unwrap().len() == 1).then_some(())
    })
    .await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helpers_picture_and_file_arrive_and_what_is_gone_is_named() {
    let platform = Platform::start().await;
    let alone = Alone::new(&platform, |_| {}).await;
    let mut said = reply("r1", "请看现场照片和表格。");
    said.author = Author::Helper;
    said.name = Some("王老师".to_owned());
    let attachment = |id: &str, kind, name: &str| Attachment {
        id: id.to_owned(),
        kind,
        name: name.to_owned(),
        mime: "x/y".to_owned(),
        bytes: 9,
    };
    said.attachments = vec![
        attachment("picture", MediaKind::Image, "现场.png"),
        attachment("form", MediaKind::File, "申请表.PDF"),
        attachment("lost", MediaKind::File, "旧表.doc"),
    ];
    let to = peer("single:staff:u1");
    // The second file fails once: what has left before is not sent again.
    platform.answer_next(
        "/media/upload",
        &[(200, json!({ "errcode": 0, "media_id": "@media-0" })), (500, json!({}))],
    );
    alone.channel.deliver(&to, &said).await.unwrap_err();
    alone.channel.deliver(&to, &said).await.unwrap();
    let shown: Vec<(String, String)> =
        platform.shown().into_iter().map(|shown| (shown.kind.clone(), shown.body.to_string())).collect();
    let kinds: Vec<&str> = shown.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["sampleMarkdown", "sampleImageMsg", "sampleFile", "sampleMarkdown"], "{shown:?}");
    assert!(shown[1].1.contains("@media-0"), "{shown:?}");
    assert!(shown[2].1.contains("\"fileType\":\"pdf\"") && shown[2].1.contains("申请表.PDF"), "{shown:?}");
    assert!(shown[3].1.contains("旧表.doc"), "{shown:?}");
    let (kind, uploaded) = platform.uploads().remove(0);
    assert_eq!(kind, "file");
    assert!(String::from_utf8_lossy(&uploaded).contains("bytes of form"));
    assert!(platform.shown().iter().all(|shown| shown.to == "user:u1"));
    // Nothing of it is kept.
    drop(alone.store);
}
