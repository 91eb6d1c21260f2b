//! How a platform says who opens a page of ours, so that the citizen need not prove it by typing digits.

use async_trait::async_trait;

use crate::{ChannelError, Peer};

/// What a browser brings from the platform. It is worth as much as a password for as long as it holds, so it is never printed.
#[derive(Clone, Copy)]
pub enum Proof<'a> {
    /// The code with which the platform sent the browser back.
    Code(&'a str),
    /// What the platform signed and put behind the `#` of the page's address.
    Signed(&'a str),
}

/// A platform that says who opens a page of ours.
#[async_trait]
pub trait Recognition: Send + Sync {
    /// Where a browser of this `User-Agent` goes so that the platform says who it is; the platform sends it on to `back` with a
    /// code and with `state`, which has letters and digits only. `None`: the platform is not asked in this browser.
    fn door(&self, agent: &str, back: &str, state: &str) -> Option<String>;

    /// Whether it is this peer who brings the proof.
    ///
    /// # Errors
    /// When the platform does not say who it is. The citizen then proves it in another way.
    async fn is(&self, peer: &Peer, proof: Proof<'_>) -> Result<bool, ChannelError>;
}
