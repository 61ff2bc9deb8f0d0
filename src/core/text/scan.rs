//! Finds the first byte of a kind. Searches blocks of bytes at once.

/// Returns the number of bytes before the first quotation mark, backslash or control character, which end plain text in JSON
/// (RFC 8259 §7).
#[inline(always)]
pub(crate) fn plain_before(bytes: &[u8]) -> usize {
    before(bytes, wide::ends, |byte| matches!(byte, b'"' | b'\\' | ..0x20))
}

/// Returns the number of bytes before the first that is not ASCII.
#[inline(always)]
pub(crate) fn ascii_before(bytes: &[u8]) -> usize {
    before(bytes, wide::beyond, |byte| !byte.is_ascii())
}

/// Returns the number of bytes before the first dot.
#[inline(always)]
pub(crate) fn dot_before(bytes: &[u8]) -> usize {
    before(bytes, wide::dots, |byte| byte == b'.')
}

#[inline(always)]
fn before(bytes: &[u8], find: impl Fn(&wide::Block) -> wide::Found, is: impl Fn(u8) -> bool) -> usize {
    let mut rest = bytes;
    while let Some((block, after)) = rest.split_first_chunk() {
        if let Some(place) = find(block).first() {
            return bytes.len() - rest.len() + place;
        }
        rest = after;
    }
    bytes.len() - rest.len() + rest.iter().take_while(|byte| !is(**byte)).count()
}

/// Sixteen bytes, as a vector.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wide {
    use core::arch::wasm32::{u8x16_bitmask, u8x16_eq, u8x16_lt, u8x16_splat, u64x2, v128, v128_or};

    pub(super) type Block = [u8; 16];

    /// One bit for each byte that was found. The lowest bit is for the first byte.
    pub(super) struct Found(u16);

    impl Found {
        pub(super) fn first(self) -> Option<usize> {
            (self.0 != 0).then(|| self.0.trailing_zeros() as usize)
        }
    }

    pub(super) fn ends(block: &Block) -> Found {
        let bytes = vector(block);
        let marks = v128_or(u8x16_eq(bytes, u8x16_splat(b'"')), u8x16_eq(bytes, u8x16_splat(b'\\')));
        Found(u8x16_bitmask(v128_or(marks, u8x16_lt(bytes, u8x16_splat(0x20)))))
    }

    pub(super) fn beyond(block: &Block) -> Found {
        Found(u8x16_bitmask(vector(block)))
    }

    pub(super) fn dots(block: &Block) -> Found {
        Found(u8x16_bitmask(u8x16_eq(vector(block), u8x16_splat(b'.'))))
    }

    fn vector(block: &Block) -> v128 {
        let (low, high) = block.split_at(8);
        let [low, high] = [low, high].map(|eight| u64::from_le_bytes(eight.try_into().unwrap_or_default()));
        u64x2(low, high)
    }
}

/// Eight bytes, as a number.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod wide {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;

    pub(super) type Block = [u8; 8];

    /// The highest bit of each byte that was found. The lowest set bit is correct; bits above it may be wrong.
    pub(super) struct Found(u64);

    impl Found {
        pub(super) fn first(self) -> Option<usize> {
            (self.0 != 0).then(|| (self.0.trailing_zeros() / 8) as usize)
        }
    }

    pub(super) fn ends(block: &Block) -> Found {
        let bytes = u64::from_le_bytes(*block);
        let (quotes, backslashes) = (bytes ^ (ONES * 0x22), bytes ^ (ONES * 0x5c));
        Found(below(quotes, 1) | below(backslashes, 1) | below(bytes, 0x20))
    }

    pub(super) fn beyond(block: &Block) -> Found {
        Found(u64::from_le_bytes(*block) & HIGHS)
    }

    pub(super) fn dots(block: &Block) -> Found {
        Found(below(u64::from_le_bytes(*block) ^ (ONES * 0x2e), 1))
    }

    /// Sets the highest bit of each byte that is below a bound of at most 128. Above the first such byte, a borrow may set other bits, too
    /// (S. E. Anderson, "Bit Twiddling Hacks").
    fn below(bytes: u64, bound: u64) -> u64 {
        bytes.wrapping_sub(ONES * bound) & !bytes & HIGHS
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    #[cfg_attr(not(target_arch = "wasm32"), test)]
    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    fn every_byte_is_found_at_every_place_beside_every_other() {
        type Way = (fn(&[u8]) -> usize, fn(u8) -> bool);
        let ways: [Way; 3] = [
            (plain_before, |byte| byte < 0x20 || byte == b'"' || byte == b'\\'),
            (ascii_before, |byte| byte >= 0x80),
            (dot_before, |byte| byte == b'.'),
        ];
        for (before, is) in ways {
            for length in 0..40 {
                for place in 0..length {
                    for byte in 0..=u8::MAX {
                        for fill in [b'a', b'/', b'#', b'-', 0x7f, 0x21] {
                            let mut bytes = vec![fill; length];
                            bytes[place] = byte;
                            let expected = bytes.iter().position(|byte| is(*byte)).unwrap_or(length);
                            assert_eq!(before(&bytes), expected, "{bytes:?}");
                        }
                    }
                }
            }
        }
    }
}
