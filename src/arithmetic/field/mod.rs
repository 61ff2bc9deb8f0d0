//! The prime fields of the curves, and the operations that the curves' formulas use.

pub mod f25519;
pub mod p256;
pub mod p384;
pub mod p521;

use alloc::vec::Vec;

/// An element that can be inverted.
pub trait Invertible: Copy {
    /// The neutral element of multiplication.
    const ONE: Self;

    /// The product. Each factor is tidy or the difference of two tidy elements.
    fn times(&self, other: &Self) -> Self;

    /// Whether it is zero modulo p.
    fn is_zero(&self) -> bool;

    /// The inverse, or zero for zero.
    fn inverted(&self) -> Self;
}

/// An element of the prime field of a NIST curve. Carries are lazy, so each operation documents the bounds of its operands and its
/// result. The results of products and of [`Field::sum`] are *tidy*.
pub trait Field: Invertible + Send + Sync + 'static {
    /// The element of a number, or `None` if it is not below p. `words` must have exactly as many words as the field.
    fn from_words(words: &[u32]) -> Option<Self>;

    /// The square. The bounds are those of [`Invertible::times`].
    fn squared(&self) -> Self;

    /// The difference of two tidy elements. The result is not tidy.
    fn minus(&self, other: &Self) -> Self;

    /// The sum of up to three multiples of elements, with factors of a magnitude of at most 8. The result is tidy.
    fn sum(terms: &[(i32, &Self)]) -> Self;

    /// Combines the first and the last limb. Reading both makes the processor load the whole element.
    fn ends(&self) -> i32;

    /// The negative of a tidy element. It counts as the difference of two tidy elements.
    fn negated(&self) -> Self {
        Self::sum(&[(-1, self)])
    }

    /// `a b - c`, tidy. The bounds of a and b are those of [`Invertible::times`]; c is tidy or the negative of a tidy element.
    fn product_less([a, b]: [&Self; 2], c: &Self) -> Self {
        Self::sum(&[(1, &a.times(b)), (-1, c)])
    }

    /// `a² - b - f c`, tidy. The bounds of a are those of [`Invertible::times`]; b and c are tidy, f is 1 or 2.
    fn square_less(&self, b: &Self, (factor, c): (i32, &Self)) -> Self {
        Self::sum(&[(1, &self.squared()), (-1, b), (-factor, c)])
    }

    /// The number, below p.
    #[cfg(any(test, feature = "for-tests"))]
    fn to_words(&self) -> Vec<u32>;
}

/// Replaces each element by its inverse, with a single inversion (P. L. Montgomery, "Speeding the Pollard and elliptic
/// curve methods of factorization", 1987). Returns `None` and changes nothing if one of them is zero.
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
