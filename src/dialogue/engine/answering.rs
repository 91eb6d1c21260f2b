//! Questions: what they refer to, what was found, and whether that is an answer.

use super::super::answer::{Choice, EvidenceNote, Outcome, Reply};
use super::super::aspect::Aspect;
use super::super::context::{Context, Offer, Topic};
use super::super::evidence::{Evidence, EvidenceKind};
use super::super::judgement::{self, Found, Judgement};
use super::super::phrases::Phrase;
use super::super::ports::{Brief, Progress};
use super::super::question::{Question, comparable};
use super::super::writing::{self, Composed};
use super::{Engine, Gap, Input, Turn};

/// A question with at most this many characters may leave its subject to the topic.
const SHORT: usize = 16;

/// How many entries a model may draw on for one answer.
const SOURCES: usize = 3;

/// The key of "none of these".
pub(super) const NONE_OF_THESE: &str = "0";

impl Engine {
    pub(super) async fn question(
        &self,
        context: &Context,
        input: &Input,
        text: &str,
        progress: &dyn Progress,
    ) -> Turn {
        progress.thinking();
        let aspect = self.words.aspect(text);
        let (context, input, subject) = match self.placed(context, input, text) {
            Ok(placed) => placed,
            Err(elsewhere) => return *elsewhere,
        };
        let (context, input) = (&context, &input);
        if !judgement::has_subject(&self.words, &subject) {
            return match self.topic(context).await {
                Some(entry) => {
                    let evidence = if subject == text {
                        self.with_parts(context, input, entry, aspect).await
                    } else {
                        // "那东湖区呢": the same matter, there.
                        vec![self.same_there(context, input, entry).await]
                    };
                    self.answer(context, input, text, aspect, evidence, progress).await
                }
                None => self.which_matter(context, input, text),
            };
        }
        let evidence = match self.find(context, input, text).await {
            Ok(evidence) => evidence,
            Err(error) => {
                tracing::error!(%error, "retrieval failed");
                return self.no_answer(context, input, text, &[], "unavailable");
            }
        };
        self.decide(context, input, text, aspect, evidence, progress).await
    }

    /// The entry the conversation is about, if it is still in force.
    pub(super) async fn topic(&self, context: &Context) -> Option<Evidence> {
        let topic = context.topic.as_ref()?;
        self.retriever.entry(&topic.entry).await.ok().flatten()
    }

    /// A question and its answer have no list of documents, no fee and no window; the matter they are about has. Asked
    /// for such a part, the nearest matter is put before the topic.
    async fn with_parts(
        &self,
        context: &Context,
        input: &Input,
        topic: Evidence,
        aspect: Aspect,
    ) -> Vec<Evidence> {
        if aspect == Aspect::Overview || topic.kind != EvidenceKind::Faq {
            return vec![topic];
        }
        let question = asked(context, input, topic.title.clone());
        let found = self.retriever.retrieve(&question, self.policy.evidence).await.unwrap_or_default();
        let matter = found
            .into_iter()
            .find(|entry| entry.kind == EvidenceKind::Matter && entry.confidence >= self.policy.answer_at);
        match matter {
            Some(matter) => vec![matter, topic],
            None => vec![topic],
        }
    }

    /// Looks the question up as it stands; where that finds nothing sure and the question could lean on the topic,
    /// looks it up once more with the topic's name before it.
    async fn find(
        &self,
        context: &Context,
        input: &Input,
        text: &str,
    ) -> Result<Vec<Evidence>, super::super::ports::RetrievalError> {
        let question = asked(context, input, text.to_owned());
        let found = self.retriever.retrieve(&question, self.policy.evidence).await?;
        let sure = best(&found);
        let leans = self.words.points_back(text) || text.chars().count() <= SHORT;
        let Some(topic) = context.topic.as_ref().filter(|_| leans && sure < self.policy.answer_at) else {
            return Ok(found);
        };
        let question = asked(context, input, format!("{} {text}", topic.title));
        let with_topic = self.retriever.retrieve(&question, self.policy.evidence).await?;
        // Words that have nothing to do with the topic must not be carried by the topic's name alone.
        let related = self.words.points_back(text) || sure >= self.policy.clarify_at;
        if related && best(&with_topic) > sure { Ok(with_topic) } else { Ok(found) }
    }

    async fn decide(
        &self,
        context: &Context,
        input: &Input,
        text: &str,
        aspect: Aspect,
        evidence: Vec<Evidence>,
        progress: &dyn Progress,
    ) -> Turn {
        let sure = best(&evidence);
        if sure < self.policy.answer_at
            && let Some(ended) = self.retriever.ended(&asked(context, input, text.to_owned())).await
            && ended.1 >= self.policy.answer_at
        {
            return self.ended(context, input, text, &evidence, ended);
        }
        let found: Vec<Found<'_>> = evidence
            .iter()
            .map(|entry| Found {
                score: entry.score,
                confidence: entry.confidence,
                unit: &entry.unit,
                scenario: entry.kind == EvidenceKind::Scenario,
            })
            .collect();
        match judgement::judge(&self.policy, &self.words, &self.subject(input, text), &found) {
            Judgement::NoAnswer => self.no_answer(context, input, text, &evidence, "no_answer"),
            Judgement::Clarify(places) => {
                let likely: Vec<&Evidence> = places.into_iter().map(|place| &evidence[place]).collect();
                self.clarify(context, input, text, &likely, &evidence)
            }
            Judgement::Guide => self.begin_scenario(context, input, &evidence[0], notes(&evidence)),
            Judgement::Answer => self.answer(context, input, text, aspect, evidence, progress).await,
        }
    }

    /// Answers from the evidence, the first of which is what the answer is about.
    pub(super) async fn answer(
        &self,
        context: &Context,
        input: &Input,
        text: &str,
        aspect: Aspect,
        evidence: Vec<Evidence>,
        progress: &dyn Progress,
    ) -> Turn {
        let sources: Vec<Evidence> = evidence
            .iter()
            .enumerate()
            .filter(|(place, entry)| *place == 0 || entry.confidence >= self.policy.answer_at)
            .map(|(_, entry)| entry.clone())
            .take(SOURCES)
            .collect();
        let first = &sources[0];
        // A follow-up goes to the writer with its subject spelt out.
        let spelt_out = if self.words.content_of(text).chars().count() > 1 {
            text.to_owned()
        } else {
            format!("{}：{text}", first.title)
        };
        let brief = Brief {
            question: &spelt_out,
            aspect,
            evidence: &sources,
            locale: input.locale,
            asker: input.asker.as_deref(),
            faults: &[],
        };
        let composed = writing::compose(&*self.writer, &*self.quoter, brief, progress).await;
        let topic = Some(Topic { entry: first.id.clone(), title: first.title.clone() });
        let remembered = Context {
            topic,
            last_question: Some(comparable(text)),
            region: context.region.clone(),
            ..Context::default()
        };
        let reply = match composed {
            Ok(Composed::Written(written)) => {
                let remarks = self.remarks(&sources, &written.cited, input.locale);
                let mut reply = Reply::plain(written.text + &remarks).with_outcome(Outcome::Answered);
                reply.citations = super::citing::citations(&sources, &written.cited, aspect);
                reply.evidence = notes(&evidence);
                reply.confidence = Some(first.confidence);
                reply
            }
            Ok(Composed::Stopped) => Reply::plain(self.say(Phrase::Stopped, input.locale)),
            Err(error) => {
                tracing::error!(%error, "no writer could answer");
                return self.no_answer(context, input, text, &evidence, "unavailable");
            }
        };
        Turn { reply: Some(reply), context: remembered, handoff: None, gap: None }
    }

    fn which_matter(&self, context: &Context, input: &Input, text: &str) -> Turn {
        let reply = Reply::plain(self.say(Phrase::WhichMatter, input.locale))
            .with_outcome(Outcome::Clarify)
            .offering_human();
        let context = Context {
            last_question: Some(comparable(text)),
            offers: Vec::new(),
            walk: None,
            ..context.clone()
        };
        Turn { reply: Some(reply), context, handoff: None, gap: None }
    }

    fn clarify(
        &self,
        context: &Context,
        input: &Input,
        text: &str,
        likely: &[&Evidence],
        evidence: &[Evidence],
    ) -> Turn {
        let mut offers: Vec<Offer> = Vec::new();
        for entry in likely.iter().take(self.policy.choices) {
            let key = (offers.len() + 1).to_string();
            offers.push(Offer { key, label: self.label(entry, input.locale), entry: Some(entry.id.clone()) });
        }
        let none = self.say(Phrase::NoneOfThese, input.locale).to_owned();
        offers.push(Offer { key: NONE_OF_THESE.to_owned(), label: none, entry: None });
        let mut reply = Reply::plain(self.say(Phrase::Clarify, input.locale)).with_outcome(Outcome::Clarify);
        reply.choices = offers
            .iter()
            .map(|offer| Choice { key: offer.key.clone(), label: offer.label.clone() })
            .collect();
        reply.evidence = notes(evidence);
        reply.confidence = evidence.first().map(|entry| entry.confidence);
        let context = Context {
            last_question: Some(comparable(text)),
            pending_question: Some(text.to_owned()),
            offers,
            walk: None,
            ..context.clone()
        };
        Turn { reply: Some(reply), context, handoff: None, gap: None }
    }

    pub(super) fn no_answer(
        &self,
        context: &Context,
        input: &Input,
        text: &str,
        evidence: &[Evidence],
        kind: &'static str,
    ) -> Turn {
        let mut reply = Reply::plain(self.say(Phrase::NoAnswer, input.locale))
            .with_outcome(Outcome::NoAnswer)
            .offering_human();
        reply.evidence = notes(evidence);
        reply.confidence = evidence.first().map(|entry| entry.confidence);
        let context = Context {
            last_question: Some(comparable(text)),
            pending_question: None,
            offers: Vec::new(),
            walk: None,
            unanswered: context.unanswered + 1,
            ..context.clone()
        };
        let nearest = evidence.first().map(|entry| (entry.id.clone(), entry.confidence));
        let gap = Some(Gap { question: text.to_owned(), kind, nearest });
        Turn { reply: Some(reply), context, handoff: None, gap }
    }
}

/// The question with where and for whom it is asked. The channel's place goes before the one that is remembered.
pub(super) fn asked(context: &Context, input: &Input, text: String) -> Question {
    let region = input.region.clone().or_else(|| context.region.clone());
    Question { text, region, audience: input.audience }
}

fn best(evidence: &[Evidence]) -> f32 {
    evidence.first().map_or(0.0, |entry| entry.confidence)
}

pub(super) fn notes(evidence: &[Evidence]) -> Vec<EvidenceNote> {
    evidence
        .iter()
        .map(|entry| EvidenceNote {
            id: entry.id.clone(),
            title: entry.title.clone(),
            kind: entry.kind.name().to_owned(),
            confidence: entry.confidence,
            unit: entry.unit.clone(),
        })
        .collect()
}
