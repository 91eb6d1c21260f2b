//! The helpers' side: who they are, what waits for them, and what they may do with a conversation.
//!
//! [`accounts`] and [`sessions`] say who somebody is, [`presence`] whether they are there, [`service`] does the work, [`reveal`]
//! shows what is hidden in messages.

pub mod accounts;
pub mod files;
pub mod presence;
pub mod reveal;
pub mod service;
pub mod sessions;
pub mod view;

use std::sync::Arc;
use std::time::Duration;

use crate::dialogue::Phrases;
use crate::records::{Files, Ledger};

pub use accounts::{AccountError, HelperRecord, Role};
pub use reveal::Revealed;
pub use service::DeskError;
pub use sessions::SessionError;
pub use view::{ConversationView, QueueItem, QueueView, Summary};

/// What the desk is told by the configuration.
#[derive(Clone, Debug)]
pub struct DeskSettings {
    /// How long a login holds without being used.
    pub session: Duration,
    /// How long a helper counts as present after the last sign of life.
    pub presence: Duration,
    /// The longest message a helper may send, in characters.
    pub message_chars: usize,
}

/// The desk.
pub struct Desk {
    ledger: Ledger,
    phrases: Phrases,
    files: Files,
    settings: DeskSettings,
    throttle: accounts::Throttle,
}

impl Desk {
    /// A desk over the ledger of conversations and the files that go with them.
    pub fn new(ledger: Ledger, phrases: Phrases, files: Files, settings: DeskSettings) -> Arc<Self> {
        Arc::new(Self { ledger, phrases, files, settings, throttle: accounts::Throttle::default() })
    }

    /// The ledger of conversations.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}
