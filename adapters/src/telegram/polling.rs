//! In by polling: the offset that lets Telegram forget updates moves on only behind those that are durable.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use teloxide_core::prelude::{Request, Requester};
use teloxide_core::requests::{JsonRequest, Payload};
use teloxide_core::types::AllowedUpdate;
use teloxide_core::{ApiError, RequestError};

use super::account::Account;
use super::failure::{self, TOKEN_REFUSED};
use super::intake::Taken;
use super::{watch, wire};
use crate::{Inbox, Note, NotesError, NotesExt};

/// Another program polls with the same token.
const OTHER_POLLER: &str = "telegram_other_poller";

/// A webhook is set for the same bot, by another program.
pub(super) const WEBHOOK_ELSEWHERE: &str = "telegram_webhook_elsewhere";

/// Telegram cannot be reached.
pub(super) const UNREACHABLE: &str = "telegram_unreachable";

/// The pauses after failures grow from the first to the last.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The most updates of one poll.
const BATCH: u8 = 100;

/// After a week without updates Telegram draws the next number by chance (Bot API, Update), perhaps a smaller one: an old
/// offset would then throw away what is new. Telegram keeps updates for a day, so it is of no use after that either.
const OFFSET_HOLDS: SignedDuration = SignedDuration::from_hours(5 * 24);

/// The updates we read.
pub(super) const ALLOWED: [AllowedUpdate; 3] =
    [AllowedUpdate::Message, AllowedUpdate::EditedMessage, AllowedUpdate::CallbackQuery];

/// `getUpdates`, with the updates as they came: see [`wire`].
#[derive(Clone, Serialize)]
struct GetRawUpdates {
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<i64>,
    limit: u8,
    timeout: u64,
    allowed_updates: [AllowedUpdate; 3],
}

impl Payload for GetRawUpdates {
    type Output = Vec<Value>;
    const NAME: &'static str = "GetUpdates";

    fn timeout_hint(&self) -> Option<Duration> {
        Some(Duration::from_secs(self.timeout))
    }
}

/// How far updates were taken.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
struct Offset {
    /// The first number that was not taken yet.
    next: i64,
    /// When it was noted.
    at: Timestamp,
}

/// Polls until it is dropped.
pub(super) async fn poll(account: &Arc<Account>, inbox: &Inbox) {
    let mut pause = Pause::default();
    loop {
        match round(account, inbox, &mut pause).await {
            Ok(never) => match never {},
            Err(Trouble::Telegram(error)) => trouble(account, &error, &mut pause).await,
            Err(Trouble::Notes(error)) => {
                tracing::error!(channel.id = %account.settings.kit.id, %error, "how far updates were taken is not known");
                pause.rest(None).await;
            }
        }
    }
}

enum Trouble {
    Telegram(RequestError),
    Notes(NotesError),
}

impl From<RequestError> for Trouble {
    fn from(error: RequestError) -> Self {
        Self::Telegram(error)
    }
}

impl From<NotesError> for Trouble {
    fn from(error: NotesError) -> Self {
        Self::Notes(error)
    }
}

/// From the first call to the first trouble.
async fn round(
    account: &Arc<Account>,
    inbox: &Inbox,
    pause: &mut Pause,
) -> Result<std::convert::Infallible, Trouble> {
    account.us().await?;
    // A webhook that is still set would refuse every poll.
    account.poller.delete_webhook().send().await?;
    watch::set_commands(account).await;
    let mut offset = Offsets::open(account).await?;
    loop {
        let updates = GetRawUpdates {
            offset: offset.next(account),
            limit: BATCH,
            timeout: account.settings.poll.as_secs(),
            allowed_updates: ALLOWED,
        };
        let updates = JsonRequest::new(account.poller.clone(), updates).send().await?;
        for code in [OTHER_POLLER, WEBHOOK_ELSEWHERE, UNREACHABLE, TOKEN_REFUSED] {
            account.alarms().clear(code);
        }
        pause.reset();
        let mut last = None;
        for update in &updates {
            while let Taken::Later(wait) = account.take(inbox, update).await {
                // What was taken before it need not be told again.
                if let Some(last) = last.take() {
                    offset.advance(account, last).await?;
                }
                tokio::time::sleep(wait).await;
            }
            last = wire::update_id(update).or(last);
        }
        if let Some(last) = last {
            offset.advance(account, last).await?;
        }
    }
}

/// The offset and its note.
struct Offsets(Option<Note<Offset>>);

impl Offsets {
    const KEY: [&'static str; 1] = ["offset"];

    async fn open(account: &Account) -> Result<Self, NotesError> {
        Ok(Self(account.peers.0.get(&Self::KEY).await?))
    }

    fn next(&self, account: &Account) -> Option<i64> {
        let now = (account.settings.kit.now)();
        self.0
            .as_ref()
            .map(|note| note.value)
            .filter(|it| now.duration_since(it.at) < OFFSET_HOLDS)
            .map(|it| it.next)
    }

    /// Notes that everything up to this update is durable.
    async fn advance(&mut self, account: &Account, update: i64) -> Result<(), NotesError> {
        let offset = Offset { next: update + 1, at: (account.settings.kit.now)() };
        let seen = self.0.as_ref().map(|note| note.version);
        if !account.peers.0.put(&Self::KEY, seen, &offset).await? {
            tracing::warn!(channel.id = %account.settings.kit.id, "somebody else polls with the same notes");
        }
        *self = Self::open(account).await?;
        Ok(())
    }
}

/// Says what is wrong, and waits.
async fn trouble(account: &Account, error: &RequestError, pause: &mut Pause) {
    let reason = failure::describe(error);
    tracing::warn!(channel.id = %account.settings.kit.id, reason, "a poll failed");
    let code = match error {
        RequestError::Api(ApiError::InvalidToken) => TOKEN_REFUSED,
        RequestError::Api(ApiError::TerminatedByOtherGetUpdates) => OTHER_POLLER,
        RequestError::Api(ApiError::CantGetUpdates) => WEBHOOK_ELSEWHERE,
        RequestError::Api(ApiError::Unknown(text)) if text.contains("getUpdates request") => OTHER_POLLER,
        RequestError::Api(ApiError::Unknown(text)) if text.contains("webhook is active") => WEBHOOK_ELSEWHERE,
        _ => UNREACHABLE,
    };
    // One failure alone is everyday on long lines; what the operator has to mend does not pass by itself.
    if code != UNREACHABLE || pause.is_repeated() {
        account.alarms().raise(code, reason);
    }
    pause.rest(failure::retry_after(error)).await;
}

/// Longer and longer pauses.
#[derive(Default)]
pub(super) struct Pause(u32);

impl Pause {
    pub(super) fn reset(&mut self) {
        self.0 = 0;
    }

    pub(super) fn is_repeated(&self) -> bool {
        self.0 > 0
    }

    pub(super) async fn rest(&mut self, asked: Option<Duration>) {
        let grown = FIRST_PAUSE.saturating_mul(1 << self.0.min(6)).min(LONGEST_PAUSE);
        self.0 = self.0.saturating_add(1);
        tokio::time::sleep(asked.unwrap_or(grown)).await;
    }
}
