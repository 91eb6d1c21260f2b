//! An answer that is written, and what is said of it when it is over or nobody waits for it any more.

use std::sync::Arc;

use futures::stream;
use tokio::time::Instant;

use super::breaker::Pass;
use super::budget::Aside;
use super::{Inner, Model};
use crate::dialogue::ports::Usage;
use crate::dialogue::{AnswerStream, Piece, Waiting};
use crate::synthesis::openai::Begun;
use crate::synthesis::openai::failure::Failure;

/// What has to be said of an answer when it is over, or given up.
pub(super) struct Watch {
    inner: Arc<Inner>,
    place: usize,
    pass: Option<Pass>,
    since: Instant,
    waiting: Option<Waiting>,
    aside: Option<Aside>,
    over: bool,
}

impl Watch {
    /// Watches an answer of the model at this place, which was asked then, for whoever waits.
    pub(super) fn new(
        inner: &Arc<Inner>,
        place: usize,
        pass: Option<Pass>,
        since: Instant,
        waiting: Option<Waiting>,
        aside: Option<Aside>,
    ) -> Self {
        Self { inner: Arc::clone(inner), place, pass, since, waiting, aside, over: false }
    }

    fn model(&self) -> Option<&Model> {
        self.inner.models.get(self.place)
    }

    /// The answer is over, well or not.
    async fn over(&mut self, failure: Option<&Failure>, usage: Usage) {
        self.over = true;
        if let (Some(pass), Some(model)) = (self.pass.take(), self.inner.models.get(self.place)) {
            match failure {
                Some(failure) => model.failed(pass, failure),
                None => {
                    model.counts.answered.add(1);
                    model.worked(pass);
                }
            }
        }
        if let Some(mut aside) = self.aside.take() {
            aside.take(usage.prompt + usage.completion);
            aside.settle().await;
        }
    }

    fn told(&self, usage: Usage) {
        if let Some(model) = self.model() {
            model.counts.prompt.add(usage.prompt);
            model.counts.completion.add(usage.completion);
        }
    }
}

/// An answer that is written, with those who watch it.
struct Writing {
    begun: Begun,
    watch: Watch,
    first: Vec<Piece>,
}

impl Drop for Writing {
    fn drop(&mut self) {
        if self.watch.over {
            return;
        }
        let watch = &mut self.watch;
        if let (Some(pass), Some(model)) = (watch.pass.take(), watch.inner.models.get(watch.place)) {
            model.given_up(pass, watch.waiting.as_ref(), watch.since.elapsed());
        }
        // It is settled when it is dropped.
        if let Some(aside) = &mut self.watch.aside {
            let usage = self.begun.usage();
            aside.take(usage.prompt + usage.completion);
        }
    }
}

/// The pieces of an answer, who writes it first.
pub(super) fn answer(begun: Begun, watch: Watch) -> AnswerStream {
    let first = vec![begun.first.clone(), Piece::Origin(begun.origin.clone())];
    let writing = Writing { begun, watch, first };
    Box::pin(stream::unfold(writing, |mut writing| async move {
        if let Some(piece) = writing.first.pop() {
            return Some((Ok(piece), writing));
        }
        if writing.watch.over {
            return None;
        }
        match writing.begun.next().await {
            Some(Ok(piece)) => {
                if let Piece::Usage(usage) = piece {
                    writing.watch.told(usage);
                }
                Some((Ok(piece), writing))
            }
            Some(Err(failure)) => {
                let usage = writing.begun.usage();
                writing.watch.over(Some(&failure), usage).await;
                Some((Err(failure.into()), writing))
            }
            None => {
                let usage = writing.begun.usage();
                writing.watch.over(None, usage).await;
                None
            }
        }
    }))
}
