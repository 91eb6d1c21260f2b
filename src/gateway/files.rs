//! What channels see of files: those that go with messages, whole, and the way by which a channel hands one in.

use adapters::{File, FileRefused, Media, MediaKind, NotesError, Peer};
use async_trait::async_trait;
use bytes::Bytes;
use uuid::Uuid;

use super::translate;
use crate::records::files::handed_in_by;
use crate::records::{FileError, FileKind, Files, Ledger};
use crate::store::StoreError;

/// The files of all conversations, as channels see them.
pub struct StoreFiles {
    files: Files,
    ledger: Ledger,
}

impl StoreFiles {
    /// Files, and the ledger that says whose conversation one belongs to.
    pub fn new(files: Files, ledger: Ledger) -> Self {
        Self { files, ledger }
    }
}

/// The store's words name the space of a record, never its key, so nothing personal is in them.
#[expect(clippy::needless_pass_by_value, reason = "`map_err` hands the error over")]
fn unavailable(error: StoreError) -> NotesError {
    NotesError(error.to_string())
}

fn owner(peer: &Peer) -> String {
    handed_in_by(peer.channel.as_str(), &peer.address)
}

/// What a channel calls what a file is.
pub(super) fn kind(kind: FileKind) -> MediaKind {
    match kind {
        FileKind::Image => MediaKind::Image,
        FileKind::Voice => MediaKind::Voice,
        FileKind::Video => MediaKind::Video,
        FileKind::File => MediaKind::File,
    }
}

#[async_trait]
impl adapters::Files for StoreFiles {
    async fn file(&self, id: &str) -> Result<Option<File>, NotesError> {
        let Some(head) = self.files.head(id).await.map_err(unavailable)? else { return Ok(None) };
        let data = self.files.content(&head).await.map_err(unavailable)?;
        // Channels show it to the citizen alone.
        let name = self.files.whole_name(id, head.name).await.map_err(unavailable)?;
        Ok(data.map(|data| File { name, mime: head.mime, data }))
    }

    async fn owner(&self, id: &str) -> Result<Option<Peer>, NotesError> {
        let Some(head) = self.files.head(id).await.map_err(unavailable)? else { return Ok(None) };
        let record = self.ledger.conversation(&head.conversation).await.map_err(unavailable)?;
        Ok(record.as_ref().map(translate::peer))
    }

    async fn hand_in(&self, from: &Peer, name: Option<&str>, data: Bytes) -> Result<Media, FileRefused> {
        let id = Uuid::new_v4().simple().to_string();
        let staged = self.files.stage(&id, &owner(from), name, data, self.ledger.now()).await;
        match staged {
            Ok(staged) => Ok(Media::handed_in(kind(staged.kind), staged.name, &id, staged.bytes)),
            Err(FileError::Empty) => Err(FileRefused::Empty),
            Err(FileError::TooLarge { limit }) => Err(FileRefused::TooLarge { limit }),
            Err(FileError::Forbidden) => Err(FileRefused::Forbidden),
            Err(FileError::Store(error)) => Err(FileRefused::Unavailable(error.to_string())),
        }
    }

    async fn take_back(&self, from: &Peer, media: &Media) -> Result<(), NotesError> {
        let Some(id) = media.handed_in_id() else { return Ok(()) };
        self.files.forget(id, &owner(from)).await.map_err(unavailable)
    }

    fn limit(&self) -> usize {
        self.files.limit()
    }
}
