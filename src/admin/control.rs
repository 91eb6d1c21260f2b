//! Commands beside a running server. The server listens on a loopback port of its own and leaves port and token in a
//! file of the data directory that only its owner can read; whoever can read it could read the store as well.

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Json, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tokio_util::sync::CancellationToken;

use super::command::{Command, Report};
use crate::app::App;
use crate::records::token;

/// The file's name in the data directory.
const FILE: &str = "control.json";

#[derive(Serialize, Deserialize)]
struct Address {
    address: SocketAddr,
    token: String,
}

/// Removes the file when the server ends; one that a killed server left behind leads nowhere and does no harm.
pub(crate) struct Listening(PathBuf);

impl Drop for Listening {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
    }
}

struct Control {
    app: Arc<App>,
    token: [u8; 32],
}

/// Begins to listen for commands.
///
/// # Errors
/// When the port or the file cannot be made.
pub(crate) async fn listen(app: Arc<App>, stop: CancellationToken) -> anyhow::Result<Listening> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("cannot listen for commands")?;
    let token = token::fresh();
    let path = app.config.data.join(FILE);
    let address = Address { address: listener.local_addr()?, token: token.clone() };
    write_private(&path, &serde_json::to_vec(&address)?)
        .with_context(|| format!("cannot write {}", path.display()))?;
    let control = Arc::new(Control { app, token: Sha256::digest(&token).into() });
    let router = Router::new()
        .route("/command", post(command))
        .layer(DefaultBodyLimit::max(1024 * 1024))
        .with_state(control);
    tokio::spawn(async move {
        let served = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await;
        if let Err(error) = served {
            tracing::error!(%error, "commands are no longer listened for");
        }
    });
    Ok(Listening(path))
}

/// Writes a file that nobody else can read.
fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    // A file of an earlier server may have other permissions, so it is made anew.
    drop(std::fs::remove_file(path));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)?.write_all(bytes)
}

/// Runs a command and streams its reports, one JSON object a line.
async fn command(
    State(control): State<Arc<Control>>,
    headers: HeaderMap,
    Json(command): Json<Command>,
) -> Response {
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .unwrap_or_default();
    // Digests are compared, so that the time it takes says nothing of where the difference lies.
    if <[u8; 32]>::from(Sha256::digest(given)) != control.token {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let (sender, reports) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let last = match super::run(&control.app, command, &sender).await {
            Ok(()) => Report::Done,
            Err(error) => Report::Failed { text: format!("{error:#}"), usage: false },
        };
        drop(sender.send(last));
    });
    let lines = UnboundedReceiverStream::new(reports).map(|report| {
        let mut line = serde_json::to_vec(&report).unwrap_or_default();
        line.push(b'\n');
        Ok::<_, std::convert::Infallible>(line)
    });
    Body::from_stream(lines).into_response()
}

/// Sends a command to the server that holds the data directory, and hands its reports on until `show` breaks off.
/// `None`: no server answers there.
///
/// # Errors
/// When the server answers, but not as ours does.
pub async fn send(
    data: &Path,
    command: &Command,
    mut show: impl FnMut(Report) -> ControlFlow<()>,
) -> anyhow::Result<Option<()>> {
    let Ok(bytes) = std::fs::read(data.join(FILE)) else { return Ok(None) };
    let Ok(address) = serde_json::from_slice::<Address>(&bytes) else { return Ok(None) };
    let client = crate::app::client(std::time::Duration::from_secs(2), &adapters::Trust::default())?;
    let request =
        client.post(format!("http://{}/command", address.address)).bearer_auth(&address.token).json(command);
    let response = match request.send().await {
        Ok(response) => response,
        // The server that wrote the file is gone.
        Err(error) if error.is_connect() => return Ok(None),
        Err(error) => return Err(error).context("the running server did not answer"),
    };
    match response.status() {
        StatusCode::OK => {}
        // Another program has the port of a server that was killed.
        StatusCode::UNAUTHORIZED | StatusCode::NOT_FOUND => return Ok(None),
        status => bail!("the running server answered {status}"),
    }
    let mut stream = response.bytes_stream();
    let mut rest = Vec::new();
    while let Some(chunk) = stream.next().await {
        rest.extend_from_slice(&chunk.context("the running server broke off")?);
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = rest.drain(..=end).collect();
            let report =
                serde_json::from_slice(&line).context("the running server answered something else")?;
            if show(report).is_break() {
                return Ok(Some(()));
            }
        }
    }
    Ok(Some(()))
}
