//! How many messages an account may still send to a citizen by itself. Facts of the page 客服消息: five within 48 hours
//! after a message, three within a minute after a menu click, a scan or following.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// What opens a window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trigger {
    /// The citizen wrote.
    Message,
    /// The citizen clicked, scanned or followed.
    Gesture,
}

/// What may be sent until when.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Grant {
    until: Timestamp,
    left: u32,
}

/// The windows of one citizen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Window {
    #[serde(default)]
    message: Option<Grant>,
    #[serde(default)]
    gesture: Option<Grant>,
}

impl Window {
    /// Opens a window.
    pub fn open(&mut self, trigger: Trigger, now: Timestamp) {
        let (place, hold, left) = match trigger {
            Trigger::Message => (&mut self.message, SignedDuration::from_hours(48), 5),
            Trigger::Gesture => (&mut self.gesture, SignedDuration::from_mins(1), 3),
        };
        *place = Some(Grant { until: now.checked_add(hold).unwrap_or(Timestamp::MAX), left });
    }

    /// How many messages may be sent now.
    pub fn left(&self, now: Timestamp) -> u32 {
        let of = |grant: Option<Grant>| grant.filter(|grant| now < grant.until).map_or(0, |grant| grant.left);
        of(self.message) + of(self.gesture)
    }

    /// One was sent; the shorter window is used up first.
    pub fn spend(&mut self, now: Timestamp) {
        let open = |grant: &&mut Grant| now < grant.until && grant.left > 0;
        let grant = self.gesture.as_mut().filter(|grant| open(grant)).or(self.message.as_mut());
        if let Some(grant) = grant {
            grant.left = grant.left.saturating_sub(1);
        }
    }

    /// The platform says that nothing may be sent any more.
    pub fn shut(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_close_by_count_and_by_time() {
        let now: Timestamp = "2026-11-26T08:00:00Z".parse().unwrap();
        let at = |seconds| now.checked_add(SignedDuration::from_secs(seconds)).unwrap();
        let mut window = Window::default();
        assert_eq!(window.left(now), 0);
        window.open(Trigger::Gesture, now);
        assert_eq!((window.left(now), window.left(at(60))), (3, 0));
        window.open(Trigger::Message, now);
        assert_eq!((window.left(now), window.left(at(60)), window.left(at(48 * 3600))), (8, 5, 0));
        for _ in 0..4 {
            window.spend(at(1));
        }
        assert_eq!((window.left(at(1)), window.left(at(60))), (4, 4), "the short one first");
        window.open(Trigger::Message, at(2));
        assert_eq!(window.left(at(60)), 5, "writing again opens it anew");
        window.shut();
        assert_eq!(window.left(now), 0);
    }
}
