//! The nation's provinces and cities by name, and where such a name ends in running text.

const NATION: &str = include_str!("nation.txt");

/// After a name that ends like this, these characters belong to another word: 北京市场 is no 北京市.
const OTHER_WORDS: [(char, &str); 5] = [
    ('省', "钱下力心电事得油略"),
    ('市', "场民区内容面价政长郊值况集"),
    ('区', "域别间分块划"),
    ('县', "城级"),
    ('旗', "舰帜袍"),
];

/// Right after a bare name, these make it part of another name: 北京路, 上海银行, 中山公园, 吉林大街.
const PARTS_OF_NAMES: [&str; 50] = [
    "路", "东路", "西路", "南路", "北路", "中路", "街", "大街", "东街", "西街", "南街", "北街", "大道", "巷",
    "胡同", "桥", "大桥", "站", "东站", "西站", "南站", "北站", "机场", "港", "银行", "公园", "广场", "大学",
    "学院", "医院", "中学", "小学", "一中", "饭店", "酒店", "宾馆", "大厦", "商城", "商场", "花园", "小区",
    "新村", "镇", "村", "楼", "烤鸭", "火锅", "拉面", "小面", "菜",
];

/// A province and what it consists of.
pub(super) struct Province {
    /// With and without 省.
    pub(super) spellings: Vec<String>,
    /// What each of its cities answers to.
    pub(super) cities: Vec<Vec<String>>,
}

/// All of them, in the order of the list.
pub(super) fn provinces() -> impl Iterator<Item = Province> {
    NATION.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut words = line.split_whitespace();
        let (province, ending) = (words.next()?, words.next()?);
        let spellings = vec![province.to_owned(), format!("{province}{ending}")];
        Some(Province { spellings, cities: words.map(answers_to).collect() })
    })
}

/// What each city of the nation answers to, in the order of the list.
pub(crate) fn cities() -> Vec<Vec<String>> {
    provinces().flat_map(|province| province.cities).collect()
}

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

/// Where a name in a text really ends: before its last character where that begins another word.
pub(super) fn end_of_name(text: &str, start: usize, end: usize) -> usize {
    let last = text.get(start..end).and_then(|name| name.chars().next_back());
    let next = text.get(end..).and_then(|rest| rest.chars().next());
    let another = |(ending, others): &(char, &str)| {
        last == Some(*ending) && next.is_some_and(|next| others.contains(next))
    };
    match last {
        Some(last) if OTHER_WORDS.iter().any(another) => end - last.len_utf8(),
        _ => end,
    }
}

/// Whether a name stands as a whole: it says what kind of place it is, or nothing behind makes it part of another name.
pub(super) fn is_whole_name(name: &str, rest: &str) -> bool {
    name.ends_with(['省', '市', '区', '县', '州', '盟', '旗'])
        || !PARTS_OF_NAMES.iter().any(|part| rest.starts_with(part))
}
