//! Whether something is free. 收费 and 不收费 differ in one character, and the citizen pays for it.

use super::beside::beside;
use super::fact::{FactKind, facts};
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

/// How alike a sentence has to be to speak of the very same thing.
const SAME: f64 = 0.85;

fn without(text: &str, words: &[&str]) -> String {
    words.iter().fold(text.to_owned(), |text, word| text.replace(word, ""))
}

/// Whether a line says of something that it is charged or free, and the evidence it cites says otherwise.
pub(super) fn is_wrong(line: &str, cited: &[&Source]) -> bool {
    let charged = without(line, NEITHER).contains("收费");
    let free = ["免费", "不收费", "不要钱"].iter().any(|word| line.contains(word));
    if !charged && !free {
        return false;
    }
    let mut evidence = cited.iter().map(|source| source.stated.text.as_str());
    if charged {
        let names_price = facts(line).iter().any(|fact| fact.kind == FactKind::Amount);
        let states_price = |text: &str| {
            let rest = without(
                text,
                &["不收费", "不收", "免收", "收入", "收到", "回收", "验收", "签收", "接收", "收款", "吸收"],
            );
            rest.contains('收')
                || (names_price && facts(&rest).iter().any(|fact| fact.kind == FactKind::Amount))
        };
        let very_thing_is_free = || {
            line.split(['。', ';']).filter(|sentence| sentence.contains("收费")).any(|sentence| {
                let sentence: Vec<char> = sentence.chars().collect();
                cited.iter().flat_map(|source| &source.sentences).any(|known| {
                    let known: &[char] = &known.text;
                    let text: String = known.iter().collect();
                    text.contains("不收费") && beside(&sentence, known).share >= SAME
                })
            })
        };
        return !evidence.any(states_price) || (!free && very_thing_is_free());
    }
    !evidence.any(|text| FREE.iter().any(|word| text.contains(word)))
}
