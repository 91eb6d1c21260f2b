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
    /// Prints evidence with scores.
    Search {
        /// The question.
        question: String,
        /// How many hits.
        limit: usize,
        /// As JSON.
        json: bool,
    },
    /// Writes a backup.
    Backup {
        /// Where to, absolute.
        directory: PathBuf,
    },
    /// Reads every record.
    Verify,
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
        step: ImportStep,
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
