//! A shared screen as it is stored: who asked, what the citizen allowed, how it ended, and the rows of its audit. What
//! is on the screen is never stored.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a citizen may allow; each is asked for on its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// To see the page.
    View,
    /// To point at it: pointer, highlights, steps.
    Point,
    /// To propose what could stand in a field; the citizen decides on each.
    Fill,
    /// To speak with each other.
    Voice,
    /// To see what is on the desktop.
    Screen,
}

impl Scope {
    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Point => "point",
            Self::Fill => "fill",
            Self::Voice => "voice",
            Self::Screen => "screen",
        }
    }

    /// Whether it is of use only to who sees the page.
    pub fn needs_sight(self) -> bool {
        matches!(self, Self::Point | Self::Fill)
    }

    /// Whether it lasts no longer than a call.
    pub fn is_call(self) -> bool {
        matches!(self, Self::Voice | Self::Screen)
    }
}

/// What a helper asks to see.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ShareKind {
    /// One of our forms.
    #[default]
    Form,
    /// Whatever the citizen shows of the desktop.
    Screen,
    /// The page of ours on which the citizen writes.
    Chat,
    /// The page of ours with the citizen's questions, linked channels and login.
    Me,
}

impl ShareKind {
    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::Screen => "screen",
            Self::Chat => "chat",
            Self::Me => "me",
        }
    }

    /// Where it is, for the pages of our own that belong to the citizen rather than to a matter.
    pub fn own_page(self) -> Option<&'static str> {
        match self {
            Self::Form | Self::Screen => None,
            Self::Chat => Some("/"),
            Self::Me => Some("/me"),
        }
    }
}

/// Where a share stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ShareState {
    /// The citizen was sent the link.
    Asked,
    /// The link was used.
    Opened,
    /// The citizen allowed to be seen.
    Consented,
    /// Over, for good.
    Ended,
}

/// A shared screen.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ShareRecord {
    /// Its id, which is not secret.
    pub id: String,
    /// The conversation it belongs to.
    pub conversation: String,
    /// The helper who asked.
    pub helper: String,
    /// The conversation's owner epoch at that time: a share does not outlive it.
    pub owner_epoch: u64,
    /// What it is for, in the helper's words.
    pub purpose: String,
    /// The page to open.
    pub form: String,
    /// What is asked for first.
    #[serde(default)]
    pub kind: ShareKind,
    /// Where it stands.
    pub state: ShareState,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// Until when the link can be used.
    pub expires_at: Timestamp,
    /// The digest of the link's key.
    pub key: String,
    /// The digest of the code that was sent into the chat, where one is needed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub code: Option<String>,
    /// How many wrong codes were given.
    #[serde(default)]
    pub wrong_codes: u8,
    /// The browser that has left to let the platform say who it is, until it is back.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub left: Option<LeftRecord>,
    /// How many have left. Past a few the code has to do.
    #[serde(skip_serializing_if = "is_none_yet", default)]
    pub departures: u8,
    /// The digest of the ticket of the browser that is the citizen's, as the platform says.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub known: Option<String>,
    /// The digest of what the citizen's page holds since the link was used.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub token: Option<String>,
    /// How many recorders there were, which is how many pages were loaded.
    #[serde(default)]
    pub epoch: u32,
    /// What the citizen allows, and until when if not to the end.
    #[serde(default)]
    pub consents: BTreeMap<Scope, Option<Timestamp>>,
    /// Whether the citizen ever allowed to be seen.
    #[serde(default)]
    pub was_seen: bool,
    /// The last sign of the citizen's page, to the minute.
    pub seen_at: Timestamp,
    /// When and why it ended.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ended: Option<ShareEnd>,
}

/// A browser that has left for the platform.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LeftRecord {
    /// The digest of the state that comes back with it.
    pub state: String,
    /// The digest of the ticket in its cookie.
    pub ticket: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_none_yet(count: &u8) -> bool {
    *count == 0
}

/// The end of a share.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ShareEnd {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Why, in one word.
    pub reason: String,
}

impl ShareRecord {
    /// Whether the citizen allows this now. Nothing is pointed at, and nothing proposed, without sight.
    pub fn allows(&self, scope: Scope, now: Timestamp) -> bool {
        let holds = |scope| {
            self.consents
                .get(&scope)
                .is_some_and(|until: &Option<Timestamp>| until.is_none_or(|until| now < until))
        };
        let seen = !scope.needs_sight() || holds(Scope::View);
        self.state == ShareState::Consented && seen && holds(scope)
    }
}

/// Something that happened to a share, for whoever has to account for it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ShareAudit {
    /// When.
    pub at: Timestamp,
    /// `citizen`, `system`, or `helper:` and the name.
    pub who: String,
    /// What, in one word.
    pub what: String,
    /// What it concerned: a scope, a field's number, a reason. Never what a field holds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub detail: Option<String>,
}
