//! Telegram's HTML, read as strictly as Telegram does.

/// The tags that Telegram knows (Bot API, formatting options).
const TAGS: [&str; 15] = [
    "b",
    "strong",
    "i",
    "em",
    "u",
    "ins",
    "s",
    "strike",
    "del",
    "a",
    "code",
    "pre",
    "blockquote",
    "tg-spoiler",
    "tg-emoji",
];

/// The text without tags, or why it cannot be read.
pub(super) fn read(html: &str) -> Result<String, String> {
    let fault = |what: &str| format!("can't parse entities: {what}");
    let mut text = String::new();
    let mut open: Vec<String> = Vec::new();
    let mut letters = html.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '&' => {
                let (name, after) =
                    letters.as_str().split_once(';').ok_or_else(|| fault("unended entity"))?;
                letters = after.chars();
                text.push(match name {
                    "lt" => '<',
                    "gt" => '>',
                    "amp" => '&',
                    "quot" => '"',
                    other => return Err(fault(&format!("unknown entity {other}"))),
                });
            }
            '<' => {
                let (tag, after) =
                    letters.as_str().split_once('>').ok_or_else(|| fault("unclosed start tag"))?;
                letters = after.chars();
                if let Some(name) = tag.strip_prefix('/') {
                    let last = open.pop().ok_or_else(|| fault("unexpected end tag"))?;
                    if last != name {
                        return Err(fault(&format!("expected </{last}>, found </{name}>")));
                    }
                    continue;
                }
                let name = tag.split(' ').next().unwrap().to_owned();
                if !TAGS.contains(&name.as_str()) {
                    return Err(fault(&format!("unsupported start tag \"{name}\"")));
                }
                open.push(name);
            }
            other => text.push(other),
        }
    }
    match open.pop() {
        None => Ok(text),
        Some(tag) => Err(fault(&format!("can't find end tag corresponding to start tag \"{tag}\""))),
    }
}
