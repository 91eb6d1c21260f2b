//! What the cited evidence binds the reader by and the answer leaves out.
//!
//! A sentence that was used is told whole: the clause left out may be the one that excludes the reader. A list of
//! conditions of which a good part is told is told whole, too.

use super::super::described::Part;
use super::Omission;
use super::beside::{Beside, beside, literal_share, weight};
use super::fact::{Fact, facts};
use super::piece::{Line, clause_texts, clauses, sentences};
use super::source::{Source, Unit};
use super::turn::{Kind, Turn, turns};

/// A clause of the answer with so much of its text in one place was taken from there.
const TAKEN: f64 = 0.6;

/// A clause of the evidence with so much of its text in a line of the answer was told.
const TOLD: f64 = 0.8;

/// A unit with so much of its text in a line of the answer was used.
const USED: f64 = 0.7;

/// A list of conditions of which so many were used is told whole.
const LIST: f64 = 0.3;

/// The same of the documents.
const MATERIALS: f64 = 0.5;

/// The weight of a clause that can be traced to one place.
const TRACEABLE: usize = 3;

/// The length in characters of a clause that is traced by being the same.
const VERBATIM: usize = 3;

/// Words of an exception. It is told even if nothing else of its sentence is.
const EXCEPTION: &[&str] = &[
    "不能",
    "不得",
    "不可",
    "不予",
    "不适用",
    "不包括",
    "不含",
    "不补",
    "不享受",
    "不重复",
    "不受理",
    "不算",
    "不退",
    "除外",
    "追回",
    "仅限",
    "只限",
    "逾期",
    "过期",
];

/// Words of a sentence without which the rest does not hold. It is told even if nothing else of it is.
const PRECONDITION: &[&str] =
    &["前提", "必须", "缺一不可", "只有", "才能", "才", "须", "连续", "另有", "不受"];

/// Other words of a clause that bind, where it is not a condition anyway.
const BINDING: &[&str] = &[
    "但",
    "除了",
    "必须",
    "应当",
    "只有",
    "以上的",
    "以下的",
    "不超过",
    "不低于",
    "不少于",
    "至少",
    "最多",
    "最高",
    "前提",
    "连续",
    "才",
    "须",
    "限",
    "满",
    "未",
    "取消",
    "否则",
    "只",
    "不再",
    "要",
    "本人",
    "由",
    "以下",
    "以上",
];

/// What stands in every list of documents and tells nothing.
const COMMON: &[&str] = &["1份", "原件", "复印件", "电子件", "表单"];

/// Whether one of the words stands in a text.
fn has(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

/// What an answer says, for looking up.
pub(super) struct Said<'a> {
    lines: &'a [Line],
    texts: Vec<Vec<char>>,
    facts: Vec<Fact>,
}

impl<'a> Said<'a> {
    /// Reads the lines of an answer.
    pub(super) fn new(lines: &'a [Line]) -> Self {
        let texts = lines.iter().map(|line| line.text.chars().collect()).collect();
        let facts = lines.iter().flat_map(|line| facts(&line.text)).collect();
        Self { lines, texts, facts }
    }

    fn share(&self, clause: &[char]) -> f64 {
        self.texts.iter().map(|line| beside(clause, line).share).fold(0.0, f64::max)
    }

    /// Whether a line has so much of a clause, and denies something where the clause does: 不再办许可证 is not told by 也要办许可证.
    fn has_the_like_of(&self, clause: &[char]) -> bool {
        let denials: Vec<Turn> = turns(clause).into_iter().filter(|turn| turn.kind == Kind::Not).collect();
        self.texts.iter().any(|line| {
            let laid = beside(clause, line);
            let is_kept = |turn: &Turn| (turn.start..turn.end).any(|place| laid.places[place].is_some());
            laid.share >= TOLD && (denials.iter().all(is_kept) || denies_as_much(&laid, line))
        })
    }

    /// Whether a clause of the evidence is told. One of two characters without a figure has nothing to tell, unless it
    /// denies something.
    fn tells(&self, clause: &str) -> bool {
        let characters: Vec<char> = clause.chars().collect();
        let figures = facts(clause);
        if COMMON.contains(&clause) {
            return true;
        }
        if weight(&characters) < TRACEABLE && figures.is_empty() {
            return (turns(&characters).is_empty() && weight(&characters) + 1 < TRACEABLE)
                || self.texts.iter().any(|line| literal_share(&characters, line) >= TOLD);
        }
        let told =
            |figure: &Fact| self.facts.iter().any(|said| said.kind == figure.kind && said.key == figure.key);
        self.has_the_like_of(&characters) && figures.iter().all(told)
    }
}

/// Whether a line denies something within what a clause was laid beside: 不用 may be said as 无须.
fn denies_as_much(laid: &Beside, line: &[char]) -> bool {
    let places = || laid.places.iter().flatten();
    let (Some(&first), Some(&last)) = (places().min(), places().max()) else { return false };
    // The denial may stand just before what it denies.
    let first = first.saturating_sub(3);
    turns(line).iter().any(|turn| turn.kind == Kind::Not && turn.end > first && turn.start <= last + 3)
}

/// What an answer leaves out of a source. `mark` is the source's number in the answer.
pub(super) fn of_source(said: &Said<'_>, mark: usize, place: usize, source: &Source) -> Vec<Omission> {
    let taken = taken_from(said, mark, &source.units);
    let lost: Vec<Vec<String>> = source
        .units
        .iter()
        .map(|unit| {
            let text: String = unit.text.iter().collect();
            clause_texts(&text).into_iter().filter(|clause| !said.tells(clause)).collect()
        })
        .collect();
    let used: Vec<bool> = source
        .units
        .iter()
        .enumerate()
        .map(|(number, unit)| lost[number].is_empty() || taken[number] || said.share(&unit.text) >= USED)
        .collect();
    // So much of a list is told that all of it has to be.
    let is_told = |part: Part, share: f64| {
        let of_part = || source.units.iter().zip(&used).filter(|(unit, _)| unit.part == part);
        let told = of_part().filter(|(_, used)| **used).count();
        told as f64 >= share * of_part().count() as f64
    };
    let list_is_told = is_told(Part::Condition, LIST);
    let materials_are_told = is_told(Part::Material, MATERIALS);
    let mut omitted = Vec::new();
    for (number, unit) in source.units.iter().enumerate() {
        let text: String = unit.text.iter().collect();
        let to_mind = text.split_once("注意:").map_or("", |(_, note)| note);
        let binds = || {
            lost[number].iter().any(|clause| {
                to_mind.contains(clause.as_str()) || has(clause, EXCEPTION) || has(clause, BINDING)
            })
        };
        let is_missing = match unit.part {
            Part::Title | Part::Circumstance => false,
            Part::Answer => used[number] || has(&unit.raw, EXCEPTION) || has(&unit.raw, PRECONDITION),
            Part::Condition => {
                used[number] || list_is_told || has(&unit.raw, EXCEPTION) || has(&unit.raw, PRECONDITION)
            }
            Part::Material => (used[number] || materials_are_told) && binds(),
            Part::Step => used[number] && binds(),
        };
        if is_missing && !lost[number].is_empty() {
            omitted.push(Omission { source: place, text: unit.raw.clone() });
        }
    }
    omitted
}

/// From which units the words of an answer were taken. Words that stand in two of them were taken from neither for
/// certain.
fn taken_from(said: &Said<'_>, mark: usize, units: &[Unit]) -> Vec<bool> {
    let mut taken = vec![false; units.len()];
    for line in said.lines {
        if !line.marks.is_empty() && !line.marks.contains(&mark) {
            continue;
        }
        let wholes = sentences(&line.text).map(str::to_owned);
        for words in clause_texts(&line.text).into_iter().chain(wholes) {
            let words: Vec<char> = words.chars().collect();
            if weight(&words) < TRACEABLE {
                // Too short to be told by its likeness, but not if it is the very clause of one sentence.
                if words.len() >= VERBATIM {
                    let same = |unit: &Unit| {
                        clauses(&unit.text).iter().any(|&(from, to)| unit.text[from..to] == words[..])
                    };
                    let mut places = (0..units.len()).filter(|&place| same(&units[place]));
                    if let (Some(place), None) = (places.next(), places.next()) {
                        taken[place] = true;
                    }
                }
                continue;
            }
            let shares: Vec<f64> = units
                .iter()
                .map(
                    |unit| {
                        if unit.part == Part::Circumstance { 0.0 } else { beside(&words, &unit.text).share }
                    },
                )
                .collect();
            let best = shares.iter().copied().fold(0.0, f64::max);
            if best < TAKEN {
                continue;
            }
            let as_good = |place: &usize| shares[*place] >= best - f64::EPSILON;
            let all: Vec<usize> = (0..units.len()).filter(as_good).collect();
            let in_the_answer: Vec<usize> =
                all.iter().copied().filter(|&place| units[place].part == Part::Answer).collect();
            if let [place] = all[..] {
                taken[place] = true;
            } else if let [place, ..] = in_the_answer[..] {
                taken[place] = true;
            }
        }
    }
    taken
}
