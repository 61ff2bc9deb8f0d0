//! Computes with the numbers of arbitrary limbs, using crypto-bigint. For tests of the bounds of limbs.

use alloc::vec::Vec;

use rsa::BoxedUint;

/// Implements [`Limbs`] for a field whose only member are its limbs. `PRIME`, `WIDTH` and `N` (their count) must be in scope.
macro_rules! limbs_of {
    ($field:ident, radix: $radix:expr, product: $product:expr, last: $last:expr) => {
        impl crate::reference::Limbs for $field {
            const WIDTH: usize = WIDTH;
            const COUNT: usize = N;
            const RADIX_BITS: usize = $radix;
            const LARGEST_PRODUCT: u64 = $product;
            const LARGEST_LAST: i32 = $last;

            fn prime() -> alloc::vec::Vec<u32> {
                PRIME.to_vec()
            }

            fn from_limbs(limbs: &[i32]) -> Self {
                Self(core::array::from_fn(|at| limbs[at]))
            }

            fn limbs(&self) -> alloc::vec::Vec<i32> {
                self.0.to_vec()
            }
        }
    };
}
pub(crate) use limbs_of;

/// An element that can be made from limbs and split into them. Only for tests.
pub(crate) trait Limbs: Copy {
    /// The size of a limb in bits.
    const WIDTH: usize;
    /// The number of limbs.
    const COUNT: usize;
    /// The radix of the Montgomery form is two to this power; zero for a field without Montgomery form.
    const RADIX_BITS: usize;
    /// The largest product of two limbs that are not the last.
    const LARGEST_PRODUCT: u64;
    /// The largest last limb of a factor.
    const LARGEST_LAST: i32;

    fn prime() -> Vec<u32>;
    fn from_limbs(limbs: &[i32]) -> Self;
    fn limbs(&self) -> Vec<i32>;

    /// Elements with several patterns of signs for all limbs but the last, and both signs for the last.
    fn patterns(magnitude: i32, last: i32) -> Vec<Self> {
        let signs: [fn(usize) -> bool; 6] = [
            |_| false,
            |_| true,
            |at| at % 2 == 0,
            |at| at % 2 == 1,
            |at| at < Self::COUNT / 2,
            |at| at >= Self::COUNT / 2,
        ];
        let element = |sign: fn(usize) -> bool, last| {
            let mut limbs: Vec<i32> =
                (0..Self::COUNT).map(|at| if sign(at) { -magnitude } else { magnitude }).collect();
            limbs[Self::COUNT - 1] = last;
            Self::from_limbs(&limbs)
        };
        signs.into_iter().flat_map(|sign| [element(sign, last), element(sign, -last)]).collect()
    }

    /// Pairs of factors with the largest limbs allowed.
    fn largest_pairs() -> Vec<(Self, Self)> {
        let limb = |wide: u64| i32::try_from(wide).unwrap();
        let even = limb(Self::LARGEST_PRODUCT.isqrt());
        let (high, low) = (1 << 30, limb(Self::LARGEST_PRODUCT >> 30));
        let mut pairs = Vec::new();
        for (a, b) in [(even, even), (high, low), (low, high)] {
            for a in Self::patterns(a, Self::LARGEST_LAST) {
                pairs.extend(Self::patterns(b, Self::LARGEST_LAST).into_iter().map(|b| (a, b)));
            }
        }
        pairs
    }
}

/// Computes modulo a number.
pub(crate) struct Reference {
    modulus: BoxedUint,
    bits: u32,
}

impl Reference {
    /// Makes a reference for this modulus, lowest word first.
    pub(crate) fn new(modulus: &[u32]) -> Self {
        // Enough bits for a product and a shift.
        let bits = u32::try_from(modulus.len() * 64 + 128).unwrap();
        Self { modulus: number(modulus, bits), bits }
    }

    fn reduced(&self, number: &BoxedUint) -> BoxedUint {
        number.rem_vartime(self.modulus.as_nz_vartime().unwrap())
    }

    /// A number of words that fits a product of two below the modulus.
    pub(crate) fn of_words(&self, words: &[u32]) -> BoxedUint {
        self.reduced(&number(words, self.bits))
    }

    /// A small number of either sign.
    pub(crate) fn of_small(&self, small: i32) -> BoxedUint {
        let magnitude = number(&[small.unsigned_abs()], self.bits);
        self.reduced(&if small < 0 { self.modulus.wrapping_sub(&magnitude) } else { magnitude })
    }

    /// The number that the limbs of an element represent.
    pub(crate) fn of<E: Limbs>(&self, element: &E) -> BoxedUint {
        let width = u32::try_from(E::WIDTH).unwrap();
        let sum = element.limbs().iter().rev().fold(number(&[], self.bits), |sum, limb| {
            let (sum, magnitude) = (sum.shl(width), number(&[limb.unsigned_abs()], self.bits));
            if *limb < 0 { sum.wrapping_sub(&magnitude) } else { sum.wrapping_add(&magnitude) }
        });
        // Adds a multiple of the modulus larger than any limbs, which makes wrapped negative numbers positive again.
        self.reduced(&sum.wrapping_add(self.modulus.shl(64)))
    }

    pub(crate) fn plus(&self, a: &BoxedUint, b: &BoxedUint) -> BoxedUint {
        self.reduced(&a.wrapping_add(b))
    }

    pub(crate) fn times(&self, a: &BoxedUint, b: &BoxedUint) -> BoxedUint {
        self.reduced(&a.wrapping_mul(b))
    }

    /// A number times a small one.
    pub(crate) fn multiple(&self, factor: i32, number: &BoxedUint) -> BoxedUint {
        self.times(&self.of_small(factor), number)
    }

    /// A number times a power of two.
    pub(crate) fn shifted(&self, number: &BoxedUint, bits: usize) -> BoxedUint {
        // Shifts in steps that fit.
        let step = self.modulus.nlimbs() * 32;
        let power = |bits: usize| BoxedUint::one_with_precision(self.bits).shl(u32::try_from(bits).unwrap());
        let whole = (0..bits / step).fold(number.clone(), |number, _| self.times(&number, &power(step)));
        self.times(&whole, &power(bits % step))
    }
}

fn number(words: &[u32], bits: u32) -> BoxedUint {
    let bytes: Vec<u8> = words.iter().rev().flat_map(|word| word.to_be_bytes()).collect();
    BoxedUint::from_be_slice(&bytes, bits).unwrap()
}
