//! Powers modulo an odd number, in Montgomery form, and the trait of the kernels. The kernels differ in the width of their limbs.
//!
//! Signatures, moduli and exponents are public, so nothing here runs in constant time.

/// A prepared modulus n. Products are divided by R, a power of two above n (Montgomery 1985, "Modular multiplication without
/// trial division").
pub(crate) trait Montgomery {
    /// A residue modulo n, not necessarily the smallest one.
    type Number: Clone;

    /// Prepares an odd modulus of `bits` bits, 64 < `bits` ≤ 8192, big-endian, first byte not zero.
    fn new(n: &[u8], bits: usize) -> Self;
    /// R² modulo n.
    fn r_squared(&self) -> Self::Number;
    /// Reads a big-endian number below n.
    fn read(&self, number: &[u8]) -> Self::Number;
    /// `out` = `x`² / R.
    fn square(&self, x: &Self::Number, out: &mut Self::Number);
    /// `out` = `x` · `y` / R.
    fn multiply(&self, x: &Self::Number, y: &Self::Number, out: &mut Self::Number);
    /// Writes `x` · `y` / R modulo n, the smallest residue, big-endian, with leading zeros. `y` must be below n, as
    /// [`Montgomery::read`] gives it.
    fn write_product(&self, x: &Self::Number, y: &Self::Number, out: &mut [u8]);
}

/// `base`^`e` modulo n into `out`, which is as long as n. `base` < n; `e` is odd and at least 3.
///
/// Square and multiply, from the left. Because `e` is odd, the last multiplication is by `base` itself, which is not in Montgomery
/// form. This also converts the result: e = 65537 takes 16 squarings and 1 multiplication, besides the conversion of `base`.
pub(crate) fn power<M: Montgomery>(modulus: &M, base: &[u8], e: u32, out: &mut [u8]) {
    debug_assert!(e % 2 == 1 && e >= 3);
    let base = modulus.read(base);
    let r_squared = modulus.r_squared();
    let mut entered = base.clone();
    modulus.multiply(&base, &r_squared, &mut entered);
    let (mut first, mut second) = (entered.clone(), r_squared);
    let (mut x, mut next) = (&mut first, &mut second);
    for bit in (0..e.ilog2()).rev() {
        modulus.square(x, next);
        core::mem::swap(&mut x, &mut next);
        if bit > 0 && e >> bit & 1 == 1 {
            modulus.multiply(x, &entered, next);
            core::mem::swap(&mut x, &mut next);
        }
    }
    modulus.write_product(x, &base, out);
}

/// R² modulo n from `two`, which is 2·R modulo n, and R = 2^`r_bits`: that is R·2^`r_bits`, the Montgomery form of a
/// power of 2.
pub(crate) fn r_squared<M: Montgomery>(modulus: &M, two: &M::Number, r_bits: usize) -> M::Number {
    let (mut x, mut next) = (two.clone(), two.clone());
    for bit in (0..r_bits.ilog2()).rev() {
        modulus.square(&x, &mut next);
        core::mem::swap(&mut x, &mut next);
        if r_bits >> bit & 1 == 1 {
            modulus.multiply(&x, two, &mut next);
            core::mem::swap(&mut x, &mut next);
        }
    }
    x
}

#[cfg(test)]
mod tests;
