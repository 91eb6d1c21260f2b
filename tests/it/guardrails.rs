//! The gate of what is sent: the verification of answers that people and models wrote, and whole answers of the demo city without a
//! model. What is reached is in docs/answers.md; the floors lie a little below.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::fixture;
use crate::support::process::PROGRAM;

fn figures(command: &mut Command) -> Value {
    let done = command.env_remove("OPENAI_API_KEY").env_remove("OPENAI_BASE_URL").output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap()
}

fn number(figures: &Value, pointer: &str) -> f64 {
    figures.pointer(pointer).and_then(Value::as_f64).unwrap_or_else(|| panic!("{pointer} in {figures}"))
}

#[test]
fn wrong_answers_are_caught_and_faithful_ones_pass() {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("knowledge/demo");
    let entries: Vec<PathBuf> = std::fs::read_dir(demo)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "jsonl"))
        .collect();
    // Of the third and the fourth, which are short, one answer refused is a share of 0.014 or 0.012.
    // The fifth says a fifth of everything in other words, as the loose ones do throughout.
    for (file, wrong, caught, refused, figure, further) in [
        ("answers_fresh.jsonl", 400.0, 0.98, 0.02, 0.95, 0.8),
        ("answers_third.jsonl", 280.0, 0.975, 0.03, 0.95, 0.8),
        ("answers_fourth.jsonl", 280.0, 0.96, 0.03, 0.92, 0.8),
        ("answers_fifth.jsonl", 340.0, 0.93, 0.1, 0.96, 0.78),
        ("answers_model.jsonl", 500.0, 0.98, 0.02, 0.96, 0.88),
        ("answers_model_second.jsonl", 460.0, 0.98, 0.02, 0.96, 0.88),
        ("answers_model_loose.jsonl", 400.0, 0.94, 0.16, 0.92, 0.7),
    ] {
        let mut command = Command::new(PROGRAM);
        command.args(["evaluate", "guardrails", "--json"]).arg(fixture(file)).arg("--entries").args(&entries);
        let found = figures(&mut command);
        println!("{file}: {found}");
        assert!(number(&found, "/all/wrong") >= wrong, "{file}: {found}");
        assert!(number(&found, "/caught_share") >= caught, "{file}: {found}");
        assert!(number(&found, "/refused_share") <= refused, "{file}: {found}");
        assert!(number(&found, "/further_share") >= further, "{file}: {found}");
        // A figure that was changed is caught in nearly every case; of the 13 amounts of the fourth, one slips through.
        for kind in
            ["amount changed", "percentage changed", "phone changed", "date changed", "period changed"]
        {
            let share = number(&found, &format!("/wrong/{kind}/caught"))
                / number(&found, &format!("/wrong/{kind}/wrong"));
            assert!(share >= figure, "{kind} of {file}: {found}");
        }
    }
}

#[test]
fn the_demo_city_answers_what_it_knows_and_says_so_where_it_does_not() {
    let data = tempfile::tempdir().unwrap();
    let ask = |name: &str| {
        let mut command = Command::new(PROGRAM);
        command.args(["evaluate", "answers", "--json"]).arg(fixture(name)).arg("--data").arg(data.path());
        figures(&mut command)
    };
    let known = ask("gold.jsonl");
    println!("{known}");
    assert!(number(&known, "/answerable/right") >= 189.0, "{known}");
    assert!(number(&known, "/answerable/wrong") <= 6.0, "{known}");
    assert!(
        number(&known, "/answerable/points_held") / number(&known, "/answerable/points") >= 0.94,
        "{known}"
    );
    assert!(number(&known, "/answerable/forbidden") <= 2.0, "{known}");
    // The second file was written by somebody who had read every entry, to be as near to them as can be.
    for (file, answered, refused) in [
        ("unanswerable.jsonl", 5.0, 55.0),
        ("unanswerable_fresh.jsonl", 5.0, 112.0),
        ("unanswerable_second.jsonl", 12.0, 97.0),
        ("unanswerable_third.jsonl", 8.0, 145.0),
    ] {
        let unknown = ask(file);
        println!("{unknown}");
        assert!(number(&unknown, "/unanswerable/answered") <= answered, "{file}: {unknown}");
        assert!(number(&unknown, "/unanswerable/refused") >= refused, "{file}: {unknown}");
    }
    for (file, right, refused) in [
        ("answerable_fresh.jsonl", 135.0, 8.0),
        ("answerable_second.jsonl", 136.0, 6.0),
        ("answerable_third.jsonl", 121.0, 17.0),
    ] {
        let others = ask(file);
        println!("{others}");
        assert!(number(&others, "/answerable/right") >= right, "{file}: {others}");
        assert!(number(&others, "/answerable/refused") <= refused, "{file}: {others}");
    }
}
