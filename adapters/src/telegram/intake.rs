//! An update arrives, by poll or by webhook: what it says is durable before it counts as taken.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use teloxide_core::payloads::AnswerCallbackQuerySetters;
use teloxide_core::prelude::Requester;
use teloxide_core::types::CallbackQueryId;

use super::account::Account;
use super::buttons::{self, Press};
use super::peers::address;
use super::wire::{self, Place, Update};
use super::{failure, stream};
use crate::{Content, Cursor, Inbound, Inbox, NotesError, Peer, SubmitError, Wording};

/// How many pages of a thread are read for a choice whose key did not fit into its button.
const PAGES: usize = 50;

/// What became of an update.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Taken {
    /// It is durable, or nothing is to be kept of it: Telegram may forget it.
    Done,
    /// It could not be made durable; Telegram should keep it and it is tried again after this.
    Later(Duration),
}

/// How long to wait when the notes or Telegram cannot be asked.
const A_WHILE: Duration = Duration::from_secs(2);

impl Account {
    /// Takes an update. What is said to the citizen about it is not waited for.
    pub(super) async fn take(self: &Arc<Self>, inbox: &Inbox, update: &Value) -> Taken {
        let us = if wire::is_of_group(update) {
            match self.us().await {
                Ok(us) => Some(us),
                Err(error) => {
                    tracing::warn!(channel.id = %self.settings.kit.id, reason = failure::describe(&error), "the bot's name is not known yet");
                    return Taken::Later(A_WHILE);
                }
            }
        } else {
            None
        };
        let taken = match wire::read(update, us) {
            Update::Nothing => Ok(Taken::Done),
            Update::Moved { from, to } => self.peers.moved(from, to).await.map(|()| Taken::Done),
            Update::Unreadable { place } => self.unreadable(&place).await,
            Update::Said { place, id, content } => self.said(inbox, &place, id, content).await,
            Update::Pressed { place, query, data } => self.pressed(inbox, &place, query, &data).await,
        };
        taken.unwrap_or_else(|error: NotesError| {
            tracing::error!(channel.id = %self.settings.kit.id, %error, "an update could not be taken");
            Taken::Later(A_WHILE)
        })
    }

    /// The citizen behind a place, whose language and message are remembered for the answer.
    async fn peer(&self, place: &Place) -> Result<Peer, NotesError> {
        let chat = if place.group { self.peers.first_chat(place.chat).await? } else { place.chat };
        let address = address(place, chat);
        let (last, thread) = if place.group { (Some(place.message), place.thread) } else { (None, None) };
        self.peers
            .change(&address, |known| {
                known.locale = place.locale;
                known.last = last;
                known.thread = thread;
            })
            .await?;
        Ok(Peer { channel: self.settings.kit.id.clone(), address })
    }

    async fn unreadable(self: &Arc<Self>, place: &Place) -> Result<Taken, NotesError> {
        let peer = self.peer(place).await?;
        self.tell_later(&peer, self.settings.words.unreadable.say(place.locale).to_owned());
        Ok(Taken::Done)
    }

    async fn said(
        self: &Arc<Self>,
        inbox: &Inbox,
        place: &Place,
        id: String,
        content: Content,
    ) -> Result<Taken, NotesError> {
        let peer = self.peer(place).await?;
        let inbound = self.inbound(&peer, place, id, content);
        let content = inbound.content.clone();
        match self.submit(inbox, inbound, place).await {
            Ok(()) => Ok(Taken::Done),
            Err(SubmitError::Busy { .. } | SubmitError::Unavailable) => Ok(Taken::Later(A_WHILE)),
            Err(refusal) => {
                if let Some(text) = self.refusal(&content, &refusal, place) {
                    self.tell_later(&peer, text);
                }
                Ok(Taken::Done)
            }
        }
    }

    async fn pressed(
        self: &Arc<Self>,
        inbox: &Inbox,
        place: &Place,
        query: String,
        data: &str,
    ) -> Result<Taken, NotesError> {
        let words = &self.settings.words;
        let peer = self.peer(place).await?;
        let content = match buttons::pressed(data) {
            Some(Press::Submit(content)) => Some(content),
            Some(Press::ChoiceAt { message, index }) => self.choice(inbox, &peer, message, index).await,
            None => None,
        };
        let Some(content) = content else {
            self.answer_later(query, Some(&words.expired), place);
            return Ok(Taken::Done);
        };
        let inbound = self.inbound(&peer, place, buttons::press_id(&content, &query), content);
        let content = inbound.content.clone();
        match self.submit(inbox, inbound, place).await {
            Ok(()) => {
                let shown = match content {
                    Content::Feedback { .. } => Some(&words.thanks),
                    Content::Rating { .. } => Some(&words.rated),
                    Content::Human => Some(&words.calling),
                    _ => None,
                };
                self.answer_later(query, shown, place);
                Ok(Taken::Done)
            }
            Err(SubmitError::Busy { .. } | SubmitError::Unavailable) => Ok(Taken::Later(A_WHILE)),
            Err(SubmitError::RateLimited { .. }) => {
                self.answer_later(query, Some(&words.too_fast), place);
                Ok(Taken::Done)
            }
            Err(SubmitError::UnknownMessage | SubmitError::UnknownConversation) => {
                self.answer_later(query, Some(&words.expired), place);
                Ok(Taken::Done)
            }
            Err(_) => {
                self.answer_later(query, Some(&words.not_now), place);
                Ok(Taken::Done)
            }
        }
    }

    /// A choice by its place in the message that offered it.
    async fn choice(&self, inbox: &Inbox, peer: &Peer, message: String, index: usize) -> Option<Content> {
        let mut cursor = Cursor::default();
        for _ in 0..PAGES {
            let thread = inbox.thread(peer, &cursor).await.ok()?;
            if let Some(offer) = thread.messages.iter().find(|found| found.id == message) {
                let key = offer.choices.get(index)?.key.clone();
                return Some(Content::Choice { message, key });
            }
            let last = thread.messages.last()?.seq;
            cursor = Cursor { conversation: thread.conversation, after: last };
        }
        None
    }

    fn inbound(&self, peer: &Peer, place: &Place, id: String, content: Content) -> Inbound {
        Inbound {
            id,
            peer: peer.clone(),
            content,
            locale: place.locale,
            region: None,
            audience: None,
            received_at: (self.settings.kit.now)(),
        }
    }

    async fn submit(
        self: &Arc<Self>,
        inbox: &Inbox,
        inbound: Inbound,
        place: &Place,
    ) -> Result<(), SubmitError> {
        let peer = inbound.peer.clone();
        // Others read along in groups, and the limits there are narrow: no drafts.
        let watching = if place.group { None } else { Some(stream::watch(self, inbox, &peer)) };
        let ticket = inbox.submit(inbound).await?;
        if let Some(watching) = watching.filter(|_| !ticket.accepted.repeated) {
            stream::follow(self, watching, peer, place.chat, ticket);
        }
        Ok(())
    }

    /// What the citizen is told of a message that was not taken.
    fn refusal(&self, content: &Content, refusal: &SubmitError, place: &Place) -> Option<String> {
        let words = &self.settings.words;
        let said = match (refusal, content) {
            (SubmitError::TooLong { limit }, _) => {
                return Some(words.too_long.fill(place.locale, &[("limit", &limit.to_string())]));
            }
            (SubmitError::RateLimited { .. }, _) => &words.too_fast,
            (SubmitError::Empty, _) => &words.unreadable,
            (_, Content::Hello | Content::Open { .. }) => &words.hello,
            (_, Content::Media { .. } | Content::Place { .. }) => &words.words_only,
            _ => &words.not_now,
        };
        Some(said.say(place.locale).to_owned())
    }

    fn tell_later(self: &Arc<Self>, peer: &Peer, text: String) {
        if !self.may_tell(&peer.address) {
            return;
        }
        let account = Arc::clone(self);
        let address = peer.address.clone();
        tokio::spawn(async move {
            if let Err(error) = account.tell(&address, &text).await {
                let reason = failure::describe(&error);
                tracing::warn!(channel.id = %account.settings.kit.id, reason, "a notice could not be sent");
            }
        });
    }

    /// Lets the button stop waiting; Telegram shows a clock on it until then.
    fn answer_later(self: &Arc<Self>, query: String, shown: Option<&Wording>, place: &Place) {
        let shown = shown.map(|words| words.say(place.locale).to_owned());
        let account = Arc::clone(self);
        tokio::spawn(async move {
            let mut request = account.bot.answer_callback_query(CallbackQueryId(query));
            if let Some(text) = shown {
                request = request.text(text);
            }
            if let Err(error) = request.await {
                // A query that is too old to be answered has stopped waiting by itself.
                let reason = failure::describe(&error);
                tracing::debug!(channel.id = %account.settings.kit.id, reason, "a button was not answered");
            }
        });
    }
}
