//! `yikouwen evaluate train`: the weights of the second stage, fitted on the city's own entries.
//!
//! What is learned from is in `evaluate/lessons.rs`. Weights are held on the side of zero on which they make sense: that a
//! question has more of an entry's words must never speak against the entry, whatever a few hundred questions suggest. Where
//! a model is already there, it is what the fit is drawn towards.

use super::fit::{Side, minimise};
use super::lessons::{Class, Lesson, Seen};
use crate::search::{COUNT, Feature, Features, Model, Weights, about};

/// How strongly the ranking is drawn towards what was known before.
const RANKING_PULL: f64 = 0.2;

/// The same for the confidence.
const CONFIDENCE_PULL: f64 = 0.03;

/// How well a model does on one lesson.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Mark {
    /// The lesson.
    pub lesson: String,
    /// Questions that have an answer.
    pub questions: usize,
    /// Share of them whose first hit is right.
    pub hit_at_1: f64,
    /// Mean of the squared differences between confidence and truth; 0 is perfect.
    pub brier: f64,
}

/// What is fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fitted {
    /// The order of hits, and how sure the first one is.
    Both,
    /// How sure the first hit is; the order stays as it was.
    Confidence,
}

/// Fits a model on the lessons, drawn towards `before`; on the questions of one half only, if one is named.
pub fn fit(lessons: &[Lesson], before: &Model, what: Fitted, half: Option<bool>) -> Model {
    let of = |class: Class, before: &Weights| {
        let chosen: Vec<&Lesson> = lessons.iter().filter(|lesson| lesson.class == class).collect();
        if chosen.is_empty() { before.clone() } else { fit_weights(&chosen, before, class, what, half) }
    };
    Model {
        questions: of(Class::Questions, &before.questions),
        passages: of(Class::Passages, &before.passages),
    }
}

/// How well a model does on each lesson, on the questions of one half only, if one is named.
pub fn mark(lessons: &[Lesson], model: &Model, half: Option<bool>) -> Vec<Mark> {
    lessons
        .iter()
        .map(|lesson| {
            let weights = match lesson.class {
                Class::Questions => &model.questions,
                Class::Passages => &model.passages,
            };
            let (mut answerable, mut right, mut all, mut squared) = (0, 0.0, 0.0, 0.0);
            for seen in lesson.questions.iter().filter(|seen| in_half(seen, half)) {
                let first = seen.first(weights);
                let truth = first.as_ref().is_some_and(|(at, _)| seen.answerable && seen.right[*at]);
                let truth = f64::from(u8::from(truth));
                let confidence = first
                    .map_or(0.0, |(at, about)| f64::from(weights.confidence(&seen.candidates[at], &about)));
                squared += (confidence - truth).powi(2);
                all += 1.0;
                if seen.answerable {
                    answerable += 1;
                    right += truth;
                }
            }
            Mark {
                lesson: lesson.name.clone(),
                questions: answerable,
                hit_at_1: right / f64::from(u32::try_from(answerable).unwrap_or(u32::MAX).max(1)),
                brier: squared / f64::max(all, 1.0),
            }
        })
        .collect()
}

fn in_half(seen: &Seen, half: Option<bool>) -> bool {
    half.is_none_or(|half| (seen.group & 1 == 1) == half)
}

const DENSE: usize = Feature::dense as usize;

fn side(feature: Feature) -> Side {
    match feature {
        Feature::unit_missing
        | Feature::unit_missing_back
        | Feature::unit_not
        | Feature::units_lack
        | Feature::units_more
        | Feature::body_missing
        | Feature::body_length
        | Feature::place_apart
        | Feature::things_unit
        | Feature::things_body
        | Feature::thing_body => Side::Negative,
        Feature::dense => Side::Absent,
        _ => Side::Positive,
    }
}

/// On which side of zero a feature stands in the order. Some are looked at only when that is made.
fn ranking_side(feature: Feature) -> Side {
    match feature {
        Feature::units_lack
        | Feature::units_each
        | Feature::things_unit
        | Feature::things_body
        | Feature::thing_body => Side::Absent,
        other => side(other),
    }
}

/// What the confidence may look at beside. Where entries are found by their questions, many a question stands in several
/// entries and each of them answers: that the next is as good says nothing where only the one is known as right that the question
/// was taken from. Where passages are searched, or somebody has named every entry that answers, it does.
fn about_sides(class: Class, labelled: bool) -> [Side; about::COUNT] {
    let beside = if class == Class::Questions && !labelled { Side::Absent } else { Side::Positive };
    let rivals = if class == Class::Questions { Side::Absent } else { Side::Negative };
    [Side::Positive, beside, Side::Negative, rivals, Side::Positive, Side::Negative]
}

fn fit_weights(
    lessons: &[&Lesson],
    before: &Weights,
    class: Class,
    what: Fitted,
    half: Option<bool>,
) -> Weights {
    let mut weights = before.clone();
    if what == Fitted::Both {
        fit_ranking(lessons, &mut weights, half);
    }
    let own: Vec<&Lesson> = lessons.iter().copied().filter(|lesson| !lesson.labelled).collect();
    fit_confidence(&own, &mut weights, about_sides(class, false), half);
    if own.len() < lessons.len() {
        let mut sides = about_sides(class, true);
        if lessons.iter().any(|lesson| lesson.labelled && !is_balanced(lesson)) {
            sides[about::LENGTH] = Side::Kept;
        }
        fit_confidence(lessons, &mut weights, sides, half);
    }
    // No lesson has embeddings, so what they count is kept.
    let shipped = Model::shipped();
    let kept = match class {
        _ if before.ranking[DENSE] != 0.0 => before,
        Class::Questions => &shipped.questions,
        Class::Passages => &shipped.passages,
    };
    (weights.ranking[DENSE], weights.confidence[DENSE]) = (kept.ranking[DENSE], kept.confidence[DENSE]);
    weights
}

/// By how much questions that nothing answers may be longer or shorter than others, for their length to teach anything. It does
/// where they are as long: the longer a question is, the less of it stands in the entry that answers it. Elsewhere it is a habit
/// of whoever wrote them down.
const AS_LONG: f32 = 0.05;

/// Whether the questions with an answer and those without are equally long.
fn is_balanced(lesson: &Lesson) -> bool {
    let length = |answerable: bool| {
        let lengths = lesson
            .questions
            .iter()
            .filter(|seen| seen.answerable == answerable)
            .map(|seen| seen.about.length);
        let (count, sum) =
            lengths.fold((0.0_f32, 0.0_f32), |(count, sum), length| (count + 1.0, sum + length));
        sum / count
    };
    (length(true) - length(false)).abs() <= AS_LONG
}

/// The questions of the chosen half, each with its share of all.
fn shares<'a>(lessons: &'a [&Lesson], half: Option<bool>, useful: fn(&Seen) -> bool) -> Vec<(&'a Seen, f64)> {
    let whole: f64 = lessons.iter().map(|lesson| lesson.weight).sum();
    lessons
        .iter()
        .flat_map(|lesson| {
            let chosen: Vec<&Seen> =
                lesson.questions.iter().filter(|seen| in_half(seen, half) && useful(seen)).collect();
            let share = lesson.weight / whole / chosen.len().max(1) as f64;
            chosen.into_iter().map(move |seen| (seen, share))
        })
        .collect()
}

/// By how much a feature varies, so that all are fitted on one scale.
fn spread(rows: impl Iterator<Item = Vec<f64>>, width: usize) -> (Vec<f64>, Vec<f64>) {
    let (mut count, mut sum, mut squares) = (0.0, vec![0.0; width], vec![0.0; width]);
    for row in rows {
        count += 1.0;
        for (at, value) in row.into_iter().enumerate() {
            sum[at] += value;
            squares[at] += value * value;
        }
    }
    let count = f64::max(count, 1.0);
    let mean: Vec<f64> = sum.iter().map(|sum| sum / count).collect();
    let spread = squares
        .iter()
        .zip(&mean)
        .map(|(squares, mean)| (squares / count - mean * mean).max(0.0).sqrt() + 1e-3)
        .collect();
    (mean, spread)
}

/// The probability that the right entry stands first, by the softmax of all candidates.
fn fit_ranking(lessons: &[&Lesson], weights: &mut Weights, half: Option<bool>) {
    let useful = shares(lessons, half, |seen| seen.right.contains(&true));
    let row =
        |features: &Features| features.values().iter().map(|value| f64::from(*value)).collect::<Vec<_>>();
    let (_, scale) = spread(useful.iter().flat_map(|(seen, _)| &seen.candidates).map(row), COUNT);
    let sides: Vec<Side> = Feature::ALL.into_iter().map(ranking_side).collect();
    let prior: Vec<f64> =
        weights.ranking.iter().zip(&scale).map(|(weight, scale)| f64::from(*weight) * scale).collect();
    let objective = |at: &[f64]| {
        let plain: Vec<f64> = at.iter().zip(&scale).map(|(weight, scale)| weight / scale).collect();
        let mut value = 0.0;
        let mut gradient = vec![0.0; COUNT];
        for (seen, share) in &useful {
            let scores: Vec<f64> = seen
                .candidates
                .iter()
                .map(|features| features.values().iter().zip(&plain).map(|(x, w)| f64::from(*x) * w).sum())
                .collect();
            let top = scores.iter().copied().fold(f64::MIN, f64::max);
            let odds: Vec<f64> = scores.iter().map(|score| (score - top).exp()).collect();
            let all: f64 = odds.iter().sum();
            let right: f64 =
                odds.iter().zip(&seen.right).filter(|(_, right)| **right).map(|(odds, _)| odds).sum();
            let right = right.max(1e-12);
            value -= share * (right / all).ln();
            for ((features, odds), is_right) in seen.candidates.iter().zip(&odds).zip(&seen.right) {
                let pull = share * (odds / all - if *is_right { odds / right } else { 0.0 });
                for (slope, x) in gradient.iter_mut().zip(features.values()) {
                    *slope += pull * f64::from(*x);
                }
            }
        }
        for (slope, scale) in gradient.iter_mut().zip(&scale) {
            *slope /= scale;
        }
        drawn(&mut value, &mut gradient, at, &prior, RANKING_PULL);
        (value, gradient)
    };
    let fitted = minimise(&prior, &sides, objective);
    for (weight, (fitted, scale)) in weights.ranking.iter_mut().zip(fitted.iter().zip(&scale)) {
        *weight = (fitted / scale) as f32;
    }
}

/// The penalty for going away from what was known before.
fn drawn(value: &mut f64, gradient: &mut [f64], at: &[f64], prior: &[f64], pull: f64) {
    for ((slope, at), prior) in gradient.iter_mut().zip(at).zip(prior) {
        *value += pull / 2.0 * (at - prior).powi(2);
        *slope += pull * (at - prior);
    }
}

/// The probability that the first hit answers: a logistic curve over what was seen of it.
fn fit_confidence(
    lessons: &[&Lesson],
    weights: &mut Weights,
    about: [Side; about::COUNT],
    half: Option<bool>,
) {
    let rows: Vec<(Vec<f64>, f64, f64)> = shares(lessons, half, |seen| !seen.candidates.is_empty())
        .into_iter()
        .filter_map(|(seen, share)| {
            let (at, about) = seen.first(weights)?;
            let values =
                seen.candidates[at].values().iter().chain(&about.values()).map(|x| f64::from(*x)).collect();
            let truth = f64::from(u8::from(seen.answerable && seen.right[at]));
            Some((values, truth, share))
        })
        .collect();
    let width = COUNT + about.len();
    let (mean, scale) = spread(rows.iter().map(|(row, ..)| row.clone()), width);
    let scaled: Vec<(Vec<f64>, f64, f64)> = rows
        .into_iter()
        .map(|(row, truth, share)| {
            let row = row.iter().zip(mean.iter().zip(&scale)).map(|(x, (mean, scale))| (x - mean) / scale);
            (std::iter::once(1.0).chain(row).collect(), truth, share)
        })
        .collect();
    let sides: Vec<Side> =
        std::iter::once(Side::Free).chain(Feature::ALL.into_iter().map(side)).chain(about).collect();
    let known = weights.confidence.iter().chain(&weights.about).map(|weight| f64::from(*weight));
    let slopes: Vec<f64> = known.zip(&scale).map(|(weight, scale)| weight * scale).collect();
    let centre: f64 =
        slopes.iter().zip(mean.iter().zip(&scale)).map(|(weight, (mean, scale))| weight * mean / scale).sum();
    let prior: Vec<f64> = std::iter::once(f64::from(weights.bias) + centre).chain(slopes).collect();
    let objective = |at: &[f64]| {
        let mut value = 0.0;
        let mut gradient = vec![0.0; at.len()];
        for (row, truth, share) in &scaled {
            let score: f64 = row.iter().zip(at).map(|(x, weight)| x * weight).sum();
            value += share * (score.max(0.0) + (-score.abs()).exp().ln_1p() - truth * score);
            let pull = share * (1.0 / (1.0 + (-score).exp()) - truth);
            for (slope, x) in gradient.iter_mut().zip(row) {
                *slope += pull * x;
            }
        }
        // How many questions are answerable at all is the city's own matter: the bias is drawn nowhere.
        let bias = gradient[0];
        drawn(&mut value, &mut gradient[1..], &at[1..], &prior[1..], CONFIDENCE_PULL);
        gradient[0] = bias;
        (value, gradient)
    };
    let fitted = minimise(&prior, &sides, objective);
    let plain: Vec<f64> = fitted[1..].iter().zip(&scale).map(|(weight, scale)| weight / scale).collect();
    weights.bias =
        (fitted[0] - plain.iter().zip(&mean).map(|(weight, mean)| weight * mean).sum::<f64>()) as f32;
    for (weight, fitted) in weights.confidence.iter_mut().chain(&mut weights.about).zip(&plain) {
        *weight = *fitted as f32;
    }
}
