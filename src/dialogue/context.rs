//! What the robot remembers of a conversation between two turns.

use std::collections::BTreeMap;

/// The language the citizen is spoken to in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Locale {
    /// Chinese.
    #[default]
    Zh,
    /// English.
    En,
}

/// The entry the conversation is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Topic {
    /// The entry's id.
    pub entry: String,
    /// Its title.
    pub title: String,
}

/// What a choice stands for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Offer {
    /// The choice's key.
    pub key: String,
    /// What the citizen read.
    pub label: String,
    /// The entry that is meant; absent for "none of these" and for a scenario's options.
    pub entry: Option<String>,
}

/// How far a scenario has come.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Walk {
    /// The scenario's entry.
    pub entry: String,
    /// The node whose question is open.
    pub node: String,
    /// What the citizen has said so far.
    pub facts: BTreeMap<String, String>,
}

/// A question of an earlier turn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Past {
    /// The words, without what identifies a person.
    pub question: String,
    /// The title of the entry that it was answered from, if it was.
    pub title: Option<String>,
}

/// What the robot remembers.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Context {
    /// What the last answer was about.
    pub topic: Option<Topic>,
    /// The last question in its comparable form, to notice when it is asked again.
    pub last_question: Option<String>,
    /// The words of the question that the open choices belong to.
    pub pending_question: Option<String>,
    /// The choices that are open.
    pub offers: Vec<Offer>,
    /// The scenario being walked.
    pub walk: Option<Walk>,
    /// Turns in a row without an answer.
    pub unanswered: u32,
    /// The region the citizen named or chose.
    pub region: Option<String>,
    /// The last questions, the oldest first: what later words may lean on.
    pub past: Vec<Past>,
}
