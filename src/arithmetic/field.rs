//! What the curves' formulas ask of a field: elements enter, an element leaves.

use alloc::vec::Vec;

use crate::jacobian::{Affine, Jacobian};

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

    /// [`Jacobian::doubled`] over this field.
    fn double_of(point: &Jacobian<Self>) -> Jacobian<Self>;

    /// [`Jacobian::plus_other`] over this field.
    fn sum_of_others(point: &Jacobian<Self>, other: &Affine<Self>) -> Jacobian<Self>;

    /// [`Affine::chord_to`] over this field.
    fn third_of(a: &Affine<Self>, b: &Affine<Self>, slope: &Self) -> Affine<Self>;

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
mod tests {
    use super::*;
    use crate::limbs::{add_words, is_below, subtract_words};
    use crate::random::Random;
    use crate::scalar::{Modulus, Order};
    use crate::{field_p256, field_p384, field_p521};

    /// Arithmetic by words, without limbs that carry lazily.
    struct Plain<const W: usize, const L: usize> {
        modulus: Modulus<W, L>,
        prime: [u32; W],
    }

    impl<const W: usize, const L: usize> Plain<W, L> {
        fn plus(&self, a: &[u32; W], b: &[u32; W]) -> [u32; W] {
            let (sum, carry) = add_words(a, b);
            if carry == 1 || !is_below(&sum, &self.prime) { subtract_words(&sum, &self.prime) } else { sum }
        }

        fn minus(&self, a: &[u32; W], b: &[u32; W]) -> [u32; W] {
            if *b == [0; W] { *a } else { self.plus(a, &subtract_words(&self.prime, b)) }
        }

        fn times(&self, a: &[u32; W], b: &[u32; W]) -> [u32; W] {
            if *b == [0; W] {
                return *b;
            }
            let [inverse, _] = self.modulus.quotients([&number(1), &number(1)], b);
            self.modulus.quotients([a, a], &inverse)[0]
        }

        /// Numbers below the prime: its edges, those of words and of limbs, and some by chance.
        fn numbers(&self) -> Vec<[u32; W]> {
            let mut numbers = [0, 1, 2, 8].map(number).to_vec();
            numbers.extend([1, 2, 3].map(|less| subtract_words(&self.prime, &number(less))));
            for bit in (0..32 * W).step_by(32).chain((0..32 * W).step_by(28)).chain((0..32 * W).step_by(29)) {
                let mut power = [0; W];
                power[bit / 32] = 1 << (bit % 32);
                numbers.extend([power, subtract_words(&power, &number(1))]);
            }
            let mut random = Random::seeded(521);
            for _ in 0..10 {
                let mut words: [u32; W] = random.words();
                words[W - 1] &= self.prime[W - 1];
                numbers.push(words);
            }
            numbers.retain(|number| is_below(number, &self.prime));
            assert!(numbers.len() > 4 * W);
            numbers
        }
    }

    fn number<const W: usize>(low: u32) -> [u32; W] {
        let mut words = [0; W];
        words[0] = low;
        words
    }

    fn agrees_with_words<F: Field, const W: usize, const L: usize>(prime: [u32; W]) {
        let plain: Plain<W, L> = Plain { modulus: Modulus::new(prime), prime };
        let numbers = plain.numbers();
        let eight = number(8);
        for (index, a) in numbers.iter().enumerate() {
            let element = F::from_words(a).unwrap();
            assert_eq!(element.to_words(), a);
            assert_eq!(element.is_zero(), *a == [0; W]);
            assert_eq!(element.squared().to_words(), plain.times(a, a));
            let one_or_none = if element.is_zero() { number(0) } else { number::<W>(1) };
            assert_eq!(element.inverted().times(&element).to_words(), one_or_none);
            for (other, b) in numbers.iter().enumerate() {
                let c = &numbers[(index + other) % numbers.len()];
                let [x, y, z] = [a, b, c].map(|number| F::from_words(number).unwrap());
                assert_eq!(x.times(&y).to_words(), plain.times(a, b));
                let (ab, bc) = (plain.minus(a, b), plain.minus(b, c));
                let (xy, yz) = (x.minus(&y), y.minus(&z));
                assert_eq!(xy.to_words(), ab);
                assert_eq!(xy.times(&yz).to_words(), plain.times(&ab, &bc));
                let expected = plain.minus(&plain.times(&ab, &bc), c);
                assert_eq!(F::product_less([&xy, &yz], &z).to_words(), expected);
                let expected = plain.minus(&plain.minus(&plain.times(&ab, &ab), b), &plain.plus(c, c));
                assert_eq!(xy.square_less(&y, (2, &z)).to_words(), expected);
                let expected = plain.plus(&plain.times(&ab, &eight), &plain.times(c, &eight));
                assert_eq!(F::sum(&[(8, &x), (-8, &y), (8, &z)]).to_words(), expected);
            }
        }
        for too_large in
            [0, 1, 8].map(|more| add_words(&prime, &number(more)).0).into_iter().chain([[u32::MAX; W]])
        {
            assert!(F::from_words(&too_large).is_none());
        }
    }

    #[test]
    fn p256_computes_as_words_do() {
        agrees_with_words::<field_p256::P256Field, 8, 9>(field_p256::PRIME);
    }

    #[test]
    fn p384_computes_as_words_do() {
        agrees_with_words::<field_p384::P384Field, 12, 13>(field_p384::PRIME);
    }

    #[test]
    fn p521_computes_as_words_do() {
        agrees_with_words::<field_p521::P521Field, 17, 19>(field_p521::PRIME);
    }
}
