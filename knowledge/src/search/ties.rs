//! Which of several hits that are as good as each other comes first: the more local, then the newer.

use std::cmp::Ordering;

use tantivy::TantivyError;

use super::rank::Ranked;
use super::scope::Scope;
use crate::index::{Snapshot, forward};
use crate::region::placeless;

/// Scores that differ by less are equal. What a score is made of changes by about this much when one entry says the same
/// in a few characters more than another; between two matters that were really told apart it is several times as much.
const BAND: f32 = 0.1;

/// Two entries whose titles are the same but for the place in them say the same thing, as city and district that each
/// publish their own guide. How much else their texts hold, and so how much their scores differ, says nothing about which
/// of the two is meant; up to here the place decides. Wide, because a question that is one title word for word lifts that
/// entry alone; not without end, because whoever asks in the very words of one of them may mean that one.
const SAME_BAND: f32 = 8.0;

/// What decides between equals, the first first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Claim {
    /// How far the entry's region is from the asker's.
    pub(super) distance: usize,
    /// The day since which it holds, or on which it was published; larger is newer, unknown the oldest.
    pub(super) since: i32,
}

impl Ord for Claim {
    fn cmp(&self, other: &Claim) -> Ordering {
        self.distance.cmp(&other.distance).then(other.since.cmp(&self.since))
    }
}

impl PartialOrd for Claim {
    fn partial_cmp(&self, other: &Claim) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// One hit, as far as ties are concerned.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Contender {
    pub(super) score: f32,
    pub(super) confidence: f32,
    /// Its title without the place at its beginning; empty if it was not looked at.
    pub(super) says: String,
    pub(super) claim: Claim,
    /// The last resort, so that the same question gets the same answer twice; known only where it decides.
    pub(super) id: String,
}

impl Contender {
    /// Before whom it stands in a band: the better claim, then whatever little the scores differ.
    fn cmp_in_band(&self, other: &Contender) -> Ordering {
        self.claim
            .cmp(&other.claim)
            .then(other.score.total_cmp(&self.score))
            .then_with(|| self.id.cmp(&other.id))
    }
}

/// Reorders hits that come best first. Only the first so many are looked at: nobody looks further down for the same
/// thing.
pub(super) fn settle(
    hits: &mut [Ranked],
    snapshot: &Snapshot,
    scope: &Scope,
    looked_at: usize,
) -> Result<(), TantivyError> {
    let looked_at = looked_at.min(hits.len());
    let (hits, _) = hits.split_at_mut(looked_at);
    let claims: Vec<Claim> = hits
        .iter()
        .map(|ranked| {
            let (segment, document) = ranked.place;
            Claim {
                distance: scope.distance(ranked.region),
                since: snapshot.segments()[segment].since(document),
            }
        })
        .collect();
    // Where all claims are equal, there is nothing that a title could change.
    let differ = claims.windows(2).any(|pair| pair[0] != pair[1]);
    let (mut numbers, mut units) = (Vec::new(), Vec::new());
    let mut contenders: Vec<Contender> = hits
        .iter()
        .zip(claims)
        .map(|(ranked, claim)| {
            let (segment, document) = ranked.place;
            let mut says = String::new();
            if differ {
                snapshot.segments()[segment].text(document, &mut numbers, &mut units);
                says = placeless(&forward::title(&units));
            }
            Contender {
                score: ranked.about.score,
                confidence: ranked.confidence,
                says,
                claim,
                id: String::new(),
            }
        })
        .collect();
    name_equals(&mut contenders, hits, snapshot)?;
    let settled: Vec<Ranked> = order(&contenders)
        .into_iter()
        .map(|(from, confidence)| Ranked { confidence, ..hits[from] })
        .collect();
    hits.copy_from_slice(&settled);
    Ok(())
}

/// Reads the ids of those that nothing else tells apart.
fn name_equals(
    contenders: &mut [Contender],
    hits: &[Ranked],
    snapshot: &Snapshot,
) -> Result<(), TantivyError> {
    let same = |a: &Contender, b: &Contender| a.score == b.score && a.claim == b.claim;
    for at in 0..contenders.len() {
        let one = &contenders[at];
        if contenders.iter().enumerate().any(|(other, theirs)| other != at && same(one, theirs)) {
            contenders[at].id = snapshot.stored(hits[at].place, snapshot.fields().id)?;
        }
    }
    Ok(())
}

/// The order of the contenders, best first, and with what confidence each stands there.
///
/// A band begins at the best that is left and holds all that are near to it, so that a long slope of small steps is not
/// one tie. One that says the same as a better one but has the better claim takes its place, and its confidence: it
/// answers the question as likely, it only has less to say beside.
pub(super) fn order(contenders: &[Contender]) -> Vec<(usize, f32)> {
    let mut order: Vec<usize> = (0..contenders.len()).collect();
    let mut begin = 0;
    while begin < order.len() {
        let top = contenders[order[begin]].score;
        let mut end = begin + 1;
        while end < order.len() && top - contenders[order[end]].score < BAND {
            end += 1;
        }
        order[begin..end].sort_by(|&a, &b| contenders[a].cmp_in_band(&contenders[b]));
        begin = end;
    }
    let mut confidences: Vec<f32> = contenders.iter().map(|contender| contender.confidence).collect();
    for at in 0..order.len() {
        let first = &contenders[order[at]];
        let rival = (at + 1..order.len())
            .filter(|&later| {
                let rival = &contenders[order[later]];
                !rival.says.is_empty()
                    && rival.says == first.says
                    && first.score - rival.score < SAME_BAND
                    && rival.claim < first.claim
            })
            .min_by_key(|&later| (contenders[order[later]].claim, later));
        if let Some(rival) = rival {
            let (winner, loser) = (order[rival], order[at]);
            confidences[winner] = confidences[winner].max(confidences[loser]);
            order[at..=rival].rotate_right(1);
        }
    }
    order.into_iter().map(|contender| (contender, confidences[contender])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    type Named = (&'static str, Contender);

    /// A contender and its name. Scores are given as parts of a very good one.
    fn contender(name: &'static str, score: f32, says: &str, distance: usize, since: i32) -> Named {
        let contender = Contender {
            score: score * 12.0,
            confidence: score,
            says: says.to_owned(),
            claim: Claim { distance, since },
            id: name.to_owned(),
        };
        (name, contender)
    }

    fn ids(named: &[Named]) -> Vec<&'static str> {
        let contenders: Vec<Contender> = named.iter().map(|(_, contender)| contender.clone()).collect();
        order(&contenders).into_iter().map(|(at, _)| named[at].0).collect()
    }

    #[test]
    fn equals_are_ordered_by_place_then_day_then_id() {
        let equals = [
            contender("nation", 0.8, "x", 3, 20_260_101),
            contender("part", 0.8, "x", 9, 20_260_101),
            contender("old", 0.8, "x", 0, 20_240_101),
            contender("undated", 0.8, "x", 0, i32::MIN),
            contender("new-b", 0.8, "x", 0, 20_250_101),
            contender("new-a", 0.8, "x", 0, 20_250_101),
            contender("city", 0.8, "x", 1, 20_200_101),
        ];
        assert_eq!(ids(&equals), ["new-a", "new-b", "old", "undated", "city", "nation", "part"]);
    }

    #[test]
    fn equal_claims_leave_the_order_to_the_score() {
        let near = [contender("b", 0.8, "x", 1, 0), contender("a", 0.799, "x", 1, 0)];
        assert_eq!(ids(&near), ["b", "a"]);
    }

    #[test]
    fn a_better_score_wins_over_a_place_unless_the_same_is_said() {
        let table: [(&[Named], &[&str]); 5] = [
            // Another matter, clearly worse: the place changes nothing.
            (&[contender("far", 0.8, "x", 1, 0), contender("near", 0.7, "y", 0, 0)], &["far", "near"]),
            // The same matter: the nearer one.
            (&[contender("far", 0.8, "x", 1, 0), contender("near", 0.7, "x", 0, 0)], &["near", "far"]),
            // The same matter, but so much less of what was asked that it was not meant.
            (&[contender("far", 0.8, "x", 1, 0), contender("near", 0.1, "x", 0, 0)], &["far", "near"]),
            // Another matter within the band: the place decides.
            (&[contender("far", 0.8, "x", 1, 0), contender("near", 0.795, "y", 0, 0)], &["near", "far"]),
            // A nearer one passes what stands between; what stands between keeps its order.
            (
                &[
                    contender("far", 0.8, "x", 1, 0),
                    contender("b", 0.75, "y", 0, 0),
                    contender("c", 0.72, "z", 0, 0),
                    contender("near", 0.7, "x", 0, 0),
                ],
                &["near", "far", "b", "c"],
            ),
        ];
        for (contenders, expected) in table {
            assert_eq!(ids(contenders), expected);
        }
    }

    #[test]
    fn who_takes_the_place_takes_the_confidence() {
        let contenders = [contender("far", 0.8, "x", 1, 0).1, contender("near", 0.7, "x", 0, 0).1];
        assert_eq!(order(&contenders), [(1, 0.8), (0, 0.8)]);
    }

    #[test]
    fn a_slope_of_small_steps_is_not_one_tie() {
        let slope: Vec<Named> = ["s0", "s1", "s2", "s3", "s4", "s5"]
            .into_iter()
            .enumerate()
            .map(|(step, name)| contender(name, 0.8 - 0.008 * step as f32, "", 6 - step, 0))
            .collect();
        assert_eq!(ids(&slope), ["s1", "s0", "s3", "s2", "s5", "s4"]);
    }
}
