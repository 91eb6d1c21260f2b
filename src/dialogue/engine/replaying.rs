//! An answer of the past, written once more: from the same entries as they are now, with the same words of the question.

use super::super::aspect::Aspect;
use super::super::context::Locale;
use super::super::evidence::Evidence;
use super::super::ports::{Brief, Progress};
use super::super::trace::{self, Trace};
use super::super::writing::Text;
use super::Engine;
use super::course::Course;

/// What is written once more.
#[derive(Clone, PartialEq, Debug)]
pub struct Again {
    /// The question as the writer got it.
    pub question: String,
    /// The question that a model spelt out, if the writer got one.
    pub standalone: Option<String>,
    /// Which part of the evidence was asked for.
    pub aspect: Aspect,
    /// The language.
    pub locale: Locale,
    /// The ids of the entries that the writer was given, in their order.
    pub entries: Vec<String>,
    /// Whether no model was to be asked.
    pub quotes_only: bool,
}

/// What came of it.
#[derive(Clone, PartialEq, Debug)]
pub struct Replayed {
    /// The text; absent if none of the entries is in force any more.
    pub text: Option<String>,
    /// How it came about.
    pub trace: Trace,
}

impl Engine {
    /// What an entry says now: its id, which is another one where another entry took its place, and the digest. `None`: it
    /// is no longer in force.
    pub async fn present(&self, id: &str) -> Option<(String, String)> {
        let entry = self.retriever.entry(id).await.ok().flatten()?;
        Some((entry.id.clone(), trace::digest(&entry)))
    }

    /// Writes an answer once more. Nothing is remembered, and no text is taken that was kept.
    pub async fn again(&self, again: &Again, progress: &dyn Progress) -> Replayed {
        let screen = self.safeguards.screen.version();
        let course = Course::new(progress, &*self.safeguards.watch, screen, again.locale);
        let mut evidence: Vec<Evidence> = Vec::new();
        for id in &again.entries {
            if let Ok(Some(entry)) = self.retriever.entry(id).await {
                evidence.push(entry);
            }
        }
        if again.quotes_only {
            course.quote_only();
        }
        if evidence.is_empty() {
            return Replayed { text: None, trace: course.finish() };
        }
        let brief = Brief {
            standalone: again.standalone.as_deref(),
            aspect: again.aspect,
            ..Brief::new(&again.question, &evidence, again.locale)
        };
        let composed = self.compose(brief, None, &course).await;
        course.wrote(&brief, &composed);
        let text = match composed.text {
            Text::Written(written) => {
                let remarks = self.remarks(&evidence, &written.cited, again.locale);
                Some(written.text + &remarks)
            }
            Text::Stopped | Text::Failed | Text::Withheld => None,
        };
        Replayed { text, trace: course.finish() }
    }
}
