//! Takes out of recorded events what must not reach a helper, by allow-list: what is not known to be harmless is dropped,
//! and what identifies a person becomes dots. The citizen's own page has done the same before; so whatever has to be
//! dotted here says that the page is not the one it should be.
//!
//! Events are those of rrweb 2.1: `type` 4 is the page's address and size, 2 the whole page, 3 a change of it.

mod attributes;
mod css;
mod digits;
pub mod json;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeSet;

use attributes::Attributes;
use json::{Json, Members};

/// The most JSON levels of an event. rrweb needs two for each level of the page, so a page may be 60 elements deep.
pub const DEPTH: usize = 127;

/// JSON values that one node of a page takes at most on average; more are somebody's attempt to fill the memory.
const VALUES_PER_NODE: usize = 20;

/// Why events are refused as a whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unfit {
    /// It is no array of events.
    #[error("the events cannot be read")]
    Malformed,
    /// The page is nested too deep.
    #[error("the page is nested too deep")]
    TooDeep,
    /// The page has too many nodes.
    #[error("the page has too many nodes")]
    TooMany,
}

/// By what events are scrubbed.
#[derive(Clone, Debug)]
pub struct Rules<'a> {
    /// The host, with its port if it has one, whose addresses are our own: `city.example:8443`.
    pub host: &'a str,
    /// The fields and texts that the citizen shows for a moment.
    pub revealed: &'a BTreeSet<u32>,
    /// Who reads it: the citizen shows them to one helper, and for everybody else they are dots.
    pub reader: Reader,
    /// The most nodes of a page.
    pub nodes: usize,
}

/// For whom events are scrubbed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reader {
    /// The helper whom the citizen shows something to.
    Owner,
    /// Who looks on, or comes later.
    Anybody,
}

/// What was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Found {
    /// Places where somebody's number had to be dotted.
    pub leaks: usize,
    /// Whether what the citizen shows for a moment was among it.
    pub revealed: bool,
    /// Nodes that were counted.
    pub nodes: usize,
}

/// Reads events after counting what they would take, which costs nothing yet.
///
/// # Errors
/// When they are too deep, too many, or no array.
pub fn read(text: &[u8], nodes: usize) -> Result<Vec<Json<'_>>, Unfit> {
    let (mut depth, mut values) = (0_usize, 0_usize);
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => {
                while let Some(inside) = bytes.next() {
                    match inside {
                        b'\\' => drop(bytes.next()),
                        b'"' => break,
                        _ => {}
                    }
                }
            }
            b'[' | b'{' => {
                depth += 1;
                values += 1;
                if depth >= DEPTH {
                    return Err(Unfit::TooDeep);
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b',' => values += 1,
            _ => {}
        }
    }
    if values > nodes.saturating_mul(VALUES_PER_NODE) {
        return Err(Unfit::TooMany);
    }
    serde_json::from_slice(text).map_err(|_| Unfit::Malformed)
}

/// Scrubs events in place. Those of kinds that are not passed on are gone afterwards.
///
/// # Errors
/// When the page has too many nodes.
pub fn scrub(events: &mut Vec<Json<'_>>, rules: &Rules<'_>) -> Result<Found, Unfit> {
    let mut scrubber =
        Scrubber { rules, attributes: Attributes { host: rules.host }, found: Found::default() };
    events.retain_mut(|event| event.as_object_mut().is_some_and(|event| scrubber.event(event)));
    if scrubber.found.nodes > rules.nodes { Err(Unfit::TooMany) } else { Ok(scrubber.found) }
}

/// Keeps the members of these names.
fn keep(members: &mut Members<'_>, names: &[&str]) {
    members.retain(|name, _| names.contains(&name));
}

fn number(members: &Members<'_>, name: &str) -> Option<u64> {
    members.get(name)?.as_u64()
}

/// A name in small letters, which it mostly is already.
fn small<'a>(name: &Cow<'a, str>) -> Cow<'a, str> {
    if name.bytes().any(|letter| letter.is_ascii_uppercase()) {
        name.to_ascii_lowercase().into()
    } else {
        name.clone()
    }
}

/// Keeps only members that are numbers, truth values or nothing.
fn keep_scalars(members: &mut Members<'_>, names: &[&str]) {
    members.retain(|name, value| {
        names.contains(&name) && (value.is_number() || value.is_boolean() || value.is_null())
    });
}

struct Scrubber<'a> {
    rules: &'a Rules<'a>,
    attributes: Attributes<'a>,
    found: Found,
}

impl Scrubber<'_> {
    /// Whether an event is passed on.
    fn event(&mut self, event: &mut Members<'_>) -> bool {
        keep(event, &["type", "data", "timestamp"]);
        event.retain(|name, value| name != "timestamp" || value.is_number());
        let kind = number(event, "type");
        let Some(data) = event.get_mut("data").and_then(Json::as_object_mut) else { return false };
        match kind {
            Some(4) => {
                keep(data, &["href", "width", "height"]);
                data.retain(|name, value| name == "href" || value.is_number());
                if let Some(href) = data.get_mut("href") {
                    let bare = href.as_str().map(css::bare_address).unwrap_or_default();
                    self.replace(href, bare);
                }
                true
            }
            Some(2) => {
                keep(data, &["node", "initialOffset"]);
                if let Some(offset) = data.get_mut("initialOffset") {
                    match offset.as_object_mut() {
                        Some(offset) => keep_scalars(offset, &["top", "left"]),
                        None => *offset = Json::Null,
                    }
                }
                data.get_mut("node").is_some_and(|node| self.node(node, Around::Page))
            }
            Some(3) => self.change(data),
            // 0 and 1 say that the page was loaded, which nobody needs; 5 and 6 are whatever somebody put in.
            _ => false,
        }
    }

    fn change(&mut self, data: &mut Members<'_>) -> bool {
        match number(data, "source") {
            Some(0) => {
                keep(data, &["source", "texts", "attributes", "removes", "adds", "isAttachIframe"]);
                self.mutation(data);
                true
            }
            Some(3) => {
                keep_scalars(data, &["source", "id", "x", "y"]);
                true
            }
            Some(4) => {
                keep_scalars(data, &["source", "width", "height"]);
                true
            }
            Some(5) => {
                keep(data, &["source", "id", "text", "isChecked", "userTriggered"]);
                data.retain(|name, value| {
                    if name == "text" {
                        value.is_string()
                    } else {
                        !value.is_array() && !value.is_object() && !value.is_string()
                    }
                });
                let revealed = number(data, "id").is_some_and(|id| self.is_revealed(id));
                match data.get_mut("text") {
                    // A field may hold a number, which is what the helper is to see.
                    Some(text) if revealed => self.shown_for_a_moment(text),
                    Some(text) => self.text(text),
                    None => {}
                }
                let hides = revealed && self.rules.reader == Reader::Anybody;
                if let Some(choice) = data.get_mut("isChecked").filter(|_| hides) {
                    *choice = Json::Bool(false);
                }
                true
            }
            // Pointer, selection, media, canvas, fonts, logs, rules of style sheets and shadow sheets: the pointer is a
            // channel of its own, and the rest is not needed to see a form.
            _ => false,
        }
    }

    fn is_revealed(&self, id: u64) -> bool {
        u32::try_from(id).is_ok_and(|id| self.rules.revealed.contains(&id))
    }

    /// What the citizen shows to one helper: dots for everybody else.
    fn shown_for_a_moment(&mut self, value: &mut Json<'_>) {
        self.found.revealed = true;
        if self.rules.reader == Reader::Anybody
            && let Json::String(text) = value
        {
            *text = digits::dots(text).into();
        }
    }

    fn mutation(&mut self, data: &mut Members<'_>) {
        for name in ["texts", "attributes", "removes", "adds"] {
            if let Some(list) = data.get_mut(name) {
                let Some(list) = list.as_array_mut() else {
                    *list = Json::Array(Vec::new());
                    continue;
                };
                list.retain_mut(|item| item.as_object_mut().is_some_and(|item| self.part(name, item)));
            }
        }
        data.retain(|name, value| name != "isAttachIframe" || value.is_boolean());
    }

    /// Whether a part of a mutation stays.
    fn part(&mut self, list: &str, item: &mut Members<'_>) -> bool {
        match list {
            "texts" => {
                keep(item, &["id", "value"]);
                let revealed = number(item, "id").is_some_and(|id| self.is_revealed(id));
                if let Some(value) = item.get_mut("value").filter(|value| !value.is_null()) {
                    // It may be the text of a style element as well.
                    self.style_text(value);
                    if revealed {
                        self.shown_for_a_moment(value);
                    }
                }
                item.get("id").and_then(Json::as_u64).is_some()
            }
            "attributes" => {
                keep(item, &["id", "attributes"]);
                if let Some(attributes) = item.get_mut("attributes").and_then(Json::as_object_mut) {
                    self.found.leaks += self.attributes.scrub("", attributes);
                }
                item.get("id").and_then(Json::as_u64).is_some()
                    && item.get("attributes").is_some_and(Json::is_object)
            }
            "removes" => {
                keep_scalars(item, &["parentId", "id", "isShadow"]);
                true
            }
            _ => {
                keep(item, &["parentId", "previousId", "nextId", "node"]);
                item.retain(|name, value| name == "node" || value.is_number() || value.is_null());
                item.get_mut("node").is_some_and(|node| self.node(node, Around::Page))
            }
        }
    }

    /// Whether a node stays. Depth is bounded by [`DEPTH`], so recursion is, too.
    fn node(&mut self, node: &mut Json<'_>, around: Around) -> bool {
        let Some(node) = node.as_object_mut() else { return false };
        self.found.nodes += 1;
        match number(node, "type") {
            // A document.
            Some(0) => {
                keep(node, &["type", "id", "rootId", "childNodes", "compatMode"]);
                self.strings(node, &["compatMode"]);
                self.children(node, around);
                true
            }
            // Its type: names of standards that no page has to invent.
            Some(1) => {
                keep(node, &["type", "id", "rootId", "name", "publicId", "systemId"]);
                for (name, value) in node.iter_mut() {
                    let own = if name == "name" { "html" } else { "" };
                    if value.as_str().is_some_and(|value| value != own) {
                        *value = own.into();
                    }
                }
                true
            }
            Some(2) => self.element(node, around),
            Some(3) => {
                keep(node, &["type", "id", "rootId", "textContent", "isStyle", "isShadow"]);
                node.retain(|name, value| {
                    name == "textContent" && value.is_string()
                        || !value.is_string() && !value.is_array() && !value.is_object()
                });
                if let Some(text) = node.get_mut("textContent") {
                    match around {
                        Around::Script => *text = "".into(),
                        Around::Style => self.style_text(text),
                        Around::Page => self.text(text),
                    }
                }
                true
            }
            // Comments and the like are for programmers.
            Some(4 | 5) => {
                keep(node, &["type", "id", "rootId", "textContent"]);
                if let Some(text) = node.get_mut("textContent") {
                    *text = "".into();
                }
                true
            }
            _ => false,
        }
    }

    fn element(&mut self, node: &mut Members<'_>, around: Around) -> bool {
        keep(
            node,
            &[
                "type",
                "id",
                "rootId",
                "tagName",
                "attributes",
                "childNodes",
                "isSVG",
                "needBlock",
                "isShadowHost",
                "isShadow",
                "isCustom",
            ],
        );
        node.retain(|name, value| match name {
            "tagName" => value.is_string(),
            "attributes" => value.is_object(),
            "childNodes" => value.is_array(),
            _ => value.is_number() || value.is_boolean(),
        });
        let Some(Json::String(tag)) = node.get_mut("tagName") else { return false };
        if tag.eq_ignore_ascii_case("script") {
            // The player does so as well; both ends count the element.
            *tag = "noscript".into();
        }
        // A name is made of letters; two digits are enough for `h1` and `feDropShadow2`, and too few for a number.
        let known = tag.len() <= 64 && tag.starts_with(|first: char| first.is_ascii_alphabetic());
        let plain = tag.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-');
        if !known || !plain || tag.chars().filter(char::is_ascii_digit).count() > 2 {
            *tag = "div".into();
        }
        let tag = small(tag);
        if let Some(attributes) = node.get_mut("attributes").and_then(Json::as_object_mut) {
            self.found.leaks += self.attributes.scrub(&tag, attributes);
        }
        let inside = match &*tag {
            "noscript" => Around::Script,
            "style" => Around::Style,
            _ => around,
        };
        self.children(node, inside);
        true
    }

    fn children(&mut self, node: &mut Members<'_>, around: Around) {
        if let Some(children) = node.get_mut("childNodes") {
            match children.as_array_mut() {
                Some(children) => children.retain_mut(|child| self.node(child, around)),
                None => *children = Json::Array(Vec::new()),
            }
        }
    }

    fn strings(&mut self, members: &mut Members<'_>, names: &[&str]) {
        for (name, value) in members.iter_mut() {
            if names.contains(&name) {
                self.text(value);
            }
        }
    }

    fn text(&mut self, value: &mut Json<'_>) {
        let Json::String(text) = value else { return };
        let (dotted, leaks) = digits::dot(text);
        self.found.leaks += leaks;
        if let Some(dotted) = dotted {
            *text = dotted.into();
        }
    }

    fn style_text(&mut self, value: &mut Json<'_>) {
        if let Json::String(text) = value
            && let Some(clean) = css::clean(text, self.rules.host)
        {
            *text = clean.into();
        }
        self.text(value);
    }

    fn replace(&mut self, value: &mut Json<'_>, text: String) {
        if value.as_str() != Some(&text) {
            *value = text.into();
        }
        self.text(value);
    }
}

/// What a text stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Around {
    Page,
    Style,
    Script,
}
