//! A piece of evidence, taken apart for comparing.

use super::super::described::Part;
use super::super::evidence::Evidence;
use super::beside::beside;
use super::claim::{Claim, claims_after};
use super::exclusive::{Member, home_of, members};
use super::fact::{Fact, facts};
use super::figure::{Figure, beyond, figures};
use super::limit::{Limit, limits};
use super::normal::normal;
use super::office::Office;
use super::piece::sentences;
use super::sense::{Sense, sense};
use super::stated::Stated;
use super::turn::{Turn, turns};

/// What introduces the mistakes that people make with a document.
const MISTAKES: &str = "注意:";

/// A sentence of the evidence.
pub(super) struct Sentence {
    /// Its characters in normal form.
    pub(super) text: Vec<char>,
    /// What can be checked in it.
    pub(super) facts: Vec<Fact>,
    /// Its words that deny or leave out.
    pub(super) turns: Vec<Turn>,
    /// Its words that limit.
    pub(super) limits: Vec<Limit>,
    /// Whether it names a mistake that people make with a document.
    pub(super) is_mistake: bool,
}

/// What is told whole or not at all: an item of a list, or a sentence of a paragraph.
pub(super) struct Unit {
    /// The part of the entry it belongs to.
    pub(super) part: Part,
    /// As the office wrote it.
    pub(super) raw: String,
    /// Its characters in normal form.
    pub(super) text: Vec<char>,
}

/// A piece of evidence.
pub(super) struct Source {
    /// What it states, for looking up.
    pub(super) stated: Stated,
    /// Its title, which may name the case that the rest is about.
    pub(super) title: String,
    /// The city whose office is responsible.
    pub(super) home: Option<String>,
    /// What it is about.
    pub(super) sense: Sense,
    /// Its sentences, without the title: that is a question, which states nothing.
    pub(super) sentences: Vec<Sentence>,
    /// What it says and denies.
    pub(super) claims: Vec<Claim>,
    /// Its words that exclude others.
    pub(super) members: Vec<Member>,
    /// Its figures, each with the words around it.
    pub(super) figures: Vec<Figure>,
    /// Its lines with telephone numbers.
    pub(super) offices: Vec<Office>,
    /// What has to be told whole.
    pub(super) units: Vec<Unit>,
}

impl Source {
    /// Takes a piece of evidence apart.
    pub(super) fn new(evidence: &Evidence) -> Self {
        let home = home_of(evidence.department.as_deref());
        let title: Vec<char> = normal(&evidence.title).chars().collect();
        let mut whole = String::new();
        let mut parsed = Vec::new();
        let mut units = Vec::new();
        let mut known = Vec::new();
        let mut said = Vec::new();
        let mut excluding = Vec::new();
        let mut offices = Vec::new();
        for line in evidence.lines() {
            let raw = line.text.trim_start_matches(|c: char| c.is_whitespace() || "-*•·".contains(c));
            let text = normal(raw);
            if line.part != Part::Title {
                let own = figures(&text);
                known.extend(beyond(&text, &own));
                known.extend(own);
                offices.extend(Office::of(&text));
                let characters: Vec<char> = text.chars().collect();
                // What an answer begins with is said of what the title names: 要退 of 养老金还在发,要退吗.
                let asked = if said.is_empty() && line.part == Part::Answer { title.as_slice() } else { &[] };
                said.extend(claims_after(asked, &characters));
                excluding.extend(members(&characters, home.as_deref()));
                let mut is_mistake = false;
                for text in sentences(&text) {
                    is_mistake |= line.part == Part::Material && text.contains(MISTAKES);
                    parsed.push(Sentence { is_mistake, ..sentence(text) });
                }
                let is_item = raw.len() < line.text.len() || line.part != Part::Answer;
                units.extend(pieces(raw, is_item).map(|raw| unit(line.part, raw)));
            }
            whole.push_str(&text);
            whole.push('\n');
        }
        units.retain(|unit| !unit.text.is_empty());
        Self {
            stated: Stated::new(&whole, &known),
            title: normal(&evidence.title),
            home,
            sense: sense(&whole),
            sentences: parsed,
            figures: known,
            claims: said,
            members: excluding,
            offices,
            units,
        }
    }

    /// How much of a sentence stands in one of the evidence, at the most.
    pub(super) fn share_of(&self, sentence: &[char]) -> f64 {
        self.sentences.iter().map(|known| beside(sentence, &known.text).share).fold(0.0, f64::max)
    }
}

fn sentence(text: &str) -> Sentence {
    let characters: Vec<char> = text.chars().collect();
    Sentence {
        facts: facts(text),
        turns: turns(&characters),
        limits: limits(&characters),
        text: characters,
        is_mistake: false,
    }
}

/// An item is told whole; a paragraph sentence by sentence.
fn pieces(raw: &str, is_item: bool) -> impl Iterator<Item = &str> {
    let ends: &[char] = if is_item { &[] } else { &['。', '！', '？', '!', '?'] };
    raw.split(ends).map(str::trim)
}

fn unit(part: Part, raw: &str) -> Unit {
    let text = normal(raw);
    let raw = raw.replace("**", "").trim_end_matches(['。', '；', ';']).to_owned();
    Unit { part, raw, text: text.chars().collect() }
}
