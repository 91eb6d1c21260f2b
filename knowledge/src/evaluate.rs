//! How good it is, on any collection of questions.

pub mod figures;
pub mod retrieval;
