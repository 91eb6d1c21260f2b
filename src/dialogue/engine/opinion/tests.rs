//! A model that is told what to say, and what becomes of the question.

use super::*;
use crate::dialogue::answer::Outcome;
use crate::dialogue::engine::tests::{Shelf, engine_asking, entry, outcome, say};
use crate::dialogue::ports::{AnswerStream, Brief, Piece, SynthesisError, Synthesizer};
use crate::dialogue::trace::By;
use std::sync::{Arc, Mutex};

/// A model that says the same whatever it is given, and remembers what that was.
#[derive(Default)]
struct Model {
    pieces: Vec<Piece>,
    failure: Option<fn() -> SynthesisError>,
    given: Mutex<Vec<Vec<String>>>,
}

#[async_trait::async_trait]
impl Synthesizer for Model {
    async fn write(&self, brief: Brief<'_>) -> Result<AnswerStream, SynthesisError> {
        self.given.lock().unwrap().push(brief.evidence.iter().map(|entry| entry.id.clone()).collect());
        match self.failure {
            Some(failure) => Err(failure()),
            None => Ok(Box::pin(futures::stream::iter(self.pieces.clone().into_iter().map(Ok)))),
        }
    }
}

fn failing(failure: fn() -> SynthesisError) -> Arc<Model> {
    Arc::new(Model { failure: Some(failure), ..Model::default() })
}

fn declining() -> Arc<Model> {
    failing(|| SynthesisError::Refused)
}

/// A model that says this of its second source.
fn finding(text: &str) -> Arc<Model> {
    Arc::new(Model { pieces: vec![Piece::Text(text.to_owned()), Piece::Cite(1)], ..Model::default() })
}

fn shelf() -> Vec<Evidence> {
    vec![entry("passport", "外地 补办 护照", 0.2), entry("card", "外地 补办 身份证", 0.15)]
}

async fn asked(model: &Arc<Model>, entries: Vec<Evidence>) -> Turn {
    let writer: Arc<dyn Synthesizer> = model.clone();
    say(&engine_asking(Arc::new(Shelf(entries)), writer, 0.1), &Context::default(), "证丢在外地了咋整").await
}

fn given(model: &Model) -> Vec<Vec<String>> {
    model.given.lock().unwrap().clone()
}

#[tokio::test]
async fn what_is_likely_is_read_by_the_model_and_its_text_is_the_answer() {
    let model = finding("带户口簿去办。");
    let turn = asked(&model, shelf()).await;
    assert_eq!(outcome(&turn), Some(Outcome::Answered));
    assert_eq!(given(&model), [["passport", "card"]]);
    let reply = turn.reply.unwrap();
    assert_eq!(reply.citations[0].title, "外地 补办 身份证");
    assert_eq!(reply.confidence, Some(0.15), "of what it draws on");
    assert_eq!(turn.context.topic.unwrap().entry, "card", "a follow-up is about what was answered");
    assert_eq!(turn.trace.ending(Step::Enough), Some(Ending::Answered));
    assert_eq!(turn.trace.by(), Some(By::Model));
}

#[tokio::test]
async fn a_text_that_does_not_hold_and_a_model_that_fails_change_nothing() {
    for model in [
        finding("交 300 元，不用带户口簿。"),
        failing(|| SynthesisError::Unavailable("x".into())),
        failing(|| SynthesisError::Filtered),
    ] {
        let turn = asked(&model, shelf()).await;
        assert_eq!(outcome(&turn), Some(Outcome::NoAnswer));
        assert!(turn.gap.is_some());
        assert_eq!(turn.reply.unwrap().confidence, Some(0.2));
        assert_eq!(turn.trace.by(), None, "nothing that was written is sent");
        assert_eq!(turn.trace.ending(Step::Enough), Some(Ending::NoAnswer));
        let between = asked(&model, vec![entry("passport", "外地 补办 护照", 0.4)]).await;
        assert_eq!(outcome(&between), Some(Outcome::Clarify));
    }
}

#[tokio::test]
async fn what_is_unlikely_bare_equally_likely_or_a_scenario_is_not_read() {
    let model = finding("带户口簿去办。");
    let turn = asked(&model, vec![entry("passport", "外地 补办 护照", 0.04)]).await;
    assert_eq!(outcome(&turn), Some(Outcome::NoAnswer));
    let writer: Arc<dyn Synthesizer> = model.clone();
    let engine = engine_asking(Arc::new(Shelf(shelf())), writer, 0.1);
    assert_eq!(outcome(&say(&engine, &Context::default(), "补办").await), Some(Outcome::Clarify));
    let close = vec![entry("passport", "外地 补办 护照", 0.9), entry("card", "外地 补办 身份证", 0.89)];
    assert_eq!(outcome(&asked(&model, close).await), Some(Outcome::Clarify));
    assert!(given(&model).is_empty());
}

#[tokio::test]
async fn a_model_that_finds_no_answer_counts_against_the_evidence() {
    for (confidence, expected) in [
        (0.6, Outcome::NoAnswer),
        (0.92, Outcome::Clarify),
        (0.99, Outcome::Answered),
        (0.2, Outcome::NoAnswer),
    ] {
        let model = declining();
        let turn = asked(&model, vec![entry("passport", "外地 补办 护照", confidence)]).await;
        assert_eq!(outcome(&turn), Some(expected), "{confidence}");
        assert_eq!(given(&model).len(), 1);
        let sent = (expected == Outcome::Answered).then_some(By::Quote);
        assert_eq!(turn.trace.by(), sent, "{confidence}");
        assert_eq!(turn.trace.ending(Step::Write), Some(Ending::Declined));
        assert_eq!(turn.gap.is_some(), expected == Outcome::NoAnswer);
    }
}

#[tokio::test]
async fn what_the_model_did_not_read_is_not_doubted_and_not_answered_from() {
    let mut entries: Vec<Evidence> =
        ["a", "b", "c"].iter().map(|id| entry(id, &format!("外地 护照{id}"), 0.7)).collect();
    entries[0].score += 1.0;
    entries.push(entry("d", "外地 补办 身份证", 0.65));
    let turn = asked(&declining(), entries).await;
    assert_eq!(outcome(&turn), Some(Outcome::Clarify));
    let choices: Vec<String> = turn.reply.unwrap().choices.into_iter().map(|choice| choice.label).collect();
    assert_eq!(choices[0], "外地 补办 身份证");
}

#[tokio::test]
async fn an_entry_that_the_citizen_chose_is_quoted_whatever_a_model_finds_in_it() {
    let writer: Arc<dyn Synthesizer> = declining();
    let engine = engine_asking(Arc::new(Shelf(vec![entry("passport", "外地 补办 护照", 0.92)])), writer, 0.1);
    let asked = say(&engine, &Context::default(), "证丢在外地了咋整").await;
    assert_eq!(outcome(&asked), Some(Outcome::Clarify));
    let chosen = say(&engine, &asked.context, "1").await;
    assert_eq!(outcome(&chosen), Some(Outcome::Answered));
}

#[test]
fn a_decline_is_weighed_in_odds() {
    assert!((after_decline(0.95, 20.0) - 0.487).abs() < 0.001);
    for confidence in [0.0, 0.3, 1.0] {
        assert!((after_decline(confidence, 1.0) - confidence).abs() < 1e-6, "a word that counts nothing");
    }
    assert!((after_decline(1.0, 20.0) - 1.0).abs() < 1e-6, "what the citizen chose");
}
