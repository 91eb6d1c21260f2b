//! The second stage: the question compared with every question of each candidate and with all that it says.

use super::asked::{Asked, Letter, Likeness, Pair, Word};
use super::candidates::Candidate;
use super::features::{Feature, Features};
use super::kinds::Kinds;
use super::standing::{self, Seen};
use super::tally::Tally;
use super::wordings::OtherWordings;
use crate::citations;
use crate::entry::Kind;
use crate::index::bm25::{B, K1};
use crate::index::forward::{self, GAP, Part};
use crate::index::{Segment, Snapshot};

/// How often the title counts among what the entry says. Measured on policy texts, two is worth three points of hit@1
/// and costs nothing elsewhere; the body is indexed likewise.
const TITLE_COUNT: f32 = 2.0;

/// What sums over letters are divided by, so that it goes to 1 or a little beyond as others do.
const ALL_LETTERS: f32 = 20.0;

/// Characters by which a sentence says no or not.
const NOT: [char; 5] = ['不', '没', '无', '未', '非'];

/// What is compared, with buffers that serve for all candidates of a search.
pub(super) struct Comparison<'a> {
    snapshot: &'a Snapshot,
    asked: &'a Asked,
    own: Own,
    /// Where in the question each letter stands, by its place in `Asked::letters`.
    positions: Vec<Vec<usize>>,
    /// The words that begin with a pair, by its place in `Asked::pairs`.
    words_of: Vec<Vec<usize>>,
    asked_not: bool,
    words: Vec<u64>,
    text: Vec<u16>,
    found: Found,
    /// Where letters of the question stand in the text looked at last.
    seen: Vec<Seen>,
    tally: Tally,
    units: Vec<Unit>,
    wordings: OtherWordings<'a>,
}

/// One of an entry's questions, and how much of the question it has.
#[derive(Clone, Copy)]
struct Unit {
    /// 0 is the title.
    number: usize,
    /// Where it stands in the entry's text.
    begin: usize,
    end: usize,
    letters: f32,
    pairs: f32,
}

impl Unit {
    /// How like the question it can be at most: if it says nothing else.
    fn most(&self) -> f32 {
        both(self.letters, 1.0) + both(self.pairs, 1.0)
    }
}

/// How much of one of the entry's questions the question has.
struct Back {
    letters: f32,
    pairs: f32,
}

/// What the question would score against itself.
struct Own {
    question_letters: f32,
    question_pairs: f32,
    question_words: f32,
    body_letters: f32,
    body_pairs: f32,
    body_rare: f32,
    body_about: f32,
    body_words: f32,
    body_content: f32,
    rarest_question_word: f32,
    rarest_body_word: f32,
    length: usize,
}

/// How often each part of the question was found in a text.
#[derive(Default, Clone)]
struct Found {
    letters: Vec<f32>,
    pairs: Vec<f32>,
    words: Vec<f32>,
    /// Letters that stand there by their sound only.
    sounds: Vec<bool>,
    /// For each position of the question, where the run that ends there was last seen, and its length.
    runs: Vec<(usize, u16)>,
    longest: usize,
    length: usize,
}

/// What an entry and a question have in common.
pub(super) struct Compared {
    pub(super) features: Features,
    /// Which of the entry's questions is best; 0 is the title. `None`: it has none.
    pub(super) unit: Option<usize>,
    /// Whether the entry has each of [`Asked::words`].
    pub(super) words: Vec<bool>,
    /// The document that the entry is or is part of, by name.
    pub(super) document: Option<String>,
}

fn part(of: f32, whole: f32) -> f32 {
    if whole > 0.0 { of / whole } else { 0.0 }
}

fn both(one: f32, other: f32) -> f32 {
    part(2.0 * one * other, one + other)
}

impl<'a> Comparison<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, asked: &'a Asked) -> Comparison<'a> {
        let mut positions = vec![Vec::new(); asked.letters.len()];
        for (at, &unit) in asked.units.iter().enumerate().filter(|(_, unit)| **unit != GAP) {
            if let Some(slot) = asked.slot(unit) {
                // The last first, so that a run is continued before it is begun anew.
                positions[slot].insert(0, at);
            }
        }
        let mut words_of = vec![Vec::new(); asked.pairs.len()];
        for (number, word) in asked.words.iter().enumerate() {
            let slots: Vec<usize> = word.units.iter().take(2).filter_map(|&unit| asked.slot(unit)).collect();
            if let Some(pair) = slots.first().zip(slots.get(1)).and_then(|(&a, &b)| asked.pair(a, b)) {
                words_of[pair].push(number);
            }
        }
        Comparison {
            snapshot,
            asked,
            own: Own::of(asked),
            positions,
            words_of,
            asked_not: asked.text.contains(NOT),
            words: Vec::new(),
            text: Vec::new(),
            found: Found::default(),
            seen: Vec::new(),
            tally: Tally::new(asked),
            units: Vec::new(),
            wordings: OtherWordings::new(&asked.wordings),
        }
    }

    /// Compares the question with one entry.
    pub(super) fn with(&mut self, candidate: &Candidate) -> Compared {
        let segment: &Segment = &self.snapshot.segments()[candidate.segment];
        let mut text = std::mem::take(&mut self.text);
        segment.text(candidate.document, &mut self.words, &mut text);
        let mut features = Features::default();
        features.set(Feature::first_stage, candidate.score);
        let is_matter = segment.kind(candidate.document) == Kind::Matter;
        features.set(Feature::matter, f32::from(u8::from(is_matter)));
        let unit = self.with_questions(&text, &mut features);
        self.with_body(&text, &mut features);
        self.asked.places.look(segment.places(candidate.document), &mut features);
        let document = citations::named(&forward::title(&text));
        self.text = text;
        let words = self.found.words.iter().map(|&count| count > 0.0).collect();
        Compared { features, unit, words, document }
    }

    /// The entry's questions: finds the one that is most like the question, and looks at it closely.
    fn with_questions(&mut self, text: &[u16], features: &mut Features) -> Option<usize> {
        let mut units = std::mem::take(&mut self.units);
        units.clear();
        self.tally.begin_entry();
        let mut number = 0;
        let mut begin = 0;
        while let Some(&mark) = text.get(begin) {
            if !matches!(Part::of(mark), Some(Part::Title | Part::Similar)) {
                break;
            }
            // An entry without a title begins with its first similar question, which is then number 1.
            if Part::of(mark) != Some(Part::Title) {
                number += 1;
            }
            let unit = self.forward(text, begin + 1, number);
            begin = unit.end;
            units.push(unit);
        }
        let verdict = self.tally.verdict(self.asked);
        features.set(Feature::units_all, verdict.likelier / ALL_LETTERS);
        features.set(Feature::units_each, verdict.likelier / self.asked.letters.len().max(1) as f32);
        features.set(Feature::units_more, -verdict.missing / ALL_LETTERS);
        if let Some(title) = units.first().filter(|unit| unit.number == 0) {
            let back = self.back(&text[title.begin..title.end]);
            features.set(Feature::title_letters_back, back.letters);
        }
        // The most promising first: most of the others then cannot be better and need not be looked at.
        units.sort_unstable_by(|a, b| b.most().total_cmp(&a.most()).then(a.number.cmp(&b.number)));
        let mut best: Option<(f32, Unit, Shares)> = None;
        for unit in &units {
            if best.as_ref().is_some_and(|(most, ..)| unit.most() < *most) {
                break;
            }
            let back = self.back(&text[unit.begin..unit.end]);
            let shares = Shares {
                letters: unit.letters,
                pairs: unit.pairs,
                letters_back: back.letters,
                pairs_back: back.pairs,
            };
            let likeness = shares.likeness();
            let better = |(most, other, _): &(f32, Unit, Shares)| {
                likeness > *most || (likeness >= *most && unit.number < other.number)
            };
            if best.as_ref().is_none_or(better) {
                best = Some((likeness, *unit, shares));
            }
        }
        self.units = units;
        let (_, unit, shares) = best?;
        self.closely(&text[unit.begin..unit.end], &shares, features);
        Some(unit.number)
    }

    /// How much of the question one of the entry's questions has, which begins there.
    fn forward(&mut self, text: &[u16], begin: usize, number: usize) -> Unit {
        let asked = self.asked;
        let tally = &mut self.tally;
        tally.begin_question();
        let (mut letters, mut pairs) = (0.0, 0.0);
        let mut before: Option<usize> = None;
        let mut end = text.len();
        for (at, &letter) in text.iter().enumerate().skip(begin) {
            match asked.likeness(letter) {
                Likeness::Same(slot) => {
                    if tally.letter(slot) {
                        letters += asked.letters[slot].question_idf;
                    }
                    if let Some(pair) = before.and_then(|before| asked.pair(before, slot))
                        && tally.pair(pair)
                    {
                        pairs += asked.pairs[pair].question_idf;
                    }
                    before = Some(slot);
                }
                Likeness::Mark if letter != GAP => {
                    end = at;
                    break;
                }
                Likeness::Mark => before = None,
                Likeness::None | Likeness::Sound => {
                    tally.other(letter);
                    before = None;
                }
            }
        }
        let (letters, pairs) =
            (part(letters, self.own.question_letters), part(pairs, self.own.question_pairs));
        Unit { number, begin, end, letters, pairs }
    }

    /// How much of one of the entry's questions the question has.
    fn back(&self, unit: &[u16]) -> Back {
        let asked = self.asked;
        let (mut theirs, mut both_have) = (0.0, 0.0);
        let (mut their_pairs, mut both_pairs) = (0.0, 0.0);
        let mut before: Option<(Option<usize>, f32)> = None;
        for &letter in unit {
            if letter == GAP {
                before = None;
                continue;
            }
            let rarity = self.snapshot.rarity(letter);
            let slot = asked.slot(letter);
            theirs += rarity;
            both_have += if slot.is_some() { rarity } else { 0.0 };
            if let Some((before, before_rarity)) = before {
                let weight = (rarity + before_rarity) / 2.0;
                their_pairs += weight;
                let shared = before.zip(slot).and_then(|(first, second)| asked.pair(first, second));
                both_pairs += if shared.is_some() { weight } else { 0.0 };
            }
            before = Some((slot, rarity));
        }
        Back { letters: part(both_have, theirs), pairs: part(both_pairs, their_pairs) }
    }

    fn closely(&mut self, unit: &[u16], shares: &Shares, features: &mut Features) {
        self.look(unit, 1.0);
        let asked = self.asked;
        let found = &self.found;
        let length = found.length;
        let shorter = length.min(self.own.length).max(1) as f32;
        let longer = length.max(self.own.length).max(1) as f32;
        features.set(Feature::unit_letters, shares.letters);
        features.set(Feature::unit_pairs, shares.pairs);
        features.set(Feature::unit_letters_back, shares.letters_back);
        features.set(Feature::unit_pairs_back, shares.pairs_back);
        features.set(Feature::unit_both, both(shares.letters, shares.letters_back));
        features.set(Feature::unit_pairs_both, both(shares.pairs, shares.pairs_back));
        features.set(Feature::unit_run, found.longest as f32 / shorter);
        features.set(Feature::unit_length, shorter / longer);
        let content = |at: usize| content_idf(&asked.words[at], |word| word.question_idf);
        features.set(Feature::unit_words, part(sum(&found.words, content), self.own.question_words));
        let missing = rarest_missing(&found.words, content);
        features.set(Feature::unit_missing, part(missing, self.own.rarest_question_word));
        let sounds = asked.letters.iter().zip(&found.sounds).filter(|(_, sounds)| **sounds);
        let by_sound: f32 = sounds.map(|(letter, _)| letter.question_idf).sum();
        features.set(Feature::unit_sound, part(by_sound, self.own.question_letters));

        let letters = || unit.iter().copied().filter(|&letter| letter != GAP);
        let same = letters().eq(asked.units.iter().copied().filter(|&letter| letter != GAP));
        features.set(Feature::unit_exact, f32::from(u8::from(same)));
        let order = common_subsequence(&asked.units, unit) as f32 / longer;
        features.set(Feature::unit_order, order.min(1.0));
        let (mut rarest, mut rarest_missing) = (0.0_f32, 0.0_f32);
        for letter in letters() {
            let rarity = self.snapshot.rarity(letter);
            rarest = rarest.max(rarity);
            if asked.slot(letter).is_none() {
                rarest_missing = rarest_missing.max(rarity);
            }
        }
        features.set(Feature::unit_missing_back, part(rarest_missing, rarest));
        let text = String::from_utf16_lossy(unit);
        features.set(Feature::unit_kinds, asked.kinds.agreement(Kinds::of(&text)));
        features.set(Feature::unit_not, f32::from(u8::from(text.contains(NOT) != self.asked_not)));
    }

    /// All that the entry says.
    fn with_body(&mut self, text: &[u16], features: &mut Features) {
        self.look(text, TITLE_COUNT);
        let asked = self.asked;
        let found = &self.found;
        let length = found.length as f32 / self.snapshot.average_letters();
        let penalty = K1 * (1.0 - B + B * length);
        let saturated = |count: f32| count * (K1 + 1.0) / (count + penalty);
        let bm25 = |counts: &[f32], weight: &dyn Fn(usize) -> f32| -> f32 {
            counts.iter().enumerate().map(|(at, &count)| weight(at) * saturated(count)).sum()
        };
        let letter = |at: usize| asked.letters[at].body_weight();
        let pair = |at: usize| asked.pairs[at].body_weight();
        let word = |at: usize| asked.words[at].body_idf;
        let content_word = |at: usize| content_idf(&asked.words[at], |word| word.body_idf);
        let (letters, pairs) = (bm25(&found.letters, &letter), bm25(&found.pairs, &pair));
        features.set(Feature::body_all, part(letters + pairs, self.own.body_letters + self.own.body_pairs));
        features.set(Feature::body_letters, part(letters, self.own.body_letters));
        features.set(Feature::body_pairs, part(pairs, self.own.body_pairs));
        let content = bm25(&found.letters, &|at| if asked.letters[at].content { letter(at) } else { 0.0 })
            + bm25(&found.pairs, &|at| if asked.pairs[at].content { pair(at) } else { 0.0 });
        features.set(Feature::body_content, part(content, self.own.body_about));
        let rare = bm25(&found.letters, &|at| letter(at) * asked.letters[at].body_idf)
            + bm25(&found.pairs, &|at| pair(at) * asked.pairs[at].body_idf);
        features.set(Feature::body_rare, part(rare, self.own.body_rare));
        features.set(Feature::body_words, part(bm25(&found.words, &word), self.own.body_words));
        features.set(Feature::body_letters_in, part(sum(&found.letters, letter), self.own.body_letters));
        features.set(Feature::body_pairs_in, part(sum(&found.pairs, pair), self.own.body_pairs));
        features.set(Feature::body_words_in, part(sum(&found.words, content_word), self.own.body_content));
        let missing = rarest_missing(&found.words, content_word);
        features.set(Feature::body_missing, part(missing, self.own.rarest_body_word));
        features.set(Feature::body_run, found.longest as f32 / self.own.length.max(1) as f32);
        let sounds = asked.letters.iter().zip(&found.sounds).filter(|(_, sounds)| **sounds);
        let by_sound: f32 = sounds.map(|(letter, _)| letter.body_weight()).sum();
        features.set(Feature::body_sound, part(by_sound, self.own.body_letters));
        features.set(Feature::body_length, length / (1.0 + length));
        let whole = self.own.body_letters + self.own.body_pairs;
        features.set(Feature::body_window, part(standing::window(asked, &self.seen, self.own.length), whole));
        features.set(Feature::body_start, part(standing::start(asked, &self.seen, text), whole));
        features.set(Feature::body_wording, part(self.wordings.weight(text), whole));
    }

    /// Counts the parts of the question in a text.
    fn look(&mut self, text: &[u16], title_count: f32) {
        let asked = self.asked;
        let found = &mut self.found;
        found.clear(asked);
        self.seen.clear();
        let mut count = 1.0;
        let mut before: Option<usize> = None;
        let mut marks = 0;
        for (at, &letter) in text.iter().enumerate() {
            let slot = match asked.likeness(letter) {
                Likeness::None => {
                    before = None;
                    continue;
                }
                Likeness::Same(slot) => slot,
                Likeness::Sound => {
                    by_sound(asked, &self.positions, found, text, at);
                    before = None;
                    continue;
                }
                Likeness::Mark => {
                    before = None;
                    marks += 1;
                    if letter != GAP {
                        count = if Part::of(letter) == Some(Part::Title) { title_count } else { 1.0 };
                    }
                    continue;
                }
            };
            found.letters[slot] += count;
            let pair = before.and_then(|before| asked.pair(before, slot));
            if let Some(pair) = pair {
                found.pairs[pair] += count;
                for &word in &self.words_of[pair] {
                    if text[at - 1..].starts_with(&asked.words[word].units) {
                        found.words[word] += count;
                    }
                }
            }
            for &position in &self.positions[slot] {
                let run = match position.checked_sub(1).map(|before| found.runs[before]) {
                    Some((seen, run)) if at > 0 && seen == at - 1 && run > 0 => run + 1,
                    _ => 1,
                };
                found.runs[position] = (at, run);
                found.longest = found.longest.max(usize::from(run));
            }
            self.seen.push(Seen { at, letter: slot, pair });
            before = Some(slot);
        }
        found.length = text.len() - marks;
        // What stands there itself does not stand there by its sound only.
        for (sounds, &count) in found.sounds.iter_mut().zip(&found.letters) {
            *sounds &= count == 0.0;
        }
    }
}

/// Marks the letters of the question that sound like the one at that place and stand beside the same neighbour.
fn by_sound(asked: &Asked, positions: &[Vec<usize>], found: &mut Found, text: &[u16], at: usize) {
    let sound = crate::analyzer::Sounds::shared().of(text[at]);
    for (slot, &other) in asked.sounds.iter().enumerate() {
        if other != sound || found.sounds[slot] {
            continue;
        }
        found.sounds[slot] = positions[slot].iter().any(|&position| {
            let same = |a: Option<&u16>, b: Option<&u16>| a.zip(b).is_some_and(|(a, b)| a == b && *a >= 32);
            same(
                position.checked_sub(1).and_then(|before| asked.units.get(before)),
                at.checked_sub(1).and_then(|before| text.get(before)),
            ) || same(asked.units.get(position + 1), text.get(at + 1))
        });
    }
}

fn content_idf(word: &Word, weight: impl Fn(&Word) -> f32) -> f32 {
    if word.content { weight(word) } else { 0.0 }
}

/// The weights of what was found.
fn sum(counts: &[f32], weight: impl Fn(usize) -> f32) -> f32 {
    counts.iter().enumerate().filter(|(_, count)| **count > 0.0).map(|(at, _)| weight(at)).sum()
}

/// The largest weight of what was not found.
fn rarest_missing(counts: &[f32], weight: impl Fn(usize) -> f32) -> f32 {
    counts
        .iter()
        .enumerate()
        .filter(|(_, count)| **count == 0.0)
        .map(|(at, _)| weight(at))
        .fold(0.0, f32::max)
}

/// The length of the longest common subsequence.
fn common_subsequence(one: &[u16], other: &[u16]) -> usize {
    let mut row = vec![0_usize; other.len() + 1];
    for &left in one.iter().filter(|&&letter| letter != GAP) {
        let mut diagonal = 0;
        for (at, &right) in other.iter().enumerate() {
            let above = row[at + 1];
            row[at + 1] = if left == right { diagonal + 1 } else { above.max(row[at]) };
            diagonal = above;
        }
    }
    row.last().copied().unwrap_or(0)
}

/// What a question and one of the entry's have in common, as parts of each.
struct Shares {
    letters: f32,
    pairs: f32,
    letters_back: f32,
    pairs_back: f32,
}

impl Shares {
    fn likeness(&self) -> f32 {
        both(self.letters, self.letters_back) + both(self.pairs, self.pairs_back)
    }
}

impl Own {
    fn of(asked: &Asked) -> Own {
        let content =
            |weight: fn(&Word) -> f32| asked.words.iter().map(move |word| content_idf(word, weight));
        Own {
            question_letters: asked.letters.iter().map(|letter| letter.question_idf).sum(),
            question_pairs: asked.pairs.iter().map(|pair| pair.question_idf).sum(),
            question_words: content(|word| word.question_idf).sum(),
            body_letters: asked.letters.iter().map(Letter::body_weight).sum(),
            body_pairs: asked.pairs.iter().map(Pair::body_weight).sum(),
            body_about: asked
                .letters
                .iter()
                .filter(|letter| letter.content)
                .map(Letter::body_weight)
                .sum::<f32>()
                + asked.pairs.iter().filter(|pair| pair.content).map(Pair::body_weight).sum::<f32>(),
            body_rare: asked.letters.iter().map(|letter| letter.body_weight() * letter.body_idf).sum::<f32>()
                + asked.pairs.iter().map(|pair| pair.body_weight() * pair.body_idf).sum::<f32>(),
            body_words: asked.words.iter().map(|word| word.body_idf).sum(),
            body_content: content(|word| word.body_idf).sum(),
            rarest_question_word: content(|word| word.question_idf).fold(0.0, f32::max),
            rarest_body_word: content(|word| word.body_idf).fold(0.0, f32::max),
            length: asked.units.iter().filter(|&&unit| unit != GAP).count(),
        }
    }
}

impl Found {
    fn clear(&mut self, asked: &Asked) {
        let reset = |counts: &mut Vec<f32>, length: usize| {
            counts.clear();
            counts.resize(length, 0.0);
        };
        reset(&mut self.letters, asked.letters.len());
        reset(&mut self.pairs, asked.pairs.len());
        reset(&mut self.words, asked.words.len());
        self.sounds.clear();
        self.sounds.resize(asked.letters.len(), false);
        self.runs.clear();
        self.runs.resize(asked.units.len(), (0, 0));
        self.longest = 0;
        self.length = 0;
    }
}
