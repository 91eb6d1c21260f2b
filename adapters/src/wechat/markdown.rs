//! Markdown as WeChat shows it: no bold, no lists, no tables, only words, line ends, and links as `<a href>`.

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};

/// The longest address in a text, in bytes: a link is never cut in two, and a message holds 2,048 bytes.
pub(super) const LONGEST_LINK: usize = 800;

/// Addresses that a citizen may be led to.
fn is_safe(url: &str) -> bool {
    ["https://", "http://", "tel:"].iter().any(|scheme| url.starts_with(scheme))
}

/// A link as WeChat's texts know it.
pub fn link(url: &str, label: &str) -> String {
    if url.len() > LONGEST_LINK {
        return bare(label);
    }
    format!("<a href=\"{}\">{}</a>", url.replace('"', "%22").replace(' ', "%20"), bare(label))
}

/// A link that says something in the citizen's place when it is tapped. The platform does not document it, though it is
/// in wide use, so the words to type stand beside it wherever it matters.
pub fn saying(text: &str, label: &str) -> String {
    let text: String = text.chars().filter(|c| !matches!(c, '"' | '&' | '#' | '<' | '>')).collect();
    format!("<a href=\"weixin://bizmsgmenu?msgmenucontent={text}&msgmenuid=1\">{}</a>", bare(label))
}

/// Words without anything that WeChat could take for a link of ours.
pub fn bare(text: &str) -> String {
    text.chars()
        .filter(|c| !('\u{e000}'..='\u{f8ff}').contains(c))
        .map(|c| if c == '<' { '＜' } else { c })
        .collect()
}

#[derive(Default)]
struct Plain {
    out: String,
    /// The number of the next item of each open list; `None` where items have no numbers.
    lists: Vec<Option<u64>>,
    /// Addresses of the open links, and where their words begin.
    links: Vec<(String, usize)>,
    head: Vec<String>,
    row: Vec<String>,
    in_head: bool,
    /// Where the open cell begins.
    cell: usize,
}

impl Plain {
    fn line(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
        }
    }

    fn paragraph(&mut self) {
        self.line();
        if !self.out.is_empty() && !self.out.ends_with("\n\n") && self.lists.is_empty() {
            self.out.push('\n');
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph if self.lists.is_empty() => self.paragraph(),
            Tag::Heading { .. } | Tag::CodeBlock(_) | Tag::BlockQuote(_) | Tag::Table(_) => self.paragraph(),
            Tag::List(first) => {
                if self.lists.is_empty() {
                    self.paragraph();
                }
                self.lists.push(first);
            }
            Tag::Item => {
                self.line();
                let deep = self.lists.len().saturating_sub(1);
                self.out.push_str(&"　".repeat(deep));
                match self.lists.last_mut() {
                    Some(Some(number)) => {
                        self.out.push_str(&format!("{number}. "));
                        *number += 1;
                    }
                    _ => self.out.push_str("· "),
                }
            }
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.links.push((dest_url.into_string(), self.out.len()));
            }
            Tag::TableHead => self.in_head = true,
            Tag::TableCell => self.cell = self.out.len(),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Link | TagEnd::Image => self.close_link(),
            TagEnd::List(_) => {
                self.lists.pop();
                self.line();
            }
            TagEnd::TableCell => {
                let text = self.out.split_off(self.cell.min(self.out.len()));
                if self.in_head { &mut self.head } else { &mut self.row }.push(text.trim().to_owned());
            }
            TagEnd::TableHead => self.in_head = false,
            TagEnd::TableRow => self.close_row(),
            TagEnd::Table => self.head.clear(),
            _ => {}
        }
    }

    fn close_link(&mut self) {
        let Some((url, begin)) = self.links.pop() else { return };
        let label = self.out.split_off(begin.min(self.out.len()));
        let printed = if !is_safe(&url) || label.contains("<a ") {
            label
        } else if label == url || label.trim().is_empty() {
            url
        } else {
            link(&url, &label)
        };
        self.out.push_str(&printed);
    }

    fn close_row(&mut self) {
        let row = std::mem::take(&mut self.row);
        let cells =
            row.into_iter().enumerate().filter(|(_, cell)| !cell.is_empty()).map(|(index, cell)| match self
                .head
                .get(index)
                .filter(|head| !head.is_empty())
            {
                Some(head) => format!("{head}：{cell}"),
                None => cell,
            });
        let line = cells.collect::<Vec<_>>().join("；");
        self.line();
        self.out.push_str("· ");
        self.out.push_str(&line);
    }
}

/// A reply's Markdown as words. Marks such as `[1]` stay.
pub fn plain(markdown: &str) -> String {
    let mut plain = Plain::default();
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        match event {
            Event::Start(tag) => plain.start(tag),
            Event::End(tag) => plain.end(tag),
            Event::Text(text) | Event::Code(text) => plain.out.push_str(&bare(&text)),
            Event::SoftBreak | Event::HardBreak => plain.out.push('\n'),
            Event::Html(tag) | Event::InlineHtml(tag) if tag.trim_start().starts_with("<br") => {
                plain.out.push('\n');
            }
            Event::Rule => plain.paragraph(),
            _ => {}
        }
    }
    plain.out.trim().to_owned()
}

/// A reply's Markdown as HTML for a page of ours. HTML in it is shown as words, and links lead to safe places only.
pub fn page(markdown: &str) -> String {
    let events = Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH);
    let events = events.map(|event| match event {
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        Event::Start(Tag::Link { link_type, dest_url, title, id }) if !is_safe(&dest_url) => {
            drop(dest_url);
            Event::Start(Tag::Link { link_type, dest_url: CowStr::Borrowed("#"), title, id })
        }
        // A picture of another site would tell that site who reads.
        Event::Start(Tag::Image { .. }) => Event::Start(Tag::Emphasis),
        Event::End(TagEnd::Image) => Event::End(TagEnd::Emphasis),
        event => event,
    });
    let mut out = String::new();
    html::push_html(&mut out, events);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_stays_and_what_goes() {
        let table = [
            ("**去窗口**办理。[1]", "去窗口办理。[1]"),
            ("# 材料\n\n- 身份证\n- 户口簿\n\n然后", "材料\n\n· 身份证\n· 户口簿\n\n然后"),
            ("1. 取号\n2. 交材料\n   - 原件\n   - 复印件", "1. 取号\n2. 交材料\n　· 原件\n　· 复印件"),
            (
                "见[网上大厅](https://a.example/x?y=\"1\")。",
                "见<a href=\"https://a.example/x?y=%221%22\">网上大厅</a>。",
            ),
            ("<https://a.example>", "https://a.example"),
            ("[坏](javascript:alert(1))", "坏"),
            ("1 <a href=x> 2", "1  2"),
            ("a &lt;a href&gt;", "a ＜a href>"),
            (
                "| 项目 | 费用 |\n|---|---|\n| 首次 | 免费 |\n| 补领 | 40 元 |",
                "· 项目：首次；费用：免费\n· 项目：补领；费用：40 元",
            ),
            ("一行\n又一行", "一行\n又一行"),
            ("`12345`", "12345"),
        ];
        for (markdown, expected) in table {
            assert_eq!(plain(markdown), expected, "{markdown}");
        }
    }

    #[test]
    fn a_page_runs_nothing_that_an_entry_says() {
        let printed = page(
            "<script>alert(1)</script>\n\n[x](javascript:alert(1)) ![p](https://spy.example/p.png) **好**",
        );
        assert!(
            !printed.contains("<script") && !printed.contains("javascript:") && !printed.contains("spy"),
            "{printed}"
        );
        assert!(printed.contains("<strong>好</strong>"));
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic_and_links_are_whole(text in "([*_#>|\\[\\]()!<&`\\-\\n ]|https://a\\.b|\\PC){0,120}") {
            let printed = plain(&text);
            prop_assert_eq!(printed.matches("<a ").count(), printed.matches("</a>").count());
            drop(page(&text));
        }
    }
}
