//! The nation's provinces and cities, so that a question about another one is noticed.

use std::collections::HashMap;

use super::Known;
use crate::region::RegionCode;

const NATION: &str = include_str!("../nation.txt");

/// A city in the list: what it answers to.
fn answers_to(written: &str) -> Vec<String> {
    if let Some(exact) = written.strip_prefix('=') {
        return vec![exact.to_owned()];
    }
    match written.strip_suffix('*') {
        Some(ordinary) => vec![format!("{ordinary}市")],
        None => vec![written.to_owned(), format!("{written}市")],
    }
}

/// Adds every place that the table does not know by any of its names. One that it does know answers to all of them.
pub(super) fn add(names: &mut HashMap<String, Known>, home: RegionCode) {
    let lines = NATION.lines().filter(|line| !line.starts_with('#'));
    for line in lines {
        let mut words = line.split_whitespace();
        let (Some(province), Some(ending)) = (words.next(), words.next()) else { continue };
        let mut at_home = false;
        for city in words {
            let known = enter(names, answers_to(city), &Known::Foreign);
            at_home |=
                matches!(known, Known::Above) || matches!(known, Known::Own(code) if code.contains(home));
        }
        // A table that begins with the city still lies in a province.
        let known = if at_home { Known::Above } else { Known::Foreign };
        let spellings = vec![province.to_owned(), format!("{province}{ending}")];
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
