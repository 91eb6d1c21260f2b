//! Messages as the platform's documents show them, and as nobody should send them.

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// The sample of the documents, with other names.
fn sample() -> Value {
    json!({
        "conversationId": "cidXXX==", "atUsers": [{ "dingtalkId": "$:LWCP_v1:$x", "staffId": "u1", "unionId": "n" }],
        "chatbotCorpId": "ding1", "chatbotUserId": "$:LWCP_v1:$robot", "msgId": "msg1", "senderNick": "杨某",
        "isAdmin": true, "senderStaffId": "u1", "sessionWebhookExpiredTime": 1_613_635_652_738_i64,
        "createAt": 1_613_630_252_678_i64, "senderCorpId": "ding1", "conversationType": "2",
        "senderId": "$:LWCP_v1:$u1", "conversationTitle": "群", "isInAtList": true,
        "sessionWebhook": "https://oapi.dingtalk.com/robot/sendBySession?session=s", "robotCode": "ding1",
        "text": { "content": " 你好" }, "msgtype": "text",
    })
}

fn read(value: &Value) -> Message {
    match parse(&value.to_string()) {
        Arrived::Message(message) => *message,
        Arrived::Quota => panic!("read as a complaint"),
        Arrived::Unreadable(reason) => panic!("{reason}"),
    }
}

#[test]
fn a_message_of_a_group_is_its_senders_alone() {
    let message = read(&sample());
    let expected = Address::Group { conversation: "cidXXX==".to_owned(), who: Who::Staff("u1".to_owned()) };
    assert!(message.address == expected);
    assert!(message.is_for_robot && message.is_member);
    assert!(message.body == Body::Text("你好".to_owned()), "the blank after the @ is gone");
    assert_eq!(message.webhook.unwrap().until.as_millisecond(), 1_613_635_652_738);
    let mut other = sample();
    other["senderStaffId"] = "u2".into();
    assert!(read(&other).address != expected);
}

#[test]
fn outsiders_and_robots_before_publication_have_no_staff_id() {
    let mut outsider = sample();
    outsider["senderStaffId"] = "".into();
    outsider["senderCorpId"] = "ding2".into();
    let message = read(&outsider);
    assert!(message.address.who() == &Who::Sender("$:LWCP_v1:$u1".to_owned()));
    assert!(!message.is_member);
    outsider["senderCorpId"] = "ding1".into();
    assert!(read(&outsider).is_member);
}

#[test]
fn every_kind_of_body_is_read() {
    let cases = [
        (
            json!({ "msgtype": "picture", "content": { "downloadCode": "p" } }),
            Body::Picture { code: "p".into() },
        ),
        (
            json!({ "msgtype": "audio", "content": { "duration": 4000, "downloadCode": "a", "recognition": "听到" } }),
            Body::Voice { code: "a".into(), heard: Some("听到".into()) },
        ),
        (
            json!({ "msgtype": "video", "content": { "downloadCode": "v", "videoType": "mp4" } }),
            Body::Video { code: "v".into(), format: Some("mp4".into()) },
        ),
        (
            json!({ "msgtype": "file", "content": { "downloadCode": "f", "fileName": "x.pdf" } }),
            Body::File { code: "f".into(), name: Some("x.pdf".into()) },
        ),
        (
            json!({ "msgtype": "richText", "content": { "richText": [{ "text": "你好" }, { "downloadCode": "r", "type": "picture" }, { "text": "在吗" }] } }),
            Body::Rich { text: "你好在吗".into(), pictures: vec!["r".into()] },
        ),
        (json!({ "msgtype": "text", "text": null, "content": " 你好" }), Body::Text("你好".into())),
        (
            json!({ "msgtype": "chatRecord", "content": { "summary": "x" } }),
            Body::Unknown("chatRecord".into()),
        ),
        (json!({ "msgtype": "picture", "content": {} }), Body::Unknown("picture".into())),
    ];
    for (fields, expected) in cases {
        let mut value = sample();
        for (name, field) in fields.as_object().unwrap() {
            value[name] = field.clone();
        }
        assert!(read(&value).body == expected, "{fields}");
    }
}

#[test]
fn times_and_numbers_may_be_text() {
    let mut value = sample();
    value["sessionWebhookExpiredTime"] = "1613635652738".into();
    value["conversationType"] = 2.into();
    value["isInAtList"] = "false".into();
    let message = read(&value);
    assert!(message.webhook.is_some() && message.address.is_group() && !message.is_for_robot);
}

#[test]
fn a_complaint_about_the_quota_and_junk_are_told_apart() {
    let complaint = json!({ "errorCode": 20001, "errorMessage": "quota", "msgtype": "text", "msgId": "m" });
    assert!(parse(&complaint.to_string()) == Arrived::Quota);
    assert!(parse(r#"{"msgId":"m","errorMessage":"x"}"#) == Arrived::Quota);
    for junk in
        ["", "[]", "{}", "null", r#"{"msgId":"m"}"#, r#"{"msgId":"m","senderId":"s","conversationType":"2"}"#]
    {
        assert!(matches!(parse(junk), Arrived::Unreadable(_)), "{junk}");
    }
    let mut own = sample();
    own["senderId"] = own["chatbotUserId"].clone();
    assert!(matches!(parse(&own.to_string()), Arrived::Unreadable(_)));
}

/// JSON of any shape under the names that are looked at.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
    ];
    let names = prop::sample::select(vec![
        "msgId",
        "msgtype",
        "text",
        "content",
        "richText",
        "downloadCode",
        "senderId",
        "senderStaffId",
        "conversationId",
        "conversationType",
        "sessionWebhook",
        "sessionWebhookExpiredTime",
        "errorMessage",
    ]);
    leaf.prop_recursive(4, 40, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map(names.clone().prop_map(str::to_owned), inner, 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn anything_is_read_without_a_panic(value in anything(), raw in "\\PC{0,60}") {
        drop(parse(&value.to_string()));
        drop(parse(&raw));
    }

    #[test]
    fn words_arrive_as_they_were_written(words in "\\PC{1,60}") {
        let mut value = sample();
        value["text"]["content"] = format!(" {words}").into();
        prop_assert!(read(&value).body == Body::Text(words.trim().to_owned()));
    }
}
