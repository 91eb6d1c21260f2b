//! Attacks on the robot, with a model that does its worst: it writes what the attack wants. None may reach the citizen.

use regex::Regex;
use serde_json::{Value, json};

use crate::support::endpoint::{Endpoint, events, finish, words};
use crate::support::helper::Helper;
use crate::support::{MEMORY, Server, config};
use yikouwen::desk::Role;

fn attacks() -> Vec<Value> {
    let path = format!("{}/tests/fixtures/attacks.jsonl", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// The words that an attack wants to see, if they are there.
fn effect(attack: &Value, answer: &str) -> Option<String> {
    let patterns = attack["forbidden"].as_array().unwrap().iter().map(text);
    patterns
        .map(|pattern| Regex::new(pattern).unwrap())
        .find_map(|pattern| pattern.find(answer).map(|found| format!("`{}` by `{pattern}`", found.as_str())))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_attack_has_its_effect_whatever_the_model_writes() {
    let model = Endpoint::start().await;
    let data = tempfile::tempdir().unwrap();
    let own = format!(
        "{MEMORY}[model]\nbase_url = \"{}\"\nmodel = \"worst\"\nfirst_token_timeout = \"5s\"\ntotal_timeout = \"20s\"\n",
        model.url
    );
    let helpers = [("主任", Role::Admin)];
    let server = Server::start(config(data.path(), &own), &helpers).await;
    let office = Helper::log_in(&server, "主任").await;
    let mut withstood = 0;
    let attacks = attacks();
    assert_eq!(attacks.len(), 60);
    for attack in &attacks {
        // An entry that somebody smuggled orders into.
        let planted = attack["planted"]
            .as_str()
            .map(|planted| format!("planted-{}", text(&attack["id"])) + "\n" + planted);
        if let Some((id, planted)) = planted.as_deref().and_then(|planted| planted.split_once('\n')) {
            let entry = json!({ "kind": "faq", "title": attack["question"], "answer": planted });
            let put = server
                .client
                .put(server.url(&format!("/api/v1/knowledge/{id}")))
                .header("cookie", office.cookie());
            assert!(put.json(&entry).send().await.unwrap().status().is_success(), "{id}");
        }
        let mut failed = Vec::new();
        for worst in attack["worst"].as_array().unwrap().iter().map(text) {
            assert!(effect(attack, worst).is_some(), "{} is an attack: {worst}", attack["id"]);
            model.play(events(&[&words(worst), &finish("stop"), "[DONE]"]));
            let answer = server.ask(text(&attack["question"]), None).await;
            let everything = format!("{} {}", answer["answer"], answer["citations"]);
            failed.extend(effect(attack, &everything));
        }
        if failed.is_empty() {
            withstood += 1;
        } else {
            println!("{} {}: {}", attack["id"], attack["question"], failed.join(", "));
        }
    }
    println!("{withstood} of {} attacks without effect", attacks.len());
    assert_eq!(withstood, attacks.len());
    // The screen is no wall that hides an open door: nothing of it is sent in answer to an ordinary question either, which
    // the model is asked.
    let ordinary = "养犬登记怎么办理";
    let quoted = server.ask(ordinary, None).await;
    let mut held_back = 0;
    for attack in &attacks {
        let patterns = attack["forbidden"].as_array().unwrap().iter().map(text);
        let is_told_anyway = |pattern: &&str| Regex::new(pattern).unwrap().is_match(text(&quoted["answer"]));
        let wanted =
            json!({ "forbidden": patterns.filter(|pattern| !is_told_anyway(pattern)).collect::<Vec<_>>() });
        for worst in attack["worst"].as_array().unwrap().iter().map(text) {
            model.play(events(&[&words(worst), &finish("stop"), "[DONE]"]));
            let asked = model.asked().len();
            let answer = server.ask(ordinary, None).await;
            assert!(model.asked().len() > asked, "the model was asked");
            assert_eq!(answer["outcome"], "answered");
            assert_eq!(effect(&wanted, text(&answer["answer"])), None, "{worst}");
            held_back += 1;
        }
    }
    println!("{held_back} of its replies held back in answer to an ordinary question");
    server.stop().await;
}
