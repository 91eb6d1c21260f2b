//! What is recognised by rules, held against lines that were written without sight of them.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::process::PROGRAM;

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
