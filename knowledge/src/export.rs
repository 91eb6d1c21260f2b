//! Entries as files, so that an office can work on them and import them again. What is exported is read back as the
//! same entries, whatever the format; tests hold that for the demo city and for random entries.

mod cells;
mod csv;
mod markdown;
#[cfg(test)]
mod tests;
mod xlsx;

use std::fmt;
use std::str::FromStr;

use crate::entry::{Entry, EntryId};

/// How entries are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// One JSON object a line.
    Jsonl,
    /// A table as UTF-8 with a byte order mark, which Excel needs to see that it is UTF-8.
    Csv,
    /// A workbook with a sheet for each kind of entry.
    Xlsx,
    /// A zipped folder with one Markdown file an entry.
    Markdown,
}

/// Why entries cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// Choose another format: a cell of Excel has no room for this.
    #[error("`{field}` of the entry `{id}` is too long for a cell of Excel; export it as CSV or JSONL")]
    TooLong {
        /// The entry.
        id: EntryId,
        /// The column.
        field: String,
    },
    /// The writer of the format failed.
    #[error("the file cannot be made: {0}")]
    Failed(String),
}

impl ExportFormat {
    /// All of them.
    pub const ALL: [ExportFormat; 4] =
        [ExportFormat::Jsonl, ExportFormat::Csv, ExportFormat::Xlsx, ExportFormat::Markdown];

    /// The name by which it is asked for.
    pub fn as_str(self) -> &'static str {
        match self {
            ExportFormat::Jsonl => "jsonl",
            ExportFormat::Csv => "csv",
            ExportFormat::Xlsx => "xlsx",
            ExportFormat::Markdown => "markdown",
        }
    }

    /// The format that a file of this name is expected to have.
    pub fn of_name(name: &str) -> Option<ExportFormat> {
        let (_, ending) = name.rsplit_once('.')?;
        match ending.to_ascii_lowercase().as_str() {
            "jsonl" | "ndjson" => Some(ExportFormat::Jsonl),
            "csv" => Some(ExportFormat::Csv),
            "xlsx" => Some(ExportFormat::Xlsx),
            "zip" => Some(ExportFormat::Markdown),
            _ => None,
        }
    }

    /// Whether it is text, which can be printed as well as kept in a file.
    pub fn is_text(self) -> bool {
        matches!(self, ExportFormat::Jsonl | ExportFormat::Csv)
    }
}

impl fmt::Display for ExportFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ExportFormat {
    type Err = String;

    fn from_str(name: &str) -> Result<ExportFormat, String> {
        let known = || ExportFormat::ALL.map(ExportFormat::as_str).join(", ");
        let found = ExportFormat::ALL.into_iter().find(|format| format.as_str() == name);
        found.ok_or_else(|| format!("there is no format `{name}`, only {}", known()))
    }
}

/// The lines of a text format, without what ends them. A line of CSV may hold line breaks in quotes.
///
/// # Errors
/// When the format is none of text.
pub fn lines(entries: &[Entry], format: ExportFormat) -> Result<Vec<String>, ExportError> {
    match format {
        ExportFormat::Jsonl => {
            entries.iter().map(|entry| serde_json::to_string(entry).map_err(failed)).collect()
        }
        ExportFormat::Csv => csv::lines(entries),
        other => Err(ExportError::Failed(format!("{other} is not printed; name a file for it"))),
    }
}

/// A whole file.
///
/// # Errors
/// When the format has no room for an entry.
pub fn file(entries: &[Entry], format: ExportFormat) -> Result<Vec<u8>, ExportError> {
    let joined = |end: &str| {
        let text: String =
            lines(entries, format)?.into_iter().flat_map(|line| [line, end.to_owned()]).collect();
        Ok(text.into_bytes())
    };
    match format {
        ExportFormat::Jsonl => joined("\n"),
        ExportFormat::Csv => joined("\r\n"),
        ExportFormat::Xlsx => xlsx::file(entries),
        ExportFormat::Markdown => markdown::file(entries),
    }
}

fn failed(error: impl fmt::Display) -> ExportError {
    ExportError::Failed(error.to_string())
}
