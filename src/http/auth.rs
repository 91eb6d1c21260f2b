//! Who is asking. A handler that takes a [`Signed`] helper cannot be reached without a login, one that takes an
//! [`Editor`] not without the right to change the knowledge.

use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use secrecy::ExposeSecret;

use super::Shared;
use super::error::ApiError;
use crate::desk::{HelperRecord, Role};
use crate::records::CitizenRecord;

/// The cookie of a helper's login.
pub const COOKIE: &str = "yikouwen_desk";

/// The cookie of a citizen's login on our own pages.
pub const CITIZEN_COOKIE: &str = "yikouwen_citizen";

/// A helper who is logged in. Every request of theirs is a sign of life.
pub struct Signed(pub HelperRecord);

/// The token of the cookie of a helper's login, if there is one.
pub(super) fn token(headers: &HeaderMap) -> Option<&str> {
    cookie(headers, COOKIE)
}

/// The header that sets a cookie, or clears it with no seconds to live.
pub(super) fn set_cookie(
    web: &Shared,
    (name, value): (&str, &str),
    same_site: &str,
    seconds: Option<u64>,
) -> HeaderValue {
    let mut text = format!("{name}={value}; Path=/; HttpOnly; SameSite={same_site}");
    if let Some(seconds) = seconds {
        text.push_str(&format!("; Max-Age={seconds}"));
    }
    if web.settings.secure_cookies {
        text.push_str("; Secure");
    }
    // Base64 and digits are always a valid header.
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// What a cookie holds, if there is one of this name.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

impl FromRequestParts<Shared> for Signed {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, web: &Shared) -> Result<Self, ApiError> {
        let Some(token) = token(&parts.headers) else {
            return Err(ApiError::new(StatusCode::UNAUTHORIZED, "not_logged_in"));
        };
        let helper = web.desk.helper_of(token).await?;
        web.desk.sign_of_life(&helper.name).await?;
        Ok(Self(helper))
    }
}

/// A citizen who is logged in on our own pages.
pub struct Citizen(pub CitizenRecord);

impl FromRequestParts<Shared> for Citizen {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, web: &Shared) -> Result<Self, ApiError> {
        let identities = web.identities()?;
        let Some(token) = cookie(&parts.headers, CITIZEN_COOKIE) else {
            return Err(ApiError::new(StatusCode::UNAUTHORIZED, "not_logged_in"));
        };
        Ok(Self(identities.citizen_behind(token).await?))
    }
}

/// Somebody, or a program, that may change the knowledge.
pub struct Editor;

impl FromRequestParts<Shared> for Editor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, web: &Shared) -> Result<Self, ApiError> {
        let bearer = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "));
        if let (Some(given), Some(expected)) = (bearer, &web.settings.api_token) {
            // Digests are compared, so that the time it takes says nothing of where the difference lies.
            use sha2::Digest;
            if sha2::Sha256::digest(given) == sha2::Sha256::digest(expected.expose_secret()) {
                return Ok(Self);
            }
        }
        refuse_other_sites(&parts.method, &parts.headers)?;
        let Signed(helper) = Signed::from_request_parts(parts, web).await?;
        if matches!(helper.role, Role::Owner | Role::Supervisor | Role::Admin) {
            Ok(Self)
        } else {
            Err(ApiError::new(StatusCode::FORBIDDEN, "forbidden"))
        }
    }
}

/// Refuses what another site makes a helper's browser send. The cookie is `SameSite=Strict` already; this holds for
/// browsers that take that lightly. Programs send neither header and have no cookie to be misused.
fn refuse_other_sites(method: &Method, headers: &HeaderMap) -> Result<(), ApiError> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let socket = text("upgrade").is_some_and(|value| value.eq_ignore_ascii_case("websocket"));
    if matches!(*method, Method::GET | Method::HEAD) && !socket {
        return Ok(());
    }
    let fetched_here = text("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none"));
    let from_here = text("origin").is_none_or(|origin| {
        origin.split_once("://").map(|(_, rest)| rest).is_some_and(|host| Some(host) == text("host"))
    });
    if fetched_here && from_here { Ok(()) } else { Err(ApiError::new(StatusCode::FORBIDDEN, "cross_site")) }
}

/// The same, as a layer around the desk's routes.
pub(super) async fn same_site(request: Request, next: Next) -> Result<Response, ApiError> {
    refuse_other_sites(request.method(), request.headers())?;
    Ok(next.run(request).await)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|&(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn the_token_is_found_among_other_cookies() {
        let found = headers(&[("cookie", "a=b; yikouwen_desk=tok; c=d")]);
        assert_eq!(token(&found), Some("tok"));
        assert_eq!(token(&headers(&[("cookie", "yikouwen_desk_x=tok")])), None);
    }

    #[test]
    fn other_sites_cannot_act() {
        let table: [(&[(&str, &str)], bool); 6] = [
            (&[("host", "a.example")], true),
            (
                &[("host", "a.example"), ("origin", "https://a.example"), ("sec-fetch-site", "same-origin")],
                true,
            ),
            (&[("host", "a.example"), ("origin", "https://evil.example")], false),
            (&[("host", "a.example"), ("sec-fetch-site", "cross-site")], false),
            (&[("host", "a.example"), ("sec-fetch-site", "same-site")], false),
            (&[("host", "a.example"), ("origin", "null")], false),
        ];
        for (pairs, allowed) in table {
            assert_eq!(refuse_other_sites(&Method::POST, &headers(pairs)).is_ok(), allowed, "{pairs:?}");
        }
        assert!(refuse_other_sites(&Method::GET, &headers(&[("sec-fetch-site", "cross-site")])).is_ok());
        let socket =
            headers(&[("upgrade", "websocket"), ("origin", "https://evil.example"), ("host", "a.example")]);
        assert!(refuse_other_sites(&Method::GET, &socket).is_err());
    }
}
