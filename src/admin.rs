//! What the operator does: one set of commands, run here when the data directory is free, and inside the running
//! server otherwise ([`control`]), because only one process can hold the store.

pub(crate) mod answers;
mod command;
pub mod control;
mod files;
mod follow_ups;
mod replay;
pub mod run;
mod search;
mod trial;

pub use command::{Command, ExportKind, Report, Step, TrialCommand};
pub(crate) use files::json_lines;
pub use run::run;
