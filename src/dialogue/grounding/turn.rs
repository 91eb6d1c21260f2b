//! Words that turn what is said into its contrary, and words that leave everything else out.

use super::piece::{stands, walk};

/// What such a word does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Denies: 不, 没有, 除外.
    Not,
    /// Leaves everything else out: 只能, 仅限.
    Only,
}

/// Such a word in a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Turn {
    /// Its first character.
    pub(super) start: usize,
    /// The character after its last.
    pub(super) end: usize,
    /// What it does.
    pub(super) kind: Kind,
    /// Whether what it turns stands before it: 特殊情况除外.
    backward: bool,
}

/// Words that look like a denial and are none, and those that limit a number, which are read with it.
const HARMLESS: &[&str] = &[
    "不仅",
    "不但",
    "不论",
    "无论",
    "不管",
    "不动产",
    "不同",
    "不过",
    "不锈",
    "无障碍",
    "无房",
    "无犯罪",
    "无违法",
    "无欠税",
    "无形",
    "差不多",
    "非常",
    "除非",
    "非法",
    "非税",
    "非遗",
    "非机动车",
    "非营利",
    "未成年",
    "是不是",
    "能不能",
    "要不要",
    "可不可以",
    "有没有",
    "会不会",
    "用不用",
    "算不算",
    "未超过",
    "没超过",
    "不得超过",
    "不超过",
    "不能超过",
    "不可超过",
    "不得低于",
    "不能低于",
    "不可低于",
    "不低于",
    "不得少于",
    "不能少于",
    "不少于",
    "不高于",
    "不能高于",
    "不满",
    "未满",
    "没满",
    "不到",
    "没到",
    "未到",
    "不足",
    "不见面",
    "不然",
    "别急",
    "别慌",
    "别怕",
    "别担心",
    "不要紧",
    "不断",
    "不一样",
    "不良",
    "不孕",
    "不便",
    "不明",
    "不清楚",
    "拿不准",
    "不放心",
    "下不",
    "未来",
    "从未",
    "无偿",
    "无人机",
    "无业",
    "无限",
    "不收费",
    "不要钱",
    "不用钱",
    "不花钱",
];

/// Words that deny, the longer ones first.
const NOT: &[&str] = &[
    "不需要",
    "不可以",
    "不行",
    "不了",
    "不需",
    "不用",
    "不必",
    "不要",
    "不能",
    "不可",
    "不得",
    "不准",
    "不许",
    "不予",
    "不再",
    "不会",
    "不是",
    "不应",
    "无需",
    "无须",
    "未能",
    "没能",
    "没有",
    "不",
    "未",
    "没",
    "勿",
    "别",
    "无",
    "非",
    "禁止",
    "除外",
    "以外",
    "之外",
    "除了",
];

/// Words that leave everything else out.
const ONLY: &[&str] = &["只能", "只限", "仅限"];

/// Those whose object stands before them.
const BACKWARD: &[&str] = &["除外", "以外", "之外", "不行", "不了"];

/// Characters between such a word and what it turns.
const BETWEEN: &str = "能得可以要需必须予会再是有被让算给受去先另一定也都就应当该许准在将够于为按享到";

/// Characters that end what such a word reaches.
const ENDS: &str = "的也就才但则";

/// How many characters such a word reaches.
const REACH: usize = 8;

/// The words of a text that turn something.
pub(super) fn turns(text: &[char]) -> Vec<Turn> {
    let mut found = Vec::new();
    walk(text, HARMLESS, |place| {
        let here = |words: &[&'static str]| words.iter().copied().find(|word| stands(text, place, word));
        let (word, kind) = match (here(NOT), here(ONLY)) {
            (Some(word), _) => (word, Kind::Not),
            (None, Some(word)) => (word, Kind::Only),
            (None, None) => return place + 1,
        };
        let end = place + word.chars().count();
        if asks_whether(text, place) {
            return place + 1;
        }
        if word != "别" || denies_alone(text, place) {
            found.push(Turn { start: place, end, kind, backward: BACKWARD.contains(&word) });
        }
        end
    });
    found
}

/// Whether a denial asks: 行不行, 受理不受理.
pub(super) fn asks_whether(text: &[char], place: usize) -> bool {
    (1..=2).any(|length| {
        let before = place.checked_sub(length).and_then(|from| text.get(from..place));
        before.is_some() && before == text.get(place + 1..place + 1 + length)
    })
}

/// 别 denies where a clause begins with it, and not in 类别, 别人, 别的.
fn denies_alone(text: &[char], place: usize) -> bool {
    let before = place.checked_sub(1).and_then(|before| text.get(before));
    let begins = before.is_none_or(|c| !c.is_alphanumeric() || "您你先也就都".contains(*c));
    begins && !matches!(text.get(place + 1), Some('人' | '的'))
}

impl Turn {
    /// The word itself.
    pub(super) fn word(&self, text: &[char]) -> String {
        text[self.start..self.end].iter().collect()
    }

    /// Whether what it turns stands before it.
    pub(super) fn is_backward(&self) -> bool {
        self.backward
    }

    /// The places of the characters it turns: at most the two nearest.
    pub(super) fn object(&self, text: &[char], all: &[Turn]) -> Vec<usize> {
        let mut reach = self.reach(text, all);
        reach.truncate(2);
        reach
    }

    /// The places of the characters it reaches, the nearest first.
    pub(super) fn reach(&self, text: &[char], all: &[Turn]) -> Vec<usize> {
        let forward = if self.backward { Vec::new() } else { self.forward(text, all) };
        if forward.is_empty() { self.back(text) } else { forward }
    }

    fn forward(&self, text: &[char], all: &[Turn]) -> Vec<usize> {
        let mut found = Vec::new();
        let mut skipped = None;
        for (place, &c) in text.iter().enumerate().skip(self.end) {
            // What another word turns is its own, unless it follows at once: 不可以不交.
            let others = all.iter().any(|turn| turn.start == place && turn.start > self.end);
            // 不能开、能卖: an allowance begins anew.
            let allows = "能可要".contains(c) && text.get(place.wrapping_sub(1)) == Some(&'、');
            let ends = allows || ENDS.contains(c) || !(c.is_alphanumeric() || "\"“”、".contains(c));
            if others || (ends && !(place == self.end && c == '就')) || found.len() == REACH {
                break;
            }
            let turns_itself = all.iter().any(|turn| (turn.start..turn.end).contains(&place));
            if !c.is_alphanumeric() || turns_itself {
                continue;
            }
            if BETWEEN.contains(c) && found.is_empty() {
                skipped = Some(place);
                continue;
            }
            found.push(place);
        }
        if found.is_empty() {
            found.extend(skipped);
        }
        found
    }

    /// Whether nothing follows that it could turn: 不到年龄不能。
    pub(super) fn is_elided(&self, text: &[char], all: &[Turn]) -> bool {
        !self.backward && self.forward(text, all).is_empty()
    }

    fn back(&self, text: &[char]) -> Vec<usize> {
        let mut found = Vec::new();
        // 有任一种就带,没有的现场比对: whoever has none, which denies nothing of what stands before.
        let is_noun = text.get(self.end) == Some(&'的');
        for place in (0..self.start).rev() {
            let c = text[place];
            // 的不能领, and …的,不可以: what is denied stands before.
            // 自己报也不可以: so is what stands before the adverb.
            let is_adverb = "也就才".contains(c) && place + 1 == self.start;
            let joins = found.is_empty()
                && (c == '的' || is_adverb || (c == ',' && place + 1 == self.start && !is_noun));
            if !joins && (ENDS.contains(c) || !(c.is_alphanumeric() || c == '、')) {
                break;
            }
            if joins || c == '、' || (BETWEEN.contains(c) && found.is_empty()) {
                continue;
            }
            found.push(place);
            if found.len() == REACH {
                break;
            }
        }
        found
    }
}

/// Whether the character at a place is denied, as what stands between a denial and what it reaches is, too: 不享受补贴. Twice
/// denied is not denied.
pub(super) fn is_denied(text: &[char], all: &[Turn], place: usize) -> bool {
    let turns_itself = all.iter().any(|turn| (turn.start..turn.end).contains(&place));
    let reaching = all.iter().filter(|turn| {
        let reach = turn.reach(text, all);
        let between =
            || !turns_itself && turn.end <= place && reach.first().is_some_and(|&first| place < first);
        turn.kind == Kind::Not && (reach.contains(&place) || between())
    });
    reaching.count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn denials_reach_what_they_deny_and_no_more() {
        for (text, denied) in [
            ("不能重复领", "重复领"),
            ("年限不够的,可以延长", "够"),
            ("不可以不交", ""),
            ("可以不交", "交"),
            ("没写的不能要", "写要"),
            ("特殊情况除外", "特殊情况"),
            ("不用登报、不用公示", "登报公示"),
            ("不超过3年", ""),
            ("收入类别不同", ""),
            ("别涂改", "涂改"),
            ("能不能领", ""),
            ("不享受补贴", "享受补贴"),
            ("有一种就带,没有的现场办", ""),
        ] {
            let characters: Vec<char> = text.chars().collect();
            let all = turns(&characters);
            let found: String = (0..characters.len())
                .filter(|&place| is_denied(&characters, &all, place))
                .map(|p| characters[p])
                .collect();
            assert_eq!(found, denied, "{text}");
        }
    }
}
