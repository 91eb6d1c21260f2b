//! A question that leans on earlier turns, spelt out by a model: what can be a question, and whether it
//! brings anything that nobody said.
//!
//! What is spelt out is looked up, so a word of the model's own would find an entry that the citizen never asked about. Only
//! words that stand in the conversation, and words that ask, may be in it.

use super::context::Past;
use super::grounding::said;
use super::intent::Words;

/// How many earlier questions are remembered and told.
pub const EARLIER: usize = 3;

/// The longest question, in characters.
const LONGEST: usize = 120;

/// Characters that join words and mean nothing alone.
const JOINING: &str =
    "在和跟与把给对向从用到为被时来让或及种个要能我你您他她它们这那吗呢的怎么样什啥咋多少几哪谁何如否";

/// The same in English.
const JOINING_WORDS: &[&str] = &[
    "a", "an", "the", "of", "for", "in", "to", "my", "is", "are", "do", "does", "did", "i", "you", "we",
    "they", "he", "she", "it", "can", "what", "how", "when", "where", "which", "who", "if", "and", "or",
    "with", "at", "on", "be", "get", "need", "much", "many", "long", "should", "will",
];

/// Characters that deny.
const DENIALS: &str = "不没无未非勿莫别免";

/// Whether the text can be a question: one line of a fit length, in words alone.
pub fn is_question(text: &str) -> bool {
    let is_plain = |character: char| !character.is_control() && !"<>{}`|".contains(character);
    let fits = text.chars().count() <= LONGEST && text.chars().any(char::is_alphanumeric);
    fits && text.chars().all(is_plain) && !text.contains("://")
}

/// Whether a question brings something that stands neither in the words that it spells out nor in the turns before: a
/// figure, a date, a place, a name, a denial, or any other word that does not merely ask.
pub fn brings(words: &Words, question: &str, asked: &str, earlier: &[Past]) -> bool {
    let texts: Vec<&str> = std::iter::once(asked)
        .chain(
            earlier.iter().flat_map(|past| [Some(past.question.as_str()), past.title.as_deref()]).flatten(),
        )
        .collect();
    if said::brings_facts(question, &texts) {
        return true;
    }
    let known: Vec<String> = texts.iter().map(|text| said::plain(text)).collect();
    let question = said::plain(question);
    !Known(&known).covers(&question, &words.without_content(&question))
}

/// Texts of a conversation, in one form.
struct Known<'a>(&'a [String]);

impl Known<'_> {
    fn says(&self, words: &str) -> bool {
        self.0.iter().any(|text| text.contains(words))
    }

    /// Whether a question is made of pieces of the texts, of what merely asks, and of what joins them.
    fn covers(&self, question: &str, asking: &[bool]) -> bool {
        let characters: Vec<char> = question.chars().collect();
        let (mut place, mut alone) = (0, false);
        while let Some(&first) = characters.get(place) {
            if first.is_ascii_alphanumeric() {
                let word: String =
                    characters.iter().skip(place).take_while(|c| c.is_ascii_alphanumeric()).collect();
                let asks = asking.get(place).copied().unwrap_or_default();
                if !asks && !JOINING_WORDS.contains(&word.as_str()) && !self.says_word(&word) {
                    return false;
                }
                (place, alone) = (place + word.len(), false);
                continue;
            }
            let longest = self.longest(&characters, place);
            let means_nothing = !first.is_alphanumeric()
                || asking.get(place).copied().unwrap_or_default()
                || JOINING.contains(first);
            if longest >= 2 || means_nothing {
                (place, alone) = (place + longest.max(1), false);
                continue;
            }
            // A word of one character (开, 补) may stand by itself; two of them together may be another word.
            if longest == 0 || alone || DENIALS.contains(first) {
                return false;
            }
            (place, alone) = (place + 1, true);
        }
        true
    }

    /// The word, not a part of another one or of a longer number.
    fn says_word(&self, word: &str) -> bool {
        self.0.iter().any(|text| {
            text.split(|character: char| !character.is_ascii_alphanumeric()).any(|known| known == word)
        })
    }

    /// How many characters from here on stand together in one of the texts. A piece does not end in a denial that denies
    /// something else there.
    fn longest(&self, characters: &[char], from: usize) -> usize {
        let mut piece = String::new();
        let mut longest = 0;
        for (length, character) in (1..).zip(characters.iter().skip(from)) {
            piece.push(*character);
            if !self.says(&piece) {
                break;
            }
            let denies_next = DENIALS.contains(*character) && characters.get(from + length).is_some();
            if !denies_next {
                longest = length;
            }
        }
        longest
    }
}

#[cfg(test)]
mod tests;
