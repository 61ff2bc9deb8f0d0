//! The field of P-384: elements in Montgomery form, R = `2^392`, as fourteen signed limbs of 28 bits with lazy carries.
//!
//! p = `2^384 - 2^128 - 2^96 + 2^32 - 1` (SP 800-186 §3.2.1.4). Because p ≡ -1 modulo `2^32`, the quotient of each Montgomery
//! step is the lowest limb itself, and its multiple of p is four shifts. The sources are those of P-256.
#![expect(clippy::indexing_slicing, reason = "the indices are counters below the arrays' constant lengths")]

use crate::field::{Field, Invertible};
use crate::inversion::Inverter;
use crate::limbs::{
    carried, from_hex, is_below, limbs_from_words, low_limb, power_of_two, product, square, subtract_words,
    weighted, widest, words_from_limbs,
};

/// An element. After a product and after [`Field::sum`], all limbs but the last are in `0..2^28`. The limbs of a difference of two
/// such elements have the same magnitude.
#[derive(Clone, Copy, Debug)]
pub struct P384Field([i32; N]);

impl Invertible for P384Field {
    const ONE: Self = Self(limbs_from_words(&power_of_two(N * WIDTH, &PRIME), WIDTH));

    fn times(&self, other: &Self) -> Self {
        assert_factors(&self.0, &other.0);
        reduce(product(&self.0, &other.0))
    }

    fn is_zero(&self) -> bool {
        self.words() == [0; W]
    }

    fn inverted(&self) -> Self {
        static INVERTER: Inverter<13> = Inverter::new(&PRIME);
        Self::from_words(&INVERTER.invert(&self.words())).unwrap_or(*self)
    }
}

impl Field for P384Field {
    fn from_words(words: &[u32]) -> Option<Self> {
        // R², which converts to Montgomery form with one product.
        const RADIX_SQUARED: P384Field =
            P384Field(limbs_from_words(&power_of_two(2 * N * WIDTH, &PRIME), WIDTH));
        is_below(words, &PRIME).then(|| Self(limbs_from_words(words, WIDTH)).times(&RADIX_SQUARED))
    }

    fn squared(&self) -> Self {
        assert_factors(&self.0, &self.0);
        reduce(square(&self.0))
    }

    fn minus(&self, other: &Self) -> Self {
        Self(core::array::from_fn(|at| self.0[at] - other.0[at]))
    }

    // INVARIANT: factors of at most 8, three terms: every column is below 2^34. The part above 2^384 is folded first:
    // 2^384 ≡ 2^128 + 2^96 - 2^32 + 1. So the last limb is at most 2^20 plus a carry, and the value is within
    // 2^384 (-0.01, 1.01).
    #[inline(never)]
    fn sum(terms: &[(i32, &Self)]) -> Self {
        let mut columns = weighted(terms, |term| &term.0);
        debug_assert!(columns.iter().all(|column| column.unsigned_abs() < 1 << 34));
        let above = columns[13] >> TOP;
        columns[13] -= above << TOP;
        columns[4] += above << 16;
        columns[3] += above << 12;
        columns[1] -= above << 4;
        columns[0] += above;
        Self(carried(columns, WIDTH))
    }

    fn ends(&self) -> i32 {
        self.0[0] ^ self.0[N - 1]
    }

    #[cfg(any(test, feature = "for-tests"))]
    fn to_words(&self) -> alloc::vec::Vec<u32> {
        self.words().to_vec()
    }
}

impl P384Field {
    /// The number, below p.
    fn words(&self) -> [u32; W] {
        // INVARIANT: a product with 1 converts from Montgomery form: v = (x + q p) / R with 0 ≤ q < R and |x| < 4 2^384
        // lies in -1 < v < p + 1, an integer in 0..=p: no limb is negative.
        let mut one = [0; N];
        one[0] = 1;
        let words = words_from_limbs(&self.times(&Self(one)).0, WIDTH);
        if is_below(&words, &PRIME) { words } else { subtract_words(&words, &PRIME) }
    }
}

/// Checks the bounds that [`reduce`] requires, in debug builds.
// INVARIANT: |limb a| |limb b| is at most 2^59, the last limbs at most 2^22 (the value: 4
// 2^384). A column sums at most thirteen products of two limbs that are not the last: 13 2^59; the two with a last
// limb (2^53 each), the carry from below (2^35) and the multiples of q (2^48 each) stay below the remaining 3 2^59
// to 2^63.
fn assert_factors(a: &[i32; N], b: &[i32; N]) {
    debug_assert!(widest(a) * widest(b) <= 1 << 59);
    debug_assert!(a[13].unsigned_abs() <= 1 << 22 && b[13].unsigned_abs() <= 1 << 22);
}

/// Montgomery reduction: divides the columns by R modulo p.
// INVARIANT: x of magnitude 16 2^768 at most gives (x + q p) / R, in 2^384 (-0.0625, 1.0625): 16 2^768 / 2^392 = 0.0625
// 2^384.
#[inline(always)]
fn reduce(mut columns: [i64; M]) -> P384Field {
    for at in 0..N {
        let quotient = i64::from(low_limb(columns[at], WIDTH));
        // - q, which clears the limb, + q 2^32,
        columns[at + 1] += (columns[at] >> WIDTH) + (quotient << 4);
        // - q 2^96 - q 2^128 + q 2^384.
        columns[at + 3] -= quotient << 12;
        columns[at + 4] -= quotient << 16;
        columns[at + 13] += quotient << 20;
    }
    P384Field(carried(core::array::from_fn(|at| columns[N + at]), WIDTH))
}

const W: usize = 12;
const N: usize = 14;
const M: usize = 2 * N;
const WIDTH: usize = 28;
/// The bits of the last limb below 2^384.
const TOP: usize = 20;
/// p, lowest word first.
pub const PRIME: [u32; W] = from_hex(
    "ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff fffffffe \
     ffffffff 00000000 00000000 ffffffff",
);

#[cfg(test)]
crate::reference::limbs_of!(P384Field, radix: N * WIDTH, product: 1 << 59, last: 1 << 22);
