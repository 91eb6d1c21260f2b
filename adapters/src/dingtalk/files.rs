//! Files, either way: what a person sent is fetched by its download code, what a helper sends is uploaded first.

use futures::StreamExt;
use reqwest::Method;
use serde_json::json;

use super::api::{Api, FILE_PATIENCE, Family};
use super::fault::{Fault, Kind};
use super::wire::text;
use crate::{Attachment, File, Media, MediaKind};

/// The largest file that is fetched or sent, in bytes: 20 MB, as the platform's upload takes them.
pub(super) const LARGEST: usize = 20 * 1024 * 1024;

/// Fetches what a person sent.
///
/// # Errors
/// The refusal; [`Kind::Recipient`] when the file is not there any more or too large.
pub(super) async fn fetch(api: &Api, robot_code: &str, media: &Media) -> Result<File, Fault> {
    let body = json!({ "downloadCode": media.reference, "robotCode": robot_code });
    let answer = api.call(Family::File, Method::POST, "/v1.0/robot/messageFiles/download", &body).await?;
    let url = text(&answer, "downloadUrl").ok_or_else(|| gone("there is no downloadUrl"))?;
    let response = api.http.get(url).timeout(FILE_PATIENCE).send().await?;
    let status = response.status();
    if status.is_server_error() {
        return Err(Fault::new(Kind::Away, format!("status {status}")));
    }
    if !status.is_success() {
        return Err(gone("the file is not there any more"));
    }
    let mime = response
        .headers()
        .get(reqwest::header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(|value| value.trim().to_ascii_lowercase())
        .filter(|value| !value.is_empty() && value != "application/octet-stream");
    let mut data = bytes::BytesMut::new();
    let mut stream = response.bytes_stream();
    while let Some(piece) = stream.next().await {
        let piece = piece?;
        if data.len() + piece.len() > LARGEST {
            return Err(gone("the file is too large"));
        }
        data.extend_from_slice(&piece);
    }
    let (name, guessed) = default_of(media.kind);
    let name = media.name.clone().unwrap_or_else(|| name.to_owned());
    Ok(File { name, mime: mime.unwrap_or_else(|| guessed.to_owned()), data: data.freeze() })
}

fn gone(reason: &str) -> Fault {
    Fault::new(Kind::Recipient, reason)
}

/// The name and type of a file that came without.
fn default_of(kind: MediaKind) -> (&'static str, &'static str) {
    match kind {
        MediaKind::Image => ("image.jpg", "image/jpeg"),
        MediaKind::Voice => ("voice.amr", "audio/amr"),
        MediaKind::Video => ("video.mp4", "video/mp4"),
        MediaKind::File => ("file.bin", "application/octet-stream"),
    }
}

/// Uploads a helper's file; returns the message that shows it, as `msgKey` and `msgParam`.
///
/// # Errors
/// The refusal.
pub(super) async fn upload(
    api: &Api,
    attachment: &Attachment,
    file: File,
) -> Result<(&'static str, serde_json::Value), Fault> {
    if file.data.len() > LARGEST {
        return Err(Fault::new(Kind::Content, "the file is too large"));
    }
    let kind = if attachment.kind == MediaKind::Image { "image" } else { "file" };
    let answer = api.upload(kind, &file.name, &file.mime, file.data).await?;
    let id =
        text(&answer, "media_id").ok_or_else(|| Fault::new(Kind::Content, "the upload has no media_id"))?;
    Ok(if attachment.kind == MediaKind::Image {
        ("sampleImageMsg", json!({ "photoURL": id }))
    } else {
        let ending = file.name.rsplit_once('.').map_or("bin", |(_, ending)| ending).to_ascii_lowercase();
        ("sampleFile", json!({ "mediaId": id, "fileName": file.name, "fileType": ending }))
    })
}
