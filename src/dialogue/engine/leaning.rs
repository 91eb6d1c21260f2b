//! Short words in a conversation: what they find by themselves, and what with the matter that was spoken of before.
//!
//! "丢了咋整" after 社保卡 means the card's replacement, "年终奖要不要并进去" after the yearly tax return means what it says. The topic's
//! name before the words finds the topic above all, whatever is asked. So three things are found: for the words, for the
//! name, and for both together; and an entry's place is what both together find it for, less a part of what the name
//! alone does, and more for what the words alone do. The scores are log-odds, so that they may be added. On 51 and 101 turns
//! that lean the order is nearly the same for every part of the name from .2 to .4 and of the words from .3 to .6. Where
//! nothing is sure, words that may be about the topic are asked about rather than refused (docs/answers.md).

use std::collections::{HashMap, HashSet};

use futures::future::try_join3;

use super::super::context::{Context, Topic};
use super::super::evidence::Evidence;
use super::super::ports::RetrievalError;
use super::super::question::comparable;
use super::super::trace::Ending;
use super::answering::{asked, best};
use super::course::Course;
use super::{Engine, Input};

/// A question with at most this many characters may leave its subject to the topic.
const SHORT: usize = 16;

/// A question with at most this many characters rarely says both what it is about and what is asked.
const ELLIPTICAL: usize = 8;

/// How many entries are looked at for the words, the name and both. What the last of them has counts for all that are not
/// among them, so they must reach below what could be meant.
const DEEP: usize = 24;

/// What an entry loses of its score for the topic's name alone.
const OF_NAME: f32 = 0.3;

/// What it gets of its score for the words alone.
const OF_WORDS: f32 = 0.6;

/// The topic stays so sure beside words that have nothing of their own which it lacks. Of 44 turns that leaned and found nothing sure
/// 26 were such, of 408 short questions about what nobody knows 80.
const UNSHAKEN: f32 = 0.95;

/// So sure of something in the topic's light, the words are asked about.
const HINT: f32 = 0.2;

/// How many entries are asked about then, and the topic.
const LIKELY: usize = 2;

impl Engine {
    /// Whether words with a subject may lean on what was said before: they refer to it, or they are so short that something is
    /// left out, or they are short and nothing sure was found. Words that somebody foresaw say what they mean.
    pub(super) fn leans(&self, text: &str, found: &[Evidence]) -> bool {
        let length = text.chars().count();
        let is_foreseen = found.first().is_some_and(|first| comparable(&first.unit) == comparable(text));
        let is_sure = best(found) >= self.policy.answer_at;
        !is_foreseen && (self.words.leans(text) || length <= ELLIPTICAL || (length <= SHORT && !is_sure))
    }

    /// What was found for the question as it stands; where it could lean on the topic, what is found in its light.
    ///
    /// # Errors
    ///
    /// If nothing can be looked up.
    pub(super) async fn in_context(
        &self,
        context: &Context,
        input: &Input,
        text: &str,
        found: Vec<Evidence>,
        course: &Course<'_>,
    ) -> Result<Vec<Evidence>, RetrievalError> {
        let Some(topic) = context.topic.as_ref().filter(|_| self.leans(text, &found)) else {
            course.stands(Ending::AsAsked);
            return Ok(found);
        };
        let deep = async |words: String| self.retriever.retrieve(&asked(context, input, words), DEEP).await;
        // At once, because each may ask an endpoint for an embedding.
        let (words, name, both) = try_join3(
            deep(text.to_owned()),
            deep(topic.title.clone()),
            deep(format!("{} {text}", topic.title)),
        )
        .await?;
        let threefold = Threefold { words, name, both };
        let leaning = Leaning {
            topic,
            refers: self.words.leans(text),
            content: &self.words.content_of(text),
            doubt: self.policy.clarify_at,
        };
        let mut light = threefold.together(&leaning);
        // What the words find by themselves is not given up for what is no answer.
        let is_nothing = best(&light) < self.policy.clarify_at && best(&light) <= best(&found);
        let is_same = light.first().map(|entry| &entry.id) == found.first().map(|entry| &entry.id);
        course.stands(if is_nothing || is_same { Ending::AsAsked } else { Ending::WithTopic });
        if is_nothing {
            return Ok(found);
        }
        light.truncate(self.policy.evidence);
        Ok(light)
    }
}

/// How words lean.
struct Leaning<'a> {
    topic: &'a Topic,
    /// They refer to what was said before.
    refers: bool,
    /// What is left of them without what has no content.
    content: &'a str,
    /// From which confidence on they are asked about.
    doubt: f32,
}

/// What was found for the words, for the topic's name, and for both together; each best first.
struct Threefold {
    words: Vec<Evidence>,
    name: Vec<Evidence>,
    both: Vec<Evidence>,
}

impl Threefold {
    /// All of it, best first, each entry as sure as the words and both together make it. Where nothing is as sure as the doubt,
    /// what the words are likely about is as sure as that.
    fn together(self, leaning: &Leaning<'_>) -> Vec<Evidence> {
        let &Leaning { topic, refers, content, doubt } = leaning;
        let names = |entry: &Evidence| !content.is_empty() && entry.unit.contains(content);
        let own: HashSet<String> =
            self.words.iter().filter(|entry| names(entry)).map(|entry| entry.id.clone()).collect();
        let (words, name, both) = (Scores::of(&self.words), Scores::of(&self.name), Scores::of(&self.both));
        let known: HashSet<String> = self.both.iter().map(|entry| entry.id.clone()).collect();
        let alone = self.words.into_iter().filter(|entry| !known.contains(&entry.id));
        let mut all: Vec<Evidence> = self.both.into_iter().chain(alone).collect();
        for entry in &mut all {
            let id = entry.id.as_str();
            // The topic is sure with its own name before the words, whatever they are; and so is what the name alone finds.
            let by_name = id == topic.entry || both.confidence(id) <= name.confidence(id);
            let carried = if by_name && !refers { 0.0 } else { both.confidence(id) };
            entry.confidence = 1.0 - (1.0 - carried) * (1.0 - words.confidence(id));
            entry.score = both.score(id) - OF_NAME * name.score(id) + OF_WORDS * words.score(id);
        }
        all.sort_by(|one, other| other.score.total_cmp(&one.score));
        let Some(first) = all.first() else { return all };
        let is_topic = first.id == topic.entry;
        // "我要过户" names something, of which the topic has nothing.
        let is_other = !own.is_empty() && !own.contains(&first.id) && !names(first);
        let is_unshaken = is_topic && both.confidence(&topic.entry) >= UNSHAKEN;
        let is_likely = refers || (!is_other && (first.confidence >= HINT || is_unshaken));
        if is_likely && first.confidence < doubt {
            let asked_about = all
                .iter_mut()
                .enumerate()
                .filter(|(place, entry)| *place < LIKELY || entry.id == topic.entry);
            for (_, entry) in asked_about {
                entry.confidence = entry.confidence.max(doubt);
            }
        }
        all
    }
}

/// The scores and confidences of what was found, by the entries' ids.
struct Scores {
    of: HashMap<String, (f32, f32)>,
    /// The most that any other can have: the score of the last one, or none where nothing else was found at all.
    least: f32,
}

impl Scores {
    fn of(found: &[Evidence]) -> Self {
        let of = found.iter().map(|entry| (entry.id.clone(), (entry.score, entry.confidence))).collect();
        let last = found.iter().map(|entry| entry.score).reduce(f32::min).unwrap_or_default();
        let least = if found.len() < DEEP { last.min(0.0) } else { last };
        Self { of, least }
    }

    fn score(&self, id: &str) -> f32 {
        self.of.get(id).map_or(self.least, |&(score, _)| score)
    }

    fn confidence(&self, id: &str) -> f32 {
        self.of.get(id).map_or(0.0, |&(_, confidence)| confidence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialogue::evidence::Details;

    fn entry(id: &str, score: f32, confidence: f32) -> Evidence {
        let mut entry = Evidence::new(id, id, "", Details::Faq);
        entry.score = score;
        entry.confidence = confidence;
        entry
    }

    fn topic() -> Topic {
        Topic { entry: "card".to_owned(), title: "社会保障卡申领".to_owned() }
    }

    fn leaning(topic: &Topic, refers: bool) -> Leaning<'_> {
        Leaning { topic, refers, content: "丢咋整", doubt: 0.4 }
    }

    fn lost_after_a_card() -> Threefold {
        Threefold {
            words: vec![entry("id-lost", 2.0, 0.7), entry("card-lost", 1.0, 0.2), entry("far", -3.0, 0.0)],
            name: vec![entry("card", 9.0, 0.99), entry("card-lost", 4.0, 0.1), entry("far", -3.0, 0.0)],
            both: vec![entry("card", 7.0, 0.98), entry("card-lost", 6.0, 0.5), entry("id-lost", -2.0, 0.0)],
        }
    }

    #[test]
    fn what_the_words_add_to_the_topic_goes_before_the_topic_and_before_what_they_find_alone() {
        let together = lost_after_a_card().together(&leaning(&topic(), false));
        let ids: Vec<_> = together.iter().map(|entry| entry.id.as_str()).collect();
        assert_eq!(ids, ["card-lost", "card", "id-lost", "far"]);
        assert!((together[0].confidence - 0.6).abs() < 1e-6, "{}", together[0].confidence);
    }

    #[test]
    fn the_topics_name_carries_the_topic_only_for_words_that_refer_to_it() {
        let sure = |refers: bool| {
            let together = lost_after_a_card().together(&leaning(&topic(), refers));
            together.into_iter().find(|entry| entry.id == "card").unwrap().confidence
        };
        assert!(sure(true) > 0.9 && sure(false) < 0.1);
    }

    #[test]
    fn words_that_shake_nothing_are_asked_about_and_others_are_not() {
        let doubtful = |both: f32| {
            let threefold = Threefold {
                words: vec![entry("far", 0.5, 0.1)],
                name: vec![entry("card", 9.0, 0.99)],
                both: vec![entry("card", 8.0, both), entry("card-lost", 3.0, 0.1)],
            };
            let together = threefold.together(&leaning(&topic(), false));
            together.iter().map(|entry| entry.confidence >= 0.4).collect::<Vec<_>>()
        };
        assert_eq!(doubtful(0.97), [true, true, false]);
        assert_eq!(doubtful(0.80), [false, false, false]);
    }

    #[test]
    fn words_that_name_something_else_are_not_taken_for_the_topic() {
        let mut other = entry("transfer", 2.0, 0.1);
        other.unit = "二手车怎么过户".to_owned();
        let (topic, name) = (topic(), vec![entry("card", 9.0, 0.99)]);
        let both = vec![entry("card", 8.0, 0.97), entry("far", 1.0, 0.0)];
        let sure = |content| {
            let threefold = Threefold { words: vec![other.clone()], name: name.clone(), both: both.clone() };
            let leaning = Leaning { content, ..leaning(&topic, false) };
            threefold.together(&leaning)[0].confidence
        };
        assert!(sure("过户") < 0.4 && sure("咋整") >= 0.4);
    }

    #[test]
    fn nothing_found_is_nothing() {
        let nothing = Threefold { words: Vec::new(), name: Vec::new(), both: Vec::new() };
        assert!(nothing.together(&leaning(&topic(), true)).is_empty());
    }
}
