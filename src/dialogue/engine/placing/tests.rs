//! Places in questions, and what is said of where and since when an answer holds.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use super::super::super::evidence::Reach;
use super::super::super::ports::{RetrievalError, Retriever};
use super::super::super::question::{Audience, Place, Question};
use super::super::tests::{Parrot, Quiet, Shelf, engine_over, entry, outcome, say};
use super::super::{Engine, Input, Utterance};
use super::*;

/// Two districts and a city; remembers what it was asked.
#[derive(Default)]
struct Atlas {
    entries: Vec<Evidence>,
    ended: Option<(String, f32)>,
    asked: Mutex<Vec<Question>>,
}

#[async_trait]
impl Retriever for Atlas {
    async fn retrieve(&self, question: &Question, limit: usize) -> Result<Vec<Evidence>, RetrievalError> {
        self.asked.lock().unwrap().push(question.clone());
        Shelf(self.entries.clone()).retrieve(question, limit).await
    }

    async fn entry(&self, id: &str) -> Result<Option<Evidence>, RetrievalError> {
        Shelf(self.entries.clone()).entry(id).await
    }

    fn place(&self, text: &str, _: Option<&str>) -> Place {
        if text.contains("北京") {
            return Place::Elsewhere { name: "北京".into(), home: "安和市".into() };
        }
        match text.contains("东湖区") {
            true => Place::Here { region: "990102".into(), rest: text.replace("东湖区", "") },
            false => Place::Unnamed,
        }
    }

    async fn ended(&self, _: &Question) -> Option<(String, f32)> {
        self.ended.clone()
    }
}

fn over(atlas: Atlas) -> (Engine, Arc<Atlas>) {
    let atlas = Arc::new(atlas);
    (engine_over(Arc::clone(&atlas) as Arc<dyn Retriever>, Arc::new(Parrot)), atlas)
}

fn passport() -> Vec<Evidence> {
    vec![entry("passport", "护照", 0.9)]
}

#[tokio::test]
async fn another_place_is_not_answered_for_and_calls_nobody() {
    let (engine, atlas) = over(Atlas { entries: passport(), ..Atlas::default() });
    let mut context = Context::default();
    for text in ["北京的护照怎么办", "北京护照多少钱", "那北京的护照呢"] {
        let turn = say(&engine, &context, text).await;
        assert_eq!(
            (outcome(&turn), turn.handoff, &turn.gap),
            (Some(Outcome::NoAnswer), None, &None),
            "{text}"
        );
        let words = turn.reply.unwrap().text;
        assert!(words.contains("北京") && words.contains("安和市"), "{words}");
        context = turn.context;
    }
    assert!(atlas.asked.lock().unwrap().is_empty(), "nothing of this city is looked up");
}

#[tokio::test]
async fn a_place_that_is_named_is_looked_up_in_and_remembered() {
    let (engine, atlas) = over(Atlas { entries: passport(), ..Atlas::default() });
    let input = |text: &str| Input {
        utterance: Utterance::Text(text.into()),
        locale: Locale::Zh,
        region: Some("990100".into()),
        audience: Some(Audience::Enterprise),
        asker: None,
    };
    let named = engine.turn(&Context::default(), &input("东湖区的护照怎么办"), &Quiet).await;
    assert_eq!(named.context.region.as_deref(), Some("990102"));
    let later = say(&engine, &named.context, "护照要多久").await;
    assert_eq!(later.context.region.as_deref(), Some("990102"));
    let asked = atlas.asked.lock().unwrap();
    let places: Vec<_> = asked.iter().map(|question| question.region.as_deref()).collect();
    assert!(
        places.iter().all(|place| *place == Some("990102")),
        "before the channel's place, and kept: {places:?}"
    );
    assert_eq!(asked[0].audience, Some(Audience::Enterprise));
    assert_eq!(asked[1].audience, None, "only ever what the channel says");
}

#[tokio::test]
async fn a_place_alone_asks_for_the_topic_there() {
    let (engine, atlas) = over(Atlas { entries: passport(), ..Atlas::default() });
    let first = say(&engine, &Context::default(), "护照怎么办").await;
    let there = say(&engine, &first.context, "那东湖区呢").await;
    assert_eq!(outcome(&there), Some(Outcome::Answered));
    let last = atlas.asked.lock().unwrap().last().cloned().unwrap();
    assert_eq!((last.text.as_str(), last.region.as_deref()), ("护照", Some("990102")));
}

#[tokio::test]
async fn what_holds_in_a_district_only_says_so() {
    let part = Evidence { reach: Reach::Part("东湖区".into()), ..entry("card", "老年卡", 0.9) };
    let (engine, _) = over(Atlas { entries: vec![part], ..Atlas::default() });
    let turn = say(&engine, &Context::default(), "老年卡怎么办").await;
    let text = turn.reply.unwrap().text;
    assert_eq!(text, "steps of card[1]\n\n注意：[1] 只适用于东湖区。");
    let input = Input {
        utterance: Utterance::Text("老年卡怎么办".into()),
        locale: Locale::En,
        region: None,
        audience: None,
        asker: None,
    };
    let english = engine.turn(&Context::default(), &input, &Quiet).await.reply.unwrap().text;
    assert!(english.ends_with("[1] holds in 东湖区 only."), "{english}");
}

#[tokio::test]
async fn districts_with_the_same_matter_are_told_apart_as_choices() {
    let part =
        |id: &str, name: &str| Evidence { reach: Reach::Part(name.into()), ..entry(id, "老年卡", 0.9) };
    let entries = vec![part("east", "东湖区"), part("west", "西城区")];
    let (engine, _) = over(Atlas { entries, ..Atlas::default() });
    let asked = say(&engine, &Context::default(), "我想去办一张老年卡").await;
    let labels: Vec<String> = asked.reply.unwrap().choices.into_iter().map(|choice| choice.label).collect();
    assert_eq!(labels, ["老年卡（东湖区）", "老年卡（西城区）", "都不是"]);
    let chosen = say(&engine, &asked.context, "老年卡（西城区）").await;
    assert!(chosen.reply.unwrap().text.contains("只适用于西城区"));
}

#[tokio::test]
async fn what_took_the_place_of_the_old_says_so() {
    let new = Evidence { replaces: Some("红本证换发".into()), ..entry("new", "电子证照", 0.9) };
    let (engine, _) = over(Atlas { entries: vec![new], ..Atlas::default() });
    let turn = say(&engine, &Context::default(), "电子证照怎么办").await;
    let text = turn.reply.unwrap().text;
    assert!(text.contains("“红本证换发”已不再执行，现在按“电子证照”办理"), "{text}");
}

#[tokio::test]
async fn what_is_over_is_no_answer_and_the_office_is_told_which() {
    let table = [
        // What ended fits, what holds does not.
        (0.2, Some(0.9), Some(Outcome::NoAnswer), Some("ended")),
        (0.4, Some(0.9), Some(Outcome::NoAnswer), Some("ended")),
        // What holds answers, whatever ended beside it.
        (0.9, Some(0.95), Some(Outcome::Answered), None),
        // What ended does not fit either.
        (0.2, Some(0.3), Some(Outcome::NoAnswer), Some("no_answer")),
        (0.4, None, Some(Outcome::Clarify), None),
    ];
    for (holds, ended, expected, kind) in table {
        let ended = ended.map(|sure| ("gift".to_owned(), sure));
        let entries = vec![entry("other", "大礼包", holds)];
        let (engine, _) = over(Atlas { entries, ended: ended.clone(), ..Atlas::default() });
        let turn = say(&engine, &Context::default(), "新生儿大礼包怎么领").await;
        assert_eq!(outcome(&turn), expected, "{holds} {ended:?}");
        assert_eq!(turn.gap.as_ref().map(|gap| gap.kind), kind, "{holds} {ended:?}");
        if kind == Some("ended") {
            assert_eq!(turn.gap.unwrap().nearest, ended);
            assert!(turn.reply.unwrap().text.contains("到期或者废止"));
        }
    }
}
