//! What the knowledge base is made of: one [`Entry`] a question, matter, policy or scenario.
//!
//! An entry is flat on the wire (a matter's `materials` stand next to its `title`) and layered in the program:
//! what every entry has sits in [`Entry`], what only one kind has sits in [`Details`]. The translation between the
//! two, and the refusal of fields that a kind does not have, is in `entry/wire.rs`; what a well-formed entry must
//! still satisfy is in `entry/validate.rs`.

mod date;
mod details;
mod id;
#[cfg(test)]
mod tests;
mod validate;
pub(crate) mod wire;

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub use details::{
    Condition, ConditionValue, Details, Material, Matter, Node, NodeOption, Operator, Outcome, Policy,
    Scenario, Window,
};
pub use id::{EntryId, InvalidId};
pub use validate::Fault;

/// Whether a text is a day as entries write it.
pub(crate) fn is_date(text: &str) -> bool {
    date::parse(text).is_ok()
}

/// Facts a scenario has learned about the citizen, by name.
pub type Facts = BTreeMap<String, String>;

/// One piece of knowledge, as it is imported, stored, answered from and exported.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "wire::Flat", into = "wire::Flat")]
pub struct Entry {
    /// Unique in the knowledge base, chosen by the editor, kept over re-imports.
    pub id: EntryId,
    /// The standard question, or the official name of a matter, policy or scenario.
    pub title: String,
    /// 相似问: the same question in the words of citizens.
    pub similar: Vec<String>,
    /// The answer as Markdown.
    pub answer: String,
    /// Words that should find this entry although its text does not use them.
    pub keywords: Vec<String>,
    /// Where it holds, as the editor wrote it: a code, a name or an alias. Absent: everywhere.
    pub region: Option<String>,
    /// The office that is responsible.
    pub department: Option<String>,
    /// For whom it holds. Absent: for both.
    pub audience: Option<Audience>,
    /// The first day on which it holds. Absent: always held.
    pub effective_from: Option<Date>,
    /// The last day on which it holds. Absent: until repealed.
    pub expires_on: Option<Date>,
    /// Only published entries are ever answered from.
    pub status: Status,
    /// The entry that took this one's place.
    pub superseded_by: Option<EntryId>,
    /// The document the facts come from.
    pub source: Option<Source>,
    /// Forms and files that go with the answer.
    pub attachments: Vec<Attachment>,
    /// What only this kind of entry has.
    pub details: Details,
}

/// The four kinds of entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// 常见问答
    Faq,
    /// 事项
    Matter,
    /// 政策
    Policy,
    /// 一件事场景
    Scenario,
}

impl Kind {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Faq => "faq",
            Kind::Matter => "matter",
            Kind::Policy => "policy",
            Kind::Scenario => "scenario",
        }
    }

    /// The kind of that wire name.
    pub fn from_name(name: &str) -> Option<Kind> {
        [Kind::Faq, Kind::Matter, Kind::Policy, Kind::Scenario].into_iter().find(|kind| kind.as_str() == name)
    }
}

/// For whom an entry holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    /// 群众
    Citizen,
    /// 企业
    Enterprise,
}

/// Where an entry stands in its life.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Being written; never shown.
    Draft,
    /// In force, within its dates.
    #[default]
    Published,
    /// No longer in force; never shown again.
    Repealed,
}

/// The document an entry's facts come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Name of the law, notice or guide.
    pub title: String,
    /// 文号
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Where it can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The day it was published.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "date::optional")]
    pub published_on: Option<Date>,
}

/// A form or file that goes with the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attachment {
    /// What the citizen reads on the link.
    pub name: String,
    /// Where it is.
    pub url: String,
}

impl Entry {
    /// An otherwise empty published entry, for tests and for callers that fill it in.
    pub fn new(id: EntryId, title: impl Into<String>, details: Details) -> Entry {
        Entry {
            id,
            title: title.into(),
            similar: Vec::new(),
            answer: String::new(),
            keywords: Vec::new(),
            region: None,
            department: None,
            audience: None,
            effective_from: None,
            expires_on: None,
            status: Status::Published,
            superseded_by: None,
            source: None,
            attachments: Vec::new(),
            details,
        }
    }

    /// Which of the four kinds it is.
    pub fn kind(&self) -> Kind {
        self.details.kind()
    }

    /// Whether the entry is in force on that day: published, begun and not over.
    pub fn in_force(&self, on: Date) -> bool {
        self.status == Status::Published
            && self.effective_from.is_none_or(|from| from <= on)
            && self.expires_on.is_none_or(|until| on <= until)
    }

    /// The questions this entry answers: its title, then every 相似问.
    pub fn questions(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.title.as_str()).chain(self.similar.iter().map(String::as_str))
    }
}
