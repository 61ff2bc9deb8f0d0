//! Decodes and encodes base64url (RFC 7515 §2). Refuses padding, white space and non-zero trailing bits (docs/decisions/0019).

use alloc::{string::String, vec, vec::Vec};

use base64ct::{Base64UrlUnpadded, Encoding};
use zeroize::Zeroizing;

/// The value of a character outside the alphabet: a bit above the six bits of a valid character.
const NONE: u8 = 0x80;
/// The alphabet of base64url (RFC 4648 §5).
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// The six bits of each character, or [`NONE`].
const VALUES: [u8; 256] = values();

/// Decodes a part of a token. Returns `None` if it is invalid. Its sender knows it, so a table lookup is safe. For secrets, use
/// [`decode_secret`].
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    decode_in(&mut bytes, text)?;
    Some(bytes)
}

/// Decodes a number of a trusted key, in either alphabet of RFC 4648, with or without padding, ASCII white space or non-zero trailing bits.
/// Returns `None` if it is not Base64.
#[inline(never)]
pub(crate) fn decode_lax(text: &[u8]) -> Option<Vec<u8>> {
    let letters = text.iter().filter(|byte| !byte.is_ascii_whitespace());
    let mut letters: Vec<u8> = letters
        .map(|byte| match byte {
            b'+' => b'-',
            b'/' => b'_',
            other => *other,
        })
        .collect();
    for _padding in 0..2 {
        letters.pop_if(|last| *last == b'=');
    }
    // Clears the trailing bits, so that the result is canonical.
    let stray = match letters.len() % 4 {
        2 => 0x0f,
        3 => 0x03,
        _ => 0,
    };
    if let Some(last) = letters.last_mut() {
        let kept = value(*last) & !stray;
        *last = ALPHABET.get(usize::from(kept)).copied().unwrap_or(b'=');
    }
    decode(&letters)
}

/// The largest buffer that is reused for the next text, in bytes.
const KEPT_BYTES: usize = 64 * 1024;

/// Decodes into a buffer. Overwrites the buffer even if it refuses the text.
pub(crate) fn decode_in(bytes: &mut Vec<u8>, text: &[u8]) -> Option<()> {
    if bytes.capacity() > KEPT_BYTES {
        *bytes = Vec::new();
    }
    // Every byte is written below.
    bytes.resize(text.len() / 4 * 3, 0);
    // Characters outside the alphabet set a bit here, which is tested once at the end.
    let mut seen = 0;
    let (text, room) = vectors::decode(text, bytes, &mut seen);
    let (fours, rest) = text.as_chunks::<4>();
    for (three, &four) in room.as_chunks_mut::<3>().0.iter_mut().zip(fours) {
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
    (seen & NONE == 0).then_some(())
}

/// Decodes a secret. Returns `None` if it is invalid. The time depends only on the length.
pub(crate) fn decode_secret(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    // `decode_vec` of the library does not erase the decoded part of a text that it refuses.
    let mut bytes = Zeroizing::new(vec![0; text.len()]);
    let length = Base64UrlUnpadded::decode(text, &mut bytes).ok()?.len();
    bytes.truncate(length);
    Some(bytes)
}

/// Decodes sixteen characters at a time with SIMD (after W. Muła and D. Lemire, "Faster Base64 encoding and decoding using AVX2
/// instructions", 2018). Returns the rest of the text and of the buffer.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod vectors {
    use core::arch::wasm32::{
        i8x16, i16x8, i32x4_dot_i16x8, u8x16_add, u8x16_eq, u8x16_shr, u8x16_shuffle, u8x16_splat,
        u8x16_swizzle, u16x8_shl, u16x8_shr, u16x8_splat, u32x4_extract_lane, u64x2, u64x2_extract_lane,
        v128, v128_and, v128_any_true, v128_or,
    };

    use super::NONE;

    pub(super) fn decode<'t, 'r>(
        text: &'t [u8],
        room: &'r mut [u8],
        seen: &mut u8,
    ) -> (&'t [u8], &'r mut [u8]) {
        let (sixteens, rest) = text.as_chunks::<16>();
        // INVARIANT: the buffer has twelve bytes for every sixteen characters.
        let (twelves, behind) = room.split_at_mut((12 * sixteens.len()).min(room.len()));
        let mut strangers = u8x16_splat(0);
        for (twelve, sixteen) in twelves.as_chunks_mut::<12>().0.iter_mut().zip(sixteens) {
            let (low, high) = sixteen.split_at(8);
            let [low, high] =
                [low, high].map(|eight| u64::from_le_bytes(eight.try_into().unwrap_or_default()));
            let (values, strange) = values(u64x2(low, high));
            strangers = v128_or(strangers, strange);
            let packed = packed(values);
            let (eight, four) = twelve.split_at_mut(8);
            eight.copy_from_slice(&u64x2_extract_lane::<0>(packed).to_le_bytes());
            four.copy_from_slice(&u32x4_extract_lane::<2>(packed).to_le_bytes());
        }
        if v128_any_true(strangers) {
            *seen |= NONE;
        }
        (rest, behind)
    }

    /// Returns the six bits of each character, and non-zero bytes for characters outside the alphabet.
    fn values(letters: v128) -> (v128, v128) {
        let (upper, lower) = (u8x16_shr(letters, 4), v128_and(letters, u8x16_splat(0x0f)));
        // The difference between a character and its value, by its upper half: `-`, the digits, two rows of capitals and two of small
        // letters. The underscore is in a row of capitals.
        let distance = i8x16(0, 0, 17, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0);
        let underscore = v128_and(u8x16_eq(letters, u8x16_splat(b'_')), u8x16_splat(33));
        let values = u8x16_add(u8x16_add(letters, u8x16_swizzle(distance, upper)), underscore);
        // A bit for each row. Each lower half has the bits of the rows in which it is outside the alphabet. Rows 4 and 6 are alike.
        let rows = i8x16(32, 32, 1, 2, 4, 8, 4, 16, 32, 32, 32, 32, 32, 32, 32, 32);
        let strange = i8x16(37, 33, 33, 33, 33, 33, 33, 33, 33, 33, 35, 59, 59, 58, 59, 51);
        (values, v128_and(u8x16_swizzle(rows, upper), u8x16_swizzle(strange, lower)))
    }

    /// Packs sixteen values of six bits into the first twelve bytes.
    fn packed(values: v128) -> v128 {
        // Joins two values to twelve bits, the first one higher, and then two of those to twenty-four bits.
        let pairs = v128_or(u16x8_shl(v128_and(values, u16x8_splat(0xff)), 6), u16x8_shr(values, 8));
        let fours = i32x4_dot_i16x8(pairs, i16x8(4096, 1, 4096, 1, 4096, 1, 4096, 1));
        u8x16_shuffle::<2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, 16, 16, 16, 16>(fours, u8x16_splat(0))
    }
}

/// Decodes nothing: without SIMD, the caller decodes the whole text.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod vectors {
    pub(super) fn decode<'t, 'r>(text: &'t [u8], room: &'r mut [u8], _: &mut u8) -> (&'t [u8], &'r mut [u8]) {
        (text, room)
    }
}

fn value(letter: u8) -> u8 {
    VALUES.get(usize::from(letter)).copied().unwrap_or(NONE)
}

/// Returns [`NONE`] if the trailing bits, which belong to no byte, are not zero. Otherwise one signature would have several texts.
const fn stray(bits: u8) -> u8 {
    if bits == 0 { 0 } else { NONE }
}

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which refuses an index out of bounds"
)]
const fn values() -> [u8; 256] {
    let mut values = [NONE; 256];
    let mut place: u8 = 0;
    while (place as usize) < ALPHABET.len() {
        values[ALPHABET[place as usize] as usize] = place;
        place += 1;
    }
    values
}

/// Encodes bytes.
pub(crate) fn encode(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &[u8]) -> Option<Vec<u8>> {
        decode_secret(text).map(|bytes| bytes.to_vec())
    }

    #[test]
    fn text_leads_to_bytes_and_back() {
        for bytes in [&b""[..], b"f", b"fo", b"foo", b"\xff\xfe\xfd", &[0; 65]] {
            assert_eq!(decode(encode(bytes).as_bytes()).as_deref(), Some(bytes));
            assert_eq!(secret(encode(bytes).as_bytes()).as_deref(), Some(bytes));
        }
        assert_eq!(decode(b"-_8").as_deref(), Some(&[0xfb, 0xff][..]));
    }

    #[test]
    fn what_is_not_canonical_is_refused() {
        for text in [
            "Zg==", "Zg=", "Z", "ZgZ==", "Zh", "Zm9", "Zm9vZ", "Zm 9", "Zm9v\n", " Zm9v", "+/8", "Zm9v.",
            "Zm9v\0", "é",
        ] {
            // `Zm9` has non-zero trailing bits; `Zm8` is the correct encoding.
            assert_eq!(decode(text.as_bytes()), None, "`{text}`");
            assert_eq!(decode_secret(text.as_bytes()), None, "`{text}`");
        }
        assert_eq!(decode(b"\xff\xff"), None);
        assert_eq!(decode(b"Zm8").as_deref(), Some(&b"fo"[..]));
    }

    #[test]
    fn v7_what_is_written_carelessly_is_read_as_its_canonical_form() {
        for (careless, canonical) in [
            ("+/8", "-_8"),
            ("+/8=", "-_8"),
            ("Zg==", "Zg"),
            ("Zg=", "Zg"),
            ("Zh", "Zg"),
            ("Zm9=", "Zm8"),
            (" Zm\r\n9\tv\x0c", "Zm9v"),
            ("", ""),
        ] {
            assert_eq!(decode_lax(careless.as_bytes()), decode(canonical.as_bytes()), "`{careless}`");
            assert!(decode(canonical.as_bytes()).is_some());
        }
        for text in
            ["Z", "Zm9vZ", "Zg===", "=Zg", "Z=g", "Zm9v.", "Zm9v\0", "Zm\u{b}9v", "\u{a0}Zm9v", "Zé", "*"]
        {
            assert_eq!(decode_lax(text.as_bytes()), None, "`{text}`");
        }
    }

    #[cfg_attr(not(target_arch = "wasm32"), test)]
    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    fn both_ways_agree_on_every_byte_at_every_place() {
        for place in 0..39 {
            for length in (place + 1..=7).chain([16, 19, 34, 39]).filter(|length| place < *length) {
                for byte in 0..=u8::MAX {
                    let mut text = b"AgQwAgQABCDefghIJKLmnopQRST0123-_uvwXYZ"[..length].to_vec();
                    text[place] = byte;
                    assert_eq!(decode(&text), secret(&text), "{text:?}");
                }
            }
        }
    }
}
