//! Whether an entry is about a place that the question names.

use tantivy::TantivyError;

use super::features::{Feature, Features};
use crate::index::Snapshot;
use crate::region::{Relation, Toponym, Toponyms};

/// What it counts if one place lies in the other: what holds in the province often answers in the city.
const WITHIN: f32 = 0.5;

/// The places that a question names, each with what it says that an entry names it, too: less, the more entries do. Almost every
/// entry of a city's own knowledge names the city.
pub(crate) struct AskedPlaces(Vec<(Toponym, f32)>);

impl AskedPlaces {
    /// Those of a question in canonical names.
    pub(crate) fn of(snapshot: &Snapshot, text: &str) -> Result<AskedPlaces, TantivyError> {
        let all = snapshot.documents().max(1) as f32;
        let weighed = |place| Ok((place, 1.0 - (snapshot.naming(place)? as f32 / all).min(1.0)));
        Toponyms::shared().named(text).into_iter().map(weighed).collect::<Result<_, _>>().map(AskedPlaces)
    }

    /// Looks at the places that an entry names.
    pub(super) fn look(&self, named: impl Iterator<Item = Toponym>, features: &mut Features) {
        if self.0.is_empty() {
            return;
        }
        let (mut most, mut near, mut apart) = (0.0_f32, false, false);
        for theirs in named {
            for &(place, counts) in &self.0 {
                match place.relation(theirs) {
                    Relation::Same => (most, near) = (most.max(counts), true),
                    Relation::Within => (most, near) = (most.max(counts * WITHIN), true),
                    Relation::Apart => apart = true,
                    Relation::Unknown => {}
                }
            }
        }
        features.set(Feature::place, most);
        features.set(Feature::place_apart, f32::from(u8::from(apart && !near)));
    }
}
