//! Raw deflate, with a hard cap on what comes out of it: a small frame may become anything.

use std::io::Write;

use bytes::Bytes;
use flate2::write::DeflateEncoder;
use flate2::{Compression, Decompress, FlushDecompress, Status};

/// Why a body could not be inflated.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unpackable {
    /// It becomes more than it may.
    #[error("the frame inflates to more than it may")]
    TooLarge,
    /// It is no raw deflate, or something follows it.
    #[error("the frame is not deflated as it should be")]
    Malformed,
}

/// Inflates a body to at most `most` bytes; no more than that is ever held.
///
/// # Errors
/// When it becomes more, or is not raw deflate to its last byte.
pub fn inflate(body: &[u8], most: usize) -> Result<Vec<u8>, Unpackable> {
    let mut inflater = Decompress::new(false);
    let mut text = Vec::with_capacity(most.saturating_add(1).min(body.len().saturating_mul(4) + 64));
    loop {
        let used = usize::try_from(inflater.total_in()).unwrap_or(usize::MAX);
        let rest = body.get(used..).unwrap_or_default();
        let before = text.len();
        let status = inflater.decompress_vec(rest, &mut text, FlushDecompress::None);
        let status = status.map_err(|_| Unpackable::Malformed)?;
        if text.len() > most {
            return Err(Unpackable::TooLarge);
        }
        let used_now = usize::try_from(inflater.total_in()).unwrap_or(usize::MAX);
        match status {
            // What a browser would stumble over must not pass here.
            Status::StreamEnd if used_now == body.len() => return Ok(text),
            Status::StreamEnd => return Err(Unpackable::Malformed),
            _ if text.len() == text.capacity() => {
                let more = text.len().max(1_024).min(most.saturating_add(1).saturating_sub(text.len()));
                text.reserve_exact(more);
            }
            _ if text.len() == before && used_now == used => return Err(Unpackable::Malformed),
            _ => {}
        }
    }
}

/// Deflates what had to be changed.
pub fn deflate(text: &[u8]) -> Bytes {
    let mut encoder = DeflateEncoder::new(Vec::with_capacity(text.len() / 4 + 64), Compression::fast());
    // Writing to memory does not fail.
    match encoder.write_all(text).and_then(|()| encoder.finish()) {
        Ok(body) => body.into(),
        Err(_) => Bytes::new(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_bomb_is_defused_at_the_cap() {
        let bomb = deflate(&vec![b' '; 64 << 20]);
        assert!(bomb.len() < 1 << 20, "{}", bomb.len());
        assert_eq!(inflate(&bomb, 8 << 20), Err(Unpackable::TooLarge));
        assert_eq!(inflate(&deflate(b"[]"), 2).unwrap(), b"[]");
        assert_eq!(inflate(&deflate(b"[1]"), 2), Err(Unpackable::TooLarge));
    }

    #[test]
    fn what_follows_or_lacks_is_refused() {
        let mut body = deflate(b"[1,2,3]").to_vec();
        body.push(0);
        assert_eq!(inflate(&body, 100), Err(Unpackable::Malformed));
        body.truncate(3);
        assert_eq!(inflate(&body, 100), Err(Unpackable::Malformed));
    }

    proptest! {
        #[test]
        fn whatever_is_packed_is_unpacked(text: Vec<u8>) {
            prop_assert_eq!(inflate(&deflate(&text), text.len()).unwrap(), text);
        }

        #[test]
        fn no_bytes_make_it_fall(bytes: Vec<u8>) {
            drop(inflate(&bytes, 1_000));
        }
    }
}
