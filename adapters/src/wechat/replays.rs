//! Signatures that were seen. In the plain mode a signature covers a time and a number, but not the message: whoever has
//! seen one could put it above words of their own. So each signature is good for one message only, on all nodes and across
//! restarts: which one stands in the notes. The same message may come again, which is how the platform asks twice, and is
//! accepted once by the gateway, whoever brings it. Where the signature covers the message, as when it is encrypted, that
//! alone is enough, and nothing is noted.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Notes, NotesError, NotesExt};

/// How far the platform's clock and ours may differ. What is older is refused, so older signatures can be forgotten.
pub const WINDOW: SignedDuration = SignedDuration::from_mins(5);
/// The first part of the keys of what is noted.
const PROOF: &str = "proof";
/// How many notes are looked at in one sweep.
const BATCH: usize = 10_000;
/// How many signatures are remembered.
const REMEMBERED: usize = 200_000;

#[derive(Default)]
struct Seen {
    by_signature: HashMap<String, String>,
    order: VecDeque<(Timestamp, String)>,
}

/// What was seen within the window.
#[derive(Default)]
pub struct Replays(Mutex<Seen>);

/// Whether a time of the platform is near ours.
pub fn is_fresh(timestamp: &str, now: Timestamp) -> bool {
    let sent = timestamp.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    sent.is_some_and(|sent| now.duration_since(sent).abs() <= WINDOW)
}

impl Replays {
    /// Takes a signature for a message. False: it has been used for another one.
    pub fn take(&self, signature: &str, message: &str, now: Timestamp) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((at, _)) = seen.order.front() {
            // Twice the window, because a signature may come from a clock that is ahead.
            if now.duration_since(*at) <= WINDOW * 2 && seen.order.len() < REMEMBERED {
                break;
            }
            if let Some((_, old)) = seen.order.pop_front() {
                seen.by_signature.remove(&old);
            }
        }
        if let Some(known) = seen.by_signature.get(signature) {
            return known == message;
        }
        seen.by_signature.insert(signature.to_owned(), message.to_owned());
        seen.order.push_back((now, signature.to_owned()));
        true
    }
}

/// What a signature was used for.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Use {
    /// The message, without saying whose it is.
    message: String,
    at: Timestamp,
}

/// The same as [`Replays::take`] for all nodes and across restarts.
pub async fn take_for_all(
    notes: &dyn Notes,
    signature: &str,
    message: &str,
    now: Timestamp,
) -> Result<bool, NotesError> {
    let digest = Sha256::digest(message.as_bytes());
    let message: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let ours = Use { message, at: now };
    let key = [PROOF, signature];
    if notes.put(&key, None, &ours).await? {
        return Ok(true);
    }
    // A note that was swept away between the two is of a signature that is not fresh any more.
    Ok(notes.get::<Use>(&key).await?.is_some_and(|known| known.value.message == ours.message))
}

/// Forgets signatures that would be refused for their age.
pub async fn sweep(notes: &dyn Notes, now: Timestamp) -> Result<(), NotesError> {
    for (key, note) in notes.list(&[PROOF], BATCH).await? {
        let used = serde_json::from_value::<Use>(note.value).ok();
        if used.is_none_or(|used| now.duration_since(used.at) > WINDOW * 2) {
            let key: Vec<&str> = key.iter().map(String::as_str).collect();
            notes.write(&key, Some(note.version), None).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::MemoryNotes;

    #[test]
    fn a_signature_is_good_for_one_message_however_often_it_comes() {
        let now: Timestamp = "2026-11-26T08:00:00Z".parse().unwrap();
        let replays = Replays::default();
        assert!(replays.take("s", "o 1", now));
        assert!(replays.take("s", "o 1", now), "the platform asks twice");
        assert!(!replays.take("s", "o 2", now));
        let later = now.checked_add(WINDOW * 3).unwrap();
        assert!(replays.take("t", "o 2", later));
        assert_eq!(replays.0.lock().unwrap().order.len(), 1, "the old one is forgotten");
    }

    #[tokio::test]
    async fn what_was_used_is_known_to_all_nodes_and_forgotten_when_it_is_too_old_to_be_used() {
        let now: Timestamp = "2026-11-26T08:00:00Z".parse().unwrap();
        let notes = MemoryNotes::default();
        assert!(take_for_all(&notes, "s", "o1 1", now).await.unwrap());
        assert!(take_for_all(&notes, "s", "o1 1", now).await.unwrap());
        assert!(!take_for_all(&notes, "s", "o1 2", now).await.unwrap());
        let kept = notes.list(&[], 9).await.unwrap();
        assert!(kept.len() == 1 && !format!("{kept:?}").contains("o1"), "{kept:?}");
        sweep(&notes, now.checked_add(WINDOW).unwrap()).await.unwrap();
        assert_eq!(notes.list(&[], 9).await.unwrap().len(), 1);
        sweep(&notes, now.checked_add(WINDOW * 3).unwrap()).await.unwrap();
        assert_eq!(notes.list(&[], 9).await.unwrap().len(), 0);
    }

    #[test]
    fn times_far_from_ours_are_not_fresh() {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        for (timestamp, expected) in [
            ("1700000000", true),
            ("1699999701", true),
            ("1700000299", true),
            ("1699999600", false),
            ("1700000400", false),
            ("", false),
            ("x", false),
        ] {
            assert_eq!(is_fresh(timestamp, now), expected, "{timestamp}");
        }
    }
}
