//! The third source: entries found by embedding, fused with those found by words.
//!
//! What a cosine means depends on the model: unrelated texts stand at 0.3 with one and at 0.8 with another. So it is
//! not the cosine that counts but its lift: how far it stands above the last of the handed-in entries, the background,
//! on the way to 1. An entry that the words do not find at all is answered from only when its lift is large.

use std::collections::HashMap;

use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, DocSet, TERMINATED, TantivyError, Term};

use super::candidates::Candidate;
use super::scope::{Query, Scope};
use super::score::Weighed;
use super::{Hit, features, rank};
use crate::analyzer::Analyzer;
use crate::entry::EntryId;
use crate::index::Snapshot;

/// How many hits by words are fused, whatever the caller's limit.
const LEXICAL: usize = 50;

/// What a lift of 1 adds to the score. The score of a question that is known word by word is a little above 1. Set
/// and not fitted: there was no model to fit it with.
const SCORE_SHARE: f32 = 0.8;

/// What a lift of 1 adds to the confidence, in log-odds. Without a shared word they stand at -5 or so; a lift of a
/// half then just reaches the point of answering, and one of a quarter leaves a foreign question foreign. Set and not
/// fitted.
const CONFIDENCE_SHARE: f32 = 8.0;

/// The entries that best answer the query by words and embeddings together, best first.
pub(crate) fn search(
    snapshot: &Snapshot,
    analyzer: &Analyzer,
    query: &Query,
    limit: usize,
    dense: &[(EntryId, f32)],
) -> Result<Vec<Hit>, TantivyError> {
    let mut hits = super::search(snapshot, analyzer, query, LEXICAL.max(limit))?;
    let mut further = Vec::new();
    for (id, _) in dense.iter().filter(|(id, _)| !hits.iter().any(|hit| hit.id == *id)) {
        further.extend(admitted(snapshot, id, &query.scope)?);
    }
    if !further.is_empty() {
        let question = analyzer.canonical(analyzer.question(&query.text));
        let weighed = Weighed::new(snapshot, analyzer, &question)?;
        let mut compared = features::compare(snapshot, analyzer, &weighed, &further)?;
        rank::order(&mut compared, &query.scope);
        hits.extend(compared.into_iter().map(|ranked| ranked.hit));
    }
    fuse(&mut hits, dense);
    hits.truncate(limit);
    Ok(hits)
}

/// Adds what the embeddings say and orders anew. Hits of equal score stay in the order of the words.
fn fuse(hits: &mut [Hit], dense: &[(EntryId, f32)]) {
    let background = dense.last().map_or(0.0, |&(_, cosine)| cosine);
    let cosines: HashMap<&EntryId, f32> = dense.iter().map(|(id, cosine)| (id, *cosine)).collect();
    for hit in hits.iter_mut() {
        let Some(&cosine) = cosines.get(&hit.id) else { continue };
        let lift = ((cosine - background) / (1.0 - background).max(f32::EPSILON)).clamp(0.0, 1.0);
        hit.features.dense = cosine;
        hit.score += SCORE_SHARE * lift;
        let log_odds = (hit.confidence / (1.0 - hit.confidence)).ln() + CONFIDENCE_SHARE * lift;
        hit.confidence = 1.0 / (1.0 + (-log_odds).exp());
    }
    hits.sort_by(|a, b| b.score.total_cmp(&a.score));
}

/// Whether the entry may be shown in that scope.
pub(crate) fn admits(snapshot: &Snapshot, id: &EntryId, scope: &Scope) -> Result<bool, TantivyError> {
    Ok(admitted(snapshot, id, scope)?.is_some())
}

/// The entry as a candidate that no word speaks for, if the scope admits it.
fn admitted(snapshot: &Snapshot, id: &EntryId, scope: &Scope) -> Result<Option<Candidate>, TantivyError> {
    let fields = snapshot.fields();
    let term = Term::from_field_text(fields.id, id.as_str());
    for (number, segment) in snapshot.segments().iter().enumerate() {
        let inverted = segment.reader().inverted_index(fields.id)?;
        let Some(mut postings) = inverted.read_postings(&term, IndexRecordOption::Basic)? else { continue };
        let mut head: Option<DocId> = None;
        while postings.doc() != TERMINATED {
            let document = postings.doc();
            if segment.unit(document) == 0 {
                head = segment.admits(document, scope).then_some(document);
            } else if let Some(head) = head {
                // The first question behind the head is the title.
                return Ok(Some(candidate(number, head, Some(document))));
            }
            postings.advance();
        }
        if let Some(head) = head {
            return Ok(Some(candidate(number, head, None)));
        }
    }
    Ok(None)
}

fn candidate(segment: usize, head: DocId, question: Option<DocId>) -> Candidate {
    Candidate { segment, head, question, question_ratio: 0.0, body_ratio: 0.0 }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::entry::{Details, Entry, Status};
    use crate::index::{Index, Placed};

    fn entry(id: &str, title: &str) -> Entry {
        Entry::new(EntryId::new(id).unwrap(), title, Details::Faq)
    }

    fn index() -> Index {
        let mut draft = entry("draft", "月球移民");
        draft.status = Status::Draft;
        let mut later = entry("later", "月球户口");
        later.effective_from = Some(date(2999, 1, 1));
        let entries = [
            entry("moon", "月球旅行许可"),
            entry("card", "社保卡补办"),
            entry("tax", "个人所得税退税"),
            draft,
            later,
        ];
        let index = Index::in_memory(Analyzer::shared()).unwrap();
        index.rebuild(entries.into_iter().map(Placed::everywhere), 1).unwrap();
        index
    }

    fn query(text: &str) -> Query {
        Query { text: text.to_owned(), scope: Scope { region: None, audience: None, on: date(2026, 11, 20) } }
    }

    fn dense(near: &[(&str, f32)]) -> Vec<(EntryId, f32)> {
        near.iter().map(|(id, cosine)| (EntryId::new(*id).unwrap(), *cosine)).collect()
    }

    #[test]
    fn what_no_word_finds_is_found_by_meaning_and_what_may_not_be_shown_is_not() {
        let index = index();
        let asked = query("奔赴太空");
        assert!(index.search(&asked, 10).unwrap().is_empty());
        let near = dense(&[
            ("draft", 0.99),
            ("later", 0.98),
            ("gone", 0.97),
            ("moon", 0.9),
            ("card", 0.4),
            ("tax", 0.3),
        ]);
        let hits = index.search_fused(&asked, 10, &near).unwrap();
        let found: Vec<_> = hits.iter().map(|hit| (hit.id.as_str(), hit.features.dense)).collect();
        assert_eq!(found, [("moon", 0.9), ("card", 0.4), ("tax", 0.3)]);
        assert_eq!(hits[0].unit, "月球旅行许可");
        assert!(hits[0].confidence > 5.0 * hits[1].confidence, "{hits:?}");
        assert_eq!(index.search_fused(&asked, 1, &near).unwrap().len(), 1);
        let admitted = |id: &str| index.admits(&EntryId::new(id).unwrap(), &asked.scope).unwrap();
        assert!(admitted("moon") && !admitted("draft") && !admitted("later") && !admitted("gone"));
    }

    #[test]
    fn without_candidates_by_meaning_words_decide_alone_and_with_equal_ones_too() {
        let index = index();
        let asked = query("社保卡丢了怎么补办");
        let lexical = index.search(&asked, 10).unwrap();
        assert_eq!(index.search_fused(&asked, 10, &[]).unwrap(), lexical);
        let level = dense(&[("tax", 0.8), ("card", 0.8), ("moon", 0.8)]);
        let fused = index.search_fused(&asked, 10, &level).unwrap();
        assert_eq!(fused[0].id.as_str(), "card");
        assert!((fused[0].confidence - lexical[0].confidence).abs() < 1e-4);
    }
}
