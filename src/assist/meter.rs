//! How fast a page may send. What is too fast is not refused but read later: the page sees that its socket fills, leaves out
//! changes, and sends one whole picture when there is room again. So a page that never rests costs no more than another.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};

use governor::{DefaultDirectRateLimiter, Quota};

use super::{AssistLimits, Frame};

/// The measure of one share, on whatever socket its page comes.
#[derive(Debug)]
pub struct Meter {
    limiter: DefaultDirectRateLimiter,
    /// The most that the limiter takes at a time, in bytes.
    burst: NonZeroU32,
    /// What frames were inflated to, in bytes; to be counted with the next frame.
    owed: AtomicUsize,
}

/// Bytes as the limiter counts them.
fn measured(bytes: usize) -> NonZeroU32 {
    NonZeroU32::new(u32::try_from(bytes).unwrap_or(u32::MAX)).unwrap_or(NonZeroU32::MIN)
}

impl Meter {
    /// So many bytes a second; at first, and after a rest, two of the largest frames besides.
    pub fn new(limits: &AssistLimits) -> Self {
        let burst = measured(limits.inflated_bytes.saturating_mul(2).max(limits.bytes_per_second));
        let quota = Quota::per_second(measured(limits.bytes_per_second)).allow_burst(burst);
        Self { limiter: DefaultDirectRateLimiter::direct(quota), burst, owed: AtomicUsize::new(0) }
    }

    /// Counts what a frame was inflated to. That is what it costs; how small it arrived says little.
    pub fn owe(&self, bytes: usize) {
        self.owed.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Waits until the page may send this frame. True: it had to wait.
    pub async fn pass(&self, frame: &Frame) -> bool {
        let arrived = match frame {
            Frame::Text(text) => text.len(),
            Frame::Binary(bytes) => bytes.len(),
            Frame::Answered(_) => return false,
        };
        let mut due = self.owed.swap(0, Ordering::Relaxed).saturating_add(arrived);
        let mut waited = false;
        while due > 0 {
            let part = measured(due).min(self.burst);
            // No part is more than the burst, so there is room for it at some time.
            if !matches!(self.limiter.check_n(part), Ok(Ok(()))) {
                waited |= self.limiter.until_n_ready(part).await.is_ok();
            }
            due = due.saturating_sub(usize::try_from(part.get()).unwrap_or(usize::MAX));
        }
        waited
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meter(bytes_per_second: usize, inflated_bytes: usize) -> Meter {
        Meter::new(&AssistLimits {
            frame_bytes: 1_000,
            inflated_bytes,
            bytes_per_second,
            frames_per_second: 1,
            nodes: 1,
            tail_bytes: 1,
        })
    }

    #[tokio::test]
    async fn two_whole_pages_pass_at_once_and_what_follows_is_paid_for_in_time() {
        let meter = meter(10_000, 1_000);
        let frame = Frame::Binary(vec![0; 10].into());
        assert!(!meter.pass(&frame).await);
        // More than the limiter takes at a time.
        meter.owe(12_000);
        assert!(meter.pass(&frame).await, "12 kB at 10 kB a second");
        assert!(!meter.pass(&Frame::Answered(1)).await, "answers to pings are not the page's");
    }
}
