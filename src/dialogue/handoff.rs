//! Why a person is called, and when the robot calls one by itself.

use std::str::FromStr;

/// Why a conversation was handed over. The names are used alike in the store, the API and on the desk.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reason {
    /// The citizen asked for a person.
    Asked,
    /// The citizen said that the answer was of no use.
    Dissatisfied,
    /// The citizen asked the same thing again.
    Repeated,
    /// Two turns in a row had no answer.
    Unanswered,
    /// The citizen complains about an office or its staff.
    Complaint,
    /// Life or limb may be in danger.
    Emergency,
    /// A helper put it back, or was lost.
    Returned,
}

impl Reason {
    /// All reasons.
    pub const ALL: [Self; 7] = [
        Self::Asked,
        Self::Dissatisfied,
        Self::Repeated,
        Self::Unanswered,
        Self::Complaint,
        Self::Emergency,
        Self::Returned,
    ];

    /// The reason's name everywhere.
    pub fn name(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Dissatisfied => "dissatisfied",
            Self::Repeated => "repeated",
            Self::Unanswered => "unanswered",
            Self::Complaint => "complaint",
            Self::Emergency => "emergency",
            Self::Returned => "returned",
        }
    }
}

impl FromStr for Reason {
    type Err = UnknownReason;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|reason| reason.name() == name)
            .ok_or_else(|| UnknownReason(name.to_owned()))
    }
}

/// A reason that is none of ours.
#[derive(Debug, thiserror::Error)]
#[error("unknown handoff reason `{0}`")]
pub struct UnknownReason(String);

/// How many turns in a row may stay without an answer before a person is called.
pub const UNANSWERED_TURNS: u32 = 2;
