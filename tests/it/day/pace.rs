//! How a day passes in a minute: tokio's clock stands still and is moved by hand, and between two moves everything that
//! real sockets and threads have to do is waited for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::Instant;
use yikouwen::gateway::Gateway;

/// How long nothing may have happened, in real time, to be sure that nothing is under way.
const QUIET: Duration = Duration::from_micros(300);
/// The longest real time that is waited for quiet. A machine that has other things to do takes its time, and a clock that is
/// moved before everything has happened makes faults that are none.
const PATIENCE: Duration = Duration::from_secs(5);

/// Moves the clock.
pub(super) struct Pace {
    begun: Instant,
    gateway: Arc<Gateway>,
    /// Questions that the model has in hand: they wait for the clock, and not the clock for them.
    thinking: Arc<AtomicUsize>,
    /// A thread that tokio waits for holds the clock: it would move by itself whenever nothing is left to do, and it is
    /// not told what is on its way through a socket.
    _holder: mpsc::Sender<()>,
    pub(super) steps: usize,
    /// How often it did not become quiet.
    pub(super) restless: AtomicUsize,
}

impl Pace {
    /// Stops the clock.
    pub(super) fn new(gateway: Arc<Gateway>, thinking: Arc<AtomicUsize>) -> Self {
        let (holder, held) = mpsc::channel::<()>();
        tokio::task::spawn_blocking(move || {
            held.recv().ok();
        });
        tokio::time::pause();
        Self {
            begun: Instant::now(),
            gateway,
            thinking,
            _holder: holder,
            steps: 0,

            restless: AtomicUsize::default(),
        }
    }

    /// How much of the day has passed.
    pub(super) fn passed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Lets time pass in steps that `step` says the length of.
    pub(super) async fn pass(&mut self, until: Duration, step: impl Fn() -> Duration) {
        loop {
            self.settle().await;
            let left = until.saturating_sub(self.passed());
            if left.is_zero() {
                return;
            }
            tokio::time::advance(step().min(left)).await;
            self.steps += 1;
        }
    }

    /// Waits until nothing happens any more before the clock moves: the runtime has been asleep for a while, but for
    /// being woken by this very test, and turns, if there are any, wait for the model.
    pub(super) async fn settle(&self) {
        let metrics = Handle::current().metrics();
        let begun = std::time::Instant::now();
        let mut quiet = 0;
        loop {
            let (before, busy) = (metrics.worker_park_count(0), metrics.worker_total_busy_duration(0));
            let (wake, woken) = tokio::sync::oneshot::channel();
            tokio::task::spawn_blocking(move || {
                // Waits in real time on a channel that nothing comes by.
                let (_keep, nothing) = mpsc::channel::<()>();
                nothing.recv_timeout(QUIET).ok();
                wake.send(()).ok();
            });
            woken.await.ok();
            let slept = metrics.worker_park_count(0) - before;
            let in_hand = self.thinking.load(Ordering::SeqCst);
            // Once: asleep until this test woke it, if it was not busy before. Not at all: it was busy all the while. More
            // often: sockets woke it.
            let is_quiet = slept == 1 && (in_hand > 0 || self.gateway.pending() == 0);
            let was_idle = metrics.worker_total_busy_duration(0) - busy < QUIET / 2;
            quiet = match (is_quiet, was_idle) {
                (true, true) => 2,
                (true, false) => quiet + 1,
                (false, _) => 0,
            };
            if quiet >= 2 {
                return;
            }
            if begun.elapsed() > PATIENCE {
                self.restless.fetch_add(1, Ordering::Relaxed);
                return;
            }
        }
    }
}
