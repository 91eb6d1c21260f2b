//! What a language model adds to whole answers: the demo city's questions with the replies that one gave to the same prompts.
//!
//! The replies are recorded (`tests/fixtures/model_replies.jsonl`), so that the figures come out the same every time. What is
//! in docs/answers.md is printed with `--nocapture`; the floors lie a little below.

use std::collections::HashMap;

use crate::support::process::PROGRAM;
use crate::support::{MEMORY, fixture, oracle, phrasing};

/// Questions that an entry answers.
const ANSWERABLE: [&str; 5] = [
    "citizen_questions.jsonl",
    "citizen_questions_unseen.jsonl",
    "answerable_fresh.jsonl",
    "answerable_second.jsonl",
    "answerable_third.jsonl",
];
/// Questions that nothing answers.
const UNANSWERABLE: [&str; 6] = [
    "foreign_questions.jsonl",
    "foreign_questions_unseen.jsonl",
    "unanswerable.jsonl",
    "unanswerable_fresh.jsonl",
    "unanswerable_second.jsonl",
    "unanswerable_third.jsonl",
];
/// At most this share of the answerable ones may be refused, and at least that of the others has to be.
const REFUSED_WRONGLY: f64 = 0.03;
const REFUSED: f64 = 0.95;

/// What `yikouwen evaluate answers` counts over some files.
async fn counted(files: &[&str], of: &str, own: &str) -> HashMap<String, u64> {
    let data = tempfile::tempdir().unwrap();
    let settings = data.path().join("own.toml");
    std::fs::write(&settings, format!("{MEMORY}[city]\ndemo = true\n{own}")).unwrap();
    let mut sums = HashMap::new();
    for file in files {
        let mut command = std::process::Command::new(PROGRAM);
        command.args(["evaluate", "answers", "--json"]).arg(fixture(file));
        command.arg("--config").arg(&settings).arg("--data").arg(data.path().join("data"));
        command.env_remove("OPENAI_API_KEY").env_remove("OPENAI_BASE_URL");
        let figures = oracle::printed(&oracle::run(command).await);
        println!("{file}: {}", figures[of]);
        for (name, count) in figures[of].as_object().unwrap() {
            *sums.entry(name.clone()).or_default() += count.as_u64().unwrap_or_default();
        }
    }
    sums
}

#[expect(clippy::cast_precision_loss, reason = "a share of a few hundred")]
fn share(of: &HashMap<String, u64>, name: &str) -> f64 {
    of[name] as f64 / of["questions"] as f64
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_reads_the_evidence_refuses_less_of_what_is_known_and_more_of_what_is_not() {
    let (known, unknown) =
        (counted(&ANSWERABLE, "answerable", "").await, counted(&UNANSWERABLE, "unanswerable", "").await);
    println!("without a model: {known:?} {unknown:?}");

    let (own, heard) = phrasing::recorded().await;
    let helped = counted(&ANSWERABLE, "answerable", &own).await;
    let refused = counted(&UNANSWERABLE, "unanswerable", &own).await;
    let heard = heard.lock().unwrap();
    let missing = phrasing::unrecorded(&heard);
    // Of a text that did not hold the model is told why, and asked once more.
    let (again, heard) = (heard.iter().filter(|prompt| prompt.contains("<faults>")).count(), heard.len());
    println!(
        "with a model: {helped:?} {refused:?}; {again} of {heard} prompts ask for a text once more, {missing} have no recorded reply"
    );

    assert!(share(&helped, "refused") <= REFUSED_WRONGLY, "{helped:?}");
    assert!(share(&refused, "refused") >= REFUSED, "{refused:?}");
    assert!(helped["right"] > known["right"] && helped["wrong"] <= known["wrong"], "{helped:?} {known:?}");
    assert!(refused["answered"] < unknown["answered"], "{refused:?} {unknown:?}");
    assert!(
        missing * 20 < heard,
        "{missing} of {heard} prompts were never recorded: entries or the search have changed"
    );
}
