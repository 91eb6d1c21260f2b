//! Signatures and encryption of the platform's messages.
//!
//! Facts of the page 消息加解密说明, with its example as a test: AES-256-CBC with the first half of the key as the initial
//! vector; PKCS#7 padding to 32 bytes, not to the cipher's 16; `random(16) ‖ length(4, big endian) ‖ text ‖ app id`.

use aes::Aes256;
use aes::cipher::block_padding::NoPadding;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;

/// The block of the padding, in bytes.
const BLOCK: usize = 32;
/// What stands before the length, in bytes.
const RANDOM: usize = 16;

/// Reads a key although bits are set behind its last byte, which the console's generator does.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The signature over parts: the hex digits of SHA-1 over the sorted parts.
pub fn sign(parts: &[&str]) -> String {
    let mut parts = parts.to_vec();
    parts.sort_unstable();
    hex(&Sha1::digest(parts.concat()))
}

/// Lower-case hex digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a signature fits, without saying by its time how far it fits.
pub fn verify(signature: &str, parts: &[&str]) -> bool {
    sign(parts).as_bytes().ct_eq(signature.as_bytes()).into()
}

/// A key of 32 bytes, written by the console as 43 letters and digits.
#[derive(Clone)]
pub struct AesKey([u8; 32]);

/// Why something could not be decrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CryptoError {
    /// It is no Base64, or no whole number of blocks.
    #[error("the ciphertext is damaged")]
    Damaged,
    /// The key is another one.
    #[error("the message was encrypted with another key")]
    OtherKey,
    /// The key fits, but the message is for another account.
    #[error("the message is for another account")]
    OtherAccount,
}

impl AesKey {
    /// Reads a key of the console.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 43 || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        LENIENT.decode(text).ok()?.try_into().ok().map(Self)
    }

    fn iv(&self) -> [u8; 16] {
        std::array::from_fn(|index| self.0[index])
    }

    /// Encrypts a text for this account.
    pub fn encrypt(&self, text: &str, app_id: &str) -> String {
        self.encrypt_with(text, app_id, rand::random())
    }

    fn encrypt_with(&self, text: &str, app_id: &str, random: [u8; RANDOM]) -> String {
        let mut plain = random.to_vec();
        plain.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
        plain.extend_from_slice(text.as_bytes());
        plain.extend_from_slice(app_id.as_bytes());
        let pad = BLOCK - plain.len() % BLOCK;
        plain.resize(plain.len() + pad, u8::try_from(pad).unwrap_or_default());
        let length = plain.len();
        let cipher = cbc::Encryptor::<Aes256>::new(&self.0.into(), &self.iv().into());
        // The length is a whole number of blocks, so there is nothing left that could fail.
        cipher
            .encrypt_padded::<NoPadding>(&mut plain, length)
            .map(|bytes| STANDARD.encode(bytes))
            .unwrap_or_default()
    }

    /// Decrypts a text that is for this account.
    ///
    /// # Errors
    /// When it is damaged, of another key, or for another account.
    pub fn decrypt(&self, encrypted: &str, app_id: &str) -> Result<String, CryptoError> {
        let mut bytes = LENIENT.decode(encrypted.trim()).map_err(|_| CryptoError::Damaged)?;
        if bytes.is_empty() || !bytes.len().is_multiple_of(16) {
            return Err(CryptoError::Damaged);
        }
        let cipher = cbc::Decryptor::<Aes256>::new(&self.0.into(), &self.iv().into());
        let plain = cipher.decrypt_padded::<NoPadding>(&mut bytes).map_err(|_| CryptoError::Damaged)?;
        let (text, account) = unpack(plain).ok_or(CryptoError::OtherKey)?;
        if account != app_id.as_bytes() {
            return Err(CryptoError::OtherAccount);
        }
        String::from_utf8(text.to_vec()).map_err(|_| CryptoError::OtherKey)
    }
}

/// The text and the account's id in what was decrypted.
fn unpack(plain: &[u8]) -> Option<(&[u8], &[u8])> {
    let pad = usize::from(*plain.last()?);
    if !(1..=BLOCK).contains(&pad) {
        return None;
    }
    let (body, padding) = plain.split_at_checked(plain.len().checked_sub(pad)?)?;
    if padding.iter().any(|&byte| usize::from(byte) != pad) {
        return None;
    }
    let (_, rest) = body.split_at_checked(RANDOM)?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The official example of the page 接收消息与事件 (加解密).
    const ENCRYPTED: &str = "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04=";
    const APP: &str = "wxba5fad812f8e6fb9";

    fn key() -> AesKey {
        AesKey::parse(&"A".repeat(43)).unwrap()
    }

    #[test]
    fn official_vector_a_the_plain_signature() {
        let parts = ["AAAAA", "1714037059", "486452656"];
        assert!(verify("899cf89e464efb63f54ddac96b0a0a235f53aa78", &parts));
        assert!(!verify("899cf89e464efb63f54ddac96b0a0a235f53aa79", &parts));
        assert!(!verify("", &parts));
    }

    #[test]
    fn official_vector_b_a_secure_message() {
        let query = ["AAAAA", "1714112445", "415670741"];
        assert!(verify("6c5c811b55cc85e0e1b54100749188c20beb3f5d", &query));
        let parts = ["AAAAA", "1714112445", "415670741", ENCRYPTED];
        assert!(verify("046e02f8204d34f8ba5fa3b1db94908f3df2e9b3", &parts));
        assert_eq!(
            key().decrypt(ENCRYPTED, APP).unwrap(),
            r#"{"ToUserName":"gh_97417a04a28d","FromUserName":"o9AgO5Kd5ggOC-bXrbNODIiE3bGY","CreateTime":1714112445,"MsgType":"event","Event":"debug_demo","debug_str":"hello world"}"#
        );
    }

    #[test]
    fn official_vector_c_a_secure_reply() {
        let encrypted = key().encrypt_with(r#"{"demo_resp":"good luck"}"#, APP, *b"707722b803182950");
        assert_eq!(
            encrypted,
            "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ=="
        );
        assert_eq!(
            sign(&["AAAAA", "1713424427", "415670741", &encrypted]),
            "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1"
        );
    }

    #[test]
    fn official_vector_d_a_pages_signature_is_the_same_digest_over_another_text() {
        let text = "jsapi_ticket=sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg&noncestr=Wm3WZYTPz0wzccnW&timestamp=1414587457&url=http://mp.weixin.qq.com?params=value";
        assert_eq!(sign(&[text]), "0f9de62fce790f9a083d5c99e95740ceb90c27ed");
    }

    #[test]
    fn another_key_another_account_and_damage_are_told_apart() {
        let other =
            AesKey::parse("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG").expect("bits behind the last byte");
        let encrypted = key().encrypt("你好", APP);
        assert_eq!(other.decrypt(&encrypted, APP), Err(CryptoError::OtherKey));
        assert_eq!(key().decrypt(&encrypted, "wx0"), Err(CryptoError::OtherAccount));
        assert_eq!(key().decrypt("AAAA", APP), Err(CryptoError::Damaged));
        assert_eq!(key().decrypt("no base64!", APP), Err(CryptoError::Damaged));
        assert!(AesKey::parse("short").is_none() && AesKey::parse(&"=".repeat(43)).is_none());
    }

    proptest! {
        #[test]
        fn what_was_encrypted_is_decrypted(text in "\\PC{0,120}", key in "[A-Za-z0-9]{43}") {
            let key = AesKey::parse(&key).unwrap();
            prop_assert_eq!(key.decrypt(&key.encrypt(&text, APP), APP).unwrap(), text);
        }

        #[test]
        fn nothing_that_is_sent_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..160), text in "\\PC{0,60}") {
            drop(key().decrypt(&STANDARD.encode(&bytes), APP));
            drop(key().decrypt(&text, APP));
        }
    }
}
