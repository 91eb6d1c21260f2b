//! Whose telephone number it is. Several offices of one entry have one each, and a citizen who calls the wrong one is sent on.

use super::beside::{beside, weight};
use super::fact::{FactKind, facts};
use super::figure::phones;
use super::source::Source;
use super::{Fault, FaultKind};

/// Words with less weight before a number do not tell an office.
const NAMING: usize = 4;

/// So much of the words before a number stands in the line of the office they name.
const NAMED: f64 = 0.7;

/// By so much more they have to fit the line of another office.
const MORE: f64 = 0.04;

/// A line of the evidence with telephone numbers.
pub(super) struct Office {
    phones: Vec<String>,
    line: Vec<char>,
}

impl Office {
    /// What a line in normal form says, if there is a number in it.
    pub(super) fn of(line: &str) -> Option<Self> {
        let phones: Vec<String> = facts(line)
            .into_iter()
            .filter(|fact| fact.kind == FactKind::Phone)
            .map(|fact| fact.key)
            .collect();
        (!phones.is_empty()).then(|| Self { phones, line: line.chars().collect() })
    }
}

/// Numbers of a line that stand in the evidence beside another office than the one they stand beside here.
pub(super) fn check(line: &str, cited: &[&Source], faults: &mut Vec<Fault>) {
    let text: Vec<char> = line.chars().collect();
    let mut from = 0;
    for (phone, start, end) in phones(line) {
        let words = &text[from..start];
        from = end;
        if weight(words) < NAMING {
            continue;
        }
        let most = |is_its_own: bool| {
            let offices = cited.iter().flat_map(|source| &source.offices);
            let offices = offices.filter(|office| office.phones.contains(&phone) == is_its_own);
            offices.map(|office| beside(words, &office.line).share).reduce(f64::max)
        };
        if let (Some(own), Some(other)) = (most(true), most(false))
            && other >= NAMED
            && other >= own + MORE
        {
            faults.push(Fault { kind: FaultKind::Unstated(FactKind::Phone), words: phone });
        }
    }
}
