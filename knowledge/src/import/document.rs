//! Documents that were not written as entries: web pages, Word and PDF files. One entry a file.
//!
//! Unless a mapping says otherwise such an entry is a policy, and a draft: nobody has read yet what a machine took out
//! of the document, and drafts are never answered from.

use std::sync::Arc;

use super::mapping::Mapping;
use super::place::Places;
use super::record::Record;
use super::{Fault, FileRead, Row};

/// The kind of an entry made of a document.
const KIND: &str = "policy";

/// Its status.
const STATUS: &str = "draft";

/// What was found in a document.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Document {
    /// What it is called; without it, the file's name is.
    pub(super) title: Option<String>,
    /// Its text as Markdown.
    pub(super) text: String,
    /// The day it was published, as `YYYY-MM-DD`.
    pub(super) published_on: Option<String>,
    /// The office that published it.
    pub(super) department: Option<String>,
    /// Where it can be read.
    pub(super) url: Option<String>,
}

/// Makes the entry.
pub(super) fn entry_of(name: &str, document: Document, mapping: &Mapping) -> FileRead {
    let mut read = FileRead::new(name);
    if document.text.trim().is_empty() {
        return FileRead::refused(
            name,
            "there is no text in it; if it is a scan, its text has to be recognised first",
        );
    }
    let mut record = Record::default();
    let title = document.title.map(|title| title.split_whitespace().collect::<Vec<_>>().join(" "));
    let title = title.filter(|title| !title.is_empty()).unwrap_or_else(|| stem(name).to_owned());
    let mut source = serde_json::Map::new();
    source.insert("title".to_owned(), title.clone().into());
    source.extend(document.url.map(|url| ("url".to_owned(), url.into())));
    source.extend(document.published_on.map(|day| ("published_on".to_owned(), day.into())));
    record.suppose("title", title);
    record.suppose("answer", document.text);
    if !mapping.gives("source") {
        record.suppose("source", source);
    }
    if let Some(department) = document.department.filter(|_| !mapping.gives("department")) {
        record.suppose("department", department);
    }
    for (field, value) in [("kind", KIND), ("status", STATUS)] {
        if !mapping.gives(field) {
            record.suppose(field, value);
        }
    }
    if mapping.id.from.is_none()
        && let Some(id) = id_of_name(name)
    {
        record.suppose("id", id);
    }
    let file = Arc::clone(&read.name);
    match record.finish(mapping) {
        Ok(entry) => read.rows.push(Row { file, line: 1, entry, places: Places::Unknown }),
        Err(refused) => {
            read.refused.extend(refused.id);
            let faults = refused.wrong.into_iter();
            read.faults.extend(faults.map(|wrong| Fault::at(&file, 1, 1, wrong.field, wrong.reason)));
        }
    }
    read
}

/// A file's name without folders and ending.
fn stem(name: &str) -> &str {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    file.rsplit_once('.').map_or(file, |(stem, _)| stem)
}

/// The id of an entry that is named by its file: what cannot stand in an id becomes a hyphen.
pub(super) fn id_of_name(name: &str) -> Option<String> {
    let allowed = |c: char| crate::EntryId::new(c).is_ok();
    let mut id = String::new();
    for c in stem(name).chars() {
        if allowed(c) {
            id.push(c);
        } else if !id.is_empty() && !id.ends_with('-') {
            id.push('-');
        }
    }
    let id = id.trim_end_matches('-');
    (!id.is_empty()).then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_becomes_a_draft_until_somebody_says_otherwise() {
        let document = || Document { text: "正文".to_owned(), ..Document::default() };
        let entry = |mapping: &str| {
            let mapping = Mapping::parse(mapping).unwrap();
            entry_of("文件/关于住房（2026）的通知.docx", document(), &mapping)
                .whole()
                .unwrap()
                .remove(0)
                .entry
        };
        let plain = entry("");
        assert_eq!(
            (plain.id.as_str(), plain.title.as_str()),
            ("关于住房-2026-的通知", "关于住房（2026）的通知")
        );
        assert_eq!((plain.kind(), plain.status), (crate::Kind::Policy, crate::Status::Draft));
        assert_eq!(plain.source.unwrap().title, plain.title);
        let said = entry(
            "[defaults]\nkind = \"faq\"\nstatus = \"published\"\nregion = \"330100\"\nsource = \"公报\"",
        );
        assert_eq!((said.kind(), said.status), (crate::Kind::Faq, crate::Status::Published));
        assert_eq!((said.region.as_deref(), said.source.unwrap().title.as_str()), (Some("330100"), "公报"));
        assert_eq!(entry_of("空.pdf", Document::default(), &Mapping::default()).faults.len(), 1);
    }
}
