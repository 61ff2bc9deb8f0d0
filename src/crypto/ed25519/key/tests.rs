//! Tests of `key.rs`.

use alloc::vec::Vec;

use super::*;
use crate::known_answers::hex;

#[track_caller]
fn is_refused(x: &[u8], refusal: KeyRefusal) {
    assert_eq!(Ed25519Key::from_bytes(x).err(), Some(refusal));
}

fn verify(key: &str, signature: &str) -> bool {
    Ed25519Key::from_bytes(&hex(key)).ok().unwrap().verify(b"jotgate", &hex(signature))
}

/// `number + 2^255 − 19`, little-endian, for a number below 19.
fn above_p(number: u8) -> [u8; 32] {
    let mut encoding = [0xff; 32];
    encoding[0] = 0xed + number;
    encoding[31] = 0x7f;
    encoding
}

const NOT_A_POINT: KeyRefusal = KeyRefusal::PointNotOnCurve { curve: Curve::Ed25519 };

#[test]
fn a_key_of_another_length_is_refused() {
    for bytes in [0, 1, 31, 33, 64] {
        let curve = Curve::Ed25519;
        is_refused(&[1; 65][..bytes], KeyRefusal::CoordinateLength { curve, bytes });
    }
}

#[test]
fn a_key_that_is_not_a_point_is_refused() {
    let mut encoding = [0; 32];
    encoding[0] = 2;
    is_refused(&encoding, NOT_A_POINT);
}

#[test]
fn a_key_that_is_not_reduced_is_refused_and_its_canonical_encoding_is_accepted() {
    let mut accepted = Vec::new();
    for number in 0..19 {
        for sign in [0, 0x80] {
            let mut encoding = above_p(number);
            encoding[31] |= sign;
            is_refused(&encoding, NOT_A_POINT);
            let mut canonical = [0; 32];
            (canonical[0], canonical[31]) = (number, sign);
            if Ed25519Key::from_bytes(&canonical).is_ok() {
                accepted.push(number);
            }
        }
    }
    assert!(accepted.len() > 10, "{accepted:?} lie on the curve");
}

#[test]
fn a_zero_coordinate_with_a_sign_is_refused() {
    let mut one = [0; 32];
    (one[0], one[31]) = (1, 0x80);
    let mut minus_one = [0xff; 32];
    minus_one[0] = 0xec;
    for encoding in [one, minus_one] {
        is_refused(&encoding, NOT_A_POINT);
    }
}

#[test]
fn a_key_of_small_order_is_refused() {
    for encoding in [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    ] {
        is_refused(&hex(encoding), KeyRefusal::PointOfSmallOrder);
    }
}

// The signatures below were made with the private key of RFC 8037 §A.1 and the formulas of RFC 8032.

#[test]
fn s_must_be_below_l() {
    assert!(verify(KEY, GOOD));
    // The same S plus L.
    let mut signature = hex(GOOD);
    let l = hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let mut carry = 0;
    for (digit, more) in signature[32..].iter_mut().zip(l) {
        let sum = u16::from(*digit) + u16::from(more) + carry;
        [*digit, _] = sum.to_le_bytes();
        carry = sum >> 8;
    }
    assert_eq!(carry, 0);
    assert!(!Ed25519Key::from_bytes(&hex(KEY)).ok().unwrap().verify(b"jotgate", &signature));
}

#[test]
fn r_of_small_order_is_accepted_in_its_canonical_encoding_only() {
    // R is the neutral point: y = 1.
    assert!(verify(
        KEY,
        "010000000000000000000000000000000000000000000000000000000000000031d8f8c07f4110dee4e3a081ac159078\
         6ea532152ab6a3e0ba0c347a307cd000",
    ));
    // y = 1 + p, with the S for these bytes.
    assert!(!verify(
        KEY,
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f1663e42bc2e8912e2cbe79498045b050\
         eb73cf0cf1fe4504efcfa0abba776e0a",
    ));
    // x = 0 with a sign, with the S for these bytes.
    assert!(!verify(
        KEY,
        "0100000000000000000000000000000000000000000000000000000000000080809111be2145b3bac7af8797710e38a6\
         339aea8cce2ca3865b49a50ddc625c3e0f",
    ));
}

#[test]
fn a_signature_that_is_valid_only_with_the_cofactor_is_refused() {
    assert!(!verify(
        KEY,
        "186ed2bdbd1a36f6437c5168b0221914018ea4f32a1c3fcd1c1794d64fbd596e92a8aa6ef67b61fcc1d84b3bb86c468f\
         ca6fe2cdbec06c2dab344c10d112c40f",
    ));
}

#[test]
fn a_key_of_mixed_order_verifies_without_the_cofactor() {
    // The key's component of order 8 vanishes only if k is a multiple of 8 after its reduction modulo L. All common verifiers
    // multiply with the reduced k. Before the reduction, this k is not a multiple of 8.
    assert!(verify(
        "9158312a9a8d6e3b34c891d6d61444f8b8211c5117ebad15bdb0bd68b07e0245",
        "6ef7262ec9a1b07c9df1286e8c338827de5adfe1c2ff1f398de6e3d584a0c0bb3cedb6a0e26b3dfff2e204221678225b\
         cc9866f83b9a5c41c5b6ac33cd80ca01",
    ));
}

const KEY: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
const GOOD: &str = "b31b20f50426242514d81b383548bd90de72fd0b8cf2382a88f9f52ce5076b23\
                    ab4b28a10046d2ddd139463f33b5ac7f9fcf59320273b598c2aba4c8eb017302";
