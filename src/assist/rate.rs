//! How often a helper may do what.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota};

use super::wire::FromHelper;

/// Pointer positions a second.
const POINTERS: u32 = 40;

/// Highlights, and lists of steps, a second.
const MARKS: u32 = 5;

/// One proposal each so long.
const PROPOSAL: Duration = Duration::from_secs(2);

/// One question for a permission, or one wish for the whole page, each so long; a few may follow each other.
const ASKING: Duration = Duration::from_secs(2);

/// What two browsers say to find each other, a second. They say most of it in one breath.
const SIGNALS: u32 = 40;

/// Everything together a second.
const ALL: u32 = 100;

/// What one viewer's frames are counted by.
pub struct Rates {
    pointers: DefaultDirectRateLimiter,
    marks: DefaultDirectRateLimiter,
    proposals: DefaultDirectRateLimiter,
    asking: DefaultDirectRateLimiter,
    signals: DefaultDirectRateLimiter,
    all: DefaultDirectRateLimiter,
}

fn per_second(count: u32) -> Quota {
    Quota::per_second(NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN))
}

/// What the signals of one side are counted by.
pub fn signals() -> DefaultDirectRateLimiter {
    DefaultDirectRateLimiter::direct(per_second(SIGNALS))
}

fn each(period: Duration, burst: u32) -> Quota {
    let quota = Quota::with_period(period).unwrap_or(per_second(1));
    quota.allow_burst(NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN))
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            pointers: DefaultDirectRateLimiter::direct(per_second(POINTERS)),
            marks: DefaultDirectRateLimiter::direct(per_second(MARKS)),
            proposals: DefaultDirectRateLimiter::direct(each(PROPOSAL, 1)),
            asking: DefaultDirectRateLimiter::direct(each(ASKING, 5)),
            signals: signals(),
            all: DefaultDirectRateLimiter::direct(per_second(ALL)),
        }
    }
}

impl Rates {
    /// Whether one more of this kind is not too much.
    pub fn admit(&self, frame: &FromHelper) -> bool {
        let own = match frame {
            FromHelper::Ptr { .. } => Some(&self.pointers),
            FromHelper::Hl { .. } | FromHelper::Steps { .. } => Some(&self.marks),
            FromHelper::FillPropose { .. } => Some(&self.proposals),
            FromHelper::Ask { .. } | FromHelper::Resnap { .. } | FromHelper::Need { .. } => {
                Some(&self.asking)
            }
            FromHelper::Rtc(_) => Some(&self.signals),
            // Taking something back is never too much by itself.
            FromHelper::HlClear { .. }
            | FromHelper::Ping { .. }
            | FromHelper::Pong { .. }
            | FromHelper::Leave {} => None,
        };
        self.all.check().is_ok() && own.is_none_or(|own| own.check().is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_a_measure_of_its_own() {
        let rates = Rates::default();
        let pointer = FromHelper::Ptr { node: 1, dx: 0.0, dy: 0.0 };
        let admitted = (0..60).filter(|_| rates.admit(&pointer)).count();
        assert!((40..=45).contains(&admitted), "{admitted}");
        let steps = FromHelper::Steps { id: "s".into(), list: vec![], at: 0 };
        assert!((0..20).filter(|_| rates.admit(&steps)).count() <= 6);
    }
}
