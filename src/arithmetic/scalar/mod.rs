//! Arithmetic modulo the order of a group, and the signed digits of scalars.
#![expect(clippy::indexing_slicing, reason = "the indices are counters below the arrays' constant lengths")]

pub mod orders;

use alloc::vec::Vec;

use crate::inversion::Inverter;
use crate::limbs::{add_words, is_below, low_limb, low_word, power_of_two, subtract_words};

/// The order of a NIST curve's group, independent of its number of limbs.
pub trait Order<const W: usize>: 'static {
    /// Whether the number is in 1..m.
    fn is_unit(&self, number: &[u32; W]) -> bool;

    /// Divides two numbers by a third: `[a / c, b / c]`, below m. c is below m and coprime to it; a and b are any numbers below R.
    fn quotients(&self, dividends: [&[u32; W]; 2], c: &[u32; W]) -> [[u32; W]; 2];

    /// The number plus m, if that is below `limit`.
    fn plus(&self, number: &[u32; W], limit: &[u32; W]) -> Option<[u32; W]>;
}

/// An odd modulus m with the constants for Montgomery multiplication (P. L. Montgomery, "Modular multiplication without
/// trial division", 1985). R is `2^(32 * W)`. `L` limbs of 30 bits have at least 30 bits more than m.
#[derive(Debug)]
pub struct Modulus<const W: usize, const L: usize> {
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
        // Newton's iteration doubles the correct bits: an odd number is its own inverse modulo 8 (source: `montgomery_native`).
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

    /// Whether the number is below m.
    #[must_use]
    pub fn contains(&self, number: &[u32; W]) -> bool {
        is_below(number, &self.words)
    }

    /// `low + R high` modulo m, for any two numbers below R.
    #[must_use]
    #[inline(never)]
    pub fn reduce_wide(&self, low: &[u32; W], high: &[u32; W]) -> [u32; W] {
        let low = self.montgomery(low, &self.radix);
        let high = self.montgomery(high, &self.radix_squared);
        self.sum(&low, &high)
    }

    /// `a + b` modulo m, for two numbers below m.
    fn sum(&self, a: &[u32; W], b: &[u32; W]) -> [u32; W] {
        let (sum, carry) = add_words(a, b);
        if carry == 1 || !is_below(&sum, &self.words) { subtract_words(&sum, &self.words) } else { sum }
    }

    /// `a b / R` modulo m, below m, for any a below R and b below m.
    fn montgomery(&self, a: &[u32; W], b: &[u32; W]) -> [u32; W] {
        let mut sum = [0; W];
        let top = montgomery(&mut sum, a, b, &self.words, self.minus_inverse);
        if top == 1 || !is_below(&sum, &self.words) { subtract_words(&sum, &self.words) } else { sum }
    }
}

/// Computes [`Modulus::montgomery`] without the last subtraction of m. The words are in `sum`, the word above them is returned. All
/// slices have the same length. Product and reduction share a loop (FIOS in Ç. K. Koç, T. Acar and B. S. Kaliski, "Analyzing and
/// comparing Montgomery multiplication algorithms", 1996).
// INVARIANT: the running sum stays below 2m, so `top` is 0 or 1 after each round: (2m + (2^32 - 1) (b + m)) / 2^32
// < 2m, as b < m.
// Not inlined, so that it is compiled only once for all lengths.
#[inline(never)]
fn montgomery(sum: &mut [u32], a: &[u32], b: &[u32], modulus: &[u32], minus_inverse: u32) -> u64 {
    let (mut top, last) = (0, sum.len() - 1);
    let (a, b, modulus) = (&a[..=last], &b[..=last], &modulus[..=last]);
    for word in a.iter().map(|word| u64::from(*word)) {
        let (first, modulus_first) = (u64::from(sum[0]) + word * u64::from(b[0]), u64::from(modulus[0]));
        let quotient = u64::from(low_word(first).wrapping_mul(minus_inverse));
        // Two carries: together they could exceed 64 bits.
        let mut carry = first >> 32;
        let mut reduction = quotient * modulus_first + u64::from(low_word(first));
        debug_assert!(low_word(reduction) == 0);
        reduction >>= 32;
        for at in 1..=last {
            carry += word * u64::from(b[at]) + u64::from(sum[at]);
            reduction += quotient * u64::from(modulus[at]) + u64::from(low_word(carry));
            sum[at - 1] = low_word(reduction);
            carry >>= 32;
            reduction >>= 32;
        }
        let above = top + carry + reduction;
        sum[last] = low_word(above);
        top = above >> 32;
        debug_assert!(top <= 1);
    }
    top
}

impl<const W: usize, const L: usize> Order<W> for Modulus<W, L> {
    #[inline(never)]
    fn is_unit(&self, number: &[u32; W]) -> bool {
        *number != [0; W] && is_below(number, &self.words)
    }

    // Not inlined, so that it is compiled only once for each length of numbers: docs/decisions/0012.
    #[inline(never)]
    fn quotients(&self, [a, b]: [&[u32; W]; 2], c: &[u32; W]) -> [[u32; W]; 2] {
        let inverse_times_radix = self.montgomery(&self.radix_squared, &self.inverter.invert(c));
        [self.montgomery(a, &inverse_times_radix), self.montgomery(b, &inverse_times_radix)]
    }

    #[inline(never)]
    fn plus(&self, number: &[u32; W], limit: &[u32; W]) -> Option<[u32; W]> {
        let (sum, carry) = add_words(number, &self.words);
        (carry == 0 && is_below(&sum, limit)).then_some(sum)
    }
}

/// The number of digits of `width` bits in a scalar of `bits` bits, including one for the last carry.
#[must_use]
pub const fn digit_count(bits: usize, width: usize) -> usize {
    bits / width + 1
}

/// The digits of a scalar to the base `2^width`, lowest first, each in `-2^(width - 1) + 1 ..= 2^(width - 1)`. Signed digits halve
/// the size of tables (A. D. Booth, 1951).
#[must_use]
pub fn digits(scalar: &[u32], width: usize) -> Vec<i32> {
    let half = 1 << (width - 1);
    let mut carry = 0;
    let digit = |index: usize| {
        let word = |at: usize| u64::from(scalar.get(at).copied().unwrap_or(0));
        let (at, shift) = (index * width / 32, index * width % 32);
        let bits = (word(at) | (word(at + 1) << 32)) >> shift;
        let digit = low_limb(bits.cast_signed(), width) + carry;
        carry = i32::from(digit > half);
        digit - carry * 2 * half
    };
    (0..digit_count(32 * scalar.len(), width)).map(digit).collect()
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
                for (index, digit) in digits(&scalar, width).into_iter().enumerate() {
                    assert!(-half < digit && digit <= half);
                    sum += i128::from(digit) << (index * width);
                }
                assert_eq!(sum, i128::try_from(wide(scalar)).unwrap(), "{width}");
            }
        }
    }
}
