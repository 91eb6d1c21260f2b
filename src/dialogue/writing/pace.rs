//! How long whoever waits for an answer looks at the same words, or at none, before the evidence is quoted instead.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::super::ports::{Stopwatch, Waiting};

/// Measures how long nothing has changed for whoever waits.
pub(super) struct Pace<'a> {
    watch: &'a dyn Stopwatch,
    patience: Option<Duration>,
    begun: Duration,
    /// When the last line was shown that still stands; when the writing began, if there is none.
    moved: Mutex<Duration>,
}

impl<'a> Pace<'a> {
    /// Writing begins, for somebody who may have waited before. Without a patience it may take any time.
    pub(super) fn begin(
        watch: &'a dyn Stopwatch,
        patience: Option<Duration>,
        waiting: Option<Duration>,
    ) -> Self {
        let begun = waiting.unwrap_or_else(|| watch.elapsed());
        Self { watch, patience, begun, moved: Mutex::new(begun) }
    }

    /// A line was shown.
    pub(super) fn shown(&self) {
        self.set(self.watch.elapsed());
    }

    /// What was shown was taken back, as if nobody had seen anything yet.
    pub(super) fn taken_back(&self) {
        self.set(self.begun);
    }

    /// What the next writer is told.
    pub(super) fn waiting(&self) -> Option<Waiting> {
        let left = self.due()?.saturating_sub(self.watch.elapsed());
        Some(Waiting::new(self.patience?, left))
    }

    /// Whether the patience is over.
    pub(super) fn is_over(&self) -> bool {
        self.due().is_some_and(|due| due <= self.watch.elapsed())
    }

    /// Ends when it is, however often a line is shown meanwhile.
    pub(super) async fn over(&self) {
        while let Some(due) = self.due() {
            if due <= self.watch.elapsed() {
                return;
            }
            self.watch.reaches(due).await;
        }
        std::future::pending::<()>().await;
    }

    fn due(&self) -> Option<Duration> {
        let moved = *self.moved.lock().unwrap_or_else(PoisonError::into_inner);
        moved.checked_add(self.patience?)
    }

    fn set(&self, moved: Duration) {
        *self.moved.lock().unwrap_or_else(PoisonError::into_inner) = moved;
    }
}

#[cfg(test)]
mod tests;
