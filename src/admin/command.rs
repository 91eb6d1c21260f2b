//! The commands and what they report, as they travel between the command line and a running server.

use std::path::PathBuf;

use knowledge::export::ExportFormat;
use serde::{Deserialize, Serialize};

use crate::desk::Role;
use crate::retrieval::{ImportStep, Taking};

/// What is to be exported.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExportKind {
    /// Knowledge entries.
    Entries,
    /// Conversations with their transcripts.
    Conversations,
    /// Questions without an answer.
    Gaps,
}

/// A command.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Makes an account; without a password one is made up and printed.
    HelperAdd {
        /// The name.
        name: String,
        /// The password.
        password: Option<String>,
        /// What the helper may do.
        role: Role,
    },
    /// Lists the accounts.
    HelperList,
    /// Closes or reopens an account.
    HelperDisable {
        /// The name.
        name: String,
        /// Reopens it instead.
        enable: bool,
    },
    /// Sets a password; without one it is made up and printed.
    HelperPassword {
        /// The name.
        name: String,
        /// The password.
        password: Option<String>,
    },
    /// Takes files over, each whole or not at all.
    Import {
        /// The files and folders, absolute.
        paths: Vec<PathBuf>,
        /// The text of the mapping file that explains them.
        mapping: Option<String>,
        /// What happens to the others when a file is refused.
        taking: Taking,
    },
    /// Prints records, or writes them to a file.
    Export {
        /// Which.
        kind: ExportKind,
        /// How; only entries have a choice.
        format: ExportFormat,
        /// Where to, absolute.
        output: Option<PathBuf>,
    },
    /// Takes one turn.
    Ask {
        /// The question.
        question: String,
        /// As JSON.
        json: bool,
    },
    /// Shows how a reply came about, and writes it once more.
    Replay {
        /// The message's id.
        message: String,
        /// As JSON.
        json: bool,
    },
    /// Prints evidence with scores.
    Search {
        /// The question.
        question: String,
        /// How many hits.
        limit: usize,
        /// As JSON.
        json: bool,
        /// With what gave each hit its place.
        explain: bool,
    },
    /// Sets of questions.
    Trial {
        /// What to do with them.
        trial: TrialCommand,
    },
    /// Measures whole answers.
    Answers {
        /// The file of questions, absolute.
        file: PathBuf,
        /// As JSON.
        json: bool,
        /// With every question whose answer is not as it should be.
        misses: bool,
    },
    /// Measures conversations of several turns.
    FollowUps {
        /// The file of conversations, absolute.
        file: PathBuf,
        /// As JSON.
        json: bool,
        /// With every turn for which another entry was found first.
        misses: bool,
    },
    /// Writes a backup.
    Backup {
        /// Where to, absolute.
        directory: PathBuf,
    },
    /// Reads every record.
    Verify,
    /// Builds the search index anew.
    Reindex,
}

/// What is done with sets of questions.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrialCommand {
    /// Lists sets and runs.
    List {
        /// As JSON.
        json: bool,
    },
    /// Makes a set from a file, or replaces its questions.
    Add {
        /// Its name.
        name: String,
        /// The file, absolute.
        file: PathBuf,
    },
    /// Tries every question of a set.
    Run {
        /// Its name or id.
        set: String,
        /// As JSON, with what every question came to.
        json: bool,
    },
    /// Compares two runs.
    Compare {
        /// The earlier run's number.
        before: u64,
        /// The later run's number.
        after: u64,
        /// As JSON.
        json: bool,
    },
}

/// What is counted on the way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Bytes of files that are read.
    Reading,
    /// Entries that are taken over.
    TakingOver,
    /// Entries that are put into a new index.
    Indexing,
    /// Entries whose texts are embedded.
    Embedding,
    /// Questions that are asked.
    Asking,
}

impl From<ImportStep> for Step {
    fn from(step: ImportStep) -> Step {
        match step {
            ImportStep::Reading => Step::Reading,
            ImportStep::TakingOver => Step::TakingOver,
        }
    }
}

/// What a command says on its way.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "report", rename_all = "snake_case")]
pub enum Report {
    /// A line of its result.
    Line {
        /// The line.
        text: String,
    },
    /// How far it is.
    Progress {
        /// With what.
        step: Step,
        /// How many are done.
        done: usize,
        /// Of how many.
        total: usize,
    },
    /// It failed.
    Failed {
        /// Why.
        text: String,
        /// Whether the command itself was wrong (exit code 2) rather than the work (1).
        usage: bool,
    },
    /// It is done.
    Done,
}
