//! Several nodes over the same notes.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use super::*;
use crate::testing::MemoryNotes;

/// Errors are told by the tests' own type, as each channel does it.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Failed(&'static str);

impl From<NotesError> for Failed {
    fn from(_: NotesError) -> Self {
        Self("notes")
    }
}

struct Clock(Arc<AtomicI64>);

impl Clock {
    fn at(seconds: i64) -> Self {
        Self(Arc::new(AtomicI64::new(seconds)))
    }

    fn now(&self) -> Now {
        let seconds = Arc::clone(&self.0);
        Arc::new(move || Timestamp::from_second(seconds.load(Ordering::Relaxed)).unwrap())
    }
}

fn two_hours(token: impl Into<String>) -> Result<Fresh, Failed> {
    Ok(Fresh { token: token.into(), seconds: 7_200 })
}

fn good(token: &str) -> Result<String, Failed> {
    Ok(token.to_owned())
}

#[tokio::test]
async fn many_callers_on_two_nodes_fetch_one_token_and_replace_it_before_its_end() {
    let notes: Arc<dyn Notes> = Arc::new(MemoryNotes::default());
    let clock = Clock::at(1_000);
    let nodes = [Tokens::new(Arc::clone(&notes), clock.now(), None), Tokens::new(notes, clock.now(), None)];
    let fetched = AtomicUsize::new(0);
    let fetch = |_| async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        two_hours(format!("t{}", fetched.fetch_add(1, Ordering::Relaxed)))
    };
    let all = futures::future::join_all((0..40).map(|number| nodes[number % 2].get(None, fetch))).await;
    assert!(all.iter().all(|token| *token == good("t0")), "{all:?}");
    assert_eq!(fetched.load(Ordering::Relaxed), 1);
    clock.0.store(1_000 + 7_200 - 60, Ordering::Relaxed);
    assert_eq!(nodes[0].get(None, fetch).await, good("t1"), "a minute before its end it is replaced");
    assert_eq!(nodes[1].get(None, fetch).await, good("t1"));
    assert_eq!(nodes[0].get(Some("t0"), fetch).await, good("t1"), "an old one's refusal says nothing of it");
    assert_eq!(nodes[1].get(Some("t1"), fetch).await, good("t2"), "one that was refused is not used again");
    assert_eq!(nodes[0].get(Some("t1"), fetch).await, good("t2"));
    assert_eq!(fetched.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn a_node_that_died_while_fetching_is_waited_for_no_longer_than_its_lease() {
    let notes: Arc<dyn Notes> = Arc::new(MemoryNotes::default());
    let clock = Clock::at(1_000);
    let second = |second| Timestamp::from_second(second).unwrap();
    let dead = Kept {
        token: String::new(),
        until: second(1_000),
        fetching_until: Some(second(1_015)),
        forced: None,
    };
    notes.put(KEY, None, &dead).await.unwrap();
    let tokens = Tokens::new(notes, clock.now(), None);
    let seconds = Arc::clone(&clock.0);
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        seconds.store(1_016, Ordering::Relaxed);
    });
    assert_eq!(tokens.get(None, async |_| two_hours("t")).await, good("t"));
}

#[tokio::test]
async fn the_old_token_is_used_while_another_node_fetches_its_successor() {
    let notes: Arc<dyn Notes> = Arc::new(MemoryNotes::default());
    let second = |second| Timestamp::from_second(second).unwrap();
    let kept = Kept {
        token: "old".to_owned(),
        until: second(1_060),
        fetching_until: Some(second(1_015)),
        forced: None,
    };
    notes.put(KEY, None, &kept).await.unwrap();
    let tokens = Tokens::new(notes, Clock::at(1_000).now(), None);
    assert_eq!(tokens.get(None, async |_| Err(Failed("fetched"))).await, good("old"));
}

#[tokio::test]
async fn a_failure_is_told_and_the_next_caller_may_try_at_once() {
    let tokens = Tokens::new(Arc::new(MemoryNotes::default()), Clock::at(1_000).now(), None);
    assert_eq!(tokens.get(None, async |_| Err(Failed("secret"))).await, Err(Failed("secret")));
    assert_eq!(tokens.get(None, async |_| two_hours("t")).await, good("t"));
}

#[tokio::test]
async fn a_token_that_is_given_again_although_refused_is_replaced_by_force_and_not_too_often() {
    for (forcing, expected) in [(Some(SignedDuration::from_mins(2)), "other"), (None, "same")] {
        let clock = Clock::at(1_000);
        let tokens = Tokens::new(Arc::new(MemoryNotes::default()), clock.now(), forcing);
        let forced = AtomicUsize::new(0);
        let fetch = |force: bool| {
            forced.fetch_add(usize::from(force), Ordering::Relaxed);
            async move { two_hours(if force { "other" } else { "same" }) }
        };
        assert_eq!(tokens.get(None, fetch).await, good("same"));
        assert_eq!(tokens.get(Some("same"), fetch).await, good(expected));
        // The platform gives the first one once more, and it is refused once more.
        assert_eq!(tokens.get(Some("other"), fetch).await, good("same"));
        assert_eq!(tokens.get(Some("same"), fetch).await, good("same"), "not within two minutes");
        clock.0.store(1_000 + 121, Ordering::Relaxed);
        assert_eq!(tokens.get(Some("same"), fetch).await, good(expected));
        assert_eq!(forced.load(Ordering::Relaxed), if forcing.is_some() { 2 } else { 0 });
    }
}
