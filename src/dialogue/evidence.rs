//! What retrieval found, in the core's own terms.

use std::collections::BTreeMap;

/// What an entry is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EvidenceKind {
    /// 常见问答.
    Faq,
    /// 事项.
    Matter,
    /// 政策.
    Policy,
    /// 一件事场景.
    Scenario,
}

impl EvidenceKind {
    /// The kind's name everywhere.
    pub fn name(self) -> &'static str {
        match self {
            Self::Faq => "faq",
            Self::Matter => "matter",
            Self::Policy => "policy",
            Self::Scenario => "scenario",
        }
    }
}

/// A document to bring.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Material {
    /// What it is.
    pub name: String,
    /// Original, copy, electronic …
    pub form: Option<String>,
    /// How many.
    pub copies: Option<u32>,
    /// What to mind.
    pub note: Option<String>,
    /// What is commonly wrong with it.
    pub keypoints: Vec<String>,
}

/// A place to go.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Window {
    /// Its name.
    pub name: String,
    /// Its address.
    pub address: Option<String>,
    /// Its hours.
    pub hours: Option<String>,
    /// Its telephone number.
    pub phone: Option<String>,
    /// Where it is on the earth.
    pub position: Option<Position>,
}

/// A place on the earth.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Position {
    /// Degrees east.
    pub lng: f64,
    /// Degrees north.
    pub lat: f64,
}

/// The entry that speaks of a window.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Cited {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Where it can be read.
    pub url: Option<String>,
    /// The rule behind it.
    pub source: Option<String>,
    /// The office responsible.
    pub department: Option<String>,
    /// Where an appointment is made.
    pub appointment_url: Option<String>,
}

/// A window whose place is known.
#[derive(Clone, PartialEq, Debug)]
pub struct Located {
    /// The window.
    pub window: Window,
    /// Where it is.
    pub position: Position,
    /// The entry that speaks of it; of several, the first by id.
    pub cited: Cited,
}

/// What a matter says beyond its answer.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Matter {
    /// What to bring.
    pub materials: Vec<Material>,
    /// Who can apply.
    pub conditions: Vec<String>,
    /// What to do.
    pub steps: Vec<String>,
    /// What it costs.
    pub fees: Option<String>,
    /// Working days; 0 is on the spot.
    pub time_limit_days: Option<u32>,
    /// Where to go.
    pub windows: Vec<Window>,
    /// Where it is done online.
    pub online_url: Option<String>,
    /// Where an appointment is made.
    pub appointment_url: Option<String>,
}

/// What a policy says beyond its answer.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Policy {
    /// What one gets.
    pub benefits: String,
    /// The conditions, in words.
    pub conditions: Vec<String>,
    /// First and last day to apply, as written.
    pub apply: (Option<String>, Option<String>),
}

/// A question of a scenario.
#[derive(Clone, PartialEq, Debug)]
pub struct Node {
    /// Its id.
    pub id: String,
    /// The question.
    pub ask: String,
    /// The possible answers.
    pub options: Vec<NodeOption>,
}

/// A possible answer in a scenario.
#[derive(Clone, PartialEq, Debug)]
pub struct NodeOption {
    /// What the citizen reads.
    pub label: String,
    /// The next node; none ends the walk.
    pub next: Option<String>,
    /// What choosing it says about the citizen.
    pub facts: BTreeMap<String, String>,
}

/// What a scenario comes to.
#[derive(Clone, PartialEq, Debug)]
pub struct ScenarioOutcome {
    /// The facts it holds for; none is the rest.
    pub when: BTreeMap<String, String>,
    /// The matters to be done: ids and titles.
    pub matters: Vec<(String, String)>,
    /// What to bring, all together.
    pub materials: Vec<String>,
    /// What to do, in order.
    pub steps: Vec<String>,
}

/// The part of an entry that only its kind has.
#[derive(Clone, PartialEq, Debug)]
pub enum Details {
    /// Nothing more than the answer.
    Faq,
    /// A matter's parts.
    Matter(Box<Matter>),
    /// A policy's parts.
    Policy(Box<Policy>),
    /// A scenario's questions and outcomes.
    Scenario(Vec<Node>, Vec<ScenarioOutcome>),
}

impl Details {
    /// The kind of an entry that has these.
    pub fn kind(&self) -> EvidenceKind {
        match self {
            Self::Faq => EvidenceKind::Faq,
            Self::Matter(..) => EvidenceKind::Matter,
            Self::Policy(..) => EvidenceKind::Policy,
            Self::Scenario(..) => EvidenceKind::Scenario,
        }
    }
}

/// Where in the city an entry holds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Reach {
    /// In all of it.
    #[default]
    Whole,
    /// In the part that was asked about; its name.
    Asked(String),
    /// In a part of where the question comes from, so that it may not hold for the citizen; its name.
    Part(String),
}

impl Reach {
    /// The part it holds in; none if it holds in the whole city.
    pub fn part(&self) -> Option<&str> {
        match self {
            Self::Whole => None,
            Self::Asked(name) | Self::Part(name) => Some(name),
        }
    }
}

/// An entry that may answer the question.
#[derive(Clone, PartialEq, Debug)]
pub struct Evidence {
    /// The entry's id.
    pub id: String,
    /// Its kind.
    pub kind: EvidenceKind,
    /// Its title.
    pub title: String,
    /// The title or similar question that matched best.
    pub unit: String,
    /// The calibrated probability that it answers, 0 to 1.
    pub confidence: f32,
    /// What it was ordered by: the difference of two is the log-odds that the one answers rather than the other.
    pub score: f32,
    /// Its answer, in Markdown.
    pub answer: String,
    /// The office responsible.
    pub department: Option<String>,
    /// The rule behind it.
    pub source: Option<String>,
    /// Where it can be read.
    pub url: Option<String>,
    /// Where in the city it holds.
    pub reach: Reach,
    /// The title of the entry whose place it took, if that one's words were matched.
    pub replaces: Option<String>,
    /// Lines of it spoke to a machine and were left out, so that no model is given the rest of it either.
    pub is_suspect: bool,
    /// What only its kind has.
    pub details: Details,
}

impl Evidence {
    /// An entry by itself: sure, matched by its title, and holding everywhere.
    pub fn new(
        id: impl Into<String>,
        title: impl Into<String>,
        answer: impl Into<String>,
        details: Details,
    ) -> Self {
        let title = title.into();
        Self {
            id: id.into(),
            kind: details.kind(),
            unit: title.clone(),
            title,
            confidence: 1.0,
            score: 0.0,
            answer: answer.into(),
            department: None,
            source: None,
            url: None,
            reach: Reach::default(),
            replaces: None,
            is_suspect: false,
            details,
        }
    }
}
