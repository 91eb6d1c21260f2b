//! What was hidden in a text, and where: whoever may see it gets the text back exactly as it was written.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Place, places};

/// What a label stands for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Piece {
    /// Where the label begins, in bytes of the masked text.
    at: usize,
    /// The label.
    label: String,
    /// What was written there.
    value: String,
}

/// What was hidden in one text, in the order in which it stands. It identifies a person, so it has no `Debug`, and is written
/// nowhere but encrypted.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hidden(Vec<Piece>);

impl Hidden {
    /// Puts labels into the text and keeps what they stand for.
    pub fn take(text: &mut String) -> Self {
        let Some((masked, hidden)) = split(text) else { return Self::default() };
        *text = masked;
        hidden
    }

    /// Whether nothing was hidden.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text as it was written. Where another text than the one that was masked is given, labels that are not in their
    /// places stay.
    pub fn open<'a>(&self, masked: &'a str) -> Cow<'a, str> {
        let mut open = String::with_capacity(masked.len());
        let mut end = 0;
        for Piece { at, label, value } in &self.0 {
            let behind = at.saturating_add(label.len());
            if *at < end || masked.get(*at..behind) != Some(label) {
                continue;
            }
            open.push_str(masked.get(end..*at).unwrap_or_default());
            open.push_str(value);
            end = behind;
        }
        if end == 0 {
            return Cow::Borrowed(masked);
        }
        open.push_str(masked.get(end..).unwrap_or_default());
        Cow::Owned(open)
    }
}

/// The text with labels, and what they stand for. `None`: there is nothing to hide.
pub(super) fn split(text: &str) -> Option<(String, Hidden)> {
    let mut joined: Vec<Place> = Vec::new();
    for place in places(text) {
        match joined.last_mut() {
            // Two kinds can claim the same characters, as a mobile number before an @ does.
            Some(before) if place.range.start < before.range.end => {
                before.range.end = before.range.end.max(place.range.end);
            }
            _ => joined.push(place),
        }
    }
    if joined.is_empty() {
        return None;
    }
    let mut masked = String::with_capacity(text.len());
    let mut pieces = Vec::with_capacity(joined.len());
    let mut end = 0;
    for Place { range, label, .. } in joined {
        masked.push_str(text.get(end..range.start).unwrap_or_default());
        end = range.end;
        let value = text.get(range).unwrap_or_default().to_owned();
        pieces.push(Piece { at: masked.len(), label: label.to_owned(), value });
        masked.push_str(label);
    }
    masked.push_str(text.get(end..).unwrap_or_default());
    Some((masked, Hidden(pieces)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn comes_back(text: &str) {
        let mut masked = text.to_owned();
        let hidden = Hidden::take(&mut masked);
        assert_eq!(hidden.is_empty(), masked == text);
        assert_eq!(hidden.open(&masked), text);
        let kept = serde_json::to_string(&hidden).unwrap();
        let hidden: Hidden = serde_json::from_str(&kept).unwrap();
        assert_eq!(hidden.open(&masked), text);
    }

    #[test]
    fn labels_that_somebody_wrote_are_told_from_those_that_hide_something() {
        comes_back("【手机号】13812345678【手机号】 13912345678 【住址】");
        comes_back("邮箱：13812345678@163.com和13812345678@163.com");
        comes_back("{position} １３８１２３４５６７８\u{200b}🙂");
    }

    #[test]
    fn another_text_than_the_masked_one_keeps_its_labels() {
        let mut masked = "打13812345678，或者13912345678".to_owned();
        let hidden = Hidden::take(&mut masked);
        assert_eq!(hidden.open("打【手机号】"), "打13812345678");
        for other in ["", "【手机号】", "打", "打【手机", "电话【手机号】"] {
            assert_eq!(hidden.open(other), other);
        }
    }

    /// What is hidden, in several spellings, and what only looks like it.
    const KNOWN: &[&str] = &[
        "11010519491231002X",
        "440524 18800101 0014",
        "１３８１２３４５６７８",
        "138 1234 5678",
        "+8613812345678",
        "一三八一二三四五六七八",
        "4111 1111 1111 1111",
        "zhang.san+1@mail.example.com",
        "13812345678@163.com",
        "护照号是E 7281 9043",
        "我住幸福小区3幢2单元401室",
        "家在文昌路12弄5号602",
        "92330203MA2EQ7R8XN",
        "【手机号】",
        "【住址】",
        "12345",
        "，",
        "\u{200b}",
    ];

    fn fragment() -> impl Strategy<Value = String> {
        prop_oneof![proptest::sample::select(KNOWN).prop_map(str::to_owned), any::<String>()]
    }

    proptest! {
        #[test]
        fn any_text_comes_back_exactly(text in any::<String>()) {
            comes_back(&text);
        }

        #[test]
        fn numbers_among_anything_come_back_exactly(parts in prop::collection::vec(fragment(), 0..8)) {
            comes_back(&parts.concat());
        }
    }
}
