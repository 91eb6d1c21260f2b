//! Messages as they come, and Markdown without marks.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::testing::fuzz::{SECRET, content, moment, outbound, spoilt};

fn parsed(more: &str) -> Result<Content, String> {
    let body = format!(r#"{{"id":"m1","citizen":"c1","at":"2026-11-20T08:00:00Z",{more}}}"#);
    parse(body.as_bytes()).map(|message| message.content).map_err(|malformed| malformed.0)
}

#[test]
fn every_kind_of_message_is_read() {
    let media = |kind, name: Option<&str>, url: &str| Media {
        kind,
        name: name.map(str::to_owned),
        reference: url.to_owned(),
        bytes: None,
    };
    let table = [
        (r#""text":"你好""#, Content::Text { text: "你好".to_owned() }),
        (
            r#""choice":{"message":"r1","key":"k"}"#,
            Content::Choice { message: "r1".to_owned(), key: "k".to_owned() },
        ),
        (
            r#""feedback":{"message":"r1","useful":false}"#,
            Content::Feedback { message: "r1".to_owned(), useful: false },
        ),
        (r#""human":true"#, Content::Human),
        (r#""rating":{"score":5}"#, Content::Rating { score: 5, comment: None }),
        (
            r#""media_url":"https://f/a.JPG?x=1""#,
            Content::Media { media: media(MediaKind::Image, None, "https://f/a.JPG?x=1"), text: None },
        ),
        (
            r#""media_url":"https://f/a","media_kind":"voice","media_name":"录音","text":"听""#,
            Content::Media {
                media: media(MediaKind::Voice, Some("录音"), "https://f/a"),
                text: Some("听".to_owned()),
            },
        ),
        (r#""place":{"lat":29.5,"lng":120.0}"#, Content::Place { lat: 29.5, lng: 120.0, label: None }),
        (r#""open":"soc-1""#, Content::Open { entry: "soc-1".to_owned() }),
        (r#""hello":true"#, Content::Hello),
        (r#""anew":true,"locale":"en","region":"990102","audience":"enterprise""#, Content::Anew),
    ];
    for (more, expected) in table {
        assert_eq!(parsed(more), Ok(expected), "{more}");
    }
}

#[test]
fn what_is_wrong_is_named_and_not_quoted() {
    let table = [
        (r#""text":"a","human":true"#, "exactly one"),
        (r#""locale":"zh""#, "exactly one"),
        (r#""rating":{"score":6}"#, "rating.score"),
        (r#""place":{"lat":91,"lng":0}"#, "globe"),
        (r#""media_kind":"image","text":"a""#, "media_url"),
        (r#""txt":"a""#, "unknown field `txt`"),
        (r#""text":13800138000"#, "line 1, column"),
        (r#""audience":"13800138000","text":"a""#, "line 1, column"),
    ];
    for (more, expected) in table {
        let error = parsed(more).unwrap_err();
        assert!(error.contains(expected) && !error.contains("13800138000"), "{more}: {error}");
    }
    for (id, citizen) in
        [("", "c"), (&*"x".repeat(65), "c"), ("a\\n", "c"), ("a", ""), ("a", &*"x".repeat(129))]
    {
        let body = format!(r#"{{"id":"{id}","citizen":"{citizen}","at":"2026-11-20T08:00:00Z","text":"a"}}"#);
        assert!(parse(body.as_bytes()).is_err(), "{body}");
    }
}

#[test]
fn what_we_push_is_no_message() {
    let reply = Outbound::new(2, "r1", Author::Robot, Timestamp::UNIX_EPOCH, "答");
    let pushed = serde_json::to_vec(&Reply::of("c1", &reply)).unwrap();
    assert!(parse(&pushed).is_err(), "the same secret signs both, so they must not be taken for each other");
}

#[test]
fn plain_text_has_no_marks() {
    let table = [
        ("**带**`证`", "带证"),
        (
            "## 材料\n\n- 证\n- 照\n\n见[指南](https://a.example)。",
            "材料\n• 证\n• 照\n\n见指南 (https://a.example)。",
        ),
        ("1. 一\n2. 二", "1. 一\n2. 二"),
        ("<https://a.example>", "https://a.example"),
        ("一段\n\n二段", "一段\n\n二段"),
        ("|a|b|\n|-|-|\n|c|d|", "a | b\nc | d"),
    ];
    for (markdown, expected) in table {
        assert_eq!(plain(markdown), expected, "{markdown}");
    }
}

proptest! {
    #[test]
    fn nothing_panics(text in "\\PC{0,200}") {
        drop(plain(&text));
        drop(parse(text.as_bytes()));
    }

    /// JSON that looks like a message and is none.
    #[test]
    fn what_looks_like_a_message_is_read_or_refused_without_a_word_of_it(body in spoilt(message(), NAMES, TEXTS)) {
        match parse(body.to_string().as_bytes()) {
            Ok(message) => {
                prop_assert!((1..=ID_BYTES).contains(&message.id.len()));
                prop_assert!((1..=CITIZEN_BYTES).contains(&message.citizen.len()));
                if let Content::Place { lat, lng, .. } = message.content {
                    prop_assert!(lat.abs() <= 90.0 && lng.abs() <= 180.0);
                }
            }
            Err(Malformed(why)) => prop_assert!(!why.is_empty() && !why.contains(SECRET), "{why}"),
        }
    }

    #[test]
    fn a_message_is_read_as_it_was_written(content in content(), at in moment(), id in "[a-z]{1,64}", citizen in "[一-十]{1,40}") {
        // The channel has no way to stop an answer.
        prop_assume!(content != Content::Stop);
        let mut body = json!({ "id": id, "citizen": citizen, "at": at.to_string() });
        write(&content, &mut body);
        let expected = Message { id, citizen, content, locale: Locale::Zh, region: None, audience: None, at };
        prop_assert_eq!(parse(body.to_string().as_bytes()), Ok(expected));
    }

    #[test]
    fn a_reply_goes_out_as_it_is(reply in outbound(), citizen in "\\PC{1,20}") {
        let printed = serde_json::to_value(Reply::of(&citizen, &reply)).unwrap();
        prop_assert_eq!(&printed["citizen"], &citizen);
        prop_assert_eq!(&printed["plain"], &plain(&reply.text));
        prop_assert!(parse(printed.to_string().as_bytes()).is_err(), "it is never taken for a message of theirs");
        let read: Outbound = serde_json::from_value(printed).unwrap();
        prop_assert_eq!(read, reply);
    }
}

/// The names of the members of a message.
const NAMES: &[&str] = &[
    "id",
    "citizen",
    "at",
    "text",
    "choice",
    "message",
    "key",
    "feedback",
    "useful",
    "rating",
    "score",
    "comment",
    "media_url",
    "media_kind",
    "media_name",
    "place",
    "lat",
    "lng",
    "label",
    "open",
    "human",
    "hello",
    "anew",
    "locale",
    "region",
    "audience",
];

const TEXTS: &[&str] =
    &["zh", "en", "citizen", "enterprise", "image", "voice", "2026-11-20T08:00:00Z", "https://f/a.jpg"];

fn message() -> serde_json::Value {
    json!({
        "id": "m1", "citizen": "c1", "at": "2026-11-20T08:00:00Z", "text": "你好", "locale": "zh", "region": "990102",
        "audience": "citizen", "human": false, "hello": false, "anew": false, "open": null, "place": null,
        "media_url": null, "media_kind": null, "media_name": null, "choice": null, "feedback": null,
        "rating": null,
    })
}

/// Writes what a citizen did as the document says.
fn write(content: &Content, body: &mut serde_json::Value) {
    match content {
        Content::Text { text } => body["text"] = json!(text),
        Content::Choice { message, key } => body["choice"] = json!({ "message": message, "key": key }),
        Content::Feedback { message, useful } => {
            body["feedback"] = json!({ "message": message, "useful": useful });
        }
        Content::Media { media, text } => {
            body["media_url"] = json!(media.reference);
            body["media_kind"] = json!(media.kind);
            body["media_name"] = json!(media.name);
            body["text"] = json!(text);
        }
        Content::Place { lat, lng, label } => {
            body["place"] = json!({ "lat": lat, "lng": lng, "label": label });
        }
        Content::Open { entry } => body["open"] = json!(entry),
        Content::Rating { score, comment } => body["rating"] = json!({ "score": score, "comment": comment }),
        Content::Hello => body["hello"] = json!(true),
        Content::Human => body["human"] = json!(true),
        Content::Anew => body["anew"] = json!(true),
        Content::Stop => {}
    }
}
