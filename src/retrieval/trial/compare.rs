//! Two runs side by side: what got better, what got worse, and what merely moved.

use std::collections::HashMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::record::{RowRecord, RunRecord};
use super::{TrialError, Trials};
use crate::dialogue::question::comparable;

/// How far a confidence has to move to be listed.
const MOVED: f32 = 0.05;

/// What became of a question between two runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// By what is expected, it got worse.
    Worse,
    /// By what is expected, it got better.
    Better,
    /// Another entry comes first, and nobody has said which is right, or it matters not.
    First,
    /// The same entry comes first, and something else is done with it.
    Outcome,
    /// The same, with another confidence.
    Confidence,
    /// Nothing that matters changed.
    Same,
}

/// A question in both runs.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ComparedRow {
    /// What became of it.
    pub change: Change,
    /// What the earlier run found.
    pub before: RowRecord,
    /// What the later run found.
    pub after: RowRecord,
}

/// Two runs side by side.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Comparison {
    /// The one.
    pub before: RunRecord,
    /// The other.
    pub after: RunRecord,
    /// Questions that got worse.
    pub worse: usize,
    /// Questions that got better.
    pub better: usize,
    /// Questions with another first hit, those that got better or worse by it included.
    pub first_changed: usize,
    /// Questions that something else is done with.
    pub outcome_changed: usize,
    /// Questions whose first confidence moved by 0.05 or more.
    pub confidence_moved: usize,
    /// Questions in both runs.
    pub common: usize,
    /// Right ones among the common questions, before and after.
    pub right: [usize; 2],
    /// Questions of the one run alone.
    pub only_before: usize,
    /// Questions of the other run alone.
    pub only_after: usize,
    /// What changed, the worst first.
    pub rows: Vec<ComparedRow>,
}

impl Trials {
    /// Compares two runs, of one set or of two, by the questions they share.
    ///
    /// # Errors
    /// [`TrialError::UnknownRun`] when one of them is not there any more.
    pub async fn compare(&self, before: u64, after: u64) -> Result<Comparison, TrialError> {
        let (one, other) = (self.one_run(before).await?, self.one_run(after).await?);
        Ok(compare(one, self.rows(before).await?, other, self.rows(after).await?))
    }
}

/// Compares what two runs found.
pub(super) fn compare(
    before: RunRecord,
    earlier: Vec<RowRecord>,
    after: RunRecord,
    later: Vec<RowRecord>,
) -> Comparison {
    let mut rest: HashMap<String, RowRecord> =
        earlier.into_iter().map(|row| (comparable(&row.question.text), row)).collect();
    let mut comparison = Comparison {
        before,
        after,
        worse: 0,
        better: 0,
        first_changed: 0,
        outcome_changed: 0,
        confidence_moved: 0,
        common: 0,
        right: [0, 0],
        only_before: 0,
        only_after: 0,
        rows: Vec::new(),
    };
    for row in later {
        let Some(mut old) = rest.remove(&comparable(&row.question.text)) else {
            comparison.only_after += 1;
            continue;
        };
        // What is right may have been said between the two; both are judged by what is known now.
        old.question = row.question.clone();
        old.verdict = old.judge();
        comparison.add(old, row);
    }
    comparison.only_before = rest.len();
    comparison.rows.sort_by(|a, b| {
        let moved = |row: &ComparedRow| (first(&row.after) - first(&row.before)).abs();
        a.change.cmp(&b.change).then(moved(b).total_cmp(&moved(a)))
    });
    comparison
}

impl Comparison {
    fn add(&mut self, before: RowRecord, after: RowRecord) {
        let first_changed = before.hits.first().map(|hit| &hit.id) != after.hits.first().map(|hit| &hit.id);
        let outcome_changed = before.outcome != after.outcome;
        let moved = (first(&after) - first(&before)).abs() >= MOVED;
        let (old, new) = (standing(&before), standing(&after));
        let change = if after.question.is_judged() && new > old {
            Change::Worse
        } else if after.question.is_judged() && new < old {
            Change::Better
        } else if first_changed {
            Change::First
        } else if outcome_changed {
            Change::Outcome
        } else if moved {
            Change::Confidence
        } else {
            Change::Same
        };
        self.common += 1;
        self.worse += usize::from(change == Change::Worse);
        self.better += usize::from(change == Change::Better);
        self.first_changed += usize::from(first_changed);
        self.outcome_changed += usize::from(outcome_changed);
        self.confidence_moved += usize::from(moved);
        self.right[0] += usize::from(before.verdict == super::Verdict::Right);
        self.right[1] += usize::from(after.verdict == super::Verdict::Right);
        if change != Change::Same {
            self.rows.push(ComparedRow { change, before, after });
        }
    }
}

fn first(row: &RowRecord) -> f32 {
    row.hits.first().map_or(0.0, |hit| hit.confidence)
}

/// How far a row is from what is expected; 0 is just that.
fn standing(row: &RowRecord) -> u8 {
    let asks = row.outcome.as_deref() == Some("clarify");
    if row.question.unanswerable {
        return match (row.shows(), asks) {
            (false, _) => 0,
            (true, true) => 1,
            (true, false) => 2,
        };
    }
    match (row.shows(), row.place()) {
        (true, Some(1)) => u8::from(asks),
        (true, Some(2)) => 2,
        (true, Some(_)) => 3,
        (true, None) => 4,
        // Refused although it was found is nearer than refused and not found.
        (false, Some(_)) => 5,
        (false, None) => 6,
    }
}
