//! Sets of questions on the command line: listed, added, run, and two runs compared.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context;
use comfy_table::Table;
use jiff::tz::TimeZone;
use serde_json::json;
use tokio::sync::mpsc::UnboundedSender;

use super::command::{Report, Step, TrialCommand};
use crate::app::App;
use crate::retrieval::trial::{Comparison, RowRecord, RunRecord, RunState, Trials, read_lines};

/// Whose name stands on what the command line makes.
const OPERATOR: &str = "yikouwen";

/// The most changed questions that a comparison prints as a table; `--json` prints all.
const PRINTED: usize = 40;

/// Does what was asked for and returns what to print.
pub(super) async fn run(
    app: &App,
    command: TrialCommand,
    out: &UnboundedSender<Report>,
) -> anyhow::Result<String> {
    let trials = &app.trials;
    match command {
        TrialCommand::List { json } => list(trials, json).await,
        TrialCommand::Add { name, file } => add(trials, &name, &file).await,
        TrialCommand::Run { set, json } => {
            let progress = out.clone();
            let run = trials
                .run_set(&set, None, OPERATOR, move |done, total| {
                    drop(progress.send(Report::Progress { step: Step::Asking, done, total }));
                })
                .await
                .with_context(|| format!("cannot run `{set}`"))?;
            if json {
                let rows = trials.rows(run.number).await?;
                return Ok(json!({ "run": run, "rows": rows }).to_string());
            }
            Ok(runs_table(&[run]).to_string())
        }
        TrialCommand::Compare { before, after, json } => {
            let comparison = trials
                .compare(before, after)
                .await
                .with_context(|| format!("cannot compare runs {before} and {after}"))?;
            if json { Ok(serde_json::to_string(&comparison)?) } else { compared(&comparison) }
        }
    }
}

async fn list(trials: &Trials, as_json: bool) -> anyhow::Result<String> {
    let (sets, runs) = (trials.sets().await?, trials.runs(None).await?);
    if as_json {
        return Ok(json!({ "sets": sets, "runs": runs }).to_string());
    }
    let mut table = table(&["set", "questions", "judged", "id"]);
    for set in sets {
        table.add_row([set.name, set.questions.to_string(), set.judged.to_string(), set.id]);
    }
    Ok(format!("{table}\n{}", runs_table(&runs)))
}

async fn add(trials: &Trials, name: &str, file: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let questions = read_lines(&text);
    let set = match trials.set(name).await {
        Ok(set) => trials.change_set(&set.id, &set.name, questions).await,
        Err(_) => trials.add_set(name, questions, OPERATOR).await,
    };
    let set = set.with_context(|| format!("cannot keep {}", file.display()))?;
    Ok(format!("`{}` has {} questions", set.name, set.questions.len()))
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::UTF8_BORDERS_ONLY);
    table.set_header(header);
    table
}

fn runs_table(runs: &[RunRecord]) -> Table {
    let mut table = table(&[
        "run",
        "set",
        "begun",
        "state",
        "knowledge",
        "weights",
        "answered",
        "asked back",
        "none",
        "right",
        "first 3",
        "confidence",
    ]);
    for run in runs {
        let totals = &run.totals;
        let state = match run.state {
            RunState::Running => format!("running {}/{}", run.done, run.total),
            RunState::Finished => "finished".to_owned(),
            RunState::Stopped => format!("stopped {}/{}", run.done, run.total),
            RunState::Failed => format!("failed {}/{}", run.done, run.total),
        };
        table.add_row([
            run.number.to_string(),
            run.set_name.clone(),
            run.begun_at.to_zoned(TimeZone::system()).strftime("%F %H:%M").to_string(),
            state,
            run.version.knowledge.to_string(),
            run.version.weights.clone(),
            totals.answered.to_string(),
            totals.clarify.to_string(),
            totals.no_answer.to_string(),
            format!("{}/{}", totals.right, totals.right + totals.wrong),
            format!("{}/{}", totals.in_three, totals.with_expected),
            format!("{:.3}", totals.mean_confidence),
        ]);
    }
    table
}

fn compared(comparison: &Comparison) -> anyhow::Result<String> {
    let mut text = runs_table(&[comparison.before.clone(), comparison.after.clone()]).to_string();
    let Comparison { worse, better, first_changed, outcome_changed, confidence_moved, common, right, .. } =
        comparison;
    write!(
        text,
        "\n{common} questions in both: {worse} worse, {better} better; right {} -> {}; another first hit {first_changed}, \
         another outcome {outcome_changed}, confidence moved {confidence_moved}",
        right[0], right[1]
    )?;
    if comparison.only_before + comparison.only_after > 0 {
        write!(text, "; {} only before, {} only after", comparison.only_before, comparison.only_after)?;
    }
    if comparison.rows.is_empty() {
        return Ok(text);
    }
    let mut changed = table(&["change", "question", "expected", "before", "after"]);
    for row in comparison.rows.iter().take(PRINTED) {
        let expected = if row.after.question.unanswerable {
            "-".to_owned()
        } else {
            row.after.question.expected.join(" ")
        };
        let name = serde_json::to_value(row.change)?;
        changed.add_row([
            name.as_str().unwrap_or_default().to_owned(),
            row.after.question.text.clone(),
            expected,
            side(&row.before),
            side(&row.after),
        ]);
    }
    write!(text, "\n{changed}")?;
    if comparison.rows.len() > PRINTED {
        write!(text, "\n… and {} more; --json prints all", comparison.rows.len() - PRINTED)?;
    }
    Ok(text)
}

fn side(row: &RowRecord) -> String {
    let outcome = row.outcome.as_deref().or(row.intent.as_deref()).unwrap_or("-");
    match row.hits.first() {
        Some(hit) => format!("{outcome} {} {:.2}", hit.id, hit.confidence),
        None => outcome.to_owned(),
    }
}
