//! base64url as RFC 7515 §2 has it: no padding, no white space, no stray bits; anything else is refused.

use alloc::{string::String, vec::Vec};

use base64ct::{Base64UrlUnpadded, Encoding};

/// The bytes behind a text, or `None`. The time taken depends on the length alone: secrets come this way too.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let text = core::str::from_utf8(text).ok()?;
    Base64UrlUnpadded::decode_vec(text).ok()
}

/// The text of some bytes.
pub(crate) fn encode(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_leads_to_bytes_and_back() {
        for bytes in [&b""[..], b"f", b"fo", b"foo", b"\xff\xfe\xfd", &[0; 65]] {
            assert_eq!(decode(encode(bytes).as_bytes()).as_deref(), Some(bytes));
        }
        assert_eq!(decode(b"-_8").as_deref(), Some(&[0xfb, 0xff][..]));
    }

    #[test]
    fn what_is_not_canonical_is_refused() {
        for text in [
            "Zg==", "Zg=", "Z", "ZgZ==", "Zh", "Zm9", "Zm9vZ", "Zm 9", "Zm9v\n", " Zm9v", "+/8", "Zm9v.",
            "Zm9v\0", "é",
        ] {
            // `Zm9` carries stray bits; `Zm8` is how two bytes end.
            assert_eq!(decode(text.as_bytes()), None, "`{text}`");
        }
        assert_eq!(decode(b"\xff\xff"), None);
        assert_eq!(decode(b"Zm8").as_deref(), Some(&b"fo"[..]));
    }
}
