//! Words that the screen noticed. Danger, and the wish for a person, were looked for before.

use super::super::answer::{Outcome, Reply};
use super::super::context::Context;
use super::super::intent::{Intent, Wish};
use super::super::judgement;
use super::super::screen::{Effect, Noticed};
use super::super::trace::{Ending, Step};
use super::course::Course;
use super::{Engine, Input, Turn};

impl Engine {
    /// What the words want of the conversation. Orders to the program, and what is refused, sound like many things, and an insult
    /// sounds dissatisfied or like a complaint: there only danger is taken by ear, and the rest by rule.
    pub(super) fn wanted(&self, text: &str, noticed: Option<Noticed>) -> Option<Wish> {
        let wish = self.words.wish(text);
        let heard = wish.map(|wish| wish.intent);
        let by_rule = match noticed.map(|noticed| noticed.effect) {
            Some(Effect::Refuse | Effect::Quote) => !heard.is_some_and(Intent::is_emergency),
            Some(Effect::Calm) => matches!(heard, Some(Intent::Dissatisfied | Intent::Complaint)),
            Some(Effect::Remark) | None => false,
        };
        if by_rule { self.words.by_rule(text).map(Wish::certain) } else { wish }
    }

    /// A turn over words that were noticed.
    pub(super) async fn noticed(
        &self,
        context: &Context,
        input: &Input,
        text: &str,
        noticed: Noticed,
        course: &Course<'_>,
    ) -> Turn {
        let words = self.say(noticed.category.phrase(), input.locale);
        // No gap of the knowledge and nothing that two turns of it should call a person for.
        let told = |outcome: Option<Outcome>| {
            course.pass(Step::Route, Ending::Screened);
            let reply = Reply { outcome, ..Reply::plain(words) };
            let offers = noticed.effect != Effect::Quote;
            Turn::saying(Reply { offer_human: offers, ..reply }, context.clone())
        };
        let rest = match noticed.effect {
            Effect::Refuse => return told(Some(Outcome::NoAnswer)),
            Effect::Remark => text.to_owned(),
            Effect::Quote | Effect::Calm => self.safeguards.screen.rest(noticed.category, text),
        };
        let without = if noticed.effect == Effect::Calm { None } else { Some(Outcome::NoAnswer) };
        if noticed.effect != Effect::Remark && !judgement::has_subject(&self.words, &rest) {
            return told(without);
        }
        if noticed.effect == Effect::Quote {
            course.quote_only();
        }
        course.pass(Step::Route, Ending::Question);
        let mut turn = self.question(context, input, &rest, course).await;
        let outcome = turn.reply.as_ref().and_then(|reply| reply.outcome);
        let answers = matches!(outcome, Some(Outcome::Answered | Outcome::Guide | Outcome::Clarify));
        match (noticed.effect, &mut turn.reply) {
            (Effect::Quote | Effect::Calm, _) if !answers => told(without),
            (Effect::Calm, Some(reply)) => {
                reply.text = format!("{words}\n\n{}", reply.text);
                reply.offer_human = true;
                turn
            }
            (Effect::Remark, Some(reply)) if answers => {
                reply.text = format!("{}\n\n{words}", reply.text);
                reply.offer_human = true;
                turn
            }
            _ => turn,
        }
    }
}

#[cfg(test)]
mod tests;
