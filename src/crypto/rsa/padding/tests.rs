//! Tests of `padding.rs`.

use alloc::vec;
use alloc::vec::Vec;

use sha2::{Digest, Sha256};

use super::*;
use crate::known_answers::hex;

/// EMSA-PSS-ENCODE (RFC 8017 §9.1.1) with a salt of this many bytes, for a modulus of `bits` bits.
fn encode_pss(bits: usize, salt_bytes: usize) -> Vec<u8> {
    let salt = vec![0x77; salt_bytes];
    let h = Sha256::new()
        .chain_update([0; 8])
        .chain_update(Sha256::digest(MESSAGE))
        .chain_update(&salt)
        .finalize();
    let em_bytes = (bits - 1).div_ceil(8);
    let mut db = vec![0; em_bytes - 33];
    let at = db.len() - salt_bytes;
    db[at..].copy_from_slice(&salt);
    db[at - 1] = 1;
    let mask = (0_u32..).flat_map(|i| Sha256::new().chain_update(h).chain_update(i.to_be_bytes()).finalize());
    for (byte, mask) in db.iter_mut().zip(mask) {
        *byte ^= mask;
    }
    db[0] &= 0xff >> (8 * em_bytes - (bits - 1));
    let em = [&db[..], &h[..], &[0xbc]].concat();
    [vec![0; bits.div_ceil(8) - em_bytes], em].concat()
}

fn is_pss_256(mut em: Vec<u8>, bits: usize) -> bool {
    is_pss(&mut em, bits, Hash::Sha256, MESSAGE)
}

#[test]
fn an_encoding_of_any_length_is_accepted_and_each_bit_of_it_counts() {
    for bits in 2048..2060 {
        let em = encode_pss(bits, 32);
        assert!(is_pss_256(em.clone(), bits), "{bits} bits");
        for bit in 0..8 * em.len() {
            let mut changed = em.clone();
            changed[bit / 8] ^= 0x80 >> (bit % 8);
            assert!(!is_pss_256(changed, bits), "{bits} bits, bit {bit}");
        }
    }
}

#[test]
fn a_salt_of_another_length_is_refused() {
    for salt_bytes in [0, 20, 31, 33, 48, 64] {
        assert!(!is_pss_256(encode_pss(2048, salt_bytes), 2048), "{salt_bytes}");
    }
}

#[test]
fn an_encoding_too_short_for_its_hash_is_refused() {
    for length in 0..70 {
        let mut em = vec![0xbc; length];
        assert!(!is_pss(&mut em, 8 * length, Hash::Sha512, MESSAGE));
        assert!(!is_pkcs1(&em, Hash::Sha512, MESSAGE));
    }
}

#[test]
fn each_bit_of_a_pkcs1_encoding_counts_and_its_padding_has_8_bytes_or_more() {
    let info = [&hex("3031300d060960864801650304020105000420")[..], &Sha256::digest(MESSAGE)].concat();
    let encode = |padding: usize| [&[0, 1][..], &vec![0xff; padding], &[0], &info].concat();
    assert!(is_pkcs1(&encode(8), Hash::Sha256, MESSAGE));
    assert!(!is_pkcs1(&encode(7), Hash::Sha256, MESSAGE));
    assert!(!is_pkcs1(&encode(8)[1..], Hash::Sha256, MESSAGE));
    let em = encode(202);
    assert!(is_pkcs1(&em, Hash::Sha256, MESSAGE));
    for bit in 0..8 * em.len() {
        let mut changed = em.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(!is_pkcs1(&changed, Hash::Sha256, MESSAGE), "bit {bit}");
    }
    let trailing = [&em[..], &[0]].concat();
    assert!(!is_pkcs1(&trailing, Hash::Sha256, MESSAGE));
}

const MESSAGE: &[u8] = b"jotgate";
