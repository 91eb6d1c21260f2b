//! One form of a text for comparing: 三十日 and ３０ 天 become alike.

use std::sync::LazyLock;

use regex::Regex;
use unicode_normalization::UnicodeNormalization;

use super::numeral;
use super::pattern::patterns;

patterns! {
    THOUSANDS = r"(\d),(\d{3}(?:\D|$))";
}

/// The text as it is compared: one form of every character, no blanks but between Latin words, numerals as digits.
pub(super) fn normal(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.nfkc().flat_map(char::to_lowercase) {
        match c {
            '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '*' | '`' => {}
            '–' | '—' | '−' | '~' | '～' | '至' if plain.ends_with(|c: char| c.is_ascii_digit()) => {
                plain.push('-');
            }
            '【' | '〖' => plain.push('['),
            '】' | '〗' => plain.push(']'),
            c if c.is_whitespace() => {
                if plain.ends_with(|c: char| c.is_ascii_alphanumeric() || ",.;)".contains(c)) {
                    plain.push(' ');
                }
            }
            c => {
                // A blank is kept between Latin words only.
                if plain.ends_with(' ') && !c.is_ascii_alphanumeric() && c != '(' && c != '[' {
                    plain.pop();
                }
                plain.push(c);
            }
        }
    }
    let mut plain = plain.trim().to_owned();
    if let Some(pattern) = &*THOUSANDS {
        // Once for every comma of 1,000,000,000: what one replacement has read, it does not read again.
        for _ in 0..3 {
            plain = pattern.replace_all(&plain, "$1$2").into_owned();
        }
    }
    numeral::as_digits(&without_gaps(&plain))
}

/// Without blanks beside a character that is not Latin. Those between a digit and a Latin unit stay.
fn without_gaps(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    let is_other = |c: Option<char>| c.is_some_and(|c| !c.is_ascii());
    while let Some(c) = characters.next() {
        if c != ' ' || !(is_other(characters.peek().copied()) || is_other(joined.chars().last())) {
            joined.push(c);
        }
    }
    joined
}
