//! `yikouwen replay`: how a reply of the robot came about, stage by stage, and the same question written once more over the
//! same entries as they are now. Nothing is written into the conversation.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Context;
use comfy_table::Table;
use serde::Serialize;
use serde_json::json;
use similar::{ChangeTag, TextDiff};

use crate::app::App;
use crate::dialogue::Progress;
use crate::dialogue::engine::{Again, Replayed};
use crate::dialogue::screen::Category;
use crate::dialogue::trace::{Ending, Step};
use crate::records::trace::{AttemptRecord, StageRecord};
use crate::records::{MessageRecord, TraceRecord, keys};
use crate::store::StoreExt;

/// What became of an entry since.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Since {
    /// It says the same.
    Unchanged,
    /// It says something else.
    Changed,
    /// Another entry took its place.
    Replaced,
    /// It is no longer in force, or there is none of this id.
    Gone,
}

impl Since {
    fn name(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Changed => "changed",
            Self::Replaced => "replaced",
            Self::Gone => "gone",
        }
    }
}

/// A line of both texts, or of one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
struct Line {
    /// ` ` for both, `-` for the old text, `+` for the new one.
    sign: &'static str,
    text: String,
}

/// Shows a reply and writes it once more; returns what to print.
pub(super) async fn replay(
    app: &App,
    message: &str,
    as_json: bool,
    progress: &dyn Progress,
) -> anyhow::Result<String> {
    let store = &*app.store;
    let found = store.get_json::<TraceRecord>(&keys::trace(message)).await?;
    let (record, _) = found.with_context(|| {
        format!(
            "there is no record of how the message `{message}` came about: it is not the robot's, is gone with its \
             conversation, or is of an earlier version of the program"
        )
    })?;
    let key = keys::message(&record.conversation, record.seq);
    let sent = store.get_json::<MessageRecord>(&key).await?.map(|(message, _)| message.text);
    let mut since = Vec::new();
    for seen in &record.seen {
        let state = match app.gateway.engine().present(&seen.id).await {
            None => Since::Gone,
            Some((id, _)) if id != seen.id => Since::Replaced,
            Some((_, digest)) if digest == seen.digest => Since::Unchanged,
            Some(_) => Since::Changed,
        };
        since.push(state);
    }
    let again = write_again(app, &record, progress).await;
    let new = again.as_ref().and_then(|again| again.text.clone());
    let diff = sent
        .as_deref()
        .zip(new.as_deref())
        .map(|(old, new)| lines(&without_remark(app, &record, old), new))
        .unwrap_or_default();
    let fresh = again
        .map(|again| TraceRecord::new((message, &record.conversation, record.seq), record.at, &again.trace));
    if as_json {
        let evidence: Vec<_> = record
            .seen
            .iter()
            .zip(&since)
            .map(|(seen, since)| json!({ "id": seen.id, "title": seen.title, "given": seen.given, "now": since }))
            .collect();
        let again = fresh.map(|fresh| {
            json!({ "text": new, "stages": fresh.stages, "attempts": fresh.attempts, "seen": fresh.seen })
        });
        let value = json!({
            "record": record, "text": sent, "evidence": evidence, "again": again,
            "same": new.is_some() && diff.iter().all(|line| line.sign == " "), "diff": diff,
        });
        return Ok(value.to_string());
    }
    printed(&record, sent.as_deref(), &since, fresh.as_ref(), &diff).context("cannot print")
}

/// Writes the text once more, if one was written.
async fn write_again(app: &App, record: &TraceRecord, progress: &dyn Progress) -> Option<Replayed> {
    if record.question.is_empty() {
        return None;
    }
    let again = Again {
        question: record.question.clone(),
        standalone: record.standalone.clone(),
        aspect: record.aspect(),
        locale: record.locale(),
        entries: record.seen.iter().filter(|seen| seen.given).map(|seen| seen.id.clone()).collect(),
        quotes_only: screened(record) == Some(Ending::Injection.name()),
    };
    Some(app.gateway.engine().again(&again, progress).await)
}

/// How the stage ended that notices words.
fn screened(record: &TraceRecord) -> Option<&str> {
    let screen = record.stages.iter().find(|stage| stage.stage == Step::Screen.name())?;
    Some(&screen.outcome)
}

/// The text that was sent, without what was said around the answer because of the citizen's words.
fn without_remark(app: &App, record: &TraceRecord, text: &str) -> String {
    let category = Category::ALL.into_iter().find(|category| Some(category.name()) == screened(record));
    match category {
        Some(category) => {
            let remark = app.gateway.engine().phrases().get(category.phrase(), record.locale());
            text.replace(remark, "").trim().to_owned()
        }
        None => text.to_owned(),
    }
}

fn lines(old: &str, new: &str) -> Vec<Line> {
    let diff = TextDiff::from_lines(old, new);
    diff.iter_all_changes()
        .map(|change| Line {
            sign: match change.tag() {
                ChangeTag::Equal => " ",
                ChangeTag::Delete => "-",
                ChangeTag::Insert => "+",
            },
            text: change.value().trim_end_matches('\n').to_owned(),
        })
        .collect()
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::UTF8_BORDERS_ONLY);
    table.set_header(header);
    table
}

fn milliseconds(micros: u64) -> String {
    format!("{:.1} ms", Duration::from_micros(micros).as_secs_f64() * 1e3)
}

fn tokens(read: u64, written: u64) -> String {
    if read + written == 0 { String::new() } else { format!("{read} + {written}") }
}

fn stages_table(stages: &[StageRecord]) -> Table {
    let mut stages_table = table(&["stage", "outcome", "took", "tokens"]);
    for stage in stages {
        stages_table.add_row([
            stage.stage.clone(),
            stage.outcome.clone(),
            milliseconds(stage.micros),
            tokens(stage.read, stage.written),
        ]);
    }
    stages_table
}

fn attempts(text: &mut String, attempts: &[AttemptRecord]) -> std::fmt::Result {
    for attempt in attempts {
        write!(text, "  {}: {}, {}", attempt.by, attempt.outcome, milliseconds(attempt.micros))?;
        if let Some(model) = &attempt.model {
            write!(text, ", model {model}, prompt {}", attempt.prompt.as_deref().unwrap_or("-"))?;
            write!(text, ", parameters {}", attempt.parameters.as_deref().unwrap_or("-"))?;
        }
        if attempt.appended > 0 {
            write!(text, ", {} sentences put below it", attempt.appended)?;
        }
        writeln!(text)?;
        for fault in &attempt.faults {
            writeln!(text, "    {}: {}", fault.kind, fault.words)?;
        }
        for line in attempt.refused.lines() {
            writeln!(text, "    | {line}")?;
        }
    }
    Ok(())
}

fn printed(
    record: &TraceRecord,
    sent: Option<&str>,
    since: &[Since],
    fresh: Option<&TraceRecord>,
    diff: &[Line],
) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    writeln!(
        text,
        "message {} of conversation {}, number {}, {}; program {}, screen {}",
        record.message, record.conversation, record.seq, record.at, record.program, record.screen
    )?;
    writeln!(text, "{}", stages_table(&record.stages))?;
    if let Some(rewriting) = &record.rewriting {
        write!(text, "spelt out: {}", rewriting.text)?;
        if let Some(model) = &rewriting.model {
            write!(text, " (model {model}, prompt {}", rewriting.prompt.as_deref().unwrap_or("-"))?;
            write!(text, ", parameters {})", rewriting.parameters.as_deref().unwrap_or("-"))?;
        }
        writeln!(text)?;
    }
    if !record.question.is_empty() {
        writeln!(text, "question: {} ({})", record.question, record.aspect)?;
    }
    if !record.seen.is_empty() {
        let mut evidence = table(&["entry", "title", "confidence", "given", "since then"]);
        for (seen, since) in record.seen.iter().zip(since) {
            let given = if seen.given { "yes" } else { "" };
            evidence.add_row([
                seen.id.clone(),
                seen.title.clone(),
                format!("{:.3}", seen.confidence),
                given.to_owned(),
                since.name().to_owned(),
            ]);
        }
        writeln!(text, "{evidence}")?;
    }
    attempts(&mut text, &record.attempts)?;
    match sent {
        Some(sent) => writeln!(text, "sent:\n{sent}")?,
        None => writeln!(text, "the message itself is gone")?,
    }
    let Some(fresh) = fresh else {
        write!(text, "nothing was written from evidence, so there is nothing to write once more")?;
        return Ok(text);
    };
    writeln!(text, "\nonce more:\n{}", stages_table(&fresh.stages))?;
    attempts(&mut text, &fresh.attempts)?;
    if diff.is_empty() {
        write!(text, "no text could be made: none of the entries is in force")?;
    } else if diff.iter().all(|line| line.sign == " ") {
        write!(text, "the same text, line by line")?;
    } else {
        write!(text, "- sent, + once more")?;
        for line in diff {
            write!(text, "\n{} {}", line.sign, line.text)?;
        }
    }
    Ok(text)
}
