//! Excel workbooks: every visible sheet is a table.

use std::collections::HashMap;
use std::io::Cursor;
use std::sync::Arc;

use calamine::{DataRef, Dimensions, ExcelDateTime, Reader, SheetType, SheetVisible, Xlsx, XlsxError};
use jiff::civil::Date;

use super::archive;
use super::cell::Cell;
use super::mapping::Mapping;
use super::table::{TableRow, read_table};
use super::{Fault, FileRead};

type Workbook<'a> = Xlsx<Cursor<&'a [u8]>>;

/// Reads a workbook.
pub(super) fn read(name: &str, bytes: &[u8], mapping: &Mapping, progress: &mut dyn FnMut(usize)) -> FileRead {
    if let Err(reason) = archive::weigh(bytes) {
        return FileRead::refused(name, reason);
    }
    let mut workbook: Workbook<'_> = match Xlsx::new(Cursor::new(bytes)) {
        Ok(workbook) => workbook,
        Err(error) => return FileRead::refused(name, not_readable(&error)),
    };
    let mut read = FileRead::new(name);
    let sheets: Vec<String> = workbook
        .sheets_metadata()
        .iter()
        .filter(|sheet| sheet.visible == SheetVisible::Visible && sheet.typ == SheetType::WorkSheet)
        .map(|sheet| sheet.name.clone())
        .filter(|sheet| mapping.wants_sheet(sheet))
        .collect();
    for wanted in mapping.sheets().iter().filter(|wanted| !sheets.contains(wanted)) {
        read.faults.push(Fault::at(&read.name, 1, 1, "", format!("there is no visible sheet “{wanted}”")));
    }
    let share = bytes.len() / sheets.len().max(1);
    for (at, sheet) in sheets.iter().enumerate() {
        let file: Arc<str> = format!("{name}#{sheet}").into();
        let mut advance = |part: f64| {
            // Of a sheet only its last row is known beforehand, so its share is an estimate.
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "an estimate between 0 and 1 of a size"
            )]
            let within = (share as f64 * part.clamp(0.0, 1.0)) as usize;
            progress(at * share + within);
        };
        if let Err(error) = read_sheet(&mut workbook, sheet, &file, mapping, &mut read, &mut advance) {
            read.faults.push(Fault::at(&file, 1, 1, "", not_readable(&error)));
        }
    }
    read
}

fn not_readable(error: &XlsxError) -> String {
    format!("is not a workbook that can be read ({error}); save it again as .xlsx")
}

fn read_sheet(
    workbook: &mut Workbook<'_>,
    sheet: &str,
    file: &Arc<str>,
    mapping: &Mapping,
    read: &mut FileRead,
    advance: &mut dyn FnMut(f64),
) -> Result<(), XlsxError> {
    let merged = Merged::new(workbook.merge_cells_by_sheet_name(sheet)?);
    let mut cells = workbook.worksheet_cells_reader(sheet)?;
    let last = f64::from(cells.dimensions().end.0.max(1));
    let mut failed = None;
    // Behind its last cell the reader has nothing to say, and complains when it is asked again.
    let mut over = false;
    // Cells come one by one, so that one cell far away cannot make a table of a billion empty ones.
    let next = || {
        if over {
            return None;
        }
        let cell = cells.next_cell().unwrap_or_else(|error| {
            failed = Some(error);
            None
        });
        over = cell.is_none();
        let cell = cell?;
        let (row, column) = cell.get_position();
        Some((row, column, cell_of(cell.get_value())))
    };
    let mut rows = Rows { next, waiting: None, merged };
    let counted = std::iter::from_fn(|| {
        let row = rows.next()?;
        if row.line % 256 == 0 {
            advance(f64::from(u32::try_from(row.line).unwrap_or(u32::MAX)) / last);
        }
        Some(row)
    });
    read_table(file, counted, mapping, read);
    drop(rows);
    failed.map_or(Ok(()), Err)
}

/// Cells gathered into rows.
struct Rows<F> {
    next: F,
    /// The first cell of the next row, which tells that a row is over.
    waiting: Option<(u32, u32, Cell)>,
    merged: Merged,
}

impl<F: FnMut() -> Option<(u32, u32, Cell)>> Rows<F> {
    fn next(&mut self) -> Option<TableRow> {
        let (row, column, cell) = self.waiting.take().or_else(&mut self.next)?;
        let mut cells = Vec::new();
        put(&mut cells, column, cell);
        while let Some((next_row, column, cell)) = (self.next)() {
            if next_row != row {
                self.waiting = Some((next_row, column, cell));
                break;
            }
            put(&mut cells, column, cell);
        }
        let mut found = TableRow { line: row as usize + 1, cells };
        // A row in which nothing else stands is a gap in the table, however far a merged cell reaches down.
        if !found.is_blank() {
            self.merged.fill(row, &mut found.cells);
        }
        Some(found)
    }
}

fn put(cells: &mut Vec<Cell>, column: u32, cell: Cell) {
    // No spreadsheet has more columns than this.
    let at = (column as usize).min(16_383);
    if cells.len() <= at {
        cells.resize(at + 1, Cell::Empty);
    }
    if let Some(place) = cells.get_mut(at) {
        *place = cell;
    }
}

/// Cells that reach over several rows: what stands in the first holds for all of them.
struct Merged {
    /// By the column they begin in: first row, last row, and what stands there once that row has been seen.
    regions: HashMap<u32, Vec<(u32, u32, Cell)>>,
}

impl Merged {
    fn new(found: Vec<Dimensions>) -> Self {
        let mut regions: HashMap<u32, Vec<(u32, u32, Cell)>> = HashMap::new();
        for Dimensions { start, end } in found.into_iter().filter(|region| region.end.0 > region.start.0) {
            regions.entry(start.1).or_default().push((start.0, end.0, Cell::Empty));
        }
        Self { regions }
    }

    fn fill(&mut self, row: u32, cells: &mut Vec<Cell>) {
        for (&column, regions) in &mut self.regions {
            let Some((first, _, content)) =
                regions.iter_mut().find(|(first, last, _)| (*first..=*last).contains(&row))
            else {
                continue;
            };
            let own = cells.get(column as usize);
            if row == *first {
                *content = own.cloned().unwrap_or(Cell::Empty);
            } else if own.is_none_or(Cell::is_empty) {
                put(cells, column, content.clone());
            }
        }
    }
}

fn cell_of(value: &DataRef<'_>) -> Cell {
    match value {
        DataRef::Empty => Cell::Empty,
        DataRef::Int(number) => Cell::Text(number.to_string()),
        DataRef::Float(number) => Cell::Number(*number),
        DataRef::String(text) => Cell::text(text),
        DataRef::SharedString(text) => Cell::text(text),
        DataRef::Bool(flag) => Cell::Flag(*flag),
        DataRef::DateTime(moment) => day_of(moment),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Cell::text(text),
        DataRef::Error(error) => Cell::Broken(error.to_string()),
    }
}

fn day_of(moment: &ExcelDateTime) -> Cell {
    let value = moment.as_f64();
    if moment.is_duration() || value.fract() != 0.0 || !(1.0..2_958_466.0).contains(&value) {
        return Cell::Day(None);
    }
    let (year, month, day, ..) = moment.to_ymd_hms_milli();
    let whole =
        || Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok();
    Cell::Day(whole())
}
