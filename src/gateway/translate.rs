//! Channel words ↔ dialogue words.

use adapters::message as channel;
use adapters::{ChannelId, Content, Locale, Outbound, Peer};

use super::Gateway;
use crate::dialogue::{self, Input, Medium, Position, Utterance};
use crate::records::message::{AttachmentRecord, AttachmentState, AuthorRecord, MessageRecord};
use crate::records::{ConversationRecord, keys, token};
use crate::store::{StoreError, StoreExt};

/// The core's name of a channel's language.
pub(super) fn locale(locale: Locale) -> dialogue::Locale {
    match locale {
        Locale::Zh => dialogue::Locale::Zh,
        Locale::En => dialogue::Locale::En,
    }
}

/// Who a conversation is held with.
pub(super) fn peer(record: &ConversationRecord) -> Peer {
    Peer { channel: ChannelId::new(&record.channel), address: record.address.clone() }
}

/// The core's name of what a file is.
pub(super) fn medium(kind: channel::MediaKind) -> Medium {
    match kind {
        channel::MediaKind::Image => Medium::Picture,
        channel::MediaKind::Voice => Medium::Recording,
        channel::MediaKind::Video => Medium::Film,
        channel::MediaKind::File => Medium::File,
    }
}

/// What a citizen did in a conversation, as a turn takes it. `None`: it is no turn.
pub(super) fn input(
    record: &ConversationRecord,
    content: Content,
    region: Option<String>,
    audience: Option<channel::Audience>,
) -> Option<Input> {
    let utterance = match content {
        Content::Text { text } => Utterance::Text(text),
        Content::Choice { key, .. } => Utterance::Choice(key),
        Content::Feedback { useful, .. } => Utterance::Feedback { useful },
        Content::Human => Utterance::Human,
        // What the platform heard in a recording is what the citizen said.
        Content::Media { media, text: Some(text) } if media.kind == channel::MediaKind::Voice => {
            Utterance::Text(text)
        }
        Content::Media { media, text } => Utterance::Media { kind: medium(media.kind), words: text },
        Content::Place { lat, lng, label } => Utterance::Place { at: Position { lng, lat }, label },
        Content::Open { entry } => Utterance::Open(entry),
        Content::Hello => Utterance::Hello,
        Content::Rating { .. } | Content::Anew | Content::Stop => return None,
    };
    let audience = audience.map(|audience| match audience {
        channel::Audience::Citizen => dialogue::Audience::Citizen,
        channel::Audience::Enterprise => dialogue::Audience::Enterprise,
    });
    let asker = token::digest(&format!("{}\n{}", record.channel, record.address));
    Some(Input { utterance, locale: record.locale(), region, audience, asker: Some(asker) })
}

impl Gateway {
    /// Stored messages as a channel shows them to the citizen. A model was given labels in the place of what identifies the
    /// citizen; in the citizen's own view of its answer the labels are taken back. The store and the desk keep them.
    pub(super) async fn outbound(
        &self,
        conversation: &str,
        messages: Vec<MessageRecord>,
    ) -> Result<Vec<Outbound>, StoreError> {
        let mut shown = Vec::with_capacity(messages.len());
        for mut message in messages {
            let labelled = message.author == AuthorRecord::Robot && message.text.contains('【');
            if let Some(asked) = message.asked.filter(|_| labelled) {
                let key = keys::message(conversation, asked);
                if let Some((asked, _)) = self.ledger.store().get_json::<MessageRecord>(&key).await? {
                    message.text = crate::privacy::give_back(&message.text, &asked.text).into_owned();
                }
            }
            shown.push(outbound(message));
        }
        Ok(shown)
    }
}

/// A stored message as a channel shows it to the citizen: without what only helpers see.
fn outbound(message: MessageRecord) -> Outbound {
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
        attachments: message.attachments.into_iter().filter_map(attachment).collect(),
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

/// A file that can be read; one that is on its way or lost is none.
fn attachment(record: AttachmentRecord) -> Option<channel::Attachment> {
    (record.state == AttachmentState::Kept).then(|| channel::Attachment {
        id: record.id,
        kind: super::files::kind(record.kind),
        name: record.name,
        mime: record.mime.unwrap_or_default(),
        bytes: record.bytes.unwrap_or_default(),
    })
}
