//! Signatures of the platform's calls. Facts: 钉钉开放平台 "receive-message" and "event-callback-card".

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;

/// How far a call's time may be from ours, in milliseconds: one hour.
const WINDOW_MS: i64 = 3_600_000;

fn mac(secret: &str, message: &str) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(message.as_bytes());
    Some(mac)
}

fn print(mac: Option<Hmac<Sha256>>) -> String {
    mac.map(|mac| STANDARD.encode(mac.finalize().into_bytes())).unwrap_or_default()
}

/// Compares in constant time.
fn fits(mac: Option<Hmac<Sha256>>, signature: &str) -> bool {
    let (Some(mac), Ok(given)) = (mac, STANDARD.decode(signature)) else { return false };
    mac.verify_slice(&given).is_ok()
}

fn in_time(timestamp: &str, now: Timestamp) -> bool {
    let Ok(sent) = timestamp.parse::<i64>() else { return false };
    sent.checked_sub(now.as_millisecond())
        .is_some_and(|apart| apart.unsigned_abs() <= WINDOW_MS.unsigned_abs())
}

/// What the header `sign` of a message holds: the secret signs the time and itself.
pub fn message_signature(secret: &str, timestamp: &str) -> String {
    print(mac(secret, &format!("{timestamp}\n{secret}")))
}

/// Whether a message's headers `timestamp` (milliseconds) and `sign` are the platform's, and not old.
pub fn is_message_genuine(secret: &str, timestamp: &str, signature: &str, now: Timestamp) -> bool {
    in_time(timestamp, now) && fits(mac(secret, &format!("{timestamp}\n{secret}")), signature)
}

/// What the header `x-ddpaas-signature` of a card's callback holds.
pub fn card_signature(secret: &str, timestamp: &str) -> String {
    print(mac(secret, timestamp))
}

/// Whether the headers of a card's callback are the platform's, and not old.
pub fn is_card_genuine(secret: &str, timestamp: &str, signature: &str, now: Timestamp) -> bool {
    in_time(timestamp, now) && fits(mac(secret, timestamp), signature)
}

/// The secret that the platform is given to sign card callbacks with. It is derived, so that the application's own
/// secret is not handed out a second time, and every node knows it without asking.
pub fn card_secret(client_secret: &str) -> String {
    mac(client_secret, "yikouwen card callbacks 1")
        .map(|mac| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(milliseconds).unwrap()
    }

    #[test]
    fn the_documents_own_values_are_signed_as_it_says() {
        // Time and secret are those of the platform's Java sample.
        let signature = message_signature("this is a secret", "1577262236757");
        assert_eq!(signature, "DJrE6qdyVGCQz9z5r2MDuNcNAhwYnuAkyj13cx169CA=");
        assert!(is_message_genuine("this is a secret", "1577262236757", &signature, at(1_577_262_236_757)));
    }

    #[test]
    fn what_is_forged_or_old_is_refused() {
        let signature = message_signature("s", "1577262236757");
        let hour = 3_600_000;
        for (now, expected) in [(0, true), (hour, true), (-hour, true), (hour + 1, false), (-hour - 1, false)]
        {
            let now = at(1_577_262_236_757 + now);
            assert_eq!(is_message_genuine("s", "1577262236757", &signature, now), expected, "{now}");
        }
        let now = at(1_577_262_236_757);
        assert!(!is_message_genuine("other", "1577262236757", &signature, now));
        assert!(!is_message_genuine("s", "1577262236758", &signature, now));
        assert!(!is_message_genuine("s", "1577262236757", "", now));
        assert!(!is_message_genuine("s", "", "", now));
        assert!(!is_message_genuine("s", &i64::MIN.to_string(), &signature, now));
        let card = card_signature("s", "1577262236757");
        assert!(is_card_genuine("s", "1577262236757", &card, now));
        assert!(!is_card_genuine("s", "1577262236757", &signature, now), "the two are not the same");
    }

    proptest! {
        #[test]
        fn only_the_holder_of_the_secret_signs(secret in "\\PC{1,40}", other in "\\PC{1,40}", time in 0_i64..4_000_000_000_000, junk in "\\PC{0,60}") {
            let now = at(time);
            let time = time.to_string();
            let good = message_signature(&secret, &time);
            prop_assert!(is_message_genuine(&secret, &time, &good, now));
            prop_assert_eq!(is_message_genuine(&other, &time, &good, now), other == secret);
            prop_assert!(junk == good || !is_message_genuine(&secret, &time, &junk, now));
            prop_assert!(is_card_genuine(&secret, &time, &card_signature(&secret, &time), now));
        }
    }
}
