//! Tests of `key.rs`.

use alloc::vec;
use alloc::vec::Vec;

use super::*;
use crate::known_answers::hex;

/// One line of `tests/rsa_lengths.txt`.
struct Line {
    bits: usize,
    e: Vec<u8>,
    n: Vec<u8>,
    /// RS256, PS256, PS512, and PS256 with a salt of 31 bytes.
    signatures: [Vec<u8>; 4],
}

fn lines() -> Vec<Line> {
    let lines = include_str!("../../tests/rsa_lengths.txt").lines().filter(|line| !line.starts_with('#'));
    let read = |line: &str| {
        let fields: Vec<&str> = line.split(' ').collect();
        Line {
            bits: fields[0].parse().unwrap(),
            e: fields[1].parse::<u32>().unwrap().to_be_bytes().to_vec(),
            n: hex(fields[2]),
            signatures: [3, 4, 5, 6].map(|field| hex(fields[field])),
        }
    };
    lines.map(read).collect()
}

fn verify_all(key: &RsaKey, message: &[u8], [rs256, ps256, ps512, salt31]: &[Vec<u8>; 4]) -> [bool; 4] {
    [
        key.verify_pkcs1(Hash::Sha256, message, rs256),
        key.verify_pss(Hash::Sha256, message, ps256),
        key.verify_pss(Hash::Sha512, message, ps512),
        key.verify_pss(Hash::Sha256, message, salt31),
    ]
}

#[track_caller]
fn is_refused(n: &[u8], e: &[u8], refusal: KeyRefusal) {
    assert_eq!(RsaKey::from_parts(n, e).err(), Some(refusal));
}

// Also in WebAssembly, where limbs have another width.
#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn moduli_of_any_length_and_any_odd_exponent_verify() {
    let lines = lines();
    assert_eq!(lines.len(), 10);
    for Line { bits, e, n, signatures } in lines {
        let key = RsaKey::from_parts(&n, &e).ok().unwrap();
        assert_eq!(key.bits, bits);
        assert_eq!(verify_all(&key, MESSAGE, &signatures), [true, true, true, false], "{bits} bits");
        assert_eq!(verify_all(&key, b"jotgatf", &signatures), [false; 4], "{bits} bits");
    }
}

#[test]
fn another_padding_hash_or_bit_is_refused() {
    for Line { bits, e, n, signatures } in lines() {
        let key = RsaKey::from_parts(&n, &e).ok().unwrap();
        let [rs256, ps256, ..] = &signatures;
        assert!(!key.verify_pkcs1(Hash::Sha256, MESSAGE, ps256));
        assert!(!key.verify_pkcs1(Hash::Sha384, MESSAGE, rs256));
        assert!(!key.verify_pss(Hash::Sha256, MESSAGE, rs256));
        assert!(!key.verify_pss(Hash::Sha384, MESSAGE, ps256));
        for at in [0, 1, rs256.len() / 2, rs256.len() - 1] {
            let changed = signatures.clone().map(|mut signature| {
                signature[at] ^= 1;
                signature
            });
            assert_eq!(verify_all(&key, MESSAGE, &changed), [false; 4], "{bits} bits, byte {at}");
        }
    }
}

#[test]
fn a_signature_of_another_length_or_not_below_the_modulus_is_refused() {
    let mut wrapped = 0;
    for Line { bits, e, n, signatures } in lines() {
        let key = RsaKey::from_parts(&n, &e).ok().unwrap();
        let padded = signatures.clone().map(|signature| [&[0], &signature[..]].concat());
        assert_eq!(verify_all(&key, MESSAGE, &padded), [false; 4], "{bits} bits");
        let cut = signatures.clone().map(|signature| signature[1..].to_vec());
        assert_eq!(verify_all(&key, MESSAGE, &cut), [false; 4], "{bits} bits");
        // The same residue, if it still fits into as many bytes.
        let sums = signatures.clone().map(|signature| sum(&signature, &n));
        if let [Some(a), Some(b), Some(c), Some(d)] = sums {
            wrapped += 1;
            assert_eq!(verify_all(&key, MESSAGE, &[a, b, c, d]), [false; 4], "{bits} bits");
        }
        for number in [vec![0; n.len()], n.clone(), vec![0xff; n.len()]] {
            let all = [(); 4].map(|()| number.clone());
            assert_eq!(verify_all(&key, MESSAGE, &all), [false; 4], "{bits} bits");
        }
    }
    assert!(wrapped >= 8, "a signature above the modulus was tried");
}

/// Returns `a + b` if it is not longer than they are.
fn sum(a: &[u8], b: &[u8]) -> Option<Vec<u8>> {
    let mut carry = 0;
    let mut digits: Vec<u8> = a
        .iter()
        .zip(b)
        .rev()
        .map(|(a, b)| {
            let digit = u16::from(*a) + u16::from(*b) + carry;
            carry = digit >> 8;
            digit.to_le_bytes()[0]
        })
        .collect();
    digits.reverse();
    (carry == 0).then_some(digits)
}

#[test]
fn a_modulus_outside_of_2048_to_8192_bits_is_refused() {
    let refusal = |bits| KeyRefusal::RsaModulusSize { bits, minimum: 2048, maximum: 8192 };
    let with_top = |top: u8, bytes: usize| [vec![top], vec![0xff; bytes - 1]].concat();
    is_refused(&[], E, refusal(0));
    is_refused(&[0; 300], E, refusal(0));
    is_refused(&with_top(0x7f, 256), E, refusal(2047));
    is_refused(&[vec![0; 100], with_top(0x7f, 256)].concat(), E, refusal(2047));
    is_refused(&with_top(1, 1025), E, refusal(8193));
    is_refused(&with_top(0xff, 100_000), E, refusal(800_000));
    assert_eq!(RsaKey::from_parts(&with_top(0x80, 256), E).ok().unwrap().bits, 2048);
    assert_eq!(RsaKey::from_parts(&with_top(0x80, 1024), E).ok().unwrap().bits, 8192);
}

#[test]
fn leading_zeros_are_ignored() {
    let Line { bits, e, n, signatures } = lines().remove(1);
    let [n, e] = [n, e].map(|number| [&[0; 9], &number[..]].concat());
    let key = RsaKey::from_parts(&n, &e).ok().unwrap();
    assert_eq!(key.bits, bits);
    assert!(key.verify_pkcs1(Hash::Sha256, MESSAGE, &signatures[0]));
}

#[test]
fn an_even_modulus_is_refused() {
    is_refused(&[vec![0xff; 255], vec![0xfe]].concat(), E, KeyRefusal::RsaModulusEven);
}

#[test]
fn an_exponent_that_is_even_below_3_or_above_32_bits_is_refused() {
    for e in [&[][..], &[0], &[0, 0], &[1], &[0, 1], &[2], &[4], &[1, 0, 0], &[1, 0, 0, 0, 1], &[0xff; 256]] {
        is_refused(&[0xff; 256], e, KeyRefusal::RsaExponent);
    }
    for e in [&[3][..], &[0, 3], &[1, 1], &[0xff; 4]] {
        assert!(RsaKey::from_parts(&[0xff; 256], e).is_ok());
    }
}

const MESSAGE: &[u8] = b"jotgate";
const E: &[u8] = &[1, 0, 1];
