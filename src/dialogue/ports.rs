//! What the core asks of the outside: time, evidence, wording, masking, and a place for drafts.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures::Stream;
use jiff::Timestamp;

use super::aspect::Aspect;
use super::context::{Locale, Past};
use super::evidence::{Evidence, Located};
use super::question::{Place, Question};

/// The time of day.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// Measures how long something takes.
#[async_trait]
pub trait Stopwatch: Send + Sync {
    /// The time since some moment that stays the same; it never goes back.
    fn elapsed(&self) -> Duration;

    /// Ends when the time since that moment is this.
    async fn reaches(&self, elapsed: Duration);
}

/// Takes away what identifies a person.
pub trait Redactor: Send + Sync {
    /// The words with a label in the place of each such thing; none, where there is nothing to hide.
    fn redact(&self, text: &str) -> Option<String>;
}

/// Retrieval failed.
#[derive(Debug, thiserror::Error)]
pub enum RetrievalError {
    /// The index cannot be asked at present; asking later may work.
    #[error("retrieval is unavailable: {0}")]
    Unavailable(String),
}

/// Finds the entries that may answer.
#[async_trait]
pub trait Retriever: Send + Sync {
    /// The best entries, most probable first.
    async fn retrieve(&self, question: &Question, limit: usize) -> Result<Vec<Evidence>, RetrievalError>;

    /// One entry, if it is in force; what took its place, if something did.
    async fn entry(&self, id: &str) -> Result<Option<Evidence>, RetrievalError>;

    /// The place that the words name, read by somebody in `region`. A retriever that knows no places finds none.
    fn place(&self, text: &str, region: Option<&str>) -> Place {
        let _ = (text, region);
        Place::Unnamed
    }

    /// The windows of all matters in force whose places are known, each once. A retriever that knows no places has none.
    async fn windows(&self) -> Result<Vec<Located>, RetrievalError> {
        Ok(Vec::new())
    }

    /// The entry that says what is asked but is no longer in force, and how sure that is. A retriever that keeps no past
    /// has none.
    async fn ended(&self, question: &Question) -> Option<(String, f32)> {
        let _ = question;
        None
    }
}

/// What is to be written.
#[derive(Clone, Copy, Debug)]
pub struct Brief<'a> {
    /// The citizen's question, with what it refers to spelt out.
    pub question: &'a str,
    /// The question as a model spelt it out from the turns before, where that was looked up.
    pub standalone: Option<&'a str>,
    /// Which part of the evidence is asked for.
    pub aspect: Aspect,
    /// The evidence; citation `n` is `evidence[n - 1]`.
    pub evidence: &'a [Evidence],
    /// The language to write in.
    pub locale: Locale,
    /// Who asks, as an opaque key, where it is known. Budgets are kept by it; it is never sent anywhere.
    pub asker: Option<&'a str>,
    /// What was wrong with the text that was written before, a sentence each. Empty at the first attempt.
    pub faults: &'a [String],
    /// Who waits for it, where the patience has an end.
    pub waiting: Option<&'a Waiting>,
}

impl<'a> Brief<'a> {
    /// A question by itself: the first attempt, for nobody in particular, with all the time there is.
    pub const fn new(question: &'a str, evidence: &'a [Evidence], locale: Locale) -> Self {
        Self {
            question,
            standalone: None,
            aspect: Aspect::Overview,
            evidence,
            locale,
            asker: None,
            faults: &[],
            waiting: None,
        }
    }

    /// Everything that was asked: the citizen's words, and what they leave to earlier turns.
    pub fn whole_question(&self) -> String {
        match self.standalone {
            Some(standalone) => format!("{}\n{standalone}", self.question),
            None => self.question.to_owned(),
        }
    }
}

/// What a writer is told of whoever waits for its text.
#[derive(Clone, Debug)]
pub struct Waiting {
    patience: Duration,
    left: Duration,
    over: Arc<AtomicBool>,
}

impl Waiting {
    /// Somebody of this patience, of which so much is left.
    pub fn new(patience: Duration, left: Duration) -> Self {
        Self { patience, left, over: Arc::default() }
    }

    /// How much of the patience was left when the text was asked for: so long its first line may take.
    pub fn left(&self) -> Duration {
        self.left
    }

    /// Says that the patience is over. It has to be said before the text is dropped, or the writer never learns of it.
    pub fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    /// Whether the patience is over, and a model that was asked for so long is to blame: one that was asked when most of
    /// it was gone is not.
    pub fn blames(&self, asked: Duration) -> bool {
        self.over.load(Ordering::Relaxed) && asked.saturating_mul(2) >= self.patience
    }
}

/// A piece of an answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Piece {
    /// Words.
    Text(String),
    /// The citation mark of `evidence[n]`, `n` from 0.
    Cite(usize),
    /// Who writes; comes before the first words, where a model writes them.
    Origin(Origin),
    /// What it cost; comes at the end, where the model tells.
    Usage(Usage),
}

/// What wrote a text, so that it can be written again in the same way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin {
    /// The model's name, as it was asked for.
    pub model: String,
    /// The version of the prompt: the beginning of its digest.
    pub prompt: String,
    /// The other parameters of the request, as a JSON object.
    pub parameters: String,
}

/// What a text cost, in tokens as the model counts them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Usage {
    /// Tokens that were read.
    pub prompt: u64,
    /// Tokens that were written, thoughts included.
    pub completion: u64,
}

/// Wording failed; another writer has to do it.
#[derive(Debug, thiserror::Error)]
pub enum SynthesisError {
    /// The model did not answer in time or at all.
    #[error("the model is unavailable: {0}")]
    Unavailable(String),
    /// The model answered too slowly.
    #[error("the model is too slow: {0}")]
    Slow(String),
    /// The model found no answer in the evidence.
    #[error("the model found no answer in the evidence")]
    Refused,
    /// The model, or a filter before or behind it, does not speak of such things. That says nothing of the evidence.
    #[error("the model or its filter refuses to speak of it")]
    Filtered,
    /// What came was not an answer: cut off, empty, or without a source.
    #[error("the model's answer cannot be used: {0}")]
    Unusable(String),
}

/// An answer as it is written. Dropping it cancels the writing.
pub type AnswerStream = Pin<Box<dyn Stream<Item = Result<Piece, SynthesisError>> + Send>>;

/// Puts evidence into words.
#[async_trait]
pub trait Synthesizer: Send + Sync {
    /// Begins to write.
    async fn write(&self, brief: Brief<'_>) -> Result<AnswerStream, SynthesisError>;
}

/// A question that leans on the turns before it. Nothing in it identifies a person.
#[derive(Clone, Copy, Debug)]
pub struct FollowUp<'a> {
    /// The citizen's words.
    pub question: &'a str,
    /// The turns before, the oldest first.
    pub earlier: &'a [Past],
    /// The language of the conversation.
    pub locale: Locale,
    /// Who asks, as an opaque key, where it is known. Budgets are kept by it; it is never sent anywhere.
    pub asker: Option<&'a str>,
    /// Who waits for it.
    pub waiting: &'a Waiting,
}

/// What a model made of a question. Nothing of it has been looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SpeltOut {
    /// The question; none if the reply was anything but one.
    pub question: Option<String>,
    /// What it replied.
    pub reply: String,
    /// Which model, if it is told.
    pub origin: Option<Origin>,
    /// What it cost.
    pub usage: Usage,
}

/// Spells out what a question leaves to the turns before.
#[async_trait]
pub trait Rewriter: Send + Sync {
    /// Asks for the question as it would stand alone. Dropping it cancels the request.
    async fn spell_out(&self, follow_up: FollowUp<'_>) -> Result<SpeltOut, SynthesisError>;
}

/// Why the writing should stop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Interrupt {
    /// The citizen pressed stop.
    Stopped,
    /// Nobody watches any more: the answer is still owed, but not word by word.
    NobodyWatches,
}

/// Where drafts are shown while they are written. Nothing of it is durable.
#[async_trait]
pub trait Progress: Send + Sync {
    /// The turn has begun.
    fn thinking(&self);
    /// A piece to append to the draft.
    fn delta(&self, text: &str);
    /// The draft is taken back.
    fn drop_draft(&self);
    /// Ends when the writing should stop; never, if nothing interrupts.
    async fn interrupted(&self) -> Interrupt;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_to_blame_for_a_wait_only_if_it_had_most_of_it() {
        let second = Duration::from_secs(1);
        let waiting = Waiting::new(second * 2, second);
        assert!(!waiting.blames(second * 9), "whoever left has not waited too long");
        let told = waiting.clone();
        waiting.end();
        assert!(told.blames(second) && !told.blames(second / 2));
    }
}
