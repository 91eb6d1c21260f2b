//! The second stage: the question compared with the best question of each candidate.

use std::collections::{HashMap, HashSet};

use tantivy::schema::{IndexRecordOption, Value};
use tantivy::{DocAddress, DocId, DocSet, TantivyDocument, TantivyError, Term};

use super::Hit;
use super::candidates::Candidate;
use super::rank::Ranked;
use super::score::{Weighed, idf};
use crate::analyzer::{Analyzer, letters};
use crate::entry::EntryId;
use crate::index::Snapshot;

/// What the second stage sees of a question and an entry. All from 0 to 1, if not said otherwise. The present weights
/// make no use of `run` and `words`, which added nothing to the others; they are there to explain a hit, and for a
/// learned stage.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize)]
pub struct Features {
    /// BM25 of the best question over what the asked question would score against itself. May pass 1 a little.
    pub question_ratio: f32,
    /// The same of the body.
    pub body_ratio: f32,
    /// How much of the asked question, by rarity, stands in the entry's best question.
    pub coverage: f32,
    /// How much of the entry's best question, by rarity, stands in the asked one.
    pub precision: f32,
    /// How much of the asked question, by rarity, stands in the body.
    pub body_coverage: f32,
    /// The longest run of characters the two questions share, over the length of the shorter.
    pub run: f32,
    /// How many of the asked content words, by rarity, stand in the best question.
    pub words: f32,
    /// How many of them stand in the best question or the body.
    pub entry_words: f32,
    /// How many of them stand nowhere in the knowledge base.
    pub unknown: f32,
    /// 1 if the two questions are the same but for case, spaces and marks.
    pub exact: f32,
    /// Cosine between the embeddings of the question and of the entry's best text; 0 where that is not known.
    pub dense: f32,
}

/// One content word of the question.
struct Word {
    text: String,
    letters: Vec<char>,
    weight: f32,
    known: bool,
}

/// Compares the question with every candidate.
pub(super) fn compare(
    snapshot: &Snapshot,
    analyzer: &Analyzer,
    weighed: &Weighed,
    candidates: &[Candidate],
) -> Result<Vec<Ranked>, TantivyError> {
    let words = content_words(snapshot, analyzer, weighed)?;
    let bodies = Bodies::look_up(snapshot, weighed, candidates)?;
    let asked = letters(&weighed.question);
    let mut rarity = Rarity::new(snapshot)?;
    let mut ranked = Vec::with_capacity(candidates.len());
    for (number, candidate) in candidates.iter().enumerate() {
        let Some((id, unit)) = stored(snapshot, candidate)? else { continue };
        let theirs = letters(&analyzer.canonical(analyzer.normalise(&unit)));
        let in_body = &bodies.found[number];
        let mut features = Features {
            question_ratio: candidate.question_ratio,
            body_ratio: candidate.body_ratio,
            body_coverage: bodies.coverage(weighed, number),
            exact: f32::from(!theirs.is_empty() && theirs == asked),
            ..Features::default()
        };
        if !theirs.is_empty() {
            features.coverage = rarity.covered(snapshot, &asked, &theirs)?;
            features.precision = rarity.covered(snapshot, &theirs, &asked)?;
            features.run = longest_run(&asked, &theirs) as f32 / asked.len().min(theirs.len()).max(1) as f32;
        }
        let mut hit = Hit {
            id,
            kind: snapshot.segments()[candidate.segment].kind(candidate.head),
            score: 0.0,
            confidence: 0.0,
            unit,
            matched: Vec::new(),
            missing: Vec::new(),
            features,
        };
        judge_words(&words, &theirs, &mut hit, |word| bodies.has_word(weighed, in_body, word));
        ranked.push(Ranked { hit, region: snapshot.segments()[candidate.segment].region(candidate.head) });
    }
    Ok(ranked)
}

/// Fills in what depends on content words.
fn judge_words(words: &[Word], theirs: &[char], hit: &mut Hit, body_has: impl Fn(&Word) -> bool) {
    let total: f32 = words.iter().map(|word| word.weight).sum();
    let share = |weight: f32| if total > 0.0 { weight / total } else { 0.0 };
    let (mut in_question, mut in_entry, mut unknown) = (0.0, 0.0, 0.0);
    for word in words {
        let beside = contains(theirs, &word.letters);
        let inside = beside || body_has(word);
        in_question += if beside { word.weight } else { 0.0 };
        in_entry += if inside { word.weight } else { 0.0 };
        unknown += if word.known { 0.0 } else { word.weight };
        if inside { &mut hit.matched } else { &mut hit.missing }.push(word.text.clone());
    }
    hit.features.words = share(in_question);
    hit.features.entry_words = share(in_entry);
    hit.features.unknown = share(unknown);
}

fn content_words(
    snapshot: &Snapshot,
    analyzer: &Analyzer,
    weighed: &Weighed,
) -> Result<Vec<Word>, TantivyError> {
    let fields = snapshot.fields();
    let bodies = snapshot.statistics(fields.body)?.documents;
    analyzer
        .content_words(&weighed.question)
        .into_iter()
        .map(|text| {
            let letters = letters(&text);
            let frequency = pieces(&text)
                .iter()
                .map(|piece| snapshot.searcher().doc_freq(&Term::from_field_text(fields.body, piece)))
                .try_fold(u64::MAX, |least, frequency| frequency.map(|frequency| least.min(frequency)))?;
            Ok(Word { text, letters, weight: idf(frequency, bodies), known: frequency > 0 })
        })
        .collect()
}

/// The tokens that stand in a body whenever the word does: pairs of characters, or the run itself.
fn pieces(word: &str) -> Vec<String> {
    let characters: Vec<char> = word.chars().collect();
    if characters.iter().all(|&c| crate::analyzer::is_han(c)) {
        characters.windows(2).map(|pair| format!("b{}{}", pair[0], pair[1])).collect()
    } else {
        vec![format!("x{word}")]
    }
}

fn stored(snapshot: &Snapshot, candidate: &Candidate) -> Result<Option<(EntryId, String)>, TantivyError> {
    let document = candidate.question.unwrap_or(candidate.head);
    let address = DocAddress::new(candidate.segment as u32, document);
    let document: TantivyDocument = snapshot.searcher().doc(address)?;
    let text = |field| document.get_first(field).and_then(|value| value.as_str()).unwrap_or_default();
    let fields = snapshot.fields();
    Ok(EntryId::new(text(fields.id)).ok().map(|id| (id, text(fields.question).to_owned())))
}

/// Which tokens of the question each candidate's body has.
struct Bodies {
    /// For each candidate, the numbers of the tokens found.
    found: Vec<HashSet<usize>>,
}

impl Bodies {
    fn look_up(
        snapshot: &Snapshot,
        weighed: &Weighed,
        candidates: &[Candidate],
    ) -> Result<Bodies, TantivyError> {
        let mut found = vec![HashSet::new(); candidates.len()];
        let body = snapshot.fields().body;
        for (number, segment) in snapshot.segments().iter().enumerate() {
            let mut heads: Vec<(DocId, usize)> = candidates
                .iter()
                .enumerate()
                .filter(|(_, candidate)| candidate.segment == number)
                .map(|(at, candidate)| (candidate.head, at))
                .collect();
            heads.sort_unstable();
            if heads.is_empty() {
                continue;
            }
            let inverted = segment.reader().inverted_index(body)?;
            for (token_number, token) in weighed.tokens.iter().enumerate() {
                let term = Term::from_field_text(body, &token.text);
                let Some(mut postings) = inverted.read_postings(&term, IndexRecordOption::Basic)? else {
                    continue;
                };
                for &(head, at) in &heads {
                    if postings.doc() < head {
                        postings.seek(head);
                    }
                    if postings.doc() == head {
                        found[at].insert(token_number);
                    }
                }
            }
        }
        Ok(Bodies { found })
    }

    fn coverage(&self, weighed: &Weighed, candidate: usize) -> f32 {
        let (mut covered, mut total) = (0.0, 0.0);
        for (number, token) in weighed.tokens.iter().enumerate() {
            let weight = token.body_idf * token.count;
            total += weight;
            covered += if self.found[candidate].contains(&number) { weight } else { 0.0 };
        }
        if total > 0.0 { covered / total } else { 0.0 }
    }

    fn has_word(&self, weighed: &Weighed, found: &HashSet<usize>, word: &Word) -> bool {
        pieces(&word.text).iter().all(|piece| {
            weighed.tokens.iter().position(|token| token.text == *piece).is_some_and(|at| found.contains(&at))
        })
    }
}

/// How rare single characters are among the questions. Looked up once a search.
struct Rarity {
    known: HashMap<char, f32>,
    questions: u64,
}

impl Rarity {
    fn new(snapshot: &Snapshot) -> Result<Rarity, TantivyError> {
        let questions = snapshot.statistics(snapshot.fields().question)?.documents;
        Ok(Rarity { known: HashMap::new(), questions })
    }

    fn of(&mut self, snapshot: &Snapshot, c: char) -> Result<f32, TantivyError> {
        if let Some(&rarity) = self.known.get(&c) {
            return Ok(rarity);
        }
        let token = Term::from_field_text(snapshot.fields().question, &format!("c{c}"));
        let rarity = idf(snapshot.searcher().doc_freq(&token)?, self.questions);
        self.known.insert(c, rarity);
        Ok(rarity)
    }

    /// How much of `text` by rarity stands in `other`: half by characters, half by pairs.
    fn covered(&mut self, snapshot: &Snapshot, text: &[char], other: &[char]) -> Result<f32, TantivyError> {
        let singles: HashSet<char> = other.iter().copied().collect();
        let pairs: HashSet<(char, char)> = other.windows(2).map(|pair| (pair[0], pair[1])).collect();
        let (mut covered, mut total) = (0.0, 0.0);
        let mut add = |weight: f32, there: bool| {
            total += weight;
            covered += if there { weight } else { 0.0 };
        };
        let mut before: Option<(char, f32)> = None;
        for &c in text {
            let weight = self.of(snapshot, c)?;
            add(weight, singles.contains(&c));
            if let Some((previous, previous_weight)) = before {
                add((weight + previous_weight) / 2.0, pairs.contains(&(previous, c)));
            }
            before = Some((c, weight));
        }
        Ok(if total > 0.0 { covered / total } else { 0.0 })
    }
}

/// The length of the longest run of characters that both have.
fn longest_run(a: &[char], b: &[char]) -> usize {
    let mut longest = 0;
    let mut previous = vec![0; b.len() + 1];
    for &left in a {
        let mut row = vec![0; b.len() + 1];
        for (at, &right) in b.iter().enumerate() {
            if left == right {
                row[at + 1] = previous[at] + 1;
                longest = longest.max(row[at + 1]);
            }
        }
        previous = row;
    }
    longest
}

fn contains(text: &[char], word: &[char]) -> bool {
    !word.is_empty() && text.windows(word.len()).any(|window| window == word)
}
