//! Doubts are masked, counted once a wording, and bounded.

use super::*;
use crate::store::MemoryStore;

fn list(kept: usize) -> Doubts {
    Doubts::new(Arc::new(MemoryStore::default()), kept)
}

fn doubt(question: &str, second: i64) -> Doubt {
    Doubt {
        question: question.to_owned(),
        kind: "no_answer",
        nearest: Some(("card".to_owned(), 0.1)),
        conversation: "c".to_owned(),
        region: None,
        at: Timestamp::from_second(second).unwrap(),
    }
}

#[tokio::test]
async fn one_wording_is_one_line_with_a_count() {
    let doubts = list(10);
    for (second, text) in
        ["火星签证怎么办", "请问，火星签证怎么办？", "火星签证 怎么办", "木星签证怎么办"].iter().enumerate()
    {
        doubts.note(doubt(text, second as i64)).await.unwrap();
    }
    let all = doubts.list().await.unwrap();
    let counts: Vec<_> = all.iter().map(|record| (record.question.as_str(), record.count)).collect();
    assert_eq!(counts, [("木星签证怎么办", 1), ("火星签证 怎么办", 3)]);
    assert_eq!(all[1].first_at, Timestamp::UNIX_EPOCH);
    assert_eq!(all[1].last_at.as_second(), 2);
}

#[tokio::test]
async fn numbers_of_persons_are_masked_and_slips_left_out() {
    let doubts = list(10);
    doubts.note(doubt("我的手机13800138000收不到码", 1)).await.unwrap();
    for slip in ["1", "？", ""] {
        doubts.note(doubt(slip, 2)).await.unwrap();
    }
    let all = doubts.list().await.unwrap();
    assert_eq!(all.len(), 1);
    assert!(!all[0].question.contains("13800138000"), "{}", all[0].question);
}

#[tokio::test]
async fn what_is_done_is_open_again_when_it_is_asked_again() {
    let doubts = list(10);
    doubts.note(doubt("火星签证", 1)).await.unwrap();
    let id = doubts.list().await.unwrap()[0].id.clone();
    let done = DoneRecord { by: "王".to_owned(), at: Timestamp::UNIX_EPOCH };
    assert!(doubts.mark(&id, Some(done)).await.unwrap().unwrap().done.is_some());
    doubts.note(doubt("火星签证", 5)).await.unwrap();
    assert!(doubts.list().await.unwrap()[0].done.is_none());
    assert!(doubts.mark("nothing", None).await.unwrap().is_none());
}

#[tokio::test]
async fn what_is_dealt_with_and_old_makes_room() {
    let doubts = list(10);
    for second in 0..10 {
        doubts.note(doubt(&format!("问题之{second}号"), second)).await.unwrap();
    }
    let newest = doubts.list().await.unwrap()[0].id.clone();
    doubts.mark(&newest, Some(DoneRecord { by: "王".to_owned(), at: Timestamp::UNIX_EPOCH })).await.unwrap();
    doubts.note(doubt("又一个问题", 20)).await.unwrap();
    let all = doubts.list().await.unwrap();
    assert_eq!(all.len(), 9, "a tenth is free again");
    assert!(all.iter().all(|record| record.id != newest), "what is done goes first");
    assert!(all.iter().all(|record| record.question != "问题之0号"), "then the oldest");
}
