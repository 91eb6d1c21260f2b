//! What is counted of how answers come about. All names are of closed sets (`dialogue/trace.rs`), so labels are bounded.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::{Metrics, seconds};

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Stage {
    stage: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct StageEnded {
    stage: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Author {
    by: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
}

/// The counters.
#[derive(Clone)]
pub(super) struct AnswerCounters {
    stages: Family<StageEnded, Counter>,
    stage_seconds: Family<Stage, Histogram>,
    answers: Family<Author, Counter>,
    faults: Family<Kind, Counter>,
}

impl Default for AnswerCounters {
    fn default() -> Self {
        Self {
            stages: Family::default(),
            stage_seconds: Family::new_with_constructor(seconds),
            answers: Family::default(),
            faults: Family::default(),
        }
    }
}

impl AnswerCounters {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("stages", "Stages of turns, by how they ended", self.stages.clone());
        registry.register_with_unit(
            "stage",
            "How long the stages of turns took",
            Unit::Seconds,
            self.stage_seconds.clone(),
        );
        registry.register("answers", "Answers from evidence, by who wrote them", self.answers.clone());
        registry.register(
            "answer_faults",
            "What did not hold in texts of models, by kind",
            self.faults.clone(),
        );
    }
}

impl Metrics {
    /// A stage of a turn was passed.
    pub fn stage(&self, stage: &'static str, outcome: &'static str, took: Duration) {
        self.answers.stages.get_or_create(&StageEnded { stage, outcome }).inc();
        self.answers.stage_seconds.get_or_create(&Stage { stage }).observe(took.as_secs_f64());
    }

    /// An answer was written: `model`, `rewrite`, `quote` or `cache`.
    pub fn answer(&self, by: &'static str) {
        self.answers.answers.get_or_create(&Author { by }).inc();
    }

    /// Something did not hold in a text of a model.
    pub fn answer_fault(&self, kind: &'static str) {
        self.answers.faults.get_or_create(&Kind { kind }).inc();
    }
}
