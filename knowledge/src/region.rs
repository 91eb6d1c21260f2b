//! Where an entry holds: 行政区划, from the nation down to a district.
//!
//! The hierarchy is in the six digits themselves (GB/T 2260): `100000` is the nation, `XX0000` a province, `XXXX00` a
//! city, anything else a district or county. The table only adds names; `region/relative.rs` reads words that mean a
//! region only to somebody ("本市"), `region/mention.rs` finds places in a citizen's words, `region/toponyms.rs` those of the
//! nation in any text.

mod mention;
mod nation;
mod placeless;
mod relative;
mod toponyms;

use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;

pub use mention::{Mention, Places};
pub(crate) use nation::cities;
pub use placeless::placeless;
pub(crate) use toponyms::{Relation, Toponym, Toponyms};

/// A six-digit code of an administrative division.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RegionCode(u32);

/// How far down the hierarchy a code stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// 全国
    Nation,
    /// 省、自治区、直辖市
    Province,
    /// 地级市
    City,
    /// 区、县
    District,
}

impl RegionCode {
    /// 全国
    pub const NATION: RegionCode = RegionCode(100_000);

    /// The code of that number, if it has six digits.
    pub fn new(code: u32) -> Option<RegionCode> {
        (100_000..=999_999).contains(&code).then_some(RegionCode(code))
    }

    /// The number.
    pub fn get(self) -> u32 {
        self.0
    }

    /// How far down the hierarchy it stands.
    pub fn level(self) -> Level {
        match self {
            RegionCode::NATION => Level::Nation,
            RegionCode(code) if code.is_multiple_of(10_000) => Level::Province,
            RegionCode(code) if code.is_multiple_of(100) => Level::City,
            RegionCode(_) => Level::District,
        }
    }

    /// The region directly above.
    pub fn parent(self) -> Option<RegionCode> {
        match self.level() {
            Level::Nation => None,
            Level::Province => Some(RegionCode::NATION),
            Level::City => Some(RegionCode(self.0 / 10_000 * 10_000)),
            Level::District => Some(RegionCode(self.0 / 100 * 100)),
        }
    }

    /// Itself, then everything above it up to the nation.
    pub fn lineage(self) -> impl Iterator<Item = RegionCode> {
        std::iter::successors(Some(self), |region| region.parent())
    }

    /// The smallest region that both lie in.
    pub fn common(self, other: RegionCode) -> RegionCode {
        self.lineage().find(|region| region.contains(other)).unwrap_or(RegionCode::NATION)
    }

    /// Whether `other` lies inside this region, itself included.
    pub fn contains(self, other: RegionCode) -> bool {
        other.lineage().any(|region| region == self)
    }
}

impl fmt::Display for RegionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}", self.0)
    }
}

/// What a deployment calls its regions.
#[derive(Debug, Clone, Default)]
pub struct Regions {
    names: HashMap<RegionCode, String>,
    codes: HashMap<String, RegionCode>,
    /// Where the deployment stands; "本市" in an entry is its city.
    home: Option<RegionCode>,
}

/// One row of the table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    code: Code,
    name: String,
    #[serde(default)]
    aliases: Vec<String>,
}

/// Spreadsheets turn codes into numbers, editors write them as text.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Code {
    Number(u32),
    Text(String),
}

/// Why a table of regions cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RegionsError {
    /// Mend the JSON.
    #[error("the table of regions is not a JSON array of {{code, name, aliases}}")]
    Json(#[from] serde_json::Error),
    /// Mend the code.
    #[error("`{0}` is not a code of six digits")]
    Code(String),
    /// Two regions answer to one name, or one code has two rows; take one of them out.
    #[error("`{0}` stands in the table of regions twice")]
    Ambiguous(String),
}

impl Regions {
    /// Reads a JSON array of `{code, name, aliases}`.
    pub fn from_json(bytes: &[u8]) -> Result<Regions, RegionsError> {
        Regions::from_rows(serde_json::from_slice(bytes)?)
    }

    /// Reads the same rows, one JSON object a line.
    pub fn from_jsonl(bytes: &[u8]) -> Result<Regions, RegionsError> {
        let rows: Result<Vec<Row>, _> = serde_json::Deserializer::from_slice(bytes).into_iter().collect();
        Regions::from_rows(rows?)
    }

    fn from_rows(rows: Vec<Row>) -> Result<Regions, RegionsError> {
        let mut regions = Regions::default();
        for row in rows {
            let code = match &row.code {
                Code::Number(number) => RegionCode::new(*number),
                Code::Text(text) => parse(text),
            };
            let code = code.ok_or_else(|| RegionsError::Code(format!("{:?}", row.code)))?;
            if regions.names.insert(code, row.name.clone()).is_some() {
                return Err(RegionsError::Ambiguous(code.to_string()));
            }
            for name in std::iter::once(row.name).chain(row.aliases) {
                match regions.codes.insert(name.clone(), code) {
                    Some(other) if other != code => return Err(RegionsError::Ambiguous(name)),
                    _ => {}
                }
            }
        }
        Ok(regions)
    }

    /// The same table, read by somebody in that region: "本市", "我省" and the like then mean something.
    #[must_use]
    pub fn at_home(mut self, home: RegionCode) -> Regions {
        self.home = Some(home);
        self
    }

    /// Where the deployment stands.
    pub fn home(&self) -> Option<RegionCode> {
        self.home
    }

    /// The region a text names by code, name or alias, or by a word like "本市", which is read from home. A name in the
    /// table comes first, so that a table may give such a word a meaning of its own.
    pub fn resolve(&self, text: &str) -> Option<RegionCode> {
        let text = text.trim();
        self.codes
            .get(text)
            .copied()
            .or_else(|| parse(text).filter(|code| self.names.contains_key(code)))
            .or_else(|| relative::resolve(self, text, self.home?))
    }

    /// The same for somebody who is in `asker`: words like "本区" are read from there before anything else.
    pub fn resolve_for(&self, text: &str, asker: RegionCode) -> Option<RegionCode> {
        relative::resolve(self, text.trim(), asker).or_else(|| self.resolve(text))
    }

    /// What a region is called.
    pub fn name(&self, code: RegionCode) -> Option<&str> {
        self.names.get(&code).map(String::as_str)
    }

    /// Whether the table has that region.
    pub fn contains(&self, code: RegionCode) -> bool {
        self.names.contains_key(&code)
    }

    /// Every region with its name, from the nation down.
    pub fn iter(&self) -> impl Iterator<Item = (RegionCode, &str)> {
        let mut all: Vec<_> = self.names.iter().map(|(code, name)| (*code, name.as_str())).collect();
        all.sort_by_key(|(code, _)| (code.level(), *code));
        all.into_iter()
    }
}

fn parse(text: &str) -> Option<RegionCode> {
    let digits = text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok().and_then(RegionCode::new) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = include_str!("../demo/regions.json");

    fn code(number: u32) -> RegionCode {
        RegionCode::new(number).unwrap()
    }

    #[test]
    fn a_region_is_found_by_code_name_and_alias() {
        let regions = Regions::from_json(TABLE.as_bytes()).unwrap();
        for text in ["990100", "安和市", "本市", "全市", "安和", " 安和市 "] {
            assert_eq!(regions.resolve(text), Some(code(990_100)), "{text}");
        }
        assert_eq!(regions.resolve("高新技术产业开发区"), Some(code(990_104)));
        for unknown in ["北京市", "990199", "", "99010", "+99010", "我市"] {
            assert_eq!(regions.resolve(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn two_regions_meet_in_the_smallest_that_holds_both() {
        for (a, b, meet) in [
            (990_102, 990_103, 990_100),
            (990_102, 990_102, 990_102),
            (990_100, 990_102, 990_100),
            (990_102, 990_201, 990_000),
            (990_102, 110_101, 100_000),
        ] {
            assert_eq!(code(a).common(code(b)), code(meet), "{a} and {b}");
            assert_eq!(code(b).common(code(a)), code(meet), "{b} and {a}");
        }
    }

    #[test]
    fn the_digits_give_the_hierarchy() {
        let district: Vec<u32> = code(990_102).lineage().map(RegionCode::get).collect();
        assert_eq!(district, [990_102, 990_100, 990_000, 100_000]);
        assert!(code(990_100).contains(code(990_121)));
        assert!(!code(990_102).contains(code(990_103)));
        assert!(!code(990_100).contains(code(990_200)));
        assert!(RegionCode::NATION.contains(code(110_101)));
    }

    #[test]
    fn a_name_that_means_two_regions_is_refused() {
        let rows = br#"[{"code":"110101","name":"x"},{"code":110102,"name":"y","aliases":["x"]}]"#;
        assert!(matches!(Regions::from_json(rows), Err(RegionsError::Ambiguous(name)) if name == "x"));
        assert!(matches!(Regions::from_json(br#"[{"code":"1","name":"x"}]"#), Err(RegionsError::Code(_))));
    }
}
