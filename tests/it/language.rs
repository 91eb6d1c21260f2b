//! What is recognised by rules, held against lines that were written without sight of them.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::process::PROGRAM;

/// What is heard, with which precision and which recall at least.
type Floor = (&'static str, f64, f64);

/// Floors of precision and recall on files of lines by other hands that nothing was fitted to; what is reached is in
/// docs/language.md.
const FLOORS: [(&str, &[Floor]); 15] = [
    (
        "intents_unseen.jsonl",
        &[
            ("emergency", 0.92, 1.0),
            ("ask_human", 0.96, 0.91),
            ("dissatisfied", 0.93, 0.95),
            ("complaint", 0.85, 0.85),
        ],
    ),
    (
        "intents_fresh.jsonl",
        &[
            ("emergency", 0.95, 1.0),
            ("ask_human", 0.90, 0.97),
            ("dissatisfied", 0.96, 0.97),
            ("complaint", 0.92, 0.72),
        ],
    ),
    ("intents_second.jsonl", &[("ask_human", 0.97, 0.97), ("dissatisfied", 0.98, 0.95)]),
    (
        "intents_third.jsonl",
        &[("emergency", 0.70, 1.0), ("ask_human", 0.95, 0.92), ("dissatisfied", 0.95, 0.92)],
    ),
    (
        "intents_fourth.jsonl",
        &[("emergency", 0.93, 1.0), ("ask_human", 0.96, 0.97), ("dissatisfied", 0.97, 0.95)],
    ),
    // Half and more of these three is small talk and what people tell of themselves.
    (
        "intents_fifth.jsonl",
        &[("emergency", 0.80, 1.0), ("ask_human", 0.94, 0.95), ("dissatisfied", 0.81, 0.97)],
    ),
    (
        "intents_sixth.jsonl",
        &[("emergency", 0.75, 1.0), ("ask_human", 0.95, 0.95), ("dissatisfied", 0.80, 0.93)],
    ),
    (
        "intents_seventh.jsonl",
        &[("emergency", 0.76, 1.0), ("ask_human", 0.88, 0.98), ("dissatisfied", 0.76, 0.92)],
    ),
    // Most who are dissatisfied here argue with what the answer says.
    ("intents_eighth.jsonl", &[("ask_human", 0.95, 0.96), ("dissatisfied", 0.93, 0.88)]),
    (
        "intents_ninth.jsonl",
        &[("emergency", 0.82, 1.0), ("ask_human", 0.96, 0.95), ("dissatisfied", 0.94, 0.92)],
    ),
    (
        "intents_tenth.jsonl",
        &[("emergency", 0.93, 1.0), ("ask_human", 0.97, 0.97), ("dissatisfied", 0.95, 0.93)],
    ),
    (
        "intents_eleventh.jsonl",
        &[("emergency", 0.85, 1.0), ("ask_human", 0.96, 0.97), ("dissatisfied", 0.93, 0.97)],
    ),
    (
        "intents_twelfth.jsonl",
        &[("emergency", 0.94, 1.0), ("ask_human", 0.97, 0.98), ("dissatisfied", 0.94, 0.90)],
    ),
    (
        "intents_thirteenth.jsonl",
        &[("emergency", 0.93, 1.0), ("ask_human", 0.94, 0.98), ("dissatisfied", 0.95, 0.95)],
    ),
    (
        "intents_fourteenth.jsonl",
        &[("emergency", 0.95, 1.0), ("ask_human", 0.98, 0.98), ("dissatisfied", 0.97, 0.97)],
    ),
];

/// The share of questions that has to be looked up as questions.
const QUESTIONS: f64 = 0.92;

fn figures(what: &str, file: &str) -> Value {
    let lines = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(file);
    let done = Command::new(PROGRAM).args(["evaluate", what, "--json"]).arg(lines).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap()
}

fn share(figures: &Value, kind: &str, name: &str) -> f64 {
    figures[kind][name].as_f64().unwrap()
}

#[test]
fn personal_data_is_hidden_however_it_is_written_and_look_alikes_stay() {
    let found = figures("masking", "masking.jsonl");
    for kind in ["identity_card", "mobile", "bank_card", "passport", "email", "address", "credit_code"] {
        assert!(share(&found, kind, "recall") >= 0.95, "{kind}: {found}");
    }
    assert!(share(&found, "all", "recall") >= 0.99, "{found}");
    assert!(share(&found, "all", "precision") >= 0.98, "{found}");
}

#[test]
fn the_wish_for_a_person_and_danger_are_heard_in_everyday_words_and_dialect() {
    let found = figures("intents", "intents.jsonl");
    for intent in ["ask_human", "dissatisfied"] {
        assert!(share(&found, intent, "recall") >= 0.95, "{intent}: {found}");
        assert!(share(&found, intent, "precision") >= 0.95, "{intent}: {found}");
    }
    assert!(share(&found, "emergency", "recall") >= 1.0, "{found}");
}

#[test]
fn a_line_that_cannot_be_read_is_named() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("lines.jsonl");
    std::fs::write(&file, "{\"id\":\"a\",\"text\":\"x\",\"intent\":\"none\"}\nnonsense\n").unwrap();
    let done = Command::new(PROGRAM).args(["evaluate", "intents"]).arg(&file).output().unwrap();
    assert!(!done.status.success());
    assert!(String::from_utf8_lossy(&done.stderr).contains("lines.jsonl:2"));
}

/// Where the command is run that fits the weights, and with which lines; docs/language.md has the whole command.
fn train(class: &str) -> std::process::Output {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = |directory: &str| -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = std::fs::read_dir(here.join(directory))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
            .collect();
        files.sort();
        files
    };
    let fixtures = ["citizen_questions", "foreign_questions", "threshold_questions"];
    let fixtures = fixtures.map(|name| here.join(format!("tests/fixtures/{name}.jsonl")));
    Command::new(PROGRAM)
        .args(["evaluate", "train-intents"])
        .args(files("training/intents"))
        .args(fixtures)
        .arg("--questions")
        .args(files("knowledge/demo"))
        .args(["--compare", class])
        .output()
        .unwrap()
}

#[test]
fn the_weights_that_ship_are_what_the_lines_give() {
    for class in ["emergency", "ask_human", "dissatisfied", "emergency_crisis"] {
        let done = train(class);
        assert!(done.status.success(), "{class}: {}", String::from_utf8_lossy(&done.stderr));
        assert!(String::from_utf8_lossy(&done.stdout).contains("as shipped"));
    }
    assert!(!train("no_such_class").status.success());
}

#[test]
fn wishes_are_heard_in_words_that_nobody_foresaw() {
    for (file, floors) in FLOORS {
        let found = figures("intents", file);
        for &(intent, precision, recall) in floors {
            assert!(share(&found, intent, "precision") >= precision, "{intent} of {file}: {found}");
            assert!(share(&found, intent, "recall") >= recall, "{intent} of {file}: {found}");
        }
    }
}

#[test]
fn questions_about_matters_are_hardly_ever_taken_for_wishes() {
    for file in ["citizen_questions_unseen.jsonl", "foreign_questions_unseen.jsonl"] {
        let text =
            std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(file));
        let mut lines = String::new();
        for line in text.unwrap().lines() {
            let question = serde_json::from_str::<Value>(line).unwrap()["question"].clone();
            lines += &serde_json::json!({ "text": question, "intent": "none" }).to_string();
            lines.push('\n');
        }
        let data = tempfile::tempdir().unwrap();
        let labelled = data.path().join("questions.jsonl");
        std::fs::write(&labelled, lines).unwrap();
        let found = figures("intents", labelled.to_str().unwrap());
        assert!(share(&found, "none", "recall") >= QUESTIONS, "{file}: {found}");
    }
}

#[test]
fn what_is_not_heard_as_labelled_is_explained() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("lines.jsonl");
    let lines = "{\"text\":\"转人工\",\"intent\":\"none\"}\n{\"text\":\"随便谁都行 出来应一声\",\"intent\":\"thanks\"}\n";
    std::fs::write(&file, lines).unwrap();
    let done = Command::new(PROGRAM).args(["evaluate", "intents", "--misses"]).arg(&file).output().unwrap();
    let printed = String::from_utf8_lossy(&done.stdout);
    assert!(printed.contains("a rule for ask_human"), "{printed}");
    assert!(printed.contains("ask_human +") && printed.contains("@"), "{printed}");
}
