//! From evidence to a finished text that holds. A writer's stream is consumed, shown line by line, and every line is held
//! against the evidence before anybody sees it. What does not hold is written once more, with what was wrong; then the
//! evidence is quoted. It is quoted, too, whenever the model fails, declines, names no source, nobody watches any more, or
//! whoever watches has seen nothing new for too long ([`pace`]).

use std::pin::pin;
use std::time::Duration;

use futures::StreamExt;
use futures::future::{Either, select};

use super::flaws::{FaultWords, OMISSIONS};
use super::grounding::{Fault, Grounding, Omission, without_bare_answers};
use super::phrases::{Phrase, Phrases};
use super::ports::{
    Brief, Interrupt, Origin, Piece, Progress, Stopwatch, SynthesisError, Synthesizer, Usage,
};
use super::trace::{Attempt, By, Ending, Flaw};

mod pace;

use pace::Pace;

/// So many sentences are put below a text that left them out. A text that leaves out more is no answer.
const APPENDED: usize = 6;

/// A text with the evidence it cites.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Written {
    /// Markdown with marks `[n]`, `n` counting `cited` from 1.
    pub text: String,
    /// Indexes into the brief's evidence, in the order of their first mark.
    pub cited: Vec<usize>,
}

/// What came of the writing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Text {
    /// A text that holds, or a quotation.
    Written(Written),
    /// The citizen stopped it.
    Stopped,
    /// Not even the quotation could be made.
    Failed,
    /// Nothing was written that may be sent.
    Withheld,
}

/// What came of the writing, and how.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Composed {
    /// The text.
    pub text: Text,
    /// The attempts; the last one is the text's.
    pub attempts: Vec<Attempt>,
    /// How long texts were held against the evidence.
    pub checking: Duration,
}

impl Composed {
    /// A text that held before.
    pub(super) fn cached(written: Written) -> Self {
        let attempt = Attempt { ending: Ending::Cached, ..begun(By::Cache) };
        Self { text: Text::Written(written), attempts: vec![attempt], checking: Duration::ZERO }
    }

    /// Whether the last that a model had to say is that it finds no answer in the evidence.
    pub(super) fn is_declined(&self) -> bool {
        let of_model = self.attempts.iter().rev().find(|attempt| attempt.by != By::Quote);
        of_model.is_some_and(|attempt| attempt.ending == Ending::Declined)
    }

    /// Whether a model wrote it, now or before, or was stopped.
    pub(super) fn is_written(&self) -> bool {
        self.attempts.last().is_some_and(|last| last.by != By::Quote)
    }

    /// Takes the quotation back, which is not sent.
    pub(super) fn withhold(&mut self) {
        self.attempts.retain(|attempt| attempt.by != By::Quote);
        self.text = Text::Withheld;
    }

    /// Whether nothing of it is sent.
    pub(super) fn is_withheld(&self) -> bool {
        self.text == Text::Withheld
    }
}

/// What is written with.
pub struct Means<'a> {
    /// A model, if there is one and it may be asked.
    pub writer: Option<&'a dyn Synthesizer>,
    /// What quotes; it needs nothing but the evidence.
    pub quoter: &'a dyn Synthesizer,
    /// What the model is told was wrong.
    pub faults: &'a FaultWords,
    /// The robot's sentences.
    pub phrases: &'a Phrases,
    /// Measures.
    pub watch: &'a dyn Stopwatch,
    /// A first text that took longer is not written again: the citizen has waited enough.
    pub rewrite_within: Duration,
    /// So long nothing new may be seen while a model writes; without, as long as the model takes.
    pub patience: Option<Duration>,
    /// Since when the patience runs, if the citizen waited for a model before; else it begins with the writing.
    pub waiting: Option<Duration>,
}

/// Writes with the model; where that does not hold, once more; where that does not hold either, with the quoter.
pub async fn compose(means: &Means<'_>, brief: Brief<'_>, progress: &dyn Progress) -> Composed {
    let mut composed = Composed { text: Text::Failed, attempts: Vec::new(), checking: Duration::ZERO };
    if let Some(writer) = means.writer {
        let grounding = Grounding::new(&brief.whole_question(), brief.evidence);
        let begin = means.watch.elapsed();
        let pace = Pace::begin(means.watch, means.patience, means.waiting);
        let mut told = Vec::new();
        for by in [By::Model, By::Rewrite] {
            let check = Check { grounding: &grounding, means, progress, pace: &pace };
            let (attempt, end) = check.attempt(writer, Brief { faults: &told, ..brief }, by).await;
            composed.checking += end.checking;
            let (ending, flaws) = (attempt.ending, attempt.flaws.clone());
            composed.attempts.push(attempt);
            if let Some(written) = end.written {
                composed.text = Text::Written(written);
                return composed;
            }
            progress.drop_draft();
            pace.taken_back();
            if ending == Ending::Stopped {
                composed.text = Text::Stopped;
                return composed;
            }
            let waited = means.watch.elapsed().saturating_sub(begin);
            if ending != Ending::Faults || waited > means.rewrite_within || pace.is_over() {
                break;
            }
            told = means.faults.sentences(&flaws, brief.locale);
        }
    }
    let begin = means.watch.elapsed();
    let quoted = quote(means.quoter, brief).await;
    let took = means.watch.elapsed().saturating_sub(begin);
    let ending = if quoted.is_ok() { Ending::Quoted } else { Ending::Failed };
    composed.attempts.push(Attempt { ending, took, ..begun(By::Quote) });
    match quoted {
        Ok(written) => {
            // What takes the place of a draft that was taken back comes with the reply.
            if means.writer.is_none() {
                progress.delta(&written.text);
            }
            composed.text = Text::Written(written);
        }
        Err(error) => tracing::error!(%error, "not even quoting could answer"),
    }
    composed
}

fn begun(by: By) -> Attempt {
    Attempt {
        by,
        origin: None,
        ending: Ending::Failed,
        took: Duration::ZERO,
        usage: Usage::default(),
        flaws: Vec::new(),
        appended: 0,
        refused: String::new(),
    }
}

async fn quote(quoter: &dyn Synthesizer, brief: Brief<'_>) -> Result<Written, SynthesisError> {
    let mut stream = quoter.write(brief).await?;
    let mut draft = Draft::default();
    while let Some(piece) = stream.next().await {
        draft.push(piece?, brief.evidence.len());
    }
    draft.whole()
}

/// What an attempt came to, beside what is kept of it.
struct End {
    written: Option<Written>,
    checking: Duration,
}

/// Holds what is written against the evidence.
struct Check<'a> {
    grounding: &'a Grounding,
    means: &'a Means<'a>,
    progress: &'a dyn Progress,
    pace: &'a Pace<'a>,
}

impl Check<'_> {
    /// One attempt. The interrupt and the end of the patience win over the writer even before the first piece has come,
    /// and dropping the stream cancels the request behind it.
    async fn attempt(&self, writer: &dyn Synthesizer, brief: Brief<'_>, by: By) -> (Attempt, End) {
        let begin = self.means.watch.elapsed();
        let waiting = self.pace.waiting();
        let told = Brief { waiting: waiting.as_ref(), ..brief };
        let mut draft = Draft::default();
        let over = pin!(self.pace.over());
        let ended = select(self.progress.interrupted(), over);
        let worked = match select(pin!(self.follow(writer, told, &mut draft)), ended).await {
            Either::Left((flaws, _)) => Ok(flaws),
            Either::Right((Either::Left((Interrupt::Stopped, _)), _)) => Err(Ending::Stopped),
            Either::Right((Either::Left((Interrupt::NobodyWatches, _)), _)) => Err(Ending::Unwatched),
            Either::Right((Either::Right(_), _)) => {
                // The writer is still there to hear it; it is dropped at the end of this statement.
                if let Some(waiting) = &waiting {
                    waiting.end();
                }
                Err(Ending::Overdue)
            }
        };
        let mut attempt = begun(by);
        attempt.origin = draft.origin.take();
        attempt.usage = draft.usage;
        draft.settle(draft.written.text.len());
        let (mut checking, shown) = (draft.checking, draft.shown);
        let text = draft.written.text.clone();
        // What was written so far and holds so far, or what is wrong with it.
        let held = match worked {
            Err(ending) => Err(ending),
            Ok(Ok(flaws)) if !flaws.is_empty() => Ok(Err(flaws)),
            Ok(followed) => followed.and_then(|_| draft.whole()).map(Ok).map_err(|error| {
                tracing::warn!(%error, "the model gave no answer");
                Ending::of_failure(&error)
            }),
        };
        let mut written = None;
        attempt.ending = match held {
            Err(ending) => ending,
            Ok(held) => {
                let from = self.means.watch.elapsed();
                let completed = held.and_then(|whole| self.complete(whole, brief));
                checking += self.means.watch.elapsed().saturating_sub(from);
                match completed {
                    Ok((complete, appended)) => {
                        self.progress.delta(text.get(shown..).unwrap_or_default());
                        attempt.appended = appended;
                        written = Some(complete);
                        Ending::Written
                    }
                    Err(flaws) => {
                        attempt.flaws = flaws;
                        Ending::Faults
                    }
                }
            }
        };
        if written.is_none() {
            attempt.refused = text.trim().to_owned();
        }
        attempt.took = self.means.watch.elapsed().saturating_sub(begin);
        (attempt, End { written, checking })
    }

    /// Follows a writer to its end, or to the first line that does not hold; what is wrong with that line.
    async fn follow(
        &self,
        writer: &dyn Synthesizer,
        brief: Brief<'_>,
        draft: &mut Draft,
    ) -> Result<Vec<Flaw>, SynthesisError> {
        let sources = brief.evidence.len();
        let mut stream = writer.write(brief).await?;
        while let Some(piece) = stream.next().await {
            draft.push(piece?, sources);
            let from = self.means.watch.elapsed();
            let Some(end) = draft.new_lines() else { continue };
            let lines = draft.written.text.get(..end).unwrap_or_default();
            let flaws = flaws(self.grounding.new_faults(lines, &draft.written.cited, &mut draft.held));
            draft.checking += self.means.watch.elapsed().saturating_sub(from);
            if !flaws.is_empty() {
                return Ok(flaws);
            }
            self.progress.delta(lines.get(draft.shown..).unwrap_or_default());
            draft.shown = end;
            self.pace.shown();
        }
        Ok(Vec::new())
    }

    /// Checks a whole text and puts below it what it leaves out; how many sentences that were.
    fn complete(&self, mut written: Written, brief: Brief<'_>) -> Result<(Written, usize), Vec<Flaw>> {
        let flaws = flaws(self.grounding.faults(&written.text, &written.cited));
        if !flaws.is_empty() {
            return Err(flaws);
        }
        let omitted = self.grounding.omitted(&written.text, &written.cited);
        if omitted.len() > APPENDED {
            let flaw = |omission: Omission| Flaw { kind: OMISSIONS, words: omission.text };
            return Err(omitted.into_iter().map(flaw).collect());
        }
        let count = omitted.len();
        if count > 0 {
            let heading = self.means.phrases.get(Phrase::AlsoNote, brief.locale);
            written.text += &format!("\n\n**{heading}**");
        }
        for omission in omitted {
            let mark = mark(&mut written.cited, omission.source);
            let line = omission.text.split_whitespace().collect::<Vec<_>>().join(" ");
            written.text += &format!("\n- {line} [{mark}]");
        }
        Ok((written, count))
    }
}

/// What is wrong, each once.
fn flaws(faults: Vec<Fault>) -> Vec<Flaw> {
    let mut flaws: Vec<Flaw> = Vec::new();
    for flaw in faults.into_iter().map(Flaw::from) {
        if !flaws.contains(&flaw) {
            flaws.push(flaw);
        }
    }
    flaws
}

/// The number of a source in the order of first mention.
fn mark(cited: &mut Vec<usize>, source: usize) -> usize {
    let place = cited.iter().position(|&known| known == source).unwrap_or_else(|| {
        cited.push(source);
        cited.len() - 1
    });
    place + 1
}

/// The text so far; numbers the sources in the order in which they are first cited.
#[derive(Default)]
struct Draft {
    written: Written,
    /// Up to where it was shown, in bytes.
    shown: usize,
    /// How many of its lines hold whatever follows them.
    held: usize,
    origin: Option<Origin>,
    usage: Usage,
    checking: Duration,
}

impl Draft {
    /// Takes a piece. A mark of a source that does not exist is left out.
    fn push(&mut self, piece: Piece, sources: usize) {
        match piece {
            Piece::Text(text) => self.written.text.push_str(&text),
            Piece::Cite(index) if index < sources => {
                let mark = mark(&mut self.written.cited, index);
                self.written.text.push_str(&format!("[{mark}]"));
            }
            Piece::Cite(_) => {}
            Piece::Origin(origin) => self.origin = Some(origin),
            Piece::Usage(usage) => self.usage = usage,
        }
    }

    /// Where the last line ends that is whole and was not shown.
    fn new_lines(&mut self) -> Option<usize> {
        let end = self.written.text.rfind('\n')? + 1;
        if end <= self.shown {
            return None;
        }
        Some(self.settle(end))
    }

    /// Takes a bare yes or no from the beginning of the lines between what was shown and `end`; where they end then.
    fn settle(&mut self, end: usize) -> usize {
        let text = &self.written.text;
        let (before, after) = (text.get(..self.shown), text.get(end..));
        let (Some(before), Some(lines), Some(after)) = (before, text.get(self.shown..end), after) else {
            return end;
        };
        let settled = without_bare_answers(lines);
        let end = before.len() + settled.len();
        self.written.text = format!("{before}{settled}{after}");
        end
    }

    /// The whole text.
    fn whole(self) -> Result<Written, SynthesisError> {
        let mut written = self.written;
        written.text = written.text.trim().to_owned();
        if written.text.is_empty() {
            return Err(SynthesisError::Unusable("it is empty".to_owned()));
        }
        // An answer that relies on nothing is a guess.
        if written.cited.is_empty() {
            return Err(SynthesisError::Unusable("it names no source".to_owned()));
        }
        Ok(written)
    }
}

#[cfg(test)]
mod tests;
