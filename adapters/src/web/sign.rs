//! Visitor tokens, and links by which a visitor reads the files of the conversation. A token is
//! `base64url(visitor ‖ expiry).base64url(HMAC-SHA-256)`. The server keeps no session for a visitor; whoever holds the
//! token is the visitor.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use sha2::Sha256;
use uuid::Uuid;

/// How long a token is good for. It is renewed whenever a session is asked for with an old one that still holds.
pub const LIFETIME: SignedDuration = SignedDuration::from_hours(24 * 180);

/// What visitor tokens are signed for.
const VISITOR: &[u8] = b"yikouwen visitor 1\0";

/// What links to files are signed for.
const FILE: &[u8] = b"yikouwen file 1\0";

/// Seconds of a day.
const DAY: i64 = 24 * 3_600;

/// What a link to a file is worth.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LinkCheck {
    /// It is ours and holds.
    Good,
    /// It is ours and held once.
    Expired,
    /// It is not ours, or somebody else's.
    Forged,
}

/// Signs and checks visitor tokens, and links to files.
#[derive(Clone)]
pub struct Signer {
    key: Vec<u8>,
}

/// A visitor whose token was good.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Visitor {
    /// The visitor's id, which is the peer's address.
    pub id: Uuid,
    /// When the token ends.
    pub expires_at: Timestamp,
}

impl Signer {
    /// Takes a secret of at least 32 random bytes.
    pub fn new(key: Vec<u8>) -> Self {
        Self { key }
    }

    /// What is signed begins with what it is for, so that nothing signed for one purpose passes for another.
    fn mac(&self, purpose: &[u8], payload: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        mac.update(purpose);
        mac.update(payload);
        Some(mac)
    }

    fn file_mac(&self, address: &str, file: &str, until: i64) -> Option<Hmac<Sha256>> {
        self.mac(FILE, format!("{file}\0{address}\0{until}").as_bytes())
    }

    /// The query of a link by which the visitor of this address, and nobody else, reads this file for a day or two. It is
    /// the same for a whole day, so that a browser shows a picture from its cache, and holds nothing that names anybody.
    pub fn file_query(&self, address: &str, file: &str, now: Timestamp) -> String {
        let until = (now.as_second() / DAY + 2) * DAY;
        let tag = self.file_mac(address, file, until).map(|mac| mac.finalize().into_bytes().to_vec());
        format!("until={until}&sig={}", URL_SAFE_NO_PAD.encode(tag.unwrap_or_default()))
    }

    /// Whether a link to a file of the visitor of this address is ours and still holds.
    pub fn check_file(&self, address: &str, file: &str, until: i64, sig: &str, now: Timestamp) -> LinkCheck {
        let good = URL_SAFE_NO_PAD.decode(sig).ok().is_some_and(|tag| {
            self.file_mac(address, file, until).is_some_and(|mac| mac.verify_slice(&tag).is_ok())
        });
        match (good, now.as_second() < until) {
            (true, true) => LinkCheck::Good,
            (true, false) => LinkCheck::Expired,
            (false, _) => LinkCheck::Forged,
        }
    }

    /// Issues a token for a visitor.
    pub fn issue(&self, id: Uuid, now: Timestamp) -> (String, Visitor) {
        let expires_at = now.checked_add(LIFETIME).unwrap_or(Timestamp::MAX);
        let mut payload = id.as_bytes().to_vec();
        payload.extend_from_slice(&expires_at.as_second().to_be_bytes());
        let tag =
            self.mac(VISITOR, &payload).map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default();
        let token = format!("{}.{}", URL_SAFE_NO_PAD.encode(&payload), URL_SAFE_NO_PAD.encode(tag));
        (token, Visitor { id, expires_at })
    }

    /// Returns the visitor of a token, or `None` when it is forged, damaged or past its end.
    pub fn check(&self, token: &str, now: Timestamp) -> Option<Visitor> {
        let (payload, tag) = token.split_once('.')?;
        let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        self.mac(VISITOR, &payload)?.verify_slice(&tag).ok()?;
        let id = Uuid::from_slice(payload.get(..16)?).ok()?;
        let seconds = i64::from_be_bytes(payload.get(16..)?.try_into().ok()?);
        let expires_at = Timestamp::from_second(seconds).ok()?;
        (now < expires_at).then_some(Visitor { id, expires_at })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::fuzz::moment;

    fn now() -> Timestamp {
        "2026-11-20T08:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_token_holds_until_its_end_and_not_longer() {
        let signer = Signer::new(vec![7; 32]);
        let (token, visitor) = signer.issue(Uuid::from_u128(42), now());
        assert_eq!(signer.check(&token, now()), Some(visitor));
        assert_eq!(signer.check(&token, visitor.expires_at), None);
    }

    #[test]
    fn a_token_of_another_key_or_with_a_changed_byte_is_refused() {
        let signer = Signer::new(vec![7; 32]);
        let (token, _) = signer.issue(Uuid::from_u128(42), now());
        assert_eq!(Signer::new(vec![8; 32]).check(&token, now()), None);
        for position in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(bytes).unwrap();
            // The last character of a base64 group may carry unused bits; then the text differs but not the bytes.
            if forged != token {
                assert!(signer.check(&forged, now()).is_none() || position == token.len() - 1);
            }
        }
    }

    #[test]
    fn a_link_reads_one_file_of_one_visitor_for_a_day_or_two() {
        let signer = Signer::new(vec![7; 32]);
        let query = signer.file_query("ada", "f1", now());
        let (until, sig) = query.strip_prefix("until=").unwrap().split_once("&sig=").unwrap();
        let until: i64 = until.parse().unwrap();
        let check = |address, file, until, sig, now| signer.check_file(address, file, until, sig, now);
        assert_eq!(check("ada", "f1", until, sig, now()), LinkCheck::Good);
        let end = Timestamp::from_second(until).unwrap();
        assert!(end.duration_since(now()) > SignedDuration::from_hours(24));
        assert_eq!(check("ada", "f1", until, sig, end), LinkCheck::Expired);
        assert_eq!(check("bob", "f1", until, sig, now()), LinkCheck::Forged);
        assert_eq!(check("ada", "f2", until, sig, now()), LinkCheck::Forged);
        assert_eq!(check("ada", "f1", until + 1, sig, now()), LinkCheck::Forged);
        for noise in ["", "é", "AAAA"] {
            assert_eq!(check("ada", "f1", until, noise, now()), LinkCheck::Forged);
        }
    }

    #[test]
    fn noise_is_refused_without_a_panic() {
        let signer = Signer::new(vec![7; 32]);
        for noise in ["", ".", "a.b", "AAAA.AAAA", "é.ü", &"A".repeat(10_000)] {
            assert_eq!(signer.check(noise, now()), None);
        }
    }

    proptest! {
        #[test]
        fn a_token_is_its_visitors_and_nobody_elses_for_as_long_as_it_holds(id: u128, issued in moment(), passed in 0_i64..400 * DAY) {
            let signer = Signer::new(vec![7; 32]);
            let (token, visitor) = signer.issue(Uuid::from_u128(id), issued);
            let later = issued.checked_add(SignedDuration::from_secs(passed)).unwrap();
            let found = signer.check(&token, later);
            if let Some(found) = found {
                prop_assert_eq!(found.id, visitor.id);
            }
            // An end is told in whole seconds.
            let left = visitor.expires_at.duration_since(later).as_secs();
            prop_assert!(left == 0 || found.is_some() == (left > 0), "{left} s are left");
        }

        #[test]
        fn whatever_is_changed_in_a_token_is_noticed(id: u128, at: prop::sample::Index, flip in 1_u8..=255) {
            let signer = Signer::new(vec![7; 32]);
            let (token, visitor) = signer.issue(Uuid::from_u128(id), now());
            let (payload, tag) = token.split_once('.').unwrap();
            let mut bytes = URL_SAFE_NO_PAD.decode(payload).unwrap();
            let signed = bytes.len();
            bytes.extend(URL_SAFE_NO_PAD.decode(tag).unwrap());
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            let (payload, tag) = bytes.split_at(signed);
            let forged = format!("{}.{}", URL_SAFE_NO_PAD.encode(payload), URL_SAFE_NO_PAD.encode(tag));
            prop_assert_eq!(signer.check(&forged, now()), None);
            prop_assert_eq!(signer.check(&token, now()).map(|found| found.id), Some(visitor.id));
        }

        #[test]
        fn anything_is_checked_without_a_panic(token in "\\PC{0,80}", short in "[A-Za-z0-9_-]{0,60}\\.[A-Za-z0-9_-]{0,60}", address in "\\PC{0,20}", file in "\\PC{0,20}", until: i64) {
            let signer = Signer::new(vec![7; 32]);
            prop_assert_eq!(signer.check(&token, now()), None);
            prop_assert_eq!(signer.check(&short, now()), None);
            prop_assert_eq!(signer.check_file(&address, &file, until, &token, now()), LinkCheck::Forged);
        }

        #[test]
        fn a_link_reads_its_own_file_alone(address in "[a-z0-9-]{1,20}", file in "[a-z0-9-]{1,20}", other in "[a-z0-9-]{1,20}", at in moment()) {
            let signer = Signer::new(vec![7; 32]);
            let query = signer.file_query(&address, &file, at);
            let (until, sig) = query.strip_prefix("until=").unwrap().split_once("&sig=").unwrap();
            let until: i64 = until.parse().unwrap();
            prop_assert_eq!(signer.check_file(&address, &file, until, sig, at), LinkCheck::Good);
            if other != file {
                prop_assert_eq!(signer.check_file(&address, &other, until, sig, at), LinkCheck::Forged);
            }
            if other != address {
                prop_assert_eq!(signer.check_file(&other, &file, until, sig, at), LinkCheck::Forged);
            }
        }
    }
}
