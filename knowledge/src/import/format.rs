//! Kinds of files, by their names and by what a browser or program says of them.

/// A kind of file that can be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Jsonl,
    /// A table as text: CSV, TSV.
    Csv,
    /// An Excel workbook.
    Xlsx,
    /// Markdown with front matter; one entry a file.
    Markdown,
    /// A web page; one entry a file.
    Html,
    /// A Word document; one entry a file.
    Docx,
    /// A PDF document; one entry a file.
    Pdf,
    /// A zipped folder of any of these.
    Zip,
}

const FORMATS: [(Format, &[&str], &[&str]); 8] = [
    (Format::Jsonl, &["jsonl", "ndjson"], &["application/jsonl", "application/x-ndjson", "application/json"]),
    (Format::Csv, &["csv", "tsv"], &["text/csv", "text/tab-separated-values"]),
    (Format::Xlsx, &["xlsx", "xlsm"], &["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"]),
    (Format::Markdown, &["md", "markdown"], &["text/markdown"]),
    (Format::Html, &["html", "htm"], &["text/html"]),
    (Format::Docx, &["docx"], &["application/vnd.openxmlformats-officedocument.wordprocessingml.document"]),
    (Format::Pdf, &["pdf"], &["application/pdf"]),
    (Format::Zip, &["zip"], &["application/zip", "application/x-zip-compressed"]),
];

impl Format {
    /// By the ending of a file's name.
    pub fn of_name(name: &str) -> Option<Format> {
        let (_, ending) = name.rsplit_once('.')?;
        let ending = ending.to_ascii_lowercase();
        FORMATS.iter().find(|(_, endings, _)| endings.contains(&ending.as_str())).map(|(format, ..)| *format)
    }

    /// By a `Content-Type`.
    pub fn of_content_type(kind: &str) -> Option<Format> {
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        FORMATS.iter().find(|(.., kinds)| kinds.contains(&kind.as_str())).map(|(format, ..)| *format)
    }

    /// The usual ending of a file's name.
    pub fn ending(self) -> &'static str {
        let of_this = FORMATS.iter().find(|(format, ..)| *format == self);
        of_this.and_then(|(_, endings, _)| endings.first()).copied().unwrap_or_default()
    }

    /// The endings of all names that can be read, for whoever has a file of another kind.
    pub fn endings() -> String {
        let all = FORMATS.iter().flat_map(|(_, endings, _)| endings.iter());
        all.map(|ending| format!(".{ending}")).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::Format;

    #[test]
    fn files_are_known_by_name_and_by_content_type() {
        for (name, format) in [
            ("a.jsonl", Some(Format::Jsonl)),
            ("目录/问答.XLSX", Some(Format::Xlsx)),
            ("a.b.md", Some(Format::Markdown)),
            ("old.xls", None),
            ("csv", None),
        ] {
            assert_eq!(Format::of_name(name), format, "{name}");
        }
        assert_eq!(Format::of_content_type("text/CSV; charset=gbk"), Some(Format::Csv));
        assert_eq!(Format::of_content_type("image/png"), None);
    }
}
