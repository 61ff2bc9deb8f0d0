//! Numbers modulo a group's order: two numbers enter, their product leaves; a number and a window's width enter, its
//! signed digits leave.
#![expect(clippy::indexing_slicing, reason = "the indices are counters below the arrays' constant lengths")]

use super::divsteps::Inverter;
use super::limbs::{add_words, is_below, low_limb, low_word, power_of_two, subtract_words};

/// The order of a NIST curve's group. An object, not a type that callers are generic over: so its arithmetic is compiled here, for
/// speed.
pub trait Order<const W: usize>: Sync {
    /// Whether the number lies in 1..m.
    fn is_unit(&self, number: &[u32; W]) -> bool;

    /// The two numbers divided by a third: `[a / c, b / c]`, below m. c lies below m and is coprime to it; a and b are
    /// any numbers below R.
    fn quotients(&self, dividends: [&[u32; W]; 2], c: &[u32; W]) -> [[u32; W]; 2];

    /// The number and m added, if that stays below `limit`.
    fn plus(&self, number: &[u32; W], limit: &[u32; W]) -> Option<[u32; W]>;
}

/// The order of an Edwards curve's base point, as [`Order`].
pub trait EdwardsOrder<const W: usize>: Sync {
    /// Whether the number is below m.
    fn contains(&self, number: &[u32; W]) -> bool;

    /// `low + R high` modulo m, for any two numbers below R.
    fn reduce_wide(&self, low: &[u32; W], high: &[u32; W]) -> [u32; W];
}

/// An odd modulus m with what Montgomery's multiplication needs (P. L. Montgomery, "Modular multiplication without
/// trial division", 1985); R is `2^(32 * W)`. `L` limbs of 30 bits hold 30 bits more than m has.
pub(crate) struct Modulus<const W: usize, const L: usize> {
    words: [u32; W],
    /// -1/m modulo `2^32`.
    minus_inverse: u32,
    /// R modulo m.
    radix: [u32; W],
    /// R² modulo m.
    radix_squared: [u32; W],
    inverter: Inverter<L>,
}

impl<const W: usize, const L: usize> Modulus<W, L> {
    pub(crate) const fn new(words: [u32; W]) -> Self {
        // Newton's iteration doubles the right bits: an odd number is its own inverse modulo 8.
        let (mut inverse, mut round) = (words[0], 0);
        while round < 4 {
            inverse = inverse.wrapping_mul(2_u32.wrapping_sub(words[0].wrapping_mul(inverse)));
            round += 1;
        }
        Self {
            minus_inverse: inverse.wrapping_neg(),
            radix: power_of_two(32 * W, &words),
            radix_squared: power_of_two(64 * W, &words),
            inverter: Inverter::new(&words),
            words,
        }
    }

    /// `a + b` modulo m, for two numbers below m.
    fn sum(&self, a: &[u32; W], b: &[u32; W]) -> [u32; W] {
        let (sum, carry) = add_words(a, b);
        if carry == 1 || !is_below(&sum, &self.words) { subtract_words(&sum, &self.words) } else { sum }
    }

    /// `a b / R` modulo m, below m, for any a below R and b below m.
    // INVARIANT: the running sum stays below 2m, so `top` is 0 or 1 after each round: (2m + (2^32 - 1) (b + m)) / 2^32
    // < 2m, as b < m.
    fn montgomery(&self, a: &[u32; W], b: &[u32; W]) -> [u32; W] {
        let (mut sum, mut top) = ([0_u32; W], 0_u64);
        for word in a {
            let quotient = low_word(u64::from(sum[0]) + u64::from(*word) * u64::from(b[0]))
                .wrapping_mul(self.minus_inverse);
            // Two carries: together they could exceed 64 bits.
            let (mut carry, mut reduction) = (0, 0);
            for at in 0..W {
                carry += u64::from(*word) * u64::from(b[at]) + u64::from(sum[at]);
                reduction += u64::from(quotient) * u64::from(self.words[at]) + u64::from(low_word(carry));
                carry >>= 32;
                if at > 0 {
                    sum[at - 1] = low_word(reduction);
                }
                debug_assert!(at > 0 || low_word(reduction) == 0);
                reduction >>= 32;
            }
            let last = top + carry + reduction;
            sum[W - 1] = low_word(last);
            top = last >> 32;
            debug_assert!(top <= 1);
        }
        if top == 1 || !is_below(&sum, &self.words) { subtract_words(&sum, &self.words) } else { sum }
    }
}

impl<const W: usize, const L: usize> Order<W> for Modulus<W, L> {
    fn is_unit(&self, number: &[u32; W]) -> bool {
        *number != [0; W] && is_below(number, &self.words)
    }

    fn quotients(&self, [a, b]: [&[u32; W]; 2], c: &[u32; W]) -> [[u32; W]; 2] {
        let inverse_times_radix = self.montgomery(&self.radix_squared, &self.inverter.invert(c));
        [self.montgomery(a, &inverse_times_radix), self.montgomery(b, &inverse_times_radix)]
    }

    fn plus(&self, number: &[u32; W], limit: &[u32; W]) -> Option<[u32; W]> {
        let (sum, carry) = add_words(number, &self.words);
        (carry == 0 && is_below(&sum, limit)).then_some(sum)
    }
}

impl<const W: usize, const L: usize> EdwardsOrder<W> for Modulus<W, L> {
    fn contains(&self, number: &[u32; W]) -> bool {
        is_below(number, &self.words)
    }

    fn reduce_wide(&self, low: &[u32; W], high: &[u32; W]) -> [u32; W] {
        let low = self.montgomery(low, &self.radix);
        let high = self.montgomery(high, &self.radix_squared);
        self.sum(&low, &high)
    }
}

/// How many digits of `width` bits a scalar of `bits` bits has: one more than it seems, for the last carry.
#[must_use]
pub const fn digit_count(bits: usize, width: usize) -> usize {
    bits / width + 1
}

/// The digits of a scalar to the base `2^width`, the least first, each in `-2^(width - 1) + 1 ..= 2^(width - 1)`: a signed
/// digit halves the table (A. D. Booth, 1951).
pub fn digits(scalar: &[u32], width: usize) -> impl Iterator<Item = i32> {
    let half = 1 << (width - 1);
    let mut carry = 0;
    (0..digit_count(32 * scalar.len(), width)).map(move |index| {
        let word = |at: usize| u64::from(scalar.get(at).copied().unwrap_or(0));
        let (at, shift) = (index * width / 32, index * width % 32);
        let bits = (word(at) | (word(at + 1) << 32)) >> shift;
        let digit = low_limb(bits.cast_signed(), width) + carry;
        carry = i32::from(digit > half);
        digit - carry * 2 * half
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Modulus<2, 5> = Modulus::new([1_000_003, 0]);
    /// The largest odd number: the bounds are met.
    const FULL: Modulus<2, 5> = Modulus::new([u32::MAX, u32::MAX]);

    fn wide([low, high]: [u32; 2]) -> u128 {
        u128::from(low) | (u128::from(high) << 32)
    }

    #[test]
    fn a_quotient_times_its_divisor_is_the_dividend() {
        for modulus in [&SMALL, &FULL] {
            let m = wide(modulus.words);
            for a in [[0, 0], [1, 0], [u32::MAX, u32::MAX], [5, 0x8000_0000], [0, 1]] {
                for c in [[1, 0], [2, 0], [7, 0], [4096, 0], [11, 0]] {
                    let [quotient, same] = modulus.quotients([&a, &a], &c);
                    assert_eq!(quotient, same);
                    assert!(wide(quotient) < m);
                    assert_eq!(wide(quotient) * wide(c) % m, wide(a) % m);
                }
            }
        }
    }

    #[test]
    fn a_wide_number_is_reduced() {
        for modulus in [&SMALL, &FULL] {
            let m = wide(modulus.words);
            for low in [[0, 0], [u32::MAX, u32::MAX], [3, 9]] {
                for high in [[0, 0], [u32::MAX, u32::MAX], [1, 0], [7, 0x8000_0001]] {
                    let expected = (wide(low) | (wide(high) << 64)) % m;
                    assert_eq!(wide(modulus.reduce_wide(&low, &high)), expected);
                }
            }
        }
    }

    #[test]
    fn digits_make_the_scalar_again_and_are_small() {
        for scalar in [[0, 0], [u32::MAX; 2], [1, 0], [0x8888_8888; 2], [0x7777_7777, 0x8000_0000], [0, 1]] {
            for width in 2..=10 {
                let (mut sum, half) = (0_i128, 1 << (width - 1));
                for (index, digit) in digits(&scalar, width).enumerate() {
                    assert!(-half < digit && digit <= half);
                    sum += i128::from(digit) << (index * width);
                }
                assert_eq!(sum, i128::try_from(wide(scalar)).unwrap(), "{width}");
            }
        }
    }
}
