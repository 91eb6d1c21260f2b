//! Reading and changing the knowledge.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use knowledge::import::{Format, SourceFile};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Shared;
use super::auth::Editor;
use super::error::ApiError;
use crate::retrieval::Taking;

/// An entry that is in force, as the citizen may read it.
#[utoipa::path(get, path = "/api/v1/knowledge/{id}", tag = "public", params(("id" = String, Path)),
    responses((status = 200, description = "The entry", body = Object), (status = 404)))]
pub(super) async fn get(
    State(web): State<Shared>,
    Path(id): Path<String>,
) -> Result<Json<serde_json::Value>, ApiError> {
    // What took its place has an address of its own.
    let entry = web.knowledge.current(&id).await?.filter(|entry| entry.id.as_ref() == id);
    let entry = entry.ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND, "not_found"))?;
    Ok(Json(serde_json::to_value(entry).unwrap_or_default()))
}

/// Puts an entry in, or replaces it; it is searchable when this returns.
#[utoipa::path(put, path = "/api/v1/knowledge/{id}", tag = "knowledge", params(("id" = String, Path)), request_body = Object,
    responses((status = 200, description = "The entry as it is kept", body = Object), (status = 401), (status = 403), (status = 422, description = "`faults` lists what is wrong")))]
pub(super) async fn put(
    State(web): State<Shared>,
    Path(id): Path<String>,
    _: Editor,
    body: Bytes,
) -> Result<Json<serde_json::Value>, ApiError> {
    let bad = |detail: String| ApiError::new(StatusCode::BAD_REQUEST, "bad_json").detail(detail);
    let mut value: serde_json::Value = serde_json::from_slice(&body)
        .map_err(|error| bad(format!("line {}, column {}", error.line(), error.column())))?;
    let members = value.as_object_mut().ok_or_else(|| bad("an entry is an object".to_owned()))?;
    match members.get("id").map(|own| own.as_str() == Some(id.as_str())) {
        None => {
            members.insert("id".to_owned(), id.into());
        }
        Some(true) => {}
        Some(false) => return Err(bad("the entry's id is not the address's".to_owned())),
    }
    let entry = web.knowledge.put(value.to_string().into_bytes()).await?;
    Ok(Json(serde_json::to_value(entry).unwrap_or_default()))
}

/// Takes an entry out; it is found no more when this returns.
#[utoipa::path(delete, path = "/api/v1/knowledge/{id}", tag = "knowledge", params(("id" = String, Path)), responses((status = 204), (status = 401), (status = 404)))]
pub(super) async fn delete(
    State(web): State<Shared>,
    Path(id): Path<String>,
    _: Editor,
) -> Result<impl IntoResponse, ApiError> {
    if web.knowledge.delete(&id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::new(StatusCode::NOT_FOUND, "not_found"))
    }
}

/// What an import did.
#[derive(Serialize, ToSchema)]
pub struct Imported {
    /// How many entries were taken over.
    imported: usize,
}

/// What is known of the file that is sent.
#[derive(Deserialize)]
pub struct ImportQuery {
    /// Its name. The ending tells what it is; without a name the content type does, and without that it is JSONL.
    file: Option<String>,
}

/// Content types that programs send when nobody has told them what the body is.
const SAYS_NOTHING: [&str; 3] =
    ["application/octet-stream", "application/x-www-form-urlencoded", "text/plain"];

/// Takes a file over, all of it or nothing: JSONL, CSV, XLSX, Markdown, HTML, DOCX, PDF, or a zipped folder of these,
/// which may hold a `mapping.toml`.
#[utoipa::path(post, path = "/api/v1/knowledge/import", tag = "knowledge", params(("file" = Option<String>, Query, description = "The name of the file; its ending tells what it is")), request_body(content = String, content_type = "application/jsonl"),
    responses((status = 200, body = Imported), (status = 401), (status = 403), (status = 415, description = "Files of this kind are not read"), (status = 422, description = "`faults` lists every row that is wrong")))]
pub(super) async fn import(
    State(web): State<Shared>,
    Query(query): Query<ImportQuery>,
    headers: HeaderMap,
    _: Editor,
    body: Bytes,
) -> Result<Json<Imported>, ApiError> {
    let name = file_name(query.file, &headers).ok_or_else(|| {
        let known = format!("only {}", Format::endings());
        ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unknown_format").detail(known)
    })?;
    let file = SourceFile { name, bytes: body.into() };
    let done = web.knowledge.import(vec![file], None, Taking::AllOrNothing, |_, _, _| {}).await?;
    Ok(Json(Imported { imported: done.entries }))
}

/// A name whose ending tells what the body is.
fn file_name(named: Option<String>, headers: &HeaderMap) -> Option<String> {
    if let Some(name) = named {
        return Format::of_name(&name).map(|_| name);
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let bare = kind.split(';').next().unwrap_or_default().trim();
    let format = match Format::of_content_type(kind) {
        Some(format) => format,
        None if bare.is_empty() || SAYS_NOTHING.contains(&bare) => Format::Jsonl,
        None => return None,
    };
    Some(format!("body.{}", format.ending()))
}
