//! What a Telegram channel is built from.

use std::time::Duration;

use serde::Deserialize;

use crate::{FindPersonal, Kit, Wording};

/// How updates come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// The program asks Telegram; it needs no address of its own.
    Polling,
    /// Telegram calls the program at `public_url`.
    Webhook,
}

/// How much may be sent. Telegram says about one message a second to a chat, thirty a second overall and twenty a minute
/// to a group (Bot FAQ); @BotSupport may allow more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rates {
    /// Messages a second to one chat.
    pub per_chat: u32,
    /// Messages a minute to one group.
    pub per_group: u32,
    /// Messages a second to everybody.
    pub overall: u32,
}

/// What the channel is built from.
#[derive(Clone)]
pub struct TelegramSettings {
    /// The program's side.
    pub kit: Kit,
    /// The bot's token, from @BotFather.
    pub token: String,
    /// How updates come.
    pub mode: Mode,
    /// What Telegram says in each call of the webhook, so that it is known to be Telegram; 1 to 256 of `A-Za-z0-9_-`.
    /// Without one it is derived from the token.
    pub secret_token: Option<String>,
    /// Where the Bot API is.
    pub api_base: reqwest::Url,
    /// How long one poll waits for updates.
    pub poll: Duration,
    /// How often it is looked whether the webhook is as it should be.
    pub look: Duration,
    /// How much may be sent.
    pub rates: Rates,
    /// Whether a page of ours is opened by a button, in Telegram's own view, which says who opens it.
    pub web_app: bool,
    /// Finds what must not be shown to a group.
    pub personal: FindPersonal,
    /// What the channel says of itself.
    pub words: TelegramWords,
}

impl TelegramSettings {
    /// Whether pages of ours are opened by a button. Telegram takes addresses of https only.
    pub(super) fn shows_pages(&self) -> bool {
        self.web_app && self.kit.public_url.as_ref().is_some_and(|url| url.starts_with("https://"))
    }
}

/// What the channel says of itself: `config/words/telegram.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelegramWords {
    /// The button under an answer that helped.
    pub useful: Wording,
    /// The button under an answer that did not.
    pub useless: Wording,
    /// The button that calls a person.
    pub human: Wording,
    /// The button that opens a shared form.
    pub open: Wording,
    /// The heading of the sources.
    pub sources: Wording,
    /// Under every answer of the machine.
    pub label: Wording,
    /// The buttons of a rating, from very dissatisfied to very satisfied.
    pub ratings: [Wording; 5],
    /// Shown for a moment after a thumb.
    pub thanks: Wording,
    /// Shown for a moment after a rating.
    pub rated: Wording,
    /// Shown for a moment after 转人工.
    pub calling: Wording,
    /// A button of a message that is past.
    pub expired: Wording,
    /// The greeting, where the gateway has none.
    pub hello: Wording,
    /// What was sent cannot be read: a sticker, a contact, a poll.
    pub unreadable: Wording,
    /// Files and places are not taken.
    pub words_only: Wording,
    /// The message is longer than allowed; `{limit}` is the number of characters.
    pub too_long: Wording,
    /// Messages come too fast.
    pub too_fast: Wording,
    /// What was asked is not possible now.
    pub not_now: Wording,
    /// A file that a helper sent is not kept any more; `{name}` is its name.
    pub file_gone: Wording,
    /// What the command /human does.
    pub command_human: Wording,
    /// What the command /new does.
    pub command_new: Wording,
    /// What the command /help does.
    pub command_help: Wording,
}
