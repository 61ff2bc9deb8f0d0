//! RSA's public operation: a prepared modulus and exponent and a signature enter, the message's encoding, not yet
//! looked at, leaves; or the hash of a message besides, and a yes or no leaves.

use alloc::boxed::Box;

use jotgate_arithmetic::rsa::modulus::Modulus;

use crate::Hash;
use crate::rsa::padding;

/// An RSA public key, its modulus prepared.
pub(crate) struct PublicKey {
    n: Box<[u8]>,
    bits: usize,
    e: u32,
    modulus: Modulus,
}

impl PublicKey {
    /// Prepares a key. `n` is odd, big-endian, has `bits` bits and no leading zeros, 2048 ≤ `bits` ≤ 8192; `e` is odd and
    /// at least 3.
    pub(crate) fn new(n: &[u8], bits: usize, e: u32) -> Self {
        Self { n: n.into(), bits, e, modulus: Modulus::new(n, bits) }
    }

    /// RSASSA-PKCS1-v1_5 (RFC 8017 §8.2.2).
    pub(crate) fn verify_pkcs1(&self, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
        let mut em = [0; MAXIMUM_BYTES];
        self.recover(signature, &mut em).is_some_and(|em| padding::is_pkcs1(em, hash, message))
    }

    /// RSASSA-PSS (RFC 8017 §8.1.2), MGF1 with the same hash, the salt as long as it.
    pub(crate) fn verify_pss(&self, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
        let mut em = [0; MAXIMUM_BYTES];
        self.recover(signature, &mut em).is_some_and(|em| padding::is_pss(em, self.bits, hash, message))
    }

    /// RSAVP1 (RFC 8017 §5.2.2): signature^e modulo n, as long as n; nothing for a signature that is not as long as n or
    /// not below it.
    fn recover<'a>(&self, signature: &[u8], em: &'a mut [u8; MAXIMUM_BYTES]) -> Option<&'a mut [u8]> {
        // Of the same length, bytes compare as numbers do.
        if signature.len() != self.n.len() || signature >= &*self.n {
            return None;
        }
        let em = em.get_mut(..self.n.len())?;
        self.modulus.power(signature, self.e, em);
        Some(em)
    }
}

/// The longest modulus.
const MAXIMUM_BYTES: usize = 1024;

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use super::*;

    /// `number` with its last byte changed.
    fn with_last(number: &[u8], last: u8) -> Vec<u8> {
        [&number[..number.len() - 1], &[last]].concat()
    }

    // In WebAssembly too: the kernel is another one there.
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    fn only_a_signature_of_the_modulus_length_and_below_it_is_opened() {
        for (bits, e) in [(2048, 3), (2049, 65537), (2055, 65537), (4096, 0xffff_ffff), (8192, 65537)] {
            let mut n = vec![0xff; usize::div_ceil(bits, 8)];
            n[0] = 0xff >> ((8 - bits % 8) % 8);
            let n = with_last(&n, 0xf3);
            let key = PublicKey::new(&n, bits, e);
            let open = |signature: &[u8]| {
                let mut em = [0x5a; MAXIMUM_BYTES];
                key.recover(signature, &mut em).map(|em| em.to_vec())
            };
            let zero = vec![0; n.len()];
            // 0, 1 and -1 are their own odd powers.
            for fixed in [zero.clone(), with_last(&zero, 1), with_last(&n, 0xf2)] {
                assert_eq!(open(&fixed), Some(fixed), "{bits} bits");
            }
            for above in [n.clone(), with_last(&n, 0xf4), vec![0xff; n.len()]] {
                assert_eq!(open(&above), None, "{bits} bits");
            }
            for length in [0, 1, n.len() - 1, n.len() + 1, 2 * n.len(), 5000] {
                assert_eq!(open(&vec![0; length]), None, "{bits} bits, {length} bytes");
            }
        }
    }
}
