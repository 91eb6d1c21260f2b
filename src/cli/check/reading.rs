//! How a model reads: whether it says so where the evidence does not answer, and only there.
//!
//! `[dialogue] ask_model_at` trusts a model to decline, and `decline_odds` says how much its declining counts. Models differ
//! in both more than in anything else that matters here, small ones above all, so every one of them is given the same few
//! questions (`config/prompts/trial.toml`) before citizens are.

use futures::StreamExt;

use crate::config::DialogueConfig;
use crate::config::words::TrialQuestion;
use crate::dialogue::evidence::Details;
use crate::dialogue::{Brief, Evidence, Locale, SynthesisError};
use crate::synthesis::Models;

/// How many questions are asked at once: few, so that no free plan's limit is met.
const AT_ONCE: usize = 3;
/// `ask_model_at` for a model that declines where it should: three in four, and one in two (docs/answers.md has what was
/// measured at these values).
const FOR_CAREFUL: f32 = 0.1;
const FOR_FAIR: f32 = 0.2;

/// What came of the questions.
#[derive(Clone, Default, PartialEq, Debug)]
pub(super) struct Reading {
    /// Questions that the evidence does not answer, and how many of them the model declined.
    foreign: Share,
    /// The same of questions that the evidence answers.
    known: Share,
    /// Why there was no reply, once for each.
    failures: Vec<String>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
struct Share {
    declined: u16,
    asked: u16,
}

/// Asks the model at this place of the order all questions.
pub(super) async fn of(models: &Models, place: usize, questions: &[TrialQuestion]) -> Reading {
    let replies = futures::stream::iter(questions).map(|own| async move {
        let evidence = [Evidence::new("trial", &own.title, &own.text, Details::Faq)];
        (own.answered, models.try_one(place, Brief::new(&own.question, &evidence, Locale::Zh)).await)
    });
    let mut reading = Reading::default();
    let mut replies = replies.buffer_unordered(AT_ONCE);
    while let Some((answered, reply)) = replies.next().await {
        let declined = match reply {
            Ok(_) => false,
            Err(SynthesisError::Refused) => true,
            Err(error) => {
                reading.failures.push(error.to_string());
                continue;
            }
        };
        let share = if answered { &mut reading.known } else { &mut reading.foreign };
        share.asked += 1;
        share.declined += u16::from(declined);
    }
    reading
}

impl Reading {
    /// What the operator is told of it, a line each, and what to set where the settings do not fit.
    pub(super) fn told(&self, settings: &DialogueConfig) -> Vec<String> {
        let Self { foreign, known, failures } = self;
        if foreign.asked < 6 || known.asked < 3 {
            let why = failures.first().map_or("no reply", String::as_str);
            return vec![format!("how it reads could not be judged 没能试出它会不会说“没有”: {why}")];
        }
        let mut lines = vec![format!(
            "答不上的 {} 问，说没有 {} 问；答得上的 {} 问，说没有 {} 问 \
             declined {} of {} questions that the evidence does not answer, {} of {} that it does",
            foreign.asked,
            foreign.declined,
            known.asked,
            known.declined,
            foreign.declined,
            foreign.asked,
            known.declined,
            known.asked,
        )];
        let fits = self.ask_model_at(settings);
        if (fits - settings.ask_model_at).abs() > f32::EPSILON {
            let (zh, en) = if fits > settings.ask_model_at {
                (
                    "太低，它该说没有时不说，会答错",
                    "is too low for a model that answers what it should decline",
                )
            } else {
                ("可以更低，少拒答一些", "may be lower, so that less is refused")
            };
            lines.push(format!(
                "[dialogue] ask_model_at = {} {zh}：改为 {fits} {en}: set {fits}",
                settings.ask_model_at
            ));
        }
        let odds = self.decline_odds();
        if odds < settings.decline_odds && known.declined > 0 {
            lines.push(format!(
                "[dialogue] decline_odds = {} 太高，它答得上的也说没有：改为 {odds} \
                 is too high for a model that declines what it should answer: set {odds}",
                settings.decline_odds
            ));
        }
        lines
    }

    /// From which confidence on this model may be asked. One that was found to be careful may be asked about more than
    /// these few questions can justify, where the city has measured it.
    fn ask_model_at(&self, settings: &DialogueConfig) -> f32 {
        let Share { declined, asked } = self.foreign;
        if u32::from(declined) * 4 >= u32::from(asked) * 3 {
            settings.ask_model_at.min(FOR_CAREFUL)
        } else if u32::from(declined) * 2 >= u32::from(asked) {
            FOR_FAIR
        } else {
            settings.answer_at
        }
    }

    /// How many times rarer the model declines where there is an answer, by these questions; half a question is added to
    /// each count, because of so few none is never.
    fn decline_odds(&self) -> f32 {
        let often = |share: Share| (f32::from(share.declined) + 0.5) / (f32::from(share.asked) + 1.0);
        (often(self.foreign) / often(self.known)).round().max(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, words};

    fn settings() -> DialogueConfig {
        Config::load(&[], std::path::Path::new("data")).unwrap().dialogue
    }

    fn reading(foreign: u16, known: u16) -> Reading {
        let share = |declined, asked| Share { declined, asked };
        Reading { foreign: share(foreign, 12), known: share(known, 6), ..Reading::default() }
    }

    #[test]
    fn a_model_that_declines_where_it_should_fits_what_ships() {
        for (foreign, known) in [(12, 0), (9, 0)] {
            let lines = reading(foreign, known).told(&settings());
            assert_eq!(lines.len(), 1, "{lines:?}");
            assert!(lines[0].contains(&format!("declined {foreign} of 12")), "{lines:?}");
        }
    }

    #[test]
    fn one_that_never_declines_is_not_to_be_asked_about_what_is_unsure() {
        let shipped = settings();
        let lines = reading(2, 0).told(&shipped);
        assert!(lines[1].contains(&format!("set {}", shipped.answer_at)), "{lines:?}");
        let lines = reading(7, 0).told(&shipped);
        assert!(lines[1].contains("set 0.2"), "{lines:?}");
        let fitting = DialogueConfig { ask_model_at: shipped.answer_at, ..shipped };
        assert_eq!(reading(2, 0).told(&fitting).len(), 1);
    }

    #[test]
    fn one_that_always_declines_counts_for_nothing() {
        let lines = reading(12, 6).told(&settings());
        assert!(lines[1].contains("decline_odds") && lines[1].contains("set 1"), "{lines:?}");
        let lines = reading(11, 2).told(&settings());
        assert!(lines[1].contains("decline_odds") && lines[1].contains("set 2"), "{lines:?}");
    }

    #[test]
    fn too_careful_a_setting_is_told_and_a_bolder_one_is_left_to_whoever_measured_it() {
        let careful = DialogueConfig { ask_model_at: 0.4, ..settings() };
        assert!(reading(12, 0).told(&careful)[1].contains("may be lower"));
        let measured = DialogueConfig { ask_model_at: 0.05, ..settings() };
        assert_eq!(reading(12, 0).told(&measured).len(), 1);
    }

    #[test]
    fn without_replies_nothing_is_judged() {
        let reading = Reading { failures: vec!["timed out".to_owned()], ..Reading::default() };
        let lines = reading.told(&settings());
        assert!(lines.len() == 1 && lines[0].contains("timed out"), "{lines:?}");
    }

    #[test]
    fn the_questions_are_of_both_kinds_and_nothing_is_asked_twice() {
        let questions = words::trial().unwrap();
        let known = questions.iter().filter(|own| own.answered).count();
        assert!(known >= 6 && questions.len() - known >= 12, "{known} of {}", questions.len());
        let mut asked: Vec<&str> = questions.iter().map(|own| own.question.as_str()).collect();
        asked.sort_unstable();
        asked.dedup();
        assert_eq!(asked.len(), questions.len());
    }
}
