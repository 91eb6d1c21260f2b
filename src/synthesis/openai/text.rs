//! Cleans a model's text as it comes: thoughts are cut out, a refusal is noticed before it is shown, addresses come back,
//! marks are found.

use super::failure::Failure;
use super::links::{Links, Naming};
use super::marks::Marks;
use crate::dialogue::Piece;

/// What the model is told to write when the evidence does not answer.
const NO_ANSWER: &str = "NO_ANSWER";

/// The characters that are held back at the beginning: the refusal with some emphasis around it.
const HEAD: usize = 12;

/// How thoughts begin and end where they come inside the text.
const THOUGHTS: [(&str, &str); 2] = [("<think>", "</think>"), ("<thinking>", "</thinking>")];

enum Phase {
    /// Nothing but white space, or the beginning of a tag, has come.
    Start,
    /// Inside thoughts that end with this tag.
    Thinking(&'static str),
    /// The first characters, until it is clear that they are no refusal.
    Head,
    /// The answer.
    Body,
}

/// A text on its way to the citizen.
pub(super) struct Text {
    phase: Phase,
    held: String,
    /// The last characters shown, to notice a word that comes in parts.
    tail: String,
    naming: Naming,
    marks: Marks,
}

impl Text {
    /// A text in which addresses have these names.
    pub(super) fn new(links: Links) -> Self {
        Self {
            phase: Phase::Start,
            held: String::new(),
            tail: String::new(),
            naming: Naming::new(links),
            marks: Marks::default(),
        }
    }

    /// Takes text and gives what can be shown.
    pub(super) fn push(&mut self, text: &str) -> Result<Vec<Piece>, Failure> {
        self.held.push_str(text);
        loop {
            match self.phase {
                Phase::Start => {
                    let trimmed = self.held.trim_start();
                    let opened = THOUGHTS.iter().find(|(open, _)| trimmed.starts_with(open));
                    if let Some(&(open, close)) = opened {
                        self.held = trimmed.strip_prefix(open).unwrap_or_default().to_owned();
                        self.phase = Phase::Thinking(close);
                    } else if THOUGHTS.iter().any(|(open, _)| open.starts_with(trimmed)) {
                        return Ok(Vec::new());
                    } else {
                        self.held = trimmed.to_owned();
                        self.phase = Phase::Head;
                    }
                }
                Phase::Thinking(close) => {
                    let Some((_, rest)) = self.held.split_once(close) else {
                        self.held = last(&self.held, close.len());
                        return Ok(Vec::new());
                    };
                    self.held = rest.to_owned();
                    self.phase = Phase::Start;
                }
                Phase::Head => {
                    if self.held.chars().count() < HEAD {
                        return Ok(Vec::new());
                    }
                    self.phase = Phase::Body;
                }
                Phase::Body => {
                    let text = std::mem::take(&mut self.held);
                    return self.show(&text);
                }
            }
        }
    }

    /// The text has ended; gives what was held back.
    pub(super) fn finish(&mut self) -> Result<Vec<Piece>, Failure> {
        if matches!(self.phase, Phase::Thinking(_)) {
            return Err(Failure::Broken("it ends in the middle of a thought".to_owned()));
        }
        let text = std::mem::take(&mut self.held);
        let mut pieces = self.show(text.trim_start())?;
        pieces.extend(self.marks.push(&self.naming.finish()));
        pieces.extend(self.marks.finish());
        Ok(pieces)
    }

    fn show(&mut self, text: &str) -> Result<Vec<Piece>, Failure> {
        self.tail.push_str(text);
        // A refusal further on makes the text before it worthless as well.
        if self.tail.to_ascii_uppercase().contains(NO_ANSWER) {
            return Err(Failure::Declined);
        }
        // Some servers cut off the opening tag only: what came before was a thought.
        if THOUGHTS.iter().any(|(_, close)| self.tail.contains(close)) {
            return Err(Failure::Broken("a thought was sent as the answer".to_owned()));
        }
        self.tail = last(&self.tail, HEAD);
        Ok(self.marks.push(&self.naming.push(text)))
    }
}

/// The last characters of a text.
fn last(text: &str, count: usize) -> String {
    let skipped = text.chars().count().saturating_sub(count);
    text.chars().skip(skipped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words that are shown when the text comes in pieces of this many characters.
    fn shown(text: &str, size: usize) -> Result<String, Failure> {
        let characters: Vec<char> = text.chars().collect();
        let mut cleaned = Text::new(Links::default());
        let mut pieces = Vec::new();
        for chunk in characters.chunks(size) {
            pieces.extend(cleaned.push(&chunk.iter().collect::<String>())?);
        }
        pieces.extend(cleaned.finish()?);
        Ok(pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(words) => words.clone(),
                Piece::Cite(index) => format!("[{}]", index + 1),
                other => panic!("{other:?}"),
            })
            .collect())
    }

    #[test]
    fn leading_thoughts_are_cut_out_however_they_are_split() {
        for text in [
            "<think>先看<b>材料[1]</think>\n\n带上身份证和户口簿，到窗口办理[1]",
            "\n<thinking>x</thinking>带上身份证和户口簿，到窗口办理[1]",
            "<think></think><think>y</think>带上身份证和户口簿，到窗口办理[1]",
            "带上身份证和户口簿，到窗口办理[1]",
        ] {
            for size in 1..=text.chars().count() {
                assert_eq!(
                    shown(text, size).unwrap(),
                    "带上身份证和户口簿，到窗口办理[1]",
                    "{text} in {size}"
                );
            }
        }
    }

    #[test]
    fn short_texts_and_angle_brackets_come_through() {
        for text in ["可以[1]", "<3 天[1]", "<thin 带上身份证和户口簿，到窗口办理"] {
            for size in 1..=text.chars().count() {
                assert_eq!(shown(text, size).unwrap(), text);
            }
        }
    }

    #[test]
    fn a_refusal_is_noticed_before_anything_is_shown() {
        for text in ["NO_ANSWER", " **NO_ANSWER**。资料里没有", "<think>x</think>no_answer", "“NO_ANSWER”"]
        {
            for size in 1..=text.chars().count() {
                assert!(matches!(shown(text, size), Err(Failure::Declined)), "{text} in {size}");
            }
        }
        let mut text = Text::new(Links::default());
        assert_eq!(text.push("NO_ANS").unwrap(), []);
    }

    #[test]
    fn a_late_refusal_and_a_headless_thought_spoil_the_text() {
        let late = "这个问题在资料里没有写明，所以 NO_ANSWER";
        let headless = "用户问的是身份证补领，我先看材料。</think>带上户口簿[1]";
        for size in 1..20 {
            assert!(matches!(shown(late, size), Err(Failure::Declined)));
            assert!(matches!(shown(headless, size), Err(Failure::Broken(_))));
            assert!(matches!(shown("<think>还在想", size), Err(Failure::Broken(_))));
        }
    }
}
