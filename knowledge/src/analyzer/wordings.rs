//! What a question says in words that official texts do not use, and the words that they use instead.
//!
//! 老板不给钱 and 用人单位拖欠劳动报酬 have no character in common. The list bridges what people call things, states and
//! wrongs and what guides, statutes and replies call them. It is evidence and no identity: what is the same thing at every
//! window stands among the aliases.

use std::collections::HashMap;

/// The groups, one a line: words of people, and after `>` words of texts.
const WORDINGS: &str = include_str!("wordings.txt");

/// Words of one question that are replaced at most. A question that has more is a letter.
const MAX_WORDS: usize = 24;

/// Other words for one that are looked for at most.
const MAX_OTHERS: usize = 24;

/// What it counts that a text uses another of the words of people, against 1 for a word of texts.
const BESIDE: f32 = 0.7;

/// Finds the words of people in a question.
#[derive(Debug)]
pub(super) struct Wordings {
    /// For each word of people, the places in `words` of what may stand for it, and what that counts.
    others: HashMap<String, Vec<(usize, f32)>>,
    words: Vec<String>,
    /// The longest word of people, in characters.
    longest: usize,
}

/// A word of a question that texts may say otherwise.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wording<'t, 'a> {
    /// The word.
    pub(crate) word: &'t str,
    /// What may stand for it, and what that counts, from 0 to 1.
    pub(crate) others: Vec<(&'a str, f32)>,
}

impl Wordings {
    /// Reads the list; `canonical` brings a word to the form that questions and entries have.
    pub(super) fn load(canonical: impl Fn(&str) -> String) -> Wordings {
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut words: Vec<String> = Vec::new();
        let mut others: HashMap<String, Vec<(usize, f32)>> = HashMap::new();
        let mut place = |word: String| {
            *places.entry(word.clone()).or_insert_with(|| {
                words.push(word);
                words.len() - 1
            })
        };
        for (said, written) in super::grouped(WORDINGS, '>') {
            let said: Vec<String> = said.map(&canonical).collect();
            let alike = said.iter().cloned().map(|word| (word, BESIDE));
            let all: Vec<(usize, f32)> = written
                .map(|word| (canonical(word), 1.0))
                .chain(alike)
                .map(|(word, counts)| (place(word), counts))
                .collect();
            for word in said {
                let own = place(word.clone());
                let known = others.entry(word).or_default();
                for &(other, counts) in all.iter().filter(|(other, _)| *other != own) {
                    match known.iter_mut().find(|(known, _)| *known == other) {
                        Some((_, known)) => *known = known.max(counts),
                        None => known.push((other, counts)),
                    }
                }
            }
        }
        for known in others.values_mut() {
            known.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            known.truncate(MAX_OTHERS);
        }
        let longest = others.keys().map(|word| word.chars().count()).max().unwrap_or(0);
        Wordings { others, words, longest }
    }

    /// The words of people in a text in canonical names, given its words in order: the longest at each place, and none
    /// that begins or ends within a word. What the text itself has is not named as what may stand for them.
    pub(super) fn said<'t>(&self, text: &'t str, words: &[(&str, bool)]) -> Vec<Wording<'t, '_>> {
        let mut found = Vec::new();
        let mut begin = 0;
        let mut from = 0;
        while from < words.len() && found.len() < MAX_WORDS {
            let mut end = begin;
            let mut longest = None;
            for (number, (word, _)) in words.iter().enumerate().skip(from).take(self.longest) {
                end += word.len();
                let run = text.get(begin..end).and_then(|run| Some((run, self.others.get(run)?)));
                longest = run.map(|(word, others)| (number + 1, end, word, others)).or(longest);
            }
            if let Some((next, end, word, others)) = longest {
                let named = others
                    .iter()
                    .filter_map(|&(other, counts)| Some((self.words.get(other)?.as_str(), counts)));
                let others: Vec<(&str, f32)> = named.filter(|(other, _)| !text.contains(other)).collect();
                found.push(Wording { word, others });
                (from, begin) = (next, end);
            } else {
                begin += words[from].0.len();
                from += 1;
            }
        }
        found.retain(|wording| !wording.others.is_empty());
        found
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::Analyzer;
    use super::*;

    /// The words of people in a question, each with what may stand for it.
    fn said(question: &str) -> Vec<(String, Vec<String>)> {
        let analyzer = Analyzer::shared();
        let text = analyzer.canonical(analyzer.question(question));
        let words = analyzer.segments(&text);
        let found = analyzer.wordings(&text, &words);
        found
            .into_iter()
            .map(|one| (one.word.to_owned(), one.others.iter().map(|(word, _)| (*word).to_owned()).collect()))
            .collect()
    }

    #[test]
    fn words_of_people_lead_to_words_of_texts() {
        for (question, word, other) in [
            ("老板拖欠工资怎么办", "老板", "用人单位"),
            ("刚怀上了能请假吗", "怀上了", "妊娠"),
            ("旁边工地吵死了", "吵死了", "噪声"),
        ] {
            let found = said(question);
            let others = found.iter().find(|(found, _)| found == word).map(|(_, others)| others);
            assert!(
                others.is_some_and(|others| others.iter().any(|one| one.contains(other))),
                "{question}: {found:?}"
            );
        }
        assert!(said("").is_empty());
    }

    #[test]
    fn what_the_question_says_itself_stands_for_nothing() {
        let found = said("老板就是用人单位吗");
        assert!(found.iter().all(|(_, others)| others.iter().all(|other| other != "用人单位")), "{found:?}");
    }

    #[test]
    fn the_list_keeps_its_rules() {
        let mut lines = HashSet::new();
        for (said, written) in super::super::grouped(WORDINGS, '>') {
            let (said, written): (Vec<&str>, Vec<&str>) = (said.collect(), written.collect());
            assert!(said.len() + written.len() > 1 && !said.is_empty(), "{said:?} stands for nothing");
            let mut once = HashSet::new();
            for word in said.iter().chain(&written) {
                assert!(once.insert(*word), "{word} stands twice in a line");
                assert!((1..=20).contains(&word.chars().count()) && !word.contains('>'), "{word}");
            }
            assert!(lines.insert(said.join(" ") + ">" + &written.join(" ")), "{said:?} stands twice");
        }
    }
}
