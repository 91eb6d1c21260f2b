//! `evaluate collections`: one table for many collections.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::meaning::Meaning;
use crate::print::say;
use anyhow::Context;
use clap::Args;
use comfy_table::{CellAlignment, Table};
use indicatif::{ProgressBar, ProgressStyle};
use knowledge::Analyzer;
use knowledge::evaluate::collections::{Material, Robustness, Row, Source, System, find};
use knowledge::evaluate::noise::{Noise, Spoiler};
use knowledge::evaluate::retrieval::{Figures, RunRow};
use serde::Deserialize;
use serde_json::json;

#[derive(Args, Debug)]
pub(in crate::cli) struct Collections {
    /// Folders with corpus.jsonl, and queries.jsonl and qrels.tsv beside it or in dev/
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Also asks with a wrong, a missing and two swapped characters, in traditional script and with fillers
    #[arg(long)]
    noise: bool,
    /// How many questions of a collection are spoilt at most
    #[arg(long, value_name = "N", requires = "noise", default_value_t = usize::MAX, hide_default_value = true)]
    sample: usize,
    /// Figures published elsewhere, to be shown beside: [SYSTEM.COLLECTION] tables of figures named as in --json
    #[arg(long, value_name = "FILE.toml")]
    baselines: Option<PathBuf>,
    /// Measures a third time with the model of embeddings that this configuration file names
    #[arg(long, value_name = "FILE.toml")]
    embedding: Option<PathBuf>,
    /// Where the vectors are kept, so that measuring again is quick; a folder a collection
    #[arg(long, value_name = "DIR", requires = "embedding")]
    vectors: Option<PathBuf>,
    /// Where to write the product's runs: question, document, rank, confidence; a file a collection
    #[arg(long, value_name = "DIR")]
    runs: Option<PathBuf>,
    /// The figures as JSON
    #[arg(long)]
    json: bool,
}

/// Figures of a system that is not measured here, by collection.
type Published = BTreeMap<String, BTreeMap<String, PublishedFigures>>;

/// What may be published of a system. A figure that was not is a dash.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PublishedFigures {
    #[serde(rename = "hit@1")]
    hit_at_1: Option<f64>,
    #[serde(rename = "recall@1")]
    recall_at_1: Option<f64>,
    #[serde(rename = "recall@3")]
    recall_at_3: Option<f64>,
    #[serde(rename = "recall@10")]
    recall_at_10: Option<f64>,
    #[serde(rename = "mrr@10")]
    mrr_at_10: Option<f64>,
    #[serde(rename = "ndcg@10")]
    ndcg_at_10: Option<f64>,
    auroc_near: Option<f64>,
    auroc_far: Option<f64>,
    accepted_and_right_at_10: Option<f64>,
    refused_near_at_3: Option<f64>,
    refused_far_at_3: Option<f64>,
}

/// All that is measured.
#[derive(Default)]
struct Measured {
    rows: Vec<Row>,
    robustness: Vec<Robustness>,
}

pub(super) async fn measure(asked: &Collections) -> anyhow::Result<()> {
    let published = asked.baselines.as_deref().map(read_published).transpose()?.unwrap_or_default();
    let meaning = asked.embedding.as_deref().map(Meaning::of).transpose()?;
    let sources = find(&asked.directory)?;
    let bar = ProgressBar::new(sources.len() as u64)
        .with_style(ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}")?);
    let mut measured = Measured::default();
    for source in &sources {
        bar.set_message(source.name.clone());
        let material = source.read()?;
        if material.has_similar() {
            one(asked, source, &material.without_similar(), Some(false), meaning.as_ref(), &mut measured)
                .await?;
            one(asked, source, &material, Some(true), meaning.as_ref(), &mut measured).await?;
        } else {
            one(asked, source, &material, None, meaning.as_ref(), &mut measured).await?;
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    if asked.json {
        let all = json!({ "collections": measured.rows, "robustness": measured.robustness });
        say!("{all}");
        return Ok(());
    }
    say!("{}", table(&measured.rows, &published));
    if asked.noise {
        say!("\n{}", robustness_table(&measured.robustness));
    }
    Ok(())
}

async fn one(
    asked: &Collections,
    source: &Source,
    material: &Material,
    with_similar: Option<bool>,
    meaning: Option<&Meaning>,
    measured: &mut Measured,
) -> anyhow::Result<()> {
    let analyzer = Analyzer::shared();
    let index = material.index(Arc::clone(&analyzer))?;
    let product = material.ask(&index)?;
    let collection = source.name.clone();
    if let Some(directory) = &asked.runs {
        write_run(directory, &title(&collection, with_similar), &product.rows)?;
    }
    let mut figures = vec![(System::Product, product.figures)];
    if let Some(meaning) = meaning {
        let kept = asked.vectors.as_ref().map(|directory| directory.join(title(&collection, with_similar)));
        let outcome = meaning.ask(material, &index, kept).await?;
        if let Some(directory) = &asked.runs {
            write_run(directory, &format!("{}+embedding", title(&collection, with_similar)), &outcome.rows)?;
        }
        figures.push((System::Meaning, outcome.figures));
    }
    figures.push((System::Baseline, material.ask_baseline()?.figures));
    for (system, figures) in figures {
        measured.rows.push(Row { collection: collection.clone(), with_similar, system, figures });
    }
    if asked.noise {
        let spoiler = Spoiler::new(&analyzer);
        for noise in Noise::ALL {
            let asked_both_ways = material.ask_spoilt(&index, &spoiler, noise, asked.sample)?;
            if let Some((questions, clean, spoilt)) = asked_both_ways {
                let collection = collection.clone();
                let found = Robustness { collection, with_similar, noise, questions, clean, spoilt };
                measured.robustness.push(found);
            }
        }
    }
    Ok(())
}

fn read_published(path: &Path) -> anyhow::Result<Published> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    toml::from_str(&text).with_context(|| format!("cannot use {}", path.display()))
}

fn write_run(directory: &Path, name: &str, rows: &[RunRow]) -> anyhow::Result<()> {
    let path = directory.join(format!("{name}.tsv"));
    std::fs::create_dir_all(directory)
        .and_then(|()| std::fs::write(&path, rows.iter().map(|row| format!("{row}\n")).collect::<String>()))
        .with_context(|| format!("cannot write {}", path.display()))
}

fn title(collection: &str, with_similar: Option<bool>) -> String {
    match with_similar {
        Some(true) => format!("{collection}+similar"),
        _ => collection.to_owned(),
    }
}

fn table(rows: &[Row], published: &Published) -> Table {
    let mut table = new_table(&[
        "collection",
        "system",
        "hit@1",
        "R@1",
        "R@3",
        "R@10",
        "MRR@10",
        "nDCG@10",
        "near",
        "far",
        "right@10%",
        "near refused@3%",
        "far refused@3%",
        "p50 ms",
        "p99 ms",
    ]);
    for row in rows {
        let name = title(&row.collection, row.with_similar);
        if row.system == System::Product {
            // Published figures are of documents without their similar questions.
            let known = published.iter().filter(|_| row.with_similar != Some(true));
            for (system, collections) in known {
                if let Some(figures) = collections.get(&row.collection) {
                    let dash = || "-".to_owned();
                    table.add_row(cells(&name, system, figures, [dash(), dash()]));
                }
            }
        }
        let system = match row.system {
            System::Product => "yikouwen",
            System::Meaning => "yikouwen + embedding",
            System::Baseline => "tantivy + jieba",
        };
        let times = [row.figures.p50_ms, row.figures.p99_ms].map(|ms| format!("{ms:.2}"));
        table.add_row(cells(&name, system, &shown(&row.figures), times));
    }
    table
}

fn shown(figures: &Figures) -> PublishedFigures {
    PublishedFigures {
        hit_at_1: figures.hit_at_1,
        recall_at_1: figures.recall_at_1,
        recall_at_3: figures.recall_at_3,
        recall_at_10: figures.recall_at_10,
        mrr_at_10: figures.mrr_at_10,
        ndcg_at_10: figures.ndcg_at_10,
        auroc_near: figures.auroc_near,
        auroc_far: figures.auroc_far,
        accepted_and_right_at_10: figures.accepted_and_right_at_10,
        refused_near_at_3: figures.refused_near_at_3,
        refused_far_at_3: figures.refused_far_at_3,
    }
}

fn cells(collection: &str, system: &str, figures: &PublishedFigures, times: [String; 2]) -> Vec<String> {
    let shares = [
        figures.hit_at_1,
        figures.recall_at_1,
        figures.recall_at_3,
        figures.recall_at_10,
        figures.mrr_at_10,
        figures.ndcg_at_10,
        figures.auroc_near,
        figures.auroc_far,
        figures.accepted_and_right_at_10,
        figures.refused_near_at_3,
        figures.refused_far_at_3,
    ];
    let shares = shares.map(|share| share.map_or_else(|| "-".to_owned(), |share| format!("{share:.3}")));
    [collection, system].map(str::to_owned).into_iter().chain(shares).chain(times).collect()
}

/// A line a collection; for each noise Recall@3 of the clean and of the spoilt questions, and the points lost.
fn robustness_table(rows: &[Robustness]) -> Table {
    let mut table =
        new_table(&["collection", "noise", "questions", "R@3 clean", "R@3 spoilt", "points lost"]);
    for row in rows {
        table.add_row([
            title(&row.collection, row.with_similar),
            row.noise.name().to_owned(),
            row.questions.to_string(),
            format!("{:.3}", row.clean),
            format!("{:.3}", row.spoilt),
            format!("{:.1}", (row.clean - row.spoilt) * 100.0),
        ]);
    }
    table
}

fn new_table(columns: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_header(columns);
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
