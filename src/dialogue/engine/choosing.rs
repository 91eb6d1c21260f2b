//! Choices: one of several entries, or the next step of a scenario.

use super::super::answer::{Choice, EvidenceNote, Outcome, Reply};
use super::super::context::{Context, Offer, Topic, Walk};
use super::super::evidence::{Evidence, EvidenceKind, Node, ScenarioOutcome};
use super::super::phrases::Phrase;
use super::super::scenario::{self, Step as WalkStep};
use super::super::trace::{Ending, Step};
use super::answering::{Asking, NONE_OF_THESE};
use super::course::Course;
use super::{Engine, Input, Turn};

impl Engine {
    pub(super) async fn chosen(
        &self,
        context: &Context,
        input: &Input,
        key: &str,
        course: &Course<'_>,
    ) -> Turn {
        course.progress.thinking();
        if let Some(walk) = &context.walk {
            return self.walk_on(context, input, walk, key).await;
        }
        let asked = context.pending_question.clone().unwrap_or_default();
        let offer = context.offers.iter().find(|offer| offer.key == key);
        if key == NONE_OF_THESE && offer.is_some() {
            return self.no_answer(context, input, &asked, &[], "none_of_these");
        }
        let Some(offer) = offer else {
            // A choice of an older message: its button is still on the screen. The topic has moved on, so ask anew.
            return self.no_answer(context, input, key, &[], "none_of_these");
        };
        let entry = match &offer.entry {
            Some(id) => self.retriever.entry(id).await.ok().flatten(),
            None => None,
        };
        course.pass(Step::Retrieve, if entry.is_some() { Ending::Found } else { Ending::Nothing });
        course.saw(entry.as_slice());
        match entry {
            Some(entry) if entry.kind == EvidenceKind::Scenario => self.begin_scenario(
                context,
                input,
                &entry,
                super::answering::notes(std::slice::from_ref(&entry)),
            ),
            Some(entry) => {
                let aspect = self.words.aspect(&asked);
                let text = if asked.is_empty() { offer.label.clone() } else { asked };
                let asking = Asking { text: &text, standalone: None, aspect };
                self.answer(context, input, asking, vec![entry], course).await
            }
            // The entry was withdrawn between the question and the choice.
            None => self.no_answer(context, input, &offer.label, &[], "no_answer"),
        }
    }

    pub(super) fn begin_scenario(
        &self,
        context: &Context,
        input: &Input,
        entry: &Evidence,
        evidence: Vec<EvidenceNote>,
    ) -> Turn {
        let mut turn = match scenario::begin(entry) {
            WalkStep::Ask(node, walk) => self.ask(context, entry, node, walk, true),
            WalkStep::Done(outcome) => self.done(context, input, entry, outcome),
            WalkStep::Lost => {
                self.no_answer(context, input, &entry.title, std::slice::from_ref(entry), "no_answer")
            }
        };
        if let Some(reply) = &mut turn.reply {
            if reply.outcome == Some(Outcome::Guide) {
                reply.text += &self.remarks(std::slice::from_ref(entry), &[0], input.locale);
            }
            reply.confidence = Some(entry.confidence);
            reply.evidence = evidence;
        }
        turn
    }

    async fn walk_on(&self, context: &Context, input: &Input, walk: &Walk, key: &str) -> Turn {
        let entry = self.retriever.entry(&walk.entry).await.ok().flatten();
        let Some(entry) = entry else {
            return self.no_answer(context, input, &walk.entry, &[], "no_answer");
        };
        match scenario::choose(&entry, walk, key.parse().unwrap_or(0)) {
            WalkStep::Ask(node, walk) => self.ask(context, &entry, node, walk, false),
            WalkStep::Done(outcome) => self.done(context, input, &entry, outcome),
            WalkStep::Lost => self.begin_scenario(context, input, &entry, Vec::new()),
        }
    }

    fn ask(&self, context: &Context, entry: &Evidence, node: &Node, walk: Walk, first: bool) -> Turn {
        let text = if first && !entry.answer.is_empty() {
            format!("{} [1]\n\n**{}**", entry.answer, node.ask)
        } else {
            format!("**{}**", node.ask)
        };
        let mut reply = Reply::plain(text).with_outcome(Outcome::Guide);
        if first {
            reply.citations = super::citing::citations(std::slice::from_ref(entry), &[0], Default::default());
        }
        let offers: Vec<Offer> = node
            .options
            .iter()
            .enumerate()
            .map(|(index, option)| Offer {
                key: (index + 1).to_string(),
                label: option.label.clone(),
                entry: None,
            })
            .collect();
        reply.choices = offers
            .iter()
            .map(|offer| Choice { key: offer.key.clone(), label: offer.label.clone() })
            .collect();
        let context = Context {
            topic: Some(Topic { entry: entry.id.clone(), title: entry.title.clone() }),
            offers,
            walk: Some(walk),
            region: context.region.clone(),
            ..Context::default()
        };
        Turn::saying(reply, context)
    }

    fn done(&self, context: &Context, input: &Input, entry: &Evidence, outcome: &ScenarioOutcome) -> Turn {
        let say = |phrase| self.say(phrase, input.locale);
        let mut text = format!("{} [1]\n", say(Phrase::ScenarioDone));
        if !outcome.matters.is_empty() {
            text.push_str(&format!("\n**{}**\n", say(Phrase::HeadMatters)));
            for (_, title) in &outcome.matters {
                text.push_str(&format!("- {title}\n"));
            }
        }
        if !outcome.materials.is_empty() {
            text.push_str(&format!("\n**{}**\n", say(Phrase::HeadMaterials)));
            for material in &outcome.materials {
                text.push_str(&format!("- {material}\n"));
            }
        }
        if !outcome.steps.is_empty() {
            text.push_str(&format!("\n**{}**\n", say(Phrase::HeadSteps)));
            for (number, step) in outcome.steps.iter().enumerate() {
                text.push_str(&format!("{}. {step}\n", number + 1));
            }
        }
        let remarks = self.remarks(std::slice::from_ref(entry), &[0], input.locale);
        let mut reply = Reply::plain(text.trim_end().to_owned() + &remarks).with_outcome(Outcome::Answered);
        reply.citations = super::citing::citations(std::slice::from_ref(entry), &[0], Default::default());
        let context = Context {
            topic: Some(Topic { entry: entry.id.clone(), title: entry.title.clone() }),
            region: context.region.clone(),
            ..Context::default()
        };
        Turn::saying(reply, context)
    }
}
