//! What a line says may be done, has to be done or is so, and what it says the contrary of: 可以继承 against 不可以继承. Such words are
//! compared wherever they stand, also in clauses of the writer's own: what the evidence only denies is not so, what it only
//! affirms is not denied, and where it does both, the place counts whose words around it are most like those of the answer.

use super::around::Around;
use super::case::{case_before, is_another, named_before};
use super::denial::{asks, is_asked};
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

/// With so much of what stands before it behind the other one, it is said of the same in another order.
const FRONTED: f64 = 0.6;

/// With so little in common, the same word is of something else.
const SAME_THING: f64 = 0.04;

/// By so much more the contrary has to fit, where the evidence says both.
const MORE: f64 = 0.25;

/// What a line says of something.
#[derive(Clone)]
pub(super) struct Claim {
    mood: Mood,
    holds: bool,
    object: Vec<char>,
    start: usize,
    /// Its words, with those that it is said of.
    words: String,
    around: Around,
    /// Whether the line begins with it.
    begins: bool,
    /// Of which case it is said, if of one.
    case: Vec<char>,
    /// What it is said of.
    named: Vec<char>,
}

/// What a line says that follows a question.
pub(super) fn claims_after(question: &[char], line: &[char]) -> Vec<Claim> {
    let text: Vec<char> = question.iter().chain(line).copied().collect();
    let mut found = claims(&text, question.len());
    let asked: Vec<Claim> = found.iter().filter(|claim| claim.start < question.len()).cloned().collect();
    found.retain(|claim| claim.start >= question.len());
    // 能, to a title that asks 能留着吗, says 能留着.
    let bare = WORDS.iter().find(|(word, ..)| {
        stands(line, 0, word) && line.get(word.chars().count()).is_none_or(|c| !c.is_alphanumeric())
    });
    if let Some((_, mood, holds)) = bare {
        let same = asked.into_iter().find(|claim| claim.mood == *mood);
        found.splice(0..0, same.map(|claim| Claim { holds: *holds, begins: true, ..claim }));
    }
    found
}

/// What a text in normal form says. A case is named behind the first characters, `from` of them.
fn claims(text: &[char], from: usize) -> Vec<Claim> {
    let line = text.get(from..).unwrap_or_default();
    let mut found = Vec::new();
    walk(text, OTHERS, |place| {
        let Some((word, mood, holds)) = WORDS.iter().find(|(word, ..)| stands(text, place, word)) else {
            return place + 1;
        };
        let behind = place + word.chars().count();
        let claim = Claim {
            mood: *mood,
            holds: *holds,
            object: Vec::new(),
            start: place,
            words: String::new(),
            around: Around::default(),
            begins: place == from,
            case: place.checked_sub(from).map_or(&[][..], |place| case_before(line, place)).to_vec(),
            named: place.checked_sub(from).map_or(&[][..], |place| named_before(line, place)).to_vec(),
        };
        if matches!(mood, Mood::Costs | Mood::Belongs) {
            found.push(Claim { around: Around::of(text, place, behind), ..claim });
            return behind;
        }
        let rest = text[behind..].iter().enumerate();
        let object: Vec<(usize, char)> = rest
            .take_while(|(_, c)| c.is_alphanumeric() && !"了的".contains(**c))
            .skip_while(|(_, c)| BETWEEN.contains(**c))
            .take(OBJECT)
            .map(|(at, c)| (behind + at, *c))
            .collect();
        if let Some(&(start, verb)) = object.first() {
            let end = start + object.len();
            // 不能做生食海产品、裱花蛋糕 says so of both.
            for item in further_items(text, end) {
                found.push(Claim {
                    object: vec![verb, text[item]],
                    start,
                    around: Around::of(text, item, item + 1),
                    ..claim.clone()
                });
            }
            found.push(Claim {
                object: object.into_iter().map(|(_, c)| c).collect(),
                start,
                words: text[place..end].iter().collect(),
                around: Around::of(text, start, end),
                ..claim
            });
        }
        behind
    });
    found
}

/// Where the items after the first one begin that a clause lists behind a place. What allows or denies anew is none.
fn further_items(text: &[char], from: usize) -> Vec<usize> {
    let clause = text[from..].iter().take_while(|c| c.is_alphanumeric() || "、“”\"".contains(**c)).count();
    (from..from + clause)
        .filter(|&place| text[place] == '、')
        .map(|place| place + 1)
        .filter(|&place| text.get(place).is_some_and(|c| c.is_alphanumeric() && !"能可要须不".contains(*c)))
        .collect()
}

impl Claim {
    /// Whether a line begins with it, and says it of its title, and a clause says the same.
    pub(super) fn is_said_in(&self, clause: &[char]) -> bool {
        let says_so = |own: &Self| own.holds == self.holds && own.is_of(self);
        self.begins && self.holds && claims(clause, 0).iter().any(says_so)
    }

    /// Whether it denies what the citizen, or a title, tells of the case before the question: 我妈户口不在安和,还有高龄津贴吗.
    fn is_given(&self, asked: &str, cited: &[&Source]) -> bool {
        let titles = cited.iter().map(|source| source.title.as_str());
        self.mood == Mood::Is
            && !self.holds
            && !self.words.is_empty()
            && std::iter::once(asked)
                .chain(titles)
                .flat_map(told_before_the_question)
                .any(|told| told.contains(&self.words))
    }

    /// Whether it is about the same, which the evidence or the answer may say with one character.
    fn is_of(&self, known: &Self) -> bool {
        let may_be = |mood: Mood| matches!(mood, Mood::May | Mood::Is);
        let most = self.object.len().min(known.object.len());
        (self.mood == known.mood || (may_be(self.mood) && may_be(known.mood)))
            && self.object[..most] == known.object[..most]
    }
}

/// The clauses of a question but for the last, which asks, and for others that ask.
fn told_before_the_question(question: &str) -> Vec<&str> {
    let marks = [',', ';', ':', '。', '!', '?', ' '];
    let mut told: Vec<&str> = question.split(marks).filter(|clause| !clause.is_empty()).collect();
    told.pop();
    told.retain(|clause| {
        !asks(clause)
            && !clause.ends_with(['吗', '么', '呢', '吧', '不', '没'])
            && !ASKING.iter().any(|word| clause.contains(word))
    });
    told
}

/// Whether the place stands in a heading that asks, as 能享受什么 before what one gets, or only names what follows, as 办理和收费: it
/// states nothing.
fn is_open_heading(text: &[char], place: usize) -> bool {
    let rest: String = text[place..].iter().take_while(|c| !",;".contains(**c)).collect();
    rest == "收费:"
        || rest.split_once(':').is_some_and(|(heading, _)| ASKING.iter().any(|word| heading.contains(word)))
}

/// What a line says and the evidence only denies, or denies and the evidence only says.
///
/// `asked` is the question in normal form.
pub(super) fn check(line: &str, asked: &str, cited: &[&Source], faults: &mut Vec<Fault>) {
    let text: Vec<char> = line.chars().collect();
    let all = claims(&text, 0);
    for own in &all {
        // 今年不能上,满6岁才可以上 names both cases itself.
        let names_both =
            !own.object.is_empty() && all.iter().any(|other| other.holds != own.holds && own.is_of(other));
        if is_asked(&text, own.start)
            || is_open_heading(&text, own.start)
            || names_both
            || own.is_given(asked, cited)
        {
            continue;
        }
        // What is denied of another case says nothing of this one.
        let is_elsewhere =
            |known: &Claim| own.holds && !known.holds && is_another(&known.case, &own.named, &text, cited);
        let most = |holds: bool| {
            let known = cited.iter().flat_map(|source| &source.claims);
            let alike =
                known.filter(|known| known.holds == holds && own.is_of(known) && !is_elsewhere(known));
            let is_verb = !own.object.is_empty();
            let share = |known: &Claim| {
                let fronted = own.around.share_fronted(&known.around);
                own.around.share_in(&known.around).max(if is_verb && fronted >= FRONTED {
                    fronted
                } else {
                    0.0
                })
            };
            alike.map(share).reduce(f64::max)
        };
        let Some(contrary) = most(!own.holds) else { continue };
        let least = most(own.holds).map_or(SAME_THING, |same| same + MORE);
        if contrary >= least {
            faults.push(Fault { kind: FaultKind::Contrary, words: clause_at(&text, own.start) });
        }
    }
}
