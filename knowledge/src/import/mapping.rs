//! Mapping files: what an office's own columns and words mean, so that its tables need not be rewritten.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::cell::{Cell, Habits};
use super::field::{Target, known_names, nearest};

/// The name under which a folder or an archive carries a mapping for what lies in it.
pub const FILE_NAME: &str = "mapping.toml";

/// Why a mapping cannot be used. What it says is for whoever wrote the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidMapping(String);

/// How foreign files are read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mapping {
    columns: HashMap<String, Target>,
    ignored: Vec<String>,
    sheets: Vec<String>,
    values: Vec<(Target, HashMap<String, String>)>,
    defaults: Vec<(Target, Value)>,
    pub(crate) habits: Habits,
    pub(crate) id: IdRule,
}

/// How ids are made that the files do not have, or have in another form.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IdRule {
    /// Put before every id.
    #[serde(default)]
    pub(crate) prefix: String,
    /// The field whose text an id is made of where there is none. The same text gives the same id at every import.
    #[serde(default)]
    pub(crate) from: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    sheets: Vec<String>,
    #[serde(default)]
    ignore: Vec<String>,
    #[serde(default)]
    list_separators: String,
    #[serde(default)]
    date_formats: Vec<String>,
    #[serde(default)]
    columns: BTreeMap<String, String>,
    #[serde(default)]
    defaults: BTreeMap<String, toml::Value>,
    #[serde(default)]
    values: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(default)]
    id: IdRule,
}

/// What a heading stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Meaning {
    /// This part of an entry.
    Target(Target),
    /// Nothing of ours, and the mapping knows.
    Ignored,
    /// Nobody has said.
    Unknown,
}

impl Mapping {
    /// Reads a mapping file.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn parse(text: &str) -> Result<Mapping, InvalidMapping> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let file: File =
            toml::from_str(text).map_err(|error| InvalidMapping(error.to_string().trim_end().to_owned()))?;
        let habits = Habits { dates: file.date_formats, separators: file.list_separators.chars().collect() };
        let mut columns = HashMap::new();
        for (heading, name) in &file.columns {
            columns.insert(normal(heading), target(&format!("columns.{heading}"), name)?);
        }
        let mut values = Vec::new();
        for (name, table) in file.values {
            let table = table.into_iter().map(|(from, to)| (from.trim().to_owned(), to)).collect();
            values.push((target("values", &name)?, table));
        }
        let mut defaults = Vec::new();
        for (name, value) in file.defaults {
            let target = target("defaults", &name)?;
            let cell = Cell::Value(json_of(value));
            let value = cell
                .read(target.shape(), &habits)
                .map_err(|reason| InvalidMapping(format!("`defaults.{name}`: {reason}")))?;
            defaults.extend(value.map(|value| (target, value)));
        }
        if let Some(from) = &file.id.from {
            target("id.from", from)?;
        }
        let ignored = file.ignore.iter().map(|heading| normal(heading)).collect();
        Ok(Mapping { columns, ignored, sheets: file.sheets, values, defaults, habits, id: file.id })
    }

    /// What a heading stands for. The mapping goes before our own names.
    pub(crate) fn meaning(&self, heading: &str) -> Meaning {
        let heading = normal(heading);
        if let Some(target) = self.columns.get(&heading) {
            Meaning::Target(*target)
        } else if self.ignored.contains(&heading) {
            Meaning::Ignored
        } else {
            Target::parse(&heading).map_or(Meaning::Unknown, Meaning::Target)
        }
    }

    /// Whether a sheet of that name is read.
    pub(crate) fn wants_sheet(&self, name: &str) -> bool {
        self.sheets.is_empty() || self.sheets.iter().any(|wanted| wanted == name)
    }

    /// Whether it gives every row that field, if the row itself does not.
    pub(crate) fn gives(&self, name: &str) -> bool {
        self.defaults.iter().any(|(target, _)| target.to_string() == name)
            || (name == "id" && self.id.from.is_some())
    }

    /// The sheets it names.
    pub(crate) fn sheets(&self) -> &[String] {
        &self.sheets
    }

    /// Our word for what stands in a cell, if it is one of those the mapping translates.
    pub(crate) fn translate(&self, target: Target, cell: Cell) -> Cell {
        let table = self.values.iter().find(|(of, _)| *of == target).map(|(_, table)| table);
        match table.and_then(|table| table.get(cell.shown().trim())) {
            Some(word) => Cell::text(word),
            None => cell,
        }
    }

    /// Fills in what the file does not say.
    pub(crate) fn complete(&self, entry: &mut Map<String, Value>) {
        for (target, value) in &self.defaults {
            let mut missing = Map::new();
            target.put(&mut missing, value.clone());
            for (name, default) in missing {
                match entry.get_mut(&name) {
                    None => {
                        entry.insert(name, default);
                    }
                    // `source.title` beside a source that has only a number.
                    Some(Value::Object(members)) => {
                        let Value::Object(more) = default else { continue };
                        for (part, value) in more {
                            members.entry(part).or_insert(value);
                        }
                    }
                    Some(_) => {}
                }
            }
        }
    }
}

/// A heading without what is only there for the eye: blanks, stars and notes on whether it must be filled in.
fn normal(heading: &str) -> String {
    let mut text: String =
        heading.chars().filter(|c| !c.is_whitespace() && *c != '*' && *c != '\u{feff}').collect();
    for note in ["（必填）", "(必填)", "（选填）", "(选填)"] {
        if let Some(rest) = text.strip_suffix(note) {
            text = rest.to_owned();
        }
    }
    text.make_ascii_lowercase();
    text
}

fn target(place: &str, name: &str) -> Result<Target, InvalidMapping> {
    Target::parse(name).ok_or_else(|| {
        let hint = nearest(name).map(|known| format!("did you mean `{known}`? ")).unwrap_or_default();
        InvalidMapping(format!(
            "`{place}`: there is no field `{name}`; {hint}the fields are {}",
            known_names()
        ))
    })
}

/// TOML's days become texts, which is how JSON writes them.
fn json_of(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(flag) => flag.into(),
        toml::Value::Datetime(day) => day.to_string().into(),
        toml::Value::Array(items) => Value::Array(items.into_iter().map(json_of).collect()),
        toml::Value::Table(table) => table_of(table),
    }
}

/// A table of TOML as an object.
pub(crate) fn table_of(table: toml::Table) -> Value {
    Value::Object(table.into_iter().map(|(name, value)| (name, json_of(value))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_recognised_however_they_are_set() {
        let mapping = Mapping::parse(
            "ignore = [\"序号\"]\n[columns]\n\"标准问\" = \"title\"\n\"办理 地点\" = \"windows.address\"",
        )
        .unwrap();
        let target = |name: &str| Meaning::Target(Target::parse(name).unwrap());
        for (heading, meaning) in [
            ("标准问", target("title")),
            (" *标准问\n（必填）", target("title")),
            ("办理地点", target("windows[0].address")),
            ("Title", target("title")),
            ("序号", Meaning::Ignored),
            ("备注", Meaning::Unknown),
        ] {
            assert_eq!(mapping.meaning(heading), meaning, "{heading}");
        }
    }

    #[test]
    fn a_faulty_mapping_says_what_is_wrong_and_what_would_be_right() {
        for (text, expected) in [
            ("[columns]\n\"答案\" = \"anser\"", "did you mean `answer`?"),
            ("[columns]\n\"答案\" = \"回答\"", "the fields are id, kind, title"),
            ("[defaults]\nregoin = \"x\"", "did you mean `region`?"),
            ("[defaults]\nstatus = \"有效\"", "draft, published, repealed"),
            ("[defaults]\neffective_from = \"someday\"", "defaults.effective_from"),
            ("[values.stat]\n\"有效\" = \"published\"", "no field `stat`"),
            ("[colums]\n", "colums"),
            ("[id]\nfrom = \"name\"", "id.from"),
            ("[columns", "columns"),
        ] {
            let said = Mapping::parse(text).unwrap_err().to_string();
            assert!(said.contains(expected), "{text}: {said}");
        }
    }

    #[test]
    fn defaults_fill_gaps_and_change_nothing() {
        let mapping = Mapping::parse(
            "[defaults]\nkind = \"faq\"\neffective_from = 2026-01-05\n\"source.title\" = \"问答库\"\nkeywords = \"a|b\"",
        )
        .unwrap();
        let mut entry = Map::new();
        entry.insert("kind".to_owned(), "policy".into());
        entry.insert("source".to_owned(), serde_json::json!({ "number": "1" }));
        mapping.complete(&mut entry);
        assert_eq!(
            Value::Object(entry),
            serde_json::json!({ "kind": "policy", "source": { "number": "1", "title": "问答库" }, "effective_from": "2026-01-05", "keywords": ["a", "b"] })
        );
    }
}
