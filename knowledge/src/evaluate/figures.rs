//! The figures by which a ranking and its confidence are judged.

use std::collections::HashMap;

/// How relevant each document is to one question; a document not named is not.
pub type Relevance = HashMap<String, u32>;

/// How many ranks are looked at.
pub const DEPTH: usize = 10;

/// How well one question's documents are ranked.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Ranking {
    /// 1 if the first document is relevant.
    pub hit_at_1: f64,
    /// Share of the relevant documents at rank 1.
    pub recall_at_1: f64,
    /// Share of them in the first three.
    pub recall_at_3: f64,
    /// Share of them in the first ten.
    pub recall_at_10: f64,
    /// One over the rank of the first relevant document, 0 beyond ten.
    pub mrr_at_10: f64,
    /// Discounted gain over the best possible one, gains as judged.
    pub ndcg_at_10: f64,
}

impl Ranking {
    /// Judges documents, best first.
    pub fn of<'a>(relevance: &Relevance, documents: impl IntoIterator<Item = &'a str>) -> Ranking {
        let gains: Vec<u32> = documents
            .into_iter()
            .take(DEPTH)
            .map(|document| relevance.get(document).copied().unwrap_or(0))
            .collect();
        let relevant = relevance.values().filter(|gain| **gain > 0).count().max(1) as f64;
        let recall = |depth| gains.iter().take(depth).filter(|gain| **gain > 0).count() as f64 / relevant;
        let mut ideal: Vec<u32> = relevance.values().copied().collect();
        ideal.sort_unstable_by(|a, b| b.cmp(a));
        let first = gains.iter().position(|gain| *gain > 0);
        Ranking {
            hit_at_1: f64::from(u8::from(first == Some(0))),
            recall_at_1: recall(1),
            recall_at_3: recall(3),
            recall_at_10: recall(DEPTH),
            mrr_at_10: first.map_or(0.0, |at| 1.0 / (at + 1) as f64),
            ndcg_at_10: discounted(&gains) / discounted(&ideal).max(f64::MIN_POSITIVE),
        }
    }
}

fn discounted(gains: &[u32]) -> f64 {
    gains
        .iter()
        .take(DEPTH)
        .enumerate()
        .fold(0.0, |sum, (at, gain)| sum + f64::from(*gain) / ((at + 2) as f64).log2())
}

/// The probability that a confidence of `positive` lies above one of `negative`, ties counting half.
pub fn auroc(positive: &[f64], negative: &[f64]) -> Option<f64> {
    if positive.is_empty() || negative.is_empty() {
        return None;
    }
    let mut sorted = negative.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let wins: f64 = positive
        .iter()
        .map(|score| {
            let below = sorted.partition_point(|other| other < score);
            let not_above = sorted.partition_point(|other| other <= score);
            (below + not_above) as f64 / 2.0
        })
        .sum();
    Some(wins / (positive.len() as f64 * negative.len() as f64))
}

/// Share of the unanswerable questions that are refused by a threshold of confidence at which `wrongly` of the answerable ones
/// are, at most.
pub fn refused_at(wrongly: f64, answerable: &[f64], unanswerable: &[f64]) -> Option<f64> {
    if unanswerable.is_empty() {
        return None;
    }
    let mut sorted = answerable.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    // What is below the threshold is refused; so many of the answerable ones may be.
    let threshold = *sorted.get((wrongly * sorted.len() as f64) as usize)?;
    let refused = unanswerable.iter().filter(|confidence| **confidence < threshold).count();
    Some(refused as f64 / unanswerable.len() as f64)
}

/// The confidence above which one in ten of the unanswerable questions is let through.
pub fn threshold_at_tenth(unanswerable: &[f64]) -> Option<f64> {
    let mut sorted = unanswerable.to_vec();
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    sorted.get(sorted.len() / 10).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(relevant: &[(&str, u32)], ranked: &[&str], expected: [f64; 6]) {
        let relevance = relevant.iter().map(|(id, gain)| ((*id).to_owned(), *gain)).collect();
        let r = Ranking::of(&relevance, ranked.iter().copied());
        let got = [r.hit_at_1, r.recall_at_1, r.recall_at_3, r.recall_at_10, r.mrr_at_10, r.ndcg_at_10];
        for (got, expected) in got.into_iter().zip(expected) {
            assert!((got - expected).abs() < 1e-9, "{got} {expected}");
        }
    }

    #[test]
    fn rankings_are_judged_by_hand_computed_figures() {
        check(&[("a", 1)], &["a", "b"], [1.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
        check(&[("a", 1)], &["b", "a"], [0.0, 0.0, 1.0, 1.0, 0.5, 1.0 / 3f64.log2()]);
        check(&[("a", 1), ("c", 1)], &["a", "b"], [1.0, 0.5, 0.5, 0.5, 1.0, 1.0 / (1.0 + 1.0 / 3f64.log2())]);
        check(&[("a", 1)], &[], [0.0; 6]);
    }

    #[test]
    fn ties_count_half() {
        assert_eq!(auroc(&[1.0, 2.0], &[0.0]), Some(1.0));
        assert_eq!(auroc(&[1.0], &[1.0]), Some(0.5));
        assert_eq!(auroc(&[f64::NEG_INFINITY], &[0.0]), Some(0.0));
        assert_eq!(auroc(&[], &[0.0]), None);
    }

    #[test]
    fn the_threshold_lets_a_tenth_through() {
        let scores: Vec<f64> = (0..20).map(f64::from).collect();
        assert_eq!(threshold_at_tenth(&scores), Some(17.0));
    }

    #[test]
    fn so_many_are_refused_while_so_few_of_the_others_are() {
        let answerable: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!(refused_at(0.03, &answerable, &[0.0, 3.9, 4.0, 50.0]), Some(0.5));
        assert_eq!(refused_at(0.0, &answerable, &[0.5, 1.0]), Some(0.5));
        assert_eq!(refused_at(0.03, &[], &[1.0]), None);
        assert_eq!(refused_at(0.03, &answerable, &[]), None);
    }
}
