//! `evaluate train` and `evaluate thresholds`: weights and thresholds for a city's own knowledge.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args;
use comfy_table::Table;
use jiff::tz::TimeZone;
use knowledge::evaluate::collections::find;
use knowledge::evaluate::lessons::{self, Class, Lesson};
use knowledge::evaluate::thresholds::{Costs, Labelled, at, choose};
use knowledge::evaluate::train::{self, Fitted, Mark};
use knowledge::import::jsonl;
use knowledge::{Analyzer, Entry, EntryId, Index, Model, Placed, Query, RegionCode, Regions, Scope};
use serde::Deserialize;

use crate::app::SystemClock;
use crate::config::Config;
use crate::dialogue::Clock;
use crate::print::say;

#[derive(Args, Debug)]
pub(in crate::cli) struct Train {
    /// Entries, as `yikouwen export --entries` prints them
    #[arg(long, value_name = "FILE.jsonl", required = true, num_args = 1..)]
    entries: Vec<PathBuf>,
    /// Passages with judged questions, as for `evaluate collections`; a weight may follow
    #[arg(long, value_name = "DIR[=WEIGHT]", num_args = 1..)]
    collection: Vec<String>,
    /// Labelled questions, as for `evaluate thresholds`, asked of all entries
    #[arg(long, value_name = "FILE.jsonl", num_args = 1..)]
    questions: Vec<PathBuf>,
    /// Fits how sure the first hit is, and leaves the order of hits as it was
    #[arg(long)]
    keep_order: bool,
    /// The weights that the fit is drawn towards, in place of those that ship
    #[arg(long, value_name = "FILE.toml", conflicts_with = "from_scratch")]
    from: Option<PathBuf>,
    /// Is drawn towards nothing
    #[arg(long)]
    from_scratch: bool,
    /// Where to write the weights
    #[arg(long, value_name = "FILE.toml")]
    out: Option<PathBuf>,
    /// The figures as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct Thresholds {
    /// Entries, as `yikouwen export --entries` prints them
    #[arg(long, value_name = "FILE.jsonl", required = true, num_args = 1..)]
    entries: Vec<PathBuf>,
    /// Labelled questions: {"question","entries"?} a line; without entries, nothing answers it
    #[arg(long, value_name = "FILE.jsonl", required = true, num_args = 1..)]
    questions: Vec<PathBuf>,
    /// What mistakes cost: wrong_answer, asked_back, asked_in_vain, missed
    #[arg(long, value_name = "FILE.toml")]
    costs: Option<PathBuf>,
    /// The table of regions; without it every entry holds everywhere
    #[arg(long, value_name = "FILE.json", requires = "region")]
    regions: Option<PathBuf>,
    /// Where the questions are asked, as a code or a name of that table
    #[arg(long, value_name = "REGION", requires = "regions")]
    region: Option<String>,
    /// The weights, in place of those that ship
    #[arg(long, value_name = "FILE.toml")]
    weights: Option<PathBuf>,
    /// The figures as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn train(asked: &Train) -> anyhow::Result<()> {
    let analyzer = Analyzer::shared();
    let before = match (&asked.from, asked.from_scratch) {
        (Some(path), _) => Arc::new(model(path)?),
        (None, true) => Arc::new(Model::default()),
        (None, false) => Model::shipped(),
    };
    let entries = read_entries(&asked.entries)?;
    if entries.iter().all(|entry| entry.similar.len() < 3) {
        bail!("no entry has three similar questions: there is nothing to leave out and ask");
    }
    let mut lessons = lessons::of_entries(&entries, &analyzer)?;
    for named in &asked.collection {
        lessons.extend(collection(named, &analyzer)?);
    }
    let mut labelled = Vec::new();
    for path in &asked.questions {
        for line in lines(path)? {
            let right = line.entries.into_iter().map(EntryId::new).collect::<Result<_, _>>();
            labelled.push((line.question, right.with_context(|| path.display().to_string())?));
        }
    }
    if !labelled.is_empty() {
        lessons.push(lessons::of_labelled(&entries, labelled, &lessons, &analyzer)?);
    }
    let what = if asked.keep_order { Fitted::Confidence } else { Fitted::Both };
    // What the questions of one half teach is tried on the other, which has other entries.
    let tried = train::fit(&lessons, &before, what, Some(true));
    let now = train::mark(&lessons, &before, Some(false));
    let then = train::mark(&lessons, &tried, Some(false));
    let table = marks(&now, &then);
    if asked.json {
        let rows: Vec<_> = now
            .iter()
            .zip(&then)
            .map(|(before, after)| serde_json::json!({ "before": before, "after": after }))
            .collect();
        say!("{}", serde_json::Value::from(rows));
    } else {
        say!("{table}");
    }
    if let Some(path) = &asked.out {
        let comment = format!(
            "Weights of the second stage, written by `yikouwen evaluate train`.\n\nWhat the same fit reaches on the \
             half of the questions that it did not see, before and after:\n\n{table}"
        );
        let weights = train::fit(&lessons, &before, what, None).write(&comment);
        std::fs::write(path, weights).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

fn marks(before: &[Mark], after: &[Mark]) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::ASCII_MARKDOWN);
    table.set_header(["lesson", "questions", "hit@1 before", "after", "Brier before", "after"]);
    for (before, after) in before.iter().zip(after) {
        table.add_row([
            before.lesson.clone(),
            before.questions.to_string(),
            format!("{:.3}", before.hit_at_1),
            format!("{:.3}", after.hit_at_1),
            format!("{:.3}", before.brier),
            format!("{:.3}", after.brier),
        ]);
    }
    table
}

fn collection(named: &str, analyzer: &Arc<Analyzer>) -> anyhow::Result<Vec<Lesson>> {
    let (directory, weight) = match named.rsplit_once('=') {
        Some((directory, weight)) => {
            (directory, weight.parse().with_context(|| format!("`{weight}` is not a weight"))?)
        }
        None => (named, 1.0),
    };
    let sources = find(Path::new(directory))?;
    sources
        .iter()
        .map(|source| {
            let material = source.read()?;
            let lesson = lessons::of_collection(
                &source.name,
                Class::Passages,
                weight,
                material.documents,
                &material.questions,
                &material.judgments,
                analyzer,
            );
            Ok(lesson?)
        })
        .collect()
}

pub(super) fn thresholds(asked: &Thresholds) -> anyhow::Result<()> {
    let costs: Costs = match &asked.costs {
        Some(path) => toml::from_str(&read_text(path)?).with_context(|| path.display().to_string())?,
        None => Costs::default(),
    };
    let dialogue = Config::load(&[], Path::new("data"))?.dialogue;
    let questions = labelled(asked, dialogue.choices)?;
    let chosen = choose(&questions, &costs);
    let present = at(&questions, &costs, dialogue.answer_at, dialogue.clarify_at);
    if asked.json {
        say!("{}", serde_json::json!({ "chosen": chosen, "default": present, "costs": costs }));
        return Ok(());
    }
    let mut table = Table::new();
    table.load_style(comfy_table::presets::ASCII_MARKDOWN);
    table.set_header(["thresholds", "answer_at", "clarify_at", "cost", "right", "refused"]);
    for (name, thresholds) in [("cheapest", chosen), ("default", present)] {
        table.add_row([
            name.to_owned(),
            format!("{:.2}", thresholds.answer_at),
            format!("{:.2}", thresholds.clarify_at),
            format!("{:.3}", thresholds.cost),
            format!("{:.3}", thresholds.right),
            format!("{:.3}", thresholds.refused),
        ]);
    }
    say!("{table}\n{} questions; costs: {}", questions.len(), serde_json::to_string(&costs)?);
    Ok(())
}

/// A question whose right entries are known.
#[derive(Deserialize)]
struct Line {
    question: String,
    #[serde(default)]
    entries: Vec<String>,
}

/// The labelled questions of a file.
fn lines(path: &Path) -> anyhow::Result<Vec<Line>> {
    let text = read_text(path)?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let read = |(number, line): (usize, &str)| {
        serde_json::from_str(line).with_context(|| format!("{}: line {}", path.display(), number + 1))
    };
    lines.map(read).collect()
}

fn labelled(asked: &Thresholds, choices: usize) -> anyhow::Result<Vec<Labelled>> {
    let regions = match &asked.regions {
        Some(path) => Some(Regions::from_json(read_text(path)?.as_bytes())?),
        None => None,
    };
    let region: Option<RegionCode> = match (&regions, &asked.region) {
        (Some(regions), Some(name)) => {
            Some(regions.resolve(name).with_context(|| format!("there is no region `{name}`"))?)
        }
        _ => None,
    };
    let index = Index::in_memory(Analyzer::shared())?;
    if let Some(path) = &asked.weights {
        index.set_model(Arc::new(model(path)?));
    }
    let placed: Vec<Placed> = read_entries(&asked.entries)?
        .into_iter()
        .map(|entry| match &regions {
            Some(regions) => Ok(Placed::new(entry, regions)?),
            None => Ok(Placed::everywhere(entry)),
        })
        .collect::<anyhow::Result<_>>()?;
    index.rebuild(placed, 1)?;
    let on = SystemClock.now().to_zoned(TimeZone::fixed(jiff::tz::offset(8))).date();
    let scope = Scope { region, audience: None, on };
    let mut labelled = Vec::new();
    for path in &asked.questions {
        for line in lines(path)? {
            let query = Query { text: line.question, scope };
            let hits = index.search(&query, choices)?;
            let is_right = |id: &str| line.entries.iter().any(|right| right == id);
            labelled.push(Labelled {
                confidence: hits.first().map_or(0.0, |hit| hit.confidence),
                first_is_right: hits.first().is_some_and(|hit| is_right(hit.id.as_str())),
                offered: hits.iter().any(|hit| is_right(hit.id.as_str())),
                answerable: !line.entries.is_empty(),
            });
        }
    }
    Ok(labelled)
}

/// The text of a file.
pub(super) fn read_text(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn model(path: &Path) -> anyhow::Result<Model> {
    Model::read(&read_text(path)?).with_context(|| path.display().to_string())
}

/// The entries of files as `yikouwen export --entries` prints them.
pub(super) fn read_entries(paths: &[PathBuf]) -> anyhow::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for path in paths {
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let rows = jsonl::read(&path.display().to_string(), &bytes).map_err(anyhow::Error::new)?;
        entries.extend(rows.into_iter().map(|row| row.entry));
    }
    Ok(entries)
}
