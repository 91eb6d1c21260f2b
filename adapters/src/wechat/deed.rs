//! What a push asks for.

use super::action::Action;
use super::media::media;
use super::wire::Kind;
use super::words::WechatWords;
use crate::{Content, Wording};

/// What a push asks for.
pub(super) enum Deed {
    /// Words for the conversation.
    Text(String),
    /// Something else for the conversation, and what is said when it is refused.
    Submit(Content, fn(&WechatWords) -> &Wording),
    /// An answer of our own.
    Own(fn(&WechatWords) -> &Wording),
    /// The citizen left.
    Forget,
    /// Nothing.
    Nothing,
}

/// What a push asks for.
pub(super) fn deed(kind: &Kind) -> Deed {
    let act = |key: &str| {
        Action::parse(key).map(|action| Deed::Submit(action.content(), |words| &words.open_refused))
    };
    let greet = || Deed::Submit(Content::Hello, |words| &words.hello);
    match kind {
        Kind::Text(text) => Deed::Text(text.clone()),
        // What the platform heard is what the citizen said; the recording adds nothing that could be looked up.
        Kind::Voice(_, Some(text)) => Deed::Text(text.clone()),
        Kind::Image(_) | Kind::Voice(..) | Kind::Video(_) | Kind::File(..) => match media(kind) {
            Some(media) => Deed::Submit(Content::Media { media, text: None }, |words| &words.media_refused),
            None => Deed::Own(|words| &words.unsupported),
        },
        Kind::Place { lat, lng, label } => {
            Deed::Submit(Content::Place { lat: *lat, lng: *lng, label: label.clone() }, |words| {
                &words.place_refused
            })
        }
        Kind::Link { title, url } => Deed::Text(format!("{title}\n{url}")),
        Kind::Subscribe(scene) => scene.as_deref().and_then(act).unwrap_or_else(greet),
        Kind::Scan(scene) => act(scene).unwrap_or_else(greet),
        Kind::Click(key) => act(key).unwrap_or(Deed::Own(|words| &words.unknown_key)),
        Kind::Scanned { key, result } => {
            act(result).or_else(|| act(key)).unwrap_or(Deed::Own(|words| &words.unknown_key))
        }
        Kind::Unsupported => Deed::Own(|words| &words.unsupported),
        Kind::Unsubscribe => Deed::Forget,
        Kind::Notice(_) => Deed::Nothing,
    }
}

/// Whether a person, not the robot, has the conversation.
pub(super) fn with_people(stage: &str) -> bool {
    matches!(stage, "queued" | "claimed" | "serving" | "reclaim_grace" | "left_message")
}

/// Whether a text is English, when that can be told.
pub(super) fn english(text: &str) -> Option<bool> {
    if text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)) {
        return Some(false);
    }
    let words =
        text.split_whitespace().filter(|word| word.chars().filter(char::is_ascii_alphabetic).count() > 1);
    (words.count() > 1).then_some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_told_only_by_sentences() {
        let table = [
            ("身份证 ID card", Some(false)),
            ("how do I renew", Some(true)),
            ("ok", None),
            ("12345", None),
            ("CPU", None),
        ];
        for (text, expected) in table {
            assert_eq!(english(text), expected, "{text}");
        }
    }

    #[test]
    fn keys_and_scenes_become_what_they_say() {
        let submits = |kind: &Kind| match deed(kind) {
            Deed::Submit(content, _) => content,
            _ => panic!("{kind:?}"),
        };
        assert_eq!(submits(&Kind::Scan("open:a".into())), Content::Open { entry: "a".into() });
        assert_eq!(submits(&Kind::Scan("123".into())), Content::Hello);
        assert_eq!(submits(&Kind::Subscribe(None)), Content::Hello);
        assert_eq!(submits(&Kind::Subscribe(Some("human".into()))), Content::Human);
        assert_eq!(submits(&Kind::Click("say:你好".into())), Content::Text { text: "你好".into() });
        assert!(matches!(deed(&Kind::Click("V1".into())), Deed::Own(_)));
        assert!(matches!(deed(&Kind::Unsubscribe), Deed::Forget));
        assert!(matches!(deed(&Kind::Voice("m".into(), Some("怎么办".into()))), Deed::Text(_)));
        assert!(matches!(submits(&Kind::Voice("m".into(), None)), Content::Media { .. }));
    }
}
