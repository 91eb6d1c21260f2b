//! What the program hands to every channel when it is made.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::{Alarms, ChannelId, Media, Notes, NotesError, Now, Peer, Trust};

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

/// Why a file that a citizen sends is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileRefused {
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
    /// It could not be kept at present.
    #[error("the file could not be kept: {0}")]
    Unavailable(String),
}

impl FileRefused {
    /// The name of the error on the wire; devices turn it into words of their reader's language.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "file_empty",
            Self::TooLarge { .. } => "file_too_large",
            Self::Forbidden => "file_forbidden",
            Self::Unavailable(_) => "unavailable",
        }
    }
}

/// The files that go with messages. A channel that has no links for those that helpers send hands them to its platform.
#[async_trait]
pub trait Files: Send + Sync + 'static {
    /// Reads a file by the id of its attachment. `None`: it is not kept any more.
    async fn file(&self, id: &str) -> Result<Option<File>, NotesError>;

    /// The citizen whose conversation a file belongs to. `None`: there is no such file.
    async fn owner(&self, _id: &str) -> Result<Option<Peer>, NotesError> {
        Ok(None)
    }

    /// Takes a file that a citizen hands in through the channel itself rather than through a platform that keeps it. It
    /// becomes part of the conversation when a message with the returned [`Media`] is submitted for the same peer, and
    /// is forgotten if none is.
    async fn hand_in(&self, _from: &Peer, _name: Option<&str>, _data: Bytes) -> Result<Media, FileRefused> {
        Err(FileRefused::Unavailable("this program takes no files".to_owned()))
    }

    /// Forgets a file that was handed in and whose message was not taken.
    async fn take_back(&self, _from: &Peer, _media: &Media) -> Result<(), NotesError> {
        Ok(())
    }

    /// The largest file that can be handed in, in bytes.
    fn limit(&self) -> usize {
        0
    }
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
    /// Whom that client believes, for clients and sockets of the channel's own.
    pub trust: Trust,
    /// The address by which citizens reach the server, without a slash at the end; none was configured: no links.
    pub public_url: Option<String>,
}
