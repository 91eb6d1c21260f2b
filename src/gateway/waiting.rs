//! How many accepted messages wait to be handled.

use std::sync::atomic::{AtomicIsize, Ordering};

/// A message may be handled before the task that stored it has counted it, so the count goes below zero for a moment. Were that
/// cut off, one message would be counted for good, and in the end every citizen be asked to wait.
#[derive(Debug, Default)]
pub(super) struct Waiting(AtomicIsize);

impl Waiting {
    /// So many were left behind by an earlier process.
    pub(super) fn begin_with(&self, count: usize) {
        self.0.store(isize::try_from(count).unwrap_or(isize::MAX), Ordering::Relaxed);
    }

    /// One was accepted.
    pub(super) fn accepted(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// One was handled.
    pub(super) fn handled(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    /// How many wait.
    pub(super) fn count(&self) -> usize {
        usize::try_from(self.0.load(Ordering::Relaxed)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_is_handled_before_it_is_counted_does_not_wait_for_good() {
        let waiting = Waiting::default();
        waiting.handled();
        assert_eq!(waiting.count(), 0);
        waiting.accepted();
        assert_eq!(waiting.count(), 0);
        waiting.begin_with(2);
        waiting.accepted();
        waiting.handled();
        assert_eq!(waiting.count(), 2);
    }
}
