//! What is kept of sets and runs.

use jiff::Timestamp;
use knowledge::Version;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A question of a set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SetQuestion {
    /// The words.
    pub text: String,
    /// The entries that answer it, by id; empty if nobody has said.
    #[serde(default)]
    pub expected: Vec<String>,
    /// Whether it is right to say that there is no answer.
    #[serde(default)]
    pub unanswerable: bool,
}

/// A named set of questions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SetRecord {
    /// Its id.
    pub id: String,
    /// Its name, which no other set has.
    pub name: String,
    /// Its questions.
    pub questions: Vec<SetQuestion>,
    /// Who made it.
    pub by: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When its questions last changed.
    #[schema(value_type = String, format = DateTime)]
    pub changed_at: Timestamp,
}

/// A set without its questions, for lists.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SetSummary {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How many questions it has.
    pub questions: usize,
    /// For how many of them somebody has said what is right.
    pub judged: usize,
    /// When its questions last changed.
    #[schema(value_type = String, format = DateTime)]
    pub changed_at: Timestamp,
    /// The newest run.
    pub last_run: Option<RunRecord>,
}

/// What decides between answering, asking back and saying that there is no answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Thresholds {
    /// From this confidence on it is answered.
    pub answer_at: f32,
    /// Below this one there is no answer.
    pub clarify_at: f32,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Going on.
    Running,
    /// Every question was tried.
    Finished,
    /// Somebody stopped it, or the program ended.
    Stopped,
    /// The index or the store failed.
    Failed,
}

/// How many questions came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Totals {
    /// Answered, or a scenario begun.
    pub answered: usize,
    /// Asked back.
    pub clarify: usize,
    /// No answer.
    pub no_answer: usize,
    /// Not looked up: a greeting, a wish for a person, an emergency.
    pub aside: usize,
    /// Right, of those that somebody has judged.
    pub right: usize,
    /// Wrong, of those that somebody has judged.
    pub wrong: usize,
    /// With an expected entry among the first three.
    pub in_three: usize,
    /// With an expected entry at all.
    pub with_expected: usize,
    /// The confidence of the first hit, on average over all questions.
    pub mean_confidence: f32,
}

/// A run over a set, without its rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RunRecord {
    /// Its number, which no other run ever had.
    pub number: u64,
    /// The set's id.
    pub set: String,
    /// The set's name at that time.
    pub set_name: String,
    /// Who began it.
    pub by: String,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub begun_at: Timestamp,
    /// When it ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
    /// Where it stands.
    pub state: RunState,
    /// What the answers depended on when it began.
    #[schema(value_type = Object)]
    pub version: Version,
    /// Whether the knowledge was changed while it ran.
    pub mixed: bool,
    /// The place that was asked about, if not the city.
    pub region: Option<String>,
    /// What decided about the outcomes.
    pub thresholds: Thresholds,
    /// How many questions it has.
    pub total: usize,
    /// How many are done.
    pub done: usize,
    /// What they came to.
    pub totals: Totals,
}

/// One of the first entries found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TopHit {
    /// The entry's id.
    pub id: String,
    /// Its title at that time.
    pub title: String,
    /// Its confidence.
    pub confidence: f32,
}

/// Whether it was right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The first hit is expected and is answered from or offered; or it is right to have no answer, and there was none.
    Right,
    /// Anything else.
    Wrong,
    /// Nobody has said what is right.
    Unjudged,
}

/// What one question came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RowRecord {
    /// The question with what is expected.
    #[serde(flatten)]
    pub question: SetQuestion,
    /// What it came to; absent for a greeting or thanks.
    pub outcome: Option<String>,
    /// What the words were taken for, if they were not looked up at all.
    pub intent: Option<String>,
    /// The first three hits.
    pub hits: Vec<TopHit>,
    /// Whether that was right.
    pub verdict: Verdict,
}

impl SetQuestion {
    /// Whether somebody has said what is right.
    pub fn is_judged(&self) -> bool {
        self.unanswerable || !self.expected.is_empty()
    }
}

impl RowRecord {
    /// At which place, from 1, the first expected entry stands among the first three.
    pub fn place(&self) -> Option<usize> {
        let found = self.hits.iter().position(|hit| self.question.expected.contains(&hit.id));
        found.map(|place| place + 1)
    }

    /// Whether entries were shown: as the answer, as a scenario, or to choose from.
    pub fn shows(&self) -> bool {
        matches!(self.outcome.as_deref(), Some("answered" | "guide" | "clarify"))
    }

    /// Whether that was right.
    pub fn judge(&self) -> Verdict {
        let right =
            if self.question.unanswerable { !self.shows() } else { self.shows() && self.place() == Some(1) };
        match (self.question.is_judged(), right) {
            (false, _) => Verdict::Unjudged,
            (true, true) => Verdict::Right,
            (true, false) => Verdict::Wrong,
        }
    }
}

impl Totals {
    /// Counts one more row.
    pub fn count(&mut self, row: &RowRecord) {
        match row.outcome.as_deref() {
            Some("answered" | "guide") => self.answered += 1,
            Some("clarify") => self.clarify += 1,
            Some("no_answer") => self.no_answer += 1,
            _ => self.aside += 1,
        }
        match row.verdict {
            Verdict::Right => self.right += 1,
            Verdict::Wrong => self.wrong += 1,
            Verdict::Unjudged => {}
        }
        self.with_expected += usize::from(!row.question.expected.is_empty());
        self.in_three += usize::from(row.place().is_some());
        let before = self.answered + self.clarify + self.no_answer + self.aside - 1;
        let confidence = row.hits.first().map_or(0.0, |hit| hit.confidence);
        self.mean_confidence += (confidence - self.mean_confidence) / (before as f32 + 1.0);
    }
}
