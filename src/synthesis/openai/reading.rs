//! Reads the body of an answer, chunk by chunk, within its times.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt};
use reqwest::header::CONTENT_TYPE;
use tokio::time::{Instant, timeout_at};

use super::failure::Failure;
use super::lines::Lines;
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
    lines: Lines,
    /// The server sends one object in place of a stream.
    whole: Option<Vec<u8>>,
    /// When the first token has to be there; none once it was.
    first_by: Option<Instant>,
    idle: Duration,
    deadline: Instant,
    ended: bool,
}

/// The longest object in place of a stream.
const LONGEST: usize = 1 << 20;

impl Reading {
    pub(super) fn new(
        response: reqwest::Response,
        first_by: Instant,
        idle: Duration,
        deadline: Instant,
    ) -> Self {
        let kind =
            response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let whole = kind.starts_with("application/json").then(Vec::new);
        Self {
            body: Box::pin(response.bytes_stream()),
            lines: Lines::default(),
            whole,
            first_by: Some(first_by),
            idle,
            deadline,
            ended: false,
        }
    }

    /// Waits for the next event. Comments and blank lines keep a connection alive but do not count as an answer.
    pub(super) async fn next(&mut self) -> Result<Event, Failure> {
        let (by, what) = match self.first_by {
            Some(by) => (by, "the first token"),
            None => (Instant::now() + self.idle, "the next token"),
        };
        let (by, what) = if by < self.deadline { (by, what) } else { (self.deadline, "the answer") };
        let event = timeout_at(by, self.receive()).await.map_err(|_| Failure::Slow(what))??;
        if matches!(&event, Event::Delta(delta) if delta.is_token()) {
            self.first_by = None;
        }
        Ok(event)
    }

    /// Reads what follows the answer, for a moment, so that the connection can be used again.
    pub(super) async fn drain(&mut self) {
        let by = self.deadline.min(Instant::now() + Duration::from_millis(200).min(self.idle));
        while let Ok(Some(Ok(_))) = timeout_at(by, self.body.next()).await {}
    }

    async fn receive(&mut self) -> Result<Event, Failure> {
        loop {
            if let Some(data) = self.lines.next() {
                return event(&data);
            }
            if self.ended {
                return Ok(Event::End);
            }
            match self.body.next().await {
                Some(Ok(bytes)) => self.take(&bytes)?,
                Some(Err(error)) => return Err(broken_off(error)),
                None => {
                    self.ended = true;
                    let last = match self.whole.take() {
                        Some(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
                        None => self.lines.last(),
                    };
                    if let Some(data) = last {
                        return event(&data);
                    }
                }
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        match &mut self.whole {
            Some(whole) if whole.len() + bytes.len() > LONGEST => {
                Err(Failure::Broken("the answer has no end".to_owned()))
            }
            Some(whole) => {
                whole.extend_from_slice(bytes);
                Ok(())
            }
            None => self.lines.push(bytes),
        }
    }
}

fn event(data: &str) -> Result<Event, Failure> {
    if data == "[DONE]" { Ok(Event::Done) } else { wire::delta(data).map(Event::Delta) }
}

/// The connection broke in the middle of the body; whatever came of it, it is not asked for again.
fn broken_off(error: reqwest::Error) -> Failure {
    match Failure::of_request(error) {
        Failure::Unreachable { cause, .. } => Failure::Unreachable { cause, unanswered: false },
        other => other,
    }
}
