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
    let mut seen: HashMap<EntryId, usize> = HashMap::new();
    let mut ended: Option<Ended> = None;
    for mut ranked in ranked {
        let Some(end) = end_of(snapshot, scope, ranked.place)? else {
            if ended.as_ref().is_none_or(|best| ranked.hit.confidence > best.confidence) {
                ended = Some(Ended { id: ranked.hit.id, confidence: ranked.hit.confidence });
            }
            continue;
        };
        if end != ranked.place {
            let segment = &snapshot.segments()[end.0];
            let Ok(id) = EntryId::new(snapshot.stored(end.0, end.1, snapshot.fields().id)?) else { continue };
            ranked.hit.replaces = Some(std::mem::replace(&mut ranked.hit.id, id));
            ranked.hit.kind = segment.kind(end.1);
            ranked.region = segment.region(end.1);
            ranked.place = end;
        }
        match seen.get(&ranked.hit.id) {
            // The place is taken by score; the confidence looks at other things and may be better further down.
            Some(&at) => kept[at].hit.confidence = kept[at].hit.confidence.max(ranked.hit.confidence),
            None => {
                seen.insert(ranked.hit.id.clone(), kept.len());
                kept.push(ranked);
            }
        }
    }
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
    let Ok(id) = EntryId::new(snapshot.stored(segment, head, snapshot.fields().successor)?) else {
        return Ok(None);
    };
    let next = snapshot.find(&id)?;
    Ok(next.filter(|&(segment, head)| snapshot.segments()[segment].has_begun(head, scope)))
}
