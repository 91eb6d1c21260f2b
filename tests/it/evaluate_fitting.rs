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
fn labelled_questions_teach_how_sure_to_be_and_may_leave_the_order() {
    let data = tempfile::tempdir().unwrap();
    let place = |name: &str| data.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(place("entries.jsonl"), entries()).unwrap();
    let asked: Vec<Value> =
        entries().lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>();
    let known =
        asked.iter().map(|entry| json!({ "question": entry["similar"][3], "entries": [entry["id"]] }));
    let foreign = ["社保卡能在国外的超市付钱吗", "养老院的伙食费一个月多少", "工资条上的英文缩写什么意思"];
    let unknown = foreign.map(|question| json!({ "question": question }));
    let lines: String = known.chain(unknown).map(|line| format!("{line}\n")).collect();
    std::fs::write(place("labelled.jsonl"), lines).unwrap();
    let train = |questions: &str, out: &str| {
        let (entries, out) = (place("entries.jsonl"), place(out));
        let asked = [
            "evaluate",
            "train",
            "--entries",
            &entries,
            "--keep-order",
            "--questions",
            questions,
            "--json",
            "--out",
        ];
        run(data.path(), &[asked.as_slice(), &[out.as_str()]].concat())
    };
    let fitted = train(&place("labelled.jsonl"), "w.toml");
    let marks: Vec<Value> = serde_json::from_str(&stdout(&fitted)).unwrap();
    let mark = marks.iter().find(|mark| mark["after"]["lesson"] == "labelled questions").unwrap();
    assert!(mark["after"]["questions"].as_u64().unwrap() > 0, "{mark}");
    let orders = |file: &str| {
        let read: toml::Table = toml::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        (read["questions"]["ranking"].clone(), read["questions"]["confidence"].clone())
    };
    let shipped = orders(&format!("{}/knowledge/weights.toml", env!("CARGO_MANIFEST_DIR")));
    let own = orders(&place("w.toml"));
    assert_eq!(own.0, shipped.0, "the order stays");
    assert_ne!(own.1, shipped.1, "and the confidence learns");

    std::fs::write(place("broken.jsonl"), "{\"question\":\"一\"}\n{\"question\":3}\n").unwrap();
    let refused = train(&place("broken.jsonl"), "none.toml");
    let error = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && error.contains("line 2"), "{error}");
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

/// What the confidence is fitted to teaches the length of questions only while both kinds are as long, and is measured honestly only
/// while nothing of what it is measured with is among it.
#[test]
fn labelled_questions_for_training_are_apart_from_the_fixtures_and_balanced() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let lines = |folder: &str| -> Vec<Value> {
        let files = std::fs::read_dir(root.join(folder)).unwrap().map(|file| file.unwrap().path());
        let files = files.filter(|file| file.extension().is_some_and(|ending| ending == "jsonl"));
        let texts = files.map(|file| std::fs::read_to_string(file).unwrap());
        texts
            .flat_map(|text| text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<_>>())
            .collect()
    };
    let letters = |line: &Value| -> String {
        line["question"].as_str().unwrap_or_default().chars().filter(|c| c.is_alphanumeric()).collect()
    };
    let measured: std::collections::HashSet<String> = lines("tests/fixtures").iter().map(letters).collect();
    let ids: std::collections::HashSet<Value> =
        lines("knowledge/demo").into_iter().map(|entry| entry["id"].clone()).collect();
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for line in lines("training/confidence") {
        assert!(!measured.contains(&letters(&line)), "{line} is measured with");
        let length = letters(&line).chars().count();
        match line["entries"].as_array() {
            Some(entries) => {
                assert!(line["outcome"] == "answered" && entries.iter().all(|id| ids.contains(id)), "{line}");
                with.push(length);
            }
            None => {
                assert_eq!(line["outcome"], "no_answer", "{line}");
                without.push(length);
            }
        }
    }
    let mean = |lengths: &[usize]| lengths.iter().sum::<usize>() as f64 / lengths.len() as f64;
    assert!(with.len() > 1_600 && without.len() > 1_600, "{} and {}", with.len(), without.len());
    assert!((mean(&with) - mean(&without)).abs() < 0.5, "{} and {}", mean(&with), mean(&without));
}
