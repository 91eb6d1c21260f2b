//! Words that are not answered in the ordinary way: orders to the program, insults, what is not spoken of here, the data of
//! other people, and rulings on one's own case. The patterns live in `config/words/screen.toml`, which has a version.
//!
//! A screen helps; nothing relies on it. What a model writes is held against the evidence whether or not the words were
//! noticed here. So the patterns are narrow: a citizen who is taken for somebody else was not helped.

use std::collections::BTreeMap;

use regex::RegexSet;

use super::phrases::Phrase;
use super::trace::Ending;

/// What is noticed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Category {
    /// What is not spoken of here.
    Forbidden,
    /// Asks for the data of another person.
    Privacy,
    /// Gives the program orders.
    Injection,
    /// Insults somebody.
    Abuse,
    /// Asks for a ruling on the citizen's own case.
    OwnCase,
}

impl Category {
    /// All of them, in the order in which they are looked for: what must not be answered at all comes first.
    pub const ALL: [Self; 5] = [Self::Forbidden, Self::Privacy, Self::Injection, Self::Abuse, Self::OwnCase];

    /// Its name in the words file.
    pub fn name(self) -> &'static str {
        self.ending().name()
    }

    /// How the stage ends that noticed it.
    pub(super) fn ending(self) -> Ending {
        match self {
            Self::Forbidden => Ending::Forbidden,
            Self::Privacy => Ending::Privacy,
            Self::Injection => Ending::Injection,
            Self::Abuse => Ending::Abuse,
            Self::OwnCase => Ending::OwnCase,
        }
    }

    /// What is said to it.
    pub fn phrase(self) -> Phrase {
        match self {
            Self::Forbidden => Phrase::ScreenForbidden,
            Self::Privacy => Phrase::ScreenPrivacy,
            Self::Injection => Phrase::ScreenInjection,
            Self::Abuse => Phrase::ScreenAbuse,
            Self::OwnCase => Phrase::ScreenOwnCase,
        }
    }
}

/// What becomes of words that were noticed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// The phrase is all that is said, and a person is offered.
    Refuse,
    /// What is left of the question is answered by quoting, without a model; the phrase is said if nothing is.
    Quote,
    /// The phrase stands above the answer to what is left of the question, and a person is offered.
    Calm,
    /// The phrase stands below the answer, and a person is offered.
    Remark,
}

impl Effect {
    /// The effect of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "refuse" => Self::Refuse,
            "quote" => Self::Quote,
            "calm" => Self::Calm,
            "remark" => Self::Remark,
            _ => return None,
        })
    }
}

/// The words of one category, as written in the file.
#[derive(Clone, Debug, Default)]
pub struct CategoryWords {
    /// The name of the effect.
    pub effect: String,
    /// Patterns of which one has to occur.
    pub any: Vec<String>,
    /// Patterns of which none may occur.
    pub unless: Vec<String>,
}

/// A file of the screen that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ScreenError {
    /// A category that is none of ours.
    #[error("there is no category `{0}`")]
    UnknownCategory(String),
    /// A category without words.
    #[error("the category `{0}` is missing")]
    Missing(&'static str),
    /// An effect that is none of ours.
    #[error("`{name}`: there is no effect `{effect}`; there are refuse, quote, calm and remark")]
    UnknownEffect {
        /// The category.
        name: &'static str,
        /// The effect.
        effect: String,
    },
    /// A pattern that is not a regular expression.
    #[error("bad pattern for `{name}`")]
    BadPattern {
        /// The category.
        name: &'static str,
        /// What is wrong with it.
        source: Box<regex::Error>,
    },
}

/// Words that were noticed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Noticed {
    /// What they are.
    pub category: Category,
    /// What becomes of them.
    pub effect: Effect,
}

struct Rule {
    noticed: Noticed,
    any: RegexSet,
    unless: RegexSet,
}

impl Rule {
    fn fits(&self, folded: &str) -> bool {
        self.any.is_match(folded) && !self.unless.is_match(folded)
    }
}

/// The compiled words.
pub struct Screen {
    version: u32,
    rules: Vec<Rule>,
}

impl Screen {
    /// Compiles the words of all categories by their names.
    ///
    /// # Errors
    /// Names what is missing, unknown or malformed.
    pub fn new(version: u32, mut words: BTreeMap<String, CategoryWords>) -> Result<Self, ScreenError> {
        let mut rules = Vec::new();
        for category in Category::ALL {
            let name = category.name();
            let own = words.remove(name).ok_or(ScreenError::Missing(name))?;
            let Some(effect) = Effect::of_name(&own.effect) else {
                return Err(ScreenError::UnknownEffect { name, effect: own.effect });
            };
            let set = |patterns: &[String]| {
                RegexSet::new(patterns)
                    .map_err(|source| ScreenError::BadPattern { name, source: Box::new(source) })
            };
            let (any, unless) = (set(&own.any)?, set(&own.unless)?);
            rules.push(Rule { noticed: Noticed { category, effect }, any, unless });
        }
        match words.into_keys().next() {
            Some(unknown) => Err(ScreenError::UnknownCategory(unknown)),
            None => Ok(Self { version, rules }),
        }
    }

    /// The version of the words.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// What is to be noticed of the words, if anything is.
    pub fn notice(&self, text: &str) -> Option<Noticed> {
        let folded = folded(text);
        self.rules.iter().find(|rule| rule.fits(&folded)).map(|rule| rule.noticed)
    }

    /// The sentences in which nothing of this category is to be noticed.
    pub fn rest(&self, category: Category, text: &str) -> String {
        let rule = self.rules.iter().find(|rule| rule.noticed.category == category);
        let kept = sentences(text)
            .filter(|sentence| !rule.is_some_and(|rule| rule.any.is_match(&folded(sentence))))
            .collect::<String>();
        kept.trim().to_owned()
    }
}

/// The words in lower case, with full-width letters made narrow and without characters that nobody sees: those are how
/// orders are hidden.
pub(super) fn folded(text: &str) -> String {
    let seen = |character: &char| !matches!(character, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{ad}');
    let narrow = |character: char| match character {
        '\u{3000}' | '\u{a0}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => {
            u32::from(character).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(character)
        }
        other => other,
    };
    text.chars().filter(seen).map(narrow).collect::<String>().to_lowercase()
}

/// The sentences of a text, each with its mark. A full stop between letters or digits ends none.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut before = ' ';
        let end = rest.char_indices().find_map(|(at, character)| {
            let after = rest.get(at + character.len_utf8()..).and_then(|after| after.chars().next());
            let ends = match character {
                '。' | '！' | '？' | '；' | '!' | '?' | ';' | '\n' | '（' | '）' | '．' => true,
                '.' => !before.is_ascii_digit() && after.is_none_or(char::is_whitespace),
                _ => false,
            };
            before = character;
            ends.then_some(at + character.len_utf8())
        });
        let (sentence, left) = rest.split_at_checked(end.unwrap_or(rest.len())).unwrap_or((rest, ""));
        rest = left;
        Some(sentence)
    })
}

#[cfg(test)]
mod tests;
