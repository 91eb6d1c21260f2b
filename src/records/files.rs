//! Files that go with messages. The content lies in the store in chunks, so that no commit is large; a file exists once
//! its head is written, which happens in the same commit as the message it goes with. What was begun and never became
//! part of a message is swept.

mod kinds;

use std::sync::Arc;
use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::change::Change;
use super::keys;
use super::message::{AttachmentRecord, AttachmentState, AuthorRecord};
use super::private::{self, Vault};
use crate::privacy::Hidden;
use crate::store::{Commit, Store, StoreError, StoreExt, Version};

pub use kinds::{FileKind, Recognised, clean_name, recognise, shown_name};

/// The bytes of one chunk before they are written as text.
const CHUNK: usize = 256 << 10;

/// How long a file may wait for its message before it is swept.
const PATIENCE: Duration = Duration::from_secs(3_600);

/// How many files are swept in one round; the rest has its turn in the next.
const SWEPT: usize = 500;

/// Why a file is not taken.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// It is larger than allowed.
    #[error("the file is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// Files of this kind are not taken, whatever their name says.
    #[error("files of this kind are not taken")]
    Forbidden,
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// A file that waits for its message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StagedFile {
    /// The id it will have.
    pub id: String,
    /// Whose it is: only the same owner can send it. May hold an address, so it is never logged.
    owner: String,
    /// What it is.
    pub kind: FileKind,
    /// Its name, cleaned and masked.
    pub name: String,
    /// Its media type, by its content.
    pub mime: String,
    /// Its size in bytes.
    pub bytes: u64,
    sha256: String,
    chunks: u64,
    at: Timestamp,
    /// Whether all chunks are there.
    whole: bool,
}

impl StagedFile {
    /// How the message names it.
    pub fn attachment(&self) -> AttachmentRecord {
        AttachmentRecord {
            id: self.id.clone(),
            kind: self.kind,
            name: self.name.clone(),
            mime: Some(self.mime.clone()),
            bytes: Some(self.bytes),
            state: AttachmentState::Kept,
            why: None,
        }
    }
}

/// A file of a message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FileHead {
    /// Its id, which is also its attachment's.
    pub id: String,
    /// The conversation it belongs to.
    pub conversation: String,
    /// Who sent it.
    pub who: AuthorRecord,
    /// What it is.
    pub kind: FileKind,
    /// Its name, cleaned.
    pub name: String,
    /// Its media type, by its content.
    pub mime: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// The SHA-256 of its content, in hexadecimal digits.
    pub sha256: String,
    /// When it became part of the conversation.
    pub at: Timestamp,
    chunks: u64,
}

/// Who hands in files by the channel itself: a citizen at this address.
pub fn handed_in_by(channel: &str, address: &str) -> String {
    format!("peer\0{channel}\0{address}")
}

/// Who sends files from the desk.
pub fn sent_by(helper: &str) -> String {
    format!("helper\0{helper}")
}

/// For which conversation a file is got from its platform.
pub fn fetched_for(conversation: &str) -> String {
    format!("conversation\0{conversation}")
}

/// The files of all conversations.
#[derive(Clone)]
pub struct Files {
    store: Arc<dyn Store>,
    limit: usize,
    vault: Vault,
}

impl Files {
    /// Files in this store, none larger than `limit` bytes, with what encrypts what is hidden in their names.
    pub fn new(store: Arc<dyn Store>, limit: usize, vault: Vault) -> Self {
        Self { store, limit, vault }
    }

    /// The name of a file as it was given, for whoever the file belongs to.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn whole_name(&self, id: &str, name: String) -> Result<String, StoreError> {
        self.vault.name(&*self.store, id, name).await
    }

    /// The largest file, in bytes.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Writes a file's content under this id, to wait for its message. Staging the same id again replaces what waits.
    ///
    /// # Errors
    /// Says why it is not taken, or that the store failed.
    pub async fn stage(
        &self,
        id: &str,
        owner: &str,
        name: Option<&str>,
        data: Bytes,
        now: Timestamp,
    ) -> Result<StagedFile, FileError> {
        if data.is_empty() {
            return Err(FileError::Empty);
        }
        if data.len() > self.limit {
            return Err(FileError::TooLarge { limit: self.limit });
        }
        let recognised = recognise(name, &data).ok_or(FileError::Forbidden)?;
        if let Some((earlier, version)) = self.staged(id).await? {
            self.discard(&earlier, version).await?;
        }
        let pieces: Vec<Bytes> =
            (0..data.len()).step_by(CHUNK).map(|at| data.slice(at..data.len().min(at + CHUNK))).collect();
        let mut name = clean_name(name, &recognised);
        let hidden = private::one(Hidden::take(&mut name));
        let mut staged = StagedFile {
            id: id.to_owned(),
            owner: owner.to_owned(),
            kind: recognised.kind,
            name,
            mime: recognised.mime.to_owned(),
            bytes: data.len() as u64,
            sha256: Sha256::digest(&data).iter().map(|byte| format!("{byte:02x}")).collect(),
            chunks: pieces.len() as u64,
            at: now,
            whole: false,
        };
        for (number, piece) in (0_u64..).zip(&pieces) {
            let mut commit = Commit::new().put_json(keys::file_chunk(id, number), &STANDARD.encode(piece));
            // The record goes first, so that a writer that is cut short leaves nothing that nobody knows of.
            if number == 0 && !hidden.is_empty() {
                let key = keys::private_name(id);
                let record = self.vault.seal(&key, &hidden, now)?;
                commit = commit.put_json(key, &record);
            }
            let last = number + 1 == staged.chunks;
            if number == 0 || last {
                staged.whole = last;
                commit = commit.put_json(keys::file_staged(id), &staged);
            }
            self.store.attempt(commit).await?;
        }
        Ok(staged)
    }

    /// A file that waits for its message.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn staged(&self, id: &str) -> Result<Option<(StagedFile, Version)>, StoreError> {
        self.store.get_json(&keys::file_staged(id)).await
    }

    /// A whole file that waits for a message of this owner.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn staged_by(
        &self,
        id: &str,
        owner: &str,
    ) -> Result<Option<(StagedFile, Version)>, StoreError> {
        Ok(self.staged(id).await?.filter(|(staged, _)| staged.whole && staged.owner == owner))
    }

    /// A file of a message.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn head(&self, id: &str) -> Result<Option<FileHead>, StoreError> {
        Ok(self.store.get_json(&keys::file_head(id)).await?.map(|(head, _)| head))
    }

    /// What is in a file. `None`: it was swept meanwhile.
    ///
    /// # Errors
    /// When the store fails, or holds something else than was written.
    pub async fn content(&self, head: &FileHead) -> Result<Option<Bytes>, StoreError> {
        let mut content = BytesMut::new();
        for number in 0..head.chunks {
            let key = keys::file_chunk(&head.id, number);
            let Some((text, _)) = self.store.get_json::<String>(&key).await? else { return Ok(None) };
            let piece = STANDARD.decode(text);
            content
                .extend(piece.map_err(|_| StoreError::Corrupt("a chunk of a file cannot be read".into()))?);
        }
        let whole = content.len() as u64 == head.bytes;
        if whole {
            Ok(Some(content.freeze()))
        } else {
            Err(StoreError::Corrupt("a file is cut short".into()))
        }
    }

    /// Forgets a file that waits for a message of this owner, if there is one.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn forget(&self, id: &str, owner: &str) -> Result<(), StoreError> {
        match self.staged(id).await? {
            Some((staged, version)) if staged.owner == owner => self.discard(&staged, version).await,
            _ => Ok(()),
        }
    }

    async fn discard(&self, staged: &StagedFile, version: Version) -> Result<(), StoreError> {
        let key = keys::file_staged(&staged.id);
        let commit = Commit::new().check(key.clone(), Some(version)).delete(key);
        let commit = commit.delete(keys::private_name(&staged.id));
        self.store.attempt(without_chunks(commit, &staged.id, staged.chunks)).await
    }

    /// Sweeps what never became part of a message, and files older than `keep`. Returns how many went.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sweep(&self, now: Timestamp, keep: Duration) -> Result<usize, StoreError> {
        let older = |at: Timestamp, than: Duration| {
            let age = now.duration_since(at);
            !age.is_negative() && age.unsigned_abs() > than
        };
        let mut swept = 0;
        for record in self.store.scan_all(&keys::files_staged()).await? {
            let staged: StagedFile = record.decode()?;
            if swept < SWEPT && older(staged.at, PATIENCE) {
                self.discard(&staged, record.version).await?;
                swept += 1;
            }
        }
        for record in self.store.scan_all(&keys::file_heads()).await? {
            let head: FileHead = record.decode()?;
            if swept < SWEPT && older(head.at, keep) {
                let commit = Commit::new().delete(record.key).delete(keys::private_name(&head.id));
                self.store.attempt(without_chunks(commit, &head.id, head.chunks)).await?;
                swept += 1;
            }
        }
        Ok(swept)
    }
}

fn without_chunks(commit: Commit, id: &str, chunks: u64) -> Commit {
    (0..chunks).fold(commit, |commit, number| commit.delete(keys::file_chunk(id, number)))
}

/// Makes a file that waits part of the conversation, within the change that appends or completes its message. The change
/// fails if it was sent or swept meanwhile.
pub fn settle(
    change: &mut Change,
    staged: &StagedFile,
    version: Version,
    who: AuthorRecord,
) -> AttachmentRecord {
    let waiting = keys::file_staged(&staged.id);
    change.check(waiting.clone(), Some(version));
    change.delete(waiting);
    let head = FileHead {
        id: staged.id.clone(),
        conversation: change.record.id.clone(),
        who,
        kind: staged.kind,
        name: staged.name.clone(),
        mime: staged.mime.clone(),
        bytes: staged.bytes,
        sha256: staged.sha256.clone(),
        at: change.now,
        chunks: staged.chunks,
    };
    change.put(keys::file_head(&staged.id), &head);
    staged.attachment()
}

#[cfg(test)]
mod tests;
