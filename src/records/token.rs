//! Secrets that somebody holds: a login's cookie, the id of a login under way. The store keeps their digests alone, so that a
//! stolen backup opens nothing.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::RngExt;
use sha2::{Digest, Sha256};

/// A secret for somebody to hold: 32 random bytes in base64url.
pub fn fresh() -> String {
    URL_SAFE_NO_PAD.encode(rand::rng().random::<[u8; 32]>())
}

/// Something short that nobody can guess: 16 random bytes in base64url.
pub fn fresh_short() -> String {
    URL_SAFE_NO_PAD.encode(rand::rng().random::<[u8; 16]>())
}

/// The digest under which a secret is kept: SHA-256 in base64url.
pub fn digest(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(secret.as_bytes()))
}
