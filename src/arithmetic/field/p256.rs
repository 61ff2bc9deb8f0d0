//! The field of P-256: elements in Montgomery form, R = `2^261`, as nine signed limbs of 29 bits with lazy carries.
//!
//! p = `2^256 - 2^224 + 2^192 + 2^96 - 1` (FIPS 186-5, SP 800-186 §3.2.1.3; J. A. Solinas, "Generalized Mersenne numbers", 1999).
//! Because p ≡ -1 modulo `2^96`, the quotient of each Montgomery step is the lowest limb itself, and its multiple of p is four
//! shifts (S. Gueron and V. Krasnov, "Fast prime field elliptic-curve cryptography with 256-bit primes", 2015, with words).
//! Signed limbs with lazy carries: D. J. Bernstein, "Curve25519: new Diffie-Hellman speed records" (2006).
#![expect(clippy::indexing_slicing, reason = "the indices are counters below the arrays' constant lengths")]

use crate::field::{Field, Invertible};
use crate::inversion::Inverter;
use crate::limbs::{
    carried, from_hex, is_below, limbs_from_words, low_limb, power_of_two, product, square, subtract_words,
    weighted, widest, words_from_limbs,
};

/// An element. After a product and after [`Field::sum`], all limbs but the last are in `0..2^29`. The limbs of a difference of two
/// such elements have the same magnitude.
#[derive(Clone, Copy, Debug)]
pub struct P256Field([i32; N]);

impl Invertible for P256Field {
    const ONE: Self = Self(limbs_from_words(&power_of_two(N * WIDTH, &PRIME), WIDTH));

    fn times(&self, other: &Self) -> Self {
        assert_factors(&self.0, &other.0);
        reduce(product(&self.0, &other.0))
    }

    fn is_zero(&self) -> bool {
        self.words() == [0; W]
    }

    fn inverted(&self) -> Self {
        static INVERTER: Inverter<9> = Inverter::new(&PRIME);
        Self::from_words(&INVERTER.invert(&self.words())).unwrap_or(*self)
    }
}

impl Field for P256Field {
    fn from_words(words: &[u32]) -> Option<Self> {
        // R², which converts to Montgomery form with one product.
        const RADIX_SQUARED: P256Field =
            P256Field(limbs_from_words(&power_of_two(2 * N * WIDTH, &PRIME), WIDTH));
        is_below(words, &PRIME).then(|| Self(limbs_from_words(words, WIDTH)).times(&RADIX_SQUARED))
    }

    fn squared(&self) -> Self {
        assert_factors(&self.0, &self.0);
        reduce(square(&self.0))
    }

    fn minus(&self, other: &Self) -> Self {
        Self(core::array::from_fn(|at| self.0[at] - other.0[at]))
    }

    // INVARIANT: factors of at most 8, three terms: every column is below 2^35.
    fn sum(terms: &[(i32, &Self)]) -> Self {
        let columns = weighted(terms, |term| &term.0);
        debug_assert!(columns.iter().all(|column| column.unsigned_abs() < 1 << 35));
        folded(columns)
    }

    fn negated(&self) -> Self {
        Self(self.0.map(i32::wrapping_neg))
    }

    // INVARIANT, here and in the square: three limbs below 2^29 or their negatives are subtracted from a column, less than 2^31.
    fn product_less([a, b]: [&Self; 2], c: &Self) -> Self {
        assert_factors(&a.0, &b.0);
        let mut upper = reduced(product(&a.0, &b.0));
        for (column, limb) in upper.iter_mut().zip(c.0) {
            *column -= i64::from(limb);
        }
        folded(upper)
    }

    fn square_less(&self, b: &Self, (factor, c): (i32, &Self)) -> Self {
        assert_factors(&self.0, &self.0);
        let mut upper = reduced(square(&self.0));
        for (column, (b, c)) in upper.iter_mut().zip(b.0.into_iter().zip(c.0)) {
            *column -= i64::from(b) + i64::from(factor) * i64::from(c);
        }
        folded(upper)
    }

    fn ends(&self) -> i32 {
        self.0[0] ^ self.0[N - 1]
    }

    #[cfg(any(test, feature = "for-tests"))]
    fn to_words(&self) -> alloc::vec::Vec<u32> {
        self.words().to_vec()
    }
}

impl P256Field {
    /// The number, below p.
    fn words(&self) -> [u32; W] {
        // INVARIANT: a product with 1 converts from Montgomery form: v = (x + q p) / R with 0 ≤ q < R and |x| < 4 2^256
        // lies in -1 < v < p + 1, an integer in 0..=p: no limb is negative.
        let mut one = [0; N];
        one[0] = 1;
        let words = words_from_limbs(&self.times(&Self(one)).0, WIDTH);
        if is_below(&words, &PRIME) { words } else { subtract_words(&words, &PRIME) }
    }
}

/// Checks the bounds that [`reduce`] requires, in debug builds.
// INVARIANT: |limb a| |limb b| is at most 15 2^56, the last limbs at most 2^26 (the value: 4
// 2^256). A column sums at most eight products of two limbs that are not the last: 120 2^56; the two with a last limb
// (2^57 each), the carry from below (2^35) and the multiples of q (4 columns' worth of 2^53) stay below the
// remaining 8 2^56 to 2^63.
fn assert_factors(a: &[i32; N], b: &[i32; N]) {
    debug_assert!(widest(a) * widest(b) <= 15 << 56);
    debug_assert!(a[8].unsigned_abs() <= 1 << 26 && b[8].unsigned_abs() <= 1 << 26);
    debug_assert!(u64::from(a[8].unsigned_abs()) * u64::from(b[8].unsigned_abs()) <= 1 << 52);
}

/// Montgomery reduction: divides the columns by R modulo p.
// INVARIANT: x of magnitude 16 2^512 at most gives (x + q p) / R, in 2^256 (-0.5, 1.5): 16 2^512 / 2^261 = 0.5 2^256.
#[inline(always)]
fn reduce(columns: [i64; M]) -> P256Field {
    P256Field(carried(reduced(columns), WIDTH))
}

/// The same, without the final carries.
#[inline(always)]
fn reduced(mut columns: [i64; M]) -> [i64; N] {
    for at in 0..N {
        let quotient = i64::from(low_limb(columns[at], WIDTH));
        // - q, which clears the limb,
        columns[at + 1] += columns[at] >> WIDTH;
        // + q 2^96 + q 2^192 - q 2^224 + q 2^256.
        columns[at + 3] += quotient << 9;
        columns[at + 6] += quotient << 18;
        columns[at + 7] -= quotient << 21;
        columns[at + 8] += quotient << 24;
    }
    core::array::from_fn(|at| columns[N + at])
}

/// Folds the part above 2^256 ≡ 2^224 - 2^192 - 2^96 + 1 (Solinas, 1999), and carries.
// INVARIANT: the fold includes the carry of the column before the last, but not the carry into that column: less than 2^7.
// So the last limb is at most 2^24 + 2^7, and the value is within 2^256 (-0.01, 1.01).
#[inline(always)]
fn folded(mut columns: [i64; N]) -> P256Field {
    let above = (columns[8] + (columns[7] >> WIDTH)) >> TOP;
    columns[8] -= above << TOP;
    columns[7] += above << 21;
    columns[6] -= above << 18;
    columns[3] -= above << 9;
    columns[0] += above;
    P256Field(carried(columns, WIDTH))
}

const W: usize = 8;
const N: usize = 9;
const M: usize = 2 * N;
const WIDTH: usize = 29;
/// The bits of the last limb below 2^256.
const TOP: usize = 24;
/// p, lowest word first.
pub const PRIME: [u32; W] =
    from_hex("ffffffff 00000001 00000000 00000000 00000000 ffffffff ffffffff ffffffff");

#[cfg(test)]
crate::reference::limbs_of!(P256Field, radix: N * WIDTH, product: 15 << 56, last: 1 << 26);
