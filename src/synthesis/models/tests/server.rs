//! A server that answers as it is told, one step a request.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response};
use futures::{Stream, StreamExt, stream};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// The answer to one request.
#[derive(Clone)]
pub(super) enum Step {
    /// A status, headers and a body.
    Status(u16, Vec<(String, String)>, String),
    /// These chunks, and the end.
    Stream(Vec<Vec<u8>>),
    /// These chunks, and then nothing more.
    Stall(Vec<Vec<u8>>),
    /// The same again and again.
    Endless(String),
    /// The first once, and the second every few milliseconds.
    Drip(String, String),
    /// Not even headers.
    Silent,
}

impl Step {
    pub(super) fn status(status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let headers = headers.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self::Status(status, headers, body.to_owned())
    }

    pub(super) fn events(events: &[&str]) -> Self {
        Self::Stream(events.iter().map(|event| data(event).into_bytes()).collect())
    }

    pub(super) fn stall(chunks: &[&str]) -> Self {
        Self::Stall(chunks.iter().map(|chunk| chunk.as_bytes().to_vec()).collect())
    }
}

/// One event.
pub(super) fn data(event: &str) -> String {
    format!("data: {event}\n\n")
}

#[derive(Clone)]
struct Script {
    steps: Arc<Mutex<VecDeque<Step>>>,
    requests: Arc<Mutex<Vec<(String, String)>>>,
    asked: Arc<Semaphore>,
    gone: Arc<Semaphore>,
}

/// Says that the client is gone when the body it belongs to is dropped.
struct Watched(Arc<Semaphore>);

impl Drop for Watched {
    fn drop(&mut self) {
        self.0.add_permits(1);
    }
}

pub(super) struct Server {
    address: std::net::SocketAddr,
    script: Script,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub(super) async fn start(steps: Vec<Step>) -> Self {
        let script = Script {
            steps: Arc::new(Mutex::new(steps.into())),
            requests: Arc::default(),
            asked: Arc::new(Semaphore::new(0)),
            gone: Arc::new(Semaphore::new(0)),
        };
        let router = Router::new()
            .route("/v1/chat/completions", axum::routing::post(answer))
            .with_state(script.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, script, task }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// The authorization and the body of each request.
    pub(super) fn requests(&self) -> Vec<(String, String)> {
        self.script.requests.lock().unwrap().clone()
    }

    /// Ends when a request has come.
    pub(super) async fn asked(&self) {
        self.script.asked.acquire().await.unwrap().forget();
    }

    /// Ends when a body was given up.
    pub(super) async fn disconnected(&self) {
        let gone = self.script.gone.acquire();
        tokio::time::timeout(std::time::Duration::from_secs(30), gone).await.unwrap().unwrap().forget();
    }
}

async fn answer(State(script): State<Script>, headers: HeaderMap, body: String) -> Response<Body> {
    let authorization = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
    script.requests.lock().unwrap().push((authorization.unwrap_or_default(), body));
    let step =
        script.steps.lock().unwrap().pop_front().unwrap_or(Step::status(500, &[], "the script has ended"));
    script.asked.add_permits(1);
    let chunks: Pin<Box<dyn Stream<Item = Vec<u8>> + Send>> = match step {
        Step::Status(status, headers, body) => {
            let mut response = Response::builder().status(status);
            for (name, value) in headers {
                response = response.header(name, value);
            }
            return response.body(Body::from(body)).unwrap();
        }
        Step::Silent => std::future::pending().await,
        Step::Stream(chunks) => Box::pin(stream::iter(chunks)),
        Step::Stall(chunks) => Box::pin(stream::iter(chunks).chain(stream::pending())),
        Step::Drip(first, again) => {
            let again = stream::repeat(again.into_bytes()).then(|chunk| async move {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                chunk
            });
            Box::pin(stream::iter([first.into_bytes()]).chain(again))
        }
        Step::Endless(chunk) => Box::pin(stream::repeat(chunk.into_bytes())),
    };
    let watched = Watched(script.gone.clone());
    // Between two chunks the task gives way, so that they reach the client one by one.
    let chunks = chunks.then(move |chunk| {
        let _ = &watched;
        async move {
            tokio::task::yield_now().await;
            Ok::<_, Infallible>(Bytes::from(chunk))
        }
    });
    Response::builder().header("content-type", "text/event-stream").body(Body::from_stream(chunks)).unwrap()
}
