//! Bytes to text. Spreadsheets in China save CSV as GB18030 and "Unicode text" as UTF-16; everybody else uses UTF-8.

use std::borrow::Cow;

use encoding_rs::{Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};

/// Where a file is not text.
#[derive(Debug, PartialEq)]
pub(crate) struct NotText {
    /// The line, counted from 1.
    pub(crate) line: usize,
    /// The character in it, counted from 1.
    pub(crate) column: usize,
    /// What to do.
    pub(crate) reason: &'static str,
}

/// Reads UTF-8, or what a byte order mark says, or else GB18030.
pub(crate) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, NotText> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return decode_as(encoding, bytes.get(mark..).unwrap_or_default());
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Cow::Borrowed(text)),
        // In damaged UTF-8 nearly all other characters are still well formed. In GB18030 that happens by chance only.
        Err(_) if is_damaged_utf8(bytes) => decode_as(UTF_8, bytes),
        Err(_) => decode_as(GB18030, bytes),
    }
}

/// The text in one encoding, or where it ends to be text.
pub(crate) fn decode_as<'a>(encoding: &'static Encoding, bytes: &'a [u8]) -> Result<Cow<'a, str>, NotText> {
    let (text, had_errors) = encoding.decode_without_bom_handling(bytes);
    if !had_errors {
        return Ok(text);
    }
    let before = text.split('\u{fffd}').next().unwrap_or_default();
    let reason = if encoding == UTF_8 {
        "is not UTF-8 from here on; save the file as UTF-8"
    } else if encoding == UTF_16LE || encoding == UTF_16BE {
        "is not UTF-16 from here on; save the file as UTF-8"
    } else {
        "is neither UTF-8 nor GB18030 from here on; save the file as UTF-8"
    };
    Err(NotText {
        line: before.matches('\n').count() + 1,
        column: before.chars().rev().take_while(|&c| c != '\n').count() + 1,
        reason,
    })
}

fn is_damaged_utf8(bytes: &[u8]) -> bool {
    let (mut well, mut ill) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        well += chunk.valid().chars().filter(|c| c.len_utf8() > 2).count();
        ill += chunk.invalid().len();
    }
    well > ill * 4
}

/// A file name out of an archive. Old Windows programs write them in GBK without saying so.
pub(crate) fn file_name(raw: &[u8]) -> String {
    match std::str::from_utf8(raw) {
        Ok(name) => name.to_owned(),
        Err(_) => GB18030.decode_without_bom_handling(raw).0.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_however_it_was_saved() {
        let text = "标准问,答案\n身份证丢了怎么办？,请到派出所补办。\n";
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (bytes, how) in [
            (text.as_bytes().to_vec(), "UTF-8"),
            ([b"\xEF\xBB\xBF", text.as_bytes()].concat(), "UTF-8 with a mark"),
            ([b"\xFF\xFE", utf16.as_slice()].concat(), "UTF-16"),
            (GB18030.encode(text).0.into_owned(), "GB18030"),
        ] {
            assert_eq!(decode(&bytes).unwrap(), text, "{how}");
        }
        assert_eq!(file_name(&GB18030.encode("医保/问答.csv").0), "医保/问答.csv");
    }

    #[test]
    fn damage_is_named_with_its_place_instead_of_being_read_as_something_else() {
        let mut damaged = "标准问,答案\n身份证丢了怎么办？,请到派出所".as_bytes().to_vec();
        damaged.push(0xFF);
        damaged.extend_from_slice("补办。".as_bytes());
        let NotText { line, column, reason } = decode(&damaged).unwrap_err();
        assert_eq!((line, column), (2, 16));
        assert!(reason.contains("UTF-8"));
    }
}
