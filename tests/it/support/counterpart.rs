//! A platform of somebody's own: takes what the HTTP channel pushes, and signs what it sends. What it knows of signatures it
//! knows from `docs/channels/http.md`, not from our code.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;

use crate::channel_conformance::{FORM, SOUND};

/// The secret of both sides.
pub(crate) const SECRET: &str = "anhe-kiosk-secret-2026";

#[derive(Default)]
struct World {
    /// What was taken, each id once, as the document asks for.
    taken: Vec<Value>,
    attempts: usize,
    /// What to answer with next: a status and a pause; then 200.
    next: VecDeque<(u16, Option<String>)>,
    /// What it does to every push until it is mended.
    trouble: Option<Trouble>,
}

/// What is wrong with the platform for a while.
#[derive(Clone, Copy)]
pub(crate) enum Trouble {
    /// It answers with this status.
    Status(u16),
    /// It does not answer.
    Silence,
}

/// The platform.
#[derive(Clone, Default)]
pub(crate) struct Counterpart {
    pub(crate) url: String,
    world: Arc<Mutex<World>>,
}

/// The values of both headers for a payload, at the present time moved by so many seconds.
pub(crate) fn signed(secret: &str, payload: &[u8], moved: i64) -> (String, String) {
    let timestamp = (super::time::now().as_second() + moved).to_string();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{timestamp}.").as_bytes());
    mac.update(payload);
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    (timestamp, format!("sha256={hex}"))
}

impl Counterpart {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/replies", listener.local_addr().unwrap());
        let platform = Self { url, world: Arc::default() };
        let router = Router::new()
            .route("/replies", post(take))
            .route("/photo.jpg", axum::routing::get(|| async { ([("content-type", "image/jpeg")], "jpeg") }))
            .route(
                "/photo.png",
                axum::routing::get(|| async { ([("content-type", "image/png")], crate::files::PNG) }),
            )
            .route("/sound.amr", axum::routing::get(|| async { ([("content-type", "audio/amr")], SOUND) }))
            .route(
                "/form.pdf",
                axum::routing::get(|| async { ([("content-type", "application/pdf")], FORM) }),
            )
            .route(
                "/away",
                axum::routing::get(|| async { axum::response::Redirect::temporary("/photo.jpg") }),
            )
            .with_state(platform.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        platform
    }

    /// What was pushed, in order, each id once.
    pub(crate) fn taken(&self) -> Vec<Value> {
        self.world.lock().unwrap().taken.clone()
    }

    pub(crate) fn attempts(&self) -> usize {
        self.world.lock().unwrap().attempts
    }

    /// From now on this is wrong.
    pub(crate) fn trouble(&self, trouble: Option<Trouble>) {
        self.world.lock().unwrap().trouble = trouble;
    }

    /// Answers the next pushes so.
    pub(crate) fn answer(&self, next: impl IntoIterator<Item = (u16, Option<&'static str>)>) {
        let next = next.into_iter().map(|(status, pause)| (status, pause.map(str::to_owned)));
        self.world.lock().unwrap().next = next.collect();
    }
}

async fn take(State(platform): State<Counterpart>, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name: &str| headers.get(name).unwrap().to_str().unwrap().to_owned();
    let timestamp = header("x-yikouwen-timestamp");
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("{timestamp}.").as_bytes());
    mac.update(&body);
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(header("x-yikouwen-signature"), format!("sha256={hex}"));
    let trouble = platform.world.lock().unwrap().trouble;
    if let Some(Trouble::Silence) = trouble {
        platform.world.lock().unwrap().attempts += 1;
        return std::future::pending().await;
    }
    let mut world = platform.world.lock().unwrap();
    world.attempts += 1;
    if let Some(Trouble::Status(status)) = trouble {
        return StatusCode::from_u16(status).unwrap().into_response();
    }
    if let Some((status, pause)) = world.next.pop_front() {
        let mut response = StatusCode::from_u16(status).unwrap().into_response();
        if let Some(pause) = pause {
            response.headers_mut().insert("retry-after", pause.parse().unwrap());
        }
        return response;
    }
    let reply: Value = serde_json::from_slice(&body).unwrap();
    if !world.taken.iter().any(|known| known["id"] == reply["id"]) {
        world.taken.push(reply);
    }
    StatusCode::NO_CONTENT.into_response()
}
