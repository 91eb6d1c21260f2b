//! The question, cut and weighed once, in the forms in which both stages use it.

use std::collections::HashMap;

use tantivy::TantivyError;
use tantivy::postings::TermInfo;

use super::kinds::Kinds;
use super::places::AskedPlaces;
use crate::analyzer::{Analyzer, Sounds};
use crate::index::Snapshot;
use crate::index::bm25::idf;
use crate::index::forward::{self, FIRST_LETTER};

/// What a dictionary word counts in the first stage beside the characters and pairs it consists of, which are counted
/// on their own. Found by leaving out each similar question of the demo city in turn: 0.3 to 0.5 is best there, and
/// better than both 0 and 1 on the collections it was not chosen on.
const WORD_WEIGHT: f32 = 0.4;

/// How often a token of the question counts at most, so that 啊啊啊啊啊 is not a strong question about 啊.
const MAX_COUNT: f32 = 2.0;

/// Different letters of a question that are looked at. No sensible question has more.
const MAX_LETTERS: usize = 250;

/// Stands in the table of letters for those that sound like one of the question.
const SOUND: u8 = 254;

/// Stands in the table of letters for what is no letter.
const MARK: u8 = 255;

/// What a letter of a text is to the question.
#[derive(Clone, Copy)]
pub(crate) enum Likeness {
    /// Nothing.
    None,
    /// The letter at this place of `letters`.
    Same(usize),
    /// It sounds like one.
    Sound,
    /// It is no letter but a mark or a gap.
    Mark,
}

/// A question, cut and weighed.
pub(crate) struct Asked {
    /// Normalised, without fillers, in canonical names.
    pub(crate) text: String,
    /// Its letters, gaps between them.
    pub(crate) units: Vec<u16>,
    /// What the first stage looks up.
    pub(crate) tokens: Vec<Token>,
    /// Each letter once.
    pub(crate) letters: Vec<Letter>,
    /// Each pair of neighbouring letters once.
    pub(crate) pairs: Vec<Pair>,
    /// Each word of two letters or more once.
    pub(crate) words: Vec<Word>,
    /// The things that the question names: for each, all that mentions it.
    pub(crate) things: Vec<Vec<Vec<u16>>>,
    /// What other words an entry may have for some of the question's.
    pub(crate) wordings: Vec<OtherWords>,
    /// The places that the question names.
    pub(crate) places: AskedPlaces,
    /// Of what kind the question is.
    pub(crate) kinds: Kinds,
    /// The sounds of the letters, in the order of `letters`; 0 for what has none.
    pub(crate) sounds: Vec<u16>,
    /// What a UTF-16 unit is to the question: the place of a letter in `letters`, plus one, or one of the numbers above
    /// [`MAX_LETTERS`]. In one table, because it is asked of every letter of every text that is compared.
    slots: Vec<u8>,
    /// The place of a pair in `pairs`, plus one, by the places of its letters.
    pair_slots: Vec<u16>,
}

/// A token that is looked up in the index.
pub(crate) struct Token {
    /// As it stands there.
    pub(crate) text: String,
    /// How often it stands in the question.
    pub(crate) count: f32,
    /// Where the entries are that have it in their questions.
    pub(crate) in_questions: Place,
    /// Where the entries are that have it in their bodies.
    pub(crate) in_bodies: Place,
}

/// A token in one field of the index.
pub(crate) struct Place {
    /// How many entries have it.
    pub(crate) frequency: u64,
    /// How rare that is; less for words.
    pub(crate) weight: f32,
    /// Its postings in each segment that has it, so that it is looked up once.
    pub(crate) terms: Vec<Option<TermInfo>>,
}

/// A letter of the question.
pub(crate) struct Letter {
    pub(crate) unit: u16,
    pub(crate) count: f32,
    /// How rare it is among the questions, and among the bodies.
    pub(crate) question_idf: f32,
    pub(crate) body_idf: f32,
    /// Whether it says what the question is about, rather than how it is asked.
    pub(crate) content: bool,
}

impl Letter {
    /// What it counts in a body: once for each time it stands in the question.
    pub(crate) fn body_weight(&self) -> f32 {
        self.body_idf * self.count.min(MAX_COUNT)
    }
}

impl Pair {
    /// What it counts in a body: once for each time it stands in the question.
    pub(crate) fn body_weight(&self) -> f32 {
        self.body_idf * self.count.min(MAX_COUNT)
    }
}

/// A word of the question that an entry may say otherwise.
pub(crate) struct OtherWords {
    /// The word itself.
    pub(crate) own: Vec<u16>,
    /// What its letters and pairs count in a body.
    pub(crate) weight: f32,
    /// What may stand for it, and what that counts, from 0 to 1.
    pub(crate) others: Vec<(Vec<u16>, f32)>,
}

/// Two neighbouring letters of the question.
pub(crate) struct Pair {
    pub(crate) count: f32,
    pub(crate) question_idf: f32,
    pub(crate) body_idf: f32,
    /// Whether both its letters say what the question is about.
    pub(crate) content: bool,
}

/// A word of the question.
pub(crate) struct Word {
    pub(crate) text: String,
    pub(crate) units: Vec<u16>,
    pub(crate) question_idf: f32,
    pub(crate) body_idf: f32,
    /// Whether it says what the question is about, rather than how it is asked.
    pub(crate) content: bool,
    /// Whether any body has it.
    pub(crate) known: bool,
}

impl Asked {
    pub(crate) fn new(
        snapshot: &Snapshot,
        analyzer: &Analyzer,
        question: &str,
    ) -> Result<Asked, TantivyError> {
        let text = analyzer.canonical(analyzer.question(question));
        let units = forward::units(&text);
        let tokens = tokens(snapshot, analyzer, &text)?;
        let weights: HashMap<&str, (f32, f32)> = tokens
            .iter()
            .map(|token| (token.text.as_str(), (token.in_questions.weight, token.in_bodies.weight)))
            .collect();
        let runs = runs(&text, &weights);
        let segments = analyzer.segments(&text);
        let things = analyzer.things(&text, &segments);
        let mut asked = Asked {
            things: things
                .into_iter()
                .map(|mentions| mentions.iter().map(|mention| forward::units(mention)).collect())
                .collect(),
            wordings: Vec::new(),
            slots: vec![0; usize::from(u16::MAX) + 1],
            letters: Vec::new(),
            pairs: Vec::new(),
            words: words(&segments, &tokens, snapshot.documents()),
            places: AskedPlaces::of(snapshot, &text)?,
            kinds: Kinds::of(&text),
            sounds: Vec::new(),
            pair_slots: Vec::new(),
            units,
            tokens: Vec::new(),
            text: text.clone(),
        };
        let content = content(&segments, &asked.units);
        asked.take_letters(&weights, &runs, &content);
        asked.take_pairs(&weights, &runs, &content);
        asked.wordings = analyzer
            .wordings(&text, &segments)
            .into_iter()
            .map(|wording| asked.other_words(wording.word, &wording.others))
            .collect();
        asked.sounds = asked.letters.iter().map(|letter| Sounds::shared().of(letter.unit)).collect();
        for &sound in &asked.sounds {
            for &unit in Sounds::shared().with(sound) {
                let slot = &mut asked.slots[usize::from(unit)];
                if *slot == 0 {
                    *slot = SOUND;
                }
            }
        }
        asked.slots[..usize::from(FIRST_LETTER)].fill(MARK);
        asked.tokens = tokens;
        Ok(asked)
    }

    fn take_letters(
        &mut self,
        weights: &HashMap<&str, (f32, f32)>,
        runs: &HashMap<u16, (f32, f32)>,
        content: &[bool],
    ) {
        for (&unit, &content) in self.units.iter().zip(content) {
            if unit == forward::GAP {
                continue;
            }
            let slot = usize::from(self.slots[usize::from(unit)]);
            if slot > 0 {
                self.letters[slot - 1].count += 1.0;
                self.letters[slot - 1].content |= content;
                continue;
            }
            if self.letters.len() == MAX_LETTERS {
                continue;
            }
            let (question_idf, body_idf) = char::from_u32(u32::from(unit))
                .and_then(|c| weights.get(format!("c{c}").as_str()).copied())
                .or_else(|| runs.get(&unit).copied())
                .unwrap_or_default();
            self.letters.push(Letter { unit, count: 1.0, question_idf, body_idf, content });
            self.slots[usize::from(unit)] = self.letters.len() as u8;
        }
    }

    fn take_pairs(
        &mut self,
        weights: &HashMap<&str, (f32, f32)>,
        runs: &HashMap<u16, (f32, f32)>,
        content: &[bool],
    ) {
        let letters = self.letters.len();
        self.pair_slots = vec![0; letters * letters];
        for at in 1..self.units.len() {
            let (before, unit) = (self.units[at - 1], self.units[at]);
            let (Some(first), Some(second)) = (self.slot(before), self.slot(unit)) else { continue };
            let place = first * letters + second;
            let known = usize::from(self.pair_slots[place]);
            let content = content[at - 1] && content[at];
            if known > 0 {
                self.pairs[known - 1].count += 1.0;
                self.pairs[known - 1].content |= content;
                continue;
            }
            let text = String::from_utf16_lossy(&[before, unit]);
            let (question_idf, body_idf) = weights
                .get(format!("b{text}").as_str())
                .copied()
                .or_else(|| runs.get(&before).filter(|_| runs.contains_key(&unit)).copied())
                .unwrap_or_default();
            self.pairs.push(Pair { count: 1.0, question_idf, body_idf, content });
            self.pair_slots[place] = self.pairs.len() as u16;
        }
    }

    fn other_words(&self, own: &str, others: &[(&str, f32)]) -> OtherWords {
        let own = forward::units(own);
        let mut letters: Vec<usize> = own.iter().filter_map(|&unit| self.slot(unit)).collect();
        let mut pairs: Vec<usize> = letters.windows(2).filter_map(|two| self.pair(two[0], two[1])).collect();
        letters.sort_unstable();
        letters.dedup();
        pairs.sort_unstable();
        pairs.dedup();
        let letters: f32 = letters.into_iter().map(|slot| self.letters[slot].body_weight()).sum();
        let pairs: f32 = pairs.into_iter().map(|pair| self.pairs[pair].body_weight()).sum();
        let others = others.iter().map(|(word, counts)| (forward::units(word), *counts)).collect();
        OtherWords { own, weight: letters + pairs, others }
    }

    /// The place of a letter in `letters`.
    #[inline]
    pub(crate) fn slot(&self, unit: u16) -> Option<usize> {
        match self.likeness(unit) {
            Likeness::Same(slot) => Some(slot),
            _ => None,
        }
    }

    /// What a unit is to the question.
    #[inline]
    pub(crate) fn likeness(&self, unit: u16) -> Likeness {
        match self.slots[usize::from(unit)] {
            0 => Likeness::None,
            SOUND => Likeness::Sound,
            MARK => Likeness::Mark,
            slot => Likeness::Same(usize::from(slot) - 1),
        }
    }

    /// The place in `pairs` of the pair of these two places in `letters`.
    #[inline]
    pub(crate) fn pair(&self, first: usize, second: usize) -> Option<usize> {
        usize::from(self.pair_slots[first * self.letters.len() + second]).checked_sub(1)
    }

    /// Whether nothing can be compared.
    pub(crate) fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }
}

fn tokens(snapshot: &Snapshot, analyzer: &Analyzer, text: &str) -> Result<Vec<Token>, TantivyError> {
    let fields = snapshot.fields();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut tokens: Vec<Token> = Vec::new();
    for token in analyzer.tokens(text).iter() {
        if let Some(&place) = places.get(token) {
            tokens[place].count = (tokens[place].count + 1.0).min(MAX_COUNT);
            continue;
        }
        let weight = if token.starts_with('w') { WORD_WEIGHT } else { 1.0 };
        let place = |field, possible: bool| -> Result<Place, TantivyError> {
            let terms = if possible { snapshot.terms(field, token)? } else { Vec::new() };
            let frequency = terms.iter().flatten().map(|term| u64::from(term.doc_freq)).sum();
            Ok(Place { frequency, weight: weight * idf(frequency, snapshot.documents()), terms })
        };
        let in_bodies = place(fields.body, true)?;
        // A body holds the entry's questions, too: what no body has is in no question either.
        let in_questions = place(fields.question, in_bodies.frequency > 0)?;
        places.insert(token.to_owned(), tokens.len());
        tokens.push(Token { text: token.to_owned(), count: 1.0, in_questions, in_bodies });
    }
    Ok(tokens)
}

/// Whether each unit belongs to a word that says what the question is about.
fn content(segments: &[(&str, bool)], units: &[u16]) -> Vec<bool> {
    let mut content = Vec::with_capacity(units.len());
    for &(word, is_content) in segments {
        for unit in
            word.chars().filter(|c| c.is_alphanumeric()).flat_map(|c| c.encode_utf16(&mut [0; 2]).to_vec())
        {
            while units.get(content.len()).is_some_and(|&other| other == forward::GAP) {
                content.push(false);
            }
            debug_assert_eq!(units.get(content.len()), Some(&unit));
            content.push(is_content);
        }
    }
    content.resize(units.len(), false);
    content
}

/// What each letter of a Latin run or a number weighs: its share of the run, which is one token.
fn runs(text: &str, weights: &HashMap<&str, (f32, f32)>) -> HashMap<u16, (f32, f32)> {
    let mut found: HashMap<u16, (f32, f32)> = HashMap::new();
    let is_latin = |c: char| c.is_alphanumeric() && !crate::analyzer::is_han(c);
    for run in text.split(|c| !is_latin(c)).filter(|run| !run.is_empty()) {
        let Some(&(question, body)) = weights.get(format!("x{run}").as_str()) else { continue };
        let length = run.chars().count() as f32;
        for unit in run.encode_utf16() {
            let share = found.entry(unit).or_default();
            *share = (share.0.max(question / length), share.1.max(body / length));
        }
    }
    found
}

/// The words of two characters and more, each once, in the order of the question.
fn words(segments: &[(&str, bool)], tokens: &[Token], documents: u64) -> Vec<Word> {
    let frequencies: HashMap<&str, (u64, u64)> = tokens
        .iter()
        .map(|token| (token.text.as_str(), (token.in_questions.frequency, token.in_bodies.frequency)))
        .collect();
    let mut words: Vec<Word> = Vec::new();
    for &(text, content) in segments {
        let long_enough = text.chars().nth(1).is_some() && text.chars().all(char::is_alphanumeric);
        if !long_enough || words.iter().any(|known| known.text == text) {
            continue;
        }
        // A piece that is no token stands across a change of script, and says nothing of how rare the word is.
        let (in_questions, in_bodies) = pieces(text)
            .iter()
            .filter_map(|piece| frequencies.get(piece.as_str()))
            .fold((u64::MAX, u64::MAX), |(a, b), (c, d)| (a.min(*c), b.min(*d)));
        words.push(Word {
            units: text.encode_utf16().collect(),
            question_idf: idf(in_questions.min(documents), documents),
            body_idf: idf(in_bodies.min(documents), documents),
            content,
            known: in_bodies > 0,
            text: text.to_owned(),
        });
    }
    words
}

/// The tokens that stand in a text whenever the word does: pairs of characters, or the run itself.
fn pieces(word: &str) -> Vec<String> {
    let characters: Vec<char> = word.chars().collect();
    if characters.iter().all(|&c| crate::analyzer::is_han(c)) {
        characters.windows(2).map(|pair| format!("b{}{}", pair[0], pair[1])).collect()
    } else {
        vec![format!("x{word}")]
    }
}
