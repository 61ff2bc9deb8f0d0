//! Compares jotgate-crypto with aws-lc-rs on random messages, signatures and keys, whole and damaged. A test
//! fails if too few ran.

use aws_lc_rs::signature::{RSA_PSS_SHA256, RsaPssSaltLength, RsaSignatureEncoding};
use jotgate_core::{Algorithm, Family};
use jotgate_crypto::{KeyParts, PreparedKey};

use crate::{
    pair::{P256, P384, P521, RSA_2048, aws_verifies, matrix},
    random::Random,
};

/// Messages for each algorithm and key, unless `JOTGATE_MESSAGES` is set. Thousands let keys grow their widest
/// tables; `cargo xtask assure` runs them.
const MESSAGES: usize = 12;

/// The signatures that both judged.
#[derive(Debug, Default, PartialEq)]
struct Tally {
    accepted: usize,
    refused: usize,
}

impl Tally {
    /// Judges one signature by both.
    #[track_caller]
    fn judge(&mut self, what: &str, key: &KeyParts, algorithm: Algorithm, message: &[u8], made: &[u8]) {
        // A key that ours refuses verifies nothing.
        let ours = PreparedKey::from_parts(key).is_ok_and(|key| key.verify(algorithm, message, made));
        self.count(what, algorithm, ours, aws_verifies(key, algorithm, message, made));
    }

    #[track_caller]
    fn count(&mut self, what: &str, algorithm: Algorithm, ours: bool, theirs: bool) {
        assert_eq!(ours, theirs, "{}: {what}: ours, then aws-lc-rs", algorithm.name());
        *if ours { &mut self.accepted } else { &mut self.refused } += 1;
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "`cargo xtask assure` shows it")]
fn random_signatures_are_judged_alike() {
    let messages = std::env::var("JOTGATE_MESSAGES").map_or(MESSAGES, |messages| messages.parse().unwrap());
    let (mut tally, mut random, mut rounds) = (Tally::default(), Random::seeded(1), 0);
    for (algorithm, pair) in matrix() {
        let key = pair.public();
        // This key gets more tables with each verification. The others verify one signature.
        let hot = PreparedKey::from_parts(&key).unwrap();
        for _ in 0..messages {
            let length = 1 + random.below(200);
            let message = random.bytes(length);
            let made = pair.sign(algorithm, &message);
            let mut judge =
                |what, key: &_, message: &_, made: &_| tally.judge(what, key, algorithm, message, made);
            judge("whole", &key, &message, &made);
            judge("bit of the signature turned", &key, &message, &random.flipped(&made));
            judge("bit of the message turned", &key, &random.flipped(&message), &made);
            judge("bit of the key turned", &damaged(&key, &mut random), &message, &made);
            judge("signature cut", &key, &message, &made[..random.below(made.len())]);
            judge("signature grown", &key, &message, &[&made[..], &random.bytes(1)].concat());
            judge("signature of chance", &key, &message, &random.bytes(made.len()));
            let changed = random.flipped(&made);
            for (what, made) in [
                ("unchanged, key with tables", &made),
                ("one bit of the signature flipped, key with tables", &changed),
            ] {
                let theirs = aws_verifies(&key, algorithm, &message, made);
                tally.count(what, algorithm, hot.verify(algorithm, &message, made), theirs);
            }
            rounds += 1;
        }
    }
    assert_eq!(rounds, messages * (3 + 6 * 3 + 5));
    assert_eq!(tally, Tally { accepted: rounds * 2, refused: rounds * 7 });
    println!("{} signatures were judged as aws-lc-rs judges them", rounds * 9);
}

#[test]
fn signatures_of_extreme_numbers_are_judged_alike() {
    let mut tally = Tally::default();
    for (algorithm, pair) in matrix() {
        let key = pair.public();
        let made = pair.sign(algorithm, b"message");
        let half = made.len() / 2;
        let with = |change: &dyn Fn(&mut [u8])| {
            let mut changed = made.clone();
            change(&mut changed);
            changed
        };
        let changed = [
            with(&|all| all.fill(0)),
            with(&|all| all.fill(0xff)),
            with(&|all| all[..half].fill(0)),
            with(&|all| all[half..].fill(0)),
            with(&|all| all[..half].fill(0xff)),
            with(&|all| all[half..].fill(0xff)),
            with(&|all| all.reverse()),
            with(&|all| all.rotate_left(half)),
            [&[0], &made[..]].concat(),
            vec![],
        ];
        for (index, changed) in changed.iter().enumerate() {
            tally.judge(&format!("{index}"), &key, algorithm, b"message", changed);
        }
    }
    assert_eq!(tally, Tally { accepted: 0, refused: 10 * 26 });
}

#[test]
fn a_signature_under_another_algorithm_is_refused_by_both() {
    let mut tally = Tally::default();
    for (algorithm, pair) in matrix() {
        let made = pair.sign(algorithm, b"message");
        let family = |algorithm: Algorithm| (algorithm.facts().key_type, algorithm.facts().curve);
        let others = Algorithm::ALL
            .into_iter()
            .filter(|other| family(*other) == family(algorithm) && *other != algorithm);
        for other in others {
            tally.judge(algorithm.name(), &pair.public(), other, b"message", &made);
        }
    }
    // HMAC: 3 × 2, RSA: 3 × 6 × 5. Ed25519 has two names.
    assert_eq!(tally, Tally { accepted: 2, refused: 3 * 2 + 3 * 6 * 5 });
}

#[test]
fn an_ecdsa_signature_and_its_mirror_are_accepted_by_both() {
    // RFC 7518 §3.4 does not require a low S: (r, n - s) is as good as (r, s).
    let mut tally = Tally::default();
    for (algorithm, pair, order) in [
        (Algorithm::ES256, &*P256, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"),
        (
            Algorithm::ES384,
            &*P384,
            "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
        ),
        (
            Algorithm::ES512,
            &*P521,
            "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
        ),
    ] {
        let order: Vec<u8> = (0..order.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&order[at..at + 2], 16).unwrap())
            .collect();
        let made = pair.sign(algorithm, b"message");
        let (r, s) = made.split_at(order.len());
        for (what, second) in [("mirror", minus(&order, s)), ("s = n", order.clone())] {
            tally.judge(what, &pair.public(), algorithm, b"message", &[r, &second].concat());
        }
    }
    assert_eq!(tally, Tally { accepted: 3, refused: 3 });
}

#[test]
fn a_pss_salt_of_another_length_is_refused_by_both() {
    // RFC 7518 §3.5: the salt is as long as the hash.
    const NONE: RsaSignatureEncoding = RSA_PSS_SHA256.with_pss_salt_length(RsaPssSaltLength::Custom(0));
    const SHORT: RsaSignatureEncoding = RSA_PSS_SHA256.with_pss_salt_length(RsaPssSaltLength::Custom(31));
    const RIGHT: RsaSignatureEncoding = RSA_PSS_SHA256.with_pss_salt_length(RsaPssSaltLength::Custom(32));
    const LONG: RsaSignatureEncoding = RSA_PSS_SHA256.with_pss_salt_length(RsaPssSaltLength::Custom(33));
    const MOST: RsaSignatureEncoding = RSA_PSS_SHA256.with_pss_salt_length(RsaPssSaltLength::Max);
    let mut tally = Tally::default();
    let salts: [(&str, &'static RsaSignatureEncoding); 5] =
        [("none", &NONE), ("short", &SHORT), ("right", &RIGHT), ("long", &LONG), ("most", &MOST)];
    for (salt, encoding) in salts {
        let made = RSA_2048.sign_rsa(encoding, b"message");
        tally.judge(salt, &RSA_2048.public(), Algorithm::PS256, b"message", &made);
    }
    assert_eq!(tally, Tally { accepted: 1, refused: 4 });
}

#[test]
fn an_rsa_signature_of_the_modulus_or_more_is_refused_by_both() {
    let KeyParts::Rsa { n, .. } = RSA_2048.public() else { panic!("an RSA key has a modulus") };
    let one = [vec![0; n.len() - 1], vec![1]].concat();
    let mut tally = Tally::default();
    for algorithm in Algorithm::ALL {
        if matches!(algorithm.facts().family, Family::RsaPkcs1 | Family::RsaPss) {
            for (what, made) in [("n", n.clone()), ("n - 1", minus(&n, &one)), ("1", one.clone())] {
                tally.judge(what, &RSA_2048.public(), algorithm, b"message", &made);
            }
        }
    }
    assert_eq!(tally, Tally { accepted: 0, refused: 18 });
}

/// The key with one bit of its numbers flipped.
fn damaged(key: &KeyParts, random: &mut Random) -> KeyParts {
    match key.clone() {
        KeyParts::Secret(secret) => KeyParts::Secret(random.flipped(&secret).into()),
        KeyParts::Rsa { n, e } => KeyParts::Rsa { n: random.flipped(&n), e },
        KeyParts::Ec { curve, x, y } => KeyParts::Ec { curve, x: random.flipped(&x), y },
        KeyParts::Ed25519 { x } => KeyParts::Ed25519 { x: random.flipped(&x) },
    }
}

/// Subtracts a smaller big-endian number of the same length.
fn minus(from: &[u8], less: &[u8]) -> Vec<u8> {
    let mut difference = from.to_vec();
    let mut borrow = false;
    for (digit, less) in difference.iter_mut().zip(less).rev() {
        let (first, under) = digit.overflowing_sub(*less);
        let (second, under_again) = first.overflowing_sub(borrow.into());
        (*digit, borrow) = (second, under || under_again);
    }
    difference
}
