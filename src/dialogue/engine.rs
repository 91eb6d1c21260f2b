//! One turn: from what the citizen did, and what the robot remembers, to what is said and what happens next.
//!
//! The order matters. Danger comes first, then the wish for a person, then everything else: nobody who needs help is
//! made to choose from a list. [`screening`] deals with words that were noticed, [`answering`] with questions, [`choosing`]
//! with choices and scenarios, [`spelling`] with words that lean on earlier turns, and [`beyond_words`] with files, places and entries that are opened directly. What is noted
//! on the way is the turn's trace ([`course`]); [`replaying`] writes an answer of the past once more.

mod answering;
mod beyond_words;
mod choosing;
mod citing;
mod course;
mod leaning;
mod opinion;
mod placing;
mod replaying;
mod screening;
mod spelling;

use std::sync::Arc;

use super::answer::{Call, Outcome, Reply};
use super::cache::AnswerCache;
use super::context::{Context, Locale};
use super::evidence::Position;
use super::handoff::{Reason, UNANSWERED_TURNS};
use super::intent::{Intent, Wish, Words};
use super::judgement::{self, Foreseen, Found};
use super::phrases::{Phrase, Phrases};
use super::ports::{Progress, Retriever, Synthesizer};
use super::question::{Audience, comparable};
use super::screen::{Effect, Noticed, Screen};
use super::trace::{Ending, Step, Trace};
use course::Course;
pub use course::{Safeguards, cache_of};
pub use replaying::{Again, Replayed};
use spelling::Speller;

/// What a file is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Medium {
    /// A picture.
    Picture,
    /// A recording of a voice.
    Recording,
    /// A film.
    Film,
    /// Anything else.
    File,
}

/// What the citizen did.
#[derive(Clone, PartialEq, Debug)]
pub enum Utterance {
    /// Wrote something.
    Text(String),
    /// Pressed a choice.
    Choice(String),
    /// Pressed a thumb.
    Feedback {
        /// Up or down.
        useful: bool,
    },
    /// Pressed the button for a person.
    Human,
    /// Sent a file.
    Media {
        /// What it is.
        kind: Medium,
        /// Words that came with it.
        words: Option<String>,
    },
    /// Sent where they are.
    Place {
        /// Where.
        at: Position,
        /// What the platform calls the place.
        label: Option<String>,
    },
    /// Opened the entry of this id directly.
    Open(String),
    /// Came without a question yet.
    Hello,
}

/// What a turn starts from.
#[derive(Clone, PartialEq, Debug)]
pub struct Input {
    /// What the citizen did.
    pub utterance: Utterance,
    /// The language to answer in.
    pub locale: Locale,
    /// The place asked about, when the channel knows it.
    pub region: Option<String>,
    /// For whom, when the channel knows it.
    pub audience: Option<Audience>,
    /// Who asks, as an opaque key; absent where it is nobody in particular, as at a trial.
    pub asker: Option<String>,
}

/// A question the knowledge could not answer, for the office that keeps it.
#[derive(Clone, PartialEq, Debug)]
pub struct Gap {
    /// The words.
    pub question: String,
    /// Why it is listed: `no_answer`, `ended` (what answered is no longer in force), `none_of_these`, `unavailable` or
    /// `useless`.
    pub kind: &'static str,
    /// The nearest entry and its confidence.
    pub nearest: Option<(String, f32)>,
}

/// What a turn comes to.
#[derive(Clone, PartialEq, Debug)]
pub struct Turn {
    /// What is said.
    pub reply: Option<Reply>,
    /// What is remembered.
    pub context: Context,
    /// Whether a person is called, and why.
    pub handoff: Option<Reason>,
    /// Whether the knowledge lacks something.
    pub gap: Option<Gap>,
    /// How it went, stage by stage.
    pub trace: Trace,
}

impl Turn {
    /// A turn that says this, remembers that, and calls nobody.
    pub fn saying(reply: Reply, context: Context) -> Self {
        Self { reply: Some(reply), context, handoff: None, gap: None, trace: Trace::default() }
    }
}

/// How sure is sure enough. Every value has its setting in `[dialogue]`, where it is explained.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Policy {
    /// From this confidence on, the best entry is the answer.
    pub answer_at: f32,
    /// Below this confidence, there is no answer; between the two, the citizen is asked.
    pub clarify_at: f32,
    /// From this confidence on, a model is asked whether what was found answers.
    pub ask_model_at: f32,
    /// So many times rarer a model finds no answer where there is one than where there is none.
    pub decline_odds: f32,
    /// Entries whose confidences differ less than this, in log-odds, are equally likely.
    pub close_margin: f32,
    /// How many choices are offered at most.
    pub choices: usize,
    /// How many entries are looked at.
    pub evidence: usize,
}

/// The core with its ports.
pub struct Engine {
    retriever: Arc<dyn Retriever>,
    writer: Option<Arc<dyn Synthesizer>>,
    quoter: Arc<dyn Synthesizer>,
    words: Words,
    phrases: Phrases,
    policy: Policy,
    safeguards: Safeguards,
    cache: Option<AnswerCache>,
    speller: Option<Speller>,
}

impl Engine {
    /// Puts the core together. `writer` is a model, if there is one; `quoter` never fails for lack of one.
    pub fn new(
        retriever: Arc<dyn Retriever>,
        writer: Option<Arc<dyn Synthesizer>>,
        quoter: Arc<dyn Synthesizer>,
        words: Words,
        phrases: Phrases,
        policy: Policy,
        safeguards: Safeguards,
    ) -> Self {
        let cache = safeguards.cache.map(AnswerCache::new);
        Self { retriever, writer, quoter, words, phrases, policy, safeguards, cache, speller: None }
    }

    /// The robot's sentences.
    pub fn phrases(&self) -> &Phrases {
        &self.phrases
    }

    /// Whether the words are no more than thanks or a farewell.
    pub fn is_thanks(&self, text: &str) -> bool {
        self.words.intent(text) == Some(Intent::Thanks)
    }

    /// Whether the words ask to log in, or for what was asked before.
    pub fn is_login(&self, text: &str) -> bool {
        self.words.intent(text) == Some(Intent::Login)
    }

    /// Whether the words speak of danger so surely that whoever wrote them and whoever is called have to hear of it; asked
    /// where the robot is silent, because people read what is written there.
    pub fn emergency(&self, text: &str, locale: Locale) -> Option<Reply> {
        let wish = self.words.wish(text)?;
        wish.is_alarming().then(|| self.emergency_reply(wish.intent, locale))
    }

    /// The rating that the words give, one to five, if they are one and nothing else.
    pub fn rating(&self, text: &str) -> Option<u8> {
        self.words.rating(text)
    }

    /// The screen's words.
    pub fn screen(&self) -> &Screen {
        &self.safeguards.screen
    }

    /// How sure is sure enough.
    pub fn policy(&self) -> Policy {
        self.policy
    }

    /// What a question would come to if nothing had been said before it, given what was found for it.
    pub fn foresee(&self, text: &str, found: &[Found<'_>]) -> Foreseen {
        let noticed = self.safeguards.screen.notice(text);
        let refused = noticed.is_some_and(|noticed| noticed.effect == Effect::Refuse);
        if refused && self.wanted(text, noticed).is_none() {
            return Foreseen { outcome: Some(Outcome::NoAnswer), intent: None };
        }
        judgement::foresee(&self.policy, &self.words, text, found)
    }

    /// Takes one turn.
    pub async fn turn(&self, context: &Context, input: &Input, progress: &dyn Progress) -> Turn {
        let locale = input.locale;
        let screen = self.safeguards.screen.version();
        let course = Course::new(progress, &*self.safeguards.watch, screen, locale);
        let gesture = |ending| course.pass(Step::Route, ending);
        let mut turn = match &input.utterance {
            Utterance::Human => {
                gesture(Ending::Handoff);
                self.hand_over(context, Reason::Asked, locale)
            }
            Utterance::Feedback { useful: true } => {
                gesture(Ending::Gesture);
                Turn::saying(Reply::plain(self.say(Phrase::GladItHelped, locale)), context.clone())
            }
            Utterance::Feedback { useful: false } => {
                gesture(Ending::Handoff);
                let mut turn = self.hand_over(context, Reason::Dissatisfied, locale);
                turn.gap = context.last_question.clone().map(|question| Gap {
                    question,
                    kind: "useless",
                    nearest: context.topic.as_ref().map(|topic| (topic.entry.clone(), 1.0)),
                });
                turn
            }
            Utterance::Choice(key) => {
                gesture(Ending::Choice);
                self.chosen(context, input, key, &course).await
            }
            Utterance::Text(text) => self.text(context, input, text, &course).await,
            Utterance::Media { kind, words } => {
                self.medium(context, input, *kind, words.as_deref(), &course).await
            }
            Utterance::Place { at, label } => {
                gesture(Ending::Gesture);
                self.nearby(context, input, *at, label.as_deref()).await
            }
            Utterance::Open(id) => {
                gesture(Ending::Opened);
                self.opened(context, input, id, &course).await
            }
            Utterance::Hello => {
                gesture(Ending::Gesture);
                Turn::saying(Reply::plain(self.say(Phrase::Greeting, locale)), context.clone())
            }
        };
        let unanswered = turn.reply.as_ref().and_then(|reply| reply.outcome) == Some(Outcome::NoAnswer);
        if unanswered && turn.handoff.is_none() && turn.context.unanswered >= UNANSWERED_TURNS {
            let gap = turn.gap.take();
            turn = self.hand_over(&turn.context, Reason::Unanswered, locale);
            turn.gap = gap;
        }
        turn.trace = course.finish();
        turn.context.past = self.remembered(context, input, &turn);
        turn
    }

    async fn text(&self, context: &Context, input: &Input, text: &str, course: &Course<'_>) -> Turn {
        let locale = input.locale;
        let masked = self.safeguards.redactor.redact(text).is_some();
        course.pass(Step::Redact, if masked { Ending::Masked } else { Ending::Clean });
        if let Some(key) = offered(context, text) {
            course.pass(Step::Route, Ending::Choice);
            return self.chosen(context, input, &key, course).await;
        }
        let noticed = self.safeguards.screen.notice(text);
        course.pass(Step::Screen, noticed.map_or(Ending::Passed, |noticed| noticed.category.ending()));
        let plain = |phrase| {
            course.pass(Step::Route, Ending::SmallTalk);
            Turn::saying(Reply::plain(self.say(phrase, locale)), context.clone())
        };
        let hand_over = |reason| {
            course.pass(Step::Route, Ending::Handoff);
            self.hand_over(context, reason, locale)
        };
        let again = context.last_question.as_deref() == Some(comparable(text).as_str());
        let wish = self.wanted(text, noticed);
        if let Some(wish) = wish
            && self.gives_way(context, input, text, wish, course).await
        {
            let mut turn = if again {
                hand_over(Reason::Repeated)
            } else {
                self.read(context, input, text, noticed, course).await
            };
            if let Some(reply) = &mut turn.reply {
                reply.offer_human = turn.handoff.is_none();
                if wish.intent.is_emergency() {
                    self.add_calls(reply, wish.intent, locale);
                }
            }
            return turn;
        }
        match wish.map(|wish| wish.intent) {
            Some(intent) if intent.is_emergency() => {
                course.pass(Step::Route, Ending::Emergency);
                // What is said again is meant.
                if again || wish.is_some_and(Wish::is_alarming) {
                    let reply = self.emergency_reply(intent, locale);
                    return Turn {
                        handoff: Some(Reason::Emergency),
                        ..Turn::saying(reply, Context::default())
                    };
                }
                self.doubtful_emergency(context, intent, text, locale)
            }
            Some(Intent::AskHuman) => hand_over(Reason::Asked),
            Some(Intent::Complaint) => hand_over(Reason::Complaint),
            Some(Intent::Dissatisfied) => hand_over(Reason::Dissatisfied),
            Some(Intent::Identity) => plain(Phrase::Identity),
            Some(Intent::Thanks) => plain(Phrase::Thanks),
            Some(Intent::Greeting) => plain(Phrase::Greeting),
            _ if again => hand_over(Reason::Repeated),
            // While something is asked back, such words may answer it.
            _ if context.topic.is_some() && context.offers.is_empty() && self.words.agrees(text) => {
                plain(Phrase::Noted)
            }
            _ => self.read(context, input, text, noticed, course).await,
        }
    }

    /// Takes the words as a question, whatever the screen noticed of them.
    async fn read(
        &self,
        context: &Context,
        input: &Input,
        text: &str,
        noticed: Option<Noticed>,
        course: &Course<'_>,
    ) -> Turn {
        match noticed {
            Some(noticed) => self.noticed(context, input, text, noticed, course).await,
            None => {
                course.pass(Step::Route, Ending::Question);
                self.question(context, input, text, course).await
            }
        }
    }

    fn say(&self, phrase: Phrase, locale: Locale) -> &str {
        self.phrases.get(phrase, locale)
    }

    fn hand_over(&self, context: &Context, reason: Reason, locale: Locale) -> Turn {
        let phrase = match reason {
            Reason::Dissatisfied | Reason::Repeated => Phrase::QueuedSorry,
            Reason::Unanswered => Phrase::QueuedUnanswered,
            Reason::Complaint => Phrase::QueuedComplaint,
            Reason::Asked | Reason::Emergency | Reason::Returned => Phrase::Queued,
        };
        let reply = Reply::plain(self.say(phrase, locale)).with_outcome(Outcome::Handoff);
        let context =
            Context { topic: context.topic.clone(), region: context.region.clone(), ..Context::default() };
        Turn { handoff: Some(reason), ..Turn::saying(reply, context) }
    }

    fn emergency_reply(&self, intent: Intent, locale: Locale) -> Reply {
        let mut reply = Reply::plain(self.say(Phrase::Emergency, locale)).with_outcome(Outcome::Emergency);
        reply.call = self.calls(intent, locale);
        reply
    }

    /// Shows the numbers to call to whoever may be in danger, and more probably only told something. The conversation goes on
    /// where it was, and nobody is called unless it is said again.
    fn doubtful_emergency(&self, context: &Context, intent: Intent, text: &str, locale: Locale) -> Turn {
        let mut reply =
            Reply::plain(self.say(Phrase::DoubtfulEmergency, locale)).with_outcome(Outcome::Emergency);
        reply.call = self.calls(intent, locale);
        reply.offer_human = true;
        let context = Context { last_question: Some(comparable(text)), ..context.clone() };
        Turn::saying(reply, context)
    }

    /// Puts the numbers to call before an answer to words that only might speak of danger.
    fn add_calls(&self, reply: &mut Reply, intent: Intent, locale: Locale) {
        reply.text = format!("{}\n\n{}", self.say(Phrase::PerhapsDanger, locale), reply.text);
        reply.call = self.calls(intent, locale);
    }

    fn calls(&self, intent: Intent, locale: Locale) -> Vec<Call> {
        let call = |phrase, number: &str| Call {
            label: self.say(phrase, locale).to_owned(),
            number: number.to_owned(),
        };
        let police = call(Phrase::CallPolice, "110");
        let fire = call(Phrase::CallFire, "119");
        let ambulance = call(Phrase::CallAmbulance, "120");
        // The number that fits comes first; the others stay in sight, because words can be misread.
        match intent {
            Intent::EmergencyFire => vec![fire, ambulance, police],
            Intent::EmergencyPolice => vec![police, ambulance, fire],
            // 12356 is the national psychological assistance line.
            Intent::EmergencyCrisis => vec![call(Phrase::CallSupport, "12356"), ambulance, police],
            _ => vec![ambulance, police, fire],
        }
    }
}

/// The key of the open choice that the words name, by its key or its label.
fn offered(context: &Context, text: &str) -> Option<String> {
    let words = text.trim().trim_end_matches(['.', '。', '、', ')', '）']);
    context
        .offers
        .iter()
        // A label may itself end like that: 老年卡（西城区）.
        .find(|offer| offer.key == words || offer.label == words || offer.label == text.trim())
        .map(|offer| offer.key.clone())
}

#[cfg(test)]
mod tests;
