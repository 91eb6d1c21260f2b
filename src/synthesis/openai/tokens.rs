//! How many tokens a text may be, where the server does not say.

/// About as many tokens as a text has at most: one for a Chinese character, one for four others. Vendors of Chinese models
/// state 0.6 for a Chinese character and 0.3 for an English letter or digit, so this reckons a little high, as a budget should.
pub(super) fn estimate(text: &str) -> u64 {
    let narrow = text.bytes().filter(u8::is_ascii).count();
    let wide = text.chars().count() - narrow;
    u64::try_from(wide + narrow.div_ceil(4)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chinese_character_is_a_token_and_so_are_four_letters() {
        for (text, tokens) in [("", 0), ("身份证", 3), ("a", 1), ("passport", 2), ("带 ID card", 3)] {
            assert_eq!(estimate(text), tokens, "{text}");
        }
    }
}
