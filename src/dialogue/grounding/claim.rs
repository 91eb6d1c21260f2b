//! What a line says may be done, has to be done or is so, and what it says the contrary of: 可以继承 against 不可以继承. Such words are
//! compared wherever they stand, also in clauses of the writer's own: what the evidence only denies is not so, what it only
//! affirms is not denied, and where it does both, the place counts whose words around it are most like those of the answer.

use super::around::Around;
use super::denial::is_asked;
use super::piece::{clause_at, stands, walk};
use super::source::Source;
use super::{Fault, FaultKind};

/// What such a word is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mood {
    /// What one may do.
    May,
    /// What one has to do.
    Must,
    /// What is so.
    Is,
    /// What costs something.
    Costs,
    /// What is one of those.
    Belongs,
}

/// Words that say so of what follows, or deny it; the longer ones first.
const WORDS: &[(&str, Mood, bool)] = &[
    ("收费标准", Mood::Costs, true),
    ("不收费", Mood::Costs, false),
    ("免收费", Mood::Costs, false),
    ("不要钱", Mood::Costs, false),
    ("免费", Mood::Costs, false),
    ("收费", Mood::Costs, true),
    ("不包括", Mood::Belongs, false),
    ("除外", Mood::Belongs, false),
    ("包括", Mood::Belongs, true),
    ("不一定要", Mood::Must, false),
    ("不一定能", Mood::May, false),
    ("不一定", Mood::Is, false),
    ("不可以", Mood::May, false),
    ("不能", Mood::May, false),
    ("不得", Mood::May, false),
    ("不可", Mood::May, false),
    ("不准", Mood::May, false),
    ("不许", Mood::May, false),
    ("不予", Mood::May, false),
    ("可以", Mood::May, true),
    ("可予", Mood::May, true),
    ("能", Mood::May, true),
    ("可", Mood::May, true),
    ("不需要", Mood::Must, false),
    ("不用", Mood::Must, false),
    ("不必", Mood::Must, false),
    ("不需", Mood::Must, false),
    ("不要求", Mood::Must, false),
    ("无需", Mood::Must, false),
    ("无须", Mood::Must, false),
    ("不要", Mood::Must, false),
    ("必须", Mood::Must, true),
    ("需要", Mood::Must, true),
    ("须", Mood::Must, true),
    ("要", Mood::Must, true),
    ("不再", Mood::Is, false),
    ("不", Mood::Is, false),
    ("也", Mood::Is, true),
];

/// Words that only look like those, or say something else.
const OTHERS: &[&str] = &[
    "不动产",
    "不同",
    "不过",
    "不仅",
    "主要",
    "重要",
    "要求",
    "需求",
    "能不能",
    "可不可以",
    "能否",
    "可否",
    "只能",
    "才能",
    "可能",
    "功能",
    "职能",
    "智能",
    "能力",
    "技能",
    "节能",
    "性能",
    "能源",
    "许可",
    "认可",
    "可支配",
    "可靠",
    "可行",
    "未能",
    "没能",
    "不仅能",
    "不得低于",
    "不得超过",
    "不得少于",
    "不能超过",
    "不能低于",
    "不能少于",
    "不可低于",
    "不可超过",
    "失能",
    "体能",
    "能评",
    "能效",
    "新能",
    "可疑",
];

/// Characters that may stand between such a word and what it allows.
const BETWEEN: &str = "再也就都先直接另被让给在按为去来只还单独一起";

/// Words by which a heading asks.
const ASKING: &[&str] = &["什么", "哪", "怎么", "多少", "吗"];

/// So many characters are what it is said of.
const OBJECT: usize = 2;

/// With so little in common, the same word is of something else.
const SAME_THING: f64 = 0.04;

/// By so much more the contrary has to fit, where the evidence says both.
const MORE: f64 = 0.25;

/// What a line says of something.
pub(super) struct Claim {
    mood: Mood,
    holds: bool,
    object: Vec<char>,
    start: usize,
    around: Around,
}

/// What a line in normal form says.
pub(super) fn claims(text: &[char]) -> Vec<Claim> {
    let mut found = Vec::new();
    walk(text, OTHERS, |place| {
        let Some((word, mood, holds)) = WORDS.iter().find(|(word, ..)| stands(text, place, word)) else {
            return place + 1;
        };
        let from = place + word.chars().count();
        if matches!(mood, Mood::Costs | Mood::Belongs) {
            let around = Around::of(text, place, from);
            found.push(Claim { mood: *mood, holds: *holds, object: Vec::new(), start: place, around });
            return from;
        }
        let behind = text[from..].iter().enumerate();
        let object: Vec<(usize, char)> = behind
            .take_while(|(_, c)| c.is_alphanumeric() && !"了的".contains(**c))
            .skip_while(|(_, c)| BETWEEN.contains(**c))
            .take(OBJECT)
            .map(|(at, c)| (from + at, *c))
            .collect();
        if let Some(&(start, _)) = object.first() {
            let end = start + object.len();
            found.push(Claim {
                mood: *mood,
                holds: *holds,
                object: object.into_iter().map(|(_, c)| c).collect(),
                start,
                around: Around::of(text, start, end),
            });
        }
        from
    });
    found
}

impl Claim {
    /// Whether it is about the same, which the evidence or the answer may say with one character.
    fn is_of(&self, known: &Self) -> bool {
        let may_be = |mood: Mood| matches!(mood, Mood::May | Mood::Is);
        let most = self.object.len().min(known.object.len());
        (self.mood == known.mood || (may_be(self.mood) && may_be(known.mood)))
            && self.object[..most] == known.object[..most]
    }
}

/// Whether the place stands in a heading that asks, as 能享受什么 before what one gets: it states nothing.
fn is_asking_heading(text: &[char], place: usize) -> bool {
    let rest: String = text[place..].iter().take_while(|c| !",;".contains(**c)).collect();
    rest.split_once(':').is_some_and(|(heading, _)| ASKING.iter().any(|word| heading.contains(word)))
}

/// What a line says and the evidence only denies, or denies and the evidence only says.
pub(super) fn check(line: &str, cited: &[&Source], faults: &mut Vec<Fault>) {
    let text: Vec<char> = line.chars().collect();
    let all = claims(&text);
    for own in &all {
        // 今年不能上,满6岁才可以上 names both cases itself.
        let names_both =
            !own.object.is_empty() && all.iter().any(|other| other.holds != own.holds && own.is_of(other));
        if is_asked(&text, own.start) || is_asking_heading(&text, own.start) || names_both {
            continue;
        }
        let most = |holds: bool| {
            let known = cited.iter().flat_map(|source| &source.claims);
            let alike = known.filter(|known| known.holds == holds && own.is_of(known));
            alike.map(|known| own.around.share_in(&known.around)).reduce(f64::max)
        };
        let Some(contrary) = most(!own.holds) else { continue };
        let least = most(own.holds).map_or(SAME_THING, |same| same + MORE);
        if contrary >= least {
            faults.push(Fault { kind: FaultKind::Contrary, words: clause_at(&text, own.start) });
        }
    }
}
