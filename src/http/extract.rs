//! JSON bodies with errors that say where they are wrong.

use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::error::ApiError;

/// A JSON body.
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| {
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large")
            } else {
                ApiError::new(StatusCode::BAD_REQUEST, "bad_json")
            }
        })?;
        let mut deserializer = serde_json::Deserializer::from_slice(&bytes);
        let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
            let path = error.path().to_string();
            let inner = error.into_inner();
            // serde's own message may quote the value; place and kind are enough to find the mistake.
            ApiError::new(StatusCode::BAD_REQUEST, "bad_json").detail(format!(
                "line {}, column {}, at `{path}`: {:?} error",
                inner.line(),
                inner.column(),
                inner.classify()
            ))
        })?;
        deserializer.end().map_err(|_| ApiError::new(StatusCode::BAD_REQUEST, "bad_json"))?;
        Ok(Self(value))
    }
}
