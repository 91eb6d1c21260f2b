//! 一口问 (yikouwen): ask once, in one place. Citizens ask their government on whatever channel they have, and get an
//! answer with its sources, or a person.
//!
//! # Map
//!
//! Read [`dialogue`] first: it decides what is said, and knows nothing of the rest. Then [`gateway`]: how a message
//! becomes durable, is handled, and its reply leaves. Then [`app`], which puts everything together.
//!
//! - [`config`]: settings, one struct a section
//! - [`gateway`]: inbox, outbox, leases; channel words ↔ dialogue turns
//! - [`dialogue`]: stages, intents, one turn; pure but for its engine
//! - [`retrieval`], [`synthesis`]: the core's ports: evidence, and putting it into words
//! - [`embedding`]: vectors of texts, for search by meaning
//! - [`desk`]: helpers, queue, claims
//! - [`assist`]: the shared screen: consent, relay, scrubbing
//! - [`identity`]: citizens' login, and the joining of their channels by consent
//! - [`records`]: conversations as they are stored, above [`store`], the narrow waist
//! - [`bus`]: live events
//! - [`http`]: routes and who may call them
//! - [`admin`], [`cli`]: what the operator does, also beside a running server
//! - [`privacy`], [`telemetry`]: what must not leak, and what may be seen

pub mod admin;
pub mod app;
pub mod assist;
pub mod bus;
pub mod cli;
pub mod config;
pub mod desk;
pub mod dialogue;
pub mod embedding;
pub mod gateway;
pub mod http;
pub mod identity;
mod print;
pub mod privacy;
pub mod records;
pub mod retrieval;
pub mod store;
pub mod synthesis;
pub mod telemetry;

use std::future::Future;
use std::net::SocketAddr;

use anyhow::Context;
use tokio::net::TcpListener;

pub use app::App;
pub use config::Config;

/// Serves until `shutdown` ends, then finishes what is in hand within `server.drain`. Listener and end are handed in,
/// so that tests take a free port and never wait for one.
///
/// # Errors
/// When a part cannot be opened, or the listener fails.
pub async fn run(
    config: Config,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let app = App::open(config).await?;
    app.serve(listener, shutdown).await
}

/// Binds the configured address.
///
/// # Errors
/// When the address is taken or not ours.
pub async fn bind(config: &Config) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(config.server.listen)
        .await
        .with_context(|| format!("cannot listen on {}", config.server.listen))?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}
