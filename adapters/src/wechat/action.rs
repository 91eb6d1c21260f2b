//! What menu keys and scenes of QR codes stand for. The same few words in both, so that an operator learns them once:
//! `open:ENTRY_ID`, `human`, `say:TEXT`.

use crate::Content;

/// What a button or a code does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Opens an entry.
    Open(String),
    /// Calls a person.
    Human,
    /// Says something in the citizen's place.
    Say(String),
}

impl Action {
    /// Reads a key or a scene; `None` when it is one of another system.
    pub fn parse(key: &str) -> Option<Self> {
        let key = key.trim();
        if key.eq_ignore_ascii_case("human") {
            return Some(Self::Human);
        }
        let (what, rest) = key.split_once(':')?;
        let rest = rest.trim();
        match what {
            "open" if !rest.is_empty() => Some(Self::Open(rest.to_owned())),
            "say" if !rest.is_empty() => Some(Self::Say(rest.to_owned())),
            _ => None,
        }
    }

    /// Prints the key.
    pub fn key(&self) -> String {
        match self {
            Self::Open(entry) => format!("open:{entry}"),
            Self::Human => "human".to_owned(),
            Self::Say(text) => format!("say:{text}"),
        }
    }

    /// What the citizen did by it.
    pub fn content(self) -> Content {
        match self {
            Self::Open(entry) => Content::Open { entry },
            Self::Human => Content::Human,
            Self::Say(text) => Content::Text { text },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_ours_are_read_and_others_are_not() {
        for action in [Action::Open("id-1".into()), Action::Human, Action::Say("怎么办身份证".into())] {
            assert_eq!(Action::parse(&action.key()), Some(action));
        }
        for foreign in ["", "V1001", "open:", "say: ", "close:x", ":", "123"] {
            assert_eq!(Action::parse(foreign), None, "{foreign}");
        }
    }
}
