//! What the index is doing, for whoever waits for it and for the operator.

use std::time::Duration;

use jiff::Timestamp;

/// What the index is doing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IndexStatus {
    /// Whether there is an index to search. Only between a start without a usable one and its being built there is none.
    pub serving: bool,
    /// The generation of what is searched.
    pub generation: u64,
    /// The generation of the store, as last seen. Greater than the index's while a change is on its way.
    pub store_generation: u64,
    /// How many entries are searched, whatever their status.
    pub entries: usize,
    /// An index that is being built beside the one that is searched.
    pub rebuild: Option<RebuildStatus>,
    /// Why the index cannot take changes. It is tried again, and this is gone once that succeeds.
    pub failure: Option<String>,
    /// The last change that became searchable.
    pub last_change: Option<LastChange>,
}

/// How far a rebuild is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RebuildStatus {
    /// Why the index is built anew.
    pub reason: String,
    /// Entries taken over.
    pub done: usize,
    /// Of how many; 0 until they are counted.
    pub total: usize,
}

/// A change that became searchable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastChange {
    /// When.
    pub at: Timestamp,
    /// How long that took from the request on.
    pub took: Duration,
}
