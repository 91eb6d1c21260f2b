//! Frames as they come and go.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::testing::fuzz::{content, outbound, spoilt};

#[test]
fn every_frame_of_the_contract_is_read() {
    let table = [
        (
            r#"{"t":"say","id":"a","text":"你好"}"#,
            Request::Submit("a".into(), Content::Text { text: "你好".into() }),
        ),
        (r#"{"t":"human","id":"a"}"#, Request::Submit("a".into(), Content::Human)),
        (
            r#"{"t":"rate","id":"a","score":5}"#,
            Request::Submit("a".into(), Content::Rating { score: 5, comment: None }),
        ),
        (r#"{"t":"ping"}"#, Request::Ping),
        (
            r#"{"t":"hello","token":"t","locale":"en","conversation":"c","after":3}"#,
            Request::Hello {
                token: "t".into(),
                locale: Locale::En,
                cursor: Cursor { conversation: Some("c".into()), after: 3 },
            },
        ),
    ];
    for (text, expected) in table {
        assert_eq!(parse(text), Ok(expected), "{text}");
    }
}

#[test]
fn a_bad_frame_names_its_id_where_it_can() {
    assert_eq!(parse(r#"{"t":"rate","id":"a","score":9}"#), Err(Some("a".into())));
    assert_eq!(parse(r#"{"t":"dance","id":"b"}"#), Err(Some("b".into())));
    assert_eq!(parse("{"), Err(None));
    assert_eq!(parse(&format!(r#"{{"t":"human","id":"{}"}}"#, "x".repeat(65))), Err(None));
    // A lone surrogate is not a character, so serde refuses it and nothing half-read is stored.
    assert_eq!(parse(r#"{"t":"say","id":"c","text":"\ud800"}"#), Err(None));
}

proptest! {
    #[test]
    fn parsing_never_panics(text in ".*") {
        drop(parse(&text));
    }

    /// JSON that looks like a frame and is none.
    #[test]
    fn what_looks_like_a_frame_is_read_or_named_by_its_id(frame in prop_oneof![
        spoilt(json!({ "t": "say", "id": "a", "text": "你好" }), NAMES, TEXTS),
        spoilt(json!({ "t": "rate", "id": "a", "score": 5, "comment": "好" }), NAMES, TEXTS),
        spoilt(json!({ "t": "feedback", "id": "a", "message": "m", "useful": true }), NAMES, TEXTS),
        spoilt(json!({ "t": "hello", "token": "t", "locale": "zh", "conversation": "c", "after": 3, "page": "/" }), NAMES, TEXTS),
    ]) {
        match parse(&frame.to_string()) {
            Ok(Request::Submit(id, content)) => {
                prop_assert!((1..=ID_LENGTH).contains(&id.len()));
                if let Content::Rating { score, .. } = content {
                    prop_assert!((1..=5).contains(&score));
                }
            }
            Ok(_) | Err(None) => {}
            Err(Some(id)) => prop_assert!(id.len() <= ID_LENGTH && Some(id.as_str()) == frame["id"].as_str()),
        }
    }

    #[test]
    fn a_frame_is_read_as_it_was_written(content in content(), id in "[a-z]{1,64}") {
        let Some(mut frame) = written(&content) else { return Ok(()) };
        frame["id"] = json!(id);
        prop_assert_eq!(parse(&frame.to_string()), Ok(Request::Submit(id, content)));
    }

    #[test]
    fn a_greeting_is_read_as_it_was_written(token in "\\PC{0,40}", conversation in prop::option::of("\\PC{0,20}"), after: u64, english: bool) {
        let locale = if english { Locale::En } else { Locale::Zh };
        let frame = json!({ "t": "hello", "token": token, "locale": locale, "conversation": conversation, "after": after });
        let cursor = Cursor { conversation, after };
        prop_assert_eq!(parse(&frame.to_string()), Ok(Request::Hello { token, locale, cursor }));
    }

    #[test]
    fn a_thread_is_printed_as_it_is_and_only_once(messages in prop::collection::vec(outbound(), 0..4), has: bool) {
        let mut messages = messages;
        for (message, seq) in messages.iter_mut().zip(1..) {
            message.seq = seq;
        }
        let state = State { stage: "robot".to_owned(), position: None, wait_seconds: None, helper: None, desk_open: has };
        let thread = Thread { conversation: Some("c".to_owned()), last: 0, state, messages };
        let (mut cursor, mut shown) = (Cursor::default(), None);
        let link = |file: &str| format!("/files/{file}?sig=x");
        let frames: Vec<Value> = print_thread(&thread, &mut cursor, &mut shown, &link)
            .iter()
            .map(|frame| serde_json::from_str(frame).unwrap())
            .collect();
        let printed: Vec<&Value> = frames.iter().filter(|frame| frame["t"] == "message").collect();
        prop_assert_eq!(printed.len(), thread.messages.len());
        for (frame, message) in printed.into_iter().zip(&thread.messages) {
            prop_assert_eq!(&frame["conversation"], "c");
            for (at, attachment) in message.attachments.iter().enumerate() {
                prop_assert_eq!(&frame["message"]["attachments"][at]["url"], &link(&attachment.id));
            }
            let read: Outbound = serde_json::from_value(frame["message"].clone()).unwrap();
            prop_assert_eq!(&read, message);
        }
        let state: State = serde_json::from_value(frames.last().unwrap().clone()).unwrap();
        prop_assert_eq!(&state, &thread.state);
        prop_assert!(print_thread(&thread, &mut cursor, &mut shown, &link).is_empty());
    }

    #[test]
    fn a_live_event_is_printed_as_it_is(turn in "\\PC{0,20}", text in "\\PC{0,40}") {
        let events = [Live::Thinking { turn: turn.clone() }, Live::Delta { turn: turn.clone(), text }, Live::Drop { turn }, Live::Typing];
        for event in events {
            let printed = print_live(&event).unwrap();
            prop_assert_eq!(serde_json::from_str::<Live>(&printed).unwrap(), event);
        }
        prop_assert_eq!(print_live(&Live::Changed), None);
    }
}

const NAMES: &[&str] = &[
    "t",
    "id",
    "text",
    "message",
    "key",
    "useful",
    "score",
    "comment",
    "token",
    "locale",
    "conversation",
    "after",
    "page",
];

const TEXTS: &[&str] = &[
    "hello",
    "say",
    "choose",
    "feedback",
    "human",
    "rate",
    "new",
    "stop",
    "typing",
    "ping",
    "zh",
    "en",
    "0123456789012345678901234567890123456789012345678901234567890123456789",
];

/// What a device sends for this; `None`: it has no frame for it.
fn written(content: &Content) -> Option<Value> {
    Some(match content {
        Content::Text { text } => json!({ "t": "say", "text": text }),
        Content::Choice { message, key } => json!({ "t": "choose", "message": message, "key": key }),
        Content::Feedback { message, useful } => {
            json!({ "t": "feedback", "message": message, "useful": useful })
        }
        Content::Rating { score, comment } => json!({ "t": "rate", "score": score, "comment": comment }),
        Content::Human => json!({ "t": "human" }),
        Content::Anew => json!({ "t": "new" }),
        Content::Stop => json!({ "t": "stop" }),
        _ => return None,
    })
}
