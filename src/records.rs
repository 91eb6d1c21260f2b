//! What is kept of conversations, written once above the store: the records, their keys, and the one way to change a
//! conversation so that its indexes (queue, clocks, helpers' loads, outbox) never disagree with it.
//!
//! Open next: [`conversation`] and [`message`] (what is stored), then [`ledger`] (how it changes).

pub mod change;
pub mod citizen;
pub mod conversation;
pub mod doubt;
pub mod files;
pub mod history;
pub mod keys;
pub mod ledger;
pub mod message;
pub mod private;
pub mod share;
pub mod token;
pub mod trace;

pub use change::Change;
pub use citizen::{CitizenRecord, LinkRecord};
pub use conversation::{
    ConversationRecord, LoadRecord, OutboxRecord, PeerRecord, PresenceRecord, QueueRecord, RatingRecord,
};
pub use doubt::{Doubt, DoubtRecord, Doubts};
pub use files::{FileError, FileHead, FileKind, Files, StagedFile};
pub use history::{Past, Reader, Standing};
pub use ledger::{ChangeError, Ledger, LedgerPolicy};
pub use message::{AttachmentRecord, AttachmentState, AuthorRecord, MessageRecord};
pub use private::{RevealRecord, Vault};
pub use share::{LeftRecord, Scope, ShareAudit, ShareEnd, ShareKind, ShareRecord, ShareState};
pub use trace::TraceRecord;
