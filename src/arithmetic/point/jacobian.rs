//! Points on `y² = x³ - 3x + b` over a prime field, of prime order: points enter, their sums leave.
//!
//! Formulas: D. J. Bernstein and T. Lange, "Explicit-Formulas Database", Jacobian coordinates for a = -3: `madd` without
//! its doubled variables, and `dbl-2001-b`. To add affine points to Jacobian ones is from H. Cohen, A. Miyaji and T. Ono, "Efficient
//! elliptic curve exponentiation using mixed coordinates" (1998). Each field has them compiled for itself, here, as methods of its own.

use crate::field::Field;

/// A point by its two coordinates, both tidy: never the point at infinity, which has none.
#[derive(Clone, Copy, Debug)]
pub struct Affine<F> {
    /// The first coordinate.
    pub x: F,
    /// The second coordinate.
    pub y: F,
}

impl<F: Field> Affine<F> {
    /// Whether the coordinates are those of a point.
    pub fn is_on_curve(&self, b: &F) -> bool {
        let cube = self.x.squared().times(&self.x);
        let right = F::sum(&[(1, &cube), (-3, &self.x), (1, b)]);
        self.y.squared().minus(&right).is_zero()
    }

    /// The sum of two points whose line has this slope (D. Hankerson, A. Menezes and S. Vanstone, "Guide to Elliptic Curve
    /// Cryptography", 2004, §3.1.2).
    #[must_use]
    pub fn chord_to(&self, other: &Self, slope: &F) -> Self {
        F::third_of(self, other, slope)
    }

    /// A look at it: see [`Field::ends`].
    pub fn ends(&self) -> i32 {
        self.x.ends() ^ self.y.ends()
    }

    /// The point, or its negative.
    #[must_use]
    pub fn negated_if(&self, negative: bool) -> Self {
        Self { x: self.x, y: if negative { self.y.negated() } else { self.y } }
    }
}

/// A point as `(X / Z², Y / Z³)`.
#[derive(Clone, Copy, Debug)]
pub struct Jacobian<F> {
    /// X.
    pub x: F,
    /// Y.
    pub y: F,
    /// Z.
    pub z: F,
}

impl<F: Field> Jacobian<F> {
    /// The same point, Z being 1.
    pub fn from_affine(point: &Affine<F>) -> Self {
        Self { x: point.x, y: point.y, z: F::ONE }
    }

    /// Twice the point. The order is odd: no point but infinity is its own negative, and y is never zero.
    #[must_use]
    pub fn doubled(&self) -> Self {
        F::double_of(self)
    }

    /// The sum, unless both are the same point or one is the other's negative: then Z of the result is zero, and stays
    /// it in all that is added after, so that one look at the end tells.
    #[must_use]
    pub fn plus_other(&self, other: &Affine<F>) -> Self {
        F::sum_of_others(self, other)
    }

    /// The sum of any two points; nothing is the point at infinity.
    #[must_use]
    pub fn plus(&self, other: &Affine<F>) -> Option<Self> {
        let sum = self.plus_other(other);
        if !sum.z.is_zero() {
            return Some(sum);
        }
        // The first coordinates are the same: so is the point, or it is the negative.
        let y = other.y.times(&self.z.squared().times(&self.z));
        y.minus(&self.y).is_zero().then(|| self.doubled())
    }

    /// Whether the first coordinate is `x`.
    pub fn has_x(&self, x: &F) -> bool {
        x.times(&self.z.squared()).minus(&self.x).is_zero()
    }
}

/// What [`Field::third_of`] computes.
#[inline(always)]
pub(crate) fn third_of<F: Field>(a: &Affine<F>, b: &Affine<F>, slope: &F) -> Affine<F> {
    let x = slope.square_less(&a.x, (1, &b.x));
    let y = F::product_less([slope, &a.x.minus(&x)], &a.y);
    Affine { x, y }
}

/// What [`Field::double_of`] computes.
#[inline(always)]
pub(crate) fn double_of<F: Field>(point: &Jacobian<F>) -> Jacobian<F> {
    let (delta, gamma) = (point.z.squared(), point.y.squared());
    let beta = point.x.times(&gamma);
    let minus = F::sum(&[(3, &point.x), (-3, &delta)]);
    let plus = F::sum(&[(1, &point.x), (1, &delta)]);
    let alpha = minus.times(&plus);
    let x = F::sum(&[(1, &alpha.squared()), (-8, &beta)]);
    let around = F::sum(&[(4, &beta), (-1, &x)]);
    let y = F::sum(&[(1, &alpha.times(&around)), (-8, &gamma.squared())]);
    let z = F::sum(&[(2, &point.y.times(&point.z))]);
    Jacobian { x, y, z }
}

/// What [`Field::sum_of_others`] computes.
#[inline(always)]
pub(crate) fn sum_of_others<F: Field>(point: &Jacobian<F>, other: &Affine<F>) -> Jacobian<F> {
    let z_squared = point.z.squared();
    // How far apart the points' coordinates are, times Z² and Z³.
    let h = F::product_less([&other.x, &z_squared], &point.x);
    let r = F::product_less([&other.y, &z_squared.times(&point.z)], &point.y);
    let h_squared = h.squared();
    let h_cubed = h_squared.times(&h);
    let v = point.x.times(&h_squared);
    let x = r.square_less(&h_cubed, (2, &v));
    let y = F::product_less([&r, &v.minus(&x)], &point.y.times(&h_cubed));
    Jacobian { x, y, z: point.z.times(&h) }
}
