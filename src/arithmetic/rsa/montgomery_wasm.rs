//! Montgomery multiplication for WebAssembly: limbs of 26 bits, multiplied as halves of 13 bits by `i32x4.dot_i16x8`, the
//! only instruction there that computes eight products at once. Product scanning (P. G. Comba, "Exponentiation cryptosystems on
//! the IBM PC", 1990), a group of 8 limb columns at a time.
//!
//! - Squarings work modulo n* = c·n with n* ≡ -1 modulo 2^26, so that a quotient digit is the lowest limb itself
//!   (Orup 1995, "Simplifying quotient determination in high-radix modular multiplication"). Only the last product is
//!   reduced by n itself.
//! - Half columns: with x = x0 + x1·2^13 in each limb, the lanes contain x0·y0 of a column plus x1·y1 of the one before (both
//!   have the same weight), and x0·y1 + x1·y0. So the product of two upper halves appears one column later than its limbs: after
//!   the last column of a group, it is in the next group.
#![expect(
    clippy::indexing_slicing,
    reason = "every index depends on the bounded length of the modulus, never on the value of a number"
)]

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use crate::rsa::montgomery::{self, Montgomery};
use crate::rsa::simd::{Lanes, dot_add, lanes, splat, wide_lanes, widen_add};

/// A prepared modulus; R = 2^(26·`len`).
pub(crate) struct Modulus {
    /// Limbs in use, whole groups of them.
    len: usize,
    /// n, for the last product.
    plain: Factor,
    /// n*, for all others.
    ///
    /// INVARIANT: 4·n* < R. Of two factors below 2·n* the product by R is then below (4·n*² + R·n*) / R < 2·n*.
    star: Factor,
    /// n, limb by limb.
    n: Box<[u32]>,
    r_squared: Box<[u32]>,
}

/// The number that a product is reduced by.
struct Factor {
    /// The lowest limbs.
    low: [u64; GROUP],
    /// The negated inverse modulo 2^26 (1 for n*).
    n0: u64,
    spread: Spread<Vec<Lanes>>,
}

/// A number below 2·n*, in the three forms that the kernel reads.
#[derive(Clone)]
pub(crate) struct Number {
    /// Little-endian, each below 2^26, followed by zeros.
    limbs: [u32; MAXIMUM_LIMBS + GROUP],
    /// The halves of each limb in the two halves of a word.
    packed: [u32; MAXIMUM_LIMBS],
    spread: Spread<[Lanes; SPREAD_LANES]>,
}

/// A number as the second factor: for limb m the words y0(m) | y1(m-1)·2^16 and y1(m) | y0(m)·2^16, so that a packed limb
/// of the first factor gives the two half columns 2m and 2m+1. There are zeros before (`PAD` lanes) and after, so that a group
/// may begin before the first limb and end after the last.
#[derive(Clone)]
struct Spread<T> {
    /// Two limbs in four lanes, the first with an even index.
    even: T,
    /// The same, shifted by one limb (two words).
    odd: T,
}

impl Montgomery for Modulus {
    type Number = Number;

    fn new(n: &[u8], bits: usize) -> Self {
        // Two bits for the factor 4, and 26 for c.
        let len = (bits + 2 + 26).div_ceil(26 * GROUP) * GROUP;
        debug_assert!(len <= MAXIMUM_LIMBS);
        let mut limbs = vec![0; len];
        read(n, &mut limbs);
        let c = negated_inverse(limbs[0]);
        let mut carry = 0;
        let star: Vec<u32> = limbs
            .iter()
            .map(|limb| {
                carry += u64::from(*limb) * c;
                let low = lower(carry);
                carry >>= 26;
                low
            })
            .collect();
        debug_assert!(carry == 0 && star[0] == lower(u64::MAX));
        debug_assert!(star[len - 1] < 1 << 24, "4·n* < R");
        let plain = Factor::new(&limbs, c);
        let star = Factor::new(&star, 1);
        let mut modulus = Self { len, plain, star, n: limbs.into(), r_squared: Box::default() };
        // 2^(bits-1) is below n. Repeated doubling gives 2·R.
        let mut two = vec![0; len];
        two[(bits - 1) / 26] = 1 << ((bits - 1) % 26);
        for _ in bits - 1..26 * len + 1 {
            modulus.double(&mut two);
        }
        let r_squared = montgomery::r_squared(&modulus, &modulus.number(&two), 26 * len);
        modulus.r_squared = r_squared.limbs[..len].into();
        modulus
    }

    fn r_squared(&self) -> Number {
        self.number(&self.r_squared)
    }

    fn read(&self, number: &[u8]) -> Number {
        let mut limbs = [0; MAXIMUM_LIMBS];
        read(number, &mut limbs[..self.len]);
        self.number(&limbs[..self.len])
    }

    fn square(&self, x: &Number, out: &mut Number) {
        product::<true>(self.len, x, x, &self.star, out);
    }

    fn multiply(&self, x: &Number, y: &Number, out: &mut Number) {
        product::<false>(self.len, x, y, &self.star, out);
    }

    fn write_product(&self, x: &Number, y: &Number, out: &mut [u8]) {
        let mut number = self.number(&[]);
        product::<false>(self.len, x, y, &self.plain, &mut number);
        let limbs = &mut number.limbs[..self.len];
        // INVARIANT: x < 2·n* and y < n: (x·y + q·n) / R < n·(2·n* / R + 1) < 2·n.
        self.subtract_once(limbs);
        debug_assert!(is_below(limbs, &self.n));
        write(limbs, out);
    }
}

impl Modulus {
    /// Makes a number from at most `len` limbs.
    fn number(&self, limbs: &[u32]) -> Number {
        let mut number = empty();
        number.limbs[..limbs.len()].copy_from_slice(limbs);
        spread_and_pack(self.len, &mut number);
        number
    }

    /// Doubles a number below n modulo n.
    fn double(&self, limbs: &mut [u32]) {
        let mut over = 0;
        for limb in &mut *limbs {
            (*limb, over) = ((*limb << 1 | over) & MASK, *limb >> 25);
        }
        debug_assert_eq!(over, 0, "2·n < R");
        self.subtract_once(limbs);
    }

    /// Subtracts n from a number below 2·n unless it is below n.
    fn subtract_once(&self, limbs: &mut [u32]) {
        if is_below(limbs, &self.n) {
            return;
        }
        let mut borrow = 0;
        for (limb, n) in limbs.iter_mut().zip(&self.n) {
            let difference = limb.wrapping_sub(n + borrow);
            (*limb, borrow) = (difference & MASK, difference >> 31);
        }
        debug_assert_eq!(borrow, 0);
    }
}

impl Factor {
    fn new(limbs: &[u32], n0: u64) -> Self {
        let mut number = empty();
        number.limbs[..limbs.len()].copy_from_slice(limbs);
        spread_and_pack(limbs.len(), &mut number);
        let lanes = 2 * PAD + limbs.len() / 2;
        let spread =
            Spread { even: number.spread.even[..lanes].to_vec(), odd: number.spread.odd[..lanes].to_vec() };
        let mut low = [0; GROUP];
        for (to, from) in low.iter_mut().zip(limbs) {
            *to = u64::from(*from);
        }
        Self { low, n0, spread }
    }
}

/// `out` = `a` · `b` / R modulo the factor's number. With `SQUARE`, `a` equals `b` and the factor is n*.
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
#[inline(never)]
fn product<const SQUARE: bool>(len: usize, a: &Number, b: &Number, modulus: &Factor, out: &mut Number) {
    let mut q_packed = [0; MAXIMUM_LIMBS];
    // INVARIANT: a column is a sum of at most 2·len products below 2^52 and a carry: 2·320·2^52 < 2^62, and the carry is
    // below 2^36. No sum of 64 bits overflows.
    let mut carry = 0;
    for k in (0..2 * len).step_by(GROUP) {
        // The first factor's limbs that meet limbs of the second in these columns.
        let first = k.saturating_sub(len);
        let mut t;
        if SQUARE {
            // Pairs with a limb below `half` have their other limb above: once, then doubled. The rest is near the
            // diagonal.
            let half = k / 2;
            t = dots(&a.packed[first..half], k - first, as_slices(&b.spread)).map(|sum| sum << 1);
            add_diagonal(&mut t, a.limbs[half..].first_chunk());
        } else {
            t = dots(&a.packed[first..len.min(k + GROUP)], k - first, as_slices(&b.spread));
        }
        let modulus_spread = Spread { even: &modulus.spread.even[..], odd: &modulus.spread.odd[..] };
        let reduced = dots(&q_packed[first..len.min(k)], k - first, modulus_spread);
        for (t, reduced) in t.iter_mut().zip(reduced) {
            *t += reduced;
        }
        if k < len {
            let mut q = [0; GROUP];
            for c in 0..GROUP {
                let column = t[c] + carry;
                if SQUARE {
                    q[c] = column & u64::from(MASK);
                    // column + q·n*[0] is column - q + q·2^26.
                    carry = (column >> 26) + q[c];
                } else {
                    q[c] = ((column & u64::from(MASK)) * modulus.n0) & u64::from(MASK);
                    carry = (column + q[c] * modulus.low[0]) >> 26;
                }
                #[expect(
                    clippy::needless_range_loop,
                    reason = "the compiler unrolls this form; an iterator is slower"
                )]
                for later in c + 1..GROUP {
                    t[later] += q[c] * modulus.low[later - c];
                }
            }
            // The upper halves of the last column are added again in the next group (see the head of this file).
            // INVARIANT: `carry` includes them: the last column was at least their sum times 2^26.
            for c in 0..GROUP {
                carry -= (q[c] >> 13) * (modulus.low[GROUP - 1 - c] >> 13);
                q_packed[k + c] = pack(lower(q[c]));
            }
        } else {
            for (limb, column) in out.limbs[first..].iter_mut().zip(t) {
                let column = column + carry;
                *limb = lower(column);
                carry = column >> 26;
            }
        }
    }
    debug_assert_eq!(carry, 0, "a product stays below 2·n*");
    spread_and_pack(len, out);
}

/// Adds the products of two limbs with indices from k/2 on to the columns k … k+7 of a square. `x` are the limbs from k/2 on.
#[inline]
fn add_diagonal(t: &mut [u64; GROUP], x: Option<&[u32; GROUP]>) {
    let Some(x) = x.map(|x| x.map(u64::from)) else { return };
    t[0] += x[0] * x[0];
    t[1] += 2 * (x[0] * x[1]);
    t[2] += 2 * (x[0] * x[2]) + x[1] * x[1];
    t[3] += 2 * (x[0] * x[3] + x[1] * x[2]);
    t[4] += 2 * (x[0] * x[4] + x[1] * x[3]) + x[2] * x[2];
    t[5] += 2 * (x[0] * x[5] + x[1] * x[4] + x[2] * x[3]);
    t[6] += 2 * (x[0] * x[6] + x[1] * x[5] + x[2] * x[4]) + x[3] * x[3];
    t[7] += 2 * (x[0] * x[7] + x[1] * x[6] + x[2] * x[5] + x[3] * x[4]);
    // The upper halves of the last column are added again in the next group (see the head of this file).
    let upper = |i: usize, j: usize| (x[i] >> 13) * (x[j] >> 13);
    t[7] -= (2 * (upper(0, 7) + upper(1, 6) + upper(2, 5) + upper(3, 4))) << 26;
}

/// The columns k … k+7 of `x` · `y`, without the upper halves of column k+7 and with those of column k-1. `x` are the packed
/// limbs that start `distance` before k; their number is a multiple of 4, and `distance` is even.
// Inlined, because verification is measurably faster that way.
#[inline(always)]
fn dots(x: &[u32], distance: usize, y: Spread<&[Lanes]>) -> [u64; GROUP] {
    debug_assert!(x.len().is_multiple_of(4) && distance.is_multiple_of(2));
    let mut wide = [splat(0); 4];
    // Limb e of x meets the limbs k-e … k+7-e of y: four lanes from `start` on for the first of x; for the next the lanes
    // that are shifted by a limb, one earlier; for each pair of limbs one earlier again.
    let mut start = PAD + distance / 2;
    // INVARIANT: a narrow lane is a sum of at most 32 times two products below 2^26: 64·(2^13 - 1)² < 2^32. A wide lane is
    // a sum of at most 320/32 times 2^32 + 2^45.
    for x in x.chunks(32) {
        let mut narrow = [splat(0); 4];
        for x in x.as_chunks::<4>().0 {
            let x = [splat(x[0]), splat(x[1]), splat(x[2]), splat(x[3])];
            let (even, odd) = (&y.even[start - 1..start + 4], &y.odd[start - 2..start + 3]);
            for i in 0..4 {
                narrow[i] = dot_add(dot_add(narrow[i], x[0], even[i + 1]), x[1], odd[i + 1]);
                narrow[i] = dot_add(dot_add(narrow[i], x[2], even[i]), x[3], odd[i]);
            }
            start -= 2;
        }
        for (wide, narrow) in wide.iter_mut().zip(narrow) {
            *wide = widen_add::<13>(*wide, narrow);
        }
    }
    let [a, b, c, d] = [wide_lanes(wide[0]), wide_lanes(wide[1]), wide_lanes(wide[2]), wide_lanes(wide[3])];
    [a[0], a[1], b[0], b[1], c[0], c[1], d[0], d[1]]
}

/// Computes the other two forms from the limbs.
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
fn spread_and_pack(len: usize, number: &mut Number) {
    let limbs = &number.limbs[..len];
    debug_assert!(limbs.iter().all(|limb| *limb <= MASK));
    for (packed, limb) in number.packed.iter_mut().zip(limbs) {
        *packed = pack(*limb);
    }
    let words = |before: u32, a: u32, b: u32| {
        let [before_high, a_low, a_high, b_low, b_high] =
            [before >> 13, a & HALF, a >> 13, b & HALF, b >> 13];
        lanes([a_low | before_high << 16, a_high | a_low << 16, b_low | a_high << 16, b_high | b_low << 16])
    };
    // INVARIANT: lanes before and after those written stay zero, because all numbers of a modulus have the same length. The last
    // limb is followed by its upper half and, in `odd`, by its neighbour of zeros.
    let mut before = 0;
    let (even, odd) = (&mut number.spread.even[PAD..], &mut number.spread.odd[PAD - 1..]);
    odd[0] = words(0, 0, limbs[0]);
    for (i, [a, b, c]) in number.limbs[..len + 1].array_windows::<3>().step_by(2).copied().enumerate() {
        even[i] = words(before, a, b);
        odd[i + 1] = words(a, b, c);
        before = b;
    }
    even[len / 2] = words(before, 0, 0);
}

/// Zero.
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
fn empty() -> Number {
    let zeros = [splat(0); SPREAD_LANES];
    let spread = Spread { even: zeros, odd: zeros };
    Number { limbs: [0; MAXIMUM_LIMBS + GROUP], packed: [0; MAXIMUM_LIMBS], spread }
}

fn as_slices(spread: &Spread<[Lanes; SPREAD_LANES]>) -> Spread<&[Lanes]> {
    Spread { even: &spread.even, odd: &spread.odd }
}

fn pack(limb: u32) -> u32 {
    limb & HALF | (limb >> 13) << 16
}

/// Whether `a` < `b`, of the same length.
fn is_below(a: &[u32], b: &[u32]) -> bool {
    a.iter().rev().lt(b.iter().rev())
}

/// -n⁻¹ modulo 2^26 by Newton's iteration: n is its own inverse modulo 8, and each step doubles the correct bits.
fn negated_inverse(n: u32) -> u64 {
    let mut inverse = n;
    for _ in 0..4 {
        inverse = inverse.wrapping_mul(2_u32.wrapping_sub(n.wrapping_mul(inverse)));
    }
    debug_assert_eq!(n.wrapping_mul(inverse) & MASK, 1);
    u64::from(inverse.wrapping_neg() & MASK)
}

fn read(bytes: &[u8], limbs: &mut [u32]) {
    let (mut bits, mut have) = (0, 0);
    let mut limbs = limbs.iter_mut();
    for byte in bytes.iter().rev() {
        bits |= u64::from(*byte) << have;
        have += 8;
        if have >= 26 {
            if let Some(limb) = limbs.next() {
                *limb = lower(bits);
            }
            bits >>= 26;
            have -= 26;
        }
    }
    if let Some(limb) = limbs.next() {
        *limb = lower(bits);
    }
}

fn write(limbs: &[u32], bytes: &mut [u8]) {
    let (mut bits, mut have) = (0, 0);
    let mut limbs = limbs.iter();
    for byte in bytes.iter_mut().rev() {
        if have < 8 {
            bits |= u64::from(limbs.next().copied().unwrap_or_default()) << have;
            have += 26;
        }
        *byte = bits.to_le_bytes()[0];
        bits >>= 8;
        have -= 8;
    }
}

#[expect(clippy::cast_possible_truncation, reason = "26 bits fit")]
fn lower(wide: u64) -> u32 {
    wide as u32 & MASK
}

/// Limb columns at a time.
const GROUP: usize = 8;
/// 8192 bits and 28 more, in whole groups.
const MAXIMUM_LIMBS: usize = (8192_usize + 28).div_ceil(26 * GROUP) * GROUP;
/// Lanes of zeros on each side of a spread number: a group's words.
const PAD: usize = 4;
const SPREAD_LANES: usize = MAXIMUM_LIMBS / 2 + 2 * PAD;
const HALF: u32 = (1 << 13) - 1;
const MASK: u32 = (1 << 26) - 1;
