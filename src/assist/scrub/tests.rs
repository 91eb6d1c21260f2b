//! Planted secrets and hostile pages.

#![expect(clippy::needless_pass_by_value, reason = "pages are written as literals")]

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const HOST: &str = "city.example";

fn scrubbed(events: Value, revealed: &[u32]) -> (Value, Found) {
    let text = serde_json::to_vec(&events).unwrap();
    let mut events = read(&text, 50_000).unwrap();
    let revealed = revealed.iter().copied().collect();
    let found =
        scrub(&mut events, &Rules { host: HOST, revealed: &revealed, reader: Reader::Owner, nodes: 50_000 })
            .unwrap();
    (serde_json::to_value(&events).unwrap(), found)
}

fn element(tag: &str, attributes: Value, children: Vec<Value>) -> Value {
    json!({ "type": 2, "id": 7, "tagName": tag, "attributes": attributes, "childNodes": children })
}

fn text(words: &str) -> Value {
    json!({ "type": 3, "id": 8, "textContent": words })
}

/// A node in a snapshot, and the same node put in later.
fn shown_in(node: &Value) -> [Value; 2] {
    let document = json!({ "type": 0, "id": 1, "childNodes": [node] });
    [
        json!([{ "type": 2, "data": { "node": document, "initialOffset": { "top": 0, "left": 0 } }, "timestamp": 1 }]),
        json!([{ "type": 3, "data": { "source": 0, "texts": [], "attributes": [], "removes": [],
            "adds": [{ "parentId": 1, "nextId": null, "node": node }] }, "timestamp": 1 }]),
    ]
}

fn changed(attributes: Value) -> Value {
    json!([{ "type": 3, "data": { "source": 0, "attributes": [{ "id": 7, "attributes": attributes }] } }])
}

/// The page's own list of what may leave it: what it lets through is what the page looks like.
#[test]
fn whatever_a_page_sends_is_relayed() {
    let list = include_str!("../../../web/assist/src/allow.ts");
    let sets = list.split_once("const ATTRIBUTES").unwrap().1.split_once("export type").unwrap().0;
    let lines = sets.lines().filter(|line| !line.trim_start().starts_with('/'));
    let names: Vec<&str> = lines.flat_map(|line| line.split('\'').skip(1).step_by(2)).collect();
    assert!(names.len() > 90, "{names:?}");
    for name in names {
        assert!(attributes::is_allowed(&name.to_ascii_lowercase()), "{name}");
    }
}

#[test]
fn a_clean_page_is_not_touched() {
    let page = element(
        "form",
        json!({ "class": "card", "style": "color: red", "data-assist": "show" }),
        vec![
            element("label", json!({ "for": "scope" }), vec![text("经营范围")]),
            element(
                "input",
                json!({ "type": "text", "id": "scope", "value": "••••", "aria-label": "经营范围" }),
                vec![],
            ),
            element(
                "link",
                json!({ "rel": "stylesheet", "href": "https://city.example/forms/a.css" }),
                vec![],
            ),
            element("img", json!({ "src": "/seal.png", "alt": "章" }), vec![]),
            element(
                "svg",
                json!({ "viewBox": "0 0 9 9" }),
                vec![element("path", json!({ "d": "M1 2" }), vec![])],
            ),
        ],
    );
    let mut events = vec![
        json!({ "type": 4, "data": { "href": "https://city.example/forms/enterprise", "width": 390, "height": 844 }, "timestamp": 1 }),
    ];
    events.extend(shown_in(&page)[0].as_array().unwrap().clone());
    events.push(json!({ "type": 3, "data": { "source": 5, "id": 7, "text": "•••", "isChecked": false }, "timestamp": 2 }));
    events.push(json!({ "type": 3, "data": { "source": 3, "id": 1, "x": 0, "y": 120.5 }, "timestamp": 3 }));
    let events = Value::Array(events);
    let (after, found) = scrubbed(events.clone(), &[]);
    assert_eq!(after, events);
    assert_eq!((found.leaks, found.revealed), (0, false));
}

/// Places where a page could carry what nobody may see: with a number, all of them have to be empty of it.
fn places(secret: &str) -> Vec<(&'static str, Value)> {
    let attribute = |name: &str| element("input", json!({ name: secret }), vec![]);
    let mut nodes = vec![
        ("text", text(secret)),
        ("text in a script", element("script", json!({}), vec![text(secret)])),
        ("text in noscript", element("noscript", json!({}), vec![text(secret)])),
        ("style", element("style", json!({}), vec![text(&format!("a::after{{content:'{secret}'}}"))])),
        (
            "inlined style",
            element("style", json!({ "_cssText": format!("a::after{{content:'{secret}'}}") }), vec![]),
        ),
        ("comment", json!({ "type": 5, "id": 8, "textContent": secret })),
        ("cdata", json!({ "type": 4, "id": 8, "textContent": secret })),
        ("doctype", json!({ "type": 1, "id": 8, "name": secret, "publicId": secret, "systemId": secret })),
        ("tag", element(&format!("x-{secret}"), json!({}), vec![])),
        (
            "member of a node",
            json!({ "type": 2, "id": 7, "tagName": "b", "attributes": {}, "childNodes": [], "secret": secret }),
        ),
        ("text as text's type", json!({ "type": 3, "id": 8, "textContent": secret, "isStyle": secret })),
        (
            "shadow",
            json!({ "type": 2, "id": 7, "tagName": "b", "isShadowHost": true, "attributes": {}, "childNodes": [{ "type": 3, "id": 9, "isShadow": true, "textContent": secret }] }),
        ),
        ("query of a link", element("a", json!({ "href": format!("/me?id={secret}") }), vec![])),
        ("path of a link", element("a", json!({ "href": format!("/me/{secret}") }), vec![])),
        ("query of a picture", element("img", json!({ "src": format!("/p.png?id={secret}") }), vec![])),
        (
            "picture in place",
            element("img", json!({ "src": format!("data:image/png;base64,{secret}") }), vec![]),
        ),
        ("blob", element("img", json!({ "src": format!("blob:https://city.example/{secret}") }), vec![])),
        ("source set", element("img", json!({ "srcset": format!("/p.png?{secret} 2x") }), vec![])),
        (
            "canvas",
            element("canvas", json!({ "rr_dataURL": format!("data:image/png;base64,{secret}") }), vec![]),
        ),
        ("frame", element("iframe", json!({ "srcdoc": format!("<p>{secret}") }), vec![])),
        (
            "frame's address",
            element("iframe", json!({ "src": format!("/f?{secret}"), "rr_src": secret }), vec![]),
        ),
        ("meta", element("meta", json!({ "name": "description", "content": secret }), vec![])),
        ("base", element("base", json!({ "href": format!("/{secret}/?x") }), vec![])),
        ("action", element("form", json!({ "action": format!("/do?{secret}") }), vec![])),
        ("formaction", element("button", json!({ "formaction": format!("/do?{secret}") }), vec![])),
        ("style attribute", element("p", json!({ "style": format!("background:url(/p?{secret})") }), vec![])),
        ("custom property", element("p", json!({ "style": format!("--id:'{secret}'") }), vec![])),
        (
            "style as object",
            element("p", json!({ "style": { "--id": [secret, "important"], "color": secret } }), vec![]),
        ),
        ("list as attribute", element("p", json!({ "title": [secret] }), vec![])),
        ("object as attribute", element("p", json!({ "title": { "a": secret } }), vec![])),
        ("number", element("input", json!({ "width": secret.parse::<u64>().unwrap_or(0) }), vec![])),
        ("name of a property", element("p", json!({ "style": { format!("--x{secret}"): "a" } }), vec![])),
        ("name for the blind", element("p", json!({ format!("aria-{secret}"): "a" }), vec![])),
    ];
    let names = [
        "title",
        "placeholder",
        "alt",
        "value",
        "name",
        "id",
        "class",
        "aria-label",
        "aria-description",
        "aria-valuetext",
        "label",
        "data-id",
        "data-assist",
        "for",
        "type",
        "checked",
        "autocomplete",
        "min",
        "list",
        "onclick",
        "href",
        "xlink:href",
        "content",
        "cite",
        "ping",
        "poster",
        "manifest",
        "nonce",
        "is",
        "slot",
        "part",
        "itemprop",
        "download",
        "srclang",
        "rr_src",
        "rr_mediaState",
        "background",
        "integrity",
        "data-rr-is-password",
        "points",
    ];
    nodes.extend(names.map(|name| (name, attribute(name))));
    nodes
}

#[test]
fn no_place_of_a_page_carries_a_number() {
    let secrets = [
        "330106199001011234",
        "13800138000",
        "6222021001116245702",
        "138 0013 8000",
        "33010619900101123X",
        "123-456",
    ];
    let (mut tried, mut noticed) = (0, 0);
    for secret in secrets {
        for (place, node) in places(secret) {
            for events in shown_in(&node) {
                let (after, found) = scrubbed(events, &[]);
                assert!(!after.to_string().contains(secret), "{place}: {after}");
                tried += 1;
                noticed += usize::from(found.leaks > 0);
            }
            if let Some(attributes) = node.get("attributes") {
                let (after, _) = scrubbed(changed(attributes.clone()), &[]);
                assert!(!after.to_string().contains(secret), "{place}: {after}");
            }
        }
        let events = [
            json!([{ "type": 3, "data": { "source": 5, "id": 7, "text": secret } }]),
            json!([{ "type": 3, "data": { "source": 5, "id": 7, "text": "a", "isChecked": secret } }]),
            json!([{ "type": 3, "data": { "source": 0, "texts": [{ "id": 8, "value": secret }] } }]),
            json!([{ "type": 3, "data": { "source": 0, "removes": [{ "id": secret, "parentId": secret }] } }]),
            json!([{ "type": 3, "data": { "source": 8, "adds": [{ "rule": secret }] } }]),
            json!([{ "type": 3, "data": { "source": 9, "commands": [{ "property": "fillText", "args": [secret] }] } }]),
            json!([{ "type": 3, "data": { "source": 13, "set": { "property": "content", "value": secret } } }]),
            json!([{ "type": 3, "data": { "source": 14, "ranges": [secret] } }]),
            json!([{ "type": 3, "data": { "source": 15, "styles": [{ "rules": [{ "rule": secret }] }] } }]),
            json!([{ "type": 4, "data": { "href": format!("https://city.example/a?id={secret}#{secret}"), "width": secret } }]),
            json!([{ "type": 4, "data": { "href": format!("https://city.example/{secret}") } }]),
            json!([{ "type": 2, "data": { "node": { "type": 0, "id": 1, "childNodes": [], "compatMode": secret }, "initialOffset": { "top": secret } } }]),
            json!([{ "type": 5, "data": { "tag": "x", "payload": secret } }]),
            json!([{ "type": 6, "data": { "plugin": "console", "payload": secret } }]),
            json!([{ "type": 9, "data": { "x": secret } }, secret, null]),
        ];
        for events in events {
            let (after, _) = scrubbed(events, &[]);
            assert!(!after.to_string().contains(secret), "{after}");
            tried += 1;
        }
    }
    println!(
        "planted numbers: {tried} tried, none got through, {noticed} of those in pages were noticed as leaks"
    );
    assert!(noticed > 200);
}

#[test]
fn words_that_are_not_shown_are_dropped_with_what_holds_them() {
    // What has no digits is hidden by the citizen's page; here only what is never passed on.
    for place in
        ["data-id", "onclick", "content", "srcdoc", "action", "cite", "nonce", "poster", "ping", "rr_src"]
    {
        for events in shown_in(&element("input", json!({ place: "张三的秘密" }), vec![])) {
            assert!(!scrubbed(events, &[]).0.to_string().contains("秘密"), "{place}");
        }
    }
}

#[test]
fn a_revealed_field_shows_its_words_and_no_other_does() {
    let input = |id: u32| json!([{ "type": 3, "data": { "source": 5, "id": id, "text": "13800138000" } }]);
    let (after, found) = scrubbed(input(7), &[7]);
    assert_eq!((after, found.leaks, found.revealed), (input(7), 0, true));
    let (after, found) = scrubbed(input(8), &[7]);
    assert_eq!((found.leaks, found.revealed), (1, false));
    assert!(!after.to_string().contains("138"));
}

#[test]
fn what_is_shown_to_one_helper_is_dots_for_everybody_else() {
    let events = || {
        json!([
            { "type": 3, "data": { "source": 5, "id": 7, "text": "欧阳小明", "isChecked": true } },
            { "type": 3, "data": { "source": 0, "texts": [{ "id": 8, "value": "问过社保" }, { "id": 9, "value": "别的话" }] } },
        ])
    };
    let revealed = BTreeSet::from([7, 8]);
    for (reader, wanted) in
        [(Reader::Owner, ["欧阳小明", "问过社保", "别的话"]), (Reader::Anybody, ["••••", "••••", "别的话"])]
    {
        let text = events().to_string();
        let mut events = serde_json::from_str(&text).unwrap();
        let found = scrub(&mut events, &Rules { host: HOST, revealed: &revealed, reader, nodes: 9 }).unwrap();
        let after = serde_json::to_value(&events).unwrap();
        assert!(found.revealed && found.leaks == 0);
        let seen = [
            &after[0]["data"]["text"],
            &after[1]["data"]["texts"][0]["value"],
            &after[1]["data"]["texts"][1]["value"],
        ];
        assert_eq!(seen, wanted);
        assert_eq!(after[0]["data"]["isChecked"] == true, reader == Reader::Owner);
    }
}

#[test]
fn a_hostile_page_has_no_teeth() {
    let page = element(
        "body",
        json!({ "onload": "alert(1)" }),
        vec![
            element("script", json!({ "src": "https://evil.example/a.js" }), vec![text("alert(1)")]),
            element("SCRIPT", json!({}), vec![text("alert(1)")]),
            element("img", json!({ "src": "https://evil.example/track.png", "onerror": "alert(1)" }), vec![]),
            element(
                "iframe",
                json!({ "srcdoc": "<script>alert(1)</script>", "src": "javascript:alert(1)" }),
                vec![],
            ),
            element("link", json!({ "rel": "stylesheet", "href": "https://evil.example/a.css" }), vec![]),
            element("link", json!({ "rel": "prefetch", "href": "/a" }), vec![]),
            element(
                "meta",
                json!({ "http-equiv": "refresh", "content": "0;url=https://evil.example" }),
                vec![],
            ),
            element(
                "a",
                json!({ "href": "javascript:alert(1)", "xlink:href": "javascript:alert(1)" }),
                vec![],
            ),
            element("object", json!({ "data": "https://evil.example/a.swf" }), vec![]),
            element("use", json!({ "href": "https://evil.example/a.svg#x" }), vec![]),
            element("rect", json!({ "fill": "url(https://evil.example/a.svg#x)" }), vec![]),
            element("style", json!({}), vec![text("@import 'https://evil.example/a.css';")]),
            element("p", json!({ "style": "background:url(https://evil.example/a.png)" }), vec![]),
            element("x onerror=alert(1)", json!({ "x onerror": "alert(1)" }), vec![]),
        ],
    );
    for events in shown_in(&page) {
        let (after, found) = scrubbed(events, &[]);
        let printed = after.to_string();
        for bad in [
            "evil",
            "alert",
            "javascript",
            "onload",
            "onerror",
            "srcdoc",
            "http-equiv",
            "\"script",
            "SCRIPT",
            "prefetch",
        ] {
            assert!(!printed.contains(bad), "{bad}: {printed}");
        }
        assert_eq!(found.leaks, 0, "hostile, but nobody's number");
    }
}

#[test]
fn pages_that_are_too_much_are_refused_before_they_are_read() {
    let deep = |levels: usize| {
        let mut page = "[{\"type\":2,\"data\":{\"node\":".to_owned();
        page.push_str(
            &"{\"type\":2,\"id\":1,\"tagName\":\"b\",\"attributes\":{},\"childNodes\":[".repeat(levels),
        );
        page.push_str(&"]}".repeat(levels));
        page.push_str("}}]");
        page
    };
    assert!(read(deep(60).as_bytes(), 50_000).is_ok(), "sixty elements deep");
    assert_eq!(read(deep(80).as_bytes(), 50_000).unwrap_err(), Unfit::TooDeep);
    let many = format!("[{}1]", "{},".repeat(1_100_000));
    assert_eq!(read(many.as_bytes(), 50_000).unwrap_err(), Unfit::TooMany);
    let wide: Vec<Value> = (0..60_000).map(|_| json!({ "type": 3, "id": 1 })).collect();
    let page = json!([{ "type": 2, "data": { "node": { "type": 0, "id": 1, "childNodes": wide } } }]);
    let page = page.to_string();
    let mut events = read(page.as_bytes(), 50_000).unwrap();
    let nobody = BTreeSet::new();
    let refused =
        scrub(&mut events, &Rules { host: HOST, revealed: &nobody, reader: Reader::Owner, nodes: 50_000 });
    assert_eq!(refused, Err(Unfit::TooMany));
    for bad in ["", "{}", "[", "[1,]", "[\"\\ud800\"]", "\"[", "null"] {
        assert_eq!(read(bad.as_bytes(), 50_000), Err(Unfit::Malformed), "{bad}");
    }
}

fn hostile() -> impl Strategy<Value = Value> {
    let name = prop::sample::select(vec![
        "href",
        "src",
        "style",
        "onclick",
        "srcdoc",
        "title",
        "_cssText",
        "fill",
        "rel",
        "http-equiv",
        "content",
        "class",
        "data-x",
        "aria-label",
        "ONLOAD",
        "xlink:href",
        "value",
    ]);
    let value = prop_oneof![
        prop::sample::select(vec![
            "javascript:alert(1)",
            "https://evil.example/x",
            "//evil.example",
            "stylesheet",
            "url(https://evil.example)",
            "@import 'x'",
            "\\75rl(//evil.example)",
            "/ok?id=330106",
            "data:text/html,x",
            "13800138000",
            "refresh",
        ])
        .prop_map(str::to_owned),
        "[a-z0-9():/\\\\'\" @.-]{0,20}",
    ];
    let attributes = prop::collection::vec((name, value.clone()), 0..4).prop_map(|pairs| {
        Value::Object(pairs.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect())
    });
    let tag = prop::sample::select(vec![
        "div", "script", "style", "a", "img", "link", "iframe", "input", "svg", "<b>", "",
    ]);
    let leaf = prop_oneof![
        value.clone().prop_map(|words| text(&words)),
        value.prop_map(|words| json!({ "type": 5, "id": 3, "textContent": words })),
        any::<i32>().prop_map(Value::from),
        Just(Value::Null),
    ];
    leaf.prop_recursive(4, 40, 5, move |inner| {
        (tag.clone(), attributes.clone(), prop::collection::vec(inner, 0..5))
            .prop_map(|(tag, attributes, children)| element(tag, attributes, children))
    })
}

/// Every attribute's name and value of a page.
fn walk(node: &Value, seen: &mut Vec<(String, String, String)>) {
    let tag = node.get("tagName").and_then(Value::as_str).unwrap_or_default();
    for (name, value) in node.get("attributes").and_then(Value::as_object).into_iter().flatten() {
        seen.push((tag.to_owned(), name.to_ascii_lowercase(), value.as_str().unwrap_or_default().to_owned()));
    }
    for child in node.get("childNodes").and_then(Value::as_array).into_iter().flatten() {
        walk(child, seen);
    }
}

proptest! {
    #[test]
    fn whatever_a_page_is_what_is_left_does_nothing(node in hostile()) {
        let [snapshot, mutation] = shown_in(&node);
        for events in [snapshot, mutation] {
            let (after, _) = scrubbed(events, &[]);
            let mut seen = Vec::new();
            let page = &after[0]["data"]["node"];
            walk(page, &mut seen);
            walk(&after[0]["data"]["adds"][0]["node"], &mut seen);
            for (tag, name, value) in seen {
                prop_assert_ne!(&tag, "script");
                prop_assert!(!name.starts_with("on") && name != "srcdoc" && name != "http-equiv", "{}", name);
                if name == "href" || name == "src" {
                    prop_assert!(!value.contains("evil") && !value.contains('?') && !value.contains("javascript:"), "{}", value);
                }
                if name == "style" || name == "_csstext" {
                    prop_assert!(!value.to_lowercase().contains("evil.example)") , "{}", value);
                    prop_assert!(!value.contains("@import"), "{}", value);
                }
            }
            let (again, found) = scrubbed(after.clone(), &[]);
            prop_assert_eq!(&again, &after, "once is enough");
            prop_assert_eq!(found.leaks, 0);
        }
    }

    #[test]
    fn no_bytes_make_it_fall(bytes: Vec<u8>, text in "[\\[\\]{}\",:a0 ]{0,60}") {
        for given in [bytes, text.into_bytes()] {
            if let Ok(mut events) = read(&given, 100) {
                let nobody = BTreeSet::new();
                let scrubbed = scrub(&mut events, &Rules { host: HOST, revealed: &nobody, reader: Reader::Owner, nodes: 100 });
                prop_assert!(scrubbed.is_ok_and(|found| found.nodes <= 100));
            }
        }
    }
}
