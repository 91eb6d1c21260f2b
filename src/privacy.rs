//! Hides what identifies a person: identity cards, mobile phones, bank cards, e-mail addresses, passports.
//!
//! A label takes the place of each number, so that a sentence keeps its sense. Where a check digit exists it has to be
//! right, so that amounts, dates, document numbers and hotlines stay as they were written.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

mod digits;

const IDENTITY_CARD: &str = "【身份证号】";
const MOBILE: &str = "【手机号】";
const BANK_CARD: &str = "【银行卡号】";
const EMAIL: &str = "【邮箱】";
const PASSPORT: &str = "【证件号】";

static EMAIL_PATTERN: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}").ok());

/// A number of letters and digits is a passport's only after a word that says so; without a letter in it, only after
/// a word that says "number", because a day such as 20260101 is written the same way.
static PASSPORT_PATTERN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)(?:护照|旅行证|通行证|回乡证|台胞证|passport)",
        r"(?:[\s.:：#是为(（]{0,6}(?P<lettered>[a-z]{1,2}[\s-]?\d{6,10}|\d{2,4}[a-z]\d{4,6})",
        r"|\s*(?:号码|证号|编号|号|number|num|no)[\s.:：#是为(（]{0,6}(?P<numbered>[a-z]{0,2}[\s-]?\d{6,10}))",
        r"(?-u:\b)"
    ))
    .ok()
});

/// A place in a text that identifies a person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// Where, in bytes of the text as it was given.
    pub range: Range<usize>,
    /// What takes its place.
    pub label: &'static str,
    /// Whether offices publish such things as well: telephone numbers, e-mail addresses.
    pub published: bool,
}

/// Finds what identifies a person, in the order in which it stands.
pub fn places(text: &str) -> Vec<Place> {
    let folded = Folded::new(text);
    let mut found: Vec<(Range<usize>, &'static str)> = Vec::new();
    if let Some(pattern) = &*EMAIL_PATTERN {
        found.extend(pattern.find_iter(&folded.text).map(|hit| (hit.range(), EMAIL)));
    }
    if let Some(pattern) = &*PASSPORT_PATTERN {
        let numbers = pattern.captures_iter(&folded.text).filter_map(|hit| {
            hit.name("lettered").or_else(|| hit.name("numbered")).map(|number| number.range())
        });
        found.extend(numbers.map(|range| (range, PASSPORT)));
    }
    found.extend(digits::find(&folded.text));
    found.sort_by_key(|(range, _)| (range.start, usize::MAX - range.end));
    found
        .into_iter()
        .map(|(range, label)| Place {
            range: folded.original(range.start)..folded.original(range.end),
            label,
            published: matches!(label, MOBILE | EMAIL),
        })
        .collect()
}

/// Puts labels in the place of what identifies a person; borrows when there is nothing to hide.
pub fn mask(text: &str) -> Cow<'_, str> {
    let found = places(text);
    if found.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut masked = String::with_capacity(text.len());
    let mut end = 0;
    for Place { range, label, .. } in found {
        // Two kinds can claim the same characters, as a mobile number before an @ does.
        if range.start >= end {
            masked.push_str(text.get(end..range.start).unwrap_or_default());
            masked.push_str(label);
        }
        end = end.max(range.end);
    }
    masked.push_str(text.get(end..).unwrap_or_default());
    Cow::Owned(masked)
}

/// The text with full-width letters, digits and signs made narrow, and the way back to the original.
struct Folded {
    text: String,
    /// Pairs of offsets, folded and original, of every character and of the end.
    offsets: Vec<(usize, usize)>,
}

impl Folded {
    fn new(original: &str) -> Self {
        let mut text = String::with_capacity(original.len());
        let mut offsets = Vec::with_capacity(original.len() + 1);
        for (place, character) in original.char_indices() {
            offsets.push((text.len(), place));
            text.push(narrow(character));
        }
        offsets.push((text.len(), original.len()));
        Self { text, offsets }
    }

    fn original(&self, folded: usize) -> usize {
        let place = self.offsets.partition_point(|&(at, _)| at < folded);
        self.offsets.get(place).or(self.offsets.last()).map_or(0, |&(_, original)| original)
    }
}

fn narrow(character: char) -> char {
    match character {
        '\u{3000}' | '\u{a0}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => {
            u32::from(character).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(character)
        }
        _ => character,
    }
}

#[cfg(test)]
mod tests;
