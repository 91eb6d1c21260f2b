//! What a turn says to the citizen.

/// Stands in a text for the place in the queue, from 1.
pub const PLACE_IN_QUEUE: &str = "{position}";

/// How a turn ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Outcome {
    /// Answered, with citations.
    Answered,
    /// Several things could be meant: the citizen chooses.
    Clarify,
    /// A scenario asks its next question.
    Guide,
    /// The knowledge has nothing on it, and the reply says so.
    NoAnswer,
    /// A person takes over.
    Handoff,
    /// Emergency numbers were shown, and a person was called.
    Emergency,
}

impl Outcome {
    /// The outcome's name everywhere.
    pub fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Clarify => "clarify",
            Self::Guide => "guide",
            Self::NoAnswer => "no_answer",
            Self::Handoff => "handoff",
            Self::Emergency => "emergency",
        }
    }
}

/// A source of the answer.
#[derive(Clone, PartialEq, Debug)]
pub struct Citation {
    /// The number that stands in the text as `[n]`, from 1.
    pub number: usize,
    /// The entry's id.
    pub id: String,
    /// The entry's title.
    pub title: String,
    /// The entry's kind.
    pub kind: String,
    /// Where the source can be read in full.
    pub url: Option<String>,
    /// The sentences relied on.
    pub quote: String,
    /// The rule behind the entry.
    pub source: Option<String>,
    /// The office responsible.
    pub department: Option<String>,
    /// Where the entry leads besides: maps of its windows, its appointments.
    pub links: Vec<Link>,
}

/// Where an entry leads besides its own page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link {
    /// What is there.
    pub kind: LinkKind,
    /// The name of what is there: a window, or the matter an appointment is for.
    pub label: String,
    /// The address.
    pub url: String,
}

/// What is behind a link of an entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LinkKind {
    /// A window on a map.
    Map,
    /// A page where an appointment is made.
    Appointment,
}

/// One of the things the citizen may have meant, or one option of a scenario.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Choice {
    /// What comes back when it is chosen.
    pub key: String,
    /// What the citizen reads.
    pub label: String,
}

/// A number to call at once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    /// What it is for.
    pub label: String,
    /// The number.
    pub number: String,
}

/// What was retrieved for a turn, kept with the message so that a helper sees what the robot saw.
#[derive(Clone, PartialEq, Debug)]
pub struct EvidenceNote {
    /// The entry's id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its kind.
    pub kind: String,
    /// The calibrated confidence that it answers, 0 to 1.
    pub confidence: f32,
    /// The title or similar question that matched best.
    pub unit: String,
}

/// The robot's words of one turn.
#[derive(Clone, PartialEq, Debug)]
pub struct Reply {
    /// Markdown. [`PLACE_IN_QUEUE`] stands for the place in the queue, which is known only when the turn is committed.
    pub text: String,
    /// How the turn ended; absent for a greeting or thanks.
    pub outcome: Option<Outcome>,
    /// The sources.
    pub citations: Vec<Citation>,
    /// What the citizen may choose from.
    pub choices: Vec<Choice>,
    /// Whether a person is offered below.
    pub offer_human: bool,
    /// Numbers to call at once.
    pub call: Vec<Call>,
    /// What was retrieved.
    pub evidence: Vec<EvidenceNote>,
    /// The confidence of the best evidence, 0 to 1.
    pub confidence: Option<f32>,
}

impl Reply {
    /// A reply of words alone.
    pub fn plain(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            outcome: None,
            citations: Vec::new(),
            choices: Vec::new(),
            offer_human: false,
            call: Vec::new(),
            evidence: Vec::new(),
            confidence: None,
        }
    }

    /// The same reply with an outcome.
    #[must_use]
    pub fn with_outcome(mut self, outcome: Outcome) -> Self {
        self.outcome = Some(outcome);
        self
    }

    /// The same reply with a person offered below it.
    #[must_use]
    pub fn offering_human(mut self) -> Self {
        self.offer_human = true;
        self
    }
}
