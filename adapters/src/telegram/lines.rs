//! One line of work a citizen's chat: drafts and replies of one chat do not overtake each other.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::peers::Draft;
use crate::Ticket;

/// How many chats may be in hand before those are forgotten in which nothing happens.
const MANY: usize = 1_024;

/// How many replies are remembered as handed over.
const HANDED_OVER: usize = 8;

/// One chat.
#[derive(Default)]
pub(super) struct Line {
    /// Held by whoever sends to the chat.
    pub(super) turn: tokio::sync::Mutex<Progress>,
    /// Who follows the answers being written, if anybody does: tickets of further messages go there.
    pub(super) follower: Mutex<Option<mpsc::Sender<Ticket>>>,
}

/// What has happened in a chat since the program began.
#[derive(Default)]
pub(super) struct Progress {
    /// Replies that were handed over, or never can be.
    handed_over: VecDeque<String>,
    /// Replies that are durable and still to be handed over: no draft comes before them.
    awaited: Vec<String>,
    /// The draft of the answer being written.
    pub(super) draft: Option<Draft>,
    /// When a message of the chat was last edited.
    pub(super) edited: Option<Instant>,
}

impl Progress {
    pub(super) fn hand_over(&mut self, reply: &str) {
        self.awaited.retain(|id| id != reply);
        if self.draft.as_ref().is_some_and(|draft| draft.turn == reply) {
            self.draft = None;
        }
        self.handed_over.push_back(reply.to_owned());
        while self.handed_over.len() > HANDED_OVER {
            self.handed_over.pop_front();
        }
    }

    pub(super) fn is_handed_over(&self, reply: &str) -> bool {
        self.handed_over.iter().any(|id| id == reply)
    }

    pub(super) fn await_reply(&mut self, reply: &str) {
        if !self.is_handed_over(reply) && !self.is_awaited(reply) {
            self.awaited.push(reply.to_owned());
        }
    }

    pub(super) fn is_awaited(&self, reply: &str) -> bool {
        self.awaited.iter().any(|id| id == reply)
    }

    /// Whether a draft may be shown: whatever comes before it has been.
    pub(super) fn is_clear(&self) -> bool {
        self.awaited.is_empty()
    }
}

/// The lines by address.
#[derive(Default)]
pub(super) struct Lines(Mutex<HashMap<String, Arc<Line>>>);

impl Lines {
    pub(super) fn of(&self, address: &str) -> Arc<Line> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() > MANY && !lines.contains_key(address) {
            lines.retain(|_, line| Arc::strong_count(line) > 1);
        }
        Arc::clone(lines.entry(address.to_owned()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chats_in_which_nothing_happens_are_forgotten() {
        let lines = Lines::default();
        let busy = lines.of("busy");
        for number in 0..3 * MANY {
            drop(lines.of(&number.to_string()));
        }
        assert!(lines.0.lock().unwrap().len() <= MANY + 1);
        assert!(Arc::ptr_eq(&busy, &lines.of("busy")));
    }

    #[test]
    fn a_draft_waits_for_what_is_durable_and_not_handed_over() {
        let mut progress = Progress::default();
        progress.hand_over("a");
        progress.await_reply("a");
        assert!(progress.is_clear(), "it came before it was waited for");
        progress.await_reply("b");
        assert!(!progress.is_clear());
        progress.hand_over("b");
        assert!(progress.is_clear());
    }
}
