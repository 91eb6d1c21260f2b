//! What one text says that others do not, for words that may be put together from a conversation and from nothing else.

use super::fact::facts;
use super::normal::normal;

/// A text in the form in which it is compared.
pub fn plain(text: &str) -> String {
    normal(text)
}

/// Whether a text has a figure, a date, a time, an amount, an address or a number that none of the others has.
pub fn brings_facts(text: &str, others: &[&str]) -> bool {
    let known: Vec<_> = others.iter().flat_map(|other| facts(&normal(other))).collect();
    facts(&normal(text))
        .iter()
        .any(|fact| !known.iter().any(|known| known.kind == fact.kind && known.key == fact.key))
}
