//! BM25 over the mixed tokens.
//!
//! Written out instead of taken from tantivy's queries for two reasons: a question is compared with *every* question
//! and body at once, so that no candidate lacks one of its two scores; and the frequencies of questions and of bodies
//! must not be mixed, which tantivy's collection statistics would do.

use std::collections::HashMap;

use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{TantivyError, Term};

use crate::analyzer::Analyzer;
use crate::index::{Segment, Snapshot};

/// How soon a repeated token stops counting.
const K1: f32 = 1.2;
/// How much a long text is held against it.
const B: f32 = 0.75;

/// What a dictionary word counts beside the characters and pairs it consists of, which are counted on their own.
/// Found by leaving out each similar question of the demo city in turn: 0.3 to 0.5 is best there, and better than both
/// 0 and 1 on the collections it was not chosen on.
const WORD_WEIGHT: f32 = 0.4;
/// How often a token of the question counts at most, so that 啊啊啊啊啊 is not a strong question about 啊.
const MAX_COUNT: f32 = 2.0;

/// A question, cut into tokens, each weighed by how rare it is.
pub(crate) struct Weighed {
    /// The question, normalised and without fillers.
    pub(crate) question: String,
    /// Its tokens with their weights, each once.
    pub(crate) tokens: Vec<WeighedToken>,
    /// What the question would score against itself, among the questions.
    pub(crate) self_question: f32,
    /// The same among the bodies.
    pub(crate) self_body: f32,
}

/// One token of the question.
pub(crate) struct WeighedToken {
    /// As it stands in the index.
    pub(crate) text: String,
    /// How often it stands in the question.
    pub(crate) count: f32,
    /// How rare it is among the questions; less for words.
    pub(crate) question_idf: f32,
    /// The same among the bodies.
    pub(crate) body_idf: f32,
}

/// Rarity of a token that `frequency` of `documents` have.
pub(crate) fn idf(frequency: u64, documents: u64) -> f32 {
    let without = documents.saturating_sub(frequency) as f32;
    (1.0 + (without + 0.5) / (frequency as f32 + 0.5)).ln()
}

pub(super) fn saturated(count: f32, length: f32, average: f32) -> f32 {
    count * (K1 + 1.0) / (count + K1 * (1.0 - B + B * length / average))
}

impl Weighed {
    pub(crate) fn new(
        snapshot: &Snapshot,
        analyzer: &Analyzer,
        question: &str,
    ) -> Result<Weighed, TantivyError> {
        let fields = snapshot.fields();
        let all = analyzer.tokens(question);
        let length = all.len() as f32;
        let mut counts: HashMap<&str, f32> = HashMap::new();
        let mut order: Vec<&str> = Vec::new();
        for token in &all {
            let count = counts.entry(token).or_insert_with(|| {
                order.push(token);
                0.0
            });
            *count += 1.0;
        }
        let questions = snapshot.statistics(fields.question)?;
        let bodies = snapshot.statistics(fields.body)?;
        let in_questions = snapshot.frequencies(fields.question, order.iter().copied())?;
        let in_bodies = snapshot.frequencies(fields.body, order.iter().copied())?;
        let tokens: Vec<WeighedToken> = order
            .into_iter()
            .map(|token| {
                let weight = if token.starts_with('w') { WORD_WEIGHT } else { 1.0 };
                WeighedToken {
                    text: token.to_owned(),
                    count: counts[token].min(MAX_COUNT),
                    question_idf: weight * idf(in_questions[token], questions.documents),
                    body_idf: weight * idf(in_bodies[token], bodies.documents),
                }
            })
            .collect();
        let own = |weight: fn(&WeighedToken) -> f32, average: f32| -> f32 {
            tokens
                .iter()
                .map(|token| weight(token) * token.count * saturated(token.count, length, average))
                .sum()
        };
        Ok(Weighed {
            self_question: own(|token| token.question_idf, questions.average_length),
            self_body: own(|token| token.body_idf, bodies.average_length),
            question: question.to_owned(),
            tokens,
        })
    }

    /// The BM25 score of every document of a segment: of the question for a question, of the body for a head.
    pub(crate) fn scores(&self, snapshot: &Snapshot, segment: &Segment) -> Result<Vec<f32>, TantivyError> {
        let mut scores = vec![0.0; segment.reader().max_doc() as usize];
        let fields = snapshot.fields();
        self.add(snapshot, segment, fields.question, |token| token.question_idf, &mut scores)?;
        self.add(snapshot, segment, fields.body, |token| token.body_idf, &mut scores)?;
        Ok(scores)
    }

    fn add(
        &self,
        snapshot: &Snapshot,
        segment: &Segment,
        field: Field,
        weight: impl Fn(&WeighedToken) -> f32,
        scores: &mut [f32],
    ) -> Result<(), TantivyError> {
        let average = snapshot.statistics(field)?.average_length;
        let inverted = segment.reader().inverted_index(field)?;
        let lengths = segment.reader().get_fieldnorms_reader(field)?;
        // Lengths come in 256 steps, so the part of the formula that depends on them is a table.
        let penalties: Vec<f32> = (0..=u8::MAX)
            .map(|step| {
                let length = tantivy::fieldnorm::FieldNormReader::id_to_fieldnorm(step) as f32;
                K1 * (1.0 - B + B * length / average)
            })
            .collect();
        for token in &self.tokens {
            let term = Term::from_field_text(field, &token.text);
            let Some(mut postings) = inverted.read_block_postings(&term, IndexRecordOption::WithFreqs)?
            else {
                continue;
            };
            let factor = weight(token) * token.count * (K1 + 1.0);
            while !postings.docs().is_empty() {
                for (&document, &count) in postings.docs().iter().zip(postings.freqs()) {
                    let count = count as f32;
                    let penalty = penalties[usize::from(lengths.fieldnorm_id(document))];
                    scores[document as usize] += factor * count / (count + penalty);
                }
                postings.advance();
            }
        }
        Ok(())
    }
}
