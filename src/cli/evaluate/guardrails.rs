//! The verification of answers, held against faithful answers and against the same ones made wrong in one place.

mod corruption;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use comfy_table::Table;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use super::evidence::Entries;
use super::language::share;
use crate::admin::json_lines;
use crate::dialogue::Evidence;
use crate::dialogue::grounding::{Grounding, without_bare_answers};
use crate::print::say;
use corruption::Corruption;

/// So many wrong answers of every kind are made unless somebody wants others.
pub(super) const EACH: usize = 32;

/// Parts the chances of one kind of wrong answer from those of the next.
const SEEDS: u64 = 20_261_126;

/// `evaluate guardrails`.
#[derive(Args, Debug)]
pub(in crate::cli) struct Guardrails {
    /// Faithful answers: {"id","question","sources":[entry ids],"answer"} a line, `[n]` counting the sources
    #[arg(value_name = "ANSWERS.jsonl")]
    file: PathBuf,
    /// The entries they were written from
    #[arg(long, value_name = "FILE.jsonl", required = true, num_args = 1..)]
    entries: Vec<PathBuf>,
    /// How many wrong answers of every kind
    #[arg(long, default_value_t = EACH)]
    each: usize,
    /// The figures as JSON
    #[arg(long)]
    json: bool,
    /// Prints every faithful answer that was refused and every wrong one that was not
    #[arg(long)]
    misses: bool,
}

#[derive(Deserialize)]
struct Answer {
    id: String,
    question: String,
    sources: Vec<String>,
    answer: String,
}

/// What was measured.
#[derive(Serialize, Debug)]
pub(in crate::cli) struct Figures {
    /// Faithful answers.
    pub(super) faithful: usize,
    /// Faithful answers that were refused.
    pub(super) refused: usize,
    /// Their share.
    refused_share: f64,
    /// Why they were refused, by kind of fault.
    refused_by: BTreeMap<&'static str, usize>,
    /// Sentences that were added to a faithful answer, on the average.
    added: f64,
    /// Wrong answers of each kind, and how many of them were caught.
    pub(super) wrong: BTreeMap<&'static str, Caught>,
    /// All wrong answers of the kinds that the promise speaks of.
    pub(super) all: Caught,
    /// The share of them that was caught.
    caught_share: f64,
    /// All wrong answers of further kinds.
    further: Caught,
    /// The share of them that was caught.
    further_share: f64,
}

#[derive(Serialize, Default, Clone, Copy, Debug)]
pub(super) struct Caught {
    pub(super) wrong: usize,
    pub(super) caught: usize,
}

/// A faithful answer and its evidence.
struct Case {
    answer: Answer,
    text: String,
    grounding: Grounding,
    /// What the evidence says.
    described: Vec<String>,
    cited: Vec<usize>,
    is_refused: bool,
}

pub(super) fn measure(asked: &Guardrails) -> anyhow::Result<()> {
    let entries = Entries::read(&asked.entries)?;
    let mut misses = Vec::new();
    let figures = verified(&entries, &asked.file, asked.each, &mut misses)?;
    if asked.json {
        say!("{}", serde_json::to_string(&figures)?);
    } else {
        say!("{}", table(&figures));
        if asked.misses {
            for miss in misses {
                say!("{miss}");
            }
        }
    }
    Ok(())
}

/// Measures the answers of a file over entries.
pub(super) fn verified(
    entries: &Entries,
    file: &Path,
    each: usize,
    misses: &mut Vec<String>,
) -> anyhow::Result<Figures> {
    figures(entries, json_lines(file)?, each, misses)
}

/// Measures answers over entries.
fn figures(
    entries: &Entries,
    answers: Vec<Answer>,
    each: usize,
    misses: &mut Vec<String>,
) -> anyhow::Result<Figures> {
    let mut refused_by: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut cases = Vec::new();
    let mut added = 0;
    for answer in answers {
        let evidence =
            answer.sources.iter().map(|id| entries.evidence(id)).collect::<anyhow::Result<Vec<_>>>();
        let evidence = evidence.with_context(|| answer.id.clone())?;
        let grounding = Grounding::new(&answer.question, &evidence);
        let cited: Vec<usize> = (0..evidence.len()).collect();
        let text = without_bare_answers(&answer.answer);
        let faults = grounding.faults(&text, &cited);
        added += grounding.omitted(&text, &cited).len();
        for name in faults.iter().map(|fault| fault.kind.name()).collect::<BTreeSet<_>>() {
            *refused_by.entry(name).or_default() += 1;
        }
        if !faults.is_empty() {
            let why: Vec<String> =
                faults.iter().map(|fault| format!("{}: {}", fault.kind.name(), fault.words)).collect();
            misses.push(format!("{} refused for {}", answer.id, why.join(" · ")));
        }
        let described = evidence.iter().map(Evidence::described).collect();
        cases.push(Case { is_refused: !faults.is_empty(), answer, text, grounding, described, cited });
    }
    if cases.is_empty() {
        bail!("there are no answers");
    }
    let mut wrong = BTreeMap::new();
    let (mut all, mut further) = (Caught::default(), Caught::default());
    for (number, kind) in (0..).zip(Corruption::ALL) {
        let mut caught = Caught::default();
        // The same wrong answers every time, whichever faithful ones are refused, so that two versions can be compared.
        let seeded = |place: u64| StdRng::seed_from_u64((number + 1) * SEEDS + place);
        let mut order: Vec<(u64, &Case)> = (1..).zip(&cases).collect();
        order.shuffle(&mut seeded(0));
        for (place, case) in order.into_iter().filter(|(_, case)| !case.is_refused) {
            if caught.wrong == each {
                break;
            }
            let mut random = seeded(place);
            let Some(text) = kind.of(&case.answer.answer, &case.described, &mut random) else { continue };
            let text = without_bare_answers(&text);
            if (kind.drops() && !is_lost(case, &text))
                || (kind == Corruption::CitationChanged && is_as_true(case, &text))
            {
                continue;
            }
            caught.wrong += 1;
            if is_caught(case, kind, &text) {
                caught.caught += 1;
            } else {
                misses.push(format!(
                    "{} {} not caught: {}",
                    case.answer.id,
                    kind.name(),
                    difference(&case.text, &text)
                ));
            }
        }
        let sum = if kind.is_promised() { &mut all } else { &mut further };
        sum.wrong += caught.wrong;
        sum.caught += caught.caught;
        wrong.insert(kind.name(), caught);
    }
    let refused = cases.iter().filter(|case| case.is_refused).count();
    Ok(Figures {
        faithful: cases.len(),
        refused,
        refused_share: share(refused, cases.len()),
        refused_by,
        added: share(added, cases.len()),
        wrong,
        caught_share: share(all.caught, all.wrong),
        all,
        further_share: share(further.caught, further.wrong),
        further,
    })
}

/// A wrong answer is caught when it is refused, when nothing of what is wrong is sent, or when what was dropped is added
/// in the evidence's words.
fn is_caught(case: &Case, kind: Corruption, text: &str) -> bool {
    if text == case.text || !case.grounding.faults(text, &case.cited).is_empty() {
        return true;
    }
    let omitted = case.grounding.omitted(text, &case.cited);
    let added: String = omitted.into_iter().map(|omission| omission.text + "\n").collect();
    kind.drops() && covered(&gone(&case.text, text), &pairs(&added)) >= 0.5
}

/// Whether the evidence says what was dropped, and the rest of the answer does not.
fn is_lost(case: &Case, text: &str) -> bool {
    let gone = gone(&case.text, text);
    gone.len() >= 3 && covered(&gone, &pairs(&case.described.concat())) >= 0.75
}

/// Whether the source that is cited now says the same as the one that was.
fn is_as_true(case: &Case, text: &str) -> bool {
    let changed = case.text.lines().zip(text.lines()).find(|(before, after)| before != after);
    changed.is_some_and(|(_, line)| {
        let now = if line.contains("[1]") { 0 } else { 1 };
        let said = pairs(&line.replace("[1]", "").replace("[2]", ""));
        case.described.get(now).is_some_and(|text| covered(&said, &pairs(text)) >= 0.6)
    })
}

/// Pairs of characters, whatever stands between them besides letters and digits.
fn pairs(text: &str) -> BTreeSet<[char; 2]> {
    let letters: Vec<char> = text.chars().filter(|c| c.is_alphanumeric()).collect();
    letters.array_windows::<2>().copied().collect()
}

fn gone(before: &str, after: &str) -> BTreeSet<[char; 2]> {
    pairs(before).difference(&pairs(after)).copied().collect()
}

fn covered(part: &BTreeSet<[char; 2]>, whole: &BTreeSet<[char; 2]>) -> f64 {
    share(part.intersection(whole).count(), part.len())
}

/// The line in which two answers differ.
fn difference(before: &str, after: &str) -> String {
    let line = before.lines().zip(after.lines()).find(|(left, right)| left != right);
    line.map_or_else(|| "the last line".to_owned(), |(left, right)| format!("{left} → {right}"))
}

fn table(figures: &Figures) -> String {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["wrong answers", "made", "caught", "share"]);
    let row = |name: &str, caught: Caught| {
        [
            name.to_owned(),
            caught.wrong.to_string(),
            caught.caught.to_string(),
            format!("{:.3}", share(caught.caught, caught.wrong)),
        ]
    };
    for kinds in [true, false] {
        for kind in Corruption::ALL.into_iter().filter(|kind| kind.is_promised() == kinds) {
            let caught = figures.wrong.get(kind.name()).copied().unwrap_or_default();
            table.add_row(row(kind.name(), caught));
        }
        let (name, sum) = if kinds { ("all", figures.all) } else { ("all further kinds", figures.further) };
        table.add_row(row(name, sum));
    }
    let by: Vec<String> =
        figures.refused_by.iter().map(|(name, number)| format!("{name} {number}")).collect();
    format!(
        "{table}\n\nfaithful answers: {}, refused {} ({:.3}); {}\nsentences added to a faithful answer: {:.2}",
        figures.faithful,
        figures.refused,
        figures.refused_share,
        by.join(", "),
        figures.added,
    )
}
