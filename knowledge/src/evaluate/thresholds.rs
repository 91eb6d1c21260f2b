//! `yikouwen evaluate thresholds`: from which confidence on to answer, and below which to say that there is no answer.
//!
//! What a mistake costs is said, not learned: an answer to another question than the one that was asked harms somebody,
//! a question back costs a moment. The thresholds are those at which labelled questions cost the least.

use serde::{Deserialize, Serialize};

/// What each way to end a question costs, the right answer and the right refusal being free.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Costs {
    /// Answered with something else.
    pub wrong_answer: f64,
    /// Asked back, and what is meant is among the choices.
    pub asked_back: f64,
    /// Asked back, and what is meant is not among the choices, or there is none.
    pub asked_in_vain: f64,
    /// Told that there is no answer, although there is.
    pub missed: f64,
}

impl Default for Costs {
    fn default() -> Costs {
        Costs { wrong_answer: 5.0, asked_back: 1.0, asked_in_vain: 2.0, missed: 2.5 }
    }
}

/// One labelled question, searched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Labelled {
    /// The confidence of the first hit; 0 without any.
    pub confidence: f32,
    /// Whether the first hit is right.
    pub first_is_right: bool,
    /// Whether what is meant is among the hits that would be offered.
    pub offered: bool,
    /// Whether there is anything right at all.
    pub answerable: bool,
}

/// How questions end at two thresholds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Thresholds {
    /// From this confidence on, the first hit is the answer.
    pub answer_at: f32,
    /// Below this one there is none.
    pub clarify_at: f32,
    /// What a question costs on average.
    pub cost: f64,
    /// Share of the answerable questions that are answered right, or asked back about with the right choice.
    pub right: f64,
    /// Share of the others that are refused.
    pub refused: f64,
}

/// How finely thresholds are tried.
const STEPS: u16 = 100;

/// What the questions come to at these thresholds.
pub fn at(questions: &[Labelled], costs: &Costs, answer_at: f32, clarify_at: f32) -> Thresholds {
    let (mut cost, mut right, mut answerable, mut refused, mut foreign) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for question in questions {
        let answers = question.confidence >= answer_at;
        let asks = !answers && question.confidence >= clarify_at;
        let good = (answers && question.first_is_right) || (asks && question.offered);
        cost += match (answers, asks) {
            (true, _) if question.first_is_right => 0.0,
            (true, _) => costs.wrong_answer,
            (_, true) if question.offered => costs.asked_back,
            (_, true) => costs.asked_in_vain,
            _ if question.answerable => costs.missed,
            _ => 0.0,
        };
        if question.answerable {
            answerable += 1.0;
            right += f64::from(u8::from(good));
        } else {
            foreign += 1.0;
            refused += f64::from(u8::from(!answers && !asks));
        }
    }
    Thresholds {
        answer_at,
        clarify_at,
        cost: cost / f64::max(questions.len() as f64, 1.0),
        right: right / f64::max(answerable, 1.0),
        refused: refused / f64::max(foreign, 1.0),
    }
}

/// The thresholds at which the questions cost the least; of equal ones those in the middle, which are farthest from where
/// another question would change them.
pub fn choose(questions: &[Labelled], costs: &Costs) -> Thresholds {
    let step = |number: u16| f32::from(number) / f32::from(STEPS);
    let mut best: Vec<Thresholds> = Vec::new();
    for answer in 1..=STEPS {
        for clarify in 1..=answer {
            let tried = at(questions, costs, step(answer), step(clarify));
            match best.first().map(|known| tried.cost - known.cost) {
                Some(more) if more > 1e-9 => {}
                Some(more) if more > -1e-9 => best.push(tried),
                _ => best = vec![tried],
            }
        }
    }
    let middle = best.len() / 2;
    best.swap_remove(middle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(confidence: f32, first_is_right: bool, offered: bool, answerable: bool) -> Labelled {
        Labelled { confidence, first_is_right, offered, answerable }
    }

    #[test]
    fn the_thresholds_stand_where_mistakes_cost_the_least() {
        let questions = [
            asked(0.9, true, true, true),
            asked(0.8, true, true, true),
            asked(0.55, false, true, true),
            asked(0.5, false, true, true),
            asked(0.2, false, false, false),
            asked(0.1, false, false, false),
        ];
        let chosen = choose(&questions, &Costs::default());
        assert!(chosen.answer_at > 0.55 && chosen.answer_at <= 0.8, "{chosen:?}");
        assert!(chosen.clarify_at > 0.2 && chosen.clarify_at <= 0.5, "{chosen:?}");
        assert_eq!((chosen.right, chosen.refused), (1.0, 1.0));
        // Two questions are asked back about, each at the price of one.
        assert!((chosen.cost - 2.0 / 6.0).abs() < 1e-9, "{chosen:?}");
    }

    #[test]
    fn whoever_fears_wrong_answers_more_answers_later() {
        let questions =
            [asked(0.9, true, true, true), asked(0.6, false, false, true), asked(0.5, true, true, true)];
        let bold = choose(&questions, &Costs { wrong_answer: 0.1, ..Costs::default() });
        let careful = choose(&questions, &Costs { wrong_answer: 50.0, ..Costs::default() });
        assert!(bold.answer_at <= 0.5 && careful.answer_at > 0.6, "{bold:?} {careful:?}");
    }

    #[test]
    fn without_questions_nothing_is_claimed() {
        let none = choose(&[], &Costs::default());
        assert_eq!((none.cost, none.right, none.refused), (0.0, 0.0, 0.0));
    }
}
