//! What the curves' formulas ask of a field: elements enter, an element leaves.

pub mod f25519;
pub mod p256;
pub mod p384;
pub mod p521;

use alloc::vec::Vec;

/// An element that can be inverted.
pub trait Invertible: Copy {
    /// The neutral element of multiplication.
    const ONE: Self;

    /// The product of two that are each tidy or the difference of two tidy ones.
    fn times(&self, other: &Self) -> Self;

    /// Whether it is zero modulo p.
    fn is_zero(&self) -> bool;

    /// The inverse, or zero for zero.
    fn inverted(&self) -> Self;
}

/// An element of a NIST curve's prime field. Limbs carry lazily, so each operation says what it takes and gives: *tidy* is what a
/// product and [`Field::sum`] give.
pub trait Field: Invertible + Send + Sync + 'static {
    /// The element of a number, or nothing if it is not below p. Takes exactly the field's words.
    fn from_words(words: &[u32]) -> Option<Self>;

    /// The square; takes what [`Invertible::times`] takes.
    fn squared(&self) -> Self;

    /// The difference of two tidy elements; it is not tidy itself.
    fn minus(&self, other: &Self) -> Self;

    /// The sum of up to three multiples, with factors of magnitude 8 at most, tidy.
    fn sum(terms: &[(i32, &Self)]) -> Self;

    /// The first limb and the last, in one: to look at them is to have the processor fetch all that lies between.
    fn ends(&self) -> i32;

    /// The negative of a tidy element; it may be used like the difference of two.
    fn negated(&self) -> Self {
        Self::sum(&[(-1, self)])
    }

    /// `a b - c`, tidy; a and b are what [`Invertible::times`] takes, c is tidy or the negative of a tidy one.
    fn product_less([a, b]: [&Self; 2], c: &Self) -> Self {
        Self::sum(&[(1, &a.times(b)), (-1, c)])
    }

    /// `a² - b - f c`, tidy; a is what [`Invertible::times`] takes, b and c are tidy, f is 1 or 2.
    fn square_less(&self, b: &Self, (factor, c): (i32, &Self)) -> Self {
        Self::sum(&[(1, &self.squared()), (-1, b), (-factor, c)])
    }

    /// The number, below p.
    #[cfg(any(test, feature = "for-tests"))]
    fn to_words(&self) -> Vec<u32>;
}

/// Replaces each element by its inverse with one inversion in all (P. L. Montgomery, "Speeding the Pollard and elliptic
/// curve methods of factorization", 1987); nothing, and no element is changed, if one of them is zero.
pub fn invert_all<F: Invertible>(elements: &mut [F]) -> Option<()> {
    let mut product = F::ONE;
    let mut before = Vec::with_capacity(elements.len());
    for element in &*elements {
        before.push(product);
        product = product.times(element);
    }
    if product.is_zero() {
        return None;
    }
    let mut inverse = product.inverted();
    for (element, before) in elements.iter_mut().zip(before).rev() {
        let next = inverse.times(element);
        *element = inverse.times(&before);
        inverse = next;
    }
    Some(())
}

#[cfg(test)]
mod tests;
