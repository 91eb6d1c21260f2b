//! The identity of an entry.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How long an id may be, in characters. It becomes part of store keys and of URLs.
const MAX_CHARS: usize = 128;

/// Names one entry. Letters of the ASCII alphabet, digits, `.`, `_`, `:`, `-` and Chinese characters: what can stand
/// in a URL path, a store key and a spreadsheet cell without being quoted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EntryId(String);

/// Why a text cannot be an [`EntryId`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidId {
    /// Give the entry an id.
    #[error("an id must not be empty")]
    Empty,
    /// Shorten the id.
    #[error("an id has at most {MAX_CHARS} characters, this one has {0}")]
    TooLong(usize),
    /// Take this character out.
    #[error("an id consists of letters, digits, `.`, `_`, `:`, `-` and Chinese characters, not `{}`", .0.escape_debug())]
    Character(char),
}

impl EntryId {
    /// Checks a text and makes it an id.
    pub fn new(text: impl Into<String>) -> Result<EntryId, InvalidId> {
        let text = text.into();
        if text.is_empty() {
            return Err(InvalidId::Empty);
        }
        if let Some(bad) = text.chars().find(|&c| !allowed(c)) {
            return Err(InvalidId::Character(bad));
        }
        match text.chars().count() {
            length if length > MAX_CHARS => Err(InvalidId::TooLong(length)),
            _ => Ok(EntryId(text)),
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn allowed(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c, '.' | '_' | ':' | '-' | '〇')
        || matches!(c, '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}')
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for EntryId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl FromStr for EntryId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<EntryId, InvalidId> {
        EntryId::new(text)
    }
}

impl TryFrom<String> for EntryId {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<EntryId, InvalidId> {
        EntryId::new(text)
    }
}

impl From<EntryId> for String {
    fn from(id: EntryId) -> String {
        id.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_would_need_quoting_are_refused() {
        for good in ["a", "sb-0001", "医保:报销.2026_v1", &"x".repeat(128)] {
            assert!(EntryId::new(good).is_ok(), "{good}");
        }
        assert_eq!(EntryId::new(""), Err(InvalidId::Empty));
        assert_eq!(EntryId::new("a/b"), Err(InvalidId::Character('/')));
        assert_eq!(EntryId::new("a b"), Err(InvalidId::Character(' ')));
        assert_eq!(EntryId::new("中".repeat(129)), Err(InvalidId::TooLong(129)));
    }
}
