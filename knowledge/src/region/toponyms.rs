//! The places that a text names, whatever the city's own table knows: what holds in one city is no answer about another.

use std::collections::HashMap;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, MatchKind};

use super::nation::{self, Province};

/// A place that a text names, as it is written in the index's column.
///
/// Listed ones are a province by its number in the list, from 1, and above the lowest byte a city of it. Where names are
/// taken out before letters are published, 市, 县 and 区 are told apart by Latin letters and digits (A7县); such a name stands
/// there as it is, at most five letters of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Toponym(u64);

/// What one place is to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    /// The same.
    Same,
    /// One lies in the other.
    Within,
    /// Neither lies in the other.
    Apart,
    /// Their names do not tell.
    Unknown,
}

/// Marks a place that is no listed one.
const LETTERED: u64 = 1 << 63;

/// Marks a lettered place that is a county or a district rather than a city.
const DISTRICT: u64 = 1 << 62;

/// Letters that fit into a lettered place.
const MAX_LETTERS: usize = 5;

impl Toponym {
    /// What stands in the column.
    pub(crate) const fn get(self) -> u64 {
        self.0
    }

    /// The place that stands so in the column.
    pub(crate) const fn from_column(number: u64) -> Toponym {
        Toponym(number)
    }

    /// What the other place is to this one.
    pub(crate) fn relation(self, other: Toponym) -> Relation {
        if self == other {
            return Relation::Same;
        }
        match (self.0 & LETTERED > 0, other.0 & LETTERED > 0) {
            (false, false) if self.province() != other.province() => Relation::Apart,
            (false, false) if self.is_province() || other.is_province() => Relation::Within,
            (false, false) => Relation::Apart,
            // Which city A7县 lies in is not said.
            (true, true) if self.0 & DISTRICT == other.0 & DISTRICT => Relation::Apart,
            _ => Relation::Unknown,
        }
    }

    const fn province(self) -> u64 {
        self.0 & 0xFF
    }

    const fn is_province(self) -> bool {
        self.0 <= 0xFF
    }

    /// The place that is called by a run of letters and digits before 市, 县 or 区.
    fn lettered(run: &str, is_district: bool) -> Option<Toponym> {
        let fits = run.starts_with(|c: char| c.is_ascii_alphabetic()) && run.len() <= MAX_LETTERS;
        let letters = run.bytes().fold(0, |number, byte| number << 8 | u64::from(byte));
        fits.then_some(Toponym(LETTERED | if is_district { DISTRICT } else { 0 } | letters))
    }
}

/// Finds places in normalised texts.
#[derive(Debug)]
pub(crate) struct Toponyms {
    finder: Option<AhoCorasick>,
    names: HashMap<String, Toponym>,
}

impl Toponyms {
    /// Those of this process, made at the first call.
    pub(crate) fn shared() -> &'static Toponyms {
        static SHARED: OnceLock<Toponyms> = OnceLock::new();
        SHARED.get_or_init(Toponyms::load)
    }

    fn load() -> Toponyms {
        let mut names = HashMap::new();
        for (province, Province { spellings, cities }) in (1..).zip(nation::provinces()) {
            for spelling in spellings {
                names.insert(spelling, Toponym(province));
            }
            for (city, spellings) in (1..).zip(cities) {
                for spelling in spellings {
                    // 吉林 alone is the province.
                    names.entry(spelling).or_insert(Toponym(city << 8 | province));
                }
            }
        }
        let finder = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(names.keys()).ok();
        Toponyms { finder, names }
    }

    /// The places that a normalised text names, each once, in order. A province right before one of its cities only says which is
    /// meant: 湖南省怀化市 is one place.
    pub(crate) fn named(&self, text: &str) -> Vec<Toponym> {
        let listed = self.finder.iter().flat_map(|finder| finder.find_iter(text)).filter_map(|hit| {
            let end = nation::end_of_name(text, hit.start(), hit.end());
            let (name, rest) = (text.get(hit.start()..end)?, text.get(end..)?);
            let place = self.names.get(name).copied().filter(|_| nation::is_whole_name(name, rest))?;
            Some((hit.start(), end, place))
        });
        let mut found: Vec<(usize, usize, Toponym)> = Vec::new();
        for one in listed {
            let (start, _, place) = one;
            found.pop_if(|(_, end, before)| {
                *end == start && before.is_province() && before.0 == place.province()
            });
            found.push(one);
        }
        let mut places: Vec<Toponym> =
            found.into_iter().map(|(.., place)| place).chain(lettered(text)).collect();
        places.sort_unstable();
        places.dedup();
        places
    }
}

fn lettered(text: &str) -> impl Iterator<Item = Toponym> {
    text.match_indices(['市', '县', '区']).filter_map(move |(at, ending)| {
        let before = text.get(..at)?;
        let start = before.trim_end_matches(|c: char| c.is_ascii_alphanumeric()).len();
        let end = at + ending.len();
        let whole = nation::end_of_name(text, start, end) == end;
        Toponym::lettered(before.get(start..)?, ending != "市").filter(|_| whole)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Vec<Toponym> {
        Toponyms::shared().named(text)
    }

    fn one(text: &str) -> Toponym {
        let places = named(text);
        assert_eq!(places.len(), 1, "{text}: {places:?}");
        places[0]
    }

    #[test]
    fn places_are_found_by_all_their_names_and_not_in_other_words() {
        assert_eq!(one("怀化的企业"), one("在怀化市怎么办"));
        assert_eq!(one("吉林怎么办"), one("吉林省"));
        assert_ne!(one("吉林市怎么办"), one("吉林省"));
        assert_eq!(one("北京市场"), one("北京"));
        assert_eq!(one("浙江省杭州市"), one("杭州"));
        assert_eq!(named("浙江省的杭州市").len(), 2);
        assert_eq!(named("北京路怎么走，去上海银行"), []);
        assert_eq!(named("app市场里a区域的3区"), []);
        assert_eq!(one("a7县的公交"), one("请问a7县怎么办"));
        assert_ne!(one("a7县"), one("a7市"));
    }

    #[test]
    fn what_a_place_is_to_another_is_told_where_it_can_be() {
        let relation = |one_name: &str, other: &str| one(one_name).relation(one(other));
        assert_eq!(relation("怀化", "怀化市"), Relation::Same);
        assert_eq!(relation("怀化", "湖南省"), Relation::Within);
        assert_eq!(relation("湖南", "怀化"), Relation::Within);
        assert_eq!(relation("怀化", "长沙"), Relation::Apart);
        assert_eq!(relation("湖南", "重庆"), Relation::Apart);
        assert_eq!(relation("a7县", "k2区"), Relation::Apart);
        assert_eq!(relation("a7县", "b市"), Relation::Unknown);
        assert_eq!(relation("a7县", "湖南"), Relation::Unknown);
    }

    #[test]
    fn a_place_stands_in_a_column_and_comes_back() {
        for place in named("湖南怀化，北京，a7县，b市") {
            assert_eq!(Toponym::from_column(place.get()), place);
        }
    }
}
