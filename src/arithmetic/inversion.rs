//! Computes inverses modulo an odd number.
//!
//! Division steps of D. J. Bernstein and B.-Y. Yang, "Fast constant-time gcd computation and modular inversion" (2019),
//! 30 at a time on the lowest bits, in variable time, in the form of P. Wuille, "The safegcd implementation
//! in libsecp256k1 explained". A step on `(delta, f, g)`, f odd, gives `(1 - delta, g, (g - f) / 2)` for delta > 0 and
//! odd g, else `(1 + delta, f, (g + (g mod 2) f) / 2)`. It keeps gcd(f, g), and g becomes zero.
#![expect(clippy::indexing_slicing, reason = "the indices are counters below the arrays' constant lengths")]

use crate::limbs::{limbs_from_words, low_limb, narrow, words_from_limbs};

/// An odd modulus that is at least 30 bits shorter than `L` limbs of 30 bits.
#[derive(Debug)]
pub(crate) struct Inverter<const L: usize> {
    modulus: [i32; L],
    /// The inverse of the modulus modulo `2^30`.
    low_inverse: i32,
}

impl<const L: usize> Inverter<L> {
    pub(crate) const fn new(modulus: &[u32]) -> Self {
        let modulus = limbs_from_words(modulus, WIDTH);
        // Newton's iteration doubles the correct bits: an odd number is its own inverse modulo 8 (source: `montgomery_native`).
        let (low, mut inverse, mut round) = (modulus[0], modulus[0], 0);
        while round < 4 {
            inverse = inverse.wrapping_mul(2_i32.wrapping_sub(low.wrapping_mul(inverse)));
            round += 1;
        }
        Self { modulus, low_inverse: inverse & MASK }
    }

    /// Returns the inverse, below the modulus, or zero for zero. The number must be below the modulus and coprime to it.
    pub(crate) fn invert<const W: usize>(&self, number: &[u32; W]) -> [u32; W] {
        let (mut f, mut g) = (self.modulus, limbs_from_words(number, WIDTH));
        // INVARIANT: f = d x and g = e x modulo the modulus, where x is the number.
        let (mut d, mut e) = ([0; L], [0; L]);
        e[0] = 1;
        let mut eta = -1;
        // Ends after at most (49 b + 57) / 17 steps for b bits, b ≥ 46 (Bernstein and Yang, theorem 11.2).
        let mut steps = 0;
        while g != [0; L] {
            let matrix = Matrix::of_thirty_steps(&mut eta, f[0], g[0]);
            self.apply_modulo(&matrix, &mut d, &mut e);
            apply(&matrix, &mut f, &mut g);
            steps += WIDTH;
            debug_assert!(steps <= (49 * 32 * W + 57) / 17 + WIDTH);
        }
        // f is the gcd or its negative.
        self.bring_into_range(&mut d, f[L - 1] < 0);
        words_from_limbs(&d, WIDTH)
    }

    /// `(d, e)` times the matrix, divided by `2^30` modulo the modulus.
    // INVARIANT: both are in (-2m, m) before and after. The rows of a matrix have |u| + |v| ≤ 2^30, so after adding m to
    // negative values |u d + v e| < 2^30 m. The multiple of m that makes it divisible is at most 2^30 m.
    fn apply_modulo(&self, matrix: &Matrix, d: &mut [i32; L], e: &mut [i32; L]) {
        (*d, *e) = (self.row_modulo(matrix.f, d, e), self.row_modulo(matrix.g, d, e));
    }

    #[inline(always)]
    fn row_modulo(&self, [u, v]: [i64; 2], d: &[i32; L], e: &[i32; L]) -> [i32; L] {
        let extra = u * i64::from(d[L - 1] < 0) + v * i64::from(e[L - 1] < 0);
        let low = u * i64::from(d[0]) + v * i64::from(e[0]);
        let rest = i64::from(self.low_inverse) * i64::from(low_limb(low, WIDTH)) + extra;
        let multiple = extra - i64::from(low_limb(rest, WIDTH));
        let mut result = [0; L];
        let mut carry = (low + multiple * i64::from(self.modulus[0])) >> WIDTH;
        for at in 1..L {
            carry += u * i64::from(d[at]) + v * i64::from(e[at]) + multiple * i64::from(self.modulus[at]);
            result[at - 1] = low_limb(carry, WIDTH);
            carry >>= WIDTH;
        }
        result[L - 1] = narrow(carry);
        result
    }

    /// Reduces a value in (-2m, m), optionally negated, to 0..m.
    fn bring_into_range(&self, number: &mut [i32; L], negate: bool) {
        let sum = |number: &[i32; L], sign: i64, plus_modulus: bool| {
            let (mut result, mut carry) = ([0; L], 0);
            for at in 0..L {
                carry += sign * i64::from(number[at]) + i64::from(plus_modulus) * i64::from(self.modulus[at]);
                result[at] = if at == L - 1 { narrow(carry) } else { low_limb(carry, WIDTH) };
                carry >>= WIDTH;
            }
            result
        };
        *number = sum(number, 1, number[L - 1] < 0);
        *number = sum(number, if negate { -1 } else { 1 }, false);
        *number = sum(number, 1, number[L - 1] < 0);
    }
}

/// `(f, g)` times the matrix, divided by `2^30` without remainder.
fn apply<const L: usize>(matrix: &Matrix, f: &mut [i32; L], g: &mut [i32; L]) {
    (*f, *g) = (row(matrix.f, f, g), row(matrix.g, f, g));
}

#[inline(always)]
fn row<const L: usize>([u, v]: [i64; 2], f: &[i32; L], g: &[i32; L]) -> [i32; L] {
    let mut carry = u * i64::from(f[0]) + v * i64::from(g[0]);
    debug_assert!(low_limb(carry, WIDTH) == 0);
    carry >>= WIDTH;
    let mut result = [0; L];
    for at in 1..L {
        carry += u * i64::from(f[at]) + v * i64::from(g[at]);
        result[at - 1] = low_limb(carry, WIDTH);
        carry >>= WIDTH;
    }
    result[L - 1] = narrow(carry);
    result
}

/// The matrix of 30 division steps, times `2^30`: the new f and the new g in terms of `[f, g]`.
struct Matrix {
    f: [i64; 2],
    g: [i64; 2],
}

impl Matrix {
    /// Computes the matrix from the lowest 30 bits of f and g. `eta` is -delta.
    fn of_thirty_steps(eta: &mut i32, f: i32, g: i32) -> Self {
        let (mut f, mut g) = (f, g);
        let (mut to_f, mut to_g) = ([1_i32, 0], [0, 1_i32]);
        let mut left = 30;
        loop {
            // Does all steps with an even g at once, up to the number of remaining steps.
            let zeros = (g.cast_unsigned() | (u32::MAX << left)).trailing_zeros();
            g >>= zeros;
            to_f = to_f.map(|entry| entry << zeros);
            left -= zeros;
            *eta -= zeros.cast_signed();
            if left == 0 {
                break;
            }
            if *eta < 0 {
                *eta = -*eta;
                (f, g) = (g, f.wrapping_neg());
                (to_f, to_g) = (to_g, to_f.map(i32::wrapping_neg));
            }
            // f does not change until delta changes its sign again. Adding the multiple of f that clears the lowest bits of g
            // does as many steps at once. 1/f = f (2 - f²) modulo 64.
            let clear = (*eta + 1).cast_unsigned().min(left).min(6);
            let minus_quotient = g.wrapping_mul(f).wrapping_mul(f.wrapping_mul(f).wrapping_sub(2));
            let multiple = minus_quotient & ((1 << clear) - 1);
            g = g.wrapping_add(f.wrapping_mul(multiple));
            for (entry, add) in to_g.iter_mut().zip(to_f) {
                *entry = entry.wrapping_add(add.wrapping_mul(multiple));
            }
        }
        Self { f: to_f.map(i64::from), g: to_g.map(i64::from) }
    }
}

const WIDTH: usize = 30;
const MASK: i32 = (1 << WIDTH) - 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_inverse_modulo_a_small_prime_is_found() {
        let inverter: Inverter<9> = Inverter::new(&[1009, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(inverter.invert(&[0; 8]), [0; 8]);
        for number in 1..1009 {
            let mut words = [0; 8];
            words[0] = number;
            let [inverse, rest @ ..] = inverter.invert(&words);
            assert!(inverse < 1009 && rest == [0; 7]);
            assert_eq!(inverse * number % 1009, 1, "{number}");
        }
    }
}
