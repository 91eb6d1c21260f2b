//! The nation's provinces and cities among the places of a table, so that a question about another one is noticed.

use std::collections::HashMap;

use super::Known;
use crate::region::RegionCode;
use crate::region::nation::{Province, provinces};

/// Adds every place that the table does not know by any of its names. One that it does know answers to all of them.
pub(super) fn add(names: &mut HashMap<String, Known>, home: RegionCode) {
    for Province { spellings, cities } in provinces() {
        let mut at_home = false;
        for city in cities {
            let known = enter(names, city, &Known::Foreign);
            at_home |=
                matches!(known, Known::Above) || matches!(known, Known::Own(code) if code.contains(home));
        }
        // A table that begins with the city still lies in a province.
        let known = if at_home { Known::Above } else { Known::Foreign };
        enter(names, spellings, &known);
    }
}

fn enter(names: &mut HashMap<String, Known>, spellings: Vec<String>, otherwise: &Known) -> Known {
    let known = spellings.iter().find_map(|spelling| names.get(spelling)).unwrap_or(otherwise).clone();
    for spelling in spellings {
        names.entry(spelling).or_insert_with(|| known.clone());
    }
    known
}
