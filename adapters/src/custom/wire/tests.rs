//! Messages as they come, and Markdown without marks.

use proptest::prelude::*;

use super::*;

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
}
