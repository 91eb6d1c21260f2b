//! What the unit tests of this channel share.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

use super::config::{Mode, WechatConfig};
use super::words::WechatWords;
use crate::inbox::State;
use crate::message::Author;
use crate::{Note, Notes, NotesError, Outbound, Thread};

/// The compiled words.
pub(crate) fn words() -> WechatWords {
    toml::from_str(include_str!("../../../config/words/wechat.toml")).unwrap()
}

/// A configuration without a fault.
pub(crate) fn config() -> WechatConfig {
    WechatConfig {
        app_id: "wxba5fad812f8e6fb9".to_owned(),
        app_secret: "app-secret-value".into(),
        token: "AAAAA".into(),
        encoding_aes_key: Some("A".repeat(43).into()),
        previous_encoding_aes_key: None,
        mode: Mode::Secure,
        verified: false,
        api_base: "http://127.0.0.1:1".to_owned(),
        qr_base: "http://127.0.0.1:1".to_owned(),
        menu: Vec::new(),
        qr: Vec::new(),
    }
}

/// A message of the robot.
pub(crate) fn reply(seq: u64, text: &str) -> Outbound {
    Outbound {
        seq,
        id: format!("r{seq}"),
        author: Author::Robot,
        name: None,
        at: Timestamp::UNIX_EPOCH,
        text: text.to_owned(),
        outcome: None,
        citations: Vec::new(),
        attachments: Vec::new(),
        choices: Vec::new(),
        offer_human: false,
        call: Vec::new(),
        ask_rating: false,
        client_id: None,
        feedback: None,
    }
}

/// A thread with these messages.
pub(crate) fn thread(conversation: &str, messages: Vec<Outbound>) -> Thread {
    let state = State {
        stage: "robot".to_owned(),
        position: None,
        wait_seconds: None,
        helper: None,
        desk_open: false,
    };
    let last = messages.last().map_or(0, |last| last.seq);
    Thread { conversation: Some(conversation.to_owned()), last, state, messages }
}

/// Notes that are forgotten at the end.
#[derive(Default)]
pub(crate) struct MemoryNotes(Mutex<(u64, BTreeMap<Vec<String>, Note>)>);

#[async_trait]
impl Notes for MemoryNotes {
    async fn read(&self, key: &[&str]) -> Result<Option<Note>, NotesError> {
        let key: Vec<String> = key.iter().map(|&part| part.to_owned()).collect();
        Ok(self.0.lock().unwrap().1.get(&key).cloned())
    }

    async fn write(&self, key: &[&str], seen: Option<u64>, value: Option<Value>) -> Result<bool, NotesError> {
        let key: Vec<String> = key.iter().map(|&part| part.to_owned()).collect();
        let mut notes = self.0.lock().unwrap();
        if notes.1.get(&key).map(|note| note.version) != seen {
            return Ok(false);
        }
        notes.0 += 1;
        let version = notes.0;
        match value {
            Some(value) => notes.1.insert(key, Note { value, version }),
            None => notes.1.remove(&key),
        };
        Ok(true)
    }

    async fn list(&self, prefix: &[&str], limit: usize) -> Result<Vec<(Vec<String>, Note)>, NotesError> {
        let notes = self.0.lock().unwrap();
        let found =
            notes.1.iter().filter(|(key, _)| key.iter().zip(prefix).all(|(part, wanted)| part == wanted));
        Ok(found.take(limit).map(|(key, note)| (key.clone(), note.clone())).collect())
    }
}
