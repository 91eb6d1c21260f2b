//! How good it is, on any collection of questions.

pub mod baseline;
pub mod collections;
pub mod figures;
pub mod noise;
pub mod retrieval;
