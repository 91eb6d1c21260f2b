//! Imports as an office meets them: whole files of every format, and what is said of the bad ones.

use std::io::{Cursor, Write};

use proptest::prelude::*;
use rust_xlsxwriter::{ExcelDateTime, Format as Look, Workbook};

use super::*;
use crate::region::Regions;

fn regions() -> Regions {
    Regions::from_json(include_bytes!("../../demo/regions.json")).unwrap()
}

fn source(name: &str, bytes: impl Into<Vec<u8>>) -> SourceFile {
    SourceFile { name: name.to_owned(), bytes: bytes.into() }
}

/// Reads files, with a mapping if one is named.
fn import(files: Vec<SourceFile>, mapping: &str) -> Read {
    let mapping = (!mapping.is_empty()).then(|| Mapping::parse(mapping).unwrap());
    read(files, mapping.as_ref(), &mut |done, total| assert!(done <= total))
}

/// The entries of one file with which nothing is wrong.
fn entries(name: &str, bytes: impl Into<Vec<u8>>, mapping: &str) -> Vec<Entry> {
    let mut read = import(vec![source(name, bytes)], mapping);
    let rows = read.files.remove(0).whole().unwrap_or_else(|report| panic!("{report}"));
    rows.into_iter().map(|row| row.entry).collect()
}

/// The faults of one file as `line:column field`.
fn faults(name: &str, bytes: impl Into<Vec<u8>>, mapping: &str) -> Vec<String> {
    let read = import(vec![source(name, bytes)], mapping);
    let faults = read.files.iter().flat_map(|file| &file.faults);
    faults.map(|fault| format!("{}:{} {}", fault.line, fault.column, fault.field)).collect()
}

fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// What an office's own table looks like: a title over it, names of its own, blank rows, merged cells, days that Excel
/// knows to be days, numbers in place of ids, a sheet with notes, a hidden one.
fn workbook() -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet().set_name("常见问答").unwrap();
    let day = Look::new().set_num_format("yyyy-mm-dd");
    sheet.merge_range(0, 0, 0, 7, "安和市常见问答汇总表", &Look::new()).unwrap();
    for (at, heading) in
        (0..).zip(["序号", "*标准问", "相似问", "答案（必填）", "所属区划", "责任单位", "生效日期", "状态"])
    {
        sheet.write_string(2, at, heading).unwrap();
    }
    sheet.merge_range(3, 5, 5, 5, "人社局", &Look::new()).unwrap();
    let rows = [(3, "社保卡丢了怎么办", "卡没了\n社保卡补办"), (5, "社保卡怎么激活", "")];
    for (line, title, similar) in rows {
        sheet.write_number(line, 0, f64::from(line)).unwrap();
        sheet.write_string(line, 1, title).unwrap();
        sheet.write_string(line, 2, similar).unwrap();
        sheet.write_string(line, 3, "到窗口办理。").unwrap();
        sheet.write_number(line, 4, 330_100.0).unwrap();
        sheet
            .write_datetime_with_format(line, 6, ExcelDateTime::from_ymd(2026, 1, 5).unwrap(), &day)
            .unwrap();
        sheet.write_string(line, 7, "有效").unwrap();
    }
    workbook.add_worksheet().set_name("填表说明").unwrap().write_string(0, 0, "请逐行填写").unwrap();
    let hidden = workbook.add_worksheet().set_name("字典").unwrap();
    hidden.set_hidden(true).write_string(0, 0, "有效").unwrap();
    workbook.save_to_buffer().unwrap()
}

const MAPPING: &str = r#"
sheets = ["常见问答"]
[columns]
"序号" = "id"
"标准问" = "title"
"相似问" = "similar"
"答案" = "answer"
"所属区划" = "region"
"责任单位" = "department"
"生效日期" = "effective_from"
"状态" = "status"
[defaults]
kind = "faq"
[values.status]
"有效" = "published"
[id]
prefix = "rs-"
"#;

#[test]
fn a_workbook_of_the_offices_own_making_is_read() {
    let read = entries("问答.xlsx", workbook(), MAPPING);
    assert_eq!(read.len(), 2);
    let (first, second) = (&read[0], &read[1]);
    assert_eq!((first.id.as_str(), second.id.as_str()), ("rs-3", "rs-5"));
    assert_eq!(first.similar, ["卡没了", "社保卡补办"]);
    assert_eq!(first.region.as_deref(), Some("330100"));
    assert_eq!(first.effective_from.unwrap().to_string(), "2026-01-05");
    assert_eq!(second.department.as_deref(), Some("人社局"), "a merged cell holds for all of its rows");
    assert_eq!(second.similar.len(), 0);
}

#[test]
fn a_workbook_without_its_mapping_is_refused_with_sheet_row_and_column() {
    let read = import(vec![source("问答.xlsx", workbook())], "");
    let report = Report { faults: read.files[0].faults.clone() }.to_string();
    for said in [
        "问答.xlsx#常见问答:3:2: (column B “*标准问”) unknown column `*标准问`",
        "the columns are id, kind, title",
        "--mapping FILE",
        "问答.xlsx#常见问答:3:1: `title` there is no such column",
        "问答.xlsx#填表说明:1:1: (column A “请逐行填写”)",
    ] {
        assert!(report.contains(said), "{said}\n{report}");
    }
    assert!(!report.contains("字典"), "hidden sheets are not read: {report}");
    let wrong = import(vec![source("问答.xlsx", workbook())], &MAPPING.replace("\"有效\" =", "\"现行\" ="));
    let report = Report { faults: wrong.files[0].faults.clone() }.to_string();
    assert!(
        report.contains(
            "常见问答:4:8: `status` (column H “状态”) `有效` is none of draft, published, repealed"
        ),
        "{report}"
    );
    assert!(report.contains("常见问答:6:8: `status`"), "every row is named: {report}");
}

#[test]
fn what_a_spreadsheet_shows_as_an_error_is_refused() {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (at, (heading, text)) in (0..).zip([("id", "a"), ("kind", "faq"), ("title", "一")]) {
        sheet.write_string(0, at, heading).unwrap();
        sheet.write_string(1, at, text).unwrap();
    }
    sheet.write_string(0, 3, "answer").unwrap();
    sheet
        .write_formula(1, 3, rust_xlsxwriter::Formula::new("=VLOOKUP(1,A1:B2,3)").set_result("#REF!"))
        .unwrap();
    assert_eq!(faults("a.xlsx", workbook.save_to_buffer().unwrap(), ""), ["2:4 answer"]);
}

#[test]
fn tables_as_text_are_read_however_they_were_saved() {
    let table = "\u{feff}id,kind,title,similar,keywords,status,effective_from,source.title,windows.name,windows.phone\r\nq1,faq,\"标题,有逗号\",\"一\n二\",甲|乙,published,2026/1/5,条例,,\r\n\r\nq2,matter,二,,,,,,一楼,12345\r\n,,,,,,,,,\r\n";
    let expected = entries("a.csv", table, "");
    assert_eq!(expected.len(), 2);
    assert_eq!(
        (expected[0].title.as_str(), expected[0].similar.len(), expected[0].keywords.len()),
        ("标题,有逗号", 2, 2)
    );
    assert_eq!(expected[0].source.as_ref().unwrap().title, "条例");
    let tabs = table.replace("\"标题,有逗号\"", "标题;有逗号").replace(',', "\t").replace(';', ",");
    assert_eq!(entries("a.tsv", tabs.as_str(), ""), expected);
    assert_eq!(
        entries(
            "a.csv",
            table.replace("\"标题,有逗号\"", "\"标题COMMA有逗号\"").replace(',', ";").replace("COMMA", ","),
            ""
        ),
        expected
    );
    let utf16: Vec<u8> = tabs.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(entries("a.csv", utf16, ""), expected);
    let plain = table.trim_start_matches('\u{feff}');
    assert_eq!(entries("a.csv", encoding_rs::GB18030.encode(plain).0.into_owned(), ""), expected);
}

#[test]
fn every_refused_row_of_a_table_is_named_with_its_line_and_column() {
    let table = "id,kind,title,answer,expires_on\nq1,faq,一,\"两\n行\",\n\nq2,问答,二,,2026-02-30\nq 3,faq,三,,\nq4,faq,四,,,多余\n";
    assert_eq!(faults("a.csv", table, ""), ["5:2 kind", "5:5 expires_on", "6:1 id", "7:6 "]);
    let mistakes = "id,kind,titel,title,title\nq1,faq,x,一,二\n";
    assert_eq!(faults("a.csv", mistakes, ""), ["1:3 ", "1:5 "]);
    assert_eq!(
        faults("a.csv", "id,kind,title\nq1,faq,\"一\nq2,faq,二\n", ""),
        ["2:1 "],
        "an open quotation mark"
    );
    assert_eq!(faults("a.csv", "", ""), Vec::<String>::new());
}

#[test]
fn a_folder_may_come_zipped_with_its_mapping_in_it() {
    let csv = encoding_rs::GB18030.encode("标准问,答案\n怎么办,这么办\n").0.into_owned();
    let files: [(&str, &[u8]); 6] = [
        ("知识/mapping.toml", "[columns]\n\"标准问\" = \"title\"\n\"答案\" = \"answer\"\n[defaults]\nkind = \"faq\"\n[id]\nfrom = \"title\"".as_bytes()),
        ("知识/问答/a.csv", &csv),
        ("知识/b.md", "# 二\n\n正文".as_bytes()),
        ("知识/c.jpg", b"x"),
        ("__MACOSX/知识/._a.csv", b"x"),
        ("知识/~$问答.xlsx", b"x"),
    ];
    let read = import(vec![source("知识.zip", zipped(&files))], "");
    assert_eq!(read.left_out, ["知识.zip/知识/c.jpg"]);
    let titles: Vec<(&str, &str)> =
        read.files.iter().map(|file| (&*file.name, file.rows[0].entry.title.as_str())).collect();
    assert_eq!(titles, [("知识.zip/知识/b.md", "二"), ("知识.zip/知识/问答/a.csv", "怎么办")]);
    let nested = zipped(&[("inner.zip", &zipped(&[("a.csv", b"id")]))]);
    assert_eq!(faults("a.zip", nested, ""), ["1:1 "]);
    let broken = zipped(&[("mapping.toml", b"[columns"), ("a.csv", b"id")]);
    assert_eq!(faults("a.zip", broken, "").len(), 2, "the mapping, and the file it would explain");
}

/// A Word document with what such documents have.
fn word() -> Vec<u8> {
    let styles = r#"<w:styles xmlns:w="w"><w:style w:styleId="1"><w:name w:val="heading 1"/></w:style><w:style w:styleId="2"><w:name w:val="heading 2"/></w:style></w:styles>"#;
    let paragraph = |properties: &str, text: &str| {
        format!("<w:p><w:pPr>{properties}</w:pPr><w:r><w:t xml:space=\"preserve\">{text}</w:t></w:r></w:p>")
    };
    let cell = |text: &str| format!("<w:tc>{}</w:tc>", paragraph("", text));
    let body = [
        paragraph("<w:pStyle w:val=\"1\"/>", "关于住房补贴的通知"),
        paragraph("", "各区&amp;县："),
        paragraph("<w:pStyle w:val=\"2\"/>", "一、条件"),
        paragraph("<w:numPr/>", "有本市户籍"),
        paragraph("<w:numPr/>", "无房"),
        format!("<w:tbl><w:tr>{}{}</w:tr><w:tr>{}{}</w:tr></w:tbl>", cell("家庭"), cell("每月"), cell("两人"), cell("500|元")),
        "<w:p><w:r><w:t>现行</w:t></w:r><w:del><w:r><w:delText>旧的</w:delText><w:t>旧的</w:t></w:r></w:del></w:p>".to_owned(),
    ];
    let document = format!("<w:document xmlns:w=\"w\"><w:body>{}</w:body></w:document>", body.concat());
    zipped(&[("word/styles.xml", styles.as_bytes()), ("word/document.xml", document.as_bytes())])
}

#[test]
fn a_word_document_becomes_a_draft_with_its_headings_lists_and_tables() {
    let entry = entries("政策/通知.docx", word(), "[defaults]\nregion = \"330100\"").remove(0);
    assert_eq!(entry.title, "关于住房补贴的通知");
    assert_eq!((entry.kind(), entry.status), (crate::Kind::Policy, crate::Status::Draft));
    assert_eq!(
        entry.answer,
        "各区&县：\n\n## 一、条件\n\n- 有本市户籍\n- 无房\n\n| 家庭 | 每月 |\n| --- | --- |\n| 两人 | 500\\|元 |\n\n现行"
    );
    assert_eq!(faults("a.docx", "no zip at all", ""), ["1:1 "]);
}

/// A PDF document whose characters have numbers of their own, as in those that office programs make, and a table that
/// says which characters they are.
fn pdf(lines: &[&str]) -> Vec<u8> {
    let shown = |line: &&str| {
        let codes: String = line.encode_utf16().map(|unit| format!("{unit:04X}")).collect();
        format!("<{codes}> Tj 0 -20 Td ")
    };
    let page = format!("BT /F1 12 Tf 72 720 Td {}ET", lines.iter().map(shown).collect::<String>());
    let table = "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapType 2 def 1 begincodespacerange <0000> <FFFF> endcodespacerange 1 beginbfrange <0000> <FFFF> <0000> endbfrange endcmap end end";
    let stream = |content: &str| format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len());
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>".to_owned(),
        stream(&page),
        "<< /Type /Font /Subtype /Type0 /BaseFont /Song /Encoding /Identity-H /DescendantFonts [6 0 R] /ToUnicode 7 0 R >>".to_owned(),
        "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Song /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /DW 1000 /FontDescriptor 8 0 R >>".to_owned(),
        stream(table),
        "<< /Type /FontDescriptor /FontName /Song /Flags 4 /FontBBox [0 0 1000 1000] /ItalicAngle 0 /Ascent 800 /Descent -200 /CapHeight 700 /StemV 80 >>".to_owned(),
    ];
    let mut document = "%PDF-1.4\n".to_owned();
    let mut places = Vec::new();
    for (number, object) in (1..).zip(&objects) {
        places.push(document.len());
        document.push_str(&format!("{number} 0 obj\n{object}\nendobj\n"));
    }
    let begin = document.len();
    document.push_str(&format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1));
    for place in places {
        document.push_str(&format!("{place:010} 00000 n \n"));
    }
    document.push_str(&format!(
        "trailer << /Size {} /Root 1 0 R >>\nstartxref\n{begin}\n%%EOF\n",
        objects.len() + 1
    ));
    document.into_bytes()
}

/// Needs `pdftotext`, which scripts/setup-tests.sh installs.
#[test]
fn a_pdf_document_becomes_a_draft() {
    let lines = ["关于住房补贴的通知", "有本市户籍且没有住房的家庭，每月补贴五百", "元。"];
    let entry = entries("政策/住房补贴通知.pdf", pdf(&lines), "").remove(0);
    assert_eq!((entry.title.as_str(), entry.status), ("住房补贴通知", crate::Status::Draft));
    assert_eq!(entry.answer, "关于住房补贴的通知\n\n有本市户籍且没有住房的家庭，每月补贴五百元。");
    assert_eq!(faults("a.pdf", "%PDF-1.4 and nothing more", ""), ["1:1 "]);
    assert_eq!(faults("scan.pdf", pdf(&[]), ""), ["1:1 "], "a page without text");
}

#[test]
fn lines_with_foreign_names_are_explained_by_a_mapping_too() {
    let lines = "{\"序号\":7,\"标准问\":\"一\",\"状态\":\"有效\",\"失效日期\":\"\"}\n{\"序号\":8,\"标准问\":\"二\",\"状态\":\"作废\"}\n{\"备注\":1}";
    let mapping = MAPPING.replace("[defaults]", "\"失效日期\" = \"expires_on\"\n[defaults]");
    assert_eq!(faults("a.jsonl", lines, &mapping), ["2:19 status", "3:2 备注", "3:1 id"]);
    let first = lines.lines().next().unwrap();
    assert_eq!(entries("a.jsonl", first, &mapping)[0].id.as_str(), "rs-7");
}

fn line(id: &str, more: &str) -> String {
    format!("{{\"id\":\"{id}\",\"kind\":\"faq\",\"title\":\"{id}\"{more}}}\n")
}

#[test]
fn each_file_is_taken_or_refused_by_itself() {
    let files = vec![
        source("good.jsonl", line("a", "")),
        source("bad.jsonl", line("b", "") + "{\"id\":\"c\"}\n"),
        source("needs-bad.jsonl", line("d", ",\"superseded_by\":\"b\"")),
        source("needs-refused-row.jsonl", line("e", ",\"superseded_by\":\"c\"")),
        source("needs-needy.jsonl", line("f", ",\"superseded_by\":\"d\"")),
        source("needs-store.jsonl", line("g", ",\"superseded_by\":\"stored\"")),
        source("nowhere.jsonl", line("h", ",\"region\":\"火星\"")),
        source("again.jsonl", line("a", "")),
    ];
    let judged = judge(import(files, "").files, &|id| id.as_str() == "stored", &regions());
    let taken: Vec<&str> = judged.rows.iter().map(|row| row.entry.id.as_str()).collect();
    assert_eq!((taken, judged.files, judged.refused_files), (vec!["a", "g"], 2, 6));
    let report = judged.report.to_string();
    for said in [
        "needs-bad.jsonl:1:36: `superseded_by` there is no entry `b`: it stands in bad.jsonl, which is refused",
        "there is no entry `c`: it stands in bad.jsonl",
        "there is no entry `d`: it stands in needs-bad.jsonl",
        "nowhere.jsonl:1:36: `region` there is no region `火星`",
        "again.jsonl:1:2: `id` `a` already stands in good.jsonl:1",
    ] {
        assert!(report.contains(said), "{said}\n{report}");
    }
}

/// As many as a large city keeps, read and judged in one go.
#[test]
fn fifty_six_thousand_entries_are_read_in_one_go() {
    let table: String = std::iter::once("id,kind,title,similar,answer,region,status\n".to_owned())
        .chain((0..56_000).map(|number| {
            format!("q{number},faq,第{number}个问题怎么办,问法{number}甲|问法{number}乙,请到窗口办理第{number}件事。,安和市,published\n")
        }))
        .collect();
    let mut steps = Vec::new();
    let files = vec![source("all.csv", table)];
    let read = read(files, None, &mut |done, total| steps.push((done, total)));
    let judged = judge(read.files, &|_| false, &regions());
    assert_eq!((judged.rows.len(), judged.refused_files), (56_000, 0), "{}", judged.report);
    assert!(
        steps.len() > 100 && steps.is_sorted() && steps.last().is_some_and(|(done, total)| done == total)
    );
}

proptest! {
    /// Whatever a file holds, reading it ends in entries or in a report.
    #[test]
    fn readers_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), which in 0..7_usize) {
        let ending = ["jsonl", "csv", "xlsx", "md", "html", "docx", "zip"][which];
        import(vec![source(&format!("x.{ending}"), bytes.clone())], "");
        import(vec![source(&format!("x.{ending}"), bytes)], MAPPING);
    }

    /// The same for text that nearly is what it should be.
    #[test]
    fn readers_never_panic_on_text(text in "[\\PC\n\r\t\"',;|#<>{}:+=-]{0,200}", which in 0..5_usize) {
        let (ending, before) =
            [("jsonl", "{\"id\":"), ("csv", "id,kind,title\n"), ("md", "---\n"), ("md", "+++\n"), ("html", "<html><table>")][which];
        import(vec![source(&format!("x.{ending}"), format!("{before}{text}"))], "");
    }

    /// And for files that were whole before some bytes of them changed.
    #[test]
    fn readers_never_panic_on_damage(
        places in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..8),
        which in 0..3_usize,
    ) {
        let archive = || zipped(&[("a.csv", b"id,kind,title\n1,faq,x"), ("b.md", b"# x")]);
        let (name, mut bytes) = match which {
            0 => ("x.xlsx", workbook()),
            1 => ("x.docx", word()),
            _ => ("x.zip", archive()),
        };
        for (at, byte) in places {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        import(vec![source(name, bytes)], "");
    }
}

fn rows(text: &str) -> Vec<Row> {
    jsonl::read("a.jsonl", text.as_bytes()).unwrap()
}

#[test]
fn an_id_that_comes_twice_names_both_places() {
    let twice = rows(
        "{\"id\":\"a\",\"kind\":\"faq\",\"title\":\"x\"}\n{\"id\":\"a\",\"kind\":\"faq\",\"title\":\"y\"}",
    );
    let faults = check_references(&twice, &|_| false);
    assert_eq!(faults.len(), 1);
    assert_eq!((faults[0].line, faults[0].field.as_str()), (2, "id"));
    assert!(faults[0].reason.contains("a.jsonl:1"), "{}", faults[0]);
}

#[test]
fn a_reference_must_lead_into_the_import_or_the_store() {
    let text = r#"{"id":"s","kind":"scenario","title":"x","superseded_by":"gone","nodes":[{"id":"n","ask":"?","options":[{"label":"l","next":null}]}],"outcomes":[{"when":{},"matters":["m","stored"]}]}
{"id":"m","kind":"matter","title":"y"}"#;
    let faults = check_references(&rows(text), &|id| id.as_str() == "stored");
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!(faults[0].field, "superseded_by");
}

#[test]
fn an_unknown_region_is_a_fault() {
    let text = "{\"id\":\"a\",\"kind\":\"faq\",\"title\":\"x\",\"region\":\"火星\"}";
    let regions = regions();
    assert_eq!(check_regions(&rows(text), &regions)[0].field, "region");
}

/// Every file of the demo city is read the way an operator would import it.
#[test]
fn the_demo_city_imports_cleanly() {
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("demo");
    let mut all = Vec::new();
    let mut report = Report::default();
    for file in std::fs::read_dir(directory).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            match jsonl::read(path.to_str().unwrap(), &std::fs::read(&path).unwrap()) {
                Ok(rows) => all.extend(rows),
                Err(refused) => report.faults.extend(refused.faults),
            }
        }
    }
    let regions = regions();
    report.faults.extend(check_references(&all, &|_| false));
    report.faults.extend(check_regions(&all, &regions));
    assert!(report.faults.is_empty(), "{report}");
}
