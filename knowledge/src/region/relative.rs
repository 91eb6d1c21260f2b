//! Words that mean a region only to somebody in it: 本市, 我省, 我们区.

use super::{Level, RegionCode, Regions};

/// Before the kind of region.
const WHOSE: [&str; 8] = ["我们这个", "我们", "咱们", "本", "我", "咱", "全", "该"];

/// The kinds, with the endings of the names that a region of that kind has, and the level where a name decides nothing.
const KINDS: [(&str, &[&str], Level); 7] = [
    ("自治区", &["自治区"], Level::Province),
    ("省", &["省", "自治区"], Level::Province),
    ("市", &["市"], Level::City),
    ("州", &["州", "盟", "地区"], Level::City),
    ("区", &["区"], Level::District),
    ("县", &["县", "旗"], Level::District),
    ("旗", &["旗"], Level::District),
];

/// The region such a word means in `from`: the nearest above whose name ends like that. By the name and not by the
/// level, because 市 may be a municipality of the first level, a city, or a county-level city. `None` where nothing on
/// the way up is of that kind, as 本区 to somebody of whom only the city is known.
pub(super) fn resolve(regions: &Regions, word: &str, from: RegionCode) -> Option<RegionCode> {
    if matches!(word, "全国" | "我国" | "本国") {
        return Some(RegionCode::NATION);
    }
    let kind = WHOSE.iter().find_map(|whose| word.strip_prefix(whose))?;
    let (_, endings, level) = KINDS.iter().find(|(name, ..)| *name == kind)?;
    let named = from.lineage().find(|region| {
        regions.name(*region).is_some_and(|name| endings.iter().any(|ending| name.ends_with(ending)))
    });
    // A table may call a region by a name without an ending; its level then says what it is.
    named.or_else(|| {
        from.lineage().find(|region| region.level() == *level && regions.contains(*region)).filter(|region| {
            regions.name(*region).is_some_and(|name| !KINDS.iter().any(|(end, ..)| name.ends_with(end)))
        })
    })
}

/// Every such word.
pub(super) fn words() -> impl Iterator<Item = String> {
    WHOSE.iter().flat_map(|whose| KINDS.iter().map(move |(kind, ..)| format!("{whose}{kind}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHINA: &str = r#"[
        {"code":"100000","name":"全国"}, {"code":"110000","name":"北京市"}, {"code":"110101","name":"东城区"},
        {"code":"320000","name":"江苏省"}, {"code":"320500","name":"苏州市"}, {"code":"320581","name":"常熟市"},
        {"code":"450000","name":"广西壮族自治区"}, {"code":"450100","name":"南宁市"}, {"code":"450103","name":"青秀区"},
        {"code":"513400","name":"凉山彝族自治州"}, {"code":"513422","name":"木里藏族自治县"},
        {"code":"990000","name":"安澜"}, {"code":"990100","name":"安和"}, {"code":"990102","name":"东湖"}]"#;

    #[test]
    fn a_word_means_the_nearest_region_of_its_kind() {
        let regions = Regions::from_json(CHINA.as_bytes()).unwrap();
        let table = [
            (990_102, "本市", Some(990_100)),
            (990_102, "我省", Some(990_000)),
            (990_102, "我们区", Some(990_102)),
            (990_100, "本区", None),
            (320_581, "本市", Some(320_581)),
            (320_581, "全省", Some(320_000)),
            (320_500, "咱们市", Some(320_500)),
            (320_500, "本县", None),
            (110_101, "全市", Some(110_000)),
            (110_101, "本区", Some(110_101)),
            (450_103, "我区", Some(450_103)),
            (450_100, "全区", Some(450_000)),
            (450_103, "本自治区", Some(450_000)),
            (513_422, "本县", Some(513_422)),
            (513_422, "全州", Some(513_400)),
            (990_102, "全国", Some(100_000)),
            (990_102, "市", None),
            (990_102, "本人", None),
        ];
        for (from, word, expected) in table {
            let from = RegionCode::new(from).unwrap();
            assert_eq!(resolve(&regions, word, from).map(RegionCode::get), expected, "{word} in {from}");
        }
    }

    #[test]
    fn the_table_comes_first_at_home_and_the_asker_first_when_there_is_one() {
        let rows = r#"[{"code":"320500","name":"苏州市"},{"code":"320581","name":"常熟市"},
            {"code":"320600","name":"南通市","aliases":["本市"]}]"#;
        let regions = Regions::from_json(rows.as_bytes()).unwrap().at_home(RegionCode::new(320_500).unwrap());
        let asker = RegionCode::new(320_581).unwrap();
        assert_eq!(regions.resolve("本市").map(RegionCode::get), Some(320_600));
        assert_eq!(regions.resolve("我市").map(RegionCode::get), Some(320_500));
        assert_eq!(regions.resolve_for("本市", asker), Some(asker));
        assert_eq!(regions.resolve_for("南通市", asker).map(RegionCode::get), Some(320_600));
    }
}
