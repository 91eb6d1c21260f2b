//! `evaluate`: figures as tables and as JSON.

mod collections;
mod evidence;
mod fitting;
mod guardrails;
mod hearing;
mod language;
mod meaning;
mod report;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Subcommand;
use knowledge::Analyzer;
use knowledge::evaluate::retrieval::{self, Figures};

use super::{Common, absolute, fail};
use crate::admin::Command;
use crate::print::say;

#[derive(Subcommand, Debug)]
pub(super) enum Evaluate {
    /// Retrieval over a collection, with a throw-away index of the product's own analysis and ranking
    Retrieval {
        /// Documents: {"id","title","text","similar"?} a line
        #[arg(long, value_name = "C.jsonl")]
        corpus: PathBuf,
        /// Questions: {"id","text","type"?} a line
        #[arg(long, value_name = "Q.jsonl")]
        queries: PathBuf,
        /// Judgments: question, document, relevance, separated by tabs
        #[arg(long, value_name = "R.tsv")]
        qrels: Option<PathBuf>,
        /// Where to write the run: question, document, rank, confidence
        #[arg(long, value_name = "OUT.tsv")]
        run: Option<PathBuf>,
        /// The figures as JSON
        #[arg(long)]
        json: bool,
    },
    /// Many collections in one table, beside tantivy over jieba's words
    Collections(collections::Collections),
    /// Fits the weights of the ranking on entries, each similar question left out in turn
    Train(fitting::Train),
    /// Chooses from which confidence on to answer, by what mistakes cost
    Thresholds(fitting::Thresholds),
    /// Personal data in citizens' words, and look-alikes: {"id","text","secrets":[{"kind","value"}]} a line
    Masking(language::Lines),
    /// The verification of answers, on faithful ones and on the same made wrong in one place
    Guardrails(guardrails::Guardrails),
    /// Whole answers: {"id","question","entries"?,"must"?,"must_not"?,"forbidden"?} a line
    Answers {
        #[command(flatten)]
        common: Common,
        /// The questions
        #[arg(value_name = "QUESTIONS.jsonl")]
        file: PathBuf,
        /// The figures as JSON
        #[arg(long)]
        json: bool,
        /// Prints every question whose answer is not as it should be
        #[arg(long)]
        misses: bool,
    },
    /// Conversations: {"id","turns":[{"question","entries","standalone"?}]} a line; how often the right entry is first
    FollowUps {
        #[command(flatten)]
        common: Common,
        /// The conversations
        #[arg(value_name = "CONVERSATIONS.jsonl")]
        file: PathBuf,
        /// The figures as JSON
        #[arg(long)]
        json: bool,
        /// Prints every turn for which another entry was found first
        #[arg(long)]
        misses: bool,
    },
    /// What citizens want of the conversation itself: {"id","text","intent"} a line
    Intents(language::Lines),
    /// Fits the weights by which wishes are heard that no rule foresaw
    TrainIntents(hearing::TrainIntents),
    /// Everything that is measured without a model, as a page (index.html) and as JSON (report.json)
    Report(report::Asked),
}

/// Measures what is asked for; what needs the opened program is left to a command of it.
///
/// # Errors
/// The exit code, once it is measured or cannot be.
pub(super) async fn evaluate(what: Evaluate) -> Result<(Common, Command), ExitCode> {
    let outcome = match what {
        Evaluate::Answers { common, file, json, misses } => {
            return Ok((common, Command::Answers { file: absolute(&file), json, misses }));
        }
        Evaluate::FollowUps { common, file, json, misses } => {
            return Ok((common, Command::FollowUps { file: absolute(&file), json, misses }));
        }
        Evaluate::Retrieval { corpus, queries, qrels, run, json } => {
            measure(&corpus, &queries, qrels.as_deref(), run.as_deref(), json)
        }
        Evaluate::Collections(asked) => collections::measure(&asked).await,
        Evaluate::Train(asked) => fitting::train(&asked),
        Evaluate::Thresholds(asked) => fitting::thresholds(&asked),
        Evaluate::Masking(asked) => language::masking(&asked),
        Evaluate::Guardrails(asked) => guardrails::measure(&asked),
        Evaluate::Intents(asked) => language::intents(&asked),
        Evaluate::TrainIntents(asked) => hearing::train(&asked),
        Evaluate::Report(asked) => report::write(&asked).await,
    };
    Err(match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    })
}

fn measure(
    corpus: &Path,
    queries: &Path,
    qrels: Option<&Path>,
    run: Option<&Path>,
    json: bool,
) -> anyhow::Result<()> {
    let read = |path: &Path| std::fs::read(path).with_context(|| format!("cannot read {}", path.display()));
    let place = |path: &Path| path.display().to_string();
    let documents = retrieval::read_corpus(&read(corpus)?).with_context(|| place(corpus))?;
    let questions = retrieval::read_queries(&read(queries)?).with_context(|| place(queries))?;
    let judgments = match qrels {
        Some(path) => Some(retrieval::read_qrels(&read(path)?).with_context(|| place(path))?),
        None => None,
    };
    let outcome = retrieval::run(documents, &questions, judgments.as_ref(), Analyzer::shared())?;
    if let Some(path) = run {
        let rows: String = outcome.rows.iter().map(|row| format!("{row}\n")).collect();
        std::fs::write(path, rows).with_context(|| format!("cannot write {}", path.display()))?;
    }
    if json {
        say!("{}", serde_json::to_string(&outcome.figures)?);
    } else {
        say!("{}", table(&outcome.figures)?);
    }
    Ok(())
}

/// A figure a line. What the collection does not allow to measure is a dash.
fn table(figures: &Figures) -> anyhow::Result<String> {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    let values = serde_json::to_value(figures)?;
    for (name, value) in values.as_object().into_iter().flatten() {
        let shown = match value.as_f64() {
            Some(number) if value.is_f64() => format!("{number:.4}"),
            _ if value.is_null() => "-".to_owned(),
            _ => value.to_string(),
        };
        table.add_row([name.clone(), shown]);
    }
    Ok(table.to_string())
}
