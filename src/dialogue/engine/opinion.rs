//! A model's opinion of whether the evidence answers.
//!
//! Words that agree make an entry likely, and only who reads it knows. A model that puts evidence into words reads both the
//! question and the evidence: that it finds no answer there counts against the evidence, and where the confidence alone
//! would ask back or refuse, a text of the model that holds is the answer. It is never asked about what is unlikely
//! ([`Policy::ask_model_at`](super::Policy)), and a model that fails, is late or writes what does not hold changes nothing.

use super::super::context::Context;
use super::super::evidence::{Evidence, EvidenceKind};
use super::super::judgement::{self, Found, Judgement};
use super::super::trace::{Ending, Step};
use super::super::writing::Composed;
use super::answering::{Asking, SOURCES, best};
use super::course::Course;
use super::{Engine, Input, Turn};

impl Engine {
    /// What a model is asked about, where the confidence alone asks back or refuses: what is likely, and not a scenario,
    /// which is walked. None, where there is no model to ask or too little was found.
    pub(super) fn open_to_opinion(
        &self,
        judged: &Judgement,
        subject: &str,
        evidence: &[Evidence],
        course: &Course<'_>,
    ) -> Option<Vec<Evidence>> {
        let is_open = matches!(judged, Judgement::NoAnswer | Judgement::Clarify(_));
        let sure = best(evidence);
        // Between equally likely entries, and about a bare name, the citizen is asked and not the model.
        let is_between = sure >= self.policy.ask_model_at && sure < self.policy.answer_at;
        let asks = is_open && is_between && !judgement::is_vague(&self.words, subject);
        if !asks || self.writer.is_none() || course.quotes_only() {
            return None;
        }
        let readable = |entry: &&Evidence| entry.kind != EvidenceKind::Scenario && !entry.is_suspect;
        let given: Vec<Evidence> = evidence.iter().filter(readable).take(SOURCES).cloned().collect();
        (!given.is_empty()).then_some(given)
    }

    /// Lets the model put into words what may be an answer. If it finds one, and its text holds, that is the answer; else
    /// it is as if nobody had been asked, but for what a model that found none thinks of the evidence.
    pub(super) async fn by_opinion(
        &self,
        context: &Context,
        input: &Input,
        asking: Asking<'_>,
        given: &[Evidence],
        evidence: Vec<Evidence>,
        course: &Course<'_>,
    ) -> Turn {
        let composed = self.put_into_words(context, input, asking, given, Composed::is_written, course).await;
        if composed.is_withheld() {
            let evidence = if composed.is_declined() { self.doubted(given, evidence) } else { evidence };
            let judged = self.judged(&self.subject(input, asking.sought()), &evidence);
            return self.short_of_an_answer(context, input, asking, judged, &evidence, course);
        }
        course.pass(Step::Enough, Ending::Answered);
        self.answered(context, input, asking, given, &evidence, composed)
    }

    /// What is left of the confidences when a model found no answer in what it was given, most likely first.
    pub(super) fn doubted(&self, given: &[Evidence], mut evidence: Vec<Evidence>) -> Vec<Evidence> {
        for entry in &mut evidence {
            if given.iter().any(|read| read.id == entry.id) {
                entry.confidence = after_decline(entry.confidence, self.policy.decline_odds);
            }
        }
        evidence.sort_by(|one, other| other.confidence.total_cmp(&one.confidence));
        evidence
    }

    /// Whether an entry is an answer even though a model found none in it.
    pub(super) fn stays_sure(&self, entry: &Evidence) -> bool {
        after_decline(entry.confidence, self.policy.decline_odds) >= self.policy.answer_at
    }

    /// Whether evidence is an answer to what is asked.
    pub(super) fn judged(&self, subject: &str, evidence: &[Evidence]) -> Judgement {
        let found: Vec<Found<'_>> = evidence.iter().map(Found::of).collect();
        judgement::judge(&self.policy, &self.words, subject, &found)
    }

    /// Asks back about evidence that is not sure enough, or says that there is no answer.
    pub(super) fn short_of_an_answer(
        &self,
        context: &Context,
        input: &Input,
        asking: Asking<'_>,
        judged: Judgement,
        evidence: &[Evidence],
        course: &Course<'_>,
    ) -> Turn {
        let likely: Vec<&Evidence> = match judged {
            Judgement::NoAnswer => {
                course.pass(Step::Enough, Ending::NoAnswer);
                return self.no_answer(context, input, asking.text, evidence, "no_answer");
            }
            Judgement::Clarify(places) => places.into_iter().map(|place| &evidence[place]).collect(),
            // The model was not given this one. It is not asked twice in a turn, so the citizen is.
            Judgement::Guide | Judgement::Answer => vec![&evidence[0]],
        };
        course.pass(Step::Enough, Ending::Clarify);
        self.clarify(context, input, asking.text, &likely, evidence)
    }
}

/// The confidence of an entry in which a model found no answer, given how many times rarer it does so where there is one
/// than where there is none (Bayes' rule in odds).
fn after_decline(confidence: f32, odds: f32) -> f32 {
    let against = odds * (1.0 - confidence);
    if confidence + against > 0.0 { confidence / (confidence + against) } else { confidence }
}

#[cfg(test)]
mod tests;
