//! Cutting normalised text into the mixed tokens of the index.

use jieba_rs::Jieba;

/// The longest run of Latin letters and digits that is one token. Longer ones are not words but pasted data.
const MAX_RUN: usize = 48;

/// Whether a character is written without spaces between words.
pub(crate) fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{20000}'..='\u{3FFFF}' | '〇' | '々')
}

/// The characters that mean something: letters, digits, Chinese characters. No spaces, no punctuation.
pub(crate) fn letters(normalised: &str) -> Vec<char> {
    normalised.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Tokens one behind the other in one buffer: a text has hundreds, and an allocation for each costs more than finding it.
#[derive(Debug, Default, Clone)]
pub struct Tokens {
    text: String,
    ends: Vec<u32>,
}

impl Tokens {
    /// The token at that place.
    pub fn get(&self, at: usize) -> Option<&str> {
        let end = *self.ends.get(at)? as usize;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        self.text.get(start..end)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All of them, in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|at| self.get(at))
    }

    /// Adds a token that consists of these parts.
    pub(super) fn push(&mut self, kind: char, parts: impl IntoIterator<Item = char>) {
        self.text.push(kind);
        self.text.extend(parts);
        self.ends.push(self.text.len() as u32);
    }

    /// Adds a token as it is.
    pub(super) fn push_whole(&mut self, token: &str) {
        self.text.push_str(token);
        self.ends.push(self.text.len() as u32);
    }
}

/// Characters `c…`, pairs `b…`, words `w…` and runs `x…` of a normalised text.
pub(super) fn mixed(normalised: &str, jieba: &Jieba) -> Tokens {
    let mut tokens = Tokens::default();
    tokens.text.reserve(normalised.len() * 5);
    characters_and_runs(normalised, &mut tokens);
    for word in jieba.cut_for_search(normalised, true) {
        // A one-character word is already there as a character, a Latin one as a run.
        if word.word.chars().nth(1).is_some() && word.word.chars().all(is_han) {
            tokens.push('w', word.word.chars());
        }
    }
    tokens
}

fn characters_and_runs(normalised: &str, tokens: &mut Tokens) {
    let mut previous: Option<char> = None;
    let mut run = String::new();
    for c in normalised.chars().chain([' ']) {
        let han = is_han(c);
        let in_run = !han && c.is_alphanumeric();
        if in_run && run.chars().count() < MAX_RUN {
            run.push(c);
        } else if !in_run && !run.is_empty() {
            tokens.push('x', run.drain(..));
        }
        if han {
            tokens.push('c', [c]);
            if let Some(before) = previous {
                tokens.push('b', [before, c]);
            }
        }
        previous = han.then_some(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_do_not_cross_punctuation_or_latin() {
        let mut tokens = Tokens::default();
        characters_and_runs("医保，c1证12345", &mut tokens);
        assert_eq!(tokens.iter().collect::<Vec<_>>(), ["c医", "c保", "b医保", "xc1", "c证", "x12345"]);
    }
}
