//! What a group must not read of whoever asked: the numbers that identify them. The channels whose robots answer in groups
//! hide them in what they print there.

use std::ops::Range;
use std::sync::Arc;

use crate::{Author, Cursor, Inbox, Peer};

/// How many pages of a thread are read to know the citizen's own words.
const PAGES: usize = 10;

/// A place in a text that identifies a person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Personal {
    /// Where it stands, in bytes.
    pub range: Range<usize>,
    /// What takes its place.
    pub label: &'static str,
    /// Whether offices publish such numbers too (telephone, mail): then it is the citizen's only if the citizen wrote it.
    pub published: bool,
}

/// Finds what identifies a person in a text.
pub type FindPersonal = Arc<dyn Fn(&str) -> Vec<Personal> + Send + Sync>;

/// What is to be hidden of each of these texts before a group that this citizen asked in: places in their order, none
/// within another. `inbox` is the gateway, if the channel knows it already.
pub async fn to_hide(
    texts: &[&str],
    find: &FindPersonal,
    inbox: Option<&Inbox>,
    citizen: &Peer,
) -> Vec<Vec<Personal>> {
    let found: Vec<_> = texts.iter().map(|text| find(text)).collect();
    // The thread is read only where it makes a difference.
    let said = match (inbox, found.iter().flatten().any(|place| place.published)) {
        (Some(inbox), true) => said(inbox, citizen).await,
        _ => None,
    };
    texts.iter().zip(found).map(|(text, found)| theirs(text, found, said.as_deref())).collect()
}

/// The citizen's own words in the present conversation. `None`: they cannot be read.
async fn said(inbox: &Inbox, citizen: &Peer) -> Option<Vec<String>> {
    let (mut said, mut cursor) = (Vec::new(), Cursor::default());
    for _ in 0..PAGES {
        let thread = inbox.thread(citizen, &cursor).await.ok()?;
        let Some(last) = thread.messages.last() else { return Some(said) };
        cursor = Cursor { conversation: thread.conversation, after: last.seq };
        let own = thread.messages.into_iter().filter(|message| message.author == Author::Citizen);
        said.extend(own.map(|message| message.text));
    }
    // A conversation this long is not read to its end; all numbers are hidden then.
    None
}

/// Which of the places found are the citizen's. What offices publish too is not, unless the citizen wrote it; `said` are the
/// citizen's words, `None`: not known, and everything is hidden.
fn theirs(text: &str, found: Vec<Personal>, said: Option<&[String]>) -> Vec<Personal> {
    let bare = |text: &str| text.chars().filter(|letter| letter.is_alphanumeric()).collect::<String>();
    let said: Option<Vec<String>> = said.map(|said| said.iter().map(|text| bare(text)).collect());
    let mut end = 0;
    let mut hidden = found;
    hidden.retain(|place| {
        let Some(number) = text.get(place.range.clone()) else { return false };
        let own = match (&said, place.published) {
            (Some(said), true) => said.iter().any(|text| text.contains(&bare(number))),
            _ => true,
        };
        let kept = own && place.range.start >= end;
        if kept {
            end = place.range.end;
        }
        kept
    });
    hidden
}

/// A text with labels in the place of everything that identifies anybody, for where it is not asked whose it is.
pub fn hide_all(text: &str, find: &FindPersonal) -> String {
    hide(text, &theirs(text, find(text), None))
}

/// A text with labels in these places.
pub fn hide(text: &str, places: &[Personal]) -> String {
    let mut hidden = String::with_capacity(text.len());
    let mut end = 0;
    for place in places {
        hidden.push_str(text.get(end..place.range.start).unwrap_or_default());
        hidden.push_str(place.label);
        end = place.range.end;
    }
    hidden.push_str(text.get(end..).unwrap_or_default());
    hidden
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_the_citizen_are_hidden_and_those_of_offices_stay() {
        let text = "请带身份证 11010519491231002X，打 13800138000 或 13900139000";
        let place = |number: &str, label, published| {
            let start = text.find(number).unwrap();
            Personal { range: start..start + number.len(), label, published }
        };
        let found = vec![
            place("11010519491231002X", "【证】", false),
            place("13800138000", "【机】", true),
            place("13900139000", "【机】", true),
        ];
        let said = ["我的电话是138 0013 8000".to_owned()];
        let shown = |found: Vec<Personal>, said| hide(text, &theirs(text, found, said));
        assert_eq!(shown(found.clone(), Some(&said)), "请带身份证 【证】，打 【机】 或 13900139000");
        assert_eq!(shown(found, None), "请带身份证 【证】，打 【机】 或 【机】");
        assert_eq!(shown(vec![], None), text);
    }
}
