//! One message of the thread → what is sent to Telegram, step by step.

use teloxide_core::types::InlineKeyboardMarkup;

use super::TelegramWords;
use super::buttons;
use super::render::{Doc, Mark, Part, TEXT_UNITS};
use crate::{Attachment, Author, Locale, Outbound};

/// One thing to send. Steps are numbered, so that a reply that was sent in part is gone on with.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Step {
    /// A text, the last one with the buttons.
    Text { part: Part, keyboard: Option<InlineKeyboardMarkup> },
    /// A file.
    File(Attachment),
}

/// What a reply with this text is sent as; `pages`: pages of ours are opened by a button here.
pub(super) fn steps(
    doc: &Doc,
    reply: &Outbound,
    words: &TelegramWords,
    locale: Locale,
    pages: bool,
) -> Vec<Step> {
    let mut parts = doc.parts(TEXT_UNITS);
    let mut keyboard = buttons::keyboard(reply, words, locale, pages);
    if parts.is_empty() && keyboard.is_some() {
        // Buttons hang on a text.
        parts.push(Part::bare("…"));
    }
    let last = parts.len().saturating_sub(1);
    let texts = parts.into_iter().enumerate().map(|(index, part)| {
        let keyboard = if index == last { keyboard.take() } else { None };
        Step::Text { part, keyboard }
    });
    let texts: Vec<Step> = texts.collect();
    texts.into_iter().chain(reply.attachments.iter().cloned().map(Step::File)).collect()
}

/// What a draft shows: the beginning of the answer, as far as it fits into one message.
pub(super) fn draft(text: &str) -> Option<Part> {
    let mut doc = Doc::default();
    doc.markdown(text);
    doc.text(" …", &[]);
    doc.parts(TEXT_UNITS).into_iter().next()
}

/// The text of a reply: what it says, the numbers to call, the choices and the sources.
pub(super) fn doc(reply: &Outbound, words: &TelegramWords, locale: Locale) -> Doc {
    let mut doc = Doc::default();
    if let (Author::Helper, Some(name)) = (reply.author, &reply.name) {
        doc.text(name, &[Mark::Bold]);
        doc.line();
    }
    doc.markdown(&reply.text);
    for call in &reply.call {
        doc.line();
        doc.text(&format!("☎ {} {}", call.label, call.number), &[Mark::Bold]);
    }
    doc.paragraph();
    // Buttons cut long labels off, so the choices stand in the text, too.
    for choice in &reply.choices {
        doc.line();
        doc.text(&buttons::shown(choice), &[]);
    }
    if !reply.citations.is_empty() {
        doc.paragraph();
        doc.text(words.sources.say(locale), &[Mark::Bold]);
    }
    for citation in &reply.citations {
        doc.line();
        doc.text(&format!("[{}] ", citation.number), &[]);
        let link = citation.url.iter().map(|url| Mark::Link(url.clone()));
        doc.text(&citation.title, &link.collect::<Vec<_>>());
        for more in [&citation.source, &citation.department].into_iter().flatten() {
            doc.text(&format!(" · {more}"), &[]);
        }
    }
    if reply.author == Author::Robot && !reply.citations.is_empty() {
        doc.paragraph();
        doc.text(words.label.say(locale), &[Mark::Italic]);
    }
    doc
}

#[cfg(test)]
mod tests;
