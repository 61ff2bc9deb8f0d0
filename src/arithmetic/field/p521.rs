//! The field of P-521: elements in Montgomery form, R = `2^532`, as nineteen signed limbs of 28 bits with lazy carries.
//!
//! p = `2^521 - 1` (SP 800-186 §3.2.1.5). Because p ≡ -1 modulo `2^521`, the quotient of each Montgomery step is the lowest limb
//! itself, and its multiple of p is one shift. The sources are those of P-256. Folding from above, by `2^521` ≡ 1, would avoid
//! Montgomery form, but would need carries in the upper columns before the fold and in the last limb after it.
//!
//! The curve is rare, so functions are called rather than inlined to keep the code small.
#![expect(clippy::indexing_slicing, reason = "the indices are counters below the arrays' constant lengths")]

use crate::field::{Field, Invertible};
use crate::inversion::Inverter;
use crate::limbs::{
    carried, from_hex, is_below, limbs_from_words, low_limb, power_of_two, product, subtract_words, widest,
    words_from_limbs,
};

/// An element. After a product and after [`Field::sum`], all limbs but the last are in `0..2^28`. The limbs of a difference of two
/// such elements have the same magnitude.
#[derive(Clone, Copy, Debug)]
pub struct P521Field([i32; N]);

impl Invertible for P521Field {
    const ONE: Self = Self(limbs_from_words(&power_of_two(N * WIDTH, &PRIME), WIDTH));

    fn times(&self, other: &Self) -> Self {
        assert_factors(&self.0, &other.0);
        reduce(product(&self.0, &other.0))
    }

    fn is_zero(&self) -> bool {
        self.words() == [0; W]
    }

    fn inverted(&self) -> Self {
        static INVERTER: Inverter<19> = Inverter::new(&PRIME);
        Self::from_words(&INVERTER.invert(&self.words())).unwrap_or(*self)
    }
}

impl Field for P521Field {
    fn from_words(words: &[u32]) -> Option<Self> {
        // R², which converts to Montgomery form with one product.
        const RADIX_SQUARED: P521Field =
            P521Field(limbs_from_words(&power_of_two(2 * N * WIDTH, &PRIME), WIDTH));
        is_below(words, &PRIME).then(|| Self(limbs_from_words(words, WIDTH)).times(&RADIX_SQUARED))
    }

    fn squared(&self) -> Self {
        // A separate function would be faster, but would double the code for a curve that few use.
        self.times(self)
    }

    #[inline(never)]
    fn minus(&self, other: &Self) -> Self {
        Self(core::array::from_fn(|at| self.0[at] - other.0[at]))
    }

    fn sum(terms: &[(i32, &Self)]) -> Self {
        sum_of(terms)
    }

    fn ends(&self) -> i32 {
        self.0[0] ^ self.0[N - 1]
    }

    #[cfg(any(test, feature = "for-tests"))]
    fn to_words(&self) -> alloc::vec::Vec<u32> {
        self.words().to_vec()
    }
}

impl P521Field {
    /// The number, below p.
    fn words(&self) -> [u32; W] {
        // INVARIANT: a product with 1 converts from Montgomery form: v = (x + q p) / R with 0 ≤ q < R and |x| < 8 2^521
        // lies in -1 < v < p + 1, an integer in 0..=p: no limb is negative.
        let mut one = [0; N];
        one[0] = 1;
        let words = words_from_limbs(&self.times(&Self(one)).0, WIDTH);
        if is_below(&words, &PRIME) { words } else { subtract_words(&words, &PRIME) }
    }
}

/// [`Field::sum`], compiled once for any number of terms.
// INVARIANT: factors of at most 8, three terms: every column is below 2^33. The part above 2^521 is folded first:
// 2^521 ≡ 1. So the last limb is at most 2^17 plus a carry, and the value is within 2^521 (-0.01, 1.01).
#[inline(never)]
fn sum_of(terms: &[(i32, &P521Field)]) -> P521Field {
    let mut columns = [0_i64; N];
    for (factor, term) in terms {
        for (column, limb) in columns.iter_mut().zip(term.0) {
            *column += i64::from(*factor) * i64::from(limb);
        }
    }
    debug_assert!(columns.iter().all(|column| column.unsigned_abs() < 1 << 33));
    let above = columns[18] >> TOP;
    columns[18] -= above << TOP;
    columns[0] += above;
    P521Field(carried(columns, WIDTH))
}

/// Checks the bounds that [`reduce`] requires, in debug builds.
// INVARIANT: |limb a| |limb b| is at most 2^58, the last limbs at most 2^19 (the value: 4 2^521). A column sums at most
// eighteen products of two limbs that are not the last: 18 2^58; the two with a last limb (2^50 each), the carry from
// below (2^35) and the multiple of q (2^45) stay below the remaining 14 2^58 to 2^63.
fn assert_factors(a: &[i32; N], b: &[i32; N]) {
    debug_assert!(widest(a) * widest(b) <= 1 << 58);
    debug_assert!(a[18].unsigned_abs() <= 1 << 19 && b[18].unsigned_abs() <= 1 << 19);
}

/// Montgomery reduction: divides the columns by R modulo p.
// INVARIANT: x of magnitude 16 2^1042 at most gives (x + q p) / R, in 2^521 (-0.01, 1.01): 16 2^1042 / 2^532 = 2^-7 2^521.
#[inline(always)]
fn reduce(mut columns: [i64; M]) -> P521Field {
    for at in 0..N {
        let quotient = i64::from(low_limb(columns[at], WIDTH));
        // - q, which clears the limb,
        columns[at + 1] += columns[at] >> WIDTH;
        // + q 2^521.
        columns[at + 18] += quotient << TOP;
    }
    P521Field(carried(core::array::from_fn(|at| columns[N + at]), WIDTH))
}

const W: usize = 17;
const N: usize = 19;
const M: usize = 2 * N;
const WIDTH: usize = 28;
/// The bits of the last limb below 2^521.
const TOP: usize = 17;
/// p, lowest word first.
pub const PRIME: [u32; W] = from_hex(
    "000001ff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff \
     ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff \
     ffffffff",
);

#[cfg(test)]
crate::reference::limbs_of!(P521Field, radix: N * WIDTH, product: 1 << 58, last: 1 << 19);
