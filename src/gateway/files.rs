//! What channels see of files: those that go with messages, whole.

use adapters::{File, NotesError};
use async_trait::async_trait;

use crate::records::Files;

/// The files of all conversations, as channels read them.
pub struct StoreFiles(pub Files);

#[async_trait]
impl adapters::Files for StoreFiles {
    async fn file(&self, id: &str) -> Result<Option<File>, NotesError> {
        let unavailable = |error: crate::store::StoreError| NotesError(error.to_string());
        let Some(head) = self.0.head(id).await.map_err(unavailable)? else { return Ok(None) };
        let data = self.0.content(&head).await.map_err(unavailable)?;
        Ok(data.map(|data| File { name: head.name, mime: head.mime, data }))
    }
}
