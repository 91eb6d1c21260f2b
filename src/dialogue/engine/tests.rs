//! One turn at a time, over a knowledge of a few entries.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;

use super::super::evidence::{Details, Evidence, Material, Matter};
use super::super::ports::{AnswerStream, Brief, Interrupt, Piece, RetrievalError, SynthesisError};
use super::super::question::Question;
use super::*;
use crate::config::words;

/// Finds the entries whose title shares a word with the question, as sure as it is told.
pub(super) struct Shelf(pub(super) Vec<Evidence>);

#[async_trait]
impl Retriever for Shelf {
    async fn retrieve(&self, question: &Question, limit: usize) -> Result<Vec<Evidence>, RetrievalError> {
        let matches = |entry: &&Evidence| entry.title.split(' ').any(|word| question.text.contains(word));
        Ok(self.0.iter().filter(matches).take(limit).cloned().collect())
    }

    async fn entry(&self, id: &str) -> Result<Option<Evidence>, RetrievalError> {
        let found = self.0.iter().find(|entry| entry.id == id).cloned();
        Ok(found.map(|entry| Evidence { confidence: 1.0, ..entry }))
    }
}

/// Says which part of which entry it was asked for.
pub(super) struct Parrot;

#[async_trait]
impl Synthesizer for Parrot {
    async fn write(&self, brief: Brief<'_>) -> Result<AnswerStream, SynthesisError> {
        let text = format!("{} of {}", brief.aspect.name(), brief.evidence[0].id);
        Ok(Box::pin(futures::stream::iter([Ok(Piece::Text(text)), Ok(Piece::Cite(0))])))
    }
}

struct Broken;

#[async_trait]
impl Synthesizer for Broken {
    async fn write(&self, _: Brief<'_>) -> Result<AnswerStream, SynthesisError> {
        let pieces = [Ok(Piece::Text("half".into())), Err(SynthesisError::Unavailable("gone".into()))];
        Ok(Box::pin(futures::stream::iter(pieces)))
    }
}

pub(super) struct Quiet;

#[async_trait]
impl Progress for Quiet {
    fn thinking(&self) {}
    fn delta(&self, _: &str) {}
    fn drop_draft(&self) {}
    async fn interrupted(&self) -> Interrupt {
        std::future::pending().await
    }
}

pub(super) fn entry(id: &str, title: &str, confidence: f32) -> Evidence {
    let material = Material { name: "户口簿".into(), ..Material::default() };
    let details = Details::Matter(Box::new(Matter { materials: vec![material], ..Matter::default() }));
    Evidence {
        confidence,
        score: (confidence.min(0.999) / (1.0 - confidence.min(0.999))).ln(),
        ..Evidence::new(id, title, "带户口簿去办。", details)
    }
}

fn engine_with(entries: Vec<Evidence>, writer: Arc<dyn Synthesizer>) -> Engine {
    engine_over(Arc::new(Shelf(entries)), writer)
}

pub(super) fn engine_over(retriever: Arc<dyn Retriever>, writer: Arc<dyn Synthesizer>) -> Engine {
    engine_asking(retriever, writer, 0.5)
}

/// An engine that asks its writer about what is less sure than an answer, too.
pub(super) fn engine_asking(
    retriever: Arc<dyn Retriever>,
    writer: Arc<dyn Synthesizer>,
    ask_model_at: f32,
) -> Engine {
    let policy = Policy {
        answer_at: 0.5,
        clarify_at: 0.3,
        ask_model_at,
        decline_odds: 20.0,
        close_margin: 0.25,
        choices: 4,
        evidence: 8,
    };
    let (words, phrases) = (words::words(None).unwrap(), words::phrases(None).unwrap());
    let safeguards =
        crate::app::safeguards(&crate::Config::load(&[], std::path::Path::new("data")).unwrap().dialogue)
            .unwrap();
    Engine::new(retriever, Some(writer), Arc::new(Parrot), words, phrases, policy, safeguards)
}

fn engine(entries: Vec<Evidence>) -> Engine {
    engine_with(entries, Arc::new(Parrot))
}

pub(super) async fn say(engine: &Engine, context: &Context, text: &str) -> Turn {
    let input = Input {
        utterance: Utterance::Text(text.into()),
        locale: Locale::Zh,
        region: None,
        audience: None,
        asker: None,
    };
    engine.turn(context, &input, &Quiet).await
}

pub(super) fn outcome(turn: &Turn) -> Option<Outcome> {
    turn.reply.as_ref().and_then(|reply| reply.outcome)
}

#[tokio::test]
async fn a_follow_up_asks_for_a_part_of_the_topic() {
    let engine = engine(vec![entry("passport", "护照", 0.9), entry("idcard", "身份证", 0.9)]);
    let first = say(&engine, &Context::default(), "护照怎么办").await;
    assert_eq!(first.reply.as_ref().unwrap().text, "steps of passport[1]");
    for (text, expected) in [
        ("那要带什么材料", "materials of passport[1]"),
        ("多少钱", "fees of passport[1]"),
        ("要多久能办好呢", "time of passport[1]"),
        ("在哪办", "place of passport[1]"),
        ("网上能办吗", "online of passport[1]"),
    ] {
        let turn = say(&engine, &first.context, text).await;
        assert_eq!(turn.reply.unwrap().text, expected, "{text}");
    }
    let other = say(&engine, &first.context, "那身份证要带什么材料").await;
    assert_eq!(other.reply.unwrap().text, "materials of idcard[1]", "a new subject leaves the topic");
}

#[tokio::test]
async fn words_that_only_take_note_are_not_answered_with_the_same_again() {
    let engine = engine(vec![
        entry("passport", "护照", 0.9),
        entry("a", "补办 身份证", 0.80),
        entry("b", "补办 驾照", 0.78),
    ]);
    let answered = say(&engine, &Context::default(), "护照怎么办").await;
    let noted = engine.say(Phrase::Noted, Locale::Zh).to_owned();
    for text in ["对对就是这个", "是的", "嗯 对", "哦原来是这样啊", "没错", "我记下了", "Yes, exactly"]
    {
        let turn = say(&engine, &answered.context, text).await;
        assert_eq!((turn.reply.unwrap().text, turn.handoff), (noted.clone(), None), "{text}");
        assert_eq!(turn.context.topic, answered.context.topic, "{text}: one may go on asking");
    }
    for text in ["这个呢", "是这个窗口吗", "可以网上办吗", "就是要多少钱", "那多久能办好"]
    {
        let turn = say(&engine, &answered.context, text).await;
        assert_ne!(turn.reply.unwrap().text, noted, "{text}");
    }
    let asked = say(&engine, &answered.context, "我要补办证件").await;
    assert_eq!(outcome(&asked), Some(Outcome::Clarify));
    assert_ne!(
        say(&engine, &asked.context, "对对").await.reply.unwrap().text,
        noted,
        "something is asked back"
    );
    assert_ne!(
        say(&engine, &Context::default(), "就是这个").await.reply.unwrap().text,
        noted,
        "there is no answer yet"
    );
}

#[tokio::test]
async fn without_a_topic_a_follow_up_is_asked_what_it_means() {
    let turn = say(&engine(vec![]), &Context::default(), "要带什么材料").await;
    assert_eq!(outcome(&turn), Some(Outcome::Clarify));
    assert_eq!(turn.handoff, None);
}

#[tokio::test]
async fn danger_comes_before_everything() {
    let engine = engine(vec![entry("fire", "着火", 0.9)]);
    for (text, number) in [
        ("我家着火了", "119"),
        ("救命啊有人晕倒了", "120"),
        ("快报警，有人持刀", "110"),
        ("我不想活了", "12356"),
        ("胸口压得喘不过气来", "120"),
    ] {
        let turn = say(&engine, &Context::default(), text).await;
        assert_eq!(outcome(&turn), Some(Outcome::Emergency), "{text}");
        assert_eq!(turn.reply.unwrap().call[0].number, number, "{text}");
        assert_eq!(turn.handoff, Some(Reason::Emergency));
    }
}

#[tokio::test]
async fn what_only_might_be_danger_gives_way_to_a_matter_and_the_numbers_stay() {
    let text = MIGHT_BE_DANGER;
    let sure = engine(vec![entry("gift", "房子", 0.9)]);
    let wish = sure.words.wish(text).expect("it is heard");
    assert!(wish.intent.is_emergency() && !wish.is_certain, "{wish:?}");
    let turn = say(&sure, &Context::default(), text).await;
    assert_eq!((outcome(&turn), turn.handoff), (Some(Outcome::Answered), None));
    let reply = turn.reply.unwrap();
    assert!(reply.text.starts_with(sure.say(Phrase::PerhapsDanger, Locale::Zh)), "{}", reply.text);
    assert!(reply.text.ends_with("[1]") && reply.offer_human && !reply.call.is_empty());
    let unsure = engine(vec![entry("gift", "房子", 0.4)]);
    let turn = say(&unsure, &Context::default(), text).await;
    assert_eq!((outcome(&turn), turn.handoff), (Some(Outcome::Emergency), Some(Reason::Emergency)));
    let found = [Found { confidence: 0.9, score: 2.0, unit: "房子", scenario: false }];
    assert_eq!(sure.foresee(text, &found), Foreseen { outcome: Some(Outcome::Answered), intent: None });
    assert_eq!(sure.foresee(text, &[]).outcome, Some(Outcome::Emergency));
}

/// Harmless words that sound a little like danger, and no rule says so.
const SOUNDS_LIKE_DANGER: &str = "我老公把白衬衫和红袜子一起洗了 现在他穿粉的";

#[tokio::test]
async fn what_hardly_sounds_like_danger_shows_the_numbers_and_calls_nobody() {
    let (text, engine) = (SOUNDS_LIKE_DANGER, engine(vec![entry("dog", "狗证", 0.3)]));
    let wish = engine.words.wish(text).expect("it is heard");
    assert!(wish.intent.is_emergency() && !wish.is_certain && !wish.is_alarming(), "{wish:?}");
    let before = Context { unanswered: 1, ..Context::default() };
    let turn = say(&engine, &before, text).await;
    assert_eq!((outcome(&turn), turn.handoff), (Some(Outcome::Emergency), None));
    assert_eq!(turn.context.unanswered, 1, "the conversation goes on where it was");
    let reply = turn.reply.unwrap();
    assert_eq!(reply.text, engine.say(Phrase::DoubtfulEmergency, Locale::Zh));
    assert!(reply.offer_human && reply.call.len() == 3, "{reply:?}");
    assert!(engine.emergency(text, Locale::Zh).is_none(), "people read it where the robot is silent");
    let again = say(&engine, &turn.context, text).await;
    assert_eq!(again.handoff, Some(Reason::Emergency), "what is said again is meant");
}

#[tokio::test]
async fn what_hardly_sounds_like_danger_is_asked_back_about_or_read_by_a_model_and_the_numbers_stay() {
    let text = SOUNDS_LIKE_DANGER;
    let close = [entry("wash", "一起 衬衫", 0.45), entry("dye", "一起 袜子", 0.44)];
    let unread = engine_asking(Arc::new(Shelf(close.to_vec())), Arc::new(Broken), 0.5);
    let turn = say(&unread, &Context::default(), text).await;
    assert_eq!((outcome(&turn), turn.handoff), (Some(Outcome::Clarify), None));
    let reply = turn.reply.unwrap();
    assert!(reply.text.starts_with(unread.say(Phrase::PerhapsDanger, Locale::Zh)), "{}", reply.text);
    assert!(reply.offer_human && reply.call.len() == 3, "{reply:?}");
    let likely = engine_asking(Arc::new(Shelf(vec![entry("wash", "衬衫", 0.2)])), Arc::new(Parrot), 0.1);
    let turn = say(&likely, &Context::default(), text).await;
    assert_eq!((outcome(&turn), turn.reply.unwrap().call.len()), (Some(Outcome::Answered), 3));
}

/// Counts how often it is asked.
struct Counted(Shelf, AtomicUsize);

#[async_trait]
impl Retriever for Counted {
    async fn retrieve(&self, question: &Question, limit: usize) -> Result<Vec<Evidence>, RetrievalError> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.retrieve(question, limit).await
    }

    async fn entry(&self, id: &str) -> Result<Option<Evidence>, RetrievalError> {
        self.0.entry(id).await
    }
}

/// The words sound like a farewell, and no rule says so.
const MIGHT_BE_DANGER: &str = "房子留给孙子，我走了以后他能不能直接住";

#[tokio::test]
async fn what_is_found_for_a_wish_that_gives_way_is_not_looked_up_again() {
    let shelf = Arc::new(Counted(Shelf(vec![entry("gift", "房子", 0.9)]), AtomicUsize::new(0)));
    let engine = engine_over(Arc::clone(&shelf) as Arc<dyn Retriever>, Arc::new(Parrot));
    let turn = say(&engine, &Context::default(), MIGHT_BE_DANGER).await;
    assert_eq!(outcome(&turn), Some(Outcome::Answered));
    assert_eq!(shelf.1.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_question_that_might_be_a_wish_calls_a_person_when_it_is_asked_again() {
    let engine = engine(vec![entry("gift", "房子", 0.9)]);
    let first = say(&engine, &Context::default(), MIGHT_BE_DANGER).await;
    assert_eq!((outcome(&first), first.handoff), (Some(Outcome::Answered), None));
    let again = say(&engine, &first.context, MIGHT_BE_DANGER).await;
    assert_eq!((outcome(&again), again.handoff), (Some(Outcome::Handoff), Some(Reason::Repeated)));
    let reply = again.reply.unwrap();
    assert!(!reply.call.is_empty() && !reply.offer_human, "the numbers stay, a person is on the way");
}

#[tokio::test]
async fn rules_tell_wishes_from_questions_that_look_alike() {
    let engine = engine(vec![]);
    let table = [
        ("转人工", Some(Reason::Asked)),
        ("没用，我要人工", Some(Reason::Asked)),
        ("叫个活人来", Some(Reason::Asked)),
        ("没用", Some(Reason::Dissatisfied)),
        ("答非所问", Some(Reason::Dissatisfied)),
        ("说了半天还是不明白", Some(Reason::Dissatisfied)),
        ("你们窗口态度太差了", Some(Reason::Complaint)),
        ("人工智能企业有什么补贴", None),
        ("每个月房贷压得喘不过气，能拿公积金还吗", None),
        ("人工授精能报销吗", None),
        ("医保余额没用完怎么办", None),
        ("怎么投诉物业", None),
        ("火灾保险怎么赔", None),
        ("救护车费用能报销吗", None),
        ("无犯罪记录证明怎么开", None),
    ];
    for (text, expected) in table {
        assert_eq!(say(&engine, &Context::default(), text).await.handoff, expected, "{text}");
    }
}

#[tokio::test]
async fn greetings_and_thanks_are_answered_without_an_outcome() {
    let engine = engine(vec![]);
    for text in ["你好", "您好！", "谢谢", "好的，谢谢你", "你是机器人吗"] {
        let turn = say(&engine, &Context::default(), text).await;
        assert_eq!((outcome(&turn), turn.handoff), (None, None), "{text}");
        assert!(!turn.reply.unwrap().text.is_empty());
    }
}

#[tokio::test]
async fn the_same_question_again_calls_a_person() {
    let engine = engine(vec![entry("passport", "护照", 0.9)]);
    let first = say(&engine, &Context::default(), "护照怎么办").await;
    let again = say(&engine, &first.context, "请问，护照怎么办？").await;
    assert_eq!(again.handoff, Some(Reason::Repeated));
}

#[tokio::test]
async fn two_turns_without_an_answer_call_a_person_and_are_noted() {
    let engine = engine(vec![]);
    let first = say(&engine, &Context::default(), "火星签证").await;
    assert_eq!((outcome(&first), first.handoff), (Some(Outcome::NoAnswer), None));
    assert_eq!(first.gap.as_ref().unwrap().question, "火星签证");
    let second = say(&engine, &first.context, "木星签证").await;
    assert_eq!(second.handoff, Some(Reason::Unanswered));
    assert_eq!(second.gap.unwrap().question, "木星签证");
}

#[tokio::test]
async fn close_entries_are_offered_and_chosen_by_number_or_name() {
    let engine = engine(vec![entry("a", "补办 身份证", 0.80), entry("b", "补办 护照", 0.78)]);
    let asked = say(&engine, &Context::default(), "我要补办证件").await;
    assert_eq!(outcome(&asked), Some(Outcome::Clarify));
    let labels: Vec<String> = asked.reply.unwrap().choices.into_iter().map(|choice| choice.label).collect();
    assert_eq!(labels, ["补办 身份证", "补办 护照", "都不是"]);
    for text in ["2", "2。", "补办 护照"] {
        let turn = say(&engine, &asked.context, text).await;
        assert_eq!(turn.context.topic.unwrap().entry, "b", "{text}");
    }
    let none = say(&engine, &asked.context, "都不是").await;
    assert_eq!(outcome(&none), Some(Outcome::NoAnswer));
    assert_eq!(none.gap.unwrap().kind, "none_of_these");
}

#[tokio::test]
async fn unsure_evidence_is_asked_about_and_thin_evidence_refused() {
    let unsure = engine(vec![entry("a", "护照", 0.4)]);
    assert_eq!(outcome(&say(&unsure, &Context::default(), "护照的事").await), Some(Outcome::Clarify));
    let thin = engine(vec![entry("a", "护照", 0.2)]);
    assert_eq!(outcome(&say(&thin, &Context::default(), "护照的事").await), Some(Outcome::NoAnswer));
}

#[tokio::test]
async fn a_writer_that_breaks_off_is_replaced_and_nothing_of_it_stays() {
    let engine = engine_with(vec![entry("a", "护照", 0.9)], Arc::new(Broken));
    let turn = say(&engine, &Context::default(), "护照").await;
    assert_eq!(turn.reply.unwrap().text, "overview of a[1]");
}

#[tokio::test]
async fn a_thumb_down_calls_a_person_and_notes_the_question() {
    let engine = engine(vec![entry("a", "护照", 0.9)]);
    let first = say(&engine, &Context::default(), "护照怎么办").await;
    let input = Input {
        utterance: Utterance::Feedback { useful: false },
        locale: Locale::Zh,
        region: None,
        audience: None,
        asker: None,
    };
    let turn = engine.turn(&first.context, &input, &Quiet).await;
    assert_eq!(turn.handoff, Some(Reason::Dissatisfied));
    assert_eq!(turn.gap.unwrap().kind, "useless");
}
