//! Numbers written in words, as digits: 三十日 is 30日, 百分之五 is 5%, three days are 3 days.

use std::sync::LazyLock;

use chinese_number::{ChineseCountMethod, ChineseToNumber};
use regex::{Captures, Regex};

use super::pattern::patterns;

/// What makes a number of any numeral before it.
const STRONG: &str = "个工作日|工作日|个自然日|自然日|个月|月|年|天|日|周岁|岁|周|星期|个小时|小时|分钟|秒|元|块钱|块|万元|亿元|平方米|平米|公里|倍|寸";

/// What makes a number of a numeral before it, except of a lone 一: 一份 is as often "a" as it is "one".
const WEAK: &str = "个|人|名|位|户|次|份|张|页|套|件|项|本|台|辆|间|种|类|级|层|楼|号|室|栋|幢|处|家|孩|胎|档|批|期|步|子女|周期|门|折|成";

const NUMERAL: &str = "[〇零一二两三四五六七八九十百千万亿壹贰叁肆伍陆柒捌玖拾佰仟]+";

patterns! {
    ANY = NUMERAL;
    PERCENT = &format!("百分之({NUMERAL}|[0-9.]+)");
    ARTICLE = &format!("第({NUMERAL})([条款项章])");
    STRONGLY = &format!("(^|[^0-9周期拜第]|[^星]期)({NUMERAL})({STRONG})");
    WEAKLY = &format!("(^|[^0-9周期拜第]|[^星]期)({NUMERAL})({WEAK})");
    ENGLISH = concat!(
        r"\b(one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|sixty|ninety)[ -]",
        r"(working|business|calendar|full|more|consecutive|recent|inch|day|week|month|year|hour|minute|cop|photo|time|person|people|child|item|document|step|per)"
    );
}

/// The text with its numerals as digits. It has to be in normal form otherwise.
pub(super) fn as_digits(text: &str) -> String {
    let mut text = text.to_owned();
    if let Some(pattern) = &*PERCENT {
        text =
            pattern.replace_all(&text, |found: &Captures<'_>| format!("{}%", value(&found[1]))).into_owned();
    }
    if let Some(pattern) = &*ARTICLE {
        text = pattern
            .replace_all(&text, |found: &Captures<'_>| format!("第{}{}", value(&found[1]), &found[2]))
            .into_owned();
    }
    for (pattern, strong) in [(&STRONGLY, true), (&WEAKLY, false)] {
        let Some(pattern) = &**pattern else { continue };
        // Twice, because the character before a numeral may be the unit of the one before it: 二〇二六年一月.
        for _ in 0..2 {
            text = pattern.replace_all(&text, |found: &Captures<'_>| counted(found, strong)).into_owned();
        }
    }
    if let Some(pattern) = &*ENGLISH {
        text = pattern
            .replace_all(&text, |found: &Captures<'_>| format!("{} {}", english(&found[1]), &found[2]))
            .into_owned();
    }
    text.replace("半年", "6个月").replace("半小时", "30分钟").replace("半个小时", "30分钟")
}

fn counted(found: &Captures<'_>, strong: bool) -> String {
    let (before, numeral, unit) = (&found[1], &found[2], &found[3]);
    // A multiplier alone belongs to the digits before it, and 一份 counts nothing.
    let multiplier = numeral.chars().all(|c| "百千万亿佰仟".contains(c));
    // 哪一天 and 同一年 count nothing either.
    let points = numeral == "一" && before.ends_with(['哪', '某', '这', '那', '同', '另']);
    if multiplier || points || (!strong && numeral == "一") {
        return found[0].to_owned();
    }
    format!("{before}{}{unit}", value(numeral))
}

/// The digits of a numeral; what is none is left as it is.
fn value(numeral: &str) -> String {
    if numeral.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return numeral.to_owned();
    }
    let plain = numeral.replace('两', "二").replace('〇', "零");
    // 二〇二六 is read digit by digit.
    let digits: Option<String> = plain
        .chars()
        .map(|c| "零一二三四五六七八九".chars().position(|d| d == c).map(|d| d.to_string()))
        .collect();
    if let Some(digits) = digits.filter(|digits| digits.len() > 1) {
        return digits;
    }
    let number: Result<u64, _> = plain.as_str().to_number(ChineseCountMethod::TenThousand);
    number.map_or_else(|_| numeral.to_owned(), |number| number.to_string())
}

/// Whether a text has a number written in words, with a unit or without one: 我六十三 has 63.
pub(super) fn has_in_words(text: &str, number: &str) -> bool {
    ANY.iter().flat_map(|pattern| pattern.find_iter(text)).any(|found| {
        let numeral = found.as_str();
        numeral.chars().count() > 1 && value(numeral) == number
    })
}

fn english(word: &str) -> &'static str {
    match word {
        "one" => "1",
        "two" => "2",
        "three" => "3",
        "four" => "4",
        "five" => "5",
        "six" => "6",
        "seven" => "7",
        "eight" => "8",
        "nine" => "9",
        "ten" => "10",
        "eleven" => "11",
        "twelve" => "12",
        "fifteen" => "15",
        "twenty" => "20",
        "thirty" => "30",
        "sixty" => "60",
        _ => "90",
    }
}

#[cfg(test)]
mod tests {
    use super::as_digits;

    #[test]
    fn numerals_before_units_are_digits_and_words_stay_words() {
        for (text, digits) in [
            ("三十日内", "30日内"),
            ("十五个工作日", "15个工作日"),
            ("二〇二六年一月", "2026年1月"),
            ("百分之五", "5%"),
            ("第一百二十条", "第120条"),
            ("两张照片", "2张照片"),
            ("一份申请表", "一份申请表"),
            ("一年", "1年"),
            ("从哪一天起", "从哪一天起"),
            ("周一至周五", "周一至周五"),
            ("星期六", "星期六"),
            ("一次性告知", "一次性告知"),
            ("五险一金", "五险一金"),
            ("3万元", "3万元"),
            ("壹万贰仟元", "12000元"),
            ("three working days", "3 working days"),
            ("一定要", "一定要"),
            ("半年以上", "6个月以上"),
        ] {
            assert_eq!(as_digits(text), digits);
        }
    }
}
