//! Questions: what they refer to, what was found, and whether that is an answer.

use super::super::answer::{Choice, EvidenceNote, Outcome, Reply};
use super::super::aspect::Aspect;
use super::super::cache;
use super::super::context::{Context, Offer, Topic};
use super::super::evidence::{Evidence, EvidenceKind};
use super::super::intent::Wish;
use super::super::judgement::{self, Found, Judgement};
use super::super::phrases::Phrase;
use super::super::ports::{Brief, RetrievalError};
use super::super::question::{Place, Question, comparable};
use super::super::trace::{By, Ending, Step};
use super::super::writing::{self, Composed, Means, Text};
use super::course::Course;
use super::spelling::Spelling;
use super::{Engine, Gap, Input, Turn};

/// How many entries a model may draw on for one answer.
pub(super) const SOURCES: usize = 3;

/// What is asked.
#[derive(Clone, Copy)]
pub(super) struct Asking<'a> {
    /// In the citizen's words.
    pub(super) text: &'a str,
    /// As a model spelt it out.
    pub(super) standalone: Option<&'a str>,
    /// Which part of an entry, by the citizen's words.
    pub(super) aspect: Aspect,
}

impl<'a> Asking<'a> {
    /// What is looked up.
    pub(super) fn sought(&self) -> &'a str {
        self.standalone.unwrap_or(self.text)
    }
}

/// The key of "none of these".
pub(super) const NONE_OF_THESE: &str = "0";

impl Engine {
    pub(super) async fn question(
        &self,
        context: &Context,
        input: &Input,
        text: &str,
        course: &Course<'_>,
    ) -> Turn {
        course.progress.thinking();
        let aspect = self.words.aspect(text);
        let (context, input, subject) = match self.placed(context, input, text) {
            Ok(placed) => placed,
            Err(elsewhere) => {
                course.pass(Step::Standalone, Ending::Elsewhere);
                return *elsewhere;
            }
        };
        let (context, input) = (&context, &input);
        let asking = Asking { text, standalone: None, aspect };
        let has_subject = judgement::has_subject(&self.words, &subject);
        let as_asked = if has_subject {
            let question = asked(context, input, text.to_owned());
            match self.look_up(question, course).await {
                Ok(found) => found,
                Err(error) => return self.unavailable(context, input, text, &error, course),
            }
        } else {
            Vec::new()
        };
        let leans = !has_subject || self.leans(text, &as_asked);
        if leans {
            match self.spelt_out(context, input, text, course).await {
                Spelling::Rules => {}
                Spelling::Stopped => {
                    let reply = Reply::plain(self.say(Phrase::Stopped, input.locale));
                    return Turn::saying(reply, context.clone());
                }
                Spelling::Out(standalone) => {
                    let asking = Asking { standalone: Some(&standalone), ..asking };
                    if let Some(turn) = self.standing_alone(context, input, asking, has_subject, course).await
                    {
                        return turn;
                    }
                }
            }
        }
        if !has_subject {
            return match self.topic(context).await {
                Some(entry) => {
                    course.stands(Ending::WithTopic);
                    let evidence = if subject == text {
                        self.with_parts(context, input, entry, aspect).await
                    } else {
                        // "那东湖区呢": the same matter, there.
                        vec![self.same_there(context, input, entry).await]
                    };
                    course.pass(Step::Retrieve, Ending::Found);
                    self.answer(context, input, asking, evidence, course).await
                }
                None => {
                    course.stands(Ending::NoSubject);
                    self.which_matter(context, input, text)
                }
            };
        }
        let evidence = match self.in_context(context, input, text, as_asked, course).await {
            Ok(evidence) => evidence,
            Err(error) => return self.unavailable(context, input, text, &error, course),
        };
        course.saw(&evidence);
        course.pass(Step::Retrieve, if evidence.is_empty() { Ending::Nothing } else { Ending::Found });
        self.decide(context, input, asking, evidence, course).await
    }

    /// Takes the question as a model spelt it out; none where that finds nothing that is surer than what the rules have.
    async fn standing_alone(
        &self,
        context: &Context,
        input: &Input,
        asking: Asking<'_>,
        has_subject: bool,
        course: &Course<'_>,
    ) -> Option<Turn> {
        let region = input.region.as_deref().or(context.region.as_deref());
        if let Place::Elsewhere { name, home } = self.retriever.place(asking.sought(), region) {
            course.pass(Step::Standalone, Ending::Elsewhere);
            return Some(self.elsewhere(context, input, asking.text, &name, &home));
        }
        let question = asked(context, input, asking.sought().to_owned());
        let evidence = self.look_up(question, course).await.ok()?;
        // Words without a subject are surely about the topic.
        let enough = if has_subject { self.policy.clarify_at } else { self.policy.answer_at };
        if best(&evidence) < enough {
            return None;
        }
        course.saw(&evidence);
        course.pass(Step::Retrieve, Ending::Found);
        Some(self.decide(context, input, asking, evidence, course).await)
    }

    fn unavailable(
        &self,
        context: &Context,
        input: &Input,
        text: &str,
        error: &RetrievalError,
        course: &Course<'_>,
    ) -> Turn {
        tracing::error!(%error, "retrieval failed");
        course.stands(Ending::AsAsked);
        course.pass(Step::Retrieve, Ending::Unavailable);
        self.no_answer(context, input, text, &[], "unavailable")
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

    /// Whether words that may be a wish are rather a question, because they surely name a matter.
    pub(super) async fn gives_way(
        &self,
        context: &Context,
        input: &Input,
        text: &str,
        wish: Wish,
        course: &Course<'_>,
    ) -> bool {
        if wish.is_certain || !judgement::has_subject(&self.words, text) {
            return false;
        }
        let question = asked(context, input, text.to_owned());
        let found = self.look_up(question, course).await.unwrap_or_default();
        let is_read = self.writer.is_some() && !course.quotes_only();
        judgement::gives_way(&self.policy, wish, &found.iter().map(Found::of).collect::<Vec<_>>(), is_read)
    }

    /// What is found for a question; within a turn it is looked up once.
    async fn look_up(
        &self,
        question: Question,
        course: &Course<'_>,
    ) -> Result<Vec<Evidence>, RetrievalError> {
        if let Some(found) = course.found_for(&question) {
            return Ok(found);
        }
        let found = self.retriever.retrieve(&question, self.policy.evidence).await?;
        course.keep(question, &found);
        Ok(found)
    }

    async fn decide(
        &self,
        context: &Context,
        input: &Input,
        asking: Asking<'_>,
        evidence: Vec<Evidence>,
        course: &Course<'_>,
    ) -> Turn {
        let (text, sought) = (asking.text, asking.sought());
        let sure = best(&evidence);
        if sure < self.policy.answer_at
            && let Some(ended) = self.retriever.ended(&asked(context, input, sought.to_owned())).await
            && ended.1 >= self.policy.answer_at
        {
            course.pass(Step::Retrieve, Ending::Ended);
            return self.ended(context, input, text, &evidence, ended);
        }
        let subject = self.subject(input, sought);
        let judged = self.judged(&subject, &evidence);
        course.pass(
            Step::Enough,
            match judged {
                Judgement::NoAnswer => Ending::NoAnswer,
                Judgement::Clarify(_) => Ending::Clarify,
                Judgement::Guide => Ending::Guide,
                Judgement::Answer => Ending::Answered,
            },
        );
        if let Some(given) = self.open_to_opinion(&judged, &subject, &evidence, course) {
            return self.by_opinion(context, input, asking, &given, evidence, course).await;
        }
        match judged {
            Judgement::NoAnswer | Judgement::Clarify(_) => {
                self.short_of_an_answer(context, input, asking, judged, &evidence, course)
            }
            Judgement::Guide => self.begin_scenario(context, input, &evidence[0], notes(&evidence)),
            Judgement::Answer => self.answer(context, input, asking, evidence, course).await,
        }
    }

    /// Answers from the evidence, the first of which is what the answer is about.
    pub(super) async fn answer(
        &self,
        context: &Context,
        input: &Input,
        asking: Asking<'_>,
        evidence: Vec<Evidence>,
        course: &Course<'_>,
    ) -> Turn {
        let sources: Vec<Evidence> = evidence
            .iter()
            .enumerate()
            .filter(|(place, entry)| *place == 0 || entry.confidence >= self.policy.answer_at)
            .map(|(_, entry)| entry.clone())
            .take(SOURCES)
            .collect();
        // Whoever smuggled orders into an entry may have left more behind than is told from knowledge.
        if sources.iter().any(|source| source.is_suspect) {
            course.quote_only();
        }
        // What a model found no answer in is quoted only where it is sure all the same.
        let may_be_sent = |composed: &Composed| !composed.is_declined() || self.stays_sure(&sources[0]);
        let composed = self.put_into_words(context, input, asking, &sources, may_be_sent, course).await;
        if composed.is_withheld() {
            let doubted = self.doubted(&sources, evidence);
            let judged = self.judged(&self.subject(input, asking.sought()), &doubted);
            return self.short_of_an_answer(context, input, asking, judged, &doubted, course);
        }
        self.answered(context, input, asking, &sources, &evidence, composed)
    }

    /// Puts sources into words. What may not be sent is withheld.
    pub(super) async fn put_into_words(
        &self,
        context: &Context,
        input: &Input,
        asking: Asking<'_>,
        sources: &[Evidence],
        may_be_sent: impl Fn(&Composed) -> bool + Send,
        course: &Course<'_>,
    ) -> Composed {
        let Asking { text, standalone, aspect } = asking;
        // A follow-up goes to the writer with its subject spelt out.
        let spelt_out = if standalone.is_some() || self.words.content_of(text).chars().count() > 1 {
            text.to_owned()
        } else {
            format!("{}：{text}", sources[0].title)
        };
        let masked = self.safeguards.redactor.redact(&spelt_out);
        let brief = Brief {
            standalone,
            aspect,
            asker: input.asker.as_deref(),
            ..Brief::new(masked.as_deref().unwrap_or(&spelt_out), sources, input.locale)
        };
        let may_keep = masked.is_none() && !course.quotes_only();
        let asked = asked(context, input, String::new());
        let mut composed = self.compose(brief, may_keep.then(|| cache::key(&brief, &asked)), course).await;
        if !may_be_sent(&composed) {
            composed.withhold();
        }
        course.wrote(&brief, &composed);
        composed
    }

    /// The turn of what was put into words.
    pub(super) fn answered(
        &self,
        context: &Context,
        input: &Input,
        asking: Asking<'_>,
        sources: &[Evidence],
        evidence: &[Evidence],
        composed: Composed,
    ) -> Turn {
        let Asking { text, aspect, .. } = asking;
        let (reply, first) = match composed.text {
            Text::Written(written) => {
                // What the text draws on first is what it is about.
                let first = &sources[written.cited.first().copied().unwrap_or(0)];
                let remarks = self.remarks(sources, &written.cited, input.locale);
                let mut reply = Reply::plain(written.text + &remarks).with_outcome(Outcome::Answered);
                reply.citations = super::citing::citations(sources, &written.cited, aspect);
                reply.evidence = notes(evidence);
                reply.confidence = Some(first.confidence);
                (reply, first)
            }
            Text::Stopped => (Reply::plain(self.say(Phrase::Stopped, input.locale)), &sources[0]),
            Text::Failed | Text::Withheld => {
                return self.no_answer(context, input, text, evidence, "unavailable");
            }
        };
        let remembered = Context {
            topic: Some(Topic { entry: first.id.clone(), title: first.title.clone() }),
            last_question: Some(comparable(text)),
            region: context.region.clone(),
            ..Context::default()
        };
        Turn::saying(reply, remembered)
    }

    /// Puts evidence into words. With a key, a text that held before is taken, and one that holds now is kept.
    pub(super) async fn compose(
        &self,
        brief: Brief<'_>,
        key: Option<String>,
        course: &Course<'_>,
    ) -> Composed {
        let watch = &*self.safeguards.watch;
        let means = Means {
            writer: self.writer.as_deref().filter(|_| !course.quotes_only()),
            quoter: &*self.quoter,
            faults: &self.safeguards.faults,
            phrases: &self.phrases,
            watch,
            rewrite_within: self.safeguards.rewrite_within,
            patience: self.safeguards.patience,
            waiting: course.waiting(),
        };
        let cache = self.cache.as_ref().zip(key).filter(|_| means.writer.is_some());
        if let Some(written) = cache.as_ref().and_then(|(cache, key)| cache.get(key, watch.elapsed())) {
            return Composed::cached(written);
        }
        let composed = writing::compose(&means, brief, course.progress).await;
        let held = composed.attempts.last().is_some_and(|last| last.by != By::Quote);
        if let (Some((cache, key)), Text::Written(written), true) = (cache, &composed.text, held) {
            cache.put(key, written.clone(), watch.elapsed());
        }
        composed
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
        Turn::saying(reply, context)
    }

    pub(super) fn clarify(
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
        Turn::saying(reply, context)
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
        Turn { gap, ..Turn::saying(reply, context) }
    }
}

/// The question with where and for whom it is asked. The channel's place goes before the one that is remembered.
pub(super) fn asked(context: &Context, input: &Input, text: String) -> Question {
    let region = input.region.clone().or_else(|| context.region.clone());
    Question { text, region, audience: input.audience }
}

pub(super) fn best(evidence: &[Evidence]) -> f32 {
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
