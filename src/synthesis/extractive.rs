//! Answers without a model: the evidence's own sentences, laid out by the part that is asked for.
//!
//! Every word comes from the evidence or from [`Phrases`]. A sentence is never cut, because the exception a citizen
//! stumbles over usually stands at its end.

use async_trait::async_trait;
use futures::stream;

use crate::dialogue::aspect::Aspect;
use crate::dialogue::evidence::{Details, Matter, Policy};
use crate::dialogue::{
    AnswerStream, Brief, Evidence, Locale, Phrase, Phrases, Piece, SynthesisError, Synthesizer,
};

mod page;

use page::Page;

/// An answer with fewer characters does not say how to do a matter; its steps follow.
const LONG: usize = 40;

/// Quotes the first piece of evidence.
#[derive(Clone, Debug)]
pub struct Extractive {
    phrases: Phrases,
}

impl Extractive {
    /// A writer that takes its headings from these phrases.
    pub fn new(phrases: Phrases) -> Self {
        Self { phrases }
    }

    fn quote(&self, evidence: &Evidence, aspect: Aspect, locale: Locale) -> Vec<Piece> {
        let mut page = Page::new(&self.phrases, locale);
        if locale == Locale::En {
            page.line(page.say(Phrase::ChineseOnly).to_owned());
        }
        match &evidence.details {
            Details::Matter(matter) if aspect == Aspect::Overview => overview(&mut page, evidence, matter),
            Details::Matter(matter) => {
                if !part(&mut page, evidence, matter, aspect) {
                    page.line(page.say(Phrase::PartMissing).to_owned());
                    overview_or_answer(&mut page, evidence, matter);
                }
            }
            Details::Policy(policy) => {
                answer(&mut page, evidence);
                whole_policy(&mut page, policy);
            }
            Details::Faq | Details::Scenario(..) => answer(&mut page, evidence),
        }
        page.finish()
    }
}

#[async_trait]
impl Synthesizer for Extractive {
    async fn write(&self, brief: Brief<'_>) -> Result<AnswerStream, SynthesisError> {
        let first = brief
            .evidence
            .first()
            .ok_or_else(|| SynthesisError::Unusable("there is no evidence".to_owned()))?;
        let pieces = self.quote(first, brief.aspect, brief.locale);
        Ok(Box::pin(stream::iter(pieces.into_iter().map(Ok))))
    }
}

/// The whole answer, or the name of an entry that has none.
fn answer(page: &mut Page<'_>, evidence: &Evidence) {
    let answer = evidence.answer.trim();
    page.cited(if answer.is_empty() { evidence.title.trim() } else { answer }.to_owned());
}

fn overview(page: &mut Page<'_>, evidence: &Evidence, matter: &Matter) {
    answer(page, evidence);
    if evidence.answer.trim().chars().count() < LONG {
        page.list(&page.heading(Phrase::HeadSteps), &numbered(&matter.steps));
    }
    let materials =
        matter.materials.iter().map(|material| page.material(material, false)).collect::<Vec<_>>();
    page.list(&page.heading(Phrase::HeadMaterials), &materials);
    page.facts(&[(Phrase::HeadFees, fees(matter)), (Phrase::HeadTime, page.time(matter))]);
    page.facts(&[(Phrase::HeadWindows, matter.windows.first().map(|window| page.window(window)))]);
    page.facts(&[(Phrase::HeadOnline, stated(matter.online_url.as_deref()))]);
}

/// What is known when the part that was asked for is not.
fn overview_or_answer(page: &mut Page<'_>, evidence: &Evidence, matter: &Matter) {
    if evidence.answer.trim().is_empty() {
        overview(page, evidence, matter);
    } else {
        answer(page, evidence);
    }
}

/// One part of a matter; `false` when the matter says nothing about it.
fn part(page: &mut Page<'_>, evidence: &Evidence, matter: &Matter, aspect: Aspect) -> bool {
    let (heading, lines) = match aspect {
        Aspect::Overview => return false,
        Aspect::Materials => {
            let lines = matter.materials.iter().map(|material| page.material(material, true)).collect();
            (Phrase::HeadMaterials, lines)
        }
        Aspect::Steps => (Phrase::HeadSteps, numbered(&matter.steps)),
        Aspect::Conditions => (Phrase::HeadConditions, bulleted(&matter.conditions)),
        Aspect::Place => {
            let lines = matter.windows.iter().map(|window| format!("- {}", page.window(window))).collect();
            (Phrase::HeadWindows, lines)
        }
        Aspect::Fees => (Phrase::HeadFees, fees(matter).into_iter().collect()),
        Aspect::Time => (Phrase::HeadTime, page.time(matter).into_iter().collect()),
        Aspect::Online => (Phrase::HeadOnline, stated(matter.online_url.as_deref()).into_iter().collect()),
    };
    let appointment = stated(matter.appointment_url.as_deref())
        .filter(|_| matches!(aspect, Aspect::Place | Aspect::Online));
    if lines.is_empty() && appointment.is_none() {
        return false;
    }
    let opening = page.part_of(&evidence.title, heading);
    match (aspect, lines.as_slice()) {
        (Aspect::Fees | Aspect::Time | Aspect::Online, [line]) => page.cited(format!("{opening}{line}")),
        _ => page.list(&opening, &lines),
    }
    page.facts(&[(Phrase::HeadAppointment, appointment)]);
    // A fee, a time or a condition by itself hides its exceptions; the answer is where the entry states them.
    let has_exceptions = matches!(aspect, Aspect::Fees | Aspect::Time | Aspect::Conditions | Aspect::Online);
    if has_exceptions && !evidence.answer.trim().is_empty() {
        answer(page, evidence);
    }
    true
}

fn whole_policy(page: &mut Page<'_>, policy: &Policy) {
    let benefits = Some(policy.benefits.trim().to_owned()).filter(|benefits| !benefits.is_empty());
    page.facts(&[(Phrase::HeadBenefits, benefits)]);
    page.list(&page.heading(Phrase::HeadConditions), &bulleted(&policy.conditions));
    page.facts(&[(Phrase::HeadApply, page.period(policy))]);
}

fn fees(matter: &Matter) -> Option<String> {
    stated(matter.fees.as_deref())
}

/// The text of an optional part; blank ones count as missing.
fn stated(text: Option<&str>) -> Option<String> {
    text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn bulleted(lines: &[String]) -> Vec<String> {
    present(lines).map(|line| format!("- {line}")).collect()
}

fn numbered(lines: &[String]) -> Vec<String> {
    present(lines).enumerate().map(|(place, line)| format!("{}. {line}", place + 1)).collect()
}

fn present(lines: &[String]) -> impl Iterator<Item = &str> {
    lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty())
}

#[cfg(test)]
mod tests;
