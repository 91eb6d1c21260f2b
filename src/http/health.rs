//! Whether the program lives, whether it can serve, and its figures.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::Shared;
use crate::retrieval::IndexStatus;
use crate::telemetry::KnowledgeFigures;

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/live", get(live)).route("/ready", get(ready)).route("/metrics", get(metrics))
}

/// The process runs.
async fn live() -> &'static str {
    "ok\n"
}

/// It can take questions: the store answers, there is knowledge and an index to search, and it is not about to end. Says
/// what is wrong otherwise, and what the index is doing in any case.
async fn ready(State(web): State<Shared>) -> Response {
    let mut faults = Vec::new();
    if web.stop.is_cancelled() {
        faults.push("stopping".to_owned());
    }
    let index = web.knowledge.status();
    let generation = web.knowledge.generation().await;
    match &generation {
        Err(error) => faults.push(format!("store: {error}")),
        Ok(_) if !index.serving => faults.push(missing(&index)),
        Ok(_) if index.entries == 0 => {
            faults.push("knowledge: there are no entries; run `yikouwen import`".to_owned());
        }
        Ok(_) => {}
    }
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let rebuild = index.rebuild.as_ref().map(
        |rebuild| serde_json::json!({ "reason": rebuild.reason, "done": rebuild.done, "total": rebuild.total }),
    );
    let last_change = index.last_change.map(
        |change| serde_json::json!({ "at": change.at.to_string(), "seconds": change.took.as_secs_f64() }),
    );
    let mut body = serde_json::json!({
        "ready": faults.is_empty(), "faults": faults, "entries": index.entries,
        "index": {
            "state": state(&index), "generation": index.generation,
            "store_generation": generation.unwrap_or(index.store_generation),
            "rebuild": rebuild, "failure": index.failure, "last_change": last_change,
        },
    });
    // No fault of the program's readiness: the other channels go on, and this one's messages wait.
    body["channels"] = web
        .channel_alarms()
        .into_iter()
        .map(|(id, kind, alarms)| (id.to_owned(), serde_json::json!({ "type": kind, "alarms": alarms })))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let models: Vec<_> = web
        .models()
        .into_iter()
        .map(|model| {
            let figures = model.figures;
            serde_json::json!({
                "id": model.id, "model": figures.model, "breaker": figures.standing, "alarms": model.alarms,
            })
        })
        .collect();
    if !models.is_empty() {
        // Answers are quoted without them, so they are no fault either.
        body["models"] = models.into();
    }
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

/// Why there is no index to search.
fn missing(index: &IndexStatus) -> String {
    match (&index.rebuild, &index.failure) {
        (Some(rebuild), _) => format!(
            "index: it is being built, {} of {} entries so far; questions wait for it",
            rebuild.done, rebuild.total
        ),
        (None, Some(failure)) => format!("index: {failure}; it is tried again"),
        (None, None) => "index: it will be built".to_owned(),
    }
}

/// What the index is doing, in a word.
fn state(index: &IndexStatus) -> &'static str {
    match index {
        IndexStatus { rebuild: Some(_), .. } => "rebuilding",
        IndexStatus { failure: Some(_), .. } => "failed",
        IndexStatus { generation, store_generation, .. } if generation < store_generation => "catching_up",
        _ => "current",
    }
}

/// The figures, in the text format that Prometheus reads.
async fn metrics(State(web): State<Shared>) -> Response {
    let queue = web.desk.ledger().queue().await.map_or(0, |queue| queue.len());
    let online = web.desk.online().await.unwrap_or(0);
    web.metrics.observe(web.gateway.pending(), queue, online);
    let alarms = web.channel_alarms();
    let raised = alarms.iter().flat_map(|(id, _, alarms)| alarms.iter().map(move |alarm| (*id, alarm.code)));
    web.metrics.observe_alarms(raised);
    let models = web.models();
    let raised =
        models.iter().flat_map(|model| model.alarms.iter().map(move |alarm| (model.id.as_str(), alarm.code)));
    web.metrics.observe_model_alarms(raised);
    web.metrics.observe_models(models.iter().map(|model| &model.figures));
    let index = web.knowledge.status();
    web.metrics.observe_knowledge(KnowledgeFigures {
        entries: index.entries,
        store_generation: index.store_generation,
        index_generation: index.generation,
        rebuilding: index.rebuild.is_some(),
        last_change: index.last_change.map(|change| change.took),
    });
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
