//! From the events of an answer to the pieces a citizen reads.

use std::collections::VecDeque;

use futures::stream;

use super::failure::Failure;
use super::reading::{Event, Reading};
use super::text::Text;
use super::wire::Delta;
use crate::dialogue::{AnswerStream, Piece};

/// The most characters a token can stand for; a model that writes more ignores its limit.
const CHARACTERS_PER_TOKEN: usize = 16;

struct Answer {
    reading: Reading,
    text: Text,
    ready: VecDeque<Piece>,
    /// The characters that may still come, thoughts included.
    left: usize,
    /// Something was shown.
    shown: bool,
    ended: bool,
    failed: bool,
}

/// The pieces of an answer whose first event has come.
pub(super) fn stream(reading: Reading, first: Event, max_tokens: u32) -> AnswerStream {
    let left = usize::try_from(max_tokens).unwrap_or(usize::MAX).saturating_mul(CHARACTERS_PER_TOKEN);
    let answer = Answer {
        reading,
        text: Text::new(),
        ready: VecDeque::new(),
        left,
        shown: false,
        ended: false,
        failed: false,
    };
    Box::pin(stream::unfold((answer, Some(first)), |(mut answer, mut first)| async move {
        loop {
            if let Some(piece) = answer.ready.pop_front() {
                return Some((Ok(piece), (answer, first)));
            }
            if answer.ended {
                if !answer.failed {
                    answer.reading.drain().await;
                }
                return None;
            }
            let taken = match first.take() {
                Some(event) => answer.take(event),
                None => answer.reading.next().await.and_then(|event| answer.take(event)),
            };
            if let Err(failure) = taken {
                answer.ended = true;
                answer.failed = true;
                answer.ready.clear();
                return Some((Err(failure.into()), (answer, first)));
            }
        }
    }))
}

impl Answer {
    fn take(&mut self, event: Event) -> Result<(), Failure> {
        match event {
            Event::Delta(delta) => self.absorb(&delta),
            Event::Done => self.finish(),
            // Without a reason and without the closing word, the text may stop before an exception.
            Event::End => Err(Failure::Broken("it is cut off".to_owned())),
        }
    }

    fn absorb(&mut self, delta: &Delta) -> Result<(), Failure> {
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
            Some("content_filter" | "sensitive" | "refusal") => Err(Failure::Declined),
            Some(reason) => Err(Failure::Broken(format!("it ended with `{reason}`"))),
        }
    }

    fn finish(&mut self) -> Result<(), Failure> {
        let pieces = self.text.finish()?;
        self.show(pieces);
        self.ended = true;
        if self.shown { Ok(()) } else { Err(Failure::Broken("it is empty".to_owned())) }
    }

    fn show(&mut self, pieces: Vec<Piece>) {
        self.shown |= !pieces.is_empty();
        self.ready.extend(pieces);
    }
}
