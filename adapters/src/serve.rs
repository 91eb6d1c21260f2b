//! A file as an HTTP response. Whatever a stranger sent is served so that a browser shows pictures, plays recordings,
//! and saves everything else, and runs none of it.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::File;

/// What RFC 5987 allows to stand for itself in a name.
const NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Whether a browser may show it in a page: pictures, sound and films that cannot carry a script.
pub fn is_shown_inline(mime: &str) -> bool {
    matches!(
        mime,
        "image/jpeg" | "image/png" | "image/gif" | "image/webp" | "image/bmp" | "image/avif" | "video/mp4"
    ) || mime.starts_with("audio/")
}

/// Who may show the file in a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Readers {
    /// Pages of this server.
    Own,
    /// Any page that knows the link.
    Any,
}

/// The file, or the part of it that the request asks for. `download` saves also what could be shown.
pub fn respond(file: &File, request: &HeaderMap, download: bool, readers: Readers) -> Response {
    let length = file.data.len();
    let asked = request.get(header::RANGE).and_then(|value| value.to_str().ok());
    let mut response = match asked.map(|asked| part(asked, length)) {
        None | Some(Asked::Whole) => Body::from(file.data.clone()).into_response(),
        Some(Asked::Part(first, last)) => {
            let mut response = Body::from(file.data.slice(first..=last)).into_response();
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            set(&mut response, header::CONTENT_RANGE, &format!("bytes {first}-{last}/{length}"));
            response
        }
        Some(Asked::Beyond) => {
            let mut response = StatusCode::RANGE_NOT_SATISFIABLE.into_response();
            set(&mut response, header::CONTENT_RANGE, &format!("bytes */{length}"));
            return response;
        }
    };
    let inline = is_shown_inline(&file.mime) && !download;
    let name = utf8_percent_encode(&file.name, NAME);
    let disposition = format!("{}; filename*=UTF-8''{name}", if inline { "inline" } else { "attachment" });
    set(&mut response, header::CONTENT_DISPOSITION, &disposition);
    set(&mut response, header::CONTENT_TYPE, &file.mime);
    set(&mut response, header::ACCEPT_RANGES, "bytes");
    set(&mut response, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(&mut response, header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox");
    // Other people's papers: the reader's own browser may keep them, nothing between may.
    set(&mut response, header::CACHE_CONTROL, "private, max-age=3600, immutable");
    let readers = match readers {
        Readers::Own => "same-origin",
        Readers::Any => "cross-origin",
    };
    response.headers_mut().insert("cross-origin-resource-policy", HeaderValue::from_static(readers));
    response
}

fn set(response: &mut Response, name: header::HeaderName, value: &str) {
    // Names are percent-encoded and types are ours, so every value is a valid header.
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// What a `Range` header asks for.
enum Asked {
    Whole,
    /// From the first to the last byte, both included.
    Part(usize, usize),
    Beyond,
}

/// Players ask for one part at a time. Whoever asks for several gets the whole, as RFC 9110 allows.
fn part(asked: &str, length: usize) -> Asked {
    let Ok(parsed) = http_range_header::parse_range_header(asked) else { return Asked::Whole };
    match parsed.validate(length as u64).as_deref() {
        Ok([one]) => match (usize::try_from(*one.start()), usize::try_from(*one.end())) {
            (Ok(first), Ok(last)) if first <= last && last < length => Asked::Part(first, last),
            _ => Asked::Beyond,
        },
        Ok(_) => Asked::Whole,
        Err(_) => Asked::Beyond,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, mime: &str) -> File {
        File { name: name.to_owned(), mime: mime.to_owned(), data: "0123456789".into() }
    }

    fn header_of<'a>(response: &'a Response, name: &str) -> &'a str {
        response.headers().get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[test]
    fn pictures_are_shown_and_everything_else_is_saved() {
        let table = [
            ("image/png", false, "inline"),
            ("image/png", true, "attachment"),
            ("image/svg+xml", false, "attachment"),
            ("text/html", false, "attachment"),
            ("text/plain; charset=utf-8", false, "attachment"),
            ("application/pdf", false, "attachment"),
            ("audio/amr", false, "inline"),
        ];
        for (mime, download, expected) in table {
            let response = respond(&file("a", mime), &HeaderMap::new(), download, Readers::Own);
            let disposition = header_of(&response, "content-disposition");
            assert_eq!(disposition.split(';').next(), Some(expected), "{mime}");
            assert_eq!(header_of(&response, "x-content-type-options"), "nosniff");
            assert!(header_of(&response, "content-security-policy").contains("sandbox"));
        }
    }

    #[test]
    fn a_name_cannot_leave_its_header() {
        let name = "身份证\"; \r\nx: y.jpg";
        let response = respond(&file(name, "image/jpeg"), &HeaderMap::new(), false, Readers::Any);
        let disposition = header_of(&response, "content-disposition");
        assert!(disposition.ends_with("UTF-8''%E8%BA%AB%E4%BB%BD%E8%AF%81%22%3B%20%0D%0Ax%3A%20y.jpg"));
    }

    #[test]
    fn a_player_gets_the_part_it_asks_for() {
        let table = [
            ("bytes=0-1", 206, "bytes 0-1/10"),
            ("bytes=4-", 206, "bytes 4-9/10"),
            ("bytes=-3", 206, "bytes 7-9/10"),
            ("bytes=20-", 416, "bytes */10"),
            ("bytes=0-1,3-4", 200, ""),
            ("nonsense", 200, ""),
        ];
        for (asked, status, range) in table {
            let mut headers = HeaderMap::new();
            headers.insert("range", asked.parse().unwrap());
            let response = respond(&file("a", "audio/mpeg"), &headers, false, Readers::Own);
            assert_eq!(response.status().as_u16(), status, "{asked}");
            assert_eq!(header_of(&response, "content-range"), range, "{asked}");
        }
    }
}
