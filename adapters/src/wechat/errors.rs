//! What the platform's error codes mean for us: try again, stop, or tell the operator what to do. Facts of the page
//! 全局返回码. The platform's own words never leave this file, because they may hold an openid.

use std::net::IpAddr;
use std::time::Duration;

use crate::{Alarms, ChannelError};

/// A call that failed, named by what follows from it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// The network, or the platform's answer.
    #[error("the platform cannot be reached: {0}")]
    Unreachable(String),
    /// Busy, or too many calls a minute.
    #[error("the platform is busy (errcode {0})")]
    Busy(i64),
    /// The access token does not hold; a new one may.
    #[error("the access token was refused (errcode {0})")]
    TokenRefused(i64),
    /// AppID or AppSecret is wrong, or frozen.
    #[error("AppID or AppSecret was refused (errcode {0})")]
    SecretRefused(i64),
    /// Our address is not on the list of the account.
    #[error("the address {0} is not on the account's list")]
    AddressRefused(String),
    /// The account cannot send by itself.
    #[error("the account has no right to this call (errcode {0})")]
    NoRight(i64),
    /// The day's calls are used up.
    #[error("the day's calls are used up (errcode {0})")]
    UsedUp(i64),
    /// The citizen's window is closed: the next message opens it.
    #[error("the window for messages to this citizen is closed (errcode {0})")]
    Closed(i64),
    /// The citizen does not follow the account any more.
    #[error("the citizen has left (errcode {0})")]
    Left(i64),
    /// The account is blocked by the platform.
    #[error("the account is blocked (errcode {0})")]
    Blocked(i64),
    /// The account may send, but not messages of this kind.
    #[error("the account may not send messages of this kind (errcode {0})")]
    KindRefused(i64),
    /// This very message, or file, is not taken.
    #[error("the platform refuses it (errcode {0})")]
    Refused(i64),
}

/// How long to leave the platform alone when the day's calls are used up.
const USED_UP: Duration = Duration::from_secs(600);

/// Alarms by what they say, as in `config/words/alarms.toml`.
pub const SECRET: &str = "wechat_secret_refused";
/// The AppSecret was frozen in the console.
pub const FROZEN: &str = "wechat_secret_frozen";
/// The access token is refused again and again.
pub const TOKEN: &str = "wechat_token_refused";
/// Our address is not on the list.
pub const ADDRESS: &str = "wechat_ip_not_listed";
/// The account's administrator has to confirm that our address may call.
pub const UNCONFIRMED: &str = "wechat_ip_unconfirmed";
/// The account may not send messages of some kind.
pub const KIND: &str = "wechat_kind_refused";
/// The account cannot send by itself.
pub const NO_RIGHT: &str = "wechat_no_customer_service";
/// The account cannot ask who opens a page.
pub const OAUTH: &str = "wechat_oauth_refused";
/// The day's calls are used up.
pub const QUOTA: &str = "wechat_quota_used_up";
/// The account is blocked.
pub const BLOCKED: &str = "wechat_account_blocked";
/// The platform cannot be reached.
pub const UNREACHABLE: &str = "wechat_unreachable";
/// The clocks differ.
pub const CLOCK: &str = "wechat_clock_off";
/// The console's mode or key is another one.
pub const MODE: &str = "wechat_mode_differs";
/// Pushes come with a wrong signature.
pub const SIGNATURE: &str = "wechat_signature_wrong";

impl ApiError {
    /// Reads an error code. Those that are not named are of one message or file, which is not tried again.
    pub fn of(code: i64, message: &str) -> Self {
        match code {
            // A call a minute too many, and "is writing" out of its time, are over by themselves.
            -1 | 45011 | 45072 | 45080 | 45081 => Self::Busy(code),
            40001 | 40014 | 42001 => Self::TokenRefused(code),
            40002 | 40013 | 40125 | 40243 | 41002 | 41004 | 43002 => Self::SecretRefused(code),
            40164 | 61004 => Self::AddressRefused(address(message)),
            48001 | 40200 => Self::NoRight(code),
            45162 | 48008 => Self::KindRefused(code),
            45009 => Self::UsedUp(code),
            // 48002: the citizen wants no messages of the account; what they write is answered all the same.
            45015 | 45047 | 48002 => Self::Closed(code),
            40003 | 43004 | 50005 => Self::Left(code),
            48006 | 50002 | 50004 | 50007 | 89501 | 89503 | 89506 | 89507 => Self::Blocked(code),
            _ => Self::Refused(code),
        }
    }

    /// The alarm that an operator has to see, with a detail for it.
    pub fn alarm(&self) -> Option<(&'static str, String)> {
        let errcode = |code: &i64| format!("errcode {code}");
        Some(match self {
            Self::Unreachable(reason) => (UNREACHABLE, reason.clone()),
            Self::TokenRefused(code) => (TOKEN, errcode(code)),
            Self::SecretRefused(code @ 40243) => (FROZEN, errcode(code)),
            Self::SecretRefused(code) => (SECRET, errcode(code)),
            Self::AddressRefused(address) => (ADDRESS, address.clone()),
            Self::NoRight(code) => (NO_RIGHT, errcode(code)),
            Self::UsedUp(code) => (QUOTA, errcode(code)),
            Self::KindRefused(code) => (KIND, errcode(code)),
            Self::Blocked(code @ (89501 | 89503 | 89506 | 89507)) => (UNCONFIRMED, errcode(code)),
            Self::Blocked(code) => (BLOCKED, errcode(code)),
            Self::Busy(_) | Self::Closed(_) | Self::Left(_) | Self::Refused(_) => return None,
        })
    }

    /// Raises its alarm.
    pub fn tell(&self, alarms: &Alarms) {
        if let Some((code, detail)) = self.alarm() {
            alarms.raise(code, detail);
        }
    }
}

/// A call succeeded: what it needs cannot be wrong.
pub fn all_well(alarms: &Alarms) {
    for code in [SECRET, FROZEN, TOKEN, ADDRESS, UNCONFIRMED, BLOCKED, UNREACHABLE] {
        alarms.clear(code);
    }
}

/// The addresses in the platform's words, so that the operator can copy them to the list.
fn address(message: &str) -> String {
    let words = message.split(|c: char| !(c.is_ascii_hexdigit() || matches!(c, '.' | ':')));
    let found: Vec<&str> = words.filter(|word| word.parse::<IpAddr>().is_ok()).collect();
    if found.is_empty() { "unknown".to_owned() } else { found.join(", ") }
}

impl From<ApiError> for ChannelError {
    fn from(error: ApiError) -> Self {
        let reason = error.to_string();
        match error {
            ApiError::Unreachable(_) | ApiError::Busy(_) | ApiError::TokenRefused(_) => {
                Self::Unavailable { reason, retry_after: None }
            }
            ApiError::UsedUp(_) => Self::Unavailable { reason, retry_after: Some(USED_UP) },
            ApiError::SecretRefused(_)
            | ApiError::AddressRefused(_)
            | ApiError::NoRight(_)
            | ApiError::Blocked(_) => Self::Misconfigured(reason),
            ApiError::Closed(_) | ApiError::Left(_) | ApiError::KindRefused(_) | ApiError::Refused(_) => {
                Self::Gone(reason)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn codes_say_what_follows() {
        let table: &[(i64, Option<&str>, &str)] = &[
            (-1, None, "unavailable"),
            (40001, Some(TOKEN), "unavailable"),
            (40014, Some(TOKEN), "unavailable"),
            (42001, Some(TOKEN), "unavailable"),
            (40002, Some(SECRET), "misconfigured"),
            (40013, Some(SECRET), "misconfigured"),
            (40125, Some(SECRET), "misconfigured"),
            (41002, Some(SECRET), "misconfigured"),
            (41004, Some(SECRET), "misconfigured"),
            (43002, Some(SECRET), "misconfigured"),
            (40243, Some(FROZEN), "misconfigured"),
            (40164, Some(ADDRESS), "misconfigured"),
            (61004, Some(ADDRESS), "misconfigured"),
            (40003, None, "reached"),
            (43004, None, "reached"),
            (50005, None, "reached"),
            (44004, None, "reached"),
            (45002, None, "reached"),
            (45008, None, "reached"),
            (46003, None, "reached"),
            (45009, Some(QUOTA), "unavailable"),
            (45011, None, "unavailable"),
            (45072, None, "unavailable"),
            (45080, None, "unavailable"),
            (45081, None, "unavailable"),
            (45015, None, "reached"),
            (45047, None, "reached"),
            (48002, None, "reached"),
            (48001, Some(NO_RIGHT), "misconfigured"),
            (40200, Some(NO_RIGHT), "misconfigured"),
            (45162, Some(KIND), "reached"),
            (48008, Some(KIND), "reached"),
            (48006, Some(BLOCKED), "misconfigured"),
            (50002, Some(BLOCKED), "misconfigured"),
            (50004, Some(BLOCKED), "misconfigured"),
            (50007, Some(BLOCKED), "misconfigured"),
            (89501, Some(UNCONFIRMED), "misconfigured"),
            (89503, Some(UNCONFIRMED), "misconfigured"),
            (89506, Some(UNCONFIRMED), "misconfigured"),
            (89507, Some(UNCONFIRMED), "misconfigured"),
            (999_999, None, "reached"),
        ];
        for &(code, alarm, consequence) in table {
            let error = ApiError::of(code, "x o6_bmjrPTlm6_2sgVt7hMZOPfL2M rid: 1");
            assert_eq!(error.alarm().map(|(code, _)| code), alarm, "{code}");
            let printed = ChannelError::from(error).to_string();
            assert!(printed.contains(consequence) && !printed.contains("o6_"), "{code}: {printed}");
        }
    }

    proptest! {
        #[test]
        fn whatever_the_platform_answers_nothing_of_its_words_is_told(
            code in any::<i64>(),
            openid in "o[A-Za-z0-9_-]{27}",
            words in "\\PC{0,40}",
        ) {
            let error = ApiError::of(code, &format!("{words} {openid} rid: 65f1"));
            let told = format!("{error} {error:?} {:?} {}", error.alarm(), ChannelError::from(error.clone()));
            prop_assert!(!told.contains(&openid), "{}", told);
        }
    }

    #[test]
    fn the_address_to_be_listed_is_named() {
        let words = "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: 5f3c-1";
        assert_eq!(
            ApiError::of(40164, words),
            ApiError::AddressRefused("203.0.113.7, ::ffff:203.0.113.7".to_owned())
        );
        assert_eq!(
            ApiError::of(61004, "access clientip is not registered"),
            ApiError::AddressRefused("unknown".to_owned())
        );
    }
}
