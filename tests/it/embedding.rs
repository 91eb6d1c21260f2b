//! Search by meaning beside search by words: what it finds, that nothing depends on it, and what leaves the house.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use yikouwen::desk::Role;
use yikouwen::embedding::PROBE;

use crate::support::helper::Helper;
use crate::support::process;
use crate::support::{MEMORY, Server, config, entries_of, eventually};

const QUERY: &str = "为这个句子生成表示以用于检索相关文章：";
const DIMENSIONS: usize = 256;

/// Words that mean the same to the toy model.
const SYNONYMS: [(&str, &str); 2] = [("奔月", "月球旅行"), ("批文", "许可")];

#[derive(Clone, Copy, PartialEq, Debug)]
enum Mood {
    Good,
    Fails(u16),
    Silent,
    /// It has no time for documents.
    QuestionsOnly,
    Garbage,
    NotNumbers,
    Shorter,
}

/// An OpenAI-compatible endpoint with a deterministic toy model, which remembers what it was sent.
struct Endpoint {
    url: String,
    mood: Mutex<Mood>,
    sent: Mutex<Vec<String>>,
}

impl Endpoint {
    async fn start() -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let endpoint = Arc::new(Self { url, mood: Mutex::new(Mood::Good), sent: Mutex::default() });
        let router = Router::new().route("/v1/embeddings", post(embed)).with_state(Arc::clone(&endpoint));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        endpoint
    }

    fn becomes(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// The section that switches it on.
    fn section(&self) -> String {
        format!(
            "[embedding]\nbase_url = \"{}\"\nmodel = \"toy\"\ntimeout = \"2s\"\nquery_prefix = \"{QUERY}\"\n",
            self.url
        )
    }

    /// Takes what was sent since the last time, without what only looks whether it is there.
    fn taken(&self) -> Vec<String> {
        let mut sent = std::mem::take(&mut *self.sent.lock().unwrap());
        sent.retain(|text| !text.ends_with(PROBE));
        sent
    }

    fn questions(sent: &[String]) -> Vec<&str> {
        sent.iter().filter_map(|text| text.strip_prefix(QUERY)).collect()
    }
}

/// Pairs of characters, hashed into a vector, after synonyms were replaced.
fn toy(text: &str) -> Vec<f32> {
    let mut text = text.strip_prefix(QUERY).unwrap_or(text).to_owned();
    for (word, same) in SYNONYMS {
        text = text.replace(word, same);
    }
    let characters: Vec<char> = text.chars().filter(|c| c.is_alphanumeric()).collect();
    let mut vector = vec![0.01; DIMENSIONS];
    for pair in characters.windows(2) {
        let hash = pair.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &c| {
            (hash ^ u64::from(u32::from(c))).wrapping_mul(0x0000_0100_0000_01b3)
        });
        vector[(hash >> 20) as usize % DIMENSIONS] += 1.0;
    }
    vector
}

async fn embed(State(endpoint): State<Arc<Endpoint>>, axum::Json(body): axum::Json<Value>) -> Response {
    let texts: Vec<String> = serde_json::from_value(body["input"].clone()).unwrap();
    assert_eq!(body["model"], "toy");
    endpoint.sent.lock().unwrap().extend(texts.iter().cloned());
    let mood = *endpoint.mood.lock().unwrap();
    let list = |vector: &dyn Fn(&str) -> Value| {
        let data: Vec<Value> = texts
            .iter()
            .enumerate()
            .map(|(index, text)| json!({ "object": "embedding", "index": index, "embedding": vector(text) }))
            .collect();
        axum::Json(json!({ "object": "list", "data": data, "model": "toy", "usage": { "prompt_tokens": 1, "total_tokens": 1 } }))
            .into_response()
    };
    match mood {
        Mood::Good => list(&|text| json!(toy(text))),
        Mood::Fails(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Mood::Silent => std::future::pending().await,
        Mood::QuestionsOnly if texts.iter().any(|text| !text.starts_with(QUERY)) => {
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
        Mood::QuestionsOnly => list(&|text| json!(toy(text))),
        Mood::Garbage => "<html>busy</html>".into_response(),
        Mood::NotNumbers => {
            let text =
                format!("{{\"data\":[{{\"index\":0,\"embedding\":[{}]}}]}}", ["NaN"; DIMENSIONS].join(","));
            text.into_response()
        }
        Mood::Shorter => list(&|text| json!(toy(text)[..7])),
    }
}

fn entry(id: &str, title: &str) -> Value {
    json!({ "id": id, "kind": "faq", "title": title, "similar": [], "answer": format!("{title}请到市民中心三楼办理。"), "keywords": [], "region": "安和市", "department": "安和市演示局", "status": "published", "source": { "title": "测试（演示）" } })
}

async fn put(server: &Server, helper: &Helper, body: &Value) {
    let id = body["id"].as_str().unwrap();
    let request =
        server.client.put(server.url(&format!("/api/v1/knowledge/{id}"))).header("cookie", helper.cookie());
    assert_eq!(request.json(body).send().await.unwrap().status(), 200, "{body}");
}

async fn start(own: &str) -> (Server, Helper) {
    let data = tempfile::tempdir().unwrap().keep();
    start_in(&data, &format!("{MEMORY}{own}")).await
}

async fn start_in(data: &std::path::Path, own: &str) -> (Server, Helper) {
    let server = Server::start(config(data, own), &[("编辑", Role::Owner)]).await;
    let helper = Helper::log_in(&server, "编辑").await;
    (server, helper)
}

pub(crate) async fn ready(server: &Server) -> Value {
    let answer = server.client.get(server.url("/ready")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

/// Waits until every text has its vector.
pub(crate) async fn embedded(server: &Server) -> Value {
    eventually("embedding every entry", || async {
        let state = ready(server).await;
        (state["vectors"].as_u64() > Some(0) && state["texts_without_vector"] == 0).then_some(state)
    })
    .await
}

const MOON: &str = "月球旅行许可";

/// Shares no word with the entry.
const ASKED: &str = "奔月批文咋整";

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_shares_no_word_with_its_entry_is_answered_by_meaning_alone_and_goes_out_masked() {
    let (lexical, editor) = start("").await;
    put(&lexical, &editor, &entry("moon", MOON)).await;
    assert_eq!(lexical.ask(ASKED, None).await["outcome"], "no_answer");
    assert!(ready(&lexical).await.get("embedding").is_none());
    lexical.stop().await;

    let endpoint = Endpoint::start().await;
    let (server, editor) = start(&endpoint.section()).await;
    put(&server, &editor, &entry("moon", MOON)).await;
    assert_eq!(embedded(&server).await["embedding"], "here");
    endpoint.taken();
    let answer = server.ask(ASKED, None).await;
    assert_eq!(
        (answer["outcome"].as_str(), entries_of(&answer)),
        (Some("answered"), vec!["moon".to_owned()]),
        "{answer}"
    );
    server.ask(&format!("{ASKED}，我的手机号是13800138000"), None).await;
    let sent = endpoint.taken();
    let questions = Endpoint::questions(&sent);
    assert_eq!(questions.first(), Some(&ASKED), "with the prefix of questions");
    assert!(questions.len() >= 2 && !sent.concat().contains("13800138000"), "{questions:?}");
    let answer = server.ask(ASKED, None).await;
    assert_eq!(entries_of(&answer), ["moon"]);
    assert_eq!(endpoint.taken(), Vec::<String>::new(), "it is remembered");
    let (_, looked) = editor.call(Method::POST, "/search", Some(json!({ "question": ASKED }))).await;
    let hit = &looked["hits"][0];
    assert_eq!(
        (&looked["outcome"], &hit["id"]),
        (&json!("answered"), &json!("moon")),
        "the office sees the same"
    );
    let features = hit["features"].as_array().unwrap();
    let dense = features.iter().find(|feature| feature["name"] == "dense").unwrap();
    assert!(dense["contribution"].as_f64() > Some(0.0), "{dense}");
    let metrics = server.metrics().await;
    assert!(metrics.contains("yikouwen_embedding_away 0"), "{metrics}");
    assert!(metrics.contains("yikouwen_embedding_questions_total{how=\"remembered\"} "), "{metrics}");

    let request =
        server.client.delete(server.url("/api/v1/knowledge/moon")).header("cookie", editor.cookie());
    assert_eq!(request.send().await.unwrap().status(), 204);
    assert_eq!(server.ask(ASKED, None).await["outcome"], "no_answer", "gone at once");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_endpoint_does_questions_are_answered_as_without_it_and_it_is_left_alone() {
    let moods = [
        Mood::Fails(500),
        Mood::Fails(429),
        Mood::Fails(401),
        Mood::Silent,
        Mood::Garbage,
        Mood::NotNumbers,
        Mood::Shorter,
    ];
    let endpoint = Endpoint::start().await;
    let (lexical, _) = start("").await;
    let (server, _) = start(&endpoint.section()).await;
    embedded(&server).await;
    for (number, mood) in moods.into_iter().enumerate() {
        endpoint.becomes(mood);
        endpoint.taken();
        for more in 0..5 {
            let question = format!("身份证丢了怎么补办{}", "？".repeat(5 * number + more));
            let (expected, answer) = tokio::join!(lexical.ask(&question, None), server.ask(&question, None));
            assert_eq!(expected["outcome"], "answered");
            for part in ["answer", "confidence"] {
                assert_eq!(answer[part], expected[part], "{mood:?}");
            }
        }
        let sent = endpoint.taken();
        let most = if mood == Mood::Silent { 3 } else { 1 };
        let asked = Endpoint::questions(&sent).len();
        assert!((1..=most).contains(&asked), "{mood:?}: it is left alone: {sent:?}");
        let state = ready(&server).await;
        assert!(state["embedding"].as_str().unwrap().starts_with("embedding away: lexical only"), "{state}");
        assert!(server.metrics().await.contains("yikouwen_embedding_away 1"), "{mood:?}");
        endpoint.becomes(Mood::Good);
        eventually("the endpoint's return", || async {
            (ready(&server).await["embedding"] == "here").then_some(())
        })
        .await;
    }
    server.stop().await;
    lexical.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_was_never_there_costs_no_citizen_anything_and_is_taken_up_when_it_comes() {
    let endpoint = Endpoint::start().await;
    endpoint.becomes(Mood::Fails(503));
    let (server, editor) = start(&endpoint.section()).await;
    let answer = server.ask("身份证丢了怎么补办", None).await;
    assert_eq!(answer["outcome"], "answered");
    put(&server, &editor, &entry("moon", MOON)).await;
    let found = server.ask(&format!("怎么办理{MOON}"), None).await;
    assert_eq!(entries_of(&found), ["moon"], "found by its words at once");
    assert_eq!(
        Endpoint::questions(&endpoint.taken()),
        Vec::<&str>::new(),
        "there is nothing to compare with"
    );
    endpoint.becomes(Mood::Good);
    embedded(&server).await;
    assert_eq!(entries_of(&server.ask(ASKED, None).await), ["moon"]);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_the_vectors_and_only_what_was_changed_is_embedded_again() {
    let endpoint = Endpoint::start().await;
    let data = tempfile::tempdir().unwrap();
    let own =
        format!("[store]\nurl = \"sled:{}\"\n{}", data.path().join("store").display(), endpoint.section());
    let (server, editor) = start_in(data.path(), &own).await;
    put(&server, &editor, &entry("moon", MOON)).await;
    let before = embedded(&server).await;
    let sent = endpoint.taken();
    assert!(sent.len() > 400 && sent.len() as u64 == before["vectors"].as_u64().unwrap(), "each text once");
    server.stop().await;

    let (server, editor) = start_in(data.path(), &own).await;
    assert_eq!(ready(&server).await["vectors"], before["vectors"]);
    assert_eq!(entries_of(&server.ask(ASKED, None).await), ["moon"], "at once");
    let mut changed = entry("moon", MOON);
    changed["similar"] = json!(["去火星怎么走"]);
    put(&server, &editor, &changed).await;
    let after = eventually("embedding the change", || async {
        let state = ready(&server).await;
        (state["vectors"].as_u64() > before["vectors"].as_u64()).then_some(state)
    })
    .await;
    assert_eq!(after["vectors"].as_u64(), before["vectors"].as_u64().map(|count| count + 1));
    let mut sent = endpoint.taken();
    sent.retain(|text| !text.starts_with(QUERY));
    assert_eq!(sent, ["去火星怎么走"]);
    server.stop().await;

    let other = own.replace("\"toy\"", "\"toy\"\ndimensions = 256");
    let (server, _) = start_in(data.path(), &other).await;
    let again = embedded(&server).await;
    assert_eq!(again["vectors"], after["vectors"]);
    assert_eq!(endpoint.taken().len() as u64, after["vectors"].as_u64().unwrap(), "another size: all anew");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_many_entries_have_no_vectors_words_decide_alone() {
    let endpoint = Endpoint::start().await;
    let (server, editor) = start(&endpoint.section()).await;
    let all = embedded(&server).await["entries"].as_u64().unwrap();
    endpoint.becomes(Mood::QuestionsOnly);
    // A few are missed by nobody.
    put(&server, &editor, &entry("moon", MOON)).await;
    endpoint.taken();
    server.ask("月亮上能不能落户", None).await;
    assert_eq!(Endpoint::questions(&endpoint.taken()), ["月亮上能不能落户"]);
    // More than one in ten are.
    for number in 0..all / 8 {
        put(&server, &editor, &entry(&format!("star{number}"), &format!("第{number}号星球旅行许可"))).await;
    }
    let tries = AtomicUsize::new(0);
    eventually("words deciding alone, so that no citizen waits for what is not compared", || async {
        // Another one each time, for what was asked before is remembered.
        let question = format!("怎么办理{MOON}，{}人", tries.fetch_add(1, Ordering::Relaxed) + 2);
        endpoint.taken();
        let found = server.ask(&question, None).await;
        assert_eq!(entries_of(&found), ["moon"], "by its words");
        Endpoint::questions(&endpoint.taken()).is_empty().then_some(())
    })
    .await;
    endpoint.becomes(Mood::Good);
    embedded(&server).await;
    assert_eq!(entries_of(&server.ask(ASKED, None).await), ["moon"], "and by meaning again");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_shown_is_not_found_by_meaning_either() {
    let endpoint = Endpoint::start().await;
    let (server, editor) = start(&endpoint.section()).await;
    let hidden = [
        ("甲", "effective_from", "2999-01-01"),
        ("乙", "expires_on", "2001-01-01"),
        ("丙", "region", "西城区"),
        ("丁", "status", "repealed"),
        ("戊", "status", "draft"),
    ];
    for (id, field, value) in hidden {
        // The one that holds somewhere is called just as the toy model understands the question.
        let title = if id == "丙" { MOON.to_owned() } else { format!("{MOON}{id}") };
        let mut entry = entry(id, &title);
        entry[field] = value.into();
        put(&server, &editor, &entry).await;
    }
    embedded(&server).await;
    let answer = ask_in(&server, "东湖区").await;
    assert_eq!(answer["outcome"], "no_answer", "{answer}");
    assert_eq!(entries_of(&ask_in(&server, "西城区").await), ["丙"], "there it holds");
    let sent = endpoint.taken().join("\n");
    assert!(sent.contains("月球旅行许可甲"), "it will be in force one day");
    assert!(!sent.contains("许可戊") && !sent.contains("许可丁"), "what is not published stays inside");
    put(&server, &editor, &entry("moon", MOON)).await;
    embedded(&server).await;
    assert_eq!(entries_of(&ask_in(&server, "东湖区").await), ["moon"]);
    server.stop().await;
}

async fn ask_in(server: &Server, region: &str) -> Value {
    let body = json!({ "question": ASKED, "region": region });
    server.client.post(server.url("/api/v1/ask")).json(&body).send().await.unwrap().json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn check_online_tries_the_endpoint() {
    let endpoint = Endpoint::start().await;
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("own.toml");
    std::fs::write(&file, endpoint.section()).unwrap();
    let check = || {
        let (data, file) = (data.path().to_owned(), file.clone());
        tokio::task::spawn_blocking(move || {
            process::run(&data, &["check", "--online", "--config", file.to_str().unwrap()])
        })
    };
    let output = check().await.unwrap();
    let text = process::stdout(&output);
    assert!(output.status.success() && text.contains("answers with 256 dimensions"), "{text}");
    endpoint.becomes(Mood::Fails(401));
    let output = check().await.unwrap();
    let text = process::stdout(&output);
    assert!(!output.status.success() && text.contains("[embedding] api_key"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_measured_with_an_endpoint_is_measured_with_all_entries_embedded_or_not_at_all() {
    let endpoint = Endpoint::start().await;
    let data = tempfile::tempdir().unwrap();
    let (own, questions) = (data.path().join("own.toml"), data.path().join("questions.jsonl"));
    // The time that a citizen would wait is nothing to what a busy machine takes for the toy model.
    std::fs::write(&own, endpoint.section().replace("\"2s\"", "\"20s\"")).unwrap();
    std::fs::write(&questions, "{\"id\":\"1\",\"question\":\"社保卡丢了怎么补办\",\"entries\":[]}\n")
        .unwrap();
    let measure = || {
        let (data, own, questions) = (data.path().to_owned(), own.clone(), questions.clone());
        tokio::task::spawn_blocking(move || {
            let [own, questions, kept] =
                [&own, &questions, &data.join("kept")].map(|path| path.to_str().unwrap().to_owned());
            process::run(
                &data,
                &["evaluate", "answers", &questions, "--json", "--config", &own, "--data", &kept],
            )
        })
    };
    endpoint.becomes(Mood::Fails(503));
    let output = measure().await.unwrap();
    assert!(!output.status.success());
    let complaint = process::stderr(&output);
    assert!(complaint.contains("not all entries can be embedded"), "{complaint}");

    endpoint.becomes(Mood::Good);
    endpoint.taken();
    let output = measure().await.unwrap();
    assert!(output.status.success(), "{}", process::stderr(&output));
    let sent = endpoint.taken();
    assert_eq!(Endpoint::questions(&sent), ["社保卡丢了怎么补办"]);
    assert!(
        sent.iter().any(|text| text.starts_with("社会保障卡") || text.contains("社保卡")),
        "the demo city's"
    );
    assert!(sent.last().is_some_and(|last| last.starts_with(QUERY)), "the entries come first");
    let output = measure().await.unwrap();
    assert!(output.status.success());
    assert_eq!(endpoint.taken().len(), 1, "the vectors are kept");
}
