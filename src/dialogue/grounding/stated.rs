//! What the evidence states, and what is wrong with a fact that is said to stand in it.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::fact::{Fact, FactKind, facts, number, plain};
use super::figure::Figure;
use super::limit::Direction;
use super::pattern::patterns;

patterns! {
    // 9:00, 0000-88001701 and links hold numbers that count nothing.
    HOURS = r"(\d{1,2}:\d{2})-(\d{1,2}:\d{2})";
    COUNTLESS = r"\d{1,2}:\d{2}|\d{3,}-\d{5,}|https?://[^ 。，;]*";
}

/// What the evidence states, for looking up.
pub(super) struct Stated {
    /// The whole in normal form.
    pub(super) text: String,
    facts: Vec<Fact>,
    values: BTreeSet<String>,
    /// Numbers whose unit stands behind a later one: 1500、1100、800元.
    shared: BTreeSet<(FactKind, String)>,
    /// What is said of more than so much, be it without the figure.
    beyond: BTreeSet<(FactKind, String)>,
}

/// Numbers that everybody may name: the hotlines that a citizen is sent to.
const HOTLINES: &[&str] = &["12345", "110", "119", "120", "122", "12356"];

/// What is wrong with a fact.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wrong {
    /// The evidence does not state it.
    Unstated,
    /// The evidence states it as a limit that points the other way, or that is left out.
    Limit,
}

impl Stated {
    /// Reads evidence that is in normal form.
    pub(super) fn new(normal: &str, figures: &[Figure]) -> Self {
        let facts = facts(normal);
        let counted = COUNTLESS
            .as_ref()
            .map_or_else(|| normal.to_owned(), |pattern| pattern.replace_all(normal, "\u{1}").into_owned());
        let mut values = BTreeSet::new();
        let mut digits = String::new();
        for c in counted.chars().chain(std::iter::once(' ')) {
            if c.is_ascii_digit() || (c == '.' && !digits.is_empty()) {
                digits.push(c);
            } else if !digits.is_empty() {
                values.insert(plain(number(digits.trim_end_matches('.'))));
                digits.clear();
            }
        }
        values.extend(facts.iter().map(|fact| fact.key.rsplit(':').next().unwrap_or_default().to_owned()));
        let owned = |(kind, key): (FactKind, &str)| (kind, key.to_owned());
        let shared = figures.iter().map(Figure::fact).map(owned).collect();
        let beyond =
            figures.iter().filter(|figure| figure.points_up()).map(Figure::fact).map(owned).collect();
        Self { text: normal.to_owned(), facts, values, shared, beyond }
    }

    /// Whether the times of a day begin as they do here and end otherwise, wherever they begin so: 13:30-12:00 for 13:30-17:00.
    pub(super) fn ends_otherwise(&self, (from, to): (&str, &str)) -> bool {
        let mut known = hours(&self.text).filter(|(known, _)| *known == from).peekable();
        known.peek().is_some() && known.all(|(_, end)| end != to)
    }

    /// What is wrong with a fact, if anything is.
    pub(super) fn judge(&self, fact: &Fact) -> Option<Wrong> {
        let same: Vec<&Fact> =
            self.facts.iter().filter(|stated| stated.kind == fact.kind && stated.key == fact.key).collect();
        if same.is_empty() {
            let is_shared = || self.shared.contains(&(fact.kind, fact.key.clone()));
            let stated = match fact.kind {
                FactKind::Link => self.text.contains(&fact.key),
                FactKind::Date => self
                    .facts
                    .iter()
                    .any(|stated| stated.kind == FactKind::Date && within(&fact.key, &stated.key)),
                FactKind::Address => self.text.contains(&fact.key),
                FactKind::Number => self.values.contains(&fact.key) || HOTLINES.contains(&fact.key.as_str()),
                // 18 in words may be an age here and a number there: 未满18 and 18周岁.
                FactKind::Age => {
                    is_shared()
                        || self.facts.iter().any(|stated| {
                            stated.kind == FactKind::Number
                                && stated.key == fact.key
                                && stated.direction.is_some()
                        })
                }
                FactKind::Amount | FactKind::Percent | FactKind::Period => is_shared(),
                _ => false,
            };
            return (!stated).then_some(Wrong::Unstated);
        }
        let is_beyond =
            || fact.direction == Some(Direction::Up) && self.beyond.contains(&(fact.kind, fact.key.clone()));
        let fits = is_beyond()
            || same.iter().any(|stated| match (fact.direction, stated.direction) {
                (said, known) if said == known => true,
                // 封顶300元 is stated without a word that limits, and 年满60周岁 is said as 60岁.
                (Some(_), None) => true,
                (None, Some(_)) => stated.soft || fact.kind != FactKind::Amount || fact.text.is_ascii(),
                _ => false,
            });
        (!fits).then_some(Wrong::Limit)
    }
}

/// The times of day in a text in normal form that belong together.
pub(super) fn hours(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let found = HOURS.iter().flat_map(|pattern| pattern.captures_iter(text));
    found.filter_map(|found| Some((found.get(1)?.as_str(), found.get(2)?.as_str())))
}

/// Whether a date says less of the same day than another does: 7月1日 or 2026年 of 2026年7月1日.
fn within(part: &str, whole: &str) -> bool {
    let numbers = |text: &str| text.split('-').map(str::to_owned).collect::<Vec<_>>();
    let (part_of, whole) = (numbers(part), numbers(whole));
    if let Some(month) = part.strip_prefix("month ") {
        return whole.len() == 3 && whole[1] == month
            || whole.len() == 2 && whole[0].len() < 4 && whole[0] == month
            || whole.len() == 2 && whole[0].len() == 4 && whole[1] == month;
    }
    if let Some(day) = part.strip_prefix("day ") {
        return whole.last().is_some_and(|last| last == day);
    }
    whole.len() > part_of.len() && (whole.starts_with(&part_of) || whole.ends_with(&part_of))
}

#[cfg(test)]
mod tests;
