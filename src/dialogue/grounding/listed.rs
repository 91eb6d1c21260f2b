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

/// A step with so much of its text in one of the evidence is that step.
const SAME_STEP: f64 = 0.6;

/// Items that stand among others that the evidence lists, and not in it: a document that nobody asks for.
pub(super) fn check(line: &str, cited: &[&Source], faults: &mut Vec<Fault>) {
    let text: Vec<char> = line.chars().collect();
    for (start, end) in clauses(&text) {
        let items: Vec<&[char]> = text[start..end].split(|c| *c == '、').collect();
        if items.len() < 2 {
            continue;
        }
        let share = |item: &[char]| cited.iter().map(|source| source.share_of(item)).fold(0.0, f64::max);
        let shares: Vec<f64> = items.iter().map(|item| share(item)).collect();
        let others_are_known = |number: usize| {
            (0..items.len())
                .any(|other| other != number && shares[other] >= KNOWN && weight(items[other]) > 1)
        };
        for (number, item) in items.iter().enumerate() {
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
