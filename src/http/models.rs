//! How the language models stand, for the pages that say how the program is.

use adapters::Alarm;

use crate::telemetry::ModelFigures;

/// A language model, how it has done, and what is wrong with it.
pub struct ModelView {
    /// The section of the configuration.
    pub id: String,
    /// What is wrong, if anything is.
    pub alarms: Vec<Alarm>,
    /// What is counted.
    pub figures: ModelFigures,
}

/// Looks at all models.
pub type Look = Box<dyn Fn() -> Vec<ModelView> + Send + Sync>;

/// What models are called where channels are listed by their types.
pub(super) const TYPE: &str = "model";

impl super::Web {
    /// The models in the order in which they are asked; none where answers are quoted.
    pub(super) fn models(&self) -> Vec<ModelView> {
        self.models.as_ref().map(|look| look()).unwrap_or_default()
    }
}
