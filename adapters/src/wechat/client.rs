//! The channel: what it is made of, and its outward half.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::api::Api;
use super::config::WechatConfig;
use super::crypto::AesKey;
use super::link::{Links, Target};
use super::mailbox::Mailbox;
use super::open::OpenPushes;
use super::reader::Reader;
use super::render::{Speech, TEXT_BYTES};
use super::replays::Replays;
use super::words::WechatWords;
use super::{errors, media, replays, routes};
use crate::message::Attachment;
use crate::{
    Alarm, Channel, ChannelError, ChannelId, Cursor, Delivered, File, Inbox, Kit, Limits, Media, NotesError,
    NotesExt, Outbound, Peer, Recognition, Unit,
};

/// How long an account counts as unable to send by itself after the platform said so; then it is tried again.
const REFUSED: SignedDuration = SignedDuration::from_hours(1);
/// Where it is noted for all nodes.
const ACCOUNT: &[&str] = &["account"];
/// How often signatures are forgotten that are too old to be used.
const SWEEP: Duration = Duration::from_secs(60);
/// How long a delivery waits for the channel to be mounted, at the start of the program.
const MOUNTING: Duration = Duration::from_secs(10);

/// The WeChat channel.
pub struct WechatChannel {
    pub(super) kit: Kit,
    pub(super) config: WechatConfig,
    pub(super) words: Arc<WechatWords>,
    /// The present key, then the previous one.
    pub(super) keys: Vec<AesKey>,
    pub(super) api: Api,
    pub(super) mailbox: Mailbox,
    pub(super) open: OpenPushes,
    pub(super) replays: Replays,
    pub(super) links: Links,
    /// Names this process where it sends.
    pub(super) node: String,
    /// Whether the account was noted as unable to send by itself when that was read last.
    refused: AtomicBool,
    inbox: watch::Sender<Option<Inbox>>,
}

/// That the account cannot send by itself, as all nodes and the next start know it.
#[derive(Serialize, Deserialize)]
struct Refused {
    at: Timestamp,
}

impl Refused {
    fn detail(&self) -> String {
        format!("refused at {:.0}", self.at)
    }
}

impl WechatChannel {
    /// Builds the channel.
    pub fn new(kit: Kit, config: WechatConfig, words: Arc<WechatWords>) -> Arc<Self> {
        let keys = [&config.encoding_aes_key, &config.previous_encoding_aes_key];
        let keys = keys.into_iter().flatten().filter_map(|key| AesKey::parse(key.expose_secret())).collect();
        let base = kit.public_url.as_ref().map(|url| format!("{url}/channels/{}", kit.id));
        Arc::new(Self {
            api: Api::new(&kit, &config),
            mailbox: Mailbox::new(Arc::clone(&kit.notes)),
            links: Links::new(Arc::clone(&kit.notes), base),
            open: OpenPushes::default(),
            replays: Replays::default(),
            node: Uuid::new_v4().simple().to_string(),
            refused: AtomicBool::default(),
            inbox: watch::Sender::new(None),
            keys,
            config,
            words,
            kit,
        })
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.kit.now)()
    }

    pub(super) fn peer(&self, openid: &str) -> Peer {
        Peer { channel: self.kit.id.clone(), address: openid.to_owned() }
    }

    pub(super) fn speech(&self, reader: &Reader) -> Speech<'_> {
        Speech { words: &self.words, locale: reader.locale(), ai_label: self.config.ai_label }
    }

    /// Where a citizen's reading goes on.
    pub(super) fn cursor(reader: &Reader) -> Cursor {
        Cursor { conversation: reader.conversation.clone(), after: reader.shown }
    }

    /// A link to a helper's file.
    pub(super) fn file_link(&self, attachment: &Attachment) -> Option<String> {
        self.links.link(&Target::File { id: attachment.id.clone() }, self.now())
    }

    /// Whether the account sends by itself: it is verified, and the platform has not refused lately.
    pub(super) async fn sends(&self) -> Result<bool, NotesError> {
        if !self.config.verified {
            return Ok(false);
        }
        // Read each time, because another node may have been refused, or let in again, since.
        let noted = self.kit.notes.get::<Refused>(ACCOUNT).await?;
        self.refused.store(noted.is_some(), Ordering::Relaxed);
        let Some(noted) = noted else {
            self.kit.alarms.clear(errors::NO_RIGHT);
            return Ok(true);
        };
        self.kit.alarms.raise(errors::NO_RIGHT, noted.value.detail());
        Ok(self.now().duration_since(noted.value.at) >= REFUSED)
    }

    /// The platform says that the account has no right to send: from now on answers wait to be fetched.
    pub(super) async fn cannot_send(&self) -> Result<(), NotesError> {
        tracing::warn!(channel.id = %self.kit.id, "the account cannot send by itself; answers wait to be fetched");
        let refused = Refused { at: self.now() };
        self.refused.store(true, Ordering::Relaxed);
        self.kit.alarms.raise(errors::NO_RIGHT, refused.detail());
        let seen = self.kit.notes.read(ACCOUNT).await?.map(|note| note.version);
        // Whoever was first noted the same.
        self.kit.notes.put(ACCOUNT, seen, &refused).await.map(drop)
    }

    /// The platform has taken a message that was sent: the account may send, whatever was noted.
    pub(super) async fn has_sent(&self) -> Result<(), NotesError> {
        if !self.refused.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        let noted = self.kit.notes.read(ACCOUNT).await?;
        if let Some(noted) = noted {
            self.kit.notes.write(ACCOUNT, Some(noted.version), None).await?;
        }
        Ok(())
    }

    /// The gateway, once the channel is mounted.
    pub(super) async fn inbox(&self) -> Option<Inbox> {
        let mut inbox = self.inbox.subscribe();
        let mounted = inbox.wait_for(Option::is_some);
        let mounted = tokio::time::timeout(MOUNTING, mounted).await.ok()?.ok()?;
        mounted.clone()
    }

    /// The interface of the platform, for the operator's commands.
    pub fn api(&self) -> &Api {
        &self.api
    }
}

/// Notes that cannot be read are worth another try.
pub(super) fn unavailable(error: &NotesError) -> ChannelError {
    ChannelError::Unavailable { reason: error.to_string(), retry_after: None }
}

#[async_trait]
impl Channel for WechatChannel {
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
        self.inbox.send_replace(Some(inbox.clone()));
        routes::router(self, inbox)
    }

    async fn listen(&self, _inbox: Inbox, stop: CancellationToken) -> Result<(), ChannelError> {
        let mut round = tokio::time::interval(SWEEP);
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                _ = round.tick() => {}
            }
            if let Err(error) = replays::sweep(&*self.kit.notes, self.now()).await {
                tracing::warn!(channel.id = %self.kit.id, %error, "old notes could not be forgotten");
            }
        }
    }

    async fn deliver(&self, to: &Peer, reply: &Outbound) -> Result<Delivered, ChannelError> {
        self.hand_over(&to.address, reply).await?;
        Ok(Delivered { platform_id: None })
    }

    async fn fetch(&self, media: &Media) -> Result<File, ChannelError> {
        Ok(self.api.media(&media.reference, &media::file_name(media)).await?)
    }

    fn recognition(&self, _peer: &Peer) -> Option<&dyn Recognition> {
        self.config.oauth.then_some(self)
    }

    async fn try_out(&self) -> Result<Option<String>, ChannelError> {
        match self.api.try_token().await {
            Ok(()) => Ok(Some("取得 access token it gives an access token".to_owned())),
            Err(error) => {
                error.tell(&self.kit.alarms);
                Err(error.into())
            }
        }
    }

    fn alarms(&self) -> Vec<Alarm> {
        self.kit.alarms.raised()
    }
}
