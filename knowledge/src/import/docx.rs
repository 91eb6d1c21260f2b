//! Word documents as text: paragraphs, headings, lists and tables of `word/document.xml`.

use std::collections::HashMap;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::FileRead;
use super::archive::Archive;
use super::document::{Document, entry_of};
use super::mapping::Mapping;

/// Reads a document.
pub(super) fn read(name: &str, bytes: &[u8], mapping: &Mapping) -> FileRead {
    match document(bytes) {
        Ok(document) => entry_of(name, document, mapping),
        Err(reason) => FileRead::refused(name, format!("is not a Word document that can be read: {reason}")),
    }
}

fn document(bytes: &[u8]) -> Result<Document, String> {
    let mut archive = Archive::open(bytes)?;
    let members = archive.members()?;
    let mut part = |path: &str| match members.iter().find(|member| member.path == path) {
        Some(member) => {
            archive.unpack(member).map(|bytes| Some(String::from_utf8_lossy(&bytes).into_owned()))
        }
        None => Ok(None),
    };
    let styles = part("word/styles.xml")?.map(|xml| styles(&xml)).unwrap_or_default();
    let xml = part("word/document.xml")?.ok_or("it holds no word/document.xml")?;
    let mut writer = Writer { styles, ..Writer::default() };
    let mut reader = Reader::from_str(&xml);
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Eof => break,
            event => writer.take(&event),
        }
    }
    Ok(writer.document())
}

/// What a style makes of a paragraph.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Style {
    Title,
    Heading(usize),
}

/// The styles that mean something, by their ids. In Chinese Word the ids are numbers, but the names are English.
fn styles(xml: &str) -> HashMap<String, Style> {
    let mut styles = HashMap::new();
    let mut reader = Reader::from_str(xml);
    let mut id = String::new();
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Eof => break,
            Event::Start(tag) if tag.local_name().as_ref() == "style" => {
                id = attribute(&tag, "styleId").unwrap_or_default();
            }
            Event::Start(tag) | Event::Empty(tag) => {
                let value = attribute(&tag, "val").unwrap_or_default();
                let style = match tag.local_name().as_ref() {
                    "name" => style_of_name(&value),
                    "outlineLvl" => heading_of_level(&value),
                    _ => None,
                };
                if let Some(style) = style {
                    styles.entry(id.clone()).or_insert(style);
                }
            }
            _ => {}
        }
    }
    styles
}

fn style_of_name(name: &str) -> Option<Style> {
    let name = name.to_ascii_lowercase();
    if name == "title" {
        return Some(Style::Title);
    }
    let level = name.strip_prefix("heading ")?.parse().ok()?;
    Some(Style::Heading(level))
}

/// Word counts the levels of an outline from 0, and 9 is none.
fn heading_of_level(level: &str) -> Option<Style> {
    let level: usize = level.parse().ok()?;
    (level < 9).then_some(Style::Heading(level + 1))
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = tag.attributes().flatten().find(|attribute| attribute.key.local_name().as_ref() == name)?;
    found.normalized_value(XmlVersion::Implicit1_0).ok().map(std::borrow::Cow::into_owned)
}

/// A paragraph on its way.
#[derive(Default)]
struct Paragraph {
    text: String,
    style: Option<Style>,
    in_list: bool,
}

/// Rows of cells.
type Table = Vec<Vec<String>>;

#[derive(Default)]
struct Writer {
    styles: HashMap<String, Style>,
    title: Option<String>,
    /// The text so far: blocks, and whether each is an item of a list.
    blocks: Vec<(String, bool)>,
    /// Paragraphs in paragraphs are those of text boxes.
    paragraphs: Vec<Paragraph>,
    /// Tables in tables.
    tables: Vec<Table>,
    /// How deep inside of what is not shown: deleted words, and second versions for old programs.
    hidden: usize,
    /// Whether what comes is words.
    in_text: bool,
}

impl Writer {
    fn take(&mut self, event: &Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag, false),
            Event::Empty(tag) => self.start(tag, true),
            Event::End(tag) => self.end(tag.local_name().as_ref()),
            Event::Text(text) => self.write(&text.xml10_content()),
            Event::CData(text) => self.write(&text.xml10_content()),
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().ok().flatten().map(String::from);
                let named = || quick_xml::escape::resolve_xml_entity(reference).map(str::to_owned);
                if let Some(text) = character.or_else(named) {
                    self.write(&text);
                }
            }
            _ => {}
        }
    }

    fn write(&mut self, text: &str) {
        if self.in_text
            && self.hidden == 0
            && let Some(paragraph) = self.paragraphs.last_mut()
        {
            paragraph.text.push_str(text);
        }
    }

    fn start(&mut self, tag: &BytesStart<'_>, empty: bool) {
        let name = tag.local_name();
        let name = name.as_ref();
        if is_hidden(name) {
            self.hidden += usize::from(!empty);
        }
        if self.hidden > 0 {
            return;
        }
        match name {
            "p" if !empty => self.paragraphs.push(Paragraph::default()),
            "t" => self.in_text = !empty,
            "tbl" if !empty => self.tables.push(Table::new()),
            "tr" => {
                if let Some(table) = self.tables.last_mut() {
                    table.push(Vec::new());
                }
            }
            "tc" => self.row(|row| row.push(String::new())),
            "gridSpan" => {
                // The cells it covers stand there, empty, so that columns stay beneath one another.
                let more = attribute(tag, "val")
                    .and_then(|span| span.parse::<usize>().ok())
                    .unwrap_or(1)
                    .clamp(1, 64);
                self.row(|row| row.extend(std::iter::repeat_n(String::new(), more - 1)));
            }
            "tab" => self.insert(' '),
            "br" | "cr" => self.insert('\n'),
            "pStyle" => {
                let style = attribute(tag, "val").and_then(|id| self.styles.get(&id).copied());
                self.paragraph(|paragraph| paragraph.style = style);
            }
            "outlineLvl" => {
                let style = attribute(tag, "val").and_then(|level| heading_of_level(&level));
                self.paragraph(|paragraph| paragraph.style = paragraph.style.or(style));
            }
            "numPr" => self.paragraph(|paragraph| paragraph.in_list = true),
            _ => {}
        }
    }

    fn end(&mut self, name: &str) {
        if is_hidden(name) {
            self.hidden = self.hidden.saturating_sub(1);
            return;
        }
        if self.hidden > 0 {
            return;
        }
        match name {
            "t" => self.in_text = false,
            "p" => {
                if let Some(paragraph) = self.paragraphs.pop() {
                    self.put(&paragraph);
                }
            }
            "tbl" => {
                if let Some(table) = self.tables.pop() {
                    let text = if self.tables.is_empty() { markdown_table(&table) } else { one_line(&table) };
                    self.put_text(text, false);
                }
            }
            _ => {}
        }
    }

    fn row(&mut self, change: impl FnOnce(&mut Vec<String>)) {
        if let Some(row) = self.tables.last_mut().and_then(|table| table.last_mut()) {
            change(row);
        }
    }

    fn paragraph(&mut self, change: impl FnOnce(&mut Paragraph)) {
        if let Some(paragraph) = self.paragraphs.last_mut() {
            change(paragraph);
        }
    }

    fn insert(&mut self, character: char) {
        self.paragraph(|paragraph| paragraph.text.push(character));
    }

    fn put(&mut self, paragraph: &Paragraph) {
        let text = paragraph.text.trim();
        if text.is_empty() {
            return;
        }
        if self.tables.is_empty() {
            let first =
                self.title.is_none() && matches!(paragraph.style, Some(Style::Title | Style::Heading(1)));
            if first && self.blocks.is_empty() {
                self.title = Some(text.to_owned());
                return;
            }
            match paragraph.style {
                Some(style) => {
                    let level = if let Style::Heading(level) = style { level.clamp(1, 6) } else { 1 };
                    self.put_text(format!("{} {}", "#".repeat(level), text.replace('\n', " ")), false);
                }
                None if paragraph.in_list => self.put_text(format!("- {text}"), true),
                None => self.put_text(text.to_owned(), false),
            }
        } else {
            self.put_text(text.to_owned(), false);
        }
    }

    /// Text goes into the innermost cell, or else into the document.
    fn put_text(&mut self, text: String, in_list: bool) {
        match self.tables.last_mut().and_then(|table| table.last_mut()).and_then(|row| row.last_mut()) {
            Some(cell) => {
                if !cell.is_empty() {
                    cell.push(' ');
                }
                cell.push_str(&text);
            }
            None => self.blocks.push((text, in_list)),
        }
    }

    fn document(self) -> Document {
        let mut text = String::new();
        let mut before_in_list = false;
        for (block, in_list) in self.blocks {
            if !text.is_empty() {
                text.push_str(if before_in_list && in_list { "\n" } else { "\n\n" });
            }
            text.push_str(&block);
            before_in_list = in_list;
        }
        Document { title: self.title, text, ..Document::default() }
    }
}

/// Words that were struck out, and what is only there for programs that do not know the newer form.
fn is_hidden(name: &str) -> bool {
    matches!(name, "del" | "moveFrom" | "Fallback")
}

fn cell_text(cell: &str) -> String {
    cell.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

/// A table of one column is a frame around text, and is written as that.
fn markdown_table(table: &Table) -> String {
    let columns = table.iter().map(Vec::len).max().unwrap_or(0);
    if columns < 2 {
        return table
            .iter()
            .flatten()
            .filter(|cell| !cell.is_empty())
            .cloned()
            .collect::<Vec<_>>()
            .join("\n\n");
    }
    let mut text = String::new();
    for (at, row) in table.iter().enumerate() {
        let cells =
            (0..columns).map(|column| row.get(column).map(|cell| cell_text(cell)).unwrap_or_default());
        text.push_str(&format!("| {} |\n", cells.collect::<Vec<_>>().join(" | ")));
        if at == 0 {
            text.push_str(&format!("|{}\n", " --- |".repeat(columns)));
        }
    }
    text.truncate(text.trim_end().len());
    text
}

/// A table in a cell has no room for lines of its own.
fn one_line(table: &Table) -> String {
    let rows = table.iter().map(|row| row.iter().map(|cell| cell.trim()).collect::<Vec<_>>().join(" "));
    rows.collect::<Vec<_>>().join("; ")
}
