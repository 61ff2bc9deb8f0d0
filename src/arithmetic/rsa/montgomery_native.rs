//! Montgomery multiplication with limbs of 64 bits and products of 128 bits: fast on 64-bit machines, correct on all.
//! Operand scanning: the whole product is computed before its reduction (SOS in Koç, Acar, Kaliski 1996, "Analyzing and comparing
//! Montgomery multiplication algorithms").
#![expect(
    clippy::indexing_slicing,
    reason = "every index depends on the bounded length of the modulus, never on the value of a number"
)]

use alloc::boxed::Box;

use crate::rsa::montgomery::{self, Montgomery};

/// A modulus of `len` limbs; R = 2^(64·`len`).
pub(crate) struct Modulus {
    /// The modulus.
    n: Box<[u64]>,
    /// -n⁻¹ modulo 2^64.
    n0: u64,
    r_squared: Box<[u64]>,
}

/// Little-endian limbs; those from the modulus' length on are zero.
///
/// INVARIANT: a number is below R, not necessarily below n ("almost Montgomery multiplication", Gueron 2012). Only the final result
/// is fully reduced.
pub(crate) type Number = [u64; MAXIMUM_LIMBS];

impl Montgomery for Modulus {
    type Number = Number;

    fn new(n: &[u8], bits: usize) -> Self {
        let len = bits.div_ceil(64);
        let limbs = read(n);
        let mut modulus = Self {
            n: limbs.iter().take(len).copied().collect(),
            n0: negated_inverse(limbs[0]),
            r_squared: Box::default(),
        };
        // 2^(bits-1) is below n. Repeated doubling gives 2·R.
        let mut two = [0; MAXIMUM_LIMBS];
        if let Some(limb) = two.get_mut((bits - 1) / 64) {
            *limb = 1 << ((bits - 1) % 64);
        }
        for _ in bits - 1..64 * len + 1 {
            modulus.double(&mut two);
        }
        let r_squared = montgomery::r_squared(&modulus, &two, 64 * len);
        modulus.r_squared = r_squared.iter().take(len).copied().collect();
        modulus
    }

    fn r_squared(&self) -> Number {
        let mut number = [0; MAXIMUM_LIMBS];
        for (to, from) in number.iter_mut().zip(&self.r_squared) {
            *to = *from;
        }
        number
    }

    fn read(&self, number: &[u8]) -> Number {
        read(number)
    }

    fn square(&self, x: &Number, out: &mut Number) {
        let x = &x[..self.n.len()];
        let mut product = [0; 2 * MAXIMUM_LIMBS];
        let product = &mut product[..2 * x.len()];
        // Each product of two different limbs once …
        for (i, limb) in x.iter().enumerate() {
            // INVARIANT: row i reaches up to limb i + len - 1 of the product; its carry is the first into limb i + len.
            let carry = add_multiple(&mut product[2 * i + 1..], &x[i + 1..], *limb);
            product[i + x.len()] = carry;
        }
        // … doubled, and the squares. No carry is left: the sum is x².
        let (mut shifted, mut carry) = (0, 0);
        for (pair, limb) in product.as_chunks_mut::<2>().0.iter_mut().zip(x) {
            let square = u128::from(*limb) * u128::from(*limb);
            let [low, high] = [pair[0] << 1 | shifted, pair[1] << 1 | pair[0] >> 63];
            shifted = pair[1] >> 63;
            let sum = u128::from(low) + u128::from(lower(square)) + carry;
            pair[0] = lower(sum);
            let sum = u128::from(high) + (square >> 64) + (sum >> 64);
            pair[1] = lower(sum);
            carry = sum >> 64;
        }
        debug_assert!(shifted == 0 && carry == 0, "a square fits into twice the limbs");
        self.reduce(product, out);
    }

    fn multiply(&self, x: &Number, y: &Number, out: &mut Number) {
        let len = self.n.len();
        let mut product = [0; 2 * MAXIMUM_LIMBS];
        let product = &mut product[..2 * len];
        for (i, limb) in x[..len].iter().enumerate() {
            let carry = add_multiple(&mut product[i..], &y[..len], *limb);
            product[i + len] = carry;
        }
        self.reduce(product, out);
    }

    fn write_product(&self, x: &Number, y: &Number, out: &mut [u8]) {
        let mut number = [0; MAXIMUM_LIMBS];
        self.multiply(x, y, &mut number);
        // INVARIANT: x < R and y < n: x·y + q·n < R·n + R·n, so the quotient by R is below 2·n and one subtraction is
        // enough. (If the reduction subtracted already, it is below n.)
        if !is_below(&number[..self.n.len()], &self.n) {
            subtract(&mut number[..self.n.len()], &self.n);
        }
        debug_assert!(is_below(&number[..self.n.len()], &self.n));
        write(&number, out);
    }
}

impl Modulus {
    /// `out` = (`product` + q·n) / R with the one q < R that makes it whole, less n if it reached R.
    fn reduce(&self, product: &mut [u64], out: &mut Number) {
        let len = self.n.len();
        // INVARIANT: both factors are below R: product + q·n < R² + R·n, so the quotient is below R + n: one bit over,
        // and less n it is below R.
        let mut over = 0;
        for i in 0..len {
            let q = product[i].wrapping_mul(self.n0);
            let carry = add_multiple(&mut product[i..], &self.n, q);
            debug_assert_eq!(product[i], 0);
            let sum = u128::from(product[i + len]) + u128::from(carry) + u128::from(over);
            product[i + len] = lower(sum);
            over = lower(sum >> 64);
        }
        debug_assert!(over <= 1);
        out[..len].copy_from_slice(&product[len..]);
        if over == 1 {
            let borrow = subtract(&mut out[..len], &self.n);
            debug_assert!(borrow, "the bit over is taken back");
        }
    }

    /// Doubles a number below n modulo n.
    fn double(&self, number: &mut Number) {
        let number = &mut number[..self.n.len()];
        let mut over = 0;
        for limb in &mut *number {
            (*limb, over) = (*limb << 1 | over, *limb >> 63);
        }
        if over == 1 || !is_below(number, &self.n) {
            subtract(number, &self.n);
        }
        debug_assert!(is_below(number, &self.n));
    }
}

/// `sum` += `factor` · `number`; returns the carry into the next limb. Only as many limbs as `number` has change.
#[inline]
fn add_multiple(sum: &mut [u64], number: &[u64], factor: u64) -> u64 {
    let mut carry = 0;
    for (sum, limb) in sum.iter_mut().zip(number) {
        // INVARIANT: (2^64 - 1)² + 2·(2^64 - 1) = 2^128 - 1.
        let wide = u128::from(*limb) * u128::from(factor) + u128::from(*sum) + carry;
        *sum = lower(wide);
        carry = wide >> 64;
    }
    lower(carry)
}

/// `a` -= `b`, of the same length; returns whether the result is negative.
fn subtract(a: &mut [u64], b: &[u64]) -> bool {
    let mut borrow = false;
    for (a, b) in a.iter_mut().zip(b) {
        let (difference, first) = a.overflowing_sub(*b);
        let (difference, second) = difference.overflowing_sub(u64::from(borrow));
        *a = difference;
        borrow = first || second;
    }
    borrow
}

/// Whether `a` < `b`, of the same length.
fn is_below(a: &[u64], b: &[u64]) -> bool {
    a.iter().rev().lt(b.iter().rev())
}

/// -n⁻¹ modulo 2^64 by Newton's iteration: n is its own inverse modulo 8, and each step doubles the correct bits (J.-G. Dumas, "On
/// Newton-Raphson iteration for multiplicative inverses modulo prime powers", 2014).
fn negated_inverse(n: u64) -> u64 {
    let mut inverse = n;
    for _ in 0..5 {
        inverse = inverse.wrapping_mul(2_u64.wrapping_sub(n.wrapping_mul(inverse)));
    }
    debug_assert_eq!(n.wrapping_mul(inverse), 1);
    inverse.wrapping_neg()
}

fn read(bytes: &[u8]) -> Number {
    let mut number = [0; MAXIMUM_LIMBS];
    debug_assert!(bytes.len() <= 8 * number.len());
    for (limb, bytes) in number.iter_mut().zip(bytes.rchunks(8)) {
        *limb = bytes.iter().fold(0, |limb, byte| limb << 8 | u64::from(*byte));
    }
    number
}

fn write(number: &Number, bytes: &mut [u8]) {
    for (limb, bytes) in number.iter().zip(bytes.rchunks_mut(8)) {
        for (byte, from) in bytes.iter_mut().rev().zip(limb.to_le_bytes()) {
            *byte = from;
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half is wanted")]
fn lower(wide: u128) -> u64 {
    wide as u64
}

/// 8192 bits.
const MAXIMUM_LIMBS: usize = 128;
