//! A citizen's file is got from its platform: in the background, with back-off, across restarts. The message is in the
//! thread from the beginning; the file is added to it, or the reason why there is none.

use std::sync::Arc;
use std::time::Duration;

use adapters::{Accepted, ChannelError, ChannelId, File, Media};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::worker::notice;
use super::{Gateway, claim_task, release_task};
use crate::dialogue::{Phrase, Stage};
use crate::records::files::{self, fetched_for};
use crate::records::{
    AttachmentRecord, AttachmentState, AuthorRecord, Change, ChangeError, FileError, FileKind, MessageRecord,
    keys,
};
use crate::store::{Commit, OwnedPart, StoreError, StoreExt, Version};

/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(60);

/// How long it is tried. Platforms keep files for three days at most.
const GIVE_UP: SignedDuration = SignedDuration::from_hours(72);

/// A file that has to be got from its platform.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct FetchRecord {
    pub(super) conversation: String,
    /// The place of the message it goes with.
    pub(super) seq: u64,
    pub(super) channel: String,
    pub(super) media: Media,
    pub(super) attempts: u32,
    pub(super) not_before: Option<Timestamp>,
    pub(super) since: Timestamp,
}

/// What one attempt came to.
enum Fetched {
    Got(File),
    /// It will not come: gone, too_large, forbidden_file or unreachable.
    Lost(&'static str),
    /// Try again after this pause.
    Later(Duration),
    /// The process ends; the record is taken up at the next start.
    Stopped,
}

/// What the thread says of a file that is on its way.
pub(super) fn pending(id: String, media: &Media) -> AttachmentRecord {
    AttachmentRecord {
        id,
        kind: match media.kind {
            adapters::MediaKind::Image => FileKind::Image,
            adapters::MediaKind::Voice => FileKind::Voice,
            adapters::MediaKind::Video => FileKind::Video,
            adapters::MediaKind::File => FileKind::File,
        },
        name: media.name.as_deref().map(files::shown_name).unwrap_or_default(),
        mime: None,
        bytes: media.bytes,
        state: AttachmentState::Pending,
        why: None,
    }
}

impl Gateway {
    /// Makes sure that a task gets this file.
    pub(super) fn fetch(self: &Arc<Self>, id: &str) {
        if self.stop.is_cancelled() || !claim_task(&self.fetching, id) {
            return;
        }
        let gateway = Arc::clone(self);
        let id = id.to_owned();
        self.tasks.spawn(async move {
            loop {
                match gateway.fetch_once(&id).await {
                    Ok(Some(pause)) => {
                        tokio::select! {
                            () = gateway.stop.cancelled() => {}
                            () = tokio::time::sleep(pause) => continue,
                        }
                    }
                    Ok(None) => {}
                    // The record stays, and the sweeper asks for it again.
                    Err(error) => tracing::error!(
                        error = &error as &dyn std::error::Error,
                        file.id = id,
                        "a file could not be taken over"
                    ),
                }
                if release_task(&gateway.fetching, &id) || gateway.stop.is_cancelled() {
                    return;
                }
            }
        });
    }

    /// Gets what came with a message that was just accepted.
    pub(super) async fn fetch_files_of(self: &Arc<Self>, accepted: &Accepted) {
        let Some(seq) = accepted.seq else { return };
        let found = self.ledger.store().get_json(&keys::message(&accepted.conversation, seq)).await;
        // If it cannot be read now, the sweeper looks at what waits.
        let message: Option<MessageRecord> = found.ok().flatten().map(|(message, _)| message);
        let files = message.into_iter().flat_map(|message| message.attachments);
        for file in files.filter(|file| file.state == AttachmentState::Pending) {
            self.fetch(&file.id);
        }
    }

    /// One attempt. Returns how long to wait for the next; `None` when there is nothing left to do.
    async fn fetch_once(&self, id: &str) -> Result<Option<Duration>, ChangeError> {
        let key = keys::fetch(id);
        let Some((record, version)) = self.ledger.store().get_json::<FetchRecord>(&key).await? else {
            return Ok(None);
        };
        let now = self.ledger.now();
        if let Some(early) = record.not_before.filter(|&moment| now < moment) {
            return Ok(Some(early.duration_since(now).unsigned_abs()));
        }
        match self.get(&record).await {
            Fetched::Stopped => Ok(None),
            Fetched::Later(_) if now.duration_since(record.since) > GIVE_UP => {
                self.lost(id, &record, version, "unreachable").await.map(|()| None)
            }
            Fetched::Later(pause) => {
                let not_before = now.checked_add(pause).ok();
                let next = FetchRecord { attempts: record.attempts + 1, not_before, ..record };
                let commit = Commit::new().check(key.clone(), Some(version)).put_json(key, &next);
                self.ledger.store().attempt(commit).await?;
                Ok(Some(pause))
            }
            Fetched::Lost(why) => self.lost(id, &record, version, why).await.map(|()| None),
            Fetched::Got(file) => self.got(id, &record, version, file).await.map(|()| None),
        }
    }

    /// Asks the platform.
    async fn get(&self, record: &FetchRecord) -> Fetched {
        let limit = u64::try_from(self.files.limit()).unwrap_or(u64::MAX);
        if record.media.bytes.is_some_and(|bytes| bytes > limit) {
            return Fetched::Lost("too_large");
        }
        let Some(channel) = self.channels.get(&ChannelId::new(&record.channel)) else {
            // The channel was taken out of the configuration; it may return while the platform still has the file.
            return Fetched::Later(self.settings.longest_pause);
        };
        let fetched = async {
            // A file is held whole in memory, so only a few at a time.
            let place = self.fetches.acquire().await;
            let fetched = tokio::time::timeout(ATTEMPT, channel.fetch(&record.media)).await;
            drop(place);
            fetched
        };
        let fetched = tokio::select! {
            () = self.stop.cancelled() => return Fetched::Stopped,
            fetched = fetched => fetched,
        };
        let (channel, attempts) = (record.channel.as_str(), record.attempts + 1);
        match fetched {
            Ok(Ok(file)) => Fetched::Got(file),
            Ok(Err(ChannelError::Gone(reason))) => {
                tracing::warn!(channel.id = channel, reason, "the platform has a file no more");
                Fetched::Lost("gone")
            }
            Ok(Err(ChannelError::Misconfigured(reason))) => {
                tracing::error!(channel.id = channel, reason, "a channel is misconfigured; its files wait");
                Fetched::Later(self.settings.longest_pause)
            }
            Ok(Err(ChannelError::Unavailable { reason, retry_after })) => {
                tracing::warn!(channel.id = channel, reason, attempts, "a file waits for its platform");
                Fetched::Later(retry_after.unwrap_or_else(|| self.pause(record.attempts)))
            }
            Err(_) => {
                tracing::warn!(channel.id = channel, attempts, "a platform did not hand over a file in time");
                Fetched::Later(self.pause(record.attempts))
            }
        }
    }

    async fn got(
        &self,
        id: &str,
        record: &FetchRecord,
        version: Version,
        file: File,
    ) -> Result<(), ChangeError> {
        let name = record.media.name.clone().unwrap_or_else(|| file.name.clone());
        let name = self.files.whole_name(id, name).await?;
        let name = Some(name.as_str()).filter(|name| !name.is_empty());
        let owner = fetched_for(&record.conversation);
        let staged = match self.files.stage(id, &owner, name, file.data, self.ledger.now()).await {
            Ok(staged) => staged,
            Err(FileError::Empty) => return self.lost(id, record, version, "gone").await,
            Err(FileError::TooLarge { .. }) => return self.lost(id, record, version, "too_large").await,
            Err(FileError::Forbidden) => return self.lost(id, record, version, "forbidden_file").await,
            Err(FileError::Store(error)) => return Err(error.into()),
        };
        let Some((_, staged_version)) = self.files.staged_by(id, &owner).await? else { return Ok(()) };
        self.finish(id, record, version, |change, _| {
            files::settle(change, &staged, staged_version, AuthorRecord::Citizen)
        })
        .await?;
        self.metrics.fetched(&record.channel, "kept");
        Ok(())
    }

    async fn lost(
        &self,
        id: &str,
        record: &FetchRecord,
        version: Version,
        why: &'static str,
    ) -> Result<(), ChangeError> {
        let phrase = match why {
            "too_large" => Phrase::FileTooLarge,
            "forbidden_file" => Phrase::FileForbidden,
            _ => Phrase::FileLost,
        };
        let limit = self.files.limit().div_ceil(1 << 20).to_string();
        self.finish(id, record, version, |change, attachment| {
            // The robot has said already that it cannot look at files; a person would have looked.
            let with_people = !matches!(change.state().stage, Stage::Robot | Stage::WrapUp | Stage::Closed);
            if with_people {
                let words = self.engine.phrases().get(phrase, change.record.locale());
                let message = notice(change, words.replace("{limit}", &limit));
                change.append(message);
            }
            AttachmentRecord { state: AttachmentState::Lost, why: Some(why.to_owned()), ..attachment.clone() }
        })
        .await?;
        self.metrics.fetched(&record.channel, "lost");
        Ok(())
    }

    /// Puts what became of a file into its message and takes the record away, in one commit.
    async fn finish(
        &self,
        id: &str,
        record: &FetchRecord,
        version: Version,
        mut edit: impl FnMut(&mut Change, &AttachmentRecord) -> AttachmentRecord + Send,
    ) -> Result<(), ChangeError> {
        let at = keys::message(&record.conversation, record.seq);
        let found = self.ledger.store().get_json::<MessageRecord>(&at).await?;
        let changed = self.ledger.change(&record.conversation, |change| {
            let key = keys::fetch(id);
            change.check(key.clone(), Some(version));
            change.delete(key);
            if let Some((message, _)) = &found {
                let mut message = message.clone();
                if let Some(attachment) = message.attachments.iter_mut().find(|file| file.id == id) {
                    *attachment = edit(change, attachment);
                    change.put(at.clone(), &message);
                }
            }
            change.touch();
            Ok(())
        });
        match changed.await {
            // Fenced: another process has finished it.
            Ok(_) | Err(ChangeError::Fenced) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Gets whatever waits on any platform.
    pub(super) async fn sweep_fetches(self: &Arc<Self>) -> Result<(), StoreError> {
        for record in self.ledger.store().scan_all(&keys::fetches()).await? {
            if let Some(id) = record.key.parts().first().and_then(OwnedPart::text) {
                self.fetch(id);
            }
        }
        Ok(())
    }
}
