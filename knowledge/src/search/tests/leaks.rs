//! The filters against a reading of the rules over all entries, on random knowledge of random nations.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use proptest::prelude::*;

use super::*;
use crate::entry::{Audience, Source, Status};
use crate::index::Change;

/// A nation: the codes of its regions.
fn nation() -> impl Strategy<Value = Vec<u32>> {
    let districts = prop::collection::btree_set(1_u32..100, 0..4);
    let cities = prop::collection::btree_map(1_u32..100, districts, 0..4);
    prop::collection::btree_map(11_u32..100, cities, 1..4).prop_map(|provinces| {
        let mut codes = vec![100_000];
        for (province, cities) in provinces {
            codes.push(province * 10_000);
            for (city, districts) in cities {
                codes.push(province * 10_000 + city * 100);
                codes.extend(districts.into_iter().map(|district| province * 10_000 + city * 100 + district));
            }
        }
        codes
    })
}

fn table(codes: &[u32]) -> Regions {
    let rows: Vec<String> =
        codes.iter().map(|code| format!("{{\"code\":{code},\"name\":\"地{code}\"}}")).collect();
    Regions::from_json(format!("[{}]", rows.join(",")).as_bytes()).unwrap()
}

/// One entry, with indexes where it has something from a list that is not known yet.
#[derive(Debug, Clone)]
struct Sketch {
    region: Option<prop::sample::Index>,
    audience: Option<Audience>,
    status: Status,
    from: Option<Date>,
    until: Option<Date>,
    published: Option<Date>,
    /// `Ok` is another entry or itself, `Err` one that does not exist.
    successor: Option<Result<prop::sample::Index, ()>>,
    removed: bool,
}

fn day() -> impl Strategy<Value = Date> {
    // Few days, so that the borders are met.
    (2025_i16..2027, 1_i8..=2, 1_i8..=3).prop_map(|(year, month, day)| date(year, month, day))
}

fn audience() -> impl Strategy<Value = Option<Audience>> {
    prop::option::of(prop::sample::select(vec![Audience::Citizen, Audience::Enterprise]))
}

fn sketch() -> impl Strategy<Value = Sketch> {
    let status =
        prop::sample::select(vec![Status::Published, Status::Published, Status::Draft, Status::Repealed]);
    let successor = prop::option::weighted(
        0.4,
        prop_oneof![9 => any::<prop::sample::Index>().prop_map(Ok), 1 => Just(Err(()))],
    );
    let region = prop::option::of(any::<prop::sample::Index>());
    let dates = (prop::option::of(day()), prop::option::of(day()), prop::option::of(day()));
    (region, audience(), status, dates, successor, prop::bool::weighted(0.15)).prop_map(
        |(region, audience, status, (from, until, published), successor, removed)| Sketch {
            region,
            audience,
            status,
            from,
            until,
            published,
            successor,
            removed,
        },
    )
}

/// The digits that say where a region lies; inside another means that the other's digits come first.
fn digits(code: u32) -> String {
    match code {
        100_000 => String::new(),
        code if code % 10_000 == 0 => (code / 10_000).to_string(),
        code if code % 100 == 0 => (code / 100).to_string(),
        code => code.to_string(),
    }
}

fn reaches(asker: Option<u32>, entry: Option<u32>) -> bool {
    let entry = digits(entry.unwrap_or(100_000));
    match asker.map(digits) {
        None => entry.is_empty(),
        Some(asker) => asker.starts_with(&entry) || entry.starts_with(&asker),
    }
}

/// How much farther up than the asker; inside the asker's place is farther than the nation.
fn distance(asker: Option<u32>, entry: Option<u32>) -> usize {
    let Some(asker) = asker.map(digits) else { return 0 };
    let entry = digits(entry.unwrap_or(100_000));
    if asker.starts_with(&entry) { (asker.len() - entry.len()) / 2 } else { 9 }
}

/// The rules, word by word.
struct Oracle<'a> {
    entries: BTreeMap<String, (&'a Entry, Option<u32>)>,
    asker: Option<u32>,
    audience: Option<Audience>,
    on: Date,
}

impl Oracle<'_> {
    fn begun(&self, entry: &Entry) -> bool {
        entry.status != Status::Draft && entry.effective_from.is_none_or(|from| from <= self.on)
    }

    fn public(&self, (entry, region): (&Entry, Option<u32>)) -> bool {
        let fits = self.audience.is_none() || entry.audience.is_none() || entry.audience == self.audience;
        self.begun(entry) && fits && reaches(self.asker, region)
    }

    /// The entry that answers where `id` is asked for.
    fn end(&self, id: &str) -> Option<String> {
        let mut id = id.to_owned();
        // No chain is longer than there are entries, but a circle.
        for _ in 0..=self.entries.len() {
            let (entry, region) = self.entries[&id];
            let next = entry.superseded_by.as_ref().map(ToString::to_string);
            match next.filter(|next| self.entries.get(next).is_some_and(|(next, _)| self.begun(next))) {
                Some(next) => id = next,
                None => {
                    let holds = entry.status == Status::Published
                        && entry.expires_on.is_none_or(|until| self.on <= until)
                        && self.public((entry, region));
                    return holds.then_some(id);
                }
            }
        }
        None
    }

    fn claim(&self, id: &str) -> (usize, std::cmp::Reverse<Option<Date>>, String) {
        let (entry, region) = self.entries[id];
        let published = entry.source.as_ref().and_then(|source| source.published_on);
        (distance(self.asker, region), std::cmp::Reverse(entry.effective_from.or(published)), id.to_owned())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever is returned is exactly what the rules give, and equals stand in the order of their claims.
    #[test]
    fn the_filters_never_leak(
        codes in nation(),
        sketches in prop::collection::vec(sketch(), 1..30),
        asker in prop::option::weighted(0.9, any::<prop::sample::Index>()),
        audience in audience(),
        on in day(),
    ) {
        let regions = table(&codes);
        let id = |number: usize| EntryId::new(format!("e{number:02}")).unwrap();
        let mut all: Vec<(Entry, Option<u32>)> = Vec::new();
        for (number, sketch) in sketches.iter().enumerate() {
            let mut entry = entry(id(number).as_str(), "老年卡办理");
            let region = sketch.region.map(|region| codes[region.index(codes.len())]);
            entry.region = region.map(|code| format!("地{code}"));
            entry.audience = sketch.audience;
            entry.status = sketch.status;
            entry.effective_from = sketch.from;
            entry.expires_on = sketch.until;
            entry.source = sketch.published.map(|published| Source {
                title: "x".to_owned(), number: None, url: None, published_on: Some(published),
            });
            entry.superseded_by = sketch.successor.map(|successor| match successor {
                Ok(other) => id(other.index(sketches.len())),
                Err(()) => EntryId::new("nowhere").unwrap(),
            });
            all.push((entry, region));
        }
        let index = Index::in_memory(Analyzer::shared()).unwrap();
        let placed = |entry: &Entry| Placed::new(entry.clone(), &regions).unwrap();
        // Half comes with the first commit and half with the second, so that there is more than one segment.
        let (first, second) = all.split_at(all.len() / 2);
        index.rebuild(first.iter().map(|(entry, _)| placed(entry)), 1).unwrap();
        let puts: Vec<Change> =
            second.iter().map(|(entry, _)| Change::Upsert(Box::new(placed(entry)))).collect();
        index.apply(&puts, 2).unwrap();
        let removed = |number: &usize| sketches[*number].removed;
        let deletions: Vec<Change> =
            (0..all.len()).filter(removed).map(|number| Change::Delete(id(number))).collect();
        index.apply(&deletions, 3).unwrap();

        let asker = asker.map(|asker| codes[asker.index(codes.len())]);
        let entries = all.iter().enumerate().filter(|(number, _)| !removed(number));
        let entries = entries.map(|(_, (entry, region))| (entry.id.to_string(), (entry, *region))).collect();
        let oracle = Oracle { entries, asker, audience, on };
        let expected: BTreeSet<String> = oracle
            .entries
            .iter()
            .filter(|(_, entry)| oracle.public(**entry))
            .filter_map(|(id, _)| oracle.end(id))
            .collect();

        let scope = Scope { region: asker.and_then(RegionCode::new), audience, on };
        let found = index.look(&Query { text: "老年卡".to_owned(), scope }, 50).unwrap();
        let order: Vec<String> = found.hits.iter().map(|hit| hit.id.to_string()).collect();
        let suggested: BTreeSet<String> =
            index.suggest("老年", &scope, 50).unwrap().into_iter().map(|line| line.id.to_string()).collect();
        prop_assert_eq!(&order.iter().cloned().collect::<BTreeSet<_>>(), &expected);
        prop_assert_eq!(order.len(), expected.len(), "none twice");
        prop_assert_eq!(&suggested, &expected);
        prop_assert!(order.iter().map(|id| oracle.claim(id)).is_sorted(), "{:?}", order);

        // What ended is told only if it was public here, and only where nothing took its place.
        if let Some(ended) = found.ended {
            let was = oracle.entries[ended.id.as_str()];
            prop_assert!(oracle.public(was));
            prop_assert_eq!(oracle.end(ended.id.as_str()), None);
        }
        for hit in found.hits {
            let replaced = hit.replaces.map(|old| oracle.end(old.as_str()));
            prop_assert!(replaced.is_none_or(|end| end == Some(hit.id.to_string())));
        }
    }
}
