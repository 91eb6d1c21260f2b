//! The pages that Telegram shows in its own view, and what it signs of whoever opens one.

use hmac::{Hmac, KeyInit, Mac};
use reqwest::Url;
use serde_json::json;
use sha2::Sha256;

use super::{BotApi, TOKEN};

fn mac(key: &[u8], message: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// What Telegram says of a person who opens a page at this moment, signed for the bot of a token.
pub(crate) fn signed(token: &str, person: i64, at: i64) -> String {
    let user = json!({ "id": person, "first_name": "李 & 王=1+1", "language_code": "zh-hans", "allows_write_to_pm": true });
    let members = [
        ("query_id", "AAHdF6IQAAAAAN0XohDhrOrc".to_owned()),
        ("user", user.to_string()),
        ("auth_date", at.to_string()),
        ("signature", "c2lnbmVkIGJ5IHRlbGVncmFt".to_owned()),
    ];
    let mut lines: Vec<String> = members.iter().map(|(name, value)| format!("{name}={value}")).collect();
    lines.sort();
    let hash = mac(&mac(b"WebAppData", token), &lines.join("\n"));
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut query = Url::parse("http://page/").unwrap();
    query.query_pairs_mut().extend_pairs(&members).append_pair("hash", &hash);
    query.query().unwrap().to_owned()
}

/// What the script of a page of ours reads in its address.
pub(crate) struct Page {
    pub(crate) share: String,
    pub(crate) key: String,
    pub(crate) proof: String,
}

impl BotApi {
    /// A person presses the newest button of a chat that opens a page, which they may have been forwarded.
    pub(crate) fn open_page(&self, chat: i64, person: i64, at: i64) -> Option<Page> {
        let (_, url) = self.chat(chat).iter().rev().find_map(|shown| shown.apps.last().cloned())?;
        let (page, key) = url.split_once("#k=")?;
        let share = page.rsplit_once("/s/")?.1.to_owned();
        Some(Page { share, key: key.to_owned(), proof: signed(TOKEN, person, at) })
    }
}
