//! What is recognised by rules, held against lines that were written without sight of them: personal data in citizens'
//! words, and what citizens want of the conversation itself.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::admin::json_lines;
use crate::config::words;
use crate::dialogue::Words;
use crate::print::say;
use crate::privacy;

/// `evaluate masking` and `evaluate intents`.
#[derive(clap::Args, Debug)]
pub(in crate::cli) struct Lines {
    /// The labelled lines, a JSON object a line
    #[arg(value_name = "LINES.jsonl")]
    file: PathBuf,
    /// The figures as JSON
    #[arg(long)]
    json: bool,
    /// Prints every line that was not recognised as labelled
    #[arg(long)]
    misses: bool,
}

/// How well one kind is recognised.
#[derive(Clone, Copy, Default, PartialEq, Debug, Serialize)]
pub(super) struct Figures {
    /// Labelled so and recognised so.
    pub(super) right: usize,
    /// Labelled so and not recognised so.
    pub(super) missed: usize,
    /// Recognised so and not labelled so.
    pub(super) wrong: usize,
    precision: f64,
    recall: f64,
}

impl Figures {
    fn finished(mut self) -> Self {
        self.precision = share(self.right, self.right + self.wrong);
        self.recall = share(self.right, self.right + self.missed);
        self
    }
}

/// A share; all of nothing.
pub(super) fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

/// Every kind with its figures.
pub(super) type Table = BTreeMap<String, Figures>;

#[derive(Deserialize)]
struct MaskingLine {
    id: String,
    text: String,
    secrets: Vec<Secret>,
}

#[derive(Deserialize)]
struct Secret {
    kind: String,
    value: String,
}

#[derive(Deserialize)]
struct IntentLine {
    #[serde(default)]
    id: String,
    text: String,
    intent: String,
}

/// What lines came to.
pub(super) struct Measured {
    pub(super) table: Table,
    /// What was not recognised as labelled.
    misses: Vec<String>,
}

/// All kinds together.
pub(super) const ALL: &str = "all";

/// The intent of a line that wants nothing of the conversation itself.
pub(super) const NONE: &str = "none";

pub(super) fn masking(asked: &Lines) -> anyhow::Result<()> {
    print(asked, &masked(&asked.file)?)
}

/// What of the personal data in the lines of a file is hidden.
pub(super) fn masked(file: &Path) -> anyhow::Result<Measured> {
    let mut misses = Vec::new();
    let mut table = Table::new();
    for line in json_lines::<MaskingLine>(file)? {
        let found = privacy::places(&line.text);
        let mut labelled = Vec::new();
        for secret in &line.secrets {
            let begin = line.text.find(&secret.value);
            let begin =
                begin.with_context(|| format!("{}: `{}` is not in the text", line.id, secret.value))?;
            let range = begin..begin + secret.value.len();
            let figures = table.entry(secret.kind.clone()).or_default();
            // Nothing that tells of the value may be left: each of its letters and digits lies in a place.
            let hidden =
                line.text.get(range.clone()).unwrap_or_default().char_indices().all(|(offset, c)| {
                    !c.is_alphanumeric()
                        || found.iter().any(|place| place.range.contains(&(range.start + offset)))
                });
            if hidden {
                figures.right += 1;
            } else {
                figures.missed += 1;
                misses.push(format!("{} missed {}: {}", line.id, secret.kind, line.text));
            }
            labelled.push(range);
        }
        for place in &found {
            let right =
                labelled.iter().any(|range| range.start < place.range.end && place.range.start < range.end);
            if !right {
                table.entry("(look-alikes)".to_owned()).or_default().wrong += 1;
                let words = line.text.get(place.range.clone()).unwrap_or_default();
                misses.push(format!("{} wrongly {} `{words}`: {}", line.id, place.label, line.text));
            }
        }
    }
    Ok(Measured { table: finished(table), misses })
}

pub(super) fn intents(asked: &Lines) -> anyhow::Result<()> {
    let begun = Instant::now();
    let measured = heard(&asked.file)?;
    let all = measured.table.get(ALL).copied().unwrap_or_default();
    let lines = u32::try_from(all.right + all.missed)?;
    let each = begun.elapsed() / lines.max(1);
    print(asked, &measured)?;
    if !asked.json {
        say!("{lines} lines, {each:.1?} each");
    }
    Ok(())
}

/// What is heard in the lines of a file.
pub(super) fn heard(file: &Path) -> anyhow::Result<Measured> {
    let words = words::words(None)?;
    let mut misses = Vec::new();
    let mut table = Table::new();
    for line in json_lines::<IntentLine>(file)? {
        let found = match words.intent(&line.text) {
            Some(intent) if intent.is_emergency() => "emergency",
            Some(intent) => intent.name(),
            None => NONE,
        };
        // Which kind of danger it is only orders the numbers to call.
        let labelled =
            if line.intent.starts_with("emergency") { "emergency".to_owned() } else { line.intent };
        let line = IntentLine { intent: labelled, ..line };
        if found == line.intent {
            table.entry(line.intent).or_default().right += 1;
            continue;
        }
        misses.push(format!(
            "{} {} taken for {found}: {}{}",
            line.id,
            line.intent,
            line.text,
            why(&words, &line.text)
        ));
        table.entry(line.intent).or_default().missed += 1;
        table.entry(found.to_owned()).or_default().wrong += 1;
    }
    Ok(Measured { table: finished(table), misses })
}

/// The table with its shares, and with all kinds together.
fn finished(table: Table) -> Table {
    let mut all = Figures::default();
    for figures in table.values() {
        all.right += figures.right;
        all.missed += figures.missed;
        all.wrong += figures.wrong;
    }
    let mut table: Table = table.into_iter().map(|(kind, figures)| (kind, figures.finished())).collect();
    table.insert(ALL.to_owned(), all.finished());
    table
}

/// What spoke for it: a rule, or the class that came nearest and the pieces that weighed most.
fn why(words: &Words, text: &str) -> String {
    if let Some(intent) = words.by_rule(text) {
        return format!("\n    a rule for {}", intent.name());
    }
    let Some(explanation) = words.explain(text) else { return String::new() };
    let mut margins = explanation.margins;
    margins.sort_by(|left, right| right.1.total_cmp(&left.1));
    let margins = margins.iter().filter(|(name, _)| !name.starts_with("emergency_")).take(2);
    let margins: Vec<String> = margins.map(|(name, margin)| format!("{name} {margin:+.2}")).collect();
    let pieces = explanation.pieces.iter().map(|(piece, added)| format!("{piece} {added:+.2}"));
    format!("\n    {}: {}", margins.join(", "), pieces.collect::<Vec<_>>().join(", "))
}

fn print(asked: &Lines, Measured { table, misses }: &Measured) -> anyhow::Result<()> {
    if asked.json {
        say!("{}", serde_json::to_string(table)?);
        return Ok(());
    }
    let mut shown = comfy_table::Table::new();
    shown.load_style(comfy_table::presets::NOTHING);
    shown.set_header(["kind", "right", "missed", "wrong", "precision", "recall"]);
    for (kind, figures) in table {
        let share = |number: f64| format!("{number:.3}");
        shown.add_row([
            kind.clone(),
            figures.right.to_string(),
            figures.missed.to_string(),
            figures.wrong.to_string(),
            share(figures.precision),
            share(figures.recall),
        ]);
    }
    say!("{shown}");
    if asked.misses {
        for miss in misses {
            say!("{miss}");
        }
    }
    Ok(())
}
