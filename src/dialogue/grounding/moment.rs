//! Days of the calendar and times of day.

use std::sync::LazyLock;

use regex::Regex;

use super::fact::{Fact, FactKind, Reader, number, part, plain};
use super::pattern::patterns;

patterns! {
    DATE = r"(?:19|20)\d{2}(?:年|/|-|\.)\d{1,2}(?:月|/|-|\.)\d{1,2}日?";
    YEAR_MONTH = r"((?:19|20)\d{2})年(\d{1,2})月|((?:19|20)\d{2})-(\d{2})(?-u:\b)";
    MONTH_DAY = r"(\d{1,2})月(\d{1,2})[日号]";
    MONTH_OF_YEAR = r"(\d{1,2})月";
    DAY_OF_MONTH = r"(?:每月|当月|次月|下月|本月|上月|月)的?(\d{1,2})[日号]";
    // 2000元 and 1980万元 are no years: what a unit follows is read, and passed over.
    YEAR = r"((?:19|20)\d{2})年|(?-u:\b)(?:19|20)\d{2} ?(?:[万亿元块人名份户个家米天日次分]|平方|公里|小时|yuan|rmb|cny|people|[、或/](?:\d{1,3}(?-u:\b)|[3-9]\d{3}|1[0-8]\d{2}|\d{5}))|(?-u:\b)((?:19|20)\d{2})(?-u:\b)";
    ENGLISH_DATE = r"(?-u:\b)(january|february|march|april|may|june|july|august|september|october|november|december) (\d{1,2})(?:st|nd|rd|th)?,? ((?:19|20)\d{2})|(?-u:\b)(\d{1,2}) (january|february|march|april|may|june|july|august|september|october|november|december),? ((?:19|20)\d{2})";
    TIME = r"(上午|早上|早|中午|下午|晚上|晚)?(\d{1,2})(?::(\d{2})|点(半|\d{1,2}分?)?)(?: ?([ap])\.?m(?-u:\b)\.?)?";
    ENGLISH_TIME = r"(?-u:\b)(\d{1,2}) ?([ap])\.?m(?-u:\b)";
}

fn month_number(name: &str) -> usize {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    MONTHS.iter().position(|month| *month == name).map_or(0, |place| place + 1)
}

/// Days, months and years.
pub(super) fn dates(reader: &mut Reader) {
    reader.take(&DATE, |found| {
        let parts: Vec<u32> =
            found[0].split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect();
        let [year, month, day] = parts.as_slice() else { return None };
        Some((FactKind::Date, format!("{year}-{month}-{day}")))
    });
    reader.take(&ENGLISH_DATE, |found| {
        let (month, day, year) = match found.get(1) {
            Some(month) => (month.as_str(), &found[2], &found[3]),
            None => (&found[5], &found[4], &found[6]),
        };
        Some((FactKind::Date, format!("{year}-{}-{}", month_number(month), plain(number(day)))))
    });
    reader.take(&YEAR_MONTH, |found| {
        let (year, month) = match found.get(1) {
            Some(year) => (year.as_str(), &found[2]),
            None => (&found[3], &found[4]),
        };
        Some((FactKind::Date, format!("{year}-{}", plain(number(month)))))
    });
    reader.take(&MONTH_DAY, |found| {
        Some((FactKind::Date, format!("{}-{}", plain(number(&found[1])), plain(number(&found[2])))))
    });
    reader.take(&DAY_OF_MONTH, |found| Some((FactKind::Date, format!("day {}", plain(number(&found[1]))))));
    reader
        .take(&MONTH_OF_YEAR, |found| Some((FactKind::Date, format!("month {}", plain(number(&found[1]))))));
    reader.take(&YEAR, |found| {
        let year = found.get(1).or_else(|| found.get(2))?;
        Some((FactKind::Date, year.as_str().to_owned()))
    });
}

/// Times of day, in minutes. 下午1点到5点: what is said of the first holds for the second.
pub(super) fn clock(reader: &mut Reader) {
    let mut afternoon = false;
    let Some(pattern) = &*TIME else { return };
    let text = reader.rest.clone();
    let mut rest = String::with_capacity(text.len());
    let mut end = 0;
    for found in pattern.captures_iter(&text) {
        let Some(whole) = found.get(0) else { continue };
        let hour = number(&found[2]);
        if hour > 24.0 {
            continue;
        }
        let minute = match (found.get(3), found.get(4).map(|part| part.as_str())) {
            (Some(minute), _) => number(minute.as_str()),
            (None, Some("半")) => 30.0,
            (None, Some(minute)) => number(minute.trim_end_matches('分')),
            (None, None) => 0.0,
        };
        let joined = part(&text, end, whole.start()).chars().all(|c| "-到至".contains(c)) && end > 0;
        afternoon = match (found.get(1).map(|part| part.as_str()), found.get(5).map(|part| part.as_str())) {
            (Some("下午" | "晚上" | "晚"), _) | (_, Some("p")) => true,
            (Some(_), _) | (_, Some("a")) => false,
            (None, _) => joined && afternoon,
        };
        let hour = if afternoon && hour < 12.0 { hour + 12.0 } else { hour };
        let key = plain(hour * 60.0 + minute);
        let text_of = whole.as_str().trim().to_owned();
        reader.facts.push(Fact { kind: FactKind::Time, key, direction: None, soft: true, text: text_of });
        rest.push_str(part(&text, end, whole.start()));
        rest.push('\u{1}');
        end = whole.end();
    }
    rest.push_str(part(&text, end, text.len()));
    reader.rest = rest;
    reader.take(&ENGLISH_TIME, |found| {
        let hour = number(&found[1]) % 12.0 + if &found[2] == "p" { 12.0 } else { 0.0 };
        Some((FactKind::Time, plain(hour * 60.0)))
    });
}
