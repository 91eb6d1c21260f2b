//! Forgets what has lost its use, and ends cards that were left behind.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::card::{CARDS, CardNote, Stage};
use super::client::{DingtalkChannel, PARTS};
use super::memory::{Chat, KEEP, PEERS};
use super::staff::{AGE, COMPANIES, Found, PEOPLE};
use crate::{Note, NotesError};

/// How often it is looked.
const ROUND: Duration = Duration::from_secs(600);
/// How many notes of a kind are looked at in one round.
const BATCH: usize = 10_000;
/// A card that nothing happened to for so long was left by a process that ended.
const LEFT: SignedDuration = SignedDuration::from_mins(10);
/// How long the buttons of a card work.
const BUTTONS: SignedDuration = SignedDuration::from_hours(24 * 7);

/// Looks now and then until `stop`.
pub(super) async fn run(channel: &Arc<DingtalkChannel>, stop: CancellationToken) {
    let mut round = tokio::time::interval(ROUND);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = round.tick() => {}
        }
        if let Err(error) = sweep(channel).await {
            tracing::warn!(channel.id = %channel.kit.id, reason = error.0, "old notes could not be forgotten");
        }
    }
}

async fn sweep(channel: &DingtalkChannel) -> Result<(), NotesError> {
    let notes = &channel.kit.notes;
    let now = (channel.kit.now)();
    for (key, note) in notes.list(&[PEERS], BATCH).await? {
        let chat: Chat = serde_json::from_value(note.value.clone()).unwrap_or_default();
        if is_older(chat.seen, KEEP, now) {
            forget(channel, &key, &note).await?;
        }
    }
    for kind in [PEOPLE, COMPANIES] {
        for (key, note) in notes.list(&[kind], BATCH).await? {
            let found = serde_json::from_value::<Found>(note.value.clone()).ok();
            if is_older(found.map(|found| found.at), AGE, now) {
                forget(channel, &key, &note).await?;
            }
        }
    }
    for (key, note) in notes.list(&[CARDS], BATCH).await? {
        let Ok(card) = serde_json::from_value::<CardNote>(note.value.clone()) else {
            forget(channel, &key, &note).await?;
            continue;
        };
        if is_older(Some(card.at), BUTTONS, now) {
            forget(channel, &key, &note).await?;
        } else if matches!(card.stage, Stage::Making | Stage::Shown)
            && is_older(Some(card.at), LEFT, now)
            && let Some(turn) = key.get(1)
        {
            channel.give_up(turn, &channel.settings.words.ended).await;
        }
    }
    for (key, note) in notes.list(&[PARTS], BATCH).await? {
        // Replies have ids that tell their age; those of an hour that nobody finished in a week are gone.
        let made = key.get(1).and_then(|id| uuid::Uuid::parse_str(id).ok()).and_then(|id| id.get_timestamp());
        let made = made.and_then(|made| Timestamp::from_second(made.to_unix().0.try_into().ok()?).ok());
        if is_older(made, BUTTONS, now) {
            forget(channel, &key, &note).await?;
        }
    }
    Ok(())
}

/// Takes a note away, unless somebody wrote it anew meanwhile.
async fn forget(channel: &DingtalkChannel, key: &[String], note: &Note) -> Result<(), NotesError> {
    let key: Vec<&str> = key.iter().map(String::as_str).collect();
    channel.kit.notes.write(&key, Some(note.version), None).await.map(drop)
}

/// Whether a moment is so long ago; one that is not known is.
fn is_older(moment: Option<Timestamp>, age: SignedDuration, now: Timestamp) -> bool {
    moment.is_none_or(|moment| now.duration_since(moment) > age)
}
