//! Drafts of an answer on their way to the citizen's devices, and the reasons to stop writing.

use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use tokio::time::Instant;

use crate::bus::{Event, Events};
use crate::dialogue::{Interrupt, Progress};

/// How often it is looked whether anybody still watches.
const LOOK: Duration = Duration::from_secs(1);

/// The progress of one turn, told on the citizen's topic.
pub(super) struct LiveProgress {
    pub(super) events: Events,
    pub(super) topic: String,
    /// The id of the message to come.
    pub(super) turn: String,
    /// How long to go on when nobody watches; `None` for channels whose platforms take answers in any case.
    pub(super) unwatched: Option<Duration>,
    /// What the citizen wrote, unmasked. What was hidden of it is given back, as in the reply.
    pub(super) words: String,
}

#[async_trait]
impl Progress for LiveProgress {
    fn thinking(&self) {
        self.events.publish(&self.topic, &Event::Thinking { turn: self.turn.clone() });
    }

    fn delta(&self, text: &str) {
        // Drafts come in whole lines, so that no label is cut.
        let text = crate::privacy::give_back(text, &self.words).into_owned();
        self.events.publish(&self.topic, &Event::Delta { turn: self.turn.clone(), text });
    }

    fn drop_draft(&self) {
        self.events.publish(&self.topic, &Event::Drop { turn: self.turn.clone() });
    }

    async fn interrupted(&self) -> Interrupt {
        let mut events = self.events.subscribe(&self.topic);
        let mut last_watched = Instant::now();
        let mut look = tokio::time::interval(LOOK);
        loop {
            tokio::select! {
                event = events.next() => match event {
                    Some(Event::Stop) => return Interrupt::Stopped,
                    Some(_) => {}
                    // The bus is gone: the program ends, and the turn ends with it.
                    None => std::future::pending().await,
                },
                _ = look.tick() => {
                    // One subscription is this one; whoever watches makes it two.
                    if self.events.subscribers(&self.topic) > 1 {
                        last_watched = Instant::now();
                    } else if self.unwatched.is_some_and(|limit| last_watched.elapsed() > limit) {
                        return Interrupt::NobodyWatches;
                    }
                }
            }
        }
    }
}
