//! Web pages as text.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use htmd::element_handler::{HandlerResult, Handlers};
use htmd::{Element, HtmlToMarkdown};

use super::document::{Document, entry_of};
use super::mapping::Mapping;
use super::{FileRead, encoding, markdown};

/// What is around a page's text, or no text at all.
const NOT_TEXT: [&str; 14] = [
    "script", "style", "nav", "header", "footer", "aside", "form", "iframe", "svg", "button", "noscript",
    "img", "select", "template",
];

/// Deeper than any page that people write. The converter calls itself for each level.
const DEEPEST: usize = 2_000;

/// Enough for that many levels.
const STACK: usize = 64 << 20;

/// Reads a page.
pub(super) fn read(name: &str, bytes: &[u8], mapping: &Mapping) -> FileRead {
    let html = match decode(bytes) {
        Ok(html) => html,
        Err(reason) => return FileRead::refused(name, reason),
    };
    if depth(&html) > DEEPEST {
        return FileRead::refused(name, "its elements are nested too deeply to be a page for people");
    }
    // On a stack of its own, since how deep it goes is up to the page.
    let converted = std::thread::Builder::new().stack_size(STACK).spawn(move || convert(&html));
    match converted.map(std::thread::JoinHandle::join) {
        Ok(Ok(Ok(document))) => entry_of(name, document, mapping),
        _ => FileRead::refused(name, "cannot be read as a web page"),
    }
}

/// What the page says of its encoding counts unless the bytes say otherwise.
fn decode(bytes: &[u8]) -> Result<String, String> {
    let head = String::from_utf8_lossy(bytes.get(..1024).unwrap_or(bytes)).to_ascii_lowercase();
    let declared = head.split("charset=").nth(1).map(|rest| rest.trim_start_matches(['"', '\'']));
    let label = declared.map(|rest| rest.split(['"', '\'', '>', ' ', ';', '/']).next().unwrap_or_default());
    let encoding = label.and_then(|label| encoding_rs::Encoding::for_label(label.as_bytes()));
    let text = match encoding {
        Some(encoding) if std::str::from_utf8(bytes).is_err() => encoding::decode_as(encoding, bytes),
        _ => encoding::decode(bytes),
    };
    text.map(std::borrow::Cow::into_owned).map_err(|fault| format!("line {}: {}", fault.line, fault.reason))
}

/// How deep elements may be nested, as far as their tags can tell. An end without a beginning ends nothing.
fn depth(html: &str) -> usize {
    const ALONE: [&str; 12] =
        ["br", "img", "meta", "link", "input", "hr", "area", "col", "source", "wbr", "base", "embed"];
    let mut open: HashMap<String, usize> = HashMap::new();
    let (mut depth, mut deepest) = (0_usize, 0);
    for tag in html.split('<').skip(1) {
        let ends = tag.starts_with('/');
        let name = tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric);
        let name: String = name.map(|c| c.to_ascii_lowercase()).collect();
        if name.is_empty() || ALONE.contains(&name.as_str()) {
            continue;
        }
        let count = open.entry(name).or_default();
        if !ends {
            *count += 1;
            depth += 1;
            deepest = deepest.max(depth);
        } else if *count > 0 {
            *count -= 1;
            depth -= 1;
        }
    }
    deepest
}

/// What a page's head says.
#[derive(Default)]
struct Head {
    title: Option<String>,
    /// Names and contents of `meta`, and the `rel` and `href` of `link`.
    named: Vec<(String, String)>,
}

impl Head {
    fn named(&self, name: &str) -> Option<String> {
        let found = self.named.iter().find(|(known, content)| known == name && !content.trim().is_empty());
        found.map(|(_, content)| content.trim().to_owned())
    }
}

fn convert(html: &str) -> std::io::Result<Document> {
    let head = Arc::new(Mutex::new(Head::default()));
    let (titles, metas) = (Arc::clone(&head), Arc::clone(&head));
    let options = htmd::options::Options {
        bullet_list_marker: htmd::options::BulletListMarker::Dash,
        ul_bullet_spacing: 1,
        ol_number_spacing: 1,
        ..htmd::options::Options::default()
    };
    let converter = HtmlToMarkdown::builder()
        .options(options)
        .skip_tags(NOT_TEXT.to_vec())
        .add_handler(vec!["title"], move |handlers: &dyn Handlers, element: Element<'_>| {
            let HandlerResult { content, .. } = handlers.walk_children(element.node);
            titles.lock().unwrap_or_else(PoisonError::into_inner).title.get_or_insert(content);
            None
        })
        .add_handler(vec!["meta", "link"], move |_: &dyn Handlers, element: Element<'_>| {
            let of = |name: &str| {
                element.attrs.iter().find(|attr| &*attr.name.local == name).map(|attr| attr.value.to_string())
            };
            let named = of("name").or_else(|| of("rel")).zip(of("content").or_else(|| of("href")));
            if let Some((name, content)) = named {
                let mut head = metas.lock().unwrap_or_else(PoisonError::into_inner);
                head.named.push((name.to_ascii_lowercase(), content));
            }
            None
        })
        .build();
    let text = converter.convert(html)?;
    let head = std::mem::take(&mut *head.lock().unwrap_or_else(PoisonError::into_inner));
    let heading = markdown::heading(markdown::body_of(&text));
    // Government pages carry these names by the State Council's guidelines for their websites.
    let title = head.named("articletitle").or_else(|| heading.as_ref().map(|(title, _)| title.clone()));
    let day = head.named("pubdate").and_then(|moment| moment.get(..10).map(str::to_owned));
    Ok(Document {
        title: title.or(head.title.clone()),
        text: heading.map_or_else(|| markdown::body_of(&text).to_owned(), |(_, rest)| rest.to_owned()),
        published_on: day.filter(|day| crate::entry::is_date(day)),
        department: head.named("contentsource"),
        url: head.named("canonical").filter(|url| url.starts_with("https://") || url.starts_with("http://")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<!doctype html><html><head><meta charset="gb2312"><title>住房通知_安和市人民政府</title>
<meta name="ArticleTitle" content="关于住房补贴的通知"><meta name="PubDate" content="2026-01-05 10:00"><meta name="ContentSource" content="安和市住建局">
<script>var x = "不是正文";</script></head><body><nav><a href="/">首页</a></nav>
<h1>关于住房补贴的通知</h1><p>符合<strong>下列</strong>条件的家庭可以申请：</p><ul><li>有本市户籍</li><li>无房</li></ul>
<table><tr><th>家庭</th><th>每月</th></tr><tr><td>两人</td><td>500 元</td></tr></table><footer>版权所有</footer></body></html>"#;

    #[test]
    fn a_page_becomes_its_text() {
        let bytes = encoding_rs::GBK.encode(PAGE).0.into_owned();
        let entry = read("政策/通知.html", &bytes, &Mapping::default()).whole().unwrap().remove(0).entry;
        assert_eq!(entry.title, "关于住房补贴的通知");
        assert_eq!(entry.department.as_deref(), Some("安和市住建局"));
        assert_eq!(entry.source.unwrap().published_on.unwrap().to_string(), "2026-01-05");
        for there in ["符合**下列**条件", "- 有本市户籍", "两人", "500 元"] {
            assert!(entry.answer.contains(there), "{there}: {}", entry.answer);
        }
        for gone in ["首页", "不是正文", "版权所有", "# 关于"] {
            assert!(!entry.answer.contains(gone), "{gone}: {}", entry.answer);
        }
    }

    #[test]
    fn a_page_without_end_is_refused_and_a_deep_one_is_read() {
        let deep = format!("{}正文{}", "<div>".repeat(1_900), "</div>".repeat(1_900));
        assert!(read("deep.html", deep.as_bytes(), &Mapping::default()).faults.is_empty());
        let deeper = "<div>".repeat(100_000);
        assert_eq!(read("deeper.html", deeper.as_bytes(), &Mapping::default()).faults.len(), 1);
    }
}
