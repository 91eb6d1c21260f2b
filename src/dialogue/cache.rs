//! Texts that a model wrote and that held, for the same question over the same evidence. In memory, and only for a while.
//!
//! The digests of the evidence are part of the key, so an entry that was edited has no text here.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lru::LruCache;

use super::ports::Brief;
use super::question::{Audience, Question};
use super::trace;
use super::writing::Written;

/// How much is kept, and how long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CachePolicy {
    /// How many texts are kept.
    pub texts: NonZeroUsize,
    /// How long each is.
    pub keep: Duration,
}

struct Kept {
    written: Written,
    since: Duration,
}

/// The texts. The model and its prompts are what the program was started with, so they need not be told apart.
pub(super) struct AnswerCache {
    keep: Duration,
    texts: Mutex<LruCache<String, Kept>>,
}

impl AnswerCache {
    pub(super) fn new(policy: CachePolicy) -> Self {
        Self { keep: policy.keep, texts: Mutex::new(LruCache::new(policy.texts)) }
    }

    /// The text of this key that is not too old at `now`.
    pub(super) fn get(&self, key: &str, now: Duration) -> Option<Written> {
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = texts.get(key)?;
        if now.saturating_sub(kept.since) < self.keep {
            return Some(kept.written.clone());
        }
        texts.pop(key);
        None
    }

    pub(super) fn put(&self, key: String, written: Written, now: Duration) {
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        texts.put(key, Kept { written, since: now });
    }
}

/// What makes two texts interchangeable: the question, which part is asked for, the language, where and for whom, and the
/// evidence word for word.
pub(super) fn key(brief: &Brief<'_>, asked: &Question) -> String {
    let locale = format!("{:?}", brief.locale);
    let audience = match asked.audience {
        None => "",
        Some(Audience::Citizen) => "citizen",
        Some(Audience::Enterprise) => "enterprise",
    };
    let question = same(brief.question);
    let standalone = same(brief.standalone.unwrap_or_default());
    let region = asked.region.as_deref().unwrap_or_default();
    let evidence: Vec<String> = brief.evidence.iter().map(trace::digest).collect();
    let mut parts =
        vec![question.as_str(), standalone.as_str(), brief.aspect.name(), &locale, audience, region];
    parts.extend(evidence.iter().map(String::as_str));
    trace::short_digest(&parts)
}

/// The question without marks and blanks. Those between digits stay: 3.5 is not 35.
fn same(question: &str) -> String {
    let characters: Vec<char> = question.to_lowercase().chars().collect();
    let digit = |at: Option<usize>| at.and_then(|at| characters.get(at)).is_some_and(char::is_ascii_digit);
    characters
        .iter()
        .enumerate()
        .filter(|&(at, character)| {
            character.is_alphanumeric() || (digit(at.checked_sub(1)) && digit(at.checked_add(1)))
        })
        .map(|(_, &character)| character)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_make_no_other_question_but_between_digits_they_do() {
        assert_eq!(same("护照 多少钱？"), same("护照多少钱"));
        assert_eq!(same("Passport fee?"), same("passport fee"));
        assert_ne!(same("工资3.5万"), same("工资35万"));
        assert_ne!(same("12-31 之前"), same("1231之前"));
    }

    #[test]
    fn a_text_is_kept_for_a_while_and_the_least_used_makes_room() {
        let seconds = Duration::from_secs;
        let policy = CachePolicy { texts: NonZeroUsize::new(2).unwrap(), keep: seconds(10) };
        let cache = AnswerCache::new(policy);
        let written = Written { text: "带户口簿[1]".to_owned(), cited: vec![0] };
        cache.put("a".to_owned(), written.clone(), seconds(1));
        assert_eq!(cache.get("a", seconds(10)), Some(written.clone()));
        assert_eq!(cache.get("a", seconds(11)), None, "too old");
        for key in ["a", "b", "c"] {
            cache.put(key.to_owned(), written.clone(), seconds(20));
        }
        assert_eq!(cache.get("a", seconds(20)), None);
        assert_eq!(cache.get("c", seconds(20)), Some(written));
    }
}
