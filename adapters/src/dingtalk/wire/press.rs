//! A button of a card, pressed; by webhook and by socket alike. Facts: 钉钉开放平台 "event-callback-card".

use serde_json::{Map, Value, json};

use super::text;

/// A press. It names a person, so it has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Press {
    /// The card, by the id that we gave it.
    pub track: String,
    /// Who pressed, by userid.
    pub user: String,
    /// What the button is for; `None`: a button that this program does not know.
    pub action: Option<Action>,
}

/// What a button is for. Buttons say it in their parameter `action`, or, without parameters, in their id.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// A person is wanted.
    Human,
    /// The answer helped, or did not.
    Feedback(bool),
    /// The choice of this number, from 1.
    Choice(usize),
}

impl Action {
    fn parse(name: &str, number: Option<&str>) -> Option<Self> {
        match name {
            "human" => Some(Self::Human),
            "useful" => Some(Self::Feedback(true)),
            "useless" => Some(Self::Feedback(false)),
            _ => {
                let digits = name.strip_prefix("choice")?;
                let digits = if digits.is_empty() { number? } else { digits };
                digits.parse().ok().filter(|&number| number > 0).map(Self::Choice)
            }
        }
    }

    /// Names it in the id of the message that the press becomes, so that pressing twice is one message.
    pub fn name(self) -> String {
        match self {
            Self::Human => "human".to_owned(),
            Self::Feedback(true) => "useful".to_owned(),
            Self::Feedback(false) => "useless".to_owned(),
            Self::Choice(number) => format!("choice{number}"),
        }
    }
}

/// Reads a press. `None`: it is none.
pub fn parse(raw: &str) -> Option<Press> {
    let value: Value = serde_json::from_str(raw).ok()?;
    let content = match value.get("content") {
        Some(Value::String(inner)) => serde_json::from_str(inner).unwrap_or(Value::Null),
        Some(other) => other.clone(),
        None => Value::Null,
    };
    let private = content.get("cardPrivateData").unwrap_or(&Value::Null);
    let parameters = private.get("params").unwrap_or(&Value::Null);
    let number = text(parameters, "number");
    let by_parameter = text(parameters, "action").and_then(|name| Action::parse(&name, number.as_deref()));
    let by_id = || {
        let ids = private.get("actionIds").and_then(Value::as_array)?;
        ids.iter().filter_map(Value::as_str).find_map(|id| Action::parse(id, number.as_deref()))
    };
    Some(Press {
        track: text(&value, "outTrackId")?,
        user: text(&value, "userId")?,
        action: by_parameter.or_else(by_id),
    })
}

/// What changes on the card: for everybody, and for whoever pressed.
pub fn response(everybody: &[(&str, String)], presser: &[(&str, String)]) -> Value {
    let map = |pairs: &[(&str, String)]| -> Map<String, Value> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), Value::from(value.clone()))).collect()
    };
    json!({
        "cardData": { "cardParamMap": map(everybody) },
        "userPrivateData": { "cardParamMap": map(presser) },
        "cardUpdateOptions": { "updateCardDataByKey": true, "updatePrivateDataByKey": true },
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn press(private: &Value) -> Option<Action> {
        let content = json!({ "cardPrivateData": private }).to_string();
        let raw = json!({ "type": "actionCallback", "outTrackId": "t", "corpId": "c", "userId": "u", "content": content });
        parse(&raw.to_string()).unwrap().action
    }

    #[test]
    fn buttons_are_known_by_parameter_or_id() {
        let table = [
            (json!({ "actionIds": ["1"], "params": { "action": "human" } }), Some(Action::Human)),
            (json!({ "actionIds": ["1"], "params": { "action": "useful" } }), Some(Action::Feedback(true))),
            (json!({ "params": { "action": "choice", "number": 2 } }), Some(Action::Choice(2))),
            (json!({ "params": { "action": "choice", "number": "3" } }), Some(Action::Choice(3))),
            (json!({ "actionIds": ["choice4"], "params": {} }), Some(Action::Choice(4))),
            (json!({ "actionIds": ["useless"] }), Some(Action::Feedback(false))),
            (json!({ "params": { "action": "choice0" } }), None),
            (json!({ "params": { "action": "accept" } }), None),
            (json!({}), None),
        ];
        for (private, expected) in table {
            assert_eq!(press(&private), expected, "{private}");
        }
    }

    proptest! {
        #[test]
        fn anything_is_read_without_a_panic(raw in "\\PC{0,60}", track in "\\PC{0,9}", content in "\\PC{0,40}") {
            drop(parse(&raw));
            drop(parse(&json!({ "outTrackId": track, "userId": "u", "content": content }).to_string()));
        }

        #[test]
        fn an_action_is_read_from_its_name(kind in 0..4, number in 1_usize..100) {
            let action = match kind {
                0 => Action::Human,
                1 => Action::Feedback(true),
                2 => Action::Feedback(false),
                _ => Action::Choice(number),
            };
            prop_assert_eq!(Action::parse(&action.name(), None), Some(action));
        }
    }
}
