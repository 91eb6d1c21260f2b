//! One request: texts out, vectors in.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use secrecy::ExposeSecret;
use tokio::time::{Instant, timeout_at};

use super::{EmbeddingError, EmbeddingSettings, wire};

/// The longest answer that is read, for one text; a number takes up to some 24 characters.
const BYTES_PER_TEXT: usize = 512 * 1024;

pub(super) async fn embed(
    client: &reqwest::Client,
    settings: &EmbeddingSettings,
    as_what: Option<&str>,
    texts: &[String],
    deadline: Instant,
) -> Result<Vec<Vec<f32>>, EmbeddingError> {
    let body = wire::request(settings, as_what, texts)?;
    let answer = timeout_at(deadline, exchange(client, settings, body, texts.len()));
    let answer = answer.await.map_err(|_| EmbeddingError::Slow)??;
    wire::vectors(&answer, texts.len(), settings.dimensions)
}

async fn exchange(
    client: &reqwest::Client,
    settings: &EmbeddingSettings,
    body: String,
    texts: usize,
) -> Result<Vec<u8>, EmbeddingError> {
    let url = format!("{}/embeddings", settings.base_url.trim_end_matches('/'));
    let mut request = client.post(url).header(CONTENT_TYPE, "application/json").body(body);
    if let Some(key) = &settings.api_key {
        request = request.bearer_auth(key.expose_secret());
    }
    let mut response = request.send().await.map_err(EmbeddingError::of_request)?;
    let status = response.status();
    if !status.is_success() {
        return Err(EmbeddingError::of_status(status.as_u16(), retry_after(response.headers())));
    }
    let mut answer = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(EmbeddingError::of_request)? {
        answer.extend_from_slice(&chunk);
        if answer.len() > BYTES_PER_TEXT.saturating_mul(texts) {
            return Err(EmbeddingError::Unusable("it has no end".to_owned()));
        }
    }
    Ok(answer)
}

/// The wait a server asks for in seconds. Those that name a moment get the usual pause.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}
