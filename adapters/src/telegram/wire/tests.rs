//! Recorded and composed updates, read; and that teloxide reads the same where it reads them at all.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::testing::fuzz::spoilt;

fn us() -> Us {
    Us { id: 42, username: "anhe_bot".to_owned() }
}

fn private(more: Value) -> Value {
    let mut message = json!({
        "message_id": 7, "date": 1_795_161_600, "chat": { "id": 1001, "type": "private", "first_name": "李" },
        "from": { "id": 1001, "is_bot": false, "first_name": "李", "language_code": "zh-hans" },
    });
    merge(&mut message, more);
    json!({ "update_id": 900, "message": message })
}

fn group(more: Value) -> Value {
    let mut message = json!({
        "message_id": 8, "date": 1_795_161_600, "chat": { "id": -100_500, "type": "supergroup", "title": "业主群" },
        "from": { "id": 1001, "is_bot": false, "first_name": "李", "language_code": "en" },
    });
    merge(&mut message, more);
    json!({ "update_id": 901, "message": message })
}

fn merge(into: &mut Value, more: Value) {
    let (Value::Object(into), Value::Object(more)) = (into, more) else { panic!("objects") };
    into.extend(more);
}

fn content_of(update: &Value) -> Option<Content> {
    match read(update, Some(&us())) {
        Update::Said { content, .. } => Some(content),
        _ => None,
    }
}

fn text(words: &str) -> Option<Content> {
    Some(Content::Text { text: words.to_owned() })
}

#[test]
fn private_messages_are_read() {
    let table = [
        (json!({ "text": "身份证丢了怎么补" }), text("身份证丢了怎么补")),
        (json!({ "text": "/start" }), Some(Content::Hello)),
        (json!({ "text": "/help@anhe_bot" }), Some(Content::Hello)),
        (json!({ "text": "/start open_soc-faq-1" }), Some(Content::Open { entry: "soc-faq-1".to_owned() })),
        (json!({ "text": "/start other" }), Some(Content::Hello)),
        (json!({ "text": "/human" }), Some(Content::Human)),
        (json!({ "text": "/new" }), Some(Content::Anew)),
        (json!({ "text": "/stop" }), Some(Content::Stop)),
        (json!({ "text": "/what" }), text("/what")),
        // An entity of a kind that nobody has heard of yet does not cost the words.
        (
            json!({ "text": "你好", "entities": [{ "type": "hologram", "offset": 0, "length": 2 }] }),
            text("你好"),
        ),
        (
            json!({ "location": { "latitude": 48.5, "longitude": 2.25 } }),
            Some(Content::Place { lat: 48.5, lng: 2.25, label: None }),
        ),
        (
            json!({ "location": { "latitude": 48.5, "longitude": 2.25 }, "venue": { "location": { "latitude": 48.5, "longitude": 2.25 }, "title": "市民中心", "address": "人民路 1 号" } }),
            Some(Content::Place {
                lat: 48.5, lng: 2.25, label: Some("市民中心 人民路 1 号".to_owned())
            }),
        ),
    ];
    for (more, expected) in table {
        let update = private(more);
        assert_eq!(content_of(&update), expected, "{update}");
    }
}

#[test]
fn a_place_of_the_mainland_is_told_as_chinese_maps_have_it() {
    // A point of Suzhou and where another implementation (evil_transform for Elixir) says that maps show it: 466 m away.
    let update = private(json!({ "location": { "latitude": 31.280_844, "longitude": 120.596_931 } }));
    let Some(Content::Place { lat, lng, label: None }) = content_of(&update) else { panic!("{update}") };
    assert!((lat - 31.278_648_624_4).abs() < 1e-6 && (lng - 120.601_099_983_2).abs() < 1e-6, "{lat} {lng}");
}

#[test]
fn files_are_read_with_their_captions() {
    let size = |id: &str, width: u32| json!({ "file_id": id, "file_unique_id": "u", "width": width, "height": width, "file_size": width });
    let media = |kind, name: Option<&str>, reference: &str, bytes| Media {
        kind,
        name: name.map(str::to_owned),
        reference: reference.to_owned(),
        bytes: Some(bytes),
    };
    let file = |id: &str| json!({ "file_id": id, "file_unique_id": "u", "file_size": 9, "duration": 3, "mime_type": "audio/ogg" });
    let document = json!({ "file_id": "d", "file_unique_id": "u", "file_size": 9, "file_name": "表.pdf", "mime_type": "application/pdf" });
    let table = [
        (
            json!({ "photo": [size("small", 90), size("large", 900)], "caption": "这是什么" }),
            media(MediaKind::Image, None, "large", 900),
            Some("这是什么"),
        ),
        (json!({ "voice": file("v") }), media(MediaKind::Voice, None, "v", 9), None),
        (json!({ "document": document }), media(MediaKind::File, Some("表.pdf"), "d", 9), None),
    ];
    for (more, media, words) in table {
        let update = private(more);
        let expected = Content::Media { media, text: words.map(str::to_owned) };
        assert_eq!(content_of(&update), Some(expected), "{update}");
    }
}

#[test]
fn what_cannot_be_taken_is_told_apart_from_what_is_not_for_us() {
    let sticker = private(json!({ "sticker": { "file_id": "s" } }));
    assert!(matches!(read(&sticker, None), Update::Unreadable { .. }));
    let bot = private(json!({ "text": "hi", "from": { "id": 5, "is_bot": true } }));
    let nothing = [
        bot,
        private(json!({ "pinned_message": {} })),
        private(json!({ "text": "hi", "chat": { "id": -1001, "type": "channel" } })),
        // teloxide would panic over this number.
        private(json!({ "text": "hi", "chat": { "id": -2_500_000_000_000_i64, "type": "supergroup" } })),
        json!({ "update_id": 1, "poll_answer": {} }),
        json!({ "update_id": 1, "message": { "text": "no chat" } }),
        json!([]),
    ];
    for update in nothing {
        assert_eq!(read(&update, Some(&us())), Update::Nothing, "{update}");
    }
}

#[test]
fn in_a_group_only_what_is_meant_for_us_counts() {
    let table = [
        (json!({ "text": "大家好" }), None),
        (json!({ "text": "@anhe_bot 护照怎么办" }), text("护照怎么办")),
        (json!({ "text": "护照怎么办 @Anhe_Bot" }), text("护照怎么办")),
        (json!({ "text": "@anhe_bot_two 护照怎么办" }), None),
        (json!({ "text": "@anhe_bot" }), Some(Content::Hello)),
        (json!({ "text": "/human@anhe_bot" }), Some(Content::Human)),
        (json!({ "text": "/human" }), None),
        (
            json!({ "text": "那费用呢", "reply_to_message": { "message_id": 1, "from": { "id": 42, "is_bot": true } } }),
            text("那费用呢"),
        ),
        (json!({ "text": "那费用呢", "reply_to_message": { "message_id": 1, "from": { "id": 9 } } }), None),
    ];
    for (more, expected) in table {
        let update = group(more);
        assert_eq!(content_of(&update), expected, "{update}");
    }
    let Update::Said { place, .. } = read(
        &group(json!({ "text": "@anhe_bot hi", "message_thread_id": 3, "is_topic_message": true })),
        Some(&us()),
    ) else {
        panic!("said")
    };
    let expected =
        Place { chat: -100_500, group: true, sender: 1001, message: 8, thread: Some(3), locale: Locale::En };
    assert_eq!(place, expected);
}

#[test]
fn an_edit_is_a_message_of_its_own_only_if_it_says_something_else() {
    let id = |update: &Value| match read(update, None) {
        Update::Said { id, .. } => id,
        other => panic!("{other:?}"),
    };
    let first = private(json!({ "text": "身份正" }));
    let edited = |text: &str| {
        let mut update = private(json!({ "text": text, "edit_date": 1 }));
        let message = update["message"].take();
        json!({ "update_id": 950, "edited_message": message })
    };
    assert_eq!(id(&first), id(&edited("身份正")), "nothing we read has changed");
    assert_ne!(id(&first), id(&edited("身份证")));
    let mut moving = private(json!({ "location": { "latitude": 1.0, "longitude": 2.0 } }));
    let message = moving["message"].take();
    assert_eq!(read(&json!({ "update_id": 951, "edited_message": message }), None), Update::Nothing);
}

#[test]
fn a_group_that_moves_tells_both_its_ids() {
    let away = group(json!({ "migrate_to_chat_id": -100_900, "chat": { "id": -55, "type": "group" } }));
    let back =
        group(json!({ "migrate_from_chat_id": -55, "chat": { "id": -100_900, "type": "supergroup" } }));
    for update in [away, back] {
        assert_eq!(read(&update, Some(&us())), Update::Moved { from: -55, to: -100_900 });
    }
}

#[test]
fn a_pressed_button_is_read() {
    let update = json!({ "update_id": 1, "callback_query": {
        "id": "77", "from": { "id": 1001, "is_bot": false, "first_name": "李" }, "chat_instance": "x", "data": "h",
        "message": { "message_id": 5, "date": 1, "chat": { "id": 1001, "type": "private" } },
    } });
    let Update::Pressed { place, query, data } = read(&update, None) else { panic!("pressed") };
    assert_eq!((place.chat, query.as_str(), data.as_str()), (1001, "77", "h"));
}

#[test]
fn teloxide_reads_the_same() {
    for words in ["身份证丢了怎么补", "/human"] {
        let update = private(json!({ "text": words }));
        let theirs: teloxide_core::types::Update = serde_json::from_str(&update.to_string()).unwrap();
        let teloxide_core::types::UpdateKind::Message(message) = &theirs.kind else { panic!("a message") };
        assert_eq!(message.text(), Some(words));
        assert_eq!(update_id(&update), Some(i64::from(theirs.id.0)));
        let Update::Said { place, .. } = read(&update, None) else { panic!("said") };
        assert_eq!((message.chat.id.0, message.id.0), (place.chat, place.message));
    }
}

const NAMES: &[&str] = &[
    "update_id",
    "message",
    "edited_message",
    "callback_query",
    "id",
    "is_bot",
    "language_code",
    "type",
    "from",
    "data",
    "chat",
    "message_id",
    "message_thread_id",
    "is_topic_message",
    "text",
    "caption",
    "photo",
    "voice",
    "video",
    "video_note",
    "animation",
    "audio",
    "document",
    "file_id",
    "file_name",
    "mime_type",
    "file_size",
    "location",
    "latitude",
    "longitude",
    "venue",
    "title",
    "address",
    "sticker",
    "poll",
    "reply_to_message",
    "migrate_to_chat_id",
    "migrate_from_chat_id",
];

const TEXTS: &[&str] = &[
    "private",
    "group",
    "supergroup",
    "channel",
    "zh-hans",
    "en",
    "/start open_soc-1",
    "/human@anhe_bot",
    "/stop",
    "@anhe_bot",
    "@ANHE_BOT 护照",
    "@anhe_bot2 护照",
    "image/png",
    "h",
    "r5",
    "𠮷@anhe_bot",
];

/// Updates of every kind.
fn samples() -> Vec<Value> {
    let file = json!({ "file_id": "f", "file_unique_id": "u", "file_size": 9, "file_name": "表.pdf", "mime_type": "image/png" });
    let place = json!({ "latitude": 31.28, "longitude": 120.59 });
    let answered = json!({ "message_id": 1, "from": { "id": 42, "is_bot": true } });
    let query = json!({ "id": "77", "from": { "id": 1001, "is_bot": false }, "data": "h", "message": private(json!({}))["message"] });
    let mut edited = private(json!({ "text": "身份证" }));
    let message = edited["message"].take();
    vec![
        private(json!({ "text": "/start open_soc-1" })),
        private(json!({ "photo": [file, file], "caption": "这是什么" })),
        private(json!({ "voice": file, "document": file })),
        private(
            json!({ "location": place, "venue": { "location": place, "title": "市民中心", "address": "人民路" } }),
        ),
        group(
            json!({ "text": "@anhe_bot 护照", "message_thread_id": 3, "is_topic_message": true, "reply_to_message": answered }),
        ),
        group(json!({ "migrate_to_chat_id": -100_900 })),
        json!({ "update_id": 1, "callback_query": query }),
        json!({ "update_id": 950, "edited_message": message }),
    ]
}

fn updates() -> BoxedStrategy<Value> {
    prop::sample::select(samples()).prop_flat_map(|sample| spoilt(sample, NAMES, TEXTS)).boxed()
}

proptest! {
    /// JSON that looks like an update and is none. `usable` keeps teloxide from panicking over what is read.
    #[test]
    fn what_looks_like_an_update_is_read_without_a_panic(update in updates(), known: bool) {
        let us = us();
        let known = known && is_of_group(&update);
        prop_assert_eq!(update_id(&update), update["update_id"].as_i64());
        let read = read(&update, known.then_some(&us));
        match &read {
            Update::Said { place, id, content } => {
                prop_assert!(usable(place.chat) && !id.is_empty());
                prop_assert!(known || !place.group, "in a group it matters who is meant");
                let is_blank = matches!(content, Content::Text { text } if text.trim().is_empty());
                prop_assert!(!is_blank);
            }
            Update::Pressed { place, .. } | Update::Unreadable { place } => prop_assert!(usable(place.chat)),
            Update::Moved { .. } | Update::Nothing => {}
        }
        // The same update is the same message, whenever it comes.
        prop_assert_eq!(super::read(&update, known.then_some(&us)), read);
    }

    #[test]
    fn words_arrive_as_they_were_written(words in "[a-z一]\\PC{0,60}") {
        prop_assume!(!words.trim().is_empty());
        prop_assert_eq!(content_of(&private(json!({ "text": words }))), Some(Content::Text { text: words }));
    }

    #[test]
    fn words_in_a_group_arrive_without_the_mention(before in "[一-十]{0,9}", after in "[一-十]{1,9}") {
        let said = content_of(&group(json!({ "text": format!("{before}@anhe_bot {after}") })));
        let expected = format!("{before} {after}").trim().to_owned();
        prop_assert_eq!(said, Some(Content::Text { text: expected }));
    }

    /// What Telegram says of a refusal, and what it never did.
    #[test]
    fn any_refusal_has_a_consequence(said in prop_oneof![
        "\\PC{0,60}",
        "(Bad Request|Forbidden|Unauthorized|Conflict|Too Many Requests): \\PC{0,60}",
    ]) {
        use teloxide_core::{ApiError, RequestError};
        let Ok(refusal) = serde_json::from_value::<ApiError>(json!(said)) else { return Ok(()) };
        let error = RequestError::Api(refusal);
        let alarms = crate::Alarms::new(std::sync::Arc::new(|| jiff::Timestamp::UNIX_EPOCH));
        drop(super::super::failure::channel_error(&error, &alarms));
        prop_assert!(alarms.raised().len() <= 1);
        prop_assert!(!super::super::failure::describe(&error).is_empty() || said.is_empty());
    }
}
