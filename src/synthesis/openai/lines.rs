//! Server-sent events, read byte by byte as far as chat servers use them: one event a `data:` line.

use super::failure::Failure;

/// The longest line; more is no chunk of an answer.
const LONGEST: usize = 1 << 20;

/// Bytes on their way to becoming lines. A line is decoded only when it is whole, so a character may arrive in parts.
#[derive(Default)]
pub(super) struct Lines {
    bytes: Vec<u8>,
    /// Where the search for the next line break goes on.
    searched: usize,
}

impl Lines {
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() > LONGEST && !self.bytes.contains(&b'\n') {
            return Err(Failure::Broken("a line of the stream has no end".to_owned()));
        }
        Ok(())
    }

    /// The data of the next event that is complete.
    pub(super) fn next(&mut self) -> Option<String> {
        loop {
            let rest = self.bytes.get(self.searched..).unwrap_or_default();
            let Some(at) = rest.iter().position(|&byte| byte == b'\n') else {
                self.searched = self.bytes.len();
                return None;
            };
            let end = self.searched + at;
            let line = String::from_utf8_lossy(self.bytes.get(..end).unwrap_or_default()).into_owned();
            self.bytes.drain(..=end);
            self.searched = 0;
            if let Some(data) = data(&line) {
                return Some(data);
            }
        }
    }

    /// The data of a last event that no line break follows.
    pub(super) fn last(&mut self) -> Option<String> {
        self.searched = 0;
        data(&String::from_utf8_lossy(&std::mem::take(&mut self.bytes)))
    }
}

/// A line's data; none for comments, blank lines and other fields. Some servers put a bare error object into a stream
/// that has already begun, so a line that begins like an object counts as well.
fn data(line: &str) -> Option<String> {
    let line = line.trim_start_matches('\u{feff}').trim();
    let data = line.strip_prefix("data:").or_else(|| line.starts_with('{').then_some(line))?.trim();
    (!data.is_empty()).then(|| data.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_may_come_in_parts() {
        let bytes = "data: 身份证\r\n\r\n: keep-alive\n\nevent: x\ndata:b\n".as_bytes();
        for size in 1..bytes.len() {
            let mut lines = Lines::default();
            let mut found = Vec::new();
            for chunk in bytes.chunks(size) {
                lines.push(chunk).unwrap();
                while let Some(data) = lines.next() {
                    found.push(data);
                }
            }
            assert_eq!(found, ["身份证", "b"], "{size}");
            assert_eq!(lines.last(), None);
        }
    }

    #[test]
    fn the_last_line_needs_no_break_and_no_field() {
        let mut lines = Lines::default();
        lines.push(b"data: a\n{\"error\":1}\ndata: [DONE]").unwrap();
        assert_eq!(lines.next().as_deref(), Some("a"));
        assert_eq!(lines.next().as_deref(), Some("{\"error\":1}"));
        assert_eq!(lines.next(), None);
        assert_eq!(lines.last().as_deref(), Some("[DONE]"));
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let mut lines = Lines::default();
        assert!(lines.push(&vec![b'a'; LONGEST]).is_ok());
        assert!(lines.push(b"a").is_err());
    }
}
