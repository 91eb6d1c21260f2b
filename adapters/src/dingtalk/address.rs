//! Whom a reply goes to. In a group everybody has a dialogue of their own, so the address names both.

use std::fmt;

/// A person as the platform names them.
#[derive(Clone, PartialEq, Eq)]
pub enum Who {
    /// A member of the company, by userid. Only these can be written to without being asked first.
    Staff(String),
    /// Anybody else, by the encrypted id of the conversation.
    Sender(String),
}

/// A peer's address.
#[derive(Clone, PartialEq, Eq)]
pub enum Address {
    /// The chat between one person and the robot.
    Single(Who),
    /// One person in a group.
    Group {
        /// The group, as the platform's `openConversationId`.
        conversation: String,
        /// The person.
        who: Who,
    },
}

impl Who {
    /// The userid, for members of the company.
    pub fn staff(&self) -> Option<&str> {
        match self {
            Self::Staff(id) => Some(id),
            Self::Sender(_) => None,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (kind, id) = text.split_once(':')?;
        let id = Some(id.to_owned()).filter(|id| !id.is_empty())?;
        match kind {
            "staff" => Some(Self::Staff(id)),
            "sender" => Some(Self::Sender(id)),
            _ => None,
        }
    }
}

impl Address {
    /// Reads what [`Address::to_string`](ToString) printed.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':')? {
            ("single", who) => Some(Self::Single(Who::parse(who)?)),
            ("group", rest) => {
                let (conversation, who) = rest.split_once(':')?;
                let conversation = conversation.replace("%3A", ":").replace("%25", "%");
                Some(Self::Group { conversation, who: Who::parse(who)? })
            }
            _ => None,
        }
    }

    /// The person.
    pub fn who(&self) -> &Who {
        match self {
            Self::Single(who) | Self::Group { who, .. } => who,
        }
    }

    /// Whether others read along.
    pub fn is_group(&self) -> bool {
        matches!(self, Self::Group { .. })
    }
}

impl fmt::Display for Who {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Staff(id) => write!(formatter, "staff:{id}"),
            Self::Sender(id) => write!(formatter, "sender:{id}"),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Single(who) => write!(formatter, "single:{who}"),
            Self::Group { conversation, who } => {
                write!(formatter, "group:{}:{who}", conversation.replace('%', "%25").replace(':', "%3A"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_address_is_read_as_it_was_printed(conversation in "\\PC{0,40}", id in "\\PC{1,40}", group: bool, staff: bool) {
            let who = if staff { Who::Staff(id) } else { Who::Sender(id) };
            let address = if group { Address::Group { conversation, who } } else { Address::Single(who) };
            prop_assert!(Address::parse(&address.to_string()) == Some(address));
        }

        #[test]
        fn anything_is_read_without_a_panic(text in "(single|group|:|staff|%|\\PC){0,12}") {
            if let Some(address) = Address::parse(&text) {
                prop_assert!(Address::parse(&address.to_string()) == Some(address));
            }
        }
    }
}
