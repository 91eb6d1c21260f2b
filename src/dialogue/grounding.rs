//! Whether an answer stands in the evidence it cites, and what it leaves out of it. No model is asked.
//!
//! A writer is told to copy what binds: amounts, limits, conditions, exceptions. So every sentence of an answer is laid
//! beside the sentences of the evidence it cites (`beside.rs`), and what differs is looked at: figures (`fact.rs`,
//! `stated.rs`), limits (`wording.rs`), denials (`denial.rs`), and whether something is free (`fee.rs`). What a sentence of the evidence
//! says and the answer left out is named in the office's own words (`omitted.rs`).

mod around;
mod bare;
mod beside;
mod case;
mod claim;
mod denial;
mod exclusive;
mod fact;
mod fee;
mod figure;
mod limit;
mod listed;
mod moment;
mod normal;
mod numeral;
mod office;
mod omitted;
mod pattern;
mod piece;
pub mod said;
mod sense;
mod source;
mod stated;
mod turn;
mod wording;

pub use bare::without_bare_answers;
pub use fact::FactKind;

use std::collections::BTreeSet;

use super::evidence::Evidence;
use beside::weight;
use fact::{Fact, facts};
use figure::{Figure, figures};
use normal::normal;
use omitted::Said;
use piece::{Line, clause_texts, is_chinese, lines, names_in_brackets, sentences};
use sense::{Sense, coverage, sense};
use source::Source;
use stated::Wrong;

/// What can be wrong with an answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum FaultKind {
    /// A fact that the cited evidence does not state.
    Unstated(FactKind),
    /// A limit that is left out or points the other way.
    Limit,
    /// The contrary of what the evidence says.
    Contrary,
    /// A statement without a source.
    Uncited,
    /// A statement about something that the cited evidence does not speak of.
    Unsupported,
    /// A sentence that breaks off.
    Unfinished,
}

impl FaultKind {
    /// All kinds.
    pub const ALL: [Self; 17] = [
        Self::Unstated(FactKind::Link),
        Self::Unstated(FactKind::Document),
        Self::Unstated(FactKind::Article),
        Self::Unstated(FactKind::Date),
        Self::Unstated(FactKind::Time),
        Self::Unstated(FactKind::Phone),
        Self::Unstated(FactKind::Percent),
        Self::Unstated(FactKind::Amount),
        Self::Unstated(FactKind::Period),
        Self::Unstated(FactKind::Age),
        Self::Unstated(FactKind::Address),
        Self::Unstated(FactKind::Number),
        Self::Limit,
        Self::Contrary,
        Self::Uncited,
        Self::Unsupported,
        Self::Unfinished,
    ];

    /// The kind's name in metrics and records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unstated(kind) => kind.name(),
            Self::Limit => "limit",
            Self::Contrary => "contrary",
            Self::Uncited => "uncited",
            Self::Unsupported => "unsupported",
            Self::Unfinished => "unfinished",
        }
    }
}

/// Something wrong with an answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// What.
    pub kind: FaultKind,
    /// The words of the answer, in the form in which they were compared.
    pub words: String,
}

/// Something the answer leaves out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Omission {
    /// The place of the evidence that says it.
    pub source: usize,
    /// The evidence's own words.
    pub text: String,
}

/// With less of a line's sense in the evidence, the evidence does not speak of it.
const SUPPORTED: f64 = 0.25;

/// With so much more of a line's sense in another source than in the cited one, the citation is wrong.
const ELSEWHERE: f64 = 0.25;

/// A sentence with so much of its text in one sentence of the evidence was copied from there.
const COPIED: f64 = 0.85;

/// A sentence with less of its text in any sentence of a source was not taken from it.
const NOT_HERE: f64 = 0.6;

/// A sentence with less of its text in every sentence of the evidence is about something else.
const FOREIGN: f64 = 0.3;

/// Words of a sentence that introduces what follows or sends the reader to somebody, and so says nothing itself.
const LEADING: &[&str] = &["如下", "下面", "以下", "下列", "要注意", "12345", "核实"];

/// The weight of a sentence that says anything, and whose origin can be told.
const SAYING: usize = 3;

/// A line with fewer pairs of characters says too little to be told from another.
const TELLING: usize = 8;

/// The longest heading, in characters (Chinese) or half words (others).
const HEADING: usize = 12;

/// The longest line that does nothing but send the reader to somebody, in Chinese characters.
const REFERENCE: usize = 60;

/// Words of a clause that names what is left open.
const OPEN: &[&str] = &["多少", "怎么", "什么", "几", "哪"];

/// How much of a clause stands in the question that only says the question again.
const REPEATED: f64 = 0.75;

/// Who speaks and who is spoken to, which differs between a question and its answer.
const SELF: [char; 3] = ['您', '你', '我'];

/// Words of a line that sends the reader to somebody who knows.
const REFERRING: &[&str] = &["12345", "请向", "咨询", "check with", "confirm with", "contact"];

/// The evidence of an answer, taken apart once.
pub struct Grounding {
    asked: String,
    asked_facts: Vec<Fact>,
    asked_figures: Vec<Figure>,
    sources: Vec<Source>,
}

impl Grounding {
    /// What an answer to a question may say.
    pub fn new(question: &str, evidence: &[Evidence]) -> Self {
        let asked = normal(question);
        Self {
            asked_facts: facts(&asked),
            asked_figures: figures(&asked),
            asked,
            sources: evidence.iter().map(Source::new).collect(),
        }
    }

    /// What is wrong with a text. Its marks `[n]` count `cited`, the places of the evidence, from 1. A text that is not
    /// yet at its end can be looked at wherever a line ends.
    pub fn faults(&self, text: &str, cited: &[usize]) -> Vec<Fault> {
        self.new_faults(text, cited, &mut 0)
    }

    /// The same for a text that grows line by line and had no fault before: lines that hold whatever follows them are not
    /// looked at again. `held` is how many these are; it begins with 0.
    pub fn new_faults(&self, text: &str, cited: &[usize], held: &mut usize) -> Vec<Fault> {
        let lines = lines(text);
        let mut faults = Vec::new();
        // The marks of a line that introduces a list hold for the items that have none.
        let mut introduced: Vec<usize> = Vec::new();
        // What introduces a list may say what follows from its items.
        let mut in_a_list = false;
        // The step of the evidence that the numbered line before told.
        let mut last_step = None;
        for (place, line) in lines.iter().enumerate() {
            let marks = if line.marks.is_empty() && line.is_item { &introduced } else { &line.marks };
            let sources = self.sources_of(marks, cited);
            if place < *held {
                // It has held, with the line that follows it.
            } else if sources.is_empty() {
                // Whether a line is a heading is known once the next one has come.
                let next_is_cited = lines.get(place + 1).is_none_or(|next| !next.marks.is_empty());
                if line.is_item || !(next_is_cited && is_heading(&line.text)) {
                    self.uncited(line, &mut faults);
                }
            } else {
                self.cited(&line.text, &sources, &mut faults);
            }
            let step = listed::step_of(line, &sources);
            if place >= *held && step.is_some() && step < last_step {
                faults.push(Fault { kind: FaultKind::Contrary, words: line.text.clone() });
            }
            last_step = if line.is_numbered { step.or(last_step) } else { None };
            if !(line.is_item && in_a_list)
                && place >= *held
                && wording::lacks_its_consequence(&line.text, &sources)
            {
                faults.push(Fault { kind: FaultKind::Unfinished, words: line.text.clone() });
            }
            if !line.is_item {
                in_a_list = line.text.ends_with(':');
                introduced = if line.text.ends_with(':') { line.marks.clone() } else { Vec::new() };
            }
        }
        if faults.is_empty() {
            // What the last line is may depend on the next one.
            *held = lines.len().saturating_sub(1);
        }
        faults
    }

    /// What a whole text leaves out of the evidence it cites.
    pub fn omitted(&self, text: &str, cited: &[usize]) -> Vec<Omission> {
        let lines = lines(text);
        // Sentences of another language cannot be laid beside Chinese ones.
        if !is_chinese(&lines.iter().map(|line| line.text.as_str()).collect::<String>()) {
            return Vec::new();
        }
        let said = Said::new(&lines);
        let marks: BTreeSet<usize> = lines.iter().flat_map(|line| line.marks.iter().copied()).collect();
        let mut omitted: Vec<Omission> = Vec::new();
        for mark in marks {
            let Some(place) = cited.get(mark.wrapping_sub(1)).copied() else { continue };
            let Some(source) = self.sources.get(place) else { continue };
            for omission in omitted::of_source(&said, mark, place, source) {
                if !omitted.iter().any(|known| known.text == omission.text) {
                    omitted.push(omission);
                }
            }
        }
        omitted
    }

    fn sources_of(&self, marks: &[usize], cited: &[usize]) -> Vec<&Source> {
        let place = |mark: &usize| cited.get(mark.wrapping_sub(1)).copied();
        marks.iter().filter_map(place).filter_map(|place| self.sources.get(place)).collect()
    }

    /// A line without a source may introduce a list, repeat the question, or send the reader elsewhere.
    fn uncited(&self, line: &Line, faults: &mut Vec<Fault>) {
        let text = &line.text;
        let says_something = text.chars().filter(|c| c.is_alphanumeric()).count() >= 4;
        let longest = if is_chinese(text) { REFERENCE } else { 3 * REFERENCE };
        let is_referring = |text: &str| REFERRING.iter().any(|word| text.contains(word));
        // It may name what it is about, say the citizen's own words again and ask, and no more.
        let is_asking = |text: &str| denial::asks(text) || OPEN.iter().any(|word| text.contains(word));
        let may_refer =
            |text: &String| is_referring(text) || is_asking(text) || self.was_said_by_the_citizen(text);
        let refers = || {
            text.chars().count() <= longest
                && is_referring(text)
                && (!is_chinese(text)
                    || clause_texts(text).iter().filter(|text| !may_refer(text)).count() < 2)
        };
        let refers = refers();
        // What is left open may be the other case of a limit: 孩子满16岁的怎么办.
        let is_unknown = |fact: &Fact| {
            let mut judged = self.sources.iter().map(|source| source.stated.judge(fact));
            !self.was_asked(fact)
                && judged.all(|wrong| wrong.is_some_and(|wrong| !refers || wrong != Wrong::Limit))
        };
        let unknown: Vec<Fact> = facts(text).into_iter().filter(is_unknown).collect();
        let may_stand = text.ends_with(':') || refers || self.asked.contains(text.as_str());
        if says_something && !(may_stand && unknown.is_empty()) {
            faults.push(Fault { kind: FaultKind::Uncited, words: text.clone() });
        } else if text.ends_with(':') && !denial::exemptions_stand(text, &self.sources) {
            faults.push(Fault { kind: FaultKind::Contrary, words: text.clone() });
        } else if text.ends_with(':') {
            claim::check(text, &self.asked, &self.sources.iter().collect::<Vec<_>>(), faults);
        }
        faults.extend(
            unknown.into_iter().map(|fact| Fault { kind: FaultKind::Unstated(fact.kind), words: fact.text }),
        );
    }

    fn cited(&self, text: &str, sources: &[&Source], faults: &mut Vec<Fault>) {
        if text.is_empty() || text.ends_with([',', '、']) {
            faults.push(Fault { kind: FaultKind::Unfinished, words: text.to_owned() });
        }
        for fact in facts(text).into_iter().filter(|fact| !self.was_asked(fact)) {
            let judged: Vec<Option<Wrong>> =
                sources.iter().map(|source| source.stated.judge(&fact)).collect();
            if judged.iter().all(Option::is_some) {
                let limit = judged.contains(&Some(Wrong::Limit));
                let kind = if limit { FaultKind::Limit } else { FaultKind::Unstated(fact.kind) };
                faults.push(Fault { kind, words: fact.text });
            }
        }
        for hours in stated::hours(text) {
            if sources.iter().all(|source| source.stated.ends_otherwise(hours)) {
                let words = format!("{}-{}", hours.0, hours.1);
                faults.push(Fault { kind: FaultKind::Unstated(FactKind::Time), words });
            }
        }
        if !is_chinese(text) {
            // The Chinese names in brackets are copied from what is cited.
            let is_of_others = |name: &String| {
                let names = |source: &Source| source.stated.text.contains(name.as_str());
                !sources.iter().any(|source| names(source)) && self.sources.iter().any(names)
            };
            if names_in_brackets(text).iter().any(is_of_others) {
                faults.push(Fault { kind: FaultKind::Unsupported, words: text.to_owned() });
            }
            return;
        }
        if !self.is_supported(text, sources) {
            faults.push(Fault { kind: FaultKind::Unsupported, words: text.to_owned() });
        }
        if fee::is_wrong(text, sources) {
            faults.push(Fault { kind: FaultKind::Contrary, words: text.to_owned() });
        }
        figure::check(text, &self.asked_figures, sources, faults);
        // The letters of a link are nothing that a word is said of.
        let text = &fact::without_links(text);
        claim::check(text, &self.asked, sources, faults);
        exclusive::check(text, sources, faults);
        listed::check(text, sources, faults);
        office::check(text, sources, faults);
        for sentence in sentences(text) {
            let asked = wording::Asked { text: &self.asked, facts: &self.asked_facts };
            wording::check(sentence, asked, sources, faults);
        }
    }

    /// Whether a clause only says again what the citizen said: 您 75 年 3 月出生.
    fn was_said_by_the_citizen(&self, clause: &str) -> bool {
        let said: Vec<char> = clause.chars().filter(|c| c.is_alphanumeric() && !SELF.contains(c)).collect();
        let pairs = said.windows(2).map(|pair| pair.iter().collect::<String>());
        let (known, all) = pairs.fold((0_u32, 0_u32), |(known, all), pair| {
            (known + u32::from(self.asked.contains(&pair)), all + 1)
        });
        all > 0 && f64::from(known) >= REPEATED * f64::from(all)
    }

    fn was_asked(&self, fact: &Fact) -> bool {
        self.asked_facts.iter().any(|asked| asked.kind == fact.kind && asked.key == fact.key)
            || self.was_asked_in_short(fact)
    }

    /// Whether the citizen said it without the unit or the century: 我妈今年91, and 68年3月生.
    fn was_asked_in_short(&self, fact: &Fact) -> bool {
        match fact.kind {
            FactKind::Age | FactKind::Amount => {
                self.asked_facts.iter().any(|asked| asked.kind == FactKind::Number && asked.key == fact.key)
                    || numeral::has_in_words(&self.asked, &fact.key)
            }
            FactKind::Date => {
                let short = fact.key.strip_prefix("19").or_else(|| fact.key.strip_prefix("20"));
                let parts: Vec<&str> = short.unwrap_or_default().split('-').collect();
                let spoken = match parts[..] {
                    [year] if !year.is_empty() => format!("{year}年"),
                    [year, month] => format!("{year}年{month}月"),
                    [year, month, day] => format!("{year}年{month}月{day}"),
                    _ => return false,
                };
                self.asked.contains(&spoken)
            }
            _ => false,
        }
    }

    /// Whether a sentence is about something else than the cited evidence, or was copied from evidence that is not cited.
    fn is_misplaced(&self, sentence: &str, sources: &[&Source]) -> bool {
        let introduces = sentence.ends_with(':') || LEADING.iter().any(|word| sentence.contains(word));
        let sentence: Vec<char> = sentence.chars().collect();
        if weight(&sentence) < SAYING {
            return false;
        }
        let here = sources.iter().map(|source| source.share_of(&sentence)).fold(0.0, f64::max);
        // A line may join several of the evidence's items.
        let joined = || joined_share(&sentence, sources);
        let elsewhere = || self.sources.iter().any(|source| source.share_of(&sentence) >= COPIED);
        let telling = || sense(&sentence.iter().collect::<String>());
        let speaks_of_it = || coverage(&telling(), &sense_of(sources)) >= SUPPORTED;
        (here < FOREIGN && !introduces && joined() < FOREIGN && !speaks_of_it())
            || (here < NOT_HERE && self.sources.len() > 1 && elsewhere())
    }

    /// Whether the cited evidence speaks of what a line says, and no other evidence much more so.
    fn is_supported(&self, text: &str, sources: &[&Source]) -> bool {
        if sentences(text).any(|sentence| self.is_misplaced(sentence, sources)) {
            return false;
        }
        let own = sense(text);
        if own.len() < TELLING {
            return true;
        }
        let together = coverage(&own, &sense_of(sources));
        let anywhere = self.sources.iter().map(|source| coverage(&own, &source.sense)).fold(0.0, f64::max);
        together >= SUPPORTED && anywhere <= together + ELSEWHERE
    }
}

/// What the sources are about together.
fn sense_of(sources: &[&Source]) -> Sense {
    sources.iter().flat_map(|source| source.sense.iter().cloned()).collect()
}

/// How much of a sentence stands in the sources when each of its clauses and items is looked up by itself. What says too little
/// to be traced counts as if it stood nowhere.
fn joined_share(sentence: &[char], sources: &[&Source]) -> f64 {
    let (mut found, mut all) = (0.0, 0);
    for piece in sentence.split(|c| [',', '、'].contains(c)) {
        let weight = weight(piece);
        all += weight;
        if weight >= SAYING {
            let most = sources.iter().map(|source| source.share_of(piece)).fold(0.0, f64::max);
            found += if most >= NOT_HERE { weight as f64 } else { 0.0 };
        }
    }
    if all == 0 { 1.0 } else { found / all as f64 }
}

/// Whether a line that cites nothing is the heading of what follows, and so states nothing.
fn is_heading(text: &str) -> bool {
    let length = if is_chinese(text) {
        text.chars().filter(|c| c.is_alphanumeric()).count()
    } else {
        text.split(' ').count() * 2
    };
    let states = ["收费", "免费", "不要钱", "不用", "不能", "不得", "可以"];
    length <= HEADING
        && !text.ends_with(['。', '.', '!', ';'])
        && !states.iter().any(|word| text.contains(word))
        && facts(text).is_empty()
}

#[cfg(test)]
mod tests;
