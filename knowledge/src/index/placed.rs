//! An entry whose place is known, and what can be done with it.

use crate::entry::{Entry, EntryId};
use crate::region::{RegionCode, Regions, Toponym, Toponyms};

/// An entry together with the code its region resolves to.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    entry: Entry,
    region: Option<RegionCode>,
    /// The narrowest place of the nation that it lies in, as far as the table has its name.
    lies_in: Vec<Toponym>,
}

/// The entry's region is in no table: mend the entry or the table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no region `{0}`")]
pub struct UnknownRegion(pub String);

impl Placed {
    /// Looks the entry's region up. One without a region lies where the deployment does.
    pub fn new(entry: Entry, regions: &Regions) -> Result<Placed, UnknownRegion> {
        let region = match &entry.region {
            None => None,
            Some(name) => Some(regions.resolve(name).ok_or_else(|| UnknownRegion(name.clone()))?),
        };
        let above = region.or_else(|| regions.home()).into_iter().flat_map(RegionCode::lineage);
        let named = above.filter_map(|code| regions.name(code)).map(|name| Toponyms::shared().named(name));
        let lies_in = named.into_iter().find(|places| !places.is_empty()).unwrap_or_default();
        Ok(Placed { entry, region, lies_in })
    }

    /// An entry that holds everywhere, whatever its region says. For throw-away indexes without a table.
    pub fn everywhere(entry: Entry) -> Placed {
        Placed { entry, region: None, lies_in: Vec::new() }
    }

    /// The entry.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Where it holds; `None` is everywhere.
    pub fn region(&self) -> Option<RegionCode> {
        self.region
    }

    /// The place of the nation that it lies in, as if its text named it.
    pub(crate) fn lies_in(&self) -> impl Iterator<Item = Toponym> {
        self.lies_in.iter().copied()
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
