//! The channel's outward half: a reply becomes messages, edits and files.
//!
//! Telegram has no key by which it would recognise a message that is sent again. So each step is noted when it is done, and
//! a reply that is handed over again goes on behind the last noted step. Only a program that is killed between a step and
//! its note sends that one step twice.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use teloxide_core::RequestError;
use teloxide_core::payloads::{EditMessageTextSetters, SendMessageSetters};
use teloxide_core::prelude::Requester;
use teloxide_core::types::{
    ChatId, InlineKeyboardMarkup, LinkPreviewOptions, MessageId, ParseMode, ReplyMarkup, ReplyParameters,
    ThreadId,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::account::Account;
use super::compose::{self, Step};
use super::config::{Mode, TelegramSettings};
use super::failure::{self, channel_error};
use super::lines::Progress;
use super::peers::{Draft, Known, Sent, chat_of, is_group, unavailable};
use super::render::{Doc, Part, TEXT_UNITS};
use super::{buttons, polling, routes, watch};
use crate::{
    Alarm, Author, Channel, ChannelError, ChannelId, Delivered, File, Inbox, Limits, Media, Outbound, Peer,
    Recognition, Unit, personal,
};

/// The shortest time between two edits in one chat.
pub(super) const EDIT_EVERY: Duration = Duration::from_secs(1);

/// The Telegram channel.
pub struct TelegramChannel {
    pub(super) account: Arc<Account>,
}

/// Where a reply goes.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) address: String,
    pub(super) chat: ChatId,
    pub(super) thread: Option<ThreadId>,
    pub(super) answers: Option<MessageId>,
}

impl TelegramChannel {
    /// Builds the channel, inside of a runtime: the rates are kept by a task.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(settings: TelegramSettings) -> Result<Arc<Self>, ChannelError> {
        Ok(Arc::new(Self { account: Arc::new(Account::new(settings)?) }))
    }
}

#[async_trait]
impl Channel for TelegramChannel {
    fn id(&self) -> &ChannelId {
        &self.account.settings.kit.id
    }

    fn called_by_platform(&self) -> bool {
        true
    }

    fn is_left_when_unwatched(&self) -> bool {
        true
    }

    fn limits(&self) -> Option<Limits> {
        Some(Limits { text: TEXT_UNITS, unit: Unit::Utf16 })
    }

    fn routes(self: Arc<Self>, inbox: Inbox) -> Router {
        // A second mounting brings the same gateway.
        drop(self.account.inbox.set(inbox.clone()));
        match self.account.settings.mode {
            Mode::Webhook => routes::router(Arc::clone(&self.account), inbox),
            Mode::Polling => Router::new(),
        }
    }

    async fn listen(&self, inbox: Inbox, stop: CancellationToken) -> Result<(), ChannelError> {
        drop(self.account.inbox.set(inbox.clone()));
        self.account.stops_with(stop.clone());
        let working = async {
            match self.account.settings.mode {
                Mode::Webhook => watch::watch(&self.account).await,
                Mode::Polling => polling::poll(&self.account, &inbox).await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = working => {}
        }
        // What is being put on a screen is put there and noted; the program bounds how long it waits.
        self.account.tasks.close();
        self.account.tasks.wait().await;
        Ok(())
    }

    async fn deliver(&self, to: &Peer, reply: &Outbound) -> Result<Delivered, ChannelError> {
        if reply.author == Author::Citizen {
            return Ok(Delivered { platform_id: None });
        }
        let line = self.account.lines.of(&to.address);
        let mut progress = line.turn.lock().await;
        let done = self.account.hand_over(&to.address, reply, &mut progress).await;
        if matches!(done, Ok(_) | Err(ChannelError::Gone(_))) {
            progress.hand_over(&reply.id);
        }
        done
    }

    async fn fetch(&self, media: &Media) -> Result<File, ChannelError> {
        self.account.fetch(media).await
    }

    fn is_private(&self, peer: &Peer) -> bool {
        !is_group(&peer.address)
    }

    fn recognition(&self, peer: &Peer) -> Option<&dyn Recognition> {
        (self.account.settings.shows_pages() && !is_group(&peer.address)).then_some(self)
    }

    async fn try_out(&self) -> Result<Option<String>, ChannelError> {
        watch::try_out(&self.account).await.map(Some)
    }

    fn alarms(&self) -> Vec<Alarm> {
        self.account.alarms().raised()
    }
}

impl Account {
    /// Sends what has not been sent of a reply.
    async fn hand_over(
        &self,
        address: &str,
        reply: &Outbound,
        progress: &mut Progress,
    ) -> Result<Delivered, ChannelError> {
        let chat =
            chat_of(address).ok_or_else(|| ChannelError::Gone("no address of this channel".to_owned()))?;
        let known = self.peers.known(address).await.map_err(|error| unavailable(&error))?;
        let mut sent = known.sent(&reply.id).cloned().unwrap_or_else(|| Sent {
            id: reply.id.clone(),
            steps: 0,
            whole: false,
            message: None,
        });
        if !sent.whole {
            let mut target = Target {
                address: address.to_owned(),
                chat: self.peers.present_chat(chat).await.map_err(|error| unavailable(&error))?,
                thread: known.thread.map(|id| ThreadId(MessageId(id))),
                answers: known.last.map(MessageId),
            };
            let draft = self.draft_for(&target, reply, &known, progress).await;
            let mut doc = compose::doc(reply, &self.settings.words, known.locale);
            if is_group(address) {
                self.hide(address, &mut doc).await;
            }
            let pages = self.settings.shows_pages() && !is_group(address);
            let steps = compose::steps(&doc, reply, &self.settings.words, known.locale, pages);
            for (index, step) in steps.iter().enumerate().skip(sent.steps) {
                let over = draft.filter(|_| index == 0);
                sent.message = self.step(&mut target, step, over, progress).await?.or(sent.message);
                sent.steps = index + 1;
                sent.whole = sent.steps == steps.len();
                self.note(address, &sent, over.is_some()).await?;
            }
        }
        Ok(Delivered { platform_id: sent.message.map(|id| id.to_string()) })
    }

    /// Hides from a group what identifies the citizen.
    async fn hide(&self, address: &str, doc: &mut Doc) {
        let citizen = Peer { channel: self.settings.kit.id.clone(), address: address.to_owned() };
        let whole = doc.plain();
        let find = &self.settings.personal;
        let places = personal::to_hide(&[&whole], find, self.inbox.get(), &citizen).await;
        doc.hide(&places.concat());
    }

    async fn note(&self, address: &str, sent: &Sent, draft_is_over: bool) -> Result<(), ChannelError> {
        let changed = self.peers.change(address, |known| {
            known.set_sent(sent.clone());
            if draft_is_over {
                known.draft = None;
            }
        });
        changed.await.map(drop).map_err(|error| unavailable(&error))
    }

    /// The message that shows a draft of this reply, to be edited into it. A draft that nobody goes on with (of a turn
    /// that was dropped, or of a program that ended) is taken off the screen.
    async fn draft_for(
        &self,
        target: &Target,
        reply: &Outbound,
        known: &Known,
        progress: &Progress,
    ) -> Option<MessageId> {
        let draft = known.draft.as_ref()?;
        if draft.turn == reply.id {
            return Some(MessageId(draft.message));
        }
        if progress.draft.as_ref() != Some(draft) {
            self.take_back(&target.address, target.chat, draft).await;
        }
        None
    }

    /// Takes a draft off the screen. It is a nicety: what fails here stays where it is.
    pub(super) async fn take_back(&self, address: &str, chat: ChatId, draft: &Draft) {
        if let Err(error) = self.bot.delete_message(chat, MessageId(draft.message)).await {
            tracing::debug!(channel.id = %self.settings.kit.id, reason = failure::describe(&error), "a draft stays");
        }
        let forgotten = self.peers.change(address, |known| {
            known.draft.take_if(|noted| noted == draft);
        });
        if let Err(error) = forgotten.await {
            tracing::warn!(channel.id = %self.settings.kit.id, %error, "a draft could not be forgotten");
        }
    }

    /// Does one step, at the group's new address when it has moved.
    async fn step(
        &self,
        target: &mut Target,
        step: &Step,
        draft: Option<MessageId>,
        progress: &mut Progress,
    ) -> Result<Option<i32>, ChannelError> {
        match self.try_step(target, step, draft, progress).await? {
            Err(RequestError::MigrateToChatId(chat)) => {
                let first = chat_of(&target.address).unwrap_or(target.chat.0);
                self.peers.moved(first, chat.0).await.map_err(|error| unavailable(&error))?;
                // Numbers of messages are a chat's own.
                *target = Target { chat, answers: None, thread: None, address: target.address.clone() };
                let done = self.try_step(target, step, None, progress).await?;
                done.map_err(|error| channel_error(&error, self.alarms()))
            }
            done => done.map_err(|error| channel_error(&error, self.alarms())),
        }
    }

    async fn try_step(
        &self,
        target: &Target,
        step: &Step,
        draft: Option<MessageId>,
        progress: &mut Progress,
    ) -> Result<Result<Option<i32>, RequestError>, ChannelError> {
        Ok(match step {
            Step::Text { part, keyboard } => match draft {
                Some(message) => self.edit_or_send(target, message, part, keyboard.as_ref(), progress).await,
                None => self.send(target, part, keyboard.as_ref()).await,
            },
            Step::File(attachment) => self.send_file(target, attachment).await?,
        })
    }

    async fn edit_or_send(
        &self,
        target: &Target,
        message: MessageId,
        part: &Part,
        keyboard: Option<&InlineKeyboardMarkup>,
        progress: &mut Progress,
    ) -> Result<Option<i32>, RequestError> {
        if let Some(last) = progress.edited {
            tokio::time::sleep_until(last + EDIT_EVERY).await;
        }
        let edited = self.edit(target.chat, message, part, keyboard).await;
        progress.edited = Some(Instant::now());
        match edited {
            Ok(()) => Ok(Some(message.0)),
            Err(error) if failure::is_uneditable(&error) => self.send(target, part, keyboard).await,
            Err(error) => Err(error),
        }
    }

    /// Edits a message; a text that is there already is fine.
    pub(super) async fn edit(
        &self,
        chat: ChatId,
        message: MessageId,
        part: &Part,
        keyboard: Option<&InlineKeyboardMarkup>,
    ) -> Result<(), RequestError> {
        let request = |text: &str| {
            let mut request =
                self.bot.edit_message_text(chat, message, text).link_preview_options(no_preview());
            if let Some(keyboard) = keyboard {
                request = request.reply_markup(keyboard.clone());
            }
            request
        };
        let edited = match request(&part.html).parse_mode(ParseMode::Html).await {
            Err(error) if failure::is_markup(&error) => {
                self.say_refused(&error);
                request(&part.plain).await
            }
            edited => edited,
        };
        match edited {
            Err(error) if failure::is_unmodified(&error) => Ok(()),
            other => other.map(drop),
        }
    }

    pub(super) async fn send(
        &self,
        target: &Target,
        part: &Part,
        keyboard: Option<&InlineKeyboardMarkup>,
    ) -> Result<Option<i32>, RequestError> {
        let request = |text: &str| {
            let mut request = self.bot.send_message(target.chat, text).link_preview_options(no_preview());
            if let Some(keyboard) = keyboard {
                request = request.reply_markup(ReplyMarkup::InlineKeyboard(keyboard.clone()));
            }
            if let Some(thread) = target.thread {
                request = request.message_thread_id(thread);
            }
            match target.answers {
                Some(message) => request.reply_parameters(answering(message)),
                None => request,
            }
        };
        let sent = match request(&part.html).parse_mode(ParseMode::Html).await {
            Err(error) if failure::is_markup(&error) => {
                self.say_refused(&error);
                request(&part.plain).await
            }
            sent => sent,
        };
        match (sent, keyboard.and_then(buttons::without_pages)) {
            // The link stands in the text as well.
            (Err(error), Some(rest)) if failure::is_button(&error) => {
                self.say_refused(&error);
                Box::pin(self.send(target, part, rest.as_ref())).await
            }
            (sent, _) => sent.map(|message| Some(message.id.0)),
        }
    }

    /// Sends a text of the channel's own to a private chat, or into a group.
    pub(super) async fn tell(&self, address: &str, text: &str) -> Result<Option<i32>, RequestError> {
        let Some(chat) = chat_of(address) else { return Ok(None) };
        let (known, present) = (self.peers.known(address).await, self.peers.present_chat(chat).await);
        let known = known.unwrap_or_default();
        let target = Target {
            address: address.to_owned(),
            chat: present.unwrap_or(ChatId(chat)),
            thread: known.thread.map(|id| ThreadId(MessageId(id))),
            answers: known.last.map(MessageId),
        };
        self.send(&target, &Part::bare(text), None).await
    }

    /// Shows the beginning of an answer, as a new message.
    pub(super) async fn begin_draft(&self, chat: ChatId, part: &Part) -> Result<Option<i32>, RequestError> {
        let target = Target { address: String::new(), chat, thread: None, answers: None };
        self.send(&target, part, None).await
    }

    fn say_refused(&self, error: &RequestError) {
        tracing::warn!(channel.id = %self.settings.kit.id, reason = failure::describe(error), "markup was refused; sent plain");
    }
}

fn no_preview() -> LinkPreviewOptions {
    LinkPreviewOptions {
        is_disabled: true,
        url: None,
        prefer_small_media: false,
        prefer_large_media: false,
        show_above_text: false,
    }
}

pub(super) fn answering(message: MessageId) -> ReplyParameters {
    ReplyParameters::new(message).allow_sending_without_reply()
}
