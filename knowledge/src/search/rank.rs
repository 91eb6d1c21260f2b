//! From what was seen to an order and a confidence.

use tantivy::DocId;

use super::asked::Asked;
use super::features::Features;
use super::model::{About, Weights};
use crate::region::RegionCode;

/// An entry on its way to its place.
#[derive(Clone, Copy)]
pub(super) struct Ranked {
    /// Where it lies: its segment and its document.
    pub(super) place: (usize, DocId),
    /// Where the entry lies whose words were matched, if this one took its place.
    pub(super) replaces: Option<(usize, DocId)>,
    pub(super) region: Option<RegionCode>,
    /// Its place among the candidates.
    pub(super) candidate: usize,
    pub(super) features: Features,
    pub(super) about: About,
    pub(super) confidence: f32,
}

/// Best first.
pub(super) fn order(ranked: &mut [Ranked], weights: &Weights) {
    for one in ranked.iter_mut() {
        one.about.score = weights.score(&one.features);
    }
    ranked.sort_by(|a, b| b.about.score.total_cmp(&a.about.score).then_with(|| a.place.cmp(&b.place)));
}

/// How likely each of the first `limit` answers.
pub(super) fn confide(ranked: &mut [Ranked], asked: &Asked, weights: &Weights, limit: usize) {
    let scores: Vec<f32> = ranked.iter().map(|one| one.about.score).collect();
    let question = of_question(asked);
    for (at, one) in ranked.iter_mut().enumerate().take(limit) {
        let others = scores.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, score)| *score);
        one.about = question.among(scores[at], others);
        one.confidence = weights.confidence(&one.features, &one.about);
    }
}

/// What there is to say of the question alone.
fn of_question(asked: &Asked) -> About {
    let content = || asked.words.iter().filter(|word| word.content);
    let total: f32 = content().map(|word| word.body_idf).sum();
    let unknown: f32 = content().filter(|word| !word.known).map(|word| word.body_idf).sum();
    About {
        unknown: if total > 0.0 { unknown / total } else { 0.0 },
        length: (asked.units.len() as f32).ln_1p(),
        vague: f32::from(u8::from(content().next().is_none())),
        ..About::default()
    }
}
