//! Runs a command over the opened program.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, bail};
use async_trait::async_trait;
use serde_json::json;
use tokio::sync::mpsc::UnboundedSender;

use super::command::{Command, ExportKind, Report};
use crate::app::App;
use crate::desk::accounts;
use crate::dialogue::{Context as Memory, Input, Interrupt, Locale, Progress, Utterance};
use crate::records::{ConversationRecord, keys};
use crate::store::{self, StoreExt};

/// Runs a command; what it says goes to `out`. A receiver that is gone is no reason to stop halfway.
///
/// # Errors
/// Why the command failed.
pub async fn run(app: &App, command: Command, out: &UnboundedSender<Report>) -> anyhow::Result<()> {
    let say = |text: String| drop(out.send(Report::Line { text }));
    let store = &*app.store;
    match command {
        Command::HelperAdd { name, password, role } => {
            let made_up = password.is_none();
            let password = password.unwrap_or_else(accounts::random_password);
            if accounts::long_enough(&password).is_err() {
                say(format!(
                    "warning: the password has fewer than {} characters",
                    accounts::SHORTEST_PASSWORD
                ));
            }
            let helper = accounts::add(store, &name, role, &password, made_up, app.ledger.now()).await?;
            say(format!("helper `{}` was added", helper.name));
            if made_up {
                say(format!("first password: {password}"));
            }
        }
        Command::HelperList => {
            for helper in accounts::list(store).await? {
                let role = serde_json::to_value(helper.role)?;
                let state = if helper.disabled { "disabled" } else { "active" };
                say(format!("{}\t{}\t{state}", helper.name, role.as_str().unwrap_or_default()));
            }
        }
        Command::HelperDisable { name, enable } => {
            accounts::disable(store, &name, !enable).await?;
            if !enable {
                app.desk.leave(&name).await?;
            }
            say(format!("helper `{name}` was {}", if enable { "enabled" } else { "disabled" }));
        }
        Command::HelperPassword { name, password } => {
            let made_up = password.is_none();
            let password = password.unwrap_or_else(accounts::random_password);
            if accounts::long_enough(&password).is_err() {
                say(format!(
                    "warning: the password has fewer than {} characters",
                    accounts::SHORTEST_PASSWORD
                ));
            }
            accounts::set_password(store, &name, &password, made_up).await?;
            say(format!("the password of `{name}` was changed"));
            if made_up {
                say(format!("first password: {password}"));
            }
        }
        Command::Import { paths } => import(app, &paths, out).await?,
        Command::Export { kind } => export(app, kind, out).await?,
        Command::Ask { question, json } => say(ask(app, question, json).await?),
        Command::Search { question, limit, json, explain } => {
            say(super::search::search(app, &question, limit, json, explain).await?);
        }
        Command::Trial { trial } => say(super::trial::run(app, trial, out).await?),
        Command::Backup { directory } => {
            let summary = store::backup(store, &directory, app.ledger.now()).await?;
            say(format!("{} records were written to {}", summary.records, directory.display()));
        }
        Command::Verify => verify(app, out).await?,
        Command::Reindex => reindex(app, out).await?,
    }
    Ok(())
}

async fn import(app: &App, paths: &[PathBuf], out: &UnboundedSender<Report>) -> anyhow::Result<()> {
    let mut files = Vec::new();
    for path in paths {
        for file in expand(path)? {
            let bytes = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
            files.push((file.display().to_string(), bytes));
        }
    }
    if files.is_empty() {
        bail!("there is no .jsonl file in what was named");
    }
    let count = files.len();
    let progress = out.clone();
    let imported = app
        .knowledge
        .import(files, move |done, total| drop(progress.send(Report::Progress { done, total })))
        .await?;
    drop(out.send(Report::Line { text: format!("{imported} entries of {count} files were taken over") }));
    Ok(())
}

/// A file itself, or the `.jsonl` files of a directory in the order of their names.
fn expand(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let about = std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    if !about.is_dir() {
        if path.extension().is_none_or(|extension| extension != "jsonl") {
            bail!("{}: only .jsonl files can be imported", path.display());
        }
        return Ok(vec![path.to_owned()]);
    }
    let mut files: Vec<PathBuf> = std::fs::read_dir(path)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|file| file.extension().is_some_and(|extension| extension == "jsonl"))
        .collect();
    files.sort();
    Ok(files)
}

async fn export(app: &App, kind: ExportKind, out: &UnboundedSender<Report>) -> anyhow::Result<()> {
    let say = |text: String| drop(out.send(Report::Line { text }));
    match kind {
        ExportKind::Entries => {
            for entry in app.knowledge.entries().await? {
                say(serde_json::to_string(&entry)?);
            }
        }
        ExportKind::Conversations => {
            for record in app.store.scan_all(&keys::conversations()).await? {
                let conversation: ConversationRecord = record.decode()?;
                let messages = app.ledger.messages(&conversation.id, 0, usize::MAX).await?;
                let mut value = serde_json::to_value(&conversation)?;
                if let Some(members) = value.as_object_mut() {
                    members.insert("messages".to_owned(), serde_json::to_value(messages)?);
                }
                say(value.to_string());
            }
        }
        ExportKind::Gaps => {
            for record in app.store.scan_all(&keys::gaps()).await? {
                say(record.decode::<serde_json::Value>()?.to_string());
            }
        }
    }
    Ok(())
}

/// A turn on the command line shows no drafts and is never interrupted.
struct Quiet;

#[async_trait]
impl Progress for Quiet {
    fn thinking(&self) {}
    fn delta(&self, _text: &str) {}
    fn drop_draft(&self) {}
    async fn interrupted(&self) -> Interrupt {
        std::future::pending().await
    }
}

async fn ask(app: &App, question: String, as_json: bool) -> anyhow::Result<String> {
    let begun = Instant::now();
    let input =
        Input { utterance: Utterance::Text(question), locale: Locale::Zh, region: None, audience: None };
    let turn = app.gateway.engine().turn(&Memory::default(), &input, &Quiet).await;
    let took = begun.elapsed();
    let Some(reply) = turn.reply else { bail!("the turn had no reply") };
    let outcome = reply.outcome.map_or("answered", |outcome| outcome.name());
    if as_json {
        let citations: Vec<_> = reply
            .citations
            .iter()
            .map(|citation| {
                json!({ "number": citation.number, "id": citation.id, "title": citation.title, "url": citation.url, "quote": citation.quote })
            })
            .collect();
        let choices: Vec<_> =
            reply.choices.iter().map(|choice| json!({ "key": choice.key, "label": choice.label })).collect();
        let value = json!({
            "answer": reply.text, "outcome": outcome, "citations": citations, "choices": choices,
            "confidence": reply.confidence, "milliseconds": took.as_secs_f64() * 1e3,
        });
        return Ok(value.to_string());
    }
    let mut text = reply.text;
    for choice in &reply.choices {
        write!(text, "\n  {}. {}", choice.key, choice.label)?;
    }
    for citation in &reply.citations {
        write!(text, "\n[{}] {} ({})", citation.number, citation.title, citation.id)?;
    }
    let confidence = reply.confidence.map(|value| format!(", confidence {value:.2}")).unwrap_or_default();
    write!(text, "\n({outcome}{confidence}, {:.1} ms)", took.as_secs_f64() * 1e3)?;
    Ok(text)
}

async fn verify(app: &App, out: &UnboundedSender<Report>) -> anyhow::Result<()> {
    let say = |text: String| drop(out.send(Report::Line { text }));
    let summary = store::verify(&*app.store).await?;
    for (space, count) in &summary.spaces {
        say(format!("{space}\t{count}"));
    }
    if !summary.broken.is_empty() {
        for key in &summary.broken {
            say(format!("broken: {key}"));
        }
        bail!(
            "{} records cannot be read; restore a backup with `yikouwen restore DIR`",
            summary.broken.len()
        );
    }
    let entries = app.knowledge.entries().await?.len();
    // An index that is not there yet is being built, and what it has is of interest only then.
    app.knowledge.wait_until_searchable().await?;
    let (index, generation) = (app.knowledge.status(), app.knowledge.generation().await?);
    say(format!(
        "{} records, {} bytes; {entries} entries in generation {generation}, {} in the index in generation {}",
        summary.records, summary.bytes, index.entries, index.generation
    ));
    Ok(())
}

/// Builds the index beside the one in use, which goes on answering.
async fn reindex(app: &App, out: &UnboundedSender<Report>) -> anyhow::Result<()> {
    let begun = Instant::now();
    let progress = out.clone();
    let entries = app
        .knowledge
        .rebuild(move |done, total| drop(progress.send(Report::Progress { done, total })))
        .await?;
    let text = format!("{entries} entries were indexed anew in {:.1} s", begun.elapsed().as_secs_f64());
    drop(out.send(Report::Line { text }));
    Ok(())
}
