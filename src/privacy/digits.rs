//! Numbers that are recognised by their shape and check digit, whole or written in groups.

use std::ops::Range;

use super::{BANK_CARD, IDENTITY_CARD, MOBILE};

/// The most characters between two groups of one number.
const GAP: usize = 3;

/// The most groups one number is written in.
const GROUPS: usize = 11;

/// A run of digits.
struct Group {
    range: Range<usize>,
    digits: Vec<u8>,
    /// Nothing but spaces and dashes lies between this group and the one before.
    joined: bool,
}

/// Finds the numbers in a text whose digits are ASCII.
pub(super) fn find(text: &str) -> Vec<(Range<usize>, &'static str)> {
    let groups = groups(text);
    let mut found = Vec::new();
    let mut first = 0;
    while first < groups.len() {
        match longest(text, &groups, first) {
            Some((last, range, label)) => {
                found.push((range, label));
                first = last + 1;
            }
            None => first += 1,
        }
    }
    found
}

fn groups(text: &str) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    // Characters that may stand inside a number, since the last digit; more than a gap's worth breaks it.
    let mut gap = usize::MAX;
    for (place, character) in text.char_indices() {
        if let Some(digit) = character.to_digit(10).and_then(|digit| u8::try_from(digit).ok()) {
            match groups.last_mut() {
                Some(group) if gap == 0 => {
                    group.digits.push(digit);
                    group.range.end = place + 1;
                }
                _ => {
                    let joined = gap <= GAP;
                    groups.push(Group { range: place..place + 1, digits: vec![digit], joined });
                }
            }
            gap = 0;
        } else if separates(character) {
            gap = gap.saturating_add(1);
        } else {
            gap = usize::MAX;
        }
    }
    groups
}

fn separates(character: char) -> bool {
    matches!(
        character,
        ' ' | '\t' | '-' | '.' | '/' | '·' | '\u{200b}' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe63}'
    )
}

/// The longest number that begins with this group: its last group, its place, its label.
fn longest(text: &str, groups: &[Group], first: usize) -> Option<(usize, Range<usize>, &'static str)> {
    let mut best = None;
    let mut digits: Vec<u8> = Vec::new();
    let mut sizes: Vec<usize> = Vec::new();
    for (last, group) in groups.iter().enumerate().skip(first).take(GROUPS) {
        if last > first && !group.joined {
            break;
        }
        digits.extend(&group.digits);
        sizes.push(group.digits.len());
        let start = groups.get(first)?.range.start;
        let end = group.range.end;
        if let Some(end) = identity_card(text, &digits, end) {
            best = Some((last, start..end, IDENTITY_CARD));
        } else if mobile(&digits, &sizes) && !amount(text, start, end) {
            best = Some((last, start..end, MOBILE));
        } else if bank_card(&digits, &sizes) && !amount(text, start, end) && !is_lettered(text, start) {
            best = Some((last, start..end, BANK_CARD));
        }
    }
    best
}

/// Where the identity card ends: behind its eighteen digits, or behind the X after seventeen.
fn identity_card(text: &str, digits: &[u8], end: usize) -> Option<usize> {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let (check, end) = match digits.len() {
        18 => (u32::from(*digits.last()?), end),
        17 => (10, behind_x(text, end)?),
        _ => return None,
    };
    let sum: u32 = WEIGHTS.iter().zip(digits).map(|(weight, &digit)| weight * u32::from(digit)).sum();
    // The birthday keeps order numbers out, of which every eleventh would pass the check digit alone.
    let number = |from: usize, to: usize| {
        digits.get(from..to).unwrap_or_default().iter().fold(0_u32, |sum, &digit| sum * 10 + u32::from(digit))
    };
    let born = (1850..2150).contains(&number(6, 10))
        && (1..=12).contains(&number(10, 12))
        && (1..=31).contains(&number(12, 14));
    (born && (12 - sum % 11) % 11 == check).then_some(end)
}

fn behind_x(text: &str, end: usize) -> Option<usize> {
    let mut rest = text.get(end..)?.char_indices();
    let (place, _) = rest
        .by_ref()
        .enumerate()
        .take_while(|&(passed, (_, character))| passed <= GAP && (separates(character) || is_x(character)))
        .map(|(_, pair)| pair)
        .find(|&(_, character)| is_x(character))?;
    let behind = end + place + text.get(end + place..)?.chars().next()?.len_utf8();
    let next = text.get(behind..)?.chars().next();
    (!next.is_some_and(|next| next.is_ascii_alphanumeric())).then_some(behind)
}

fn is_x(character: char) -> bool {
    // The sign of multiplication is taken for the letter.
    matches!(character, 'X' | 'x' | '×')
}

/// A mobile number of the mainland, with or without the country's code, in the groups people write it in.
fn mobile(digits: &[u8], sizes: &[usize]) -> bool {
    let code = match digits {
        [0, 0, 8, 6, rest @ ..] if rest.len() == 11 => 4,
        [8, 6, rest @ ..] if rest.len() == 11 => 2,
        // Dialled as a call to another city was.
        [0, rest @ ..] if rest.len() == 11 => 1,
        rest if rest.len() == 11 => 0,
        _ => return false,
    };
    if !matches!(digits.get(code..), Some([1, 3..=9, ..])) {
        return false;
    }
    // The code is a group of its own or stands before the first one.
    let mut sizes = sizes.to_vec();
    match sizes.first_mut() {
        Some(size) if *size >= code => *size -= code,
        _ => return false,
    }
    sizes.retain(|&size| size > 0);
    matches!(
        sizes.as_slice(),
        [11] | [3, 4, 4]
            | [3, 3, 5]
            | [3, 8]
            | [7, 4]
            | [5, 6]
            | [4, 4, 3]
            | [4, 3, 4]
            | [3, 2, 2, 2, 2]
            | [3, 2, 3, 3]
            | [5, 3, 3]
    ) || sizes.len() == 11
}

/// A bank card: in one piece, or in fours, with a right check digit.
fn bank_card(digits: &[u8], sizes: &[usize]) -> bool {
    if !(13..=19).contains(&digits.len()) || digits.iter().all(|digit| Some(digit) == digits.first()) {
        return false;
    }
    let whole = match sizes {
        [_] => true,
        [6, _] => matches!(digits.first(), Some(3..=6 | 9)),
        [fours @ .., last] => {
            let years = digits.chunks(4).all(|group| matches!(group, [1, 9, _, _] | [2, 0, _, _]));
            fours.iter().all(|&size| size == 4)
                && (1..=4).contains(last)
                && !years
                && digits.first() != Some(&0)
        }
        [] => false,
    };
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &digit)| match u32::from(digit) * (1 + u32::from(place % 2 == 1)) {
            double @ 10.. => double - 9,
            single => single,
        })
        .sum();
    whole && sum.is_multiple_of(10)
}

/// Letters stand right before the number, as in the number of a parcel.
fn is_lettered(text: &str, start: usize) -> bool {
    text.get(..start).unwrap_or_default().ends_with(|c: char| c.is_ascii_alphabetic())
}

/// The number is a sum of money: a currency sign before it, or a unit behind it.
fn amount(text: &str, start: usize, end: usize) -> bool {
    let before = text.get(..start).unwrap_or_default().trim_end().chars().next_back();
    if matches!(before, Some('¥' | '￥' | '$')) {
        return true;
    }
    let rest = text.get(end..).unwrap_or_default();
    let rest = match rest.strip_prefix('.') {
        Some(fraction) if fraction.starts_with(|first: char| first.is_ascii_digit()) => {
            fraction.trim_start_matches(|digit: char| digit.is_ascii_digit())
        }
        _ => rest,
    }
    .trim_start();
    // A day such as 元旦 or 元宵 may follow a number that is a telephone's.
    let is_day = ["元旦", "元宵", "元月"].iter().any(|day| rest.starts_with(day));
    !is_day && ["元", "万元", "亿元"].iter().any(|unit| rest.starts_with(unit))
}
