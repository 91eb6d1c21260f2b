//! Where somebody lives: an address that goes down to the door. Offices give theirs with a street and a number, too, so a
//! street and a number are somebody's home only behind a word that says so, or with a room.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// A number of a house, a stairway or a room, in digits or in words.
const NUMBER: &str = "(?:[0-9]{1,5}|[一二三四五六七八九十百零〇两]{1,5})";

/// From the province or the city down to the street or the estate. Not greedy, so that words before it stay.
const PLACE: &str = r"(?:\p{Han}{2,8}?(?:省|自治区|市|区|县|新区))*(?:\p{Han}{1,6}?(?:街道|镇|乡))?";

fn pattern(text: &str) -> Option<Regex> {
    Regex::new(text).ok()
}

/// A building and a room of it: 3幢2单元401室, 21号楼603, 海棠苑3-2-501, 12弄5号602.
static ROOM: LazyLock<Option<Regex>> = LazyLock::new(|| {
    // A building, perhaps a stairway, and a room or a floor.
    let building = format!(
        r"(?:{NUMBER}|[A-Za-z东南西北])\s*(?:幢|栋|号楼|座)\s*(?:(?:{NUMBER}|[甲乙丙丁A-Za-z东南西北])\s*(?:单元|门|梯)|宿舍)?\s*(?:{NUMBER}\s*[-－]\s*)?{NUMBER}\s*(?:室|房|户|号房)?"
    );
    // Two or three numbers behind the name of an estate.
    let estate = r"(?:小区|公寓|花园|家园|新村|新城|名苑|苑|园|庭|府|湾|城|里|居|坊|区)\s*[0-9]{1,3}\s*[-－]\s*[0-9]{1,4}(?:\s*[-－]\s*[0-9]{1,4})?\s*(?:室|房)?";
    let lane = format!(r"{NUMBER}\s*弄\s*{NUMBER}\s*号\s*(?:楼)?(?:\s*{NUMBER}\s*(?:室|房)?)?");
    // A number of a street, and a room or a floor.
    let street = format!(
        r"(?:路|街|巷|村|坞|道|里|弄)\s*{NUMBER}\s*号\s*\p{{Han}}{{0,6}}?\s*(?:{NUMBER}\s*(?:室|房)|{NUMBER}\s*楼[东南西北]?)"
    );
    pattern(&format!(r"{PLACE}[\p{{Han}}0-9A-Za-z]{{0,14}}?(?:{building}|{estate}|{lane}|{street})"))
});

/// A street or a village and a number, behind a word that says that somebody lives there.
static HOME: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(&format!(
        r"(?:现?家?住(?:址)?(?:在|勒|是)?|屋企喺|家在|我家|我屋里?|老家(?:房子)?在?|屋里|住址|地址|户籍(?:所在)?地|户口(?:地址|本地址)?|租在|搬到|寄到|寄往|送到?|收货|收件|户籍在|户口在|租的房在)(?:是|为|在|[:：\s])*(?P<home>[\p{{Han}}0-9A-Za-z\s]{{2,36}}?(?:{NUMBER}\s*(?:号|组|弄)(?:\s*{NUMBER}\s*号)?)(?:\s*{NUMBER}\s*(?:幢|栋|座|单元|门|梯|排|号|室|房|楼(?:[东南西北]首?|后间)?))*)"
    ))
});

/// Finds the places in a text whose signs are narrow.
pub(super) fn find(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    if let Some(pattern) = &*ROOM {
        found.extend(pattern.find_iter(text).map(|hit| hit.range()).filter(|range| is_home(text, range)));
    }
    if let Some(pattern) = &*HOME {
        let homes = pattern.captures_iter(text).filter_map(|hit| hit.name("home")).map(|home| home.range());
        found.extend(homes.filter(|range| is_home(text, range)));
    }
    found
}

/// Windows and halls have rooms, too; what they are called tells them from homes.
fn is_home(text: &str, range: &Range<usize>) -> bool {
    const OFFICES: &[&str] = &[
        "窗口",
        "登记处",
        "小学",
        "中学",
        "幼儿园",
        "投票站",
        "中心",
        "大厅",
        "政务",
        "派出所",
        "分局",
        "委员会",
        "居委",
        "街道办",
        "法院",
        "检察院",
        "医院",
        "学校",
        "教学楼",
        "银行",
        "公司",
        "公证处",
        "大厦",
        "税务局",
        "管理局",
        "服务站",
    ];
    let within = text.get(range.clone()).unwrap_or_default();
    let behind: String = text.get(range.end..).unwrap_or_default().chars().take(6).collect();
    let before: String = text.get(..range.start).unwrap_or_default().chars().rev().take(12).collect();
    let before: String = before.chars().rev().collect();
    !behind.starts_with('楼')
        && !OFFICES
            .iter()
            .any(|word| within.contains(word) || behind.starts_with(word) || before.contains(word))
}
