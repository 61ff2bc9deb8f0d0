//! ECDSA verification on NIST curves. All numbers are public, so nothing here runs in constant time.

use alloc::vec::Vec;

use jotgate_arithmetic::field::{Field, Invertible, invert_all};
use jotgate_arithmetic::limbs::words_from_be;
use jotgate_arithmetic::point::jacobian::{Affine, Jacobian};
use jotgate_arithmetic::scalar::{Order, digits};

use crate::ecdsa::curves::P256;
use crate::ecdsa::curves::P384;
use crate::ecdsa::curves::P521;
use crate::ecdsa::curves::{Curve, point};
use crate::tables::table::{Factors, GrowthPlan, Table, TableSchedule, summands};

/// A public key.
pub(crate) struct EcdsaKey<C: Curve<W>, const W: usize> {
    point: Affine<C::Field>,
    schedule: TableSchedule<Affine<C::Field>>,
}

/// A public key on P-256.
pub(crate) type P256Key = EcdsaKey<P256, 8>;
/// A public key on P-384.
pub(crate) type P384Key = EcdsaKey<P384, 12>;
/// A public key on P-521.
pub(crate) type P521Key = EcdsaKey<P521, 17>;

impl<C: Curve<W>, const W: usize> EcdsaKey<C, W> {
    /// Returns the key of these big-endian coordinates if they have the width of the field and the point is on the curve.
    // Not inlined: WebAssembly engines compile a function on its first call, and no program needs all curves.
    #[inline(never)]
    pub(crate) fn from_coordinates(x: &[u8], y: &[u8]) -> Option<Self> {
        let point = point::<C, W>(&number::<C, W>(x)?, &number::<C, W>(y)?)?;
        Some(Self { point, schedule: TableSchedule::new() })
    }

    pub(crate) const fn disable_tables(&mut self) {
        self.schedule.disable_tables();
    }

    /// Verifies a signature `R || S` (FIPS 186-5 §6.4.2, from step 2 on). Only the leftmost bits of `digest` count, as many as the
    /// order has.
    // As above.
    #[inline(never)]
    pub(crate) fn verify(&self, digest: &[u8], signature: &[u8]) -> bool {
        let verified = self.check(digest, signature).unwrap_or(false);
        if verified {
            self.schedule.count();
            self.build_tables();
        }
        verified
    }

    /// Builds the next rows of a planned table.
    #[inline(never)]
    fn build_tables(&self) {
        let plan = growth_plan::<W>();
        let build_base = |last: Option<&_>, rows, width| {
            let base = base_point::<C, W>();
            base.map_or_else(Vec::new, |base| multiples(&base, last, rows, width))
        };
        let build = |last: Option<&_>, rows, width| multiples(&self.point, last, rows, width);
        self.schedule.build(plan, &C::base_tables().full, &build_base, &build);
    }

    /// Returns `None` if the signature's numbers are out of range.
    fn check(&self, digest: &[u8], signature: &[u8]) -> Option<bool> {
        let (r, s) = signature.split_at_checked(C::BYTES)?;
        let (r, s) = (number::<C, W>(r)?, number::<C, W>(s)?);
        if !C::ORDER.is_unit(&r) || !C::ORDER.is_unit(&s) {
            return None;
        }
        let [u, v] = C::ORDER.quotients([&leftmost::<C, W>(digest), &r], &s);
        let sum = self.sum(&u, &v)?;
        // The sum's x modulo n must be r: so x is r or, rarely, r + n. To avoid a division, r Z² is compared with X
        // (P. Wuille and others, `secp256k1_ecdsa_sig_verify` of libsecp256k1).
        let has_x = |x: [u32; W]| C::Field::from_words(&x).is_some_and(|x| sum.has_x(&x));
        Some(has_x(r) || C::ORDER.plus(&r, &C::PRIME).is_some_and(has_x))
    }

    /// Returns u times the base point plus v times the key, or `None` for the point at infinity.
    fn sum(&self, u: &[u32; W], v: &[u32; W]) -> Option<Jacobian<C::Field>> {
        let tables = C::base_tables().full.get().zip(self.schedule.table());
        let sum = tables.and_then(|(base, key)| Self::sum_by_tables([(&base, u), (&key, v)]));
        sum.or_else(|| self.sum_by_doubling(u, v))
    }

    /// Returns the sum of each table's point times its number. Returns `None` if two equal or two opposite points are added on
    /// the way.
    #[inline(never)]
    fn sum_by_tables(factors: [Factors<'_, Affine<C::Field>>; 2]) -> Option<Jacobian<C::Field>> {
        let summands = summands(factors, Affine::ends);
        let mut points: Vec<_> =
            summands.iter().map(|(point, negative)| point.negated_if(*negative)).collect();
        while points.len() > MAX_SINGLE_ADDITIONS {
            add_in_pairs(&mut points)?;
        }
        let (first, rest) = points.split_first()?;
        let sum = rest.iter().fold(Jacobian::from_affine(first), |sum, point| sum.plus_other(point));
        (!sum.z.is_zero()).then_some(sum)
    }

    /// The same without tables, for all cases (E. G. Straus, "Addition chains of vectors", 1964).
    #[inline(never)]
    fn sum_by_doubling(&self, u: &[u32; W], v: &[u32; W]) -> Option<Jacobian<C::Field>> {
        let base_row = match C::base_tables().row.get() {
            Some(row) => row,
            None => C::base_tables().row.put(row_of(&base_point::<C, W>()?)),
        };
        let key_row = row_of(&self.point);
        let mut sum: Option<Jacobian<C::Field>> = None;
        for (u, v) in digits(u, ROW_WIDTH).into_iter().zip(digits(v, ROW_WIDTH)).rev() {
            for _ in 0..ROW_WIDTH {
                sum = sum.map(|sum| sum.doubled());
            }
            for (point, negative) in base_row.of_digit(u).into_iter().chain(key_row.of_digit(v)) {
                let point = point.negated_if(negative);
                sum = match sum {
                    Some(sum) => sum.plus(&point),
                    None => Some(Jacobian::from_affine(&point)),
                };
            }
        }
        sum
    }
}

fn base_point<C: Curve<W>, const W: usize>() -> Option<Affine<C::Field>> {
    let [x, y] = &C::BASE;
    point::<C, W>(x, y)
}

/// Reads a big-endian number of the curve's length.
fn number<C: Curve<W>, const W: usize>(bytes: &[u8]) -> Option<[u32; W]> {
    (bytes.len() == C::BYTES).then(|| words_from_be(bytes))?
}

/// Reads the leftmost bytes of a digest, or all bytes of a shorter one, as a number.
// FIPS 186-5 §6.4.2 step 2: as many bits as the order has. The orders of P-256 and P-384 fill whole bytes, and every digest is
// shorter than the order of P-521.
fn leftmost<C: Curve<W>, const W: usize>(digest: &[u8]) -> [u32; W] {
    words_from_be(digest.get(..C::BYTES).unwrap_or(digest)).unwrap_or([0; W])
}

fn row_of<F: Field>(point: &Affine<F>) -> Table<Affine<F>> {
    Table::unbounded(ROW_WIDTH, multiples(point, None, 1, ROW_WIDTH))
}

/// Computes the entries of a [`Table`] in the order of [`Build`](crate::tables::table::Build), one row after another.
fn multiples<F: Field>(
    point: &Affine<F>,
    last: Option<&Affine<F>>,
    rows: usize,
    width: usize,
) -> Vec<Affine<F>> {
    let mut base = match last {
        Some(last) => Jacobian::from_affine(last).doubled(),
        None => Jacobian::from_affine(point),
    };
    let mut bases = Vec::with_capacity(rows);
    for _ in 0..rows {
        bases.push(base);
        for _ in 0..width {
            base = base.doubled();
        }
    }
    let mut entries = Vec::with_capacity(rows << (width - 1));
    for base in &affine(&bases) {
        let mut multiple = Jacobian::from_affine(base);
        entries.push(multiple);
        for count in 1..1 << (width - 1) {
            // INVARIANT: in a group of prime order above 2^width, k P = ± P for 0 < k < 2^(width - 1) only if k = 1.
            multiple = if count == 1 { multiple.doubled() } else { multiple.plus_other(base) };
            entries.push(multiple);
        }
    }
    affine(&entries)
}

/// Converts the points to affine coordinates. All divisions share one inversion.
fn affine<F: Field>(points: &[Jacobian<F>]) -> Vec<Affine<F>> {
    let mut inverses: Vec<F> = points.iter().map(|point| point.z).collect();
    // INVARIANT: Z is zero only at infinity, and no multiple computed here is the point at infinity.
    let all = invert_all(&mut inverses);
    debug_assert!(all.is_some());
    let divide = |(point, inverse): (&Jacobian<F>, &F)| {
        let squared = inverse.squared();
        Affine { x: point.x.times(&squared), y: point.y.times(&squared.times(inverse)) }
    };
    points.iter().zip(&inverses).map(divide).collect()
}

/// Adds each point to its neighbour, so that half as many points remain. All divisions share one inversion, which makes additions
/// of affine points cheaper than those with a projective point (P. L. Montgomery, 1987: see [`invert_all`]). Returns `None` if two
/// neighbours are equal or opposite.
fn add_in_pairs<F: Field>(points: &mut Vec<Affine<F>>) -> Option<()> {
    let (pairs, rest) = points.as_chunks::<2>();
    let mut denominators: Vec<F> = pairs.iter().map(|[a, b]| a.x.minus(&b.x)).collect();
    invert_all(&mut denominators)?;
    let sums = pairs
        .iter()
        .zip(&denominators)
        .map(|([a, b], inverse)| a.chord_to(b, &a.y.minus(&b.y).times(inverse)));
    *points = sums.chain(rest.iter().copied()).collect();
    Some(())
}

/// Up to this many points are added one by one, because fewer additions would not pay for another inversion.
const MAX_SINGLE_ADDITIONS: usize = 20;

/// The width of the rows for verifications without tables.
const ROW_WIDTH: usize = 5;

/// Returns the plan for P-256, P-384 or P-521. Each table is begun after enough verifications to pay for it (docs/decisions/0015).
/// P-521 is rare and its tables are large, so it gets narrower ones. Products take longer on wider fields, so that a call makes
/// fewer entries there.
const fn growth_plan<const W: usize>() -> &'static GrowthPlan {
    match W {
        8 => &GrowthPlan { bits: 256, entries_per_call: 256, steps: &[(16, 5), (512, 7), (4096, 10)] },
        12 => &GrowthPlan { bits: 384, entries_per_call: 128, steps: &[(16, 5), (512, 6), (2048, 9)] },
        _ => &GrowthPlan { bits: 521, entries_per_call: 96, steps: &[(16, 5), (512, 6)] },
    }
}

#[cfg(test)]
mod tests;
