//! Signatures: `sha256=` and the hex of HMAC-SHA-256 over `TIMESTAMP.PAYLOAD`, where the payload is a request's body or, for
//! requests without one, its query as it was sent.

use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use sha2::Sha256;

/// The header with the moment of signing, in seconds since 1970.
pub(super) const TIMESTAMP: &str = "x-yikouwen-timestamp";

/// The header with the signature.
pub(super) const SIGNATURE: &str = "x-yikouwen-signature";

/// How far the other side's clock may be from ours.
pub const WINDOW: SignedDuration = SignedDuration::from_mins(5);

/// Signs and checks. A second secret is accepted while the first is being changed.
#[derive(Clone)]
pub struct Signer {
    secret: Vec<u8>,
    previous: Option<Vec<u8>>,
}

/// Why a signature does not count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// A header is missing or malformed, or the signature is another's.
    Bad,
    /// It is too old, or from the future.
    Stale,
}

impl Signer {
    /// Takes the secret, and the one that was used before.
    pub fn new(secret: impl Into<Vec<u8>>, previous: Option<Vec<u8>>) -> Self {
        Self { secret: secret.into(), previous }
    }

    fn mac(secret: &[u8], timestamp: &str, payload: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
        mac.update(timestamp.as_bytes());
        mac.update(b".");
        mac.update(payload);
        Some(mac)
    }

    /// The values of both headers.
    pub fn sign(&self, now: Timestamp, payload: &[u8]) -> (String, String) {
        let timestamp = now.as_second().to_string();
        let tag = Self::mac(&self.secret, &timestamp, payload).map(|mac| mac.finalize().into_bytes());
        let mut signature = "sha256=".to_owned();
        for byte in tag.iter().flatten() {
            signature.push_str(&format!("{byte:02x}"));
        }
        (timestamp, signature)
    }

    /// Checks both headers, the signature first: whether a forger's clock is right is not for them to know.
    ///
    /// # Errors
    /// When the signature does not count.
    pub fn check(
        &self,
        timestamp: Option<&str>,
        signature: Option<&str>,
        payload: &[u8],
        now: Timestamp,
    ) -> Result<(), Refused> {
        let (timestamp, signature) = timestamp.zip(signature).ok_or(Refused::Bad)?;
        let tag = signature.strip_prefix("sha256=").and_then(from_hex).ok_or(Refused::Bad)?;
        let is_good = [Some(&self.secret), self.previous.as_ref()].into_iter().flatten().any(|secret| {
            Self::mac(secret, timestamp, payload).is_some_and(|mac| mac.verify_slice(&tag).is_ok())
        });
        if !is_good {
            return Err(Refused::Bad);
        }
        let signed = timestamp.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
        let signed = signed.ok_or(Refused::Bad)?;
        if now.duration_since(signed).abs() <= WINDOW { Ok(()) } else { Err(Refused::Stale) }
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).and_then(|value| u8::try_from(value).ok())).collect();
    let digits = digits?;
    if digits.len() % 2 != 0 {
        return None;
    }
    Some(digits.chunks(2).map(|pair| pair.iter().fold(0, |value, digit| value << 4 | digit)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector of `docs/channels/http.md`, computed with openssl.
    const SECRET: &str = "anhe-kiosk-secret-2026";
    const BODY: &str =
        r#"{"id":"m-1","citizen":"kiosk-7","text":"身份证丢了怎么补办","at":"2026-11-20T08:00:00Z"}"#;
    const VECTOR: &str = "sha256=c1e498be4c2618613b66b0ffdf50baf71cb8b211bfdcf46cfe1ad87b99d232eb";

    fn now() -> Timestamp {
        "2026-11-20T08:00:00Z".parse().unwrap()
    }

    #[test]
    fn the_documented_vector_holds() {
        let (timestamp, signature) = Signer::new(SECRET, None).sign(now(), BODY.as_bytes());
        assert_eq!((timestamp.as_str(), signature.as_str()), ("1795161600", VECTOR));
    }

    #[test]
    fn a_signature_counts_for_its_body_its_moment_and_five_minutes() {
        let signer = Signer::new(SECRET, None);
        let (timestamp, signature) = signer.sign(now(), b"body");
        let check = |timestamp: &str, signature: &str, body: &[u8], at: &str| {
            signer.check(Some(timestamp), Some(signature), body, at.parse().unwrap())
        };
        assert_eq!(check(&timestamp, &signature, b"body", "2026-11-20T08:05:00Z"), Ok(()));
        assert_eq!(check(&timestamp, &signature, b"body", "2026-11-20T07:55:00Z"), Ok(()));
        assert_eq!(check(&timestamp, &signature, b"body", "2026-11-20T08:05:01Z"), Err(Refused::Stale));
        assert_eq!(check(&timestamp, &signature, b"Body", "2026-11-20T08:00:00Z"), Err(Refused::Bad));
        assert_eq!(check("1795161601", &signature, b"body", "2026-11-20T08:00:00Z"), Err(Refused::Bad));
        assert_eq!(signer.check(None, Some(&signature), b"body", now()), Err(Refused::Bad));
        for noise in ["", "sha256=", "sha256=zz", "sha256=abc", &signature.replace("sha256", "sha1")] {
            assert_eq!(
                check(&timestamp, noise, b"body", "2026-11-20T08:00:00Z"),
                Err(Refused::Bad),
                "{noise}"
            );
        }
    }

    #[test]
    fn the_previous_secret_is_accepted_and_not_used() {
        let old = Signer::new("the-old-secret-1", None);
        let both = Signer::new("the-new-secret-2", Some(b"the-old-secret-1".to_vec()));
        let (timestamp, signature) = old.sign(now(), b"body");
        assert_eq!(both.check(Some(&timestamp), Some(&signature), b"body", now()), Ok(()));
        assert_ne!(both.sign(now(), b"body").1, signature);
    }
}
