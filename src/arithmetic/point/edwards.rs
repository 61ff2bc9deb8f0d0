//! Points of Ed25519, `-x² + y² = 1 + d x² y²` (RFC 8032 §5.1).
//!
//! Formulas: H. Hisil, K. K. Wong, G. Carter and E. Dawson, "Twisted Edwards curves revisited" (2008), extended
//! coordinates for a = -1. They are complete, because -1 is a square and d is not: equal points, opposite points, the
//! neutral point and points of small order are not special cases.

use alloc::vec::Vec;

use crate::field::f25519::Field25519 as Field;
use crate::field::{Invertible, invert_all};
use crate::limbs::from_hex;

/// A point `(X / Z, Y / Z)`, with T = X Y / Z. All coordinates are tidy.
#[derive(Clone, Copy, Debug)]
pub struct Extended {
    x: Field,
    y: Field,
    z: Field,
    t: Field,
}

/// An affine point, prepared for additions: `y + x`, `y - x` and `2 d x y`, all tidy
/// (D. J. Bernstein, N. Duif, T. Lange, P. Schwabe and B.-Y. Yang, "High-speed high-security signatures", 2012).
#[derive(Clone, Copy, Debug)]
pub struct Niels {
    plus: Field,
    minus: Field,
    product: Field,
}

impl Niels {
    /// Reads both ends: see [`Field::ends`].
    #[must_use]
    pub const fn ends(&self) -> i32 {
        self.plus.ends() ^ self.minus.ends() ^ self.product.ends()
    }
}

impl Extended {
    /// The neutral element.
    pub const NEUTRAL: Self = Self { x: Field::ZERO, y: Field::ONE, z: Field::ONE, t: Field::ZERO };

    /// Decodes a point (RFC 8032 §5.1.3). Only the canonical encoding is accepted: y below p, and no sign if x is zero.
    #[must_use]
    pub fn from_words(encoded: &[u32; 8]) -> Option<Self> {
        let [words @ .., top] = *encoded;
        let [a, b, c, d, e, f, g] = words;
        let y = Field::from_words(&[a, b, c, d, e, f, g, top & 0x7fff_ffff])?;
        let squared = y.squared();
        let numerator = squared.minus(&Field::ONE);
        let x = numerator.root_of_quotient(&squared.times(&D).plus(&Field::ONE))?;
        let [low, ..] = x.words();
        let negative = top >> 31;
        if negative == 1 && x.is_zero() {
            return None;
        }
        let x = if low & 1 == negative { x } else { x.negated() };
        Some(Self { x, y, z: Field::ONE, t: x.times(&y) })
    }

    /// The encoding (RFC 8032 §5.1.2).
    #[must_use]
    pub fn words(&self) -> [u32; 8] {
        let inverse = self.z.inverted();
        let [low, ..] = self.x.times(&inverse).words();
        let mut encoded = self.y.times(&inverse).words();
        if let Some(top) = encoded.last_mut() {
            *top |= (low & 1) << 31;
        }
        encoded
    }

    /// The negative.
    #[must_use]
    pub fn negated(&self) -> Self {
        Self { x: self.x.negated(), y: self.y, z: self.z, t: self.t.negated() }
    }

    /// Twice the point.
    // INVARIANT, as multiples of a tidy limb: e is 3, f 4, g 2, h 2: the largest product of two is e f with 12, below
    // the 15 that the field takes.
    #[must_use]
    pub fn doubled(&self) -> Self {
        let (a, b, z_squared) = (self.x.squared(), self.y.squared(), self.z.squared());
        let h = a.plus(&b);
        let e = h.minus(&self.x.plus(&self.y).squared());
        let g = a.minus(&b);
        let f = z_squared.plus(&z_squared).plus(&g);
        Self { x: e.times(&f), y: g.times(&h), z: f.times(&g), t: e.times(&h) }
    }

    /// The sum, or the difference.
    // INVARIANT, as multiples of a tidy limb: e and h are 2, f and g are 3, as 2 Z is 2: the largest product is f g with 9.
    #[must_use]
    pub fn plus(&self, other: &Niels, negative: bool) -> Self {
        let (plus, minus) = if negative { (&other.minus, &other.plus) } else { (&other.plus, &other.minus) };
        let a = self.y.minus(&self.x).times(minus);
        let b = self.y.plus(&self.x).times(plus);
        let c = self.t.times(&other.product);
        let d = self.z.plus(&self.z);
        let (f, g) = if negative { (d.plus(&c), d.minus(&c)) } else { (d.minus(&c), d.plus(&c)) };
        let (e, h) = (b.minus(&a), b.plus(&a));
        Self { x: e.times(&f), y: g.times(&h), z: f.times(&g), t: e.times(&h) }
    }

    /// Whether eight times the point is the neutral point.
    #[must_use]
    pub fn is_of_small_order(&self) -> bool {
        let eightfold = self.doubled().doubled().doubled();
        eightfold.x.is_zero() && eightfold.y.minus(&eightfold.z).is_zero()
    }
}

/// Computes the multiples `j 2^(width i) P` for j in `1..=2^(width - 1)` and this number of rows i, one row after another. It starts
/// with row 0, or after the row with the given `last` entry.
#[must_use]
pub fn multiples(point: &Extended, last: Option<&Niels>, rows: usize, width: usize) -> Vec<Niels> {
    let half = 1 << (width - 1);
    // Twice the last entry of a row is the first entry of the next one.
    let mut next = last.map_or(*point, |last| Extended::NEUTRAL.plus(last, false).doubled());
    // The rows' first entries, ready to be added to the others.
    let mut firsts = Vec::with_capacity(rows);
    for _ in 0..rows {
        firsts.push(next);
        for _ in 0..width {
            next = next.doubled();
        }
    }
    let mut points = Vec::with_capacity(firsts.len() * half);
    for (first, add) in firsts.iter().zip(ready(&firsts)) {
        points.extend(core::iter::successors(Some(*first), |point| Some(point.plus(&add, false))).take(half));
    }
    ready(&points)
}

/// Divides by all Z with one inversion; Z is never zero, as the formulas are complete.
fn ready(points: &[Extended]) -> Vec<Niels> {
    let double_d = D.plus(&D);
    let mut inverses: Vec<Field> = points.iter().map(|point| point.z).collect();
    let all = invert_all(&mut inverses);
    debug_assert!(all.is_some());
    let affine = |(point, inverse): (&Extended, &Field)| {
        let (x, y) = (point.x.times(inverse), point.y.times(inverse));
        Niels {
            plus: y.plus(&x).times(&Field::ONE),
            minus: y.minus(&x).times(&Field::ONE),
            product: x.times(&y).times(&double_d),
        }
    };
    points.iter().zip(&inverses).map(affine).collect()
}

/// d = -121665/121666.
const D: Field =
    Field::constant(&from_hex("52036cee 2b6ffe73 8cc74079 7779e898 00700a4d 4141d8ab 75eb4dca 135978a3"));

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::Limbs;

    /// The formulas hold for any numbers, whether a point's or not, and must give the same for the widest limbs of a number as for
    /// its usual ones. Within, the field's debug assertions look at every factor.
    #[test]
    fn the_formulas_take_the_widest_limbs() {
        let widest = Field::patterns((1 << 28) + (1 << 16), 1 << 22);
        let usual = |element: &Field| Field::constant(&element.words()).times(&Field::ONE);
        let is_same = |a: &Extended, b: &Extended| {
            for (a, b) in [(&a.x, &b.x), (&a.y, &b.y), (&a.z, &b.z), (&a.t, &b.t)] {
                assert_eq!(a.words(), b.words());
            }
        };
        for x in &widest {
            for y in &widest {
                for z in &widest {
                    let point = Extended { x: *x, y: *y, z: *z, t: *x };
                    let same = Extended { x: usual(x), y: usual(y), z: usual(z), t: usual(x) };
                    is_same(&point.doubled(), &same.doubled());
                    let other = Niels { plus: *z, minus: *y, product: *x };
                    let same_other = Niels { plus: usual(z), minus: usual(y), product: usual(x) };
                    for negative in [false, true] {
                        is_same(&point.plus(&other, negative), &same.plus(&same_other, negative));
                    }
                }
            }
        }
    }
}
