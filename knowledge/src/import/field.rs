//! The names that columns and front matter may have, what stands in each, and where in an entry it goes.
//!
//! `entry/wire.rs` is what an entry is; this is how a flat cell becomes a part of it. A test keeps the two the same.

use std::fmt;

use serde_json::{Map, Value};

/// What may stand in a field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Shape {
    /// Text that is kept as it is written, line breaks included.
    Prose,
    /// Text on one line; blanks around it mean nothing.
    Line,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A whole number from 0.
    Whole,
    /// Any number.
    Decimal,
    /// A day.
    Date,
    /// Texts, in an order.
    Texts,
    /// One object.
    Thing(&'static [Field]),
    /// Objects, in an order. They may be given by their names alone if only the name is needed.
    Things { parts: &'static [Field], by_name: bool },
    /// Objects that are only written as JSON.
    Json,
    /// Texts for a matter, objects for a policy.
    Conditions,
}

/// A name and what stands behind it.
#[derive(Debug, PartialEq)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
}

const fn field(name: &'static str, shape: Shape) -> Field {
    Field { name, shape }
}

const SOURCE: &[Field] = &[
    field("title", Shape::Prose),
    field("number", Shape::Prose),
    field("url", Shape::Line),
    field("published_on", Shape::Date),
];

const ATTACHMENT: &[Field] = &[field("name", Shape::Prose), field("url", Shape::Line)];

const MATERIAL: &[Field] = &[
    field("name", Shape::Prose),
    field("form", Shape::Prose),
    field("copies", Shape::Whole),
    field("note", Shape::Prose),
    field("keypoints", Shape::Texts),
];

const WINDOW: &[Field] = &[
    field("name", Shape::Prose),
    field("address", Shape::Prose),
    field("lng", Shape::Decimal),
    field("lat", Shape::Decimal),
    field("hours", Shape::Prose),
    field("phone", Shape::Prose),
];

/// Every field of every kind of entry, in the order in which tables are exported.
pub(crate) const FIELDS: &[Field] = &[
    field("id", Shape::Line),
    field("kind", Shape::Word(&["faq", "matter", "policy", "scenario"])),
    field("title", Shape::Prose),
    field("similar", Shape::Texts),
    field("answer", Shape::Prose),
    field("keywords", Shape::Texts),
    field("region", Shape::Line),
    field("department", Shape::Prose),
    field("audience", Shape::Word(&["citizen", "enterprise"])),
    field("effective_from", Shape::Date),
    field("expires_on", Shape::Date),
    field("status", Shape::Word(&["draft", "published", "repealed"])),
    field("superseded_by", Shape::Line),
    field("source", Shape::Thing(SOURCE)),
    field("attachments", Shape::Things { parts: ATTACHMENT, by_name: false }),
    field("materials", Shape::Things { parts: MATERIAL, by_name: true }),
    field("conditions", Shape::Conditions),
    field("steps", Shape::Texts),
    field("fees", Shape::Prose),
    field("time_limit_days", Shape::Whole),
    field("windows", Shape::Things { parts: WINDOW, by_name: true }),
    field("online_url", Shape::Line),
    field("appointment_url", Shape::Line),
    field("video_url", Shape::Line),
    field("benefits", Shape::Prose),
    field("apply_from", Shape::Date),
    field("apply_until", Shape::Date),
    field("nodes", Shape::Json),
    field("outcomes", Shape::Json),
];

/// The most things a table may spread over columns of their own: `windows[0].name` to `windows[49].name`.
const MOST_SPREAD: usize = 50;

/// Where the content of a column goes: a field, or one part of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Target {
    pub(crate) field: &'static Field,
    /// The part, and which of several things it belongs to.
    part: Option<(usize, &'static Field)>,
}

impl Target {
    /// Reads `title`, `source.url`, `windows.phone` (of the first) or `windows[1].phone`.
    pub(crate) fn parse(name: &str) -> Option<Target> {
        let (outer, part) = match name.split_once('.') {
            Some((outer, part)) => (outer, Some(part)),
            None => (name, None),
        };
        let (outer, at) = match outer.strip_suffix(']').and_then(|rest| rest.split_once('[')) {
            Some((outer, digits)) => {
                (outer, Some(digits.parse::<usize>().ok().filter(|&at| at < MOST_SPREAD)?))
            }
            None => (outer, None),
        };
        let field = FIELDS.iter().find(|field| field.name == outer)?;
        let find = |parts: &'static [Field], name: &str| parts.iter().find(|part| part.name == name);
        let part = match (field.shape, part, at) {
            (_, None, None) => None,
            (Shape::Thing(parts), Some(part), None) => Some((0, find(parts, part)?)),
            (Shape::Things { parts, .. }, Some(part), at) => Some((at.unwrap_or(0), find(parts, part)?)),
            _ => return None,
        };
        Some(Target { field, part })
    }

    /// What may stand there.
    pub(crate) fn shape(&self) -> Shape {
        self.part.map_or(self.field.shape, |(_, part)| part.shape)
    }

    /// Whether both would write the same place.
    pub(crate) fn collides(&self, other: &Target) -> bool {
        self.field == other.field && (self.part == other.part || self.part.is_none() || other.part.is_none())
    }

    /// Puts a value where it belongs.
    pub(crate) fn put(&self, entry: &mut Map<String, Value>, value: Value) {
        let Some((at, part)) = self.part else {
            entry.insert(self.field.name.to_owned(), value);
            return;
        };
        let outer = entry.entry(self.field.name).or_insert(Value::Null);
        let thing = if matches!(self.field.shape, Shape::Thing(_)) {
            outer
        } else {
            if !outer.is_array() {
                *outer = Value::Array(Vec::new());
            }
            let Some(things) = outer.as_array_mut() else { return };
            if things.len() <= at {
                things.resize(at + 1, Value::Null);
            }
            let Some(thing) = things.get_mut(at) else { return };
            thing
        };
        if !thing.is_object() {
            *thing = Value::Object(Map::new());
        }
        if let Some(members) = thing.as_object_mut() {
            members.insert(part.name.to_owned(), value);
        }
    }

    /// Whether a fault of this field can be seen here: the field itself, what is inside it, or what it is a part of.
    pub(crate) fn shows(&self, field: &str) -> bool {
        let own = self.to_string();
        let inside = |inner: &str, outer: &str| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        inside(field, &own) || inside(&own, field)
    }
}

impl fmt::Display for Target {
    /// As the faults of an entry name it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.field.name)?;
        match (self.part, self.field.shape) {
            (None, _) => Ok(()),
            (Some((_, part)), Shape::Thing(_)) => write!(f, ".{}", part.name),
            (Some((at, part)), _) => write!(f, "[{at}].{}", part.name),
        }
    }
}

/// The known names, for somebody who wrote another.
pub(crate) fn known_names() -> String {
    FIELDS.iter().map(|field| field.name).collect::<Vec<_>>().join(", ")
}

/// The known name that is written most alike, if one is nearly the same.
pub(crate) fn nearest(name: &str) -> Option<&'static str> {
    let scored = FIELDS.iter().map(|field| (distance(name, field.name), field.name));
    scored
        .min()
        .filter(|&(distance, known)| distance <= 2 && distance * 2 < known.chars().count())
        .map(|(_, known)| known)
}

/// How many characters have to be put in, taken out or changed to make one word the other.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, l) in left.chars().enumerate() {
        let mut diagonal = row.first().copied().unwrap_or(0);
        if let Some(first) = row.first_mut() {
            *first = line + 1;
        }
        for (at, r) in right.iter().enumerate() {
            let above = row.get(at + 1).copied().unwrap_or(0);
            let before = row.get(at).copied().unwrap_or(0);
            let best = (diagonal + usize::from(l != *r)).min(above + 1).min(before + 1);
            diagonal = above;
            if let Some(cell) = row.get_mut(at + 1) {
                *cell = best;
            }
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_of_an_entry() {
        let refused = serde_json::from_str::<crate::Entry>("{\"no such field\":1}").unwrap_err().to_string();
        let known: Vec<&str> = refused.split('`').skip(1).step_by(2).skip(1).collect();
        let ours: Vec<&str> = FIELDS.iter().map(|field| field.name).collect();
        assert_eq!(ours, known);
    }

    #[test]
    fn parts_of_a_field_have_columns_of_their_own() {
        let mut entry = Map::new();
        for (name, value) in [
            ("title", "一"),
            ("source.number", "〔2026〕1号"),
            ("windows.name", "一楼"),
            ("windows[1].phone", "12345"),
        ] {
            Target::parse(name).unwrap().put(&mut entry, value.into());
        }
        assert_eq!(
            Value::Object(entry),
            serde_json::json!({ "title": "一", "source": { "number": "〔2026〕1号" }, "windows": [{ "name": "一楼" }, { "phone": "12345" }] })
        );
        for bad in [
            "",
            "titel",
            "title.x",
            "title[0]",
            "source[0].url",
            "windows[0]",
            "windows[50].name",
            "nodes.id",
        ] {
            assert_eq!(Target::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_fault_is_shown_in_the_column_it_came_from() {
        let target = Target::parse("windows[0].lng").unwrap();
        for (field, shown) in
            [("windows[0].lng", true), ("windows[0]", true), ("windows[0].lat", false), ("title", false)]
        {
            assert_eq!(target.shows(field), shown, "{field}");
        }
        assert!(Target::parse("similar").unwrap().shows("similar[3]"));
        assert!(!Target::parse("id").unwrap().shows("ids"));
    }

    #[test]
    fn a_slip_of_the_pen_is_recognised() {
        for (written, meant) in
            [("anser", Some("answer")), ("titel", Some("title")), ("答案", None), ("ix", None)]
        {
            assert_eq!(nearest(written), meant, "{written}");
        }
    }
}
