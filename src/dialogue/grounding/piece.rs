//! Texts in pieces: lines as they are read, sentences, and clauses between two commas.

use std::sync::LazyLock;

use regex::Regex;

use super::fact::without_links;
use super::normal::normal;
use super::pattern::patterns;

patterns! {
    MARK = r"\[(\d{1,2})\]";
    BULLET = r"^\s*(?:#{1,6}\s+|>\s*|(?:-|[*+]\s|[•·]|\d{1,2}[.、)）]|[(（][一二三四五六七八九十\d]{1,3}[)）]|[①-⑳])\s*)+";
}

/// A line of an answer.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// Its words in normal form, without marks and markers of lists.
    pub(super) text: String,
    /// The numbers of its marks, from 1.
    pub(super) marks: Vec<usize>,
    /// Whether it is an item of a list.
    pub(super) is_item: bool,
    /// Whether it is an item with a number.
    pub(super) is_numbered: bool,
}

/// The lines of an answer; blank ones are left out.
pub(super) fn lines(answer: &str) -> Vec<Line> {
    let (Some(mark), Some(bullet)) = (&*MARK, &*BULLET) else { return Vec::new() };
    let mut lines = Vec::new();
    for raw in answer.lines().filter(|line| !line.trim().is_empty()) {
        let marks = mark.captures_iter(raw).filter_map(|found| found[1].parse().ok()).collect();
        let unmarked = mark.replace_all(raw, "");
        // A number of a list says nothing of the matter; of a heading neither.
        let is_item = bullet.is_match(&unmarked);
        let text = bullet.replace(&unmarked, "");
        let is_numbered = is_item && unmarked.trim_start().starts_with(|c: char| c.is_ascii_digit());
        lines.push(Line { text: normal(text.trim()), marks, is_item, is_numbered });
    }
    lines
}

/// The sentences of a text in normal form.
pub(super) fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split(['。', '!', '?', ';', '\n']).map(str::trim).filter(|sentence| !sentence.is_empty())
}

/// The places of the clauses of a sentence in normal form: from, and to before which.
pub(super) fn clauses(sentence: &[char]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut start = 0;
    for place in 0..=sentence.len() {
        if place == sentence.len() || parts(sentence, place) {
            if place > start {
                found.push((start, place));
            }
            start = place + 1;
        }
    }
    found
}

/// Whether the character ends a clause. The colon of 9:00 does not.
fn parts(sentence: &[char], place: usize) -> bool {
    let digit =
        |place: Option<usize>| place.and_then(|place| sentence.get(place)).is_some_and(char::is_ascii_digit);
    match sentence.get(place) {
        Some(':') => !(digit(place.checked_sub(1)) && digit(place.checked_add(1))),
        Some(',' | '，' | '(' | ')' | ';' | '。') => true,
        _ => false,
    }
}

/// Which of the clauses holds a place.
pub(super) fn holding(clauses: &[(usize, usize)], place: usize) -> Option<usize> {
    clauses.iter().position(|(start, end)| (*start..*end).contains(&place))
}

/// The clauses of a text in normal form, as texts.
pub(super) fn clause_texts(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    clauses(&characters)
        .into_iter()
        .map(|(start, end)| characters[start..end].iter().collect::<String>().trim().to_owned())
        .filter(|clause| !clause.is_empty())
        .collect()
}

/// The clause of a line that holds a place, as text.
pub(super) fn clause_at(line: &[char], place: usize) -> String {
    let found = clauses(line).into_iter().find(|(start, end)| (*start..*end).contains(&place));
    found.map_or_else(String::new, |(start, end)| line[start..end].iter().collect())
}

/// Whether a word stands at a place of a text.
pub(super) fn stands(text: &[char], place: usize, word: &str) -> bool {
    let mut characters = text.iter().skip(place);
    word.chars().all(|c| characters.next() == Some(&c))
}

/// Goes through a text past words that only look like those looked for. `at` looks at every other place, and says where to go on.
pub(super) fn walk(text: &[char], look_alikes: &[&str], mut at: impl FnMut(usize) -> usize) {
    let mut place = 0;
    while place < text.len() {
        let other = look_alikes.iter().find(|word| stands(text, place, word));
        place = other.map_or_else(|| at(place), |word| place + word.chars().count());
    }
}

/// Whether a character is Chinese.
fn is_han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

/// The Chinese names that stand in brackets in a text of another language.
pub(super) fn names_in_brackets(text: &str) -> Vec<String> {
    let opened = text.split(['(', '（']).skip(1);
    opened
        .filter_map(|rest| rest.split([')', '）']).next())
        .flat_map(|names| names.split('、'))
        .filter(|name| name.chars().count() > 1 && name.chars().all(is_han))
        .map(str::to_owned)
        .collect()
}

/// Whether a text is Chinese enough to be compared with the evidence word by word.
pub(super) fn is_chinese(text: &str) -> bool {
    // The letters of a link belong to no language.
    let text = without_links(text);
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    text.chars().filter(|&c| is_han(c)).count() * 3 >= letters
}
