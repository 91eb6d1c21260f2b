//! What every channel is.

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use tokio_util::sync::CancellationToken;

use crate::{Alarm, ChannelError, ChannelId, Enterprise, File, Inbox, Media, Outbound, Peer, Recognition};

/// A reply that has been handed over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Delivered {
    /// The platform's id of the message, when it gives one.
    pub platform_id: Option<String>,
}

/// In what a platform counts how long a text is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// Bytes of UTF-8.
    Bytes,
    /// Units of UTF-16.
    Utf16,
}

impl Unit {
    /// Its name, for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Utf16 => "utf16",
        }
    }
}

/// The most that one message holds on a platform. The channel cuts by it, and a helper who writes more is told so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// How long the text of one message may be.
    pub text: usize,
    /// In what that is counted.
    pub unit: Unit,
}

impl Limits {
    /// How long a text is.
    pub fn measure(self, text: &str) -> usize {
        match self.unit {
            Unit::Bytes => text.len(),
            Unit::Utf16 => text.encode_utf16().count(),
        }
    }
}

/// A way for citizens to reach the gateway.
#[async_trait]
pub trait Channel: Send + Sync + 'static {
    /// The configured name.
    fn id(&self) -> &ChannelId;

    /// The most that one message holds. `None`: a message may be as long as one that is written to it.
    fn limits(&self) -> Option<Limits> {
        None
    }

    /// The routes the platform calls, mounted under `/channels/{id}`.
    fn routes(self: Arc<Self>, inbox: Inbox) -> Router;

    /// Whether it is a platform that calls the routes. It calls from a few addresses for all of its citizens, so calls are
    /// not counted by address.
    fn called_by_platform(&self) -> bool {
        false
    }

    /// Runs the channel's own connections (polling, stream sockets) until `stop`. A channel that is only called
    /// returns at once.
    ///
    /// # Errors
    /// When the connection cannot be kept and trying again would not help.
    async fn listen(&self, _inbox: Inbox, _stop: CancellationToken) -> Result<(), ChannelError> {
        Ok(())
    }

    /// Hands one reply to the platform, as the platform can show it: cut at the ends of sentences into pieces that it takes,
    /// its Markdown turned into what it knows, choices as buttons or numbered lines. It is called again after a failure or a restart with the same `reply.id`,
    /// so it has to be safe to repeat.
    ///
    /// # Errors
    /// See [`ChannelError`]: each variant says what the outbox does next.
    async fn deliver(&self, to: &Peer, reply: &Outbound) -> Result<Delivered, ChannelError>;

    /// Gets a file that a citizen sent. The gateway asks soon after the message was accepted, and keeps what it gets.
    ///
    /// # Errors
    /// As for [`Channel::deliver`]; [`ChannelError::Gone`] when the platform does not have it any more.
    async fn fetch(&self, _media: &Media) -> Result<File, ChannelError> {
        Err(ChannelError::Gone("this channel has no files".to_owned()))
    }

    /// Where the citizen works, for the helper who has opened their conversation; the gateway never asks on the way of a
    /// message. `None`: it is not known, or not to be known.
    async fn enterprise(&self, _who: &Peer) -> Option<Enterprise> {
        None
    }

    /// Whether nobody is there any more when nobody watches an answer being written ([`crate::inbox::Intake::watch`]): the
    /// gateway then stops writing it after a while. Not where the platform takes answers for citizens who have put their phone away.
    fn is_left_when_unwatched(&self) -> bool {
        false
    }

    /// Whether a citizen who is asked for a rating may answer in words, such as 5 or 满意, because the platform shows no
    /// stars to tap.
    fn rates_in_words(&self) -> bool {
        true
    }

    /// Whether what is said to this peer is read by that citizen alone: not in a group, where others read along.
    fn is_private(&self, _peer: &Peer) -> bool {
        true
    }

    /// How the platform says whether this peer opens a page of ours. `None`: it does not know them, or is not to be asked.
    fn recognition(&self, _peer: &Peer) -> Option<&dyn Recognition> {
        None
    }

    /// Tries whether the platform takes what is configured, and says in Chinese and English what it took; nothing that a
    /// running server needs is changed or taken away. What the operator has to mend is raised as an alarm, as in
    /// operation. `None`: there is no platform to be tried.
    ///
    /// # Errors
    /// What was refused.
    async fn try_out(&self) -> Result<Option<String>, ChannelError> {
        Ok(None)
    }

    /// What is wrong with the channel at present.
    fn alarms(&self) -> Vec<Alarm> {
        Vec::new()
    }
}
