//! `wechat`: what the platform's console does not offer any more once messages are pushed to us: menu and QR codes.

use std::path::PathBuf;
use std::process::ExitCode;

use adapters::wechat::errors::ApiError;
use adapters::wechat::{Mode, WechatChannel, WechatConfig, menu};
use adapters::{Alarm, Channel};
use anyhow::Context;
use clap::Subcommand;

use super::{Common, fail};
use crate::app::wechat_alone;
use crate::config::{ChannelConfig, Config, words};
use crate::print::say;

#[derive(Subcommand, Debug)]
pub(super) enum WechatAction {
    /// Replaces the account's menu by the configured one, or takes it away when none is configured
    Menu {
        #[command(flatten)]
        common: Common,
        /// The channel's name, when there are several accounts
        #[arg(long, value_name = "NAME")]
        channel: Option<String>,
        /// Prints what would be sent
        #[arg(long)]
        dry_run: bool,
    },
    /// Makes the configured QR codes and prints their addresses
    Qr {
        #[command(flatten)]
        common: Common,
        /// The channel's name, when there are several accounts
        #[arg(long, value_name = "NAME")]
        channel: Option<String>,
        /// Where to put the pictures, as NAME.jpg
        #[arg(long, value_name = "DIR")]
        output: Option<PathBuf>,
    },
}

pub(super) async fn run(action: WechatAction) -> ExitCode {
    let done = match action {
        WechatAction::Menu { common, channel, dry_run } => {
            set_menu(&common, channel.as_deref(), dry_run).await
        }
        WechatAction::Qr { common, channel, output } => make_codes(&common, channel.as_deref(), output).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// The account that is meant.
fn account<'c>(config: &'c Config, name: Option<&str>) -> anyhow::Result<(&'c str, &'c WechatConfig)> {
    let all: Vec<(&str, &WechatConfig)> = config
        .channels
        .iter()
        .filter_map(|(name, channel)| match channel {
            ChannelConfig::Wechat(wechat) => Some((name.as_str(), &**wechat)),
            _ => None,
        })
        .collect();
    let found = match (name, all.as_slice()) {
        (Some(name), all) => all.iter().find(|(known, _)| *known == name),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
    found.copied().with_context(|| match names.as_slice() {
        [] => "no channel of type wechat is configured".to_owned(),
        names => format!("name one of the channels {} with --channel", names.join(", ")),
    })
}

async fn set_menu(common: &Common, name: Option<&str>, dry_run: bool) -> anyhow::Result<()> {
    let config = common.load()?;
    config.check()?;
    let (name, wechat) = account(&config, name)?;
    let declared = menu::menu(wechat);
    if dry_run {
        say!("{}", serde_json::to_string_pretty(&declared)?);
        return Ok(());
    }
    let channel = wechat_alone(&config, name, wechat)?;
    match declared {
        Some(menu) => {
            channel.api().create_menu(&menu).await.map_err(|error| explained(&channel, error))?;
            say!("{name}: the menu is set; phones show it within five minutes");
        }
        None => {
            channel.api().delete_menu().await.map_err(|error| explained(&channel, error))?;
            say!("{name}: no menu is configured, and there is none any more");
        }
    }
    Ok(())
}

async fn make_codes(common: &Common, name: Option<&str>, output: Option<PathBuf>) -> anyhow::Result<()> {
    let config = common.load()?;
    config.check()?;
    let (name, wechat) = account(&config, name)?;
    anyhow::ensure!(!wechat.qr.is_empty(), "[channels.{name}] has no [[channels.{name}.qr]]");
    let channel = wechat_alone(&config, name, wechat)?;
    if let Some(directory) = &output {
        std::fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
    }
    for declared in &wechat.qr {
        let code = menu::code(declared).with_context(|| format!("qr `{}` does nothing", declared.name))?;
        let (ticket, url) =
            channel.api().create_code(&code).await.map_err(|error| explained(&channel, error))?;
        let picture = menu::picture(&wechat.qr_base, &ticket);
        say!("{}\t{url}\t{picture}", declared.name);
        if let Some(directory) = &output {
            let bytes = channel.api().picture(&picture).await.map_err(|error| explained(&channel, error))?;
            let path = directory.join(format!("{}.jpg", declared.name));
            std::fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    Ok(())
}

/// An error with what the operator has to do about it.
fn explained(channel: &WechatChannel, error: ApiError) -> anyhow::Error {
    let advice: Vec<String> = channel.alarms().iter().filter_map(advice).collect();
    let error = anyhow::Error::new(error);
    if advice.is_empty() { error } else { error.context(advice.join("; ")) }
}

/// What the operator has to do about an alarm.
pub(super) fn advice(alarm: &Alarm) -> Option<String> {
    words::alarm(alarm.code).map(|words| format!("{} {}", words.do_zh, words.do_en))
}

/// Says what an account's configuration means.
pub(super) fn explain(config: &Config, name: &str, wechat: &WechatConfig) -> String {
    let mode = match wechat.mode {
        Mode::Plain => "plain",
        Mode::Compatible => "compatible",
        Mode::Secure => "secure",
    };
    let late = if wechat.verified { "sent by itself" } else { "fetched by the citizen" };
    let base = config.server.public_url.as_deref().unwrap_or("https://YOUR-SERVER").trim_end_matches('/');
    let mut text = format!(
        "wechat {}, mode {mode}, late answers are {late}\n            in the platform's console: URL {base}/channels/{name}, port 80 or 443",
        wechat.app_id
    );
    if config.server.public_url.is_none() {
        text += "\n            [server] public_url is not set, so answers carry no link to the whole text";
    }
    text
}
