//! What the program hands to every channel when it is made.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::{Alarms, ChannelId, Notes, NotesError, Now};

/// A file of a message, whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct File {
    /// The name that the reader sees.
    pub name: String,
    /// The media type, such as `image/jpeg`.
    pub mime: String,
    /// What is in it.
    pub data: Bytes,
}

/// The files that helpers send; a channel that has no links for them hands them to its platform.
#[async_trait]
pub trait Files: Send + Sync + 'static {
    /// Reads a file by the id of its attachment. `None`: it is not kept any more.
    async fn file(&self, id: &str) -> Result<Option<File>, NotesError>;
}

/// The program's side of a channel.
#[derive(Clone)]
pub struct Kit {
    /// The configured name.
    pub id: ChannelId,
    /// What the channel remembers.
    pub notes: Arc<dyn Notes>,
    /// What helpers send besides words.
    pub files: Arc<dyn Files>,
    /// What is wrong at present.
    pub alarms: Alarms,
    /// The time of day.
    pub now: Now,
    /// The program's HTTP client.
    pub http: reqwest::Client,
    /// The address by which citizens reach the server, without a slash at the end; none was configured: no links.
    pub public_url: Option<String>,
}
