//! What a model is told was wrong with its text. The sentences live in `config/prompts/faults.toml`.

use std::collections::BTreeMap;

use super::context::Locale;
use super::grounding::{Fault, FaultKind};
use super::trace::Flaw;

/// The kind of the flaw that a text leaves out too much that binds the citizen.
pub const OMISSIONS: &str = "omissions";

/// The most flaws a model is told of at once; what is wrong beyond them, a second text gets wrong again or not.
const TOLD: usize = 8;

/// The sentences, by the kind of the flaw, Chinese and English.
#[derive(Clone, Debug)]
pub struct FaultWords(BTreeMap<&'static str, (String, String)>);

/// A file that lacks a sentence.
#[derive(Debug, thiserror::Error)]
pub enum FaultWordsError {
    /// A kind without a sentence.
    #[error("there is no sentence `{0}` in both languages that holds {{words}}")]
    Missing(&'static str),
    /// A kind that is none of ours.
    #[error("there is no fault `{0}`")]
    Unknown(String),
}

impl FaultWords {
    /// Takes the sentences by the names of the kinds.
    ///
    /// # Errors
    /// Names what is missing or unknown.
    pub fn new(mut words: BTreeMap<String, (String, String)>) -> Result<Self, FaultWordsError> {
        let mut taken = BTreeMap::new();
        for kind in kinds() {
            let pair = words.remove(kind).ok_or(FaultWordsError::Missing(kind))?;
            if !pair.0.contains("{words}") || !pair.1.contains("{words}") {
                return Err(FaultWordsError::Missing(kind));
            }
            taken.insert(kind, pair);
        }
        match words.into_keys().next() {
            Some(unknown) => Err(FaultWordsError::Unknown(unknown)),
            None => Ok(Self(taken)),
        }
    }

    /// The sentences for a model that writes in this language.
    pub(super) fn sentences(&self, flaws: &[Flaw], locale: Locale) -> Vec<String> {
        flaws
            .iter()
            .take(TOLD)
            .filter_map(|flaw| {
                let (zh, en) = self.0.get(flaw.kind)?;
                let sentence = match locale {
                    Locale::Zh => zh,
                    Locale::En => en,
                };
                Some(sentence.replace("{words}", &flaw.words))
            })
            .collect()
    }
}

/// The names of all kinds of flaws.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    FaultKind::ALL.iter().map(|kind| kind.name()).chain([OMISSIONS])
}

impl From<Fault> for Flaw {
    fn from(fault: Fault) -> Self {
        Self { kind: fault.kind.name(), words: fault.words }
    }
}
