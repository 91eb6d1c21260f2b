//! What a title says apart from where.

/// A title without blanks and marks and without a region at its beginning: 东湖区老年证办理 is 老年证办理. Two entries that
/// are left with the same say the same thing, each for its own place.
pub fn placeless(title: &str) -> String {
    /// Names of regions, one after the other, are shorter.
    const LONGEST: usize = 8;
    let letters: Vec<char> = title.chars().filter(|c| c.is_alphanumeric()).collect();
    let ends = |c: &char| matches!(c, '省' | '市' | '区' | '县' | '旗');
    let place = letters.iter().take(LONGEST).rposition(ends).map_or(0, |last| last + 1);
    // Nothing but a place: then the place is what it says.
    letters.get(place..).filter(|rest| !rest.is_empty()).unwrap_or(&letters).iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_at_the_beginning_is_left_out() {
        for (title, expected) in [
            ("东湖区老年证办理", "老年证办理"),
            ("安澜省安和市老年证办理", "老年证办理"),
            ("老年证 办理？", "老年证办理"),
            ("老年证办理", "老年证办理"),
            ("东湖区", "东湖区"),
            ("", ""),
        ] {
            assert_eq!(placeless(title), expected, "{title}");
        }
    }
}
