//! What the unit tests of this channel share.

use jiff::Timestamp;

use super::config::{Mode, WechatConfig};
use super::words::WechatWords;
use crate::inbox::State;
use crate::message::Author;
use crate::{Outbound, Thread};

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
        ai_label: true,
        api_base: "http://127.0.0.1:1".to_owned(),
        qr_base: "http://127.0.0.1:1".to_owned(),
        oauth: false,
        oauth_base: "http://127.0.0.1:1".to_owned(),
        menu: Vec::new(),
        qr: Vec::new(),
    }
}

/// A message of the robot.
pub(crate) fn reply(seq: u64, text: &str) -> Outbound {
    Outbound::new(seq, format!("r{seq}"), Author::Robot, Timestamp::UNIX_EPOCH, text)
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
