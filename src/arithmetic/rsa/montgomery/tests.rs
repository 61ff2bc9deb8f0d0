//! Tests of `montgomery.rs`.

use alloc::vec;
use alloc::vec::Vec;

use rsa::BoxedUint;

use super::*;
use crate::reference::Reference;
use crate::{rsa::montgomery_native, rsa::montgomery_wasm};

/// Compares the power on both kernels with the `rsa` crate's public operation.
#[track_caller]
fn is_the_crates_power(n: &[u8], base: &[u8], e: u32) {
    let bits = n.len() * 8 - n[0].leading_zeros() as usize;
    let key = rsa::PublicKey::new_unchecked(
        BoxedUint::from_be_slice_vartime(n),
        BoxedUint::from_be_slice_vartime(&e.to_be_bytes()),
    );
    let wide = BoxedUint::from_be_slice(base, u32::try_from(bits).unwrap()).unwrap();
    let expected = rsa::hazmat::rsa_encrypt(&key, &wide).unwrap().to_be_bytes();
    let expected = &expected[expected.len() - n.len()..];
    let mut out = vec![0x5a; n.len()];
    power(&montgomery_native::Modulus::new(n, bits), base, e, &mut out);
    assert!(out == expected, "64-bit limbs: n {n:02x?}, base {base:02x?}, e {e}");
    out.fill(0x5a);
    power(&montgomery_wasm::Modulus::new(n, bits), base, e, &mut out);
    assert!(out == expected, "26-bit limbs: n {n:02x?}, base {base:02x?}, e {e}");
}

/// SplitMix64: the same numbers each time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound).unwrap()).unwrap()
    }

    /// Random bytes, or long runs of zeros and ones, where carries propagate far.
    fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        let runs = self.next().is_multiple_of(3);
        let mut at = 0;
        while at < len {
            let run = if runs { 1 + self.below(60) } else { 1 };
            let byte =
                if runs { [0, 0xff, 0xff, 0x80, 1][self.below(5)] } else { self.next().to_le_bytes()[0] };
            bytes[at..len.min(at + run)].fill(byte);
            at += run;
        }
        bytes
    }

    /// An odd number of exactly this many bits.
    fn modulus(&mut self, bits: usize) -> Vec<u8> {
        let mut n = self.bytes(bits.div_ceil(8));
        let top = 1 << ((bits - 1) % 8);
        n[0] = n[0] & (top - 1) | top;
        *n.last_mut().unwrap() |= 1;
        n
    }

    /// A number below `n`, often at its edges.
    fn base(&mut self, n: &[u8]) -> Vec<u8> {
        let mut base = match self.below(8) {
            0 => vec![0; n.len()],
            1 => small(1, n.len()),
            2 => small(2, n.len()),
            3 => less(n, 1),
            4 => less(n, 2),
            _ => self.bytes(n.len()),
        };
        while *base >= *n {
            base[0] = if n[0] > 1 { base[0] % n[0] } else { 0 };
        }
        base
    }
}

fn small(value: u8, len: usize) -> Vec<u8> {
    let mut number = vec![0; len];
    number[len - 1] = value;
    number
}

/// `n` - `d`.
fn less(n: &[u8], d: u8) -> Vec<u8> {
    let mut number = n.to_vec();
    let mut borrow = d;
    for byte in number.iter_mut().rev() {
        let (difference, below) = byte.overflowing_sub(borrow);
        *byte = difference;
        borrow = u8::from(below);
    }
    number
}

/// 2^bits - c, for an odd c.
fn power_of_two_less(bits: usize, c: u8) -> Vec<u8> {
    let mut n = vec![0xff; bits.div_ceil(8)];
    if !bits.is_multiple_of(8) {
        n[0] = (1 << (bits % 8)) - 1;
    }
    *n.last_mut().unwrap() = 0xff - (c - 1);
    n
}

/// 2^(bits-1) + c, for an odd c.
fn power_of_two_more(bits: usize, c: u8) -> Vec<u8> {
    let mut n = small(c, bits.div_ceil(8));
    n[0] |= 1 << ((bits - 1) % 8);
    n
}

const EXPONENTS: [u32; 9] = [3, 5, 17, 257, 65537, 65539, 0x8000_0001, 0xffff_fffb, 0xffff_ffff];

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn any_modulus_base_and_exponent_gives_the_power_of_the_rsa_crate() {
    let mut numbers = Numbers(1);
    for round in 0..3000 {
        // Mostly short ones, which are fast: the sizes of both kernels' buffers follow from the bits.
        let bits = match round % 60 {
            0 => 2048,
            1 => 4096 - numbers.below(200),
            2 | 3 => 2048 + numbers.below(1100),
            _ => 65 + numbers.below(700),
        };
        let n = numbers.modulus(bits);
        let base = numbers.base(&n);
        let e = match numbers.below(4) {
            0 => 65537,
            1 => EXPONENTS[numbers.below(EXPONENTS.len())],
            _ => u32::try_from(numbers.next() >> (32 + numbers.below(30))).unwrap() | 3,
        };
        is_the_crates_power(&n, &base, e);
    }
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn moduli_and_bases_at_their_edges_give_the_power_of_the_rsa_crate() {
    let mut numbers = Numbers(2);
    for bits in
        [2048, 2049, 2050, 2051, 2052, 2053, 2054, 2055, 2056, 2079, 2080, 2081, 2111, 2112, 2113, 3072, 4096]
    {
        for n in [
            power_of_two_less(bits, 1),
            power_of_two_less(bits, 3),
            power_of_two_less(bits, 189),
            power_of_two_more(bits, 1),
            power_of_two_more(bits, 3),
            numbers.modulus(bits),
        ] {
            let any = numbers.base(&n);
            for base in [small(0, n.len()), small(1, n.len()), less(&n, 1), less(&n, 2), any] {
                let e = EXPONENTS[numbers.below(EXPONENTS.len())];
                is_the_crates_power(&n, &base, e);
            }
        }
    }
}

/// Tests every number of groups, and both sides of each step.
#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn the_lengths_around_every_group_of_limbs_give_the_power_of_the_rsa_crate() {
    let mut numbers = Numbers(3);
    for groups in 1..=39 {
        for bits in 208 * groups - 30..208 * groups - 22 {
            if !(65..=8192).contains(&bits) {
                continue;
            }
            let n = power_of_two_less(bits, 1);
            is_the_crates_power(&n, &less(&n, 2), 3);
            let n = numbers.modulus(bits);
            let base = numbers.base(&n);
            is_the_crates_power(&n, &base, 17);
        }
    }
    for bits in [8185, 8191, 8192] {
        let n = power_of_two_less(bits, 1);
        is_the_crates_power(&n, &less(&n, 2), 65537);
    }
}

/// Converts bytes to words for the reference.
fn words(bytes: &[u8]) -> Vec<u32> {
    let word = |bytes: &[u8]| bytes.iter().fold(0, |word, byte| word << 8 | u32::from(*byte));
    bytes.rchunks(4).map(word).collect()
}

/// The kernel takes all numbers below a bound that lies above n: from `first` on, which is below it, one square after the other,
/// and their products with `first`.
#[track_caller]
fn chains_agree<M: Montgomery>(modulus: &M, n: &[u8], r_bits: usize, first: &[u8]) {
    let reference = Reference::new(&words(n));
    let one = modulus.read(&small(1, n.len()));
    // The smallest residue, divided by R once more.
    let written = |number: &M::Number| {
        let mut out = vec![0x5a; n.len()];
        modulus.write_product(number, &one, &mut out);
        assert!(*out < *n);
        reference.shifted(&reference.of_words(&words(&out)), r_bits)
    };
    let (first, expected_first) = (modulus.read(first), reference.of_words(&words(first)));
    assert!(written(&first) == expected_first);
    let (mut x, mut expected) = (first.clone(), expected_first.clone());
    for _ in 0..6 {
        let [mut square, mut product] = [first.clone(), first.clone()];
        modulus.square(&x, &mut square);
        let of_square = written(&square);
        assert!(reference.shifted(&of_square, r_bits) == reference.times(&expected, &expected));
        modulus.multiply(&square, &first, &mut product);
        let of_product = written(&product);
        assert!(reference.shifted(&of_product, r_bits) == reference.times(&of_square, &expected_first));
        (x, expected) = (product, of_product);
    }
}

/// `number` times a factor, less another number, in as many bytes as it takes.
fn multiple_less(number: &[u8], factor: u64, less_by: u8) -> Vec<u8> {
    let mut product = vec![0; number.len() + 8];
    let mut carry = 0_u128;
    let digits = number.iter().rev().chain(core::iter::repeat(&0));
    for (byte, digit) in product.iter_mut().rev().zip(digits) {
        carry += u128::from(*digit) * u128::from(factor);
        *byte = carry.to_le_bytes()[0];
        carry >>= 8;
    }
    let product = less(&product, less_by);
    let zeros = product.iter().take_while(|byte| **byte == 0).count();
    product[zeros..].to_vec()
}

/// Tests moduli and numbers that consist only of ones, at the bounds in the kernels' comments.
#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn numbers_at_the_bounds_of_their_kernel_agree_with_the_reference() {
    let mut numbers = Numbers(4);
    for bits in [2048, 2052, 2053, 2112, 3072, 8192] {
        for n in [power_of_two_less(bits, 1), power_of_two_more(bits, 1), numbers.modulus(bits)] {
            // Below R: all limbs are ones.
            let limbs = bits.div_ceil(64);
            let modulus = montgomery_native::Modulus::new(&n, bits);
            for first in [vec![0xff; 8 * limbs], multiple_less(&n, 1, 1), n.clone(), small(1, n.len())] {
                chains_agree(&modulus, &n, 64 * limbs, &first);
            }
            // Below 2 n*, n* being the multiple of n that is -1 modulo 2^26.
            let limbs = (bits + 28).div_ceil(208) * 8;
            let modulus = montgomery_wasm::Modulus::new(&n, bits);
            let low = n[n.len() - 4..].iter().fold(0_u64, |low, byte| low << 8 | u64::from(*byte));
            let mask = (1 << 26) - 1;
            let inverse =
                (0..5).fold(low, |x, _| x.wrapping_mul(2_u64.wrapping_sub(low.wrapping_mul(x)))) & mask;
            let c = mask + 1 - inverse;
            assert_eq!(low.wrapping_mul(c) & mask, mask);
            for first in [
                multiple_less(&n, 2 * c, 1),
                multiple_less(&n, 2 * c, 2),
                multiple_less(&n, c, 1),
                multiple_less(&n, c, 0),
                multiple_less(&n, 2, 1),
                n.clone(),
                multiple_less(&n, 1, 1),
            ] {
                chains_agree(&modulus, &n, 26 * limbs, &first);
            }
        }
    }
}
