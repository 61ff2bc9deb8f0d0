//! What the curves' formulas ask of a field: elements enter, an element leaves.

use alloc::vec::Vec;

/// An element that can be inverted.
pub(crate) trait Invertible: Copy {
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
pub(crate) trait Field: Invertible + Send + Sync + 'static {
    /// The element of a number, or nothing if it is not below p. Takes exactly the field's words.
    fn from_words(words: &[u32]) -> Option<Self>;

    /// The square; takes what [`Invertible::times`] takes.
    fn squared(&self) -> Self;

    /// `a b - c d` with one reduction; takes what [`Invertible::times`] takes.
    fn difference_of_products(minuend: [&Self; 2], subtrahend: [&Self; 2]) -> Self;

    /// The difference of two tidy elements; it is not tidy itself.
    fn minus(&self, other: &Self) -> Self;

    /// The sum of multiples, with factors of magnitude 8 at most, tidy.
    fn sum<const K: usize>(terms: [(i32, &Self); K]) -> Self;

    /// The number, below p.
    #[cfg(test)]
    fn to_words(&self) -> Vec<u32>;
}

/// Replaces each element by its inverse with one inversion in all (P. L. Montgomery, "Speeding the Pollard and elliptic
/// curve methods of factorization", 1987). None may be zero.
pub(crate) fn invert_all<F: Invertible>(elements: &mut [F]) {
    let mut product = F::ONE;
    let mut before = Vec::with_capacity(elements.len());
    for element in &*elements {
        before.push(product);
        product = product.times(element);
    }
    debug_assert!(!product.is_zero());
    let mut inverse = product.inverted();
    for (element, before) in elements.iter_mut().zip(before).rev() {
        let next = inverse.times(element);
        *element = inverse.times(&before);
        inverse = next;
    }
}
