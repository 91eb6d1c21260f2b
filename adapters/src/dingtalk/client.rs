//! The channel's outward half: a reply becomes a card, messages and files.

use std::sync::{Arc, OnceLock, Weak};

use async_trait::async_trait;
use axum::Router;
use tokio_util::sync::CancellationToken;

use super::address::Address;
use super::api::Api;
use super::card::Cards;
use super::compose::{self, Style};
use super::config::{DingtalkSettings, Mode};
use super::fault::{Fault, Kind};
use super::intake::Refusals;
use super::memory::Chats;
use super::send::{Sender, To};
use super::{alarms, files, janitor, routes, stream, visitor};
use crate::message::Author;
use crate::{
    Alarm, Attachment, Channel, ChannelError, ChannelId, Delivered, Enterprise, File, Inbox, Kit, Limits,
    Media, NotesError, NotesExt, Outbound, Peer, Recognition, Unit, personal,
};

/// The longest text of one message, in bytes: 2 000 Chinese characters. The platform takes 15 000 bytes with all escapes
/// of `msgParam`, and about 3 000 characters on a card; a longer text is hard to read on a phone anyway.
const TEXT_BYTES: usize = 6_000;
/// The first part of the keys under which it is noted how much of a reply has left.
pub(super) const PARTS: &str = "part";

/// The DingTalk channel.
pub struct DingtalkChannel {
    pub(super) kit: Kit,
    pub(super) settings: DingtalkSettings,
    pub(super) api: Api,
    pub(super) chats: Chats,
    pub(super) cards: Cards,
    pub(super) refusals: Refusals,
    /// The gateway, once it has mounted the channel.
    inbox: OnceLock<Inbox>,
    /// Itself, for tasks that outlive a call.
    me: Weak<Self>,
}

impl DingtalkChannel {
    /// Builds the channel.
    pub fn new(kit: Kit, settings: DingtalkSettings) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            me: Weak::clone(me),
            api: Api::new(&kit, &settings),
            chats: Chats(Arc::clone(&kit.notes)),
            cards: Cards::default(),
            refusals: Refusals::default(),
            inbox: OnceLock::new(),
            kit,
            settings,
        })
    }

    /// Itself. `None` only while it is being taken down.
    pub(super) fn me(&self) -> Option<Arc<Self>> {
        self.me.upgrade()
    }

    pub(super) fn style(&self) -> Style<'_> {
        let settings = &self.settings;
        Style { words: &settings.words, locale: settings.locale, ai_label: settings.ai_label }
    }

    pub(super) fn sender(&self) -> Sender<'_> {
        Sender { api: &self.api, robot_code: &self.settings.robot_code, now: &self.kit.now }
    }

    pub(super) fn peer(&self, address: &Address) -> Peer {
        Peer { channel: self.kit.id.clone(), address: address.to_string() }
    }

    /// Hides from a group what identifies the citizen.
    async fn hide(&self, peer: &Peer, blocks: Vec<String>) -> Vec<String> {
        let texts: Vec<&str> = blocks.iter().map(String::as_str).collect();
        let places = personal::to_hide(&texts, &self.settings.personal, self.inbox.get(), peer).await;
        blocks.iter().zip(places).map(|(block, places)| personal::hide(block, &places)).collect()
    }

    /// Sends a part of the text; the first one goes onto the card that the answer was growing on, if there is one.
    async fn send_text(&self, to: &To<'_>, reply: &Outbound, part: &Part<'_>) -> Result<(), Fault> {
        if part.first && reply.author == Author::Robot && self.settings.card.is_some() {
            match self.finish_card(to, reply, part.text, part.last).await {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(channel.id = %self.kit.id, reason = error.0, "a card could not be looked up");
                }
            }
        }
        let style = self.style();
        let title = compose::title(part.text, &style);
        match self.sender().markdown(to, &title, part.text, part.first).await {
            Err(fault) if fault.kind == Kind::Content => {
                // The citizen is told that there was an answer, and the operator which code refused it.
                tracing::warn!(channel.id = %self.kit.id, reason = fault.code, reply.id = reply.id, "the words of a reply are refused");
                self.kit.alarms.raise(alarms::MESSAGE_REFUSED, fault.code);
                let words = self.settings.words.refused.say(self.settings.locale);
                self.sender().markdown(to, &compose::title(words, &style), words, part.first).await
            }
            other => other,
        }
    }

    /// Sends a helper's file, or says that it cannot be shown.
    async fn send_file(&self, to: &To<'_>, attachment: &Attachment) -> Result<(), Fault> {
        let file =
            self.kit.files.file(&attachment.id).await.map_err(|error| Fault::new(Kind::Away, error.0))?;
        let sent = match file {
            Some(file) => match files::upload(&self.api, attachment, file).await {
                Ok((key, parameters)) => self.sender().as_robot(to, key, &parameters).await,
                Err(fault) => Err(fault),
            },
            None => Err(Fault::new(Kind::Content, "the file is not kept any more")),
        };
        match sent {
            Err(fault)
                if !matches!(
                    fault.kind,
                    Kind::Away | Kind::Certificate | Kind::TooFast | Kind::Blocked | Kind::Token
                ) =>
            {
                tracing::warn!(channel.id = %self.kit.id, reason = fault.code, "a helper's file could not be sent");
                let (words, locale) = (&self.settings.words, self.settings.locale);
                let text = words.file_not_shown.fill(locale, &[("name", &attachment.name)]);
                self.sender().markdown(to, words.title.say(locale), &text, true).await
            }
            other => other,
        }
    }

    /// How many messages of a reply have left in earlier attempts.
    async fn already_sent(&self, reply: &Outbound) -> Result<(usize, Option<u64>), NotesError> {
        let note = self.kit.notes.get::<usize>(&[PARTS, &reply.id]).await?;
        Ok(note.map_or((0, None), |note| (note.value, Some(note.version))))
    }

    async fn deliver_to(&self, to: &To<'_>, peer: &Peer, reply: &Outbound) -> Result<(), ChannelError> {
        let mut blocks = compose::blocks(reply, &self.style());
        if to.address.is_group() {
            blocks = self.hide(peer, blocks).await;
        }
        let parts = compose::pack(&blocks, TEXT_BYTES);
        let steps = parts.len() + reply.attachments.len();
        let (mut sent, mut version) = self.already_sent(reply).await.map_err(|error| unavailable(&error))?;
        while sent < steps {
            let step = match parts.get(sent) {
                Some(text) => {
                    let part = Part { text, first: sent == 0, last: sent + 1 == parts.len() };
                    self.send_text(to, reply, &part).await
                }
                None => match reply.attachments.get(sent - parts.len()) {
                    Some(attachment) => self.send_file(to, attachment).await,
                    None => Ok(()),
                },
            };
            step?;
            sent += 1;
            if sent < steps {
                // What has left is noted at once, so that a failure of the next part does not send it again.
                let key = [PARTS, reply.id.as_str()];
                if let Err(error) = self.kit.notes.put(&key, version, &sent).await {
                    tracing::warn!(channel.id = %self.kit.id, reason = error.0, "it could not be noted what has left");
                }
                version = self.already_sent(reply).await.map_or(version, |(_, version)| version);
            }
        }
        if version.is_some() {
            // A note that stays is swept later.
            drop(self.kit.notes.write(&[PARTS, &reply.id], version, None).await);
        }
        Ok(())
    }
}

/// A part of a reply's text.
struct Part<'a> {
    text: &'a str,
    first: bool,
    last: bool,
}

fn unavailable(error: &NotesError) -> ChannelError {
    ChannelError::Unavailable { reason: error.to_string(), retry_after: None }
}

#[async_trait]
impl Channel for DingtalkChannel {
    fn id(&self) -> &ChannelId {
        &self.kit.id
    }

    fn called_by_platform(&self) -> bool {
        true
    }

    fn limits(&self) -> Option<Limits> {
        Some(Limits { text: TEXT_BYTES, unit: Unit::Bytes })
    }

    fn routes(self: Arc<Self>, inbox: Inbox) -> Router {
        // A second mounting brings the same gateway.
        drop(self.inbox.set(inbox.clone()));
        match self.settings.mode {
            Mode::Webhook => routes::router(self, inbox),
            Mode::Stream => Router::new(),
        }
    }

    async fn listen(&self, inbox: Inbox, stop: CancellationToken) -> Result<(), ChannelError> {
        drop(self.inbox.set(inbox.clone()));
        let Some(me) = self.me() else { return Ok(()) };
        let housekeeping = janitor::run(&me, stop.clone());
        match self.settings.mode {
            Mode::Stream => {
                tokio::join!(housekeeping, stream::run(&me, &inbox, stop));
            }
            Mode::Webhook => {
                tokio::join!(housekeeping, routes::register(&me, stop));
            }
        }
        Ok(())
    }

    async fn deliver(&self, to: &Peer, reply: &Outbound) -> Result<Delivered, ChannelError> {
        let Some(address) = Address::parse(&to.address) else {
            return Err(ChannelError::Gone("the address is of no kind that this channel knows".to_owned()));
        };
        let chat = self.chats.read(&address).await.map_err(|error| unavailable(&error))?;
        let target = To { address: &address, chat: &chat };
        self.deliver_to(&target, to, reply).await?;
        Ok(Delivered { platform_id: None })
    }

    async fn fetch(&self, media: &Media) -> Result<File, ChannelError> {
        Ok(files::fetch(&self.api, &self.settings.robot_code, media).await?)
    }

    fn is_private(&self, peer: &Peer) -> bool {
        Address::parse(&peer.address).is_some_and(|address| !address.is_group())
    }

    fn recognition(&self, peer: &Peer) -> Option<&dyn Recognition> {
        (self.settings.oauth && visitor::member(peer).is_some()).then_some(self)
    }

    async fn try_out(&self) -> Result<Option<String>, ChannelError> {
        self.api.try_token().await?;
        Ok(Some(match self.settings.mode {
            // No socket is opened: messages would come to it in place of the server's.
            Mode::Stream => {
                stream::ask_for_socket(self).await?;
                "取得 access token，Stream 连接已获准 it gives an access token and grants a stream".to_owned()
            }
            Mode::Webhook => "取得 access token it gives an access token".to_owned(),
        }))
    }

    async fn enterprise(&self, who: &Peer) -> Option<Enterprise> {
        self.workplace(who).await
    }

    fn alarms(&self) -> Vec<Alarm> {
        self.kit.alarms.raised()
    }
}
