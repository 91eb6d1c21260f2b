//! What someone may be about to type.

use std::cmp::Reverse;
use std::collections::HashSet;

use tantivy::schema::{IndexRecordOption, Value};
use tantivy::{DocAddress, DocId, DocSet, TERMINATED, TantivyDocument, TantivyError, Term};

use crate::analyzer::{Analyzer, is_han, letters};
use crate::entry::{EntryId, Kind};
use crate::index::{Segment, Snapshot};
use crate::search::{self, Model, Query, Scope};

/// One line of the list under the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// The title or similar question, as it was written.
    pub text: String,
    /// The entry it belongs to.
    pub id: EntryId,
    /// That entry's kind.
    pub kind: Kind,
}

/// How many entries of a segment are read back to be compared with what was typed. One typed character may stand in
/// half of them; the shortest are taken, since they say the least beside it.
const READ_BACK: usize = 300;

/// How many words an unfinished run of Latin letters or digits may become.
const COMPLETIONS: usize = 50;

/// From this many characters on, questions that mean the same are offered where none contains what was typed.
const MEANING_FROM: usize = 4;

/// How sure the search must be of those.
const MEANING_CONFIDENCE: f32 = 0.5;

/// A question that contains what was typed. Ordered best first: begins with it, holds for the whole place, is a title,
/// is short.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Match {
    inside: bool,
    narrower: bool,
    similar: bool,
    length: usize,
    text: String,
    id: EntryId,
    kind: Kind,
}

/// Questions that contain what was typed, then such that mean it; at most one an entry.
pub(crate) fn suggest(
    snapshot: &Snapshot,
    analyzer: &Analyzer,
    model: &Model,
    typed: &str,
    scope: &Scope,
    limit: usize,
) -> Result<Vec<Suggestion>, TantivyError> {
    let typed = analyzer.question(typed);
    let wanted = letters(&typed);
    if wanted.is_empty() || limit == 0 {
        return Ok(Vec::new());
    }
    let mut matches = Vec::new();
    for (number, segment) in snapshot.segments().iter().enumerate() {
        for document in with_all_tokens(snapshot, segment, &wanted, scope)? {
            if segment.is_replaced(document) && !search::holds(snapshot, (number, document), scope)? {
                continue;
            }
            let address = DocAddress::new(number as u32, document);
            matches.extend(read_back(snapshot, analyzer, segment, address, &wanted, scope)?);
        }
    }
    matches.sort_unstable();
    let mut seen = HashSet::new();
    let mut suggestions: Vec<Suggestion> = matches
        .into_iter()
        .filter(|found| seen.insert(found.id.clone()))
        .map(|found| Suggestion { text: found.text, id: found.id, kind: found.kind })
        .take(limit)
        .collect();
    if suggestions.len() < limit && wanted.len() >= MEANING_FROM {
        let found = search::search(snapshot, analyzer, model, &Query { text: typed, scope: *scope }, limit)?;
        let meant = found
            .hits
            .into_iter()
            .filter(|hit| {
                hit.confidence >= MEANING_CONFIDENCE && !hit.unit.is_empty() && seen.insert(hit.id.clone())
            })
            .map(|hit| Suggestion { text: hit.unit, id: hit.id, kind: hit.kind });
        suggestions.extend(meant);
        suggestions.truncate(limit);
    }
    Ok(suggestions)
}

/// The best question of the entry at that address that contains what was typed without a break.
fn read_back(
    snapshot: &Snapshot,
    analyzer: &Analyzer,
    segment: &Segment,
    address: DocAddress,
    wanted: &[char],
    scope: &Scope,
) -> Result<Option<Match>, TantivyError> {
    let document: TantivyDocument = snapshot.searcher().doc(address)?;
    let fields = snapshot.fields();
    let id = document.get_first(fields.id).and_then(|value| value.as_str()).unwrap_or_default();
    let Ok(id) = EntryId::new(id) else { return Ok(None) };
    let questions = document.get_all(fields.question).filter_map(|value| value.as_str());
    let matches = questions.enumerate().filter_map(|(number, question)| {
        let theirs = letters(&analyzer.normalise(question));
        let at = theirs.windows(wanted.len()).position(|window| window == wanted)?;
        Some(Match {
            inside: at > 0,
            narrower: scope.is_narrower(segment.region(address.doc_id)),
            similar: number > 0,
            length: theirs.len(),
            text: question.to_owned(),
            id: id.clone(),
            kind: segment.kind(address.doc_id),
        })
    });
    Ok(matches.min())
}

/// Entries in scope whose questions have every token of what was typed, those with the shortest of them.
fn with_all_tokens(
    snapshot: &Snapshot,
    segment: &Segment,
    wanted: &[char],
    scope: &Scope,
) -> Result<Vec<DocId>, TantivyError> {
    let field = snapshot.fields().question;
    let inverted = segment.reader().inverted_index(field)?;
    let (characters, run) = tokens(wanted);
    let mut common: Option<Vec<DocId>> = None;
    for token in &characters {
        let term = Term::from_field_text(field, token);
        let Some(mut postings) = inverted.read_postings(&term, IndexRecordOption::Basic)? else {
            return Ok(Vec::new());
        };
        let mut kept = Vec::new();
        match common.take() {
            None => {
                while postings.doc() != TERMINATED {
                    kept.push(postings.doc());
                    postings.advance();
                }
            }
            Some(before) => {
                for document in before {
                    if postings.doc() < document {
                        postings.seek(document);
                    }
                    if postings.doc() == document {
                        kept.push(document);
                    }
                }
            }
        }
        common = Some(kept);
    }
    let mut common = match common {
        Some(common) => common,
        None => completions(segment, field, &run.unwrap_or_default())?,
    };
    common.retain(|&document| segment.admits(document, scope));
    if common.len() > READ_BACK {
        let lengths = segment.reader().get_fieldnorms_reader(field)?;
        common.sort_by_key(|&document| lengths.fieldnorm_id(document));
        common.truncate(READ_BACK);
    }
    Ok(common)
}

/// The characters and pairs that must all be there, and the last Latin run, which may still be growing. Runs before it
/// are left to the comparison of the text.
fn tokens(wanted: &[char]) -> (Vec<String>, Option<String>) {
    let mut found: Vec<String> = wanted
        .windows(2)
        .filter(|pair| pair.iter().all(|&c| is_han(c)))
        .map(|pair| format!("b{}{}", pair[0], pair[1]))
        .collect();
    found.extend(wanted.iter().filter(|&&c| is_han(c)).map(|c| format!("c{c}")));
    // Pairs are rarer than characters and come first, so that the first list is short.
    found.sort_by_key(|token| Reverse(token.chars().count()));
    let run: String =
        wanted.iter().rev().take_while(|&&c| !is_han(c)).collect::<Vec<_>>().into_iter().rev().collect();
    (found, (!run.is_empty()).then_some(run))
}

/// Questions with a run of Latin letters or digits that begins like this.
fn completions(
    segment: &Segment,
    field: tantivy::schema::Field,
    run: &str,
) -> Result<Vec<DocId>, TantivyError> {
    let inverted = segment.reader().inverted_index(field)?;
    let start = format!("x{run}");
    let mut stream = inverted.terms().range().ge(start.as_bytes()).into_stream()?;
    let mut found = Vec::new();
    for _ in 0..COMPLETIONS {
        if !stream.advance() || !stream.key().starts_with(start.as_bytes()) {
            break;
        }
        let mut postings = inverted.read_postings_from_terminfo(stream.value(), IndexRecordOption::Basic)?;
        while postings.doc() != TERMINATED {
            found.push(postings.doc());
            postings.advance();
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}
