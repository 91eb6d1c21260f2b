//! What only all files of an import together can tell: whether ids are unique and references lead somewhere. And what
//! follows for each file, since a file is taken whole or not at all.

use std::collections::HashMap;

use super::{Fault, FileRead, Report, Row};
use crate::entry::{Details, EntryId};
use crate::region::Regions;

/// What may be taken over, and what may not.
#[derive(Debug, Default)]
pub struct Judged {
    /// The rows of the files that are in order.
    pub rows: Vec<Row>,
    /// How many files those are.
    pub files: usize,
    /// How many files are refused.
    pub refused_files: usize,
    /// Why they are.
    pub report: Report,
}

/// Judges the files of one import. A file with any fault is refused whole; so is a file that refers to an entry of a
/// refused file, unless that entry is `known` to the store already.
pub fn judge(mut files: Vec<FileRead>, known: &dyn Fn(&EntryId) -> bool, regions: &Regions) -> Judged {
    for file in &mut files {
        file.faults.extend(check_regions(&file.rows, regions));
    }
    for (at, fault) in repeated_ids(&files) {
        if let Some(file) = files.get_mut(at) {
            file.faults.push(fault);
        }
    }
    // Refusing one file can leave references of another without their end, and so on until nothing changes.
    while refuse_dangling(&mut files, known) {}
    let mut judged = Judged::default();
    for file in files {
        if file.faults.is_empty() {
            judged.files += 1;
            judged.rows.extend(file.rows);
        } else {
            judged.refused_files += 1;
            judged.report.faults.extend(file.faults);
        }
    }
    judged.report.faults.sort();
    judged
}

/// Ids that stand twice, with the number of the file that has them again.
fn repeated_ids(files: &[FileRead]) -> Vec<(usize, Fault)> {
    let mut faults = Vec::new();
    let mut first: HashMap<&EntryId, &Row> = HashMap::new();
    for (at, row) in
        files.iter().enumerate().flat_map(|(at, file)| file.rows.iter().map(move |row| (at, row)))
    {
        match first.get(&row.entry.id) {
            Some(earlier) => faults.push((at, repeated(row, earlier))),
            None => {
                first.insert(&row.entry.id, row);
            }
        }
    }
    faults
}

fn repeated(row: &Row, earlier: &Row) -> Fault {
    row.fault("id", format!("`{}` already stands in {}:{}", row.entry.id, earlier.file, earlier.line))
}

/// Refuses the files that are in order but for a reference that leads nowhere. Whether there were any.
fn refuse_dangling(files: &mut [FileRead], known: &dyn Fn(&EntryId) -> bool) -> bool {
    let mut taken: HashMap<&EntryId, bool> = HashMap::new();
    let mut refused_in: HashMap<&EntryId, &str> = HashMap::new();
    for file in files.iter() {
        let fine = file.faults.is_empty();
        for id in file.rows.iter().map(|row| &row.entry.id).chain(&file.refused) {
            if fine {
                taken.insert(id, true);
            } else {
                refused_in.insert(id, &file.name);
            }
        }
    }
    let mut found: Vec<(usize, Vec<Fault>)> = Vec::new();
    for (at, file) in files.iter().enumerate().filter(|(_, file)| file.faults.is_empty()) {
        let dangles = |id: &EntryId| !taken.contains_key(id) && !known(id);
        let why = |id: &EntryId| match refused_in.get(id) {
            Some(name) => format!("there is no entry `{id}`: it stands in {name}, which is refused"),
            None => format!("there is no entry `{id}`"),
        };
        let faults: Vec<Fault> = file.rows.iter().flat_map(|row| dangling(row, &dangles, &why)).collect();
        if !faults.is_empty() {
            found.push((at, faults));
        }
    }
    let any = !found.is_empty();
    for (at, faults) in found {
        if let Some(file) = files.get_mut(at) {
            file.faults.extend(faults);
        }
    }
    any
}

fn dangling(row: &Row, dangles: &dyn Fn(&EntryId) -> bool, why: &dyn Fn(&EntryId) -> String) -> Vec<Fault> {
    let mut faults = Vec::new();
    if let Some(successor) = row.entry.superseded_by.as_ref().filter(|id| dangles(id)) {
        faults.push(row.fault("superseded_by", why(successor)));
    }
    let Details::Scenario(scenario) = &row.entry.details else { return faults };
    for (outcome_at, outcome) in scenario.outcomes.iter().enumerate() {
        for (at, matter) in outcome.matters.iter().enumerate().filter(|(_, id)| dangles(id)) {
            faults.push(row.fault(format!("outcomes[{outcome_at}].matters[{at}]"), why(matter)));
        }
    }
    faults
}

/// Ids that come twice in one import, and references to entries that are neither in it nor `known` to the store.
pub fn check_references(rows: &[Row], known: &dyn Fn(&EntryId) -> bool) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut first: HashMap<&EntryId, &Row> = HashMap::new();
    for row in rows {
        match first.get(&row.entry.id) {
            Some(earlier) => faults.push(repeated(row, earlier)),
            None => {
                first.insert(&row.entry.id, row);
            }
        }
    }
    let dangles = |id: &EntryId| !first.contains_key(id) && !known(id);
    let why = |id: &EntryId| format!("there is no entry `{id}`");
    faults.extend(rows.iter().flat_map(|row| dangling(row, &dangles, &why)));
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
