//! The city's knowledge: entries in the store, an index beside it that can always be rebuilt, and the core's
//! [`crate::dialogue::Retriever`] over both.

mod base;
mod evidence;
mod port;

pub use base::{ImportStep, Imported, Knowledge, KnowledgeBase, KnowledgeError, Site, Taking};
pub(crate) use port::KnowledgeRetriever;
