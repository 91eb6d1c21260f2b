//! Markdown as DingTalk renders it: headings, bold, italics, links, pictures, quotes and lists. Tables and code become
//! lines, HTML loses its tags. Facts: 钉钉开放平台 "robot-message-type".

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// A line break within a block.
pub const BREAK: &str = "  \n  ";

/// How the cells of a table are put into a line.
pub struct Cells<'a> {
    /// A value under its heading.
    pub pair: &'a dyn Fn(&str, &str) -> String,
    /// What stands between two cells.
    pub between: &'a str,
}

/// Cuts Markdown to what is rendered, block by block; blocks are joined by an empty line.
pub fn blocks(markdown: &str, cells: &Cells<'_>) -> Vec<String> {
    let mut printer = Printer {
        cells,
        blocks: Vec::new(),
        line: String::new(),
        lists: Vec::new(),
        quotes: 0,
        code: false,
        links: Vec::new(),
        table: None,
    };
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        printer.print(event);
    }
    printer.flush();
    printer.blocks
}

/// The words alone, for titles.
pub fn plain(markdown: &str) -> String {
    let mut words = String::new();
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        match event {
            Event::Text(text) | Event::Code(text) => words.push_str(&text),
            Event::SoftBreak
            | Event::HardBreak
            | Event::End(TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::Item) => {
                words.push(' ');
            }
            _ => {}
        }
    }
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

struct Printer<'a> {
    cells: &'a Cells<'a>,
    blocks: Vec<String>,
    /// The block being written.
    line: String,
    /// The lists around the present place; the number of the next item where they are numbered.
    lists: Vec<Option<u64>>,
    quotes: usize,
    code: bool,
    /// The addresses of the links around the present place; `None` where the address is left out.
    links: Vec<Option<String>>,
    table: Option<Table>,
}

#[derive(Default)]
struct Table {
    heads: Vec<String>,
    row: Vec<String>,
    cell: String,
}

impl Printer<'_> {
    fn print(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) if self.code => {
                let text = text.trim_end_matches('\n').replace('\n', BREAK);
                self.push(&text);
            }
            Event::Text(text) | Event::Code(text) => self.push(&text),
            Event::SoftBreak | Event::HardBreak => self.push(BREAK),
            Event::InlineHtml(html) if html.starts_with("<br") => self.push(BREAK),
            Event::InlineHtml(html) | Event::Html(html) => {
                let words = without_tags(&html);
                self.push(words.trim());
            }
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph if self.lists.is_empty() => self.flush(),
            // A further paragraph of the same item.
            Tag::Paragraph if !self.line.ends_with(' ') && !self.line.is_empty() => self.push(BREAK),
            Tag::Heading { level, .. } => {
                self.flush();
                let marks = match level {
                    HeadingLevel::H1 => 1,
                    HeadingLevel::H2 => 2,
                    HeadingLevel::H3 => 3,
                    HeadingLevel::H4 => 4,
                    HeadingLevel::H5 => 5,
                    HeadingLevel::H6 => 6,
                };
                self.push(&"#".repeat(marks));
                self.push(" ");
            }
            Tag::BlockQuote(_) => {
                self.flush();
                self.quotes += 1;
            }
            Tag::CodeBlock(_) => {
                if self.lists.is_empty() {
                    self.flush();
                } else {
                    self.push(BREAK);
                }
                self.code = true;
            }
            Tag::List(first) => {
                if self.lists.is_empty() {
                    self.flush();
                }
                self.lists.push(first);
            }
            Tag::Item => {
                if !self.line.is_empty() {
                    self.push("\n");
                }
                let depth = self.lists.len().saturating_sub(1);
                self.push(&"  ".repeat(depth));
                let mark = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}. ", *number - 1)
                    }
                    _ => "- ".to_owned(),
                };
                self.push(&mark);
            }
            Tag::Emphasis => self.push("*"),
            Tag::Strong => self.push("**"),
            Tag::Link { dest_url, .. } => self.open_link("[", &dest_url),
            Tag::Image { dest_url, .. } => self.open_link("![", &dest_url),
            Tag::Table(_) => {
                self.flush();
                self.table = Some(Table::default());
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph if self.lists.is_empty() => self.flush(),
            TagEnd::Heading(_) => self.flush(),
            TagEnd::BlockQuote(_) => {
                self.flush();
                self.quotes = self.quotes.saturating_sub(1);
            }
            TagEnd::CodeBlock => {
                self.code = false;
                if self.lists.is_empty() {
                    self.flush();
                }
            }
            TagEnd::List(_) => {
                self.lists.pop();
                if self.lists.is_empty() {
                    self.flush();
                }
            }
            TagEnd::Emphasis => self.push("*"),
            TagEnd::Strong => self.push("**"),
            TagEnd::Link | TagEnd::Image => {
                if let Some(Some(url)) = self.links.pop() {
                    self.push(&format!("]({url})"));
                }
            }
            TagEnd::TableCell => {
                if let Some(table) = &mut self.table {
                    let cell = std::mem::take(&mut table.cell);
                    table.row.push(cell.trim().replace(BREAK, " "));
                }
            }
            TagEnd::TableHead => {
                if let Some(table) = &mut self.table {
                    table.heads = std::mem::take(&mut table.row);
                }
            }
            TagEnd::TableRow => self.end_row(),
            TagEnd::Table => {
                // A table of headings alone still says something.
                if let Some(table) = self.table.take()
                    && self.line.is_empty()
                {
                    self.line = table.heads.join(self.cells.between);
                }
                self.flush();
            }
            _ => {}
        }
    }

    fn end_row(&mut self) {
        let Some(table) = &mut self.table else { return };
        let row = std::mem::take(&mut table.row);
        let filled: Vec<String> = row
            .iter()
            .enumerate()
            .filter(|(_, value)| !value.is_empty())
            .map(|(place, value)| match table.heads.get(place).filter(|head| !head.is_empty()) {
                Some(head) => (self.cells.pair)(head, value),
                None => value.clone(),
            })
            .collect();
        if !self.line.is_empty() {
            self.line.push_str(BREAK);
        }
        self.line.push_str(&filled.join(self.cells.between));
    }

    /// Only addresses that a phone can open are kept; what stood on the link always is.
    fn open_link(&mut self, mark: &str, url: &str) {
        let kept =
            ["http://", "https://", "mailto:", "dingtalk://"].iter().any(|scheme| url.starts_with(scheme))
                && !url.contains([')', ' ', '\n']);
        self.links.push(kept.then(|| url.to_owned()));
        if kept {
            self.push(mark);
        }
    }

    fn push(&mut self, text: &str) {
        match &mut self.table {
            Some(table) => table.cell.push_str(text),
            None => self.line.push_str(text),
        }
    }

    fn flush(&mut self) {
        let line = std::mem::take(&mut self.line);
        let line = line.trim_matches(['\n', ' ']);
        if line.is_empty() {
            return;
        }
        self.blocks.push(match self.quotes {
            0 => line.to_owned(),
            _ => format!("> {}", line.replace(BREAK, "  \n> ")),
        });
    }
}

fn without_tags(html: &str) -> String {
    let mut words = String::new();
    let mut inside = false;
    for letter in html.chars() {
        match letter {
            '<' => inside = true,
            '>' => inside = false,
            _ if !inside => words.push(letter),
            _ => {}
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(markdown: &str) -> String {
        let cells = Cells { pair: &|name, value| format!("{name}：{value}"), between: "；" };
        blocks(markdown, &cells).join("\n\n")
    }

    #[test]
    fn what_is_rendered_stays_and_the_rest_becomes_lines() {
        let table = [
            ("先**取号**，再*交*材料。[1]", "先**取号**，再*交*材料。[1]"),
            ("一行\n二行", "一行  \n  二行"),
            ("# 大\n\n小", "# 大\n\n小"),
            ("- 甲\n- 乙\n  - 丙\n\n1. 子\n2. 丑", "- 甲\n- 乙\n  - 丙\n\n1. 子\n2. 丑"),
            ("> 引\n> 文", "> 引  \n> 文"),
            (
                "| 窗口 | 电话 |\n|---|---|\n| 一号 | 110 |\n| 二号 | |",
                "窗口：一号；电话：110  \n  窗口：二号",
            ),
            ("```sh\na\nb\n```", "a  \n  b"),
            ("`代码` ~~划~~", "代码 划"),
            (
                "[办理](https://a.example/x) [坏](javascript:alert(1)) ![图](https://a.example/p.png)",
                "[办理](https://a.example/x) 坏 ![图](https://a.example/p.png)",
            ),
            ("<b>粗</b><br>下", "粗  \n  下"),
            ("<div>块</div>", "块"),
            ("甲\n\n---\n\n乙", "甲\n\n乙"),
            ("- 甲\n\n  续\n- 乙", "- 甲  \n  续\n- 乙"),
        ];
        for (markdown, expected) in table {
            assert_eq!(shown(markdown), expected, "{markdown}");
        }
        assert_eq!(plain("# 大**字**\n\n- [x](https://a)"), "大字 x");
    }

    proptest! {
        #[test]
        fn anything_is_rendered_without_a_panic(markdown in "([#>*_`|\\[\\]()!<\\n -]|\\PC){0,120}") {
            drop(shown(&markdown));
            drop(plain(&markdown));
        }

        #[test]
        fn no_word_is_lost(words in "([一-龥a-z0-9，。：\\n]){0,120}") {
            let letters = |text: &str| text.chars().filter(|letter| letter.is_alphanumeric()).collect::<String>();
            prop_assert_eq!(letters(&shown(&words)), letters(&words));
        }
    }
}
