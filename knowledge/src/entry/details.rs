//! What only one kind of entry has.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{EntryId, Facts, Kind};

/// The part of an entry that depends on its kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Details {
    /// A question and its answer; nothing more.
    Faq,
    /// 事项: something one can have done at an office.
    Matter(Box<Matter>),
    /// 政策: a benefit and who gets it.
    Policy(Box<Policy>),
    /// 一件事: questions that lead to the right matters.
    Scenario(Box<Scenario>),
}

impl Details {
    /// The kind these details belong to.
    pub fn kind(&self) -> Kind {
        match self {
            Details::Faq => Kind::Faq,
            Details::Matter(_) => Kind::Matter,
            Details::Policy(_) => Kind::Policy,
            Details::Scenario(_) => Kind::Scenario,
        }
    }
}

/// What an office needs and does.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Matter {
    /// What to bring.
    pub materials: Vec<Material>,
    /// Who may apply.
    pub conditions: Vec<String>,
    /// How it goes.
    pub steps: Vec<String>,
    /// What it costs, in words.
    pub fees: Option<String>,
    /// Working days until it is done; 0 means on the spot.
    pub time_limit_days: Option<u32>,
    /// Where it is done.
    pub windows: Vec<Window>,
    /// Where it can be done online.
    pub online_url: Option<String>,
    /// Where a slot can be booked.
    pub appointment_url: Option<String>,
    /// A film that shows how.
    pub video_url: Option<String>,
}

/// One paper to bring.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Material {
    /// What it is called.
    pub name: String,
    /// 原件, 复印件, 电子件 …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
    /// How many of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copies: Option<u32>,
    /// When it is needed, or what may stand in for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What is commonly wrong with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keypoints: Vec<String>,
}

/// A place where a matter is done.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// What is written over the door.
    pub name: String,
    /// Street and number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Longitude in degrees, east positive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lng: Option<f64>,
    /// Latitude in degrees, north positive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lat: Option<f64>,
    /// When it is open, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<String>,
    /// Whom to call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// A benefit and who gets it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Policy {
    /// What one gets.
    pub benefits: Option<String>,
    /// All of them must hold.
    pub conditions: Vec<Condition>,
    /// The first day on which one may apply.
    pub apply_from: Option<Date>,
    /// The last day on which one may apply.
    pub apply_until: Option<Date>,
}

/// A test on one fact about the applicant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Which fact, by its name.
    pub field: String,
    /// How it is compared.
    pub op: Operator,
    /// With what.
    pub value: ConditionValue,
}

/// How a condition compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Operator {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Greater or equal.
    Ge,
    /// Greater.
    Gt,
    /// Less or equal.
    Le,
    /// Less.
    Lt,
    /// One of a list.
    In,
}

/// What a condition compares with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ConditionValue {
    /// True or false.
    Flag(bool),
    /// A number, kept as it was written.
    Number(serde_json::Number),
    /// A text.
    Text(String),
    /// For [`Operator::In`].
    List(Vec<ConditionValue>),
}

/// Questions that lead to the right matters. The first node is the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scenario {
    /// The questions.
    pub nodes: Vec<Node>,
    /// What follows from the facts; the first whose `when` holds is taken.
    pub outcomes: Vec<Outcome>,
}

/// One question of a scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// Named by the options that lead here.
    pub id: String,
    /// The question.
    pub ask: String,
    /// What can be answered.
    pub options: Vec<NodeOption>,
}

/// One answer to a scenario's question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeOption {
    /// What the citizen picks.
    pub label: String,
    /// The next question. Absent: finished.
    #[serde(default)]
    pub next: Option<String>,
    /// What is known once this was picked.
    #[serde(default, skip_serializing_if = "Facts::is_empty")]
    pub facts: Facts,
}

/// What follows from the facts of a scenario.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// Facts that must hold; none makes it the default.
    #[serde(default)]
    pub when: Facts,
    /// The matters to be done, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub matters: Vec<EntryId>,
    /// What to bring, merged over the matters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub materials: Vec<String>,
    /// How it goes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<String>,
}
