//! What embeddings add to a search, and what they must not.

use jiff::civil::date;

use super::*;
use crate::entry::{Details, Entry, Status};
use crate::index::{Index, Placed};

fn entry(id: &str, title: &str) -> Entry {
    Entry::new(EntryId::new(id).unwrap(), title, Details::Faq)
}

fn index() -> Index {
    let mut draft = entry("draft", "月球移民");
    draft.status = Status::Draft;
    let mut later = entry("later", "月球户口");
    later.effective_from = Some(date(2999, 1, 1));
    let entries = [
        entry("moon", "月球旅行许可"),
        entry("card", "社保卡补办"),
        entry("tax", "个人所得税退税"),
        draft,
        later,
    ];
    let index = Index::in_memory(Analyzer::shared()).unwrap();
    index.rebuild(entries.into_iter().map(Placed::everywhere), 1).unwrap();
    index
}

fn query(text: &str) -> Query {
    Query { text: text.to_owned(), scope: Scope { region: None, audience: None, on: date(2026, 11, 20) } }
}

fn dense(near: &[(&str, f32)]) -> Vec<(EntryId, f32)> {
    near.iter().map(|(id, cosine)| (EntryId::new(*id).unwrap(), *cosine)).collect()
}

fn by_meaning(entries: &[(EntryId, f32)]) -> Near<'_> {
    Near { entries, weight: 1.0 }
}

#[test]
fn what_no_word_finds_is_found_by_meaning_and_what_may_not_be_shown_is_not() {
    let index = index();
    let asked = query("奔赴太空");
    assert!(index.search(&asked, 10).unwrap().is_empty());
    let near = dense(&[
        ("draft", 0.99),
        ("later", 0.98),
        ("gone", 0.97),
        ("moon", 0.9),
        ("card", 0.4),
        ("tax", 0.3),
    ]);
    let hits = index.look_fused(&asked, 10, by_meaning(&near)).unwrap().hits;
    let found: Vec<_> = hits.iter().map(|hit| hit.id.as_str()).collect();
    assert_eq!(found, ["moon", "card", "tax"]);
    // (0.9 - 0.3) / 0.7 and 0, less what is usual.
    let lifts = hits.iter().map(|hit| hit.features.get(Feature::dense));
    for (lift, expected) in lifts.zip([6.0 / 7.0 - USUAL, 1.0 / 7.0 - USUAL, -USUAL]) {
        assert!((lift - expected).abs() < 1e-3, "{hits:?}");
    }
    assert_eq!(hits[0].unit, "月球旅行许可");
    assert!(hits[0].confidence > 5.0 * hits[1].confidence, "{hits:?}");
    assert_eq!(index.look_fused(&asked, 1, by_meaning(&near)).unwrap().hits.len(), 1);
    let admitted = |id: &str| index.admits(&EntryId::new(id).unwrap(), &asked.scope).unwrap();
    assert!(admitted("moon") && !admitted("draft") && !admitted("later") && !admitted("gone"));
}

#[test]
fn without_candidates_by_meaning_words_decide_alone_and_with_equal_ones_too() {
    let index = index();
    let asked = query("社保卡丢了怎么补办");
    let lexical = index.search(&asked, 10).unwrap();
    assert_eq!(index.look_fused(&asked, 10, Near::default()).unwrap().hits, lexical);
    let level = dense(&[("tax", 0.8), ("card", 0.8), ("moon", 0.8)]);
    let fused = index.look_fused(&asked, 10, by_meaning(&level)).unwrap().hits;
    assert_eq!(fused[0].id.as_str(), "card");
    assert!((fused[0].confidence - lexical[0].confidence).abs() < 1e-4);
}

#[test]
fn the_weight_is_what_meaning_counts_and_an_entry_that_does_not_stand_out_loses_confidence() {
    let index = index();
    let asked = query("社保卡补办");
    let lexical = index.search(&asked, 10).unwrap();
    let confidence = |near: &[(&str, f32)], weight: f32| {
        let near = dense(near);
        let found = index.look_fused(&asked, 10, Near { entries: &near, weight }).unwrap();
        found.hits.iter().find(|hit| hit.id.as_str() == "card").unwrap().confidence
    };
    let for_it = [("card", 0.9), ("moon", 0.4), ("tax", 0.3)];
    let against_it = [("moon", 0.9), ("tax", 0.4), ("card", 0.3)];
    let without = lexical[0].confidence;
    assert!((confidence(&against_it, 0.0) - without).abs() < 1e-4, "0 only adds candidates");
    let [more, most] = [0.5, 1.0].map(|weight| confidence(&for_it, weight));
    assert!(without < more && more < most, "{without} {more} {most}");
    let [less, least] = [0.5, 1.0].map(|weight| confidence(&against_it, weight));
    assert!(least < less && less < without, "{without} {less} {least}");
}
