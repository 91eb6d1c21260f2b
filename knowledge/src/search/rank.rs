//! From features to an order and a confidence.
//!
//! How the constants were found. Every similar question of the demo city was left out in turn and asked (about 2,000
//! questions), each was also asked with characters dropped and swapped, and the collections STARD and LeCoQA (laws
//! and lawyers' answers, MIT) were added; against them stood 127 questions that no office answers, and entries taken
//! out of the demo city altogether. Weights were fitted by gradient descent, kept from turning negative, and rounded
//! by hand to what costs nothing on any of these. The other collections were measured and
//! not trained on; between weights that are equal on the material above, their development halves decided.

use super::scope::Scope;
use super::{Features, Hit};
use crate::region::RegionCode;

/// How much the confidence has a say in the order. It looks at the best question alone, the rest of the score at all
/// that an entry says: an entry whose one question says just what was asked may pass one that shares more words. Of 0.1
/// and 0.2 the larger was taken, which the demo city liked better and no measured collection minded.
pub(super) const CONFIDENCE_SHARE: f32 = 0.2;

/// A hit on its way to its place.
pub(super) struct Ranked {
    pub(super) hit: Hit,
    pub(super) region: Option<RegionCode>,
}

/// Best first. At ties what holds in the asker's whole place comes before what holds in a part of it, then the id
/// decides, so that the same question gets the same answer twice.
pub(super) fn order(hits: &mut [Ranked], scope: &Scope) {
    for ranked in hits.iter_mut() {
        let features = &ranked.hit.features;
        // A question without any content word is about nothing in particular.
        let about_nothing = ranked.hit.matched.is_empty() && ranked.hit.missing.is_empty();
        ranked.hit.confidence = confidence(features, about_nothing);
        ranked.hit.score = score(features) + CONFIDENCE_SHARE * ranked.hit.confidence;
    }
    let key = |ranked: &Ranked| (scope.is_narrower(ranked.region), ranked.hit.score);
    hits.sort_by(|a, b| {
        let ((a_narrower, a_score), (b_narrower, b_score)) = (key(a), key(b));
        b_score.total_cmp(&a_score).then(a_narrower.cmp(&b_narrower)).then_with(|| a.hit.id.cmp(&b.hit.id))
    });
}

/// What each feature adds to the order. The body carries it: it holds the title twice, every similar question once and
/// what the answer says. The rest separates entries whose bodies say the same, and lets a question that is already
/// known win.
pub(super) const ORDER: [(&str, f32); 5] = [
    ("body_ratio", 1.0),
    ("question_ratio", 0.04),
    ("precision", 0.025),
    ("entry_words", 0.03),
    ("exact", 0.17),
];

fn score(features: &Features) -> f32 {
    let values = [
        features.body_ratio,
        features.question_ratio,
        features.precision,
        features.entry_words,
        features.exact,
    ];
    ORDER.iter().zip(values).map(|((_, weight), value)| weight * value).sum()
}

/// The base, and the weights of the larger ratio, the larger coverage, `precision`, `unknown`, and of a question about
/// nothing.
pub(super) const CONFIDENCE: [f32; 6] = [-3.6, 3.6, 1.7, 2.0, -1.5, -1.0];

/// A logistic curve. The weight of `unknown` is set and not fitted: the little training material has few questions
/// whose very matter is unknown, and there a wrong answer does the most harm.
fn confidence(features: &Features, about_nothing: bool) -> f32 {
    let [base, ratio, coverage, precision, unknown, nothing] = CONFIDENCE;
    let evidence = base
        + ratio * features.question_ratio.max(features.body_ratio)
        + coverage * features.coverage.max(features.body_coverage)
        + precision * features.precision
        + unknown * features.unknown
        + if about_nothing { nothing } else { 0.0 };
    1.0 / (1.0 + (-evidence).exp())
}
