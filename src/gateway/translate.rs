//! Channel words ↔ dialogue words.

use adapters::message as channel;
use adapters::{ChannelId, Content, Locale, Outbound, Peer};

use super::Gateway;
use crate::dialogue::{self, Input, Medium, Position, Utterance};
use crate::privacy::mask;
use crate::records::files::shown_name;
use crate::records::message::{
    AttachmentRecord, AttachmentState, AuthorRecord, LinkKindRecord, LinkRecord, MessageRecord,
};
use crate::records::{ConversationRecord, token};
use crate::store::StoreError;

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

/// What a citizen did, as it waits to be handled: with labels in the place of what identifies a person. What the labels stand
/// for is kept with the message; the core and the models never have it.
pub(super) fn masked(content: Content) -> Content {
    let masked = |text: String| mask(&text).into_owned();
    match content {
        Content::Text { text } => Content::Text { text: masked(text) },
        Content::Media { mut media, text } => {
            media.name = media.name.map(|name| masked(shown_name(&name)));
            Content::Media { media, text: text.map(masked) }
        }
        Content::Place { lat, lng, label } => Content::Place { lat, lng, label: label.map(masked) },
        Content::Rating { score, comment } => Content::Rating { score, comment: comment.map(masked) },
        // Keys and ids are the program's own: what is not known is refused or masked where it is looked up.
        other @ (Content::Choice { .. }
        | Content::Feedback { .. }
        | Content::Open { .. }
        | Content::Hello
        | Content::Human
        | Content::Anew
        | Content::Stop) => other,
    }
}

impl Gateway {
    /// Stored messages as a channel shows them to the citizen: the store and the desk have labels in the place of what
    /// identifies a person, the citizen's own view has what was written.
    pub(super) async fn outbound(
        &self,
        conversation: &str,
        messages: Vec<MessageRecord>,
    ) -> Result<Vec<Outbound>, StoreError> {
        Ok(self.ledger.opened(conversation, messages).await?.into_iter().map(outbound).collect())
    }
}

/// A stored message as a channel shows it to the citizen: without what only helpers see.
fn outbound(message: MessageRecord) -> Outbound {
    // Helpers see labels also in what was stored before a rule for it, so that is as private as what was hidden.
    let of_people = matches!(message.author, AuthorRecord::Citizen | AuthorRecord::Helper);
    let private = message.private || of_people && mask(&message.text) != message.text;
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
                links: citation.links.into_iter().map(link).collect(),
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
        private,
        opens: message.opens,
    }
}

/// Where an entry leads besides its own page.
fn link(record: LinkRecord) -> channel::Link {
    let kind = match record.kind {
        LinkKindRecord::Map => channel::LinkKind::Map,
        LinkKindRecord::Appointment => channel::LinkKind::Appointment,
    };
    channel::Link { kind, label: record.label, url: record.url }
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
