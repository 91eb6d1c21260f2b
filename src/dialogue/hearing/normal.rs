//! One way to write what can be written in several: the words as the pieces are taken from them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;

use ferrous_opencc::OpenCC;
use ferrous_opencc::config::BuiltinConfig;
use unicode_normalization::UnicodeNormalization;

/// Characters that are looked at. What somebody wants of the conversation is said in fewer.
const LONGEST: usize = 400;

/// Traditional characters with their simplified ones, each alone, made at the first use.
fn simplified() -> &'static HashMap<char, char> {
    static TABLE: OnceLock<HashMap<char, char>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let Ok(converter) = OpenCC::from_config(BuiltinConfig::T2s) else {
            // The tables are compiled in; without them traditional words are merely heard less well.
            return HashMap::new();
        };
        let convert = |c: char| {
            let text = converter.convert(c.encode_utf8(&mut [0; 4]));
            let mut characters = text.chars();
            match (characters.next(), characters.next()) {
                (Some(to), None) if to != c => Some((c, to)),
                _ => None,
            }
        };
        ('\u{3400}'..='\u{4DBF}').chain('\u{4E00}'..='\u{9FFF}').filter_map(convert).collect()
    })
}

/// What stands in the place of numbers that were masked, and of addresses, which say nothing of what is wanted.
const LABELS: [(&str, &str); 7] = [
    ("【身份证号】", "000"),
    ("【手机号】", "000"),
    ("【银行卡号】", "000"),
    ("【证件号】", "000"),
    ("【信用代码】", "000"),
    ("【邮箱】", " "),
    ("【住址】", " "),
];

/// The words with digits where a label stands for some: what a label is called is nothing that somebody said.
fn unlabelled(text: &str) -> Cow<'_, str> {
    if !text.contains('【') {
        return Cow::Borrowed(text);
    }
    Cow::Owned(LABELS.iter().fold(text.to_owned(), |text, (label, digits)| text.replace(label, digits)))
}

/// Lower case, simplified, compatible forms made one; digits all alike and at most three in a row; of what is neither letter
/// nor digit only question marks, exclamation marks and pictures are left, and everything else is one blank.
pub(super) fn normal(text: &str) -> String {
    let simplified = simplified();
    let mut normal = String::with_capacity(text.len());
    let mut digits = 0;
    let mut gap = false;
    for c in unlabelled(text).chars().take(LONGEST).nfkc().flat_map(char::to_lowercase) {
        // Selectors of how a picture is drawn say nothing.
        if matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{200B}'..='\u{200D}') {
            continue;
        }
        digits = if c.is_ascii_digit() { digits + 1 } else { 0 };
        if digits > 3 {
            continue;
        }
        if !(c.is_alphanumeric() || matches!(c, '?' | '!') || is_picture(c)) {
            gap = !normal.is_empty();
            continue;
        }
        if std::mem::take(&mut gap) {
            normal.push(' ');
        }
        normal.push(if digits > 0 { '0' } else { simplified.get(&c).copied().unwrap_or(c) });
    }
    normal
}

fn is_picture(c: char) -> bool {
    matches!(c, '\u{2300}'..='\u{23FF}' | '\u{2600}'..='\u{27BF}' | '\u{2B00}'..='\u{2BFF}' | '\u{1F000}'..='\u{1FAFF}')
}
