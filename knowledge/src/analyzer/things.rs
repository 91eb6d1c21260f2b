//! What a question names: the things that decide which matter it is about, under all the names they have.
//!
//! Words tell how much a question and an entry have in common, and little of which words matter: that a question is about
//! a cat and the entry about dogs is one word among ten. The list says of some thousand things that they decide.

use std::collections::HashSet;

use aho_corasick::{AhoCorasick, MatchKind};

/// The things, one a line: its names, and after `<` what also counts as mentioning it.
const THINGS: &str = include_str!("things.txt");

/// Finds the things that a text names.
#[derive(Debug)]
pub(super) struct Things {
    finder: Option<AhoCorasick>,
    /// The thing of each name, by the name's number.
    of_name: Vec<usize>,
    /// All that counts as mentioning each thing.
    mentions: Vec<Vec<String>>,
}

impl Things {
    /// Reads the list; `canonical` brings a name to the form that questions and entries have.
    pub(super) fn load(canonical: impl Fn(&str) -> String) -> Things {
        let (mut names, mut of_name, mut mentions) = (Vec::new(), Vec::new(), Vec::new());
        for (own, wider) in super::grouped(THINGS, '<') {
            let own: Vec<String> = own.map(&canonical).collect();
            let mut all: Vec<String> = own.iter().cloned().chain(wider.map(&canonical)).collect();
            all.sort_unstable();
            all.dedup();
            of_name.extend(own.iter().map(|_| mentions.len()));
            names.extend(own);
            mentions.push(all);
        }
        let finder = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&names).ok();
        Things { finder, of_name, mentions }
    }

    /// The things that a text in canonical names is about, each once, each as all that mentions it. `words` are the text's
    /// words in order: a name is none where it begins or ends within one, as 日本 in 今日本人.
    pub(super) fn named(&self, text: &str, words: &[(&str, bool)]) -> Vec<&[String]> {
        let Some(finder) = &self.finder else { return Vec::new() };
        let mut ends = HashSet::from([0]);
        let mut end = 0;
        for (word, _) in words {
            end += word.len();
            ends.insert(end);
        }
        let mut numbers: Vec<usize> = finder
            .find_iter(text)
            .filter(|found| ends.contains(&found.start()) && ends.contains(&found.end()))
            .map(|found| self.of_name[found.pattern().as_usize()])
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers.into_iter().map(|number| self.mentions[number].as_slice()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Analyzer;
    use super::*;

    /// The first mention of each thing that a question names.
    fn named(question: &str) -> Vec<Vec<String>> {
        let analyzer = Analyzer::shared();
        let text = analyzer.canonical(analyzer.question(question));
        let words = analyzer.segments(&text);
        analyzer.things(&text, &words).into_iter().map(<[String]>::to_vec).collect()
    }

    #[test]
    fn things_are_found_by_any_of_their_names_and_only_as_whole_words() {
        let one = |question: &str, mention: &str| {
            named(question).iter().any(|mentions| mentions.iter().any(|other| other == mention))
        };
        assert!(one("家里养猫要办证吗", "猫咪"), "{:?}", named("家里养猫要办证吗"));
        assert!(one("退役军人优待证去哪里申请", "退伍军人卡"));
        assert!(one("想去日本旅游", "日本"));
        assert!(!one("我今日本人去办", "日本"), "{:?}", named("我今日本人去办"));
        assert!(named("怎么办理，要什么材料").is_empty());
    }

    #[test]
    fn the_list_keeps_its_rules() {
        let mut seen = HashSet::new();
        for (names, wider) in super::super::grouped(THINGS, '<') {
            let names: Vec<&str> = names.collect();
            assert!(!names.is_empty(), "a line without a name");
            for name in &names {
                assert!(seen.insert(*name), "{name} names two things");
            }
            for name in names.iter().copied().chain(wider) {
                assert!(!name.contains('<'), "{name}");
            }
        }
    }
}
