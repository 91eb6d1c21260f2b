//! Conversations of several turns, measured: how often the entry that a turn is about is the first that was found, for words
//! that lean on the turns before and for words that change the subject.
//!
//! A turn goes on from what the robot remembers of the turns before, right or wrong, as it would with a citizen. Where the
//! robot asks back and offers the right entry, it is chosen, as the citizen would.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::bail;
use comfy_table::Table;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::UnboundedSender;

use super::command::{Report, Step as Stage};
use super::files::json_lines;
use super::run::turn_after;
use crate::app::App;
use crate::dialogue::trace::Step;
use crate::dialogue::{Context as Memory, Outcome, Turn, Utterance};

/// A conversation.
#[derive(Deserialize, Debug)]
struct Row {
    id: String,
    turns: Vec<Asked>,
}

/// What is asked in a turn, and what is known of it.
#[derive(Deserialize, Debug)]
struct Asked {
    question: String,
    /// The entries one of which has to be the first that is found.
    entries: Vec<String>,
    /// The question as it would be asked without the turns before; words that have none do not lean on them.
    #[serde(default)]
    standalone: Option<String>,
}

/// What turns of one kind came to.
#[derive(Serialize, Default, Clone, Copy, Debug)]
struct Kind {
    turns: usize,
    /// A right entry was found first.
    first: usize,
    /// It was answered from, or its guide began.
    answered: usize,
    /// The citizen was asked back, and a right entry was among the choices.
    offered: usize,
}

/// What the conversations of a file came to.
#[derive(Serialize, Default, Debug)]
pub(crate) struct Figures {
    /// First questions.
    opening: Kind,
    /// Words that lean on the turns before.
    leaning: Kind,
    /// Words that do not.
    changing: Kind,
    /// How the stage `standalone` ended, of all turns after the first.
    standalone: BTreeMap<&'static str, usize>,
}

/// Holds every conversation of a file and prints what came of it.
pub(super) async fn measure(
    app: &App,
    file: &Path,
    as_json: bool,
    misses: bool,
    out: &UnboundedSender<Report>,
) -> anyhow::Result<String> {
    let rows: Vec<Row> = json_lines(file)?;
    let (mut figures, mut missed) = (Figures::default(), Vec::new());
    let total = rows.len();
    for (done, row) in (1..).zip(&rows) {
        hold(app, row, &mut figures, &mut missed).await?;
        drop(out.send(Report::Progress { step: Stage::Asking, done, total }));
    }
    if as_json {
        return Ok(serde_json::to_string(&figures)?);
    }
    let mut text = figures.table().to_string();
    if misses {
        text.push('\n');
        text.push_str(&missed.join("\n"));
    }
    Ok(text)
}

async fn hold(app: &App, row: &Row, figures: &mut Figures, missed: &mut Vec<String>) -> anyhow::Result<()> {
    let mut memory = Memory::default();
    for (place, asked) in row.turns.iter().enumerate() {
        let turn = turn_after(app, &memory, Utterance::Text(asked.question.clone())).await;
        let standalone = turn.trace.ending(Step::Standalone).map_or("-", |ending| ending.name());
        if place > 0 {
            *figures.standalone.entry(standalone).or_default() += 1;
        }
        let kind = match (place, &asked.standalone) {
            (0, _) => &mut figures.opening,
            (_, Some(_)) => &mut figures.leaning,
            (_, None) => &mut figures.changing,
        };
        if let Some(why) = kind.take(asked, &turn) {
            let question = &asked.question;
            missed.push(format!("{} turn {}, {standalone}, {why}: {question}", row.id, place + 1));
        }
        let Some(_) = turn.reply else { bail!("{}: a turn had no reply", row.id) };
        let wanted = |entry: &Option<String>| entry.as_ref().is_some_and(|id| asked.entries.contains(id));
        let choice = turn.context.offers.iter().find(|offer| wanted(&offer.entry));
        memory = match choice {
            Some(offer) => turn_after(app, &turn.context, Utterance::Choice(offer.key.clone())).await.context,
            None => turn.context,
        };
    }
    Ok(())
}

impl Kind {
    /// Counts a turn, and says what was found first in place of a right entry.
    fn take(&mut self, asked: &Asked, turn: &Turn) -> Option<String> {
        self.turns += 1;
        let is_right = |id: &String| asked.entries.contains(id);
        let reply = turn.reply.as_ref()?;
        let outcome = reply.outcome.map_or("words", Outcome::name);
        let first = reply.evidence.first().map(|note| &note.id);
        self.offered +=
            usize::from(turn.context.offers.iter().any(|offer| offer.entry.as_ref().is_some_and(is_right)));
        if !first.is_some_and(is_right) {
            let found = first.map_or("nothing", String::as_str);
            return Some(format!("{outcome}, {found} first"));
        }
        self.first += 1;
        self.answered += usize::from(matches!(reply.outcome, Some(Outcome::Answered | Outcome::Guide)));
        None
    }
}

impl Figures {
    fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        for (name, kind) in [
            ("first questions", self.opening),
            ("words that lean on the turns before", self.leaning),
            ("words that change the subject", self.changing),
        ] {
            for (what, part) in [
                ("right entry first", kind.first),
                ("answered from it", kind.answered),
                ("offered", kind.offered),
            ] {
                let share = part as f64 / kind.turns.max(1) as f64;
                table.add_row([
                    format!("{name}: {what}"),
                    format!("{part} of {}", kind.turns),
                    format!("{share:.3}"),
                ]);
            }
        }
        for (ending, count) in &self.standalone {
            table.add_row([format!("standalone: {ending}"), count.to_string(), String::new()]);
        }
        table
    }
}
