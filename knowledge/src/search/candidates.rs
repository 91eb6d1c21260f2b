//! The first stage: from the scores of all documents to the best few dozen entries.

use std::cmp::Ordering;

use tantivy::{DocId, TantivyError};

use super::scope::Scope;
use super::score::Weighed;
use crate::index::Snapshot;

/// How many entries the second stage looks at.
const KEPT: usize = 50;

/// What a good question counts beside the body that also holds it. More, and the articles of a law whose name happens
/// to be in the question crowd out the ones that answer it.
const QUESTION_SHARE: f32 = 0.25;

/// An entry that may answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    /// Its segment.
    pub(super) segment: usize,
    /// Its head in that segment.
    pub(super) head: DocId,
    /// Its best question, if it has any that shares a token.
    pub(super) question: Option<DocId>,
    /// That question's score as a share of the question's score against itself.
    pub(super) question_ratio: f32,
    /// The same of the body.
    pub(super) body_ratio: f32,
}

impl Candidate {
    fn first_score(&self) -> f32 {
        self.body_ratio + QUESTION_SHARE * self.question_ratio
    }
}

/// The best entries that the scope admits, and the best that it once did; `search/succession.rs` says what the latter
/// lead to.
pub(super) fn find(
    snapshot: &Snapshot,
    weighed: &Weighed,
    scope: &Scope,
) -> Result<Vec<Candidate>, TantivyError> {
    let mut found = Vec::new();
    // Replaced and ended entries have places of their own, so that a long past crowds out nothing that holds.
    let mut past = Vec::new();
    if weighed.tokens.is_empty() {
        return Ok(found);
    }
    for (number, segment) in snapshot.segments().iter().enumerate() {
        let scores = weighed.scores(snapshot, segment)?;
        let mut open: Option<Candidate> = None;
        let mut close = |candidate: Option<Candidate>, found: &mut Vec<Candidate>| {
            let Some(candidate) = candidate.filter(|candidate| candidate.first_score() > 0.0) else { return };
            if segment.admits(candidate.head, scope) && !segment.is_replaced(candidate.head) {
                found.push(candidate);
            } else if segment.was_public(candidate.head, scope) {
                past.push(candidate);
            }
        };
        for (document, &score) in scores.iter().enumerate() {
            let document = document as DocId;
            if segment.unit(document) == 0 {
                close(open.take(), &mut found);
                open = Some(Candidate {
                    segment: number,
                    head: document,
                    question: None,
                    question_ratio: 0.0,
                    body_ratio: score / weighed.self_body,
                });
            } else if let Some(candidate) = &mut open {
                let ratio = score / weighed.self_question;
                if ratio > candidate.question_ratio {
                    candidate.question = Some(document);
                    candidate.question_ratio = ratio;
                }
            }
        }
        close(open, &mut found);
    }
    let best_first = |a: &Candidate, b: &Candidate| -> Ordering {
        b.first_score().total_cmp(&a.first_score()).then((a.segment, a.head).cmp(&(b.segment, b.head)))
    };
    for list in [&mut found, &mut past] {
        if list.len() > KEPT {
            list.select_nth_unstable_by(KEPT, best_first);
            list.truncate(KEPT);
        }
    }
    found.append(&mut past);
    Ok(found)
}
