//! Voice and desktop: two browsers speak to each other directly, and what they need to find each other goes through the
//! room. It is passed on as it is, but never unread: [`sdp`] says what may stand in it, [`ice`] by which servers they meet.

pub mod ice;
pub mod sdp;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::records::Scope;

pub use ice::{Ice, IceServer, Turn};

/// The longest name of a medium's place in a description, in characters.
const MID: usize = 16;

/// What a call carries.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Media {
    /// Sound, both ways.
    Voice,
    /// What is on the citizen's desktop, to the helper only.
    Screen,
}

impl Media {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Voice, Self::Screen];

    /// What the citizen has to allow for it.
    pub fn scope(self) -> Scope {
        match self {
            Self::Voice => Scope::Voice,
            Self::Screen => Scope::Screen,
        }
    }

    /// What a permission carries, if it carries anything.
    pub fn of(scope: Scope) -> Option<Self> {
        Self::ALL.into_iter().find(|media| media.scope() == scope)
    }

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        self.scope().name()
    }
}

/// Who speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Side {
    Citizen,
    Helper,
}

/// An address at which a browser may be reached, as browsers print it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names are those of RTCIceCandidateInit")]
pub struct Candidate {
    pub candidate: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sdp_mid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sdp_m_line_index: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username_fragment: Option<String>,
}

/// What one browser says to the other through us.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
#[expect(missing_docs, reason = "docs/assist.md says what each of them means")]
pub enum Signal {
    Offer { call: String, media: Media, sdp: String },
    Answer { call: String, media: Media, sdp: String },
    Ice { call: String, media: Media, candidate: Candidate },
    Mute { call: String, media: Media, on: bool },
    Up { call: String, media: Media },
    Bye { call: String, media: Media, why: Why },
}

/// Why a side ends a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It was pressed.
    Hangup,
    /// No way was found between the two browsers.
    Network,
    /// The relay refused, or could not be reached.
    Relay,
    /// The microphone, or the shared window, is gone.
    Device,
}

impl Why {
    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hangup => "hangup",
            Self::Network => "network",
            Self::Relay => "relay",
            Self::Device => "device",
        }
    }
}

/// Addresses of people stand in it.
impl fmt::Debug for Signal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Signal({} {})", self.media().name(), self.name())
    }
}

/// The address of somebody stands in it.
impl fmt::Debug for Candidate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Candidate")
    }
}

impl Signal {
    /// The call it belongs to.
    pub fn call(&self) -> &str {
        match self {
            Self::Offer { call, .. }
            | Self::Answer { call, .. }
            | Self::Ice { call, .. }
            | Self::Mute { call, .. }
            | Self::Up { call, .. }
            | Self::Bye { call, .. } => call,
        }
    }

    /// What the call carries.
    pub fn media(&self) -> Media {
        match self {
            Self::Offer { media, .. }
            | Self::Answer { media, .. }
            | Self::Ice { media, .. }
            | Self::Mute { media, .. }
            | Self::Up { media, .. }
            | Self::Bye { media, .. } => *media,
        }
    }

    /// The name of its kind on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Offer { .. } => "offer",
            Self::Answer { .. } => "answer",
            Self::Ice { .. } => "ice",
            Self::Mute { .. } => "mute",
            Self::Up { .. } => "up",
            Self::Bye { .. } => "bye",
        }
    }

    /// What the other side may read of it; nothing at all of an address that it must not know.
    ///
    /// # Errors
    /// In one word, when this side may not say so.
    pub fn fit(self, side: Side, relay_only: bool) -> Result<Option<Self>, &'static str> {
        match (self, side) {
            // The citizen's browser is always the one that offers, so two offers never cross.
            (Self::Offer { call, media, sdp }, Side::Citizen) => {
                let sdp = sdp::fit(&sdp, media, side, relay_only)?;
                Ok(Some(Self::Offer { call, media, sdp }))
            }
            (Self::Answer { call, media, sdp }, Side::Helper) => {
                let sdp = sdp::fit(&sdp, media, side, relay_only)?;
                Ok(Some(Self::Answer { call, media, sdp }))
            }
            (Self::Ice { call, media, candidate }, _) => {
                let short = |text: &Option<String>, most| text.as_ref().is_none_or(|text| text.len() <= most);
                if !short(&candidate.sdp_mid, MID) || !short(&candidate.username_fragment, sdp::FRAGMENT) {
                    return Err("too_long");
                }
                let fit = sdp::fit_candidate(&candidate.candidate, relay_only)?;
                Ok(fit.map(|line| Self::Ice {
                    call,
                    media,
                    candidate: Candidate { candidate: line, ..candidate },
                }))
            }
            (signal @ Self::Mute { media: Media::Voice, .. }, _)
            | (signal @ Self::Up { .. }, Side::Citizen)
            | (signal @ Self::Bye { .. }, _) => Ok(Some(signal)),
            _ => Err("role"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assist::wire::{FromCitizen, FromHelper, parse, print};

    fn read(body: &str) -> Option<Signal> {
        let text = format!(r#"{{"v":1,"sid":"s","epoch":1,"seq":1,"ack":0,"ts":0,"t":"rtc",{body}}}"#);
        match parse::<FromCitizen>(&text) {
            Ok((_, FromCitizen::Rtc(signal))) => Some(signal),
            _ => None,
        }
    }

    #[test]
    fn signals_are_read_strictly_and_printed_as_they_were() {
        let ice = r#""kind":"ice","call":"c","media":"voice","candidate":{"candidate":"","sdpMid":"0","sdpMLineIndex":0}"#;
        let signal = read(ice).unwrap();
        let (envelope, _) = parse::<FromHelper>(&format!(
            r#"{{"v":1,"sid":"s","epoch":1,"seq":1,"ack":0,"ts":0,"t":"rtc",{ice}}}"#
        ))
        .unwrap();
        let text = print(&envelope, 0, &FromHelper::Rtc(signal.clone()));
        assert_eq!(parse::<FromHelper>(&text).unwrap().1, FromHelper::Rtc(signal.clone()), "{text}");
        assert_eq!(format!("{signal:?}"), "Signal(voice ice)", "no address is printed");
        for bad in [
            r#""kind":"ice","call":"c","media":"voice""#,
            r#""kind":"ice","call":"c","media":"camera","candidate":{"candidate":""}"#,
            r#""kind":"ice","call":"c","media":"voice","candidate":{"candidate":"","more":1}"#,
            r#""kind":"bye","call":"c","media":"voice","why":"hangup","sdp":"v=0"}"#,
            r#""kind":"bye","call":"c","media":"voice","why":"because"}"#,
            r#""kind":"click","call":"c","media":"voice""#,
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn each_side_says_only_what_is_its_own() {
        let (call, media) = ("c".to_owned(), Media::Screen);
        let up = Signal::Up { call: call.clone(), media };
        assert!(up.clone().fit(Side::Citizen, false).is_ok());
        assert_eq!(up.fit(Side::Helper, false), Err("role"));
        let mute = Signal::Mute { call: call.clone(), media, on: true };
        assert_eq!(mute.fit(Side::Citizen, false), Err("role"), "a desktop has no sound");
        let offer = Signal::Offer { call, media, sdp: "v=0\r\n".to_owned() };
        assert_eq!(offer.fit(Side::Helper, false), Err("role"));
    }
}
