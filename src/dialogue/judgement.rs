//! Whether what was found is an answer: one rule for the turn of a citizen and for whoever tries a question at the desk.

use super::answer::Outcome;
use super::engine::Policy;
use super::evidence::{Evidence, EvidenceKind};
use super::intent::{Intent, Wish, Words};
use super::question::comparable;

/// A question whose content has at most this many characters is asked about when several entries fit.
const VAGUE: usize = 2;

/// What the judgement looks at of an entry that was found.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Found<'a> {
    /// The calibrated confidence that it answers.
    pub confidence: f32,
    /// What it was ordered by: the difference of two is the log-odds that the one answers rather than the other.
    pub score: f32,
    /// The title or similar question that matched best.
    pub unit: &'a str,
    /// Whether it is a guided scenario.
    pub scenario: bool,
}

impl<'a> Found<'a> {
    /// An entry, as far as it is looked at.
    pub fn of(entry: &'a Evidence) -> Self {
        Self {
            confidence: entry.confidence,
            score: entry.score,
            unit: &entry.unit,
            scenario: entry.kind == EvidenceKind::Scenario,
        }
    }
}

/// What becomes of a question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Judgement {
    /// Nothing is sure enough.
    NoAnswer,
    /// The citizen is asked which of these is meant, by their places in what was found.
    Clarify(Vec<usize>),
    /// The first is a scenario, and begins.
    Guide,
    /// The first is the answer.
    Answer,
}

/// What a question comes to, asked without anything before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Foreseen {
    /// How it ends; absent for a greeting or thanks.
    pub outcome: Option<Outcome>,
    /// What the words were taken for, if they are not looked up at all.
    pub intent: Option<Intent>,
}

/// Judges what was found, best first.
pub fn judge(policy: &Policy, words: &Words, text: &str, found: &[Found<'_>]) -> Judgement {
    let sure = found.first().map_or(0.0, |first| first.confidence);
    let places = |fits: &dyn Fn(&Found<'_>) -> bool| -> Vec<usize> {
        (0..found.len()).filter(|&place| fits(&found[place])).collect()
    };
    // Two characters name a field of life ("过户"), not a matter in it.
    let content = words.content_of(text);
    let vague = is_vague(words, text);
    if sure < policy.clarify_at {
        let named = places(&|entry| vague && !content.is_empty() && entry.unit.contains(&content));
        return if named.len() > 1 { Judgement::Clarify(named) } else { Judgement::NoAnswer };
    }
    if sure < policy.answer_at {
        return Judgement::Clarify(places(&|entry| entry.confidence >= policy.clarify_at));
    }
    let close = places(&|entry| {
        entry.confidence >= policy.clarify_at && (vague || found[0].score - entry.score < policy.close_margin)
    });
    let exact = comparable(found[0].unit) == comparable(text);
    if close.len() > 1 && !exact {
        return Judgement::Clarify(close);
    }
    if found[0].scenario { Judgement::Guide } else { Judgement::Answer }
}

/// Whether the words name a field of life, and not a matter in it.
pub(super) fn is_vague(words: &Words, text: &str) -> bool {
    words.content_of(text).chars().count() <= VAGUE
}

/// Whether a wish that is not beyond doubt gives way to what was found. What hardly sounds like danger gives way to what is asked
/// back about, too, and where a model reads what is likely, to that: nobody would be called for it, and the numbers to call are
/// shown either way.
pub(super) fn gives_way(policy: &Policy, wish: Wish, found: &[Found<'_>], is_read: bool) -> bool {
    let doubtful = wish.intent.is_emergency() && !wish.is_alarming();
    let enough = match (doubtful, is_read) {
        (false, _) => policy.answer_at,
        (true, false) => policy.clarify_at,
        (true, true) => policy.clarify_at.min(policy.ask_model_at),
    };
    !wish.is_certain && found.first().is_some_and(|first| first.confidence >= enough)
}

/// Says what a first question would come to.
pub(super) fn foresee(policy: &Policy, words: &Words, text: &str, found: &[Found<'_>]) -> Foreseen {
    if let Some(Wish { intent, .. }) = words.wish(text).filter(|wish| !gives_way(policy, *wish, found, false))
    {
        let outcome = match intent {
            intent if intent.is_emergency() => Some(Outcome::Emergency),
            Intent::AskHuman | Intent::Complaint | Intent::Dissatisfied => Some(Outcome::Handoff),
            _ => None,
        };
        return Foreseen { outcome, intent: Some(intent) };
    }
    let outcome = if has_subject(words, text) {
        match judge(policy, words, text, found) {
            Judgement::NoAnswer => Outcome::NoAnswer,
            Judgement::Clarify(_) => Outcome::Clarify,
            Judgement::Guide => Outcome::Guide,
            Judgement::Answer => Outcome::Answered,
        }
    } else {
        Outcome::Clarify
    };
    Foreseen { outcome: Some(outcome), intent: None }
}

/// Whether the words name a matter at all. One character is no subject: what is left then is a particle or a slip.
pub(super) fn has_subject(words: &Words, text: &str) -> bool {
    words.content_of(text).chars().count() > 1
}

#[cfg(test)]
mod tests;
