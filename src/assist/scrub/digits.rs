//! Numbers that may be somebody's, as dots.

use std::sync::LazyLock;

use regex::Regex;

use crate::privacy;

/// Six digits in a row, also in groups of a space or hyphen apart, with the letter of an identity card's last place. The
/// citizen's page looks for the same (`web/shared/src/assist/digits.ts`).
static RUN: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"[0-9０-９](?:[ \-\u{a0}]?[0-9０-９]){5,}[xXｘＸ]?").ok());

/// What is shown for digits.
const DOTS: &str = "••••••••";

/// Dots for a text; their number tells no more than that it is short.
pub(super) fn dots(text: &str) -> String {
    DOTS.chars().take(text.trim().chars().count()).collect()
}

/// The text with dots, if anything had to be dotted, and how many places the page should have dotted itself. Numbers that
/// offices publish, and that the page does not know how to look for, are dotted and not counted.
pub(super) fn dot(text: &str) -> (Option<String>, usize) {
    let mut digits = 0;
    let mut at = false;
    for letter in text.chars() {
        digits += usize::from(
            letter.is_ascii_digit()
                || ('０'..='９').contains(&letter)
                || "零〇一二三四五六七八九幺两".contains(letter),
        );
        at |= letter == '@';
    }
    if digits < 6 && !at {
        return (None, 0);
    }
    let Some(pattern) = &*RUN else { return (Some(DOTS.to_owned()), 1) };
    let mut leaks = 0;
    let dotted = pattern.replace_all(text, |_: &regex::Captures<'_>| {
        leaks += 1;
        DOTS
    });
    let places = privacy::places(&dotted);
    if places.is_empty() {
        return ((leaks > 0).then(|| dotted.into_owned()), leaks);
    }
    let mut result = String::with_capacity(dotted.len());
    let mut end = 0;
    for place in places {
        let number = matches!(place.label, privacy::IDENTITY_CARD | privacy::BANK_CARD);
        if !number && !place.published || place.range.start < end {
            continue;
        }
        leaks += usize::from(number);
        result.push_str(dotted.get(end..place.range.start).unwrap_or_default());
        result.push_str(DOTS);
        end = place.range.end;
    }
    result.push_str(dotted.get(end..).unwrap_or_default());
    let changed = result != text;
    (changed.then_some(result), leaks)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_become_dots() {
        let table: [(&str, Option<&str>, usize); 12] = [
            ("经营范围", None, 0),
            ("第 3 步，共 4 步", None, 0),
            ("2026-11", Some("••••••••"), 1),
            ("12345", None, 0),
            ("身份证 33010619900101123X 号", Some("身份证 •••••••• 号"), 1),
            ("138 0013 8000", Some("••••••••"), 1),
            ("138****8000", None, 0),
            ("1.3.8.0.0.1.3.8.0.0.0", Some("••••••••"), 0),
            ("６２２２０２１００１１１６２４５７０２", Some("••••••••"), 1),
            ("写信到 wang@city.example", Some("写信到 ••••••••"), 0),
            ("rgb(1, 2, 3)", None, 0),
            ("#123456", Some("#••••••••"), 1),
        ];
        for (text, expected, leaks) in table {
            assert_eq!(dot(text), (expected.map(str::to_owned), leaks), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_six_digits_in_a_row_are_left(text in "[0-9a-zA-Z一二０-９ .@-]{0,40}") {
            let dotted = dot(&text).0.unwrap_or(text);
            prop_assert!(!RUN.as_ref().unwrap().is_match(&dotted), "{}", dotted);
            prop_assert_eq!(dot(&dotted), (None, 0), "once is enough");
        }
    }
}
