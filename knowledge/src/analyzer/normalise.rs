//! One way to write what can be written in several.

use std::collections::HashMap;

use ferrous_opencc::OpenCC;
use ferrous_opencc::config::BuiltinConfig;
use unicode_normalization::UnicodeNormalization;

use super::MAX_CHARS;

/// Turns traditional characters into simplified ones, and text into its normal form.
#[derive(Debug)]
pub(super) struct Simplifier {
    /// Only characters that change. A plain map instead of the converter's phrases: what matters is that a question
    /// and an entry come out the same, and a character mapped alone does so wherever it stands.
    simplified: HashMap<char, char>,
}

impl Simplifier {
    pub(super) fn load() -> Simplifier {
        let Ok(converter) = OpenCC::from_config(BuiltinConfig::T2s) else {
            // The dictionaries are compiled in; without them traditional text is merely found less well.
            return Simplifier { simplified: HashMap::new() };
        };
        let convert = |c: char| {
            let mut rest = converter.convert(c.encode_utf8(&mut [0; 4])).chars().collect::<Vec<_>>();
            if rest.len() == 1 { rest.pop() } else { None }
        };
        let han = ('\u{3400}'..='\u{4DBF}').chain('\u{4E00}'..='\u{9FFF}');
        let mut simplified: HashMap<char, char> =
            han.filter_map(|c| convert(c).filter(|&to| to != c).map(|to| (c, to))).collect();
        close(&mut simplified);
        Simplifier { simplified }
    }

    pub(super) fn normalise(&self, text: &str) -> String {
        // Lower case may bring a combination that has a composed form of its own, hence the second pass.
        let characters = text
            .chars()
            .take(MAX_CHARS)
            .filter(|&c| !is_invisible(c))
            .nfkc()
            .flat_map(char::to_lowercase)
            .nfkc()
            .map(|c| self.simplified.get(&c).copied().unwrap_or(c));
        let mut normal = String::with_capacity(text.len().min(MAX_CHARS * 4));
        let mut count = 0;
        let mut gap = false;
        for c in characters {
            if c.is_whitespace() || c.is_control() {
                gap = count > 0;
                continue;
            }
            if count + usize::from(gap) >= MAX_CHARS {
                break;
            }
            if std::mem::take(&mut gap) {
                normal.push(' ');
                count += 1;
            }
            normal.push(c);
            count += 1;
        }
        normal
    }
}

/// Follows chains of mappings to their end, so that mapping twice changes nothing.
fn close(simplified: &mut HashMap<char, char>) {
    let ends: Vec<(char, char)> = simplified
        .iter()
        .map(|(&from, &to)| {
            let mut end = to;
            // No real chain is longer than two; the bound is against a circle.
            for _ in 0..4 {
                end = simplified.get(&end).copied().unwrap_or(end);
            }
            (from, end)
        })
        .collect();
    *simplified = ends.into_iter().collect();
    // The end of a chain stays itself.
    let targets: Vec<char> = simplified.values().copied().collect();
    for target in targets {
        simplified.remove(&target);
    }
}

/// Marks without a shape that chat programs and word processors leave in pasted text.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{00AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{E0100}'..='\u{E01EF}')
}
