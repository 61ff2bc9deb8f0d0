//! Tests of `verify.rs`.

use curve25519_dalek::{EdwardsPoint, Scalar, constants};
use ed25519_dalek::{Signer, SigningKey};

use super::*;
use crate::ed25519::oracle;
use jotgate_arithmetic::limbs::subtract_words;
use jotgate_arithmetic::random::Random;

const L: [u32; 8] = [0x5cf5_d3ed, 0x5812_631a, 0xa2f7_9cd6, 0x14de_f9de, 0, 0, 0, 0x1000_0000];

fn bytes(words: &[u32; 8]) -> [u8; 32] {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    bytes.try_into().unwrap()
}

fn small(number: u32) -> [u32; 8] {
    [number, 0, 0, 0, 0, 0, 0, 0]
}

/// A scalar below L.
fn scalar(random: &mut Random) -> [u32; 8] {
    let mut words = random.words();
    words[7] >>= 4;
    words
}

/// The same key with no table, a narrow and a wide one.
fn keys(bytes: &[u8; 32]) -> [PublicKey; 3] {
    [(0, 0), (40, 5), (700, 7)].map(|(successes, width)| {
        let key = PublicKey::from_bytes(bytes).unwrap();
        key.schedule.build_after(successes, width, || key.build_tables());
        key
    })
}

#[test]
fn sums_agree_with_dalek_for_edge_and_random_scalars_over_points_of_any_order() {
    let mut random = Random::seeded(3);
    let mut edges: Vec<[u32; 8]> = [0, 1, 2, 7, 8, 16, 17, 32, 33, 64, 65].map(small).to_vec();
    edges.extend([1, 2, 16].map(|number| subtract_words(&L, &small(number))));
    let base = constants::ED25519_BASEPOINT_POINT;
    let seed = Scalar::from_bytes_mod_order(bytes(&scalar(&mut random)));
    let mut points: Vec<EdwardsPoint> = constants::EIGHT_TORSION.to_vec();
    points.extend([base, -base, base + base, base * Scalar::from(32_u32), base * seed]);
    points.extend(constants::EIGHT_TORSION.iter().skip(1).map(|torsion| base * seed + torsion));
    let mut ran = 0;
    for point in points {
        let keys = keys(&point.compress().to_bytes());
        let mut judge = |s: &[u32; 8], k: &[u32; 8]| {
            let [s_theirs, k_theirs] = [s, k].map(|words| {
                // Reduced only once, which matters for points of small order.
                Scalar::from_canonical_bytes(bytes(words)).unwrap()
            });
            let sum = EdwardsPoint::vartime_double_scalar_mul_basepoint(&k_theirs, &-point, &s_theirs);
            for key in &keys {
                assert_eq!(bytes(&key.sum(s, k).unwrap().words()), sum.compress().to_bytes());
            }
            ran += 1;
        };
        for s in &edges {
            for k in &edges {
                judge(s, k);
            }
        }
        for _ in 0..20 {
            judge(&scalar(&mut random), &scalar(&mut random));
        }
    }
    assert_eq!(ran, 20 * (14 * 14 + 20));
}

#[test]
fn signatures_agree_with_dalek_with_and_without_a_flipped_bit() {
    let mut random = Random::seeded(4);
    let [mut accepted, mut refused] = [0, 0];
    for _ in 0..8 {
        let signer = SigningKey::from_bytes(&bytes(&random.words()));
        let public = signer.verifying_key().to_bytes();
        let (keys, theirs) = (keys(&public), oracle::PublicKey::from_bytes(&public).unwrap());
        for length in 0..80 {
            let mut message: Vec<u8> = (0..length).map(|_| random.words::<1>()[0].to_le_bytes()[0]).collect();
            let mut signature = signer.sign(&message).to_bytes().to_vec();
            for turned in [None, Some(true), Some(false)] {
                match turned {
                    Some(true) => signature[random.below(64)] ^= 1 << random.below(8),
                    Some(false) => message.push(0),
                    None => {}
                }
                let verdict = theirs.verify(&message, &signature);
                for key in &keys {
                    assert_eq!(key.check(&message, &signature).unwrap_or(false), verdict);
                }
                *(if verdict { &mut accepted } else { &mut refused }) += 1;
            }
        }
    }
    assert_eq!([accepted, refused], [640, 1280]);
}

#[test]
fn encodings_agree_with_dalek() {
    let mut random = Random::seeded(5);
    let mut taken = 0;
    let low = (0..40).map(small);
    let prime: [u32; 8] = core::array::from_fn(|at| match at {
        0 => 0xffff_ffed,
        7 => 0x7fff_ffff,
        _ => u32::MAX,
    });
    let around = (0..19).map(|number| jotgate_arithmetic::limbs::add_words(&prime, &small(number)).0);
    let below = (1..40).map(|number| subtract_words(&prime, &small(number)));
    let any: Vec<[u32; 8]> = (0..1000).map(|_| random.words()).collect();
    for mut words in low.chain(around).chain(below).chain(any) {
        for _ in 0..2 {
            words[7] ^= 0x8000_0000;
            let (ours, theirs) =
                (PublicKey::from_bytes(&bytes(&words)), oracle::PublicKey::from_bytes(&bytes(&words)));
            assert_eq!(ours.is_some(), theirs.is_some());
            if let (Some(ours), Some(theirs)) = (ours, theirs) {
                assert_eq!(ours.negative.negated().words(), words);
                assert_eq!(ours.is_of_small_order(), theirs.is_of_small_order());
                taken += 1;
            }
        }
    }
    assert!(taken > 900, "{taken}");
}

#[test]
fn sixteen_successes_earn_a_table_and_512_a_wider_one_and_refusals_none() {
    let signing = SigningKey::from_bytes(&[16; 32]);
    let key = PublicKey::from_bytes(signing.verifying_key().as_bytes()).unwrap();
    let signature = signing.sign(b"jotgate").to_bytes();
    let mut bent = signature;
    bent[32] ^= 1;
    let refused = [&bent[..], &signature[1..], &[0; 64], &[0xff; 64], &[]];
    key.schedule.earns_its_tables(
        7,
        &|| assert!(key.verify(b"jotgate", &signature)),
        &|| {
            assert!(refused.iter().all(|signature| !key.verify(b"jotgate", signature)));
            assert!(!key.verify(b"another", &signature));
        },
        &|| key.build_tables(),
    );

    let mut tableless = PublicKey::from_bytes(signing.verifying_key().as_bytes()).unwrap();
    tableless.disable_tables();
    (0..520).for_each(|_| assert!(tableless.verify(b"jotgate", &signature)));
    assert!(tableless.schedule.has_no_table());
}

/// Also holds for the tables that all keys on the curve share.
#[test]
fn a_call_that_builds_a_table_makes_no_more_entries_than_its_share() {
    let point = Extended::from_words(&BASE).unwrap();
    for planned in GROWTH_PLAN.earned(i32::MAX) {
        let slot = TableSlot::new();
        while slot.get().is_none() {
            let build = |last: Option<&_>, rows, width| {
                let entries = multiples(&point, last, rows, width);
                assert!(entries.len() <= GROWTH_PLAN.entries_per_call || rows == 1);
                entries
            };
            assert!(slot.build_rows(planned, None, &build));
        }
    }
}

#[test]
fn tables_of_every_width_agree_with_doubling() {
    let signing = SigningKey::from_bytes(&[7; 32]);
    let key = PublicKey::from_bytes(signing.verifying_key().as_bytes()).unwrap();
    let mut random = Random::seeded(8032);
    let mut counted = 0;
    for (after, width) in GROWTH_PLAN.steps {
        key.schedule.build_after(after - counted, *width, || key.build_tables());
        counted = *after;
        for _ in 0..20 {
            let [s, k] = [(); 2].map(|()| {
                let words: [u32; 8] = random.words();
                ED25519.reduce_wide(&words, &[0; 8])
            });
            assert_eq!(key.sum(&s, &k).unwrap().words(), key.sum_by_doubling(&s, &k).unwrap().words());
        }
    }
}
