//! What citizens send besides words: how it is named until it is fetched.

use super::wire::Kind;
use crate::{Media, MediaKind};

/// A name for a file that comes without one.
fn name(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Image => "image.jpg",
        MediaKind::Voice => "voice.amr",
        MediaKind::Video => "video.mp4",
        MediaKind::File => "file",
    }
}

/// The file that a push carries, if it carries one.
pub fn media(kind: &Kind) -> Option<Media> {
    let (kind, id, own) = match kind {
        Kind::Image(id) => (MediaKind::Image, id, None),
        Kind::Voice(id, _) => (MediaKind::Voice, id, None),
        Kind::Video(id) => (MediaKind::Video, id, None),
        Kind::File(id, name) => (MediaKind::File, id, name.clone()),
        _ => return None,
    };
    let name = own.unwrap_or_else(|| name(kind).to_owned());
    Some(Media { kind, name: Some(name), reference: id.clone(), bytes: None })
}

/// The name under which a file is kept.
pub fn file_name(media: &Media) -> String {
    media.name.clone().unwrap_or_else(|| name(media.kind).to_owned())
}
