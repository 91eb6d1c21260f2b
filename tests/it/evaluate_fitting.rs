//! `evaluate train` and `evaluate thresholds`: a city fits weights and thresholds without labelling anything.

use serde_json::{Value, json};

use crate::support::process::{run, stdout};

/// Twenty entries of the demo city, as an export would print them.
fn entries() -> String {
    let file = format!("{}/knowledge/demo/social.jsonl", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().take(20).map(|line| format!("{line}\n")).collect()
}

#[test]
fn weights_are_fitted_on_left_out_questions_and_used_by_the_program() {
    let data = tempfile::tempdir().unwrap();
    let place = |name: &str| data.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(place("entries.jsonl"), entries()).unwrap();
    let fitted = run(
        data.path(),
        &["evaluate", "train", "--entries", &place("entries.jsonl"), "--out", &place("w.toml"), "--json"],
    );
    let marks: Vec<Value> = serde_json::from_str(&stdout(&fitted)).unwrap();
    assert!(marks.len() >= 8, "{marks:?}");
    for mark in &marks {
        let brier = mark["after"]["brier"].as_f64().unwrap();
        assert!((0.0..0.5).contains(&brier), "{mark}");
        assert_eq!(mark["before"]["lesson"], mark["after"]["lesson"]);
    }
    let weights = std::fs::read_to_string(place("w.toml")).unwrap();
    assert!(weights.starts_with("# Weights") && weights.contains("[questions.ranking]"), "{weights}");

    std::fs::write(place("city.toml"), format!("[search]\nweights = {:?}\n", place("w.toml"))).unwrap();
    let version = |arguments: &[&str]| -> Value {
        let found: Value = serde_json::from_str(&stdout(&run(data.path(), arguments))).unwrap();
        found["version"]["weights"].clone()
    };
    let shipped = version(&["search", "社保卡丢了", "--json"]);
    let own = version(&["search", "社保卡丢了", "--json", "--config", &place("city.toml")]);
    assert!(shipped.is_string() && own.is_string() && shipped != own, "{shipped} {own}");

    std::fs::write(place("bad.toml"), "[questions.ranking]\nno_such_feature = 1.0\n").unwrap();
    std::fs::write(place("city.toml"), format!("[search]\nweights = {:?}\n", place("bad.toml"))).unwrap();
    let refused = run(data.path(), &["search", "社保卡", "--config", &place("city.toml")]);
    let error = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && error.contains("bad.toml"), "{error}");
}

#[test]
fn entries_without_similar_questions_teach_nothing_and_that_is_said() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("entries.jsonl");
    std::fs::write(&file, "{\"id\":\"a\",\"kind\":\"faq\",\"title\":\"社保卡补办\"}\n").unwrap();
    let refused = run(data.path(), &["evaluate", "train", "--entries", file.to_str().unwrap()]);
    let error = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && error.contains("similar questions"), "{error}");
}

#[test]
fn thresholds_follow_labelled_questions_and_stated_costs() {
    let data = tempfile::tempdir().unwrap();
    let place = |name: &str| data.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(place("entries.jsonl"), entries()).unwrap();
    let first: Value = serde_json::from_str(entries().lines().next().unwrap()).unwrap();
    let questions = [
        json!({ "question": first["similar"][0], "entries": [first["id"]] }),
        json!({ "question": first["similar"][1], "entries": [first["id"]] }),
        json!({ "question": "红烧肉怎么做才不腻" }),
    ];
    let lines: String = questions.iter().map(|line| format!("{line}\n")).collect();
    std::fs::write(place("questions.jsonl"), lines).unwrap();
    let chosen = run(
        data.path(),
        &[
            "evaluate",
            "thresholds",
            "--entries",
            &place("entries.jsonl"),
            "--questions",
            &place("questions.jsonl"),
            "--json",
        ],
    );
    let chosen: Value = serde_json::from_str(&stdout(&chosen)).unwrap();
    assert_eq!(
        (chosen["chosen"]["right"].as_f64(), chosen["chosen"]["refused"].as_f64()),
        (Some(1.0), Some(1.0))
    );
    assert_eq!(chosen["chosen"]["cost"], 0.0, "{chosen}");
}
