//! What a citizen does besides asking in words: a file, a place, an entry opened directly.

use super::super::answer::{Citation, Outcome, Reply};
use super::super::aspect::Aspect;
use super::super::context::{Context, Locale};
use super::super::evidence::{Cited, Details, Evidence, EvidenceKind, Located, Position};
use super::super::nearness;
use super::super::phrases::Phrase;
use super::super::question::Place;
use super::super::trace::{Ending, Step};
use super::answering::{Asking, notes};
use super::citing::{appointment, map_url};
use super::course::Course;
use super::{Engine, Input, Medium, Turn};

/// How many windows are told.
const NEAREST: usize = 3;

/// Within so many metres of a window, its district is taken for the citizen's.
const SAME_DISTRICT: f64 = 5_000.0;

impl Engine {
    /// A file: the robot sees nothing in it and says so. Words that came with it are answered.
    pub(super) async fn medium(
        &self,
        context: &Context,
        input: &Input,
        kind: Medium,
        words: Option<&str>,
        course: &Course<'_>,
    ) -> Turn {
        if let Some(words) = words {
            let mut turn = self.text(context, input, words, course).await;
            let outcome = turn.reply.as_ref().and_then(|reply| reply.outcome);
            if let Some(reply) = turn.reply.as_mut()
                && !matches!(outcome, Some(Outcome::Emergency | Outcome::Handoff))
            {
                reply.text = format!("{}\n\n{}", self.say(Phrase::WordsOnly, input.locale), reply.text);
            }
            return turn;
        }
        course.pass(Step::Route, Ending::Gesture);
        let phrase = match kind {
            Medium::Picture | Medium::Film => Phrase::CannotLook,
            Medium::Recording => Phrase::CannotListen,
            Medium::File => Phrase::CannotOpen,
        };
        let reply = Reply::plain(self.say(phrase, input.locale)).offering_human();
        Turn::saying(reply, context.clone())
    }

    /// An entry opened directly, by a menu or a code at a counter. An id that leads nowhere is no question that nobody
    /// could answer, so it calls nobody.
    pub(super) async fn opened(
        &self,
        context: &Context,
        input: &Input,
        id: &str,
        course: &Course<'_>,
    ) -> Turn {
        course.progress.thinking();
        let entry = self.retriever.entry(id).await.ok().flatten();
        course.pass(Step::Retrieve, if entry.is_some() { Ending::Found } else { Ending::Nothing });
        course.saw(entry.as_slice());
        match entry {
            Some(entry) if entry.kind == EvidenceKind::Scenario => {
                self.begin_scenario(context, input, &entry, notes(std::slice::from_ref(&entry)))
            }
            Some(entry) => {
                let title = entry.title.clone();
                let asking = Asking { text: &title, standalone: None, aspect: Aspect::Overview };
                self.answer(context, input, asking, vec![entry], course).await
            }
            None => {
                let reply = Reply::plain(self.say(Phrase::NoAnswer, input.locale)).offering_human();
                Turn::saying(reply, context.clone())
            }
        }
    }

    /// The title of an entry in force.
    pub async fn title(&self, id: &str) -> Option<String> {
        self.retriever.entry(id).await.ok().flatten().map(|entry| entry.title)
    }

    /// The nearest windows: of the matter the conversation is about, or of any.
    pub(super) async fn nearby(
        &self,
        context: &Context,
        input: &Input,
        at: Position,
        label: Option<&str>,
    ) -> Turn {
        let topic = self.topic(context).await.map(|entry| (located(&entry), entry.title));
        let (windows, title) = match topic {
            Some((windows, title)) if !windows.is_empty() => (windows, Some(title)),
            _ => match self.retriever.windows().await {
                Ok(windows) => (windows, None),
                Err(error) => {
                    tracing::error!(%error, "windows could not be read");
                    (Vec::new(), None)
                }
            },
        };
        let near = nearness::nearest(windows, at, NEAREST);
        let reply = if near.is_empty() {
            Reply::plain(self.say(Phrase::NoWindows, input.locale)).offering_human()
        } else {
            self.windows(&near, title.as_deref(), input.locale)
        };
        let close = near.first().filter(|(_, distance)| *distance <= SAME_DISTRICT);
        let address = close.and_then(|(found, _)| found.window.address.as_deref());
        let region =
            label.and_then(|label| self.region(label)).or_else(|| address.and_then(|at| self.region(at)));
        // What is remembered is the district, never the spot.
        let context = Context { region: region.or_else(|| context.region.clone()), ..context.clone() };
        Turn::saying(reply, context)
    }

    /// The part of the home region that the words name, if they name one.
    pub fn region(&self, words: &str) -> Option<String> {
        match self.retriever.place(words, None) {
            Place::Here { region, .. } => Some(region),
            Place::Unnamed | Place::Elsewhere { .. } => None,
        }
    }

    fn windows(&self, near: &[(Located, f64)], title: Option<&str>, locale: Locale) -> Reply {
        let mut text = match title {
            Some(title) => self.say(Phrase::NearestFor, locale).replace("{title}", title),
            None => self.say(Phrase::NearestAny, locale).to_owned(),
        };
        let mut citations: Vec<Citation> = Vec::new();
        for (number, (found, distance)) in (1..).zip(near) {
            let window = &found.window;
            let known = citations.iter_mut().find(|citation| citation.id == found.cited.id);
            let place = match &window.address {
                Some(address) => format!("{}，{address}", window.name),
                None => window.name.clone(),
            };
            let mark = match known {
                Some(citation) => {
                    citation.quote = format!("{}；{place}", citation.quote);
                    citation.number
                }
                None => {
                    citations.push(citation(&found.cited, citations.len() + 1, place));
                    citations.len()
                }
            };
            let phone =
                window.phone.as_ref().map(|phone| self.say(Phrase::Phone, locale).replace("{phone}", phone));
            let lines =
                [window.address.clone(), window.hours.clone(), phone, Some(self.map_link(found, locale))];
            text += &format!(
                "\n\n**{number}. {}** [{mark}]（{}）",
                window.name,
                self.distance(*distance, locale)
            );
            for line in lines.into_iter().flatten() {
                text += "\n- ";
                text += &line;
            }
        }
        let mut reply = Reply::plain(text).with_outcome(Outcome::Answered);
        reply.citations = citations;
        reply
    }

    fn distance(&self, metres: f64, locale: Locale) -> String {
        if metres < 1_000.0 {
            let tens = ((metres / 10.0).round() * 10.0).max(10.0);
            self.say(Phrase::NearMetres, locale).replace("{metres}", &format!("{tens:.0}"))
        } else {
            let kilometres = format!("{:.1}", metres / 1_000.0);
            self.say(Phrase::NearKilometres, locale).replace("{kilometres}", &kilometres)
        }
    }

    fn map_link(&self, found: &Located, locale: Locale) -> String {
        format!("[{}]({})", self.say(Phrase::MapLink, locale), map_url(&found.window, found.position))
    }
}

fn citation(cited: &Cited, number: usize, quote: String) -> Citation {
    Citation {
        number,
        id: cited.id.clone(),
        title: cited.title.clone(),
        kind: EvidenceKind::Matter.name().to_owned(),
        url: cited.url.clone(),
        quote,
        source: cited.source.clone(),
        department: cited.department.clone(),
        // The maps stand below the windows themselves.
        links: appointment(&cited.title, cited.appointment_url.as_deref()).into_iter().collect(),
    }
}

/// The windows of an entry whose place is known.
fn located(entry: &Evidence) -> Vec<Located> {
    let Details::Matter(matter) = &entry.details else { return Vec::new() };
    matter
        .windows
        .iter()
        .filter_map(|window| {
            let cited = Cited {
                id: entry.id.clone(),
                title: entry.title.clone(),
                url: entry.url.clone(),
                source: entry.source.clone(),
                department: entry.department.clone(),
                appointment_url: matter.appointment_url.clone(),
            };
            Some(Located { position: window.position?, window: window.clone(), cited })
        })
        .collect()
}

#[cfg(test)]
mod tests;
