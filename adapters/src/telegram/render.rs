//! Markdown → the HTML that Telegram takes, in parts that fit, with the tags of each part balanced.
//!
//! Everything becomes runs of text with marks first. The text alone is cut, at the ends of sentences, and tags are printed
//! around what is in a part: so no tag is ever cut, and the measure is what Telegram counts, UTF-16 units after the
//! entities are parsed (Bot API, sendMessage and MessageEntity).

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::{Personal, split};

/// The longest text of a message, in UTF-16 units after the entities are parsed.
pub(super) const TEXT_UNITS: usize = 4_096;

/// How a run of text looks. The order is that of nesting, from the outside.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Mark {
    /// A quotation.
    Quote,
    /// A link to this address.
    Link(String),
    /// Bold.
    Bold,
    /// Italic.
    Italic,
    /// Struck through.
    Strike,
    /// Code in a line.
    Code,
    /// A block of code.
    Block,
}

impl Mark {
    fn open(&self, html: &mut String) {
        match self {
            Self::Link(address) => {
                html.push_str("<a href=\"");
                escape(address, html);
                html.push_str("\">");
            }
            other => {
                html.push('<');
                html.push_str(other.tag());
                html.push('>');
            }
        }
    }

    fn close(&self, html: &mut String) {
        html.push_str("</");
        html.push_str(self.tag());
        html.push('>');
    }

    fn tag(&self) -> &'static str {
        match self {
            Self::Quote => "blockquote",
            Self::Link(_) => "a",
            Self::Bold => "b",
            Self::Italic => "i",
            Self::Strike => "s",
            Self::Code => "code",
            Self::Block => "pre",
        }
    }
}

fn escape(text: &str, html: &mut String) {
    for letter in text.chars() {
        match letter {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            other => html.push(other),
        }
    }
}

/// One message's worth of text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Part {
    /// As Telegram's HTML.
    pub(super) html: String,
    /// The same without marks, for when the HTML is refused.
    pub(super) plain: String,
}

impl Part {
    /// Text without marks.
    pub(super) fn bare(text: &str) -> Self {
        let mut html = String::new();
        escape(text, &mut html);
        Self { html, plain: text.to_owned() }
    }
}

struct Run {
    text: String,
    marks: Vec<Mark>,
}

/// A text that is put together.
#[derive(Default)]
pub(super) struct Doc {
    runs: Vec<Run>,
    /// Line ends that are due before the next text; at the beginning and the end none are written.
    due: usize,
}

impl Doc {
    /// Adds text as it is.
    pub(super) fn text(&mut self, text: &str, marks: &[Mark]) {
        let body = text.trim_end_matches('\n');
        if !body.is_empty() {
            let marks = effective(marks);
            if let Some(last) = self.runs.last().filter(|_| self.due > 0) {
                let shared = last.marks.iter().zip(&marks).take_while(|(left, right)| left == right).count();
                let between = marks.iter().take(shared).cloned().collect();
                self.push(&"\n".repeat(self.due), between);
            }
            self.due = 0;
            self.push(body, marks);
        }
        self.due += text.len() - body.len();
    }

    fn push(&mut self, text: &str, marks: Vec<Mark>) {
        match self.runs.last_mut() {
            Some(last) if last.marks == marks => last.text.push_str(text),
            _ => self.runs.push(Run { text: text.to_owned(), marks }),
        }
    }

    /// Begins a new line.
    pub(super) fn line(&mut self) {
        self.due = self.due.max(1);
    }

    /// Begins a new paragraph.
    pub(super) fn paragraph(&mut self) {
        self.due = self.due.max(2);
    }

    /// Adds Markdown.
    pub(super) fn markdown(&mut self, source: &str) {
        let options = Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES;
        let mut walk = Walk { doc: self, marks: Vec::new(), lists: Vec::new(), fresh: false, cell: 0 };
        for event in Parser::new_ext(source, options) {
            walk.event(event);
        }
    }

    /// The text without marks.
    pub(super) fn plain(&self) -> String {
        self.runs.iter().map(|run| run.text.as_str()).collect()
    }

    /// Puts labels in places of the plain text, which come in their order. A place may begin in one run and end in another,
    /// as a number does whose half is bold; its label looks like its beginning.
    pub(super) fn hide(&mut self, places: &[Personal]) {
        let mut at = 0;
        for run in &mut self.runs {
            let (begin, end) = (at, at + run.text.len());
            at = end;
            let mut text = String::new();
            let mut from = begin;
            for place in places.iter().filter(|place| place.range.start < end && place.range.end > begin) {
                let kept = from.saturating_sub(begin)..place.range.start.max(begin) - begin;
                text.push_str(run.text.get(kept).unwrap_or_default());
                if place.range.start >= begin {
                    text.push_str(place.label);
                }
                from = place.range.end.min(end);
            }
            text.push_str(run.text.get(from - begin..).unwrap_or_default());
            run.text = text;
        }
        self.runs.retain(|run| !run.text.is_empty());
    }

    /// The text in parts of at most so many UTF-16 units.
    pub(super) fn parts(&self, limit: usize) -> Vec<Part> {
        let whole = self.plain();
        let mut at = 0;
        let mut parts = Vec::new();
        for plain in split::at_sentences(&whole, limit, |piece| piece.encode_utf16().count()) {
            // Between parts only white space is left out.
            let rest = whole.get(at..).unwrap_or("");
            let begin = at + rest.len() - rest.trim_start().len();
            let end = begin + plain.len();
            parts.push(Part { html: self.print(begin, end), plain });
            at = end;
        }
        parts
    }

    /// The HTML of what stands between two places, in bytes.
    fn print(&self, begin: usize, end: usize) -> String {
        let mut html = String::new();
        let mut open: Vec<&Mark> = Vec::new();
        let mut at = 0;
        for run in &self.runs {
            let (from, to) = (begin.max(at) - at, end.min(at + run.text.len()).saturating_sub(at));
            at += run.text.len();
            let Some(text) = run.text.get(from..to).filter(|text| !text.is_empty()) else { continue };
            let shared = open.iter().zip(&run.marks).take_while(|(left, right)| **left == *right).count();
            for mark in open.drain(shared..).rev() {
                mark.close(&mut html);
            }
            for mark in run.marks.iter().skip(shared) {
                mark.open(&mut html);
                open.push(mark);
            }
            escape(text, &mut html);
        }
        for mark in open.iter().rev() {
            mark.close(&mut html);
        }
        html
    }
}

/// The marks that Telegram lets stand together, in order: code holds nothing and stands in nothing but a quotation
/// (Bot API, formatting options).
fn effective(marks: &[Mark]) -> Vec<Mark> {
    let alone = [Mark::Block, Mark::Code].into_iter().find(|code| marks.contains(code));
    let mut kept: Vec<Mark> = match alone {
        Some(code) => marks.iter().filter(|mark| **mark == Mark::Quote).cloned().chain([code]).collect(),
        None => marks.to_vec(),
    };
    kept.sort();
    kept.dedup();
    // Links cannot stand in links.
    let mut seen = false;
    kept.retain(|mark| match mark {
        Mark::Link(address) => !address.is_empty() && !std::mem::replace(&mut seen, true),
        _ => true,
    });
    kept
}

/// Whether Telegram makes a link of such an address; of others it drops the link and keeps the text.
fn linkable(address: &str) -> bool {
    ["https://", "http://", "tg://"].iter().any(|scheme| address.starts_with(scheme))
        && !address.chars().any(|letter| letter.is_whitespace() || letter.is_control())
}

/// A walk through parsed Markdown.
struct Walk<'d> {
    doc: &'d mut Doc,
    marks: Vec<Mark>,
    /// The lists around: the next number, or none for points.
    lists: Vec<Option<u64>>,
    /// Whether an item of a list has begun and nothing stands in it yet.
    fresh: bool,
    /// The cells of the present row so far.
    cell: usize,
}

impl Walk<'_> {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Code(text) => {
                self.marks.push(Mark::Code);
                self.text(&text);
                self.marks.pop();
            }
            Event::Text(text)
            | Event::Html(text)
            | Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text) => self.text(&text),
            Event::FootnoteReference(name) => self.text(&format!("[{name}]")),
            Event::SoftBreak | Event::HardBreak => self.doc.due += 1,
            Event::Rule => {
                self.doc.paragraph();
                self.text("———");
                self.doc.paragraph();
            }
            Event::TaskListMarker(done) => self.text(if done { "☑ " } else { "☐ " }),
        }
    }

    fn text(&mut self, text: &str) {
        self.fresh = false;
        self.doc.text(text, &self.marks);
    }

    fn block(&mut self) {
        // What follows an item's point stands on its line.
        if !std::mem::take(&mut self.fresh) {
            if self.lists.is_empty() { self.doc.paragraph() } else { self.doc.line() }
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { .. } => {
                self.block();
                self.marks.push(Mark::Bold);
            }
            Tag::BlockQuote(_) => {
                self.block();
                self.marks.push(Mark::Quote);
            }
            Tag::CodeBlock(_) => {
                self.block();
                self.marks.push(Mark::Block);
            }
            Tag::List(first) => {
                if self.lists.is_empty() {
                    self.block();
                } else {
                    self.doc.line();
                }
                self.lists.push(first);
            }
            Tag::Item => self.item(),
            Tag::TableHead | Tag::TableRow => {
                self.doc.line();
                self.cell = 0;
            }
            Tag::TableCell => {
                if self.cell > 0 {
                    self.text(" | ");
                }
                self.cell += 1;
            }
            Tag::Emphasis => self.marks.push(Mark::Italic),
            Tag::Strong => self.marks.push(Mark::Bold),
            Tag::Strikethrough => self.marks.push(Mark::Strike),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                // A mark is pushed in any case, so that the end finds one to take away; without an address it is none.
                let address = if linkable(&dest_url) { dest_url.into_string() } else { String::new() };
                self.marks.push(Mark::Link(address));
            }
            _ => self.block(),
        }
    }

    fn item(&mut self) {
        self.doc.line();
        let indent = "  ".repeat(self.lists.len().saturating_sub(1));
        let point = match self.lists.last_mut() {
            Some(Some(number)) => {
                let point = format!("{indent}{number}. ");
                *number = number.saturating_add(1);
                point
            }
            _ => format!("{indent}• "),
        };
        self.doc.text(&point, &self.marks);
        self.fresh = true;
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) | TagEnd::BlockQuote(_) | TagEnd::CodeBlock => {
                self.marks.pop();
                self.doc.line();
            }
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image => {
                self.marks.pop();
            }
            TagEnd::List(_) => {
                self.lists.pop();
                self.fresh = false;
                if self.lists.is_empty() {
                    self.doc.paragraph();
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
