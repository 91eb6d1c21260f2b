//! The figures of the demo city: questions in citizens' words, written before anything was tuned, and questions that
//! are none of the city's affairs; and more of both by somebody who saw the entries' titles only and never the
//! program's answers. Prints all figures; run with `cargo test --test it questions -- --nocapture`.

use std::collections::HashMap;

use serde_json::Value;

use crate::support::{MEMORY, Server, config, entries_of, phrasing};

/// Of the 40 questions in citizens' words at least so many are right.
const RIGHT: usize = 33;
/// Of the 20 foreign questions at least so many are refused.
const REFUSED: usize = 20;
/// Of the 100 questions written from the entries' titles alone, without their words, at least so many are right.
const RIGHT_UNSEEN: usize = 79;
/// Of them, at least so many are right or asked back about with the right entry among the choices.
const OFFERED_UNSEEN: usize = 85;
/// Of the 40 foreign questions that nobody tuned against at least so many are refused.
const REFUSED_UNSEEN: usize = 32;
/// Of the 10 follow-ups at least so many are understood.
const FOLLOWED: usize = 10;

fn fixture(name: &str) -> Vec<Value> {
    let path = format!("{}/tests/fixtures/{name}.jsonl", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().map(|item| item.as_str().unwrap().to_owned()).collect(),
        _ => Vec::new(),
    }
}

/// The first entry an answer rests on, or those whose titles are offered.
fn meant(titles: &HashMap<String, Vec<String>>, answer: &Value) -> Vec<String> {
    if answer["outcome"] != "clarify" {
        return entries_of(answer).into_iter().take(1).collect();
    }
    let labels =
        answer["choices"].as_array().into_iter().flatten().filter_map(|choice| choice["label"].as_str());
    labels.filter_map(|label| titles.get(label)).flatten().cloned().collect()
}

/// The ids of the demo city's entries by title.
fn titles() -> HashMap<String, Vec<String>> {
    let mut titles: HashMap<String, Vec<String>> = HashMap::new();
    for file in std::fs::read_dir(format!("{}/knowledge/demo", env!("CARGO_MANIFEST_DIR"))).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            for line in std::fs::read_to_string(path).unwrap().lines() {
                let entry: Value = serde_json::from_str(line).unwrap();
                let text = |name: &str| entry[name].as_str().unwrap().to_owned();
                titles.entry(text("title")).or_default().push(text("id"));
            }
        }
    }
    titles
}

/// How many of the questions in `name` are answered as it says, from an entry that it names, and how many more are asked
/// back about with that entry among the choices; prints the others.
async fn right(server: &Server, titles: &HashMap<String, Vec<String>>, name: &str) -> (usize, usize) {
    let questions = fixture(name);
    let (mut right, mut offered) = (0, 0);
    for line in &questions {
        let question = line["question"].as_str().unwrap();
        let answer = server.ask(question, None).await;
        let outcome = answer["outcome"].as_str().unwrap().to_owned();
        let entries = texts(&line["entries"]);
        let found = meant(titles, &answer);
        let fits = texts(&line["outcome"]).contains(&outcome) && found.iter().any(|id| entries.contains(id));
        if fits {
            right += 1;
        } else {
            offered += usize::from(outcome == "clarify" && found.iter().any(|id| entries.contains(id)));
            println!(
                "  {} {question}\n      {outcome} {found:?}, wanted {} {entries:?}, confidence {}",
                line["id"], line["outcome"], answer["confidence"]
            );
        }
    }
    println!("{name}: {right} of {} right, {offered} more offered in asking back", questions.len());
    (right, right + offered)
}

/// How many of the questions in `name` find no answer, as none of them should; prints the others.
async fn refused(server: &Server, titles: &HashMap<String, Vec<String>>, name: &str) -> usize {
    let questions = fixture(name);
    let mut refused = 0;
    for line in &questions {
        let question = line["question"].as_str().unwrap();
        let answer = server.ask(question, None).await;
        if answer["outcome"] == "no_answer" {
            refused += 1;
        } else {
            println!(
                "  {} {question}\n      {} {:?}, confidence {}",
                line["id"],
                answer["outcome"],
                meant(titles, &answer),
                answer["confidence"]
            );
        }
    }
    println!("{name}: {refused} of {} refused", questions.len());
    refused
}

#[tokio::test(flavor = "multi_thread")]
async fn citizens_words_find_the_right_entry_and_foreign_questions_are_refused() {
    let server = Server::in_memory(&[]).await;
    let titles = titles();
    let (right, _) = right(&server, &titles, "citizen_questions").await;
    let refused = refused(&server, &titles, "foreign_questions").await;
    assert!(right >= RIGHT, "{right} right");
    assert!(refused >= REFUSED, "{refused} refused");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn words_written_without_sight_of_the_entries_fare_as_well() {
    let server = Server::in_memory(&[]).await;
    let titles = titles();
    let (right, offered) = right(&server, &titles, "citizen_questions_unseen").await;
    let refused = refused(&server, &titles, "foreign_questions_unseen").await;
    assert!(right >= RIGHT_UNSEEN, "{right} right");
    assert!(offered >= OFFERED_UNSEEN, "{offered} right or offered");
    assert!(refused >= REFUSED_UNSEEN, "{refused} refused");
    server.stop().await;
}

/// The same questions with the replies of a language model, recorded: nineteen of twenty are right, and as many refused.
#[tokio::test(flavor = "multi_thread")]
async fn with_a_model_nineteen_of_twenty_are_right_and_as_many_foreign_ones_refused() {
    let data = tempfile::tempdir().unwrap();
    let (own, _) = phrasing::recorded().await;
    let server = Server::start(config(data.path(), &format!("{MEMORY}{own}")), &[]).await;
    let titles = titles();
    let mut right_ones = 0;
    for name in ["citizen_questions", "citizen_questions_unseen"] {
        right_ones += right(&server, &titles, name).await.0;
    }
    let mut refused_ones = 0;
    for name in ["foreign_questions", "foreign_questions_unseen"] {
        refused_ones += refused(&server, &titles, name).await;
    }
    println!("with a model: {right_ones} of 140 right, {refused_ones} of 60 refused");
    assert!(right_ones >= 133, "{right_ones} right");
    assert!(refused_ones >= 57, "{refused_ones} refused");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn follow_ups_keep_their_topic_and_new_subjects_leave_it() {
    let server = Server::in_memory(&[]).await;
    let titles = titles();
    let stories = fixture("follow_ups");
    let mut followed = 0;
    for story in &stories {
        let mut conversation: Option<String> = None;
        let mut fits = true;
        for turn in story["turns"].as_array().unwrap() {
            let question = turn["question"].as_str().unwrap();
            let answer = server.ask(question, conversation.as_deref()).await;
            conversation = answer["conversation"].as_str().map(str::to_owned);
            let found = meant(&titles, &answer);
            let entries = texts(&turn["entries"]);
            if !found.iter().any(|id| entries.contains(id)) {
                println!(
                    "  {} {question}\n      {} {found:?}, wanted {entries:?}",
                    story["id"], answer["outcome"]
                );
                fits = false;
            }
        }
        followed += usize::from(fits);
    }
    println!("follow-ups: {followed} of {} understood", stories.len());
    assert!(followed >= FOLLOWED, "{followed} of {} understood", stories.len());
    server.stop().await;
}
