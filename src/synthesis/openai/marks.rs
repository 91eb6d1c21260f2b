//! Finds the citation marks in a model's text, which may be split anywhere.

use crate::dialogue::Piece;

/// The longest mark, such as `[1, 2, 3, 4]`.
const LONGEST: usize = 20;

/// The highest number of a mark. Above it, as in `国发[2024]12号`, the brackets belong to the text.
const HIGHEST: usize = 99;

/// Turns text into words and marks.
#[derive(Default)]
pub(super) struct Marks {
    /// An opening bracket and what followed it, as long as it can become a mark.
    held: String,
}

impl Marks {
    /// Takes text and gives what is certain.
    pub(super) fn push(&mut self, text: &str) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut words = String::new();
        for character in text.chars() {
            if opens(character) {
                words.push_str(&self.held);
                self.held.clear();
                self.held.push(character);
            } else if self.held.is_empty() {
                words.push(character);
            } else {
                self.held.push(character);
                if closes(character) {
                    match numbers(&self.held) {
                        Some(numbers) => {
                            flush(&mut words, &mut pieces);
                            pieces.extend(numbers.into_iter().map(|number| Piece::Cite(number - 1)));
                        }
                        None => words.push_str(&self.held),
                    }
                    self.held.clear();
                } else if !continues(character) || self.held.chars().count() > LONGEST {
                    words.push_str(&self.held);
                    self.held.clear();
                }
            }
        }
        flush(&mut words, &mut pieces);
        pieces
    }

    /// Gives what was held back; a mark that never closed is text.
    pub(super) fn finish(&mut self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        flush(&mut self.held, &mut pieces);
        pieces
    }
}

fn flush(words: &mut String, pieces: &mut Vec<Piece>) {
    if !words.is_empty() {
        pieces.push(Piece::Text(std::mem::take(words)));
    }
}

fn opens(character: char) -> bool {
    matches!(character, '[' | '［' | '【')
}

fn closes(character: char) -> bool {
    matches!(character, ']' | '］' | '】')
}

fn continues(character: char) -> bool {
    character.is_ascii_digit() || separates(character) || matches!(character, '^' | '-' | '–')
}

fn separates(character: char) -> bool {
    matches!(character, ',' | '，' | '、' | ';' | '；' | ' ')
}

/// The numbers between brackets: `1`, `^1`, `1, 2` or `1-3`.
fn numbers(mark: &str) -> Option<Vec<usize>> {
    let inner = mark.trim_start_matches(opens).trim_end_matches(closes);
    let mut numbers = Vec::new();
    for part in inner.split(separates).filter(|part| !part.is_empty()) {
        let part = part.trim_start_matches('^');
        let (from, to) = part.split_once(['-', '–']).unwrap_or((part, part));
        let (from, to): (usize, usize) = (from.parse().ok()?, to.parse().ok()?);
        if from == 0 || to < from || to > HIGHEST {
            return None;
        }
        numbers.extend(from..=to);
    }
    (!numbers.is_empty()).then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, size: usize) -> String {
        let mut marks = Marks::default();
        let characters: Vec<char> = text.chars().collect();
        let mut pieces = Vec::new();
        for chunk in characters.chunks(size) {
            pieces.extend(marks.push(&chunk.iter().collect::<String>()));
        }
        pieces.extend(marks.finish());
        pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(words) => words.clone(),
                Piece::Cite(index) => format!("<{index}>"),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn marks_are_found_however_they_are_split() {
        for (text, expected) in [
            ("带身份证[1]。", "带身份证<0>。"),
            ("带身份证 [1][12]", "带身份证 <0><11>"),
            ("[1, 2]和[1，3]和[1、2]", "<0><1>和<0><2>和<0><1>"),
            ("【2】［3］[^1]", "<1><2><0>"),
            ("[1-3]", "<0><1><2>"),
            ("国发[2024]12号", "国发[2024]12号"),
            ("【身份证号】[0][]", "【身份证号】[0][]"),
            ("[[1]]", "[<0>]"),
            ("[链接](https://a.example)[1]", "[链接](https://a.example)<0>"),
            ("没有完[1", "没有完[1"),
            ("[3-1][1-999]", "[3-1][1-999]"),
        ] {
            for size in 1..=text.chars().count() {
                assert_eq!(shown(text, size), expected, "{text} in {size}");
            }
        }
    }
}
