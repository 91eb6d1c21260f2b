//! Buttons under messages: what Telegram sends back when one is pressed, in at most 64 bytes.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use teloxide_core::types::{
    InlineKeyboardButton, InlineKeyboardButtonKind, InlineKeyboardMarkup, WebAppInfo,
};
use uuid::Uuid;

use super::TelegramWords;
use crate::message::Choice;
use crate::{Author, Content, Locale, Outbound};

/// The most bytes that `callback_data` may have (Bot API, InlineKeyboardButton).
const DATA_BYTES: usize = 64;

/// What a button stands for.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Press {
    /// All that is to be submitted.
    Submit(Content),
    /// A choice whose key is too long for a button: the message that offered it, and its place.
    ChoiceAt { message: String, index: usize },
}

/// The choices with their buttons, the thumbs, 转人工 and the rating that a message offers, and the page it is to open, if
/// `pages` are opened by a button here.
pub(super) fn keyboard(
    reply: &Outbound,
    words: &TelegramWords,
    locale: Locale,
    pages: bool,
) -> Option<InlineKeyboardMarkup> {
    let mut rows: Vec<Vec<InlineKeyboardButton>> = Vec::new();
    if let Some(url) = reply.opens.as_ref().filter(|_| pages).and_then(|url| url.parse().ok()) {
        let page = WebAppInfo { url };
        rows.push(vec![InlineKeyboardButton::web_app(words.open.say(locale), page)]);
    }
    for (index, choice) in reply.choices.iter().enumerate() {
        if let Some(data) = choice_data(&reply.id, index, choice) {
            rows.push(vec![InlineKeyboardButton::callback(shown(choice), data)]);
        }
    }
    let answered = matches!(reply.outcome.as_deref(), Some("answered" | "guide"));
    if let (Author::Robot, true, Some(id)) = (reply.author, answered, short(&reply.id)) {
        rows.push(vec![
            InlineKeyboardButton::callback(words.useful.say(locale), format!("g{id}")),
            InlineKeyboardButton::callback(words.useless.say(locale), format!("b{id}")),
        ]);
    }
    if reply.offer_human {
        rows.push(vec![InlineKeyboardButton::callback(words.human.say(locale), "h")]);
    }
    if reply.ask_rating {
        for (score, label) in words.ratings.iter().enumerate().rev() {
            let score = score + 1;
            let shown = format!("{} {}", "★".repeat(score), label.say(locale));
            rows.push(vec![InlineKeyboardButton::callback(shown, format!("r{score}"))]);
        }
    }
    (!rows.is_empty()).then(|| InlineKeyboardMarkup::new(rows))
}

/// A keyboard without the buttons that open pages, if it has such; `None` within: nothing is left.
#[expect(clippy::option_option, reason = "that there are none, and that none is left, are different things")]
pub(super) fn without_pages(keyboard: &InlineKeyboardMarkup) -> Option<Option<InlineKeyboardMarkup>> {
    let opens = |button: &InlineKeyboardButton| matches!(button.kind, InlineKeyboardButtonKind::WebApp(_));
    if !keyboard.inline_keyboard.iter().flatten().any(opens) {
        return None;
    }
    let rows = keyboard.inline_keyboard.iter();
    let rows: Vec<_> = rows.filter(|row| !row.iter().any(opens)).cloned().collect();
    Some((!rows.is_empty()).then(|| InlineKeyboardMarkup::new(rows)))
}

/// A choice as it is shown, with its number where it has one: it can be typed instead of tapped.
pub(super) fn shown(choice: &Choice) -> String {
    let is_number = choice.key.len() <= 3 && choice.key.chars().all(|digit| digit.is_ascii_digit());
    if is_number { format!("{}. {}", choice.key, choice.label) } else { choice.label.clone() }
}

/// A message's id in 22 characters. Ids of another form have no buttons that refer to them; the text names the numbers.
fn short(message: &str) -> Option<String> {
    let id = Uuid::parse_str(message).ok()?;
    Some(URL_SAFE_NO_PAD.encode(id.as_bytes()))
}

fn long(short: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(short).ok()?;
    Some(Uuid::from_slice(&bytes).ok()?.to_string())
}

fn choice_data(message: &str, index: usize, choice: &Choice) -> Option<String> {
    let id = short(message)?;
    let whole = format!("c{id}{}", choice.key);
    if whole.len() <= DATA_BYTES { Some(whole) } else { Some(format!("i{id}{index}")) }
}

/// Reads what a pressed button sent back.
pub(super) fn pressed(data: &str) -> Option<Press> {
    /// The characters of a short id.
    const SHORT: usize = 22;
    let mut letters = data.chars();
    let kind = letters.next()?;
    let rest = letters.as_str();
    if kind == 'h' && rest.is_empty() {
        return Some(Press::Submit(Content::Human));
    }
    if kind == 'r' {
        let score = rest.parse().ok().filter(|score| (1..=5).contains(score))?;
        return Some(Press::Submit(Content::Rating { score, comment: None }));
    }
    let (id, more) = (rest.get(..SHORT)?, rest.get(SHORT..)?);
    let message = long(id)?;
    match kind {
        'c' if !more.is_empty() => Some(Press::Submit(Content::Choice { message, key: more.to_owned() })),
        'i' => Some(Press::ChoiceAt { message, index: more.parse().ok()? }),
        'g' | 'b' if more.is_empty() => {
            Some(Press::Submit(Content::Feedback { message, useful: kind == 'g' }))
        }
        _ => None,
    }
}

/// The id under which a press is submitted. A choice is made once, however often its button is tapped; thumbs, ratings and
/// 转人工 may be pressed again later, so each press counts by itself.
pub(super) fn press_id(content: &Content, query: &str) -> String {
    match content {
        Content::Choice { message, key } => format!("c{message}.{key}"),
        _ => format!("q{query}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MESSAGE: &str = "0192f3c4-5d6e-7f80-9a1b-2c3d4e5f6071";

    #[test]
    fn what_a_button_sends_is_what_it_stands_for() {
        let choice = |key: &str| Choice { key: key.to_owned(), label: "一".to_owned() };
        let data = choice_data(MESSAGE, 3, &choice("soc-faq-family-share-father")).unwrap();
        let content =
            Content::Choice { message: MESSAGE.to_owned(), key: "soc-faq-family-share-father".to_owned() };
        assert_eq!(pressed(&data), Some(Press::Submit(content)));
        let data = choice_data(MESSAGE, 3, &choice(&"长".repeat(20))).unwrap();
        assert_eq!(pressed(&data), Some(Press::ChoiceAt { message: MESSAGE.to_owned(), index: 3 }));
        assert_eq!(choice_data("not-a-uuid", 0, &choice("a")), None);
        assert_eq!(pressed("h"), Some(Press::Submit(Content::Human)));
        assert_eq!(pressed("r5"), Some(Press::Submit(Content::Rating { score: 5, comment: None })));
        for nonsense in ["", "r0", "r6", "g", "c", "gAAAA", "zAAAAAAAAAAAAAAAAAAAAAA"] {
            assert_eq!(pressed(nonsense), None, "{nonsense}");
        }
    }

    proptest! {
        #[test]
        fn no_button_is_too_long_and_reading_never_panics(key in "\\PC{0,80}", index in 0_usize..200, noise in "\\PC{0,70}") {
            let choice = Choice { key, label: String::new() };
            let data = choice_data(MESSAGE, index, &choice).unwrap();
            prop_assert!((1..=DATA_BYTES).contains(&data.len()));
            drop(pressed(&data));
            drop(pressed(&noise));
        }
    }
}
