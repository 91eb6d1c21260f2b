//! Addresses and style sheets: nothing in them may make a browser ask another server.

use std::sync::LazyLock;

use regex::Regex;

static URL: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?i)url\(\s*("[^"]*"|'[^']*'|[^)]*)\s*\)?"#).ok());

/// What loads something without `url(`, or runs something in old engines.
const LOADING: [&str; 7] =
    ["@import", "image-set(", "expression(", "-moz-binding", "behavior:", "@namespace", "src("];

/// A page's address without query, fragment, name and password. Empty if it is no address of the web.
pub(super) fn bare_address(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return String::new() };
    if !matches!(scheme, "http" | "https") || rest.chars().any(|letter| letter.is_control() || letter == '\\')
    {
        return String::new();
    }
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}/{path}")
}

/// An address of our own host without query and fragment, or `None` if it leads elsewhere.
pub(super) fn own_address(address: &str, host: &str) -> Option<String> {
    let address = address.trim();
    if address.chars().any(|letter| letter.is_control() || letter.is_whitespace() || letter == '\\') {
        return None;
    }
    if address.starts_with('#') {
        return Some(address.to_owned());
    }
    let bare = address.split(['?', '#']).next().unwrap_or_default();
    if let Some((scheme, rest)) = bare.split_once("://") {
        let own = rest.split('/').next() == Some(host);
        return (matches!(scheme, "http" | "https") && own).then(|| bare.to_owned());
    }
    // Relative ones stay on the host, unless they name one or are of another scheme.
    let elsewhere = bare.starts_with("//") || bare.split('/').next().is_some_and(|first| first.contains(':'));
    (!elsewhere).then(|| bare.to_owned())
}

/// A style sheet, or the value of a `style` attribute, that loads nothing from elsewhere. `None`: it is clean as it is.
pub(super) fn clean(text: &str, host: &str) -> Option<String> {
    let seen = plain(text);
    // How a page scrolls is nothing that an old engine would run.
    let said = seen.replace("scroll-behavior", "");
    let loading = LOADING.iter().any(|word| said.contains(word));
    if !seen.contains("url(") && !loading {
        return None;
    }
    let hidden = !text.to_ascii_lowercase().contains("url(") && seen.contains("url(");
    let Some(pattern) = &*URL else { return Some(String::new()) };
    if loading
        || hidden
        || text.contains("\\") && seen.matches("url(").count() != pattern.find_iter(text).count()
    {
        // Nothing is mended that was written to be misread.
        return Some(String::new());
    }
    let cleaned = pattern.replace_all(text, |found: &regex::Captures<'_>| {
        let inside = found.get(1).map_or("", |inside| inside.as_str()).trim().trim_matches(['"', '\'']);
        let whole = found.get(0).map_or("", |whole| whole.as_str());
        match own_address(inside, host) {
            Some(address) if address == inside && whole.ends_with(')') => whole.to_owned(),
            Some(address) => format!("url(\"{address}\")"),
            None => "none".to_owned(),
        }
    });
    (cleaned != text).then(|| cleaned.into_owned())
}

/// The text as a browser reads it: without comments, with escapes undone, in small letters.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '/' if letters.peek() == Some(&'*') => {
                letters.next();
                let mut before = ' ';
                for inside in letters.by_ref() {
                    if before == '*' && inside == '/' {
                        break;
                    }
                    before = inside;
                }
            }
            '\\' => {
                let mut code = String::new();
                while code.len() < 6
                    && let Some(digit) = letters.peek().copied().filter(char::is_ascii_hexdigit)
                {
                    code.push(digit);
                    letters.next();
                }
                match u32::from_str_radix(&code, 16).ok().and_then(char::from_u32) {
                    Some(escaped) => {
                        letters.next_if(|next| next.is_whitespace());
                        plain.extend(escaped.to_lowercase());
                    }
                    None => plain.extend(letters.next()),
                }
            }
            _ => plain.extend(letter.to_lowercase()),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "city.example";

    #[test]
    fn style_sheets_load_nothing_from_elsewhere() {
        let table = [
            ("color: red", None),
            ("background:url(/a.png)", None),
            ("background:url(https://city.example/a.png)", None),
            ("background:url('a.png?id=7')", Some("background:url(\"a.png\")")),
            ("background:url(https://evil.example/a.png)", Some("background:none")),
            ("background:URL( \"//evil.example/a\" )", Some("background:none")),
            ("background:url(javascript:alert(1))", Some("background:none)")),
            ("background:url(https://city.example.evil.example/)", Some("background:none")),
            ("background:url(https://city.example@evil.example/)", Some("background:none")),
            ("background:url(https://evil.example/a.png", Some("background:none")),
            (r"background:\75rl(https://evil.example/a.png)", Some("")),
            (r"background:u\72 l(https://evil.example/a.png)", Some("")),
            ("@import 'https://evil.example/a.css'; a{}", Some("")),
            ("@im/**/port 'x'", Some("")),
            ("background:image-set(\"https://evil.example/a.png\" 1x)", Some("")),
            ("width:expression(alert(1))", Some("")),
            ("behavior:url(#a)", Some("")),
            ("-ms-behavior:url(#a)", Some("")),
            ("overscroll-behavior:contain;scroll-behavior:smooth", None),
            (r#"i::before{content:"\e600"}"#, None),
        ];
        for (text, expected) in table {
            assert_eq!(clean(text, HOST).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn addresses_lead_nowhere_else() {
        let table = [
            ("/forms/a.css?v=1", Some("/forms/a.css")),
            ("a.css", Some("a.css")),
            ("#part", Some("#part")),
            ("https://city.example/a.css", Some("https://city.example/a.css")),
            ("//evil.example/a", None),
            ("/\\evil.example/a", None),
            ("java\nscript:alert(1)", None),
            ("javascript:alert(1)", None),
            ("data:text/html,x", None),
            ("https://city.example:8443/a", None),
            ("ftp://city.example/a", None),
        ];
        for (address, expected) in table {
            assert_eq!(own_address(address, HOST).as_deref(), expected, "{address}");
        }
        assert_eq!(bare_address("https://me:pw@city.example/a?id=330106#x"), "https://city.example/a");
        assert_eq!(bare_address("javascript:alert(1)"), "");
    }
}
