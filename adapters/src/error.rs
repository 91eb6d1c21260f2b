//! Why a reply could not be handed to a platform, named by what the outbox should do about it.

use std::time::Duration;

/// A delivery or connection that failed.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    /// The platform is away or overloaded: try again later, not before `retry_after` where it named one.
    #[error("the platform is unavailable: {reason}")]
    Unavailable {
        /// What the platform or the network said.
        reason: String,
        /// How long the platform asked to be left alone.
        retry_after: Option<Duration>,
    },
    /// This reply can never be delivered (the citizen blocked the account, the message is refused): stop.
    #[error("the recipient cannot be reached: {0}")]
    Gone(String),
    /// The operator has to change something (a wrong secret, a missing permission): keep the reply, tell them.
    #[error("the channel is misconfigured: {0}")]
    Misconfigured(String),
}
