//! Words of which one excludes the other: 本市 and 外地, 或 and 和. Where the evidence has one of them and the answer the other with the
//! same words around it, something else is said.

use super::around::Around;
use super::piece::{clause_at, stands, walk};
use super::source::Source;
use super::{Fault, FaultKind};

/// Words that exclude each other; within a group those that begin with another one come first.
const GROUPS: &[&[&[&str]]] = &[
    &[&["本市"], &["外地", "外市", "异地"], &["本省", "省内"], &["外省", "跨省"]],
    &[&["小规模纳税人", "小规模"], &["一般纳税人"]],
    &[&["个体工商户", "个体户"], &["公司"]],
    &[&["单位"], &["个人"]],
    &[&["在职职工", "在职"], &["退休人员", "退休"]],
    &[&["居民医保", "居民养老"], &["职工医保", "职工养老"]],
    &[&["卖方"], &["买方"]],
    &[&["父母"], &["子女"]],
    &[&["首次"], &["再次"]],
    &[&["第一套", "第1套", "首套"], &["第二套", "第2套", "二套"]],
    &[&["户籍地"], &["居住地"]],
    &[&["迁入"], &["迁出"]],
    &[&["法定代表人"], &["经办人"]],
    &[&["未成年"], &["成年"]],
    &[&["丢失", "遗失"], &["到期"], &["损坏"]],
    &[&["境外"], &["境内"]],
    &[&["男"], &["女"]],
    &[&["新房"], &["二手房"]],
    &[&["城镇"], &["农村"]],
    &[&["复印件"], &["原件"], &["电子件"]],
    &[&["或者", "或"], &["并且", "和", "及", "且"]],
    &[
        &[
            "任选一种",
            "任一种",
            "任意一种",
            "任选一项",
            "任一",
            "任意",
            "之一",
            "二选一",
            "其中一项",
            "一样就行",
        ],
        &["全部都要", "两样都要", "每一种", "每一项", "全部", "都要齐", "都要"],
    ],
    &[&["同时"], &["任一"]],
];

/// Where 本市 stands among them: the city may be called by its name as well.
const HOME: (usize, usize) = (0, 0);

/// Words that only look like one of those.
const OTHERS: &[&str] = &[
    "个人账户",
    "个人所得税",
    "个人信息",
    "子女教育",
    "男女",
    "境内外",
    "女儿",
    "子女投靠",
    "及时",
    "及格",
    "以及",
    "涉及",
    "普及",
    "和好",
    "温和",
    "暂且",
    "而且",
    "尚且",
];

/// With so much of what stands around a word around another one, it is said in the same place.
const SAME_PLACE: f64 = 0.6;

/// The same for a word that the evidence does not have.
const NOWHERE: f64 = 0.45;

/// With so much, and all that names the place, it is said in the evidence, whatever else is.
const SAID: f64 = 0.4;

/// So much of what names the place has to name the other one.
const NAMED: f64 = 0.9;

/// By so much more the other word has to fit.
const MORE: f64 = 0.15;

/// With fewer telling characters around it, a place cannot be told from others.
const TELLING: usize = 4;

/// One of the words in a line.
pub(super) struct Member {
    group: usize,
    side: usize,
    start: usize,
    around: Around,
    /// The digits up to the next mark: 境外4万元 is not said in the place of 境内2万元.
    digits: String,
}

/// The city that an office belongs to, from its name: 安和 for 安和市民政局.
pub(super) fn home_of(department: Option<&str>) -> Option<String> {
    let (home, _) = department?.split_once('市')?;
    (2..=4).contains(&home.chars().count()).then(|| home.to_owned())
}

/// The words of a line in normal form that exclude others; the name of the city is one of them.
pub(super) fn members(text: &[char], home: Option<&str>) -> Vec<Member> {
    let mut found = Vec::new();
    walk(text, OTHERS, |place| {
        let mut end = place + 1;
        let named = home.filter(|home| stands(text, place, home)).map(|home| home.chars().count());
        if let Some(length) = named.filter(|length| text.get(place + length) == Some(&'市')) {
            // Its full name stands in names of offices and addresses.
            return place + length + 1;
        }
        for (group, sides) in GROUPS.iter().enumerate() {
            let word = sides.iter().enumerate().find_map(|(side, words)| {
                words.iter().find(|word| stands(text, place, word)).map(|word| (side, word.chars().count()))
            });
            let word = word.or_else(|| named.filter(|_| group == HOME.0).map(|length| (HOME.1, length)));
            if let Some((side, length)) = word {
                let around = Around::of(text, place, place + length);
                let piece = text[place..].iter().take_while(|c| !",、;。".contains(**c));
                let digits = piece.filter(|c| c.is_ascii_digit()).collect();
                found.push(Member { group, side, start: place, around, digits });
                end = end.max(place + length);
            }
        }
        end
    });
    found
}

/// Words of a line in whose place the evidence has one that excludes them.
pub(super) fn check(line: &str, cited: &[&Source], faults: &mut Vec<Fault>) {
    let text: Vec<char> = line.chars().collect();
    let home = cited.iter().find_map(|source| source.home.as_deref());
    for own in members(&text, home) {
        if own.around.telling() < TELLING {
            continue;
        }
        let (mut same, mut other): (Option<f64>, f64) = (None, 0.0);
        let mut is_said = false;
        for known in cited.iter().flat_map(|source| &source.members).filter(|known| known.group == own.group)
        {
            let share = own.around.share_in(&known.around);
            if known.side == own.side {
                same = Some(same.map_or(share, |most| most.max(share)));
                // 第一套、第二套1% says it of both.
                is_said |= share >= SAID && own.around.named_in(&known.around) >= NAMED;
            } else if own.digits == known.digits && own.around.named_in(&known.around) >= NAMED {
                other = other.max(share);
            }
        }
        let least = same.map_or(NOWHERE, |same| SAME_PLACE.max(same + MORE));
        if other >= least && !is_said {
            faults.push(Fault { kind: FaultKind::Contrary, words: clause_at(&text, own.start) });
        }
    }
}
