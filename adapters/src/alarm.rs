//! What is wrong with a channel at present, for the operator: in `/ready`, in the metrics and on the desk.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Now;

/// One thing that is wrong.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Alarm {
    /// Its name, such as `token_refused`. What it means and what to do stand in `config/words/alarms.toml`.
    pub code: &'static str,
    /// What the platform said, without secrets and personal data.
    pub detail: String,
    /// Since when.
    pub since: Timestamp,
}

/// What an alarm means, and what the operator does about it, in both languages.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names say it")]
pub struct AlarmText {
    pub title_zh: String,
    pub title_en: String,
    pub do_zh: String,
    pub do_en: String,
}

/// The alarms of one channel. Cloning it gives another handle on the same.
#[derive(Clone)]
pub struct Alarms {
    now: Now,
    raised: Arc<Mutex<BTreeMap<&'static str, Alarm>>>,
}

impl Alarms {
    /// None are raised at first.
    pub fn new(now: Now) -> Self {
        Self { now, raised: Arc::default() }
    }

    /// Raises an alarm, or brings its detail up to date; it keeps the moment at which it was first raised.
    pub fn raise(&self, code: &'static str, detail: impl Into<String>) {
        let mut raised = self.raised.lock().unwrap_or_else(PoisonError::into_inner);
        let since = raised.get(code).map_or_else(|| (self.now)(), |alarm| alarm.since);
        raised.insert(code, Alarm { code, detail: detail.into(), since });
    }

    /// Says that it is over.
    pub fn clear(&self, code: &str) {
        self.raised.lock().unwrap_or_else(PoisonError::into_inner).remove(code);
    }

    /// What is raised now, in the order of the codes.
    pub fn raised(&self) -> Vec<Alarm> {
        self.raised.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_keeps_its_beginning_until_it_is_over() {
        let clock = Arc::new(Mutex::new(Timestamp::UNIX_EPOCH));
        let reading = Arc::clone(&clock);
        let alarms = Alarms::new(Arc::new(move || *reading.lock().unwrap()));
        alarms.raise("token_refused", "40001");
        *clock.lock().unwrap() = "2026-01-01T00:00:00Z".parse().unwrap();
        alarms.raise("token_refused", "40164");
        let raised = alarms.raised();
        assert_eq!((raised.len(), raised[0].since), (1, Timestamp::UNIX_EPOCH));
        assert_eq!(raised[0].detail, "40164");
        alarms.clear("token_refused");
        assert_eq!(alarms.raised(), []);
    }
}
