//! Runs a command over the opened program.

use std::fmt::Write as _;
use std::time::Instant;

use anyhow::{Context, bail};
use async_trait::async_trait;
use serde_json::json;
use tokio::sync::mpsc::UnboundedSender;

use super::command::{Command, Report, Step};
use super::files;
use crate::app::App;
use crate::desk::accounts;
use crate::dialogue::answer::PLACE_IN_QUEUE;
use crate::dialogue::{Context as Memory, Input, Interrupt, Locale, Progress, Turn, Utterance};
use crate::store;

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
        Command::Import { paths, mapping, taking } => {
            files::import(app, &paths, mapping.as_deref(), taking, out).await?;
        }
        Command::Export { kind, format, output } => {
            files::export(app, kind, format, output.as_deref(), out).await?;
        }
        Command::Ask { question, json } => say(ask(app, question, json).await?),
        Command::Replay { message, json } => {
            say(super::replay::replay(app, &message, json, &Quiet).await?);
        }
        Command::Search { question, limit, json, explain } => {
            say(super::search::search(app, &question, limit, json, explain).await?);
        }
        Command::Trial { trial } => say(super::trial::run(app, trial, out).await?),
        Command::Answers { file, json, misses } => {
            embed(app, out).await?;
            say(super::answers::measure(app, &file, json, misses, out).await?);
        }
        Command::FollowUps { file, json, misses } => {
            embed(app, out).await?;
            say(super::follow_ups::measure(app, &file, json, misses, out).await?);
        }
        Command::Backup { directory } => {
            let summary = store::backup(store, &directory, app.ledger.now()).await?;
            say(format!("{} records were written to {}", summary.records, directory.display()));
        }
        Command::Verify => verify(app, out).await?,
        Command::Reindex => reindex(app, out).await?,
    }
    Ok(())
}

/// What is measured with embeddings is measured with all of them: while some lack, the same questions come to something else.
async fn embed(app: &App, out: &UnboundedSender<Report>) -> anyhow::Result<()> {
    let Some(dense) = app.knowledge.dense() else { return Ok(()) };
    let after = |done, total| drop(out.send(Report::Progress { step: Step::Embedding, done, total }));
    dense.catch_up(&*app.store, after).await.context("not all entries can be embedded")
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

/// A question of nobody in particular, in a conversation of its own.
pub(super) async fn turn_of(app: &App, question: String) -> Turn {
    turn_after(app, &Memory::default(), Utterance::Text(question)).await
}

/// A turn of nobody in particular, after what is remembered.
pub(super) async fn turn_after(app: &App, memory: &Memory, utterance: Utterance) -> Turn {
    let input = Input { utterance, locale: Locale::Zh, region: None, audience: None, asker: None };
    app.gateway.engine().turn(memory, &input, &Quiet).await
}

async fn ask(app: &App, question: String, as_json: bool) -> anyhow::Result<String> {
    let begun = Instant::now();
    let turn = turn_of(app, question).await;
    let took = begun.elapsed();
    let Some(mut reply) = turn.reply else { bail!("the turn had no reply") };
    if reply.text.contains(PLACE_IN_QUEUE) {
        // Nobody is put into the queue by this; it is the place that whoever comes next would have.
        let place = app.ledger.queue().await?.len() + 1;
        reply.text = reply.text.replace(PLACE_IN_QUEUE, &place.to_string());
    }
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
        .rebuild(move |done, total| {
            drop(progress.send(Report::Progress { step: Step::Indexing, done, total }));
        })
        .await?;
    let text = format!("{entries} entries were indexed anew in {:.1} s", begun.elapsed().as_secs_f64());
    drop(out.send(Report::Line { text }));
    Ok(())
}
