//! The time as tokio has it: the machine's, until a test pauses it.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use yikouwen::app::SystemClock;
use yikouwen::dialogue::Clock;

static BEGUN: LazyLock<(Timestamp, Instant)> = LazyLock::new(|| (SystemClock.now(), Instant::now()));

/// The present moment.
pub(crate) fn now() -> Timestamp {
    let (timestamp, instant) = *BEGUN;
    let passed = tokio::time::Instant::now().into_std().saturating_duration_since(instant);
    timestamp.checked_add(SignedDuration::try_from(passed).unwrap()).unwrap()
}

/// The machine's clock, moved on as a test wants it. Only the time of day moves: nobody waits shorter.
#[derive(Default)]
pub(crate) struct MovedClock(AtomicI64);

impl MovedClock {
    /// Lets so many days pass.
    pub(crate) fn pass(&self, days: i64) {
        self.0.fetch_add(days * 24 * 3_600, Ordering::SeqCst);
    }
}

impl Clock for MovedClock {
    fn now(&self) -> Timestamp {
        let moved = SignedDuration::from_secs(self.0.load(Ordering::SeqCst));
        SystemClock.now().checked_add(moved).unwrap()
    }
}

/// A clock that shows it.
pub(crate) struct TokioClock;

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        now()
    }
}
