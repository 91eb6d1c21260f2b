//! Turning files into entries. Pure: bytes in, rows and a report out.
//!
//! [`read()`] takes files of any [`Format`], archives included, and names every row it refuses. A file is taken whole or
//! not at all. What a file cannot know by itself, whether ids are unique and references lead somewhere, is judged over
//! all files of an import by [`judge()`].
//!
//! A reader (`csv.rs`, `xlsx.rs`, `markdown.rs` …) only finds what is written and where. What a column is called is in
//! `field.rs`, what may stand in a cell in `cell.rs`, how a row becomes an entry in `record.rs`, and what foreign names
//! mean in `mapping.rs`. The one reader that needs another program is that of PDF files: it runs `pdftotext`.

mod archive;
mod cell;
mod csv;
mod document;
mod docx;
mod encoding;
mod field;
mod format;
mod html;
pub mod jsonl;
mod judge;
mod mapping;
mod markdown;
mod pdf;
mod place;
mod read;
mod record;
mod table;
#[cfg(test)]
mod tests;
mod xlsx;

use std::fmt;
use std::sync::Arc;

use crate::entry::{Entry, EntryId};
use place::Places;

pub(crate) use cell::{Cell, Habits, looks_like_formula, survives};
pub(crate) use field::{FIELDS, Shape};
pub use format::Format;
pub use judge::{Judged, check_references, check_regions, judge};
pub use mapping::{FILE_NAME as MAPPING_FILE, InvalidMapping, Mapping};
pub(crate) use markdown::body_of;
pub use read::{Read, SourceFile, read};

/// An entry and where it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The file, as the caller named it; of a spreadsheet with the sheet behind a `#`.
    pub file: Arc<str>,
    /// Its line, counted from 1.
    pub line: usize,
    /// What stands there.
    pub entry: Entry,
    /// Where its fields are.
    places: Places,
}

/// What one file gave: rows, and what is wrong with the others. With any fault, nothing of it may be taken over.
#[derive(Debug)]
pub struct FileRead {
    /// The file, as the caller named it.
    pub name: Arc<str>,
    /// The rows with which nothing is wrong.
    pub rows: Vec<Row>,
    /// The ids of rows that are refused, as far as they can be read.
    pub refused: Vec<EntryId>,
    /// What is wrong.
    pub faults: Vec<Fault>,
}

/// One reason why a row is refused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Fault {
    /// The file, as the caller named it; of a spreadsheet with the sheet behind a `#`.
    pub file: Arc<str>,
    /// The line, or a spreadsheet's row, counted from 1.
    pub line: usize,
    /// The character in that line, counted from 1; where the field begins, if it is known. Of a table the column.
    pub column: usize,
    /// What stands over a table's column, as it is written there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heading: Option<Arc<str>>,
    /// The field as a path (`windows[0].lng`); empty if the row as a whole is meant.
    pub field: String,
    /// What is wrong, for the editor.
    pub reason: String,
}

/// Everything that is wrong with an import.
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
        if let Some(heading) = &self.heading {
            write!(f, "(column {} “{heading}”) ", place::letters(self.column))?;
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

impl FileRead {
    fn new(name: &str) -> FileRead {
        FileRead { name: name.into(), rows: Vec::new(), refused: Vec::new(), faults: Vec::new() }
    }

    /// A file with which something is wrong as a whole.
    fn refused(name: &str, reason: impl Into<String>) -> FileRead {
        let mut read = FileRead::new(name);
        read.faults.push(Fault::at(&read.name, 1, 1, "", reason));
        read
    }

    /// The rows, or why there are none.
    pub fn whole(self) -> Result<Vec<Row>, Report> {
        match Report::of(self.faults) {
            Some(report) => Err(report),
            None => Ok(self.rows),
        }
    }
}

impl Fault {
    fn at(
        file: &Arc<str>,
        line: usize,
        column: usize,
        field: impl Into<String>,
        reason: impl Into<String>,
    ) -> Fault {
        let file = Arc::clone(file);
        Fault { file, line, column, heading: None, field: field.into(), reason: reason.into() }
    }

    /// A fault of a field of that row.
    fn of(file: &Arc<str>, line: usize, places: &Places, field: &str, reason: impl Into<String>) -> Fault {
        let place = places.of(field);
        let fault = Fault::at(file, place.line.unwrap_or(line), place.column, field, reason);
        Fault { heading: place.heading, ..fault }
    }
}

impl Row {
    fn fault(&self, field: impl Into<String>, reason: impl Into<String>) -> Fault {
        Fault::of(&self.file, self.line, &self.places, &field.into(), reason)
    }
}
