//! The flat form of an entry: one JSON object, every field at the top.
//!
//! serde's `flatten` does not go together with `deny_unknown_fields`, and a misspelt column must be refused. So every
//! field of every kind is listed here once, and [`TryFrom`] checks which of them the kind at hand may have.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::details::{Condition, Details, Material, Matter, Node, Outcome, Policy, Scenario, Window};
use super::{Attachment, Audience, Entry, EntryId, Kind, Source, Status, date};

/// All fields that any kind of entry can have.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Flat {
    id: EntryId,
    kind: Kind,
    title: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    similar: Vec<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    answer: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    keywords: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    department: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    audience: Option<Audience>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "date::optional")]
    effective_from: Option<Date>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "date::optional")]
    expires_on: Option<Date>,
    #[serde(default)]
    status: Status,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    superseded_by: Option<EntryId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<Source>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<Attachment>,

    // From here on a field belongs to some kinds only; `None` means that it was not written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    materials: Option<Vec<Material>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    conditions: Option<Conditions>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    steps: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fees: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    time_limit_days: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    windows: Option<Vec<Window>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    online_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    appointment_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    video_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    benefits: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "date::optional")]
    apply_from: Option<Date>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "date::optional")]
    apply_until: Option<Date>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nodes: Option<Vec<Node>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outcomes: Option<Vec<Outcome>>,
}

/// `conditions` are sentences for a matter and comparisons for a policy.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged, expecting = "conditions are texts for a matter and {field, op, value} for a policy")]
enum Conditions {
    Sentences(Vec<String>),
    Comparisons(Vec<Condition>),
}

/// A field that stands where it must not. Its text begins with the field's name so that an import can point at it.
#[derive(Debug, thiserror::Error)]
#[error("`{field}`: {reason}")]
pub(crate) struct Misplaced {
    /// The field.
    pub(crate) field: &'static str,
    /// What is wrong with it.
    pub(crate) reason: String,
}

impl TryFrom<Flat> for Entry {
    type Error = Misplaced;

    fn try_from(flat: Flat) -> Result<Entry, Misplaced> {
        flat.refuse_foreign_fields()?;
        let details = match flat.kind {
            Kind::Faq => Details::Faq,
            Kind::Matter => Details::Matter(Box::new(Matter {
                materials: flat.materials.unwrap_or_default(),
                conditions: sentences(flat.conditions)?,
                steps: flat.steps.unwrap_or_default(),
                fees: flat.fees,
                time_limit_days: flat.time_limit_days,
                windows: flat.windows.unwrap_or_default(),
                online_url: flat.online_url,
                appointment_url: flat.appointment_url,
                video_url: flat.video_url,
            })),
            Kind::Policy => Details::Policy(Box::new(Policy {
                benefits: flat.benefits,
                conditions: comparisons(flat.conditions)?,
                apply_from: flat.apply_from,
                apply_until: flat.apply_until,
            })),
            Kind::Scenario => Details::Scenario(Box::new(Scenario {
                nodes: flat.nodes.unwrap_or_default(),
                outcomes: flat.outcomes.unwrap_or_default(),
            })),
        };
        Ok(Entry {
            id: flat.id,
            title: flat.title,
            similar: flat.similar,
            answer: flat.answer,
            keywords: flat.keywords,
            region: flat.region,
            department: flat.department,
            audience: flat.audience,
            effective_from: flat.effective_from,
            expires_on: flat.expires_on,
            status: flat.status,
            superseded_by: flat.superseded_by,
            source: flat.source,
            attachments: flat.attachments,
            details,
        })
    }
}

impl Flat {
    /// A field that only other kinds have is as wrong as a misspelt one.
    fn refuse_foreign_fields(&self) -> Result<(), Misplaced> {
        use Kind::{Matter, Policy, Scenario};
        let written: [(&'static str, bool, &[Kind]); 14] = [
            ("materials", self.materials.is_some(), &[Matter]),
            ("conditions", self.conditions.is_some(), &[Matter, Policy]),
            ("steps", self.steps.is_some(), &[Matter]),
            ("fees", self.fees.is_some(), &[Matter]),
            ("time_limit_days", self.time_limit_days.is_some(), &[Matter]),
            ("windows", self.windows.is_some(), &[Matter]),
            ("online_url", self.online_url.is_some(), &[Matter]),
            ("appointment_url", self.appointment_url.is_some(), &[Matter]),
            ("video_url", self.video_url.is_some(), &[Matter]),
            ("benefits", self.benefits.is_some(), &[Policy]),
            ("apply_from", self.apply_from.is_some(), &[Policy]),
            ("apply_until", self.apply_until.is_some(), &[Policy]),
            ("nodes", self.nodes.is_some(), &[Scenario]),
            ("outcomes", self.outcomes.is_some(), &[Scenario]),
        ];
        match written.into_iter().find(|(_, present, kinds)| *present && !kinds.contains(&self.kind)) {
            Some((field, ..)) => {
                Err(Misplaced { field, reason: format!("unknown field for kind `{}`", self.kind.as_str()) })
            }
            None => Ok(()),
        }
    }
}

fn sentences(conditions: Option<Conditions>) -> Result<Vec<String>, Misplaced> {
    match conditions {
        None => Ok(Vec::new()),
        Some(Conditions::Sentences(sentences)) => Ok(sentences),
        Some(Conditions::Comparisons(_)) => {
            Err(Misplaced { field: "conditions", reason: "the conditions of a matter are texts".to_owned() })
        }
    }
}

fn comparisons(conditions: Option<Conditions>) -> Result<Vec<Condition>, Misplaced> {
    match conditions {
        None => Ok(Vec::new()),
        Some(Conditions::Comparisons(comparisons)) => Ok(comparisons),
        // An empty list has no type of its own.
        Some(Conditions::Sentences(sentences)) if sentences.is_empty() => Ok(Vec::new()),
        Some(Conditions::Sentences(_)) => Err(Misplaced {
            field: "conditions",
            reason: "the conditions of a policy are objects {field, op, value}".to_owned(),
        }),
    }
}

impl From<Entry> for Flat {
    fn from(entry: Entry) -> Flat {
        let mut flat = Flat {
            kind: entry.kind(),
            id: entry.id,
            title: entry.title,
            similar: entry.similar,
            answer: entry.answer,
            keywords: entry.keywords,
            region: entry.region,
            department: entry.department,
            audience: entry.audience,
            effective_from: entry.effective_from,
            expires_on: entry.expires_on,
            status: entry.status,
            superseded_by: entry.superseded_by,
            source: entry.source,
            attachments: entry.attachments,
            materials: None,
            conditions: None,
            steps: None,
            fees: None,
            time_limit_days: None,
            windows: None,
            online_url: None,
            appointment_url: None,
            video_url: None,
            benefits: None,
            apply_from: None,
            apply_until: None,
            nodes: None,
            outcomes: None,
        };
        match entry.details {
            Details::Faq => {}
            Details::Matter(matter) => {
                flat.materials = written(matter.materials);
                flat.conditions = written(matter.conditions).map(Conditions::Sentences);
                flat.steps = written(matter.steps);
                flat.fees = matter.fees;
                flat.time_limit_days = matter.time_limit_days;
                flat.windows = written(matter.windows);
                flat.online_url = matter.online_url;
                flat.appointment_url = matter.appointment_url;
                flat.video_url = matter.video_url;
            }
            Details::Policy(policy) => {
                flat.benefits = policy.benefits;
                flat.conditions = written(policy.conditions).map(Conditions::Comparisons);
                flat.apply_from = policy.apply_from;
                flat.apply_until = policy.apply_until;
            }
            Details::Scenario(scenario) => {
                flat.nodes = written(scenario.nodes);
                flat.outcomes = written(scenario.outcomes);
            }
        }
        flat
    }
}

/// Empty lists are not written.
fn written<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}
