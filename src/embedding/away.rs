//! Whether the server is there, so that one that is not costs a few citizens their patience and not all of them.

use std::time::Duration;

use super::EmbeddingError;

/// So many slow answers in a row make a server that is away; one may be chance.
const SLOW_IN_A_ROW: u32 = 3;

/// The first pause; it doubles with every further failure.
const PAUSE: Duration = Duration::from_secs(1);

/// The longest pause.
const LONGEST: Duration = Duration::from_secs(60);

/// What is known about the server.
#[derive(Debug, Default)]
pub struct Away {
    /// Failures since the last answer.
    failures: u32,
    /// Why it counts as away.
    reason: Option<String>,
    /// When the server itself wants to be asked again.
    wanted: Option<Duration>,
}

impl Away {
    /// Whether it is not to be asked.
    pub fn is_away(&self) -> bool {
        self.reason.is_some()
    }

    /// Why it is not to be asked; no word of any question.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// How long to wait before looking for it again; `None` while it is there.
    pub(super) fn pause(&self) -> Option<Duration> {
        self.reason.as_ref()?;
        let doubled = PAUSE.saturating_mul(1 << self.failures.saturating_sub(1).min(10));
        Some(self.wanted.unwrap_or_default().max(doubled).min(LONGEST))
    }

    /// It answered. True if it was away.
    pub(super) fn answered(&mut self) -> bool {
        std::mem::take(self).is_away()
    }

    /// It did not. True if it is away from now on.
    pub(super) fn failed(&mut self, error: &EmbeddingError) -> bool {
        self.failures = self.failures.saturating_add(1);
        if matches!(error, EmbeddingError::Slow) && self.failures < SLOW_IN_A_ROW && !self.is_away() {
            return false;
        }
        self.wanted = error.retry_after();
        self.reason.replace(error.to_string()).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unavailable(seconds: Option<u64>) -> EmbeddingError {
        EmbeddingError::Unavailable {
            reason: "status 503".to_owned(),
            retry_after: seconds.map(Duration::from_secs),
        }
    }

    #[test]
    fn a_dead_server_is_away_at_once_and_a_slow_one_the_third_time() {
        let mut away = Away::default();
        assert!(away.failed(&unavailable(None)) && away.is_away());
        assert!(!away.failed(&unavailable(None)), "it was away already");
        assert!(away.answered() && !away.is_away() && away.pause().is_none());
        for expected in [false, false, true, false] {
            assert_eq!(away.failed(&EmbeddingError::Slow), expected);
        }
        assert!(away.reason().is_some());
        let mut now_and_then = Away::default();
        for _ in 0..5 {
            assert!(!now_and_then.failed(&EmbeddingError::Slow));
            assert!(!now_and_then.failed(&EmbeddingError::Slow));
            assert!(!now_and_then.answered());
        }
    }

    #[test]
    fn pauses_grow_up_to_a_minute_and_a_server_may_ask_for_longer_ones() {
        let mut away = Away::default();
        let mut pauses = Vec::new();
        for _ in 0..9 {
            away.failed(&unavailable(None));
            pauses.push(away.pause().unwrap().as_secs());
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        let mut away = Away::default();
        away.failed(&unavailable(Some(20)));
        assert_eq!(away.pause(), Some(Duration::from_secs(20)));
        away.failed(&unavailable(Some(86_400)));
        assert_eq!(away.pause(), Some(LONGEST));
    }
}
