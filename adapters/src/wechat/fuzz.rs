//! What comes from outside, in any form and shape: nothing makes it panic, and what is well formed is read as it was meant,
//! whichever way it was printed.

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::crypto::AesKey;
use super::wire::{envelope, fields, push, reply};
use super::xml::cdata;
use crate::testing::fuzz::any_json;

/// The names of elements that mean something.
const NAMES: &[&str] = &[
    "ToUserName",
    "FromUserName",
    "CreateTime",
    "MsgType",
    "Event",
    "EventKey",
    "MsgId",
    "Content",
    "MediaId",
    "Location_X",
    "Location_Y",
    "Encrypt",
    "ScanCodeInfo",
    "ScanResult",
    "SendLocationInfo",
];

/// Kinds of messages and events.
const TEXTS: &[&str] = &["text", "event", "location", "SCAN", "location_select", "scancode_waitmsg"];

/// The elements of a push, beyond those that every push has; some are one level below.
fn elements() -> impl Strategy<Value = Vec<(&'static str, Value)>> {
    let number = || (-100_i64..200).prop_map(Value::from);
    let words = || "\\PC{0,12}".prop_map(Value::from);
    let below = |inner: &'static str, value: Value| {
        let mut map = Map::new();
        map.insert(inner.to_owned(), value);
        Value::Object(map)
    };
    let one = prop_oneof![
        words().prop_map(|value| ("Content", value)),
        words().prop_map(|value| ("MediaId", value)),
        words().prop_map(|value| ("Recognition", value)),
        words().prop_map(|value| ("EventKey", value)),
        words().prop_map(|value| ("Title", value)),
        words().prop_map(|value| ("Url", value)),
        words().prop_map(|value| ("Label", value)),
        number().prop_map(|value| ("MsgId", value)),
        number().prop_map(|value| ("Location_X", value)),
        number().prop_map(|value| ("Location_Y", value)),
        words().prop_map(move |value| ("ScanCodeInfo", below("ScanResult", value))),
        number().prop_map(move |value| ("SendLocationInfo", below("Location_X", value))),
    ];
    // Of several of one name JSON keeps the last and XML the first, so each is there once.
    prop::collection::vec(one, 0..8).prop_map(|mut all| {
        all.sort_by_key(|(name, _)| *name);
        all.dedup_by_key(|(name, _)| *name);
        all
    })
}

fn as_xml(name: &str, value: &Value) -> String {
    let inner = match value {
        Value::Object(map) => map.iter().map(|(name, value)| as_xml(name, value)).collect(),
        Value::String(text) => cdata(text),
        other => other.to_string(),
    };
    format!("<{name}>{inner}</{name}>")
}

proptest! {
    #[test]
    fn no_json_makes_it_panic(value in any_json(NAMES, TEXTS), cut in any::<prop::sample::Index>()) {
        let text = value.to_string();
        if let Ok(read) = fields(&text) {
            drop(push(&read));
        }
        let half: String = text.chars().take(cut.index(text.len() + 1)).collect();
        drop(fields(&half));
        drop(fields(&format!("{{{half}")));
    }

    #[test]
    fn a_push_says_the_same_as_json_and_as_xml(
        kind in "(text|image|voice|video|location|link|file|event|[a-z]{1,6})",
        event in "(subscribe|SCAN|CLICK|location_select|scancode_waitmsg|[A-Za-z_]{1,8})",
        openid in "[A-Za-z0-9_-]{1,28}",
        created in 0_i64..4_000_000_000,
        more in elements(),
    ) {
        let mut all = vec![
            ("ToUserName", json!("gh_1")), ("FromUserName", json!(openid)), ("CreateTime", json!(created)),
            ("MsgType", json!(kind)), ("Event", json!(event)),
        ];
        all.extend(more);
        let xml: String = all.iter().map(|(name, value)| as_xml(name, value)).collect();
        let object: Map<String, Value> = all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let from_xml = push(&fields(&format!("<xml>{xml}</xml>")).unwrap()).unwrap();
        let from_json = push(&fields(&Value::Object(object).to_string()).unwrap()).unwrap();
        prop_assert_eq!(&from_xml, &from_json);
        prop_assert_eq!((from_xml.openid, from_xml.created.as_second()), (openid, created));
    }

    #[test]
    fn an_answer_is_read_as_it_was_printed_sealed_or_not(
        text in "([\\]>\\[<&]|\\PC|\\n){1,80}",
        openid in "[A-Za-z0-9_-]{1,28}",
        nonce in "\\PC{0,12}",
        seconds in 0_i64..4_000_000_000,
    ) {
        let at = Timestamp::from_second(seconds).unwrap();
        let body = format!("<xml><ToUserName>gh_1</ToUserName><FromUserName>{openid}</FromUserName><CreateTime>1</CreateTime><MsgType>text</MsgType><Content>a</Content></xml>");
        let printed = reply(&push(&fields(&body).unwrap()).unwrap(), at, &text);
        let key = AesKey::parse("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG").unwrap();
        let sealed = envelope(&key.encrypt(&printed, "wx1"), "token", at, &nonce);
        let opened = fields(&sealed).unwrap();
        prop_assert_eq!(opened.get("Nonce").unwrap_or_default(), nonce.trim());
        let stamp = seconds.to_string();
        prop_assert_eq!(opened.get("TimeStamp"), Some(stamp.as_str()));
        let unsealed = key.decrypt(opened.get("Encrypt").unwrap(), "wx1").unwrap();
        prop_assert_eq!(&unsealed, &printed);
        let read = fields(&unsealed).unwrap();
        prop_assert_eq!(read.get("Content").unwrap_or_default(), text.trim());
        prop_assert_eq!((read.get("ToUserName"), read.get("CreateTime")), (Some(openid.as_str()), Some(stamp.as_str())));
    }
}
