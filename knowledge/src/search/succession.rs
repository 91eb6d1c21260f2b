//! What took an entry's place.
//!
//! An entry that names a successor is out of force from the day on which the successor begins, whatever its own dates
//! say; until then it is judged by itself, so that next year's rule can be put in today without a gap. A successor that
//! was taken out or is still a draft has not begun. Whoever asks in the old entry's words is shown the entry at the end
//! of the chain, if that holds for the asker; entries that replace each other in a circle have no end and show nothing.

use std::collections::{HashMap, HashSet};

use tantivy::{DocId, TantivyError};

use super::Ended;
use super::rank::Ranked;
use super::scope::Scope;
use crate::entry::EntryId;
use crate::index::Snapshot;

/// Puts what holds in the place of what was replaced, each entry once, at the better of its places; and names the best
/// of what ended without anything in its place. The hits come best first, and stay so.
pub(super) fn resolve(
    snapshot: &Snapshot,
    scope: &Scope,
    ranked: Vec<Ranked>,
) -> Result<(Vec<Ranked>, Option<Ended>), TantivyError> {
    let mut kept: Vec<Ranked> = Vec::with_capacity(ranked.len());
    let mut seen: HashMap<(usize, DocId), usize> = HashMap::new();
    let mut ended: Option<((usize, DocId), f32)> = None;
    for mut ranked in ranked {
        let Some(end) = end_of(snapshot, scope, ranked.place)? else {
            if ended.is_none_or(|(_, best)| ranked.confidence > best) {
                ended = Some((ranked.place, ranked.confidence));
            }
            continue;
        };
        if end != ranked.place {
            ranked.region = snapshot.segments()[end.0].region(end.1);
            ranked.replaces = Some(std::mem::replace(&mut ranked.place, end));
        }
        match seen.get(&ranked.place) {
            // The place is taken by score; the confidence looks at other things and may be better further down.
            Some(&at) => kept[at].confidence = kept[at].confidence.max(ranked.confidence),
            None => {
                seen.insert(ranked.place, kept.len());
                kept.push(ranked);
            }
        }
    }
    let ended = match ended {
        Some((place, confidence)) => EntryId::new(snapshot.stored(place, snapshot.fields().id)?)
            .ok()
            .map(|id| Ended { id, confidence }),
        None => None,
    };
    Ok((kept, ended))
}

/// Whether the entry may be shown itself: it is admitted, and nothing has taken its place yet.
pub(crate) fn holds(snapshot: &Snapshot, place: (usize, DocId), scope: &Scope) -> Result<bool, TantivyError> {
    Ok(end_of(snapshot, scope, place)? == Some(place))
}

/// The entry that holds where this one is asked for; itself, if nothing took its place.
fn end_of(
    snapshot: &Snapshot,
    scope: &Scope,
    start: (usize, DocId),
) -> Result<Option<(usize, DocId)>, TantivyError> {
    let mut at = start;
    let mut passed = HashSet::new();
    while let Some(next) = successor(snapshot, scope, at)? {
        if !passed.insert(at) {
            return Ok(None);
        }
        at = next;
    }
    let (segment, head) = at;
    Ok(snapshot.segments()[segment].admits(head, scope).then_some(at))
}

/// The entry that has taken this one's place.
fn successor(
    snapshot: &Snapshot,
    scope: &Scope,
    (segment, head): (usize, DocId),
) -> Result<Option<(usize, DocId)>, TantivyError> {
    if !snapshot.segments()[segment].is_replaced(head) {
        return Ok(None);
    }
    let Ok(id) = EntryId::new(snapshot.stored((segment, head), snapshot.fields().successor)?) else {
        return Ok(None);
    };
    let next = snapshot.find(&id)?;
    Ok(next.filter(|&(segment, head)| snapshot.segments()[segment].has_begun(head, scope)))
}
