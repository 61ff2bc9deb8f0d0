//! Tests of `key.rs`.

use alloc::vec;
use alloc::vec::Vec;

use super::*;
use crate::KeyParts;
use crate::known_answers::{self, ES256_TOKEN, ES512_TOKEN, hex, signed};

fn coordinates(parts: KeyParts) -> (Curve, Vec<u8>, Vec<u8>) {
    match parts {
        KeyParts::Ec { curve, x, y } => (curve, x, y),
        other => panic!("{other:?}"),
    }
}

fn key(parts: KeyParts) -> EcKey {
    let (curve, x, y) = coordinates(parts);
    EcKey::from_parts(curve, &x, &y).ok().unwrap()
}

fn all() -> [KeyParts; 3] {
    [known_answers::p256(), known_answers::p384(), known_answers::p521()]
}

#[test]
fn a_coordinate_of_another_length_is_refused() {
    for (curve, x, y) in all().map(coordinates) {
        let bytes = curve.bytes();
        for wrong in [0, 1, bytes - 1, bytes + 1, 2 * bytes] {
            let other = vec![0; wrong];
            let refusal = Some(KeyRefusal::CoordinateLength { curve, bytes: wrong });
            assert_eq!(EcKey::from_parts(curve, &other, &y).err(), refusal);
            assert_eq!(EcKey::from_parts(curve, &x, &other).err(), refusal);
        }
    }
}

#[test]
fn a_point_off_the_curve_is_refused() {
    for (curve, x, y) in all().map(coordinates) {
        let mut off = y.clone();
        *off.last_mut().unwrap() ^= 1;
        let zero = vec![0; curve.bytes()];
        let high = vec![0xff; curve.bytes()];
        for (x, y) in [(&x, &off), (&y, &x), (&zero, &zero), (&x, &zero), (&high, &y), (&x, &high)] {
            let refusal = Some(KeyRefusal::PointNotOnCurve { curve });
            assert_eq!(EcKey::from_parts(curve, x, y).err(), refusal);
        }
    }
}

#[test]
fn a_coordinate_that_is_not_reduced_is_refused() {
    // The point with x = 5 on P-256, and the one with x = 1 on P-521. Then each with p added to a coordinate, if that still fits.
    for (curve, point, unreduced) in [
        (
            Curve::P256,
            [
                "0000000000000000000000000000000000000000000000000000000000000005",
                "459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc",
            ],
            [Some("ffffffff00000001000000000000000000000001000000000000000000000004"), None],
        ),
        (
            Curve::P521,
            [
                "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\
                 000000000000000000000000000000000001",
                "0010e59be93c4f269c0269c79e2afd65d6aeaa9b701eacc194fb3ee03df47849bf550ec636ebee0ddd4a16f1cd940660\
                 5af38f584567770e3f272d688c832e843564",
            ],
            [
                Some(
                    "020000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\
                     000000000000000000000000000000000000",
                ),
                Some(
                    "0210e59be93c4f269c0269c79e2afd65d6aeaa9b701eacc194fb3ee03df47849bf550ec636ebee0ddd4a16f1cd940660\
                     5af38f584567770e3f272d688c832e843563",
                ),
            ],
        ),
    ] {
        let [x, y] = point.map(hex);
        assert!(EcKey::from_parts(curve, &x, &y).is_ok());
        let refusal = Some(KeyRefusal::PointNotOnCurve { curve });
        let [other_x, other_y] = unreduced.map(|number| number.map(hex));
        assert_eq!(EcKey::from_parts(curve, &other_x.unwrap(), &y).err(), refusal);
        if let Some(other_y) = other_y {
            assert_eq!(EcKey::from_parts(curve, &x, &other_y).err(), refusal);
        }
    }
}

#[test]
fn another_curve_or_hash_or_message_is_refused() {
    let (message, signature) = signed(ES256_TOKEN);
    assert!(key(known_answers::p256()).verify(Hash::Sha256, message, &signature));
    assert!(!key(known_answers::p256()).verify(Hash::Sha384, message, &signature));
    assert!(!key(known_answers::p256()).verify(Hash::Sha256, &message[1..], &signature));
    assert!(!key(known_answers::p384()).verify(Hash::Sha256, message, &signature));
    let (message, signature) = signed(ES512_TOKEN);
    assert!(key(known_answers::p521()).verify(Hash::Sha512, message, &signature));
    assert!(!key(known_answers::p521()).verify(Hash::Sha256, message, &signature));
}

#[test]
fn both_values_of_s_are_accepted() {
    let (message, mut signature) = signed(ES256_TOKEN);
    // n − s for the s of RFC 7515 §A.3, which is the larger one.
    signature[32..].copy_from_slice(&hex("3af5f82b73c38f1b270ed250f7b5ab7f168169e7b4844dea647a4b3878bfd07c"));
    assert!(key(known_answers::p256()).verify(Hash::Sha256, message, &signature));
}

#[test]
fn r_and_s_of_zero_or_not_below_n_are_refused() {
    for (token, parts, hash, n) in [
        (ES256_TOKEN, known_answers::p256(), Hash::Sha256, P256_ORDER),
        (ES512_TOKEN, known_answers::p521(), Hash::Sha512, P521_ORDER),
    ] {
        let (key, (message, signature), n) = (key(parts), signed(token), hex(n));
        assert!(key.verify(hash, message, &signature));
        for wrong in [vec![0; n.len()], n.clone(), vec![0xff; n.len()]] {
            for half in [0..n.len(), n.len()..2 * n.len()] {
                let mut signature = signature.clone();
                signature[half].copy_from_slice(&wrong);
                assert!(!key.verify(hash, message, &signature));
            }
        }
        assert!(!key.verify(hash, message, &vec![0; 2 * n.len()]));
    }
}

#[test]
fn r_and_s_with_n_or_a_bit_above_it_added_are_refused() {
    // The numbers of P-521 take 66 bytes, whose first seven bits are zero: the number plus n still fits.
    let (key, (message, signature)) = (key(known_answers::p521()), signed(ES512_TOKEN));
    for half in [0..66, 66..132] {
        let mut more = signature.clone();
        let mut carry = 0;
        for (digit, add) in more[half.clone()].iter_mut().zip(hex(P521_ORDER)).rev() {
            let sum = u16::from(*digit) + u16::from(add) + carry;
            [*digit, _] = sum.to_le_bytes();
            carry = sum >> 8;
        }
        assert_eq!(carry, 0);
        assert!(!key.verify(Hash::Sha512, message, &more));
        for bit in 1..8 {
            let mut more = signature.clone();
            more[half.start] |= 1 << bit;
            assert!(!key.verify(Hash::Sha512, message, &more));
        }
    }
}

const P256_ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
const P521_ORDER: &str = "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709\
                          a5d03bb5c9b8899c47aebb6fb71e91386409";
