//! What the channel says of itself, from `config/words/wechat.toml`.

use serde::Deserialize;

use crate::Wording;

/// The sentences. Each says in the file what it is for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/words/wechat.toml says what each sentence is for")]
pub struct WechatWords {
    pub wait: Wording,
    pub wait_link: Wording,
    pub more: Wording,
    pub more_link: Wording,
    pub fetch_label: Wording,
    pub fetch_word: Wording,
    pub more_label: Wording,
    pub more_word: Wording,
    pub link_label: Wording,
    pub nothing_waiting: Wording,
    pub relayed: Wording,
    pub received: Wording,
    pub no_reply_yet: Wording,
    pub sources: Wording,
    pub human: Wording,
    pub human_label: Wording,
    pub human_word: Wording,
    pub choose: Wording,
    pub call: Wording,
    pub file: Wording,
    pub rate: Wording,
    pub helper: Wording,
    pub hello: Wording,
    pub unsupported: Wording,
    pub media_refused: Wording,
    pub place_refused: Wording,
    pub open_refused: Wording,
    pub not_now: Wording,
    pub too_long: Wording,
    pub too_fast: Wording,
    pub busy: Wording,
    pub unknown_key: Wording,
    pub page_title: Wording,
    pub page_wait: Wording,
    pub page_gone: Wording,
    pub page_sources: Wording,
    pub card: Wording,
    pub map: Wording,
    pub appointment: Wording,
    pub ai: Wording,
    /// Words that ask for what is waiting, and for nothing else.
    pub pokes: Vec<String>,
}

/// A citizen's words as they are compared: without white space, marks and case.
pub fn comparable(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

impl WechatWords {
    /// Whether a text asks for what is waiting. Marks alone, such as `？`, do, and the words of the list.
    pub fn is_poke(&self, text: &str) -> bool {
        let words = comparable(text);
        words.is_empty() || self.pokes.iter().any(|poke| comparable(poke) == words)
    }
}

/// Whether a text is too little to be a question: a digit, a letter, a single character.
pub fn is_scrap(text: &str) -> bool {
    comparable(text).chars().count() <= 1
}

/// The rating that a text is: a digit from 1 to 5, with 分 or 星 or without.
pub fn rating(text: &str) -> Option<u8> {
    let words = comparable(text);
    let mut letters = words.chars();
    let score = match letters.next()? {
        '1' | '１' | '一' => 1,
        '2' | '２' | '二' => 2,
        '3' | '３' | '三' => 3,
        '4' | '４' | '四' => 4,
        '5' | '５' | '五' => 5,
        _ => return None,
    };
    matches!(letters.as_str(), "" | "分" | "星").then_some(score)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wechat::testing::words;

    #[test]
    fn what_asks_for_an_answer_that_waits_and_what_is_a_question() {
        let words = words();
        for poke in ["继续", "继续。", " 继续 ", "？", "?", "。。。", "取答案", "CONTINUE", "😀"]
        {
            assert!(words.is_poke(poke), "{poke}");
        }
        for question in ["社保", "人工", "继续教育怎么报名", "1", "好的", "身份证丢了"] {
            assert!(!words.is_poke(question), "{question}");
        }
        for scrap in ["1", "嗯", "好！", "1。"] {
            assert!(is_scrap(scrap), "{scrap}");
        }
        assert!(!is_scrap("社保") && !is_scrap("12"));
    }

    #[test]
    fn ratings_are_single_digits() {
        for (text, expected) in [
            ("5", Some(5)),
            ("５分", Some(5)),
            ("1星", Some(1)),
            ("三", Some(3)),
            ("0", None),
            ("6", None),
            ("12", None),
            ("5个窗口", None),
            ("", None),
        ] {
            assert_eq!(rating(text), expected, "{text}");
        }
    }
}
