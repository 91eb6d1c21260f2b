//! How often other entries refer to the document that an entry is or is part of.
//!
//! Of two articles that say much the same, the one of the code is meant rather than the one of a decree on it, and others refer to
//! the code. Counted when it is asked, from the names that entries refer to: so it holds after every change.

use std::collections::HashMap;

use tantivy::TantivyError;

use super::features::{Feature, Features};
use crate::index::Snapshot;

/// So many references count 1.
const MANY: f32 = 1_000.0;

/// What is known already of the documents of one search.
pub(super) struct Authorities<'a> {
    snapshot: &'a Snapshot,
    known: HashMap<String, f32>,
}

impl<'a> Authorities<'a> {
    pub(super) fn new(snapshot: &'a Snapshot) -> Authorities<'a> {
        Authorities { snapshot, known: HashMap::new() }
    }

    /// Looks at the document that an entry is or is part of.
    pub(super) fn look(
        &mut self,
        document: Option<&str>,
        features: &mut Features,
    ) -> Result<(), TantivyError> {
        let Some(name) = document else { return Ok(()) };
        let authority = match self.known.get(name) {
            Some(known) => *known,
            None => {
                let authority = (self.snapshot.citing(name)? as f32).ln_1p() / MANY.ln_1p();
                self.known.insert(name.to_owned(), authority);
                authority
            }
        };
        features.set(Feature::authority, authority);
        Ok(())
    }
}
