//! Putting evidence into words: by quoting it ([`extractive`]), or with language models ([`models`], one of which is
//! [`openai`]).

pub mod extractive;
pub mod models;
pub mod openai;
pub mod profiles;

pub use extractive::Extractive;
pub use models::{BreakerSettings, Limits, ModelState, Models, SetAside, Standing, Tally, Trial};
pub use openai::{ModelSettings, Prompts};
pub use profiles::{PLAIN, ProfileError, Profiles};
