//! The platform's XML: a flat list of elements in any order, some with one level below, as text or as CDATA.

use std::collections::HashMap;

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;
use serde_json::Value;

/// The deepest that is looked; what lies below is left out.
const DEPTH: usize = 8;
/// The most elements that are read of one message.
const ELEMENTS: usize = 200;

/// The elements of a message by name, those below another as `Outer/Inner`. Of several of the same name the first counts.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Fields(HashMap<String, String>);

/// It is no XML.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the message is no well-formed XML")]
pub struct NotXml;

impl Fields {
    /// Reads the elements below the root.
    ///
    /// # Errors
    /// When it is no well-formed XML.
    pub fn parse(text: &str) -> Result<Self, NotXml> {
        let mut reader = Reader::from_str(text);
        let mut fields = HashMap::new();
        // Names and texts of the open elements; the root is the first.
        let mut open: Vec<(String, String)> = Vec::new();
        let mut seen_root = false;
        loop {
            match reader.read_event().map_err(|_| NotXml)? {
                Event::Start(start) => {
                    seen_root = true;
                    open.push((start.name().as_ref().to_owned(), String::new()));
                }
                Event::Empty(_) => seen_root = true,
                Event::Text(text) => append(&mut open, &text.xml10_content()),
                Event::CData(text) => append(&mut open, &text.xml10_content()),
                Event::GeneralRef(entity) => match entity.resolve_char_ref() {
                    Ok(Some(letter)) => append(&mut open, letter.encode_utf8(&mut [0; 4])),
                    Ok(None) => append(&mut open, resolve_predefined_entity(&entity).unwrap_or_default()),
                    Err(_) => return Err(NotXml),
                },
                Event::End(_) => close(&mut open, &mut fields)?,
                // Declarations, comments and document types carry nothing; entities of the latter are never expanded.
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
                Event::Eof => break,
            }
        }
        if open.is_empty() && seen_root { Ok(Self(fields)) } else { Err(NotXml) }
    }

    /// Reads a JSON object the same way; the console's test messages are JSON, and everything is where the data format was
    /// set to it.
    pub fn from_json(text: &str) -> Option<Self> {
        let value: serde_json::Map<String, Value> = serde_json::from_str(text).ok()?;
        let mut fields = HashMap::new();
        for (name, value) in value.into_iter().take(ELEMENTS) {
            match value {
                Value::Object(inner) => {
                    let inner = inner.into_iter().take(ELEMENTS);
                    fields.extend(
                        inner.filter_map(|(below, value)| Some((format!("{name}/{below}"), word(value)?))),
                    );
                }
                value => fields.extend(word(value).map(|text| (name, text))),
            }
        }
        Some(Self(fields))
    }

    /// An element's text without white space around it.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|text| text.trim())
    }

    /// An element's text as it stands, if there is any.
    pub fn text(&self, name: &str) -> Option<String> {
        self.0.get(name).filter(|text| !text.trim().is_empty()).cloned()
    }
}

/// What a JSON value says, if it is a word or a number.
fn word(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn append(open: &mut [(String, String)], text: &str) {
    if let Some((_, content)) = open.last_mut() {
        content.push_str(text);
    }
}

fn close(open: &mut Vec<(String, String)>, fields: &mut HashMap<String, String>) -> Result<(), NotXml> {
    let (name, text) = open.pop().ok_or(NotXml)?;
    if open.is_empty() || open.len() > DEPTH || fields.len() >= ELEMENTS {
        return Ok(());
    }
    let outer = open.iter().skip(1).map(|(name, _)| name.as_str());
    let path = outer.chain([name.as_str()]).collect::<Vec<_>>().join("/");
    fields.entry(path).or_insert(text);
    Ok(())
}

/// Prints a text as CDATA. What would end it early is split, and what XML cannot carry is left out.
pub fn cdata(text: &str) -> String {
    let allowed: String = text
        .chars()
        .filter(|&c| matches!(c, '\t' | '\n' | '\r') || (c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}')))
        .collect();
    format!("<![CDATA[{}]]>", allowed.replace("]]>", "]]]]><![CDATA[>"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn any_order_cdata_or_not_and_one_level_below() {
        let fields = Fields::parse(
            "<?xml version=\"1.0\"?>\n<xml><!-- c --><B>1 &lt;&#x4f60;&unknown;</B>\n<A><![CDATA[a]]]]><![CDATA[>b]]></A><Info><Type><![CDATA[qr]]></Type></Info><Empty/><A>second</A></xml>",
        )
        .unwrap();
        assert_eq!(fields.get("B"), Some("1 <你"));
        assert_eq!(fields.get("A"), Some("a]]>b"));
        assert_eq!(fields.get("Info/Type"), Some("qr"));
        assert_eq!(fields.get("Empty"), None);
    }

    #[test]
    fn what_is_not_whole_is_refused() {
        for text in ["", "plain", "<xml>", "<xml><A></xml>", "</xml>", "<xml><A>&#xZZ;</A></xml>"] {
            assert_eq!(Fields::parse(text), Err(NotXml), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_survives_cdata(text in "([\\]>\\[<&]|\\PC|\\n){0,80}") {
            let fields = Fields::parse(&format!("<xml><A>{}</A></xml>", cdata(&text))).unwrap();
            let expected = text.chars().filter(|&c| c >= ' ' || c == '\n').collect::<String>();
            prop_assert_eq!(fields.get("A").unwrap_or_default(), expected.trim());
        }

        #[test]
        fn nothing_makes_it_panic(text in "([<>/&;#!\\[\\]\"=?-]|xml|CDATA|\\PC){0,120}") {
            drop(Fields::parse(&text));
            drop(Fields::parse(&format!("<xml>{text}</xml>")));
            drop(Fields::from_json(&text));
        }
    }
}
