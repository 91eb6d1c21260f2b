//! The access token: kept in the notes, so that all nodes use the same one, and fetched by one of them at a time.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::fault::{Fault, Kind};
use crate::{Note, Notes, NotesError, NotesExt, Now};

/// Where the token is noted.
const KEY: &[&str] = &["token"];
/// So long before its end a token is replaced.
const MARGIN: SignedDuration = SignedDuration::from_secs(120);
/// How long one node may take to fetch a token before another tries.
const LEASE: SignedDuration = SignedDuration::from_secs(15);
/// How often it is looked whether the other node has fetched it.
const LOOK: Duration = Duration::from_millis(100);
/// How many times it is looked: a little longer than the lease.
const LOOKS: usize = 200;

/// A token as it is noted.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    /// The token; empty while the first is being fetched.
    token: String,
    /// When it ends.
    until: Timestamp,
    /// Until when somebody is fetching another.
    fetching_until: Option<Timestamp>,
}

/// A token that was just fetched, and how long it is good for.
pub struct Fresh {
    /// The token.
    pub token: String,
    /// Its life, in seconds.
    pub seconds: i64,
}

/// The token of one application.
pub struct Tokens {
    notes: Arc<dyn Notes>,
    now: Now,
    /// What was read last. Held while a token is looked for, so that one call of this node does it for all.
    known: Mutex<Option<Kept>>,
}

impl Tokens {
    /// Opens what is noted.
    pub fn new(notes: Arc<dyn Notes>, now: Now) -> Self {
        Self { notes, now, known: Mutex::new(None) }
    }

    fn is_good(&self, kept: &Kept, margin: SignedDuration) -> bool {
        !kept.token.is_empty() && kept.until.duration_since((self.now)()) > margin
    }

    /// The token that is good now; `fetch` gets another when there is none.
    ///
    /// # Errors
    /// When none is there and none can be fetched.
    pub async fn get<F>(&self, fetch: impl Fn() -> F) -> Result<String, Fault>
    where
        F: Future<Output = Result<Fresh, Fault>>,
    {
        let mut known = self.known.lock().await;
        if let Some(kept) = known.as_ref().filter(|kept| self.is_good(kept, MARGIN)) {
            return Ok(kept.token.clone());
        }
        for _ in 0..LOOKS {
            let noted = self.read().await?;
            if let Some(note) = noted.as_ref().filter(|note| self.is_good(&note.value, MARGIN)) {
                *known = Some(note.value.clone());
                return Ok(note.value.token.clone());
            }
            let now = (self.now)();
            if noted.as_ref().is_some_and(|note| note.value.fetching_until.is_some_and(|until| now < until)) {
                // The old one still holds while another node fetches its successor.
                if let Some(note) =
                    noted.as_ref().filter(|note| self.is_good(&note.value, SignedDuration::ZERO))
                {
                    return Ok(note.value.token.clone());
                }
                tokio::time::sleep(LOOK).await;
                continue;
            }
            let Some(lease) = self.lease(noted, now).await? else { continue };
            let fetched = fetch().await;
            let kept = match fetched {
                Ok(fresh) => Kept {
                    token: fresh.token,
                    until: now
                        .checked_add(SignedDuration::from_secs(fresh.seconds.max(0)))
                        .unwrap_or(Timestamp::MAX),
                    fetching_until: None,
                },
                Err(fault) => {
                    // Whoever comes next may try at once: the lease guards against a crowd, not against a failure.
                    let released = Kept { fetching_until: None, ..lease.value };
                    drop(self.notes.put(KEY, Some(lease.version), &released).await);
                    return Err(fault);
                }
            };
            // Losing this race means that somebody else fetched one too, which is as good: both hold.
            self.notes.put(KEY, Some(lease.version), &kept).await.map_err(|error| unavailable(&error))?;
            *known = Some(kept.clone());
            return Ok(kept.token);
        }
        Err(Fault::new(Kind::Away, "no token came from the other node"))
    }

    /// Forgets a token that the platform has refused, unless it has been replaced already.
    pub async fn refuse(&self, token: &str) -> Result<(), Fault> {
        let mut known = self.known.lock().await;
        if known.as_ref().is_some_and(|kept| kept.token == token) {
            *known = None;
        }
        if let Some(note) = self.read().await?.filter(|note| note.value.token == token) {
            let empty = Kept { token: String::new(), ..note.value };
            self.notes.put(KEY, Some(note.version), &empty).await.map_err(|error| unavailable(&error))?;
        }
        Ok(())
    }

    async fn read(&self) -> Result<Option<Note<Kept>>, Fault> {
        self.notes.get::<Kept>(KEY).await.map_err(|error| unavailable(&error))
    }

    /// Takes the right to fetch. `None`: somebody was first.
    async fn lease(&self, noted: Option<Note<Kept>>, now: Timestamp) -> Result<Option<Note<Kept>>, Fault> {
        let seen = noted.as_ref().map(|note| note.version);
        let (token, until) =
            noted.map_or_else(|| (String::new(), now), |note| (note.value.token, note.value.until));
        let leased = Kept { token, until, fetching_until: now.checked_add(LEASE).ok() };
        if !self.notes.put(KEY, seen, &leased).await.map_err(|error| unavailable(&error))? {
            return Ok(None);
        }
        Ok(self.read().await?.filter(|note| note.value == leased))
    }
}

fn unavailable(error: &NotesError) -> Fault {
    Fault::new(Kind::Away, error.to_string())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

    use super::*;
    use crate::testing::MemoryNotes;

    struct Clock(Arc<AtomicI64>);

    impl Clock {
        fn now(&self) -> Now {
            let seconds = Arc::clone(&self.0);
            Arc::new(move || Timestamp::from_second(seconds.load(Ordering::Relaxed)).unwrap())
        }
    }

    #[tokio::test]
    async fn many_callers_on_two_nodes_fetch_one_token_and_replace_it_before_its_end() {
        let notes: Arc<dyn Notes> = Arc::new(MemoryNotes::default());
        let clock = Clock(Arc::new(AtomicI64::new(1_000)));
        let nodes = [Tokens::new(Arc::clone(&notes), clock.now()), Tokens::new(notes, clock.now())];
        let fetched = AtomicUsize::new(0);
        let fetch = || async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            let number = fetched.fetch_add(1, Ordering::Relaxed);
            Ok(Fresh { token: format!("t{number}"), seconds: 7_200 })
        };
        let all = futures::future::join_all((0..40).map(|number| nodes[number % 2].get(fetch))).await;
        assert!(all.iter().all(|token| token.as_deref() == Ok("t0")), "{all:?}");
        assert_eq!(fetched.load(Ordering::Relaxed), 1);
        clock.0.store(1_000 + 7_200 - 60, Ordering::Relaxed);
        assert_eq!(nodes[0].get(fetch).await.as_deref(), Ok("t1"), "a minute before its end it is replaced");
        assert_eq!(nodes[1].get(fetch).await.as_deref(), Ok("t1"));
        nodes[1].refuse("t1").await.unwrap();
        nodes[0].refuse("t0").await.unwrap();
        assert_eq!(nodes[1].get(fetch).await.as_deref(), Ok("t2"), "one that was refused is not used again");
        assert_eq!(fetched.load(Ordering::Relaxed), 3);
    }

    #[tokio::test]
    async fn a_node_that_died_while_fetching_is_waited_for_no_longer_than_its_lease() {
        let notes: Arc<dyn Notes> = Arc::new(MemoryNotes::default());
        let clock = Clock(Arc::new(AtomicI64::new(1_000)));
        let dead = Kept {
            token: String::new(),
            until: Timestamp::from_second(1_000).unwrap(),
            fetching_until: Some(Timestamp::from_second(1_015).unwrap()),
        };
        notes.put(KEY, None, &dead).await.unwrap();
        let tokens = Tokens::new(notes, clock.now());
        let seconds = Arc::clone(&clock.0);
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(300)).await;
            seconds.store(1_016, Ordering::Relaxed);
        });
        let token = tokens.get(|| async { Ok(Fresh { token: "t".to_owned(), seconds: 7_200 }) }).await;
        assert_eq!(token.as_deref(), Ok("t"));
    }

    #[tokio::test]
    async fn a_failure_is_told_and_the_next_caller_may_try_at_once() {
        let notes: Arc<dyn Notes> = Arc::new(MemoryNotes::default());
        let clock = Clock(Arc::new(AtomicI64::new(1_000)));
        let tokens = Tokens::new(notes, clock.now());
        let failed = tokens.get(|| async { Err(Fault::new(Kind::Secret, "invalidClientIdOrSecret")) }).await;
        assert_eq!(failed.unwrap_err().kind, Kind::Secret);
        let token = tokens.get(|| async { Ok(Fresh { token: "t".to_owned(), seconds: 7_200 }) }).await;
        assert_eq!(token.as_deref(), Ok("t"));
    }
}
