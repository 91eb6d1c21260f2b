//! Whether something is free. 收费 and 不收费 differ in one character, and the citizen pays for it.

use std::sync::LazyLock;

use regex::Regex;

use super::beside::beside;
use super::fact::{FactKind, facts};
use super::pattern::patterns;
use super::piece::{clause_texts, clauses};
use super::source::Source;

/// Words with 收费 that do not say that something is charged.
const NEITHER: &[&str] = &[
    "不收费",
    "免收费",
    "收费标准",
    "收费单",
    "是否收费",
    "收费项目",
    "怎么收费",
    "收不收费",
    "如何收费",
    "不另收费",
];

/// Words by which evidence says that something is free.
const FREE: &[&str] = &["不收费", "免费", "不要钱", "不用钱", "不花钱", "不收", "免"];

patterns! {
    CHARGED = r"收(?:费|取|工本|手续|押金|保证金|\d)|另收|公示价|自己付";
}

/// How alike a sentence has to be to speak of the very same thing.
const SAME: f64 = 0.85;

fn without(text: &str, words: &[&str]) -> String {
    words.iter().fold(text.to_owned(), |text, word| text.replace(word, ""))
}

/// Whether a clause that says that something is charged stands in the evidence as one that says that it is free: 评估收费, where the
/// evidence has 评估不收费 and nowhere 评估收费.
fn clause_is_free(line: &str, cited: &[&Source]) -> bool {
    let charges = |text: &str| without(text, NEITHER).contains("收费");
    let known: Vec<(String, Vec<char>)> = cited
        .iter()
        .flat_map(|source| &source.sentences)
        .flat_map(|sentence| {
            clauses(&sentence.text).into_iter().map(|(start, end)| sentence.text[start..end].to_vec())
        })
        .map(|clause| (clause.iter().collect::<String>(), clause))
        .filter(|(text, _)| text.contains("收费") || text.contains("免费"))
        .collect();
    clause_texts(line).iter().filter(|clause| charges(clause)).any(|clause| {
        let clause: Vec<char> = clause.chars().collect();
        let says_so = |(_, known): &&(String, Vec<char>)| beside(&clause, known).share >= SAME;
        let mut same = known.iter().filter(says_so).peekable();
        same.peek().is_some() && same.all(|(text, _)| !charges(text))
    })
}

/// Whether a line says of something that it is charged or free, and the evidence it cites says otherwise.
pub(super) fn is_wrong(line: &str, cited: &[&Source]) -> bool {
    let charged = without(line, NEITHER).contains("收费");
    let line = &line.replace("要不要钱", "");
    let free = ["免费", "不收费", "不要钱"].iter().any(|word| line.contains(word));
    if !charged && !free {
        return false;
    }
    let mut evidence = cited.iter().map(|source| source.stated.text.as_str());
    if charged {
        let names_price = facts(line).iter().any(|fact| fact.kind == FactKind::Amount);
        let states_price = |text: &str| {
            let rest = without(text, &["不收费", "不收", "免收"]);
            CHARGED.as_ref().is_some_and(|pattern| pattern.is_match(&rest))
                || (names_price && facts(&rest).iter().any(|fact| fact.kind == FactKind::Amount))
        };
        let very_thing_is_free = || {
            line.split(['。', ';']).filter(|sentence| sentence.contains("收费")).any(|sentence| {
                let sentence: Vec<char> = sentence.chars().collect();
                cited.iter().flat_map(|source| &source.sentences).any(|known| {
                    let known: &[char] = &known.text;
                    let text: String = known.iter().collect();
                    ["不收费", "免费"].iter().any(|word| text.contains(word))
                        && beside(&sentence, known).share >= SAME
                })
            })
        };
        return !evidence.any(states_price) || (!free && very_thing_is_free()) || clause_is_free(line, cited);
    }
    !evidence.any(|text| FREE.iter().any(|word| text.contains(word)))
}
