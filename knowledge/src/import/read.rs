//! Reading the files of one import, each by the reader of its format and with the mapping that holds for it.

use std::sync::LazyLock;

use super::archive::{Archive, Member};
use super::mapping::{FILE_NAME, Mapping};
use super::{Fault, FileRead, Format, csv, docx, html, jsonl, markdown, pdf, xlsx};

/// A file to be imported.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// How it is named in the report; its ending tells what it is.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// How many times at least it is told how far a long file has been read.
const STEPS: usize = 200;

/// What the files of an import gave.
#[derive(Debug, Default)]
pub struct Read {
    /// One for each file, those in archives included.
    pub files: Vec<FileRead>,
    /// Files in archives that are of no kind that is read.
    pub left_out: Vec<String>,
}

/// Reads files. A mapping that is handed in holds for all of them; without one, a file `mapping.toml` holds for what
/// lies beside and beneath it. `progress` is told how many bytes are done, of how many.
pub fn read(
    files: Vec<SourceFile>,
    mapping: Option<&Mapping>,
    progress: &mut dyn FnMut(usize, usize),
) -> Read {
    let total: usize = files.iter().map(|file| file.bytes.len()).sum();
    let mut found = Read::default();
    let (mappings, files): (Vec<SourceFile>, Vec<SourceFile>) =
        files.into_iter().partition(|file| is_mapping(&file.name));
    let texts = mappings.into_iter().map(|file| (file.name, file.bytes));
    let mappings = Mappings::new(mapping, texts, &mut found);
    let mut done = 0;
    let mut told = 0;
    for file in files {
        // A table has more rows than anybody wants to be told of.
        let mut within = |bytes: usize| {
            let now = (done + bytes).min(total);
            if now > told + total / STEPS {
                told = now;
                progress(now, total);
            }
        };
        match Format::of_name(&file.name) {
            Some(Format::Zip) => read_archive(&file, &mappings, &mut within, &mut found),
            Some(format) => {
                found.files.push(read_file(format, &file.name, &file.bytes, &mappings, &mut within));
            }
            None => found.files.push(FileRead::refused(&file.name, unknown_kind())),
        }
        done += file.bytes.len();
        told = done;
        progress(done, total);
    }
    found
}

fn unknown_kind() -> String {
    format!("files of this kind are not read, only {}", Format::endings())
}

fn is_mapping(path: &str) -> bool {
    path.rsplit('/').next() == Some(FILE_NAME)
}

fn read_archive(file: &SourceFile, outer: &Mappings<'_>, within: &mut dyn FnMut(usize), found: &mut Read) {
    let opened = Archive::open(&file.bytes).and_then(|mut archive| Ok((archive.members()?, archive)));
    let (members, mut archive) = match opened {
        Ok(opened) => opened,
        Err(reason) => return found.files.push(FileRead::refused(&file.name, reason)),
    };
    let (mappings, members): (Vec<Member>, Vec<Member>) =
        members.into_iter().partition(|member| is_mapping(&member.path));
    let named = |member: &Member| format!("{}/{}", file.name, member.path);
    let mut texts = Vec::new();
    for member in &mappings {
        match archive.unpack(member) {
            Ok(bytes) => texts.push((named(member), bytes)),
            Err(reason) => found.files.push(FileRead::refused(&named(member), reason)),
        }
    }
    let mappings = outer.with(texts, found);
    let mut done = 0;
    for member in &members {
        let name = named(member);
        match Format::of_name(&member.path) {
            Some(Format::Zip) => {
                found.files.push(FileRead::refused(&name, "an archive in an archive is not read; unpack it"));
            }
            None => found.left_out.push(name),
            Some(format) => match archive.unpack(member) {
                Ok(bytes) => found.files.push(read_file(format, &name, &bytes, &mappings, &mut |_| {})),
                Err(reason) => {
                    // A bomb stays one, whatever the other files are.
                    found.files.push(FileRead::refused(&name, reason));
                    return;
                }
            },
        }
        done += member.packed;
        within(done);
    }
}

fn read_file(
    format: Format,
    name: &str,
    bytes: &[u8],
    mappings: &Mappings<'_>,
    within: &mut dyn FnMut(usize),
) -> FileRead {
    static NONE: LazyLock<Mapping> = LazyLock::new(Mapping::default);
    let mapping = match mappings.of(name) {
        Ok(mapping) => mapping,
        Err(faulty) => return FileRead::refused(name, format!("its mapping file {faulty} cannot be used")),
    };
    let explained = mapping.unwrap_or(&NONE);
    match format {
        Format::Jsonl => jsonl::read_file(name, bytes, mapping, within),
        Format::Csv => csv::read(name, bytes, explained, within),
        Format::Xlsx => xlsx::read(name, bytes, explained, within),
        Format::Markdown => markdown::read(name, bytes, explained),
        Format::Html => html::read(name, bytes, explained),
        Format::Docx => docx::read(name, bytes, explained),
        Format::Pdf => pdf::read(name, bytes, explained),
        Format::Zip => FileRead::refused(name, unknown_kind()),
    }
}

/// Which mapping holds where.
struct Mappings<'a> {
    given: Option<&'a Mapping>,
    /// By the folder they lie in, with a `/` at the end; nothing stands for one that is faulty.
    placed: Vec<(String, Option<Mapping>)>,
}

impl<'a> Mappings<'a> {
    fn new(
        given: Option<&'a Mapping>,
        texts: impl IntoIterator<Item = (String, Vec<u8>)>,
        found: &mut Read,
    ) -> Self {
        let mut mappings = Self { given, placed: Vec::new() };
        // One that was handed in goes before all others, so those need not even be well formed.
        if given.is_none() {
            mappings.place(texts, found);
        }
        mappings
    }

    /// The same, and those of an archive.
    fn with(&self, texts: impl IntoIterator<Item = (String, Vec<u8>)>, found: &mut Read) -> Mappings<'a> {
        let mut mappings = Mappings { given: self.given, placed: self.placed.clone() };
        if self.given.is_none() {
            mappings.place(texts, found);
        }
        mappings
    }

    fn place(&mut self, texts: impl IntoIterator<Item = (String, Vec<u8>)>, found: &mut Read) {
        for (name, bytes) in texts {
            let folder = name.strip_suffix(FILE_NAME).unwrap_or(&name).to_owned();
            match Mapping::parse(&String::from_utf8_lossy(&bytes)) {
                Ok(mapping) => self.placed.push((folder, Some(mapping))),
                Err(error) => {
                    let mut read = FileRead::new(&name);
                    read.faults.push(Fault::at(&read.name, 1, 1, "", error.to_string()));
                    found.files.push(read);
                    self.placed.push((folder, None));
                }
            }
        }
    }

    /// The one for a file; the error names the file of a faulty one.
    fn of(&self, name: &str) -> Result<Option<&Mapping>, String> {
        if self.given.is_some() {
            return Ok(self.given);
        }
        let around = self.placed.iter().filter(|(folder, _)| name.starts_with(folder.as_str()));
        match around.max_by_key(|(folder, _)| folder.len()) {
            None => Ok(None),
            Some((_, Some(mapping))) => Ok(Some(mapping)),
            Some((folder, None)) => Err(format!("{folder}{FILE_NAME}")),
        }
    }
}
