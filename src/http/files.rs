//! Files at the desk, over HTTP.

#![expect(unused_qualifications, reason = "the macro that describes the interface writes paths in full")]

use adapters::File;
use adapters::serve::{self, Readers};
use axum::Json;
use axum::extract::multipart::{Multipart, MultipartError, MultipartRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::Shared;
use super::auth::Signed;
use super::error::ApiError;
use crate::records::MessageRecord;

/// What a form adds to the file in it: the other fields and the marks between them.
pub(super) const FORM_BYTES: usize = 64 << 10;

/// Where files are sent: `/channels/NAME/files` and `/api/v1/desk/conversations/ID/files`.
pub(super) fn takes_files(path: &str) -> bool {
    path.ends_with("/files")
        && (path.starts_with("/channels/") || path.starts_with("/api/v1/desk/conversations/"))
}

/// A file to the citizen.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form, which is read field by field")]
pub(super) struct FileForm {
    /// The file.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// Words that go with it.
    text: Option<String>,
    /// The message's id; sending the same id again sends nothing twice.
    id: Option<String>,
}

#[derive(Default)]
struct Form {
    name: Option<String>,
    data: Option<Bytes>,
    text: String,
    id: Option<String>,
}

async fn form(mut parts: Multipart) -> Result<Form, MultipartError> {
    let mut form = Form::default();
    while let Some(field) = parts.next_field().await? {
        match field.name() {
            Some("text") => form.text = field.text().await?,
            Some("id") => form.id = Some(field.text().await?),
            Some("file") => {
                form.name = field.file_name().map(str::to_owned);
                form.data = Some(field.bytes().await?);
            }
            _ => {}
        }
    }
    Ok(form)
}

/// Sends a file to the citizen.
#[utoipa::path(post, path = "/api/v1/desk/conversations/{id}/files", tag = "desk", params(("id" = String, Path)),
    request_body(content = FileForm, content_type = "multipart/form-data"),
    responses((status = 201, body = MessageRecord), (status = 400, description = "No form, or no file in it"), (status = 404), (status = 409, description = "Not yours"),
    (status = 413, description = "Too large: `limit` is the most"), (status = 415, description = "Files of this kind are not taken"), (status = 422, description = "Empty, or the text is too long")))]
pub(super) async fn send(
    State(web): State<Shared>,
    Signed(helper): Signed,
    Path(id): Path<String>,
    parts: Result<Multipart, MultipartRejection>,
) -> Result<(StatusCode, Json<MessageRecord>), ApiError> {
    let bad = || ApiError::new(StatusCode::BAD_REQUEST, "bad_form");
    let form = form(parts.map_err(|_| bad())?).await.map_err(|error| {
        if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
            too_large(web.settings.file_bytes)
        } else {
            bad()
        }
    })?;
    let file = (form.name.as_deref(), form.data.ok_or_else(bad)?);
    let message = web.desk.send_file(&helper, &id, file, &form.text, form.id).await?;
    Ok((StatusCode::CREATED, Json(message)))
}

/// The refusal of a file that is too large.
pub(super) fn too_large(limit: usize) -> ApiError {
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "file_too_large").with("limit", limit)
}

#[derive(Deserialize, IntoParams)]
pub(super) struct FileQuery {
    /// Saves also what could be shown.
    #[serde(default)]
    download: bool,
}

/// A file of a conversation that one may read. Pictures, recordings and films are shown; everything else is saved.
#[utoipa::path(get, path = "/api/v1/desk/files/{id}", tag = "desk", params(("id" = String, Path), FileQuery),
    responses((status = 200, description = "The file", content_type = "application/octet-stream"), (status = 206, description = "The part that `Range` asks for"), (status = 401),
    (status = 404, description = "There is none, or it is not kept any more"), (status = 409, description = "Somebody else has the conversation")))]
pub(super) async fn read(
    State(web): State<Shared>,
    Signed(helper): Signed,
    Path(id): Path<String>,
    Query(query): Query<FileQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (head, data) = web.desk.file(&helper, &id).await?;
    let file = File { name: head.name, mime: head.mime, data };
    Ok(serve::respond(&file, &headers, query.download, Readers::Own))
}
