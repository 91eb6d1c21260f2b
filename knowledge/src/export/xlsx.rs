//! Entries as a workbook: a sheet for each kind, since each has columns of its own.

use rust_xlsxwriter::{Format, FormatAlign, Workbook, Worksheet, XlsxError};
use serde_json::{Map, Value};

use super::cells::{Column, Formulas, columns, members};
use super::{ExportError, failed};
use crate::entry::{Entry, Kind};

/// The most characters that Excel keeps in a cell.
const LONGEST: usize = 32_767;

/// The kinds and what their sheets are called.
const SHEETS: [(Kind, &str); 4] =
    [(Kind::Faq, "常见问答"), (Kind::Matter, "事项"), (Kind::Policy, "政策"), (Kind::Scenario, "一件事")];

/// The workbook.
pub(super) fn file(entries: &[Entry]) -> Result<Vec<u8>, ExportError> {
    let mut workbook = Workbook::new();
    for (kind, name) in SHEETS {
        let of_kind: Vec<&Entry> = entries.iter().filter(|entry| entry.kind() == kind).collect();
        // An empty workbook would not open, so an empty export has the sheet that is filled first.
        if of_kind.is_empty() && !(entries.is_empty() && kind == Kind::Faq) {
            continue;
        }
        let rows = of_kind.iter().map(|entry| members(entry)).collect::<Result<Vec<_>, _>>()?;
        let columns = columns(&rows);
        for (entry, row) in of_kind.iter().zip(&rows) {
            let long = |column: &&Column| {
                column.cell(row, Formulas::Typed).chars().map(char::len_utf16).sum::<usize>() > LONGEST
            };
            if let Some(column) = columns.iter().find(long) {
                return Err(ExportError::TooLong { id: entry.id.clone(), field: column.name.clone() });
            }
        }
        write_sheet(workbook.add_worksheet(), name, &columns, &rows).map_err(failed)?;
    }
    workbook.save_to_buffer().map_err(failed)
}

fn write_sheet(
    sheet: &mut Worksheet,
    name: &str,
    columns: &[Column],
    rows: &[Map<String, Value>],
) -> Result<(), XlsxError> {
    let heading = Format::new().set_bold();
    let wrapped = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    sheet.set_name(name)?;
    sheet.set_freeze_panes(1, 0)?;
    for (at, column) in (0..).zip(columns) {
        sheet.write_string_with_format(0, at, &column.name, &heading)?;
        sheet.set_column_width(at, width(&column.name))?;
    }
    for (line, row) in (1..).zip(rows) {
        for (at, column) in (0..).zip(columns) {
            let cell = column.cell(row, Formulas::Typed);
            if !cell.is_empty() {
                sheet.write_string_with_format(line, at, cell, &wrapped)?;
            }
        }
    }
    Ok(())
}

/// How wide a column is, in characters.
fn width(name: &str) -> f64 {
    match name {
        "answer" | "benefits" => 60.0,
        "title" | "similar" | "steps" | "conditions" | "materials" | "windows" | "nodes" | "outcomes" => 36.0,
        "id" | "department" | "keywords" | "source.title" => 24.0,
        _ => 14.0,
    }
}
