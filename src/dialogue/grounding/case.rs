//! Which case a word is said of: 违章建筑 in 违章建筑不能登记. What the evidence denies of one case may be so of another.

use super::beside::{beside, counts, weight};
use super::fact::facts;
use super::piece::{clauses, holding};
use super::source::Source;

/// A case of fewer characters is none.
const NAMING: usize = 2;

/// One of so few is looked for as it is.
const SHORT: usize = 3;

/// How a clause ends that only says which case is meant.
const CONDITIONAL: &[&str] = &["的", "时", "期间", "以后", "之后", "以前", "之前"];

/// So much of a longer case names it.
const NAMED: f64 = 0.5;

/// So much of what an answer names is one of those that a case lists.
const ONE_OF: f64 = 0.75;

/// So much of the case that an answer names has to stand in the evidence, in characters: else it is invented.
const KNOWN: f64 = 0.6;

/// Words before what is said that name no case.
const FILLERS: &[&str] = &[
    "一般",
    "通常",
    "原则上",
    "现在",
    "目前",
    "可以",
    "的",
    "了",
    "也",
    "都",
    "就",
    "还",
    "则",
    "再",
    "才",
    "但",
];

/// The words before a place that say of what it is said: those of its own clause, or the clause before.
pub(super) fn named_before(text: &[char], place: usize) -> &[char] {
    nearest(text, place, |_, _| true)
}

/// The same where they are a case for certain: a clause before has to be a condition (…的) or a heading.
pub(super) fn case_before(text: &[char], place: usize) -> &[char] {
    nearest(text, place, |words, mark| {
        let words: String = words.iter().collect();
        mark == ':' || CONDITIONAL.iter().any(|end| words.ends_with(end))
    })
}

fn nearest(text: &[char], place: usize, is_case: impl Fn(&[char], char) -> bool) -> &[char] {
    let pieces = clauses(text);
    let Some(number) = holding(&pieces, place) else { return &[] };
    let mut mark = None;
    for &(start, end) in pieces[..=number].iter().rev() {
        let whole = &text[start..end.min(place)];
        let words = without_fillers(whole);
        if names(words) {
            return if mark.is_none_or(|mark| is_case(whole, mark)) { words } else { &[] };
        }
        mark = start.checked_sub(1).map(|before| text[before]);
        if matches!(mark, None | Some(';' | '。')) {
            break;
        }
    }
    &[]
}

fn names(words: &[char]) -> bool {
    weight(words) > 0 && words.iter().filter(|c| c.is_alphanumeric()).count() >= NAMING
}

fn without_fillers(words: &[char]) -> &[char] {
    let mut rest = words;
    'fillers: loop {
        for filler in FILLERS {
            let filler: Vec<char> = filler.chars().collect();
            if let Some(shorter) = rest.strip_suffix(filler.as_slice()) {
                rest = shorter;
                continue 'fillers;
            }
        }
        return rest;
    }
}

/// Whether what the evidence says of one case is said of another one in a sentence of an answer, which names that by `own`.
pub(super) fn is_another(known: &[char], own: &[char], sentence: &[char], cited: &[&Source]) -> bool {
    if !names(known) || !names(own) {
        return false;
    }
    let telling = || own.iter().filter(|c| counts(**c));
    let stands = telling().filter(|c| cited.iter().any(|source| source.stated.text.contains(**c))).count();
    if (stands as f64) < KNOWN * telling().count() as f64 {
        return false;
    }
    let is_named = if known.len() <= SHORT {
        sentence.windows(known.len()).any(|words| words == known)
    } else {
        beside(known, sentence).share >= NAMED || beside(own, known).share >= ONE_OF
    };
    !is_named || is_beyond(known, own)
}

/// Whether a case is limited one way and the other one the other way: 剩余不到5年的, and 剩余超过5年的.
fn is_beyond(known: &[char], own: &[char]) -> bool {
    let of = |text: &[char]| facts(&text.iter().collect::<String>());
    let said = of(own);
    of(known).iter().filter(|known| known.direction.is_some()).any(|known| {
        let of_kind = || said.iter().filter(|fact| fact.kind == known.kind);
        of_kind().next().is_some()
            && of_kind().all(|fact| {
                fact.key == known.key && fact.direction.is_some() && fact.direction != known.direction
            })
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::evidence::{Details, Evidence};
    use super::*;

    fn characters(text: &str) -> Vec<char> {
        text.chars().collect()
    }

    #[test]
    fn the_nearest_words_that_say_something_are_the_case() {
        for (text, at, case) in [
            ("违章建筑、危房不能用来登记", "不能", "违章建筑、危房"),
            ("自己辞职的,一般不能领", "不能", "自己辞职"),
            ("成年后被判过刑,包括缓刑:不能开", "不能", "包括缓刑"),
            ("过期就不能再申请", "不能", "过期"),
            ("60天内领,不能换现金", "不能", ""),
            ("先注销;不能转让", "不能", ""),
            ("不能转让", "不能", ""),
        ] {
            let place = text.split(at).next().unwrap().chars().count();
            assert_eq!(case_before(&characters(text), place).iter().collect::<String>(), case, "{text}");
        }
    }

    #[test]
    fn a_case_is_another_if_it_is_named_otherwise_or_limited_the_other_way() {
        let text = "住宅要邻居同意;租的房要房东同意;违章建筑、危房不能用来登记;号牌用不满1年的,不能留";
        let source = Source::new(&Evidence::new("one", "能登记吗", text, Details::Faq));
        for (known, own, sentence, other) in [
            ("违章建筑、危房", "租的住宅", "租的住宅可以用来登记", true),
            ("违章建筑、危房", "违章建筑", "违章建筑、危房可以用来登记", false),
            ("违章建筑、危房", "", "可以用来登记", false),
            ("违章建筑、危房", "游艇机库", "游艇机库可以用来登记", false),
            ("违章建筑、危房、库房", "危房", "危房可以用来登记", false),
            ("号牌用不满1年的", "号牌用满1年的", "号牌用满1年的能留", true),
            ("号牌用不满1年的", "号牌用不满1年的", "号牌用不满1年的,能留", false),
        ] {
            let found = is_another(&characters(known), &characters(own), &characters(sentence), &[&source]);
            assert_eq!(found, other, "{known} {sentence}");
        }
    }
}
