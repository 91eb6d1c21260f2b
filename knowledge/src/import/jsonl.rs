//! Entries as JSON, one object a line.

use std::sync::Arc;

use super::{Fault, Report, Row};
use crate::entry::{Entry, wire::Flat};

/// Reads a file, all or nothing. A byte order mark, CRLF and blank lines are tolerated; everything else that is not
/// a well-formed entry is reported, every row of it.
pub fn read(file_name: &str, bytes: &[u8]) -> Result<Vec<Row>, Report> {
    let file: Arc<str> = file_name.into();
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let mut rows = Vec::new();
    let mut faults = Vec::new();
    for (index, line) in bytes.split(|&byte| byte == b'\n').enumerate() {
        let at = Place { file: &file, line: index + 1 };
        match read_line(line, &at) {
            Ok(Some(entry)) => rows.push(Row { file: Arc::clone(&file), line: at.line, entry }),
            Ok(None) => {}
            Err(refused) => faults.extend(refused),
        }
    }
    match Report::of(faults) {
        Some(report) => Err(report),
        None => Ok(rows),
    }
}

/// Where a line stands.
struct Place<'a> {
    file: &'a Arc<str>,
    line: usize,
}

impl Place<'_> {
    fn fault(&self, column: usize, field: impl Into<String>, reason: impl Into<String>) -> Fault {
        Fault {
            file: Arc::clone(self.file),
            line: self.line,
            column,
            field: field.into(),
            reason: reason.into(),
        }
    }
}

fn read_line(line: &[u8], at: &Place<'_>) -> Result<Option<Entry>, Vec<Fault>> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let text = std::str::from_utf8(line).map_err(|error| {
        let column = characters_before(line, error.valid_up_to()) + 1;
        vec![at.fault(column, "", "is not UTF-8 from here on; save the file as UTF-8")]
    })?;
    if text.trim().is_empty() {
        return Ok(None);
    }
    let entry = parse(text, at).map_err(|fault| vec![fault])?;
    let faults: Vec<Fault> = entry
        .validate()
        .into_iter()
        .map(|fault| at.fault(column_of(text, &fault.field), fault.field, fault.reason))
        .collect();
    if faults.is_empty() { Ok(Some(entry)) } else { Err(faults) }
}

fn parse(text: &str, at: &Place<'_>) -> Result<Entry, Fault> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let flat: Flat = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let error = error.into_inner();
        let reason = reason_of(&error);
        // Of an unknown or repeated field the path names the object it stands in; its own name is in the message.
        let named = ["unknown field `", "duplicate field `"]
            .into_iter()
            .find_map(|start| reason.strip_prefix(start))
            .and_then(|rest| rest.split('`').next());
        let object = if path == "." || !error.is_data() { "" } else { &path };
        let field = match named {
            None => object.to_owned(),
            Some(name) if object.rsplit('.').next() == Some(name) => object.to_owned(),
            Some(name) if object.is_empty() => name.to_owned(),
            Some(name) => format!("{object}.{name}"),
        };
        let column = match field.as_str() {
            "" => characters_before(text.as_bytes(), error.column().saturating_sub(1)) + 1,
            field => column_of(text, field),
        };
        at.fault(column, field, reason)
    })?;
    deserializer.end().map_err(|error| {
        let column = characters_before(text.as_bytes(), error.column().saturating_sub(1)) + 1;
        at.fault(column, "", "has something behind the end of the object")
    })?;
    Entry::try_from(flat).map_err(|error| at.fault(column_of(text, error.field), error.field, error.reason))
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
