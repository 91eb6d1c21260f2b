//! Leaves a model alone that has failed again and again, and tries it now and then.
//!
//! Closed, it lets everybody through; so many failures in a row open it for a pause, in which nobody waits for that model;
//! after the pause one answer tries it (half open), and decides whether it is closed again or opens for twice as long.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The pause doubles so often at most.
const DOUBLINGS: u32 = 4;

/// When to leave a model alone, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct BreakerSettings {
    /// So many failures in a row open it; 0 never does.
    pub failures: u32,
    /// How long it stays open at first.
    pub pause: Duration,
}

/// How it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Everybody is let through.
    Closed,
    /// The pause is over, or one answer tries it.
    HalfOpen,
    /// Nobody is let through.
    Open,
}

#[derive(Default)]
struct State {
    /// Failures in a row.
    failed: u32,
    /// How often in a row it opened.
    opened: u32,
    /// Until when it is open; none while it is closed.
    until: Option<Instant>,
    /// Somebody tries it.
    probing: bool,
}

/// The breaker of one model. Cloning gives another handle on the same.
#[derive(Clone)]
pub(super) struct Breaker {
    settings: BreakerSettings,
    state: Arc<Mutex<State>>,
}

/// Somebody's leave to ask. Dropped without a word, it says nothing about the model.
pub(super) struct Pass {
    breaker: Breaker,
    probe: bool,
}

impl Breaker {
    pub(super) fn new(settings: BreakerSettings) -> Self {
        Self { settings, state: Arc::default() }
    }

    /// Leave to ask now, if the model is not left alone.
    pub(super) fn admit(&self) -> Option<Pass> {
        let mut state = self.lock();
        let probe = match state.until {
            None => false,
            Some(until) if Instant::now() < until || state.probing => return None,
            Some(_) => true,
        };
        state.probing = probe;
        Some(Pass { breaker: self.clone(), probe })
    }

    pub(super) fn standing(&self) -> Standing {
        match self.lock().until {
            None => Standing::Closed,
            Some(until) if Instant::now() < until => Standing::Open,
            Some(_) => Standing::HalfOpen,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass {
    /// The model answered.
    pub(super) fn succeeded(self) {
        *self.breaker.lock() = State::default();
    }

    /// The model failed. What lasts, such as a key that is not taken, opens it at once; `wait` is what the server asked for.
    /// True if it is open now.
    pub(super) fn failed(self, lasting: bool, wait: Option<Duration>) -> bool {
        let BreakerSettings { failures, pause } = self.breaker.settings;
        if failures == 0 {
            return false;
        }
        let mut state = self.breaker.lock();
        state.failed = state.failed.saturating_add(1);
        if !(lasting || self.probe || state.failed >= failures) {
            return state.until.is_some();
        }
        // Those who were let through before it opened do not make it longer.
        if state.until.is_some() && !self.probe {
            return true;
        }
        let doubled = pause.saturating_mul(1 << state.opened.min(DOUBLINGS));
        let longest = pause.saturating_mul(1 << DOUBLINGS);
        state.opened = state.opened.saturating_add(1);
        state.until = Instant::now().checked_add(doubled.max(wait.unwrap_or_default().min(longest)));
        true
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if self.probe {
            self.breaker.lock().probing = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(30);

    fn breaker() -> Breaker {
        Breaker::new(BreakerSettings { failures: 3, pause: PAUSE })
    }

    async fn pass(time: Duration) {
        tokio::time::advance(time).await;
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_failures_in_a_row_open_it_and_one_success_closes_it() {
        let breaker = breaker();
        let fail = || breaker.admit().unwrap().failed(false, None);
        assert!(!fail() && !fail());
        breaker.admit().unwrap().succeeded();
        assert!(!fail() && !fail() && fail());
        assert_eq!(breaker.standing(), Standing::Open);
        assert!(breaker.admit().is_none());
        pass(PAUSE).await;
        assert_eq!(breaker.standing(), Standing::HalfOpen);
        let probe = breaker.admit().unwrap();
        assert!(breaker.admit().is_none(), "one tries it, the others go on without");
        probe.succeeded();
        assert_eq!(breaker.standing(), Standing::Closed);
        assert!(!fail(), "the count begins anew");
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_trial_opens_it_for_twice_as_long_up_to_a_limit() {
        let breaker = breaker();
        assert!(breaker.admit().unwrap().failed(true, None), "what lasts opens it at once");
        let mut pause = PAUSE;
        for _ in 0..6 {
            pass(pause - Duration::from_secs(1)).await;
            assert!(breaker.admit().is_none());
            pass(Duration::from_secs(1)).await;
            assert!(breaker.admit().unwrap().failed(false, None));
            pause = (pause * 2).min(PAUSE * 16);
        }
        assert_eq!(pause, PAUSE * 16);
    }

    #[tokio::test(start_paused = true)]
    async fn a_trial_that_was_given_up_says_nothing_and_is_made_again() {
        let breaker = breaker();
        breaker.admit().unwrap().failed(true, None);
        pass(PAUSE).await;
        drop(breaker.admit().unwrap());
        assert_eq!(breaker.standing(), Standing::HalfOpen);
        breaker.admit().unwrap().succeeded();
        assert_eq!(breaker.standing(), Standing::Closed);
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_names_its_own_pause_and_stragglers_do_not_lengthen_it() {
        let breaker = breaker();
        let (first, second) = (breaker.admit().unwrap(), breaker.admit().unwrap());
        first.failed(true, Some(Duration::from_secs(60)));
        second.failed(true, Some(Duration::from_secs(3600)));
        pass(Duration::from_secs(59)).await;
        assert!(breaker.admit().is_none());
        pass(Duration::from_secs(1)).await;
        assert!(breaker.admit().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_number_it_never_opens() {
        let breaker = Breaker::new(BreakerSettings { failures: 0, pause: PAUSE });
        for _ in 0..9 {
            assert!(!breaker.admit().unwrap().failed(true, None));
        }
        assert_eq!(breaker.standing(), Standing::Closed);
    }
}
