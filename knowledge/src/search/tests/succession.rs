//! What took an entry's place answers for it, on the days on which it should.

use super::*;
use crate::entry::Status;

fn dated(id: &str, title: &str, successor: Option<&str>, from: Option<Date>, until: Option<Date>) -> Entry {
    let mut entry = entry(id, title);
    entry.superseded_by = successor.map(|id| EntryId::new(id).unwrap());
    entry.effective_from = from;
    entry.expires_on = until;
    entry
}

fn first(index: &Index, text: &str, on: Date) -> Option<(String, Option<String>)> {
    let scope = Scope { on, ..city() };
    let found = index.look(&Query { text: text.to_owned(), scope }, 5).unwrap();
    found.hits.first().map(|hit| (hit.id.to_string(), hit.replaces.as_ref().map(ToString::to_string)))
}

#[test]
fn old_words_find_what_took_their_place() {
    let mut old = dated("old", "红本证换发", Some("middle"), None, None);
    old.status = Status::Repealed;
    old.similar = vec!["红本证在哪里换".to_owned()];
    let middle = dated("middle", "绿本证换发", Some("new"), None, Some(date(2026, 6, 30)));
    let new = dated("new", "电子证照申领", None, Some(date(2026, 7, 1)), None);
    let index = index([old, middle, new, entry("other", "机动车上牌")]);
    let replaced = Some(("new".to_owned(), Some("old".to_owned())));
    assert_eq!(first(&index, "红本证在哪里换", TODAY), replaced);
    assert_eq!(first(&index, "电子证照怎么申领", TODAY), Some(("new".to_owned(), None)));
    let before = Some(("middle".to_owned(), Some("old".to_owned())));
    assert_eq!(first(&index, "红本证在哪里换", date(2026, 6, 30)), before, "the newest has not begun");
}

#[test]
fn an_entry_holds_on_its_first_and_its_last_day_and_until_its_successor_begins() {
    let from = date(2026, 3, 1);
    let until = date(2026, 11, 20);
    let index = index([
        dated("a", "老年卡办理", None, Some(from), Some(until)),
        dated("b", "残疾证办理", Some("c"), None, None),
        dated("c", "爱心卡申请", None, Some(from), None),
    ]);
    for (on, expected) in
        [(date(2026, 2, 28), false), (from, true), (until, true), (date(2026, 11, 21), false)]
    {
        let found = first(&index, "老年卡怎么办理", on).is_some_and(|(id, _)| id == "a");
        assert_eq!(found, expected, "on {on}");
    }
    assert_eq!(first(&index, "残疾证办理", date(2026, 2, 28)), Some(("b".to_owned(), None)));
    assert_eq!(first(&index, "残疾证办理", from), Some(("c".to_owned(), Some("b".to_owned()))));
}

#[test]
fn a_circle_ends_and_shows_nothing() {
    let index = index([
        dated("a", "红本证换发", Some("b"), None, None),
        dated("b", "绿本证换发", Some("c"), None, None),
        dated("c", "蓝本证换发", Some("b"), None, None),
    ]);
    assert_eq!(first(&index, "红本证换发", TODAY), None);
    let found = index.look(&Query { text: "红本证换发".to_owned(), scope: city() }, 5).unwrap();
    assert_eq!(found.ended.map(|ended| ended.id.to_string()).as_deref(), Some("a"));
}

#[test]
fn what_ended_is_told_but_never_a_hit() {
    let mut gone = entry("gone", "新生儿大礼包领取");
    gone.status = Status::Repealed;
    let index = index([gone, entry("other", "机动车上牌")]);
    let found = index.look(&Query { text: "新生儿大礼包怎么领取".to_owned(), scope: city() }, 5).unwrap();
    assert!(found.hits.iter().all(|hit| hit.id.as_str() != "gone"));
    let ended = found.ended.unwrap();
    assert_eq!(ended.id.as_str(), "gone");
    assert!(ended.confidence > 0.5, "{}", ended.confidence);
}

#[test]
fn of_city_and_province_that_say_the_same_the_city_comes_first_though_it_says_less() {
    let mut province = entry("a-province", "老年证办理");
    province.region = Some("安澜省".to_owned());
    province.answer = "请带身份证到社区办理老年证。".to_owned();
    let mut city_entry = entry("city", "安和市老年证办理");
    city_entry.region = Some("安和市".to_owned());
    city_entry.answer = "请带身份证和一张照片到户籍地街道的便民服务中心，五个工作日内寄到家。".to_owned();
    let mut district = entry("z-district", "东湖区老年证办理");
    district.region = Some("东湖区".to_owned());
    let index = index([province, city_entry, district, entry("other", "机动车上牌")]);
    let asked = "老年证怎么办理";
    assert_eq!(ids(&index, asked, city()).first().map(String::as_str), Some("city"));
    let east_lake = Scope { region: RegionCode::new(990_102), ..city() };
    assert_eq!(ids(&index, asked, east_lake).first().map(String::as_str), Some("z-district"));
    let other_district = Scope { region: RegionCode::new(990_103), ..city() };
    assert_eq!(ids(&index, asked, other_district).first().map(String::as_str), Some("city"));
}
