//! Tests of `mod.rs`.

use super::*;
use crate::limbs::{add_words, is_below, subtract_words};
use crate::limbs::{carried, limbs_from_words, widest};
use crate::point::jacobian::{Affine, Jacobian};
use crate::random::Random;
use crate::reference::{Limbs, Reference};
use crate::scalar::{Modulus, Order};
use crate::{field::p256, field::p384, field::p521};

/// Arithmetic with words, without lazy carries.
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

    /// Numbers below the prime: its edges, those of words and of limbs, and random ones.
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
    agrees_with_words::<p256::P256Field, 8, 9>(p256::PRIME);
}

#[test]
fn p384_computes_as_words_do() {
    agrees_with_words::<p384::P384Field, 12, 13>(p384::PRIME);
}

#[test]
fn p521_computes_as_words_do() {
    agrees_with_words::<p521::P521Field, 17, 19>(p521::PRIME);
}

/// The last limbs that a product may have, according to each field's comments.
fn last_limbs<F: Limbs>() -> [i32; 2] {
    // What a product of two factors of magnitude 4 2^bits passes the prime by, either way, once it is divided by the radix, and
    // one for what their other limbs add.
    let bits = F::prime().len() * 32 - F::prime().last().unwrap().leading_zeros() as usize;
    let top = 1 << (bits - F::WIDTH * (F::COUNT - 1));
    let more = i32::try_from((16 * u64::try_from(top).unwrap()) >> (F::RADIX_BITS - bits)).unwrap();
    [-more - 1, top + more]
}

/// Tidy elements at the edges: limbs of ones and of zeros, with the smallest and the largest last limbs.
fn tidy<F: Limbs>() -> Vec<F> {
    let ones = i32::try_from((1_u64 << F::WIDTH) - 1).unwrap();
    let [lowest, highest] = last_limbs::<F>();
    let mut elements = Vec::new();
    for last in [lowest, -1, 0, 1, highest] {
        for below in [[ones; 2], [0; 2], [ones, 0], [0, ones], [1, ones - 1]] {
            let mut limbs: Vec<i32> = (0..F::COUNT).map(|at| below[at % 2]).collect();
            limbs[F::COUNT - 1] = last;
            elements.push(F::from_limbs(&limbs));
        }
    }
    elements
}

#[track_caller]
fn is_tidy<F: Limbs>(element: &F) {
    let limbs = element.limbs();
    let (last, below) = limbs.split_last().unwrap();
    let [lowest, highest] = last_limbs::<F>();
    assert!(below.iter().all(|limb| *limb >= 0 && limb >> F::WIDTH == 0), "{limbs:x?}");
    assert!((lowest..=highest).contains(last), "{limbs:x?}");
}

/// Checks that the number is the product of two elements, divided by the radix, minus another.
#[track_caller]
fn is_the_product<F: Limbs>(reference: &Reference, found: &F, [a, b]: [&F; 2], less: &[(i32, &F)]) {
    is_tidy(found);
    let product = reference.times(&reference.of(a), &reference.of(b));
    let found = less.iter().fold(reference.of(found), |sum, (factor, term)| {
        reference.plus(&sum, &reference.multiple(*factor, &reference.of(*term)))
    });
    assert!(reference.shifted(&found, F::RADIX_BITS) == product);
}

/// Checks that the number is the sum.
#[track_caller]
fn is_the_sum<F: Limbs>(reference: &Reference, found: &F, terms: &[(i32, &F)]) {
    is_tidy(found);
    let sum = terms.iter().fold(reference.of_small(0), |sum, (factor, term)| {
        reference.plus(&sum, &reference.multiple(*factor, &reference.of(*term)))
    });
    assert!(reference.of(found) == sum);
}

/// Checks that the words are below the prime, and are the number of the limbs converted from Montgomery form.
#[track_caller]
fn has_its_words<F: Field + Limbs>(reference: &Reference, element: &F) {
    let words = element.to_words();
    assert!(is_below(&words, &F::prime()));
    assert_eq!(element.is_zero(), words.iter().all(|word| *word == 0));
    assert!(reference.shifted(&reference.of_words(&words), F::RADIX_BITS) == reference.of(element));
}

/// Multiplies limbs that are as large as the bounds of the field allow.
fn holds_at_its_bounds<F: Field + Limbs>() {
    let reference = Reference::new(&F::prime());
    let tidy = tidy::<F>();
    for (a, b) in F::largest_pairs() {
        is_the_product(&reference, &a.times(&b), [&a, &b], &[]);
        if widest(&a.limbs()) == widest(&b.limbs()) {
            is_the_product(&reference, &a.squared(), [&a, &a], &[]);
        }
    }
    for a in &tidy {
        is_the_sum(&reference, &F::sum(&[(-1, a)]), &[(-1, a)]);
        has_its_words(&reference, a);
        for b in &tidy {
            let ab = a.minus(b);
            has_its_words(&reference, &ab);
            is_the_product(&reference, &ab.squared(), [&ab, &ab], &[]);
            for signs in [[1, 1, 1], [-1, -1, -1], [1, -1, 1], [-1, 1, 1]] {
                let terms = [(8 * signs[0], a), (8 * signs[1], b), (8 * signs[2], a)];
                is_the_sum(&reference, &F::sum(&terms), &terms);
            }
            for c in tidy.iter().step_by(3) {
                let negative = c.negated();
                is_the_product(
                    &reference,
                    &F::product_less([&ab, &negative], c),
                    [&ab, &negative],
                    &[(1, c)],
                );
                let found = F::product_less([&ab, &ab], &negative);
                is_the_product(&reference, &found, [&ab, &ab], &[(1, &negative)]);
                is_the_product(&reference, &ab.square_less(b, (2, c)), [&ab, &ab], &[(1, b), (2, c)]);
            }
        }
    }
}

/// Numbers around zero, the prime and its double, as limbs, and their negatives.
fn meets_the_edges_of_its_prime<F: Field + Limbs, const W: usize, const N: usize>(prime: [u32; W]) {
    let reference = Reference::new(&prime);
    let mut edges = Vec::new();
    for around in [0, 1, 2] {
        for off in [-2, -1, 0, 1, 2] {
            let limbs: [i32; N] = limbs_from_words(&prime, F::WIDTH);
            let mut columns = limbs.map(|limb| around * i64::from(limb));
            columns[0] += off;
            let limbs = carried(columns, F::WIDTH);
            edges.push(F::from_limbs(&limbs));
            edges.push(F::from_limbs(&limbs.map(|limb| -limb)));
        }
    }
    for a in &edges {
        has_its_words(&reference, a);
        for b in &edges {
            is_the_product(&reference, &a.times(b), [a, b], &[]);
        }
    }
    assert_eq!(edges.iter().filter(|edge| edge.is_zero()).count(), 6);
}

/// Runs chains of operations like those of the formulas, starting at the edges: each result is used as a term or factor again.
fn chains_agree<F: Field + Limbs>() {
    let reference = Reference::new(&F::prime());
    let mut random = Random::seeded(384);
    let mut elements = tidy::<F>();
    let fixed = elements.len();
    elements.extend_from_within(..);
    for _ in 0..5000 {
        let [a, b, c, d] = [(); 4].map(|()| elements[random.below(elements.len())]);
        let [f, g, h] = [(); 3].map(|()| i32::try_from(random.below(17)).unwrap() - 8);
        let (ab, cd) = (a.minus(&b), c.minus(&d));
        let found = match random.below(6) {
            0 => {
                let terms = [(f, &a), (g, &b), (h, &c)];
                let sum = F::sum(&terms);
                is_the_sum(&reference, &sum, &terms);
                sum
            }
            1 => {
                let product = F::product_less([&ab, &cd], &b);
                is_the_product(&reference, &product, [&ab, &cd], &[(1, &b)]);
                product
            }
            2 => {
                let square = ab.square_less(&c, (2, &d));
                is_the_product(&reference, &square, [&ab, &ab], &[(1, &c), (2, &d)]);
                square
            }
            3 => {
                let square = cd.squared();
                is_the_product(&reference, &square, [&cd, &cd], &[]);
                square
            }
            4 => {
                let product = a.times(&cd);
                is_the_product(&reference, &product, [&a, &cd], &[]);
                product
            }
            _ => {
                let product = a.times(&b.negated());
                is_the_product(&reference, &product, [&a, &b.negated()], &[]);
                product
            }
        };
        has_its_words(&reference, &found);
        let at = fixed + random.below(fixed);
        elements[at] = found;
    }
}

/// The formulas for points hold for any numbers. They must give equal results for the widest limbs of a number and for its usual ones.
fn formulas_take_the_widest_limbs<F: Field + Limbs>() {
    let tidy = tidy::<F>();
    let usual = |element: &F| F::from_words(&element.to_words()).unwrap();
    let words = |elements: &[F]| -> Vec<_> { elements.iter().map(Field::to_words).collect() };
    for x in &tidy {
        for y in &tidy {
            for z in tidy.iter().step_by(3) {
                let (point, other) = (Jacobian { x: *x, y: *y, z: *z }, Affine { x: *z, y: *x });
                let usual_point = Jacobian { x: usual(x), y: usual(y), z: usual(z) };
                let usual_other = Affine { x: usual(z), y: usual(x) };
                for negative in [false, true] {
                    let (other, usual_other) = (other.negated_if(negative), usual_other.negated_if(negative));
                    let (sum, expected) = (point.plus_other(&other), usual_point.plus_other(&usual_other));
                    [sum.x, sum.y, sum.z].iter().for_each(is_tidy);
                    assert_eq!(words(&[sum.x, sum.y, sum.z]), words(&[expected.x, expected.y, expected.z]));
                }
                let (double, expected) = (point.doubled(), usual_point.doubled());
                [double.x, double.y, double.z].iter().for_each(is_tidy);
                assert_eq!(
                    words(&[double.x, double.y, double.z]),
                    words(&[expected.x, expected.y, expected.z])
                );
                let third = Affine { x: *x, y: *y }.chord_to(&other, z);
                let expected = Affine { x: usual(x), y: usual(y) }.chord_to(&usual_other, &usual(z));
                [third.x, third.y].iter().for_each(is_tidy);
                assert_eq!(words(&[third.x, third.y]), words(&[expected.x, expected.y]));
            }
        }
    }
}

#[test]
fn p256_holds_at_its_bounds() {
    holds_at_its_bounds::<p256::P256Field>();
    meets_the_edges_of_its_prime::<p256::P256Field, 8, 9>(p256::PRIME);
    chains_agree::<p256::P256Field>();
    formulas_take_the_widest_limbs::<p256::P256Field>();
}

#[test]
fn p384_holds_at_its_bounds() {
    holds_at_its_bounds::<p384::P384Field>();
    meets_the_edges_of_its_prime::<p384::P384Field, 12, 14>(p384::PRIME);
    chains_agree::<p384::P384Field>();
    formulas_take_the_widest_limbs::<p384::P384Field>();
}

#[test]
fn p521_holds_at_its_bounds() {
    holds_at_its_bounds::<p521::P521Field>();
    meets_the_edges_of_its_prime::<p521::P521Field, 17, 19>(p521::PRIME);
    chains_agree::<p521::P521Field>();
    formulas_take_the_widest_limbs::<p521::P521Field>();
}
