//! The field of Curve25519, p = `2^255 - 19` (RFC 7748 §4.1): nine signed limbs of 29 bits with lazy carries.
//!
//! The part above `2^261` is multiplied by 1216 and added below, because `2^261 = 64 · 2^255 ≡ 64 · 19` (D. J. Bernstein,
//! "Curve25519: new Diffie-Hellman speed records", 2006, with other limbs).
#![expect(clippy::indexing_slicing, reason = "the indices are counters below the arrays' constant lengths")]

use crate::field::Invertible;
use crate::inversion::Inverter;
use crate::limbs::{
    carried, from_hex, is_below, limbs_from_words, low_limb, narrow, product_by_differences, square,
    subtract_words, widest, words_from_limbs,
};

/// An element. Products are *tidy*: their limbs have a magnitude of at most `2^28 + 2^16`, the last one `2^22`. Sums and
/// differences add limbs without carries: at most four tidy elements may be summed in all.
#[derive(Clone, Copy, Debug)]
pub struct Field25519([i32; N]);

impl Invertible for Field25519 {
    const ONE: Self = Self::small(1);

    fn times(&self, other: &Self) -> Self {
        assert_factors(&self.0, &other.0);
        reduce(product_by_differences(&self.0, &other.0))
    }

    fn is_zero(&self) -> bool {
        self.words() == [0; W]
    }

    fn inverted(&self) -> Self {
        static INVERTER: Inverter<9> = Inverter::new(&PRIME);
        Self::from_words(&INVERTER.invert(&self.words())).unwrap_or(*self)
    }
}

impl Field25519 {
    /// The neutral element of addition.
    pub const ZERO: Self = Self([0; N]);

    /// The element of a small number.
    #[must_use]
    pub const fn small(number: i32) -> Self {
        let mut limbs = [0; N];
        limbs[0] = number;
        Self(limbs)
    }

    /// The element of a number below p. It counts as a sum of two tidy elements.
    #[must_use]
    pub const fn constant(words: &[u32; W]) -> Self {
        Self(limbs_from_words(words, WIDTH))
    }

    /// The element of a number, or `None` if the number is not below p.
    #[must_use]
    pub fn from_words(words: &[u32; W]) -> Option<Self> {
        is_below(words, &PRIME).then(|| Self::constant(words).times(&Self::ONE))
    }

    /// The number, below p.
    #[must_use]
    pub fn words(&self) -> [u32; W] {
        // INVARIANT: a tidy value lies in ±(2^254 + 2^249), and p is added: above 0 and below 2p, so that one pass of
        // carries leaves no limb negative and one subtraction suffices.
        let tidy = self.times(&Self::ONE);
        let prime: [i32; N] = limbs_from_words(&PRIME, WIDTH);
        let columns: [i64; N] = core::array::from_fn(|at| i64::from(tidy.0[at]) + i64::from(prime[at]));
        let words = words_from_limbs(&carried(columns, WIDTH), WIDTH);
        if is_below(&words, &PRIME) { words } else { subtract_words(&words, &PRIME) }
    }

    /// Combines the first and the last limb. Reading both makes the processor load the whole element.
    #[must_use]
    pub const fn ends(&self) -> i32 {
        self.0[0] ^ self.0[N - 1]
    }

    /// The square. The element must satisfy the bounds of a factor.
    #[must_use]
    pub fn squared(&self) -> Self {
        assert_factors(&self.0, &self.0);
        reduce(square(&self.0))
    }

    /// The sum, not tidy.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self(core::array::from_fn(|at| self.0[at] + other.0[at]))
    }

    /// The difference, not tidy.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        Self(core::array::from_fn(|at| self.0[at] - other.0[at]))
    }

    /// The negative, as tidy as the element.
    #[must_use]
    pub fn negated(&self) -> Self {
        Self(self.0.map(i32::wrapping_neg))
    }

    /// A square root of `self / divisor`, if there is one (RFC 8032 §5.1.3 step 3). It may be either of the two.
    #[must_use]
    pub fn root_of_quotient(&self, divisor: &Self) -> Option<Self> {
        // (u/v)^((p + 3)/8) = u v³ (u v⁷)^((p - 5)/8).
        let cubed = divisor.squared().times(divisor);
        let seventh = cubed.squared().times(divisor);
        let root = self.times(&cubed).times(&self.times(&seventh).to_p_minus_5_over_8());
        let square = divisor.times(&root.squared());
        if square.minus(self).is_zero() {
            Some(root)
        } else if square.plus(self).is_zero() {
            // 2^((p - 1)/4) is a square root of -1, because 2 is not a square.
            let two = Self::small(2);
            Some(root.times(&two.to_p_minus_5_over_8().squared().times(&two)))
        } else {
            None
        }
    }

    /// The element to the power of (p - 5)/8 = `2^252 - 3`. All bits of the exponent are ones except the second lowest.
    fn to_p_minus_5_over_8(self) -> Self {
        (0..251).rev().fold(self, |power, bit| {
            let power = power.squared();
            if bit == 1 { power } else { power.times(&self) }
        })
    }
}

/// Checks the bounds that [`reduce`] requires, in debug builds.
// INVARIANT: |limb a| |limb b| is at most 15 2^56, the last limbs at most 2^25. A column sums at most eight products of two
// limbs that are not the last, 120 2^56, and two with a last limb, 2^56 in all: what comes back from above (1216
// times 2^34.. and the carry) stays below the rest to 2^63.
fn assert_factors(a: &[i32; N], b: &[i32; N]) {
    debug_assert!(widest(a) * widest(b) <= 15 << 56);
    debug_assert!(a[8].unsigned_abs() <= 1 << 25 && b[8].unsigned_abs() <= 1 << 25);
}

/// Folds the upper columns and carries, rounding to the nearest: signed limbs are one bit smaller.
#[inline(always)]
fn reduce(mut columns: [i64; M]) -> Field25519 {
    // INVARIANT: the upper columns are carried first, the last of them is the carry alone, below 2^35: 1216 times each is
    // added to a lower one, less than 2^46.
    for at in N..M - 1 {
        columns[at + 1] += columns[at] >> WIDTH;
        columns[at - N] += FOLD * i64::from(low_limb(columns[at], WIDTH));
    }
    columns[N - 1] += FOLD * columns[M - 1];
    let mut limbs = [0; N];
    for at in 0..N - 1 {
        let carry = (columns[at] + (1 << (WIDTH - 1))) >> WIDTH;
        columns[at] -= carry << WIDTH;
        columns[at + 1] += carry;
    }
    // The part above 2^255 times 19: below 19 2^40 < 2^45, so the carry into the second limb is below 2^16.
    let above = (columns[8] + (1 << (TOP - 1))) >> TOP;
    columns[8] -= above << TOP;
    columns[0] += 19 * above;
    let carry = (columns[0] + (1 << (WIDTH - 1))) >> WIDTH;
    columns[0] -= carry << WIDTH;
    columns[1] += carry;
    for at in 0..N {
        limbs[at] = narrow(columns[at]);
    }
    Field25519(limbs)
}

const W: usize = 8;
const N: usize = 9;
const M: usize = 2 * N;
const WIDTH: usize = 29;
/// The bits of the last limb below 2^255.
const TOP: usize = 23;
const FOLD: i64 = 19 << 6;
const PRIME: [u32; W] = from_hex("7fffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffed");

#[cfg(test)]
crate::reference::limbs_of!(Field25519, radix: 0, product: 15 << 56, last: 1 << 25);

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use crate::limbs::{add_words, subtract_words};
    use crate::random::Random;
    use crate::reference::{Limbs, Reference};

    fn small(number: u32) -> [u32; W] {
        let mut words = [0; W];
        words[0] = number;
        words
    }

    /// Elements with the largest limbs that a product may have.
    fn tidy() -> Vec<Field25519> {
        let mut elements = Field25519::patterns((1 << 28) + (1 << 16), 1 << 22);
        elements.extend([Field25519::ZERO, Field25519::ONE, Field25519::small(-1)]);
        elements
    }

    #[track_caller]
    fn is_tidy(element: &Field25519) {
        assert!(widest(&element.0) <= (1 << 28) + (1 << 16) && element.0[8].unsigned_abs() <= 1 << 22);
    }

    /// Checks that the product is tidy and equals this number.
    #[track_caller]
    fn is_the_product(reference: &Reference, product: &Field25519, [a, b]: [&Field25519; 2]) {
        is_tidy(product);
        assert!(reference.of(product) == reference.times(&reference.of(a), &reference.of(b)));
    }

    #[test]
    fn factors_at_their_bounds_have_the_product_of_the_reference() {
        let reference = Reference::new(&PRIME);
        for (a, b) in Field25519::largest_pairs() {
            is_the_product(&reference, &a.times(&b), [&a, &b]);
            if widest(&a.0) == widest(&b.0) {
                is_the_product(&reference, &a.squared(), [&a, &a]);
            }
        }
    }

    #[test]
    fn sums_of_the_largest_tidy_elements_are_factors_as_the_points_formulas_use_them() {
        let reference = Reference::new(&PRIME);
        let elements = tidy();
        // Of so many elements each factor is the sum: what e f, f g and the others are in `edwards`.
        for (many, more) in [(3, 4), (3, 3), (2, 4), (1, 4), (2, 2), (3, 2)] {
            for a in &elements {
                for b in &elements {
                    let first = (1..many).fold(*a, |sum, _| sum.plus(a));
                    let second = (1..more).fold(*b, |sum, _| sum.minus(&b.negated()));
                    is_the_product(&reference, &first.times(&second), [&first, &second]);
                }
                let twice = a.plus(a);
                is_the_product(&reference, &twice.squared(), [&twice, &twice]);
            }
        }
    }

    #[test]
    fn numbers_around_the_prime_are_reduced_and_zero_is_found_in_each_form() {
        let reference = Reference::new(&PRIME);
        let (double, _) = add_words(&PRIME, &PRIME);
        let edges = [PRIME, double]
            .into_iter()
            .flat_map(|around| [subtract_words(&around, &small(1)), around, add_words(&around, &small(1)).0]);
        for words in edges.chain([small(0), small(1)]) {
            let element = Field25519::constant(&words);
            for (element, expected) in
                [(element, reference.of_words(&words)), (element.negated(), reference.of(&element.negated()))]
            {
                let below = element.words();
                assert!(is_below(&below, &PRIME) && reference.of_words(&below) == expected);
                assert_eq!(element.is_zero(), below == [0; W]);
                assert!(element.minus(&element).is_zero());
            }
        }
        for element in tidy() {
            assert!(reference.of_words(&element.words()) == reference.of(&element));
        }
    }

    #[test]
    fn chains_of_operations_stay_tidy_and_agree_with_the_reference() {
        let reference = Reference::new(&PRIME);
        let mut random = Random::seeded(25519);
        let mut elements = tidy();
        let fixed = elements.len();
        elements.extend_from_within(..);
        for _ in 0..20_000 {
            let [a, b, c, d] = [(); 4].map(|()| elements[random.below(elements.len())]);
            let (first, second) = match random.below(4) {
                0 => (a.plus(&b).minus(&c), d.minus(&a)),
                1 => (a.plus(&a).plus(&b.minus(&c)), d.plus(&c).minus(&b)),
                2 => (a, b.negated()),
                _ => (a.plus(&b), c.plus(&d)),
            };
            is_the_product(&reference, &second.squared(), [&second, &second]);
            let product = first.times(&second);
            is_the_product(&reference, &product, [&first, &second]);
            let words = product.words();
            assert!(is_below(&words, &PRIME) && reference.of_words(&words) == reference.of(&product));
            let at = fixed + random.below(fixed);
            elements[at] = product;
        }
    }
}
