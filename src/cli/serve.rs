//! `serve` and `restore`: the commands that need the data directory for themselves.

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};

use super::{Common, fail};
use crate::app::App;
use crate::print::{announce, say};
use crate::{store, telemetry};

pub(super) async fn serve(common: &Common, listen: Option<SocketAddr>, demo: bool) -> ExitCode {
    match try_serve(common, listen, demo).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

async fn try_serve(common: &Common, listen: Option<SocketAddr>, demo: bool) -> anyhow::Result<()> {
    let mut config = common.load()?;
    if let Some(listen) = listen {
        config.server.listen = listen;
    }
    config.check()?;
    telemetry::init(&config.log);
    let (listener, _) = crate::bind(&config).await?;
    let app = App::open(config).await?;
    if let Some(password) = app.prepare(demo).await? {
        announce!("first login 首次登录: admin  one-time password 一次性密码: {password}");
    }
    app.serve(listener, ended()?).await
}

/// Ends at the first SIGTERM or SIGINT; at the second, the process does.
fn ended() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            // Whoever asks twice does not want to wait; everything acknowledged is durable.
            std::process::exit(1);
        });
    })
}

pub(super) async fn restore(common: &Common, directory: &Path) -> ExitCode {
    match try_restore(common, directory).await {
        Ok(records) => {
            say!("{records} records were restored");
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error),
    }
}

async fn try_restore(common: &Common, directory: &Path) -> anyhow::Result<u64> {
    let config = common.load()?;
    config.check()?;
    std::fs::create_dir_all(&config.data)?;
    let summary = store::restore(directory, &config.store_url()).await?;
    // The index belongs to the store that was there before; it is rebuilt at the next start.
    let index = config.data.join("index");
    if index.exists() {
        std::fs::remove_dir_all(&index).with_context(|| format!("cannot remove {}", index.display()))?;
    }
    Ok(summary.records)
}
