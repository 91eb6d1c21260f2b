//! Tables as text: CSV and its relatives, parted by commas, tabs or semicolons.

use super::cell::Cell;
use super::encoding;
use super::mapping::Mapping;
use super::table::{ROWS_ABOVE, TableRow, read_table};
use super::{Fault, FileRead};

/// What may part the cells.
const SEPARATORS: [u8; 3] = [b',', b'\t', b';'];

/// Reads a file.
pub(super) fn read(name: &str, bytes: &[u8], mapping: &Mapping, progress: &mut dyn FnMut(usize)) -> FileRead {
    let mut read = FileRead::new(name);
    let text = match encoding::decode(bytes) {
        Ok(text) => text,
        Err(fault) => {
            read.faults.push(Fault::at(&read.name, fault.line, fault.column, "", fault.reason));
            return read;
        }
    };
    let file = read.name.clone();
    let mut records = Records::new(&text, separator(&text, mapping));
    let rows = std::iter::from_fn(|| {
        let row = records.next();
        progress(records.done.min(bytes.len()));
        row
    });
    read_table(&file, rows, mapping, &mut read);
    read.faults.extend(records.broken.map(|(line, reason)| Fault::at(&file, line, 1, "", reason)));
    read
}

/// What parts the cells: the one with which the most headings are known; with none known, the most cells.
fn separator(text: &str, mapping: &Mapping) -> u8 {
    let promise = |separator: &u8| {
        let rows: Vec<TableRow> = Records::new(text, *separator).take(ROWS_ABOVE).collect();
        let known = rows.iter().map(|row| row.known_headings(mapping)).max();
        let cells = rows.iter().map(|row| row.cells.len()).max();
        (known, cells)
    };
    // Of equals the last is the greatest, so the comma is tried last.
    SEPARATORS.into_iter().rev().max_by_key(promise).unwrap_or(b',')
}

/// The rows of a text.
struct Records<'a> {
    text: &'a str,
    reader: csv::Reader<&'a [u8]>,
    record: csv::StringRecord,
    /// Bytes that have been read.
    done: usize,
    /// The line on which what comes next begins.
    line: usize,
    /// Where and why reading came to an end before the end.
    broken: Option<(usize, String)>,
}

impl<'a> Records<'a> {
    fn new(text: &'a str, separator: u8) -> Self {
        let reader = csv::ReaderBuilder::new()
            .delimiter(separator)
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes());
        Self { text, reader, record: csv::StringRecord::new(), done: 0, line: 1, broken: None }
    }
}

impl Iterator for Records<'_> {
    type Item = TableRow;

    fn next(&mut self) -> Option<TableRow> {
        let found = self.reader.read_record(&mut self.record);
        let end = usize::try_from(self.reader.position().byte()).unwrap_or(usize::MAX).min(self.text.len());
        let raw = self.text.get(self.done..end).unwrap_or_default();
        // Blank lines are skipped on the way to a row, and so is the second half of a CRLF.
        let before = raw.chars().take_while(|c| matches!(c, '\n' | '\r')).filter(|&c| c == '\n').count();
        let line = self.line + before;
        self.line += raw.matches('\n').count();
        self.done = end;
        match found {
            Ok(true) => {}
            Ok(false) => return None,
            Err(error) => {
                self.broken = Some((line, error.to_string()));
                return None;
            }
        }
        // A quotation mark that is never closed swallows all rows behind it into one cell.
        if end == self.text.len() && self.line > line + 1 && raw.matches('"').count() % 2 == 1 {
            self.broken = Some((line, "a quotation mark that opens in this row is never closed".to_owned()));
            return None;
        }
        Some(TableRow { line, cells: self.record.iter().map(Cell::text).collect() })
    }
}
