//! `yikouwen search` for terminals: hits as a table, as JSON, or each with what gave it its place.

use std::fmt::Write as _;

use knowledge::Explained;
use serde_json::json;

use crate::app::App;
use crate::retrieval::trial::{Asker, Looked};

/// How many terms of a hit are printed.
const PRINTED_TERMS: usize = 12;

/// Looks a question up and returns what to print.
pub(super) async fn search(
    app: &App,
    question: &str,
    limit: usize,
    as_json: bool,
    explain: bool,
) -> anyhow::Result<String> {
    let looked = app.trials.look(question, &Asker::default(), limit, None).await?;
    if as_json {
        return as_json_text(question, &looked, explain);
    }
    let mut text = format!("read as: {}\n", looked.read_as);
    if explain {
        for (place, hit) in looked.hits.iter().enumerate() {
            explained(&mut text, place + 1, hit)?;
        }
    } else {
        writeln!(text, "{}", table(&looked.hits))?;
    }
    let outcome = looked.outcome.as_deref().or(looked.intent.as_deref()).unwrap_or("-");
    write!(
        text,
        "outcome: {outcome} (answers from {:.2}, asks back from {:.2}), {:.2} ms; knowledge {}, weights {}, {}",
        looked.thresholds.answer_at,
        looked.thresholds.clarify_at,
        looked.milliseconds,
        looked.version.knowledge,
        looked.version.weights,
        looked.version.analyzer
    )?;
    if let Some(model) = &looked.version.embedding {
        write!(text, ", embedding {model}")?;
    }
    Ok(text)
}

/// Features are an object by name, so that a program finds one without searching; `--explain` adds all the rest.
fn as_json_text(question: &str, looked: &Looked, explain: bool) -> anyhow::Result<String> {
    let mut hits = Vec::new();
    for hit in &looked.hits {
        let values: serde_json::Map<String, serde_json::Value> =
            hit.features.iter().map(|feature| (feature.name.clone(), feature.value.into())).collect();
        let mut value = json!({
            "id": hit.id, "kind": hit.kind, "title": hit.title, "confidence": hit.confidence, "score": hit.score,
            "unit": hit.unit, "matched": hit.matched, "missing": hit.missing, "features": values,
        });
        if explain && let Some(members) = value.as_object_mut() {
            members.insert("explanation".to_owned(), serde_json::to_value(hit)?);
        }
        hits.push(value);
    }
    let value = json!({
        "question": question, "read_as": looked.read_as, "outcome": looked.outcome, "intent": looked.intent,
        "thresholds": looked.thresholds, "version": looked.version, "milliseconds": looked.milliseconds, "hits": hits,
    });
    Ok(value.to_string())
}

fn table(hits: &[Explained]) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::UTF8_BORDERS_ONLY);
    table.set_header(["confidence", "score", "entry", "best unit", "matched", "missing"]);
    for hit in hits {
        table.add_row([
            format!("{:.3}", hit.confidence),
            format!("{:.3}", hit.score),
            hit.id.clone(),
            hit.unit.clone(),
            hit.matched.join(" "),
            hit.missing.join(" "),
        ]);
    }
    table
}

fn explained(text: &mut String, place: usize, hit: &Explained) -> std::fmt::Result {
    writeln!(text, "{place}. {} ({}, {})", hit.title, hit.id, hit.kind)?;
    writeln!(text, "   confidence {:.3}, score {:.3}, model {}", hit.confidence, hit.score, hit.model)?;
    writeln!(text, "   best unit  {}", hit.unit)?;
    writeln!(text, "   matched    {}", hit.matched.join(" "))?;
    writeln!(text, "   missing    {}", hit.missing.join(" "))?;
    let fields: Vec<String> =
        hit.fields.iter().map(|field| format!("{} {:.3}", field.field, field.score)).collect();
    writeln!(text, "   fields     {}", fields.join(", "))?;
    let terms: Vec<String> = hit
        .terms
        .iter()
        .take(PRINTED_TERMS)
        .map(|term| format!("{} ({}) {:.3}", term.term, term.field, term.score))
        .collect();
    writeln!(text, "   terms      {}", terms.join(", "))?;
    for feature in &hit.features {
        writeln!(
            text,
            "   {:<18} {:>7.3} × {:>6.3} = {:>7.3}",
            feature.name, feature.value, feature.weight, feature.contribution
        )?;
    }
    Ok(())
}
