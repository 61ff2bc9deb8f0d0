//! Ed25519: makes keys and signatures by hand. Either may have a part of small order, or an encoding that is
//! not canonical.

use std::sync::{LazyLock, OnceLock};

use curve25519_dalek::constants::{ED25519_BASEPOINT_TABLE, EIGHT_TORSION};
use curve25519_dalek::{EdwardsPoint, Scalar};
use jotgate_crypto::{Algorithm, KeyParts, PreparedKey};
use sha2::{Digest, Sha512};

use crate::input::Input;
use crate::numbers::{hex, minus, plus, power_of_two, small};
use crate::verdicts::{Case, judge, warmed_up};

/// Keys that have tables: how often they have verified, and the index of their part of small order.
const WITH_TABLES: [(usize, usize); 4] = [(40, 0), (600, 0), (600, 3), (4200, 0)];
static HOT: [OnceLock<PreparedKey>; WITH_TABLES.len()] = [const { OnceLock::new() }; WITH_TABLES.len()];
/// The order of the base point, and the field's prime, big-endian.
static ORDER: LazyLock<Vec<u8>> =
    LazyLock::new(|| hex("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed"));
static PRIME: LazyLock<Vec<u8>> =
    LazyLock::new(|| hex("7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed"));

/// A key: its secret number, its part of small order and its encoding.
#[derive(Clone)]
struct Key {
    secret: Scalar,
    torsion: usize,
    bytes: [u8; 32],
}

impl Key {
    fn of(secret: Scalar, torsion: usize) -> Self {
        Self { secret, torsion, bytes: point(secret, torsion).compress().to_bytes() }
    }

    fn hot(index: usize) -> Self {
        let (_, torsion) = WITH_TABLES[index];
        Self::of(Scalar::from_hash(Sha512::new().chain_update(index.to_le_bytes())), torsion)
    }

    /// A signature with the given R. It is valid if R encodes `[nonce]B` minus `[k]` times the part of small
    /// order of the key.
    fn sign(&self, nonce: Scalar, r: &[u8; 32], message: &[u8]) -> Vec<u8> {
        [&r[..], (nonce + self.factor(r, message) * self.secret).as_bytes()].concat()
    }

    /// A valid signature, or `None` if no R fits: each R changes k.
    fn signature(&self, nonce: Scalar, message: &[u8]) -> Option<Vec<u8>> {
        EIGHT_TORSION.iter().find_map(|torsion| {
            let r = (&nonce * ED25519_BASEPOINT_TABLE + torsion).compress().to_bytes();
            let left = EIGHT_TORSION[self.torsion] * self.factor(&r, message) + torsion;
            (left == EIGHT_TORSION[0]).then(|| self.sign(nonce, &r, message))
        })
    }

    /// k of RFC 8032 §5.1.7.
    fn factor(&self, r: &[u8; 32], message: &[u8]) -> Scalar {
        Scalar::from_hash(Sha512::new().chain_update(r).chain_update(self.bytes).chain_update(message))
    }
}

pub(crate) fn run(algorithm: Algorithm, input: &mut Input<'_>) {
    let hot = input.below(2 * WITH_TABLES.len());
    let mut key = if hot < WITH_TABLES.len() {
        Key::hot(hot)
    } else {
        let torsion = if input.below(2) == 0 { 0 } else { input.below(8) };
        Key::of(scalar(input), torsion)
    };
    if hot >= WITH_TABLES.len() && input.below(8) == 0 {
        key = Key { secret: Scalar::ZERO, torsion: 0, bytes: odd_encoding(input) };
    }
    let case = |key: &[u8], message: &[u8], made: &[u8]| Case {
        algorithm,
        key: KeyParts::Ed25519 { x: key.to_vec() },
        message: message.to_vec(),
        signature: made.to_vec(),
    };
    let hot = HOT.get(hot).map(|slot| {
        slot.get_or_init(|| {
            let nonce = Scalar::from(7_u64);
            let right = (0_u8..).find_map(|message| Some((message, key.signature(nonce, &[message])?)));
            let (message, made) = right.expect("about every eighth message can be signed");
            warmed_up(&case(&key.bytes, &[message], &made), WITH_TABLES[hot].0)
        })
    });
    let mut message = input.message();
    let nonce = scalar(input);
    let mut right = false;
    let made = match input.below(4) {
        0 => Some(key.sign(nonce, &point(nonce, input.below(8)).compress().to_bytes(), &message)),
        1 => Some(key.sign(Scalar::ZERO, &odd_encoding(input), &message)),
        _ => {
            let made = key.signature(nonce, &message);
            // A key with the secret number zero is of small order.
            right = made.is_some() && key.secret != Scalar::ZERO;
            made
        }
    };
    let mut made = made.unwrap_or_else(|| key.sign(nonce, &number(input), &message));
    let accepted = judge(&case(&key.bytes, &message, &made), hot);
    assert!(accepted || !right, "all refuse a valid signature");
    let mut bytes = key.bytes.to_vec();
    let changes = input.below(4);
    for _ in 0..changes {
        match input.below(9) {
            0 => input.flip(&mut made),
            1 => input.resize(&mut made),
            2 => input.change_message(&mut message),
            3 => input.flip(&mut bytes),
            4 => bytes = odd_encoding(input).to_vec(),
            5 => bytes.truncate(input.below(33)),
            6 if made.len() == 64 => made[..32].copy_from_slice(&odd_encoding(input)),
            7 if made.len() == 64 => {
                let mut s: Vec<u8> = made.split_off(32).into_iter().rev().collect();
                for _ in 0..=input.below(16) {
                    s = plus(&s, &ORDER);
                }
                made.extend(s.iter().rev());
            }
            _ if made.len() == 64 => {
                made.truncate(32);
                made.extend(number(input));
            }
            _ => {}
        }
    }
    if changes > 0 {
        judge(&case(&bytes, &message, &made), hot.filter(|_| bytes == key.bytes));
    }
}

fn point(scalar: Scalar, torsion: usize) -> EdwardsPoint {
    &scalar * ED25519_BASEPOINT_TABLE + EIGHT_TORSION[torsion]
}

fn scalar(input: &mut Input<'_>) -> Scalar {
    Scalar::from_bytes_mod_order(number(input))
}

/// A little-endian number near zero, the order or a power of two, or any number.
fn number(input: &mut Input<'_>) -> [u8; 32] {
    let bytes = match input.below(5) {
        0 => small(32, input.byte()),
        1 => minus(&ORDER, &small(32, input.byte())),
        2 => plus(&power_of_two(32, input.below(256)), &small(32, input.byte())),
        3 => input.spread(32),
        _ => input.bytes(32),
    };
    little(bytes)
}

/// Bytes that encode a point of small order, or nearly. Each y at or above the prime is a second encoding. So
/// is x = 0 with the sign bit set.
fn odd_encoding(input: &mut Input<'_>) -> [u8; 32] {
    let near = small(32, input.byte() % 24);
    let mut bytes = match input.below(4) {
        0 => EIGHT_TORSION[input.below(8)].compress().to_bytes(),
        1 => little(near),
        2 => little(plus(&PRIME, &near)),
        _ => little(minus(&PRIME, &near)),
    };
    bytes[31] ^= input.pick(&[0, 0x80]);
    bytes
}

fn little(mut big: Vec<u8>) -> [u8; 32] {
    big.reverse();
    big.try_into().expect("32 bytes")
}
