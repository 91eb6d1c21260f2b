//! From evidence to a finished text: consumes a writer's stream, shows drafts, and falls back to quoting whenever the
//! model fails, declines, names no source, or nobody watches any more.

use std::pin::pin;

use futures::StreamExt;
use futures::future::{Either, select};

use super::ports::{Brief, Interrupt, Piece, Progress, SynthesisError, Synthesizer};

/// A text with the evidence it cites.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Written {
    /// Markdown with marks `[n]`, `n` counting `cited` from 1.
    pub text: String,
    /// Indexes into the brief's evidence, in the order of their first mark.
    pub cited: Vec<usize>,
}

/// What came of the writing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Composed {
    /// A text.
    Written(Written),
    /// The citizen stopped it.
    Stopped,
}

/// Writes with `writer`; where that fails, with `quoter`, which needs nothing but the evidence.
///
/// # Errors
/// Only when the quoting writer fails too.
pub async fn compose(
    writer: &dyn Synthesizer,
    quoter: &dyn Synthesizer,
    brief: Brief<'_>,
    progress: &dyn Progress,
) -> Result<Composed, SynthesisError> {
    match attempt(writer, brief, progress).await {
        Ok(Attempt::Written(written)) => return Ok(Composed::Written(written)),
        Ok(Attempt::Interrupted(Interrupt::Stopped)) => {
            progress.drop_draft();
            return Ok(Composed::Stopped);
        }
        Ok(Attempt::Interrupted(Interrupt::NobodyWatches)) => progress.drop_draft(),
        Err(error) => {
            tracing::warn!(%error, "falling back to quoting");
            progress.drop_draft();
        }
    }
    let mut stream = quoter.write(brief).await?;
    let mut draft = Draft::default();
    while let Some(piece) = stream.next().await {
        draft.push(piece?, brief.evidence.len());
    }
    draft.finish().map(Composed::Written)
}

enum Attempt {
    Written(Written),
    Interrupted(Interrupt),
}

/// One attempt. The interrupt wins over the writer even before the first piece has come, and dropping the stream
/// cancels the request behind it.
async fn attempt(
    writer: &dyn Synthesizer,
    brief: Brief<'_>,
    progress: &dyn Progress,
) -> Result<Attempt, SynthesisError> {
    let sources = brief.evidence.len();
    let work = async {
        let mut stream = writer.write(brief).await?;
        let mut draft = Draft::default();
        while let Some(piece) = stream.next().await {
            if let Some(shown) = draft.push(piece?, sources) {
                progress.delta(&shown);
            }
        }
        draft.finish()
    };
    match select(pin!(work), progress.interrupted()).await {
        Either::Left((written, _)) => written.map(Attempt::Written),
        Either::Right((interrupt, _)) => Ok(Attempt::Interrupted(interrupt)),
    }
}

/// The text so far; numbers the sources in the order in which they are first cited.
#[derive(Default)]
struct Draft {
    written: Written,
}

impl Draft {
    /// Takes a piece and returns what the citizen sees of it. A mark of a source that does not exist is left out.
    fn push(&mut self, piece: Piece, sources: usize) -> Option<String> {
        let shown = match piece {
            Piece::Text(text) => text,
            Piece::Cite(index) => {
                if index >= sources {
                    return None;
                }
                let cited = &mut self.written.cited;
                let place = cited.iter().position(|&known| known == index).unwrap_or_else(|| {
                    cited.push(index);
                    cited.len() - 1
                });
                format!("[{}]", place + 1)
            }
            Piece::Origin(..) | Piece::Usage(..) => return None,
        };
        self.written.text.push_str(&shown);
        Some(shown)
    }

    fn finish(self) -> Result<Written, SynthesisError> {
        let mut written = self.written;
        written.text = written.text.trim().to_owned();
        if written.text.is_empty() {
            return Err(SynthesisError::Unusable("it is empty".to_owned()));
        }
        // An answer that relies on nothing is a guess.
        if written.cited.is_empty() {
            return Err(SynthesisError::Unusable("it names no source".to_owned()));
        }
        Ok(written)
    }
}
