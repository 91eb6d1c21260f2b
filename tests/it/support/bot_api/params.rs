//! The parameters of a call, in any of the three ways in which the Bot API takes them: JSON, form, multipart.

use std::collections::BTreeMap;

use serde_json::Value;

/// What was sent with a call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params {
    values: BTreeMap<String, Value>,
    /// The name and the content of each file, by the name of its part.
    files: BTreeMap<String, (String, Vec<u8>)>,
}

impl Params {
    pub(super) fn read(kind: &str, body: &[u8]) -> Self {
        if let Some((_, boundary)) = kind.split_once("boundary=") {
            return Self::multipart(boundary.trim_matches('"'), body);
        }
        let values = if kind.starts_with("application/json") {
            serde_json::from_slice(body).expect("JSON")
        } else {
            let fields: Vec<(String, String)> = url_decoded(body);
            fields.into_iter().map(|(name, value)| (name, typed(&value))).collect()
        };
        Self { values, files: BTreeMap::new() }
    }

    fn multipart(boundary: &str, body: &[u8]) -> Self {
        let mut params = Self::default();
        let fence = format!("--{boundary}");
        for part in split(body, fence.as_bytes()).skip(1) {
            let Some(at) = find(part, b"\r\n\r\n") else { continue };
            let head = String::from_utf8_lossy(&part[..at]).into_owned();
            let content = part[at + 4..].strip_suffix(b"\r\n").unwrap_or(&part[at + 4..]);
            let quoted = |name: &str| {
                let rest = head.split(&format!("{name}=\"")).nth(1)?;
                Some(rest.split('"').next().unwrap().to_owned())
            };
            let name =
                head.split("; name=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
            match quoted("filename") {
                Some(file) => drop(params.files.insert(name, (file, content.to_vec()))),
                None => drop(params.values.insert(name, typed(&String::from_utf8_lossy(content)))),
            }
        }
        params
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name).filter(|value| !value.is_null())
    }

    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.get(name)? {
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }

    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        match self.get(name)? {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// A file, sent along under its own name or attached under another.
    pub(crate) fn file(&self, name: &str) -> Option<&(String, Vec<u8>)> {
        match self.text(name) {
            Some(reference) => self.files.get(reference.strip_prefix("attach://")?),
            None => self.files.get(name),
        }
    }
}

/// In forms, everything but text is JSON in a text.
fn typed(value: &str) -> Value {
    match serde_json::from_str(value) {
        Ok(parsed @ (Value::Object(_) | Value::Array(_) | Value::Bool(_))) => parsed,
        _ => value.into(),
    }
}

fn url_decoded(body: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(body).into_owned();
    let url = reqwest::Url::parse(&format!("http://form/?{text}")).unwrap();
    url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

fn split<'b>(mut bytes: &'b [u8], fence: &'b [u8]) -> impl Iterator<Item = &'b [u8]> {
    let mut ended = false;
    std::iter::from_fn(move || {
        if ended {
            return None;
        }
        Some(match find(bytes, fence) {
            Some(at) => {
                let piece = &bytes[..at];
                bytes = &bytes[at + fence.len()..];
                piece
            }
            None => {
                ended = true;
                bytes
            }
        })
    })
}
