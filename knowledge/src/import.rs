//! Turning files into entries. Pure: bytes in, rows or a report out.
//!
//! A reader (`import/jsonl.rs`; other formats go beside it) takes one file, all or nothing, and names every row it
//! refuses. What a file cannot know by itself, whether ids are unique and references lead somewhere, is checked over
//! all rows of an import by [`check_references`] and [`check_regions`].

pub mod jsonl;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::entry::{Details, Entry, EntryId};
use crate::region::Regions;

/// An entry and where it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The file, as the caller named it.
    pub file: Arc<str>,
    /// Its line, counted from 1.
    pub line: usize,
    /// What stands there.
    pub entry: Entry,
}

/// One reason why a row is refused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Fault {
    /// The file, as the caller named it.
    pub file: Arc<str>,
    /// The line, counted from 1.
    pub line: usize,
    /// The character in that line, counted from 1; where the field begins, if it is known.
    pub column: usize,
    /// The field as a path (`windows[0].lng`); empty if the row as a whole is meant.
    pub field: String,
    /// What is wrong, for the editor.
    pub reason: String,
}

/// Everything that is wrong with an import. Nothing of it may be taken over.
#[derive(Debug, Clone, PartialEq, Eq, Default, thiserror::Error, serde::Serialize)]
pub struct Report {
    /// In the order of the files and their lines.
    pub faults: Vec<Fault>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", self.file, self.line, self.column)?;
        if !self.field.is_empty() {
            write!(f, "`{}` ", self.field)?;
        }
        f.write_str(&self.reason)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, fault) in self.faults.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            fault.fmt(f)?;
        }
        Ok(())
    }
}

impl Report {
    /// A report if there is anything to report.
    pub fn of(faults: Vec<Fault>) -> Option<Report> {
        (!faults.is_empty()).then_some(Report { faults })
    }
}

impl Row {
    fn fault(&self, field: impl Into<String>, reason: impl Into<String>) -> Fault {
        Fault {
            file: Arc::clone(&self.file),
            line: self.line,
            column: 1,
            field: field.into(),
            reason: reason.into(),
        }
    }
}

/// Ids that come twice in one import, and references to entries that are neither in it nor `known` to the store.
pub fn check_references(rows: &[Row], known: &dyn Fn(&EntryId) -> bool) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut first: HashMap<&EntryId, &Row> = HashMap::new();
    for row in rows {
        if let Some(earlier) = first.get(&row.entry.id) {
            let reason = format!("`{}` already stands in {}:{}", row.entry.id, earlier.file, earlier.line);
            faults.push(row.fault("id", reason));
        } else {
            first.insert(&row.entry.id, row);
        }
    }
    let dangles = |id: &EntryId| !first.contains_key(id) && !known(id);
    for row in rows {
        if let Some(successor) = row.entry.superseded_by.as_ref().filter(|id| dangles(id)) {
            faults.push(row.fault("superseded_by", format!("there is no entry `{successor}`")));
        }
        let Details::Scenario(scenario) = &row.entry.details else { continue };
        for (outcome_at, outcome) in scenario.outcomes.iter().enumerate() {
            for (at, matter) in outcome.matters.iter().enumerate().filter(|(_, id)| dangles(id)) {
                let field = format!("outcomes[{outcome_at}].matters[{at}]");
                faults.push(row.fault(field, format!("there is no entry `{matter}`")));
            }
        }
    }
    faults
}

/// Regions that stand in no table.
pub fn check_regions(rows: &[Row], regions: &Regions) -> Vec<Fault> {
    rows.iter()
        .filter_map(|row| {
            let region = row.entry.region.as_deref()?;
            let unknown = regions.resolve(region).is_none();
            unknown.then(|| row.fault("region", format!("there is no region `{region}`")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<Row> {
        jsonl::read("a.jsonl", text.as_bytes()).unwrap()
    }

    #[test]
    fn an_id_that_comes_twice_names_both_places() {
        let twice = rows(
            "{\"id\":\"a\",\"kind\":\"faq\",\"title\":\"x\"}\n{\"id\":\"a\",\"kind\":\"faq\",\"title\":\"y\"}",
        );
        let faults = check_references(&twice, &|_| false);
        assert_eq!(faults.len(), 1);
        assert_eq!((faults[0].line, faults[0].field.as_str()), (2, "id"));
        assert!(faults[0].reason.contains("a.jsonl:1"), "{}", faults[0]);
    }

    #[test]
    fn a_reference_must_lead_into_the_import_or_the_store() {
        let text = r#"{"id":"s","kind":"scenario","title":"x","superseded_by":"gone","nodes":[{"id":"n","ask":"?","options":[{"label":"l","next":null}]}],"outcomes":[{"when":{},"matters":["m","stored"]}]}
{"id":"m","kind":"matter","title":"y"}"#;
        let faults = check_references(&rows(text), &|id| id.as_str() == "stored");
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert_eq!(faults[0].field, "superseded_by");
    }

    #[test]
    fn an_unknown_region_is_a_fault() {
        let text = "{\"id\":\"a\",\"kind\":\"faq\",\"title\":\"x\",\"region\":\"火星\"}";
        let regions = Regions::from_json(include_bytes!("../demo/regions.json")).unwrap();
        assert_eq!(check_regions(&rows(text), &regions)[0].field, "region");
    }

    /// Every file of the demo city is read the way an operator would import it.
    #[test]
    fn the_demo_city_imports_cleanly() {
        let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("demo");
        let mut all = Vec::new();
        let mut report = Report::default();
        for file in std::fs::read_dir(directory).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "jsonl") {
                match jsonl::read(path.to_str().unwrap(), &std::fs::read(&path).unwrap()) {
                    Ok(rows) => all.extend(rows),
                    Err(refused) => report.faults.extend(refused.faults),
                }
            }
        }
        let regions = Regions::from_json(include_bytes!("../demo/regions.json")).unwrap();
        report.faults.extend(check_references(&all, &|_| false));
        report.faults.extend(check_regions(&all, &regions));
        assert!(report.faults.is_empty(), "{report}");
    }
}
