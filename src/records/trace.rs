//! How an answer came about, as it is stored beside the message: so that messages stay light, and so that an answer of the
//! past can be looked into and written once more. It has to be deleted wherever the message is.
//!
//! What identifies a person was masked before it came here.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::dialogue::aspect::Aspect;
use crate::dialogue::context::Locale;
use crate::dialogue::trace::{Attempt, Rewriting, Trace};

/// A stage that was passed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct StageRecord {
    /// Its name.
    pub stage: String,
    /// How it ended.
    pub outcome: String,
    /// How long it took, in microseconds.
    pub micros: u64,
    /// Tokens that a model read.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub read: u64,
    /// Tokens that a model wrote.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub written: u64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// An entry as the turn saw it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SeenRecord {
    /// The entry's id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The confidence that it answers, 0 to 1.
    pub confidence: f32,
    /// The digest of what it said.
    pub digest: String,
    /// Whether the writer was given it.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub given: bool,
}

/// Something that was wrong with a text.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FlawRecord {
    /// The kind.
    pub kind: String,
    /// The words that do not hold.
    pub words: String,
}

/// An attempt to write.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct AttemptRecord {
    /// Who wrote: `model`, `rewrite`, `quote` or `cache`.
    pub by: String,
    /// How it ended.
    pub outcome: String,
    /// How long it took, in microseconds.
    pub micros: u64,
    /// The model.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub model: Option<String>,
    /// The version of the prompt.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub prompt: Option<String>,
    /// The other parameters of the request, as a JSON object.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub parameters: Option<String>,
    /// Tokens that the model read.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub read: u64,
    /// Tokens that the model wrote.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub written: u64,
    /// What was wrong with the text.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub faults: Vec<FlawRecord>,
    /// How many sentences were put below it that it left out.
    #[serde(skip_serializing_if = "no_sentences", default)]
    pub appended: usize,
    /// The text, where it was not sent.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub refused: String,
}

fn no_sentences(count: &usize) -> bool {
    *count == 0
}

/// What a model made of a question that leans on earlier turns.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RewritingRecord {
    /// The question, or what came in its place; empty where nothing came.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub text: String,
    /// The model.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub model: Option<String>,
    /// The version of the prompt.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub prompt: Option<String>,
    /// The other parameters of the request, as a JSON object.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub parameters: Option<String>,
}

impl RewritingRecord {
    fn of(rewriting: &Rewriting) -> Self {
        let origin = rewriting.origin.as_ref();
        Self {
            text: rewriting.text.clone(),
            model: origin.map(|origin| origin.model.clone()),
            prompt: origin.map(|origin| origin.prompt.clone()),
            parameters: origin.map(|origin| origin.parameters.clone()),
        }
    }
}

/// How a reply of the robot came about.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct TraceRecord {
    /// The message.
    pub message: String,
    /// Its conversation.
    pub conversation: String,
    /// Its place there.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// The version of the program.
    pub program: String,
    /// The version of the screen's words.
    pub screen: u32,
    /// The question as the writer got it; empty if nothing was written.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub question: String,
    /// What a model made of the question, if one was asked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rewriting: Option<RewritingRecord>,
    /// The question that a model spelt out, where the writer was told it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub standalone: Option<String>,
    /// Which part of the evidence was asked for.
    pub aspect: String,
    /// Whether it was written in English.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub english: bool,
    /// The stages.
    pub stages: Vec<StageRecord>,
    /// The entries.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub seen: Vec<SeenRecord>,
    /// The attempts to write.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub attempts: Vec<AttemptRecord>,
}

fn micros(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}

impl AttemptRecord {
    fn of(attempt: &Attempt) -> Self {
        let origin = attempt.origin.as_ref();
        Self {
            by: attempt.by.name().to_owned(),
            outcome: attempt.ending.name().to_owned(),
            micros: micros(attempt.took),
            model: origin.map(|origin| origin.model.clone()),
            prompt: origin.map(|origin| origin.prompt.clone()),
            parameters: origin.map(|origin| origin.parameters.clone()),
            read: attempt.usage.prompt,
            written: attempt.usage.completion,
            faults: attempt
                .flaws
                .iter()
                .map(|flaw| FlawRecord { kind: flaw.kind.to_owned(), words: flaw.words.clone() })
                .collect(),
            appended: attempt.appended,
            refused: attempt.refused.clone(),
        }
    }
}

impl TraceRecord {
    /// The trace of a reply with its place: message, conversation and number.
    pub fn new(place: (&str, &str, u64), at: Timestamp, trace: &Trace) -> Self {
        let (message, conversation, seq) = place;
        let stages = trace.steps.iter().map(|passed| StageRecord {
            stage: passed.step.name().to_owned(),
            outcome: passed.ending.name().to_owned(),
            micros: micros(passed.took),
            read: passed.usage.prompt,
            written: passed.usage.completion,
        });
        let seen = trace.seen.iter().map(|seen| SeenRecord {
            id: seen.id.clone(),
            title: seen.title.clone(),
            confidence: seen.confidence,
            digest: seen.digest.clone(),
            given: seen.given,
        });
        Self {
            message: message.to_owned(),
            conversation: conversation.to_owned(),
            seq,
            at,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            screen: trace.screen,
            question: trace.question.clone(),
            rewriting: trace.rewriting.as_ref().map(RewritingRecord::of),
            standalone: trace.standalone.clone(),
            aspect: trace.aspect.name().to_owned(),
            english: trace.locale == Locale::En,
            stages: stages.collect(),
            seen: seen.collect(),
            attempts: trace.attempts.iter().map(AttemptRecord::of).collect(),
        }
    }

    /// Which part was asked for. A part that this version does not know is none in particular.
    pub fn aspect(&self) -> Aspect {
        let known = Aspect::NAMED.into_iter().find(|aspect| aspect.name() == self.aspect);
        known.unwrap_or_default()
    }

    /// The language it was written in.
    pub fn locale(&self) -> Locale {
        if self.english { Locale::En } else { Locale::Zh }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialogue::ports::{Origin, Usage};
    use crate::dialogue::trace::{By, Ending, Flaw, Seen, Step};

    #[test]
    fn a_record_reads_back_as_it_was_written() {
        let mut trace =
            Trace { screen: 3, question: "护照多少钱".into(), aspect: Aspect::Fees, ..Trace::default() };
        let usage = Usage { prompt: 900, completion: 80 };
        trace.pass(Step::Write, Ending::Written, Duration::from_micros(1_500), usage);
        let seen =
            Seen { id: "a".into(), title: "护照".into(), confidence: 0.5, digest: "d".into(), given: true };
        trace.seen.push(seen);
        trace.attempts.push(Attempt {
            by: By::Model,
            origin: Some(Origin { model: "m".into(), prompt: "p".into(), parameters: "{}".into() }),
            ending: Ending::Faults,
            took: Duration::from_secs(1),
            usage,
            flaws: vec![Flaw { kind: "omissions", words: "限本人".into() }],
            appended: 0,
            refused: "随便写".into(),
        });
        let at = "2026-11-20T08:00:00Z".parse().unwrap();
        let record = TraceRecord::new(("m1", "c1", 2), at, &trace);
        let text = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<TraceRecord>(&text).unwrap(), record);
        assert_eq!((record.aspect(), record.locale()), (Aspect::Fees, Locale::Zh));
        assert_eq!(record.stages[0].micros, 1_500);
        assert_eq!(record.attempts[0].faults[0].words, "限本人");
    }
}
