//! Everyday and official names of the same thing, brought to one.

use aho_corasick::{AhoCorasick, MatchKind};

/// The groups of names, a group a line.
const ALIASES: &str = include_str!("aliases.txt");

/// How often replacing is repeated at most: a replaced name can complete another one with what stands beside it.
const ROUNDS: usize = 4;

/// Finds the longest name at each place and puts the first of its group there.
#[derive(Debug)]
pub(super) struct Aliases {
    finder: Option<AhoCorasick>,
    names: Vec<&'static str>,
}

impl Aliases {
    pub(super) fn load() -> Aliases {
        let pairs: Vec<(&str, &str)> =
            groups().flat_map(|(first, rest)| rest.map(move |name| (name, first))).collect();
        let finder = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(pairs.iter().map(|(name, _)| name))
            .ok();
        Aliases { finder, names: pairs.into_iter().map(|(_, first)| first).collect() }
    }

    /// The text with the first name of its group in the place of every name.
    pub(super) fn unify(&self, text: String) -> String {
        let Some(finder) = &self.finder else { return text };
        let mut unified = text;
        for _ in 0..ROUNDS {
            if !finder.is_match(&unified) {
                break;
            }
            unified = finder.replace_all(&unified, &self.names);
        }
        unified
    }
}

/// The first name of each group and the others.
fn groups() -> impl Iterator<Item = (&'static str, std::str::SplitWhitespace<'static>)> {
    super::listed(ALIASES).filter_map(|line| {
        let mut names = line.split_whitespace();
        names.next().map(|first| (first, names))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_of_the_same_thing_become_one() {
        let aliases = Aliases::load();
        let table = [
            ("老伴的房产证不见了", "配偶的房本丢了"),
            ("我爸妈能用我的医保卡吗", "父母能用我的社保卡吗"),
            ("机动车驾驶证怎么补领", "驾照咋补办"),
            ("居住证", "居住证"),
        ];
        for (text, expected) in table {
            assert_eq!(aliases.unify(text.to_owned()), expected, "{text}");
        }
    }

    #[test]
    fn the_list_keeps_its_rules() {
        let aliases = Aliases::load();
        let mut seen = HashSet::new();
        for (first, rest) in groups() {
            assert_eq!(aliases.unify(first.to_owned()), first, "a first name stays");
            assert!(seen.insert(first), "{first} stands twice");
            for name in rest {
                assert!(seen.insert(name), "{name} stands twice");
                // Text that does not grow stays within its limit, so that unifying twice changes nothing.
                assert!(first.chars().count() <= name.chars().count(), "{first} is longer than {name}");
            }
        }
    }
}
