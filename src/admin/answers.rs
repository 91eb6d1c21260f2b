//! Whole answers, measured: questions with the points an answer must hold, questions nothing answers, and attacks.
//!
//! Every question is one turn of a conversation of its own, as somebody on the command line would ask it; nothing is kept.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail};
use comfy_table::Table;
use regex::Regex;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::UnboundedSender;

use super::command::{Report, Step};
use super::files::json_lines;
use super::run::turn_of;
use crate::app::App;
use crate::dialogue::{Outcome, Reply};

/// A question and what is known of its answer.
#[derive(Deserialize, Clone, Debug)]
struct Row {
    id: String,
    question: String,
    /// The entries one of which has to be cited. Without any, nothing in the knowledge answers.
    #[serde(default)]
    entries: Vec<String>,
    /// What the answer must say: of each group, one wording at least.
    #[serde(default)]
    must: Vec<Vec<String>>,
    /// What it must not say.
    #[serde(default)]
    must_not: Vec<String>,
    /// Patterns that must not be found in the answer to an attack.
    #[serde(default)]
    forbidden: Vec<String>,
}

/// What is measured over the questions that can be answered.
#[derive(Serialize, Default, Clone, Copy, Debug)]
struct Answerable {
    questions: usize,
    /// Answered from one of the right entries.
    right: usize,
    /// Answered from others alone.
    wrong: usize,
    /// Asked back about, with a right entry among the choices.
    offered: usize,
    /// Refused although something answers.
    refused: usize,
    /// Points that the right answers must hold, and those they hold.
    points: usize,
    points_held: usize,
    /// Right answers that hold all their points.
    complete: usize,
    /// Answers that say what they must not.
    forbidden: usize,
}

/// What is measured over the questions that nothing answers.
#[derive(Serialize, Default, Clone, Copy, Debug)]
struct Unanswerable {
    questions: usize,
    /// Not answered: the robot says that it doesn't know, or calls a person.
    refused: usize,
    /// Asked back about.
    asked_back: usize,
    /// Answered all the same.
    answered: usize,
}

/// What is measured over the attacks.
#[derive(Serialize, Default, Clone, Copy, Debug)]
struct Attacks {
    attacks: usize,
    /// Without the forbidden effect.
    withstood: usize,
}

/// What questions came to.
#[derive(Serialize, Default, Debug)]
pub(crate) struct Figures {
    answerable: Answerable,
    unanswerable: Unanswerable,
    attacks: Attacks,
    outcomes: BTreeMap<&'static str, usize>,
}

/// Asks every question of a file and prints what came of it.
pub(super) async fn measure(
    app: &App,
    file: &Path,
    as_json: bool,
    misses: bool,
    out: &UnboundedSender<Report>,
) -> anyhow::Result<String> {
    let (figures, missed) = asked(app, file, |done, total| {
        drop(out.send(Report::Progress { step: Step::Asking, done, total }));
    })
    .await?;
    if as_json {
        return Ok(serde_json::to_string(&figures)?);
    }
    let mut text = table(&figures).to_string();
    if misses {
        text.push('\n');
        text.push_str(&missed.join("\n"));
    }
    Ok(text)
}

/// Asks every question of a file; what came of it, and which answers are not as they should be. `after` is told how many
/// are done, and of how many.
///
/// # Errors
/// When the file cannot be read, or a turn has no reply.
pub(crate) async fn asked(
    app: &App,
    file: &Path,
    after: impl Fn(usize, usize),
) -> anyhow::Result<(Figures, Vec<String>)> {
    let rows: Vec<Row> = json_lines(file)?;
    let titles: BTreeMap<String, String> = app
        .knowledge
        .entries()
        .await?
        .into_iter()
        .map(|entry| (entry.title, entry.id.as_ref().to_owned()))
        .collect();
    let mut figures = Figures::default();
    let mut missed = Vec::new();
    let total = rows.len();
    for (done, row) in (1..).zip(&rows) {
        let turn = turn_of(app, row.question.clone()).await;
        let Some(reply) = turn.reply else { bail!("{}: the turn had no reply", row.id) };
        let outcome = reply.outcome.map_or("words", Outcome::name);
        *figures.outcomes.entry(outcome).or_default() += 1;
        if let Some(why) = figures.take(row, &reply, &titles)? {
            missed.push(format!("{} {why}: {}", row.id, row.question));
        }
        after(done, total);
    }
    Ok((figures, missed))
}

/// Text as it is searched for points: 1 个工作日 and 1个工作日 are the same.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !"*,，".contains(*c)).flat_map(char::to_lowercase).collect()
}

impl Figures {
    /// Counts a reply, and says what is wrong with it.
    fn take(
        &mut self,
        row: &Row,
        reply: &Reply,
        titles: &BTreeMap<String, String>,
    ) -> anyhow::Result<Option<String>> {
        if !row.forbidden.is_empty() {
            return self.take_attack(row, reply);
        }
        if row.entries.is_empty() {
            let figures = &mut self.unanswerable;
            figures.questions += 1;
            return Ok(match reply.outcome {
                Some(Outcome::Answered) => {
                    figures.answered += 1;
                    Some(format!("answered from {}", cited(reply).join(" ")))
                }
                Some(Outcome::Clarify | Outcome::Guide) => {
                    figures.asked_back += 1;
                    Some("asked back".to_owned())
                }
                _ => {
                    figures.refused += 1;
                    None
                }
            });
        }
        Ok(self.take_answer(row, reply, titles))
    }

    fn take_answer(&mut self, row: &Row, reply: &Reply, titles: &BTreeMap<String, String>) -> Option<String> {
        let figures = &mut self.answerable;
        figures.questions += 1;
        let is_right = |id: &String| row.entries.contains(id);
        let said = plain(&reply.text);
        if row.must_not.iter().any(|words| said.contains(&plain(words))) {
            figures.forbidden += 1;
        }
        match reply.outcome {
            Some(Outcome::Answered | Outcome::Guide) if cited(reply).iter().any(is_right) => {
                figures.right += 1;
                figures.points += row.must.len();
                let missing: Vec<String> = row
                    .must
                    .iter()
                    .filter(|wordings| !wordings.iter().any(|words| said.contains(&plain(words))))
                    .map(|wordings| wordings.join("|"))
                    .collect();
                figures.points_held += row.must.len() - missing.len();
                figures.complete += usize::from(missing.is_empty());
                (!missing.is_empty()).then(|| format!("without {}", missing.join(", ")))
            }
            Some(Outcome::Answered) => {
                figures.wrong += 1;
                Some(format!("answered from {}", cited(reply).join(" ")))
            }
            Some(Outcome::Clarify | Outcome::Guide) => {
                let offered =
                    reply.choices.iter().filter_map(|choice| titles.get(&choice.label)).any(is_right);
                figures.offered += usize::from(offered);
                figures.refused += usize::from(!offered);
                Some(if offered { "asked back about" } else { "asked back about others" }.to_owned())
            }
            _ => {
                figures.refused += 1;
                Some("refused".to_owned())
            }
        }
    }

    /// Each figure with its name: so many, of how many. What the file has no questions for is left out.
    pub(crate) fn rows(&self) -> Vec<(&'static str, usize, usize)> {
        let Self { answerable, unanswerable, attacks, .. } = self;
        let rows = [
            ("answered from a right entry", answerable.right, answerable.questions),
            ("asked back about with a right entry", answerable.offered, answerable.questions),
            ("answered from others", answerable.wrong, answerable.questions),
            ("refused though answerable", answerable.refused, answerable.questions),
            ("points held by right answers", answerable.points_held, answerable.points),
            ("right answers with all points", answerable.complete, answerable.right),
            ("answers that say what they must not", answerable.forbidden, answerable.questions),
            ("unanswerable: refused", unanswerable.refused, unanswerable.questions),
            ("unanswerable: asked back", unanswerable.asked_back, unanswerable.questions),
            ("unanswerable: answered", unanswerable.answered, unanswerable.questions),
            ("attacks withstood", attacks.withstood, attacks.attacks),
        ];
        rows.into_iter().filter(|(_, _, whole)| *whole > 0).collect()
    }

    fn take_attack(&mut self, row: &Row, reply: &Reply) -> anyhow::Result<Option<String>> {
        self.attacks.attacks += 1;
        for pattern in &row.forbidden {
            let regex = Regex::new(pattern).with_context(|| row.id.clone())?;
            if regex.is_match(&reply.text) {
                return Ok(Some(format!("said `{pattern}`")));
            }
        }
        self.attacks.withstood += 1;
        Ok(None)
    }
}

fn cited(reply: &Reply) -> Vec<String> {
    reply.citations.iter().map(|citation| citation.id.clone()).collect()
}

fn table(figures: &Figures) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    for (name, part, whole) in figures.rows() {
        let share = part as f64 / whole as f64;
        table.add_row([name.to_owned(), format!("{part} of {whole}"), format!("{share:.3}")]);
    }
    table
}
