//! Putting evidence into words: by quoting it ([`extractive`]), or with a language model ([`openai`]).

pub mod extractive;
pub mod openai;

pub use extractive::Extractive;
pub use openai::{ModelSettings, OpenAi, Prompts};
