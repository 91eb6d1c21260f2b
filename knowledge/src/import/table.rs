//! Tables of any origin: finding the row of headings, and reading the rows beneath it.

use std::sync::Arc;

use super::cell::Cell;
use super::field::{Target, known_names, nearest};
use super::mapping::{Mapping, Meaning};
use super::place::{Column, Columns, Places};
use super::record::Record;
use super::{Fault, FileRead, Row};

/// One row as it was found.
pub(crate) struct TableRow {
    /// Its number in the file, counted from 1.
    pub(crate) line: usize,
    pub(crate) cells: Vec<Cell>,
}

/// How many rows may stand over the headings, for titles and notes.
pub(crate) const ROWS_ABOVE: usize = 10;

impl TableRow {
    /// Whether nothing stands in it.
    pub(crate) fn is_blank(&self) -> bool {
        self.cells.iter().all(Cell::is_empty)
    }

    fn filled(&self) -> usize {
        self.cells.iter().filter(|cell| !cell.is_empty()).count()
    }

    /// How many of its cells are names that are known.
    pub(crate) fn known_headings(&self, mapping: &Mapping) -> usize {
        self.cells.iter().filter(|cell| mapping.meaning(&cell.shown()) != Meaning::Unknown).count()
    }
}

/// What is said of a column nobody knows.
pub(super) fn unknown_column(heading: &str) -> String {
    let hint = nearest(heading).map(|known| format!("did you mean `{known}`? ")).unwrap_or_default();
    format!(
        "unknown column `{heading}`; {hint}the columns are {}; other names can be explained in a mapping file \
         (`yikouwen import --mapping FILE`)",
        known_names()
    )
}

/// Reads the rows of a table into `read`. `file` is how its rows are named in faults.
pub(crate) fn read_table(
    file: &Arc<str>,
    rows: impl Iterator<Item = TableRow>,
    mapping: &Mapping,
    read: &mut FileRead,
) {
    let mut rows = rows.filter(|row| !row.is_blank());
    let mut ahead: Vec<TableRow> = rows.by_ref().take(ROWS_ABOVE).collect();
    let Some(at) = heading_row(&ahead, mapping) else { return };
    let beneath = ahead.split_off(at + 1);
    let Some(headings) = ahead.pop() else { return };
    let Some(columns) = columns(file, &headings, mapping, read) else { return };
    let mut table =
        Table { file, places: Places::Table(Arc::clone(&columns)), columns, mapping, unnamed: false };
    for row in beneath.into_iter().chain(rows) {
        table.row(row, read);
    }
}

/// The row with the most known names; else the first that looks like headings at all.
fn heading_row(rows: &[TableRow], mapping: &Mapping) -> Option<usize> {
    let known = |row: &TableRow| row.known_headings(mapping);
    let best = rows.iter().enumerate().rev().max_by_key(|(_, row)| known(row));
    match best {
        Some((at, row)) if known(row) > 0 => Some(at),
        _ => rows.iter().position(|row| row.filled() > 1).or(if rows.is_empty() { None } else { Some(0) }),
    }
}

/// What the columns are. Nothing if the rows cannot be judged for want of a column that every row needs.
fn columns(
    file: &Arc<str>,
    headings: &TableRow,
    mapping: &Mapping,
    read: &mut FileRead,
) -> Option<Arc<Columns>> {
    let mut columns: Vec<Column> = Vec::new();
    for (at, cell) in headings.cells.iter().enumerate() {
        let heading: Arc<str> = cell.shown().trim().into();
        let mut refuse = |reason: String| {
            let fault = Fault::at(file, headings.line, at + 1, "", reason);
            read.faults.push(Fault { heading: Some(Arc::clone(&heading)), ..fault });
        };
        let target = match mapping.meaning(&heading) {
            _ if cell.is_empty() => None,
            Meaning::Ignored => None,
            Meaning::Unknown => {
                refuse(unknown_column(&heading));
                None
            }
            Meaning::Target(target) => {
                let twice = |column: &&Column| column.target.is_some_and(|earlier| earlier.collides(&target));
                if let Some(earlier) = columns.iter().find(twice) {
                    refuse(format!("is `{target}`, as is the column “{}” before it", earlier.heading));
                }
                Some(target)
            }
        };
        columns.push(Column { heading, target });
    }
    let has = |name: &str| {
        columns.iter().any(|column| column.target.is_some_and(|target| target.to_string() == name))
            || mapping.gives(name)
    };
    let needed = [
        ("id", "`[id] from = \"title\"`"),
        ("kind", "`[defaults] kind = \"faq\"`"),
        ("title", "`[columns]`"),
    ];
    let missing: Vec<_> = needed.into_iter().filter(|(name, _)| !has(name)).collect();
    for (name, instead) in &missing {
        let reason = format!("there is no such column; add it, or see {instead} of a mapping file");
        read.faults.push(Fault::at(file, headings.line, 1, *name, reason));
    }
    missing.is_empty().then(|| Arc::new(Columns(columns)))
}

/// A table whose headings have been read.
struct Table<'a> {
    file: &'a Arc<str>,
    places: Places,
    columns: Arc<Columns>,
    mapping: &'a Mapping,
    /// Whether a column without a heading has been complained of.
    unnamed: bool,
}

impl Table<'_> {
    fn row(&mut self, row: TableRow, read: &mut FileRead) {
        let mut record = Record::default();
        for (at, cell) in row.cells.into_iter().enumerate() {
            let target: Option<Target> = match self.columns.0.get(at) {
                Some(column) if column.target.is_some() || !column.heading.is_empty() => column.target,
                _ => {
                    if !cell.is_empty() && !self.unnamed {
                        self.unnamed = true;
                        let reason = "something stands in a column without a heading";
                        read.faults.push(Fault::at(self.file, row.line, at + 1, "", reason));
                    }
                    None
                }
            };
            if let Some(target) = target {
                record.take(target, cell, self.mapping);
            }
        }
        match record.finish(self.mapping) {
            Ok(entry) => {
                let file = Arc::clone(self.file);
                read.rows.push(Row { file, line: row.line, entry, places: self.places.clone() });
            }
            Err(refused) => {
                read.refused.extend(refused.id);
                let fault = |wrong: super::record::Wrong| {
                    Fault::of(self.file, row.line, &self.places, &wrong.field, wrong.reason)
                };
                read.faults.extend(refused.wrong.into_iter().map(fault));
            }
        }
    }
}
