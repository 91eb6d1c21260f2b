//! Entries as JSON, one object a line.

use std::sync::Arc;

use super::cell::Cell;
use super::mapping::{Mapping, Meaning};
use super::place::Places;
use super::record::{Record, Wrong, wrong_of};
use super::{Fault, FileRead, Report, Row};
use crate::entry::{Entry, EntryId, wire::Flat};

/// Reads a file, all or nothing. A byte order mark, CRLF and blank lines are tolerated; everything else that is not
/// a well-formed entry is reported, every row of it.
pub fn read(file_name: &str, bytes: &[u8]) -> Result<Vec<Row>, Report> {
    read_file(file_name, bytes, None, &mut |_| {}).whole()
}

/// The same, with names that a mapping explains. `progress` is told how many bytes have been read.
pub(super) fn read_file(
    file_name: &str,
    bytes: &[u8],
    mapping: Option<&Mapping>,
    progress: &mut dyn FnMut(usize),
) -> FileRead {
    let mut read = FileRead::new(file_name);
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let mut done = bytes.len() - text.len();
    for (index, line) in text.split(|&byte| byte == b'\n').enumerate() {
        let at = Place { file: &Arc::clone(&read.name), line: index + 1 };
        read_line(line, &at, mapping, &mut read);
        done += line.len() + 1;
        if index % 256 == 0 {
            progress(done.min(bytes.len()));
        }
    }
    read
}

/// Where a line stands.
struct Place<'a> {
    file: &'a Arc<str>,
    line: usize,
}

impl Place<'_> {
    fn fault(&self, column: usize, field: impl Into<String>, reason: impl Into<String>) -> Fault {
        Fault::at(self.file, self.line, column, field, reason)
    }
}

fn read_line(line: &[u8], at: &Place<'_>, mapping: Option<&Mapping>, read: &mut FileRead) {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let text = match std::str::from_utf8(line) {
        Ok(text) => text,
        Err(error) => {
            let column = characters_before(line, error.valid_up_to()) + 1;
            read.faults.push(at.fault(column, "", "is not UTF-8 from here on; save the file as UTF-8"));
            return;
        }
    };
    if text.trim().is_empty() {
        return;
    }
    let parsed = match mapping {
        None => parse(text, at),
        Some(mapping) => parse_mapped(text, at, mapping),
    };
    match parsed {
        Ok(entry) => {
            let places = places(text, at.line, &entry);
            read.rows.push(Row { file: Arc::clone(at.file), line: at.line, entry, places });
        }
        Err((id, faults)) => {
            read.refused.extend(id);
            read.faults.extend(faults);
        }
    }
}

/// Where the fields are that are judged once all rows are there.
fn places(text: &str, line: usize, entry: &Entry) -> Places {
    let judged = [
        ("id", true),
        ("region", entry.region.is_some()),
        ("superseded_by", entry.superseded_by.is_some()),
        ("outcomes", entry.kind() == crate::Kind::Scenario),
    ];
    let found = judged.into_iter().filter(|(_, there)| *there);
    Places::Text(found.map(|(name, _)| (name.into(), line, column_of(text, name))).collect())
}

/// An entry, or the id of what is refused and why.
type Parsed = Result<Entry, (Option<EntryId>, Vec<Fault>)>;

fn parse(text: &str, at: &Place<'_>) -> Parsed {
    let faulty = |fault: Fault| (id_of(text), vec![fault]);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let flat: Flat = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let error = error.into_inner();
        let Wrong { field, reason } = wrong_of(if error.is_data() { &path } else { "." }, &reason_of(&error));
        let column = match field.as_str() {
            "" => characters_before(text.as_bytes(), error.column().saturating_sub(1)) + 1,
            field => column_of(text, field),
        };
        faulty(at.fault(column, field, reason))
    })?;
    deserializer.end().map_err(|error| {
        let column = characters_before(text.as_bytes(), error.column().saturating_sub(1)) + 1;
        faulty(at.fault(column, "", "has something behind the end of the object"))
    })?;
    let entry = Entry::try_from(flat)
        .map_err(|error| faulty(at.fault(column_of(text, error.field), error.field, error.reason)))?;
    let faults: Vec<Fault> = entry
        .validate()
        .into_iter()
        .map(|fault| at.fault(column_of(text, &fault.field), fault.field, fault.reason))
        .collect();
    if faults.is_empty() { Ok(entry) } else { Err((Some(entry.id), faults)) }
}

/// An object with foreign names.
fn parse_mapped(text: &str, at: &Place<'_>, mapping: &Mapping) -> Parsed {
    let members: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(text).map_err(|error| {
            let column = characters_before(text.as_bytes(), error.column().saturating_sub(1)) + 1;
            (None, vec![at.fault(column, "", reason_of(&error))])
        })?;
    let mut record = Record::default();
    let mut names: Vec<(String, String)> = Vec::new();
    for (name, value) in members {
        match mapping.meaning(&name) {
            Meaning::Ignored => {}
            Meaning::Unknown => record.refuse(name.clone(), super::table::unknown_column(&name)),
            Meaning::Target(target) => {
                record.take(target, Cell::Value(value), mapping);
                names.push((target.to_string(), name));
            }
        }
    }
    record.finish(mapping).map_err(|refused| {
        // The line has the office's names, the fault ours.
        let column = |field: &str| {
            let own =
                names.iter().find(|(ours, _)| field.starts_with(ours.as_str())).map_or(field, |(_, own)| own);
            column_of(text, own)
        };
        let faults =
            refused.wrong.into_iter().map(|wrong| at.fault(column(&wrong.field), wrong.field, wrong.reason));
        (refused.id, faults.collect())
    })
}

/// The id of a row that is refused, if it has one.
fn id_of(text: &str) -> Option<EntryId> {
    #[derive(serde::Deserialize)]
    struct OnlyId {
        id: EntryId,
    }
    serde_json::from_str::<OnlyId>(text).ok().map(|only| only.id)
}

/// The message without serde's own position, which counts bytes of one line.
fn reason_of(error: &serde_json::Error) -> String {
    let message = error.to_string();
    match message.rsplit_once(" at line ") {
        Some((reason, _)) => reason.to_owned(),
        None => message,
    }
}

/// Where a field's name stands in the line: its last part if that is there, else its first.
fn column_of(text: &str, field: &str) -> usize {
    let names = || field.split(['.', '[']).filter(|name| !name.is_empty() && !name.ends_with(']'));
    let find = |name: &str| text.find(&format!("\"{name}\""));
    // Of a nested field the outermost name bounds where to look for the innermost.
    let outer = names().next().and_then(find).unwrap_or(0);
    let inner = names().next_back().and_then(|name| {
        let rest = text.get(outer..)?;
        rest.find(&format!("\"{name}\"")).map(|within| outer + within)
    });
    characters_before(text.as_bytes(), inner.unwrap_or(outer)) + 1
}

/// How many characters begin before that byte.
fn characters_before(bytes: &[u8], end: usize) -> usize {
    // Continuation bytes have the bits 10 in front.
    bytes.iter().take(end).filter(|&&byte| byte & 0b1100_0000 != 0b1000_0000).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The faults of a file as `line:column field`.
    fn check(text: &[u8], expected: &[&str]) {
        let faults = match read("f", text) {
            Ok(_) => Vec::new(),
            Err(report) => report.faults,
        };
        let short: Vec<String> =
            faults.iter().map(|fault| format!("{}:{} {}", fault.line, fault.column, fault.field)).collect();
        assert_eq!(short, expected, "{faults:?}");
    }

    #[test]
    fn what_spreadsheets_and_editors_leave_behind_is_tolerated() {
        let text = "\u{feff}{\"id\":\"a\",\"kind\":\"faq\",\"title\":\"一\"}\r\n\r\n  \n{\"id\":\"b\",\"kind\":\"faq\",\"title\":\"二\"}";
        let rows = read("f", text.as_bytes()).unwrap();
        assert_eq!(rows.iter().map(|row| row.line).collect::<Vec<_>>(), [1, 4]);
    }

    #[test]
    fn every_refused_row_is_reported_not_just_the_first() {
        let text = r#"{"id":"a","kind":"faq","title":"一","titel":"x"}
{"id":"b","kind":"faq","title":"二"}
{"id":"c","kind":"faq","title":"三","materials":[]}
{"id":"d","kind":"faq","title":"四","effective_from":"2026-02-30"}
{"id":"e","kind":"matter","title":"五","windows":[{"name":"n","lng":190.0,"lat":30.0}],"online_url":"ftp://x"}
{"id":"f","kind":"faq","title":"六","source":{"title":"t","urll":"x"}}
{"id":"g"
{"id":"h","kind":"faq","title":"七"} x"#;
        check(
            text.as_bytes(),
            &[
                "1:36 titel",
                "3:36 materials",
                "4:36 effective_from",
                "5:62 windows[0].lng",
                "5:87 online_url",
                "6:58 source.urll",
                "7:9 ",
                "8:37 ",
            ],
        );
    }

    #[test]
    fn bytes_that_are_not_text_are_named_with_their_line() {
        check(b"{\"id\":\"a\",\"kind\":\"faq\",\"title\":\"x\"}\n\xE4\xB8\xADab\xFF", &["2:4 "]);
    }

    #[test]
    fn a_field_that_comes_twice_is_refused() {
        check(br#"{"id":"a","kind":"faq","title":"x","title":"y"}"#, &["1:24 title"]);
    }
}
