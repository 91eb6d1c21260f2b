#![doc = include_str!("../README.md")]

pub mod alarm;
pub mod channel;
pub mod custom;
pub mod dingtalk;
pub mod error;
pub mod inbox;
pub mod kit;
pub mod message;
pub mod notes;
pub mod personal;
pub mod recognition;
pub mod serve;
pub mod split;
pub mod telegram;
#[cfg(test)]
mod testing;
mod token;
pub mod trust;
pub mod web;
pub mod wechat;
pub mod wording;

pub use alarm::{Alarm, AlarmText, Alarms};
pub use channel::{Channel, Delivered, Limits, Unit};
pub use error::ChannelError;
pub use inbox::{
    Accepted, Cursor, Inbox, Intake, Live, LiveStream, LoginLink, LoginRefused, LoginState, State,
    SubmitError, Thread, Ticket,
};
pub use kit::{File, FileRefused, Files, Kit};
pub use message::{
    Attachment, Audience, Author, ChannelId, Content, Enterprise, Inbound, Locale, Media, MediaKind,
    Outbound, Peer,
};
pub use notes::{Note, Notes, NotesError, NotesExt};
pub use personal::{FindPersonal, Personal};
pub use recognition::{Proof, Recognition};
pub use trust::{Trust, TrustError};
pub use wording::Wording;

/// The time of day as the program sees it: handed in, so that tests can set it.
pub type Now = std::sync::Arc<dyn Fn() -> jiff::Timestamp + Send + Sync>;
