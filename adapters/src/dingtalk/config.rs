//! What the channel is built from.

use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;

use crate::{Audience, FindPersonal, Locale, Wording};

/// How messages reach us.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Over a socket that we open; needs no public address.
    Stream,
    /// By calls of the platform to `/channels/{id}`.
    Webhook,
}

/// The card that answers are shown on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CardSettings {
    /// The id of the template that the operator published, such as `….schema`.
    pub template: String,
    /// The template's variable that holds the text.
    pub content_key: String,
}

/// How long things may take. The defaults are for the real platform; tests shorten them.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// A socket on which nothing was heard for so long, no ping and no pong, is replaced.
    pub idle: Duration,
    /// A socket this old is replaced in any case: one that still answers pings may have been forgotten by the platform.
    pub renew: Duration,
    /// Without a connection for so long, the operator is told.
    pub down_alarm: Duration,
    /// How long opening a connection may take.
    pub open: Duration,
    /// The first pause after a connection failed; doubled each time, with jitter.
    pub first_pause: Duration,
    /// The longest such pause.
    pub longest_pause: Duration,
    /// How long a socket that is being replaced is still read. The platform closes it about 10 s after its notice.
    pub leaving: Duration,
    /// The shortest time between two updates of a card.
    pub draft: Duration,
    /// A card that nothing happens to for so long is ended.
    pub abandoned: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(60),
            renew: Duration::from_secs(6 * 3_600),
            down_alarm: Duration::from_secs(30),
            open: Duration::from_secs(10),
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(60),
            leaving: Duration::from_secs(12),
            draft: Duration::from_millis(400),
            abandoned: Duration::from_secs(90),
        }
    }
}

/// What the channel is told by the configuration.
#[derive(Clone)]
pub struct DingtalkSettings {
    /// The application's client id (AppKey).
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretString,
    /// The robot's code; for internal applications it is the client id.
    pub robot_code: String,
    /// How messages reach us.
    pub mode: Mode,
    /// The card, if answers are shown on one.
    pub card: Option<CardSettings>,
    /// Where the newer methods live, without a slash at the end.
    pub api_base: String,
    /// Where the older methods and the session webhooks live.
    pub oapi_base: String,
    /// Where the page is that says who somebody is, without a slash at the end.
    pub login_base: String,
    /// Whether whoever opens a page of ours is asked of the platform.
    pub oauth: bool,
    /// For whom members of the company ask; `None`: for anybody.
    pub audience: Option<Audience>,
    /// Whether helpers are shown where a member of the company works.
    pub staff_profile: bool,
    /// The language the channel speaks.
    pub locale: Locale,
    /// Whether the robot's messages say that a machine wrote them.
    pub ai_label: bool,
    /// How long things may take.
    pub pace: Pace,
    /// What the channel says of itself.
    pub words: Words,
    /// Finds what must not be shown to a group.
    pub personal: FindPersonal,
}

/// The sentences of `config/words/dingtalk.toml`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/words/dingtalk.toml has each sentence and says where it is shown")]
pub struct Words {
    pub title: Wording,
    pub helper: Wording,
    pub call: Wording,
    pub choose: Wording,
    pub sources: Wording,
    pub source: Wording,
    pub human: Wording,
    pub rate: Wording,
    pub ai: Wording,
    pub pair: Wording,
    pub between_pairs: Wording,
    pub file_not_shown: Wording,
    pub refused: Wording,
    pub too_long: Wording,
    pub busy: Wording,
    pub too_fast: Wording,
    pub unavailable: Wording,
    pub not_now: Wording,
    pub unsupported: Wording,
    pub picture_not_read: Wording,
    pub file_not_read: Wording,
    pub voice_not_heard: Wording,
    pub thinking: Wording,
    pub see_below: Wording,
    pub continued: Wording,
    pub ended: Wording,
    pub noted_useful: Wording,
    pub noted_useless: Wording,
    pub noted_human: Wording,
    pub noted_choice: Wording,
    pub stale: Wording,
    pub not_yours: Wording,
}
