//! What every channel is handed, and the channels that are built from it.

use std::sync::Arc;
use std::time::Duration;

use adapters::custom::{HttpChannel, HttpSettings, Signer};
use adapters::telegram::{Mode, Rates, TelegramChannel, TelegramSettings};
use adapters::wechat::{WechatChannel, WechatConfig};
use adapters::{Alarms, Channel, ChannelId, FindPersonal, Inbox, Kit, Now, Personal, Trust};
use anyhow::Context;
use rand::RngExt;
use secrecy::ExposeSecret;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::SystemClock;
use crate::bus::{Events, LocalBus};
use crate::config::{ChannelConfig, Config, HttpConfig, TelegramConfig, TelegramMode, words};
use crate::dialogue::Clock;
use crate::gateway::Gateway;
use crate::gateway::files::StoreFiles;
use crate::gateway::notes::StoreNotes;
use crate::privacy;
use crate::records::{Files, Ledger, Vault};
use crate::store::{MemoryStore, Store};

/// How often it is looked whether a webhook is still set, and called with success.
const WEBHOOK_LOOK: Duration = Duration::from_secs(60);

/// The program's side of the channel of this name: notes of its own, and what all channels share.
pub(super) fn kit(
    name: &str,
    config: &Config,
    (store, vault): (&Arc<dyn Store>, &Vault),
    clock: &Arc<dyn Clock>,
    files: &Files,
    ledger: &Ledger,
    (http, trust): (&reqwest::Client, &Trust),
) -> Kit {
    let id = ChannelId::new(name);
    let clock = Arc::clone(clock);
    let now: Now = Arc::new(move || clock.now());
    Kit {
        notes: Arc::new(StoreNotes::new(Arc::clone(store), id.clone(), vault.clone(), Arc::clone(&now))),
        id,
        files: Arc::new(StoreFiles::new(files.clone(), ledger.clone())),
        alarms: Alarms::new(Arc::clone(&now)),
        now,
        http: http.clone(),
        trust: trust.clone(),
        public_url: config.server.public_url.as_deref().map(|url| url.trim_end_matches('/').to_owned()),
    }
}

/// Finds what a group must not read of whoever asked.
pub(super) fn personal() -> FindPersonal {
    Arc::new(|text| {
        let places = privacy::places(text).into_iter();
        places
            .map(|found| Personal { range: found.range, label: found.label, published: found.published })
            .collect()
    })
}

/// A Telegram bot.
fn telegram(kit: Kit, telegram: &TelegramConfig) -> anyhow::Result<Arc<TelegramChannel>> {
    let name = kit.id.clone();
    let settings = TelegramSettings {
        kit,
        token: telegram.token.expose_secret().to_owned(),
        mode: match telegram.mode {
            TelegramMode::Polling => Mode::Polling,
            TelegramMode::Webhook => Mode::Webhook,
        },
        secret_token: telegram.secret_token.as_ref().map(|secret| secret.expose_secret().to_owned()),
        api_base: telegram.api_base.trim_end_matches('/').parse().context("api_base")?,
        poll: telegram.poll.into(),
        look: WEBHOOK_LOOK,
        rates: Rates {
            per_chat: telegram.per_chat,
            per_group: telegram.per_group,
            overall: telegram.overall,
        },
        web_app: telegram.web_app,
        personal: personal(),
        words: words::telegram()?,
    };
    TelegramChannel::new(settings).with_context(|| format!("[channels.{name}]"))
}

/// A WeChat official account.
fn wechat(kit: Kit, account: &WechatConfig) -> anyhow::Result<Arc<WechatChannel>> {
    Ok(WechatChannel::new(kit, account.clone(), Arc::new(words::wechat()?)))
}

/// The channel of a section, but for the website's, which has no platform.
pub(super) fn channel(kit: Kit, settings: &ChannelConfig) -> anyhow::Result<Option<Arc<dyn Channel>>> {
    Ok(Some(match settings {
        ChannelConfig::Web { .. } => return Ok(None),
        ChannelConfig::Telegram(bot) => telegram(kit, bot)?,
        ChannelConfig::Http(http) => custom(kit, http)?,
        ChannelConfig::Dingtalk(robot) => super::dingtalk::channel(robot, kit)?,
        ChannelConfig::Wechat(account) => wechat(kit, account)?,
    }))
}

/// A channel without the program around it, for what is tried at its platform.
pub(crate) fn channel_alone(
    config: &Config,
    name: &str,
    settings: &ChannelConfig,
) -> anyhow::Result<Option<Arc<dyn Channel>>> {
    channel(kit_alone(config, name)?, settings)
}

/// A WeChat official account without the program around it, for what is set up at the platform.
pub(crate) fn wechat_alone(
    config: &Config,
    name: &str,
    account: &WechatConfig,
) -> anyhow::Result<Arc<WechatChannel>> {
    wechat(kit_alone(config, name)?, account)
}

/// What a channel alone is handed. Its notes are forgotten, so an access token is fetched anew, which takes nothing from
/// a server that runs: the platforms give both the same one.
fn kit_alone(config: &Config, name: &str) -> anyhow::Result<Kit> {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    // Nothing that it hides outlives it.
    let vault = Vault::new(&rand::rng().random::<[u8; 32]>())?;
    let files = Files::new(Arc::clone(&store), config.limits.file_bytes, vault.clone());
    let events = Events::new(Arc::new(LocalBus::default()));
    let policy = super::ledger_policy(config);
    let ledger = Ledger::new(Arc::clone(&store), events, Arc::clone(&clock), policy, vault.clone());
    let trust = super::trust(config)?;
    let http = super::client(super::CHANNEL_CONNECT, &trust)?;
    Ok(kit(name, config, (&store, &vault), &clock, &files, &ledger, (&http, &trust)))
}

/// A platform of one's own.
fn custom(kit: Kit, http: &HttpConfig) -> anyhow::Result<Arc<HttpChannel>> {
    let name = kit.id.clone();
    let previous = http.previous_secret.as_ref().map(|secret| secret.expose_secret().as_bytes().to_vec());
    let settings = HttpSettings {
        name: http.name.clone().unwrap_or_else(|| name.to_string()),
        signer: Signer::new(http.secret.expose_secret(), previous),
        deliver_url: http.deliver_url.as_deref().map(str::parse).transpose().context("deliver_url")?,
        media_hosts: http.media_hosts.clone(),
        media_bytes: http.media_bytes,
        words: words::http()?,
        kit,
    };
    HttpChannel::new(settings).with_context(|| format!("[channels.{name}]"))
}

/// Lets every channel keep its own connections until `stop`.
pub(super) fn listen(gateway: &Gateway, inbox: &Inbox, stop: &CancellationToken) -> TaskTracker {
    let listening = TaskTracker::new();
    for channel in gateway.channels() {
        let (channel, inbox, stop) = (Arc::clone(channel), inbox.clone(), stop.clone());
        listening.spawn(async move {
            if let Err(error) = channel.listen(inbox, stop).await {
                tracing::error!(channel.id = %channel.id(), %error, "a channel does not listen any more");
            }
        });
    }
    listening.close();
    listening
}
