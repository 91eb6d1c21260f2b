//! Markdown files: fields in front matter, the answer beneath it. One entry a file.
//!
//! Front matter is YAML between `---` or TOML between `+++`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::cell::Cell;
use super::document::id_of_name;
use super::field::{Shape, Target};
use super::mapping::{Mapping, Meaning, table_of};
use super::place::Places;
use super::record::Record;
use super::table::unknown_column;
use super::{Fault, FileRead, Row, encoding};

/// One field of front matter.
struct Given {
    value: Value,
    /// Its line in the file and the character in it, counted from 1.
    line: usize,
    column: usize,
}

/// A file taken apart.
struct Parts<'a> {
    fields: BTreeMap<String, Given>,
    body: &'a str,
    /// The line on which the body begins.
    body_line: usize,
}

/// Reads a file.
pub(super) fn read(name: &str, bytes: &[u8], mapping: &Mapping) -> FileRead {
    let mut read = FileRead::new(name);
    let text = match encoding::decode(bytes) {
        Ok(text) => text.replace("\r\n", "\n"),
        Err(fault) => {
            read.faults.push(Fault::at(&read.name, fault.line, fault.column, "", fault.reason));
            return read;
        }
    };
    match take_apart(&text) {
        Ok(parts) => entry_of(&parts, mapping, &mut read),
        Err((line, column, reason)) => {
            let fault = Fault::at(&read.name, line, column, "", reason);
            read.faults.push(fault);
        }
    }
    read
}

fn entry_of(parts: &Parts<'_>, mapping: &Mapping, read: &mut FileRead) {
    let mut record = Record::default();
    let mut places: Vec<(Box<str>, usize, usize)> = Vec::new();
    for (name, given) in &parts.fields {
        match mapping.meaning(name) {
            Meaning::Ignored => {}
            Meaning::Unknown => {
                places.push((name.as_str().into(), given.line, given.column));
                record.refuse(name.as_str(), unknown_column(name));
            }
            Meaning::Target(target) => {
                places.push((target.field.name.into(), given.line, given.column));
                take(&mut record, target, given, mapping);
            }
        }
    }
    let body = body_of(parts.body);
    let body_line = parts.body_line + leading_lines(parts.body);
    let mut answer = body;
    if !record.has("title")
        && let Some((title, rest)) = heading(body)
    {
        places.push(("title".into(), body_line, 1));
        record.suppose("title", title);
        answer = rest;
    }
    if !answer.is_empty() {
        if record.has("answer") {
            record.refuse("answer", "stands in the front matter and beneath it");
        }
        places.push(("answer".into(), body_line, 1));
        record.suppose("answer", answer);
    }
    if mapping.id.from.is_none()
        && let Some(id) = id_of_name(&read.name)
    {
        record.suppose("id", id);
    }
    let places = Places::Text(places.into_boxed_slice());
    let file = Arc::clone(&read.name);
    match record.finish(mapping) {
        Ok(entry) => read.rows.push(Row { file, line: 1, entry, places }),
        Err(refused) => {
            read.refused.extend(refused.id);
            let faults = refused.wrong.into_iter();
            read.faults.extend(faults.map(|wrong| Fault::of(&file, 1, &places, &wrong.field, wrong.reason)));
        }
    }
}

fn take(record: &mut Record, target: Target, given: &Given, mapping: &Mapping) {
    let reads_as_text = matches!(target.shape(), Shape::Line | Shape::Prose);
    match &given.value {
        // YAML has read it as a number already, and what stood in front of it is gone.
        Value::Number(_) if reads_as_text && target.field.name == "id" => {
            record.refuse("id", "stands in quotes, so that zeros before it are kept");
        }
        // Prose is what is written here: nothing has to be marked for a spreadsheet.
        Value::String(text) if target.shape() == Shape::Prose => {
            target.put(record.members(), text.clone().into());
        }
        value => record.take(target, Cell::Value(value.clone()), mapping),
    }
}

/// The text of an answer without the blank lines around it.
pub(crate) fn body_of(body: &str) -> &str {
    body.trim_start_matches('\n').trim_end()
}

fn leading_lines(body: &str) -> usize {
    body.chars().take_while(|&c| c == '\n').count()
}

/// The heading a text begins with, and what follows.
pub(super) fn heading(text: &str) -> Option<(String, &str)> {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let title = first.strip_prefix("# ")?.trim().trim_end_matches('#').trim();
    (!title.is_empty()).then(|| (title.to_owned(), body_of(rest)))
}

/// Line, column and reason.
type Unreadable = (usize, usize, String);

fn take_apart(text: &str) -> Result<Parts<'_>, Unreadable> {
    let Some(fence @ ("---" | "+++")) = text.split('\n').next().map(str::trim_end) else {
        return Ok(Parts { fields: BTreeMap::new(), body: text, body_line: 1 });
    };
    let begin = text.find('\n').map_or(text.len(), |end| end + 1);
    let mut at = begin;
    for (index, line) in text.get(begin..).unwrap_or_default().split_inclusive('\n').enumerate() {
        if line.trim_end() == fence {
            let matter = text.get(begin..at).unwrap_or_default();
            let fields = if fence == "---" { yaml(matter)? } else { toml(matter)? };
            let body = text.get(at + line.len()..).unwrap_or_default();
            return Ok(Parts { fields, body, body_line: index + 3 });
        }
        at += line.len();
    }
    Err((1, 1, format!("the front matter that begins with {fence} has no end")))
}

fn yaml(matter: &str) -> Result<BTreeMap<String, Given>, Unreadable> {
    if matter.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(BTreeMap::new());
    }
    let position = |location: serde_saphyr::Location| {
        let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        // The fence is the first line of the file.
        (number(location.line()).saturating_add(1), number(location.column()).max(1))
    };
    let read: BTreeMap<String, serde_saphyr::Spanned<Value>> =
        serde_saphyr::from_str(matter).map_err(|error| {
            let (line, column) = error.location().map_or((1, 1), position);
            (line, column, format!("the front matter cannot be read: {}", first_line(&error.to_string())))
        })?;
    let given = |(name, spanned): (String, serde_saphyr::Spanned<Value>)| {
        let (line, column) = position(spanned.referenced);
        (name, Given { value: spanned.value, line, column })
    };
    Ok(read.into_iter().map(given).collect())
}

fn toml(matter: &str) -> Result<BTreeMap<String, Given>, Unreadable> {
    let position = |at: usize| {
        let before = matter.get(..at).unwrap_or_default();
        let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
        (before.matches('\n').count() + 2, column)
    };
    let read: BTreeMap<String, toml::Spanned<toml::Value>> = toml::from_str(matter).map_err(|error| {
        let (line, column) = error.span().map_or((1, 1), |span| position(span.start));
        (line, column, format!("the front matter cannot be read: {}", error.message()))
    })?;
    let mut fields = BTreeMap::new();
    for (name, spanned) in read {
        let (line, column) = position(spanned.span().start);
        let one = toml::Table::from_iter([(name.clone(), spanned.into_inner())]);
        if let Value::Object(members) = table_of(one)
            && let Some((name, value)) = members.into_iter().next()
        {
            fields.insert(name, Given { value, line, column });
        }
    }
    Ok(fields)
}

/// The message without its own place, which counts from the fence.
fn first_line(text: &str) -> &str {
    let line = text.lines().next().unwrap_or_default();
    match line.strip_prefix("error: line ").and_then(|rest| rest.split_once(": ")) {
        Some((_, reason)) => reason,
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str, text: &str) -> crate::Entry {
        let mut read = read(name, text.as_bytes(), &Mapping::default());
        assert!(read.faults.is_empty(), "{:?}", read.faults);
        read.rows.remove(0).entry
    }

    #[test]
    fn front_matter_of_both_kinds_makes_an_entry() {
        let yaml = "---\nkind: matter\nregion: 330100\nsimilar:\n  - 丢了怎么办\nkeywords: 身份证 | 补办\neffective_from: 2026-01-05\nsource:\n  title: 《居民身份证法》\nwindows:\n  - name: 一楼\n    lng: 120.5\n    lat: 30\n---\n\n# 补办身份证\n\n带户口簿。\r\n\r\n## 流程\n";
        let entry = one("事项/补办身份证.md", yaml);
        assert_eq!((entry.id.as_str(), entry.title.as_str()), ("补办身份证", "补办身份证"));
        assert_eq!(entry.answer, "带户口簿。\n\n## 流程");
        assert_eq!((entry.region.as_deref(), entry.keywords.len()), (Some("330100"), 2));
        let toml = "+++\nid = \"a\"\nkind = \"faq\"\ntitle = \"一\"\neffective_from = 2026-01-05\n[source]\ntitle = \"条例\"\n+++\n# 标题留在正文里\n";
        let entry = one("x.md", toml);
        assert_eq!((entry.id.as_str(), entry.answer.as_str()), ("a", "# 标题留在正文里"));
        assert_eq!(entry.effective_from.unwrap().to_string(), "2026-01-05");
    }

    #[test]
    fn faults_stand_where_the_field_stands() {
        let table = [
            ("---\nkind: faq\ntitel: x\n---\n# 一\n", "3:8 titel"),
            ("---\nkind: faq\nexpires_on: 2026-02-30\n---\n# 一\n", "3:13 expires_on"),
            ("---\nkind: faq\ntitle: 一\nanswer: x\n---\ny\n", "4:9 answer"),
            ("---\nkind: faq\nid: 007\ntitle: 一\n---\n", "3:5 id"),
            ("+++\nkind = \"faq\"\nstatus = \"有效\"\n+++\n# 一\n", "3:10 status"),
            ("# 一\n", "1:1 kind"),
            ("---\nkind: faq\n", "1:1 "),
            ("---\nkind: [faq\n---\n", "2:7 "),
        ];
        for (text, expected) in table {
            let read = read("a.md", text.as_bytes(), &Mapping::default());
            let found: Vec<String> = read
                .faults
                .iter()
                .map(|fault| format!("{}:{} {}", fault.line, fault.column, fault.field))
                .collect();
            assert_eq!(found, [expected], "{:?}", read.faults);
        }
    }
}
