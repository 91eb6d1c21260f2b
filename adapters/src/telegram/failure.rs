//! What a refusal of Telegram's means for us.
//!
//! Nothing of teloxide's own wording is passed on but Telegram's description: its network errors name the URL, which
//! holds the token, and its parse errors quote the answer, which may hold a citizen's words.

use std::time::Duration;

use teloxide_core::{ApiError, RequestError};

use crate::{Alarms, ChannelError};

/// The token is not, or no longer, a bot's.
pub(super) const TOKEN_REFUSED: &str = "telegram_token_refused";

/// Telegram's description of an error without what it may not be told.
pub(super) fn describe(error: &RequestError) -> String {
    match error {
        RequestError::Api(error) => error.to_string(),
        RequestError::RetryAfter(delay) => format!("asks to wait {} s", delay.seconds()),
        RequestError::MigrateToChatId(_) => "the group has become a supergroup".to_owned(),
        RequestError::Network(error) if error.is_timeout() => "no answer in time".to_owned(),
        RequestError::Network(error) if error.is_connect() => "no connection".to_owned(),
        RequestError::Network(_) => "the connection broke".to_owned(),
        RequestError::InvalidJson { .. } => "the answer is not one of the Bot API".to_owned(),
        RequestError::Io(_) => "a file could not be read".to_owned(),
    }
}

/// What the outbox should do, and what the operator should know.
pub(super) fn channel_error(error: &RequestError, alarms: &Alarms) -> ChannelError {
    let reason = describe(error);
    match error {
        RequestError::RetryAfter(delay) => {
            ChannelError::Unavailable { reason, retry_after: Some(delay.duration()) }
        }
        RequestError::Api(ApiError::InvalidToken) => {
            alarms.raise(TOKEN_REFUSED, reason.clone());
            ChannelError::Misconfigured(reason)
        }
        RequestError::Api(error) if is_for_ever(error) => ChannelError::Gone(reason),
        _ => ChannelError::Unavailable { reason, retry_after: None },
    }
}

/// Whether asking again would be refused again. What Telegram says of itself (`Internal Server Error`, `Bad Gateway`,
/// `Conflict`) passes; what it says of the request does not.
fn is_for_ever(error: &ApiError) -> bool {
    match error {
        ApiError::Unknown(text) => {
            ["Bad Request:", "Forbidden:", "Unauthorized:"].iter().any(|kind| text.starts_with(kind))
        }
        ApiError::TerminatedByOtherGetUpdates | ApiError::CantGetUpdates => false,
        _ => true,
    }
}

/// Whether it says that the HTML cannot be read.
pub(super) fn is_markup(error: &RequestError) -> bool {
    matches!(error, RequestError::Api(ApiError::CantParseEntities(_)))
}

/// Whether it says that a button is not taken: its address, or its kind in this chat.
pub(super) fn is_button(error: &RequestError) -> bool {
    match error {
        RequestError::Api(ApiError::ButtonUrlInvalid) => true,
        RequestError::Api(ApiError::Unknown(text)) => {
            text.contains("BUTTON_") || text.contains("keyboard button") || text.contains("Web App")
        }
        _ => false,
    }
}

/// Whether an edit changed nothing, which is what was wanted.
pub(super) fn is_unmodified(error: &RequestError) -> bool {
    match error {
        RequestError::Api(ApiError::MessageNotModified) => true,
        RequestError::Api(ApiError::Unknown(text)) => {
            text.starts_with("Bad Request: message is not modified")
        }
        _ => false,
    }
}

/// Whether the message to be edited is not there any more, or may not be edited any more.
pub(super) fn is_uneditable(error: &RequestError) -> bool {
    matches!(
        error,
        RequestError::Api(
            ApiError::MessageToEditNotFound | ApiError::MessageCantBeEdited | ApiError::MessageIdInvalid
        )
    )
}

/// How long Telegram asked to be left alone.
pub(super) fn retry_after(error: &RequestError) -> Option<Duration> {
    match error {
        RequestError::RetryAfter(delay) => Some(delay.duration()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use teloxide_core::types::{ChatId, Seconds};

    use super::*;

    fn judged(error: &RequestError) -> (&'static str, Vec<&'static str>) {
        let alarms = Alarms::new(Arc::new(|| jiff::Timestamp::UNIX_EPOCH));
        let kind = match channel_error(error, &alarms) {
            ChannelError::Unavailable { .. } => "unavailable",
            ChannelError::Gone(_) => "gone",
            ChannelError::Misconfigured(_) => "misconfigured",
        };
        (kind, alarms.raised().iter().map(|alarm| alarm.code).collect())
    }

    #[test]
    fn every_refusal_has_its_consequence() {
        let unknown = |text: &str| RequestError::Api(ApiError::Unknown(text.to_owned()));
        let table = [
            (RequestError::Api(ApiError::BotBlocked), "gone"),
            (RequestError::Api(ApiError::UserDeactivated), "gone"),
            (RequestError::Api(ApiError::ChatNotFound), "gone"),
            (RequestError::Api(ApiError::BotKickedFromSupergroup), "gone"),
            (unknown("Forbidden: bot is not a member of the supergroup chat"), "gone"),
            (unknown("Bad Request: not enough rights to send text messages to the chat"), "gone"),
            (unknown("Internal Server Error"), "unavailable"),
            (unknown("Bad Gateway"), "unavailable"),
            (RequestError::RetryAfter(Seconds::from_seconds(5)), "unavailable"),
            (RequestError::MigrateToChatId(ChatId(-100)), "unavailable"),
        ];
        for (error, expected) in table {
            assert_eq!(judged(&error), (expected, vec![]), "{error:?}");
        }
        let refused = RequestError::Api(ApiError::InvalidToken);
        assert_eq!(judged(&refused), ("misconfigured", vec![TOKEN_REFUSED]));
    }

    #[tokio::test]
    async fn neither_the_token_nor_an_answer_is_told() {
        use teloxide_core::prelude::Requester;
        const TOKEN: &str = "123456:AAAA-not-to-be-told";
        // Nobody listens on the discard port.
        let bot = teloxide_core::Bot::new(TOKEN).set_api_url("http://127.0.0.1:9".parse().unwrap());
        let error = bot.get_me().await.unwrap_err();
        assert_eq!(describe(&error), "no connection");
        let source = Arc::new(serde_json::from_str::<u8>("x").unwrap_err());
        let error = RequestError::InvalidJson { source, raw: "我的身份证号".into() };
        assert!(!describe(&error).contains("身份证"));
    }
}
