//! A language model's endpoint that replies as a test says, whatever it is asked for.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};

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
