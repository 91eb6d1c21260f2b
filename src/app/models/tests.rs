//! What is counted of a day: exactly, across restarts and nodes, and no longer than the day.

use std::sync::atomic::{AtomicI64, Ordering};

use futures::future::join_all;
use jiff::Timestamp;

use super::*;
use crate::store::MemoryStore;

/// A clock that is set by hand, in seconds.
struct Clockwork(AtomicI64);

impl Clock for Clockwork {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::Relaxed)).unwrap()
    }
}

/// 23:59:50 in Beijing.
const EVENING: &str = "2026-03-01T15:59:50Z";

struct World {
    store: Arc<dyn Store>,
    clock: Arc<Clockwork>,
}

impl World {
    fn new() -> Self {
        let evening: Timestamp = EVENING.parse().unwrap();
        Self {
            store: Arc::new(MemoryStore::default()),
            clock: Arc::new(Clockwork(AtomicI64::new(evening.as_second()))),
        }
    }

    /// Another node, or the same after a restart.
    fn node(&self) -> StoreTally {
        let clock: Arc<dyn Clock> = Arc::<Clockwork>::clone(&self.clock);
        StoreTally::new(Arc::clone(&self.store), clock).unwrap()
    }

    async fn counts(&self) -> Vec<u64> {
        let records = self.store.scan(&keys::all_taken(), 100, false).await.unwrap();
        records.iter().map(|record| record.decode::<Taken>().unwrap().tokens).collect()
    }
}

const LIMITS: Limits = Limits { per_day: 1_000, per_citizen: 300 };

async fn granted(tally: &StoreTally, asker: &str, tokens: u64) -> String {
    match tally.set_aside(Some(asker), tokens, LIMITS).await.unwrap() {
        SetAside::Granted(day) => day,
        refused => panic!("{refused:?}"),
    }
}

#[tokio::test]
async fn a_citizen_and_everybody_have_limits_of_their_own() {
    let world = World::new();
    let tally = world.node();
    let day = granted(&tally, "a", 300).await;
    assert_eq!(day, "2026-03-01");
    assert_eq!(tally.set_aside(Some("a"), 1, LIMITS).await.unwrap(), SetAside::SpentByCitizen);
    assert_eq!(world.counts().await, [300, 300], "what was refused is not counted");
    tally.settle(Some("a"), &day, 300, 120).await.unwrap();
    assert_eq!(world.counts().await, [120, 120]);
    granted(&tally, "a", 180).await;
    // A restart remembers, and so does another node.
    let other = world.node();
    assert_eq!(other.set_aside(Some("a"), 1, LIMITS).await.unwrap(), SetAside::SpentByCitizen);
    for asker in ["b", "c"] {
        granted(&other, asker, 300).await;
    }
    assert_eq!(other.set_aside(Some("d"), 101, LIMITS).await.unwrap(), SetAside::Spent);
    assert_eq!(other.set_aside(None, 100, LIMITS).await.unwrap(), SetAside::Granted(day));
}

#[tokio::test]
async fn many_at_once_on_two_nodes_never_take_more_than_there_is() {
    let world = World::new();
    let nodes = [world.node(), world.node()];
    let limits = Limits { per_day: 1_000, per_citizen: 0 };
    let wishes = (0..60).map(|number| {
        let node = &nodes[number % 2];
        async move { node.set_aside(Some(&format!("citizen {number}")), 30, limits).await.unwrap() }
    });
    let granted =
        join_all(wishes).await.into_iter().filter(|wish| matches!(wish, SetAside::Granted(_))).count();
    assert_eq!(granted, 33);
    assert_eq!(world.counts().await[0], 990);
}

#[tokio::test]
async fn a_new_day_begins_with_nothing_and_the_old_one_is_forgotten() {
    let world = World::new();
    let tally = world.node();
    let yesterday = granted(&tally, "a", 300).await;
    world.clock.0.fetch_add(10, Ordering::Relaxed);
    // Midnight has passed while the answer was written: it belongs to the day on which it began.
    tally.settle(Some("a"), &yesterday, 300, 200).await.unwrap();
    let today = granted(&tally, "a", 300).await;
    assert_eq!(today, "2026-03-02");
    assert_eq!(world.counts().await, [300, 300], "nothing of yesterday is kept");
    tally.settle(Some("a"), &yesterday, 300, 200).await.unwrap();
    assert_eq!(world.counts().await, [300, 300]);
}
