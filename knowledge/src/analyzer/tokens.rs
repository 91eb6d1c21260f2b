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

/// Characters `c…`, pairs `b…`, words `w…` and runs `x…` of a normalised text.
pub(super) fn mixed(normalised: &str, jieba: &Jieba) -> Vec<String> {
    let mut tokens = Vec::with_capacity(normalised.len());
    characters_and_runs(normalised, &mut tokens);
    for word in jieba.cut_for_search(normalised, true) {
        // A one-character word is already there as a character, a Latin one as a run.
        if word.word.chars().nth(1).is_some() && word.word.chars().all(is_han) {
            tokens.push(format!("w{}", word.word));
        }
    }
    tokens
}

fn characters_and_runs(normalised: &str, tokens: &mut Vec<String>) {
    let mut previous: Option<char> = None;
    let mut run = String::new();
    for c in normalised.chars().chain([' ']) {
        let in_run = c.is_alphanumeric() && !is_han(c);
        if in_run && run.chars().count() < MAX_RUN {
            run.push(c);
        } else if !in_run && !run.is_empty() {
            tokens.push(format!("x{run}"));
            run.clear();
        }
        if is_han(c) {
            tokens.push(format!("c{c}"));
            if let Some(before) = previous {
                tokens.push(format!("b{before}{c}"));
            }
        }
        previous = is_han(c).then_some(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_do_not_cross_punctuation_or_latin() {
        let mut tokens = Vec::new();
        characters_and_runs("医保，c1证12345", &mut tokens);
        assert_eq!(tokens, ["c医", "c保", "b医保", "xc1", "c证", "x12345"]);
    }
}
