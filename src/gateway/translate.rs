//! Channel words ↔ dialogue words.

use adapters::message as channel;
use adapters::{Content, Locale, Outbound};

use crate::dialogue::{self, Input, Utterance};
use crate::records::message::{AuthorRecord, MessageRecord};

/// The core's name of a channel's language.
pub(super) fn locale(locale: Locale) -> dialogue::Locale {
    match locale {
        Locale::Zh => dialogue::Locale::Zh,
        Locale::En => dialogue::Locale::En,
    }
}

/// What a citizen did, as a turn takes it. `None`: it is no turn.
pub(super) fn input(
    content: Content,
    locale: dialogue::Locale,
    region: Option<String>,
    audience: Option<channel::Audience>,
) -> Option<Input> {
    let utterance = match content {
        Content::Text { text } => Utterance::Text(text),
        Content::Choice { key, .. } => Utterance::Choice(key),
        Content::Feedback { useful, .. } => Utterance::Feedback { useful },
        Content::Human => Utterance::Human,
        Content::Media { .. } | Content::Place { .. } | Content::Open { .. } | Content::Hello => return None,
        Content::Rating { .. } | Content::Anew | Content::Stop => return None,
    };
    let audience = audience.map(|audience| match audience {
        channel::Audience::Citizen => dialogue::Audience::Citizen,
        channel::Audience::Enterprise => dialogue::Audience::Enterprise,
    });
    Some(Input { utterance, locale, region, audience })
}

/// A stored message as a channel shows it to the citizen: without what only helpers see.
pub(super) fn outbound(message: MessageRecord) -> Outbound {
    Outbound {
        seq: message.seq,
        id: message.id,
        author: match message.author {
            AuthorRecord::Citizen => channel::Author::Citizen,
            AuthorRecord::Robot => channel::Author::Robot,
            AuthorRecord::Helper => channel::Author::Helper,
            AuthorRecord::System => channel::Author::System,
        },
        name: message.name,
        at: message.at,
        text: message.text,
        outcome: message.outcome,
        citations: message
            .citations
            .into_iter()
            .map(|citation| channel::Citation {
                number: citation.number,
                id: citation.id,
                title: citation.title,
                kind: citation.kind,
                url: citation.url,
                quote: citation.quote,
                source: citation.source,
                department: citation.department,
            })
            .collect(),
        attachments: Vec::new(),
        choices: message
            .choices
            .into_iter()
            .map(|choice| channel::Choice { key: choice.key, label: choice.label })
            .collect(),
        offer_human: message.offer_human,
        call: message
            .call
            .into_iter()
            .map(|call| channel::Call { label: call.label, number: call.number })
            .collect(),
        ask_rating: message.ask_rating,
        client_id: message.client_id,
        feedback: message.feedback,
    }
}
