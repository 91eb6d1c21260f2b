//! The text of an entry, packed into the numbers of a column.
//!
//! The second stage looks at every question and the body of some hundred entries, character by character. Reading them
//! back as stored documents would decompress a block for each; a column of numbers is a copy from mapped memory. Four
//! UTF-16 units make a number. Units that cannot be letters stand for what begins there.

use crate::analyzer::Analyzer;
use crate::entry::Entry;
use crate::schema;

/// What follows a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// The title.
    Title,
    /// A similar question; one mark each.
    Similar,
    /// A keyword; one mark each.
    Keyword,
    /// Materials, conditions, steps, fees …
    Detail,
    /// The answer.
    Answer,
}

/// Units below this one cannot be letters.
pub(crate) const FIRST_LETTER: u16 = 32;

/// Stands between letters that punctuation or a space keeps apart.
pub(crate) const GAP: u16 = 6;

/// Fills the last number up.
const PADDING: u16 = 0;

/// Letters of keywords, details and answer that are kept, together. What an entry says further down is found by the
/// inverted field, but not compared; it costs 8 KB an entry at the most.
const MAX_BODY: usize = 3_000;

/// The text of an entry as it lies in the column.
pub(crate) struct Packed {
    /// Four units each.
    pub(crate) words: Vec<u64>,
    /// Letters of the answer.
    pub(crate) answer: u64,
    /// All that the entry says, in canonical names, for the inverted field. The title stands twice: measured on policy
    /// texts that is worth three points of hit@1 and costs nothing elsewhere.
    pub(crate) body: String,
}

impl Part {
    const fn mark(self) -> u16 {
        match self {
            Part::Title => 1,
            Part::Similar => 2,
            Part::Keyword => 3,
            Part::Detail => 4,
            Part::Answer => 5,
        }
    }

    /// The part that a unit begins, if it is a mark.
    pub(crate) const fn of(unit: u16) -> Option<Part> {
        match unit {
            1 => Some(Part::Title),
            2 => Some(Part::Similar),
            3 => Some(Part::Keyword),
            4 => Some(Part::Detail),
            5 => Some(Part::Answer),
            _ => None,
        }
    }
}

/// The letters of a normalised text, with a gap wherever something else stands between two of them.
pub(crate) fn units(normalised: &str) -> Vec<u16> {
    let mut units = Vec::with_capacity(normalised.len() / 2);
    let mut gap = false;
    for c in normalised.chars() {
        if !c.is_alphanumeric() {
            gap = !units.is_empty();
            continue;
        }
        if std::mem::take(&mut gap) {
            units.push(GAP);
        }
        units.extend(c.encode_utf16(&mut [0; 2]).iter());
    }
    units
}

/// Packs an entry, in canonical names.
pub(crate) fn pack(entry: &Entry, analyzer: &Analyzer) -> Packed {
    let mut body = String::new();
    let mut read = |text: &str| {
        let canonical = analyzer.canonical(analyzer.normalise(text));
        body.push_str(&canonical);
        body.push('\n');
        units(&canonical)
    };
    let mut stream = Vec::new();
    read(&entry.title);
    for (number, question) in entry.questions().enumerate() {
        let letters = read(question);
        if !letters.is_empty() {
            stream.push(if number == 0 { Part::Title } else { Part::Similar }.mark());
            stream.extend(letters);
        }
    }
    let mut left = MAX_BODY;
    let mut add = |part: Part, letters: &[u16]| {
        let kept = letters.len().min(left);
        left -= kept;
        if kept > 0 {
            stream.push(part.mark());
            stream.extend(letters.iter().take(kept));
        }
    };
    for keyword in &entry.keywords {
        add(Part::Keyword, &read(keyword));
    }
    let answer = read(&entry.answer);
    add(Part::Answer, &answer);
    for detail in schema::details(entry) {
        add(Part::Detail, &read(detail));
    }
    let words = stream
        .chunks(4)
        .map(|chunk| {
            (0..4)
                .fold(0, |word, at| word | u64::from(chunk.get(at).copied().unwrap_or(PADDING)) << (16 * at))
        })
        .collect();
    Packed { words, answer: answer.len() as u64, body }
}

/// Unpacks numbers behind what `units` already holds.
pub(crate) fn unpack(words: &[u64], units: &mut Vec<u16>) {
    for &word in words {
        let four = [word as u16, (word >> 16) as u16, (word >> 32) as u16, (word >> 48) as u16];
        units.extend_from_slice(&four);
    }
    while units.last() == Some(&PADDING) {
        units.pop();
    }
}

/// The title in an entry's text; empty if it has none.
pub(crate) fn title(units: &[u16]) -> String {
    match units.split_first() {
        Some((&mark, rest)) if Part::of(mark) == Some(Part::Title) => {
            let end = rest.iter().position(|&unit| Part::of(unit).is_some()).unwrap_or(rest.len());
            String::from_utf16_lossy(&rest[..end])
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::{Details, EntryId};

    #[test]
    fn an_entry_is_unpacked_as_it_was_packed() {
        let analyzer = Analyzer::shared();
        let mut entry = Entry::new(EntryId::new("a").unwrap(), "補辦，居住證", Details::Faq);
        entry.similar = vec!["居住证丢了".to_owned(), " ？".to_owned()];
        entry.keywords = vec!["C1".to_owned()];
        entry.answer = "到𠮷窗口。".to_owned();
        let packed = pack(&entry, &analyzer);
        let mut units = Vec::new();
        unpack(&packed.words, &mut units);
        let text = String::from_utf16(&units).unwrap();
        assert_eq!(text, "\u{1}补办\u{6}居住证\u{2}居住证丢了\u{3}c1\u{5}到𠮷窗口");
        assert_eq!(packed.answer, 5);
    }

    #[test]
    fn long_bodies_are_cut_and_questions_are_not() {
        let mut entry = Entry::new(EntryId::new("a").unwrap(), "税".repeat(4_000), Details::Faq);
        entry.answer = "费".repeat(4_000);
        let packed = pack(&entry, &Analyzer::shared());
        assert_eq!((packed.words.len(), packed.answer), ((1 + 4_000 + 1 + MAX_BODY).div_ceil(4), 4_000));
    }
}
