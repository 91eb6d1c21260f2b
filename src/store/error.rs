//! What can go wrong, named by what the caller should do about it.

use std::path::Path;

use super::key::Key;

/// Why a store did not do what it was asked. Variants say what to do next, and none shows the content of a record.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Try again later, and report not-ready meanwhile. What was asked may or may not have happened.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),

    /// Stop the other program that holds the store, or wait for its end.
    #[error("the store is in use: {0}")]
    Busy(String),

    /// Stop, put the damaged store aside, and restore a backup.
    #[error("the store is damaged: {0}")]
    Corrupt(String),

    /// Tell the operator: a setting or an argument has to change.
    #[error("{0}")]
    Misconfigured(String),

    /// Tell the operator: a file or a directory could not be read or written.
    #[error("could not {doing}")]
    Files {
        /// What was being done, with the path.
        doing: String,
        /// What the operating system said.
        source: std::io::Error,
    },

    /// Mend the program: this request can never succeed.
    #[error("refused by the store: {0}")]
    Refused(String),
}

impl StoreError {
    /// The error of a value that is not what its reader expects. It leaves serde's message out on purpose: that
    /// quotes the value, which may be what a citizen wrote.
    pub(super) fn undecodable(key: &Key, error: &serde_json::Error) -> Self {
        let (kind, line, column) = (error.classify(), error.line(), error.column());
        Self::Corrupt(format!(
            "the record `{key}` does not decode ({kind:?} error at line {line}, column {column})"
        ))
    }

    /// Wraps an error of the file system with what was being done to `path`.
    pub(super) fn files(doing: &str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let doing = format!("{doing} `{}`", path.display());
        move |source| Self::Files { doing, source }
    }
}
