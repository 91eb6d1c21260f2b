//! Lists: what stands between others that the evidence has, and the order of steps.

use super::super::described::Part;
use super::beside::{beside, weight};
use super::piece::{Line, clauses};
use super::source::Source;
use super::{Fault, FaultKind};

/// An item with so much of its text in the evidence stands there.
const KNOWN: f64 = 0.85;

/// An item with less of its text in the evidence does not.
const UNKNOWN: f64 = 0.5;

/// The weight of an item that names something.
const NAMING: usize = 3;

/// What the name of a document ends with.
const DOCUMENT: &str = "证明书表件信告料本照卡单据簿";

/// What many documents are called. What stands before tells them apart: 收入证明 and 居住证明.
const KINDS: &[&str] = &["证明", "申请表", "报告", "材料", "介绍信", "记录", "证"];

/// So many characters at its end name a document for certain.
const NAME: usize = 5;

/// An item with fewer characters may stand twice in a list.
const TWICE: usize = 2;

/// A step with so much of its text in one of the evidence is that step.
const SAME_STEP: f64 = 0.6;

/// Whether an item is another one again, be it with the unit that stands behind the last one: 2000、3000、2000元.
fn is_again(other: &[char], item: &[char]) -> bool {
    let is_number = other.len() > 1 && other.iter().all(char::is_ascii_digit);
    item == other
        || (is_number
            && item.strip_prefix(other).is_some_and(|rest| rest.first().is_some_and(|c| !c.is_ascii_digit())))
}

/// The name of a document without what many are called, if anything is left.
fn without_kind(item: &[char]) -> &[char] {
    let text: String = item.iter().collect();
    let kind = KINDS.iter().find(|kind| text.ends_with(*kind)).map_or(0, |kind| kind.chars().count());
    let rest = &item[..item.len() - kind];
    if weight(rest) < 2 { item } else { rest }
}

/// Whether words stand in the evidence as they are.
fn stands(words: &[char], cited: &[&Source]) -> bool {
    let words: String = words.iter().collect();
    cited.iter().any(|source| source.stated.text.contains(&words))
}

/// Items that stand among others that the evidence lists, and not in it: a document that nobody asks for.
pub(super) fn check(line: &str, cited: &[&Source], faults: &mut Vec<Fault>) {
    let text: Vec<char> = line.chars().collect();
    for (start, end) in clauses(&text) {
        let mut items: Vec<&[char]> = text[start..end].split(|c| *c == '、').collect();
        if items.len() < 2 {
            continue;
        }
        // What begins a list may stand behind other words: 办月卡核验居民身份证、行驶证.
        if let Some(first) = items.first_mut() {
            *first = &first[first.len().saturating_sub(NAME)..];
        }
        let share = |item: &[char]| cited.iter().map(|source| source.share_of(item)).fold(0.0, f64::max);
        let shares: Vec<f64> = items.iter().map(|item| share(item).min(share(without_kind(item)))).collect();
        let others_are_known = |number: usize| {
            (0..items.len())
                .any(|other| other != number && shares[other] >= KNOWN && weight(items[other]) > 1)
        };
        for (number, item) in items.iter().enumerate() {
            if item.len() >= TWICE
                && items[..number].iter().any(|other| is_again(other, item))
                && !stands(&text[start..end], cited)
            {
                faults.push(Fault { kind: FaultKind::Contrary, words: item.iter().collect() });
            }
            let is_document = item.last().is_some_and(|c| DOCUMENT.contains(*c));
            if is_document && weight(item) >= NAMING && shares[number] < UNKNOWN && others_are_known(number) {
                faults.push(Fault { kind: FaultKind::Unsupported, words: item.iter().collect() });
            }
        }
    }
}

/// Which step of a source a numbered line tells, if it is one for certain.
pub(super) fn step_of(line: &Line, sources: &[&Source]) -> Option<usize> {
    let [source] = sources else { return None };
    let text: Vec<char> = line.text.chars().collect();
    if !line.is_numbered || weight(&text) < NAMING {
        return None;
    }
    let steps = source.units.iter().filter(|unit| unit.part == Part::Step).enumerate();
    let shares = steps.map(|(number, unit)| (beside(&text, &unit.text).share, number));
    let mut alike: Vec<(f64, usize)> = shares.filter(|(share, _)| *share >= SAME_STEP).collect();
    alike.sort_by(|left, right| right.0.total_cmp(&left.0));
    match alike[..] {
        [(_, number)] => Some(number),
        [(most, number), (next, _), ..] if most > next => Some(number),
        _ => None,
    }
}
