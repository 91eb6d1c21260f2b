//! Which files are taken: by what is in them, never by what their names say. Names are cleaned for showing and saving.

use serde::{Deserialize, Serialize};

/// The longest name without its ending, in characters.
const LONGEST_NAME: usize = 80;

/// What a file is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum FileKind {
    /// A picture.
    Image,
    /// A recording of a voice or another sound.
    Voice,
    /// A film.
    Video,
    /// Anything else.
    File,
}

/// What the content of a file shows it to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Recognised {
    /// What it is.
    pub kind: FileKind,
    /// The media type it is served with.
    pub mime: &'static str,
    /// The endings its name may have; the first is given where it has none of them.
    endings: &'static [&'static str],
}

const fn kind(kind: FileKind, mime: &'static str, endings: &'static [&'static str]) -> Recognised {
    Recognised { kind, mime, endings }
}

const DOC: Recognised = kind(FileKind::File, "application/msword", &["doc", "wps"]);
const XLS: Recognised = kind(FileKind::File, "application/vnd.ms-excel", &["xls", "et"]);
const PPT: Recognised = kind(FileKind::File, "application/vnd.ms-powerpoint", &["ppt", "dps"]);
const DOCX: Recognised = kind(
    FileKind::File,
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    &["docx"],
);
const XLSX: Recognised =
    kind(FileKind::File, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", &["xlsx"]);
const PPTX: Recognised = kind(
    FileKind::File,
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    &["pptx"],
);
/// 版式文档, GB/T 33190: what Chinese offices issue instead of PDF.
const OFD: Recognised = kind(FileKind::File, "application/ofd", &["ofd"]);
const TEXT_UTF8: Recognised = kind(FileKind::File, "text/plain; charset=utf-8", &["txt"]);
const TEXT_GB: Recognised = kind(FileKind::File, "text/plain; charset=gb18030", &["txt"]);

/// How files of the old office format begin.
const OLE: [u8; 8] = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];

/// What is taken, by the media type that `infer` gives it. HTML, SVG, scripts, programs and archives are not here.
const TAKEN: &[(&str, Recognised)] = &[
    ("image/jpeg", kind(FileKind::Image, "image/jpeg", &["jpg", "jpeg"])),
    ("image/png", kind(FileKind::Image, "image/png", &["png"])),
    ("image/gif", kind(FileKind::Image, "image/gif", &["gif"])),
    ("image/webp", kind(FileKind::Image, "image/webp", &["webp"])),
    ("image/bmp", kind(FileKind::Image, "image/bmp", &["bmp"])),
    ("image/heif", kind(FileKind::Image, "image/heif", &["heic", "heif"])),
    ("image/avif", kind(FileKind::Image, "image/avif", &["avif"])),
    ("image/tiff", kind(FileKind::Image, "image/tiff", &["tif", "tiff"])),
    ("audio/mpeg", kind(FileKind::Voice, "audio/mpeg", &["mp3"])),
    ("audio/m4a", kind(FileKind::Voice, "audio/mp4", &["m4a"])),
    ("audio/ogg", kind(FileKind::Voice, "audio/ogg", &["ogg", "oga", "opus"])),
    ("audio/opus", kind(FileKind::Voice, "audio/ogg", &["ogg", "oga", "opus"])),
    ("audio/x-wav", kind(FileKind::Voice, "audio/wav", &["wav"])),
    ("audio/amr", kind(FileKind::Voice, "audio/amr", &["amr"])),
    ("audio/aac", kind(FileKind::Voice, "audio/aac", &["aac"])),
    ("audio/x-flac", kind(FileKind::Voice, "audio/flac", &["flac"])),
    ("video/mp4", kind(FileKind::Video, "video/mp4", &["mp4", "m4v"])),
    ("video/x-m4v", kind(FileKind::Video, "video/mp4", &["mp4", "m4v"])),
    ("application/pdf", kind(FileKind::File, "application/pdf", &["pdf"])),
    ("application/msword", DOC),
    ("application/vnd.ms-excel", XLS),
    ("application/vnd.ms-powerpoint", PPT),
    (DOCX.mime, DOCX),
    (XLSX.mime, XLSX),
    (PPTX.mime, PPTX),
    (
        "application/vnd.oasis.opendocument.text",
        kind(FileKind::File, "application/vnd.oasis.opendocument.text", &["odt"]),
    ),
    (
        "application/vnd.oasis.opendocument.spreadsheet",
        kind(FileKind::File, "application/vnd.oasis.opendocument.spreadsheet", &["ods"]),
    ),
    (
        "application/vnd.oasis.opendocument.presentation",
        kind(FileKind::File, "application/vnd.oasis.opendocument.presentation", &["odp"]),
    ),
];

/// Says what a file is, or `None` for what is not taken. The name decides only between kinds whose content looks alike.
pub fn recognise(name: Option<&str>, data: &[u8]) -> Option<Recognised> {
    let ending = name.and_then(|name| name.rsplit_once('.')).map(|(_, ending)| ending.to_ascii_lowercase());
    let ending = ending.as_deref().unwrap_or_default();
    let known = infer::get(data).map(|found| found.mime_type());
    let taken = TAKEN.iter().find(|(mime, _)| Some(*mime) == known).map(|(_, recognised)| *recognised);
    taken.or_else(|| match known {
        // The old office format without a class id, as WPS writes it.
        _ if data.starts_with(&OLE) => [DOC, XLS, PPT].into_iter().find(|old| old.endings.contains(&ending)),
        Some("application/zip") => zipped(ending, data),
        None if ending == "txt" => text(data),
        _ => None,
    })
}

/// Documents that are ZIP files, whose parts are not in the order that `infer` looks for.
fn zipped(ending: &str, data: &[u8]) -> Option<Recognised> {
    let holds = |part: &str| data.windows(part.len()).any(|window| window == part.as_bytes());
    match ending {
        "docx" if holds("word/document.xml") => Some(DOCX),
        "xlsx" if holds("xl/workbook.xml") => Some(XLSX),
        "pptx" if holds("ppt/presentation.xml") => Some(PPTX),
        "ofd" if holds("OFD.xml") => Some(OFD),
        _ => None,
    }
}

/// Plain text: nothing that a browser could take for a page, and no control characters.
fn text(data: &[u8]) -> Option<Recognised> {
    let body = data.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(data);
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace())?;
    let plain = body.iter().all(|&byte| byte >= b' ' || matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c));
    if *first == b'<' || !plain {
        return None;
    }
    Some(if str::from_utf8(body).is_ok() { TEXT_UTF8 } else { TEXT_GB })
}

/// A name without a path, control or direction characters, and what file systems mind.
pub fn shown_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let cleaned: String = last
        .chars()
        .filter(|character| !character.is_control() && !is_invisible(*character))
        .map(|character| if "<>:\"|?*".contains(character) { '_' } else { character })
        .take(LONGEST_NAME)
        .collect();
    cleaned.trim().trim_matches('.').trim().to_owned()
}

/// A name to show and to save under: clean, and with an ending that fits the content, so that a picture called `a.exe`
/// does not stay one.
pub fn clean_name(name: Option<&str>, recognised: &Recognised) -> String {
    let (stem, ending) = name.unwrap_or_default().rsplit_once('.').unwrap_or((name.unwrap_or_default(), ""));
    let ending = ending.to_ascii_lowercase();
    let (stem, ending) = if recognised.endings.contains(&ending.as_str()) {
        (stem, ending)
    } else {
        (name.unwrap_or_default(), recognised.endings.first().copied().unwrap_or("bin").to_owned())
    };
    let stem = shown_name(stem);
    let stem = match stem.as_str() {
        "" => match recognised.kind {
            FileKind::Image => "image",
            FileKind::Voice => "voice",
            FileKind::Video => "video",
            FileKind::File => "file",
        },
        stem => stem,
    };
    format!("{stem}.{ending}")
}

/// Marks of direction and characters without width: they make `exe.jpg` look like what it is not.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
