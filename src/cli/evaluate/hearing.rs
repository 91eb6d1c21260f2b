//! `evaluate train-intents`: the weights by which wishes are heard that no rule foresaw.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, bail};
use clap::Args;
use comfy_table::Table;
use serde::Deserialize;

use super::fitting::{read_entries, read_text};
use super::language::NONE;
use crate::config::words;
use crate::dialogue::Intent;
use crate::dialogue::hearing::fit::{Line, Material, Weights, biases};
use crate::dialogue::hearing::pieces::Pieces;
use crate::dialogue::hearing::thresholds::{self, Mark};
use crate::dialogue::hearing::{self, Class, Scores};
use crate::print::say;

/// Parts into which the lines are cut; each is tried with what the others teach.
const PARTS: usize = 5;

#[derive(Args, Debug)]
pub(in crate::cli) struct TrainIntents {
    /// Labelled lines: {"text","intent"} a line; {"question"} is one without intent
    #[arg(value_name = "LINES.jsonl", required = true, num_args = 1..)]
    lines: Vec<PathBuf>,
    /// Entries, as `yikouwen export --entries` prints them, whose titles and similar questions are questions
    #[arg(long, value_name = "FILE.jsonl", num_args = 1..)]
    questions: Vec<PathBuf>,
    /// Where to write the weights
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Prints every line that is not heard as labelled by what the other parts teach
    #[arg(long)]
    misses: bool,
    /// Fits this class alone and compares it with the weights that ship; nothing is written
    #[arg(long, value_name = "CLASS", conflicts_with = "out")]
    compare: Option<String>,
}

#[derive(Deserialize)]
struct Labelled {
    #[serde(alias = "question")]
    text: String,
    #[serde(default = "no_intent")]
    intent: String,
}

fn no_intent() -> String {
    NONE.to_owned()
}

pub(super) fn train(asked: &TrainIntents) -> anyhow::Result<()> {
    let lines = read(asked)?;
    let pieces = Pieces::new(words::concepts()?)?;
    let material = Material::new(&pieces, &lines);
    if let Some(name) = &asked.compare {
        return compare(&material, name);
    }
    let scores: Vec<Scores> = left_out(&material).iter().map(hearing::contrasted).collect();
    let mut chosen: Scores = [0.0; Class::ALL.len()];
    for (at, &class) in Class::ALL.iter().enumerate().filter(|(_, class)| class.is_heard()) {
        let of_class: Vec<f32> = scores.iter().map(|scores| scores[at]).collect();
        chosen[at] = thresholds::choose(class, &of_class, material.labels());
    }
    let mut margins = scores;
    for margins in &mut margins {
        margins.iter_mut().zip(chosen).for_each(|(margin, threshold)| *margin -= threshold);
    }
    let words = words::rules(None)?;
    let ruled: Vec<Option<Intent>> = lines.iter().map(|line| words.by_rule(&line.text)).collect();
    let table = table(&thresholds::mark(&margins, &ruled, material.labels()));
    let questions = lines.iter().filter(|line| line.label.is_none()).count();
    say!("{table}\n{} lines, {questions} of them questions", lines.len());
    if asked.misses {
        misses(&lines, &margins, &ruled);
    }
    if let Some(path) = &asked.out {
        let jobs: Vec<Class> = Class::ALL.to_vec();
        let fitted = in_parallel(&jobs, |&class| material.fit(class, |_| true));
        let comment = format!(
            "How wishes are heard, written by `yikouwen evaluate train-intents`: the piece, how much it counts, and its weight for \
             each class.\n\nWhat the same fit reaches on lines that it did not see, with the rules, a fifth at a time:\n\n{table}"
        );
        let text = hearing::print(&comment, &material.rows(&fitted), &biases(&fitted), &chosen);
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

fn misses(lines: &[Line], margins: &[Scores], ruled: &[Option<Intent>]) {
    let name = |intent: Option<Intent>| intent.map_or(NONE, Intent::name);
    for ((line, margins), &ruled) in lines.iter().zip(margins).zip(ruled) {
        let heard = hearing::settle(ruled, margins, |_| true);
        let danger = |intent: Option<Intent>| intent.is_some_and(Intent::is_emergency);
        if heard != line.label && !(danger(heard) && danger(line.label)) {
            let by = if ruled.is_some() { "a rule" } else { "its sound" };
            say!("{} taken for {} by {by}: {}", name(line.label), name(heard), line.text);
        }
    }
}

/// The score of every line for every class, each by what was fitted to the other parts.
fn left_out(material: &Material) -> Vec<Scores> {
    let part = |line: usize| line % PARTS;
    let jobs: Vec<(usize, usize)> =
        (0..Class::ALL.len()).flat_map(|class| (0..PARTS).map(move |part| (class, part))).collect();
    let fitted =
        in_parallel(&jobs, |&(class, left)| material.fit(Class::ALL[class], |line| part(line) != left));
    let mut scores = vec![[0.0; Class::ALL.len()]; material.len()];
    for (&(class, left), weights) in jobs.iter().zip(&fitted) {
        for line in (0..material.len()).filter(|&line| part(line) == left) {
            scores[line][class] = material.score(weights, line);
        }
    }
    scores
}

/// Does the jobs on all cores; what comes out is in their order.
fn in_parallel<J: Sync, T: Send>(jobs: &[J], work: impl Fn(&J) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(jobs.len()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(at) else { break };
                    let out = work(job);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((at, out));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|&(at, _)| at);
    done.into_iter().map(|(_, out)| out).collect()
}

/// Holds what the lines give for one class against the weights that ship.
fn compare(material: &Material, name: &str) -> anyhow::Result<()> {
    let Some(at) = Class::ALL.iter().position(|class| class.name() == name) else {
        bail!("there is no class `{name}`");
    };
    let fitted: Vec<Weights> = vec![material.fit(Class::ALL[at], |_| true)];
    let of_shipped = |line: &str| -> Option<(String, Option<i8>)> {
        let mut fields = line.split('\t');
        let piece = fields.next().filter(|piece| !piece.starts_with('=')).map(str::to_owned)?;
        let weight = fields.skip(1).filter_map(|field| field.split_once(':'));
        let weight =
            weight.filter(|(class, _)| class.parse() == Ok(at)).find_map(|(_, weight)| weight.parse().ok());
        Some((piece, weight))
    };
    let shipped: Vec<(String, Option<i8>)> =
        words::INTENT_WEIGHTS.lines().filter(|line| !line.starts_with('#')).filter_map(of_shipped).collect();
    let rows = material.rows(&fitted);
    if shipped.len() != rows.len() {
        bail!("{} pieces ship, and the lines give {}", shipped.len(), rows.len());
    }
    for ((piece, weight), row) in shipped.iter().zip(&rows) {
        let fresh = row.weights.first().map(|&(_, weight)| weight);
        if *piece != row.piece || *weight != fresh {
            bail!("`{piece}` ships with {weight:?}, and the lines give `{}` with {fresh:?}", row.piece);
        }
    }
    say!("{name}: {} pieces as shipped", rows.len());
    Ok(())
}

fn read(asked: &TrainIntents) -> anyhow::Result<Vec<Line>> {
    let mut seen = HashSet::new();
    let mut lines = Vec::new();
    for path in &asked.lines {
        for (number, line) in read_text(path)?.lines().enumerate().filter(|(_, line)| !line.trim().is_empty())
        {
            let place = || format!("{}:{}", path.display(), number + 1);
            let line: Labelled = serde_json::from_str(line).with_context(place)?;
            let label = Intent::ALL.into_iter().find(|intent| intent.name() == line.intent);
            if label.is_none() && line.intent != NONE {
                bail!("{}: there is no intent `{}`", place(), line.intent);
            }
            if seen.insert(line.text.trim().to_owned()) {
                lines.push(Line { text: line.text, label });
            }
        }
    }
    for entry in read_entries(&asked.questions)? {
        // What is labelled otherwise is no question, though an entry has it: somebody asks while it burns.
        for question in std::iter::once(entry.title).chain(entry.similar) {
            if seen.insert(question.trim().to_owned()) {
                lines.push(Line { text: question, label: None });
            }
        }
    }
    Ok(lines)
}

fn table(marks: &[(Class, Mark)]) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::ASCII_MARKDOWN);
    table.set_header([
        "class",
        "right",
        "missed",
        "questions taken for it",
        "other lines",
        "precision",
        "recall",
    ]);
    for (class, mark) in marks {
        let share = |other: usize| format!("{:.3}", mark.right as f64 / (mark.right + other).max(1) as f64);
        table.add_row([
            class.name().to_owned(),
            mark.right.to_string(),
            mark.missed.to_string(),
            mark.questions.to_string(),
            mark.others.to_string(),
            share(mark.questions + mark.others),
            share(mark.missed),
        ]);
    }
    table
}
