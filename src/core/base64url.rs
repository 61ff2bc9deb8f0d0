//! base64url as RFC 7515 §2 has it: no padding, no white space, no stray bits; anything else is refused.

use alloc::{string::String, vec, vec::Vec};

use base64ct::{Base64UrlUnpadded, Encoding};

/// What a letter is that is none of the alphabet's: a bit beyond the six that a letter has.
const NONE: u8 = 0x80;
/// The six bits of each letter (RFC 4648 §5).
const VALUES: [u8; 256] = values();

/// The bytes behind a token's text, or `None`. Whoever sends a token knows it, so its letters may be looked up in a table; a
/// secret comes by [`decode_secret`].
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let (fours, rest) = text.as_chunks::<4>();
    let mut bytes = vec![0; fours.len() * 3];
    // What is none of the alphabet leaves its mark here: one test for all of the text.
    let mut seen = 0;
    for (three, &four) in bytes.as_chunks_mut::<3>().0.iter_mut().zip(fours) {
        let [a, b, c, d] = four.map(value);
        seen |= a | b | c | d;
        *three = [a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d];
    }
    match *rest {
        [] => {}
        [a, b] => {
            let (a, b) = (value(a), value(b));
            seen |= a | b | stray(b & 0x0f);
            bytes.push(a << 2 | b >> 4);
        }
        [a, b, c] => {
            let (a, b, c) = (value(a), value(b), value(c));
            seen |= a | b | c | stray(c & 0x03);
            bytes.extend([a << 2 | b >> 4, b << 4 | c >> 2]);
        }
        _ => return None,
    }
    (seen & NONE == 0).then_some(bytes)
}

/// The bytes behind a text, or `None`. The time taken depends on the length alone.
pub(crate) fn decode_secret(text: &[u8]) -> Option<Vec<u8>> {
    let text = core::str::from_utf8(text).ok()?;
    Base64UrlUnpadded::decode_vec(text).ok()
}

fn value(letter: u8) -> u8 {
    VALUES.get(usize::from(letter)).copied().unwrap_or(NONE)
}

/// Bits of the last letter that belong to no byte: they must be zero, or one signature would have several texts.
const fn stray(bits: u8) -> u8 {
    if bits == 0 { 0 } else { NONE }
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses what is out of bounds")]
const fn values() -> [u8; 256] {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut values = [NONE; 256];
    let mut place: u8 = 0;
    while (place as usize) < alphabet.len() {
        values[alphabet[place as usize] as usize] = place;
        place += 1;
    }
    values
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
            assert_eq!(decode_secret(encode(bytes).as_bytes()).as_deref(), Some(bytes));
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
            assert_eq!(decode_secret(text.as_bytes()), None, "`{text}`");
        }
        assert_eq!(decode(b"\xff\xff"), None);
        assert_eq!(decode(b"Zm8").as_deref(), Some(&b"fo"[..]));
    }

    #[test]
    fn both_ways_agree_on_every_byte_at_every_place() {
        for place in 0..7 {
            for length in place + 1..=7 {
                for byte in 0..=u8::MAX {
                    let mut text = b"AgQwAgQ"[..length].to_vec();
                    text[place] = byte;
                    assert_eq!(decode(&text), decode_secret(&text), "{text:?}");
                }
            }
        }
    }
}
