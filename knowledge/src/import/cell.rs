//! What stands in one cell, and how it becomes a value of its field.
//!
//! Offices write lists in lines, dates as their spreadsheet shows them and ids as numbers; all of that is understood.
//! What cannot be meant is refused with a reason. The way back is in `export/cells.rs`, which uses the readers here to
//! make sure that what it writes is read as the same.

use jiff::civil::Date;
use serde_json::{Map, Value};

use super::field::{Field, Shape};

/// What stands in a cell, before it is known what it means.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    /// Nothing, or nothing but blanks.
    Empty,
    /// Text.
    Text(String),
    /// A number as spreadsheets keep them.
    Number(f64),
    /// True or false.
    Flag(bool),
    /// A day that the spreadsheet knows to be one. `None`: a moment, or a day outside the calendar.
    Day(Option<Date>),
    /// An error that the spreadsheet shows, such as `#REF!`.
    Broken(String),
    /// A value of JSON or front matter.
    Value(Value),
}

/// How cells are read beyond what holds for all files.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Habits {
    /// Forms of dates, as of `strptime`.
    pub(crate) dates: Vec<String>,
    /// Characters that part the items of a list, besides line breaks and `|`.
    pub(crate) separators: Vec<char>,
}

/// Forms of dates that spreadsheets put in place of `2026-01-05` when a file is saved.
const SPREADSHEET_DATES: [&str; 3] = ["%Y-%m-%d", "%Y/%m/%d", "%Y年%m月%d日"];

impl Cell {
    /// A cell of text, empty if there is nothing to see in it.
    pub(crate) fn text(text: &str) -> Cell {
        if text.trim().is_empty() { Cell::Empty } else { Cell::Text(text.to_owned()) }
    }

    /// Whether nothing stands there.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Cell::Empty | Cell::Value(Value::Null) => true,
            Cell::Text(text) | Cell::Value(Value::String(text)) => text.trim().is_empty(),
            _ => false,
        }
    }

    /// What is to be read there, as a heading or as the key of a translation.
    pub(crate) fn shown(&self) -> String {
        match self {
            Cell::Empty => String::new(),
            Cell::Text(text) | Cell::Broken(text) => text.clone(),
            Cell::Number(number) => number_text(*number),
            Cell::Flag(flag) => flag.to_string(),
            Cell::Day(day) => day.map(|day| day.to_string()).unwrap_or_default(),
            Cell::Value(Value::String(text)) => text.clone(),
            Cell::Value(value) => value.to_string(),
        }
    }

    /// The value of a field of that shape; nothing for an empty cell.
    pub(crate) fn read(self, shape: Shape, habits: &Habits) -> Result<Option<Value>, String> {
        if self.is_empty() {
            return Ok(None);
        }
        if let Cell::Broken(error) = &self {
            return Err(format!("the cell shows the error {error}"));
        }
        let value = match (shape, self) {
            // What is a list or an object already is judged by the entry itself.
            (_, Cell::Value(value @ (Value::Array(_) | Value::Object(_)))) => value,
            (Shape::Date, Cell::Day(Some(day))) => day.to_string().into(),
            (_, Cell::Day(None)) => {
                return Err("is a moment, or no day of the calendar; a day is needed".to_owned());
            }
            (Shape::Date, cell) => read_date(cell.shown().trim(), habits)?.to_string().into(),
            (Shape::Whole, cell) => read_whole(cell.shown().trim())?.into(),
            (Shape::Decimal, cell) => read_decimal(cell.shown().trim())?,
            (Shape::Word(words), cell) => read_word(cell.shown().trim(), words)?.into(),
            (Shape::Line, cell) => read_prose(cell.shown().trim()).into(),
            (Shape::Prose, Cell::Text(text)) => read_prose(&text).into(),
            (Shape::Prose, cell) => cell.shown().into(),
            (Shape::Texts | Shape::Conditions, cell) => read_texts(&cell.shown(), habits)?,
            (Shape::Json, cell) => read_json(&cell.shown())?,
            (Shape::Thing(parts), cell) => read_thing(&cell.shown(), parts)?,
            (Shape::Things { by_name, .. }, cell) => read_things(&cell.shown(), by_name, habits)?,
        };
        Ok(Some(value))
    }
}

/// Spreadsheets keep ids, codes and telephone numbers as floating numbers: 330100.0 is 330100.
fn number_text(number: f64) -> String {
    // Rust never prints an exponent here, and prints whole numbers without a point.
    format!("{number}")
}

fn read_date(text: &str, habits: &Habits) -> Result<Date, String> {
    let forms = SPREADSHEET_DATES.into_iter().chain(habits.dates.iter().map(String::as_str));
    for form in forms {
        // A year of two digits would be one of antiquity.
        if let Ok(date) = Date::strptime(form, text)
            && date.year() >= 1000
        {
            return Ok(date);
        }
    }
    Err(format!(
        "`{text}` is not a date of the form YYYY-MM-DD; a mapping file can name other forms (`date_formats`)"
    ))
}

fn read_whole(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("`{text}` is not a whole number"))
}

fn read_decimal(text: &str) -> Result<Value, String> {
    let number: Option<f64> = text.parse().ok();
    number
        .and_then(serde_json::Number::from_f64)
        .map(Value::Number)
        .ok_or_else(|| format!("`{text}` is not a number"))
}

fn read_word(text: &str, words: &[&str]) -> Result<String, String> {
    if words.contains(&text) {
        return Ok(text.to_owned());
    }
    Err(format!("`{text}` is none of {}; a mapping file can translate it (`[values]`)", words.join(", ")))
}

/// Prose is what is written, but for two marks that the export sets: an apostrophe before what a spreadsheet would
/// take for a formula, and JSON for what would not survive in a cell.
pub(crate) fn read_prose(text: &str) -> String {
    if let Some(rest) = text.strip_prefix('\'')
        && looks_like_formula(rest.trim_start_matches('\''))
    {
        return rest.to_owned();
    }
    if text.starts_with('"')
        && let Ok(inner) = serde_json::from_str::<String>(text)
        && !survives(&inner)
    {
        return inner;
    }
    text.to_owned()
}

/// Whether a spreadsheet would calculate the text instead of showing it.
pub(crate) fn looks_like_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@'])
}

/// Whether a text comes back from a cell of any table as it went in.
pub(crate) fn survives(text: &str) -> bool {
    let quoted = text.len() > 1 && text.starts_with('"') && text.ends_with('"');
    let odd = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{fffe}' | '\u{ffff}');
    !text.is_empty() && text.trim() == text && !quoted && !text.contains("_x") && !text.contains(odd)
}

/// One item a line, or parted by `|`; or a JSON array.
pub(crate) fn read_texts(text: &str, habits: &Habits) -> Result<Value, String> {
    let trimmed = text.trim();
    if trimmed.starts_with('[') {
        match serde_json::from_str::<Value>(trimmed) {
            Ok(list) => return Ok(list),
            // `[1] …` is how a text may begin; `["` and `[{` are not.
            Err(error) if begins_json(trimmed) => return Err(broken_json(&error)),
            Err(_) => {}
        }
    }
    let parts = |c: char| matches!(c, '\n' | '\r' | '|' | '｜') || habits.separators.contains(&c);
    let items = text.split(parts).map(str::trim).filter(|item| !item.is_empty());
    Ok(Value::Array(items.map(|item| read_prose(item).into()).collect()))
}

fn read_things(text: &str, by_name: bool, habits: &Habits) -> Result<Value, String> {
    let trimmed = text.trim();
    if trimmed.starts_with('{') {
        return serde_json::from_str::<Map<String, Value>>(trimmed)
            .map(|thing| Value::Array(vec![Value::Object(thing)]))
            .map_err(|error| broken_json(&error));
    }
    if begins_json(trimmed) || trimmed == "[]" {
        return read_json(trimmed);
    }
    if !by_name {
        return Err("is written as JSON: [{\"name\": …, \"url\": …}]".to_owned());
    }
    let Value::Array(names) = read_texts(text, habits)? else { return read_json(trimmed) };
    let named = names.into_iter().map(|name| Value::Object(Map::from_iter([("name".to_owned(), name)])));
    Ok(Value::Array(named.collect()))
}

fn read_thing(text: &str, parts: &[Field]) -> Result<Value, String> {
    let trimmed = text.trim();
    if trimmed.starts_with('{') {
        return read_json(trimmed);
    }
    // A text alone is the part that names the thing.
    let name = parts.first().map_or("name", |part| part.name);
    Ok(Value::Object(Map::from_iter([(name.to_owned(), read_prose(trimmed).into())])))
}

fn read_json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text.trim()).map_err(|error| broken_json(&error))
}

fn begins_json(text: &str) -> bool {
    text.strip_prefix('[').is_some_and(|rest| rest.trim_start().starts_with(['"', '{']))
}

fn broken_json(error: &serde_json::Error) -> String {
    format!("is not well-formed JSON: {error}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(cell: Cell, shape: Shape) -> Result<Option<Value>, String> {
        let habits = Habits { dates: vec!["%Y.%m.%d".to_owned()], separators: vec!['；'] };
        cell.read(shape, &habits)
    }

    #[test]
    fn what_offices_write_becomes_what_is_meant() {
        let text = |text: &str| Cell::text(text);
        let by_name = Shape::Things { parts: &[], by_name: true };
        let day = jiff::civil::date(2026, 1, 5);
        let table = [
            (Cell::Number(1.0), Shape::Line, json!("1")),
            (Cell::Number(13_800_138_000.0), Shape::Prose, json!("13800138000")),
            (Cell::Number(25.5), Shape::Prose, json!("25.5")),
            (Cell::Flag(true), Shape::Prose, json!("true")),
            (text(" 330100 "), Shape::Line, json!("330100")),
            (text("a\n b "), Shape::Prose, json!("a\n b ")),
            (Cell::Day(Some(day)), Shape::Date, json!("2026-01-05")),
            (text("2026-01-05"), Shape::Date, json!("2026-01-05")),
            (text("2026/1/5"), Shape::Date, json!("2026-01-05")),
            (text("2026年1月5日"), Shape::Date, json!("2026-01-05")),
            (text("2026.01.05"), Shape::Date, json!("2026-01-05")),
            (Cell::Number(20.0), Shape::Whole, json!(20)),
            (text("120.15"), Shape::Decimal, json!(120.15)),
            (text("faq"), Shape::Word(&["faq"]), json!("faq")),
            (text("怎么办\r\n\n 如何办 "), Shape::Texts, json!(["怎么办", "如何办"])),
            (
                text("怎么办|如何办｜咋办；行不行"),
                Shape::Texts,
                json!(["怎么办", "如何办", "咋办", "行不行"]),
            ),
            (text("[\"a|b\", \"c\"]"), Shape::Texts, json!(["a|b", "c"])),
            (text("[1] 见附件"), Shape::Texts, json!(["[1] 见附件"])),
            (text("身份证\n户口簿"), by_name, json!([{ "name": "身份证" }, { "name": "户口簿" }])),
            (text("{\"name\":\"身份证\"}"), by_name, json!([{ "name": "身份证" }])),
            (
                text("条例"),
                Shape::Thing(&[Field { name: "title", shape: Shape::Prose }]),
                json!({ "title": "条例" }),
            ),
            (text("'-5"), Shape::Prose, json!("-5")),
            (text("'引号"), Shape::Prose, json!("'引号")),
            (text("\"你好\""), Shape::Prose, json!("\"你好\"")),
            (text("\"你好 \""), Shape::Prose, json!("你好 ")),
        ];
        for (cell, shape, expected) in table {
            let shown = format!("{cell:?} as {shape:?}");
            assert_eq!(read(cell, shape), Ok(Some(expected)), "{shown}");
        }
        assert_eq!(read(Cell::text(" \u{3000}\n"), Shape::Prose), Ok(None));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let table = [
            (Cell::text("2026-02-30"), Shape::Date),
            (Cell::text("26/1/5"), Shape::Date),
            (Cell::Number(46_027.0), Shape::Date),
            (Cell::Day(None), Shape::Date),
            (Cell::text("20个工作日"), Shape::Whole),
            (Cell::Number(1.5), Shape::Whole),
            (Cell::Number(f64::NAN), Shape::Decimal),
            (Cell::text("有效"), Shape::Word(&["published"])),
            (Cell::text("[\"a\", \"b"), Shape::Texts),
            (Cell::text("{\"name\":"), Shape::Things { parts: &[], by_name: true }),
            (Cell::text("附件一"), Shape::Things { parts: &[], by_name: false }),
            (Cell::Broken("#REF!".to_owned()), Shape::Prose),
        ];
        for (cell, shape) in table {
            let shown = format!("{cell:?} as {shape:?}");
            assert!(read(cell, shape).is_err(), "{shown}");
        }
    }
}
