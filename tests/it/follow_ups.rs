//! Words that lean on earlier turns, spelt out by a model: the whole program, with models that know what is meant, fail and
//! invent. What is reached is in docs/answers.md; the floors lie a little below.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::support::endpoint::{Act, Endpoint, events, finish, words};
use crate::support::phrasing::{self, Reply};
use crate::support::process::{PROGRAM, run, stdout};
use crate::support::visitor::Visitor;
use crate::support::{MEMORY, Server, config, eventually, fixture, oracle};

/// Of the words that lean on earlier turns, so many at least find what they mean.
const BY_RULES: u64 = 39;
const BY_A_MODEL: u64 = 44;
/// Of those that change the subject.
const CHANGING: u64 = 46;

/// The questions as they would stand alone, by the words of the turn.
fn meanings() -> HashMap<String, String> {
    let text = std::fs::read_to_string(fixture("conversations.jsonl")).unwrap();
    let rows = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut meanings = HashMap::new();
    for turn in rows.flat_map(|row| row["turns"].as_array().unwrap().clone()) {
        let (words, standalone) = (turn["question"].as_str().unwrap(), turn["standalone"].as_str());
        let known = meanings.insert(words.to_owned(), standalone.unwrap_or(words).to_owned());
        assert!(standalone.is_none() || known.is_none(), "{words} means two things");
    }
    meanings
}

/// What a model replies when it is asked to spell a question out: a status, or the question.
type Speller = Arc<dyn Fn(&str) -> Result<String, StatusCode> + Send + Sync>;

/// A model that spells questions out like this and finds no answer in any evidence; and what it was asked.
async fn model(speller: Speller) -> (String, Arc<Mutex<Vec<String>>>) {
    let reply: Reply = Arc::new(move |prompt| {
        if prompt.contains("<earlier>") {
            speller(phrasing::question(prompt))
        } else {
            Ok("NO_ANSWER".to_owned())
        }
    });
    let (section, asked) = phrasing::model(reply).await;
    (spelling(&section), asked)
}

/// Settings for a model that is asked to spell out, and whose opinion of the evidence counts nothing.
fn spelling(section: &str) -> String {
    format!("[dialogue]\nrewrite = \"model\"\ndecline_odds = 1\nask_model_at = 1\n{section}")
}

fn section(address: &str) -> String {
    spelling(&phrasing::section(address))
}

fn object(question: &str) -> String {
    json!({ "question": question }).to_string()
}

/// What `yikouwen evaluate follow-ups` measures with these settings.
async fn measured(own: &str) -> Value {
    measured_on("conversations.jsonl", own).await
}

async fn measured_on(conversations: &str, own: &str) -> Value {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("own.toml");
    std::fs::write(&file, format!("{MEMORY}[city]\ndemo = true\n{own}")).unwrap();
    let mut command = std::process::Command::new(PROGRAM);
    command.args(["evaluate", "follow-ups", "--json"]).arg(fixture(conversations));
    command.arg("--config").arg(&file).arg("--data").arg(data.path().join("data"));
    command.env_remove("OPENAI_API_KEY").env_remove("OPENAI_BASE_URL");
    oracle::printed(&oracle::run(command).await)
}

/// The figures without how the stage ended, which differs where the answers do not.
fn found(figures: &Value) -> Value {
    json!([figures["opening"], figures["leaning"], figures["changing"]])
}

fn number(figures: &Value, pointer: &str) -> u64 {
    figures.pointer(pointer).and_then(Value::as_u64).unwrap_or_else(|| panic!("{pointer} in {figures}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_knows_what_is_meant_helps_and_any_other_changes_nothing() {
    let ruled = measured("").await;
    println!("rules alone: {ruled}");
    assert!(number(&ruled, "/leaning/first") >= BY_RULES && number(&ruled, "/changing/first") >= CHANGING);

    let meanings = Arc::new(meanings());
    let knows = Arc::clone(&meanings);
    let (own, asked) = model(Arc::new(move |words| Ok(object(&knows[words])))).await;
    let helped = measured(&own).await;
    println!("with a model that knows: {helped}");
    assert!(number(&helped, "/leaning/first") >= BY_A_MODEL, "{helped}");
    assert!(number(&helped, "/changing/first") >= CHANGING, "{helped}");
    assert_eq!(helped["opening"], ruled["opening"], "first questions lean on nothing");
    assert!(number(&helped, "/standalone/spelt_out") > 20, "{helped}");
    assert!(!asked.lock().unwrap().is_empty());

    let spellers: [(&str, &str, Speller); 3] = [
        ("fails", "failed", Arc::new(|_| Err(StatusCode::UNAUTHORIZED))),
        ("invents", "invented", {
            let meanings = Arc::clone(&meanings);
            Arc::new(move |words| Ok(object(&format!("北京{}要40元吗", meanings[words]))))
        }),
        ("chats", "malformed", {
            let meanings = Arc::clone(&meanings);
            Arc::new(move |words| Ok(format!("好的，完整的问题是：{}", object(&meanings[words]))))
        }),
    ];
    for (what, ending, speller) in spellers {
        let (own, asked) = model(speller).await;
        let figures = measured(&own).await;
        println!("with a model that {what}: {figures}");
        assert_eq!(found(&figures), found(&ruled), "a model that {what}");
        assert!(number(&figures, &format!("/standalone/{ending}")) > 20, "{figures}");
        assert!(!asked.lock().unwrap().is_empty());
    }
}

/// Conversations by somebody who saw neither the rules nor the others.
#[tokio::test(flavor = "multi_thread")]
async fn the_rules_find_what_is_meant_in_others_conversations() {
    let figures = measured_on("conversations_second.jsonl", "").await;
    println!("{figures}");
    assert!(number(&figures, "/opening/first") >= 106, "{figures}");
    assert!(number(&figures, "/leaning/first") >= 72, "{figures}");
    let reached = number(&figures, "/leaning/answered") + number(&figures, "/leaning/offered");
    assert!(reached >= 73, "{figures}");
    assert!(number(&figures, "/changing/first") >= 38, "{figures}");
}

/// Says something as a visitor and waits for the robot.
async fn said(visitor: &Visitor, place: usize, words: &str) -> Value {
    visitor.say(&place.to_string(), words).await;
    eventually("an answer", async || visitor.thread().await.get(place * 2 + 1).cloned()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_model_is_told_of_earlier_turns_is_masked_and_what_it_makes_of_them_is_kept() {
    let data = tempfile::tempdir().unwrap();
    let (own, asked) = model(Arc::new(|_| Ok(object("身份证丢了补办要多少钱")))).await;
    let server = Server::start(config(data.path(), &format!("[city]\ndemo = true\n{own}")), &[]).await;
    let visitor = Visitor::new(&server).await;
    said(&visitor, 0, "身份证丢了怎么补办，电话13800138000").await;
    let answer = said(&visitor, 1, "那要多少钱，还是这个号13800138000").await;
    assert_eq!(answer["citations"][0]["id"], "fam-id-lost", "{answer}");
    let heard = asked.lock().unwrap().clone();
    let told = heard.iter().find(|told| told.contains("</earlier>")).unwrap_or_else(|| panic!("{heard:?}"));
    for tag in ["<earlier>", "</earlier>", "<question>", "</question>"] {
        assert_eq!(told.matches(tag).count(), 1, "{tag}: {told}");
    }
    assert!(told.contains("问：身份证丢了怎么补办，电话【手机号】"), "{told}");
    assert!(told.contains("据：居民身份证丢失补领"), "{told}");
    assert!(!heard.concat().contains("13800138000"));
    // The writer gets both questions.
    let written = heard.last().unwrap();
    assert!(written.contains("<standalone>\n身份证丢了补办要多少钱\n</standalone>"), "{written}");
    assert!(written.contains("<question>\n那要多少钱，还是这个号【手机号】\n</question>"), "{written}");

    let line = "yikouwen_stages_total{stage=\"standalone\",outcome=\"spelt_out\"} 1";
    eventually(line, async || server.metrics().await.lines().any(|known| known == line).then_some(())).await;
    let replayed = run(data.path(), &["replay", answer["id"].as_str().unwrap(), "--json"]);
    let shown: Value = serde_json::from_str(&stdout(&replayed)).unwrap();
    let record = &shown["record"];
    assert_eq!(record["rewriting"]["text"], "身份证丢了补办要多少钱", "{shown}");
    assert_eq!(record["rewriting"]["model"], "scripted", "{shown}");
    let stages = record["stages"].as_array().unwrap();
    let stage = stages.iter().find(|stage| stage["stage"] == "standalone").unwrap();
    assert_eq!(
        (&stage["outcome"], &stage["read"], &stage["written"]),
        (&json!("spelt_out"), &json!(90), &json!(7))
    );
    let printed = stdout(&run(data.path(), &["replay", answer["id"].as_str().unwrap()]));
    assert!(printed.contains("spelt out: 身份证丢了补办要多少钱 (model scripted"), "{printed}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_hangs_has_a_part_of_the_patience_and_the_rules_go_on() {
    let endpoint = Endpoint::with(events(&[&words("NO_ANSWER"), &finish("stop"), "[DONE]"])).await;
    let times = "rewrite_patience = \"300ms\"\npatience = \"1s\"\n[model]";
    let own = section(endpoint.url.trim_start_matches("http://").trim_end_matches("/v1"));
    let own = format!("{MEMORY}{}", own.replace("[model]", times));
    let server = Server::start(config(&tempfile::tempdir().unwrap().keep(), &own), &[]).await;
    let visitor = Visitor::new(&server).await;
    said(&visitor, 0, "身份证丢了怎么补办").await;
    endpoint.play(vec![Act::Hang]);
    let answer = said(&visitor, 1, "那要多少钱").await;
    assert_eq!(answer["citations"][0]["id"], "fam-id-lost", "{answer}");
    for line in [
        "yikouwen_stages_total{stage=\"standalone\",outcome=\"overdue\"} 1",
        "yikouwen_stages_total{stage=\"write\",outcome=\"overdue\"} 1",
        "yikouwen_model_requests_total{section=\"model\",model=\"scripted\",how=\"failed\"} 2",
    ] {
        eventually(line, async || server.metrics().await.lines().any(|known| known == line).then_some(()))
            .await;
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_needs_a_section_and_its_time_is_a_part_of_the_patience() {
    let data = tempfile::tempdir().unwrap();
    let faults = |own: &str| config(data.path(), own).faults().join("\n");
    assert!(faults("[dialogue]\nrewrite = \"model\"\n").contains("needs a section [model]"));
    let long = section("127.0.0.1:9").replace("[model]", "rewrite_patience = \"3s\"\n[model]");
    assert!(faults(&long).contains("rewrite_patience"));
    assert_eq!(faults(&section("127.0.0.1:9")), "");
}
