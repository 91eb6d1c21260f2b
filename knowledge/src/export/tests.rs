//! Round trips: what is exported is imported as the same entries.

use proptest::prelude::*;

use super::*;
use crate::import::{SourceFile, jsonl, read};

/// The entries of an exported file, in the order of their ids.
fn back(entries: &[Entry], format: ExportFormat) -> Vec<Entry> {
    let name = format!("export.{}", if format == ExportFormat::Markdown { "zip" } else { format.as_str() });
    let bytes = file(entries, format).unwrap();
    let found = read(vec![SourceFile { name, bytes }], None, &mut |_, _| {});
    assert!(found.left_out.is_empty(), "{:?}", found.left_out);
    let mut rows = Vec::new();
    for file in found.files {
        rows.extend(file.whole().unwrap_or_else(|report| panic!("{format}: {report}")));
    }
    let mut entries: Vec<Entry> = rows.into_iter().map(|row| row.entry).collect();
    entries.sort_by(|left, right| left.id.cmp(&right.id));
    entries
}

fn demo() -> Vec<Entry> {
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("demo");
    let files = std::fs::read_dir(directory).unwrap().map(|file| file.unwrap().path());
    let lines = files.filter(|path| path.extension().is_some_and(|ending| ending == "jsonl"));
    let rows = lines.flat_map(|path| jsonl::read("demo", &std::fs::read(path).unwrap()).unwrap());
    let mut entries: Vec<Entry> = rows.map(|row| row.entry).collect();
    entries.sort_by(|left, right| left.id.cmp(&right.id));
    entries
}

#[test]
fn the_demo_city_comes_back_from_every_format() {
    let entries = demo();
    assert!(entries.len() > 400);
    for format in ExportFormat::ALL {
        assert!(back(&entries, format) == entries, "{format}");
    }
}

#[test]
fn nothing_exported_is_a_file_that_can_be_imported() {
    for format in ExportFormat::ALL {
        assert_eq!(back(&[], format), [], "{format}");
    }
}

#[test]
fn people_read_plain_cells_and_excel_takes_no_text_for_a_formula() {
    let text = r#"{"id":"m","kind":"matter","title":"办证","answer":"- 带身份证\n- 带户口簿","similar":["甲","乙"],"materials":[{"name":"身份证"},{"name":"户口簿"}],"source":{"title":"条例","number":"〔2026〕1号"}}"#;
    let rows = jsonl::read("a", text.as_bytes()).unwrap();
    let entries: Vec<Entry> = rows.into_iter().map(|row| row.entry).collect();
    let csv = String::from_utf8(file(&entries, ExportFormat::Csv).unwrap()).unwrap();
    for there in [
        "\u{feff}id,kind",
        "\"'- 带身份证\n- 带户口簿\"",
        "\"甲\n乙\"",
        "\"身份证\n户口簿\"",
        "条例,〔2026〕1号",
    ] {
        assert!(csv.contains(there), "{there}\n{csv}");
    }
}

#[test]
fn what_is_too_long_for_excel_is_named() {
    let mut entry = demo().remove(0);
    entry.answer = "长".repeat(32_768);
    let said = file(&[entry.clone()], ExportFormat::Xlsx).unwrap_err().to_string();
    assert!(said.contains(entry.id.as_str()) && said.contains("answer"), "{said}");
    assert_eq!(back(std::slice::from_ref(&entry), ExportFormat::Csv), [entry]);
}

#[test]
fn a_text_of_empty_lines_comes_back_though_nothing_follows_it() {
    for number in ["\n", "\n\n", "x\n\n", " \n"] {
        let mut entry = demo().remove(0);
        entry.source = Some(crate::entry::Source {
            title: "x".to_owned(),
            number: Some(number.to_owned()),
            url: None,
            published_on: None,
        });
        for format in ExportFormat::ALL {
            assert_eq!(back(std::slice::from_ref(&entry), format), [entry.clone()], "{format} {number:?}");
        }
    }
}

/// Texts as they come, and those that tables, spreadsheets and front matter read as something else.
fn awkward() -> impl Strategy<Value = String> {
    let special = prop::sample::select(vec![
        "=1+1",
        "'- x",
        "''=x",
        "\"x\"",
        "\" x\"",
        "\"\"",
        " x ",
        "a\r\nb",
        "a\tb",
        "_x000D_",
        "[1]",
        "[\"a\"]",
        "[]",
        "{}",
        "null",
        "~",
        "yes",
        "007",
        "1e3",
        "0x1F",
        "2026-01-05",
        "---",
        "+++",
        "# x",
        "a: b",
        "- a",
        "a|b",
        "a｜b",
        "\u{feff}x",
        "\u{0}",
        "\u{85}",
        "\u{2028}",
        "\u{fffe}",
        "'",
        "\"",
        "|",
        "#N/A",
        "😀",
        "!x",
        "&x",
        "*x",
        "%x",
        "@x",
        "`x`",
        "x\n\n\ny",
    ]);
    let piece =
        prop_oneof![special.prop_map(str::to_owned), "\\PC{0,12}", any::<char>().prop_map(String::from)];
    prop::collection::vec(piece, 1..4).prop_map(|pieces| pieces.concat())
}

/// A text in which there is something to see, as titles and names must have.
fn visible() -> impl Strategy<Value = String> {
    awkward().prop_filter("blank", |text| !text.trim().is_empty() && text.chars().count() < 300)
}

fn entry() -> impl Strategy<Value = Entry> {
    let texts = || prop::collection::vec(visible(), 0..3);
    let optional = || prop::option::of(awkward());
    let common =
        (visible(), texts(), awkward(), texts(), optional(), prop::option::of((visible(), optional())));
    let matter = (
        prop::collection::vec((visible(), optional()), 0..3),
        texts(),
        texts(),
        optional(),
        prop::option::of(any::<u32>()),
    );
    (common, prop::option::of(matter)).prop_map(
        |((title, similar, answer, keywords, department, source), matter)| {
            let details = match matter {
                None => crate::entry::Details::Faq,
                Some((materials, conditions, steps, fees, time_limit_days)) => {
                    let material = |(name, note)| crate::entry::Material { name, note, ..Default::default() };
                    let materials = materials.into_iter().map(material).collect();
                    let lng = Some(120.123_456_789_012_34);
                    let window = crate::entry::Window {
                        name: title.clone(),
                        lng,
                        lat: Some(-0.1),
                        ..Default::default()
                    };
                    crate::entry::Details::Matter(Box::new(crate::entry::Matter {
                        materials,
                        conditions,
                        steps,
                        fees,
                        time_limit_days,
                        windows: vec![window],
                        ..Default::default()
                    }))
                }
            };
            let source = source.map(|(title, number)| crate::entry::Source {
                title,
                number,
                url: None,
                published_on: None,
            });
            let id = EntryId::new("-a:1").unwrap();
            Entry { similar, answer, keywords, department, source, ..Entry::new(id, title, details) }
        },
    )
}

proptest! {
    #[test]
    fn any_entry_comes_back_from_every_format(entry in entry()) {
        prop_assume!(entry.validate().is_empty());
        for format in ExportFormat::ALL {
            prop_assert_eq!(back(std::slice::from_ref(&entry), format), std::slice::from_ref(&entry), "{}", format);
        }
    }
}
