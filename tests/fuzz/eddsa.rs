//! Ed25519: keys and signatures made by hand, so that either may have a part of small order or another encoding than its own.

use std::sync::{LazyLock, OnceLock};

use curve25519_dalek::constants::{ED25519_BASEPOINT_TABLE, EIGHT_TORSION};
use curve25519_dalek::{EdwardsPoint, Scalar};
use jotgate_crypto::{Algorithm, KeyParts, PreparedKey};
use sha2::{Digest, Sha512};

use crate::input::Input;
use crate::numbers::{hex, minus, plus, power_of_two, small};
use crate::verdicts::{Case, heated, judge};

/// Keys that verified so often that they have tables: how often, and whether they have a part of small order.
const HEATED: [(usize, usize); 4] = [(40, 0), (600, 0), (600, 3), (4200, 0)];
static HOT: [OnceLock<PreparedKey>; HEATED.len()] = [const { OnceLock::new() }; HEATED.len()];
/// The order of the base point, and the field's prime, big-endian.
static ORDER: LazyLock<Vec<u8>> =
    LazyLock::new(|| hex("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed"));
static PRIME: LazyLock<Vec<u8>> =
    LazyLock::new(|| hex("7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed"));

/// A key: its number, its part of small order and its encoding.
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
        let (_, torsion) = HEATED[index];
        let number = u64::try_from(index).unwrap_or_default() + 1;
        Self::of(
            Scalar::from_bytes_mod_order(
                Sha512::digest(number.to_le_bytes())[..32].try_into().expect("32 bytes"),
            ),
            torsion,
        )
    }

    fn parts(&self) -> KeyParts {
        KeyParts::Ed25519 { x: self.bytes.to_vec() }
    }

    /// A signature with R as it is given; it is right if R encodes `[nonce]B` less `[k]` of the key's part of small order.
    fn sign(&self, nonce: Scalar, r: &[u8; 32], message: &[u8]) -> Vec<u8> {
        let k =
            Scalar::from_hash(Sha512::new().chain_update(r).chain_update(self.bytes).chain_update(message));
        [&r[..], (nonce + k * self.secret).as_bytes()].concat()
    }

    /// A right one.
    fn signature(&self, nonce: Scalar, message: &[u8]) -> Vec<u8> {
        let right = |torsion: &EdwardsPoint| {
            let r = (&nonce * ED25519_BASEPOINT_TABLE + torsion).compress().to_bytes();
            let k = Scalar::from_hash(
                Sha512::new().chain_update(r).chain_update(self.bytes).chain_update(message),
            );
            (EIGHT_TORSION[self.torsion] * k + torsion == EIGHT_TORSION[0]).then_some(r)
        };
        let r = EIGHT_TORSION.iter().find_map(right);
        // No R may fit, as each changes k; then the message is not signed.
        self.sign(nonce, &r.unwrap_or_default(), message)
    }
}

pub(crate) fn run(algorithm: Algorithm, input: &mut Input<'_>) {
    let hot = input.below(2 * HEATED.len());
    let mut key = if hot < HEATED.len() {
        Key::hot(hot)
    } else {
        let torsion = if input.below(2) == 0 { 0 } else { input.below(8) };
        Key::of(scalar(input), torsion)
    };
    if hot >= HEATED.len() && input.below(8) == 0 {
        key = Key { secret: Scalar::ZERO, torsion: 0, bytes: odd_encoding(input) };
    }
    let hot = HOT.get(hot).map(|slot| {
        slot.get_or_init(|| {
            let right = |number: usize| {
                let message = number.to_le_bytes();
                (key.signature(Scalar::from(7_u64), &message), message.to_vec())
            };
            heated(algorithm, &key.parts(), HEATED[hot].0, (0..).map(right))
        })
    });
    let mut message = input.message();
    let nonce = scalar(input);
    let mut made = match input.below(4) {
        0 => key.sign(nonce, &point(nonce, input.below(8)).compress().to_bytes(), &message),
        1 => key.sign(Scalar::ZERO, &odd_encoding(input), &message),
        _ => key.signature(nonce, &message),
    };
    let case = |key: &[u8], message: &[u8], made: &[u8]| Case {
        algorithm,
        key: KeyParts::Ed25519 { x: key.to_vec() },
        message: message.to_vec(),
        signature: made.to_vec(),
    };
    judge(&case(&key.bytes, &message, &made), hot);
    let mut bytes = key.bytes.to_vec();
    let bent = input.below(4);
    for _ in 0..bent {
        match input.below(9) {
            0 => input.flip(&mut made),
            1 => input.resize(&mut made),
            2 => input.bend_message(&mut message),
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
    if bent > 0 {
        judge(&case(&bytes, &message, &made), hot.filter(|_| bytes == key.bytes));
    }
}

fn point(scalar: Scalar, torsion: usize) -> EdwardsPoint {
    &scalar * ED25519_BASEPOINT_TABLE + EIGHT_TORSION[torsion]
}

fn scalar(input: &mut Input<'_>) -> Scalar {
    Scalar::from_bytes_mod_order(number(input))
}

/// A number, little-endian, near to zero, to the order, to a power of two, or anywhere.
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

/// Bytes that encode a point of small order, or nearly: each y from the prime on has another encoding, and so have both points
/// with x = 0, whose sign is not to be set.
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
