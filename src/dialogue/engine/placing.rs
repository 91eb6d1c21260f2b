//! Where a question is about, and where and since when the answer holds.

use super::super::answer::{Outcome, Reply};
use super::super::context::{Context, Locale};
use super::super::evidence::Evidence;
use super::super::phrases::Phrase;
use super::super::question::{Place, comparable};
use super::answering::{asked, notes};
use super::{Engine, Gap, Input, Turn};

impl Engine {
    /// What the turn goes on with once the place in the words is read: a place named in the city goes before the
    /// channel's and is remembered, and the words are left without it. About another place there is nothing to look up;
    /// the error is the turn that says so.
    pub(super) fn placed(
        &self,
        context: &Context,
        input: &Input,
        text: &str,
    ) -> Result<(Context, Input, String), Box<Turn>> {
        let region = input.region.as_deref().or(context.region.as_deref());
        match self.retriever.place(text, region) {
            Place::Unnamed => Ok((context.clone(), input.clone(), text.to_owned())),
            Place::Here { region, rest } => {
                let context = Context { region: Some(region.clone()), ..context.clone() };
                Ok((context, Input { region: Some(region), ..input.clone() }, rest))
            }
            Place::Elsewhere { name, home } => {
                Err(Box::new(self.elsewhere(context, input, text, &name, &home)))
            }
        }
    }

    /// The words without a place that narrows them.
    pub(super) fn subject(&self, input: &Input, text: &str) -> String {
        match self.retriever.place(text, input.region.as_deref()) {
            Place::Here { rest, .. } => rest,
            Place::Unnamed | Place::Elsewhere { .. } => text.to_owned(),
        }
    }

    /// The entry on the topic that holds in the place asked about; the topic itself, if no other does.
    pub(super) async fn same_there(&self, context: &Context, input: &Input, topic: Evidence) -> Evidence {
        let question = asked(context, input, topic.title.clone());
        let found = self.retriever.retrieve(&question, self.policy.evidence).await.unwrap_or_default();
        found.into_iter().next().filter(|entry| entry.confidence >= self.policy.answer_at).unwrap_or(topic)
    }

    /// Says that the city cannot answer for another place. No gap of its knowledge, and nothing that a person at its
    /// desk could mend, so it does not count towards calling one.
    pub(super) fn elsewhere(
        &self,
        context: &Context,
        input: &Input,
        text: &str,
        place: &str,
        home: &str,
    ) -> Turn {
        let words =
            self.say(Phrase::Elsewhere, input.locale).replace("{place}", place).replace("{home}", home);
        let reply = Reply::plain(words).with_outcome(Outcome::NoAnswer).offering_human();
        let context = Context {
            last_question: Some(comparable(text)),
            pending_question: None,
            offers: Vec::new(),
            walk: None,
            ..context.clone()
        };
        Turn::saying(reply, context)
    }

    /// Says that what was asked about is over, and tells the office.
    pub(super) fn ended(
        &self,
        context: &Context,
        input: &Input,
        text: &str,
        evidence: &[Evidence],
        ended: (String, f32),
    ) -> Turn {
        let mut turn = self.no_answer(context, input, text, evidence, "ended");
        if let Some(reply) = &mut turn.reply {
            self.say(Phrase::Ended, input.locale).clone_into(&mut reply.text);
            reply.evidence = notes(evidence);
        }
        turn.gap = Some(Gap { question: text.to_owned(), kind: "ended", nearest: Some(ended) });
        turn
    }

    /// What has to be said beside an answer: which source took the place of what was asked for, and which holds only in
    /// a part of the city. Empty where nothing has; else it begins a paragraph.
    pub(super) fn remarks(&self, sources: &[Evidence], cited: &[usize], locale: Locale) -> String {
        let mut remarks = String::new();
        let mut parts: Vec<(&str, String)> = Vec::new();
        for (place, entry) in
            cited.iter().enumerate().filter_map(|(at, &index)| Some((at, sources.get(index)?)))
        {
            if let Some(old) = &entry.replaces {
                let words = self.say(Phrase::ReplacedBy, locale);
                remarks += "\n\n";
                remarks += &words.replace("{old}", old).replace("{new}", &entry.title);
            }
            let Some(part) = entry.reach.part() else { continue };
            let mark = format!("[{}]", place + 1);
            match parts.iter_mut().find(|(name, _)| *name == part) {
                Some((_, marks)) => *marks += &mark,
                None => parts.push((part, mark)),
            }
        }
        for (part, marks) in parts {
            let words = self.say(Phrase::HoldsIn, locale);
            remarks += "\n\n";
            remarks += &words.replace("{marks}", &marks).replace("{region}", part);
        }
        remarks
    }

    /// How an entry is named as a choice. Districts give the same matter the same name.
    pub(super) fn label(&self, entry: &Evidence, locale: Locale) -> String {
        match entry.reach.part().filter(|part| !entry.title.contains(part)) {
            Some(part) => {
                let words = self.say(Phrase::TitleIn, locale);
                words.replace("{title}", &entry.title).replace("{region}", part)
            }
            None => entry.title.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
