//! How good it is, on any collection of questions.

pub mod baseline;
pub mod collections;
pub mod figures;
mod fit;
pub mod lessons;
pub mod noise;
pub mod retrieval;
pub mod thresholds;
pub mod train;
