//! The client against a server that answers as it is told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Response};
use axum::routing::post;
use serde_json::{Value, json};

use super::*;

/// What the server answers next, and what it was asked: the authorization and the body.
#[derive(Default)]
struct Script {
    answers: Mutex<VecDeque<Option<(u16, String)>>>,
    asked: Mutex<Vec<(String, Value)>>,
}

async fn answer(State(script): State<Arc<Script>>, headers: HeaderMap, body: String) -> Response<String> {
    let authorization = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
    let body = serde_json::from_str(&body).unwrap();
    script.asked.lock().unwrap().push((authorization.unwrap_or_default(), body));
    let next = script.answers.lock().unwrap().pop_front();
    match next.unwrap_or_else(|| Some((500, "the script has ended".to_owned()))) {
        None => std::future::pending().await,
        Some((status, body)) => {
            Response::builder().status(status).header("retry-after", "7").body(body).unwrap()
        }
    }
}

async fn embedder(answers: Vec<Option<(u16, String)>>) -> (Embedder, Arc<Script>) {
    let script = Arc::new(Script { answers: Mutex::new(answers.into()), ..Script::default() });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v1/", listener.local_addr().unwrap());
    let router = Router::new().route("/v1/embeddings", post(answer)).with_state(Arc::clone(&script));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let settings = EmbeddingSettings {
        base_url,
        api_key: Some("sk-key".to_owned().into()),
        model: "m".to_owned(),
        dimensions: None,
        timeout: Duration::from_millis(400),
        batch_timeout: Duration::from_secs(20),
        query_prefix: "query: ".to_owned(),
        document_prefix: "passage: ".to_owned(),
        query_type: None,
        document_type: None,
        characters: 12,
    };
    (Embedder::new(settings, reqwest::Client::new()), script)
}

fn vectors(vectors: &[&[f32]]) -> Option<(u16, String)> {
    let data: Vec<Value> = vectors
        .iter()
        .enumerate()
        .map(|(index, vector)| json!({ "index": index, "embedding": vector }))
        .collect();
    Some((200, json!({ "data": data }).to_string()))
}

fn status(status: u16) -> Option<(u16, String)> {
    Some((status, json!({ "error": { "message": "nothing" } }).to_string()))
}

#[tokio::test]
async fn a_question_is_masked_cut_and_prefixed_and_asked_for_once() {
    let (embedder, script) = embedder(vec![vectors(&[&[3.0, 4.0]])]).await;
    let question = " 我的手机13800138000要换号怎么办理呢 ";
    for _ in 0..2 {
        assert_eq!(embedder.question(question, Some(2)).await.unwrap().as_ref(), [3.0, 4.0]);
    }
    assert!(embedder.question("  ", None).await.is_none(), "nothing is asked");
    let asked = script.asked.lock().unwrap().clone();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].0, "Bearer sk-key");
    assert_eq!(asked[0].1, json!({ "model": "m", "input": ["query: 我的手机【手机号】要换号"] }));
    let counts = embedder.counts();
    assert_eq!((counts.embedded, counts.remembered, counts.failed, counts.skipped), (1, 1, 0, 0));
}

#[tokio::test]
async fn many_questions_go_together_and_questions_and_documents_are_told_apart_where_the_server_wants_it() {
    let two = || vectors(&[&[1.0, 0.0], &[0.0, 1.0]]);
    let (plain, script) = embedder(vec![two(), two()]).await;
    let settings = EmbeddingSettings {
        query_type: Some("query".to_owned()),
        document_type: Some("passage".to_owned()),
        ..plain.settings().clone()
    };
    let embedder = Embedder::new(settings, reqwest::Client::new());
    let asked = ["甲", " ", "我的手机13800138000"].map(str::to_owned);
    let found = embedder.questions(&asked).await.unwrap();
    assert_eq!(found, [Some(vec![1.0, 0.0]), None, Some(vec![0.0, 1.0])]);
    assert_eq!(embedder.questions(&[String::new()]).await.unwrap(), [None], "nothing is asked");
    let sent = ["甲", "乙"].map(|text| embedder.document(text));
    embedder.documents(&sent).await.unwrap();
    let bodies: Vec<Value> = script.asked.lock().unwrap().iter().map(|(_, body)| body.clone()).collect();
    let questions = ["query: 甲", "query: 我的手机【手机号】"];
    assert_eq!(
        bodies,
        [
            json!({ "model": "m", "input": questions, "input_type": "query" }),
            json!({ "model": "m", "input": sent, "input_type": "passage" }),
        ]
    );
    assert_ne!(embedder.identity(&sent[0]), plain.identity(&sent[0]));
}

#[tokio::test]
async fn failures_end_without_a_vector_and_a_server_that_is_away_is_not_asked() {
    let cases = [
        ("failing", status(500), true),
        ("limited", status(429), true),
        ("a wrong key", status(401), true),
        ("no such model", status(404), true),
        ("garbage", Some((200, "[]".to_owned())), true),
        ("another size", vectors(&[&[1.0, 2.0, 3.0]]), true),
        ("two for one", vectors(&[&[1.0, 2.0], &[1.0, 2.0]]), true),
        ("one slow answer", None, false),
        ("a question it declines", status(400), false),
    ];
    for (what, bad, away) in cases {
        let (embedder, script) = embedder(vec![bad, vectors(&[&[1.0, 2.0]])]).await;
        assert!(embedder.question("甲", Some(2)).await.is_none(), "{what}");
        assert_eq!(embedder.away().is_away(), away, "{what}");
        assert_eq!(embedder.question("乙", Some(2)).await.is_none(), away, "{what}");
        assert_eq!(script.asked.lock().unwrap().len(), if away { 1 } else { 2 }, "{what}");
        assert_eq!(embedder.counts().skipped, u64::from(away), "{what}");
        if away {
            assert_eq!(embedder.probe().await, Ok(2), "{what}");
            assert!(!embedder.away().is_away(), "{what}");
        }
    }
}

#[tokio::test]
async fn a_remembered_question_needs_no_server_unless_the_size_has_changed() {
    let (embedder, _) = embedder(vec![vectors(&[&[1.0, 2.0]]), status(503)]).await;
    assert!(embedder.question("甲", Some(2)).await.is_some());
    assert!(embedder.question("乙", Some(2)).await.is_none());
    assert!(embedder.question("甲", Some(2)).await.is_some());
    assert!(embedder.question("甲", Some(3)).await.is_none());
}

#[tokio::test]
async fn documents_fail_with_what_is_to_be_done() {
    let (embedder, script) = embedder(vec![
        vectors(&[&[1.0, 0.0], &[0.0, 1.0]]),
        status(413),
        status(503),
        status(403),
        vectors(&[&[1.0]]),
    ])
    .await;
    let sent = [embedder.document("甲"), embedder.document("乙")];
    assert_eq!(sent, ["passage: 甲", "passage: 乙"]);
    assert_eq!(embedder.documents(&sent).await.unwrap(), [vec![1.0, 0.0], vec![0.0, 1.0]]);
    assert_eq!(embedder.documents(&sent).await, Err(EmbeddingError::Refused(413)));
    let unavailable = embedder.documents(&sent).await.unwrap_err();
    assert_eq!(unavailable.retry_after(), Some(Duration::from_secs(7)));
    let misconfigured = embedder.documents(&sent).await.unwrap_err();
    assert!(misconfigured.to_string().contains("[embedding] api_key"), "{misconfigured}");
    assert!(matches!(embedder.documents(&sent).await, Err(EmbeddingError::Unusable(_))));
    assert!(!embedder.away().is_away(), "questions are another matter");
    assert_eq!(script.asked.lock().unwrap().len(), 5);
    let nowhere =
        EmbeddingSettings { base_url: "http://127.0.0.1:1".to_owned(), ..embedder.settings().clone() };
    let nowhere = Embedder::new(nowhere, reqwest::Client::new());
    assert!(matches!(nowhere.documents(&sent).await, Err(EmbeddingError::Unavailable { .. })));
}
