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
/// such turn calls a person anyway. Thanks and greetings that are looked up do little harm.
pub fn costs(class: Class) -> Costs {
    match class {
        Class::Emergency => Costs { missed: 20.0, question: 2.0, other: 1.0 },
        Class::Intent(Intent::AskHuman) => Costs { missed: 2.0, question: 2.5, other: 1.5 },
        Class::Intent(Intent::Dissatisfied) => Costs { missed: 1.3, question: 1.5, other: 1.0 },
        Class::Intent(Intent::Complaint) => Costs { missed: 1.0, question: 2.0, other: 1.0 },
        // Logging in elsewhere is a matter that is asked about.
        Class::Intent(Intent::Login) => Costs { missed: 0.5, question: 6.0, other: 1.0 },
        Class::Intent(_) | Class::Question => Costs { missed: 0.8, question: 2.0, other: 1.0 },
    }
}

/// The cheapest threshold for a class, given the score of each line for it.
pub fn choose(class: Class, scores: &[f32], labels: &[Option<Intent>]) -> f32 {
    let costs = costs(class);
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&left, &right| scores[right].total_cmp(&scores[left]));
    // Nothing is heard above the highest score: all that was meant is missed.
    let mut cost = costs.missed * labels.iter().filter(|&&label| class.holds(label)).count() as f32;
    let (mut least, mut threshold) = (cost, f32::MAX);
    for (at, &line) in order.iter().enumerate() {
        cost += match labels[line] {
            label if class.holds(label) => -costs.missed,
            None => costs.question,
            Some(_) => costs.other,
        };
        let next = order.get(at + 1).map_or(scores[line] - 1.0, |&next| scores[next]);
        if cost < least && next < scores[line] {
            (least, threshold) = (cost, f32::midpoint(scores[line], next));
        }
    }
    threshold
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
