//! What the store says now has the last word: days in Shanghai's time, and what took an entry's place.

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use knowledge::Regions;
use knowledge::import::SourceFile;

use super::*;
use crate::dialogue::evidence::Reach;
use crate::dialogue::{Audience, Clock, Question, Retriever};
use crate::store;

struct Set(Mutex<Timestamp>);

impl Clock for Set {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

async fn city(lines: &str, now: &str) -> (KnowledgeRetriever, Arc<Set>) {
    let regions = Regions::from_json(include_bytes!("../../knowledge/demo/regions.json")).unwrap();
    let home = regions.resolve("安和市").unwrap();
    let site = Site { regions: regions.at_home(home), region: Some(home) };
    let clock = Arc::new(Set(Mutex::new(now.parse().unwrap())));
    let store = store::open("memory:").await.unwrap();
    let base = KnowledgeBase::open(store, None, site, Arc::clone(&clock) as Arc<dyn Clock>).await.unwrap();
    let file = SourceFile { name: "test.jsonl".to_owned(), bytes: lines.as_bytes().to_vec() };
    base.import(vec![file], None, Taking::AllOrNothing, |_, _, _| {}).await.unwrap();
    (KnowledgeRetriever(base), clock)
}

fn question(text: &str) -> Question {
    Question { text: text.to_owned(), region: None, audience: None }
}

async fn ids(city: &KnowledgeRetriever, question: &Question) -> Vec<String> {
    city.retrieve(question, 5).await.unwrap().into_iter().map(|entry| entry.id).collect()
}

#[tokio::test]
async fn the_last_day_ends_at_midnight_in_shanghai_and_the_first_begins_there() {
    let lines = r#"{"id":"last","kind":"faq","title":"老年卡办理","expires_on":"2026-11-20"}
{"id":"first","kind":"faq","title":"残疾证办理","effective_from":"2026-11-21"}"#;
    let (city, clock) = city(lines, "2026-11-20T15:59:59Z").await;
    let (last, first) = (question("老年卡办理"), question("残疾证办理"));
    assert_eq!(ids(&city, &last).await, ["last"], "23:59:59 in Shanghai");
    assert!(!ids(&city, &first).await.contains(&"first".to_owned()));
    *clock.0.lock().unwrap() = "2026-11-20T16:00:00Z".parse().unwrap();
    assert!(!ids(&city, &last).await.contains(&"last".to_owned()), "midnight in Shanghai");
    assert_eq!(ids(&city, &first).await, ["first"]);
    assert_eq!(city.ended(&last).await.map(|(id, _)| id).as_deref(), Some("last"));
}

#[tokio::test]
async fn an_entry_asked_for_by_its_id_is_what_took_its_place() {
    let lines = r#"{"id":"a","kind":"faq","title":"红本证","superseded_by":"b","status":"repealed"}
{"id":"b","kind":"faq","title":"绿本证","superseded_by":"c"}
{"id":"c","kind":"faq","title":"电子证","effective_from":"2026-11-21"}
{"id":"round","kind":"faq","title":"圆","superseded_by":"trip"}
{"id":"trip","kind":"faq","title":"圈","superseded_by":"round"}"#;
    let (city, clock) = city(lines, "2026-11-20T12:00:00Z").await;
    let at = async |id: &str| city.entry(id).await.unwrap().map(|entry| entry.id);
    assert_eq!(at("a").await.as_deref(), Some("b"), "the newest has not begun");
    *clock.0.lock().unwrap() = "2026-11-21T12:00:00Z".parse().unwrap();
    assert_eq!(at("a").await.as_deref(), Some("c"));
    assert_eq!(at("b").await.as_deref(), Some("c"));
    assert_eq!(at("round").await, None);
    let found = city.retrieve(&question("红本证"), 5).await.unwrap();
    assert_eq!((found[0].id.as_str(), found[0].replaces.as_deref()), ("c", Some("红本证")));
}

#[tokio::test]
async fn the_most_local_stands_for_all_that_say_the_same_and_says_where_it_holds() {
    let lines = r#"{"id":"province","kind":"faq","title":"老年证办理","region":"本省"}
{"id":"old-city","kind":"faq","title":"老年证办理","region":"本市","effective_from":"2020-01-01"}
{"id":"new-city","kind":"faq","title":"安和市老年证办理","region":"全市","effective_from":"2026-01-01"}
{"id":"east","kind":"faq","title":"老年证办理","region":"东湖区"}
{"id":"firms","kind":"faq","title":"老年证办理","region":"安和市","audience":"enterprise"}"#;
    let (city, _) = city(lines, "2026-11-20T12:00:00Z").await;
    let asked = |region: Option<&str>, audience| Question {
        region: region.map(str::to_owned),
        audience,
        ..question("老年证怎么办理")
    };
    let whole = city.retrieve(&asked(None, Some(Audience::Citizen)), 9).await.unwrap();
    let seen: Vec<_> = whole.iter().map(|entry| (entry.id.as_str(), entry.reach.clone())).collect();
    assert_eq!(seen, [("new-city", Reach::Whole)]);
    let east = city.retrieve(&asked(Some("东湖区"), Some(Audience::Citizen)), 9).await.unwrap();
    let seen: Vec<_> = east.iter().map(|entry| (entry.id.as_str(), entry.reach.clone())).collect();
    assert_eq!(seen, [("east", Reach::Asked("东湖区".into()))]);
    let both = ids(&city, &asked(None, None)).await;
    assert!(both.contains(&"firms".to_owned()), "nobody said for whom: {both:?}");
}

#[tokio::test]
async fn windows_are_those_of_matters_in_force_each_once_and_follow_the_day_and_the_entries() {
    let matter = |id: &str, more: &str, windows: &str| {
        format!(r#"{{"id":"{id}","kind":"matter","title":"事项{id}","windows":[{windows}]{more}}}"#)
    };
    let hall = r#"{"name":"市民中心","address":"人民路1号","lng":113.1,"lat":28.1,"phone":"1"}"#;
    let lines = [
        matter("a", "", &format!(r#"{hall},{{"name":"没有坐标"}}"#)),
        matter("b", "", hall),
        matter("old", r#","status":"repealed","superseded_by":"a""#, r#"{"name":"旧","lng":1,"lat":1}"#),
        matter("later", r#","effective_from":"2026-11-21""#, r#"{"name":"明天","lng":113.2,"lat":28.2}"#),
    ]
    .join("\n");
    let (city, clock) = city(&lines, "2026-11-20T02:00:00Z").await;
    let names = async || -> Vec<String> {
        city.windows().await.unwrap().into_iter().map(|found| found.window.name).collect()
    };
    assert_eq!(names().await, ["市民中心"]);
    assert_eq!(city.windows().await.unwrap()[0].cited.id, "a");
    *clock.0.lock().unwrap() = "2026-11-20T16:00:00Z".parse().unwrap();
    assert_eq!(names().await, ["市民中心", "明天"]);
    city.0.put(matter("c", "", r#"{"name":"新","lng":113.3,"lat":28.3}"#).into_bytes()).await.unwrap();
    assert_eq!(names().await, ["市民中心", "新", "明天"]);
}

/// What is quoted is the evidence, so the check that a model's text has to pass finds nothing wrong with its lines: every entry
/// of the demo city, asked for every part. Else the check would refuse what is true. A quotation marks its source once; here
/// every line gets the mark, as a model's lines have it.
#[tokio::test]
async fn a_quotation_of_any_entry_of_the_demo_city_holds() {
    use std::collections::BTreeSet;

    use futures::StreamExt;

    use crate::dialogue::aspect::Aspect;
    use crate::dialogue::evidence::Details;
    use crate::dialogue::{Brief, Grounding, Locale, Piece, Synthesizer};

    // The heading before the days to apply is ours; in this entry it lies closest to a sentence that denies something.
    const EXPLAINED: [(&str, &str); 1] = [("ent-policy-small-cit", "申请时间")];

    let quoter = crate::synthesis::Extractive::new(crate::config::words::phrases(None).unwrap());
    let (mut quoted, mut wrong) = (0, Vec::new());
    for file in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/knowledge/demo")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "jsonl") {
            continue;
        }
        for line in std::fs::read_to_string(path).unwrap().lines() {
            let entry: knowledge::Entry = serde_json::from_str(line).unwrap();
            let evidence = [evidence::of(entry, &Default::default())];
            if matches!(evidence[0].details, Details::Scenario(..)) {
                continue;
            }
            let mut lines = BTreeSet::new();
            for aspect in Aspect::NAMED.into_iter().chain([Aspect::Overview]) {
                let brief = Brief { aspect, ..Brief::new(&evidence[0].title, &evidence, Locale::Zh) };
                let mut stream = quoter.write(brief).await.unwrap();
                let mut text = String::new();
                while let Some(piece) = stream.next().await {
                    if let Piece::Text(words) = piece.unwrap() {
                        text.push_str(&words);
                    }
                }
                quoted += 1;
                // “Title”part: opens a quotation in words of our own.
                let said = |line: &str| match line.strip_prefix('“').and_then(|line| line.split_once('：'))
                {
                    Some((_, said)) => said.trim().to_owned(),
                    None => line.trim().to_owned(),
                };
                lines.extend(text.lines().map(said).filter(|line| !line.is_empty()));
            }
            let grounding = Grounding::new(&evidence[0].title, &evidence);
            for line in lines {
                let mut faults = grounding.faults(&format!("{line} [1]"), &[0]);
                faults.retain(|fault| !EXPLAINED.contains(&(&evidence[0].id, &fault.words)));
                wrong.extend(faults.into_iter().map(|fault| (evidence[0].id.clone(), line.clone(), fault)));
            }
        }
    }
    assert!(quoted > 2_000, "{quoted}");
    assert!(wrong.is_empty(), "{} lines of {quoted} quotations: {wrong:#?}", wrong.len());
}
