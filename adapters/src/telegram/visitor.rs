//! Who opens a page of ours by its button: Telegram shows the page in its own view and puts what it says of the person, signed, behind
//! the `#` of the address (`tgWebAppData`). Facts of the page core.telegram.org/bots/webapps, "Validating data received via the Mini
//! App".

use std::collections::BTreeMap;

use async_trait::async_trait;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use reqwest::Url;
use serde::Deserialize;
use sha2::Sha256;

use super::client::TelegramChannel;
use super::peers::chat_of;
use crate::recognition::{Proof, Recognition};
use crate::{ChannelError, Peer};

/// How long what was signed holds. The page is opened at once.
const HOLDS: SignedDuration = SignedDuration::from_mins(10);
/// How much later than ours Telegram's clock may be.
const AHEAD: SignedDuration = SignedDuration::from_mins(1);

#[derive(Deserialize)]
struct User {
    id: i64,
}

fn mac(key: &[u8], message: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(message);
    Some(mac)
}

/// The person whom the data name, if Telegram has signed them for the bot of this token, not long ago.
fn person(data: &str, token: &str, now: Timestamp) -> Option<i64> {
    // They are written like the query of an address.
    let mut query = Url::parse("http://page/").ok()?;
    query.set_query(Some(data));
    let mut members = BTreeMap::new();
    for (name, value) in query.query_pairs().into_owned() {
        // A member that stands twice could be read in two ways.
        if members.insert(name, value).is_some() {
            return None;
        }
    }
    let hash = bytes_of(&members.remove("hash")?)?;
    let mut lines: Vec<String> = members.iter().map(|(name, value)| format!("{name}={value}")).collect();
    lines.sort();
    let key = mac(b"WebAppData", token.as_bytes())?.finalize().into_bytes();
    mac(&key, lines.join("\n").as_bytes())?.verify_slice(&hash).ok()?;
    let signed = Timestamp::from_second(members.get("auth_date")?.parse().ok()?).ok()?;
    let age = now.duration_since(signed);
    let user: User = serde_json::from_str(members.get("user")?).ok()?;
    (age <= HOLDS && age >= -AHEAD).then_some(user.id)
}

/// The bytes of a hexadecimal text.
fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    digits.chunks(2).map(|pair| Some(pair.first()? << 4 | pair.last()?)).collect()
}

#[async_trait]
impl Recognition for TelegramChannel {
    /// Nobody has to go anywhere: what Telegram says stands in the address of the page that its button opens.
    fn door(&self, _agent: &str, _back: &str, _state: &str) -> Option<String> {
        None
    }

    async fn is(&self, peer: &Peer, proof: Proof<'_>) -> Result<bool, ChannelError> {
        let Proof::Signed(data) = proof else { return Ok(false) };
        let settings = &self.account.settings;
        let person = person(data, &settings.token, (settings.kit.now)());
        // A private chat has the number of the person.
        Ok(person.is_some() && chat_of(&peer.address) == person)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The example that libraries for such pages are tested with; Telegram's own page has none.
    const TOKEN: &str = "5768337691:AAH5YkoiEuPk8-FZa32hStHTqXiLPtAEhx8";
    const DATA: &str = "query_id=AAHdF6IQAAAAAN0XohDhrOrc&user=%7B%22id%22%3A279058397%2C%22first_name%22%3A%22Vladislav%22%2C%22last_name%22%3A%22Kibenko%22%2C%22username%22%3A%22vdkfrost%22%2C%22language_code%22%3A%22ru%22%2C%22is_premium%22%3Atrue%7D&auth_date=1662771648&hash=c501b71e775f74ce10e377dea85a7ea24ecd640b223ea86dfe453e0eaed2e2b2";

    fn after(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_662_771_648 + seconds).unwrap()
    }

    #[test]
    fn what_telegram_signed_names_a_person_for_ten_minutes() {
        for (seconds, holds) in [(0, true), (600, true), (601, false), (-60, true), (-61, false)] {
            let expected = holds.then_some(279_058_397);
            assert_eq!(person(DATA, TOKEN, after(seconds)), expected, "{seconds}");
        }
        assert_eq!(person(DATA, "5768337691:AAH5YkoiEuPk8-FZa32hStHTqXiLPtAEhx9", after(0)), None);
    }

    #[test]
    fn what_was_changed_names_nobody() {
        for (from, to) in [
            ("279058397", "279058398"),
            ("1662771648", "1662771649"),
            ("&auth_date", "&auth_date=1662771648&auth_date"),
            ("query_id", "x=1&query_id"),
            ("e2b2", "e2b3"),
            ("e2b2", "e2b"),
            ("&hash=", "&hush="),
            ("hash=c5", "hash=字"),
        ] {
            let changed = DATA.replace(from, to);
            assert_ne!(changed, DATA);
            assert_eq!(person(&changed, TOKEN, after(0)), None, "{from} {to}");
        }
    }

    proptest! {
        #[test]
        fn anything_is_read_without_a_panic(data in "\\PC{0,200}", tail in "[a-z=&%0-9]{0,60}") {
            prop_assert_eq!(person(&data, TOKEN, after(0)), None);
            prop_assert_eq!(person(&format!("{DATA}&{tail}x"), TOKEN, after(0)), None);
        }
    }
}
