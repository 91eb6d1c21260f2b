//! Access tokens that hold for an hour or two: kept in the channel's notes, so that all nodes use the same one, and
//! fetched by one of them at a time. Platforms count such calls, and some end the old token with every new one.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::{Note, Notes, NotesError, NotesExt, Now};

/// Where the token is noted.
const KEY: &[&str] = &["token"];
/// So long before its end a token is replaced. From then on WeChat gives a new one, and both hold.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);
/// A token is used for so long at least. Who asks near its end may be given the same one: there is no better one then.
const AT_LEAST: SignedDuration = SignedDuration::from_secs(10);
/// How long one node may take to fetch a token before another tries.
const LEASE: SignedDuration = SignedDuration::from_secs(15);
/// How often it is looked whether the other node has fetched it.
const LOOK: Duration = Duration::from_millis(100);
/// How many times it is looked: a little longer than the lease.
const LOOKS: usize = 200;

/// A token as it is noted.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    /// The token; empty while the first is being fetched, and once it was refused.
    token: String,
    /// When it ends.
    until: Timestamp,
    /// Until when somebody is fetching another.
    #[serde(default)]
    fetching_until: Option<Timestamp>,
    /// When the platform was last made to replace one that it would have given again.
    #[serde(default)]
    forced: Option<Timestamp>,
}

/// A token that was just fetched, and how long it is good for.
pub(crate) struct Fresh {
    /// The token.
    pub(crate) token: String,
    /// Its life, in seconds.
    pub(crate) seconds: i64,
}

/// The token of one application.
pub(crate) struct Tokens {
    notes: Arc<dyn Notes>,
    now: Now,
    /// How far apart it may be forced to replace a token that it would give again. `None`: the platform knows no force.
    forcing: Option<SignedDuration>,
    /// What was read last. Held while a token is looked for, so that one call of this node does it for all.
    known: Mutex<Option<Kept>>,
}

impl Tokens {
    /// Opens what is noted.
    pub(crate) fn new(notes: Arc<dyn Notes>, now: Now, forcing: Option<SignedDuration>) -> Self {
        Self { notes, now, forcing, known: Mutex::new(None) }
    }

    /// A token that holds and is not the one that was `refused`. `fetch` gets another when there is none; true: the
    /// platform is to replace the present one by force.
    ///
    /// # Errors
    /// When none is noted and none can be fetched.
    pub(crate) async fn get<F, E>(
        &self,
        refused: Option<&str>,
        fetch: impl Fn(bool) -> F,
    ) -> Result<String, E>
    where
        F: Future<Output = Result<Fresh, E>>,
        E: From<NotesError>,
    {
        let mut known = self.known.lock().await;
        if let Some(kept) = known.as_ref().filter(|kept| self.is_good(kept, MARGIN, refused)) {
            return Ok(kept.token.clone());
        }
        for _ in 0..LOOKS {
            let noted = self.notes.get::<Kept>(KEY).await?;
            let kept = noted.as_ref().map(|note| &note.value);
            let fetching =
                kept.is_some_and(|kept| kept.fetching_until.is_some_and(|until| (self.now)() < until));
            // The old one still holds while another node fetches its successor.
            let margin = if fetching { SignedDuration::ZERO } else { MARGIN };
            if let Some(kept) = kept.filter(|kept| self.is_good(kept, margin, refused)) {
                *known = Some(kept.clone());
                return Ok(kept.token.clone());
            }
            if fetching {
                tokio::time::sleep(LOOK).await;
                continue;
            }
            let Some(lease) = self.lease(noted, refused).await? else { continue };
            let kept = self.fetch(lease, refused, fetch).await?;
            *known = Some(kept.clone());
            return Ok(kept.token);
        }
        Err(NotesError("another node fetches the access token and does not end".to_owned()).into())
    }

    fn is_good(&self, kept: &Kept, margin: SignedDuration, refused: Option<&str>) -> bool {
        let holds = kept.until.duration_since((self.now)()) > margin;
        holds && !kept.token.is_empty() && Some(kept.token.as_str()) != refused
    }

    /// Takes the right to fetch. `None`: somebody was first.
    async fn lease(
        &self,
        noted: Option<Note<Kept>>,
        refused: Option<&str>,
    ) -> Result<Option<Note<Kept>>, NotesError> {
        let now = (self.now)();
        let none = Kept { token: String::new(), until: now, fetching_until: None, forced: None };
        let (mut leased, seen) = noted.map_or((none, None), |note| (note.value, Some(note.version)));
        if Some(leased.token.as_str()) == refused {
            leased.token.clear();
        }
        leased.fetching_until = now.checked_add(LEASE).ok();
        if !self.notes.put(KEY, seen, &leased).await? {
            return Ok(None);
        }
        Ok(self.notes.get(KEY).await?.filter(|note: &Note<Kept>| note.value == leased))
    }

    /// Fetches a token while the lease is ours, and gives the lease back.
    async fn fetch<F, E>(
        &self,
        lease: Note<Kept>,
        refused: Option<&str>,
        fetch: impl Fn(bool) -> F,
    ) -> Result<Kept, E>
    where
        F: Future<Output = Result<Fresh, E>>,
        E: From<NotesError>,
    {
        let now = (self.now)();
        let mut forced = lease.value.forced;
        let mut fetched = fetch(false).await;
        let same = matches!(&fetched, Ok(fresh) if Some(fresh.token.as_str()) == refused);
        let may_force = |apart| forced.is_none_or(|at| now.duration_since(at) >= apart);
        if same && self.forcing.is_some_and(may_force) {
            forced = Some(now);
            fetched = fetch(true).await;
        }
        let fresh = match fetched {
            Ok(fresh) => fresh,
            Err(error) => {
                // Whoever comes next may try at once: the lease guards against a crowd, not against a failure.
                let released = Kept { fetching_until: None, forced, ..lease.value };
                drop(self.notes.put(KEY, Some(lease.version), &released).await);
                return Err(error);
            }
        };
        let hold = SignedDuration::from_secs(fresh.seconds).max(MARGIN + AT_LEAST);
        let until = now.checked_add(hold).unwrap_or(Timestamp::MAX);
        let kept = Kept { token: fresh.token, until, fetching_until: None, forced };
        // Losing this race means that we took longer than the lease and somebody else fetched one too. Whichever of the
        // two the platform does not keep is refused, and replaced then.
        self.notes.put(KEY, Some(lease.version), &kept).await?;
        Ok(kept)
    }
}

#[cfg(test)]
mod tests;
