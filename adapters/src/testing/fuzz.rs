//! JSON as platforms could send it, and messages as the gateway could write them, by chance.

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Map, Value};

use crate::message::{Attachment, Author, Call, Choice, Citation, Link, LinkKind, MediaKind};
use crate::{Content, Media, Outbound};

/// What nobody may be told: it stands in values that are wrong.
pub(crate) const SECRET: &str = "张三的秘密";

/// Any JSON whose members mostly have these names and whose texts are now and then of these: real names at places where they
/// belong and where they do not.
pub(crate) fn any_json(
    names: &'static [&'static str],
    texts: &'static [&'static str],
) -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-2_i64..10).prop_map(Value::from),
        Just(Value::from(SECRET)),
        prop::sample::select(texts).prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    let nested = leaf.prop_recursive(5, 48, 8, move |inner| {
        let name = prop_oneof![
            4 => prop::sample::select(names).prop_map(str::to_owned),
            1 => "\\PC{0,6}",
        ];
        let members = prop::collection::btree_map(name, inner.clone(), 0..8);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::from),
            members.prop_map(|members| Value::from(members.into_iter().collect::<Map<_, _>>())),
        ]
    });
    nested.boxed()
}

/// The pointers to all values within a value.
fn places(value: &Value, before: &str, found: &mut Vec<String>) {
    let members: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(at, item)| (at.to_string(), item)).collect(),
        _ => return,
    };
    for (name, value) in members {
        let place = format!("{before}/{name}");
        places(value, &place, found);
        found.push(place);
    }
}

/// A good sample with up to three values replaced by any others, or any JSON at all.
pub(crate) fn spoilt(
    sample: Value,
    names: &'static [&'static str],
    texts: &'static [&'static str],
) -> BoxedStrategy<Value> {
    let mut known = Vec::new();
    places(&sample, "", &mut known);
    let change = (prop::sample::select(known), any_json(names, texts));
    let changed = prop::collection::vec(change, 0..4).prop_map(move |changes| {
        let mut spoilt = sample.clone();
        for (place, value) in changes {
            // An earlier change may have taken the place away.
            if let Some(found) = spoilt.pointer_mut(&place) {
                *found = value;
            }
        }
        spoilt
    });
    prop_oneof![4 => changed, 1 => any_json(names, texts)].boxed()
}

fn words() -> BoxedStrategy<String> {
    "(\\PC|[\"\\\\\\n\\t<&一😀]){0,20}".boxed()
}

/// A moment that can be written down.
pub(crate) fn moment() -> impl Strategy<Value = Timestamp> {
    (0_i64..4_102_444_800, 0_i32..1_000_000_000).prop_map(|(at, nano)| Timestamp::new(at, nano).unwrap())
}

fn kind() -> impl Strategy<Value = MediaKind> {
    prop::sample::select(vec![MediaKind::Image, MediaKind::Voice, MediaKind::Video, MediaKind::File])
}

fn citation() -> impl Strategy<Value = Citation> {
    let more = prop::option::of(words());
    let kind = prop::sample::select(vec![LinkKind::Map, LinkKind::Appointment]);
    let link = (kind, words(), words()).prop_map(|(kind, label, url)| Link { kind, label, url });
    let links = prop::collection::vec(link, 0..3);
    ((1_usize..99, words(), words(), words(), words()), (more.clone(), more.clone(), more, links)).prop_map(
        |((number, id, title, kind, quote), (url, source, department, links))| Citation {
            number,
            id,
            title,
            kind,
            url,
            quote,
            source,
            department,
            links,
        },
    )
}

fn attachment() -> impl Strategy<Value = Attachment> {
    (words(), kind(), words(), words(), any::<u32>()).prop_map(|(id, kind, name, mime, bytes)| Attachment {
        id,
        kind,
        name,
        mime,
        bytes: bytes.into(),
    })
}

/// Any message of a thread.
pub(crate) fn outbound() -> impl Strategy<Value = Outbound> {
    let author = prop::sample::select(vec![Author::Citizen, Author::Robot, Author::Helper, Author::System]);
    let head = (1_u64..9_999, words(), author, moment(), words());
    let maybe = || prop::option::of(words());
    let some = (maybe(), maybe(), maybe(), maybe());
    let lists = (
        prop::collection::vec(citation(), 0..3),
        prop::collection::vec(attachment(), 0..3),
        prop::collection::vec((words(), words()).prop_map(|(key, label)| Choice { key, label }), 0..3),
        prop::collection::vec((words(), words()).prop_map(|(label, number)| Call { label, number }), 0..2),
    );
    (head, some, lists, any::<(bool, bool)>()).prop_map(|(head, some, lists, flags)| {
        let (seq, id, author, at, text) = head;
        let (name, outcome, client_id, feedback) = some;
        let (citations, attachments, choices, call) = lists;
        let (offer_human, ask_rating) = flags;
        Outbound {
            name,
            outcome,
            citations,
            attachments,
            choices,
            offer_human,
            call,
            ask_rating,
            client_id,
            feedback,
            ..Outbound::new(seq, id, author, at, text)
        }
    })
}

/// Anything that a citizen can do over a wire of our own.
pub(crate) fn content() -> impl Strategy<Value = Content> {
    let media = (kind(), prop::option::of(words()), words(), prop::option::of(words()));
    prop_oneof![
        words().prop_map(|text| Content::Text { text }),
        (words(), words()).prop_map(|(message, key)| Content::Choice { message, key }),
        (words(), any::<bool>()).prop_map(|(message, useful)| Content::Feedback { message, useful }),
        media.prop_map(|(kind, name, reference, text)| Content::Media {
            media: Media { kind, name, reference, bytes: None },
            text
        }),
        (-900..=900, -1_800..=1_800, prop::option::of(words())).prop_map(|(lat, lng, label)| {
            Content::Place { lat: f64::from(lat) / 10.0, lng: f64::from(lng) / 10.0, label }
        }),
        words().prop_map(|entry| Content::Open { entry }),
        Just(Content::Hello),
        Just(Content::Human),
        (1_u8..=5, prop::option::of(words())).prop_map(|(score, comment)| Content::Rating { score, comment }),
        Just(Content::Anew),
        Just(Content::Stop),
    ]
}
