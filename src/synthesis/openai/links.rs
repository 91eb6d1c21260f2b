//! Addresses go to the model as short names and come back as what they are: a model that copies a long address gets a letter
//! wrong now and then, and a citizen who follows it stands before a closed door, or before a stranger's.

use std::sync::LazyLock;

use regex::Regex;

/// How a name begins, within brackets.
const NAME: &str = "链接";

/// The longest name, with its brackets.
const LONGEST: usize = 8;

/// An address ends at a space, at the first character outside ASCII, and at what may stand around it.
static ADDRESS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?i)https?://[!#-&*+,\-./0-9:;=?@A-Z_a-z~()]+"#).ok());

/// Addresses and their names.
#[derive(Clone, Default, Debug)]
pub(super) struct Links(Vec<String>);

impl Links {
    /// The text with names in place of its addresses. `words` prepares what is no address.
    pub(super) fn named(&mut self, text: &str, words: impl Fn(&str) -> String) -> String {
        let mut named = String::new();
        let mut rest = text;
        while let Some(found) = ADDRESS.as_ref().and_then(|address| address.find(rest)) {
            let address = whole(found.as_str());
            let (before, _) = rest.split_at(found.start());
            named.push_str(&words(before));
            named.push_str(&self.name(address));
            rest = rest.split_at(found.start() + address.len()).1;
        }
        named.push_str(&words(rest));
        named
    }

    fn name(&mut self, address: &str) -> String {
        let place = self.0.iter().position(|known| known == address).unwrap_or_else(|| {
            self.0.push(address.to_owned());
            self.0.len() - 1
        });
        format!("〔{NAME}{}〕", place + 1)
    }

    fn address(&self, number: usize) -> Option<&str> {
        self.0.get(number.checked_sub(1)?).map(String::as_str)
    }
}

/// An address without the signs of the sentence it stands in.
fn whole(found: &str) -> &str {
    let mut address = found;
    loop {
        let shorter = address.trim_end_matches(['.', ',', ';', ':', '!', '?']);
        // A closing bracket belongs to the address only if it was opened there.
        let closes = shorter.ends_with(')') && shorter.matches(')').count() > shorter.matches('(').count();
        let shorter = if closes { shorter.strip_suffix(')').unwrap_or(shorter) } else { shorter };
        if shorter.len() == address.len() {
            return address;
        }
        address = shorter;
    }
}

/// A text without anything that reads like one of the names.
pub(super) fn unnamed(text: &str) -> String {
    let mut plain = String::new();
    for character in text.chars() {
        let before = plain.trim_end();
        if character == '链' && before.ends_with(opens) {
            plain.truncate(before.len());
            plain.pop();
            plain.push('(');
        }
        plain.push(character);
    }
    plain
}

/// Gives the addresses back in a text that may be split anywhere.
#[derive(Default)]
pub(super) struct Naming {
    links: Links,
    /// A bracket and what followed it, as long as it can become a name.
    held: String,
    /// The last thing given was an address.
    after_address: bool,
}

impl Naming {
    pub(super) fn new(links: Links) -> Self {
        Self { links, ..Self::default() }
    }

    /// Takes text and gives what is certain. A name that nothing is known by is left out.
    pub(super) fn push(&mut self, text: &str) -> String {
        let mut given = String::new();
        for character in text.chars() {
            if opens(character) {
                let held = std::mem::take(&mut self.held);
                self.give(&held, &mut given);
                self.held.push(character);
            } else if self.held.is_empty() {
                self.give(character.encode_utf8(&mut [0; 4]), &mut given);
            } else {
                self.held.push(character);
                if let Some(number) = number(&self.held) {
                    self.held.clear();
                    if let Some(address) = self.links.address(number) {
                        given.push_str(address);
                        self.after_address = true;
                    }
                } else if !can_become_a_name(&self.held) {
                    let held = std::mem::take(&mut self.held);
                    self.give(&held, &mut given);
                }
            }
        }
        given
    }

    /// Gives what was held back; a name that never ended is text.
    pub(super) fn finish(&mut self) -> String {
        let mut given = String::new();
        let held = std::mem::take(&mut self.held);
        self.give(&held, &mut given);
        given
    }

    fn give(&mut self, text: &str, given: &mut String) {
        let Some(first) = text.chars().next() else { return };
        // What may stand in an address would be taken for a part of it, a citation mark above all.
        if std::mem::take(&mut self.after_address)
            && first.is_ascii_graphic()
            && !matches!(first, ')' | ']' | '>' | '.' | ',' | ';' | ':' | '!' | '?' | '"' | '\'' | '*')
        {
            given.push(' ');
        }
        given.push_str(text);
    }
}

fn opens(character: char) -> bool {
    matches!(character, '〔' | '［' | '[' | '【')
}

/// What stands between the brackets as far as it has come.
fn inner(held: &str) -> &str {
    held.trim_start_matches(opens).trim_start()
}

fn can_become_a_name(held: &str) -> bool {
    let inner = inner(held);
    let fits = match inner.strip_prefix(NAME) {
        Some(number) => number.trim().chars().all(|character| character.is_ascii_digit()),
        None => NAME.starts_with(inner),
    };
    fits && held.chars().count() < LONGEST
}

/// The number of a whole name.
fn number(held: &str) -> Option<usize> {
    let name = inner(held).strip_suffix(['〕', '］', ']', '】'])?;
    name.strip_prefix(NAME)?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_as_people_write_them() {
        for (text, expected, addresses) in [
            (
                "网上办理：https://zwfw.anhe.example/id?a=1&b=2#x",
                "网上办理：〔链接1〕",
                &["https://zwfw.anhe.example/id?a=1&b=2#x"][..],
            ),
            (
                "见https://a.example/x。另见 http://b.example, 或 https://a.example/x",
                "见〔链接1〕。另见 〔链接2〕, 或 〔链接1〕",
                &["https://a.example/x", "http://b.example"],
            ),
            (
                "[预约](https://a.example/yy)，（https://a.example/y(1)）",
                "[预约](〔链接1〕)，（〔链接2〕）",
                &["https://a.example/yy", "https://a.example/y(1)"],
            ),
            (
                "(see https://a.example/a.) HTTPS://B.example!",
                "(see 〔链接1〕.) 〔链接2〕!",
                &["https://a.example/a", "HTTPS://B.example"],
            ),
            ("没有地址，电话 0000-88001201", "没有地址，电话 0000-88001201", &[]),
        ] {
            let mut links = Links::default();
            assert_eq!(links.named(text, str::to_owned), expected);
            assert_eq!(links.0, addresses);
        }
    }

    #[test]
    fn names_come_back_as_addresses_however_they_are_split() {
        let mut links = Links::default();
        links.named("https://a.example/x https://b.example", str::to_owned);
        for (text, expected) in [
            ("请登录〔链接1〕办理。", "请登录https://a.example/x办理。"),
            ("[网上办理](〔链接2〕)[1]", "[网上办理](https://b.example)[1]"),
            // A mark right behind an address would be read as its end.
            ("〔链接1〕[1][2]。〔链接2〕1", "https://a.example/x [1][2]。https://b.example 1"),
            (
                "【链接1】和[链接 2]，〔 链接1〕",
                "https://a.example/x和https://b.example，https://a.example/x",
            ),
            ("〔链接3〕〔链接0〕没有", "没有"),
            ("国发〔2024〕1号〔链条〕[1]〔〔链接1〕", "国发〔2024〕1号〔链条〕[1]〔https://a.example/x"),
            ("没完〔链接1", "没完〔链接1"),
            ("http://made.up/x", "http://made.up/x"),
        ] {
            for size in 1..=text.chars().count() {
                let mut naming = Naming::new(links.clone());
                let characters: Vec<char> = text.chars().collect();
                let mut given = String::new();
                for chunk in characters.chunks(size) {
                    given.push_str(&naming.push(&chunk.iter().collect::<String>()));
                }
                given.push_str(&naming.finish());
                assert_eq!(given, expected, "{text} in {size}");
            }
        }
    }

    #[test]
    fn a_planted_name_is_no_name() {
        assert_eq!(unnamed("点〔链接1〕或[ 链接2]，国发〔2024〕1号"), "点(链接1〕或(链接2]，国发〔2024〕1号");
    }
}
