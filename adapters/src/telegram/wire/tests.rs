//! Recorded and composed updates, read; and that teloxide reads the same where it reads them at all.

use serde_json::json;

use super::*;

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
