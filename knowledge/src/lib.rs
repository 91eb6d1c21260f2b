#![doc = include_str!("../README.md")]

// In the order in which they are best read.
pub mod analyzer;
mod citations;
pub mod entry;
pub mod evaluate;
pub mod export;
pub mod import;
pub mod index;
pub mod region;
mod schema;
pub mod search;
mod suggest;
pub mod vectors;

pub use analyzer::Analyzer;
pub use entry::{Audience, Entry, EntryId, Kind, Status};
pub use index::{Change, Index, IndexError, Placed, UnknownRegion};
pub use region::{Mention, Places, RegionCode, Regions};
pub use search::explain::{Explained, Version};
pub use search::{
    About, Ended, Feature, Features, Found, Hit, Model, ModelError, Near, Query, Scope, Weights,
};
pub use suggest::Suggestion;
pub use vectors::Vectors;
