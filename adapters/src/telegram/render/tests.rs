//! What is sent is well-formed, fits, and lacks nothing.

use proptest::prelude::*;

use super::*;

fn html(markdown: &str) -> String {
    let mut doc = Doc::default();
    doc.markdown(markdown);
    let parts = doc.parts(TEXT_UNITS);
    assert!(parts.len() <= 1);
    parts.into_iter().next().map(|part| part.html).unwrap_or_default()
}

/// A reader of Telegram's HTML of its own, strict: the tags we use, balanced and nested, and four entities. Returns the text.
fn strict(html: &str) -> Result<String, String> {
    let mut text = String::new();
    let mut open: Vec<&str> = Vec::new();
    let mut letters = html.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '<' => {
                let (tag, after) = letters.as_str().split_once('>').ok_or("a tag without an end")?;
                letters = after.chars();
                if let Some(name) = tag.strip_prefix('/') {
                    if open.pop() != Some(name) {
                        return Err(format!("</{name}> closes what is not open"));
                    }
                    continue;
                }
                let name = tag.split(' ').next().unwrap();
                let is_link =
                    tag.starts_with("a href=\"") && tag.ends_with('"') && tag.matches('"').count() == 2;
                let known = ["b", "i", "s", "code", "pre", "blockquote"].contains(&tag) || is_link;
                let in_code = open.iter().any(|outer| ["code", "pre"].contains(outer));
                if !known || open.contains(&name) || in_code {
                    return Err(format!("<{tag}> in {open:?}"));
                }
                open.push(name);
            }
            '>' | '"' => return Err(format!("a bare {letter}")),
            '&' => {
                let (name, after) = letters.as_str().split_once(';').ok_or("an entity without an end")?;
                letters = after.chars();
                let entities = [("amp", '&'), ("lt", '<'), ("gt", '>'), ("quot", '"')];
                let known = entities.into_iter().find(|(entity, _)| *entity == name);
                text.push(known.ok_or("an unknown entity")?.1);
            }
            other => text.push(other),
        }
    }
    if open.is_empty() { Ok(text) } else { Err(format!("{open:?} stays open")) }
}

#[test]
fn markdown_becomes_what_telegram_shows() {
    let table = [
        ("带**身份证**和*户口簿*", "带<b>身份证</b>和<i>户口簿</i>"),
        (
            "见 [指南](https://a.example/?a=1&b=2)[1]",
            "见 <a href=\"https://a.example/?a=1&amp;b=2\">指南</a>[1]",
        ),
        (
            "## 要带的材料\n\n- 身份证\n- 照片\n  - 两寸\n\n完",
            "<b>要带的材料</b>\n\n• 身份证\n• 照片\n  • 两寸\n\n完",
        ),
        ("3. 取号\n4. 交材料", "3. 取号\n4. 交材料"),
        ("a < b & \"c\" > d", "a &lt; b &amp; &quot;c&quot; &gt; d"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("`a<b`", "<code>a&lt;b</code>"),
        ("```\nx\n\ny\n```", "<pre>x\n\ny</pre>"),
        ("> 引用\n>\n> **重点**", "<blockquote>引用\n\n<b>重点</b></blockquote>"),
        ("[坏](javascript:alert(1))", "坏"),
        ("**粗`码`粗**", "<b>粗</b><code>码</code><b>粗</b>"),
        ("| 项 | 费 |\n|---|---|\n| 证 | 20 |", "项 | 费\n证 | 20"),
        ("一行\n二行", "一行\n二行"),
        ("", ""),
    ];
    for (markdown, expected) in table {
        assert_eq!(html(markdown), expected, "{markdown}");
        strict(&html(markdown)).unwrap();
    }
}

#[test]
fn tags_are_closed_at_a_cut_and_opened_behind_it() {
    let mut doc = Doc::default();
    doc.markdown("**第一句话在这里。第二句话在那里。**");
    let parts = doc.parts(10);
    let html: Vec<&str> = parts.iter().map(|part| part.html.as_str()).collect();
    assert_eq!(html, ["<b>第一句话在这里。</b>", "<b>第二句话在那里。</b>"]);
}

#[test]
fn the_measure_is_that_of_telegram() {
    let mut doc = Doc::default();
    // Each of these is two UTF-16 units; marks count nothing.
    doc.markdown(&format!("**{}**", "😀".repeat(3_000)));
    let lengths: Vec<usize> =
        doc.parts(TEXT_UNITS).iter().map(|part| part.plain.encode_utf16().count()).collect();
    assert_eq!(lengths, [4_096, 1_904]);
}

/// The words of Markdown, as the parser tells them.
fn words(markdown: &str) -> String {
    let options = Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES;
    Parser::new_ext(markdown, options)
        .filter_map(|event| match event {
            Event::Text(text) | Event::Code(text) | Event::Html(text) | Event::InlineHtml(text) => {
                Some(text.into_string())
            }
            _ => None,
        })
        .collect()
}

/// Markdown as people and models write it, and as nobody would.
fn markdown() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[一-龥。，？！]{1,12}",
        2 => "\\PC{0,8}",
        1 => prop::sample::select(vec![
            "**", "*", "_", "~~", "`", "```\n", "\n", "\n\n", "> ", "- ", "1. ", "  ", "# ", "[1]", "[a](https://b.example)",
            "<b>", "</b>", "&amp;", "&", "<", ">", "\"", "|", "|---|\n", "---\n", "![x](http://y)", "😀", "\\", "[", "](",
        ]).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

/// Some places of a text, in their order, none within another.
fn places(text: &str, cuts: &[prop::sample::Index]) -> Vec<Personal> {
    let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| ends[cut.index(ends.len())]).collect();
    cuts.sort_unstable();
    cuts.dedup();
    let pairs = cuts.chunks_exact(2);
    pairs.map(|pair| Personal { range: pair[0]..pair[1], label: "【号】", published: false }).collect()
}

proptest! {
    #[test]
    fn what_is_hidden_is_hidden_across_all_marks(source in "(\\PC|[*_`>#\\n 一1]){0,60}", cuts: [prop::sample::Index; 6]) {
        let mut doc = Doc::default();
        doc.markdown(&source);
        let whole = doc.plain();
        let places = places(&whole, &cuts);
        doc.hide(&places);
        prop_assert_eq!(doc.plain(), crate::personal::hide(&whole, &places));
        for part in doc.parts(40) {
            prop_assert!(strict(&part.html).is_ok(), "{}", part.html);
        }
    }

    #[test]
    fn whatever_is_written_every_part_is_well_formed_and_fits_and_no_word_is_lost(text in markdown(), limit in 8_usize..200) {
        let mut doc = Doc::default();
        doc.markdown(&text);
        let mut shown = String::new();
        for part in doc.parts(limit) {
            let read = strict(&part.html).map_err(|error| TestCaseError::fail(format!("{error}: {}", part.html)))?;
            prop_assert_eq!(&read, &part.plain);
            prop_assert!((1..=limit).contains(&read.encode_utf16().count()));
            shown.push_str(&read);
        }
        // Points, numbers and lines are added, so what was written is looked for in order.
        let mut there = shown.chars();
        for letter in words(&text).chars().filter(|letter| !letter.is_whitespace()) {
            prop_assert!(there.any(|found| found == letter), "{letter:?} of {text:?} is not in {shown:?}");
        }
    }
}
