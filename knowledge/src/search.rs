//! Which entries answer a question, how sure that is, and why.
//!
//! Two stages. The first scores all entries by BM25 over the mixed tokens of their questions and bodies and keeps some
//! hundred that the scope admits (`search/candidates.rs`). The second reads their text and compares the question with
//! every question of each and with all that it says (`search/compare.rs`). What it sees are the [`Features`]; a linear
//! model, fitted on the city's own questions, turns them into an order and a confidence (`search/model.rs`). What was
//! replaced gives way to its successor (`search/succession.rs`), and between equals the more local and the newer comes
//! first (`search/ties.rs`).

mod asked;
mod authority;
mod candidates;
mod compare;
pub mod explain;
mod features;
mod kinds;
mod lacking;
mod model;
mod places;
mod rank;
mod scope;
mod standing;
mod succession;
mod tally;
#[cfg(test)]
mod tests;
mod things;
mod ties;
mod wordings;

use tantivy::schema::Value;
use tantivy::{DocAddress, DocId, TantivyDocument, TantivyError};

use asked::Asked;
use authority::Authorities;
use candidates::Candidate;
use compare::{Compared, Comparison};
use rank::Ranked;

use crate::analyzer::Analyzer;
use crate::entry::{EntryId, Kind};
use crate::index::Snapshot;
use crate::index::forward::Part;

pub use features::{COUNT, Feature, Features};
pub(crate) use model::about;
pub use model::{About, Model, ModelError, Weights};
pub use scope::{Query, Scope};
pub(crate) use succession::holds;

/// One entry that may answer the question.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Which entry.
    pub id: EntryId,
    /// Its kind, so that the caller can choose before loading it.
    pub kind: Kind,
    /// What hits are ordered by, but for ties. Comparable within one answer only.
    pub score: f32,
    /// How likely this entry answers, from 0 to 1. Comparable between questions.
    pub confidence: f32,
    /// The title or similar question that matched best, as it was written; empty if the entry has none.
    pub unit: String,
    /// Words of the question that the entry has.
    pub matched: Vec<String>,
    /// Words of the question that say something and that the entry does not have.
    pub missing: Vec<String>,
    /// What the second stage saw.
    pub features: Features,
    /// What the confidence looked at beside.
    pub about: About,
    /// The entry whose words were matched, if this one took its place.
    pub replaces: Option<EntryId>,
}

/// An entry that says what was asked but holds no longer, and that nothing took the place of. Never an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    /// Which entry.
    pub id: EntryId,
    /// How likely it was meant, from 0 to 1.
    pub confidence: f32,
}

/// What came of a search.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Found {
    /// What holds, best first.
    pub hits: Vec<Hit>,
    /// The best of what holds no longer.
    pub ended: Option<Ended>,
}

/// What lies near a question by embedding.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Near<'a> {
    /// The nearest entries, best first, each with its cosine. The last ones stand for what is merely near.
    pub entries: &'a [(EntryId, f32)],
    /// What it counts: 1 as the weights of the second stage have it, 0 only adds candidates.
    pub weight: f32,
}

/// How far an entry stands out by embedding that is as likely to answer as not. With multilingual-e5-small, the entry that is
/// first stands out by 0.35 on average where it answers questions of the demo city, and by 0.12 where nothing does; in law_answer
/// (docs/retrieval.md) by 0.47 and 0.18.
const USUAL: f32 = 0.22;

/// How many hits are looked at closely at least: their confidence is worked out, and ties between them are settled.
const CLOSELY: usize = 16;

/// An entry's questions, which come first in its text, and the rest that it says.
fn parted(text: &[u16]) -> (&[u16], &[u16]) {
    let is_rest =
        |unit: &u16| Part::of(*unit).is_some_and(|part| !matches!(part, Part::Title | Part::Similar));
    text.split_at(text.iter().position(is_rest).unwrap_or(text.len()))
}

/// Whether the letters stand in the text as they are.
fn stands(letters: &[u16], text: &[u16]) -> bool {
    let Some((first, rest)) = letters.split_first() else { return false };
    text.iter().enumerate().any(|(at, unit)| unit == first && text[at + 1..].starts_with(rest))
}

/// Whether the entry of that id may be shown in that scope.
pub(crate) fn admits(snapshot: &Snapshot, id: &EntryId, scope: &Scope) -> Result<bool, TantivyError> {
    match snapshot.find(id)? {
        Some(place) => holds(snapshot, place, scope),
        None => Ok(false),
    }
}

/// The entries that best answer the query, best first.
pub(crate) fn search(
    snapshot: &Snapshot,
    analyzer: &Analyzer,
    model: &Model,
    query: &Query,
    limit: usize,
) -> Result<Found, TantivyError> {
    fused(snapshot, analyzer, model, query, limit, Near::default())
}

/// The same with the entries nearest by embedding: further candidates, and one more feature for the second stage (`lifts`).
pub(crate) fn fused(
    snapshot: &Snapshot,
    analyzer: &Analyzer,
    model: &Model,
    query: &Query,
    limit: usize,
    near: Near<'_>,
) -> Result<Found, TantivyError> {
    let asked = Asked::new(snapshot, analyzer, &query.text)?;
    if (asked.is_empty() && near.entries.is_empty()) || limit == 0 {
        return Ok(Found::default());
    }
    let closely = limit.max(CLOSELY);
    let mut candidates = candidates::find(snapshot, &asked, &query.scope, closely)?;
    let lifts = lifts(snapshot, &query.scope, near, &mut candidates)?;
    let mut comparison = Comparison::new(snapshot, &asked);
    let mut compared: Vec<Compared> = candidates.iter().map(|candidate| comparison.with(candidate)).collect();
    for (one, lift) in compared.iter_mut().zip(lifts) {
        one.features.set(Feature::dense, lift);
    }
    let mut authorities = Authorities::new(snapshot);
    for one in &mut compared {
        authorities.look(one.document.as_deref(), &mut one.features)?;
    }
    let mut ranked: Vec<Ranked> = candidates
        .iter()
        .zip(&compared)
        .enumerate()
        .map(|(number, (candidate, one))| Ranked {
            place: (candidate.segment, candidate.document),
            replaces: None,
            region: snapshot.segments()[candidate.segment].region(candidate.document),
            candidate: number,
            features: one.features,
            about: About::default(),
            confidence: 0.0,
        })
        .collect();
    let weights = model.weights(snapshot.corpus());
    rank::order(&mut ranked, weights);
    let (mut words, mut text) = (Vec::new(), Vec::new());
    for one in ranked.iter_mut().take(closely) {
        snapshot.segments()[one.place.0].text(one.place.1, &mut words, &mut text);
        things::look(&asked, &text, &mut one.features);
        lacking::look(&asked, &text, &mut one.features);
    }
    rank::confide(&mut ranked, &asked, weights, closely);
    let (mut ranked, ended) = succession::resolve(snapshot, &query.scope, ranked)?;
    ties::settle(&mut ranked, snapshot, &query.scope, closely)?;
    ranked.truncate(limit);
    let hits = ranked
        .into_iter()
        .map(|one| {
            let compared = &compared[one.candidate];
            let (id, mut unit) = stored(snapshot, one.place, compared.unit)?;
            let mut replaces = None;
            if let Some(place) = one.replaces {
                let (old, its_unit) = stored(snapshot, place, compared.unit)?;
                (replaces, unit) = (Some(old), its_unit);
            }
            let content = || asked.words.iter().zip(&compared.words).filter(|(word, _)| word.content);
            let words = |there: bool| {
                content().filter(|(_, found)| **found == there).map(|(word, _)| word.text.clone()).collect()
            };
            Ok(Hit {
                id,
                kind: snapshot.segments()[one.place.0].kind(one.place.1),
                score: one.about.score,
                confidence: one.confidence,
                unit,
                matched: words(true),
                missing: words(false),
                features: one.features,
                about: one.about,
                replaces,
            })
        })
        .collect::<Result<_, TantivyError>>()?;
    Ok(Found { hits, ended })
}

/// Puts the entries nearest by embedding among the candidates, and says of every candidate how far it stands out; of none
/// without such entries.
///
/// What a cosine means depends on the model: unrelated texts stand at 0.3 with one and at 0.8 with another. So it is not
/// the cosine that counts but its lift: how far it stands above the last of the handed-in entries, the background, on the
/// way to 1. Some entry stands out a little from the background even where none answers, so the usual lift ([`USUAL`]) is
/// taken off: below it, meaning speaks against an answer. Where all are as near as each other, meaning says nothing.
fn lifts(
    snapshot: &Snapshot,
    scope: &Scope,
    near: Near<'_>,
    candidates: &mut Vec<Candidate>,
) -> Result<Vec<f32>, TantivyError> {
    let (Some(&(_, best)), Some(&(_, background))) = (near.entries.first(), near.entries.last()) else {
        return Ok(Vec::new());
    };
    let mut cosines = vec![background; candidates.len()];
    for (id, cosine) in near.entries {
        let Some((segment, document)) = snapshot.find(id)? else { continue };
        if !holds(snapshot, (segment, document), scope)? {
            continue;
        }
        match candidates.iter().position(|one| (one.segment, one.document) == (segment, document)) {
            Some(known) => cosines[known] = *cosine,
            None => {
                candidates.push(Candidate { segment, document, score: 0.0 });
                cosines.push(*cosine);
            }
        }
    }
    if best - background <= f32::EPSILON {
        return Ok(vec![0.0; cosines.len()]);
    }
    let lift = |cosine: f32| ((cosine - background) / (1.0 - background).max(f32::EPSILON)).clamp(0.0, 1.0);
    Ok(cosines.into_iter().map(|cosine| near.weight * (lift(cosine) - USUAL)).collect())
}

/// The entry's id and the question of that number as it was written; 0 is the title.
fn stored(
    snapshot: &Snapshot,
    (segment, document): (usize, DocId),
    unit: Option<usize>,
) -> Result<(EntryId, String), TantivyError> {
    let document: TantivyDocument = snapshot.searcher().doc(DocAddress::new(segment as u32, document))?;
    let fields = snapshot.fields();
    let id = document.get_first(fields.id).and_then(|value| value.as_str()).unwrap_or_default();
    let id = EntryId::new(id).map_err(|error| TantivyError::InternalError(error.to_string()))?;
    let mut questions = document.get_all(fields.question).filter_map(|value| value.as_str());
    let text = unit.and_then(|unit| questions.nth(unit)).unwrap_or_default();
    Ok((id, text.to_owned()))
}
