//! Whether the program lives, whether it can serve, and its figures.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::Shared;
use crate::records::keys;

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/live", get(live)).route("/ready", get(ready)).route("/metrics", get(metrics))
}

/// The process runs.
async fn live() -> &'static str {
    "ok\n"
}

/// It can take questions: the store answers, and it is not about to end. Says what is wrong otherwise.
async fn ready(State(web): State<Shared>) -> Response {
    let mut faults = Vec::new();
    if web.stop.is_cancelled() {
        faults.push("stopping".to_owned());
    }
    if let Err(error) = web.gateway.ledger().store().get(&keys::meta("knowledge")).await {
        faults.push(format!("store: {error}"));
    }
    if web.knowledge.is_empty() {
        faults.push("knowledge: there are no entries; run `yikouwen import`".to_owned());
    }
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut body =
        serde_json::json!({ "ready": faults.is_empty(), "faults": faults, "entries": web.knowledge.len() });
    if let Some(dense) = web.knowledge.dense() {
        // Answers are given without it, so it is no fault.
        let state = dense.state();
        body["embedding"] = match state.away {
            Some(reason) => format!("embedding away: lexical only ({reason})").into(),
            None => "here".into(),
        };
        body["vectors"] = state.holdings.vectors.into();
        body["texts_without_vector"] = state.holdings.lacking.into();
    }
    (status, axum::Json(body)).into_response()
}

/// The figures, in the text format that Prometheus reads.
async fn metrics(State(web): State<Shared>) -> Response {
    let queue = web.desk.ledger().queue().await.map_or(0, |queue| queue.len());
    let online = web.desk.online().await.unwrap_or(0);
    web.metrics.observe(web.gateway.pending(), queue, online, web.knowledge.len());
    if let Some(dense) = web.knowledge.dense() {
        let state = dense.state();
        let counts = state.questions;
        let questions = [
            ("embedded", counts.embedded),
            ("remembered", counts.remembered),
            ("failed", counts.failed),
            ("skipped", counts.skipped),
        ];
        let holdings = state.holdings;
        web.metrics.observe_embedding(state.away.is_some(), holdings.vectors, holdings.lacking, &questions);
    }
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], web.metrics.print()).into_response()
}

/// The description of the interface.
pub(super) async fn openapi(description: Arc<str>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], description.to_string()).into_response()
}
