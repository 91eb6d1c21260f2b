//! How a turn went: the stages it passed, how each ended, how long it took, and what the writer was given and wrote.
//!
//! Every name is of a closed set, so that metrics have bounded labels and a stage that fails ends in something that was
//! thought of: a quote, "no answer" or a person, never an answer that nobody checked. `docs/answers.md` explains each.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::aspect::Aspect;
use super::context::Locale;
use super::evidence::{Details, Evidence};
use super::ports::{Origin, SynthesisError, Usage};

macro_rules! names {
    ($(#[doc = $about:literal])* $kind:ident { $($(#[doc = $doc:literal])* $name:ident = $key:literal),+ $(,)? }) => {
        $(#[doc = $about])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum $kind { $($(#[doc = $doc])* $name),+ }

        impl $kind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Its name in records, metrics and documents.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $key),+ }
            }
        }
    };
}

names! {
    /// A stage of a turn, in the order in which a question passes them.
    Step {
        /// What identifies a person is masked in what the writer gets.
        Redact = "redact",
        /// Words that are not answered in the ordinary way are noticed.
        Screen = "screen",
        /// What the words want of the conversation is told.
        Route = "route",
        /// What the question leaves to the topic is filled in.
        Standalone = "standalone",
        /// Entries are looked up.
        Retrieve = "retrieve",
        /// It is judged whether they are an answer.
        Enough = "enough",
        /// The evidence is put into words.
        Write = "write",
        /// The words are held against the evidence.
        Verify = "verify",
        /// The reply becomes part of the conversation.
        Send = "send",
    }
}

names! {
    /// How a stage ended.
    Ending {
        /// Nothing was there to be masked.
        Clean = "clean",
        /// Something was masked.
        Masked = "masked",
        /// The stage had nothing to object.
        Passed = "passed",
        /// The words try to give the program orders.
        Injection = "injection",
        /// The words insult.
        Abuse = "abuse",
        /// The words are about what is not spoken of here.
        Forbidden = "forbidden",
        /// The words ask for the data of another person.
        Privacy = "privacy",
        /// The words ask for a ruling on the citizen's own case.
        OwnCase = "own_case",
        /// The words are a question.
        Question = "question",
        /// The words speak of danger.
        Emergency = "emergency",
        /// A person takes over.
        Handoff = "handoff",
        /// A greeting, thanks, or who is speaking.
        SmallTalk = "small_talk",
        /// One of the choices that were offered.
        Choice = "choice",
        /// An entry was opened directly.
        Opened = "opened",
        /// A thumb, a file, a place, or nothing yet.
        Gesture = "gesture",
        /// The screen kept the words from being looked up.
        Screened = "screened",
        /// The question stands as it was asked.
        AsAsked = "as_asked",
        /// The question took its subject from the topic.
        WithTopic = "with_topic",
        /// The question has no subject, and there is no topic.
        NoSubject = "no_subject",
        /// The question is about another place.
        Elsewhere = "elsewhere",
        /// A model spelt out what the question leaves to earlier turns, and that was looked up.
        SpeltOut = "spelt_out",
        /// A model's question has words in it that nobody said.
        Invented = "invented",
        /// Entries were found.
        Found = "found",
        /// No entry was found.
        Nothing = "nothing",
        /// What was found is no longer in force.
        Ended = "ended",
        /// What was asked could not be reached.
        Unavailable = "unavailable",
        /// There is an answer.
        Answered = "answered",
        /// The citizen is asked what was meant.
        Clarify = "clarify",
        /// A scenario asks its next question.
        Guide = "guide",
        /// There is no answer.
        NoAnswer = "no_answer",
        /// A model wrote.
        Written = "written",
        /// A text that was verified before was taken.
        Cached = "cached",
        /// The evidence was quoted without asking a model.
        Quoted = "quoted",
        /// The model took longer than it may by its own settings.
        Slow = "slow",
        /// The model had not gone on when the patience of whoever waits was over.
        Overdue = "overdue",
        /// The model found no answer in the evidence.
        Declined = "declined",
        /// The model, or its filter, does not speak of such things.
        Filtered = "filtered",
        /// What the model wrote is no answer: cut off, empty, or without a source; or no question.
        Malformed = "malformed",
        /// Nobody watched any more, so the model was not waited for.
        Unwatched = "unwatched",
        /// The citizen stopped it.
        Stopped = "stopped",
        /// The second text held, the first did not.
        Rewritten = "rewritten",
        /// Sentences that the text left out were put below it.
        Completed = "completed",
        /// No text held, so that the evidence was quoted.
        Faults = "faults",
        /// A quotation is not held against itself.
        NotNeeded = "not_needed",
        /// Not even quoting worked; or a model could not be asked for the question.
        Failed = "failed",
        /// A reply without an outcome.
        Plain = "plain",
        /// Somebody else took the conversation over meanwhile, and the reply was dropped.
        Overtaken = "overtaken",
    }
}

impl Step {
    /// How the stage can end.
    pub fn endings(self) -> &'static [Ending] {
        use Ending::*;
        match self {
            Self::Redact => &[Clean, Masked],
            Self::Screen => &[Passed, Injection, Abuse, Forbidden, Privacy, OwnCase],
            Self::Route => &[Question, Emergency, Handoff, SmallTalk, Choice, Opened, Gesture, Screened],
            Self::Standalone => {
                const ENDINGS: &[Ending] = &[
                    AsAsked, WithTopic, NoSubject, Elsewhere, SpeltOut, Malformed, Invented, Overdue, Failed,
                    Unwatched, Stopped,
                ];
                ENDINGS
            }
            Self::Retrieve => &[Found, Nothing, Ended, Unavailable],
            Self::Enough => &[Answered, Clarify, Guide, NoAnswer],
            Self::Write => {
                const ENDINGS: &[Ending] = &[
                    Written,
                    Cached,
                    Quoted,
                    Slow,
                    Overdue,
                    Unavailable,
                    Declined,
                    Filtered,
                    Malformed,
                    Unwatched,
                    Stopped,
                    Failed,
                ];
                ENDINGS
            }
            Self::Verify => &[Passed, Completed, Rewritten, Faults, NotNeeded],
            Self::Send => &[Answered, Clarify, Guide, NoAnswer, Handoff, Emergency, Plain, Overtaken],
        }
    }
}

impl Ending {
    /// How writing ended that failed.
    pub(super) fn of_failure(error: &SynthesisError) -> Self {
        match error {
            SynthesisError::Unavailable(_) => Self::Unavailable,
            SynthesisError::Slow(_) => Self::Slow,
            SynthesisError::Refused => Self::Declined,
            SynthesisError::Filtered => Self::Filtered,
            SynthesisError::Unusable(_) => Self::Malformed,
        }
    }
}

names! {
    /// Who wrote a text.
    By {
        /// A model, at the first attempt.
        Model = "model",
        /// A model that was told what was wrong before.
        Rewrite = "rewrite",
        /// The evidence itself.
        Quote = "quote",
        /// A model, earlier.
        Cache = "cache",
    }
}

/// A stage that was passed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Passed {
    /// Which.
    pub step: Step,
    /// How it ended.
    pub ending: Ending,
    /// How long it took.
    pub took: Duration,
    /// What it cost.
    pub usage: Usage,
}

/// An entry as the turn saw it.
#[derive(Clone, PartialEq, Debug)]
pub struct Seen {
    /// The entry's id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The confidence that it answers, 0 to 1.
    pub confidence: f32,
    /// Of what it said: see [`digest`].
    pub digest: String,
    /// Whether the writer was given it.
    pub given: bool,
}

impl Seen {
    /// An entry as it is now.
    pub fn of(entry: &Evidence, given: bool) -> Self {
        Self {
            id: entry.id.clone(),
            title: entry.title.clone(),
            confidence: entry.confidence,
            digest: digest(entry),
            given,
        }
    }
}

/// Something that is wrong with a text: what kind of fault, and the words it is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Flaw {
    /// The name of the kind.
    pub kind: &'static str,
    /// The words.
    pub words: String,
}

/// An attempt to put the evidence into words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attempt {
    /// Who wrote.
    pub by: By,
    /// With what, if it was a model.
    pub origin: Option<Origin>,
    /// How it ended: [`Ending::Written`], [`Ending::Quoted`], [`Ending::Cached`], [`Ending::Faults`], or a failure.
    pub ending: Ending,
    /// How long it took.
    pub took: Duration,
    /// What it cost.
    pub usage: Usage,
    /// What was wrong with it.
    pub flaws: Vec<Flaw>,
    /// How many sentences it left out that were put below it.
    pub appended: usize,
    /// What it wrote and nobody saw; empty where it was sent.
    pub refused: String,
}

/// What a model made of a question that leans on earlier turns.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rewriting {
    /// The question, or what came in its place; empty where nothing came.
    pub text: String,
    /// With what it was made, if that is known.
    pub origin: Option<Origin>,
}

/// A turn, stage by stage.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Trace {
    /// The stages in the order in which they were passed.
    pub steps: Vec<Passed>,
    /// The version of the screen's words.
    pub screen: u32,
    /// The question as the writer got it: spelt out, and without what identifies a person. Empty if nothing was written.
    pub question: String,
    /// What a model made of the question, if one was asked.
    pub rewriting: Option<Rewriting>,
    /// The question that a model spelt out, where the writer was told it.
    pub standalone: Option<String>,
    /// Which part of the evidence was asked for.
    pub aspect: Aspect,
    /// The language that was written in.
    pub locale: Locale,
    /// The entries that were found.
    pub seen: Vec<Seen>,
    /// The attempts to write.
    pub attempts: Vec<Attempt>,
}

impl Trace {
    /// How a stage ended, if it was passed.
    pub fn ending(&self, step: Step) -> Option<Ending> {
        self.steps.iter().find(|passed| passed.step == step).map(|passed| passed.ending)
    }

    /// Who wrote what was sent, if something was written.
    pub fn by(&self) -> Option<By> {
        let last = self.attempts.last()?;
        matches!(last.ending, Ending::Written | Ending::Quoted | Ending::Cached).then_some(last.by)
    }

    /// Notes a stage. Passed twice, it is one stage that took both times and ended as it did last.
    pub fn pass(&mut self, step: Step, ending: Ending, took: Duration, usage: Usage) {
        match self.steps.iter_mut().find(|passed| passed.step == step) {
            Some(passed) => {
                passed.ending = ending;
                passed.took += took;
                passed.usage = sum(passed.usage, usage);
            }
            None => self.steps.push(Passed { step, ending, took, usage }),
        }
    }
}

/// Both costs together.
pub(super) fn sum(one: Usage, other: Usage) -> Usage {
    Usage {
        prompt: one.prompt.saturating_add(other.prompt),
        completion: one.completion.saturating_add(other.completion),
    }
}

/// The beginning of the SHA-256 of what an entry says, in hexadecimal digits: another one means another text.
pub fn digest(entry: &Evidence) -> String {
    // A scenario is not described: it is walked, and what it asks and comes to is in its details.
    let walked = match &entry.details {
        Details::Scenario(nodes, outcomes) => format!("{nodes:?}{outcomes:?}"),
        Details::Faq | Details::Matter(_) | Details::Policy(_) => String::new(),
    };
    let url = entry.url.as_deref().unwrap_or_default();
    short_digest(&[&entry.id, entry.kind.name(), &entry.described(), url, &walked])
}

/// The same of parts that cannot run into each other.
pub(super) fn short_digest(parts: &[&str]) -> String {
    const BYTES: usize = 16;
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.len().to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().iter().take(BYTES).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_that_is_passed_twice_is_one_stage() {
        let mut trace = Trace::default();
        let (second, usage) = (Duration::from_secs(1), Usage { prompt: 2, completion: 1 });
        trace.pass(Step::Write, Ending::Faults, second, usage);
        trace.pass(Step::Verify, Ending::Passed, second, Usage::default());
        trace.pass(Step::Write, Ending::Written, second, usage);
        assert_eq!(trace.steps.len(), 2);
        assert_eq!(trace.ending(Step::Write), Some(Ending::Written));
        assert_eq!((trace.steps[0].took.as_secs(), trace.steps[0].usage.prompt), (2, 4));
    }

    #[test]
    fn every_ending_belongs_to_a_stage() {
        for ending in Ending::ALL {
            assert!(Step::ALL.iter().any(|step| step.endings().contains(ending)), "{}", ending.name());
        }
    }

    #[test]
    fn parts_of_a_digest_cannot_run_into_each_other() {
        assert_ne!(short_digest(&["ab", "c"]), short_digest(&["a", "bc"]));
        assert_eq!(short_digest(&["ab"]).len(), 32);
    }

    /// What a citizen can run into is explained to whoever runs the program.
    #[test]
    fn every_stage_and_ending_is_documented() {
        let page = include_str!("../../docs/answers.md");
        for step in Step::ALL {
            let line = page.lines().find(|line| line.starts_with(&format!("| `{}` |", step.name())));
            let line = line.unwrap_or_else(|| panic!("docs/answers.md has no line for `{}`", step.name()));
            for ending in step.endings() {
                assert!(line.contains(&format!("`{}`", ending.name())), "{}: {}", step.name(), ending.name());
            }
        }
    }
}
