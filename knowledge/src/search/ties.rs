//! Which of several hits that are as good as each other comes first: the more local, then the newer.

use std::cmp::Ordering;

use tantivy::TantivyError;

use super::rank::Ranked;
use super::scope::Scope;
use crate::entry::EntryId;
use crate::index::Snapshot;
use crate::region::placeless;

/// Scores that differ by less are equal. What a score is made of changes by about this much when one entry says the same
/// in a few characters more than another; between two matters that were really told apart it is several times as much.
const BAND: f32 = 0.01;

/// Two entries whose titles are the same but for the place in them say the same thing, as city and district that each
/// publish their own guide. How much else their texts hold, and so how much their scores differ, says nothing about which
/// of the two is meant; up to here the place decides. Wide, because a question that is one title word for word lifts that
/// entry alone; not without end, because whoever asks in the very words of one of them may mean that one.
const SAME_BAND: f32 = 0.6;

/// How many hits have their titles read back. Nobody looks further down for the same thing.
const TITLES: usize = 16;

/// What decides between equals, the first first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Claim {
    /// How far the entry's region is from the asker's.
    pub(super) distance: usize,
    /// The day since which it holds, or on which it was published; larger is newer, unknown the oldest.
    pub(super) since: i64,
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
    /// The last resort, so that the same question gets the same answer twice.
    pub(super) id: EntryId,
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

/// Reorders hits that come best first.
pub(super) fn settle(hits: &mut Vec<Ranked>, snapshot: &Snapshot, scope: &Scope) -> Result<(), TantivyError> {
    let mut contenders = Vec::with_capacity(hits.len());
    for (at, ranked) in hits.iter().enumerate() {
        let (number, head) = ranked.place;
        let segment = &snapshot.segments()[number];
        // The title is the first question behind the head; an entry without any has none there.
        let title_at = head + 1;
        let has_title = title_at < segment.reader().max_doc() && segment.unit(title_at) == 1;
        let title = if at < TITLES && has_title {
            snapshot.stored(number, title_at, snapshot.fields().question)?
        } else {
            String::new()
        };
        contenders.push(Contender {
            score: ranked.hit.score,
            confidence: ranked.hit.confidence,
            says: placeless(&title),
            claim: Claim { distance: scope.distance(ranked.region), since: segment.since(head) },
            id: ranked.hit.id.clone(),
        });
    }
    let mut taken: Vec<Option<Ranked>> = hits.drain(..).map(Some).collect();
    for (from, confidence) in order(&contenders) {
        if let Some(mut ranked) = taken[from].take() {
            ranked.hit.confidence = confidence;
            hits.push(ranked);
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

    fn contender(id: &str, score: f32, says: &str, distance: usize, since: i64) -> Contender {
        Contender {
            score,
            confidence: score,
            says: says.to_owned(),
            claim: Claim { distance, since },
            id: EntryId::new(id).unwrap(),
        }
    }

    fn ids(contenders: &[Contender]) -> Vec<String> {
        order(contenders).into_iter().map(|(at, _)| contenders[at].id.to_string()).collect()
    }

    #[test]
    fn equals_are_ordered_by_place_then_day_then_id() {
        let equals = [
            contender("nation", 0.8, "x", 3, 20_260_101),
            contender("part", 0.8, "x", 9, 20_260_101),
            contender("old", 0.8, "x", 0, 20_240_101),
            contender("undated", 0.8, "x", 0, i64::MIN),
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
        let table: [(&[Contender], &[&str]); 5] = [
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
        let contenders = [contender("far", 0.8, "x", 1, 0), contender("near", 0.7, "x", 0, 0)];
        assert_eq!(order(&contenders), [(1, 0.8), (0, 0.8)]);
    }

    #[test]
    fn a_slope_of_small_steps_is_not_one_tie() {
        let slope: Vec<Contender> = (0..6)
            .map(|step| contender(&format!("s{step}"), 0.8 - 0.008 * step as f32, "", 6 - step, 0))
            .collect();
        assert_eq!(ids(&slope), ["s1", "s0", "s3", "s2", "s5", "s4"]);
    }
}
