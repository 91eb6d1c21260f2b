//! What channels say of themselves, in words of `config/words/channels.toml`.

use serde::Deserialize;

use crate::Locale;

/// A sentence in both languages, with places such as `{url}` to be filled in.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wording {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Wording {
    /// The sentence as it stands.
    pub fn say(&self, locale: Locale) -> &str {
        match locale {
            Locale::Zh => &self.zh,
            Locale::En => &self.en,
        }
    }

    /// The sentence with its places filled in.
    pub fn fill(&self, locale: Locale, places: &[(&str, &str)]) -> String {
        places.iter().fold(self.say(locale).to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{name}}}"), value)
        })
    }
}
