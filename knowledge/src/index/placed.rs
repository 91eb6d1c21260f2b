//! An entry whose place is known, and what can be done with it.

use crate::entry::{Entry, EntryId};
use crate::region::{RegionCode, Regions};

/// An entry together with the code its region resolves to.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    entry: Entry,
    region: Option<RegionCode>,
}

/// The entry's region is in no table: mend the entry or the table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no region `{0}`")]
pub struct UnknownRegion(pub String);

impl Placed {
    /// Looks the entry's region up.
    pub fn new(entry: Entry, regions: &Regions) -> Result<Placed, UnknownRegion> {
        let region = match &entry.region {
            None => None,
            Some(name) => Some(regions.resolve(name).ok_or_else(|| UnknownRegion(name.clone()))?),
        };
        Ok(Placed { entry, region })
    }

    /// An entry that holds everywhere, whatever its region says. For throw-away indexes without a table.
    pub fn everywhere(entry: Entry) -> Placed {
        Placed { entry, region: None }
    }

    /// The entry.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Where it holds; `None` is everywhere.
    pub fn region(&self) -> Option<RegionCode> {
        self.region
    }

    /// The entry, the code forgotten.
    pub fn into_entry(self) -> Entry {
        self.entry
    }
}

/// One change to the index.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Puts an entry in, in place of the one with the same id.
    Upsert(Box<Placed>),
    /// Takes an entry out; harmless if it is not there.
    Delete(EntryId),
}

impl Change {
    /// The entry it is about.
    pub fn id(&self) -> &EntryId {
        match self {
            Change::Upsert(placed) => &placed.entry().id,
            Change::Delete(id) => id,
        }
    }
}
