//! What may be returned at all, and how sure the search is of it.

mod fused;
mod leaks;
mod names;
mod succession;

use jiff::civil::{Date, date};

use super::*;
use crate::entry::{Details, Entry};
use crate::import::jsonl;
use crate::index::{Index, Placed};
use crate::region::{RegionCode, Regions};

const TODAY: Date = date(2026, 11, 20);

fn regions() -> Regions {
    Regions::from_json(include_bytes!("../../demo/regions.json")).unwrap()
}

fn city() -> Scope {
    Scope { region: RegionCode::new(990_100), audience: None, on: TODAY }
}

fn index(entries: impl IntoIterator<Item = Entry>) -> Index {
    let index = Index::in_memory(Analyzer::shared()).unwrap();
    let regions = regions();
    index.rebuild(entries.into_iter().map(|entry| Placed::new(entry, &regions).unwrap()), 1).unwrap();
    index
}

fn entry(id: &str, title: &str) -> Entry {
    Entry::new(EntryId::new(id).unwrap(), title, Details::Faq)
}

fn ids(index: &Index, text: &str, scope: Scope) -> Vec<String> {
    let hits = index.search(&Query { text: text.to_owned(), scope }, 50).unwrap();
    hits.into_iter().map(|hit| hit.id.to_string()).collect()
}

/// The demo city as it stands in the repository.
fn demo() -> Vec<Entry> {
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("demo");
    let mut files: Vec<_> = std::fs::read_dir(directory).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files
        .iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
        .flat_map(|path| jsonl::read("demo", &std::fs::read(path).unwrap()).unwrap())
        .map(|row| row.entry)
        .collect()
}

#[test]
fn a_hit_says_what_matched_and_what_did_not() {
    let mut card = entry("card", "社保卡补办");
    card.similar = vec!["社保卡丢了怎么办".to_owned()];
    card.answer = "带身份证到银行网点补办。".to_owned();
    let index = index([card, entry("tax", "个人所得税退税")]);
    let hits = index
        .search(&Query { text: "请问社保卡丢了要带身份证和结婚证吗".to_owned(), scope: city() }, 5)
        .unwrap();
    assert_eq!(hits[0].id.as_str(), "card");
    assert_eq!(hits[0].unit, "社保卡丢了怎么办");
    assert!(hits[0].matched.contains(&"身份证".to_owned()), "{:?}", hits[0].matched);
    assert_eq!(hits[0].missing, ["结婚证"]);
}

#[test]
fn nothing_is_found_for_nothing() {
    let filled = index([entry("a", "社保卡补办")]);
    for text in ["", "   ", "？？？", "🙂"] {
        assert_eq!(ids(&filled, text, city()), Vec::<String>::new(), "{text}");
    }
    assert_eq!(ids(&index([]), "社保卡", city()), Vec::<String>::new());
}

#[test]
fn of_equal_entries_the_one_that_holds_in_the_whole_city_comes_first() {
    let mut district = entry("a", "老年卡办理");
    district.region = Some("东湖区".to_owned());
    let mut whole = entry("b", "老年卡办理");
    whole.region = Some("安和市".to_owned());
    let index = index([district, whole]);
    assert_eq!(ids(&index, "老年卡怎么办", city()), ["b", "a"]);
}

#[test]
fn the_demo_city_knows_its_own_questions_and_is_not_sure_of_foreign_ones() {
    let entries = demo();
    let index = index(entries.clone());
    let sure = |text: &str| -> (f32, String) {
        let hits = index.search(&Query { text: text.to_owned(), scope: city() }, 1).unwrap();
        hits.first().map_or((0.0, String::new()), |hit| (hit.confidence, hit.id.to_string()))
    };
    let foreign = [
        "今晚吃什么",
        "帮我写首诗",
        "世界杯谁赢了",
        "股票代码600519怎么样",
        "北京故宫门票怎么买",
        "怎么做红烧肉",
        "啊啊啊啊啊",
    ];
    for text in foreign {
        assert!(sure(text).0 < 0.4, "{text}: {:?}", sure(text));
    }
    let (mut asked, mut known) = (0.0, 0.0);
    for entry in entries.iter().filter(|entry| entry.in_force(TODAY)) {
        for similar in &entry.similar {
            let (confidence, id) = sure(&format!("您好，麻烦问下{similar}呀，谢谢"));
            asked += 1.0;
            known += if confidence > 0.55 && id == entry.id.as_str() { 1.0 } else { 0.0 };
        }
    }
    assert!(known / asked > 0.95, "only {known} of {asked} known questions are recognised");
}
