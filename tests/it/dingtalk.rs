//! The DingTalk channel in a running server, against a DingTalk of our own that the vendor's SDK has proved first.

mod alarms;
mod cards;
mod check;
mod groups;
mod handoff;
mod log;
mod oracle;
mod patience;
pub(crate) mod platform;
mod replies;
mod staff;
mod stream;
mod tls;
mod webhook;

use std::path::Path;
use std::sync::Arc;

use adapters::dingtalk::{CardSettings, DingtalkChannel, DingtalkSettings, Mode, Pace};
use adapters::message::{Author, Outbound};
use adapters::{Alarms, ChannelId, File, Files, Kit, Locale, NotesError, Now, Peer, Trust};
use yikouwen::config::{Config, words};
use yikouwen::desk::Role;
use yikouwen::dialogue::Clock;
use yikouwen::store::{self, Store};

use crate::support::{MEMORY, Server, config};
use platform::{ID, Platform, SECRET, TEMPLATE};

/// The settings of a robot at this platform, beside others of the channel and whole sections.
fn settings(platform: &Platform, channel: &str, sections: &str) -> String {
    let base = platform.base();
    format!(
        "{sections}\n[channels.ding]\ntype = \"dingtalk\"\nclient_id = \"{ID}\"\nclient_secret = \"{SECRET}\"\napi_base = \"{base}\"\noapi_base = \"{base}\"\n{channel}\n"
    )
}

/// A server whose robot is at this platform.
async fn server(platform: &Platform, channel: &str, sections: &str, helpers: &[&str]) -> Server {
    let data = tempfile::tempdir().unwrap().keep();
    let own = settings(platform, channel, &format!("{MEMORY}{sections}"));
    let helpers: Vec<_> = helpers.iter().map(|&name| (name, Role::Responder)).collect();
    Server::start(config(&data, &own), &helpers).await
}

/// A configuration whose store stays.
fn lasting(platform: &Platform, data: &Path) -> Config {
    config(data, &settings(platform, "", "[retention]\nlongest_pause = \"300ms\"\n"))
}

/// A channel without a server around it, for what only a helper's desk of a later day would make it do.
struct Alone {
    channel: Arc<DingtalkChannel>,
    store: Arc<dyn Store>,
    alarms: Alarms,
}

struct Folder;

#[async_trait::async_trait]
impl Files for Folder {
    async fn file(&self, id: &str) -> Result<Option<File>, NotesError> {
        let file = |name: &str, mime: &str| File {
            name: name.into(),
            mime: mime.into(),
            data: format!("bytes of {id}").into(),
        };
        Ok(match id {
            "picture" => Some(file("现场.png", "image/png")),
            "form" => Some(file("申请表.PDF", "application/pdf")),
            _ => None,
        })
    }
}

impl Alone {
    async fn new(platform: &Platform, change: impl FnOnce(&mut DingtalkSettings)) -> Self {
        Self::over(store::open("memory:").await.unwrap(), platform, change)
    }

    /// One that believes further authorities.
    async fn trusting(trust: Trust, platform: &Platform, change: impl FnOnce(&mut DingtalkSettings)) -> Self {
        Self::made(store::open("memory:").await.unwrap(), trust, platform, change)
    }

    fn over(store: Arc<dyn Store>, platform: &Platform, change: impl FnOnce(&mut DingtalkSettings)) -> Self {
        Self::made(store, Trust::default(), platform, change)
    }

    fn made(
        store: Arc<dyn Store>,
        trust: Trust,
        platform: &Platform,
        change: impl FnOnce(&mut DingtalkSettings),
    ) -> Self {
        let now: Now = Arc::new(|| yikouwen::app::SystemClock.now());
        let id = ChannelId::new("ding");
        let alarms = Alarms::new(Arc::clone(&now));
        let kit = Kit {
            notes: Arc::new(crate::support::direct::notes(id.as_str(), &store)),
            files: Arc::new(Folder),
            alarms: alarms.clone(),
            now,
            http: trust.extend(reqwest::Client::builder()).build().unwrap(),
            trust,
            public_url: None,
            id,
        };
        let mut settings = DingtalkSettings {
            client_id: ID.to_owned(),
            client_secret: SECRET.to_owned().into(),
            robot_code: ID.to_owned(),
            mode: Mode::Stream,
            card: None,
            api_base: platform.base(),
            oapi_base: platform.base(),
            login_base: platform.base(),
            oauth: false,
            audience: None,
            staff_profile: false,
            locale: Locale::Zh,
            ai_label: false,
            pace: Pace::default(),
            words: words::dingtalk().unwrap(),
            personal: Arc::new(|_| Vec::new()),
        };
        change(&mut settings);
        Self { channel: DingtalkChannel::new(kit, settings), store, alarms }
    }

    fn raised(&self) -> Vec<&'static str> {
        self.alarms.raised().iter().map(|alarm| alarm.code).collect()
    }
}

fn card() -> CardSettings {
    CardSettings { template: TEMPLATE.to_owned(), content_key: "content".to_owned() }
}

fn peer(address: &str) -> Peer {
    Peer { channel: ChannelId::new("ding"), address: address.to_owned() }
}

/// A reply of the robot.
fn reply(id: &str, text: &str) -> Outbound {
    Outbound::new(1, id, Author::Robot, jiff::Timestamp::UNIX_EPOCH, text)
}
