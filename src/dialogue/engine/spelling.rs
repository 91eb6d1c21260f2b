//! Words that lean on the turns before, spelt out by a model where the city wants that, and what is remembered for it.
//!
//! The rules say whether words lean, and what is looked up if no model spells them out. A model's question is looked up
//! only if it brings nothing that nobody said ([`super::super::standalone`]).

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{Either, select};

use super::super::answer::Outcome;
use super::super::context::{Context, Past};
use super::super::ports::{FollowUp, Interrupt, Rewriter, SynthesisError, Usage, Waiting};
use super::super::standalone::{self, EARLIER};
use super::super::trace::{Ending, Rewriting, Step};
use super::course::Course;
use super::{Engine, Input, Turn, Utterance};

/// The most characters of a question that are remembered, or of a reply that are kept.
const KEPT: usize = 200;

/// What spells questions out, and how long it may take.
pub(super) struct Speller {
    rewriter: Arc<dyn Rewriter>,
    patience: Duration,
}

/// What came of asking for the question.
pub(super) enum Spelling {
    /// Nothing: the rules go on.
    Rules,
    /// The question as it would stand alone.
    Out(String),
    /// The citizen stopped it.
    Stopped,
}

impl Engine {
    /// The same core with a model that spells out what questions leave to earlier turns, each within so long.
    #[must_use]
    pub fn spelling_out(mut self, rewriter: Arc<dyn Rewriter>, patience: Duration) -> Self {
        let patience = self.safeguards.patience.map_or(patience, |whole| whole.min(patience));
        self.speller = Some(Speller { rewriter, patience });
        self
    }

    /// Asks the model for the question, if there is one and something was said before.
    pub(super) async fn spelt_out(
        &self,
        context: &Context,
        input: &Input,
        text: &str,
        course: &Course<'_>,
    ) -> Spelling {
        let Some(speller) = self.speller.as_ref().filter(|_| !course.quotes_only()) else {
            return Spelling::Rules;
        };
        if context.past.is_empty() {
            return Spelling::Rules;
        }
        let masked = self.safeguards.redactor.redact(text);
        let question = masked.as_deref().unwrap_or(text);
        let until = course.waits() + speller.patience;
        let waiting = Waiting::new(speller.patience, speller.patience);
        let follow_up = FollowUp {
            question,
            earlier: &context.past,
            locale: input.locale,
            asker: input.asker.as_deref(),
            waiting: &waiting,
        };
        let asking = speller.rewriter.spell_out(follow_up);
        let over = pin!(self.safeguards.watch.reaches(until));
        let answered = match select(asking, select(course.progress.interrupted(), over)).await {
            Either::Left((answered, _)) => answered.map_err(|error| ending_of(&error)),
            Either::Right((Either::Left((Interrupt::Stopped, _)), _)) => Err(Ending::Stopped),
            Either::Right((Either::Left((Interrupt::NobodyWatches, _)), _)) => Err(Ending::Unwatched),
            Either::Right((Either::Right(_), _)) => {
                // What was asked is still there to hear it; it is dropped at the end of this statement.
                waiting.end();
                Err(Ending::Overdue)
            }
        };
        let spelt = match answered {
            Ok(spelt) => spelt,
            Err(ending) => {
                course.spelt(ending, Usage::default(), Rewriting { text: String::new(), origin: None });
                return if ending == Ending::Stopped { Spelling::Stopped } else { Spelling::Rules };
            }
        };
        let judged = match spelt.question.filter(|question| standalone::is_question(question)) {
            // What the screen notices was not the citizen's: those words have passed it.
            Some(question) if self.safeguards.screen.notice(&question).is_some() => Err(Ending::Malformed),
            Some(spelt) if standalone::brings(&self.words, &spelt, question, &context.past) => {
                Err(Ending::Invented)
            }
            Some(question) => Ok(question),
            None => Err(Ending::Malformed),
        };
        let text = judged.clone().unwrap_or_else(|_| spelt.reply.chars().take(KEPT).collect());
        let ending = judged.as_ref().err().copied().unwrap_or(Ending::SpeltOut);
        course.spelt(ending, spelt.usage, Rewriting { text, origin: spelt.origin });
        judged.map_or(Spelling::Rules, Spelling::Out)
    }

    /// The last questions with this turn's, if it was one. A person who takes over begins anew.
    pub(super) fn remembered(&self, context: &Context, input: &Input, turn: &Turn) -> Vec<Past> {
        if turn.handoff.is_some() {
            return Vec::new();
        }
        let mut past = context.past.clone();
        let outcome = turn.reply.as_ref().and_then(|reply| reply.outcome);
        let answered = matches!(outcome, Some(Outcome::Answered | Outcome::Guide));
        let topic = turn.context.topic.as_ref().filter(|_| answered);
        let title = topic.map(|topic| topic.title.clone());
        let text = match &input.utterance {
            Utterance::Text(text) => Some(text),
            Utterance::Media { words, .. } => words.as_ref(),
            _ => None,
        };
        let screened = turn.trace.ending(Step::Screen);
        let is_plain = matches!(screened, None | Some(Ending::Passed | Ending::OwnCase));
        match (turn.trace.ending(Step::Route), text) {
            (Some(Ending::Question), Some(text)) if is_plain => {
                let question = self.safeguards.redactor.redact(text).unwrap_or_else(|| text.clone());
                past.push(Past { question: question.chars().take(KEPT).collect(), title });
                past.drain(..past.len().saturating_sub(EARLIER));
            }
            // What was asked before is answered now.
            (Some(Ending::Choice), _) => {
                if let (Some(last), Some(title)) = (past.last_mut(), title) {
                    last.title = Some(title);
                }
            }
            _ => {}
        }
        past
    }
}

/// How asking ended that failed.
fn ending_of(error: &SynthesisError) -> Ending {
    tracing::warn!(%error, "the model spelt nothing out");
    match error {
        SynthesisError::Slow(_) => Ending::Overdue,
        SynthesisError::Unusable(_) => Ending::Malformed,
        SynthesisError::Unavailable(_) | SynthesisError::Refused | SynthesisError::Filtered => Ending::Failed,
    }
}

#[cfg(test)]
mod tests;
