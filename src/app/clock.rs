//! The real time of day, and how long something takes.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::dialogue::{Clock, Stopwatch};

/// The machine's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the Clock that everything else asks")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// The machine's stopwatch.
pub struct SystemWatch(Instant);

impl Default for SystemWatch {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Stopwatch for SystemWatch {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
