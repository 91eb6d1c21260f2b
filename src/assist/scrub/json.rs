//! The events of a page as they are read. Names and words point into the text that arrived, and objects are lists: a page
//! sends changes many times a second, and most of what was spent on one went into copies that nobody needed.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Number;

/// A value of JSON.
#[derive(Clone, PartialEq, Debug)]
pub enum Json<'a> {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Words.
    String(Cow<'a, str>),
    /// A list.
    Array(Vec<Json<'a>>),
    /// Members.
    Object(Members<'a>),
}

/// The members of an object in the order in which they were written, each name once.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Members<'a>(Vec<(Cow<'a, str>, Json<'a>)>);

impl<'a> Json<'a> {
    /// The member of this name, if it is an object that has one.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.as_object()?.get(name)
    }

    /// The members, if it is an object.
    pub fn as_object(&self) -> Option<&Members<'a>> {
        if let Self::Object(members) = self { Some(members) } else { None }
    }

    /// The members to change, if it is an object.
    pub fn as_object_mut(&mut self) -> Option<&mut Members<'a>> {
        if let Self::Object(members) = self { Some(members) } else { None }
    }

    /// The items, if it is a list.
    pub fn as_array(&self) -> Option<&Vec<Self>> {
        if let Self::Array(items) = self { Some(items) } else { None }
    }

    /// The items to change, if it is a list.
    pub fn as_array_mut(&mut self) -> Option<&mut Vec<Self>> {
        if let Self::Array(items) = self { Some(items) } else { None }
    }

    /// The words, if it is words.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// The number, if it is a whole one that is not negative.
    pub fn as_u64(&self) -> Option<u64> {
        if let Self::Number(number) = self { number.as_u64() } else { None }
    }

    /// Whether it is words.
    pub fn is_string(&self) -> bool {
        matches!(self, Self::String(_))
    }

    /// Whether it is a number.
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Number(_))
    }

    /// Whether it is a truth value.
    pub fn is_boolean(&self) -> bool {
        matches!(self, Self::Bool(_))
    }

    /// Whether it is nothing.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether it is a list.
    pub fn is_array(&self) -> bool {
        matches!(self, Self::Array(_))
    }

    /// Whether it is an object.
    pub fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }
}

impl<'a> From<&'a str> for Json<'a> {
    fn from(text: &'a str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for Json<'_> {
    fn from(text: String) -> Self {
        Self::String(text.into())
    }
}

impl<'a> Members<'a> {
    /// The member of this name.
    pub fn get(&self, name: &str) -> Option<&Json<'a>> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    /// The member of this name, to change it.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Json<'a>> {
        self.0.iter_mut().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    /// The members.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json<'a>)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    /// The members, to change their values.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut Json<'a>)> {
        self.0.iter_mut().map(|(name, value)| (&**name, value))
    }

    /// Keeps the members that are wanted.
    pub fn retain(&mut self, mut wanted: impl FnMut(&str, &mut Json<'a>) -> bool) {
        self.0.retain_mut(|(name, value)| wanted(name, value));
    }
}

/// Up to this many names are compared with each other; of more, a sorted list is made.
const FEW: usize = 16;

/// Whether a name stands there twice. Of such an object one reader takes the first and another the last.
fn is_ambiguous(members: &[(Cow<'_, str>, Json<'_>)]) -> bool {
    if members.len() <= FEW {
        return members
            .iter()
            .enumerate()
            .any(|(at, (name, _))| members.iter().take(at).any(|(before, _)| before == name));
    }
    let mut names: Vec<&str> = members.iter().map(|(name, _)| &**name).collect();
    names.sort_unstable();
    names.windows(2).any(|two| matches!(two, [one, other] if one == other))
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Json<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json<'de>, E> {
        Ok(Number::from_f64(value).map_or(Json::Null, Json::Number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(text.into())
    }

    // What had escapes in it cannot point into the text.
    fn visit_str<E>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(text.to_owned().into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json<'de>, A::Error> {
        // A node has six or seven, and most objects are nodes.
        let mut members = Vec::with_capacity(7);
        while let Some(name) = access.next_key()? {
            let Json::String(name) = name else { return Err(A::Error::custom("a name is no text")) };
            members.push((name, access.next_value()?));
        }
        if is_ambiguous(&members) {
            return Err(A::Error::custom("a name stands twice in an object"));
        }
        Ok(Json::Object(Members(members)))
    }
}

impl<'de> Deserialize<'de> for Json<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => number.serialize(serializer),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(items) => serializer.collect_seq(items),
            Self::Object(Members(members)) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 64, 20, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..20).prop_map(Value::from),
                prop::collection::hash_map(any::<String>(), inner, 0..20)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_read_is_printed_as_another_reader_prints_it(value in value()) {
            let text = value.to_string();
            let read: Json<'_> = serde_json::from_str(&text).unwrap();
            let other: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(serde_json::to_string(&read).unwrap(), other.to_string());
        }
    }

    #[test]
    fn words_are_not_copied_and_names_stand_once() {
        let read: Json<'_> = serde_json::from_str(r#"{"a":"经营范围","b\n":"\u0041"}"#).unwrap();
        let Json::Object(Members(members)) = &read else { panic!("{read:?}") };
        assert!(matches!(members[0], (Cow::Borrowed("a"), Json::String(Cow::Borrowed("经营范围")))));
        assert!(matches!(&members[1], (Cow::Owned(_), Json::String(Cow::Owned(text))) if text == "A"));
        for count in [2, 40] {
            let mut names: Vec<String> = (1..count).map(|number| format!("\"{number}\":1")).collect();
            names.push("\"\\u0031\":2".to_owned());
            let text = format!("{{{}}}", names.join(","));
            assert!(serde_json::from_str::<Json<'_>>(&text).is_err(), "{text}");
        }
    }
}
