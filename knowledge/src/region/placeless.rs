//! What a title says apart from where.

/// Names of regions, one after the other, are shorter.
const LONGEST: usize = 8;

/// With one of these in it, a beginning is about going somewhere or about no region at all: 户口迁往市外, 跨省异地就医.
const NO_NAME: &str = "跨迁往出入到转离异外内小社街园校城学库片厂全各本";

/// After these endings, the characters that belong to another word: 农贸市场, 省级, 县城.
const OTHER_WORDS: &str = "级内外场民容区域别间城";

/// A title without blanks and marks and without a region at its beginning: 东湖区老年证办理 is 老年证办理. Two entries that
/// are left with the same say the same thing, each for its own place.
pub fn placeless(title: &str) -> String {
    let letters: Vec<char> = title.chars().filter(|c| c.is_alphanumeric()).collect();
    let mut end = 0;
    // Region after region, as in 安澜省安和市; one character before its ending is no name.
    while let Some(length) = letters.iter().skip(end).position(|&c| ends(c)).map(|last| last + 1) {
        let name = &letters[end..end + length];
        let next = letters.get(end + length);
        let real = length > 2
            && end + length <= LONGEST
            && !name.iter().any(|&c| NO_NAME.contains(c))
            && next.is_some_and(|&next| !OTHER_WORDS.contains(next));
        if !real {
            break;
        }
        end += length;
    }
    letters[end..].iter().collect()
}

fn ends(c: char) -> bool {
    matches!(c, '省' | '市' | '区' | '县' | '旗')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_at_the_beginning_is_left_out() {
        for (title, expected) in [
            ("东湖区老年证办理", "老年证办理"),
            ("安澜省安和市老年证办理", "老年证办理"),
            ("安和市东湖区小区加装电梯", "小区加装电梯"),
            ("老年证 办理？", "老年证办理"),
            ("", ""),
        ] {
            assert_eq!(placeless(title), expected, "{title}");
        }
    }

    #[test]
    fn what_only_sounds_like_a_region_stays() {
        for title in [
            "东湖区",
            "户口迁往市外",
            "户口迁往省外",
            "跨省异地就医备案",
            "跨市异地就医备案",
            "老旧小区改造",
            "农贸市场登记",
            "超市卖散装食品",
            "城市低保申请",
            "残疾人省级奖励",
            "市场主体歇业备案",
            "机动车跨市转移",
        ] {
            assert_eq!(placeless(title), title);
        }
    }
}
