//! What stands in the thread for what a citizen did: words, or a file, a place, an entry that was opened.

use adapters::{Content, Inbound, Media, MediaKind, Peer, SubmitError};
use uuid::Uuid;

use super::fetching::{self, FetchRecord};
use super::inbox::Obstacle;
use super::{Gateway, translate};
use crate::dialogue::{Phrase, Stage};
use crate::privacy::Hidden;
use crate::records::files::{handed_in_by, settle, shown_name};
use crate::records::private;
use crate::records::{AuthorRecord, Change, ConversationRecord, MessageRecord, StagedFile, keys};
use crate::store::{StoreError, StoreExt, Version};

/// What stands in the thread for what a citizen did.
#[derive(Clone, Default)]
pub(super) struct Shown {
    pub(super) text: String,
    /// What lists show where there are no words.
    pub(super) label: Option<Phrase>,
    /// What the platform calls the place that was sent.
    pub(super) place: Option<String>,
    pub(super) file: Option<Arriving>,
}

/// A file that comes with a message.
#[derive(Clone)]
pub(super) enum Arriving {
    /// The channel has handed it in.
    Staged(StagedFile, Version),
    /// Its platform has it. The id is the one it will have here.
    OnPlatform(String, Media),
}

impl Gateway {
    /// The same message as a rating, if its words are one: where the platform has no stars to tap, and the last thing
    /// that was said asked for a rating.
    pub(super) async fn rated_in_words(
        &self,
        inbound: &Inbound,
        current: Option<&ConversationRecord>,
    ) -> Result<Option<Inbound>, StoreError> {
        let (Content::Text { text }, Some(record)) = (&inbound.content, current) else { return Ok(None) };
        let in_words =
            self.channels.get(&inbound.peer.channel).is_some_and(|channel| channel.rates_in_words());
        if !in_words || record.conversation()?.stage != Stage::WrapUp {
            return Ok(None);
        }
        let Some(score) = self.engine.rating(text) else { return Ok(None) };
        let last = self.ledger.store().get_json(&keys::message(&record.id, record.last_seq)).await?;
        let asked = last.is_some_and(|(last, _): (MessageRecord, _)| last.ask_rating);
        let content = Content::Rating { score, comment: None };
        Ok(asked.then(|| Inbound { content, ..inbound.clone() }))
    }

    /// What stands in the thread for what the citizen did; `None` for what is not shown there.
    pub(super) async fn shown(
        &self,
        inbound: &Inbound,
        referred: Option<&MessageRecord>,
    ) -> Result<Option<Shown>, Obstacle> {
        let words = |text: String| Some(Shown { text, ..Shown::default() });
        let say = |phrase| self.engine.phrases().get(phrase, translate::locale(inbound.locale)).to_owned();
        Ok(match &inbound.content {
            Content::Text { text } => words(text.clone()),
            Content::Human => words(say(Phrase::AskedByButton)),
            Content::Choice { key, .. } => referred
                .and_then(|message| message.choices.iter().find(|choice| &choice.key == key))
                .and_then(|choice| words(choice.label.clone())),
            Content::Media { media, text } => Some(Shown {
                text: text.clone().unwrap_or_default(),
                label: Some(match media.kind {
                    MediaKind::Image => Phrase::ShownPicture,
                    MediaKind::Voice => Phrase::ShownRecording,
                    MediaKind::Video => Phrase::ShownFilm,
                    MediaKind::File => Phrase::ShownFile,
                }),
                place: None,
                file: Some(self.arriving(&inbound.peer, media).await?),
            }),
            // Where somebody is stands nowhere but in what waits to be handled.
            Content::Place { label, .. } => {
                Some(Shown { text: say(Phrase::ShownPlace), place: label.clone(), ..Shown::default() })
            }
            Content::Open { entry } => self.engine.title(entry).await.and_then(words),
            Content::Hello | Content::Feedback { .. } | Content::Rating { .. } => None,
            Content::Anew | Content::Stop => None,
        })
    }

    async fn arriving(&self, peer: &Peer, media: &Media) -> Result<Arriving, Obstacle> {
        let Some(id) = media.handed_in_id() else {
            return Ok(Arriving::OnPlatform(Uuid::new_v4().simple().to_string(), media.clone()));
        };
        let owner = handed_in_by(peer.channel.as_str(), &peer.address);
        match self.files.staged_by(id, &owner).await? {
            Some((staged, version)) => Ok(Arriving::Staged(staged, version)),
            None => Err(Obstacle::Refused(SubmitError::UnknownMessage)),
        }
    }

    /// Appends what the citizen did to the thread, and what comes with it to the same commit.
    pub(super) fn show(&self, change: &mut Change, inbound: &Inbound, shown: Shown) -> u64 {
        let mut message =
            MessageRecord::new(Uuid::now_v7().to_string(), AuthorRecord::Citizen, change.now, shown.text);
        message.client_id = Some(inbound.id.clone());
        message.place = shown.place;
        let mut on_platform = None;
        match shown.file {
            Some(Arriving::Staged(staged, version)) => {
                message.attachments.push(settle(change, &staged, version, AuthorRecord::Citizen));
            }
            Some(Arriving::OnPlatform(id, mut media)) => {
                if let Some(name) = &mut media.name {
                    *name = shown_name(name);
                    change.keep_hidden(keys::private_name(&id), private::one(Hidden::take(name)));
                }
                message.attachments.push(fetching::pending(id.clone(), &media));
                on_platform = Some((id, media));
            }
            None => {}
        }
        let before = change.record.preview.clone();
        let wordless = message.text.is_empty();
        let seq = change.append(message);
        if let Some((id, media)) = on_platform {
            let record = FetchRecord {
                conversation: change.record.id.clone(),
                seq,
                channel: inbound.peer.channel.as_str().to_owned(),
                media,
                attempts: 0,
                not_before: None,
                since: change.now,
            };
            change.put(keys::fetch(&id), &record);
        }
        if inbound.content == Content::Human && !before.is_empty() {
            // The button says nothing of the matter; what was asked before it does.
            change.record.preview = before;
        } else if let Some(label) = shown.label.filter(|_| wordless) {
            self.engine.phrases().get(label, change.record.locale()).clone_into(&mut change.record.preview);
        }
        seq
    }
}
