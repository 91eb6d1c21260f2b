//! How often one address may ask.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use futures::StreamExt;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};

use super::Shared;
use super::error::ApiError;

/// Counts requests by address.
pub struct AddressLimiter(Option<DefaultKeyedRateLimiter<IpAddr>>);

impl AddressLimiter {
    /// So many a minute; 0 is unlimited.
    pub fn new(per_minute: u32) -> Self {
        Self(NonZeroU32::new(per_minute).map(|rate| DefaultKeyedRateLimiter::keyed(Quota::per_minute(rate))))
    }

    /// Forgets the addresses that have not asked for a while.
    pub fn forget(&self) {
        if let Some(limiter) = &self.0 {
            limiter.retain_recent();
        }
    }
}

/// The address that a request counts for: the connection's, or what the last trusted proxy saw.
pub fn address(headers: &HeaderMap, connection: SocketAddr, trusted_proxies: usize) -> IpAddr {
    if trusted_proxies == 0 {
        return connection.ip();
    }
    let forwarded: Vec<IpAddr> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|part| part.trim().parse().ok())
        .collect();
    // Each trusted proxy appends whom it saw; what stands further left is whatever the client claims.
    forwarded
        .len()
        .checked_sub(trusted_proxies)
        .and_then(|index| forwarded.get(index))
        .copied()
        .unwrap_or(connection.ip())
}

/// How many requests a file counts for, since it takes room on the disk before its message is looked at.
const FILE_WEIGHT: u32 = 20;

/// Refuses what comes too fast, before anything is read.
pub(super) async fn per_address(
    State(web): State<Shared>,
    ConnectInfo(connection): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    if let Some(limiter) = &web.limiter.0 {
        let from = address(request.headers(), connection, web.settings.trusted_proxies);
        let is_file = request.method() == Method::POST && super::files::takes_files(request.uri().path());
        let weight = NonZeroU32::new(if is_file { FILE_WEIGHT } else { 1 }).unwrap_or(NonZeroU32::MIN);
        // A limit that is lower than the weight lets one file through at a time.
        let checked = limiter.check_key_n(&from, weight).unwrap_or_else(|_| limiter.check_key(&from));
        if let Err(early) = checked {
            let delay = early.wait_time_from(DefaultClock::default().now());
            web.metrics.refused("per_address");
            return Err(ApiError::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited").retry_after(delay));
        }
    }
    Ok(next.run(request).await)
}

/// The most that is read of a body only to be thrown away.
const THROWN_AWAY: usize = 8 << 20;

/// Refuses a body that says itself that it is too long. It is read first: a client whose words are answered while it
/// still speaks mostly sees a broken connection instead of the reason.
pub(super) async fn body_length(
    State(web): State<Shared>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let length =
        request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let path = request.uri().path();
    let is_import = path == "/api/v1/knowledge/import" || path.starts_with(super::search::SETS);
    let is_file = super::files::takes_files(path);
    let longest = if is_import {
        web.settings.body_bytes * super::IMPORT_FACTOR
    } else if is_file {
        // A little more than the route takes, whose own refusal can be read by pages of other origins, too.
        web.settings.file_bytes.saturating_add(8 * super::files::FORM_BYTES)
    } else {
        web.settings.body_bytes
    };
    if length.is_none_or(|length: usize| length <= longest) {
        return Ok(next.run(request).await);
    }
    let mut body = request.into_body().into_data_stream();
    let mut thrown_away = 0;
    while let Some(Ok(piece)) = body.next().await {
        thrown_away += piece.len();
        if thrown_away > THROWN_AWAY {
            break;
        }
    }
    Err(if is_file {
        super::files::too_large(web.settings.file_bytes)
    } else {
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_cannot_choose_its_address() {
        let connection: SocketAddr = "10.0.0.1:9".parse().unwrap();
        let table = [
            (0, "6.6.6.6", "10.0.0.1"),
            (1, "6.6.6.6, 1.2.3.4", "1.2.3.4"),
            (2, "6.6.6.6, 1.2.3.4, 10.0.0.2", "1.2.3.4"),
            (2, "1.2.3.4", "10.0.0.1"),
            (1, "nonsense", "10.0.0.1"),
        ];
        for (proxies, forwarded, expected) in table {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", forwarded.parse().unwrap());
            assert_eq!(address(&headers, connection, proxies).to_string(), expected, "{proxies} {forwarded}");
        }
    }
}
