//! The city's knowledge: entries in the store, an index beside it that can always be rebuilt, and the core's
//! [`crate::dialogue::Retriever`] over both.

mod base;
mod cleaned;
mod dense;
mod evidence;
mod port;
#[cfg(test)]
mod tests;
pub mod trial;

pub use base::{
    ImportStep, Imported, IndexStatus, Knowledge, KnowledgeBase, KnowledgeError, LastChange, RebuildStatus,
    Site, Taking,
};
pub(crate) use cleaned::Cleaned;
pub use dense::{Dense, DenseSettings, DenseState};
pub(crate) use dense::{NEAREST, sent};
pub(crate) use evidence::evidence_of;
pub(crate) use port::KnowledgeRetriever;
