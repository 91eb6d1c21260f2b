//! Codes of sole traders: a trade that is one person's is told by its 统一社会信用代码 as the person is by an identity card.
//! Those of companies and offices are public. Shape and check character: GB 32100-2015.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// What the characters are worth, by their place. I, O, S, V and Z are left out.
const CHARACTERS: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";

/// Eighteen characters that begin with 92, the sole traders' numbers, perhaps in groups.
static CODE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)(?-u:\b|_)92(?:[ -]?\d){6}(?:[ -]?[0-9A-HJ-NPQRTUWXY]){10}(?-u:\b)").ok()
});

/// Finds the codes in a text whose letters and digits are narrow.
pub(super) fn find(text: &str) -> Vec<Range<usize>> {
    let Some(pattern) = &*CODE else { return Vec::new() };
    pattern.find_iter(text).filter(|hit| is_checked(hit.as_str())).map(|hit| hit.range()).collect()
}

/// Whether the last character is the one that the others ask for.
fn is_checked(code: &str) -> bool {
    let values: Option<Vec<usize>> = code
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| CHARACTERS.find(c.to_ascii_uppercase()))
        .collect();
    let Some((last, values)) = values.as_deref().and_then(<[usize]>::split_last) else { return false };
    // The weights are the powers of 3, by 31.
    let mut weight = 1;
    let mut sum = 0;
    for value in values {
        sum += value * weight;
        weight = weight * 3 % 31;
    }
    (31 - sum % 31) % 31 == *last
}
