//! Points on `y² = x³ - 3x + b` over a prime field, in a group of prime order.
//!
//! Formulas: D. J. Bernstein and T. Lange, "Explicit-Formulas Database", Jacobian coordinates for a = -3: `madd` without
//! its doubled variables, and `dbl-2001-b`. Adding affine points to Jacobian ones: H. Cohen, A. Miyaji and T. Ono, "Efficient
//! elliptic curve exponentiation using mixed coordinates" (1998).

use crate::field::Field;

/// A point with its two coordinates, both tidy. It is never the point at infinity, which has no coordinates.
#[derive(Clone, Copy, Debug)]
pub struct Affine<F> {
    /// The first coordinate.
    pub x: F,
    /// The second coordinate.
    pub y: F,
}

impl<F: Field> Affine<F> {
    /// Whether the point is on the curve.
    pub fn is_on_curve(&self, b: &F) -> bool {
        let cube = self.x.squared().times(&self.x);
        let right = F::sum(&[(1, &cube), (-3, &self.x), (1, b)]);
        self.y.squared().minus(&right).is_zero()
    }

    /// The sum of two points whose line has this slope (D. Hankerson, A. Menezes and S. Vanstone, "Guide to Elliptic Curve
    /// Cryptography", 2004, §3.1.2).
    #[must_use]
    #[inline(never)]
    pub fn chord_to(&self, other: &Self, slope: &F) -> Self {
        let x = slope.square_less(&self.x, (1, &other.x));
        let y = F::product_less([slope, &self.x.minus(&x)], &self.y);
        Self { x, y }
    }

    /// Reads both ends: see [`Field::ends`].
    pub fn ends(&self) -> i32 {
        self.x.ends() ^ self.y.ends()
    }

    /// The point, or its negative.
    #[must_use]
    pub fn negated_if(&self, negative: bool) -> Self {
        Self { x: self.x, y: if negative { self.y.negated() } else { self.y } }
    }
}

/// A point `(X / Z², Y / Z³)`.
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
    /// The same point with Z = 1.
    pub fn from_affine(point: &Affine<F>) -> Self {
        Self { x: point.x, y: point.y, z: F::ONE }
    }

    /// Twice the point. The order is odd, so only the point at infinity is its own negative, and y is never zero.
    #[must_use]
    #[inline(never)]
    pub fn doubled(&self) -> Self {
        let (delta, gamma) = (self.z.squared(), self.y.squared());
        let beta = self.x.times(&gamma);
        let minus = F::sum(&[(3, &self.x), (-3, &delta)]);
        let plus = F::sum(&[(1, &self.x), (1, &delta)]);
        let alpha = minus.times(&plus);
        let x = F::sum(&[(1, &alpha.squared()), (-8, &beta)]);
        let around = F::sum(&[(4, &beta), (-1, &x)]);
        let y = F::sum(&[(1, &alpha.times(&around)), (-8, &gamma.squared())]);
        let z = F::sum(&[(2, &self.y.times(&self.z))]);
        Self { x, y, z }
    }

    /// The sum of two points that are neither equal nor opposite. If they are, Z of the result is zero. It remains zero in later
    /// sums, so a single check at the end is enough.
    #[must_use]
    #[inline(never)]
    pub fn plus_other(&self, other: &Affine<F>) -> Self {
        let z_squared = self.z.squared();
        // The differences of the points' coordinates, times Z² and Z³.
        let h = F::product_less([&other.x, &z_squared], &self.x);
        let r = F::product_less([&other.y, &z_squared.times(&self.z)], &self.y);
        let h_squared = h.squared();
        let h_cubed = h_squared.times(&h);
        let v = self.x.times(&h_squared);
        let x = r.square_less(&h_cubed, (2, &v));
        let y = F::product_less([&r, &v.minus(&x)], &self.y.times(&h_cubed));
        Self { x, y, z: self.z.times(&h) }
    }

    /// The sum of any two points, or `None` if it is the point at infinity.
    #[must_use]
    pub fn plus(&self, other: &Affine<F>) -> Option<Self> {
        let sum = self.plus_other(other);
        if !sum.z.is_zero() {
            return Some(sum);
        }
        // The first coordinates are equal, so the points are equal or opposite.
        let y = other.y.times(&self.z.squared().times(&self.z));
        y.minus(&self.y).is_zero().then(|| self.doubled())
    }

    /// Whether the first coordinate is `x`.
    pub fn has_x(&self, x: &F) -> bool {
        x.times(&self.z.squared()).minus(&self.x).is_zero()
    }
}
