//! Entries as CSV.

use super::cells::{Formulas, columns, members};
use super::{ExportError, failed};
use crate::entry::Entry;

/// By this Excel knows that the file is UTF-8.
const MARK: char = '\u{feff}';

/// The lines of a table, headings first.
pub(super) fn lines(entries: &[Entry]) -> Result<Vec<String>, ExportError> {
    let rows = entries.iter().map(members).collect::<Result<Vec<_>, _>>()?;
    let columns = columns(&rows);
    let headings = line(columns.iter().map(|column| column.name.clone()))?;
    let mut lines = vec![format!("{MARK}{headings}")];
    for row in &rows {
        lines.push(line(columns.iter().map(|column| column.cell(row, Formulas::Guessed)))?);
    }
    Ok(lines)
}

fn line(cells: impl Iterator<Item = String>) -> Result<String, ExportError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells).map_err(failed)?;
    let bytes = writer.into_inner().map_err(failed)?;
    let mut line = String::from_utf8(bytes).map_err(failed)?;
    line.truncate(line.trim_end_matches('\n').len());
    Ok(line)
}
