//! Files, places and opened entries, over a knowledge of a few entries.

use std::sync::Arc;

use async_trait::async_trait;

use super::super::super::context::Topic;
use super::super::super::evidence::{Matter, Node, NodeOption, Window};
use super::super::super::handoff::Reason;
use super::super::super::ports::{RetrievalError, Retriever};
use super::super::super::question::Question;
use super::super::Utterance;
use super::super::tests::{Parrot, Quiet, engine_over, entry, outcome};
use super::*;

/// Entries by id, windows of any matter, and one district that words can name.
struct Shelf {
    entries: Vec<Evidence>,
    windows: Vec<Located>,
}

#[async_trait]
impl Retriever for Shelf {
    async fn retrieve(&self, _: &Question, _: usize) -> Result<Vec<Evidence>, RetrievalError> {
        Ok(Vec::new())
    }

    async fn entry(&self, id: &str) -> Result<Option<Evidence>, RetrievalError> {
        Ok(self.entries.iter().find(|entry| entry.id == id).cloned())
    }

    async fn windows(&self) -> Result<Vec<Located>, RetrievalError> {
        Ok(self.windows.clone())
    }

    fn place(&self, text: &str, _: Option<&str>) -> Place {
        if text.contains("东湖区") {
            Place::Here { region: "990102".into(), rest: text.into() }
        } else {
            Place::Unnamed
        }
    }
}

fn window(name: &str, lng: f64, address: &str) -> Window {
    Window {
        name: name.into(),
        address: Some(address.into()),
        hours: Some("工作日 9:00–17:00".into()),
        phone: Some("0990-12345".into()),
        position: Some(Position { lng, lat: 28.0 }),
    }
}

fn located(window: Window) -> Located {
    let cited = Cited { id: "any".into(), title: "社保卡".into(), ..Cited::default() };
    Located { position: window.position.unwrap(), window, cited }
}

async fn turn(shelf: Shelf, context: &Context, utterance: Utterance) -> Turn {
    let input = Input { utterance, locale: Locale::Zh, region: None, audience: None, asker: None };
    engine_over(Arc::new(shelf), Arc::new(Parrot)).turn(context, &input, &Quiet).await
}

fn nothing() -> Shelf {
    Shelf { entries: Vec::new(), windows: Vec::new() }
}

fn here(label: Option<&str>) -> Utterance {
    Utterance::Place { at: Position { lng: 113.0, lat: 28.0 }, label: label.map(str::to_owned) }
}

#[tokio::test]
async fn a_picture_is_not_looked_at_and_does_not_count_as_a_question() {
    for (kind, word) in [
        (Medium::Picture, "图片"),
        (Medium::Film, "视频"),
        (Medium::Recording, "语音"),
        (Medium::File, "文件"),
    ] {
        let context = Context { unanswered: 1, ..Context::default() };
        let turn = turn(nothing(), &context, Utterance::Media { kind, words: None }).await;
        assert_eq!(turn.context, context, "what was talked about stays");
        assert_eq!((turn.handoff, outcome(&turn)), (None, None));
        let reply = turn.reply.unwrap();
        assert!(reply.offer_human && reply.text.contains(word), "{}", reply.text);
    }
}

#[tokio::test]
async fn words_that_come_with_a_picture_are_answered_and_danger_in_them_is_seen() {
    let say = async |words: &str| {
        let media = Utterance::Media { kind: Medium::Picture, words: Some(words.into()) };
        turn(nothing(), &Context::default(), media).await
    };
    let thanks = say("谢谢").await.reply.unwrap().text;
    assert!(thanks.starts_with("您发的图片或文件我看不了") && thanks.contains("不客气"), "{thanks}");
    let danger = say("我家着火了").await;
    assert_eq!(outcome(&danger), Some(Outcome::Emergency));
    assert!(!danger.reply.unwrap().text.contains("看不了"), "nothing stands before the numbers");
    assert_eq!(say("转人工").await.handoff, Some(Reason::Asked));
}

#[tokio::test]
async fn an_opened_entry_is_answered_at_once_and_a_scenario_begins() {
    let shelf = || {
        let mut scenario = entry("baby", "新生儿", 1.0);
        scenario.kind = EvidenceKind::Scenario;
        let option = NodeOption { label: "本市".into(), next: None, facts: Default::default() };
        let node = Node { id: "born".into(), ask: "在哪出生？".into(), options: vec![option] };
        scenario.details = Details::Scenario(vec![node], vec![]);
        Shelf { entries: vec![entry("passport", "护照", 1.0), scenario], windows: Vec::new() }
    };
    let open = async |id: &str| turn(shelf(), &Context::default(), Utterance::Open(id.into())).await;
    let answered = open("passport").await;
    assert_eq!(outcome(&answered), Some(Outcome::Answered));
    assert_eq!(answered.context.topic.unwrap().entry, "passport");
    let begun = open("baby").await;
    assert_eq!(outcome(&begun), Some(Outcome::Guide));
    assert!(begun.context.walk.is_some());
    let tired = Context { unanswered: 1, ..Context::default() };
    let unknown = turn(shelf(), &tired, Utterance::Open("no-such".into())).await;
    assert_eq!((unknown.handoff, unknown.gap, unknown.context), (None, None, tired));
    assert!(unknown.reply.unwrap().text.starts_with("抱歉"));
}

#[tokio::test]
async fn the_nearest_windows_of_the_topic_are_told_with_source_and_map() {
    let mut passport = entry("passport", "护照", 1.0);
    let windows = vec![
        window("远窗口", 113.5, "西城区远路 9 号"),
        window("近窗口", 113.01, "东湖区近路 1 号"),
        Window { name: "没有位置".into(), ..Window::default() },
    ];
    passport.details = Details::Matter(Box::new(Matter { windows, ..Matter::default() }));
    let shelf = Shelf { entries: vec![passport], windows: vec![located(window("别处", 113.0, "别处"))] };
    let topic = Some(Topic { entry: "passport".into(), title: "护照".into() });
    let told = turn(shelf, &Context { topic: topic.clone(), ..Context::default() }, here(None)).await;
    assert_eq!((&told.context.topic, told.context.region.as_deref()), (&topic, Some("990102")));
    let reply = told.reply.unwrap();
    let (near, far) = (reply.text.find("近窗口").unwrap(), reply.text.find("远窗口").unwrap());
    assert!(near < far && reply.text.contains("**1. 近窗口** [1]（约 980 米）"), "{}", reply.text);
    for part in ["东湖区近路 1 号", "工作日 9:00–17:00", "电话 0990-12345", "约 49.1 公里"] {
        assert!(reply.text.contains(part), "{part}: {}", reply.text);
    }
    let link = "(https://uri.amap.com/marker?position=113.01,28&name=%E8%BF%91%E7%AA%97%E5%8F%A3)";
    assert!(reply.text.contains(link), "{}", reply.text);
    assert!(!reply.text.contains("别处") && !reply.text.contains("没有位置"));
    assert_eq!(reply.citations.len(), 1, "one entry, one source");
    assert_eq!(reply.citations[0].id, "passport");
}

#[tokio::test]
async fn without_a_topic_any_window_will_do_and_the_district_is_read_where_it_is_told() {
    let windows = vec![located(window("甲", 113.2, "东湖区一路")), located(window("乙", 113.9, "远处"))];
    let shelf = Shelf { entries: Vec::new(), windows };
    let told = turn(shelf, &Context::default(), here(None)).await;
    assert_eq!(told.context.region, None, "20 km away is no neighbour");
    let reply = told.reply.unwrap();
    assert!(reply.text.contains("您要办哪件事") && reply.text.contains("甲"), "{}", reply.text);
    assert_eq!(reply.citations[0].id, "any");
    let labelled = turn(nothing(), &Context::default(), here(Some("安和市东湖区人民路"))).await;
    assert_eq!(labelled.context.region.as_deref(), Some("990102"));
    let reply = labelled.reply.unwrap();
    assert!(reply.offer_human && reply.citations.is_empty());
}

#[test]
fn ratings_are_digits_or_the_words_of_the_file() {
    let engine = engine_over(Arc::new(nothing()), Arc::new(Parrot));
    let table = [
        ("5", Some(5)),
        (" 1 ", Some(1)),
        ("３", Some(3)),
        ("5分！", Some(5)),
        ("满意", Some(4)),
        ("非常满意。", Some(5)),
        ("不满意", Some(2)),
        ("很不满意", Some(1)),
        ("0", None),
        ("6", None),
        ("55", None),
        ("满意是满意，但是还有个问题", None),
        ("", None),
    ];
    for (text, expected) in table {
        assert_eq!(engine.rating(text), expected, "{text}");
    }
}
