//! From named values to an entry, with everything that is wrong with them.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::cell::Cell;
use super::field::Target;
use super::mapping::Mapping;
use crate::entry::{Entry, EntryId, wire::Flat};

/// One thing wrong: the field as a path, and why.
#[derive(Debug, PartialEq)]
pub(crate) struct Wrong {
    pub(crate) field: String,
    pub(crate) reason: String,
}

/// Why a record is no entry.
#[derive(Debug)]
pub(crate) struct Refused {
    /// The id, if at least that can be read. Other rows may refer to it.
    pub(crate) id: Option<EntryId>,
    pub(crate) wrong: Vec<Wrong>,
}

/// Values of one row, by where they go.
#[derive(Default)]
pub(crate) struct Record {
    members: Map<String, Value>,
    wrong: Vec<Wrong>,
}

impl Record {
    /// Takes what stands in a cell.
    pub(crate) fn take(&mut self, target: Target, cell: Cell, mapping: &Mapping) {
        if cell.is_empty() {
            return;
        }
        match mapping.translate(target, cell).read(target.shape(), &mapping.habits) {
            Ok(Some(value)) => target.put(&mut self.members, value),
            Ok(None) => {}
            Err(reason) => self.wrong.push(Wrong { field: target.to_string(), reason }),
        }
    }

    /// Says that something is wrong beside the values.
    pub(crate) fn refuse(&mut self, field: impl Into<String>, reason: impl Into<String>) {
        self.wrong.push(Wrong { field: field.into(), reason: reason.into() });
    }

    /// What has been taken so far, for values that need no reading.
    pub(crate) fn members(&mut self) -> &mut Map<String, Value> {
        &mut self.members
    }

    /// Whether a field has been given.
    pub(crate) fn has(&self, field: &str) -> bool {
        self.members.contains_key(field)
    }

    /// Gives a field a value where it has none yet.
    pub(crate) fn suppose(&mut self, field: &str, value: impl Into<Value>) {
        if !self.has(field) {
            self.members.insert(field.to_owned(), value.into());
        }
    }

    /// Makes the entry, after the mapping has filled the gaps.
    pub(crate) fn finish(mut self, mapping: &Mapping) -> Result<Entry, Refused> {
        mapping.complete(&mut self.members);
        self.make_id(mapping);
        let id = self.members.get("id").and_then(Value::as_str).and_then(|id| EntryId::new(id).ok());
        let mut wrong = self.wrong;
        match entry_of(Value::Object(self.members)) {
            Ok(entry) => {
                let faults = entry.validate().into_iter();
                wrong.extend(faults.map(|fault| Wrong { field: fault.field, reason: fault.reason }));
                if wrong.is_empty() {
                    return Ok(entry);
                }
            }
            // What is missing may be what could not be read.
            Err(fault) if wrong.iter().any(|known| known.field == fault.field) => {}
            Err(fault) => wrong.push(fault),
        }
        Err(Refused { id, wrong })
    }

    fn make_id(&mut self, mapping: &Mapping) {
        let rule = &mapping.id;
        let given = self.members.get("id").and_then(Value::as_str).map(str::to_owned);
        let made = || {
            let from = self.members.get(rule.from.as_deref()?)?;
            let text = from.as_str().map_or_else(|| from.to_string(), str::to_owned);
            Some(digest(text.trim()))
        };
        // A prefix already there, as in files of our own export, is not put there twice.
        if let Some(id) = given.or_else(made) {
            let id = if id.starts_with(&rule.prefix) { id } else { format!("{}{id}", rule.prefix) };
            self.members.insert("id".to_owned(), id.into());
        }
    }
}

/// Sixteen hexadecimal digits that depend on the text alone.
fn digest(text: &str) -> String {
    Sha256::digest(text).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn entry_of(members: Value) -> Result<Entry, Wrong> {
    let flat: Flat = serde_path_to_error::deserialize(members).map_err(|error| {
        let path = error.path().to_string();
        wrong_of(&path, &error.into_inner().to_string())
    })?;
    Entry::try_from(flat).map_err(|error| Wrong { field: error.field.to_owned(), reason: error.reason })
}

/// Names the field that a message of serde is about. Of a field that is unknown, missing or there twice the path names
/// the object it stands in; its own name is in the message.
pub(crate) fn wrong_of(path: &str, message: &str) -> Wrong {
    let named = ["unknown field `", "duplicate field `", "missing field `"]
        .into_iter()
        .find_map(|start| message.strip_prefix(start))
        .and_then(|rest| rest.split('`').next());
    let object = if path == "." { "" } else { path };
    let field = match named {
        None => object.to_owned(),
        Some(name) if object.rsplit('.').next() == Some(name) => object.to_owned(),
        Some(name) if object.is_empty() => name.to_owned(),
        Some(name) => format!("{object}.{name}"),
    };
    let missing = message.starts_with("missing field `");
    let reason = if missing { "must be given".to_owned() } else { message.to_owned() };
    Wrong { field, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finish(cells: &[(&str, &str)], mapping: &str) -> Result<Entry, Refused> {
        let mapping = Mapping::parse(mapping).unwrap();
        let mut record = Record::default();
        for (name, text) in cells {
            record.take(Target::parse(name).unwrap(), Cell::text(text), &mapping);
        }
        record.finish(&mapping)
    }

    #[test]
    fn everything_that_is_wrong_with_a_row_is_named() {
        let cells =
            [("id", "a"), ("kind", "问答"), ("title", "一"), ("effective_from", "某日"), ("online_url", "x")];
        let refused = finish(&cells, "").unwrap_err();
        let fields: Vec<&str> = refused.wrong.iter().map(|wrong| wrong.field.as_str()).collect();
        assert_eq!((fields, refused.id.unwrap().as_str()), (vec!["kind", "effective_from"], "a"));
        let refused = finish(&[("kind", "faq"), ("similar", "[\"x\", 3]")], "").unwrap_err();
        assert_eq!(refused.wrong[0].field, "similar[1]", "{refused:?}");
        let refused = finish(&[("id", "a"), ("kind", "faq")], "").unwrap_err();
        assert_eq!(
            (refused.wrong[0].field.as_str(), refused.wrong[0].reason.as_str()),
            ("title", "must be given")
        );
    }

    #[test]
    fn ids_are_made_of_what_the_mapping_names() {
        let rule = "[defaults]\nkind = \"faq\"\n[id]\nprefix = \"rs-\"\nfrom = \"title\"";
        let made = finish(&[("title", "一")], rule).unwrap().id;
        assert_eq!(made, finish(&[("title", "一"), ("answer", "新的答案")], rule).unwrap().id);
        assert_ne!(made, finish(&[("title", "二")], rule).unwrap().id);
        assert!(made.as_str().starts_with("rs-") && made.as_str().len() == 19, "{made}");
        assert_eq!(finish(&[("id", "7"), ("title", "一")], rule).unwrap().id.as_str(), "rs-7");
        assert_eq!(finish(&[("id", "rs-7"), ("title", "一")], rule).unwrap().id.as_str(), "rs-7");
    }
}
