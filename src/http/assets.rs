//! The built web parts, carried in the program.

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use rust_embed::{EmbeddedFile, RustEmbed};
use tower_http::cors::CorsLayer;

use super::Shared;
use super::error::ApiError;

#[derive(RustEmbed)]
#[folder = "web/dist/"]
struct Built;

/// Pages load only what is theirs. Styles may stand in the page, because component libraries set them.
const PAGE_POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    connect-src 'self' ws: wss:; font-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'";

/// The page that draws what a citizen's page sent.
const VIEWER: &str = "desk/viewer.html";

/// What is drawn there comes from elsewhere, so it may run nothing and ask nobody else.
const VIEWER_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    font-src 'self'; connect-src 'self'; frame-src 'self' about:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

/// What a page may ask the browser for that a citizen shares.
const SHARABLE: &str = "camera=(), display-capture=(self), microphone=(self)";

/// What a page may ask the browser for. The microphone is for calls beside a shared page, and the desktop is shown only by
/// the page that a citizen shares from.
fn devices(name: &str) -> &'static str {
    match name {
        "desk/index.html" => "camera=(), display-capture=(), microphone=(self)",
        // The citizen's own pages can be shared as forms can.
        "index.html" | "me.html" => SHARABLE,
        _ if name.starts_with("share/") || name.starts_with("forms/") => SHARABLE,
        _ => "camera=(), display-capture=(), microphone=()",
    }
}

pub(super) fn router(anyone: CorsLayer) -> Router<Shared> {
    let widget = Router::new()
        .route("/assist.js", get(|headers: HeaderMap| file("assist.js", headers)))
        .route("/widget.js", get(|headers: HeaderMap| file("widget.js", headers)))
        .layer(anyone);
    Router::new()
        .route("/", get(|headers: HeaderMap| file("index.html", headers)))
        .route(
            "/page/{*path}",
            get(|Path(path): Path<String>, headers: HeaderMap| async move {
                file(&format!("page/{path}"), headers).await
            }),
        )
        .route("/me", get(|headers: HeaderMap| personal("me.html", headers)))
        .route("/login/{id}", get(|headers: HeaderMap| personal("me.html", headers)))
        .route("/desk", get(|| async { Redirect::permanent("/desk/") }))
        .route("/desk/", get(|headers: HeaderMap| file("desk/index.html", headers)))
        .route(
            "/desk/{*path}",
            get(|Path(path): Path<String>, headers: HeaderMap| async move {
                let name = format!("desk/{path}");
                // Addresses of the desk's own router are all the same page.
                let name = if path.contains('.') { name } else { "desk/index.html".to_owned() };
                file(&name, headers).await
            }),
        )
        .route("/s/{id}", get(|headers: HeaderMap| shared(headers)))
        .route(
            "/share/{*path}",
            get(|Path(path): Path<String>, headers: HeaderMap| async move {
                file(&format!("share/{path}"), headers).await
            }),
        )
        .route(
            "/forms/{*path}",
            get(|Path(path): Path<String>, headers: HeaderMap| async move {
                file(&form(path.trim_end_matches('/')), headers).await
            }),
        )
        .route("/favicon.ico", get(|headers: HeaderMap| file("favicon.ico", headers)))
        .merge(widget)
}

/// Serves a page whose address is somebody's own: it goes into no index, and into no referrer of another site. Without any
/// referrer old engines would not let the page call its own server.
async fn personal(name: &str, headers: HeaderMap) -> Response {
    let mut response = file(name, headers).await;
    let headers = response.headers_mut();
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex, nofollow"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

/// The page behind the link of a share. Looking at it uses nothing up: only its button does. Other sites learn nothing of it by a
/// referrer; without any, old engines would not let the page call its own server.
async fn shared(mut headers: HeaderMap) -> Response {
    headers.remove(header::IF_NONE_MATCH);
    let mut response = file("share/index.html", headers).await;
    super::assist::fleeting(&mut response);
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

/// The file of a form's address, which has no ending.
fn form(path: &str) -> String {
    let name = format!("forms/{path}");
    let candidates = [format!("{name}/index.html"), format!("{name}.html")];
    if Built::get(&name).is_some() {
        return name;
    }
    candidates.into_iter().find(|candidate| Built::get(candidate).is_some()).unwrap_or(name)
}

/// Serves a built file; the browser asks again with its digest and mostly learns that nothing changed.
async fn file(name: &str, headers: HeaderMap) -> Response {
    let Some(found) = Built::get(name) else {
        return ApiError::new(StatusCode::NOT_FOUND, "not_found").into_response();
    };
    let tag = etag(&found);
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known == tag) {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    let kind = found.metadata.mimetype().to_owned();
    let mut response = found.data.into_owned().into_response();
    let response_headers = response.headers_mut();
    let kind = if kind.starts_with("text/") || kind.ends_with("javascript") {
        format!("{kind}; charset=utf-8")
    } else {
        kind
    };
    if let Ok(kind) = HeaderValue::from_str(&kind) {
        response_headers.insert(header::CONTENT_TYPE, kind);
    }
    response_headers.insert(header::ETAG, tag);
    // Names of built assets carry a digest of their content, so they never change.
    let forever = name.contains("/assets/");
    let cache = if forever { "public, max-age=31536000, immutable" } else { "no-cache" };
    response_headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    if name.ends_with(".html") {
        let policy = if name == VIEWER { VIEWER_POLICY } else { PAGE_POLICY };
        response_headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
        let devices = HeaderValue::from_static(devices(name));
        response_headers.insert(HeaderName::from_static("permissions-policy"), devices);
    }
    response
}

fn etag(file: &EmbeddedFile) -> HeaderValue {
    let digest: String =
        file.metadata.sha256_hash().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    HeaderValue::from_str(&format!("\"{digest}\"")).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

/// Whether the web parts were built into this program.
pub fn are_built() -> bool {
    Built::get("index.html").is_some() && Built::get("widget.js").is_some()
}
