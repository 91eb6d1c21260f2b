//! Links to a page with a full answer: signed, for a day, and with an alias in place of the citizen's openid. Whoever
//! holds one may read, as with every link that is passed on in a chat; nothing changes by reading.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use sha2::Sha256;
use tokio::sync::OnceCell;

use crate::{Notes, NotesError, NotesExt};

/// How long a link holds.
const LIFETIME: SignedDuration = SignedDuration::from_hours(24);
/// How much of the tag stands in a link, in bytes: it holds for a day only, and a message has little room.
const TAG: usize = 16;

/// What a link leads to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// The answers of a conversation after a message.
    Answer {
        /// Stands for the citizen.
        alias: String,
        /// The conversation.
        conversation: String,
        /// The message.
        after: u64,
    },
    /// A helper's file.
    File {
        /// Its id.
        id: String,
    },
}

/// Makes and checks links. All nodes use one key, which the first of them makes.
pub struct Links {
    notes: Arc<dyn Notes>,
    base: Option<String>,
    key: OnceCell<Vec<u8>>,
}

/// A new alias.
pub fn alias() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>())
}

impl Links {
    /// `base` is the channel's own address as citizens reach it; without one there are no links.
    pub fn new(notes: Arc<dyn Notes>, base: Option<String>) -> Self {
        Self { notes, base, key: OnceCell::new() }
    }

    /// Whether there are links at all.
    pub fn are_possible(&self) -> bool {
        self.base.is_some()
    }

    async fn key(&self) -> Result<&[u8], NotesError> {
        let made = self.key.get_or_try_init(async || {
            loop {
                if let Some(note) = self.notes.get::<String>(&["link_key"]).await? {
                    return URL_SAFE_NO_PAD
                        .decode(note.value)
                        .map_err(|_| NotesError("the key of links is damaged".into()));
                }
                let fresh = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
                // Of two nodes that start at once one wins, and both read what it wrote.
                self.notes.put(&["link_key"], None, &fresh).await?;
            }
        });
        Ok(made.await?)
    }

    /// Makes sure that the key is there, so that links can be made without waiting.
    ///
    /// # Errors
    /// When the notes are unavailable.
    pub async fn prepare(&self) -> Result<(), NotesError> {
        self.key().await.map(drop)
    }

    /// A link, once [`Links::prepare`] was called.
    pub fn link(&self, target: &Target, now: Timestamp) -> Option<String> {
        let (base, key) = (self.base.as_ref()?, self.key.get()?);
        let until = now.checked_add(LIFETIME).ok()?.as_second();
        let (path, payload) = match target {
            Target::Answer { alias, conversation, after } => {
                ("answer", format!("{alias}.{}.{after}.{until}", conversation.replace('-', "")))
            }
            Target::File { id } => ("file", format!("{}.{until}", URL_SAFE_NO_PAD.encode(id))),
        };
        let tag = URL_SAFE_NO_PAD.encode(tag(key, path, &payload)?);
        Some(format!("{base}/{path}/{payload}.{tag}"))
    }

    /// What a link leads to, if it is ours and holds.
    ///
    /// # Errors
    /// When the notes are unavailable.
    pub async fn check(&self, path: &str, token: &str, now: Timestamp) -> Result<Option<Target>, NotesError> {
        let key = self.key().await?;
        Ok(read(key, path, token, now))
    }
}

fn mac(key: &[u8], path: &str, payload: &str) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(b"yikouwen wechat link 1\0");
    mac.update(path.as_bytes());
    mac.update(b"\0");
    mac.update(payload.as_bytes());
    Some(mac)
}

fn tag(key: &[u8], path: &str, payload: &str) -> Option<Vec<u8>> {
    mac(key, path, payload)?.finalize().into_bytes().get(..TAG).map(<[u8]>::to_vec)
}

fn read(key: &[u8], path: &str, token: &str, now: Timestamp) -> Option<Target> {
    let (payload, tag) = token.rsplit_once('.')?;
    let tag: [u8; TAG] = URL_SAFE_NO_PAD.decode(tag).ok()?.try_into().ok()?;
    mac(key, path, payload)?.verify_truncated_left(&tag).ok()?;
    let parts: Vec<&str> = payload.split('.').collect();
    let (target, until) = match (path, parts.as_slice()) {
        ("answer", [alias, conversation, after, until]) => {
            let (alias, conversation) = ((*alias).to_owned(), (*conversation).to_owned());
            (Target::Answer { alias, conversation, after: after.parse().ok()? }, until)
        }
        ("file", [id, until]) => {
            (Target::File { id: String::from_utf8(URL_SAFE_NO_PAD.decode(id).ok()?).ok()? }, until)
        }
        _ => return None,
    };
    (now.as_second() < until.parse().ok()?).then_some(target)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::MemoryNotes;

    /// Links with a key of their own, at a moment.
    fn keyed() -> (Links, Timestamp) {
        let base = Some("https://ask.example/channels/gzh".to_owned());
        let key = OnceCell::new_with(Some(vec![7; 32]));
        let links = Links { notes: Arc::new(MemoryNotes::default()), base, key };
        (links, "2026-11-26T08:00:00Z".parse().unwrap())
    }

    proptest! {
        #[test]
        fn what_nobody_signed_leads_nowhere(
            path in "(answer|file|\\PC{0,6})",
            token in "([A-Za-z0-9_-]{0,30}\\.){0,6}(\\PC|[A-Za-z0-9_.-]){0,60}",
        ) {
            let (_, now) = keyed();
            prop_assert_eq!(read(&[7; 32], &path, &token, now), None);
        }

        #[test]
        fn every_target_is_found_behind_its_link_and_behind_no_other(
            alias in "[A-Za-z0-9_-]{22}",
            conversation in "[0-9a-f]{8,32}",
            after in any::<u64>(),
            id in "\\PC{0,40}",
            place in any::<prop::sample::Index>(),
            letter in "[!-~]",
        ) {
            let (links, now) = keyed();
            for target in [Target::Answer { alias, conversation, after }, Target::File { id }] {
                let link = links.link(&target, now).unwrap();
                let (rest, token) = link.rsplit_once('/').unwrap();
                let path = rest.rsplit_once('/').unwrap().1;
                prop_assert_eq!(read(&[7; 32], path, token, now), Some(target));
                prop_assert_eq!(read(&[8; 32], path, token, now), None);
                // One letter of what is signed is another one; the tag's last may hold bits that mean nothing.
                let mut forged: Vec<char> = token.chars().collect();
                let at = place.index(forged.len() - 1);
                forged[at] = letter.chars().next().unwrap();
                let forged: String = forged.into_iter().collect();
                if forged != token {
                    prop_assert_eq!(read(&[7; 32], path, &forged, now), None);
                }
            }
        }
    }

    #[tokio::test]
    async fn links_hold_for_a_day_on_every_node_and_cannot_be_changed() {
        let notes: Arc<dyn Notes> = Arc::new(MemoryNotes::default());
        let now: Timestamp = "2026-11-26T08:00:00Z".parse().unwrap();
        let base = Some("https://ask.example/channels/gzh".to_owned());
        let links = Links::new(Arc::clone(&notes), base.clone());
        links.prepare().await.unwrap();
        let answer = Target::Answer { alias: alias(), conversation: "018f3a00".into(), after: 7 };
        let file = Target::File { id: "f/1".into() };
        let other = Links::new(notes, base);
        for target in [answer, file] {
            let link = links.link(&target, now).unwrap();
            let (rest, token) = link.rsplit_once('/').unwrap();
            let path = rest.rsplit_once('/').unwrap().1;
            assert_eq!(other.check(path, token, now).await.unwrap(), Some(target));
            let tomorrow = now.checked_add(LIFETIME).unwrap();
            assert_eq!(other.check(path, token, tomorrow).await.unwrap(), None);
            let wrong = if path == "file" { "answer" } else { "file" };
            assert_eq!(other.check(wrong, token, now).await.unwrap(), None);
            for index in 0..token.len() {
                let mut forged = token.as_bytes().to_vec();
                forged[index] = if forged[index] == b'x' { b'y' } else { b'x' };
                let forged = String::from_utf8(forged).unwrap();
                // The last letter of Base64 may hold bits that mean nothing.
                if index + 1 < token.len() {
                    assert_eq!(other.check(path, &forged, now).await.unwrap(), None, "{index}");
                }
            }
        }
        assert!(
            Links::new(Arc::new(MemoryNotes::default()), None)
                .link(&Target::File { id: "a".into() }, now)
                .is_none()
        );
    }
}
