//! The course of one turn: where drafts are shown, and what is noted of every stage.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::super::cache::CachePolicy;
use super::super::context::Locale;
use super::super::evidence::Evidence;
use super::super::flaws::FaultWords;
use super::super::ports::{Brief, Progress, Redactor, Stopwatch, Usage};
use super::super::question::Question;
use super::super::screen::Screen;
use super::super::trace::{self, By, Ending, Rewriting, Seen, Step, Trace};
use super::super::writing::{Composed, Text};

/// What stands between a citizen, a model and an answer.
pub struct Safeguards {
    /// Notices words that are not answered in the ordinary way.
    pub screen: Screen,
    /// Masks what the writer gets.
    pub redactor: Arc<dyn Redactor>,
    /// Measures the stages.
    pub watch: Arc<dyn Stopwatch>,
    /// What a model is told was wrong with its text.
    pub faults: FaultWords,
    /// A first text that took longer is not written again.
    pub rewrite_within: Duration,
    /// So long nothing new may be seen while a model writes; without, as long as the model takes.
    pub patience: Option<Duration>,
    /// How texts that held are kept; not at all without.
    pub cache: Option<CachePolicy>,
}

/// A cache of so many texts, each kept so long; none for 0 texts.
pub fn cache_of(texts: usize, keep: Duration) -> Option<CachePolicy> {
    NonZeroUsize::new(texts).map(|texts| CachePolicy { texts, keep })
}

/// One turn on its way.
pub(super) struct Course<'a> {
    pub(super) progress: &'a dyn Progress,
    watch: &'a dyn Stopwatch,
    notes: Mutex<Notes>,
}

struct Notes {
    trace: Trace,
    /// When the last stage ended.
    since: Duration,
    /// Whether no model may be asked in this turn.
    quotes_only: bool,
    /// When a model was first asked in this turn: since then the citizen waits.
    waiting: Option<Duration>,
    /// How asking a model for the question ended, where its question is not what is looked up.
    unspelt: Option<Ending>,
    /// What was looked up in this turn, and found.
    looked_up: Vec<(Question, Vec<Evidence>)>,
}

impl<'a> Course<'a> {
    pub(super) fn new(
        progress: &'a dyn Progress,
        watch: &'a dyn Stopwatch,
        screen: u32,
        locale: Locale,
    ) -> Self {
        let trace = Trace { screen, locale, ..Trace::default() };
        let notes = Notes {
            trace,
            since: watch.elapsed(),
            quotes_only: false,
            waiting: None,
            unspelt: None,
            looked_up: Vec::new(),
        };
        Self { progress, watch, notes: Mutex::new(notes) }
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a stage ended; it took what passed since the one before.
    pub(super) fn pass(&self, step: Step, ending: Ending) {
        let now = self.watch.elapsed();
        let mut notes = self.notes();
        let took = now.saturating_sub(notes.since);
        notes.since = now;
        notes.trace.pass(step, ending, took, Usage::default());
    }

    /// Notes what the question is taken for by the rules. If a model was asked in vain, that is how the stage ended.
    pub(super) fn stands(&self, ending: Ending) {
        let unspelt = self.notes().unspelt;
        self.pass(Step::Standalone, unspelt.unwrap_or(ending));
    }

    /// From now on the citizen waits for a model.
    pub(super) fn waits(&self) -> Duration {
        let now = self.watch.elapsed();
        *self.notes().waiting.get_or_insert(now)
    }

    /// Since when the citizen waits for a model, if one was asked.
    pub(super) fn waiting(&self) -> Option<Duration> {
        self.notes().waiting
    }

    /// Notes what came of asking a model for the question.
    pub(super) fn spelt(&self, ending: Ending, usage: Usage, rewriting: Rewriting) {
        let now = self.watch.elapsed();
        let mut notes = self.notes();
        let took = now.saturating_sub(notes.since);
        notes.since = now;
        notes.trace.pass(Step::Standalone, ending, took, usage);
        notes.trace.rewriting = Some(rewriting);
        notes.unspelt = Some(ending).filter(|ending| *ending != Ending::SpeltOut);
    }

    /// From now on the evidence is only quoted.
    pub(super) fn quote_only(&self) {
        self.notes().quotes_only = true;
    }

    pub(super) fn quotes_only(&self) -> bool {
        self.notes().quotes_only
    }

    /// What was found for a question that was looked up in this turn already.
    pub(super) fn found_for(&self, question: &Question) -> Option<Vec<Evidence>> {
        let notes = self.notes();
        notes.looked_up.iter().find(|(known, _)| known == question).map(|(_, found)| found.clone())
    }

    /// Keeps what was found for a question, for as long as the turn lasts.
    pub(super) fn keep(&self, question: Question, found: &[Evidence]) {
        self.notes().looked_up.push((question, found.to_vec()));
    }

    /// Notes what was found.
    pub(super) fn saw(&self, evidence: &[Evidence]) {
        self.notes().trace.seen = evidence.iter().map(|entry| Seen::of(entry, false)).collect();
    }

    /// Notes what the writer was given and what came of it.
    pub(super) fn wrote(&self, brief: &Brief<'_>, composed: &Composed) {
        let now = self.watch.elapsed();
        let mut notes = self.notes();
        let took = now.saturating_sub(notes.since).saturating_sub(composed.checking);
        notes.since = now;
        let trace = &mut notes.trace;
        brief.question.clone_into(&mut trace.question);
        trace.standalone = brief.standalone.map(str::to_owned);
        trace.aspect = brief.aspect;
        for entry in brief.evidence {
            match trace.seen.iter_mut().find(|seen| seen.id == entry.id) {
                Some(seen) => seen.given = true,
                None => trace.seen.push(Seen::of(entry, true)),
            }
        }
        trace.attempts.clone_from(&composed.attempts);
        let usage = composed
            .attempts
            .iter()
            .fold(Usage::default(), |usage, attempt| trace::sum(usage, attempt.usage));
        trace.pass(Step::Write, writing_ended(composed), took, usage);
        if let Some(ending) = verifying_ended(composed) {
            trace.pass(Step::Verify, ending, composed.checking, Usage::default());
        }
    }

    pub(super) fn finish(self) -> Trace {
        self.notes.into_inner().unwrap_or_else(PoisonError::into_inner).trace
    }
}

/// How writing ended: as the last attempt of a model did, where one was asked.
fn writing_ended(composed: &Composed) -> Ending {
    if composed.text == Text::Failed {
        return Ending::Failed;
    }
    let model = composed.attempts.iter().rev().find(|attempt| attempt.by != By::Quote);
    match model.map(|attempt| attempt.ending) {
        // It wrote; whether that held is the next stage's.
        Some(Ending::Faults) => Ending::Written,
        Some(ending) => ending,
        None => Ending::Quoted,
    }
}

/// How checking ended, where there was a text.
fn verifying_ended(composed: &Composed) -> Option<Ending> {
    let faulty = composed.attempts.iter().any(|attempt| attempt.ending == Ending::Faults);
    match composed.text {
        Text::Written(_) => {}
        Text::Withheld => return faulty.then_some(Ending::Faults),
        Text::Stopped | Text::Failed => return None,
    }
    let last = composed.attempts.last()?;
    Some(match last.by {
        By::Cache => Ending::NotNeeded,
        By::Quote if faulty => Ending::Faults,
        By::Quote => Ending::NotNeeded,
        By::Rewrite => Ending::Rewritten,
        By::Model if last.appended > 0 => Ending::Completed,
        By::Model => Ending::Passed,
    })
}

#[cfg(test)]
pub(super) mod tests;
