//! The real time of day, and how long something takes.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::time::{Instant, sleep_until};

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

#[async_trait]
impl Stopwatch for SystemWatch {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    async fn reaches(&self, elapsed: Duration) {
        match self.0.checked_add(elapsed) {
            Some(then) => sleep_until(then).await,
            None => std::future::pending().await,
        }
    }
}
