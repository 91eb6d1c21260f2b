//! A language model's endpoint that replies as a test says, whatever it is asked for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};

use super::fixture;

/// What a model replies to the words of a prompt: a text, or a status.
pub(crate) type Reply = Arc<dyn Fn(&str) -> Result<String, StatusCode> + Send + Sync>;

/// Serves a model; its `[model]` section, and the prompts that it gets.
pub(crate) async fn model(reply: Reply) -> (String, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&asked);
    let complete = move |axum::Json(body): axum::Json<Value>| {
        let told = body["messages"][1]["content"].as_str().unwrap().to_owned();
        let text = reply(&told);
        heard.lock().unwrap().push(told);
        async move {
            match text {
                Ok(text) => stream(&text),
                Err(status) => status.into_response(),
            }
        }
    };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/v1/chat/completions", post(complete));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (section(&address.to_string()), asked)
}

/// The settings of a model at an address.
pub(crate) fn section(address: &str) -> String {
    format!(
        "[model]\nbase_url = \"http://{address}/v1\"\nmodel = \"scripted\"\napi_key = \"k\"\nbreaker_failures = 0\n"
    )
}

/// The question of a prompt.
pub(crate) fn question(prompt: &str) -> &str {
    let (_, rest) = prompt.rsplit_once("<question>\n").unwrap();
    rest.split_once("\n</question>").unwrap().0
}

/// A text as a server sends it.
pub(crate) fn stream(text: &str) -> Response {
    let piece = json!({ "choices": [{ "delta": { "content": text } }] });
    let end = json!({ "choices": [{ "delta": {}, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": 90, "completion_tokens": 7 } });
    let events = format!("data: {piece}\n\ndata: {end}\n\ndata: [DONE]\n\n");
    Response::builder().header("content-type", "text/event-stream").body(Body::from(events)).unwrap()
}

/// What a prompt asks, and the titles of its evidence.
type Asked = (String, Vec<String>);

fn replies() -> HashMap<Asked, String> {
    let text = std::fs::read_to_string(fixture("model_replies.jsonl")).unwrap();
    let strings = |value: &Value| -> Vec<String> {
        value.as_array().unwrap().iter().map(|title| title.as_str().unwrap().to_owned()).collect()
    };
    text.lines()
        .map(|line| {
            let row: Value = serde_json::from_str(line).unwrap();
            let asked = (row["question"].as_str().unwrap().to_owned(), strings(&row["evidence"]));
            (asked, row["reply"].as_str().unwrap().to_owned())
        })
        .collect()
}

/// The question and the titles of a prompt.
fn asked(prompt: &str) -> Asked {
    let titles = prompt.lines().filter_map(|line| {
        let (number, title) = line.strip_prefix('[')?.split_once("] ")?;
        number.bytes().all(|byte| byte.is_ascii_digit()).then(|| title.to_owned())
    });
    (question(prompt).to_owned(), titles.collect())
}

/// A model that replies what a language model replied to the same prompts (`tests/fixtures/model_replies.jsonl`): the settings
/// for it, and the prompts that it gets. A prompt that was never recorded is refused.
pub(crate) async fn recorded() -> (String, Arc<Mutex<Vec<String>>>) {
    let replies = replies();
    let reply: Reply =
        Arc::new(move |prompt| replies.get(&asked(prompt)).cloned().ok_or(StatusCode::BAD_REQUEST));
    let (section, heard) = model(reply).await;
    (format!("[dialogue]\npatience = \"0s\"\n{section}"), heard)
}

/// How many of the prompts were never recorded.
pub(crate) fn unrecorded(prompts: &[String]) -> usize {
    let replies = replies();
    prompts.iter().filter(|prompt| !replies.contains_key(&asked(prompt))).count()
}
