//! Attributes by allow-list.

use std::borrow::Cow;

use super::json::{Json, Members};
use super::{css, digits, small};

/// What is passed on of any element. The citizen's page has the same list (`web/assist/src/allow.ts`).
const ALLOWED: [&str; 95] = [
    "id",
    "class",
    "style",
    "name",
    "type",
    "for",
    "role",
    "lang",
    "dir",
    "title",
    "alt",
    "placeholder",
    "label",
    "value",
    "checked",
    "selected",
    "disabled",
    "readonly",
    "required",
    "multiple",
    "hidden",
    "open",
    "tabindex",
    "autocomplete",
    "inputmode",
    "min",
    "max",
    "step",
    "size",
    "rows",
    "cols",
    "maxlength",
    "minlength",
    "colspan",
    "rowspan",
    "scope",
    "span",
    "start",
    "reversed",
    "width",
    "height",
    "align",
    "valign",
    "border",
    "cellpadding",
    "cellspacing",
    "rel",
    "href",
    "src",
    "media",
    "charset",
    "data-assist",
    "data-assist-show",
    "data-assist-block",
    "data-assist-declaration",
    "data-assist-kind",
    "data-rr-is-password",
    "rr_width",
    "rr_height",
    "rr_left",
    "rr_top",
    "rr_scrollleft",
    "rr_scrolltop",
    "rr_open_mode",
    "_csstext",
    "viewbox",
    "d",
    "fill",
    "stroke",
    "stroke-width",
    "stroke-linecap",
    "stroke-linejoin",
    "stroke-dasharray",
    "fill-rule",
    "clip-rule",
    "opacity",
    "cx",
    "cy",
    "r",
    "rx",
    "ry",
    "x",
    "y",
    "x1",
    "x2",
    "y1",
    "y2",
    "points",
    "transform",
    "xmlns",
    "preserveaspectratio",
    "focusable",
    "novalidate",
    "headers",
    "wrap",
];

/// Whether an attribute of this name, in small letters, is relayed at all.
pub(super) fn is_allowed(name: &str) -> bool {
    ALLOWED.contains(&name) || is_aria(name)
}

/// The longest value of an attribute besides style sheets, in bytes.
const LONGEST: usize = 8 << 10;

/// The largest number an attribute may be.
const LARGEST: f64 = 100_000.0;

/// Whether it is one of the names for people who do not see the page, which are many and made of letters.
fn is_aria(name: &str) -> bool {
    name.strip_prefix("aria-").is_some_and(|rest| rest.bytes().all(|letter| letter.is_ascii_lowercase()))
}

pub(super) struct Attributes<'a> {
    /// Our own host.
    pub(super) host: &'a str,
}

impl Attributes<'_> {
    /// Scrubs the attributes of an element of this kind; the kind is empty where it is not known. Returns how many numbers
    /// the page should have dotted.
    pub(super) fn scrub(&self, tag: &str, attributes: &mut Members<'_>) -> usize {
        let sheet = attributes
            .get("rel")
            .and_then(Json::as_str)
            .is_some_and(|rel| rel.eq_ignore_ascii_case("stylesheet"));
        let mut leaks = 0;
        attributes.retain(|name, value| {
            let name = small(&Cow::Borrowed(name));
            if !is_allowed(&name) {
                return false;
            }
            match value {
                Json::Null | Json::Bool(_) => return true,
                // Sizes and offsets; what is larger is no place on a page.
                Json::Number(number) => return number.as_f64().is_some_and(|number| number.abs() < LARGEST),
                // rrweb sends what changed of a `style` as an object.
                Json::Object(properties) => {
                    return name == "style" && self.properties(properties, &mut leaks);
                }
                Json::Array(_) => return false,
                Json::String(_) => {}
            }
            let Json::String(text) = value else { return false };
            let stays = match &*name {
                "href" => self.address(text, matches!(tag, "a" | "area" | "") || tag == "link" && sheet),
                // Frames show nothing of their own, and what a script would be is empty already.
                "src" => self.address(text, matches!(tag, "img" | "")),
                "rel" => tag != "link" || sheet,
                "style" | "_csstext" => {
                    if let Some(clean) = css::clean(text, self.host) {
                        *text = clean.into();
                    }
                    true
                }
                "fill" | "stroke" if text.to_ascii_lowercase().contains("url") => false,
                _ => text.len() <= LONGEST,
            };
            if stays {
                dot(text, &mut leaks);
            }
            stays
        });
        leaks
    }

    fn address(&self, text: &mut Cow<'_, str>, may: bool) -> bool {
        match css::own_address(text, self.host) {
            Some(address) if may => {
                if *text != address {
                    *text = address.into();
                }
                true
            }
            _ => false,
        }
    }

    fn properties(&self, properties: &mut Members<'_>, leaks: &mut usize) -> bool {
        properties.retain(|name, value| {
            if !name.chars().all(|letter| letter.is_ascii_alphabetic() || letter == '-') {
                return false;
            }
            // A value, `false` for one that is gone, or a value with its priority.
            let texts: Vec<&mut Json<'_>> = match value {
                Json::Array(values) if values.iter().all(Json::is_string) => values.iter_mut().collect(),
                Json::String(_) => vec![value],
                other => return other.is_boolean(),
            };
            for text in texts {
                let Json::String(text) = text else { return false };
                if let Some(clean) = css::clean(text, self.host) {
                    *text = clean.into();
                }
                dot(text, leaks);
            }
            true
        });
        true
    }
}

fn dot(text: &mut Cow<'_, str>, leaks: &mut usize) {
    let (dotted, found) = digits::dot(text);
    *leaks += found;
    if let Some(dotted) = dotted {
        *text = dotted.into();
    }
}
