//! Files in and out: importing knowledge, and exporting what is stored.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use knowledge::export::{self, ExportFormat};
use knowledge::import::{Format, MAPPING_FILE, Mapping, SourceFile};
use serde::de::DeserializeOwned;
use tokio::sync::mpsc::UnboundedSender;

use super::command::{ExportKind, Report};
use crate::app::App;
use crate::records::{ConversationRecord, keys};
use crate::retrieval::Taking;
use crate::store::StoreExt;

/// The lines of a file, a JSON object each; empty ones are left out.
///
/// # Errors
/// Names the file, and the line that is not what it should be.
pub(crate) fn json_lines<T: DeserializeOwned>(file: &Path) -> anyhow::Result<Vec<T>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| {
            serde_json::from_str(line).with_context(|| format!("{}:{}", file.display(), number + 1))
        })
        .collect()
}

/// Takes files and folders over. What is refused is listed, and makes the command fail.
pub(super) async fn import(
    app: &App,
    paths: &[PathBuf],
    mapping: Option<&str>,
    taking: Taking,
    out: &UnboundedSender<Report>,
) -> anyhow::Result<()> {
    let say = |text: String| drop(out.send(Report::Line { text }));
    let mapping = mapping.map(Mapping::parse).transpose().context("the mapping file cannot be used")?;
    let mut found = Found::default();
    for path in paths {
        found.named(path)?;
    }
    let mut files = Vec::new();
    for path in &found.files {
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        files.push(SourceFile { name: path.display().to_string(), bytes });
    }
    if files.is_empty() {
        bail!(
            "there is no file to import in what was named, only files of these kinds are: {}",
            Format::endings()
        );
    }
    let progress = out.clone();
    let imported = app
        .knowledge
        .import(files, mapping, taking, move |step, done, total| {
            drop(progress.send(Report::Progress { step: step.into(), done, total }));
        })
        .await?;
    for name in found.left_out.iter().map(|path| path.display().to_string()).chain(imported.left_out) {
        say(format!("{name} was left out: files of this kind are not read"));
    }
    say(format!("{} entries of {} files were taken over", imported.entries, imported.files));
    if imported.refused_files > 0 {
        bail!(
            "{} of {} files were refused, and nothing of them was taken over:\n{}",
            imported.refused_files,
            imported.refused_files + imported.files,
            imported.report
        );
    }
    Ok(())
}

/// The files of an import.
#[derive(Default)]
struct Found {
    files: Vec<PathBuf>,
    /// Files in folders that are of no kind that is read.
    left_out: Vec<PathBuf>,
}

impl Found {
    /// A file itself, or what a folder holds.
    fn named(&mut self, path: &Path) -> anyhow::Result<()> {
        let about = std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
        if about.is_dir() {
            return self.folder(path);
        }
        if !is_read(path) {
            bail!("{}: files of this kind cannot be imported, only {}", path.display(), Format::endings());
        }
        self.files.push(path.to_owned());
        Ok(())
    }

    /// In the order of the names, so that two imports of a folder do the same.
    fn folder(&mut self, folder: &Path) -> anyhow::Result<()> {
        let cannot = || format!("cannot read {}", folder.display());
        let mut entries = std::fs::read_dir(folder)
            .with_context(cannot)?
            .collect::<Result<Vec<_>, _>>()
            .with_context(cannot)?;
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let (path, kind) = (entry.path(), entry.file_type().with_context(cannot)?);
            let name = entry.file_name();
            let name = name.to_string_lossy();
            // Hidden files, and the marks that Office leaves beside a document that is open.
            if name.starts_with('.') || name.starts_with("~$") {
                continue;
            }
            // A link to a folder may lead back to where it lies, so folders behind links are named themselves.
            if kind.is_dir() {
                self.folder(&path)?;
            } else if is_read(&path) {
                self.files.push(path);
            } else {
                self.left_out.push(path);
            }
        }
        Ok(())
    }
}

fn is_read(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name == MAPPING_FILE || Format::of_name(&name).is_some()
}

/// Prints what is stored, or writes it to a file.
pub(super) async fn export(
    app: &App,
    kind: ExportKind,
    format: ExportFormat,
    output: Option<&Path>,
    out: &UnboundedSender<Report>,
) -> anyhow::Result<()> {
    let say = |text: String| drop(out.send(Report::Line { text }));
    let entries = if kind == ExportKind::Entries { app.knowledge.entries().await? } else { Vec::new() };
    let made = match (kind, output) {
        (ExportKind::Entries, None) => {
            export::lines(&entries, format)?.into_iter().for_each(say);
            return Ok(());
        }
        (ExportKind::Entries, Some(_)) => {
            tokio::task::spawn_blocking(move || export::file(&entries, format)).await??
        }
        (_, None) => return records(app, kind, say).await,
        (_, Some(_)) => {
            let mut text = String::new();
            records(app, kind, |line| {
                text.push_str(&line);
                text.push('\n');
            })
            .await?;
            text.into_bytes()
        }
    };
    if let Some(path) = output {
        write_whole(path, &made).with_context(|| format!("cannot write {}", path.display()))?;
        say(format!("{} bytes were written to {}", made.len(), path.display()));
    }
    Ok(())
}

/// Conversations and gaps, one object a line.
async fn records(app: &App, kind: ExportKind, mut say: impl FnMut(String)) -> anyhow::Result<()> {
    if kind == ExportKind::Gaps {
        for record in app.store.scan_all(&keys::gaps()).await? {
            say(record.decode::<serde_json::Value>()?.to_string());
        }
        return Ok(());
    }
    for record in app.store.scan_all(&keys::conversations()).await? {
        let conversation: ConversationRecord = record.decode()?;
        let messages = app.ledger.messages(&conversation.id, 0, usize::MAX).await?;
        let mut value = serde_json::to_value(&conversation)?;
        if let Some(members) = value.as_object_mut() {
            members.insert("messages".to_owned(), serde_json::to_value(messages)?);
        }
        say(value.to_string());
    }
    Ok(())
}

/// Whoever looks at the file finds the old one or the new one, never half of it.
fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    std::fs::write(&part, bytes)?;
    std::fs::rename(&part, path)
}
