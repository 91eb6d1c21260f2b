//! Which way a limit points: at least, or at most.

use super::piece::stands;

/// Which way a limit points.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Direction {
    /// At least, from, over.
    Up,
    /// At most, within, under.
    Down,
}

/// Words before a number that limit it.
const UP_BEFORE: &[&str] = &[
    "不低于",
    "不少于",
    "不得少于",
    "不得低于",
    "至少",
    "最少",
    "最低",
    "满",
    "满了",
    "超过",
    "多于",
    "高于",
    "大于",
    "达到",
    "≥",
    ">=",
    ">",
    "at least ",
    "no less than ",
    "not less than ",
    "over ",
    "more than ",
    "minimum of ",
];
const DOWN_BEFORE: &[&str] = &[
    "不超过",
    "不能超过",
    "不可超过",
    "不会超过",
    "封顶",
    "不高于",
    "不多于",
    "不得超过",
    "不大于",
    "至多",
    "最多",
    "最高",
    "最长",
    "未满",
    "不满",
    "没满",
    "没到",
    "不到",
    "未到",
    "低于",
    "少于",
    "小于",
    "不足",
    "≤",
    "<=",
    "<",
    "up to ",
    "at most ",
    "no more than ",
    "not more than ",
    "under ",
    "less than ",
    "within ",
    "maximum of ",
];
/// Words after a number that limit it.
const UP_AFTER: &[&str] =
    &["及以上", "以上", "之上", "起", " or more", " and above", " or older", " and over", " or above"];
const DOWN_AFTER: &[&str] = &["及以下", "以下", "之下", " or less", " and below", " or younger", " or fewer"];
/// Limits that a verb may part from their number.
const SUPERLATIVE_DOWN: &[&str] = &["最多", "最高", "最长", "至多", "不超过", "不得超过", "不能超过", "封顶"];
const SUPERLATIVE_UP: &[&str] = &["最少", "最低", "至少", "不低于", "不少于"];
/// What is counted, between a number and its limit.
const COUNTED: &[&str] = &[
    "平方米",
    "公里",
    "人",
    "名",
    "个",
    "户",
    "次",
    "分",
    "张",
    "份",
    "套",
    "级",
    "米",
    "倍",
    "件",
    "家",
    "项",
    "位",
    "处",
    "孩",
    "胎",
    "层",
    "台",
    "辆",
    "座",
];
/// Limits of time that are left out when one speaks.
const SOFT_AFTER: &[&str] = &["以内", "之内", "内", "里"];

/// Which way the words around a number point, and whether that may be left unsaid.
pub(super) fn direction(before: &str, after: &str) -> (Option<Direction>, bool) {
    let before = before.trim_end_matches(['(', '为', '达', '是', '到']);
    // 24分以上, 30人(含)以下: what is counted stands between the number and its limit.
    let after = COUNTED.iter().find_map(|unit| after.strip_prefix(unit)).unwrap_or(after);
    let after = after.strip_prefix("(含)").unwrap_or(after);
    let recent: String = before.chars().rev().take(6).collect::<Vec<_>>().into_iter().rev().collect();
    let clause = recent.rsplit(['，', ',', '。', '；', '、', '\u{1}', ':', '：']).next().unwrap_or_default();
    // 最多补发6个月, 最高再补1200元: a verb may stand between.
    if !clause.is_empty() && SUPERLATIVE_DOWN.iter().any(|word| clause.contains(word)) {
        return (Some(Direction::Down), false);
    }
    if SUPERLATIVE_UP.iter().any(|word| clause.contains(word)) {
        return (Some(Direction::Up), false);
    }
    let ends = |words: &[&str]| words.iter().any(|word| before.ends_with(word));
    let starts = |words: &[&str]| words.iter().any(|word| after.starts_with(word));
    // 未满 ends in 满, so what points down is looked at first.
    if ends(DOWN_BEFORE) {
        return (Some(Direction::Down), before.ends_with("within "));
    }
    if ends(UP_BEFORE) {
        return (Some(Direction::Up), false);
    }
    if starts(UP_AFTER) {
        return (Some(Direction::Up), after.starts_with('起'));
    }
    if starts(DOWN_AFTER) {
        return (Some(Direction::Down), false);
    }
    (starts(SOFT_AFTER).then_some(Direction::Down), true)
}

/// Words that limit, wherever they stand; the longer ones first. The first two say neither.
const ANYWHERE: &[(&str, Option<Direction>)] = &[
    ("满没满", None),
    ("满不满", None),
    ("不能超过", Some(Direction::Down)),
    ("不可超过", Some(Direction::Down)),
    ("不得超过", Some(Direction::Down)),
    ("不超过", Some(Direction::Down)),
    ("未超过", Some(Direction::Down)),
    ("没超过", Some(Direction::Down)),
    ("不得低于", Some(Direction::Up)),
    ("不能低于", Some(Direction::Up)),
    ("不低于", Some(Direction::Up)),
    ("不得少于", Some(Direction::Up)),
    ("不少于", Some(Direction::Up)),
    ("不高于", Some(Direction::Down)),
    ("不满", Some(Direction::Down)),
    ("未满", Some(Direction::Down)),
    ("没满", Some(Direction::Down)),
    ("不到", Some(Direction::Down)),
    ("不足", Some(Direction::Down)),
    ("超过", Some(Direction::Up)),
    ("低于", Some(Direction::Down)),
    ("高于", Some(Direction::Up)),
    ("少于", Some(Direction::Down)),
    ("以上", Some(Direction::Up)),
    ("以下", Some(Direction::Down)),
    ("以内", Some(Direction::Down)),
    ("以外", Some(Direction::Up)),
    ("最多", Some(Direction::Down)),
    ("最高", Some(Direction::Down)),
    ("最长", Some(Direction::Down)),
    ("至多", Some(Direction::Down)),
    ("最少", Some(Direction::Up)),
    ("最低", Some(Direction::Up)),
    ("至少", Some(Direction::Up)),
    ("满", Some(Direction::Up)),
];

/// A word that limits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Limit {
    /// Its first character.
    pub(super) start: usize,
    /// The character after its last.
    pub(super) end: usize,
    /// Which way it points.
    pub(super) direction: Direction,
}

/// The words of a text that limit, with a number or without one: 县级以上医院.
pub(super) fn limits(text: &[char]) -> Vec<Limit> {
    let mut found = Vec::new();
    let mut place = 0;
    while place < text.len() {
        let word = ANYWHERE.iter().find(|(word, _)| stands(text, place, word));
        let Some((word, direction)) = word else {
            place += 1;
            continue;
        };
        let end = place + word.chars().count();
        if let Some(direction) = *direction {
            found.push(Limit { start: place, end, direction });
        }
        place = end;
    }
    found
}
