//! Which texts of an entry are embedded, and how a text is recognised again.

use sha2::{Digest, Sha256};

use crate::entry::{Entry, Status};

/// Recognises a text whose vector is kept: the first half of its SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TextHash(pub(super) [u8; TextHash::BYTES]);

impl TextHash {
    pub(super) const BYTES: usize = 16;

    /// Of a text as it is sent to the model, with whatever is put before it.
    pub fn of(text: &str) -> TextHash {
        let mut half = [0; Self::BYTES];
        half.copy_from_slice(&Sha256::digest(text.as_bytes())[..Self::BYTES]);
        TextHash(half)
    }
}

/// How much of an entry is embedded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextLimits {
    /// The most characters of a text.
    pub characters: usize,
    /// The most texts of an entry.
    pub texts: usize,
}

/// The texts of an entry: its title, its title with the beginning of the answer, and its similar questions, each once.
/// What is not published is not embedded, because it would leave the house before it is meant to.
pub fn texts(entry: &Entry, limits: TextLimits) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    if entry.status != Status::Published {
        return texts;
    }
    let body = format!("{}\n{}", entry.title.trim(), entry.answer.trim());
    let all = [entry.title.as_str(), body.as_str()];
    for text in all.into_iter().chain(entry.similar.iter().map(String::as_str)) {
        let cut: String = text.trim().chars().take(limits.characters).collect();
        if !cut.is_empty() && !texts.contains(&cut) && texts.len() < limits.texts {
            texts.push(cut);
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::{Details, EntryId};

    #[test]
    fn title_body_and_similar_questions_are_embedded_each_once_and_no_draft() {
        let mut entry = Entry::new(EntryId::new("a").unwrap(), "结婚登记", Details::Faq);
        entry.answer = "双方到场办理。".to_owned();
        entry.similar = ["怎么领证", "结婚登记", " ", "领证要什么"].map(str::to_owned).to_vec();
        let check = |entry: &Entry, characters, texts, expected: &[&str]| {
            assert_eq!(super::texts(entry, TextLimits { characters, texts }), expected);
        };
        check(&entry, 100, 9, &["结婚登记", "结婚登记\n双方到场办理。", "怎么领证", "领证要什么"]);
        check(&entry, 6, 3, &["结婚登记", "结婚登记\n双", "怎么领证"]);
        check(&entry, 4, 9, &["结婚登记", "怎么领证", "领证要什"]);
        entry.status = Status::Draft;
        check(&entry, 100, 9, &[]);
        let empty = Entry::new(EntryId::new("b").unwrap(), "", Details::Faq);
        check(&empty, 100, 9, &[]);
    }

    #[test]
    fn another_text_is_another_hash() {
        assert_eq!(TextHash::of("领证"), TextHash::of("领证"));
        assert_ne!(TextHash::of("领证"), TextHash::of("query: 领证"));
    }
}
