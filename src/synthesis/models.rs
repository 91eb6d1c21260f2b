//! Answers in a language model's words: by the first of several models that can, within the budget of the day.
//!
//! A model that fails before its first word was shown is followed by the next, so a citizen never sees two beginnings. One
//! that fails again and again, or for which nobody could wait any longer, is left alone for a while ([`breaker`]). When none
//! can, or the day's budget is taken, the dialogue quotes the evidence instead; nothing ever waits for a model longer than
//! the first one's total time.

use std::sync::Arc;
use std::time::Duration;

use adapters::{Alarms, Now};
use async_trait::async_trait;
use futures::StreamExt;
use tokio::time::Instant;

use super::openai::failure::{Failure, Meaning};
use super::openai::question::one_question;
use super::openai::{Begun, Errand, ModelSettings, OpenAi, Prompts};
use crate::dialogue::ports::{FollowUp, Rewriter, SpeltOut, Usage};
use crate::dialogue::{AnswerStream, Brief, Piece, SynthesisError, Synthesizer, Waiting};

mod breaker;
mod budget;
mod figures;
mod writing;

use breaker::{Breaker, Pass};
pub use breaker::{BreakerSettings, Standing};
use budget::Aside;
pub use budget::{Limits, SetAside, Tally};
use figures::Counts;
pub use figures::ModelState;
use writing::Watch;

/// How long the wait before a repetition may be where another model could be asked instead.
const IMPATIENT: Duration = Duration::from_millis(500);

/// What is wrong with a model at present. What each means stands in `config/words/alarms.toml`.
const UNREACHABLE: &str = "model_unreachable";
const KEY_REFUSED: &str = "model_key_refused";
const UNPAID: &str = "model_unpaid";
const REFUSES: &str = "model_refuses";
const BUDGET: &str = "model_budget";

/// Several models, the first of which is asked first.
#[derive(Clone)]
pub struct Models {
    inner: Arc<Inner>,
}

struct Inner {
    models: Vec<Model>,
    prompts: Prompts,
    limits: Limits,
    tally: Arc<dyn Tally>,
    /// For what is no single model's.
    alarms: Alarms,
}

struct Model {
    openai: OpenAi,
    breaker: Breaker,
    counts: Counts,
    alarms: Alarms,
}

/// One of the models to be asked, and the client that has its connect timeout.
pub type Asked = (ModelSettings, reqwest::Client);

impl Models {
    /// Models in the order in which they are asked.
    pub fn new(
        models: Vec<Asked>,
        prompts: Prompts,
        breaker: BreakerSettings,
        limits: Limits,
        tally: Arc<dyn Tally>,
        now: Now,
    ) -> Self {
        let models = models
            .into_iter()
            .map(|(settings, client)| Model {
                openai: OpenAi::new(settings, client),
                breaker: Breaker::new(breaker),
                counts: Counts::default(),
                alarms: Alarms::new(Arc::clone(&now)),
            })
            .collect();
        Self { inner: Arc::new(Inner { models, prompts, limits, tally, alarms: Alarms::new(now) }) }
    }

    /// How each model has done up to now. What is no single model's stands with the first.
    pub fn states(&self) -> Vec<ModelState> {
        let mut states: Vec<ModelState> = self.inner.models.iter().map(Model::state).collect();
        if let Some(first) = states.first_mut() {
            first.alarms.extend(self.inner.alarms.raised());
        }
        states
    }

    /// Asks each model alone, whatever the breaker and the budget say, and says how long its first words took.
    pub async fn try_out(&self, brief: Brief<'_>) -> Vec<(ModelState, Result<Trial, SynthesisError>)> {
        let mut tried = Vec::new();
        for (place, model) in self.inner.models.iter().enumerate() {
            let result = self.try_one(place, brief).await;
            tried.push((model.state(), result));
        }
        tried
    }

    /// Asks the model at this place of the order alone, whatever its breaker and the budget say.
    ///
    /// # Errors
    /// Why there is no text of it; [`SynthesisError::Refused`] where it finds no answer in the evidence.
    pub async fn try_one(&self, place: usize, brief: Brief<'_>) -> Result<Trial, SynthesisError> {
        let Some(model) = self.inner.models.get(place) else {
            return Err(SynthesisError::Unavailable("there is no such model".to_owned()));
        };
        let errand = self.inner.prompts.answering(&brief);
        let begun = Instant::now();
        let deadline = begun + model.openai.settings().total_timeout;
        let result = match model.openai.begin(&errand, deadline, Duration::MAX).await {
            Ok(mut answer) => {
                let first = begun.elapsed();
                answer.rest().await.map(|usage| Trial { first, usage })
            }
            Err(failed) => Err(failed.failure),
        };
        result.map_err(|failure| {
            model.raise(&failure, true);
            SynthesisError::from(failure)
        })
    }
}

/// What a trial of a model showed.
#[derive(Clone, Copy, Debug)]
pub struct Trial {
    /// How long the first words took.
    pub first: Duration,
    /// What the answer took, if the server says so.
    pub usage: Option<Usage>,
}

impl Begun {
    /// Reads what is left and gives what the server says it took.
    async fn rest(&mut self) -> Result<Option<Usage>, Failure> {
        let mut usage = None;
        while let Some(piece) = self.next().await {
            if let Piece::Usage(told) = piece? {
                usage = Some(told);
            }
        }
        Ok(usage)
    }
}

impl Model {
    fn state(&self) -> ModelState {
        let settings = self.openai.settings();
        ModelState {
            section: settings.section.clone(),
            model: settings.model.clone(),
            standing: self.breaker.standing(),
            asked: self.counts.asked(),
            told: self.counts.told(),
            alarms: self.alarms.raised(),
        }
    }

    /// The model has answered, or declined to, which only one that works can do.
    fn worked(&self, pass: Pass) {
        pass.succeeded();
        for code in [UNREACHABLE, KEY_REFUSED, UNPAID, REFUSES] {
            self.alarms.clear(code);
        }
    }

    /// Nobody waits for it any more, after it was asked for so long. That is its failure where it tried somebody's patience,
    /// and says nothing where a citizen left or stopped it.
    fn given_up(&self, pass: Pass, waiting: Option<&Waiting>, asked: Duration) {
        if waiting.is_some_and(|waiting| waiting.blames(asked)) {
            self.failed(pass, &Failure::Slow("a line"));
        } else {
            self.counts.given_up.add(1);
        }
    }

    fn failed(&self, pass: Pass, failure: &Failure) {
        let Some(meaning) = failure.meaning() else {
            self.counts.declined.add(1);
            return self.worked(pass);
        };
        self.counts.failed.add(1);
        if meaning == Meaning::Long {
            return self.worked(pass);
        }
        let lasting = matches!(meaning, Meaning::Key | Meaning::Unpaid);
        let open = pass.failed(lasting, failure.retry_after());
        let section = &self.openai.settings().section;
        tracing::warn!(model = %section, %failure, left_alone = open, "a model failed");
        self.raise(failure, open);
    }

    /// Raises what the operator can mend. A passing trouble is one only when it lasts.
    fn raise(&self, failure: &Failure, lasts: bool) {
        let Some(meaning) = failure.meaning() else { return };
        let passing = matches!(meaning, Meaning::Busy | Meaning::Trouble);
        if passing && !lasts {
            return;
        }
        // Of one model only the latest is true.
        self.calm(meaning);
        let detail = format!("{}: {}", self.openai.settings().model, failure.brief());
        match meaning {
            Meaning::Key => self.alarms.raise(KEY_REFUSED, detail),
            Meaning::Unpaid => self.alarms.raise(UNPAID, detail),
            Meaning::Request => self.alarms.raise(REFUSES, detail),
            Meaning::Busy | Meaning::Trouble => self.alarms.raise(UNREACHABLE, detail),
            // It works.
            Meaning::Long => {}
        }
    }

    /// Says that everything else is over.
    fn calm(&self, but: Meaning) {
        for (code, keep) in [
            (KEY_REFUSED, but == Meaning::Key),
            (UNPAID, but == Meaning::Unpaid),
            (REFUSES, but == Meaning::Request),
            (UNREACHABLE, matches!(but, Meaning::Busy | Meaning::Trouble)),
        ] {
            if !keep {
                self.alarms.clear(code);
            }
        }
    }
}

#[async_trait]
impl Synthesizer for Models {
    async fn write(&self, brief: Brief<'_>) -> Result<AnswerStream, SynthesisError> {
        if brief.evidence.is_empty() {
            return Err(SynthesisError::Unusable("there is no evidence".to_owned()));
        }
        self.ask(&self.inner.prompts.answering(&brief), brief.asker, brief.waiting).await
    }
}

#[async_trait]
impl Rewriter for Models {
    async fn spell_out(&self, follow_up: FollowUp<'_>) -> Result<SpeltOut, SynthesisError> {
        let errand = self.inner.prompts.spelling(&follow_up);
        let mut answer = self.ask(&errand, follow_up.asker, Some(follow_up.waiting)).await?;
        let mut spelt =
            SpeltOut { question: None, reply: String::new(), origin: None, usage: Usage::default() };
        while let Some(piece) = answer.next().await {
            match piece? {
                Piece::Text(words) => spelt.reply.push_str(&words),
                // A mark was a number in brackets, of which a question has none.
                Piece::Cite(index) => spelt.reply.push_str(&format!("[{}]", index + 1)),
                Piece::Origin(origin) => spelt.origin = Some(origin),
                Piece::Usage(usage) => spelt.usage = usage,
            }
        }
        spelt.question = one_question(&spelt.reply);
        Ok(spelt)
    }
}

impl Models {
    /// Has an errand done by the first model that can begin.
    async fn ask(
        &self,
        errand: &Errand,
        asker: Option<&str>,
        waiting: Option<&Waiting>,
    ) -> Result<AnswerStream, SynthesisError> {
        let Some(first) = self.inner.models.first() else {
            return Err(SynthesisError::Unavailable("there is no model".to_owned()));
        };
        let begun = Instant::now();
        let deadline = begun + first.openai.settings().total_timeout;
        let mut aside = self.inner.set_aside(errand, asker).await?;
        let mut last = None;
        for (place, model) in self.inner.models.iter().enumerate() {
            let Some(pass) = model.breaker.admit() else {
                model.counts.skipped.add(1);
                continue;
            };
            if Instant::now() >= deadline {
                break;
            }
            let patience = if place + 1 < self.inner.models.len() { IMPATIENT } else { Duration::MAX };
            let left = waiting.map(|waiting| waiting.left().saturating_sub(begun.elapsed()));
            let patience = patience.min(left.unwrap_or(Duration::MAX));
            let asking = Asking {
                model,
                pass: Some(pass),
                since: Instant::now(),
                waiting,
                reads: if aside.is_some() { OpenAi::reads(errand) } else { 0 },
                aside: &mut aside,
            };
            match model.openai.begin(errand, deadline, patience).await {
                Ok(begun) => {
                    let (pass, since) = asking.over();
                    let waiting = waiting.cloned();
                    return Ok(writing::answer(
                        begun,
                        Watch::new(&self.inner, place, pass, since, waiting, aside),
                    ));
                }
                Err(failed) => {
                    if let (Some(pass), _) = asking.over() {
                        model.failed(pass, &failed.failure);
                    }
                    if let Some(aside) = &mut aside {
                        aside.take(failed.usage.prompt + failed.usage.completion);
                    }
                    let declined = failed.failure.meaning().is_none();
                    last = Some(SynthesisError::from(failed.failure));
                    // What the evidence does not say, no other model may find in it.
                    if declined {
                        break;
                    }
                }
            }
        }
        if let Some(aside) = aside {
            aside.settle().await;
        }
        Err(last.unwrap_or_else(|| {
            SynthesisError::Unavailable("every model is left alone for a while".to_owned())
        }))
    }
}

impl Inner {
    /// Sets aside what an answer takes at most; nothing where there is no budget.
    async fn set_aside(&self, errand: &Errand, asker: Option<&str>) -> Result<Option<Aside>, SynthesisError> {
        if self.limits == Limits::default() {
            return Ok(None);
        }
        // Models may differ in how much they may write.
        let most = self.models.iter().map(|model| model.openai.most_tokens(errand)).max().unwrap_or_default();
        match self.tally.set_aside(asker, most, self.limits).await {
            Ok(SetAside::Granted(day)) => {
                self.alarms.clear(BUDGET);
                Ok(Some(Aside::new(Arc::clone(&self.tally), asker, day, most)))
            }
            Ok(SetAside::Spent) => {
                self.alarms.raise(BUDGET, format!("tokens_per_day = {}", self.limits.per_day));
                Err(SynthesisError::Unavailable("budget".to_owned()))
            }
            Ok(SetAside::SpentByCitizen) => {
                tracing::info!("a citizen has taken the day's tokens; answers are quoted");
                Err(SynthesisError::Unavailable("budget of the citizen".to_owned()))
            }
            Err(error) => Err(SynthesisError::Unavailable(format!("budget: {error}"))),
        }
    }
}

/// A model that is being asked. When nobody waits any more, it has been given up, and has read what it was sent.
struct Asking<'a> {
    model: &'a Model,
    /// None when the asking is over.
    pass: Option<Pass>,
    since: Instant,
    waiting: Option<&'a Waiting>,
    /// About how many tokens it was sent.
    reads: u64,
    aside: &'a mut Option<Aside>,
}

impl Asking<'_> {
    /// The model has begun to answer, or failed; the leave to ask it, and when it was asked.
    fn over(mut self) -> (Option<Pass>, Instant) {
        (self.pass.take(), self.since)
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        let Some(pass) = self.pass.take() else { return };
        self.model.given_up(pass, self.waiting, self.since.elapsed());
        if let Some(aside) = self.aside {
            aside.take(self.reads);
        }
    }
}

#[cfg(test)]
mod tests;
