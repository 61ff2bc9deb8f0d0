//! Numbers as bytes, words and limbs. Words have 32 bits; limbs have fewer bits and a sign. Both are little-endian.
#![expect(clippy::indexing_slicing, reason = "the indices are counters below the arrays' constant lengths")]

/// Reads a hexadecimal number as printed in standards: highest digit first, in groups. For constants only.
///
/// # Panics
/// For any other character, and for a number that does not fit. In a constant, that is a compile-time error.
#[must_use]
#[expect(clippy::panic, reason = "constants only: it stops the compiler")]
pub const fn from_hex<const W: usize>(text: &str) -> [u32; W] {
    let bytes = text.as_bytes();
    let (mut words, mut at, mut digits) = ([0; W], bytes.len(), 0);
    while at > 0 {
        at -= 1;
        if bytes[at] == b' ' {
            continue;
        }
        let Some(digit) = (bytes[at] as char).to_digit(16) else { panic!("not a hexadecimal digit") };
        words[digits / 8] |= digit << (digits % 8 * 4);
        digits += 1;
    }
    words
}

/// Reads a big-endian number of at most `4 * W` bytes.
#[must_use]
pub fn words_from_be<const W: usize>(bytes: &[u8]) -> Option<[u32; W]> {
    let mut words = [0; W];
    for (at, byte) in bytes.iter().rev().enumerate() {
        *words.get_mut(at / 4)? |= u32::from(*byte) << (at % 4 * 8);
    }
    Some(words)
}

/// Reads a little-endian number of exactly `4 * W` bytes.
#[must_use]
pub fn words_from_le<const W: usize>(bytes: &[u8]) -> Option<[u32; W]> {
    let mut words = [0; W];
    let (chunks, rest) = bytes.as_chunks::<4>();
    if chunks.len() != W || !rest.is_empty() {
        return None;
    }
    for (word, chunk) in words.iter_mut().zip(chunks) {
        *word = u32::from_le_bytes(*chunk);
    }
    Some(words)
}

/// Whether `a < b`, both of the same length.
pub(crate) const fn is_below(a: &[u32], b: &[u32]) -> bool {
    let mut at = a.len();
    while at > 0 {
        at -= 1;
        if a[at] != b[at] {
            return a[at] < b[at];
        }
    }
    false
}

/// `a + b` and its carry.
#[must_use]
pub const fn add_words<const W: usize>(a: &[u32; W], b: &[u32; W]) -> ([u32; W], u32) {
    let (mut sum, mut carry, mut at) = ([0; W], 0, 0);
    while at < W {
        let wide = a[at] as u64 + b[at] as u64 + carry;
        (sum[at], carry) = (low_word(wide), wide >> 32);
        at += 1;
    }
    (sum, low_word(carry))
}

/// `a - b` modulo `2^(32 * W)`.
#[must_use]
pub const fn subtract_words<const W: usize>(a: &[u32; W], b: &[u32; W]) -> [u32; W] {
    let (mut difference, mut borrow, mut at) = ([0; W], 0, 0);
    while at < W {
        let wide = (a[at] as u64).wrapping_sub(b[at] as u64 + borrow);
        (difference[at], borrow) = (low_word(wide), wide >> 63);
        at += 1;
    }
    difference
}

/// `2^exponent` modulo an odd `modulus` of more than one bit, by doubling: for constants.
pub(crate) const fn power_of_two<const W: usize>(exponent: usize, modulus: &[u32; W]) -> [u32; W] {
    let (mut power, mut done) = ([0; W], 0);
    power[0] = 1;
    while done < exponent {
        let (double, carry) = add_words(&power, &power);
        power =
            if carry == 1 || !is_below(&double, modulus) { subtract_words(&double, modulus) } else { double };
        done += 1;
    }
    power
}

/// Converts words to limbs of `width` bits. No limb is negative. There must be enough limbs.
pub(crate) const fn limbs_from_words<const N: usize>(words: &[u32], width: usize) -> [i32; N] {
    let (mut limbs, mut at) = ([0; N], 0);
    while at < N {
        let (index, shift) = (at * width / 32, at * width % 32);
        let low = if index < words.len() { words[index] as u64 } else { 0 };
        let high = if index + 1 < words.len() { words[index + 1] as u64 } else { 0 };
        limbs[at] = low_limb((((high << 32) | low) >> shift).cast_signed(), width);
        at += 1;
    }
    limbs
}

/// Converts limbs of `width` bits to words. Limbs must be neither negative nor wider. Bits that do not fit are dropped.
pub(crate) fn words_from_limbs<const W: usize>(limbs: &[i32], width: usize) -> [u32; W] {
    debug_assert!(limbs.iter().all(|limb| *limb >= 0 && limb >> width == 0));
    let mut words = [0; W];
    for (at, limb) in limbs.iter().enumerate() {
        let (index, shift) = (at * width / 32, at * width % 32);
        let wide = u64::from(limb.cast_unsigned()) << shift;
        if index < W {
            words[index] |= low_word(wide);
        }
        if index + 1 < W {
            words[index + 1] |= low_word(wide >> 32);
        }
    }
    words
}

/// The lowest 32 bits.
#[expect(clippy::cast_possible_truncation, reason = "only the lowest bits are wanted")]
pub(crate) const fn low_word(wide: u64) -> u32 {
    wide as u32
}

/// The lowest `width` bits, at most 31, of a number in two's complement: never negative.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "at most 31 bits are left after the mask")]
pub(crate) const fn low_limb(wide: i64, width: usize) -> i32 {
    (wide & ((1 << width) - 1)) as i32
}

/// Converts a column to a limb. It must fit.
#[inline(always)]
#[expect(
    clippy::cast_possible_truncation,
    reason = "every caller documents its bound, and the assertion checks it"
)]
pub(crate) const fn narrow(wide: i64) -> i32 {
    debug_assert!(wide as i32 as i64 == wide);
    wide as i32
}

/// The schoolbook product, column by column without carries. `M` is at least `2 * N - 1`.
#[inline(always)]
pub(crate) fn product<const N: usize, const M: usize>(a: &[i32; N], b: &[i32; N]) -> [i64; M] {
    let mut columns = [0; M];
    for i in 0..N {
        for j in 0..N {
            columns[i + j] += i64::from(a[i]) * i64::from(b[j]);
        }
    }
    columns
}

/// The same with half the multiplications and more subtractions: `a b' + a' b = a b + a' b' - (a - a') (b - b')`. The products of
/// limbs with equal indices are used in every column (A. Weimerskirch and C. Paar, "Generalizations of the Karatsuba algorithm for
/// efficient implementations", 2006). It is faster if the reduction multiplies, too: a processor multiplies once in a cycle.
// INVARIANT: all sums are correct modulo 2^64, also if intermediate sums overflow. With limbs below 2^30, products are below 2^62.
#[inline(always)]
pub(crate) fn product_by_differences<const N: usize, const M: usize>(a: &[i32; N], b: &[i32; N]) -> [i64; M] {
    let (a, b) = (a.map(i64::from), b.map(i64::from));
    let mut columns = [0_i64; M];
    let mut sum = 0_i64;
    for at in 0..N {
        sum = sum.wrapping_add(a[at] * b[at]);
        columns[at] = sum;
    }
    for at in N..2 * N - 1 {
        columns[at] = sum.wrapping_sub(columns[at - N]);
    }
    for i in 0..N {
        for j in i + 1..N {
            columns[i + j] = columns[i + j].wrapping_sub((a[i] - a[j]) * (b[i] - b[j]));
        }
    }
    columns
}

/// The square: [`product`] of a number with itself, but each mixed product is computed only once.
#[inline(always)]
pub(crate) fn square<const N: usize, const M: usize>(a: &[i32; N]) -> [i64; M] {
    let mut columns = [0; M];
    for i in 0..N {
        columns[2 * i] += i64::from(a[i]) * i64::from(a[i]);
        let double = 2 * i64::from(a[i]);
        for j in i + 1..N {
            columns[i + j] += double * i64::from(a[j]);
        }
    }
    columns
}

/// The sum of multiples, column by column without carries. `limbs` returns the limbs of an element.
#[inline(always)]
pub(crate) fn weighted<E, const N: usize>(terms: &[(i32, &E)], limbs: impl Fn(&E) -> &[i32; N]) -> [i64; N] {
    // If the number of terms is constant, the compiler keeps the columns in registers.
    match terms {
        [one] => add_up(&[*one], limbs),
        [one, two] => add_up(&[*one, *two], limbs),
        [one, two, three] => add_up(&[*one, *two, *three], limbs),
        more => add_up(more, limbs),
    }
}

#[inline(always)]
fn add_up<E, const N: usize>(terms: &[(i32, &E)], limbs: impl Fn(&E) -> &[i32; N]) -> [i64; N] {
    let mut columns = [0; N];
    for (factor, term) in terms {
        for (column, limb) in columns.iter_mut().zip(limbs(term)) {
            *column += i64::from(*factor) * i64::from(*limb);
        }
    }
    columns
}

/// Carries all columns but the last, which must then fit a limb. No other limb is negative.
#[inline(always)]
pub(crate) fn carried<const N: usize>(mut columns: [i64; N], width: usize) -> [i32; N] {
    let mut limbs = [0; N];
    for at in 0..N - 1 {
        limbs[at] = low_limb(columns[at], width);
        columns[at + 1] += columns[at] >> width;
    }
    limbs[N - 1] = narrow(columns[N - 1]);
    limbs
}

/// The largest magnitude of all limbs but the last, for the debug assertions of bounds.
pub(crate) fn widest(limbs: &[i32]) -> u64 {
    let (_, limbs) = limbs.split_last().unwrap_or((&0, &[]));
    limbs.iter().map(|limb| u64::from(limb.unsigned_abs())).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_is_read_from_its_lowest_digit() {
        assert_eq!(from_hex::<2>("1 89abcdef"), [0x89ab_cdef, 1]);
        assert_eq!(from_hex::<2>("0123456789ABCDEF"), [0x89ab_cdef, 0x0123_4567]);
        assert_eq!(from_hex::<1>(""), [0]);
    }

    #[test]
    fn big_endian_bytes_become_words_if_they_are_not_too_many() {
        let bytes: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];
        assert_eq!(words_from_be(&bytes), Some([0x0506_0708, 0x0102_0304]));
        assert_eq!(words_from_be(&bytes[..6]), Some([0x0304_0506, 0x0102]));
        assert_eq!(words_from_be(&[]), Some([0, 0]));
        for too_many in [[1, 2, 3, 4, 5, 6, 7, 8, 9], [0; 9]] {
            assert_eq!(words_from_be::<2>(&too_many), None);
        }
    }

    #[test]
    fn little_endian_bytes_become_words_of_their_exact_number_only() {
        let bytes: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];
        assert_eq!(words_from_le(&bytes), Some([0x0403_0201, 0x0807_0605]));
        for wrong in [&bytes[..7], &bytes[..4], &[]] {
            assert_eq!(words_from_le::<2>(wrong), None);
        }
    }

    #[test]
    fn words_become_limbs_of_any_width_and_words_again() {
        let words = [0x89ab_cdef, 0x0123_4567, 0xffff_ffff, 0x8000_0001];
        for width in [26, 28, 29, 30] {
            let limbs: [i32; 5] = limbs_from_words(&words, width);
            assert_eq!(words_from_limbs(&limbs, width), words, "{width}");
        }
    }

    #[test]
    fn sums_carry_and_differences_borrow() {
        assert_eq!(add_words(&[u32::MAX, 0], &[1, 0]), ([0, 1], 0));
        assert_eq!(add_words(&[u32::MAX, u32::MAX], &[1, 0]), ([0, 0], 1));
        assert_eq!(subtract_words(&[0, 1], &[1, 0]), [u32::MAX, 0]);
        assert_eq!(subtract_words(&[0, 0], &[1, 0]), [u32::MAX, u32::MAX]);
        assert!(is_below(&[9, 1], &[0, 2]) && !is_below(&[0, 2], &[9, 1]) && !is_below(&[1, 1], &[1, 1]));
    }

    #[test]
    fn both_products_are_the_same() {
        let mut random = crate::random::Random::seeded(1963);
        let edges = [0, 1, -1, (1 << 29) - 1, 1 - (1 << 29), 1 << 28];
        for round in 0..2000_usize {
            let [a, b]: [[i32; 9]; 2] = [(); 2].map(|()| {
                random.words::<9>().map(|word| match word % 8 {
                    0 => edges[round % edges.len()],
                    _ => (word >> 3).cast_signed() - (1 << 28),
                })
            });
            assert_eq!(product_by_differences::<9, 18>(&a, &b), product::<9, 18>(&a, &b));
        }
    }

    #[test]
    fn a_power_of_two_is_reduced() {
        assert_eq!(power_of_two(10, &[1001]), [23]);
        assert_eq!(power_of_two(64, &[u32::MAX - 4, u32::MAX]), [5, 0]);
    }
}
