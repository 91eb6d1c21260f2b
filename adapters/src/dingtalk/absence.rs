//! Whether the platform answers at all. One failure alone is everyday on long lines; several in a row are told to the
//! operator.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::alarms;
use crate::Alarms;

/// How many failures in a row are told.
const TOLD: u32 = 2;
/// How long a place is remembered that is not called any more.
const REMEMBERED: SignedDuration = SignedDuration::from_mins(10);

/// Calls without an answer, by where they went: how many in a row, and when the last one was.
#[derive(Default)]
pub(super) struct Absence(Mutex<HashMap<String, (u32, Timestamp)>>);

impl Absence {
    /// A call had no answer, or an error of the platform's own.
    pub(super) fn unanswered(&self, place: &str, reason: &str, now: Timestamp, alarms: &Alarms) {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, last) = places.entry(place.to_owned()).or_insert((0, now));
        *count = count.saturating_add(1);
        *last = now;
        if *count >= TOLD {
            alarms.raise(alarms::UNREACHABLE, reason);
        }
    }

    /// A call was answered, with whatever.
    pub(super) fn answered(&self, place: &str, now: Timestamp, alarms: &Alarms) {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        places.remove(place);
        places.retain(|_, (_, last)| now.duration_since(*last) < REMEMBERED);
        if places.values().all(|(count, _)| *count < TOLD) {
            alarms.clear(alarms::UNREACHABLE);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn several_failures_of_one_place_are_told_until_it_answers_or_is_called_no_more() {
        let at = |minutes| Timestamp::UNIX_EPOCH.checked_add(SignedDuration::from_mins(minutes)).unwrap();
        let alarms = Alarms::new(Arc::new(|| Timestamp::UNIX_EPOCH));
        let told = || alarms.raised().into_iter().map(|alarm| alarm.detail).collect::<Vec<_>>();
        let absence = Absence::default();
        absence.unanswered("send", "send: 500", at(0), &alarms);
        absence.unanswered("card", "card: 500", at(0), &alarms);
        assert_eq!(told(), Vec::<String>::new(), "one of each");
        absence.unanswered("send", "send: time-out", at(1), &alarms);
        absence.answered("card", at(1), &alarms);
        assert_eq!(told(), ["send: time-out"], "another place that answers does not end it");
        absence.answered("send", at(2), &alarms);
        assert_eq!(told(), Vec::<String>::new());
        absence.unanswered("file", "file: 500", at(3), &alarms);
        absence.unanswered("file", "file: 500", at(4), &alarms);
        absence.answered("send", at(13), &alarms);
        assert_eq!(told(), ["file: 500"]);
        absence.answered("send", at(14), &alarms);
        assert_eq!(told(), Vec::<String>::new(), "nobody has called there for ten minutes");
    }
}
