//! Signatures that were seen. In the plain mode a signature covers a time and a number, but not the message: whoever has
//! seen one could put it above words of their own. So each signature is good for one message only. The same message may
//! come again, which is how the platform asks twice.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// How far the platform's clock and ours may differ. What is older is refused, so older signatures can be forgotten.
pub const WINDOW: SignedDuration = SignedDuration::from_mins(5);
/// How many signatures are remembered.
const REMEMBERED: usize = 200_000;

#[derive(Default)]
struct Seen {
    by_signature: HashMap<String, String>,
    order: VecDeque<(Timestamp, String)>,
}

/// What was seen within the window.
#[derive(Default)]
pub struct Replays(Mutex<Seen>);

/// Whether a time of the platform is near ours.
pub fn is_fresh(timestamp: &str, now: Timestamp) -> bool {
    let sent = timestamp.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    sent.is_some_and(|sent| now.duration_since(sent).abs() <= WINDOW)
}

impl Replays {
    /// Takes a signature for a message. False: it has been used for another one.
    pub fn take(&self, signature: &str, message: &str, now: Timestamp) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((at, _)) = seen.order.front() {
            // Twice the window, because a signature may come from a clock that is ahead.
            if now.duration_since(*at) <= WINDOW * 2 && seen.order.len() < REMEMBERED {
                break;
            }
            if let Some((_, old)) = seen.order.pop_front() {
                seen.by_signature.remove(&old);
            }
        }
        if let Some(known) = seen.by_signature.get(signature) {
            return known == message;
        }
        seen.by_signature.insert(signature.to_owned(), message.to_owned());
        seen.order.push_back((now, signature.to_owned()));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_good_for_one_message_however_often_it_comes() {
        let now: Timestamp = "2026-11-26T08:00:00Z".parse().unwrap();
        let replays = Replays::default();
        assert!(replays.take("s", "o 1", now));
        assert!(replays.take("s", "o 1", now), "the platform asks twice");
        assert!(!replays.take("s", "o 2", now));
        let later = now.checked_add(WINDOW * 3).unwrap();
        assert!(replays.take("t", "o 2", later));
        assert_eq!(replays.0.lock().unwrap().order.len(), 1, "the old one is forgotten");
    }

    #[test]
    fn times_far_from_ours_are_not_fresh() {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        for (timestamp, expected) in [
            ("1700000000", true),
            ("1699999701", true),
            ("1700000299", true),
            ("1699999600", false),
            ("1700000400", false),
            ("", false),
            ("x", false),
        ] {
            assert_eq!(is_fresh(timestamp, now), expected, "{timestamp}");
        }
    }
}
