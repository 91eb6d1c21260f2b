//! Which part of an entry a question asks for: what to bring, what it costs, where to go.

/// A part of an entry.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Aspect {
    /// No part in particular.
    #[default]
    Overview,
    /// What to bring.
    Materials,
    /// What to do.
    Steps,
    /// What it costs.
    Fees,
    /// How long it takes.
    Time,
    /// Where to go, when it is open, whom to call.
    Place,
    /// Who can apply.
    Conditions,
    /// How to do it online.
    Online,
}

impl Aspect {
    /// The aspects that words can name, in the order in which they are tried.
    pub const NAMED: [Self; 7] =
        [Self::Materials, Self::Fees, Self::Time, Self::Place, Self::Conditions, Self::Online, Self::Steps];

    /// The aspect's name in the words file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Materials => "materials",
            Self::Steps => "steps",
            Self::Fees => "fees",
            Self::Time => "time",
            Self::Place => "place",
            Self::Conditions => "conditions",
            Self::Online => "online",
        }
    }
}
