//! What answers may take in a day. Before an answer as much is set aside as it takes at most, so that many at once cannot
//! take more than there is; afterwards what was not needed goes back.

use std::sync::Arc;

use async_trait::async_trait;

/// Tokens a day; 0 is as many as there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Limits {
    /// Of everybody together.
    pub per_day: u64,
    /// Of one citizen.
    pub per_citizen: u64,
}

/// What became of the wish to set tokens aside.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SetAside {
    /// They are set aside, on this day.
    Granted(String),
    /// Everybody together has taken what there is.
    Spent,
    /// The citizen has.
    SpentByCitizen,
}

/// Counts what is taken in a day, so that restarts and other nodes know of it. A day is one of the city's.
#[async_trait]
pub trait Tally: Send + Sync {
    /// Sets so many tokens aside if none of the limits is passed by that.
    ///
    /// # Errors
    /// When it cannot be counted.
    async fn set_aside(&self, asker: Option<&str>, tokens: u64, limits: Limits) -> anyhow::Result<SetAside>;

    /// So many were set aside on this day, and so many were taken.
    ///
    /// # Errors
    /// When it cannot be counted; what was set aside then counts as taken.
    async fn settle(&self, asker: Option<&str>, day: &str, aside: u64, taken: u64) -> anyhow::Result<()>;
}

/// Tokens that are set aside for one answer. Dropped, it settles what was taken until then.
pub(super) struct Aside {
    tally: Arc<dyn Tally>,
    asker: Option<String>,
    day: String,
    aside: u64,
    taken: u64,
    settled: bool,
}

impl Aside {
    pub(super) fn new(tally: Arc<dyn Tally>, asker: Option<&str>, day: String, aside: u64) -> Self {
        Self { tally, asker: asker.map(str::to_owned), day, aside, taken: 0, settled: false }
    }

    /// So many more were taken.
    pub(super) fn take(&mut self, tokens: u64) {
        self.taken = self.taken.saturating_add(tokens);
    }

    /// Nothing more will be taken.
    pub(super) async fn settle(mut self) {
        self.settled = true;
        settle(&*self.tally, self.asker.as_deref(), &self.day, self.aside, self.taken).await;
    }
}

async fn settle(tally: &dyn Tally, asker: Option<&str>, day: &str, aside: u64, taken: u64) {
    if let Err(error) = tally.settle(asker, day, aside, taken).await {
        tracing::warn!(%error, "what an answer took is not counted; what was set aside for it is");
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if self.settled {
            return;
        }
        let (tally, asker, day) = (Arc::clone(&self.tally), self.asker.take(), std::mem::take(&mut self.day));
        let (aside, taken) = (self.aside, self.taken);
        runtime.spawn(async move { settle(&*tally, asker.as_deref(), &day, aside, taken).await });
    }
}
