//! `yikouwen check --online`, as an operator runs it before the first start.

use super::process;

/// Runs it with this configuration; returns the exit code and what it printed.
pub(crate) async fn check_online(own: &str) -> (Option<i32>, String) {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("own.toml");
    std::fs::write(&file, own).unwrap();
    let running = tokio::task::spawn_blocking(move || {
        process::run(data.path(), &["check", "--online", "--config", file.to_str().unwrap()])
    });
    let output = running.await.unwrap();
    (output.status.code(), process::stdout(&output) + &process::stderr(&output))
}
