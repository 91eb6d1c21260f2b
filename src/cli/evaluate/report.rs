//! `evaluate report`: everything that is measured without a model, on one page and as JSON, each figure with the command that
//! measures it again.

mod page;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::evidence::Entries;
use super::guardrails;
use super::language::{self, ALL, NONE};
use crate::admin::answers;
use crate::app::{App, SystemClock};
use crate::config::Config;
use crate::dialogue::Clock;
use crate::print::say;

/// What figures are called.
const LABELS: &str = include_str!("report/labels.toml");

/// `evaluate report`.
#[derive(clap::Args, Debug)]
pub(in crate::cli) struct Asked {
    /// Where to write
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Where the labelled lines and questions are
    #[arg(long, value_name = "DIR", default_value = "tests/fixtures")]
    fixtures: PathBuf,
    /// Where the entries of the demo city are
    #[arg(long, value_name = "DIR", default_value = "knowledge/demo")]
    entries: PathBuf,
}

/// Words in both languages.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    zh: String,
    en: String,
}

/// What is on the page.
#[derive(Serialize)]
struct Report {
    /// The program's version.
    version: &'static str,
    /// When it was measured.
    date: Timestamp,
    parts: Vec<Part>,
}

/// One thing that is measured.
#[derive(Serialize)]
struct Part {
    id: &'static str,
    title: Words,
    about: Words,
    sets: Vec<Set>,
}

/// Its figures on one file.
#[derive(Serialize)]
struct Set {
    file: String,
    /// Measures it again.
    command: String,
    figures: Vec<Figure>,
}

/// So many of so many.
#[derive(Serialize)]
struct Figure {
    /// Its name on the page and in the JSON, the only one of this name.
    id: String,
    label: Words,
    part: usize,
    whole: usize,
    share: f64,
    /// Whether less of it is better.
    low: bool,
}

/// A row before it has its words: its name, so many, of how many.
type Row = (String, usize, usize);

/// Names of figures of which there should be few.
const LOW: [&str; 6] = [
    "answered from others",
    "refused though answerable",
    "answers that say what they must not",
    "unanswerable: answered",
    "unanswerable: asked back",
    "faithful answers refused",
];

struct Labels(BTreeMap<String, Words>);

impl Labels {
    fn read() -> anyhow::Result<Self> {
        Ok(Self(toml::from_str(LABELS).context("the names of figures cannot be read")?))
    }

    fn get(&self, name: &str) -> anyhow::Result<Words> {
        self.0.get(name).cloned().with_context(|| format!("`{name}` has no name for people"))
    }

    fn part(&self, id: &'static str, sets: Vec<Set>) -> anyhow::Result<Part> {
        let (title, about) = (self.get(id)?, self.get(&format!("{id}: about"))?);
        Ok(Part { id, title, about, sets })
    }

    fn set(&self, part: &str, file: &Path, command: String, rows: Vec<Row>) -> anyhow::Result<Set> {
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        // Of nothing there is no share.
        let rows = rows.into_iter().filter(|(_, _, whole)| *whole > 0);
        let figures = rows.map(|(name, so_many, whole)| {
            Ok(Figure {
                id: format!("{part}/{stem}/{name}"),
                label: self.get(&name)?,
                part: so_many,
                whole,
                share: language::share(so_many, whole),
                low: LOW.contains(&name.as_str()),
            })
        });
        let figures = figures.collect::<anyhow::Result<_>>()?;
        Ok(Set { file: file.display().to_string(), command, figures })
    }
}

/// Measures, and writes `index.html` and `report.json`.
pub(super) async fn write(asked: &Asked) -> anyhow::Result<()> {
    let report = measured(asked).await?;
    let out = |name: &str| asked.out.join(name);
    std::fs::create_dir_all(&asked.out).with_context(|| format!("cannot make {}", asked.out.display()))?;
    for (name, text) in [
        ("report.json", serde_json::to_string_pretty(&report)? + "\n"),
        ("index.html", page::page(&report).into_string()),
    ] {
        std::fs::write(out(name), text).with_context(|| format!("cannot write {}", out(name).display()))?;
        say!("{}", out(name).display());
    }
    Ok(())
}

async fn measured(asked: &Asked) -> anyhow::Result<Report> {
    let labels = Labels::read()?;
    let parts = vec![
        labels.part("answers", answers(asked, &labels).await?)?,
        labels.part("guardrails", guardrails(asked, &labels)?)?,
        labels.part("intents", intents(asked, &labels)?)?,
        labels.part("masking", masking(asked, &labels)?)?,
    ];
    Ok(Report { version: env!("CARGO_PKG_VERSION"), date: SystemClock.now(), parts })
}

/// Whole answers of the demo city, by a program that has no model and forgets everything at the end.
async fn answers(asked: &Asked, labels: &Labels) -> anyhow::Result<Vec<Set>> {
    let mut config = Config::load(&[], &asked.out).context("the default configuration")?;
    config.store.url = "memory:".to_owned();
    config.model = None;
    config.embedding = None;
    config.login = None;
    config.city.demo = true;
    config.channels.clear();
    let app = App::open(config).await?;
    app.prepare_knowledge().await?;
    let mut sets = Vec::new();
    for name in ["gold.jsonl", "unanswerable.jsonl", "attacks.jsonl"] {
        let file = asked.fixtures.join(name);
        let (figures, _) = answers::asked(&app, &file, |_, _| {}).await?;
        let rows = figures.rows().into_iter().map(|(name, part, whole)| (name.to_owned(), part, whole));
        let command = format!("yikouwen evaluate answers {} --data DIR --misses", quoted(&file));
        sets.push(labels.set("answers", &file, command, rows.collect())?);
    }
    Ok(sets)
}

fn guardrails(asked: &Asked, labels: &Labels) -> anyhow::Result<Vec<Set>> {
    let listed = std::fs::read_dir(&asked.entries)
        .with_context(|| format!("cannot read {}", asked.entries.display()))?;
    let mut files = listed.map(|file| Ok(file?.path())).collect::<std::io::Result<Vec<_>>>()?;
    files.retain(|path| path.extension().is_some_and(|ending| ending == "jsonl"));
    files.sort();
    let entries = Entries::read(&files)?;
    let mut sets = Vec::new();
    for name in ["answers_fresh.jsonl", "answers_unseen.jsonl", "answers.jsonl"] {
        let file = asked.fixtures.join(name);
        let figures = guardrails::verified(&entries, &file, guardrails::EACH, &mut Vec::new())?;
        let mut rows = vec![
            ("faithful answers refused".to_owned(), figures.refused, figures.faithful),
            ("wrong answers caught".to_owned(), figures.all.caught, figures.all.wrong),
        ];
        rows.extend(figures.wrong.iter().map(|(name, of)| ((*name).to_owned(), of.caught, of.wrong)));
        let (file_name, entries) = (quoted(&file), quoted(&asked.entries));
        let command =
            format!("yikouwen evaluate guardrails {file_name} --entries {entries}/*.jsonl --misses");
        sets.push(labels.set("guardrails", &file, command, rows)?);
    }
    Ok(sets)
}

fn intents(asked: &Asked, labels: &Labels) -> anyhow::Result<Vec<Set>> {
    let mut sets = Vec::new();
    for name in ["intents_unseen.jsonl", "intents.jsonl"] {
        let file = asked.fixtures.join(name);
        let table = language::heard(&file)?.table;
        let mut rows = Vec::new();
        for (kind, figures) in table.iter().filter(|(kind, _)| *kind != ALL && *kind != NONE) {
            rows.push((format!("{kind}: heard"), figures.right, figures.right + figures.missed));
            rows.push((format!("{kind}: rightly"), figures.right, figures.right + figures.wrong));
        }
        let other = table.get(NONE).copied().unwrap_or_default();
        rows.push(("questions left alone".to_owned(), other.right, other.right + other.missed));
        let command = format!("yikouwen evaluate intents {} --misses", quoted(&file));
        sets.push(labels.set("intents", &file, command, rows)?);
    }
    Ok(sets)
}

fn masking(asked: &Asked, labels: &Labels) -> anyhow::Result<Vec<Set>> {
    let mut sets = Vec::new();
    for name in ["masking_unseen.jsonl", "masking.jsonl"] {
        let file = asked.fixtures.join(name);
        let table = language::masked(&file)?.table;
        let mut rows = Vec::new();
        for (kind, figures) in table.iter().filter(|(_, figures)| figures.right + figures.missed > 0) {
            rows.push((format!("{kind}: hidden"), figures.right, figures.right + figures.missed));
        }
        let all = table.get(ALL).copied().unwrap_or_default();
        rows.push(("hidden rightly".to_owned(), all.right, all.right + all.wrong));
        let command = format!("yikouwen evaluate masking {} --misses", quoted(&file));
        sets.push(labels.set("masking", &file, command, rows)?);
    }
    Ok(sets)
}

/// A path as a shell reads it.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let is_plain = |c: char| c.is_alphanumeric() || "/._-".contains(c);
    if path.chars().all(is_plain) { path } else { format!("'{}'", path.replace('\'', r"'\''")) }
}
