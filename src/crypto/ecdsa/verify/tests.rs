//! Tests of `verify.rs`.

extern crate std;

use alloc::vec;
use core::cell::Cell;

use super::*;
use crate::ecdsa::oracle;
use crate::tables::table::TableSlot;
use jotgate_arithmetic::random::Random;

type Key<C, const W: usize> = EcdsaKey<C, W>;
/// The second implementation: takes the coordinates of a key, a digest and a signature.
type Theirs = fn(&[u8], &[u8], &[u8], &[u8]) -> bool;

/// Writes a number as big-endian bytes of the curve's length. It must fit.
fn bytes<C: Curve<W>, const W: usize>(words: &[u32; W]) -> Vec<u8> {
    let mut bytes: Vec<u8> = words.iter().rev().flat_map(|word| word.to_be_bytes()).collect();
    let number = bytes.split_off(4 * W - C::BYTES);
    assert!(bytes.iter().all(|byte| *byte == 0));
    number
}

fn coordinate<C: Curve<W>, const W: usize>(element: &C::Field) -> Vec<u8> {
    bytes::<C, W>(&element.to_words().try_into().unwrap())
}

fn small<const W: usize>(number: u32) -> [u32; W] {
    let mut words = [0; W];
    words[0] = number;
    words
}

/// Returns `a b` modulo the order; b is a unit.
fn product<C: Curve<W>, const W: usize>(a: &[u32; W], b: &[u32; W]) -> [u32; W] {
    let [inverse, _] = C::ORDER.quotients([&small(1), &small(1)], b);
    let [product, _] = C::ORDER.quotients([a, a], &inverse);
    product
}

/// Returns `-a` modulo the order; a is a unit.
fn opposite<C: Curve<W>, const W: usize>(a: &[u32; W]) -> [u32; W] {
    let order = C::ORDER.plus(&[0; W], &C::PRIME).unwrap();
    jotgate_arithmetic::limbs::subtract_words(&order, a)
}

fn unit<C: Curve<W>, const W: usize>(random: &mut Random) -> [u32; W] {
    // The order of P-521 does not use the upper 23 bits of the highest word.
    let masked = |mut words: [u32; W]| {
        words[W - 1] &= C::PRIME[W - 1];
        words
    };
    core::iter::repeat_with(|| masked(random.words())).find(|number| C::ORDER.is_unit(number)).unwrap()
}

fn key<C: Curve<W>, const W: usize>(point: Affine<C::Field>) -> Key<C, W> {
    Key { point, schedule: TableSchedule::new() }
}

fn divided<F: Field>(point: &Jacobian<F>) -> Affine<F> {
    affine(core::slice::from_ref(point))[0]
}

/// Returns `u G + v Q`, computed without tables.
fn combined<C: Curve<W>, const W: usize>(
    point: Affine<C::Field>,
    u: &[u32; W],
    v: &[u32; W],
) -> Option<Affine<C::Field>> {
    key::<C, W>(point).sum_by_doubling(u, v).map(|sum| divided(&sum))
}

fn sum_by_tables<C: Curve<W>, const W: usize>(
    key: &Key<C, W>,
    u: &[u32; W],
    v: &[u32; W],
) -> Option<Jacobian<C::Field>> {
    let (base, table) = (C::base_tables().full.get().unwrap(), key.schedule.table().unwrap());
    Key::<C, W>::sum_by_tables([(&base, u), (&table, v)])
}

/// The same key with no table, a narrow and a wide one, and RustCrypto's verdict.
struct Contest<'a, C: Curve<W>, const W: usize> {
    keys: [Key<C, W>; 3],
    theirs: &'a dyn Fn(&[u8], &[u8]) -> bool,
    accepted: usize,
    refused: usize,
}

impl<C: Curve<W>, const W: usize> Contest<'_, C, W> {
    fn judge(&mut self, digest: &[u8], signature: &[u8], expected: Option<bool>) {
        let verdict = (self.theirs)(digest, signature);
        for key in &self.keys {
            assert_eq!(key.check(digest, signature).unwrap_or(false), verdict);
        }
        assert_eq!(expected.unwrap_or(verdict), verdict);
        *(if verdict { &mut self.accepted } else { &mut self.refused }) += 1;
    }

    /// Checks a signature whose verification computes `u G + v Q`, then the same with one bit flipped.
    fn judge_sum(&mut self, u: &[u32; W], v: &[u32; W], random: &mut Random) {
        let [without_table, ..] = &self.keys;
        let sum = combined::<C, W>(without_table.point, u, v);
        let reduced = sum.map(|sum| {
            let x = sum.x.to_words().try_into().unwrap();
            C::ORDER.quotients([&x, &x], &small(1))[0]
        });
        // The point at infinity has no x, and r is never zero: refused for every r.
        let usable = reduced.filter(|number| C::ORDER.is_unit(number));
        let r = usable.unwrap_or(small(1));
        let s = C::ORDER.quotients([&r, &r], v)[0];
        let z = product::<C, W>(u, &s);
        let (digest, mut signature) = (bytes::<C, W>(&z), [bytes::<C, W>(&r), bytes::<C, W>(&s)].concat());
        self.judge(&digest, &signature, Some(usable.is_some()));
        signature[random.below(2 * C::BYTES)] ^= 1 << random.below(8);
        self.judge(&digest, &signature, None);
    }
}

fn contest<C: Curve<W>, const W: usize>(
    point: Affine<C::Field>,
    theirs: Theirs,
    run: impl FnOnce(&mut Contest<'_, C, W>),
) -> [usize; 2] {
    let (x, y) = (coordinate::<C, W>(&point.x), coordinate::<C, W>(&point.y));
    let keys = [(0, 0), (40, 5), (700, if W > 8 { 6 } else { 7 })].map(|(successes, width)| {
        let key: Key<C, W> = Key::from_coordinates(&x, &y).unwrap();
        key.schedule.build_after(successes, width, || key.build_tables());
        key
    });
    let theirs = |digest: &[u8], signature: &[u8]| theirs(&x, &y, digest, signature);
    let mut contest = Contest { keys, theirs: &theirs, accepted: 0, refused: 0 };
    run(&mut contest);
    [contest.accepted, contest.refused]
}

/// Checks sums of edge scalars over keys whose multiples coincide with those of the base point, then random ones.
fn agree<C: Curve<W>, const W: usize>(theirs: Theirs, step: usize) {
    let mut random = Random::seeded(1);
    let base = base_point::<C, W>().unwrap();
    let mut edges: Vec<[u32; W]> = [1, 2, 3, 16, 17, 32, 33, 64, 65].map(small).to_vec();
    edges.extend([1, 2, 16].map(|number| opposite::<C, W>(&small(number))));
    let mut high = small(0);
    high[W - 1] = C::PRIME[W - 1] ^ (C::PRIME[W - 1] >> 1);
    edges.extend([high, C::ORDER.quotients([&small(1), &small(1)], &small(2))[0]]);
    let factors = [small(1), small(2), small(32), opposite::<C, W>(&small(1))];
    let mut points: Vec<_> =
        factors.iter().filter_map(|factor| combined::<C, W>(base, factor, &[0; W])).collect();
    // The point with x = 0: y² = b.
    points.push(with_x::<C, W>(&[0; W]).unwrap());
    points.push(combined::<C, W>(base, &unit::<C, W>(&mut random), &small(1)).unwrap());
    let [mut accepted, mut refused] = [0, 0];
    for point in points {
        let [more, fewer] = contest::<C, W>(point, theirs, |contest| {
            for v in &edges {
                contest.judge_sum(&[0; W], v, &mut random);
                for u in edges.iter().step_by(step) {
                    contest.judge_sum(u, v, &mut random);
                }
            }
            for _ in 0..100 / step {
                let (u, v) = (unit::<C, W>(&mut random), unit::<C, W>(&mut random));
                contest.judge_sum(&u, &v, &mut random);
            }
        });
        (accepted, refused) = (accepted + more, refused + fewer);
    }
    assert!(accepted > 1500 / step && refused > 1500 / step, "{accepted} {refused}");
}

/// Returns a point with this x, if there is one: a square root modulo p ≡ 3 (mod 4).
fn with_x<C: Curve<W>, const W: usize>(x: &[u32; W]) -> Option<Affine<C::Field>> {
    let (x, b) = (C::Field::from_words(x)?, C::Field::from_words(&C::B)?);
    let right = C::Field::sum(&[(1, &x.squared().times(&x)), (-3, &x), (1, &b)]);
    // (p + 1)/4, from p + 1.
    let mut power = C::Field::ONE;
    let (sum, _) = jotgate_arithmetic::limbs::add_words(&C::PRIME, &small(1));
    for bit in (2..32 * W).rev() {
        power = power.squared();
        if sum[bit / 32] >> (bit % 32) & 1 == 1 {
            power = power.times(&right);
        }
    }
    power.squared().minus(&right).is_zero().then_some(Affine { x, y: power })
}

/// Checks signatures whose sum has an x around n or around zero: r is x or x - n.
fn agree_where_x_passes_the_order<C: Curve<W>, const W: usize>(theirs: Theirs) {
    let mut random = Random::seeded(2);
    let order = C::ORDER.plus(&[0; W], &C::PRIME).unwrap();
    let step = |number: u32| jotgate_arithmetic::limbs::add_words(&order, &small(number)).0;
    let below = |number: u32| jotgate_arithmetic::limbs::subtract_words(&order, &small(number));
    let [mut above_order, mut accepted] = [0, 0];
    let xs = (1..40).map(step).chain((1..20).map(below)).chain((1..20).map(small));
    for x in xs {
        let Some(point) = with_x::<C, W>(&x) else { continue };
        // Q = (R - u G) / v.
        let (u, v) = (unit::<C, W>(&mut random), unit::<C, W>(&mut random));
        let difference = combined::<C, W>(point, &opposite::<C, W>(&u), &small(1)).unwrap();
        let inverse = C::ORDER.quotients([&small(1), &small(1)], &v)[0];
        let public = combined::<C, W>(difference, &[0; W], &inverse).unwrap();
        let r = C::ORDER.quotients([&x, &x], &small(1))[0];
        let s = C::ORDER.quotients([&r, &r], &v)[0];
        let z = product::<C, W>(&u, &s);
        let digest = bytes::<C, W>(&z);
        let [signature, unreduced] = [&r, &x].map(|r| [bytes::<C, W>(r), bytes::<C, W>(&s)].concat());
        contest::<C, W>(public, theirs, |contest| {
            contest.judge(&digest, &signature, Some(true));
            // x itself is congruent to r, but out of range.
            contest.judge(&digest, &unreduced, Some(r == x));
        });
        above_order += usize::from(r != x);
        accepted += 1;
    }
    assert!(above_order > 10 && accepted > 25, "{above_order} {accepted}");
}

fn p256(x: &[u8], y: &[u8], digest: &[u8], signature: &[u8]) -> bool {
    oracle::P256Key::from_coordinates(x, y).unwrap().verify(digest, signature)
}

fn p384(x: &[u8], y: &[u8], digest: &[u8], signature: &[u8]) -> bool {
    oracle::P384Key::from_coordinates(x, y).unwrap().verify(digest, signature)
}

fn p521(x: &[u8], y: &[u8], digest: &[u8], signature: &[u8]) -> bool {
    oracle::P521Key::from_coordinates(x, y).unwrap().verify(digest, signature)
}

#[test]
fn p256_agrees_with_rustcrypto_on_edge_and_random_sums() {
    agree::<P256, 8>(p256, 1);
}

#[test]
fn p384_agrees_with_rustcrypto_on_edge_and_random_sums() {
    // Fewer sums, because the crate is slow on this curve.
    agree::<P384, 12>(p384, 4);
}

#[test]
fn p521_agrees_with_rustcrypto_on_edge_and_random_sums() {
    agree::<P521, 17>(p521, 4);
}

#[test]
fn p256_agrees_with_rustcrypto_where_x_passes_the_order() {
    agree_where_x_passes_the_order::<P256, 8>(p256);
}

#[test]
fn p384_agrees_with_rustcrypto_where_x_passes_the_order() {
    agree_where_x_passes_the_order::<P384, 12>(p384);
}

#[test]
fn p521_agrees_with_rustcrypto_where_x_passes_the_order() {
    agree_where_x_passes_the_order::<P521, 17>(p521);
}

fn exceptions_are_met<C: Curve<W>, const W: usize>() {
    let base = base_point::<C, W>().unwrap();
    let with_table = key::<C, W>(base);
    with_table.schedule.build_after(40, 5, || with_table.build_tables());
    let minus_one = opposite::<C, W>(&small(1));
    // G + G, G - G, and 3 G + 2 G - 5 G on the way.
    assert!(sum_by_tables(&with_table, &small(1), &small(1)).is_none());
    assert!(sum_by_tables(&with_table, &small(1), &minus_one).is_none());
    assert!(sum_by_tables(&with_table, &small(5), &small(3)).is_some());
    let double = divided(&with_table.sum(&small(1), &small(1)).unwrap());
    let doubled = divided(&Jacobian::from_affine(&base).doubled());
    assert!(double.x.minus(&doubled.x).is_zero() && double.y.minus(&doubled.y).is_zero());
    assert!(with_table.sum(&small(1), &minus_one).is_none());
    // Equal or opposite neighbours, before and after others. The remaining points are the sum of the others.
    let [one, two, four] =
        [1, 2, 4].map(|factor| divided(&with_table.sum_by_doubling(&small(factor), &[0; W]).unwrap()));
    for pair in [[one, one], [one, one.negated_if(true)]] {
        for mut points in [[&pair[..], &[one, two]].concat(), [&[one, two, four, two][..], &pair].concat()] {
            assert!(add_in_pairs(&mut points).is_none());
        }
    }
    let mut points = vec![one, two, four, one, two];
    add_in_pairs(&mut points).unwrap();
    let sums = [3, 5, 2].map(|factor| divided(&with_table.sum_by_doubling(&small(factor), &[0; W]).unwrap()));
    assert_eq!(points.len(), sums.len());
    for (point, sum) in points.iter().zip(sums) {
        assert_eq!([point.x.to_words(), point.y.to_words()], [sum.x.to_words(), sum.y.to_words()]);
    }
    // The complete addition itself.
    let point = Jacobian::from_affine(&base).doubled();
    let same = divided(&point);
    assert!(point.plus_other(&same).z.is_zero() && point.plus_other(&same.negated_if(true)).z.is_zero());
    assert!(point.plus(&same.negated_if(true)).is_none());
    let four = divided(&point.plus(&same).unwrap());
    assert!(four.x.minus(&divided(&point.doubled()).x).is_zero());
    assert_eq!(four.x.to_words(), divided(&with_table.sum(&small(4), &[0; W]).unwrap()).x.to_words());
}

#[test]
fn equal_and_opposite_points_are_added_correctly() {
    exceptions_are_met::<P256, 8>();
    exceptions_are_met::<P384, 12>();
    exceptions_are_met::<P521, 17>();
}

#[test]
fn a_digest_counts_by_its_leftmost_bytes() {
    let digest: [u8; 64] = core::array::from_fn(|at| u8::try_from(at).unwrap());
    assert_eq!(bytes::<P256, 8>(&leftmost::<P256, 8>(&digest)), digest[..32]);
    assert_eq!(bytes::<P384, 12>(&leftmost::<P384, 12>(&digest)), digest[..48]);
    assert_eq!(bytes::<P521, 17>(&leftmost::<P521, 17>(&digest)), [&[0, 0], &digest[..]].concat());
    assert_eq!(leftmost::<P256, 8>(&[1, 2, 3]), small(0x0001_0203));
    assert_eq!(leftmost::<P256, 8>(&[]), [0; 8]);
}

#[test]
fn numbers_of_another_length_are_rejected() {
    for length in [0, 31, 33, 64, 65, 67, 68] {
        assert_eq!(number::<P256, 8>(&[0; 68][..length]), None);
        assert_eq!(number::<P521, 17>(&[0; 68][..length]), None);
    }
    assert_eq!(number::<P521, 17>(&[0; 66]), Some([0; 17]));
}

#[test]
fn a_table_contains_every_multiple_at_its_index() {
    let base = base_point::<P256, 8>().unwrap();
    for width in 1..=4 {
        let mut entries = multiples(&base, None, 2, width);
        entries.extend(multiples(&base, entries.last(), 1, width));
        let mut expected = vec![];
        for row in 0..3 {
            for j in 1..=1_u32 << (width - 1) {
                expected.push(combined::<P256, 8>(base, &small(j << (row * width)), &[0; 8]).unwrap());
            }
        }
        assert_eq!(entries.len(), expected.len());
        for (entry, expected) in entries.iter().zip(expected) {
            assert!(entry.x.minus(&expected.x).is_zero() && entry.y.minus(&expected.y).is_zero());
        }
    }
}

std::thread_local! {
    /// The numbers of products and of inversions that this thread has computed.
    static COUNTS: Cell<[usize; 2]> = const { Cell::new([0; 2]) };
}

fn count(products: usize, inversions: usize) {
    COUNTS.set(core::array::from_fn(|at| COUNTS.get()[at] + [products, inversions][at]));
}

/// An element that counts its operations.
#[derive(Clone, Copy)]
struct Counted<F>(F);

fn counted<F>(Affine { x, y }: Affine<F>) -> Affine<Counted<F>> {
    Affine { x: Counted(x), y: Counted(y) }
}

impl<F: Field> Invertible for Counted<F> {
    const ONE: Self = Self(F::ONE);

    fn times(&self, other: &Self) -> Self {
        count(1, 0);
        Self(self.0.times(&other.0))
    }

    fn is_zero(&self) -> bool {
        self.0.is_zero()
    }

    fn inverted(&self) -> Self {
        count(0, 1);
        Self(self.0.inverted())
    }
}

impl<F: Field> Field for Counted<F> {
    fn from_words(words: &[u32]) -> Option<Self> {
        F::from_words(words).map(Self)
    }

    fn squared(&self) -> Self {
        count(1, 0);
        Self(self.0.squared())
    }

    fn minus(&self, other: &Self) -> Self {
        Self(self.0.minus(&other.0))
    }

    fn sum(terms: &[(i32, &Self)]) -> Self {
        let terms: Vec<_> = terms.iter().map(|(factor, term)| (*factor, &term.0)).collect();
        Self(F::sum(&terms))
    }

    fn ends(&self) -> i32 {
        self.0.ends()
    }

    fn to_words(&self) -> Vec<u32> {
        self.0.to_words()
    }
}

/// Returns the largest numbers of products and of inversions in one call while the tables of a curve are built.
fn largest_call<C: Curve<W>, const W: usize>() -> [usize; 2] {
    let point = counted(base_point::<C, W>().unwrap());
    let build = |last: Option<&_>, rows, width| multiples(&point, last, rows, width);
    let mut largest = [0; 2];
    for planned in growth_plan::<W>().earned(i32::MAX) {
        let slot = TableSlot::new();
        while slot.get().is_none() {
            COUNTS.set([0; 2]);
            assert!(slot.build_rows(planned, None, &build));
            largest = core::array::from_fn(|at| largest[at].max(COUNTS.get()[at]));
        }
    }
    largest
}

// The limit is in products on P-256 and keeps each call below a millisecond, at any point of the build. The weights are the time of a
// product on the other curves relative to P-256.
#[test]
fn a_call_that_builds_a_table_computes_no_more_than_its_share() {
    let calls =
        [(1, largest_call::<P256, 8>()), (4, largest_call::<P384, 12>()), (8, largest_call::<P521, 17>())];
    for (weight, [products, inversions]) in calls {
        assert!(weight * products < 20_000 && inversions == 2, "{products} of {weight}, {inversions}");
    }
}

/// Checks that sums stay the same while wider tables replace narrower ones.
fn tables_agree<C: Curve<W>, const W: usize>(plan: &GrowthPlan) {
    let mut random = Random::seeded(5915);
    let key = key::<C, W>(divided(
        &base_point::<C, W>().map(|base| Jacobian::from_affine(&base).doubled()).unwrap(),
    ));
    let mut counted = 0;
    for (after, width) in plan.steps {
        key.schedule.build_after(after - counted, *width, || key.build_tables());
        counted = *after;
        for _ in 0..20 {
            let (u, v) = (unit::<C, W>(&mut random), unit::<C, W>(&mut random));
            let (fast, slow) = (sum_by_tables(&key, &u, &v).unwrap(), key.sum_by_doubling(&u, &v).unwrap());
            let same = |a: &C::Field, b: &C::Field| a.minus(b).times(&C::Field::ONE).is_zero();
            let (fast_z, slow_z) = (fast.z.squared(), slow.z.squared());
            assert!(same(&fast.x.times(&slow_z), &slow.x.times(&fast_z)));
            assert!(same(&fast.y.times(&slow_z.times(&slow.z)), &slow.y.times(&fast_z.times(&fast.z))));
        }
    }
}

/// Makes a digest and its signature by the key with this point.
fn signed<C: Curve<W>, const W: usize>(point: Affine<C::Field>, random: &mut Random) -> (Vec<u8>, Vec<u8>) {
    let (u, v) = (unit::<C, W>(random), unit::<C, W>(random));
    let x = combined::<C, W>(point, &u, &v).unwrap().x.to_words().try_into().unwrap();
    let r = C::ORDER.quotients([&x, &x], &small(1))[0];
    let s = C::ORDER.quotients([&r, &r], &v)[0];
    (bytes::<C, W>(&product::<C, W>(&u, &s)), [bytes::<C, W>(&r), bytes::<C, W>(&s)].concat())
}

fn earns_its_tables<C: Curve<W>, const W: usize>() {
    let mut random = Random::seeded(16);
    let point = divided(&Jacobian::from_affine(&base_point::<C, W>().unwrap()).doubled());
    let (digest, signature) = signed::<C, W>(point, &mut random);
    let key = key::<C, W>(point);
    let mut bent = signature.clone();
    bent[C::BYTES] ^= 1;
    let refused = [&bent[..], &signature[1..], &vec![0; 2 * C::BYTES], &vec![0xff; 2 * C::BYTES], &[]];
    key.schedule.earns_its_tables(
        if W > 8 { 6 } else { 7 },
        &|| assert!(key.verify(&digest, &signature)),
        &|| assert!(refused.iter().all(|signature| !key.verify(&digest, signature))),
        &|| key.build_tables(),
    );

    let mut tableless: Key<C, W> = EcdsaKey { point, schedule: TableSchedule::new() };
    tableless.disable_tables();
    (0..520).for_each(|_| assert!(tableless.verify(&digest, &signature)));
    assert!(tableless.schedule.has_no_table());
}

#[test]
fn sixteen_successes_earn_a_table_and_512_a_wider_one_and_refusals_none() {
    earns_its_tables::<P256, 8>();
    earns_its_tables::<P384, 12>();
    earns_its_tables::<P521, 17>();
}

#[test]
fn tables_of_every_width_agree_with_doubling() {
    tables_agree::<P256, 8>(growth_plan::<8>());
    tables_agree::<P384, 12>(growth_plan::<12>());
    tables_agree::<P521, 17>(growth_plan::<17>());
}
