//! A platform that is not there: an HTTP server that records what is pushed to it and fails on demand, and a channel
//! that pushes to it, as adapters for real platforms do.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use adapters::{Channel, ChannelError, ChannelId, Delivered, Inbox, Limits, Outbound, Peer};
use async_trait::async_trait;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;

/// What the platform saw, and the statuses it answers with next; then 200.
#[derive(Default)]
pub(crate) struct Recorder {
    pub(crate) seen: Mutex<Vec<(String, String)>>,
    pub(crate) next: Mutex<VecDeque<u16>>,
}

/// Starts the platform and returns its address.
pub(crate) async fn platform(recorder: Arc<Recorder>) -> String {
    async fn push(
        State(recorder): State<Arc<Recorder>>,
        axum::Json(body): axum::Json<serde_json::Value>,
    ) -> StatusCode {
        let status = recorder.next.lock().unwrap().pop_front().unwrap_or(200);
        if status == 200 {
            let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
            recorder.seen.lock().unwrap().push((text("id"), text("text")));
        }
        StatusCode::from_u16(status).unwrap()
    }
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        axum::serve(listener, Router::new().route("/push", post(push)).with_state(recorder)).await.unwrap();
    });
    format!("http://{address}/push")
}

/// A channel that pushes to the platform.
pub(crate) struct PushChannel {
    pub(crate) id: ChannelId,
    pub(crate) url: String,
    pub(crate) client: reqwest::Client,
}

#[async_trait]
impl Channel for PushChannel {
    fn id(&self) -> &ChannelId {
        &self.id
    }

    fn limits(&self) -> Limits {
        Limits { text_chars: 2_000, markdown: false, buttons: false, streaming: false }
    }

    fn routes(self: Arc<Self>, _inbox: Inbox) -> Router {
        Router::new()
    }

    async fn deliver(&self, _to: &Peer, reply: &Outbound) -> Result<Delivered, ChannelError> {
        let body = serde_json::json!({ "id": reply.id, "text": reply.text });
        let unavailable = |reason: String| ChannelError::Unavailable {
            reason,
            retry_after: Some(std::time::Duration::from_millis(20)),
        };
        let answer = self
            .client
            .post(&self.url)
            .json(&body)
            .send()
            .await
            .map_err(|error| unavailable(error.to_string()))?;
        match answer.status().as_u16() {
            200 => Ok(Delivered { platform_id: None }),
            410 => Err(ChannelError::Gone("blocked".to_owned())),
            status => Err(unavailable(status.to_string())),
        }
    }
}
