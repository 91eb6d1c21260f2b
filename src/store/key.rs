//! Keys: what they may hold, how they sort, and ranges of them.
//!
//! A key is a collection (its *space*) and a path of parts, written so that the order of the bytes is the order of
//! the parts: `space 0x00 part…`, where a number is `0x01` and eight big-endian bytes, and a text is `0x02`, its UTF-8
//! with every `0x00` written as `0x00 0xff`, and `0x00`. No two paths share an encoding, and no tag is `0xff`, so
//! "a path and everything below it" ends exactly at that path followed by `0xff`.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;
use std::sync::LazyLock;

const END: u8 = 0x00;
const NUMBER: u8 = 0x01;
const TEXT: u8 = 0x02;
const ABOVE_EVERY_TAG: u8 = 0xff;

/// Seeds the short hashes that logs show. It changes with every start: a fixed hash of a phone number or an OpenID
/// could be undone by trying all of them.
static LOG_HASH: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// One step of a key's path, as the caller writes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part<'a> {
    /// Sorts by its UTF-8 bytes.
    Text(&'a str),
    /// Sorts by its value, before every text.
    Number(u64),
}

impl<'a> From<&'a str> for Part<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Part<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Part<'_> {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

/// One step of a key's path, as read back from a key.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
pub enum OwnedPart {
    /// A text.
    Text(String),
    /// A number.
    Number(u64),
}

impl OwnedPart {
    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(_) => None,
        }
    }

    /// The number, if it is one.
    pub fn number(&self) -> Option<u64> {
        match self {
            Self::Text(_) => None,
            Self::Number(number) => Some(*number),
        }
    }

    fn borrowed(&self) -> Part<'_> {
        match self {
            Self::Text(text) => Part::Text(text),
            Self::Number(number) => Part::Number(*number),
        }
    }
}

/// These bytes are no key.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadKey(&'static str);

/// Names one record. Keys are ordered bytewise, which is the order of their parts.
///
/// `Display` and `Debug` show the space and a short hash only, because parts may hold what identifies a person.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Vec<u8>);

impl Key {
    /// The key of `parts` in the collection `space`.
    ///
    /// # Panics
    ///
    /// If `space` is empty or holds anything but lower-case ASCII letters, digits, `_`, `-` and `.`: spaces are
    /// written in the program's text, so the first test that uses a bad one finds it.
    pub fn new(space: &'static str, parts: &[Part<'_>]) -> Self {
        Self(encode(space, parts))
    }

    /// Reads a key back from the bytes a store kept.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, BadKey> {
        parse(&bytes)?;
        Ok(Self(bytes))
    }

    /// Builds the key again from what [`Key::space`] and [`Key::parts`] returned.
    pub fn from_parts(space: &str, parts: &[OwnedPart]) -> Result<Self, BadKey> {
        if !is_space(space.as_bytes()) {
            return Err(BadKey("its space has no legal name"));
        }
        let parts: Vec<Part<'_>> = parts.iter().map(OwnedPart::borrowed).collect();
        Ok(Self(encode(space, &parts)))
    }

    /// The collection the key belongs to.
    pub fn space(&self) -> &str {
        let name = self.0.split(|byte| *byte == END).next().unwrap_or_default();
        str::from_utf8(name).unwrap_or_default()
    }

    /// The path, decoded.
    pub fn parts(&self) -> Vec<OwnedPart> {
        parse(&self.0).unwrap_or_default()
    }

    /// The encoded key, which is what a store sorts by.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{:08x}", self.space(), LOG_HASH.hash_one(&self.0) >> 32)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A run of keys: from its start, included, to its end, excluded.
#[derive(Clone, PartialEq, Eq)]
pub struct Range {
    start: Vec<u8>,
    end: Vec<u8>,
}

impl Range {
    /// The key of exactly these parts and every key whose path begins with them. Without parts: the whole space.
    ///
    /// # Panics
    ///
    /// As [`Key::new`] does.
    pub fn prefix(space: &'static str, parts: &[Part<'_>]) -> Self {
        let start = encode(space, parts);
        let mut end = start.clone();
        end.push(ABOVE_EVERY_TAG);
        Self { start, end }
    }

    /// Every key of every space.
    pub fn all() -> Self {
        Self { start: vec![END + 1], end: vec![ABOVE_EVERY_TAG] }
    }

    /// Only the keys that come after `key`, which is how the next page begins.
    #[must_use]
    pub fn after(mut self, key: &Key) -> Self {
        let mut start = key.0.clone();
        start.push(0);
        self.start = self.start.max(start);
        self
    }

    /// Only the keys that come before `key`, which is how the next page of a reverse scan ends.
    #[must_use]
    pub fn before(mut self, key: &Key) -> Self {
        if key.0 < self.end {
            self.end.clone_from(&key.0);
        }
        self
    }

    /// The first bytes that belong to the range.
    pub fn start(&self) -> &[u8] {
        &self.start
    }

    /// The first bytes that no longer belong to the range.
    pub fn end(&self) -> &[u8] {
        &self.end
    }

    /// Whether no key can lie in it. Ordered maps panic or err on a start beyond the end, so stores ask first.
    pub fn is_empty(&self) -> bool {
        self.start >= self.end
    }
}

impl fmt::Debug for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Range({})", Key(self.start.clone()))
    }
}

fn encode(space: &str, parts: &[Part<'_>]) -> Vec<u8> {
    assert!(is_space(space.as_bytes()), "`{space}` can't name a space");
    let mut bytes = Vec::with_capacity(space.len() + 1 + parts.len() * 40);
    bytes.extend_from_slice(space.as_bytes());
    bytes.push(END);
    for part in parts {
        match part {
            Part::Number(number) => {
                bytes.push(NUMBER);
                bytes.extend_from_slice(&number.to_be_bytes());
            }
            Part::Text(text) => {
                bytes.push(TEXT);
                for byte in text.bytes() {
                    bytes.push(byte);
                    if byte == END {
                        bytes.push(ABOVE_EVERY_TAG);
                    }
                }
                bytes.push(END);
            }
        }
    }
    bytes
}

fn is_space(name: &[u8]) -> bool {
    let legal = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.".contains(byte);
    !name.is_empty() && name.iter().all(legal)
}

fn parse(bytes: &[u8]) -> Result<Vec<OwnedPart>, BadKey> {
    let end_of_space = bytes.iter().position(|byte| *byte == END).ok_or(BadKey("its space has no end"))?;
    let (space, rest) = bytes.split_at(end_of_space);
    if !is_space(space) {
        return Err(BadKey("its space has no legal name"));
    }
    let mut rest = rest.get(1..).unwrap_or_default();
    let mut parts = Vec::new();
    while let Some((tag, after_tag)) = rest.split_first() {
        let (part, after_part) = match *tag {
            NUMBER => parse_number(after_tag)?,
            TEXT => parse_text(after_tag)?,
            _ => return Err(BadKey("it has a part of unknown kind")),
        };
        parts.push(part);
        rest = after_part;
    }
    Ok(parts)
}

fn parse_number(bytes: &[u8]) -> Result<(OwnedPart, &[u8]), BadKey> {
    let (number, rest) = bytes.split_first_chunk::<8>().ok_or(BadKey("a number of it is cut off"))?;
    Ok((OwnedPart::Number(u64::from_be_bytes(*number)), rest))
}

fn parse_text(bytes: &[u8]) -> Result<(OwnedPart, &[u8]), BadKey> {
    let mut text = Vec::new();
    let mut rest = bytes;
    loop {
        let (byte, after) = rest.split_first().ok_or(BadKey("a text of it has no end"))?;
        rest = after;
        if *byte != END {
            text.push(*byte);
        } else if rest.first() == Some(&ABOVE_EVERY_TAG) {
            text.push(END);
            rest = rest.get(1..).unwrap_or_default();
        } else {
            break;
        }
    }
    let text = String::from_utf8(text).map_err(|_| BadKey("a text of it is not UTF-8"))?;
    Ok((OwnedPart::Text(text), rest))
}

#[cfg(test)]
mod tests;
