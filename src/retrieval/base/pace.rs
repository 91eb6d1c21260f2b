//! How many entries one commit of the index may carry, so that whoever changes a single entry during an import waits
//! for less than a second. Learned from the machine, because machines differ a hundredfold.

use std::time::Duration;

/// How long the entries of one commit should take to index. A change waits for the commit under way and then its own.
const TARGET: Duration = Duration::from_millis(600);

/// Fewer are not worth a commit: each costs the disk, and leaves a segment to be merged.
const FEWEST: usize = 256;
const MOST: usize = 32_768;

/// How many entries one commit of the index may carry.
#[derive(Debug)]
pub(super) struct Pace {
    entries: usize,
}

impl Default for Pace {
    fn default() -> Self {
        Self { entries: 512 }
    }
}

impl Pace {
    /// Entries that may be staged before the next commit.
    pub(super) fn entries(&self) -> usize {
        self.entries
    }

    /// Entries of an import that one commit of the store takes.
    pub(super) fn piece(&self) -> usize {
        (self.entries / 4).min(512)
    }

    /// Takes into account how long it took to stage and commit so many.
    pub(super) fn learn(&mut self, entries: usize, took: Duration) {
        // A commit that somebody waited for is mostly overhead and says nothing of the speed.
        if entries < self.entries / 2 {
            return;
        }
        let fitting = entries as f64 * TARGET.as_secs_f64() / took.as_secs_f64().max(1e-6);
        let most = self.entries.saturating_mul(2);
        self.entries = (fitting as usize).min(most).clamp(FEWEST, MOST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_finds_what_a_machine_can_do_in_the_time() {
        for speed in [200_usize, 1_000, 5_000, 50_000] {
            let mut pace = Pace::default();
            for _ in 0..20 {
                let entries = pace.entries();
                pace.learn(entries, Duration::from_secs_f64(entries as f64 / speed as f64));
            }
            let expected = (speed as f64 * TARGET.as_secs_f64()) as usize;
            let expected = expected.clamp(FEWEST, MOST);
            assert!(pace.entries().abs_diff(expected) <= 1, "{speed}: {pace:?}");
        }
    }

    #[test]
    fn a_short_commit_teaches_nothing() {
        let mut pace = Pace::default();
        pace.learn(1, Duration::from_secs(9));
        assert_eq!(pace.entries(), Pace::default().entries());
    }
}
