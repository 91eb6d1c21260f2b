//! Entries as Markdown files in a zipped folder, for offices that keep their knowledge in a repository.

use std::collections::HashSet;
use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::cells::members;
use super::{ExportError, failed};
use crate::entry::Entry;
use crate::import::body_of;

/// The longest name of a file, in characters; with Chinese ones that is still below what file systems take.
const LONGEST_NAME: usize = 60;

/// The archive.
pub(super) fn file(entries: &[Entry]) -> Result<Vec<u8>, ExportError> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let mut taken = HashSet::new();
    for entry in entries {
        let name = free_name(entry.id.as_str(), &mut taken);
        archive.start_file(format!("{name}.md"), SimpleFileOptions::default()).map_err(failed)?;
        archive.write_all(text(entry)?.as_bytes()).map_err(failed)?;
    }
    Ok(archive.finish().map_err(failed)?.into_inner())
}

/// One file: everything but the answer between the fences.
fn text(entry: &Entry) -> Result<String, ExportError> {
    let mut members = members(entry)?;
    let answer = entry.answer.as_str();
    let stands_beneath = !answer.is_empty() && body_of(answer) == answer && !answer.contains('\r');
    if stands_beneath {
        members.shift_remove("answer");
    }
    let matter = serde_saphyr::to_string(&members).map_err(failed)?;
    // Empty lines at the end stay: a block of text that ends in them has nothing else to say so.
    let end = if matter.ends_with('\n') { "" } else { "\n" };
    let body = if stands_beneath { format!("\n{answer}\n") } else { String::new() };
    Ok(format!("---\n{matter}{end}---\n{body}"))
}

/// A name that no other file has, not even on systems that do not tell capitals from small letters.
fn free_name(id: &str, taken: &mut HashSet<String>) -> String {
    // Windows keeps the colon for itself.
    let short: String = id.chars().take(LONGEST_NAME).map(|c| if c == ':' { '-' } else { c }).collect();
    let short = if short.starts_with('.') { format!("_{short}") } else { short };
    let names = std::iter::once(short.clone()).chain((2..).map(|number| format!("{short}-{number}")));
    let free = names.into_iter().find(|name| taken.insert(name.to_lowercase()));
    free.unwrap_or(short)
}
