//! The pieces of words that are looked at: runs of characters, words in Latin letters, and concepts.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};

use super::HearingError;
use super::normal::normal;

/// The longest run of characters.
const RUN: usize = 3;

/// The concept of harmless words: shorter words within one of them stand for nothing ("fire" in "fire drill").
const HARMLESS: &str = "harmless";

/// No row.
const ABSENT: u32 = u32::MAX;

/// Concepts by name, each with the words that stand for it.
pub type Concepts = BTreeMap<String, Vec<String>>;

/// One piece.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Piece<'a> {
    /// A run of characters; `^` and `$` are the ends of the words.
    Run(&'a str),
    /// A word in Latin letters, and the one before it.
    Latin(Option<&'a str>, &'a str),
    /// A concept, by its place.
    Concept(usize),
    /// Two concepts in the same words, the first by name first.
    Both(usize, usize),
}

/// Takes words into pieces.
pub struct Pieces {
    names: Vec<String>,
    finder: AhoCorasick,
    /// The concepts of each word that is searched for, and whether it has to stand alone.
    meanings: Vec<(Vec<usize>, bool)>,
}

impl Pieces {
    /// Prepares the search for concepts.
    ///
    /// # Errors
    /// When there are too many words to search for.
    pub fn new(concepts: Concepts) -> Result<Self, HearingError> {
        let mut meanings: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let mut names = Vec::with_capacity(concepts.len());
        for (place, (name, words)) in concepts.into_iter().enumerate() {
            names.push(name);
            for word in words.iter().map(|word| normal(word)).filter(|word| !word.is_empty()) {
                let known = meanings.entry(word).or_default();
                if !known.contains(&place) {
                    known.push(place);
                }
            }
        }
        let finder = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(meanings.keys())
            .map_err(|error| HearingError::Concepts(error.to_string()))?;
        // "ai" is a word, and no part of "fail"; longer ones may stand within others ("robots").
        let alone = |word: &str| word.len() <= 3 && word.is_ascii();
        let meanings = meanings.into_iter().map(|(word, places)| (places, alone(&word))).collect();
        Ok(Self { names, finder, meanings })
    }

    /// Hands on every piece of the words; one may come more than once. Dots and dashes alone are no words and have none.
    pub fn of(&self, text: &str, take: &mut dyn FnMut(Piece<'_>)) {
        let words = normal(text);
        if words.is_empty() {
            return;
        }
        let framed = format!("^{words}$");
        let mut ends: Vec<usize> = framed.char_indices().map(|(offset, _)| offset).collect();
        ends.push(framed.len());
        for (at, &from) in ends.iter().enumerate() {
            for &to in ends.iter().skip(at + 1).take(RUN) {
                if let Some(run) = framed.get(from..to) {
                    take(Piece::Run(run));
                }
            }
        }
        let mut before = None;
        for word in words.split(|c: char| !c.is_ascii_lowercase()).filter(|word| !word.is_empty()) {
            take(Piece::Latin(None, word));
            if before.is_some() {
                take(Piece::Latin(before, word));
            }
            before = Some(word);
        }
        let found = self.concepts(&words);
        for (at, &concept) in found.iter().enumerate() {
            take(Piece::Concept(concept));
            for &other in found.iter().skip(at + 1) {
                take(Piece::Both(concept, other));
            }
        }
    }

    /// The concepts in the words, in the order of their names.
    fn concepts(&self, words: &str) -> Vec<usize> {
        let mut hits = Vec::new();
        let is_letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        for hit in self.finder.find_overlapping_iter(words) {
            let Some((places, alone)) = self.meanings.get(hit.pattern().as_usize()) else { continue };
            let bytes = words.as_bytes();
            let before = hit.start().checked_sub(1).and_then(|at| bytes.get(at));
            if *alone && (is_letter(before) || is_letter(bytes.get(hit.end()))) {
                continue;
            }
            hits.push((hit.range(), places));
        }
        let harmless = self.names.iter().position(|name| name == HARMLESS);
        let shields: Vec<Range<usize>> = hits
            .iter()
            .filter(|(_, places)| places.iter().any(|&place| Some(place) == harmless))
            .map(|(range, _)| range.clone())
            .collect();
        let mut found = vec![false; self.names.len()];
        for (range, places) in hits {
            let hides = |shield: &Range<usize>| {
                shield.start <= range.start && range.end <= shield.end && shield.len() > range.len()
            };
            if shields.iter().any(hides) {
                continue;
            }
            for &place in places {
                found[place] = true;
            }
        }
        (0..found.len()).filter(|&place| found[place]).collect()
    }

    /// What the file calls a piece.
    pub fn name(&self, piece: Piece<'_>) -> String {
        let concept = |place: usize| self.names.get(place).map_or("", String::as_str);
        match piece {
            Piece::Run(run) => run.to_owned(),
            Piece::Latin(None, word) => format!("w:{word}"),
            Piece::Latin(Some(before), word) => format!("w:{before} {word}"),
            Piece::Concept(place) => format!("@{}", concept(place)),
            Piece::Both(first, second) => format!("@{}+{}", concept(first), concept(second)),
        }
    }
}

/// Which row of the file a piece has.
pub(super) struct Vocabulary {
    places: HashMap<String, usize>,
    runs: HashMap<Box<str>, u32>,
    latin: HashMap<Box<str>, u32>,
    /// By the first concept and, from one on, the second; zero is the concept alone.
    concepts: Vec<u32>,
}

impl Vocabulary {
    pub(super) fn new(concepts: &Concepts) -> Self {
        let places: HashMap<String, usize> = concepts.keys().cloned().zip(0..).collect();
        let room = places.len() * (places.len() + 1);
        Self { places, runs: HashMap::new(), latin: HashMap::new(), concepts: vec![ABSENT; room] }
    }

    /// Notes the row of a piece by its name in the file.
    pub(super) fn learn(&mut self, name: &str, row: u32) {
        if let Some(word) = name.strip_prefix("w:") {
            self.latin.insert(word.into(), row);
        } else if let Some(concepts) = name.strip_prefix('@') {
            let (first, second) = concepts.split_once('+').map_or((concepts, None), |(a, b)| (a, Some(b)));
            let place = |name: &str| self.places.get(name).copied();
            let at = match (place(first), second.map(place)) {
                (Some(first), None) => self.at(first, 0),
                (Some(first), Some(Some(second))) => self.at(first, second + 1),
                _ => return,
            };
            if let Some(slot) = self.concepts.get_mut(at) {
                *slot = row;
            }
        } else {
            self.runs.insert(name.into(), row);
        }
    }

    fn at(&self, first: usize, second: usize) -> usize {
        first * (self.places.len() + 1) + second
    }

    /// The row of a piece, if it has one.
    pub(super) fn row(&self, piece: Piece<'_>) -> Option<u32> {
        let of_concepts = |at: usize| self.concepts.get(at).copied().filter(|&row| row != ABSENT);
        match piece {
            Piece::Run(run) => self.runs.get(run).copied(),
            Piece::Latin(None, word) => self.latin.get(word).copied(),
            Piece::Latin(Some(before), word) => self.latin.get(format!("{before} {word}").as_str()).copied(),
            Piece::Concept(place) => of_concepts(self.at(place, 0)),
            Piece::Both(first, second) => of_concepts(self.at(first, second + 1)),
        }
    }
}
