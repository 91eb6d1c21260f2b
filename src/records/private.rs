//! What was hidden in messages, names of files and channels' notes: one record beside each of them, encrypted. Everything else
//! in the store holds labels.
//!
//! The cipher is XChaCha20-Poly1305 with a random nonce; its key is derived from a secret of the installation, and a record
//! opens under its own key in the store alone, so that one cannot be put in the place of another.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key as CipherKey, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use jiff::Timestamp;
use rand::RngExt;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::keys;
use super::message::{AuthorRecord, MessageRecord};
use crate::privacy::Hidden;
use crate::store::{Commit, Key, Store, StoreError, StoreExt};

/// What the key is for; another use of the same secret has another key.
const PURPOSE: &[u8] = b"yikouwen private records 1";

/// How many records are looked at, or go with one commit, at a time.
const PAGE: usize = 500;

/// The words of a message, and the name of a file.
pub(crate) const TEXT: &str = "text";

/// What the platform calls a place.
pub(crate) const PLACE: &str = "place";

/// What was hidden, by where it stood.
pub(crate) type Fields = BTreeMap<String, Hidden>;

/// What was hidden, encrypted.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PrivateRecord {
    /// Since when it is kept.
    pub at: Timestamp,
    nonce: String,
    sealed: String,
}

/// That a helper looked at what was hidden in a message. Whoever asks for an account gets it by time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RevealRecord {
    /// Who looked.
    pub by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The conversation.
    pub conversation: String,
    /// The message's place in it.
    pub seq: u64,
}

/// Encrypts what is hidden, and opens it again.
#[derive(Clone)]
pub struct Vault(XChaCha20Poly1305);

impl Vault {
    /// A vault of this secret of the installation.
    ///
    /// # Errors
    /// Never in fact: the key has the length that the derivation allows.
    pub fn new(secret: &[u8]) -> Result<Self, StoreError> {
        let mut key = [0_u8; 32];
        let derived = Hkdf::<Sha256>::new(None, secret).expand(PURPOSE, &mut key);
        derived.map_err(|_| StoreError::Corrupt("the key of private records cannot be made".into()))?;
        Ok(Self(XChaCha20Poly1305::new(&CipherKey::from(key))))
    }

    /// Encrypts what is to be kept under this key of the store.
    ///
    /// # Errors
    /// When it is more than a cipher takes, which is far above every message.
    pub(crate) fn seal(
        &self,
        key: &Key,
        fields: &Fields,
        at: Timestamp,
    ) -> Result<PrivateRecord, StoreError> {
        let unwritable = || StoreError::Refused("what is hidden in a message cannot be sealed".into());
        let plain = serde_json::to_vec(fields).map_err(|_| unwritable())?;
        let nonce = rand::rng().random::<[u8; 24]>();
        let payload = Payload { msg: &plain, aad: key.as_bytes() };
        let sealed = self.0.encrypt(&XNonce::from(nonce), payload).map_err(|_| unwritable())?;
        Ok(PrivateRecord { at, nonce: STANDARD.encode(nonce), sealed: STANDARD.encode(sealed) })
    }

    /// What was kept under this key of the store. `None`: it was written under another key, or is damaged.
    pub(crate) fn open(&self, key: &Key, record: &PrivateRecord) -> Option<Fields> {
        let nonce: [u8; 24] = STANDARD.decode(&record.nonce).ok()?.try_into().ok()?;
        let sealed = STANDARD.decode(&record.sealed).ok()?;
        let payload = Payload { msg: &sealed, aad: key.as_bytes() };
        let plain = self.0.decrypt(&XNonce::from(nonce), payload).ok()?;
        serde_json::from_slice(&plain).ok()
    }

    /// What is kept under this key of the store. What cannot be opened is complained of and left hidden.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn read(&self, store: &dyn Store, key: &Key) -> Result<Option<Fields>, StoreError> {
        let Some((record, _)) = store.get_json::<PrivateRecord>(key).await? else { return Ok(None) };
        Ok(self.opened(key, &record))
    }

    /// The same of a record that was read.
    pub(crate) fn opened(&self, key: &Key, record: &PrivateRecord) -> Option<Fields> {
        let fields = self.open(key, record);
        if fields.is_none() {
            tracing::error!(record = %key, "what is hidden cannot be opened: it was written with another secret");
        }
        fields
    }

    /// The name of a file as it was given.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn name(&self, store: &dyn Store, id: &str, name: String) -> Result<String, StoreError> {
        if !crate::privacy::is_labelled(&name) {
            return Ok(name);
        }
        let fields = self.read(store, &keys::private_name(id)).await?;
        let whole = fields.and_then(|fields| fields.get(TEXT).map(|hidden| hidden.open(&name).into_owned()));
        Ok(whole.unwrap_or(name))
    }
}

/// What was hidden in one text, if something was.
pub(crate) fn one(hidden: Hidden) -> Fields {
    Some(hidden)
        .filter(|hidden| !hidden.is_empty())
        .map(|hidden| (TEXT.to_owned(), hidden))
        .into_iter()
        .collect()
}

impl MessageRecord {
    /// Puts labels into what a citizen or a helper wrote; nobody else's words identify a person. What comes with the message
    /// has been masked before.
    pub(crate) fn hide(&mut self) -> Fields {
        let mut fields = Fields::new();
        if !matches!(self.author, AuthorRecord::Citizen | AuthorRecord::Helper) {
            return fields;
        }
        let texts = [(TEXT, Some(&mut self.text)), (PLACE, self.place.as_mut())];
        for (name, text) in texts {
            let hidden = text.map(Hidden::take).unwrap_or_default();
            if !hidden.is_empty() {
                fields.insert(name.to_owned(), hidden);
            }
        }
        fields
    }

    /// Gives back what was hidden.
    pub(crate) fn reveal(&mut self, fields: &Fields) {
        let texts = [(TEXT, Some(&mut self.text)), (PLACE, self.place.as_mut())];
        for (name, text) in texts {
            if let (Some(text), Some(hidden)) = (text, fields.get(name)) {
                *text = hidden.open(text).into_owned();
                self.private = true;
            }
        }
    }
}

/// Deletes what is older than `keep`; labels stay for good then. Returns how many records went.
///
/// # Errors
/// When the store fails.
pub async fn sweep(store: &dyn Store, now: Timestamp, keep: Duration) -> Result<usize, StoreError> {
    let mut rest = keys::privates();
    let mut swept = 0;
    loop {
        let page = store.scan_json::<PrivateRecord>(&rest, PAGE, false).await?;
        for (key, record, version) in &page {
            let age = now.duration_since(record.at);
            if !age.is_negative() && age.unsigned_abs() > keep {
                // A channel may have written its note anew meanwhile.
                let gone = Commit::new().check(key.clone(), Some(*version)).delete(key.clone());
                if store.commit(gone).await?.is_done() {
                    swept += 1;
                }
            }
        }
        match page.last() {
            Some((last, ..)) if page.len() == PAGE => rest = rest.after(last),
            _ => return Ok(swept),
        }
    }
}

/// Deletes what is kept beside the messages of a conversation: what was hidden in them and in the names of their files, and how
/// the robot's replies came about. Whoever deletes the messages deletes this with them.
///
/// # Errors
/// When the store fails.
pub async fn erase(store: &dyn Store, conversation: &str) -> Result<(), StoreError> {
    let mut rest = keys::messages(conversation);
    loop {
        let page = store.scan_json::<MessageRecord>(&rest, PAGE, false).await?;
        let mut commit = Commit::new();
        for (_, message, _) in &page {
            commit = without(commit, conversation, message);
        }
        store.attempt(commit).await?;
        match page.last() {
            Some((last, ..)) if page.len() == PAGE => rest = rest.after(last),
            _ => return Ok(()),
        }
    }
}

/// The same for one message, as a part of a commit.
#[must_use]
pub fn without(commit: Commit, conversation: &str, message: &MessageRecord) -> Commit {
    let commit = commit.delete(keys::private(conversation, message.seq)).delete(keys::trace(&message.id));
    message.attachments.iter().fold(commit, |commit, file| commit.delete(keys::private_name(&file.id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> MessageRecord {
        let at = "2026-11-20T08:00:00Z".parse().unwrap();
        MessageRecord::new("m".to_owned(), AuthorRecord::Citizen, at, text)
    }

    #[test]
    fn what_is_sealed_opens_with_its_own_secret_and_in_its_own_place_only() {
        let text = "我的电话13812345678，住幸福小区3幢2单元401室";
        let mut message = message(text);
        message.place = Some("家在文昌路12弄5号602".to_owned());
        let fields = message.hide();
        assert!(message.text.contains("【手机号】") && message.place.as_deref() == Some("【住址】"));
        let vault = Vault::new(b"a secret").unwrap();
        let key = keys::private("c", 1);
        let record = vault.seal(&key, &fields, message.at).unwrap();
        let stored = serde_json::to_string(&record).unwrap();
        assert!(!stored.contains("13812345678") && !stored.contains("幸福小区"));
        assert!(vault.seal(&key, &fields, message.at).unwrap() != record, "every nonce is another");
        message.reveal(&vault.open(&key, &record).unwrap());
        assert_eq!((message.text.as_str(), message.place.as_deref()), (text, Some("家在文昌路12弄5号602")));
        assert!(vault.open(&keys::private("c", 2), &record).is_none());
        assert!(Vault::new(b"another secret").unwrap().open(&key, &record).is_none());
        let mut damaged = STANDARD.decode(&record.sealed).unwrap();
        damaged[0] ^= 1;
        let damaged = PrivateRecord { sealed: STANDARD.encode(damaged), ..record };
        assert!(vault.open(&key, &damaged).is_none());
    }

    #[test]
    fn only_what_people_wrote_is_hidden() {
        let mut message = message("窗口电话13812345678");
        message.author = AuthorRecord::Robot;
        assert!(message.hide().is_empty(), "what offices publish stays readable");
        assert_eq!(message.text, "窗口电话13812345678");
    }
}
