//! From which score on a class is heard, by what mistakes cost, on lines that the fit did not see.

use super::{Class, Scores, settle};
use crate::dialogue::intent::Intent;

/// What mistakes about a class cost.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Costs {
    /// It was meant and not heard.
    pub missed: f32,
    /// A question was taken for it.
    pub question: f32,
    /// Something else was taken for it that is no question either.
    pub other: f32,
}

/// Whoever is in danger and not heard pays most. A question that is taken for a wish is not answered, and where a person is
/// called that person's time is spent; a wish that is not heard is looked up like a question, finds nothing, and the second
/// such turn calls a person anyway. Of the questions that are taken for danger most are shown the numbers to call and nothing
/// else happens. Thanks and greetings that are looked up do little harm.
pub fn costs(class: Class) -> Costs {
    match class {
        Class::Emergency => Costs { missed: 22.0, question: 1.5, other: 1.0 },
        Class::Intent(Intent::AskHuman) => Costs { missed: 3.0, question: 2.5, other: 1.5 },
        Class::Intent(Intent::Dissatisfied) => Costs { missed: 2.0, question: 1.5, other: 1.0 },
        Class::Intent(Intent::Complaint) => Costs { missed: 1.0, question: 2.0, other: 1.0 },
        // Logging in elsewhere is a matter that is asked about.
        Class::Intent(Intent::Login) => Costs { missed: 0.5, question: 6.0, other: 1.0 },
        Class::Intent(_) | Class::Question => Costs { missed: 0.8, question: 2.0, other: 1.0 },
    }
}

/// A score might as well have been so much higher or lower: with other lines the fit gives other scores, and what is the cheapest
/// would else hang on a few of them.
const BLUR: f32 = 0.1;

/// Thresholds are tried at this distance.
const STEP: f32 = 0.005;

/// The cheapest threshold for a class, given the score of each line for it.
pub fn choose(class: Class, scores: &[f32], labels: &[Option<Intent>]) -> f32 {
    let costs = costs(class);
    let cost = |threshold: f32| -> f32 {
        let lines = scores.iter().zip(labels);
        lines
            .map(|(score, &label)| {
                let heard = ((score - threshold) / (2.0 * BLUR) + 0.5).clamp(0.0, 1.0);
                match label {
                    label if class.holds(label) => costs.missed * (1.0 - heard),
                    None => costs.question * heard,
                    Some(_) => costs.other * heard,
                }
            })
            .sum()
    };
    let (least, most) = scores.iter().fold((0.0_f32, 0.0_f32), |(a, b), &score| (a.min(score), b.max(score)));
    let steps = ((most - least + 2.0 * BLUR) / STEP).ceil() as u16;
    let tried = (0..=steps).map(|step| least - BLUR + f32::from(step) * STEP);
    tried.map(|at| (at, cost(at))).min_by(|left, right| left.1.total_cmp(&right.1)).map_or(0.0, |(at, _)| at)
}

/// How one class is heard.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
pub struct Mark {
    /// Meant and heard.
    pub right: usize,
    /// Meant and not heard.
    pub missed: usize,
    /// Heard where a question was meant.
    pub questions: usize,
    /// Heard where something else was meant.
    pub others: usize,
}

/// What becomes of lines with these margins and rules that hold, by class; the kinds of danger are counted as one.
pub fn mark(margins: &[Scores], ruled: &[Option<Intent>], labels: &[Option<Intent>]) -> Vec<(Class, Mark)> {
    let classes = Class::ALL.into_iter().filter(|class| class.is_heard());
    let mut marks: Vec<(Class, Mark)> = classes.map(|class| (class, Mark::default())).collect();
    for ((margins, &ruled), &label) in margins.iter().zip(ruled).zip(labels) {
        let heard = settle(ruled, margins, |_| true);
        for (class, mark) in &mut marks {
            match (class.holds(label), class.holds(heard)) {
                (true, true) => mark.right += 1,
                (true, false) => mark.missed += 1,
                (false, true) if label.is_none() => mark.questions += 1,
                (false, true) => mark.others += 1,
                (false, false) => {}
            }
        }
    }
    marks
}
