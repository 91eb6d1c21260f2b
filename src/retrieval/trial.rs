//! Trying questions: one at a time to see why something was found, and whole sets of them, run again after each change
//! of the knowledge or of the weights and compared with an earlier run.
//!
//! Open next: `trial/looking.rs` (one question), `trial/sets.rs`, `trial/runs.rs`, `trial/compare.rs`.

mod compare;
mod looking;
mod record;
mod runs;
mod sets;

use std::sync::{Arc, Mutex};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Knowledge, KnowledgeError};
use crate::dialogue::{Clock, Foreseen, Found, Policy};
use crate::store::{Store, StoreError};

pub use compare::{Change, ComparedRow, Comparison};
pub use looking::{Asker, Looked, Place, Places, Sought};
pub use record::{
    RowRecord, RunRecord, RunState, SetQuestion, SetRecord, SetSummary, Thresholds, TopHit, Totals, Verdict,
};
pub use sets::{MAX_QUESTION_CHARS, MAX_QUESTIONS, MAX_SETS, read_lines};

/// Says what a question would come to, given what was found for it. The dialogue core's own judgement, handed in, so
/// that a trial never says anything else than a citizen would hear.
pub type Foresee = Arc<dyn Fn(&str, &[Found<'_>]) -> Foreseen + Send + Sync>;

/// Why something could not be tried.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// Choose among the sets there are.
    #[error("there is no such set of questions")]
    UnknownSet,
    /// Choose among the runs there are; old ones are dropped.
    #[error("there is no such run")]
    UnknownRun,
    /// Choose another name.
    #[error("a set of this name exists already")]
    NameTaken,
    /// Write something.
    #[error("there is no question in it")]
    Empty,
    /// Choose a region of the table.
    #[error("`{0}` is not in the table of regions")]
    UnknownRegion(String),
    /// Take some out, or shorten them.
    #[error("too many: at most {limit} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        limit: usize,
    },
    /// Wait, or stop the other run.
    #[error("run {0} is still going on")]
    Busy(u64),
    /// The knowledge failed.
    #[error(transparent)]
    Knowledge(#[from] KnowledgeError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// The run that is going on.
struct Running {
    number: u64,
    done: usize,
    stop: CancellationToken,
}

/// Questions to try, and what became of them.
pub struct Trials {
    store: Arc<dyn Store>,
    knowledge: Knowledge,
    clock: Arc<dyn Clock>,
    foresee: Foresee,
    policy: Policy,
    /// How many runs of a set are kept.
    kept: usize,
    /// One run at a time: it takes half a core.
    running: Mutex<Option<Running>>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Trials {
    /// Puts it together; nothing runs yet. A run ends early when `stop` is cancelled.
    pub fn new(
        store: Arc<dyn Store>,
        knowledge: Knowledge,
        clock: Arc<dyn Clock>,
        policy: Policy,
        foresee: Foresee,
        kept: usize,
        stop: CancellationToken,
    ) -> Arc<Self> {
        let (running, tasks) = (Mutex::new(None), TaskTracker::new());
        Arc::new(Self { store, knowledge, clock, foresee, policy, kept, running, tasks, stop })
    }

    /// From which confidence on the robot answers, and below which it says that it has no answer.
    pub fn thresholds(&self) -> Thresholds {
        Thresholds { answer_at: self.policy.answer_at, clarify_at: self.policy.clarify_at }
    }

    /// How many runs of a set are kept.
    pub fn kept(&self) -> usize {
        self.kept
    }

    /// Waits until the run in hand has noticed that the program ends.
    pub async fn drain(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

#[cfg(test)]
mod tests;
