//! One bot account: how it is called, and what all halves of the channel share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};
use teloxide_core::adaptors::throttle::{Limits, Settings, Throttle};
use teloxide_core::prelude::Requester;
use teloxide_core::{Bot, RequestError};
use tokio::sync::{OnceCell, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::config::TelegramSettings;
use super::lines::Lines;
use super::peers::Peers;
use super::wire::Us;
use crate::{Alarms, ChannelError, Inbox};

/// How long one call may take. teloxide waits ten seconds after a server's error before it says so.
const CALL: Duration = Duration::from_secs(30);

/// How many answers are followed while they are written, at most; more are delivered without a draft.
const FOLLOWED: usize = 512;

/// The account.
pub(super) struct Account {
    pub(super) settings: TelegramSettings,
    /// For messages: it keeps to the rates.
    pub(super) bot: Throttle<Bot>,
    /// For polls, which take longer than other calls.
    pub(super) poller: Bot,
    pub(super) peers: Peers,
    pub(super) lines: Lines,
    pub(super) followed: Arc<Semaphore>,
    /// Whatever shows drafts; the channel ends after it, so that each draft on the screen is noted.
    pub(super) tasks: TaskTracker,
    /// The gateway, once it has mounted the channel.
    pub(super) inbox: OnceLock<Inbox>,
    us: OnceCell<Us>,
    stop: OnceLock<CancellationToken>,
    /// When each citizen was last told something by the channel itself.
    pub(super) told: Mutex<HashMap<String, tokio::time::Instant>>,
}

impl Account {
    /// Makes the account; nothing is called yet.
    pub(super) fn new(settings: TelegramSettings) -> Result<Self, ChannelError> {
        let client = |timeout: Duration| {
            let unmade = || ChannelError::Misconfigured("the HTTP client cannot be made".to_owned());
            let mut builder = teloxide_core::net::default_reqwest_settings().timeout(timeout);
            if settings.kit.trust.is_extended() {
                // The library has an HTTP client of its own version, which takes no certificates of ours.
                let tls = settings.kit.trust.tls().map_err(|_| unmade())?;
                builder = builder.use_preconfigured_tls((*tls).clone());
            }
            builder.build().map_err(|_| unmade())
        };
        let bot = |timeout| {
            let bot = Bot::with_client(settings.token.clone(), client(timeout)?);
            Ok::<_, ChannelError>(bot.set_api_url(settings.api_base.clone()))
        };
        let rates = settings.rates;
        let limits = Limits {
            messages_per_sec_chat: rates.per_chat.max(1),
            // To a person no limit a minute is known.
            messages_per_min_chat: rates.per_chat.max(1).saturating_mul(60),
            messages_per_min_channel_or_supergroup: rates.per_group.max(1),
            messages_per_sec_overall: rates.overall.max(1),
        };
        // The outbox tries again, durably; here it would be tried while nobody may know.
        let throttling = Settings::default().limits(limits).no_retry();
        Ok(Self {
            bot: Throttle::spawn_with_settings(bot(CALL)?, throttling),
            poller: bot(settings.poll + CALL)?,
            peers: Peers(Arc::clone(&settings.kit.notes)),
            lines: Lines::default(),
            followed: Arc::new(Semaphore::new(FOLLOWED)),
            tasks: TaskTracker::new(),
            inbox: OnceLock::new(),
            us: OnceCell::new(),
            stop: OnceLock::new(),
            told: Mutex::default(),
            settings,
        })
    }

    pub(super) fn alarms(&self) -> &Alarms {
        &self.settings.kit.alarms
    }

    /// Which bot we are; asked once.
    pub(super) async fn us(&self) -> Result<&Us, RequestError> {
        self.us
            .get_or_try_init(|| async {
                let me = self.bot.get_me().await?;
                let id = i64::try_from(me.user.id.0).unwrap_or_default();
                Ok(Us { id, username: me.user.username.unwrap_or_default() })
            })
            .await
    }

    /// Remembers when to stop.
    pub(super) fn stops_with(&self, stop: CancellationToken) {
        // A channel listens once; a second time would be told of the same end.
        drop(self.stop.set(stop));
    }

    /// Ends when the program does.
    pub(super) async fn stopped(&self) {
        match self.stop.get() {
            Some(stop) => stop.cancelled().await,
            None => std::future::pending().await,
        }
    }

    /// What Telegram says in each call of the webhook.
    pub(super) fn secret(&self) -> String {
        self.settings.secret_token.clone().unwrap_or_else(|| {
            let mut digest = Sha256::new();
            digest.update(b"yikouwen telegram webhook 1\0");
            digest.update(self.settings.token.as_bytes());
            digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
        })
    }

    /// Whether the citizen may be told something by the channel itself: not more often than every few seconds, so that
    /// whoever floods is not answered by a flood.
    pub(super) fn may_tell(&self, address: &str) -> bool {
        const PAUSE: Duration = Duration::from_secs(5);
        let now = tokio::time::Instant::now();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.get(address).is_some_and(|&last| now.duration_since(last) < PAUSE) {
            return false;
        }
        told.retain(|_, &mut last| now.duration_since(last) < PAUSE);
        told.insert(address.to_owned(), now);
        true
    }
}
