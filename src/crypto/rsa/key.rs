//! An RSA public key: modulus and exponent enter, checked and with the modulus' constants computed it stays, a yes or
//! no leaves.

use crate::rsa::verify::PublicKey;
use crate::{Hash, KeyRefusal};

/// An RSA public key with a modulus of 2048 to 8192 bits (the lower bound: RFC 7518 §3.3) and a sane exponent.
pub(crate) struct RsaKey {
    /// The length of the modulus.
    bits: usize,
    /// How many multiplications the exponent takes.
    multiplications: usize,
    key: PublicKey,
}

impl RsaKey {
    /// Checks and prepares a key of two unsigned big-endian numbers; leading zeros do not count.
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
        // e = 1 would make the padded message its own signature, and a long e costs time for nothing.
        if e.len() > 4 || e == [1] || e.last().is_none_or(|byte| byte % 2 == 0) {
            return Err(KeyRefusal::RsaExponent);
        }
        let e = e.iter().fold(0, |e, byte| e << 8 | u32::from(*byte));
        // A square for each bit but the first, and one more for each that is set.
        let multiplications = (e.ilog2() + e.count_ones() - 1) as usize;
        Ok(Self { bits, multiplications, key: PublicKey::new(n, bits, e) })
    }

    /// The length of the modulus.
    pub(crate) fn bits(&self) -> usize {
        self.bits
    }

    /// What a check costs beside a cold one of P-256, in hundredths: it grows with the square of the modulus.
    pub(crate) fn work(&self) -> usize {
        (self.bits * self.bits * self.multiplications / WORK).max(1)
    }

    /// RSASSA-PKCS1-v1_5 (RFC 8017 §8.2.2): the signature as long as the modulus and below it, the padding built
    /// anew and compared, DigestInfo with NULL parameters.
    #[inline(never)]
    pub(crate) fn verify_pkcs1(&self, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify_pkcs1(hash, message, signature)
    }

    /// RSASSA-PSS (RFC 8017 §8.1.2), MGF1 with the same hash and the salt exactly as long as it (RFC 7518 §3.5).
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

/// The squared bits times multiplications that take a hundredth of a cold check of P-256.
const WORK: usize = 3_000_000;
const MINIMUM_BITS: usize = 2048;
/// Verification grows with the square of the modulus: beyond this a key is a way to burn a server's time.
const MAXIMUM_BITS: usize = 8192;

#[cfg(test)]
mod tests;
