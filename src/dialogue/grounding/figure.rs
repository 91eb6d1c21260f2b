//! Which case a figure is of. A figure of an answer has to stand in the evidence, and there for the same thing: of the lines that
//! have one of its kind, the one whose words around it are most like those of the answer tells which it should be.

use std::sync::LazyLock;

use regex::Regex;

use super::around::Around;
use super::beside::{beside, weight};
use super::fact::{FactKind, facts, part};
use super::limit::{Direction, direction};
use super::pattern::patterns;
use super::piece::{clauses, holding};
use super::source::Source;
use super::{Fault, FaultKind};

/// With so much of what stands around a figure around another one, it is of the same case.
const SAME_CASE: f64 = 0.55;

/// The same for a figure that was asked about and may be repeated.
const COPIED: f64 = 0.8;

/// The same for a figure that the evidence has of nothing.
const NOWHERE: f64 = 0.4;

/// So much of what names a figure has to name the other one. 硕士2万元 is no mistake for 博士5万元.
const NAMED: f64 = 0.9;

/// By so much more another figure has to fit than the one that was said.
const MORE: f64 = 0.12;

/// The weight of words that say whose a figure is.
const WHOSE: usize = 6;

/// With fewer telling characters around it, a figure cannot be told from others.
const TELLING: usize = 3;

patterns! {
    // What stands before the end of a range.
    RANGE = r"\d(?:%|岁|年|天|个月|万元|元)?[-到至]$";
    PHONE = r"0\d{2,3}-\d{7,8}";
    // Telephone numbers, times, links and house numbers are looked up as they are.
    OTHER = r"\d{3,}-\d{5,}|\d{1,2}:\d{2}|https?://[^ 。,;]*|(?:路|街|巷|道|弄)\d+号";
    FIGURE = r"(\d+(?:\.\d+)?) ?((?:(?:、|-|/|或|到|和) ?\d+(?:\.\d+)?)*)(万元|亿元|万|元|块钱|块|个?工作日|个月|月|年|天|日|周岁|岁|周|个?小时|分钟|个百分点|%|平方米|平米|平|个人|人|名|次|份|张|公里|户|套|倍|分|级|米|家|孩|座)";
}

/// A figure and the words around it.
#[derive(Clone, Debug)]
pub(super) struct Figure {
    kind: FactKind,
    key: String,
    direction: Option<Direction>,
    /// Whether a range ends with it: 60-64岁.
    is_end_of_range: bool,
    text: String,
    /// The place behind it.
    end: usize,
    /// The clause before its own, which may say of whom it is.
    of: Vec<char>,
    around: Around,
}

/// What follows a limit and names the rest of the cases without its figure.
const BEYOND: &[&str] = &["超过的", "超过了", "超过部分", "超过后", "超出的", "超出部分", "超过,"];

/// The other side of the limits of a line, where the line goes on to it: 30分钟内免费,超过的每小时3元 says something of 超过30分钟, too.
pub(super) fn beyond(line: &str, figures: &[Figure]) -> Vec<Figure> {
    let characters: Vec<char> = line.chars().collect();
    let mut found = Vec::new();
    for word in BEYOND {
        for (at, _) in line.match_indices(word) {
            let start = part(line, 0, at).chars().count();
            let is_down = |figure: &&Figure| figure.direction == Some(Direction::Down);
            let before = figures.iter().filter(is_down).filter(|figure| figure.end <= start);
            let Some(last) = before.max_by_key(|figure| figure.end) else { continue };
            let limits = figures
                .iter()
                .filter(is_down)
                .filter(|figure| figure.kind == last.kind && figure.end <= start);
            found.extend(limits.map(|figure| Figure {
                direction: Some(Direction::Up),
                around: Around::of(&characters, start, start + 2),
                ..figure.clone()
            }));
        }
    }
    found
}

/// The telephone numbers of offices in a line, as facts have them, each with the places from where and to before where it stands.
pub(super) fn phones(line: &str) -> Vec<(String, usize, usize)> {
    let place = |at: usize| part(line, 0, at).chars().count();
    let found = PHONE.iter().flat_map(|pattern| pattern.find_iter(line));
    found.map(|phone| (phone.as_str().replace('-', ""), place(phone.start()), place(phone.end()))).collect()
}

/// The figures of a line in normal form that have a unit.
pub(super) fn figures(line: &str) -> Vec<Figure> {
    let (Some(other), Some(figure)) = (&*OTHER, &*FIGURE) else { return Vec::new() };
    // As long as it was, so that the places stay.
    let hidden = other.replace_all(line, |found: &regex::Captures<'_>| "\u{1}".repeat(found[0].len()));
    let characters: Vec<char> = line.chars().collect();
    let place = |at: usize| part(line, 0, at).chars().count();
    let mut found: Vec<Figure> = Vec::new();
    for (key, start, end) in phones(line) {
        found.push(Figure {
            kind: FactKind::Phone,
            key,
            direction: None,
            is_end_of_range: false,
            text: characters[start..end].iter().collect(),
            end,
            of: Vec::new(),
            around: Around::of(&characters, start, end),
        });
    }
    let mut at = 0;
    while let Some(captures) = figure.captures_at(&hidden, at) {
        let (Some(number), Some(whole)) = (captures.get(1), captures.get(0)) else { break };
        at = number.end();
        let shares_unit = !captures[2].is_empty();
        // 20个人 and 150平 are spoken.
        let unit = match &captures[3] {
            "个人" => "人",
            "平米" | "平" => "平方米",
            unit => unit,
        };
        let text = format!("{}{unit}", number.as_str());
        let Some(fact) = facts(&text).pop() else { continue };
        let key = if fact.kind == FactKind::Number { format!("{unit}:{}", fact.key) } else { fact.key };
        let end = if shares_unit { number.end() } else { whole.end() };
        let (before, behind) = (part(line, 0, number.start()), part(line, end, line.len()));
        let (mut direction, _) = direction(before, if shares_unit { "" } else { behind });
        // 不超过10万元(季度30万元): what stands in brackets is limited as that before them.
        if direction.is_none() && stands_in_brackets(before) {
            let last = found.last().filter(|last| last.kind == fact.kind);
            direction = last.and_then(|last| last.direction);
        }
        let around = Around::of(&characters, place(number.start()), place(end));
        let is_end_of_range =
            before.ends_with(['-', '到', '至']) && RANGE.iter().any(|range| range.is_match(before));
        let (of, end) = (clause_before(&characters, place(number.start())), place(end));
        found.push(Figure { kind: fact.kind, key, direction, is_end_of_range, text, end, of, around });
    }
    found
}

/// Whether a fact of a kind stands in words.
fn has_kind(words: &[char], kind: FactKind) -> bool {
    facts(&words.iter().collect::<String>()).iter().any(|fact| fact.kind == kind)
}

/// The clause before that of a place, in the same sentence.
fn clause_before(line: &[char], place: usize) -> Vec<char> {
    let pieces = clauses(line);
    let before = holding(&pieces, place).and_then(|own| own.checked_sub(1)).map(|before| &pieces[before]);
    let joined = before.filter(|&&(_, end)| line.get(end) == Some(&','));
    joined.map_or_else(Vec::new, |&(start, end)| line[start..end].to_vec())
}

fn stands_in_brackets(before: &str) -> bool {
    before.rfind('(').is_some_and(|open| before.rfind(')').is_none_or(|close| close < open))
}

impl Figure {
    /// Whether it is at least that much.
    pub(super) fn points_up(&self) -> bool {
        self.direction == Some(Direction::Up)
    }

    /// The same amount, period or number of things.
    fn is_same(&self, known: &Self) -> bool {
        self.kind == known.kind && self.key == known.key
    }

    /// Whether it is limited the other way.
    fn points_elsewhere(&self, known: &Self) -> bool {
        matches!((self.direction, known.direction), (Some(own), Some(other)) if own != other)
    }

    /// Whether it is the same, and limited in the same way.
    fn is_case_of(&self, known: &Self) -> bool {
        self.is_same(known) && !self.points_elsewhere(known)
    }

    fn is_comparable(&self, known: &Self) -> bool {
        let unit = |figure: &Self| figure.key.split(':').next().map(str::to_owned);
        self.kind == known.kind && (self.kind != FactKind::Number || unit(self) == unit(known))
    }

    /// Whether it counts things, and more than one: 一人 counts nothing.
    fn is_count_of_several(&self) -> bool {
        self.kind == FactKind::Number && !self.key.ends_with(":1")
    }

    /// Its kind and what it comes to, as facts have them.
    pub(super) fn fact(&self) -> (FactKind, &str) {
        (self.kind, &self.key)
    }
}

/// The figures of the evidence that one of an answer may be, or should have been.
struct Beside<'a> {
    /// How much of what stands around it stands around the same figure of the evidence, if there is one.
    same: Option<f64>,
    /// Whether that one is the end of a range wherever it stands.
    only_ends_ranges: bool,
    /// Another one that is named the same, and how much of what stands around the figure stands around that.
    other: Option<(f64, &'a Figure)>,
}

/// Figures of a line that stand in the evidence for another case. `asked` are those of the question: an answer may repeat them, but
/// not in words that were copied.
pub(super) fn check(line: &str, asked: &[Figure], cited: &[&Source], faults: &mut Vec<Fault>) {
    let characters: Vec<char> = line.chars().collect();
    for figure in figures(line) {
        let was_asked = asked.iter().any(|asked| asked.is_same(&figure));
        let mut beside = figure.beside(cited);
        if figure.names_whose_it_is(&characters, cited) {
            beside.same = Some(1.0);
        }
        if let Some(kind) = beside.fault(&figure, was_asked) {
            faults.push(Fault { kind, words: figure.text });
        }
    }
}

impl Figure {
    /// Whether the line names before it whose the same figure is in the evidence: 有两个孩子的家庭,租房每月2000元, where that stands
    /// beside another figure's words.
    fn names_whose_it_is(&self, line: &[char], cited: &[&Source]) -> bool {
        let before = &line[..self.end.min(line.len())];
        let known = cited.iter().flat_map(|source| &source.figures);
        known.filter(|known| self.is_case_of(known)).any(|known| {
            weight(&known.of) >= WHOSE
                && !has_kind(&known.of, self.kind)
                && beside(&known.of, before).share >= NAMED
        })
    }

    fn beside<'a>(&self, cited: &[&'a Source]) -> Beside<'a> {
        let known: Vec<&Figure> = cited
            .iter()
            .flat_map(|source| &source.figures)
            .filter(|known| self.is_comparable(known))
            .collect();
        let follows = |known: &Figure| self.around.share_behind(&known.around);
        let cases = || known.iter().filter(|known| self.is_case_of(known));
        let most_follows = cases().map(|known| follows(known)).fold(-1.0, f64::max);
        // Of both sides of a limit the one is meant whose consequence follows.
        let is_other_side = |known: &Figure| {
            self.is_same(known) && self.around.is_followed() && follows(known) <= most_follows
        };
        let others = known.iter().filter(|known| {
            !self.is_case_of(known) && self.around.named_in(&known.around) >= NAMED && !is_other_side(known)
        });
        Beside {
            same: cases().map(|known| self.around.share_in(&known.around)).reduce(f64::max),
            only_ends_ranges: !self.is_end_of_range && cases().all(|known| known.is_end_of_range),
            other: others
                .map(|known| (self.around.share_in(&known.around), *known))
                .max_by(|left, right| left.0.total_cmp(&right.0))
                // What the evidence counts is told from what it does not count.
                .or_else(|| known.first().map(|known| (0.0, *known))),
        }
    }
}

impl Beside<'_> {
    fn fault(&self, figure: &Figure, was_asked: bool) -> Option<FaultKind> {
        let (share, known) = self.other?;
        let least = match self.same {
            None => NOWHERE,
            Some(_) if was_asked => COPIED,
            Some(_) => SAME_CASE,
        };
        let fits_better = figure.around.telling() >= TELLING
            && share >= least
            && share >= self.same.unwrap_or_default() + MORE;
        let is_cut = self.only_ends_ranges
            && figure.direction.is_none()
            && self.same.is_some_and(|share| share >= SAME_CASE);
        let is_uncounted = self.same.is_none() && !was_asked && figure.is_count_of_several();
        if fits_better && figure.is_same(known) {
            return Some(FaultKind::Limit);
        }
        (fits_better || is_cut || is_uncounted).then_some(FaultKind::Unstated(figure.kind))
    }
}
