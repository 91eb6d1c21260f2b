//! Server-sent events, read byte by byte as chat servers write them: by the book, and where they forget the blank line
//! between two events or the field's name.

use serde::de::IgnoredAny;

use super::failure::Failure;

/// The longest line, and the longest event; more is no chunk of an answer.
const LONGEST: usize = 1 << 20;

/// The most lines of one event. Each is looked at together with those before it, so they must be few.
const MOST_LINES: usize = 1_000;

/// What ends a stream.
pub(super) const DONE: &str = "[DONE]";

/// Bytes on their way to becoming events. A line is decoded only when it is whole, so a character may arrive in parts.
#[derive(Default)]
pub(super) struct Lines {
    bytes: Vec<u8>,
    /// Where the search for the next line break goes on.
    searched: usize,
    /// The last line ended with a carriage return, so that a line feed right after it belongs to the same break.
    returned: bool,
    /// The data of an event that has not ended.
    held: String,
    held_lines: usize,
}

impl Lines {
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() > LONGEST && !self.bytes.iter().any(|&byte| is_break(byte)) {
            return Err(Failure::Broken("a line of the stream has no end".to_owned()));
        }
        Ok(())
    }

    /// The data of the next event that is complete.
    pub(super) fn next(&mut self) -> Result<Option<String>, Failure> {
        while let Some(line) = self.line() {
            if let Some(data) = self.take(&line)? {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }

    /// The data of a last event that no line break follows.
    pub(super) fn last(&mut self) -> Result<Option<String>, Failure> {
        self.searched = 0;
        let line = String::from_utf8_lossy(&std::mem::take(&mut self.bytes)).into_owned();
        match self.take(&line)? {
            Some(data) => Ok(Some(data)),
            None => Ok(self.event()),
        }
    }

    /// The next line that is whole, without its break.
    fn line(&mut self) -> Option<String> {
        if self.returned && !self.bytes.is_empty() {
            self.returned = false;
            if self.bytes.first() == Some(&b'\n') {
                self.bytes.remove(0);
            }
        }
        let rest = self.bytes.get(self.searched..).unwrap_or_default();
        let Some(at) = rest.iter().position(|&byte| is_break(byte)) else {
            self.searched = self.bytes.len();
            return None;
        };
        let end = self.searched + at;
        self.returned = self.bytes.get(end) == Some(&b'\r');
        let line = String::from_utf8_lossy(self.bytes.get(..end).unwrap_or_default()).into_owned();
        self.bytes.drain(..=end);
        self.searched = 0;
        Some(line)
    }

    /// Takes a line and gives the data of the event that it ends. By the book an event ends with a blank line, and several
    /// lines of data are one; but some servers leave the blank line out, so data that is whole already ends it, too.
    fn take(&mut self, line: &str) -> Result<Option<String>, Failure> {
        if line.trim_start_matches('\u{feff}').trim().is_empty() {
            return Ok(self.event());
        }
        let Some(data) = data(line) else { return Ok(None) };
        if self.held.len() + data.len() > LONGEST || self.held_lines == MOST_LINES {
            return Err(Failure::Broken("an event of the stream has no end".to_owned()));
        }
        if !self.held.is_empty() {
            self.held.push('\n');
        }
        self.held.push_str(data);
        self.held_lines += 1;
        Ok(if is_whole(&self.held) { self.event() } else { None })
    }

    fn event(&mut self) -> Option<String> {
        self.held_lines = 0;
        let data = std::mem::take(&mut self.held);
        (!data.is_empty()).then_some(data)
    }
}

fn is_break(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// Whether this is all of an event.
fn is_whole(data: &str) -> bool {
    data == DONE || serde_json::from_str::<IgnoredAny>(data).is_ok()
}

/// A line's data; none for comments and other fields. Some servers put a bare error object into a stream that has already
/// begun, so a line that begins like an object counts as well.
fn data(line: &str) -> Option<&str> {
    let line = line.trim_start_matches('\u{feff}').trim();
    let data = line.strip_prefix("data:").or_else(|| line.starts_with('{').then_some(line))?.trim();
    (!data.is_empty()).then_some(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The events of a stream that comes in pieces of this many bytes.
    fn events(stream: &[u8], size: usize) -> Result<Vec<String>, Failure> {
        let mut lines = Lines::default();
        let mut found = Vec::new();
        for chunk in stream.chunks(size) {
            lines.push(chunk)?;
            while let Some(data) = lines.next()? {
                found.push(data);
            }
        }
        while let Some(data) = lines.last()? {
            found.push(data);
        }
        Ok(found)
    }

    #[test]
    fn events_are_found_however_they_are_written_and_cut() {
        for (stream, expected) in [
            ("data: \"身份证\"\r\n\r\n: keep-alive\n\nevent: x\ndata:1\n\n", &["\"身份证\"", "1"][..]),
            ("\u{feff}data: 1\n\ndata: 2\n\n", &["1", "2"]),
            // No blank lines between them, carriage returns alone, and no break at the end.
            ("data: 1\ndata: 2\ndata: [DONE]", &["1", "2", "[DONE]"]),
            ("data: 1\r\rdata: 2\r\r", &["1", "2"]),
            // One event in several lines.
            ("data: {\"a\":\ndata: 1}\n\ndata: 2\n\n", &["{\"a\":\n1}", "2"]),
            ("data: {\"a\":\r\ndata: 1}\r\n\r\n", &["{\"a\":\n1}"]),
            ("data: {\"a\":\rdata: 1}\r\r", &["{\"a\":\n1}"]),
            ("id: 7\nretry: 10\ndata:{}\n\n{\"error\":1}\n", &["{}", "{\"error\":1}"]),
            // What is no JSON ends with its event, and whoever reads it says so.
            ("data: hello\n\ndata: 1\n\n", &["hello", "1"]),
            ("", &[]),
        ] {
            for size in 1..=stream.len().max(1) {
                assert_eq!(events(stream.as_bytes(), size).unwrap(), expected, "{stream:?} in {size}");
            }
        }
    }

    #[test]
    fn what_has_no_end_is_refused() {
        let mut lines = Lines::default();
        assert!(lines.push(&vec![b'a'; LONGEST]).is_ok());
        assert!(lines.push(b"a").is_err());
        let mut lines = Lines::default();
        let long = format!("data: {{\"{}\n", "a".repeat(LONGEST / 4));
        let endless = (0..5).try_for_each(|_| {
            lines.push(long.as_bytes())?;
            lines.next().map(drop)
        });
        assert!(endless.is_err());
    }
}
