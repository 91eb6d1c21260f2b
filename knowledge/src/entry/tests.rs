//! An entry on the wire, and what makes one unfit.

use proptest::prelude::*;

use super::*;

fn parse(json: &str) -> Result<Entry, serde_json::Error> {
    serde_json::from_str(json)
}

#[test]
fn fields_of_another_kind_are_unknown_fields() {
    let error = parse(r#"{"id":"a","kind":"faq","title":"x","materials":[]}"#).unwrap_err().to_string();
    assert!(error.contains("materials") && error.contains("faq"), "{error}");
    assert!(parse(r#"{"id":"a","kind":"matter","title":"x","materials":[]}"#).is_ok());
    assert!(
        parse(r#"{"id":"a","kind":"matter","title":"x","conditions":[{"field":"f","op":"eq","value":1}]}"#)
            .is_err()
    );
    assert!(parse(r#"{"id":"a","kind":"policy","title":"x","conditions":["年满 60 岁"]}"#).is_err());
    assert!(parse(r#"{"id":"a","kind":"policy","title":"x","conditions":[{"field":"f","op":"in","value":["y",2,true]}]}"#).is_ok());
}

#[test]
fn an_entry_without_a_status_is_published() {
    assert_eq!(parse(r#"{"id":"a","kind":"faq","title":"x"}"#).unwrap().status, Status::Published);
}

/// The fields at fault in an entry of that JSON.
fn check_faults(json: &str, expected: &[&str]) {
    let faults = parse(json).unwrap().validate();
    let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(fields, expected, "{json}");
}

#[test]
fn unfit_entries_are_told_where() {
    check_faults(r#"{"id":"a","kind":"faq","title":" ","similar":["x",""]}"#, &["title", "similar[1]"]);
    check_faults(
        r#"{"id":"a","kind":"faq","title":"x","effective_from":"2026-02-01","expires_on":"2026-01-31","superseded_by":"a"}"#,
        &["expires_on", "superseded_by"],
    );
    for url in [
        "ftp://a",
        "javascript:alert(1)",
        "https://",
        "http:///x",
        "https://a b",
        "https://a\\\"onclick",
        "HTTPS//a",
    ] {
        let json = format!(r#"{{"id":"a","kind":"matter","title":"x","online_url":"{url}"}}"#);
        check_faults(&json, &["online_url"]);
    }
    check_faults(
        r#"{"id":"a","kind":"matter","title":"x","online_url":"https://zwfw.anhe.example/a?b=中#c"}"#,
        &[],
    );
    check_faults(
        r#"{"id":"a","kind":"matter","title":"x","windows":[{"name":"n","lng":181,"lat":-91},{"name":"","lng":1}]}"#,
        &["windows[0].lng", "windows[0].lat", "windows[1].name", "windows[1]"],
    );
    check_faults(
        r#"{"id":"a","kind":"policy","title":"x","apply_from":"2026-02-01","apply_until":"2026-01-01","conditions":[{"field":"f","op":"in","value":1},{"field":"f","op":"ge","value":[1]}]}"#,
        &["apply_until", "conditions[0].value", "conditions[1].value"],
    );
}

#[test]
fn a_scenario_must_lead_somewhere_and_not_in_a_circle() {
    let scenario = |nodes: &str| {
        format!(r#"{{"id":"a","kind":"scenario","title":"x","nodes":{nodes},"outcomes":[{{"when":{{}}}}]}}"#)
    };
    check_faults(
        &scenario(r#"[{"id":"n","ask":"?","options":[{"label":"l","next":"gone"}]}]"#),
        &["nodes[0].options[0].next"],
    );
    check_faults(
        &scenario(
            r#"[{"id":"n","ask":"?","options":[{"label":"l","next":"m"}]},{"id":"m","ask":"?","options":[{"label":"l","next":"n"}]}]"#,
        ),
        &["nodes"],
    );
    check_faults(
        &scenario(r#"[{"id":"n","ask":"?","options":[{"label":"l","next":null,"facts":{"a":"b"}}]}]"#),
        &[],
    );
    check_faults(&scenario("[]"), &["nodes"]);
}

fn text() -> impl Strategy<Value = String> {
    "[\\PC\n\"\\\\]{0,8}"
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(text(), 0..3)
}

fn day() -> impl Strategy<Value = Option<Date>> {
    prop::option::of((1_i16..=9999, 1_i8..=12, 1_i8..=28).prop_map(|(y, m, d)| jiff::civil::date(y, m, d)))
}

fn id() -> impl Strategy<Value = EntryId> {
    "[a-zA-Z0-9._:一-龥-]{1,12}".prop_map(|text| EntryId::new(text).unwrap())
}

fn details() -> impl Strategy<Value = Details> {
    let degrees = || prop::option::of(prop::num::f64::NORMAL);
    let window = (text(), prop::option::of(text()), degrees(), degrees())
        .prop_map(|(name, address, lng, lat)| Window { name, address, lng, lat, ..Window::default() });
    let material = (text(), prop::option::of(text()), prop::option::of(any::<u32>()), texts())
        .prop_map(|(name, note, copies, keypoints)| Material { name, note, copies, keypoints, form: None });
    let matter = (
        prop::collection::vec(material, 0..3),
        texts(),
        texts(),
        prop::option::of(any::<u32>()),
        prop::collection::vec(window, 0..3),
        prop::option::of(text()),
    )
        .prop_map(|(materials, conditions, steps, time_limit_days, windows, online_url)| {
            Details::Matter(Box::new(Matter {
                materials,
                conditions,
                steps,
                time_limit_days,
                windows,
                online_url,
                ..Matter::default()
            }))
        });
    let value = prop_oneof![
        any::<bool>().prop_map(ConditionValue::Flag),
        any::<i64>().prop_map(|number| ConditionValue::Number(number.into())),
        text().prop_map(ConditionValue::Text),
    ];
    let value = prop_oneof![value.clone(), prop::collection::vec(value, 0..3).prop_map(ConditionValue::List)];
    let operator =
        prop::sample::select(vec![Operator::Eq, Operator::Ne, Operator::Ge, Operator::Lt, Operator::In]);
    let condition = (text(), operator, value).prop_map(|(field, op, value)| Condition { field, op, value });
    let policy = (prop::option::of(text()), prop::collection::vec(condition, 0..3), day(), day()).prop_map(
        |(benefits, conditions, apply_from, apply_until)| {
            Details::Policy(Box::new(Policy { benefits, conditions, apply_from, apply_until }))
        },
    );
    let facts = || prop::collection::btree_map(text(), text(), 0..3);
    let option = (text(), prop::option::of(text()), facts()).prop_map(|(label, next, facts)| NodeOption {
        label,
        next,
        facts,
    });
    let node = (text(), text(), prop::collection::vec(option, 0..3)).prop_map(|(id, ask, options)| Node {
        id,
        ask,
        options,
    });
    let outcome = (facts(), prop::collection::vec(id(), 0..3), texts(), texts())
        .prop_map(|(when, matters, materials, steps)| Outcome { when, matters, materials, steps });
    let scenario = (prop::collection::vec(node, 0..3), prop::collection::vec(outcome, 0..3))
        .prop_map(|(nodes, outcomes)| Details::Scenario(Box::new(Scenario { nodes, outcomes })));
    prop_oneof![Just(Details::Faq), matter, policy, scenario]
}

proptest! {
    /// What is exported can be imported again without loss.
    #[test]
    fn an_entry_survives_the_wire(
        (id, title, similar, answer) in (id(), text(), texts(), text()),
        (region, from, until, successor) in (prop::option::of(text()), day(), day(), prop::option::of(id())),
        audience in prop::option::of(prop::sample::select(vec![Audience::Citizen, Audience::Enterprise])),
        status in prop::sample::select(vec![Status::Draft, Status::Published, Status::Repealed]),
        source in prop::option::of((text(), prop::option::of(text()), day())),
        details in details(),
    ) {
        let entry = Entry {
            similar, answer, region, audience, status,
            effective_from: from,
            expires_on: until,
            superseded_by: successor,
            source: source.map(|(title, url, published_on)| Source { title, number: None, url, published_on }),
            attachments: vec![Attachment { name: "表".to_owned(), url: "https://a.example".to_owned() }],
            ..Entry::new(id, title, details)
        };
        let json = serde_json::to_string(&entry).unwrap();
        prop_assert_eq!(parse(&json).unwrap(), entry);
        prop_assert!(!json.contains('\n'), "one entry, one line");
    }
}
