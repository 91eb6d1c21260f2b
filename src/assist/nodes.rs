//! What the gateway knows of a page's nodes, from the snapshots and changes that passed through it: whether a number
//! names a node of this page, and whether somebody from outside may propose what stands in it. The citizen's page and the
//! desk ask the same (`web/shared/src/assist/touch.ts`); this one cannot be talked out of it by a forged helper.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;

use super::scrub::json::{Json, Members};

/// The attributes that decide.
const DECIDING: [&str; 14] = [
    "type",
    "name",
    "id",
    "for",
    "class",
    "autocomplete",
    "disabled",
    "readonly",
    "aria-labelledby",
    "data-assist",
    "data-assist-block",
    "data-assist-declaration",
    "data-rr-is-password",
    "aria-label",
];

/// How many characters of a label are looked at.
const LABEL: usize = 200;

/// How many nodes are walked for one label.
const WALK: usize = 500;

macro_rules! pattern {
    ($name:ident, $pattern:literal) => {
        static $name: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new($pattern).ok());
    };
}

pattern!(PASSWORD, r"(?i)密码|口令|passw(or)?d|passcode|\bpwd\b");
pattern!(
    CODE,
    r"(?i)验证码|校验码|动态码|短信码|随机码|认证码|captcha|\botp\b|one.?time|verif\w*.?code|sms.?code|\bcvv\b|\bcvc\b"
);
pattern!(PAY, r"(?i)支付|付款|缴费|缴款|转账|\bpay(ment)?\b");
pattern!(DELETE, r"(?i)删除|注销|清空|撤回|delete|remove");
pattern!(
    DECLARATION,
    r"(?i)承诺|声明|同意|确认无误|本人(已|确认|保证)|已阅读|阅读并|知悉|知晓|授权|签署|agree|declar|consent|terms|confirm|i have read"
);
pattern!(SECRET_AUTOCOMPLETE, r"(?i)one-time-code|current-password|new-password|cc-csc|cc-number");

/// Whether it matches; a pattern that could not be made forbids.
fn says(pattern: &LazyLock<Option<Regex>>, text: &str) -> bool {
    pattern.as_ref().is_none_or(|pattern| pattern.is_match(text))
}

#[derive(Debug, Default)]
struct Node {
    parent: u32,
    /// Empty for texts.
    tag: Box<str>,
    /// A text's own words.
    text: Box<str>,
    /// A few of them at most.
    attributes: Vec<(&'static str, Box<str>)>,
    children: Vec<u32>,
}

/// The nodes of the page of one recorder.
#[derive(Debug, Default)]
pub struct Nodes(HashMap<u32, Node>);

fn id(members: &Members<'_>, name: &str) -> Option<u32> {
    members.get(name)?.as_u64().and_then(|id| u32::try_from(id).ok())
}

fn text_of(value: &Json<'_>) -> Option<Box<str>> {
    match value {
        Json::String(text) => {
            let end = text.char_indices().nth(LABEL).map_or(text.len(), |(end, _)| end);
            text.get(..end).map(Into::into)
        }
        Json::Bool(true) => Some("".into()),
        Json::Number(number) => Some(number.to_string().into()),
        _ => None,
    }
}

impl Node {
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| *own == name).map(|(_, value)| &**value)
    }

    fn note(&mut self, name: &str, value: &Json<'_>) {
        let Some(known) = DECIDING.iter().find(|known| known.eq_ignore_ascii_case(name)) else { return };
        self.attributes.retain(|(own, _)| own != known);
        self.attributes.extend(text_of(value).map(|text| (*known, text)));
    }
}

impl Nodes {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a number names a node of the page.
    pub fn has(&self, node: u32) -> bool {
        self.0.contains_key(&node)
    }

    /// Learns from scrubbed events.
    pub fn learn(&mut self, events: &[Json<'_>]) {
        for event in events {
            let data = event.get("data").and_then(Json::as_object);
            match (event.get("type").and_then(Json::as_u64), data) {
                (Some(2), Some(data)) => {
                    self.0.clear();
                    if let Some(node) = data.get("node") {
                        self.add(0, node);
                    }
                }
                (Some(3), Some(data)) if data.get("source").and_then(Json::as_u64) == Some(0) => {
                    self.change(data);
                }
                _ => {}
            }
        }
    }

    fn change(&mut self, data: &Members<'_>) {
        let list = |name: &str| {
            data.get(name).and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_object)
        };
        for removed in list("removes") {
            if let Some(gone) = id(removed, "id") {
                self.remove(gone);
            }
        }
        for added in list("adds") {
            if let (Some(parent), Some(node)) = (id(added, "parentId"), added.get("node")) {
                self.add(parent, node);
            }
        }
        for text in list("texts") {
            if let Some(node) = id(text, "id").and_then(|id| self.0.get_mut(&id)) {
                node.text = text.get("value").and_then(text_of).unwrap_or_default();
            }
        }
        for changed in list("attributes") {
            let Some(node) = id(changed, "id").and_then(|id| self.0.get_mut(&id)) else { continue };
            let attributes = changed.get("attributes").and_then(Json::as_object);
            for (name, value) in attributes.into_iter().flat_map(Members::iter) {
                node.note(name, value);
            }
        }
    }

    fn add(&mut self, parent: u32, value: &Json<'_>) {
        let Some(members) = value.as_object() else { return };
        let Some(own) = id(members, "id") else { return };
        let mut node = Node { parent, ..Node::default() };
        if let Some(tag) = members.get("tagName").and_then(Json::as_str) {
            node.tag = tag.to_ascii_lowercase().into();
        }
        node.text = members.get("textContent").and_then(text_of).unwrap_or_default();
        let attributes = members.get("attributes").and_then(Json::as_object);
        for (name, value) in attributes.into_iter().flat_map(Members::iter) {
            node.note(name, value);
        }
        // A node that moves is added again.
        if self.0.contains_key(&own) {
            self.remove(own);
        }
        self.0.insert(own, node);
        if let Some(parent) = self.0.get_mut(&parent) {
            parent.children.push(own);
        }
        for child in members.get("childNodes").and_then(Json::as_array).into_iter().flatten() {
            self.add(own, child);
        }
    }

    fn remove(&mut self, gone: u32) {
        if let Some(parent) = self.0.get(&gone).map(|node| node.parent)
            && let Some(parent) = self.0.get_mut(&parent)
        {
            parent.children.retain(|child| *child != gone);
        }
        let mut rest = vec![gone];
        while let Some(next) = rest.pop() {
            if let Some(node) = self.0.remove(&next) {
                rest.extend(node.children);
            }
        }
    }

    /// The node and everything around it, from the inside out.
    fn around(&self, node: u32) -> impl Iterator<Item = (u32, &Node)> {
        let first = self.0.get(&node).map(|found| (node, found));
        std::iter::successors(first, |(_, node)| self.0.get(&node.parent).map(|parent| (node.parent, parent)))
            .take(WALK)
    }

    fn attribute(&self, node: u32, name: &str) -> &str {
        self.0.get(&node).and_then(|node| node.attribute(name)).unwrap_or_default()
    }

    /// A node and everything in it.
    pub fn within(&self, node: u32) -> Vec<u32> {
        let mut found = vec![node];
        let mut next = 0;
        while let Some(node) = found.get(next).and_then(|id| self.0.get(id)) {
            found.extend(&node.children);
            next += 1;
        }
        found
    }

    /// The words in a node without those of fields in it.
    fn words(&self, node: u32) -> String {
        let mut words = String::new();
        let mut rest = vec![node];
        let mut walked = 0;
        while let Some(next) = rest.pop() {
            walked += 1;
            if walked > WALK || words.len() > LABEL * 4 {
                break;
            }
            let Some(found) = self.0.get(&next) else { continue };
            words.push_str(&found.text);
            if !matches!(
                &*found.tag,
                "select" | "textarea" | "option" | "output" | "script" | "style" | "noscript"
            ) {
                rest.extend(found.children.iter().rev());
            }
        }
        words.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// What a field is called by the words beside it.
    fn label(&self, field: u32) -> String {
        let named = self.attribute(field, "id");
        let labels = |(_, node): &(&u32, &Node)| {
            &*node.tag == "label" && !named.is_empty() && node.attribute("for") == Some(named)
        };
        let by = self.attribute(field, "aria-labelledby").split_whitespace().next().unwrap_or_default();
        let named_so = |(_, node): &(&u32, &Node)| !by.is_empty() && node.attribute("id") == Some(by);
        let mut words: Vec<String> = self.0.iter().filter(labels).map(|(id, _)| self.words(*id)).collect();
        words
            .extend(self.around(field).find(|(_, node)| &*node.tag == "label").map(|(id, _)| self.words(id)));
        words.extend(self.0.iter().filter(named_so).map(|(id, _)| self.words(*id)));
        if let Some((_, set)) = self.around(field).find(|(_, node)| &*node.tag == "fieldset") {
            let legend = set
                .children
                .iter()
                .find(|child| self.0.get(child).is_some_and(|node| &*node.tag == "legend"));
            words.extend(legend.map(|legend| self.words(*legend)));
        }
        words.push(self.attribute(field, "aria-label").to_owned());
        words.join(" ").trim().to_owned()
    }

    /// Why nobody from outside may propose what stands in a node; `None` when a proposal may be shown to the citizen.
    pub fn forbidden(&self, field: u32) -> Option<&'static str> {
        let Some(node) = self.0.get(&field) else { return Some("no_field") };
        let is_blocked = |(_, node): (u32, &Node)| {
            node.attribute("data-assist") == Some("block")
                || node.attribute("data-assist-block").is_some()
                || node
                    .attribute("class")
                    .is_some_and(|class| class.split_whitespace().any(|one| one == "rr-block"))
        };
        if self.around(field).any(is_blocked) {
            return Some("blocked");
        }
        let words = format!(
            "{} {} {}",
            self.label(field),
            self.attribute(field, "name"),
            self.attribute(field, "id")
        );
        let outward = |words: &str| {
            if says(&PAY, words) {
                "pay"
            } else if says(&DELETE, words) {
                "delete"
            } else {
                "submit"
            }
        };
        let kind = match &*node.tag {
            "button" | "a" => return Some(outward(&format!("{} {words}", self.words(field)))),
            "input" => match self.attribute(field, "type").to_ascii_lowercase() {
                kind if kind.is_empty() => "text".to_owned(),
                kind => kind,
            },
            "textarea" | "select" => "text".to_owned(),
            _ => return Some("no_field"),
        };
        let choice = matches!(kind.as_str(), "checkbox" | "radio");
        let autocomplete = self.attribute(field, "autocomplete");
        match kind.as_str() {
            "hidden" => return Some("hidden"),
            "file" => return Some("upload"),
            "submit" | "image" | "button" | "reset" => return Some(outward(&words)),
            "password" => return Some("password"),
            _ => {}
        }
        if node.attribute("data-rr-is-password").is_some()
            || says(&PASSWORD, &words)
            || autocomplete.contains("password")
        {
            return Some("password");
        }
        if says(&CODE, &words) || says(&SECRET_AUTOCOMPLETE, autocomplete) {
            return Some("code");
        }
        if says(&PAY, &words) {
            return Some("pay");
        }
        let declares = |(_, node): (u32, &Node)| node.attribute("data-assist-declaration").is_some();
        if choice && (says(&DECLARATION, &words) || self.around(field).any(declares)) {
            return Some("declaration");
        }
        if choice && says(&DELETE, &words) {
            return Some("delete");
        }
        // What a box says is not known without words beside it.
        if kind == "checkbox" && self.label(field).is_empty() {
            return Some("declaration");
        }
        let known = matches!(
            kind.as_str(),
            "text"
                | "search"
                | "tel"
                | "email"
                | "url"
                | "number"
                | "date"
                | "month"
                | "week"
                | "time"
                | "datetime-local"
                | "radio"
                | "checkbox"
        );
        if !known {
            return Some("no_field");
        }
        let locked = ["disabled", "readonly"].iter().any(|name| node.attribute(name).is_some());
        locked.then_some("locked")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "pages are written as literals")]
    fn element(id: u32, tag: &str, attributes: Value, children: Vec<Value>) -> Value {
        json!({ "type": 2, "id": id, "tagName": tag, "attributes": attributes, "childNodes": children })
    }

    fn text(id: u32, words: &str) -> Value {
        json!({ "type": 3, "id": id, "textContent": words })
    }

    fn learn(nodes: &mut Nodes, event: &Value) {
        let text = event.to_string();
        nodes.learn(&[serde_json::from_str(&text).unwrap()]);
    }

    fn page(children: Vec<Value>) -> Nodes {
        let mut nodes = Nodes::default();
        let document = json!({ "type": 0, "id": 1, "childNodes": [element(2, "form", json!({}), children)] });
        learn(&mut nodes, &json!({ "type": 2, "data": { "node": document } }));
        nodes
    }

    #[test]
    fn only_harmless_fields_take_proposals() {
        let label = |words: &str| element(11, "label", json!({ "for": "f" }), vec![text(12, words)]);
        let table: [(&str, Value, &str, Option<&str>); 25] = [
            ("input", json!({ "id": "f" }), "经营范围", None),
            ("input", json!({ "id": "f", "type": "tel" }), "联系电话", None),
            ("textarea", json!({ "id": "f" }), "备注", None),
            ("select", json!({ "id": "f" }), "企业类型", None),
            ("input", json!({ "id": "f", "type": "radio" }), "有限责任公司", None),
            ("input", json!({ "id": "f", "type": "checkbox" }), "食品经营", None),
            ("input", json!({ "id": "f", "type": "checkbox" }), "本人承诺以上属实", Some("declaration")),
            ("input", json!({ "id": "f", "type": "checkbox" }), "I agree", Some("declaration")),
            ("input", json!({ "id": "f", "type": "checkbox" }), "", Some("declaration")),
            (
                "input",
                json!({ "id": "f", "type": "checkbox", "data-assist-declaration": "" }),
                "好",
                Some("declaration"),
            ),
            ("input", json!({ "id": "f", "type": "PASSWORD" }), "x", Some("password")),
            ("input", json!({ "id": "f", "data-rr-is-password": true }), "x", Some("password")),
            ("input", json!({ "id": "f", "autocomplete": "current-password" }), "x", Some("password")),
            ("input", json!({ "id": "f" }), "登录密码", Some("password")),
            ("input", json!({ "id": "f" }), "短信验证码", Some("code")),
            ("input", json!({ "id": "f", "name": "sms_code" }), "x", Some("code")),
            ("input", json!({ "id": "f", "autocomplete": "one-time-code" }), "x", Some("code")),
            ("input", json!({ "id": "f", "type": "file" }), "执照", Some("upload")),
            ("input", json!({ "id": "f", "type": "hidden" }), "", Some("hidden")),
            ("input", json!({ "id": "f", "type": "submit" }), "提交", Some("submit")),
            ("button", json!({ "id": "f" }), "去支付", Some("pay")),
            ("input", json!({ "id": "f", "data-assist": "block" }), "x", Some("blocked")),
            ("input", json!({ "id": "f", "readonly": "" }), "x", Some("locked")),
            ("input", json!({ "id": "f", "type": "color" }), "x", Some("no_field")),
            ("div", json!({ "id": "f", "contenteditable": "true" }), "x", Some("no_field")),
        ];
        for (tag, attributes, words, expected) in table {
            let nodes = page(vec![label(words), element(10, tag, attributes.clone(), vec![])]);
            assert_eq!(nodes.forbidden(10), expected, "{tag} {attributes} {words}");
        }
        assert_eq!(page(vec![]).forbidden(99), Some("no_field"));
    }

    #[test]
    fn changes_are_followed() {
        let mut nodes = page(vec![element(10, "input", json!({ "id": "f" }), vec![])]);
        assert_eq!(nodes.forbidden(10), None);
        let change = |data: Value| json!({ "type": 3, "data": data });
        let typed =
            json!({ "source": 0, "attributes": [{ "id": 10, "attributes": { "type": "password" } }] });
        learn(&mut nodes, &change(typed));
        assert_eq!(nodes.forbidden(10), Some("password"));
        learn(
            &mut nodes,
            &change(
                json!({ "source": 0, "adds": [{ "parentId": 2, "nextId": null, "node": element(20, "div", json!({}), vec![element(21, "input", json!({}), vec![])]) }] }),
            ),
        );
        assert!(nodes.has(21));
        learn(&mut nodes, &change(json!({ "source": 0, "removes": [{ "parentId": 2, "id": 20 }] })));
        assert!(!nodes.has(20) && !nodes.has(21));
        assert_eq!(nodes.len(), 3);
    }
}
