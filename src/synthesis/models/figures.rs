//! What is counted of models, for the metrics.

use std::sync::atomic::{AtomicU64, Ordering};

use adapters::Alarm;

use super::breaker::Standing;
use crate::dialogue::ports::Usage;

/// How a model has done up to now.
#[derive(Clone, Debug)]
pub struct ModelState {
    /// The section of the configuration.
    pub section: String,
    /// The model's name.
    pub model: String,
    /// Whether it is left alone.
    pub standing: Standing,
    /// How often it was asked, by what came of it: `answered`, `declined`, `failed`, `given_up`, `skipped`.
    pub asked: Vec<(&'static str, u64)>,
    /// What it took, as far as servers say.
    pub told: Usage,
    /// What is wrong with it.
    pub alarms: Vec<Alarm>,
}

/// The counts of one model.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) answered: Count,
    pub(super) declined: Count,
    pub(super) failed: Count,
    pub(super) given_up: Count,
    pub(super) skipped: Count,
    pub(super) prompt: Count,
    pub(super) completion: Count,
}

#[derive(Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub(super) fn add(&self, number: u64) {
        self.0.fetch_add(number, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counts {
    pub(super) fn asked(&self) -> Vec<(&'static str, u64)> {
        [
            ("answered", &self.answered),
            ("declined", &self.declined),
            ("failed", &self.failed),
            ("given_up", &self.given_up),
            ("skipped", &self.skipped),
        ]
        .map(|(how, count)| (how, count.get()))
        .to_vec()
    }

    pub(super) fn told(&self) -> Usage {
        Usage { prompt: self.prompt.get(), completion: self.completion.get() }
    }
}
