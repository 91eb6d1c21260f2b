//! Hides what identifies a person: identity cards, mobile phones, bank cards, e-mail addresses, passports, the addresses of
//! homes, and the codes of sole traders.
//!
//! A label takes the place of each number, so that a sentence keeps its sense. Where a check digit exists it has to be
//! right, so that amounts, dates, document numbers and hotlines stay as they were written.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

mod addresses;
mod credit;
mod digits;
mod hidden;

pub use hidden::Hidden;

/// The label of identity cards.
pub const IDENTITY_CARD: &str = "【身份证号】";
/// The label of mobile phones.
pub const MOBILE: &str = "【手机号】";
/// The label of bank cards.
pub const BANK_CARD: &str = "【银行卡号】";
const EMAIL: &str = "【邮箱】";
const PASSPORT: &str = "【证件号】";
const ADDRESS: &str = "【住址】";
const CREDIT_CODE: &str = "【信用代码】";

/// All labels.
const LABELS: [&str; 7] = [IDENTITY_CARD, MOBILE, BANK_CARD, EMAIL, PASSPORT, ADDRESS, CREDIT_CODE];

static EMAIL_PATTERN: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}").ok());

/// A number of letters and digits is a passport's only after a word that says so; without a letter in it, only after
/// a word that says "number", because a day such as 20260101 is written the same way.
static PASSPORT_PATTERN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)(?:护照|旅行证|通行证|回乡证|台胞证|passport)",
        r"(?:[\s.:：#是为(（]{0,6}(?P<lettered>[a-z]{1,2}[\s-]?(?:\d{4}[\s-]\d{4}|\d{6,10})|\d{2,4}[a-z]\d{4,6})",
        r"|\s*(?:号码|证号|编号|号|number|num|no)[\s.:：#是为(（]{0,6}(?P<numbered>[a-z]{0,2}[\s-]?(?:\d{4}[\s-]\d{4}|\d{6,10})))",
        r"(?-u:\b)"
    ))
    .ok()
});

/// The permit of people from Taiwan has eight digits, or ten in its old form, and no letter.
static PERMIT_PATTERN: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?:台胞证|来往大陆通行证)\D{0,6}?(\d{8}(?:\d{2})?)(?-u:\b)").ok());

/// Identity cards of before 1999 have fifteen digits and no check digit, so the word has to stand before them.
static OLD_CARD_PATTERN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?:身份证|15位)\D{0,14}?(?P<card>(\d{6})[ -]?(\d{6})[ -]?\d{3})(?-u:\b)").ok()
});

/// Whether six digits are a day: year, month, day.
fn is_birthday(digits: &str) -> bool {
    let part = |from: usize| digits.get(from..from + 2).and_then(|part| part.parse::<u8>().ok());
    part(2).is_some_and(|month| (1..=12).contains(&month))
        && part(4).is_some_and(|day| (1..=31).contains(&day))
}

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
    if let Some(pattern) = &*PERMIT_PATTERN {
        let numbers = pattern.captures_iter(&folded.text).filter_map(|hit| hit.get(1));
        found.extend(numbers.map(|number| (number.range(), PASSPORT)));
    }
    if let Some(pattern) = &*OLD_CARD_PATTERN {
        let cards = pattern.captures_iter(&folded.text).filter(|hit| is_birthday(&hit[3]));
        found.extend(cards.filter_map(|hit| hit.name("card")).map(|card| (card.range(), IDENTITY_CARD)));
    }
    found.extend(digits::find(&folded.text));
    found.extend(credit::find(&folded.text).into_iter().map(|range| (range, CREDIT_CODE)));
    found.extend(addresses::find(&folded.text).into_iter().map(|range| (range, ADDRESS)));
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
    match hidden::split(text) {
        Some((masked, _)) => Cow::Owned(masked),
        None => Cow::Borrowed(text),
    }
}

/// Whether a label stands in the text.
pub fn is_labelled(text: &str) -> bool {
    text.contains('【') && LABELS.iter().any(|label| text.contains(label))
}

/// A clause that ends in a label and says no more than this beside it only tells the value: "我的身份证号码是【身份证号】".
const TELLS_ONLY: usize = 8;

/// What is asked in a text, without what it tells of a person: no label, and no clause that says little but one.
pub fn without_labels(text: &str) -> Cow<'_, str> {
    if !is_labelled(text) {
        return Cow::Borrowed(text);
    }
    let bare = |text: &str| LABELS.iter().fold(text.to_owned(), |text, label| text.replace(label, " "));
    let is_end =
        |character| matches!(character, '，' | '。' | '；' | '？' | '！' | ',' | ';' | '?' | '!' | '\n');
    let says = |text: &str| text.chars().filter(|character| character.is_alphanumeric()).count();
    let tells = |clause: &str| {
        let words = clause.trim_end_matches(|character: char| is_end(character) || character.is_whitespace());
        LABELS.iter().any(|label| words.ends_with(label)) && says(&bare(words)) <= TELLS_ONLY
    };
    let asked: String = text.split_inclusive(is_end).filter(|clause| !tells(clause)).map(bare).collect();
    Cow::Owned(if says(&asked) == 0 { bare(text) } else { asked })
}

/// Puts what was hidden of `words` back into a text that was written from the masked words, for whoever wrote them. A label
/// that stands for two different things there, or that the words themselves hold, stays: nobody knows which is meant.
pub fn give_back<'a>(text: &'a str, words: &str) -> Cow<'a, str> {
    // All labels begin like this.
    if !text.contains('【') {
        return Cow::Borrowed(text);
    }
    let mut hidden: Vec<(&'static str, Option<&str>)> = Vec::new();
    let mut end = 0;
    for Place { range, label, .. } in places(words) {
        if range.start < end {
            continue;
        }
        end = range.end;
        let value = words.get(range);
        match hidden.iter_mut().find(|(known, _)| *known == label) {
            Some((_, known)) if *known == value => {}
            Some((_, known)) => *known = None,
            None => hidden.push((label, value.filter(|_| !words.contains(label)))),
        }
    }
    let mut given = Cow::Borrowed(text);
    for (label, value) in hidden {
        if let Some(value) = value.filter(|_| given.contains(label)) {
            given = Cow::Owned(given.replace(label, value));
        }
    }
    given
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
        let spoken = spoken(original);
        for (place, character) in original.char_indices() {
            offsets.push((text.len(), place));
            let digit = spoken.iter().any(|run| run.contains(&place)).then(|| digit(character)).flatten();
            text.push(digit.unwrap_or_else(|| narrow(character)));
        }
        offsets.push((text.len(), original.len()));
        Self { text, offsets }
    }

    fn original(&self, folded: usize) -> usize {
        let place = self.offsets.partition_point(|&(at, _)| at < folded);
        self.offsets.get(place).or(self.offsets.last()).map_or(0, |&(_, original)| original)
    }
}

/// Numbers that were spoken digit by digit: so many in a row are no amount and no date.
fn spoken(text: &str) -> Vec<Range<usize>> {
    const SHORTEST: usize = 11;
    let mut runs: Vec<(Range<usize>, usize)> = Vec::new();
    for (place, character) in text.char_indices().filter(|&(_, character)| digit(character).is_some()) {
        let end = place + character.len_utf8();
        match runs.last_mut() {
            Some((run, length)) if run.end == place => {
                run.end = end;
                *length += 1;
            }
            _ => runs.push((place..end, 1)),
        }
    }
    runs.into_iter().filter(|&(_, length)| length >= SHORTEST).map(|(run, _)| run).collect()
}

/// The digit that a Chinese numeral stands for.
fn digit(character: char) -> Option<char> {
    Some(match character {
        '零' | '〇' => '0',
        '一' | '幺' => '1',
        '二' | '两' => '2',
        '三' => '3',
        '四' => '4',
        '五' => '5',
        '六' => '6',
        '七' => '7',
        '八' => '8',
        '九' => '9',
        _ => return None,
    })
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
