//! RSA: keys with many small primes. They verify like any others, and their private operation is fast. So the
//! encoding can be changed before it is signed, and the signature after it.

use std::collections::HashMap;
use std::sync::Mutex;

use jotgate_crypto::{Algorithm, Family, Hash, KeyParts, digest};

use crate::input::Input;
use crate::numbers::{minus, plus, small};
use crate::verdicts::{Case, judge};

const EXPONENTS: [u32; 5] = [65537, 3, 17, 0xffff_fffb, 0xffff_ffff];

/// A modulus with known factors, and an exponent.
#[derive(Clone)]
struct Key {
    primes: Vec<u64>,
    e: u32,
    n: Vec<u8>,
}

impl Key {
    /// Returns the same key for the same arguments.
    fn of(bits: usize, e: u32) -> Self {
        static MADE: Mutex<Option<HashMap<(usize, u32), Key>>> = Mutex::new(None);
        let mut made = MADE.lock().expect("a panic ends the process");
        let made = made.get_or_insert_default();
        made.entry((bits, e)).or_insert_with(|| Self::new(bits, e)).clone()
    }

    fn new(bits: usize, e: u32) -> Self {
        let mut chance = bits as u64 ^ u64::from(e) << 32;
        // Marsaglia's xorshift.
        let mut word = move || {
            for shift in [13, -7, 17_i32] {
                chance ^= if shift > 0 { chance << shift } else { chance >> -shift };
            }
            chance
        };
        // INVARIANT: the exponent has an inverse modulo each prime less one.
        let is_usable = |number: &u64| coprime(number - 1, u64::from(e)) && is_prime(*number);
        // A prime of the given length.
        let mut prime = |bits: usize| {
            let from = word() >> (64 - bits) | 3 << (bits - 2) | 1;
            (from..).step_by(2).find(is_usable).expect("primes are dense")
        };
        loop {
            let mut primes = Vec::new();
            while bits - length(&primes) > 120 {
                primes.push(prime(62));
            }
            // Two more primes complete the length, or miss it by a bit.
            let left = bits - length(&primes);
            primes.push(prime(left / 2));
            primes.push(prime(bits - length(&primes)));
            if length(&primes) == bits && all_differ(&primes) {
                let n = product(&primes, bits.div_ceil(8));
                return Self { primes, e, n };
            }
        }
    }

    fn parts(&self) -> KeyParts {
        KeyParts::Rsa { n: self.n.clone(), e: self.e.to_be_bytes().to_vec() }
    }

    /// The number whose power is `em` modulo n, from its remainders (Garner).
    fn open(&self, em: &[u8]) -> Vec<u8> {
        let mut digits: Vec<u64> = Vec::with_capacity(self.primes.len());
        for prime in &self.primes {
            let remainder =
                em.iter().fold(0, |sum, byte| (u128::from(sum) << 8 | u128::from(*byte)).rem(*prime));
            let d = inverse(u64::from(self.e) % (prime - 1), prime - 1);
            let (mut value, mut weight) = (0, 1);
            for (digit, other) in digits.iter().zip(&self.primes) {
                value = (u128::from(value) + u128::from(times(*digit, weight, *prime))).rem(*prime);
                weight = times(weight, other % prime, *prime);
            }
            let missing = (u128::from(power(remainder, d, *prime)) + u128::from(*prime) - u128::from(value))
                .rem(*prime);
            digits.push(times(missing, power(weight, prime - 2, *prime), *prime));
        }
        let mut number = vec![0; self.n.len()];
        for (digit, prime) in digits.iter().zip(&self.primes).rev() {
            multiply(&mut number, *prime, *digit);
        }
        number
    }
}

pub(crate) fn run(algorithm: Algorithm, input: &mut Input<'_>) {
    let bits = match input.below(16) {
        0 => input.pick(&[3072, 4096, 8192]),
        _ => 2048 + input.below(17),
    };
    let key = Key::of(bits, input.pick(&EXPONENTS));
    let mut message = input.message();
    let signed = match input.below(8) {
        0 => input.pick(&Algorithm::ALL.into_iter().filter(|other| other.is_rsa()).collect::<Vec<_>>()),
        _ => algorithm,
    };
    let hash = signed.facts().hash;
    let (em, right) = match signed.facts().family {
        Family::RsaPkcs1 => pkcs1(hash, bits, &message, input),
        _ => pss(hash, bits, &message, input),
    };
    let mut made = key.open(&em);
    let case = |key: KeyParts, message: &[u8], made: &[u8]| Case {
        algorithm,
        key,
        message: message.to_vec(),
        signature: made.to_vec(),
    };
    let accepted = judge(&case(key.parts(), &message, &made), None);
    assert!(accepted || !right || signed != algorithm, "all refuse a valid signature");
    let KeyParts::Rsa { mut n, mut e } = key.parts() else { return };
    let changes = input.below(4);
    for _ in 0..changes {
        match input.below(10) {
            0 => input.flip(&mut made),
            1 => input.resize(&mut made),
            2 => input.change_message(&mut message),
            3 => made = plus(&made, &key.n),
            4 => made = minus(&key.n, &made),
            5 => made = small(key.n.len(), input.byte()),
            6 => made = minus(&key.n, &small(key.n.len(), input.byte())),
            7 => input.flip(&mut n),
            8 => n = [vec![0; input.below(3)], n].concat(),
            _ => {
                e = match input.below(3) {
                    0 => vec![input.byte()],
                    1 => [&[1][..], &e].concat(),
                    _ => input.bytes(4),
                };
            }
        }
    }
    if changes > 0 {
        judge(&case(KeyParts::Rsa { n, e }, &message, &made), None);
    }
}

/// EMSA-PKCS1-v1_5 (RFC 8017 §9.2), valid or nearly, and whether it is valid.
fn pkcs1(hash: Hash, bits: usize, message: &[u8], input: &mut Input<'_>) -> (Vec<u8>, bool) {
    let digest = digest(hash, &[message]);
    let length = digest.len().to_le_bytes()[0];
    let arc = match hash {
        Hash::Sha256 => 1,
        Hash::Sha384 => 2,
        Hash::Sha512 => 3,
    };
    let object = [0x06, 9, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, arc];
    let (null, rest): (&[u8], usize) = match input.below(8) {
        0 => (&[], 0),
        1 => (&[5, 0x81, 0], 0),
        2 => (&[5, 0], 1 + input.below(190)),
        _ => (&[5, 0], 0),
    };
    let inner = u8::try_from(object.len() + null.len()).unwrap_or_default();
    let info = [
        &[0x30, 4 + inner + length, 0x30, inner],
        &object[..],
        null,
        &[4, length],
        &digest[..],
        &vec![0; rest],
    ]
    .concat();
    let width = bits.div_ceil(8);
    // Bytes after the hash replace padding, and all of it may be gone.
    let padding = vec![0xff; width.saturating_sub(3 + info.len())];
    let mut em = [&[0, 1], &padding[..], &[0], &info].concat();
    em.truncate(width);
    let mut right = null == [5, 0] && rest == 0;
    if input.below(4) == 1 {
        right = false;
        // Change a bit near either end. The very first bits are above the modulus.
        let from = input.pick(&[0, width - info.len().min(width - 2) - 2]);
        input.flip(&mut em[from..]);
    }
    (em, right)
}

/// EMSA-PSS (RFC 8017 §9.1.1), valid or nearly, and whether it is valid.
fn pss(hash: Hash, bits: usize, message: &[u8], input: &mut Input<'_>) -> (Vec<u8>, bool) {
    let hash_bytes = hash.bytes();
    let em_bytes = (bits - 1).div_ceil(8);
    let most = em_bytes - hash_bytes - 2;
    let salt_bytes = match input.below(8) {
        0 => input.pick(&[0, hash_bytes - 1, hash_bytes + 1, most, 20, 32, 48, 64]).min(most),
        _ => hash_bytes,
    };
    let salt = input.spread(salt_bytes);
    let mut right = salt_bytes == hash_bytes;
    let h = digest(hash, &[&[0; 8], &digest(hash, &[message]), &salt]);
    let mut db = [&vec![0; most - salt_bytes], &[1][..], &salt].concat();
    let change = input.below(8);
    right &= change > 3;
    if change == 0 {
        input.flip(&mut db);
    }
    let mask = (0_u32..).flat_map(|block| digest(hash, &[&h, &block.to_be_bytes()]));
    for (byte, mask) in db.iter_mut().zip(mask) {
        *byte ^= mask;
    }
    if change != 1 {
        db[0] &= 0xff >> (8 * em_bytes - (bits - 1));
    }
    let mut em = [&db[..], &h, &[if change == 2 { input.byte() } else { 0xbc }]].concat();
    if change == 3 {
        input.flip(&mut em);
    }
    ([vec![0; bits.div_ceil(8) - em_bytes], em].concat(), right)
}

/// The remainder of a 128-bit number.
trait Remainder {
    fn rem(self, modulus: u64) -> u64;
}

impl Remainder for u128 {
    fn rem(self, modulus: u64) -> u64 {
        u64::try_from(self % u128::from(modulus)).expect("less than the modulus")
    }
}

fn times(a: u64, b: u64, modulus: u64) -> u64 {
    (u128::from(a) * u128::from(b)).rem(modulus)
}

fn power(base: u64, mut exponent: u64, modulus: u64) -> u64 {
    let (mut result, mut square) = (1 % modulus, base % modulus);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = times(result, square, modulus);
        }
        square = times(square, square, modulus);
        exponent >>= 1;
    }
    result
}

/// The inverse modulo any number, by Euclid.
fn inverse(number: u64, modulus: u64) -> u64 {
    let (mut a, mut b) = (i128::from(modulus), i128::from(number));
    let (mut x, mut y) = (0_i128, 1_i128);
    while b != 0 {
        let quotient = a / b;
        (a, b) = (b, a - quotient * b);
        (x, y) = (y, x - quotient * y);
    }
    u64::try_from(x.rem_euclid(i128::from(modulus))).expect("less than the modulus")
}

fn coprime(mut a: u64, mut b: u64) -> bool {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a == 1
}

/// Miller–Rabin with bases that are exact below 2^64 (J. Sorenson and J. Webster, 2015).
fn is_prime(number: u64) -> bool {
    const BASES: [u64; 12] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37];
    if BASES.iter().any(|base| number.is_multiple_of(*base)) {
        return BASES.contains(&number);
    }
    let twos = (number - 1).trailing_zeros();
    BASES.iter().all(|base| {
        let mut power = power(*base, (number - 1) >> twos, number);
        power == 1
            || (0..twos).any(|_| {
                let found = power == number - 1;
                power = times(power, power, number);
                found
            })
    })
}

fn all_differ(numbers: &[u64]) -> bool {
    numbers.iter().enumerate().all(|(index, number)| !numbers[..index].contains(number))
}

/// The length of a product in bits.
fn length(primes: &[u64]) -> usize {
    let number = product(primes, 8 * primes.len() + 1);
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros).map_or(0, |first| 8 * (number.len() - zeros) - first.leading_zeros() as usize)
}

fn product(primes: &[u64], width: usize) -> Vec<u8> {
    let mut number = small(width, 1);
    for prime in primes {
        multiply(&mut number, *prime, 0);
    }
    number
}

/// `number factor + summand`, modulo the width.
fn multiply(number: &mut [u8], factor: u64, summand: u64) {
    let mut carry = u128::from(summand);
    for byte in number.iter_mut().rev() {
        carry += u128::from(*byte) * u128::from(factor);
        *byte = carry.to_le_bytes()[0];
        carry >>= 8;
    }
}
