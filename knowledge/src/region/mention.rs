//! The place that a citizen's words name: a part of the city, which narrows where answers may come from, or another
//! city, about which this knowledge base must not pretend to know.
//!
//! Whether another place is what a question is *about* is decided narrowly. "北京的公积金怎么取" is about Beijing;
//! "我是北京户口，能在这办居住证吗" or "公积金怎么从北京转过来" are this city's daily bread. In doubt a place is not what a
//! question is about, and retrieval judges the question as any other.

mod frame;
mod nation;

use std::collections::HashMap;

use aho_corasick::{AhoCorasick, MatchKind};

use super::nation::{end_of_name, is_whole_name};
use super::{RegionCode, Regions, relative};

/// What the words say about a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mention {
    /// Nothing that matters.
    Nowhere,
    /// A place at home.
    Here {
        /// Which. At most as wide as home.
        region: RegionCode,
        /// The words without the place, if it narrows the question and can be taken out; else as they were.
        rest: String,
    },
    /// The question is about a place that is not at home.
    Elsewhere {
        /// What the words call it.
        name: String,
    },
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Known {
    /// A region at home.
    Own(RegionCode),
    /// A region that home lies in. Whoever names it means what holds at home, too.
    Above,
    /// A word that means a region only to somebody in it.
    Relative,
    /// Anywhere else.
    Foreign,
}

/// A name found in the words, by its place in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    start: usize,
    end: usize,
    known: Known,
}

/// Finds places in words. Built once from the table of regions.
#[derive(Debug, Clone)]
pub struct Places {
    regions: Regions,
    home: RegionCode,
    finder: Option<AhoCorasick>,
    names: HashMap<String, Known>,
}

impl Places {
    /// The names of the table, the words like "本市", and the nation's provinces and cities. Where the table has no
    /// home, every name in it is at home and nothing is elsewhere.
    pub fn new(regions: &Regions) -> Places {
        let home = regions.home().unwrap_or(RegionCode::NATION);
        let mut names = HashMap::new();
        for (name, &code) in &regions.codes {
            let known = if home.contains(code) {
                Known::Own(code)
            } else if code.contains(home) {
                Known::Above
            } else {
                Known::Foreign
            };
            names.insert(name.clone(), known);
        }
        if regions.home().is_some() {
            nation::add(&mut names, home);
        }
        for word in relative::words() {
            // What the word means depends on who asks, so the table's own reading of it waits until then.
            names.insert(word, Known::Relative);
        }
        // One character is no name to be found in running text.
        names.retain(|name, _| name.chars().count() > 1);
        let finder = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(names.keys()).ok();
        Places { regions: regions.clone(), home, finder, names }
    }

    /// What the words, normalised, say about a place to somebody in `asker`, or at home.
    pub fn mention(&self, text: &str, asker: Option<RegionCode>) -> Mention {
        let found = self.find(text);
        let from = asker.unwrap_or(self.home);
        let mut region: Option<RegionCode> = None;
        let mut scattered = false;
        for code in found.iter().filter_map(|found| self.own(text, found, from)) {
            region = Some(match region {
                None => code,
                Some(other) if other.contains(code) => code,
                Some(other) if code.contains(other) => other,
                Some(other) => {
                    scattered = true;
                    other.common(code)
                }
            });
        }
        if let Some(region) = region {
            // "本市" to somebody of whom the district is known does not widen where answers come from.
            let region = if region.contains(from) { from } else { region };
            let rest = if scattered || region.contains(from) {
                text.to_owned()
            } else {
                without(text, found.iter().filter(|found| self.own(text, found, from).is_some()))
            };
            return Mention::Here { region, rest };
        }
        if found.iter().any(|found| matches!(found.known, Known::Own(_) | Known::Relative)) {
            return Mention::Nowhere;
        }
        match joined(&found) {
            Some((start, end, Known::Foreign)) if frame::is_about(text, start, end) => {
                Mention::Elsewhere { name: text.get(start..end).unwrap_or_default().to_owned() }
            }
            _ => Mention::Nowhere,
        }
    }

    /// What home is called.
    pub fn home_name(&self) -> Option<&str> {
        self.regions.name(self.home)
    }

    fn own(&self, text: &str, found: &Found, from: RegionCode) -> Option<RegionCode> {
        let code = match &found.known {
            Known::Own(code) => *code,
            Known::Relative => {
                let word = text.get(found.start..found.end)?;
                self.regions.resolve_for(word, from)?
            }
            Known::Above | Known::Foreign => return None,
        };
        self.home.contains(code).then_some(code)
    }

    fn find(&self, text: &str) -> Vec<Found> {
        let Some(finder) = &self.finder else { return Vec::new() };
        finder.find_iter(text).filter_map(|hit| self.judge(text, hit.start(), hit.end())).collect()
    }

    /// A name as it stands in the words, shortened or dropped where it is the beginning of something else.
    fn judge(&self, text: &str, start: usize, end: usize) -> Option<Found> {
        let end = end_of_name(text, start, end);
        let name = text.get(start..end)?;
        let known = self.names.get(name)?.clone();
        let whole = known == Known::Relative || is_whole_name(name, text.get(end..)?);
        whole.then_some(Found { start, end, known })
    }
}

/// One span of names that follow each other directly, as 四川省成都市, and what its last one stands for. `None` if there
/// are several.
fn joined(found: &[Found]) -> Option<(usize, usize, &Known)> {
    let touching = found.windows(2).all(|pair| pair[0].end == pair[1].start);
    let (first, last) = (found.first()?, found.last()?);
    touching.then_some((first.start, last.end, &last.known))
}

/// The words without these names, and without what tied them in.
fn without<'a>(text: &str, found: impl Iterator<Item = &'a Found>) -> String {
    let mut rest = String::with_capacity(text.len());
    let mut at = 0;
    for span in found {
        let before = text.get(at..span.start).unwrap_or_default();
        rest.push_str(before.strip_suffix('在').unwrap_or(before));
        at = span.end;
        if text.get(at..).is_some_and(|after| after.starts_with('的')) {
            at += '的'.len_utf8();
        }
    }
    rest.push_str(text.get(at..).unwrap_or_default());
    rest
}

#[cfg(test)]
mod tests;
