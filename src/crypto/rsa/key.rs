//! An RSA public key: checks its modulus and exponent, and verifies signatures.

use crate::rsa::verify::PublicKey;
use crate::{Hash, KeyRefusal};

/// An RSA public key with a modulus of 2048 to 8192 bits (the lower bound: RFC 7518 §3.3) and an odd exponent from 3 to `2^32 - 1`.
pub(crate) struct RsaKey {
    /// The length of the modulus in bits.
    bits: usize,
    /// The number of multiplications for the exponent.
    multiplications: usize,
    key: PublicKey,
}

impl RsaKey {
    /// Checks and prepares a key. Both numbers are unsigned big-endian; leading zeros are ignored.
    #[inline(never)]
    pub(crate) fn from_parts(n: &[u8], e: &[u8]) -> Result<Self, KeyRefusal> {
        let (n, e) = (without_leading_zeros(n), without_leading_zeros(e));
        let bits = bit_length(n);
        if !(MINIMUM_BITS..=MAXIMUM_BITS).contains(&bits) {
            return Err(KeyRefusal::RsaModulusSize { bits, minimum: MINIMUM_BITS, maximum: MAXIMUM_BITS });
        }
        if n.last().is_none_or(|byte| byte % 2 == 0) {
            return Err(KeyRefusal::RsaModulusEven);
        }
        // With e = 1, the padded message would be its own signature. A long e only costs time.
        if e.len() > 4 || e == [1] || e.last().is_none_or(|byte| byte % 2 == 0) {
            return Err(KeyRefusal::RsaExponent);
        }
        let e = e.iter().fold(0, |e, byte| e << 8 | u32::from(*byte));
        // One square for each bit but the first, and one product for each further bit that is set.
        let multiplications = (e.ilog2() + e.count_ones() - 1) as usize;
        Ok(Self { bits, multiplications, key: PublicKey::new(n, bits, e) })
    }

    /// Returns the length of the modulus in bits.
    pub(crate) fn bits(&self) -> usize {
        self.bits
    }

    /// Estimates the work of a verification, in hundredths of one on P-256 without tables. It grows with the square of the modulus.
    pub(crate) fn work(&self) -> usize {
        (self.bits * self.bits * self.multiplications / WORK).max(1)
    }

    /// Verifies RSASSA-PKCS1-v1_5 (RFC 8017 §8.2.2). The signature must be as long as the modulus and below it. The padding is built
    /// again and compared; DigestInfo has NULL parameters.
    #[inline(never)]
    pub(crate) fn verify_pkcs1(&self, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify_pkcs1(hash, message, signature)
    }

    /// Verifies RSASSA-PSS (RFC 8017 §8.1.2), with MGF1 over the same hash and a salt exactly as long as it (RFC 7518 §3.5).
    #[inline(never)]
    pub(crate) fn verify_pss(&self, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify_pss(hash, message, signature)
    }
}

fn without_leading_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

fn bit_length(number: &[u8]) -> usize {
    number.first().map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize)
}

/// The product of squared bits and multiplications that takes a hundredth of a verification on P-256 without tables.
const WORK: usize = 3_000_000;
const MINIMUM_BITS: usize = 2048;
/// The largest modulus. The time of a verification grows with the square of the modulus, so that larger keys could overload a server.
const MAXIMUM_BITS: usize = 8192;

#[cfg(test)]
mod tests;
