//! What the model is told, and how evidence and question are handed to it: as data between tags.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::harmless::harmless;
use super::links::Links;
use crate::dialogue::{Brief, Locale};
use crate::privacy;

/// The bytes of the digest that make a version: twelve digits.
const VERSION: usize = 6;

/// The instructions, by the language of the answer.
#[derive(Clone, Debug)]
pub struct Prompts {
    zh: String,
    en: String,
    version: String,
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
        let (zh, en) = (zh.into(), en.into());
        let digest = Sha256::new().chain_update(&zh).chain_update([0]).chain_update(&en).finalize();
        let mut version = String::new();
        for byte in digest.iter().take(VERSION) {
            // Writing into a string cannot fail.
            let _written: std::fmt::Result = write!(version, "{byte:02x}");
        }
        Self { zh, en, version }
    }

    /// The instructions for a language.
    pub(super) fn system(&self, locale: Locale) -> &str {
        match locale {
            Locale::Zh => &self.zh,
            Locale::En => &self.en,
        }
    }

    /// The beginning of the digest of both texts: twelve hexadecimal digits.
    pub fn version(&self) -> &str {
        &self.version
    }
}

/// The evidence, the question, and what was wrong with the text before; with the addresses that became names. What
/// identifies the citizen does not leave the house.
pub(super) fn data(brief: &Brief<'_>) -> (String, Links) {
    let mut links = Links::default();
    let mut text = String::from("<evidence>\n");
    for (place, evidence) in brief.evidence.iter().enumerate() {
        let described = links.named(&evidence.described(), harmless);
        text.push_str(&format!("[{}] {described}\n", place + 1));
    }
    text.push_str("</evidence>\n\n<question>\n");
    text.push_str(&harmless(&privacy::mask(brief.question)));
    text.push_str("\n</question>\n");
    if !brief.faults.is_empty() {
        text.push_str("\n<faults>\n");
        for fault in brief.faults {
            // A fault may quote the text it is about, which a stranger's words may have got into.
            let line = privacy::mask(fault).split_whitespace().collect::<Vec<_>>().join(" ");
            text.push_str(&format!("- {}\n", harmless(&line)));
        }
        text.push_str("</faults>\n");
    }
    (text, links)
}
