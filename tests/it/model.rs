//! With a language model: phrased from the evidence, streamed, and quoted instead whenever the model fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use serde_json::{Value, json};

use crate::support::visitor::{Socket, Visitor};
use crate::support::{MEMORY, Server, config, eventually};

/// An OpenAI-compatible endpoint that follows a script and remembers what it was asked.
#[derive(Default)]
struct Model {
    script: Vec<String>,
    status: u16,
    asked: std::sync::Mutex<Vec<Value>>,
    calls: AtomicUsize,
    stall: bool,
}

async fn complete(State(model): State<Arc<Model>>, axum::Json(body): axum::Json<Value>) -> Response {
    model.asked.lock().unwrap().push(body);
    model.calls.fetch_add(1, Ordering::Relaxed);
    if model.stall {
        std::future::pending::<()>().await;
    }
    let mut events = String::new();
    for piece in &model.script {
        events.push_str(&format!("data: {}\n\n", json!({ "choices": [{ "delta": { "content": piece } }] })));
    }
    events.push_str("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n");
    Response::builder()
        .status(model.status)
        .header("content-type", "text/event-stream")
        .body(Body::from(events))
        .unwrap()
}

async fn server_with(model: Arc<Model>) -> Server {
    server_waiting(model, "300ms").await
}

/// A server that waits so long for the first piece of an answer.
async fn server_waiting(model: Arc<Model>, first_token: &str) -> Server {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        axum::serve(listener, Router::new().route("/v1/chat/completions", post(complete)).with_state(model))
            .await
            .unwrap();
    });
    let data = tempfile::tempdir().unwrap().keep();
    let own = format!(
        "{MEMORY}[model]\nbase_url = \"http://{address}/v1\"\nmodel = \"scripted\"\napi_key = \"k\"\nfirst_token_timeout = \"{first_token}\"\ntotal_timeout = \"60s\"\n[dialogue]\npatience = \"0s\"\nunwatched = \"1s\"\n"
    );
    Server::start(config(&data, &own), &[]).await
}

const QUESTION: &str = "身份证丢了怎么补办，我的手机号是13800138000";

#[tokio::test(flavor = "multi_thread")]
async fn the_models_words_go_out_with_their_sources_and_the_question_goes_in_masked() {
    let script = ["去派出所", "申请补领就行。[", "1]"].map(str::to_owned).to_vec();
    let model = Arc::new(Model { script, status: 200, ..Model::default() });
    let server = server_waiting(Arc::clone(&model), "20s").await;
    let answer = server.ask(QUESTION, None).await;
    assert!(answer["answer"].as_str().unwrap().starts_with("去派出所申请补领就行。[1]"), "{answer}");
    assert_eq!(answer["citations"].as_array().unwrap().len(), 1);
    let asked = model.asked.lock().unwrap()[0].to_string();
    assert!(!asked.contains("13800138000"), "personal data reaches no model");
    assert!(asked.contains("scripted"));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_fails_invents_or_stalls_is_replaced_by_quoting() {
    let scripts = [
        ("no source", Model { script: vec!["随便说说".to_owned()], status: 200, ..Model::default() }),
        ("refuses", Model { script: vec!["NO_ANSWER".to_owned()], status: 200, ..Model::default() }),
        ("server error", Model { status: 500, ..Model::default() }),
        ("stalls", Model { stall: true, status: 200, ..Model::default() }),
        ("another source", Model { script: vec!["见[9]".to_owned()], status: 200, ..Model::default() }),
    ];
    for (what, model) in scripts {
        let model = Arc::new(model);
        let server = server_with(Arc::clone(&model)).await;
        let answer = server.ask(QUESTION, None).await;
        assert_eq!(answer["outcome"], "answered", "{what}: {answer}");
        let text = answer["answer"].as_str().unwrap();
        assert!(
            text.contains("[1]") && !text.contains("随便") && !text.contains("NO_ANSWER"),
            "{what}: {text}"
        );
        assert!(model.calls.load(Ordering::Relaxed) >= 1, "{what}: the model was asked");
        server.stop().await;
    }
}

/// A citizen who has asked, and whom this model, which says nothing, keeps waiting.
async fn waiting_citizen(server: &Server, model: &Model) -> (Visitor, Socket) {
    let before = model.calls.load(Ordering::Relaxed);
    let visitor = Visitor::new(server).await;
    let mut socket = visitor.connect(None, 0).await;
    socket.send(json!({ "t": "say", "id": "a", "text": QUESTION })).await;
    socket.until(|frame| frame["t"] == "thinking").await;
    eventually("the model is asked", async || (model.calls.load(Ordering::Relaxed) > before).then_some(()))
        .await;
    (visitor, socket)
}

fn silent() -> Arc<Model> {
    Arc::new(Model { stall: true, status: 200, ..Model::default() })
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_citizen_leaves_the_model_is_no_longer_waited_for_and_the_answer_is_kept() {
    let model = silent();
    let server = server_waiting(Arc::clone(&model), "50s").await;
    let (visitor, socket) = waiting_citizen(&server, &model).await;
    drop(socket);
    // Looking into the thread would count as watching, so it is left alone for as long as the program may wait.
    let quoted = "yikouwen_answers_total{by=\"quote\"} 1";
    eventually(quoted, async || server.metrics().await.lines().any(|line| line == quoted).then_some(()))
        .await;
    let thread = visitor.thread().await;
    assert_eq!(thread.len(), 2, "{thread:?}");
    assert!(thread[1]["text"].as_str().unwrap().contains("[1]"), "quoted: {thread:?}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_citizen_stops_an_answer_or_asks_for_a_person_without_waiting_for_the_model() {
    let model = silent();
    let server = server_waiting(Arc::clone(&model), "50s").await;
    let (_, mut socket) = waiting_citizen(&server, &model).await;
    socket.send(json!({ "t": "stop", "id": "s" })).await;
    let stopped = socket.until(|frame| frame["message"]["author"] == "robot").await;
    assert_eq!(stopped["message"]["text"], "已停止回答。");

    let (_, mut socket) = waiting_citizen(&server, &model).await;
    socket.send(json!({ "t": "human", "id": "h" })).await;
    let state = socket.until(|frame| frame["t"] == "state" && frame["stage"] == "queued").await;
    assert_eq!(state["position"], 1);
    server.stop().await;
}
