//! What a text is about: its pairs of characters, without those that carry no sense.

use std::collections::BTreeSet;

/// Characters that carry no sense of their own, so that 要带身份证 and 需要携带身份证件 are near each other.
const EMPTY: &str = "的了着过吗呢吧啊您你请就也都还再会在到去把被给和与及或并而且其所等这那个是有要需才能可以为于由向从对将如让使用带";

/// Pairs of characters, and words of Latin letters, that carry the sense of a text.
pub(super) type Sense = BTreeSet<String>;

/// The sense of a text in normal form.
pub(super) fn sense(text: &str) -> Sense {
    let mut found = Sense::new();
    let mut before: Option<char> = None;
    let mut word = String::new();
    for c in text.chars().chain(std::iter::once(' ')) {
        if c.is_ascii_alphanumeric() {
            word.push(c);
            before = None;
            continue;
        }
        if !word.is_empty() {
            found.insert(std::mem::take(&mut word));
        }
        if !('\u{4e00}'..='\u{9fff}').contains(&c) {
            before = None;
        } else if !EMPTY.contains(c) {
            if let Some(before) = before {
                found.insert([before, c].iter().collect());
            }
            before = Some(c);
        }
    }
    found
}

/// How much of `part` is in `whole`, 0 to 1; all of nothing.
pub(super) fn coverage(part: &Sense, whole: &Sense) -> f64 {
    if part.is_empty() { 1.0 } else { part.intersection(whole).count() as f64 / part.len() as f64 }
}
