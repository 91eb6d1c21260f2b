#![doc = include_str!("../README.md")]

pub mod channel;
pub mod error;
pub mod inbox;
pub mod message;
pub mod web;

pub use channel::{Channel, Delivered, Limits};
pub use error::ChannelError;
pub use inbox::{Accepted, Cursor, Inbox, Intake, Live, LiveStream, State, SubmitError, Thread, Ticket};
pub use message::{Audience, Author, ChannelId, Content, Inbound, Locale, Outbound, Peer};

/// The time of day as the program sees it: handed in, so that tests can set it.
pub type Now = std::sync::Arc<dyn Fn() -> jiff::Timestamp + Send + Sync>;
