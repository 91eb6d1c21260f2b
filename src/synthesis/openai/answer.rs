//! From the events of an answer to the pieces a citizen reads.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::failure::Failure;
use super::links::Links;
use super::reading::{Event, Reading};
use super::text::Text;
use super::tokens::estimate;
use super::wire::Delta;
use crate::dialogue::Piece;
use crate::dialogue::ports::Usage;

/// The most characters a token can stand for; a model that writes more ignores its limit.
const CHARACTERS_PER_TOKEN: usize = 16;

/// How long the figures are waited for after the answer.
const FIGURES: Duration = Duration::from_millis(300);

/// An answer that is being received. Dropping it cancels the request.
pub(super) struct Answer {
    reading: Reading,
    /// The event that came with the connection.
    first: Option<Event>,
    text: Text,
    ready: VecDeque<Piece>,
    /// The characters that may still come, thoughts included.
    left: usize,
    /// Something was shown.
    shown: bool,
    phase: Phase,
    /// What the server says it took.
    usage: Option<Usage>,
    /// About what has been read and written so far.
    reckoned: Usage,
    /// The request's text for the model.
    sent: Arc<str>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// It is being written.
    Written,
    /// The text has ended; the figures may come.
    Figures,
    /// Nothing more comes.
    Over,
}

impl Answer {
    /// An answer whose first event has come, to a request with this text, in which addresses have these names.
    pub(super) fn new(reading: Reading, first: Event, max_tokens: u32, sent: Arc<str>, links: Links) -> Self {
        Self {
            reading,
            first: Some(first),
            text: Text::new(links),
            ready: VecDeque::new(),
            left: usize::try_from(max_tokens).unwrap_or(usize::MAX).saturating_mul(CHARACTERS_PER_TOKEN),
            shown: false,
            phase: Phase::Written,
            usage: None,
            reckoned: Usage { prompt: estimate(&sent), completion: 0 },
            sent,
        }
    }

    /// The next piece; none when it is over, which an error says as well.
    pub(super) async fn next(&mut self) -> Option<Result<Piece, Failure>> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Some(Ok(piece));
            }
            match self.phase {
                Phase::Over => return None,
                Phase::Figures => {
                    self.phase = Phase::Over;
                    let usage = &mut self.usage;
                    self.reading.drain(FIGURES, |delta| *usage = delta.usage.or(*usage)).await;
                    self.ready.extend(self.usage.map(Piece::Usage));
                }
                Phase::Written => {
                    let taken = match self.first.take() {
                        Some(event) => self.take(event),
                        None => match self.reading.next().await {
                            Ok(event) => self.take(event),
                            Err(failure) => Err(failure),
                        },
                    };
                    if let Err(failure) = taken {
                        self.phase = Phase::Over;
                        self.ready.clear();
                        return Some(Err(failure.without(&self.sent)));
                    }
                }
            }
        }
    }

    /// What it took so far: as the server says, or about.
    pub(super) fn usage(&self) -> Usage {
        self.usage.unwrap_or(self.reckoned)
    }

    fn take(&mut self, event: Event) -> Result<(), Failure> {
        match event {
            Event::Delta(delta) => self.absorb(&delta),
            Event::Done => self.finish(),
            // Without a reason and without the closing word, the text may stop before an exception.
            Event::End => Err(Failure::Broken("it is cut off".to_owned())),
        }
    }

    fn absorb(&mut self, delta: &Delta) -> Result<(), Failure> {
        self.usage = delta.usage.or(self.usage);
        self.reckoned.completion += delta.tokens;
        let written = delta.content.chars().count() + delta.thoughts;
        self.left = self
            .left
            .checked_sub(written)
            .ok_or_else(|| Failure::Broken("it does not come to an end".to_owned()))?;
        let pieces = self.text.push(&delta.content)?;
        self.show(pieces);
        match delta.finish.as_deref() {
            None => Ok(()),
            Some(
                "stop" | "eos" | "eos_token" | "end" | "end_turn" | "stop_sequence" | "complete"
                | "completed",
            ) => self.finish(),
            Some("content_filter" | "sensitive" | "refusal") => Err(Failure::Filtered),
            Some("length" | "max_tokens" | "model_context_window_exceeded") => Err(Failure::Long),
            // The reason is the server's word, and words that are not known are not repeated.
            Some(_) => Err(Failure::Broken("it ended for another reason than its end".to_owned())),
        }
    }

    fn finish(&mut self) -> Result<(), Failure> {
        let pieces = self.text.finish()?;
        self.show(pieces);
        self.phase = Phase::Figures;
        if self.shown { Ok(()) } else { Err(Failure::Broken("it is empty".to_owned())) }
    }

    fn show(&mut self, pieces: Vec<Piece>) {
        self.shown |= !pieces.is_empty();
        self.ready.extend(pieces);
    }
}
