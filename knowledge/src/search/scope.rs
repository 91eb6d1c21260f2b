//! Who asks, where and when: what a question may be answered from at all.

use jiff::civil::Date;

use crate::entry::Audience;
use crate::region::RegionCode;

/// A question and what may answer it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The question as it was asked.
    pub text: String,
    /// What may answer it.
    pub scope: Scope,
}

/// Who asks, where and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// Where. A caller that knows no more passes its own city. `None` reaches only what holds everywhere.
    pub region: Option<RegionCode>,
    /// For whom. `None` reaches both.
    pub audience: Option<Audience>,
    /// On which day.
    pub on: Date,
}

impl Scope {
    /// Whether an entry of that region may be shown: it lies on the line from the nation down to the asker, or inside
    /// the asker's own region. A district never sees its sibling, a city never another city.
    pub fn reaches(&self, entry: Option<RegionCode>) -> bool {
        match (entry, self.region) {
            (None | Some(RegionCode::NATION), _) => true,
            (Some(_), None) => false,
            (Some(entry), Some(asker)) => entry.contains(asker) || asker.contains(entry),
        }
    }

    /// How far an entry's region is from the asker's: 0 is the asker's own, 1 the one above, and so up to the nation.
    /// What holds only in a part of where the question comes from is farthest of all, since it may not hold for the
    /// asker.
    pub(crate) fn distance(&self, entry: Option<RegionCode>) -> usize {
        const PART: usize = 9;
        let Some(asker) = self.region else { return 0 };
        let entry = entry.unwrap_or(RegionCode::NATION);
        asker.lineage().position(|region| region == entry).unwrap_or(PART)
    }

    /// Whether an entry of that region holds only in a part of where the question comes from, so that it may not hold
    /// for the asker.
    pub(crate) fn is_narrower(&self, entry: Option<RegionCode>) -> bool {
        matches!((entry, self.region), (Some(entry), Some(asker)) if entry != asker && asker.contains(entry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_district_sees_upwards_and_a_city_also_downwards() {
        let code = |number| RegionCode::new(number);
        let check = |asker: u32, entry: u32, expected: bool| {
            let scope = Scope { region: code(asker), audience: None, on: Date::constant(2026, 1, 1) };
            assert_eq!(scope.reaches(code(entry)), expected, "{asker} sees {entry}");
        };
        for seen in [990_102, 990_100, 990_000, 100_000] {
            check(990_102, seen, true);
        }
        check(990_102, 990_103, false);
        check(990_102, 990_200, false);
        check(990_100, 990_102, true);
        check(990_100, 990_201, false);
        check(990_100, 110_000, false);
    }

    #[test]
    fn the_nearer_region_comes_first_and_a_part_of_the_askers_last() {
        let code = |number| RegionCode::new(number);
        let orders: [(u32, &[Option<u32>]); 3] = [
            (990_102, &[Some(990_102), Some(990_100), Some(990_000), Some(100_000)]),
            (990_100, &[Some(990_100), Some(990_000), None, Some(990_102)]),
            (990_000, &[Some(990_000), Some(100_000), Some(990_100)]),
        ];
        for (asker, order) in orders {
            let scope = Scope { region: code(asker), audience: None, on: Date::constant(2026, 1, 1) };
            let distances: Vec<usize> =
                order.iter().map(|entry| scope.distance(entry.and_then(code))).collect();
            assert!(distances.is_sorted_by(|a, b| a < b), "{asker}: {distances:?}");
        }
    }

    #[test]
    fn without_a_place_only_what_holds_everywhere_is_seen() {
        let scope = Scope { region: None, audience: None, on: Date::constant(2026, 1, 1) };
        assert!(scope.reaches(None) && scope.reaches(Some(RegionCode::NATION)));
        assert!(!scope.reaches(RegionCode::new(990_100)));
    }
}
