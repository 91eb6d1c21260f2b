//! Reads the body of an answer, chunk by chunk, within its times.

use std::io::Write;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use futures::{Stream, StreamExt};
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName};
use tokio::time::{Instant, timeout_at};

use super::failure::Failure;
use super::lines::{DONE, Lines};
use super::wire::{self, Delta};

/// What comes next.
#[derive(Debug)]
pub(super) enum Event {
    /// A chunk.
    Delta(Delta),
    /// The server says that this was all.
    Done,
    /// The connection ended.
    End,
}

/// An answer that is being received. Dropping it closes the connection, which tells the server to stop.
pub(super) struct Reading {
    body: Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send>>,
    /// The server packs what it sends, although nobody asked for it.
    packed: Option<MultiGzDecoder<Vec<u8>>>,
    lines: Lines,
    /// The server sends one object in place of a stream.
    whole: Option<Vec<u8>>,
    /// The object has come, and nothing follows it.
    whole_read: bool,
    /// When the next token has to be there.
    token_by: Instant,
    /// There was a token.
    begun: bool,
    idle: Duration,
    deadline: Instant,
    ended: bool,
}

/// The longest object in place of a stream.
const LONGEST: usize = 1 << 20;

/// So much packed content is unpacked at a time: what grows a thousandfold is found out before it fills the memory.
const UNPACKED_AT_ONCE: usize = 1024;

impl Reading {
    pub(super) fn new(
        response: reqwest::Response,
        first_by: Instant,
        idle: Duration,
        deadline: Instant,
    ) -> Result<Self, Failure> {
        let headers = response.headers();
        let kind = word(headers, CONTENT_TYPE);
        if kind.starts_with("text/html") {
            return Err(Failure::Broken("a web page came in place of an answer".to_owned()));
        }
        let packed = match word(headers, CONTENT_ENCODING).as_str() {
            "" | "identity" => None,
            "gzip" | "x-gzip" => Some(MultiGzDecoder::new(Vec::new())),
            other => return Err(Failure::Broken(format!("it is packed as `{other}`"))),
        };
        Ok(Self {
            whole: kind.contains("json").then(Vec::new),
            whole_read: false,
            body: Box::pin(response.bytes_stream()),
            packed,
            lines: Lines::default(),
            token_by: first_by,
            begun: false,
            idle,
            deadline,
            ended: false,
        })
    }

    /// Waits for the next event. Comments, blank lines and empty chunks keep a connection alive but are no answer.
    pub(super) async fn next(&mut self) -> Result<Event, Failure> {
        let what = if self.begun { "the next token" } else { "the first token" };
        let (by, what) =
            if self.token_by < self.deadline { (self.token_by, what) } else { (self.deadline, "the answer") };
        let event = timeout_at(by, self.receive()).await.map_err(|_| Failure::Slow(what))??;
        if matches!(&event, Event::Delta(delta) if delta.is_token()) {
            self.begun = true;
            self.token_by = Instant::now() + self.idle;
        }
        Ok(event)
    }

    /// Reads what follows the answer, for a moment: the figures may come after it, and a connection that was read to its
    /// end can be used again. `take` is shown what comes.
    pub(super) async fn drain(&mut self, moment: Duration, mut take: impl FnMut(Delta)) {
        let by = self.deadline.min(Instant::now() + moment);
        while let Ok(Ok(event)) = timeout_at(by, self.receive()).await {
            match event {
                Event::Delta(delta) => take(delta),
                Event::Done => {}
                Event::End => return,
            }
        }
    }

    async fn receive(&mut self) -> Result<Event, Failure> {
        loop {
            if let Some(data) = self.lines.next()? {
                return event(&data);
            }
            if self.ended {
                return Ok(if std::mem::take(&mut self.whole_read) { Event::Done } else { Event::End });
            }
            match self.body.next().await {
                Some(Ok(bytes)) => self.unpack(&bytes)?,
                Some(Err(error)) => return Err(broken_off(error)),
                None => {
                    self.ended = true;
                    if let Some(bytes) = self.whole.take() {
                        self.whole_read = true;
                        return event(&String::from_utf8_lossy(&bytes));
                    }
                    if let Some(data) = self.lines.last()? {
                        return event(&data);
                    }
                }
            }
        }
    }

    fn unpack(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if self.packed.is_none() {
            return self.take(bytes);
        }
        for part in bytes.chunks(UNPACKED_AT_ONCE) {
            let Some(packed) = &mut self.packed else { break };
            packed
                .write_all(part)
                .and_then(|()| packed.flush())
                .map_err(|error| Failure::Broken(format!("it cannot be unpacked: {error}")))?;
            let unpacked = std::mem::take(packed.get_mut());
            self.take(&unpacked)?;
        }
        Ok(())
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let Some(whole) = &mut self.whole else { return self.lines.push(bytes) };
        if whole.len() + bytes.len() > LONGEST {
            return Err(Failure::Broken("the answer has no end".to_owned()));
        }
        whole.extend_from_slice(bytes);
        // Some servers call a stream JSON. An object begins with a brace, a stream with the name of a field.
        let first = whole.iter().find(|byte| !byte.is_ascii_whitespace());
        if first.is_some_and(|first| matches!(first, b'd' | b'e' | b'i' | b'r' | b':')) {
            let begun = self.whole.take().unwrap_or_default();
            return self.lines.push(&begun);
        }
        Ok(())
    }
}

/// A header's value in small letters; empty where there is none.
fn word(headers: &HeaderMap, name: HeaderName) -> String {
    let value = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.trim().to_ascii_lowercase()
}

fn event(data: &str) -> Result<Event, Failure> {
    if data == DONE { Ok(Event::Done) } else { wire::delta(data).map(Event::Delta) }
}

/// The connection broke in the middle of the body; whatever came of it, it is not asked for again.
fn broken_off(error: reqwest::Error) -> Failure {
    match Failure::of_request(error) {
        Failure::Unreachable { cause, .. } => Failure::Unreachable { cause, unanswered: false },
        other => other,
    }
}
