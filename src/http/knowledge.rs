//! Reading and changing the knowledge.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::Shared;
use super::auth::Editor;
use super::error::ApiError;

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

/// Takes a JSONL file over, all of it or nothing.
#[utoipa::path(post, path = "/api/v1/knowledge/import", tag = "knowledge", request_body(content = String, content_type = "application/jsonl"),
    responses((status = 200, body = Imported), (status = 401), (status = 403), (status = 422, description = "`faults` lists every row that is wrong")))]
pub(super) async fn import(
    State(web): State<Shared>,
    _: Editor,
    body: Bytes,
) -> Result<Json<Imported>, ApiError> {
    let imported = web.knowledge.import(vec![("body".to_owned(), body.to_vec())], |_, _| {}).await?;
    Ok(Json(Imported { imported }))
}
