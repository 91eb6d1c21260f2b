//! What the model is told, and how evidence and question are handed to it: as data between tags.

use crate::dialogue::{Brief, Locale};
use crate::privacy;

/// The instructions, by the language of the answer.
#[derive(Clone, Debug)]
pub struct Prompts {
    zh: String,
    en: String,
}

impl Default for Prompts {
    fn default() -> Self {
        Self::new(
            include_str!("../../../config/prompts/answer.zh.md"),
            include_str!("../../../config/prompts/answer.en.md"),
        )
    }
}

impl Prompts {
    /// Instructions of one's own, Chinese and English.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }

    /// The instructions for a language.
    pub(super) fn system(&self, locale: Locale) -> &str {
        match locale {
            Locale::Zh => &self.zh,
            Locale::En => &self.en,
        }
    }
}

/// The evidence and the question. What identifies the citizen does not leave the house.
pub(super) fn data(brief: &Brief<'_>) -> String {
    let mut text = String::from("<evidence>\n");
    for (place, evidence) in brief.evidence.iter().enumerate() {
        text.push_str(&format!("[{}] {}\n", place + 1, harmless(&evidence.described())));
    }
    text.push_str("</evidence>\n\n<question>\n");
    text.push_str(&harmless(&privacy::mask(brief.question)));
    text.push_str("\n</question>\n");
    text
}

/// The text without anything that could close or open one of our tags.
fn harmless(text: &str) -> String {
    let mut safe = text.replace("</", "＜/");
    for tag in ["<evidence", "<question"] {
        safe = safe.replace(tag, &tag.replace('<', "＜"));
    }
    safe
}
