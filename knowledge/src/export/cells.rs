//! An entry as the cells of a table.
//!
//! The simplest text that is read back as the same value is taken: a list as lines, materials that have nothing but
//! names as those names. Where no plain text would do, the cell holds JSON.

use serde_json::{Map, Value};

use super::{ExportError, failed};
use crate::entry::Entry;
use crate::import::{Cell, FIELDS, Habits, Shape, looks_like_formula, survives};

/// Columns that stand in every table, so that an office sees what could be filled in.
const ALWAYS: [&str; 12] = [
    "id",
    "kind",
    "title",
    "similar",
    "answer",
    "keywords",
    "region",
    "department",
    "audience",
    "effective_from",
    "expires_on",
    "status",
];

/// What a table may do with a text before anybody reads it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Formulas {
    /// Cells have types; a text is a text.
    Typed,
    /// What begins like a formula is calculated when a spreadsheet opens the file.
    Guessed,
}

/// A column of an exported table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Column {
    pub(super) name: String,
    shape: Shape,
    field: &'static str,
    part: Option<&'static str>,
}

/// An entry by the names of its fields.
pub(super) fn members(entry: &Entry) -> Result<Map<String, Value>, ExportError> {
    match serde_json::to_value(entry).map_err(failed)? {
        Value::Object(members) => Ok(members),
        other => Err(failed(format!("an entry is an object, not {other}"))),
    }
}

/// The columns that these entries need, in the order of the fields.
pub(super) fn columns(rows: &[Map<String, Value>]) -> Vec<Column> {
    let mut columns = Vec::new();
    for field in FIELDS {
        let used = rows.iter().any(|row| row.contains_key(field.name));
        match field.shape {
            // The document an entry comes from is edited often, and its parts are few.
            Shape::Thing(parts) => columns.extend(parts.iter().map(|part| Column {
                name: format!("{}.{}", field.name, part.name),
                shape: part.shape,
                field: field.name,
                part: Some(part.name),
            })),
            shape if used || ALWAYS.contains(&field.name) => {
                columns.push(Column { name: field.name.to_owned(), shape, field: field.name, part: None });
            }
            _ => {}
        }
    }
    columns
}

impl Column {
    /// What stands in this column of a row; empty if nothing does.
    pub(super) fn cell(&self, row: &Map<String, Value>, formulas: Formulas) -> String {
        let value = row.get(self.field).and_then(|value| match self.part {
            Some(part) => value.get(part),
            None => Some(value),
        });
        value.map(|value| cell(value, self.shape, formulas)).unwrap_or_default()
    }
}

fn cell(value: &Value, shape: Shape, formulas: Formulas) -> String {
    let comes_back = |text: &String| {
        survives(text)
            && (formulas == Formulas::Typed || !looks_like_formula(text))
            && Cell::text(text).read(shape, &Habits::default()).is_ok_and(|read| read.as_ref() == Some(value))
    };
    let marked = |text: &String| format!("'{text}");
    let simple = plain(value);
    let simplest = simple.iter().cloned().chain(simple.iter().map(marked)).find(comes_back);
    simplest.unwrap_or_else(|| json(value))
}

/// A value without the marks of JSON, if it can do without.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(items) => {
            let name = |item: &Value| match item {
                Value::String(text) => Some(text.clone()),
                Value::Object(members) if members.len() == 1 => {
                    members.get("name")?.as_str().map(str::to_owned)
                }
                _ => None,
            };
            Some(items.iter().map(name).collect::<Option<Vec<_>>>()?.join("\n"))
        }
        _ => None,
    }
}

/// JSON without the characters that files of Excel have no place for or read as something else.
fn json(value: &Value) -> String {
    // Excel writes characters as `_x000D_`; whatever looks like that is written differently.
    let text = value.to_string().replace("_x", "\\u005fx");
    let odd = |c: char| matches!(c, '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}');
    if !text.contains(odd) {
        return text;
    }
    let escaped = |c: char| if odd(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() };
    text.chars().map(escaped).collect()
}
