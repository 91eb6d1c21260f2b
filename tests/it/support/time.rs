//! The time as tokio has it: the machine's, until a test pauses it.

use std::sync::LazyLock;
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

/// A clock that shows it.
pub(crate) struct TokioClock;

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        now()
    }
}
