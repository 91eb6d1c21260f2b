//! Files of the conversation: a citizen hands one in with a visitor token, and reads one by a signed link.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::multipart::{Multipart, MultipartError};
use axum::extract::{Path, Query, State as Shared};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Deserialize;

use super::routes::{Web, bearer, inbound, json, locale, problem, status_of};
use super::sign::LinkCheck;
use super::wire::{ID_LENGTH, ServerFrame};
use crate::serve::{self, Readers};
use crate::{Content, FileRefused, Wording};

/// What a form adds to the file in it: the other fields and the marks between them.
const FORM_BYTES: usize = 64 << 10;

/// How long a device waits when all places for uploads are taken.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long an upload may take: a large file over a slow line, but not for ever, because places are few.
const LONGEST: Duration = Duration::from_secs(300);

/// The longest body of an upload, in bytes.
pub(super) fn longest_body(web: &Web) -> usize {
    web.channel.settings.kit.files.limit().saturating_add(FORM_BYTES)
}

/// What an upload holds.
#[derive(Default)]
struct Form {
    id: String,
    text: Option<String>,
    name: Option<String>,
    data: Bytes,
}

async fn form(mut parts: Multipart) -> Result<Form, MultipartError> {
    let mut form = Form::default();
    while let Some(field) = parts.next_field().await? {
        match field.name() {
            Some("id") => form.id = field.text().await?,
            Some("text") => form.text = Some(field.text().await?),
            Some("file") => {
                form.name = field.file_name().map(str::to_owned);
                form.data = field.bytes().await?;
            }
            _ => {}
        }
    }
    Ok(form)
}

/// Takes a file and submits it as a message: form fields `id` (the device's id of the message), `file`, and `text` if
/// words go with it.
pub(super) async fn upload(
    Shared(web): Shared<Arc<Web>>,
    headers: HeaderMap,
    parts: Result<Multipart, axum::extract::multipart::MultipartRejection>,
) -> Response {
    let Some(peer) = bearer(&headers).and_then(|token| web.channel.peer(token)) else {
        return problem(StatusCode::UNAUTHORIZED, None, "unauthorized", None);
    };
    let bad = || problem(StatusCode::BAD_REQUEST, None, "bad_frame", None);
    let Ok(parts) = parts else { return bad() };
    let Ok(Ok(_place)) = tokio::time::timeout(PATIENCE, web.channel.uploads.acquire()).await else {
        return problem(StatusCode::SERVICE_UNAVAILABLE, None, "busy", Some(Duration::from_secs(5)));
    };
    let files = &web.channel.settings.kit.files;
    let Ok(form) = tokio::time::timeout(LONGEST, form(parts)).await else {
        return problem(StatusCode::REQUEST_TIMEOUT, None, "busy", None);
    };
    let form = match form {
        Ok(form) => form,
        Err(error) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            return refused(&web, &headers, None, &FileRefused::TooLarge { limit: files.limit() });
        }
        Err(_) => return bad(),
    };
    if form.id.is_empty() || form.id.len() > ID_LENGTH {
        return bad();
    }
    let media = match files.hand_in(&peer, form.name.as_deref(), form.data).await {
        Ok(media) => media,
        Err(error) => return refused(&web, &headers, Some(&form.id), &error),
    };
    let content = Content::Media { media: media.clone(), text: form.text };
    let submitted = web.inbox.submit(inbound(&web, peer.clone(), locale(&headers), &form.id, content)).await;
    let repeated = submitted.as_ref().is_ok_and(|ticket| ticket.accepted.repeated);
    if repeated || submitted.is_err() {
        // Its message has this file already, or there is none. What cannot be forgotten now is swept later.
        drop(files.take_back(&peer, &media).await);
    }
    match submitted {
        Ok(ticket) => {
            let frame = ServerFrame::Accepted { id: &form.id, seq: ticket.accepted.seq }.print();
            (StatusCode::ACCEPTED, json(frame)).into_response()
        }
        Err(error) => problem(status_of(&error), Some(&form.id), error.code(), error.retry_after()),
    }
}

fn refused(web: &Web, headers: &HeaderMap, id: Option<&str>, error: &FileRefused) -> Response {
    let words = &web.channel.settings.words;
    match error {
        FileRefused::Empty => {
            said(headers, StatusCode::UNPROCESSABLE_ENTITY, id, error.code(), &words.file_empty, None)
        }
        FileRefused::TooLarge { limit } => {
            let status = StatusCode::PAYLOAD_TOO_LARGE;
            said(headers, status, id, error.code(), &words.file_too_large, Some(*limit))
        }
        FileRefused::Forbidden => {
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            said(headers, status, id, error.code(), &words.file_forbidden, None)
        }
        FileRefused::Unavailable(reason) => {
            tracing::error!(channel.id = %web.channel.settings.kit.id, reason, "a file could not be kept");
            problem(StatusCode::SERVICE_UNAVAILABLE, id, "unavailable", Some(Duration::from_secs(2)))
        }
    }
}

/// A problem document whose title is for people: the links are opened in windows of their own.
fn said(
    headers: &HeaderMap,
    status: StatusCode,
    id: Option<&str>,
    code: &str,
    words: &Wording,
    limit: Option<usize>,
) -> Response {
    let megabytes = limit.map(|limit| limit.div_ceil(1 << 20).to_string());
    let title = match &megabytes {
        Some(megabytes) => words.fill(locale(headers), &[("limit", megabytes)]),
        None => words.say(locale(headers)).to_owned(),
    };
    let body = serde_json::json!({
        "type": "about:blank", "title": title, "status": status.as_u16(), "code": code, "id": id, "limit": limit,
    });
    let mut response = (status, body.to_string()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[derive(Deserialize)]
pub(super) struct LinkQuery {
    until: i64,
    sig: String,
    /// Saves also what could be shown.
    #[serde(default)]
    download: bool,
}

/// A file of one's own conversation.
pub(super) async fn read(
    Shared(web): Shared<Arc<Web>>,
    headers: HeaderMap,
    Path(file): Path<String>,
    query: Result<Query<LinkQuery>, axum::extract::rejection::QueryRejection>,
) -> Response {
    let words = &web.channel.settings.words;
    let no = |status, code, words: &Wording| said(&headers, status, None, code, words, None);
    let forged = || no(StatusCode::FORBIDDEN, "file_forged", &words.file_forged);
    let Ok(Query(query)) = query else { return forged() };
    let files = &web.channel.settings.kit.files;
    let away = |error: crate::NotesError| {
        tracing::error!(%error, "a file could not be read");
        problem(StatusCode::SERVICE_UNAVAILABLE, None, "unavailable", Some(Duration::from_secs(2)))
    };
    let owner = match files.owner(&file).await {
        Ok(owner) => owner.filter(|peer| peer.channel == web.channel.settings.kit.id),
        Err(error) => return away(error),
    };
    let Some(owner) = owner else { return no(StatusCode::NOT_FOUND, "file_gone", &words.file_gone) };
    let now = web.channel.now();
    match web.channel.settings.signer.check_file(&owner.address, &file, query.until, &query.sig, now) {
        LinkCheck::Good => {}
        LinkCheck::Expired => return no(StatusCode::FORBIDDEN, "file_expired", &words.file_expired),
        LinkCheck::Forged => return forged(),
    }
    match files.file(&file).await {
        Ok(Some(file)) => serve::respond(&file, &headers, query.download, Readers::Any),
        Ok(None) => no(StatusCode::NOT_FOUND, "file_gone", &words.file_gone),
        Err(error) => away(error),
    }
}
