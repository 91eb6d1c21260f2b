//! The weights of the second stage: from features to an order and a confidence.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use super::features::{COUNT, Feature, Features};
use crate::index::Corpus;

/// The weights that ship, with how they were found and what they reached.
const SHIPPED: &str = include_str!("../../weights.toml");

/// What the confidence looks at beside the features of an entry.
pub(crate) mod about {
    /// Names, in the order of [`super::About`].
    pub(crate) const NAMES: [&str; COUNT] = ["score", "margin", "unknown", "rivals", "length", "vague"];
    /// How many there are.
    pub(crate) const COUNT: usize = 6;
    /// The place of the question's length.
    pub(crate) const LENGTH: usize = 4;
}

/// What the confidence looks at beside the features of an entry.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct About {
    /// What the order is by.
    pub score: f32,
    /// By how much it is above the best of the others.
    pub margin: f32,
    /// How much of the question's content no entry has.
    pub unknown: f32,
    /// How many others are nearly as good.
    pub rivals: f32,
    /// How long the question is.
    pub length: f32,
    /// 1 if the question has no content word.
    pub vague: f32,
}

/// Entries whose score is so near are rivals for the first place.
const NEAR: f32 = 0.5;

/// A margin beyond this says no more.
const MAX_MARGIN: f32 = 3.0;

impl About {
    /// The same question's, for an entry of that score among others.
    pub(crate) fn among(self, score: f32, others: impl Iterator<Item = f32>) -> About {
        let (mut best, mut rivals) = (score - MAX_MARGIN, 0.0_f32);
        for other in others {
            best = best.max(other);
            rivals += f32::from(u8::from(score - other < NEAR));
        }
        let margin = (score - best).clamp(-MAX_MARGIN, MAX_MARGIN);
        About { score, margin, rivals: rivals.ln_1p(), ..self }
    }

    /// All of them, in the order of their names.
    pub const fn values(&self) -> [f32; about::COUNT] {
        [self.score, self.margin, self.unknown, self.rivals, self.length, self.vague]
    }
}

/// The weights for one kind of knowledge base.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// What each feature counts in the order.
    pub ranking: [f32; COUNT],
    /// The log-odds of a first hit of which nothing is known.
    pub bias: f32,
    /// What each feature counts in the log-odds that the entry answers.
    pub confidence: [f32; COUNT],
    /// What the rest counts there.
    pub about: [f32; about::COUNT],
}

impl Default for Weights {
    fn default() -> Weights {
        Weights { ranking: [0.0; COUNT], bias: 0.0, confidence: [0.0; COUNT], about: [0.0; about::COUNT] }
    }
}

/// The weights for every kind of knowledge base.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Model {
    /// For entries that are found by their questions.
    pub questions: Weights,
    /// For entries that are found by what they say.
    pub passages: Weights,
}

/// Why a file of weights is refused.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// Mend the file.
    #[error("the file of weights is not well-formed: {0}")]
    Malformed(#[from] toml::de::Error),
    /// Mend the name.
    #[error("there is no feature `{0}`")]
    UnknownFeature(String),
}

/// A model as it stands in a file.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct File {
    questions: Section,
    passages: Section,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Section {
    ranking: BTreeMap<String, f32>,
    confidence: BTreeMap<String, f32>,
}

impl Model {
    /// The model that ships.
    pub fn shipped() -> Arc<Model> {
        static SHARED: OnceLock<Arc<Model>> = OnceLock::new();
        // A test reads the file, so that it is well-formed; an empty model would still rank by nothing and answer nothing.
        Arc::clone(SHARED.get_or_init(|| Arc::new(Model::read(SHIPPED).unwrap_or_default())))
    }

    /// Reads a file of weights. A feature that is not named counts nothing.
    pub fn read(text: &str) -> Result<Model, ModelError> {
        let file: File = toml::from_str(text)?;
        Ok(Model { questions: file.questions.weights()?, passages: file.passages.weights()? })
    }

    /// A short fingerprint: equal weights have equal ones on every machine (FNV-1a over what they are).
    pub fn fingerprint(&self) -> String {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for weights in [&self.questions, &self.passages] {
            let values = weights.ranking.iter().chain([&weights.bias]).chain(&weights.confidence);
            for byte in values.chain(&weights.about).flat_map(|weight| weight.to_bits().to_le_bytes()) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        format!("{:08x}", hash >> 32)
    }

    /// The file of these weights, with what is to be said of them on top. Weights that count nothing are left out.
    pub fn write(&self, comment: &str) -> String {
        let mut text: String =
            comment.lines().map(|line| format!("# {line}").trim_end().to_owned() + "\n").collect();
        for (name, weights) in [("questions", &self.questions), ("passages", &self.passages)] {
            let mut section = |part: &str, lines: &mut dyn Iterator<Item = (&str, f32)>| {
                text.push_str(&format!("\n[{name}.{part}]\n"));
                for (name, weight) in lines.filter(|(_, weight)| weight.abs() >= 0.000_5) {
                    text.push_str(&format!("{name} = {weight:.3}\n"));
                }
            };
            let named = || Feature::ALL.into_iter().map(Feature::name);
            section("ranking", &mut named().zip(weights.ranking));
            let confidence = std::iter::once(("bias", weights.bias))
                .chain(named().zip(weights.confidence))
                .chain(about::NAMES.into_iter().zip(weights.about));
            section("confidence", &mut confidence.into_iter());
        }
        text
    }

    /// The weights for that kind of knowledge base.
    pub(crate) const fn weights(&self, corpus: Corpus) -> &Weights {
        match corpus {
            Corpus::Questions => &self.questions,
            Corpus::Passages => &self.passages,
        }
    }
}

impl Section {
    fn weights(self) -> Result<Weights, ModelError> {
        let mut weights = Weights::default();
        let place = |name: &str| Feature::ALL.iter().position(|feature| feature.name() == name);
        for (name, weight) in self.ranking {
            let at = place(&name).ok_or_else(|| ModelError::UnknownFeature(name.clone()))?;
            weights.ranking[at] = weight;
        }
        for (name, weight) in self.confidence {
            if name == "bias" {
                weights.bias = weight;
            } else if let Some(at) = about::NAMES.iter().position(|other| *other == name) {
                weights.about[at] = weight;
            } else {
                let at = place(&name).ok_or_else(|| ModelError::UnknownFeature(name.clone()))?;
                weights.confidence[at] = weight;
            }
        }
        Ok(weights)
    }
}

impl Weights {
    /// What hits are ordered by.
    pub(crate) fn score(&self, features: &Features) -> f32 {
        features.values().iter().zip(&self.ranking).map(|(value, weight)| value * weight).sum()
    }

    /// The probability that the entry answers.
    pub(crate) fn confidence(&self, features: &Features, about: &About) -> f32 {
        let seen: f32 =
            features.values().iter().zip(&self.confidence).map(|(value, weight)| value * weight).sum();
        let rest: f32 = about.values().iter().zip(&self.about).map(|(value, weight)| value * weight).sum();
        1.0 / (1.0 + (-(self.bias + seen + rest)).exp())
    }
}
