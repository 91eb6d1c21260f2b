//! The webhook's address at Telegram: set at the start, and looked after.

use teloxide_core::payloads::{SetMyCommandsSetters, SetWebhookSetters};
use teloxide_core::prelude::{Request, Requester};
use teloxide_core::types::BotCommand;
use teloxide_core::{ApiError, RequestError};

use super::account::Account;
use super::config::Mode;
use super::failure::{self, TOKEN_REFUSED};
use super::polling::{ALLOWED, Pause, UNREACHABLE, WEBHOOK_ELSEWHERE};
use crate::{ChannelError, Locale};

/// No address to be called at was configured.
const NO_PUBLIC_URL: &str = "telegram_no_public_url";

/// Telegram does not take the address.
const WEBHOOK_REFUSED: &str = "telegram_webhook_refused";

/// Telegram calls the address in vain.
const WEBHOOK_FAILING: &str = "telegram_webhook_failing";

/// Somebody else has set another address.
const WEBHOOK_TAKEN: &str = "telegram_webhook_taken";

/// What is tried of a bot before a server runs: the token, and how messages would come. A running server's webhook is
/// looked at and left alone.
pub(super) async fn try_out(account: &Account) -> Result<String, ChannelError> {
    let failed = |error: RequestError| {
        if !matches!(error, RequestError::Api(_)) {
            account.alarms().raise(UNREACHABLE, failure::describe(&error));
        }
        failure::channel_error(&error, account.alarms())
    };
    let us = account.us().await.map_err(failed)?;
    let info = account.bot.get_webhook_info().send().await.map_err(failed)?;
    let named = format!("@{}", us.username);
    let misconfigured = |code, detail: &str| {
        account.alarms().raise(code, detail);
        Err(ChannelError::Misconfigured(format!("{named}: {detail}")))
    };
    match (account.settings.mode, info.url) {
        (Mode::Polling, None) => Ok(format!("{named}，轮询收消息 is polled")),
        // Another program may want it, or this one ran with a webhook before: it is taken away at the start.
        (Mode::Polling, Some(_)) => {
            misconfigured(WEBHOOK_ELSEWHERE, "a webhook is set, which a server that polls takes away")
        }
        (Mode::Webhook, set) => {
            let Some(base) = &account.settings.kit.public_url else {
                return misconfigured(NO_PUBLIC_URL, "no public_url");
            };
            let own = format!("{base}/channels/{}", account.settings.kit.id);
            match (set, info.last_error_message) {
                (None, _) => {
                    Ok(format!("{named}，webhook 在服务启动时登记 the webhook is set when the server starts"))
                }
                (Some(url), _) if url.as_str() != own => {
                    misconfigured(WEBHOOK_TAKEN, "another address is set")
                }
                (Some(_), Some(message)) if info.pending_update_count > 0 => {
                    let waiting = info.pending_update_count;
                    misconfigured(WEBHOOK_FAILING, &format!("{message}; {waiting} updates wait"))
                }
                (Some(_), _) => Ok(format!("{named}，webhook 已登记 the webhook is set")),
            }
        }
    }
}

/// Sets the webhook, and looks after it until it is dropped.
pub(super) async fn watch(account: &Account) {
    let kit = &account.settings.kit;
    let Some(base) = &kit.public_url else {
        account.alarms().raise(NO_PUBLIC_URL, "");
        return std::future::pending().await;
    };
    let Ok(url) = format!("{base}/channels/{}", kit.id).parse::<reqwest::Url>() else {
        account.alarms().raise(WEBHOOK_REFUSED, "public_url is no address");
        return std::future::pending().await;
    };
    let mut pause = Pause::default();
    loop {
        match keep(account, &url, &mut pause).await {
            Ok(never) => match never {},
            Err(error) => {
                let reason = failure::describe(&error);
                tracing::warn!(channel.id = %kit.id, reason, "the webhook could not be looked after");
                let code = match &error {
                    RequestError::Api(ApiError::InvalidToken) => TOKEN_REFUSED,
                    RequestError::Api(_) => WEBHOOK_REFUSED,
                    _ => UNREACHABLE,
                };
                if code != UNREACHABLE || pause.is_repeated() {
                    account.alarms().raise(code, reason);
                }
                pause.rest(failure::retry_after(&error)).await;
            }
        }
    }
}

async fn keep(
    account: &Account,
    url: &reqwest::Url,
    pause: &mut Pause,
) -> Result<std::convert::Infallible, RequestError> {
    account.us().await?;
    set(account, url).await?;
    set_commands(account).await;
    loop {
        for code in [TOKEN_REFUSED, WEBHOOK_REFUSED, UNREACHABLE] {
            account.alarms().clear(code);
        }
        pause.reset();
        tokio::time::sleep(account.settings.look).await;
        let info = account.bot.get_webhook_info().send().await?;
        if info.url.as_ref() == Some(url) {
            account.alarms().clear(WEBHOOK_TAKEN);
        } else {
            // The address that took the place is the other's secret; that there is one is enough to know.
            account.alarms().raise(WEBHOOK_TAKEN, "");
            set(account, url).await?;
        }
        match info.last_error_message {
            Some(message) if info.pending_update_count > 0 => {
                let waiting = info.pending_update_count;
                account.alarms().raise(WEBHOOK_FAILING, format!("{message}; {waiting} updates wait"));
            }
            _ => account.alarms().clear(WEBHOOK_FAILING),
        }
    }
}

async fn set(account: &Account, url: &reqwest::Url) -> Result<(), RequestError> {
    let request =
        account.bot.set_webhook(url.clone()).secret_token(account.secret()).allowed_updates(ALLOWED);
    request.send().await.map(drop)
}

/// Tells Telegram the commands of the bot's menu, in both languages. The commands work without a menu, too: if this fails,
/// messages are taken all the same.
pub(super) async fn set_commands(account: &Account) {
    if let Err(error) = try_set_commands(account).await {
        let reason = failure::describe(&error);
        tracing::warn!(channel.id = %account.settings.kit.id, reason, "the bot's menu could not be set");
    }
}

async fn try_set_commands(account: &Account) -> Result<(), RequestError> {
    let words = &account.settings.words;
    let commands = |locale| {
        [
            BotCommand::new("human", words.command_human.say(locale)),
            BotCommand::new("new", words.command_new.say(locale)),
            BotCommand::new("help", words.command_help.say(locale)),
        ]
    };
    account.bot.set_my_commands(commands(Locale::En)).send().await?;
    account.bot.set_my_commands(commands(Locale::Zh)).language_code("zh").send().await?;
    Ok(())
}
