//! A conversation's stages and the only legal transitions between them.
//!
//! ```text
//! robot ─► queued ─► claimed ─► serving ─► wrap_up ─► closed ─► (the citizen writes within 72 h) queued
//!            │          │          │
//!            │          │          └─► reclaim_grace ─► serving | queued (front)
//!            │          ├─► wrap_up (closed without a word) and queued (released or lost)
//!            └─► left_message ─► claimed | (the citizen writes again) queued
//! ```

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use super::handoff::Reason;

/// Where a conversation stands. The names are used alike in the store, the API, logs and pages.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Stage {
    /// The robot speaks.
    Robot,
    /// The citizen waits for a person.
    Queued,
    /// Nobody came in time: the words are kept, and a helper answers later.
    LeftMessage,
    /// A helper has taken it and has not written yet.
    Claimed,
    /// A helper serves.
    Serving,
    /// The helper's connection is lost; for a short time the conversation stays theirs.
    ReclaimGrace,
    /// The helper is done; the citizen is asked for a rating.
    WrapUp,
    /// It is over.
    Closed,
}

impl Stage {
    /// All stages.
    pub const ALL: [Self; 8] = [
        Self::Robot,
        Self::Queued,
        Self::LeftMessage,
        Self::Claimed,
        Self::Serving,
        Self::ReclaimGrace,
        Self::WrapUp,
        Self::Closed,
    ];

    /// The stage's name everywhere.
    pub fn name(self) -> &'static str {
        match self {
            Self::Robot => "robot",
            Self::Queued => "queued",
            Self::LeftMessage => "left_message",
            Self::Claimed => "claimed",
            Self::Serving => "serving",
            Self::ReclaimGrace => "reclaim_grace",
            Self::WrapUp => "wrap_up",
            Self::Closed => "closed",
        }
    }

    /// Whether a helper owns the conversation at this stage.
    pub fn is_owned(self) -> bool {
        matches!(self, Self::Claimed | Self::Serving | Self::ReclaimGrace | Self::WrapUp)
    }

    /// Whether a helper's words may go out at this stage.
    pub fn helper_may_write(self) -> bool {
        matches!(self, Self::Claimed | Self::Serving | Self::ReclaimGrace)
    }

    /// Whether the conversation stands in the helpers' queue.
    pub fn is_waiting(self) -> bool {
        matches!(self, Self::Queued | Self::LeftMessage)
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Stage {
    type Err = UnknownStage;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|stage| stage.name() == name).ok_or_else(|| UnknownStage(name.to_owned()))
    }
}

/// A stage name that is none of ours, as a record of a newer version might hold.
#[derive(Debug, thiserror::Error)]
#[error("unknown stage `{0}`")]
pub struct UnknownStage(String);

/// What can happen to a conversation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StageEvent {
    /// The robot hands over.
    HandOff(Reason),
    /// A helper takes it.
    Claim(String),
    /// The helper's first words went out.
    Serve,
    /// The helper puts it back.
    Release,
    /// The helper's presence ended.
    HelperLost,
    /// The helper is back within the grace time.
    HelperBack,
    /// The grace time is over.
    GraceOver,
    /// The helper is done.
    Finish,
    /// The citizen rated, or did not within the time for it.
    Settle,
    /// Nobody took it in time.
    WaitedTooLong,
    /// The citizen writes again after the end, or after having left a message.
    Return,
}

/// An event that the drawing has no arrow for.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{event}` is not possible in stage `{stage}`")]
pub struct Undrawn {
    /// The stage at that moment.
    pub stage: Stage,
    /// The event.
    pub event: &'static str,
}

impl StageEvent {
    /// The event's name, for errors and logs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::HandOff(_) => "hand_off",
            Self::Claim(_) => "claim",
            Self::Serve => "serve",
            Self::Release => "release",
            Self::HelperLost => "helper_lost",
            Self::HelperBack => "helper_back",
            Self::GraceOver => "grace_over",
            Self::Finish => "finish",
            Self::Settle => "settle",
            Self::WaitedTooLong => "waited_too_long",
            Self::Return => "return",
        }
    }

    /// The arrow this event takes from a stage: the whole drawing in one table.
    fn arrow(&self, from: Stage) -> Option<Stage> {
        match (self, from) {
            (Self::HandOff(_), Stage::Robot) => Some(Stage::Queued),
            (Self::Claim(_), Stage::Queued | Stage::LeftMessage) => Some(Stage::Claimed),
            (Self::Serve, Stage::Claimed) => Some(Stage::Serving),
            (Self::Release, Stage::Claimed | Stage::Serving | Stage::ReclaimGrace) => Some(Stage::Queued),
            (Self::HelperLost, Stage::Serving) => Some(Stage::ReclaimGrace),
            (Self::HelperLost, Stage::Claimed) => Some(Stage::Queued),
            (Self::HelperBack, Stage::ReclaimGrace) => Some(Stage::Serving),
            (Self::GraceOver, Stage::ReclaimGrace) => Some(Stage::Queued),
            (Self::Finish, Stage::Claimed | Stage::Serving | Stage::ReclaimGrace) => Some(Stage::WrapUp),
            (Self::Settle, Stage::WrapUp) => Some(Stage::Closed),
            (Self::WaitedTooLong, Stage::Queued) => Some(Stage::LeftMessage),
            (Self::Return, Stage::Closed | Stage::LeftMessage) => Some(Stage::Queued),
            _ => None,
        }
    }
}

/// The part of a conversation that its stage machine rules.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conversation {
    /// Where it stands.
    pub stage: Stage,
    /// The helper who owns it; present exactly at the owned stages.
    pub owner: Option<String>,
    /// The helper who owned it last, who is asked first when the citizen returns.
    pub previous_owner: Option<String>,
    /// Rises whenever the right to speak passes to somebody else. A reply computed for an older epoch is dropped.
    pub owner_epoch: u64,
    /// Since when the citizen waits for a person. Kept through release and loss, so that nobody queues twice.
    pub queued_at: Option<Timestamp>,
    /// Why a person was called.
    pub reason: Option<Reason>,
    /// When it closed.
    pub closed_at: Option<Timestamp>,
    /// When the helper was done or was lost: the start of the stage's own clock.
    pub since: Timestamp,
}

impl Conversation {
    /// A new conversation with the robot.
    pub fn new(now: Timestamp) -> Self {
        Self {
            stage: Stage::Robot,
            owner: None,
            previous_owner: None,
            owner_epoch: 0,
            queued_at: None,
            reason: None,
            closed_at: None,
            since: now,
        }
    }

    /// Takes an event.
    ///
    /// # Errors
    /// [`Undrawn`] when there is no arrow; the conversation is then unchanged.
    pub fn apply(&mut self, event: StageEvent, now: Timestamp) -> Result<(), Undrawn> {
        let Some(to) = event.arrow(self.stage) else {
            return Err(Undrawn { stage: self.stage, event: event.name() });
        };
        // Serving, losing and regaining the line, and settling leave the right to speak where it is.
        if !matches!(
            event,
            StageEvent::Serve | StageEvent::HelperLost | StageEvent::HelperBack | StageEvent::Settle
        ) || to == Stage::Queued
        {
            self.owner_epoch += 1;
        }
        match event {
            StageEvent::HandOff(reason) => {
                self.reason = Some(reason);
                self.queued_at = Some(now);
            }
            StageEvent::Claim(helper) => self.owner = Some(helper),
            StageEvent::Release => self.reason = Some(Reason::Returned),
            StageEvent::Return => {
                self.queued_at = Some(now);
                self.reason = Some(Reason::Asked);
                self.closed_at = None;
            }
            StageEvent::Settle => self.closed_at = Some(now),
            _ => {}
        }
        if !to.is_owned()
            && let Some(owner) = self.owner.take()
        {
            self.previous_owner = Some(owner);
        }
        if matches!(to, Stage::WrapUp | Stage::Closed) {
            self.queued_at = None;
        }
        self.stage = to;
        self.since = now;
        Ok(())
    }

    /// Emergencies, complaints and conversations that had a helper before go first.
    pub fn priority(&self) -> u8 {
        match self.reason {
            Some(Reason::Emergency) => 0,
            Some(Reason::Returned) => 1,
            Some(Reason::Complaint) => 2,
            _ => 3,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event() -> impl Strategy<Value = StageEvent> {
        prop_oneof![
            Just(StageEvent::HandOff(Reason::Asked)),
            Just(StageEvent::HandOff(Reason::Emergency)),
            "[a-c]".prop_map(StageEvent::Claim),
            Just(StageEvent::Serve),
            Just(StageEvent::Release),
            Just(StageEvent::HelperLost),
            Just(StageEvent::HelperBack),
            Just(StageEvent::GraceOver),
            Just(StageEvent::Finish),
            Just(StageEvent::Settle),
            Just(StageEvent::WaitedTooLong),
            Just(StageEvent::Return),
        ]
    }

    /// The drawing of the architecture document, written down a second time by hand.
    const DRAWN: [(&str, &str); 16] = [
        ("robot", "queued"),
        ("queued", "claimed"),
        ("queued", "left_message"),
        ("left_message", "claimed"),
        ("left_message", "queued"),
        ("claimed", "serving"),
        ("claimed", "queued"),
        ("claimed", "wrap_up"),
        ("serving", "wrap_up"),
        ("serving", "queued"),
        ("serving", "reclaim_grace"),
        ("reclaim_grace", "serving"),
        ("reclaim_grace", "queued"),
        ("reclaim_grace", "wrap_up"),
        ("wrap_up", "closed"),
        ("closed", "queued"),
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn no_sequence_of_events_reaches_an_undrawn_transition(events in prop::collection::vec(event(), 0..60)) {
            let start = Timestamp::UNIX_EPOCH;
            let mut conversation = Conversation::new(start);
            for (second, event) in events.into_iter().enumerate() {
                let now = Timestamp::from_second(second as i64).unwrap();
                let before = conversation.clone();
                match conversation.apply(event, now) {
                    Err(undrawn) => {
                        prop_assert_eq!(undrawn.stage, before.stage);
                        prop_assert_eq!(&conversation, &before, "a refused event changes nothing");
                    }
                    Ok(()) => {
                        let arrow = (before.stage.name(), conversation.stage.name());
                        prop_assert!(DRAWN.contains(&arrow), "{:?} is not drawn", arrow);
                        prop_assert!(conversation.owner_epoch >= before.owner_epoch);
                        if before.owner != conversation.owner {
                            prop_assert!(conversation.owner_epoch > before.owner_epoch || conversation.stage == Stage::Closed);
                        }
                    }
                }
                prop_assert_eq!(conversation.owner.is_some(), conversation.stage.is_owned());
                prop_assert_eq!(conversation.closed_at.is_some(), conversation.stage == Stage::Closed);
                prop_assert!(!conversation.stage.is_waiting() || conversation.queued_at.is_some());
            }
        }
    }

    #[test]
    fn a_released_conversation_keeps_its_place_in_time() {
        let mut conversation = Conversation::new(Timestamp::UNIX_EPOCH);
        let asked = Timestamp::from_second(10).unwrap();
        conversation.apply(StageEvent::HandOff(Reason::Asked), asked).unwrap();
        conversation.apply(StageEvent::Claim("王".into()), Timestamp::from_second(20).unwrap()).unwrap();
        conversation.apply(StageEvent::Release, Timestamp::from_second(30).unwrap()).unwrap();
        assert_eq!(conversation.queued_at, Some(asked));
        assert_eq!(conversation.previous_owner.as_deref(), Some("王"));
        assert!(conversation.priority() < 3, "who waited before goes before those who come new");
    }

    #[test]
    fn names_round_trip() {
        for stage in Stage::ALL {
            assert_eq!(stage.name().parse::<Stage>().unwrap(), stage);
        }
        assert!("dancing".parse::<Stage>().is_err());
    }
}
