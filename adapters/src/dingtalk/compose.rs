//! A reply as the messages that show it: the text, numbers to call, numbered choices, sources, and what can be done next,
//! cut to the platform's length at the ends of blocks and sentences.

use super::config::Words;
use super::render::{self, BREAK, Cells};
use crate::message::Author;
use crate::split::at_sentences;
use crate::{Locale, Outbound};

/// The longest title, in characters; longer ones are cut off on phones.
const TITLE: usize = 20;

/// How a reply is put.
pub struct Style<'a> {
    /// The channel's words.
    pub words: &'a Words,
    /// The reader's language.
    pub locale: Locale,
    /// Whether the robot's messages say that a machine wrote them.
    pub ai_label: bool,
}

/// The blocks of a reply, in the order in which they are read.
pub fn blocks(reply: &Outbound, style: &Style<'_>) -> Vec<String> {
    let Style { words, locale, ai_label } = *style;
    let say = |wording: &crate::Wording| wording.say(locale).to_owned();
    let pair = |name: &str, value: &str| words.pair.fill(locale, &[("name", name), ("value", value)]);
    let cells = Cells { pair: &pair, between: words.between_pairs.say(locale) };
    let mut blocks = render::blocks(&reply.text, &cells);
    if let (Author::Helper, Some(name)) = (reply.author, &reply.name) {
        blocks.insert(0, words.helper.fill(locale, &[("name", name)]));
    }
    if !reply.call.is_empty() {
        let lines: Vec<String> = reply
            .call
            .iter()
            .map(|call| words.call.fill(locale, &[("label", &call.label), ("number", &call.number)]))
            .collect();
        blocks.push(lines.join(BREAK));
    }
    if !reply.choices.is_empty() {
        let lines: Vec<String> = reply
            .choices
            .iter()
            .enumerate()
            .map(|(place, choice)| format!("{}. {}", place + 1, choice.label))
            .collect();
        blocks.push(lines.join("\n"));
        blocks.push(say(&words.choose));
    }
    if !reply.citations.is_empty() {
        let mut lines = vec![say(&words.sources)];
        for citation in &reply.citations {
            let number = citation.number.to_string();
            let line = words.source.fill(locale, &[("number", &number), ("title", &citation.title)]);
            lines.push(match &citation.url {
                Some(url) => format!("{line} {url}"),
                None => line,
            });
        }
        blocks.push(format!("> {}", lines.join("  \n> ")));
    }
    if reply.ask_rating {
        blocks.push(say(&words.rate));
    } else if can_ask_human(reply) {
        blocks.push(say(&words.human));
    }
    if ai_label && reply.author == Author::Robot {
        blocks.push(format!("> {}", words.ai.say(locale)));
    }
    blocks
}

/// Whether a person can be asked for below a reply: below every answer, but not once one has been called.
pub fn can_ask_human(reply: &Outbound) -> bool {
    let answers = matches!(reply.outcome.as_deref(), Some("answered" | "guide" | "clarify" | "no_answer"));
    reply.offer_human || (reply.author == Author::Robot && answers)
}

/// Puts blocks together into messages of at most `limit` bytes; a block that is longer is cut between sentences.
pub fn pack(blocks: &[String], limit: usize) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut open = String::new();
    for piece in blocks.iter().flat_map(|block| at_sentences(block, limit, str::len)) {
        let longer = open.len() + 2 + piece.len();
        if !open.is_empty() && longer > limit {
            parts.push(std::mem::take(&mut open));
        }
        if !open.is_empty() {
            open.push_str("\n\n");
        }
        open.push_str(&piece);
    }
    if !open.is_empty() {
        parts.push(open);
    }
    parts
}

/// What the list of chats and the notification show of a message. Nobody but the reader sees them, except in groups.
pub fn title(text: &str, style: &Style<'_>) -> String {
    let words = render::plain(text);
    let first: String = words.chars().take(TITLE).collect();
    if first.trim().is_empty() { style.words.title.say(style.locale).to_owned() } else { first }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::message::{Call, Choice, Citation};

    pub(in crate::dingtalk) fn words() -> Words {
        // The words of the program itself are read by its own tests; here each sentence is its name.
        let names = [
            "title",
            "helper",
            "call",
            "choose",
            "sources",
            "source",
            "human",
            "rate",
            "ai",
            "pair",
            "between_pairs",
            "file_not_shown",
            "refused",
            "too_long",
            "busy",
            "too_fast",
            "unavailable",
            "not_now",
            "unsupported",
            "picture_not_read",
            "file_not_read",
            "voice_not_heard",
            "thinking",
            "see_below",
            "continued",
            "ended",
            "noted_useful",
            "noted_useless",
            "noted_human",
            "noted_choice",
            "stale",
            "not_yours",
        ];
        let places = "{label}{number}{name}{value}{title}";
        let value = names.iter().map(|&name| {
            let text = format!("{name}{places}");
            (name.to_owned(), serde_json::json!({ "zh": text, "en": text }))
        });
        serde_json::from_value(serde_json::Value::Object(value.collect())).unwrap()
    }

    fn reply(text: &str) -> Outbound {
        Outbound {
            seq: 1,
            id: "r".into(),
            author: Author::Robot,
            name: None,
            at: jiff::Timestamp::UNIX_EPOCH,
            text: text.to_owned(),
            outcome: None,
            citations: vec![],
            attachments: vec![],
            choices: vec![],
            offer_human: false,
            call: vec![],
            ask_rating: false,
            client_id: None,
            private: false,
            feedback: None,
            opens: None,
        }
    }

    #[test]
    fn everything_that_a_page_shows_stands_in_the_message() {
        let words = words();
        let style = Style { words: &words, locale: Locale::Zh, ai_label: true };
        let mut full = reply("回答。[1]");
        full.call = vec![Call { label: "报警".into(), number: "110".into() }];
        full.choices = vec![
            Choice { key: "a".into(), label: "换证".into() },
            Choice { key: "b".into(), label: "补证".into() },
        ];
        full.offer_human = true;
        full.citations = vec![Citation {
            number: 1,
            id: "e".into(),
            title: "条目".into(),
            kind: "faq".into(),
            url: Some("https://c.example/1".into()),
            quote: "q".into(),
            source: None,
            department: None,
            links: Vec::new(),
        }];
        let text = blocks(&full, &style).join("\n\n");
        for expected in [
            "回答。[1]",
            "call报警110",
            "1. 换证\n2. 补证",
            "choose",
            "source",
            "条目",
            "https://c.example/1",
            "human",
            "> ai",
        ] {
            assert!(text.contains(expected), "{expected}: {text}");
        }
        let silent = Style { ai_label: false, ..style };
        assert!(!blocks(&full, &silent).join("").contains("ai{"), "the label can be left out");
        full.ask_rating = true;
        let text = blocks(&full, &silent).join("\n\n");
        assert!(text.contains("rate{") && !text.contains("human{"), "{text}");
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_is_too_long(texts in prop::collection::vec("(\\PC|[。，\\n 办理]){0,200}", 0..8), limit in 16_usize..400) {
            let parts = pack(&texts, limit);
            for part in &parts {
                prop_assert!(part.len() <= limit, "{}", part.len());
            }
            let bare = |text: &str| text.chars().filter(|letter| !letter.is_whitespace()).collect::<String>();
            prop_assert_eq!(bare(&parts.concat()), bare(&texts.concat()));
        }
    }
}
